//! Walks a template's tree with variables. Counts every step, bounds how deep it goes, and goes on where a variable is missing, so that
//! all that are missing can be told at once. A value is written and never read.

use std::borrow::Cow;
use std::collections::HashMap;

use model::limits::{
    TEMPLATE_DEPTH_MAX, TEMPLATE_FAULTS_MAX, TEMPLATE_PARTIAL_DEPTH_MAX, TEMPLATE_RENDERED_BYTES_MAX,
    TEMPLATE_STEP_BYTES, TEMPLATE_STEPS_MAX,
};
use serde_json::Value;

use crate::escape::{Refusal, Sink};
use crate::expression::Expression;
use crate::fault::{Fault, FaultKind, Part, Place};
use crate::helpers::{Helper, is_true, len, shown};
use crate::parse::{Branch, BranchKind, Node, Partial, PartialName, Program};
use crate::scope::{Absent, Scope, Seen, Turn};

/// The other templates that one may include: `None` for one that lacks this part.
pub(crate) type Programs = HashMap<String, Option<Program>>;

/// What came of one part.
pub(crate) struct PartRendered {
    pub text: String,
    /// Variables that are missing or wrong; the text has nothing in their places.
    pub faults: Vec<Fault>,
}

/// # Errors
/// What makes going on senseless: a limit, a template that is not there.
pub(crate) fn render(
    part: Part,
    program: &Program,
    others: &Programs,
    variables: &Value,
) -> Result<PartRendered, Fault> {
    let mut renderer = Renderer {
        part,
        others,
        sink: Sink::new(part == Part::Html),
        faults: Vec::new(),
        steps: 0,
        depth: 0,
        partial_depth: 0,
    };
    let here = Here { partial: None, inlines: None, block: None };
    renderer.nodes(&program.nodes, &Scope::root(variables), here)?;
    Ok(PartRendered { text: renderer.sink.into_text(), faults: renderer.faults })
}

/// Which source the nodes are of, and what `{{> name}}` means there beside other templates.
#[derive(Clone, Copy)]
struct Here<'s, 'v> {
    partial: Option<&'v str>,
    inlines: Option<&'s Inlines<'s, 'v>>,
    block: Option<&'s Block<'s, 'v>>,
}

/// Inline partials of one list of nodes, before those around it.
struct Inlines<'s, 'v> {
    own: HashMap<&'v str, (&'v [Node], Option<&'v str>)>,
    around: Option<&'s Inlines<'s, 'v>>,
}

impl<'v> Inlines<'_, 'v> {
    /// The nodes of the nearest of this name, and the template they are of.
    fn find(&self, name: &str) -> Option<(&'v [Node], Option<&'v str>)> {
        let mut layer = Some(self);
        while let Some(known) = layer {
            if let Some(inline) = known.own.get(name) {
                return Some(*inline);
            }
            layer = known.around;
        }
        None
    }
}

/// What `{{> @partial-block}}` means: what stands in the tags that included a layout, there.
struct Block<'s, 'v> {
    nodes: &'v [Node],
    definer: Here<'s, 'v>,
}

struct Renderer<'v> {
    part: Part,
    others: &'v Programs,
    sink: Sink,
    faults: Vec<Fault>,
    steps: usize,
    depth: usize,
    partial_depth: usize,
}

type Done = Result<(), Fault>;

fn inlines_of<'s, 'v>(nodes: &'v [Node], here: Here<'s, 'v>) -> Option<Inlines<'s, 'v>> {
    let own: HashMap<_, _> = nodes
        .iter()
        .filter_map(|node| match node {
            Node::Inline { name, nodes } => Some((name.as_str(), (nodes.as_slice(), here.partial))),
            _ => None,
        })
        .collect();
    (!own.is_empty()).then_some(Inlines { own, around: here.inlines })
}

impl<'v> Renderer<'v> {
    fn fault(&self, here: Here<'_, 'v>, at: Place, detail: impl Into<String>) -> Fault {
        Fault {
            kind: FaultKind::Template,
            variable: Vec::new(),
            partial: here.partial.map(str::to_owned),
            part: self.part,
            line: at.line,
            column: at.column,
            detail: detail.into(),
        }
    }

    /// A variable's fault: told at the end.
    fn note(&mut self, here: Here<'_, 'v>, at: Place, kind: FaultKind, variable: Vec<String>, detail: String) {
        let known = self.faults.iter().any(|fault| fault.kind == kind && fault.variable == variable);
        if !known && self.faults.len() < TEMPLATE_FAULTS_MAX {
            let fault = Fault { kind, variable, ..self.fault(here, at, detail) };
            self.faults.push(fault);
        }
    }

    fn missing(&mut self, here: Here<'_, 'v>, at: Place, absent: Absent) {
        let detail = format!("the variable {} is missing", absent.way.join("."));
        self.note(here, at, FaultKind::Missing, absent.way, detail);
    }

    fn step(&mut self, here: Here<'_, 'v>, at: Place) -> Done {
        self.steps_for(0, here, at)
    }

    /// A step that looks at so many bytes.
    fn steps_for(&mut self, bytes: usize, here: Here<'_, 'v>, at: Place) -> Done {
        self.steps += 1 + bytes / TEMPLATE_STEP_BYTES;
        if self.steps > TEMPLATE_STEPS_MAX {
            return Err(self.fault(
                here,
                at,
                format!("rendering takes more than {TEMPLATE_STEPS_MAX} steps: shorten the loops"),
            ));
        }
        Ok(())
    }

    fn nodes(&mut self, nodes: &'v [Node], scope: &Scope<'_, 'v>, here: Here<'_, 'v>) -> Done {
        if self.depth >= TEMPLATE_DEPTH_MAX {
            let at = Place { line: 1, column: 1 };
            return Err(self.fault(
                here,
                at,
                format!("blocks and partials are nested more than {TEMPLATE_DEPTH_MAX} deep"),
            ));
        }
        self.depth += 1;
        let inlines = inlines_of(nodes, here);
        let here = Here { inlines: inlines.as_ref().or(here.inlines), ..here };
        for node in nodes {
            self.node(node, scope, here)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn node(&mut self, node: &'v Node, scope: &Scope<'_, 'v>, here: Here<'_, 'v>) -> Done {
        match node {
            Node::Text(text) => {
                self.step(here, Place::default())?;
                self.sink.push_source(text).map_err(|refusal| self.refused(refusal, here, Place { line: 1, column: 1 }))
            }
            Node::Output { value, raw, at } => self.output(value, *raw, *at, scope, here),
            Node::Block { branches, otherwise } => {
                for branch in branches {
                    if self.branch(branch, !otherwise.is_empty() || branches.len() > 1, scope, here)? {
                        return Ok(());
                    }
                }
                self.nodes(otherwise, scope, here)
            }
            Node::Partial(partial) => self.partial(partial, scope, here),
            Node::Inline { .. } => Ok(()),
        }
    }

    fn refused(&self, refusal: Refusal, here: Here<'_, 'v>, at: Place) -> Fault {
        match refusal {
            Refusal::Full => self.fault(here, at, format!("it comes to more than {TEMPLATE_RENDERED_BYTES_MAX} bytes")),
            Refusal::TagName => {
                self.fault(here, at, "a value stands behind `<`, where it would name an element: write &lt;")
            }
        }
    }

    fn output(
        &mut self,
        value: &'v Expression,
        raw: bool,
        at: Place,
        scope: &Scope<'_, 'v>,
        here: Here<'_, 'v>,
    ) -> Done {
        let seen = match self.value(value, scope, here, at)? {
            Ok(seen) => seen,
            Err(absent) => {
                self.missing(here, at, absent);
                return Ok(());
            }
        };
        let name = || seen.way.iter().flatten().map(|name| name.clone().into_owned()).collect::<Vec<_>>();
        let Some(text) = shown(&seen.value) else {
            let detail =
                format!("{} is a list or an object; a text, a number, true or false can be shown", name().join("."));
            self.note(here, at, FaultKind::WrongValue, name(), detail);
            return Ok(());
        };
        self.steps_for(text.len(), here, at)?;
        if self.part == Part::Subject && text.contains(char::is_control) {
            let detail =
                format!("{} has a line break or another control character; a subject is one line", name().join("."));
            self.note(here, at, FaultKind::WrongValue, name(), detail);
            return Ok(());
        }
        let pushed = if raw { self.sink.push_source(&text) } else { self.sink.push_value(&text) };
        pushed.map_err(|refusal| self.refused(refusal, here, at))
    }

    /// The outer error ends everything; the inner one is a variable that is not there.
    fn value(
        &mut self,
        expression: &'v Expression,
        scope: &Scope<'_, 'v>,
        here: Here<'_, 'v>,
        at: Place,
    ) -> Result<Result<Seen<'v>, Absent>, Fault> {
        self.step(here, at)?;
        match expression {
            Expression::Literal(value) => Ok(Ok(Seen { value: Cow::Borrowed(value), way: None })),
            Expression::Path(path) => Ok(scope.find(path)),
            Expression::Call(helper, arguments) => self.call(*helper, arguments, scope, here, at),
        }
    }

    fn call(
        &mut self,
        helper: Helper,
        arguments: &'v [Expression],
        scope: &Scope<'_, 'v>,
        here: Here<'_, 'v>,
        at: Place,
    ) -> Result<Result<Seen<'v>, Absent>, Fault> {
        let mut seen = Vec::with_capacity(arguments.len());
        for (place, argument) in arguments.iter().enumerate() {
            match self.value(argument, scope, here, at)? {
                Ok(value) => seen.push(value),
                // What `default` falls back on is needed, though.
                Err(_) if helper.allows_missing() && (helper != Helper::Default || place == 0) => {
                    seen.push(Seen::computed(Value::Null));
                }
                Err(absent) => return Ok(Err(absent)),
            }
        }
        for text in seen.iter().filter_map(|value| value.value.as_str()) {
            self.steps_for(text.len(), here, at)?;
        }
        let truth = |value: &Seen<'v>| is_true(&value.value);
        let first = seen.first().cloned().unwrap_or_else(|| Seen::computed(Value::Null));
        let last = seen.last().cloned().unwrap_or_else(|| Seen::computed(Value::Null));
        Ok(match helper {
            Helper::Lookup => {
                let name = shown(&last.value).map(Cow::into_owned).unwrap_or_default();
                return Ok(first.below(Cow::Owned(name)));
            }
            Helper::Default => Ok(if truth(&first) { first } else { last }),
            Helper::Not => Ok(Seen::computed((!truth(&first)).into())),
            Helper::And => Ok(seen.iter().find(|value| !truth(value)).cloned().unwrap_or(last)),
            Helper::Or => Ok(seen.iter().find(|value| truth(value)).cloned().unwrap_or(last)),
            Helper::Len => Ok(Seen::computed(len(&first.value).into())),
            _ => Ok(Seen::computed(helper.compared(&first.value, &last.value).into())),
        })
    }

    /// Whether this was the branch to take.
    fn branch(
        &mut self,
        branch: &'v Branch,
        has_other: bool,
        scope: &Scope<'_, 'v>,
        here: Here<'_, 'v>,
    ) -> Result<bool, Fault> {
        let subject = match self.value(&branch.subject, scope, here, branch.at)? {
            Ok(seen) => seen,
            Err(absent) => {
                // A loop over what is not there is likely a slip, unless the template says what to do then.
                if matches!(branch.kind, BranchKind::Each | BranchKind::With) && !has_other {
                    self.missing(here, branch.at, absent);
                }
                Seen::computed(Value::Null)
            }
        };
        if branch.negated || branch.kind == BranchKind::If {
            let taken = is_true(&subject.value) != branch.negated;
            if taken {
                self.nodes(&branch.nodes, scope, here)?;
            }
            return Ok(taken);
        }
        match (branch.kind, &subject.value) {
            (BranchKind::Each | BranchKind::Section, Cow::Borrowed(Value::Array(items))) => {
                let items = items.iter().enumerate().map(|(index, item)| (Cow::Owned(index.to_string()), None, item));
                self.turns(branch, &subject, items, scope, here)
            }
            (BranchKind::Each, Cow::Borrowed(Value::Object(fields))) => {
                let fields = fields
                    .iter()
                    .map(|(key, value)| (Cow::Borrowed(key.as_str()), Some(Cow::Borrowed(key.as_str())), value));
                self.turns(branch, &subject, fields, scope, here)
            }
            (BranchKind::Section, Cow::Borrowed(Value::Object(_))) | (BranchKind::With, _)
                if is_true(&subject.value) =>
            {
                let mut inner = Scope::within(scope, subject);
                inner.params =
                    branch.params.first().map(|name| (name.as_str(), inner.this.clone())).into_iter().collect();
                self.nodes(&branch.nodes, &inner, here)?;
                Ok(true)
            }
            (BranchKind::Section, _) if is_true(&subject.value) => {
                self.nodes(&branch.nodes, scope, here)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn turns(
        &mut self,
        branch: &'v Branch,
        list: &Seen<'v>,
        items: impl ExactSizeIterator<Item = (Cow<'v, str>, Option<Cow<'v, str>>, &'v Value)>,
        scope: &Scope<'_, 'v>,
        here: Here<'_, 'v>,
    ) -> Result<bool, Fault> {
        let count = items.len();
        for (index, (name, key, item)) in items.enumerate() {
            self.step(here, branch.at)?;
            let way = list.way.clone().map(|mut way| {
                way.push(name);
                way
            });
            let mut inner = Scope::within(scope, Seen { value: Cow::Borrowed(item), way });
            let label = Seen::computed(key.as_ref().map_or_else(|| index.into(), |key| Value::from(key.as_ref())));
            inner.params = branch.params.iter().map(String::as_str).zip([inner.this.clone(), label]).collect();
            inner.turn = Some(Turn { index, key, is_last: index + 1 == count });
            self.nodes(&branch.nodes, &inner, here)?;
        }
        Ok(count > 0)
    }

    fn partial(&mut self, partial: &'v Partial, scope: &Scope<'_, 'v>, here: Here<'_, 'v>) -> Done {
        self.step(here, partial.at)?;
        if self.partial_depth >= TEMPLATE_PARTIAL_DEPTH_MAX {
            let detail = format!(
                "templates include each other more than {TEMPLATE_PARTIAL_DEPTH_MAX} deep: does one include itself?"
            );
            return Err(self.fault(here, partial.at, detail));
        }
        let Some(inner) = self.partial_scope(partial, scope, here)? else { return Ok(()) };
        self.partial_depth += 1;
        let block = partial.block.as_deref().map(|nodes| Block { nodes, definer: here });
        // Inline partials that stand between the tags are the layout's to use.
        let inlines = partial.block.as_deref().and_then(|nodes| inlines_of(nodes, here));
        let inlines = inlines.as_ref().or(here.inlines);
        let block = block.as_ref();
        match &partial.name {
            PartialName::Block => {
                let Some(block) = here.block else {
                    return Err(self.fault(
                        here,
                        partial.at,
                        "nothing was put between the tags that include this template",
                    ));
                };
                self.nodes(block.nodes, &inner, block.definer)?;
            }
            PartialName::Named(name) => {
                let inline = inlines.and_then(|known| known.find(name));
                match (inline, self.others.get_key_value(name.as_str()), block) {
                    (Some((nodes, source)), ..) => {
                        self.nodes(nodes, &inner, Here { partial: source, inlines, block })?;
                    }
                    (None, Some((name, Some(program))), _) => {
                        self.nodes(&program.nodes, &inner, Here { partial: Some(name), inlines, block })?;
                    }
                    (None, _, Some(block)) => self.nodes(block.nodes, &inner, here)?,
                    (None, Some(_), None) => {
                        let detail = format!("the template {name} has no {}", self.part.as_str());
                        return Err(self.fault(here, partial.at, detail));
                    }
                    (None, None, None) => {
                        return Err(self.fault(here, partial.at, format!("there is no template {name}")));
                    }
                }
            }
        }
        self.partial_depth -= 1;
        Ok(())
    }

    /// The context of a partial; `None` where a variable is missing.
    fn partial_scope<'s>(
        &mut self,
        partial: &'v Partial,
        scope: &'s Scope<'s, 'v>,
        here: Here<'_, 'v>,
    ) -> Result<Option<Scope<'s, 'v>>, Fault> {
        let mut inner = scope.clone();
        if let Some(context) = &partial.context {
            match self.value(context, scope, here, partial.at)? {
                Ok(seen) => inner = Scope::within(scope, seen),
                Err(absent) => {
                    self.missing(here, partial.at, absent);
                    return Ok(None);
                }
            }
        }
        for (name, expression) in &partial.named {
            match self.value(expression, scope, here, partial.at)? {
                Ok(seen) => inner.named.insert(0, (name.as_str(), seen)),
                Err(absent) => self.missing(here, partial.at, absent),
            }
        }
        Ok(Some(inner))
    }
}
