//! From tokens to a tree: blocks with their branches, partials, outputs. Never looks at a variable. Works without recursion, and bounds
//! how deep the tree is, so that walking it is safe.

use std::collections::BTreeSet;

use model::limits::TEMPLATE_BLOCK_DEPTH_MAX;

use crate::expression::{Expression, Words, value_of, words};
use crate::fault::{Place, Unparsable};
use crate::tokens::{Tag, TagKind, Token, tokens};

/// A part of a template, read.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Program {
    pub nodes: Vec<Node>,
    /// The templates it includes by name.
    pub partials: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Text(String),
    Output {
        value: Expression,
        raw: bool,
        at: Place,
    },
    Block {
        branches: Vec<Branch>,
        otherwise: Vec<Node>,
    },
    Partial(Partial),
    /// `{{#*inline "name"}}`: a partial for what stands beside it.
    Inline {
        name: String,
        nodes: Vec<Node>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BranchKind {
    If,
    Each,
    With,
    /// `{{#name}}`: each item of a list, or what is inside if there is something.
    Section,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    pub kind: BranchKind,
    /// `unless`, `{{^…}}`: when the subject is not true.
    pub negated: bool,
    pub subject: Expression,
    pub params: Vec<String>,
    pub nodes: Vec<Node>,
    pub at: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Partial {
    pub name: PartialName,
    pub context: Option<Expression>,
    pub named: Vec<(String, Expression)>,
    /// What stands between `{{#> layout}}` and `{{/layout}}`.
    pub block: Option<Vec<Node>>,
    pub at: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PartialName {
    /// `@partial-block`
    Block,
    Named(String),
}

/// A block that is not closed yet.
struct Open {
    /// What its closing tag says.
    name: String,
    at: Place,
    what: OpenKind,
    nodes: Vec<Node>,
}

enum OpenKind {
    Block { done: Vec<Branch>, head: Option<Head> },
    Partial(Partial),
    Inline(String),
}

/// The beginning of a branch; `None` in its place stands for `{{else}}`.
struct Head {
    kind: BranchKind,
    negated: bool,
    subject: Expression,
    params: Vec<String>,
    at: Place,
}

impl Head {
    fn branch(self, nodes: Vec<Node>) -> Branch {
        Branch {
            kind: self.kind,
            negated: self.negated,
            subject: self.subject,
            params: self.params,
            nodes,
            at: self.at,
        }
    }
}

/// # Errors
/// The first thing that is not the language, with its place.
pub(crate) fn parse(source: &str) -> Result<Program, Unparsable> {
    let mut parser = Parser { root: Vec::new(), open: Vec::new(), partials: BTreeSet::new() };
    for token in tokens(source)? {
        match token {
            Token::Text(text) if text.is_empty() => {}
            Token::Text(text) => parser.nodes().push(Node::Text(text)),
            Token::Tag(tag) => parser.tag(&tag)?,
        }
    }
    match parser.open.pop() {
        Some(open) => {
            Err(Unparsable::new(open.at, format!("this block is never closed: {{{{/{}}}}} is missing", open.name)))
        }
        None => Ok(Program { nodes: parser.root, partials: parser.partials }),
    }
}

struct Parser {
    root: Vec<Node>,
    open: Vec<Open>,
    partials: BTreeSet<String>,
}

impl Parser {
    fn nodes(&mut self) -> &mut Vec<Node> {
        match self.open.last_mut() {
            Some(open) => &mut open.nodes,
            None => &mut self.root,
        }
    }

    fn tag(&mut self, tag: &Tag<'_>) -> Result<(), Unparsable> {
        let at = tag.at;
        match tag.kind {
            TagKind::Comment => Ok(()),
            TagKind::Escaped | TagKind::Raw => {
                let value = value_of(words(tag.body, at)?, false, at)?;
                self.nodes().push(Node::Output { value, raw: tag.kind == TagKind::Raw, at });
                Ok(())
            }
            TagKind::Open => {
                let (name, head) = head(words(tag.body, at)?, false, at)?;
                self.begin(name, at, OpenKind::Block { done: Vec::new(), head: Some(head) })
            }
            TagKind::Inverse if tag.body.is_empty() => self.otherwise(None, at),
            TagKind::Inverse => {
                let (name, head) = head(words(tag.body, at)?, true, at)?;
                self.begin(name, at, OpenKind::Block { done: Vec::new(), head: Some(head) })
            }
            TagKind::Else if tag.body.is_empty() => self.otherwise(None, at),
            TagKind::Else => {
                let (_, head) = head(words(tag.body, at)?, false, at)?;
                self.otherwise(Some(head), at)
            }
            TagKind::Partial => {
                let (_, partial) = self.partial(words(tag.body, at)?, at)?;
                self.nodes().push(Node::Partial(partial));
                Ok(())
            }
            TagKind::PartialBlock => {
                let (name, partial) = self.partial(words(tag.body, at)?, at)?;
                self.begin(name, at, OpenKind::Partial(partial))
            }
            TagKind::Inline => {
                let name = inline_name(words(tag.body, at)?)
                    .ok_or_else(|| Unparsable::new(at, "an inline partial is {{#*inline \"name\"}}"))?;
                self.begin("inline".into(), at, OpenKind::Inline(name))
            }
            TagKind::Close => self.close(tag.body, at),
        }
    }

    fn begin(&mut self, name: String, at: Place, what: OpenKind) -> Result<(), Unparsable> {
        if self.open.len() >= TEMPLATE_BLOCK_DEPTH_MAX {
            return Err(Unparsable::new(at, format!("blocks are nested more than {TEMPLATE_BLOCK_DEPTH_MAX} deep")));
        }
        self.open.push(Open { name, at, what, nodes: Vec::new() });
        Ok(())
    }

    /// `{{else}}`, and `{{else if x}}` with its head.
    fn otherwise(&mut self, next: Option<Head>, at: Place) -> Result<(), Unparsable> {
        let outside = || Unparsable::new(at, "{{else}} stands between the tags of a block");
        let open = self.open.last_mut().ok_or_else(outside)?;
        let OpenKind::Block { done, head } = &mut open.what else { return Err(outside()) };
        let nodes = std::mem::take(&mut open.nodes);
        match head.take() {
            Some(begun) => done.push(begun.branch(nodes)),
            None => return Err(Unparsable::new(at, "{{else}} was there already in this block")),
        }
        *head = next;
        Ok(())
    }

    fn close(&mut self, name: &str, at: Place) -> Result<(), Unparsable> {
        let Some(open) = self.open.pop() else {
            return Err(Unparsable::new(at, format!("{{{{/{name}}}}} closes nothing")));
        };
        if open.name != name {
            return Err(Unparsable::new(
                at,
                format!("{{{{/{name}}}}} does not close {{{{#{}}}}} of line {}", open.name, open.at.line),
            ));
        }
        let node = match open.what {
            OpenKind::Block { mut done, head: Some(head) } => {
                done.push(head.branch(open.nodes));
                Node::Block { branches: done, otherwise: Vec::new() }
            }
            OpenKind::Block { done, head: None } => Node::Block { branches: done, otherwise: open.nodes },
            OpenKind::Partial(partial) => Node::Partial(Partial { block: Some(open.nodes), ..partial }),
            OpenKind::Inline(name) => Node::Inline { name, nodes: open.nodes },
        };
        self.nodes().push(node);
        Ok(())
    }

    fn partial(&mut self, words: Words, at: Place) -> Result<(String, Partial), Unparsable> {
        let mut positional = words.positional.into_iter();
        let (first, context, surplus) = (positional.next(), positional.next(), positional.next());
        let (Some(first), None) = (first, surplus) else {
            return Err(Unparsable::new(at, "a partial is {{> name}}, or {{> name context key=value}}"));
        };
        if matches!(first.expression, Expression::Call(..)) {
            return Err(Unparsable::new(at, "a partial is named, not chosen by a call: {{> name}}"));
        }
        let name = if first.source == "@partial-block" {
            PartialName::Block
        } else {
            self.partials.insert(first.source.clone());
            PartialName::Named(first.source.clone())
        };
        let context = context.map(|word| word.expression);
        Ok((first.source, Partial { name, context, named: words.named, block: None, at }))
    }
}

fn inline_name(words: Words) -> Option<String> {
    let [decorator, name] = words.positional.as_slice() else { return None };
    (decorator.source == "inline").then(|| name.source.clone())
}

fn head(words: Words, inverse: bool, at: Place) -> Result<(String, Head), Unparsable> {
    let wrong = |detail: String| Unparsable::new(at, detail);
    let params = words.block_params;
    if let Some((name, _)) = words.named.first() {
        return Err(wrong(format!("`{name}=` is for partials; blocks have none")));
    }
    let mut positional = words.positional.into_iter();
    let first = positional.next().ok_or_else(|| wrong("a block has a name: {{#if x}}".into()))?;
    let (second, surplus) = (positional.next(), positional.next());
    let kind = match first.source.as_str() {
        "if" => Some((BranchKind::If, false)),
        "unless" => Some((BranchKind::If, true)),
        "each" => Some((BranchKind::Each, false)),
        "with" => Some((BranchKind::With, false)),
        _ => None,
    };
    let (kind, negated, subject) = match (kind, second, surplus) {
        (Some((kind, negated)), Some(subject), None) => (kind, negated != inverse, subject.expression),
        (Some(_), ..) => return Err(wrong(format!("`{}` takes one argument", first.source))),
        (None, None, None) => (BranchKind::Section, inverse, first.expression),
        (None, ..) => {
            return Err(wrong(format!("there is no block `{}`; there are if, unless, each, with", first.source)));
        }
    };
    if inverse && matches!(kind, BranchKind::Each | BranchKind::With) {
        return Err(wrong("{{^…}} is for if, unless and variables".into()));
    }
    Ok((first.source, Head { kind, negated, subject, params, at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_language_is_said_with_its_place() {
        for (source, line, part) in [
            ("{{#if a}}", 1, "never closed"),
            ("{{#if a}}\n{{/each}}", 2, "does not close"),
            ("{{/if}}", 1, "closes nothing"),
            ("{{else}}", 1, "between"),
            ("{{#if a}}{{else}}{{else}}{{/if}}", 1, "already"),
            ("\n{{}}", 2, "empty"),
            ("{{foo bar}}", 1, "no helper"),
            ("{{#foo bar}}{{/foo}}", 1, "no block"),
            ("{{#if a b}}{{/if}}", 1, "one argument"),
            ("{{> (lookup a b)}}", 1, "named"),
            ("{{> }}", 1, "partial"),
            ("{{#*foo \"a\"}}{{/inline}}", 1, "inline"),
            ("{{*foo}}", 1, "decorators"),
            ("{{a b=1}}", 1, "partials"),
        ] {
            let wrong = parse(source).expect_err(source);
            assert_eq!(wrong.at.line, line, "{source}: {wrong:?}");
            assert!(wrong.detail.contains(part), "{source}: {wrong:?}");
        }
    }

    #[test]
    fn blocks_nest_so_deep_and_no_deeper() {
        let nested = |depth: usize| parse(&format!("{}{}", "{{#a}}".repeat(depth), "{{/a}}".repeat(depth)));
        assert!(nested(TEMPLATE_BLOCK_DEPTH_MAX).is_ok());
        assert!(nested(TEMPLATE_BLOCK_DEPTH_MAX + 1).is_err());
        assert!(nested(100_000).is_err());
        assert!(parse(&"{{else}}".repeat(10_000)).is_err());
        assert!(parse(&format!("{{{{#if a}}}}{}{{{{/if}}}}", "{{else if b}}x".repeat(10_000))).is_ok());
    }

    #[test]
    fn the_templates_it_includes_are_known() {
        let program =
            parse("{{> a}}{{#> b}}{{> @partial-block}}{{#if x}}{{> \"c d\" y}}{{/if}}{{/b}}").expect("parses");
        assert_eq!(program.partials.into_iter().collect::<Vec<_>>(), ["a", "b", "c d"]);
    }
}
