//! The tree of one HTML mail: nodes in an arena, filled by html5ever's tree builder. Owns links between nodes and
//! nothing about what is allowed; every walk is a loop, so that depth never meets the stack.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, ExpandedName, QualName, local_name, ns};

use super::read::ATTRIBUTES_MAX;

pub(super) type NodeId = usize;

/// Octets of attributes in a tree. A browser repeats an open `<font>` in every paragraph, with all it carries.
const ATTRIBUTE_OCTETS_MAX: usize = 2 * model::limits::HTML_DISPLAY_BYTES_MAX;

/// The document node of every tree.
pub(super) const ROOT: NodeId = 0;

#[derive(Debug, Default)]
pub(super) enum Kind {
    /// The document, or a node that has been taken out.
    #[default]
    Container,
    Element {
        name: String,
        attributes: Vec<(String, String)>,
    },
    Text(String),
}

#[derive(Debug, Default)]
pub(super) struct Node {
    pub kind: Kind,
    parent: Option<NodeId>,
    first: Option<NodeId>,
    last: Option<NodeId>,
    previous: Option<NodeId>,
    next: Option<NodeId>,
}

/// A step of a walk over the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Enter(NodeId),
    Leave(NodeId),
}

#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.parent
    }

    pub fn first(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.first
    }

    pub fn next(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.next
    }

    pub fn previous(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.previous
    }

    /// The element's name; empty for text and the document.
    pub fn name(&self, id: NodeId) -> &str {
        match self.node(id).map(|node| &node.kind) {
            Some(Kind::Element { name, .. }) => name,
            _ => "",
        }
    }

    pub fn text(&self, id: NodeId) -> Option<&str> {
        match self.node(id).map(|node| &node.kind) {
            Some(Kind::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn attributes(&self, id: NodeId) -> &[(String, String)] {
        match self.node(id).map(|node| &node.kind) {
            Some(Kind::Element { attributes, .. }) => attributes,
            _ => &[],
        }
    }

    pub fn attribute(&self, id: NodeId, name: &str) -> Option<&str> {
        self.attributes(id).iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub fn set_element(&mut self, id: NodeId, name: &str, attributes: Vec<(String, String)>) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.kind = Kind::Element { name: name.to_owned(), attributes };
        }
    }

    pub fn create(&mut self, kind: Kind) -> NodeId {
        self.nodes.push(Node { kind, ..Node::default() });
        self.nodes.len() - 1
    }

    pub fn detach(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
        match previous.and_then(|previous| self.nodes.get_mut(previous)) {
            Some(previous) => previous.next = next,
            None => {
                if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
                    parent.first = next;
                }
            }
        }
        match next.and_then(|next| self.nodes.get_mut(next)) {
            Some(next) => next.previous = previous,
            None => {
                if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
                    parent.last = previous;
                }
            }
        }
    }

    pub fn append(&mut self, parent: NodeId, child: NodeId) {
        if parent == child {
            return;
        }
        self.detach(child);
        let Some(last) = self.nodes.get_mut(parent).map(|node| node.last.replace(child)) else { return };
        match last.and_then(|last| self.nodes.get_mut(last)) {
            Some(last) => last.next = Some(child),
            None => {
                if let Some(parent) = self.nodes.get_mut(parent) {
                    parent.first = Some(child);
                }
            }
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
            node.previous = last;
        }
    }

    pub fn insert_before(&mut self, sibling: NodeId, child: NodeId) {
        if sibling == child {
            return;
        }
        self.detach(child);
        let Some(parent) = self.parent(sibling) else { return };
        let previous = self.nodes.get_mut(sibling).and_then(|node| node.previous.replace(child));
        match previous.and_then(|previous| self.nodes.get_mut(previous)) {
            Some(previous) => previous.next = Some(child),
            None => {
                if let Some(parent) = self.nodes.get_mut(parent) {
                    parent.first = Some(child);
                }
            }
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
            node.previous = previous;
            node.next = Some(sibling);
        }
    }

    /// Adds text, joined to a text that is already there.
    fn append_text(&mut self, parent: NodeId, text: &str) {
        let last = self.node(parent).and_then(|node| node.last);
        if let Some(Node { kind: Kind::Text(before), .. }) = last.and_then(|last| self.nodes.get_mut(last)) {
            before.push_str(text);
            return;
        }
        let child = self.create(Kind::Text(text.to_owned()));
        self.append(parent, child);
    }

    fn insert_text_before(&mut self, sibling: NodeId, text: &str) {
        let previous = self.previous(sibling);
        if let Some(Node { kind: Kind::Text(before), .. }) = previous.and_then(|previous| self.nodes.get_mut(previous))
        {
            before.push_str(text);
            return;
        }
        let child = self.create(Kind::Text(text.to_owned()));
        self.insert_before(sibling, child);
    }

    /// The step after this one within `top`; `None` once `top` has been left.
    pub fn step(&self, top: NodeId, step: Step) -> Option<Step> {
        match step {
            Step::Enter(id) => Some(self.first(id).map_or(Step::Leave(id), Step::Enter)),
            Step::Leave(id) if id == top => None,
            Step::Leave(id) => match self.next(id) {
                Some(next) => Some(Step::Enter(next)),
                None => self.parent(id).map(Step::Leave),
            },
        }
    }

    /// Every step from entering `top` to leaving it.
    pub fn walk(&self, top: NodeId) -> impl Iterator<Item = Step> + '_ {
        std::iter::successors(Some(Step::Enter(top)), move |step| self.step(top, *step))
    }

    /// The nodes below and including `top`, parents first.
    pub fn descendants(&self, top: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.walk(top).filter_map(|step| match step {
            Step::Enter(id) => Some(id),
            Step::Leave(_) => None,
        })
    }
}

/// What the tree builder holds: the node, and its name, which it asks for all the time.
#[derive(Clone)]
pub(super) struct Handle {
    id: NodeId,
    name: Rc<QualName>,
}

/// The receiving end of the tree builder.
pub(super) struct Sink {
    tree: RefCell<Tree>,
    document: Handle,
    attribute_octets: Cell<usize>,
}

impl Sink {
    pub fn new() -> Self {
        let name = Rc::new(QualName::new(None, ns!(), local_name!("")));
        Self { tree: RefCell::new(Tree::new()), document: Handle { id: ROOT, name }, attribute_octets: Cell::new(0) }
    }

    pub fn len(&self) -> usize {
        self.tree.borrow().len()
    }

    /// What has been built; the sink is empty afterwards.
    pub fn take(&self) -> Tree {
        self.tree.replace(Tree::new())
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Tree {
        self.tree.into_inner()
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        self.document.clone()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> Handle {
        let octets: usize = attributes.iter().map(|one| one.value.len()).sum();
        self.attribute_octets.set(self.attribute_octets.get().saturating_add(octets));
        let fits = self.attribute_octets.get() <= ATTRIBUTE_OCTETS_MAX;
        let attributes = attributes.into_iter().filter(|_| fits);
        let kind = Kind::Element {
            name: name.local.to_string(),
            attributes: attributes.map(|one| (one.name.local.to_string(), one.value.to_string())).collect(),
        };
        Handle { id: self.tree.borrow_mut().create(kind), name: Rc::new(name) }
    }

    fn create_comment(&self, _text: StrTendril) -> Handle {
        Handle { id: self.tree.borrow_mut().create(Kind::Container), name: Rc::clone(&self.document.name) }
    }

    fn create_pi(&self, _target: StrTendril, data: StrTendril) -> Handle {
        self.create_comment(data)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => tree.append(parent.id, node.id),
            NodeOrText::AppendText(text) => tree.append_text(parent.id, &text),
        }
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        let has_parent = self.tree.borrow().parent(element.id).is_some();
        if has_parent { self.append_before_sibling(element, child) } else { self.append(previous, child) }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}

    /// Templates never reach the builder, see `read`.
    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.id == other.id
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => tree.insert_before(sibling.id, node.id),
            NodeOrText::AppendText(text) => tree.insert_text_before(sibling.id, &text),
        }
    }

    fn add_attrs_if_missing(&self, target: &Handle, added: Vec<Attribute>) {
        let mut tree = self.tree.borrow_mut();
        if let Some(Node { kind: Kind::Element { attributes, .. }, .. }) = tree.nodes.get_mut(target.id) {
            for attribute in added {
                let name = attribute.name.local.to_string();
                if attributes.len() < ATTRIBUTES_MAX && !attributes.iter().any(|(other, _)| *other == name) {
                    attributes.push((name, attribute.value.to_string()));
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.tree.borrow_mut().detach(target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut tree = self.tree.borrow_mut();
        while let Some(child) = tree.first(node.id) {
            tree.append(new_parent.id, child);
        }
    }
}
