//! The quoted history of a mail, put behind a fold. Owns how mail programs mark what they quote; changes nothing
//! inside it.

use super::clean::shows_something;
use super::dom::{Kind, NodeId, ROOT, Step, Tree};
use super::{FOLD_CLASS, FOLD_LABEL};

/// Elements that are a block of their own, which a fold may hold.
const BLOCKS: &[&str] = &["blockquote", "div", "hr", "p", "section", "table"];
/// Elements a fold may stand in.
const CONTAINERS: &[&str] = &["article", "blockquote", "body", "center", "div", "main", "section", "td", "th"];
/// Classes of elements that hold the history and nothing else.
const QUOTE_CLASSES: &[&str] =
    &["gmail_extra", "gmail_quote", "gmail_quote_container", "protonmail_quote", "yahoo_quoted", "zmail_extra"];
/// Ids after which nothing but the history comes (Outlook on the web, on phones, on the Mac).
const HISTORY_STARTS: &[&str] =
    &["appendonsend", "divRplyFwdMsg", "mail-editor-reference-message-container", "OLK_SRC_BODY_SECTION"];
/// Words with which the header block of a quoted message begins. Outlook writes them in the reader's language.
const HEADER_WORDS: &[&str] =
    &["From:", "Von:", "De:", "De :", "Da:", "Van:", "Från:", "Fra:", "Od:", "发件人", "差出人:"];

/// A run of siblings to fold: the first and the last of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold {
    first: NodeId,
    last: NodeId,
}

/// Finds the history. Before cleaning: what marks it does not survive that.
pub(super) fn find(tree: &Tree) -> Vec<Fold> {
    let mut folds = Vec::new();
    let mut step = Some(Step::Enter(ROOT));
    while let Some(now) = step {
        step = tree.step(ROOT, now);
        let Step::Enter(id) = now else { continue };
        if !BLOCKS.contains(&tree.name(id)) {
            continue;
        }
        let Some(fold) = fold_at(tree, id) else { continue };
        let may_hold = tree.parent(fold.first).is_some_and(|parent| CONTAINERS.contains(&tree.name(parent)));
        if may_hold {
            folds.push(fold);
            step = tree.step(ROOT, Step::Leave(fold.last));
        }
    }
    folds
}

fn fold_at(tree: &Tree, id: NodeId) -> Option<Fold> {
    if is_history_start(tree, id) || is_outlook_header(tree, id) {
        // Outlook for Windows puts its line into a box of its own.
        let start = if is_outlook_header(tree, id) { only_child_top(tree, id) } else { id };
        let start = with_rule_before(tree, start);
        return Some(Fold { first: start, last: last_sibling(tree, start) });
    }
    if has_class(tree, id, &["moz-cite-prefix"]) {
        let quote = next_element(tree, id).filter(|next| tree.name(*next) == "blockquote")?;
        return Some(Fold { first: id, last: quote });
    }
    let is_cite = tree.name(id) == "blockquote"
        && tree.attribute(id, "type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("cite"));
    (is_cite || has_class(tree, id, QUOTE_CLASSES)).then_some(Fold { first: id, last: id })
}

fn is_history_start(tree: &Tree, id: NodeId) -> bool {
    tree.attribute(id, "id").is_some_and(|value| HISTORY_STARTS.contains(&value))
}

/// `border:none;border-top:solid #E1E1E1 1.0pt`, over the header fields of the quoted message.
fn is_outlook_header(tree: &Tree, id: NodeId) -> bool {
    if tree.name(id) != "div" {
        return false;
    }
    let Some(style) = tree.attribute(id, "style") else { return false };
    let style: String = style.to_ascii_lowercase().split_ascii_whitespace().collect();
    let has_line = style.contains("border-top:solid") && style.contains("border:none");
    has_line && begins_with_header(tree, id)
}

fn begins_with_header(tree: &Tree, id: NodeId) -> bool {
    let texts = tree.descendants(id).filter_map(|node| tree.text(node));
    let first = texts.map(str::trim).find(|text| !text.is_empty());
    first.is_some_and(|text| HEADER_WORDS.iter().any(|word| text.starts_with(word)))
}

/// The outermost element that holds nothing but this one.
fn only_child_top(tree: &Tree, id: NodeId) -> NodeId {
    let mut top = id;
    while let Some(parent) = tree.parent(top) {
        let is_only = tree.previous(top).is_none_or(|before| is_blank(tree, before) && tree.previous(before).is_none())
            && tree.next(top).is_none_or(|after| is_blank(tree, after) && tree.next(after).is_none());
        if !is_only || tree.name(parent) != "div" {
            break;
        }
        top = parent;
    }
    top
}

fn with_rule_before(tree: &Tree, id: NodeId) -> NodeId {
    let mut before = tree.previous(id);
    while let Some(node) = before.filter(|node| is_blank(tree, *node)) {
        before = tree.previous(node);
    }
    before.filter(|node| tree.name(*node) == "hr").unwrap_or(id)
}

fn is_blank(tree: &Tree, id: NodeId) -> bool {
    tree.text(id).is_some_and(|text| text.trim().is_empty())
}

fn next_element(tree: &Tree, id: NodeId) -> Option<NodeId> {
    let mut next = tree.next(id);
    while let Some(node) = next.filter(|node| is_blank(tree, *node) || tree.name(*node) == "br") {
        next = tree.next(node);
    }
    next
}

fn last_sibling(tree: &Tree, id: NodeId) -> NodeId {
    let mut last = id;
    while let Some(next) = tree.next(last) {
        last = next;
    }
    last
}

fn has_class(tree: &Tree, id: NodeId, classes: &[&str]) -> bool {
    let Some(value) = tree.attribute(id, "class") else { return false };
    value.split_ascii_whitespace().any(|class| classes.contains(&class))
}

/// Wraps what was found, unless the mail would show nothing else: then the history is the message (a forward).
pub(super) fn apply(tree: &mut Tree, folds: &[Fold]) {
    let hidden = folds.iter().flat_map(|fold| run(tree, *fold));
    let hidden: std::collections::HashSet<NodeId> =
        hidden.flat_map(|id| tree.descendants(id).collect::<Vec<_>>()).collect();
    let visible: Vec<NodeId> = tree.descendants(ROOT).filter(|id| !hidden.contains(id)).collect();
    if !shows_something(tree, visible.into_iter()) {
        return;
    }
    for fold in folds {
        let members = run(tree, *fold);
        if !shows_something(tree, members.iter().flat_map(|id| tree.descendants(*id))) {
            continue;
        }
        let details = tree.create(element("details", &[("class", FOLD_CLASS)]));
        let summary = tree.create(element("summary", &[("aria-label", FOLD_LABEL)]));
        let dots = tree.create(Kind::Text("•••".to_owned()));
        tree.append(summary, dots);
        tree.append(details, summary);
        tree.insert_before(fold.first, details);
        for member in members {
            tree.append(details, member);
        }
    }
}

fn run(tree: &Tree, fold: Fold) -> Vec<NodeId> {
    let mut members = vec![fold.first];
    let mut node = fold.first;
    while node != fold.last {
        let Some(next) = tree.next(node) else { break };
        members.push(next);
        node = next;
    }
    members
}

fn element(name: &str, attributes: &[(&str, &str)]) -> Kind {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Kind::Element { name: name.to_owned(), attributes }
}
