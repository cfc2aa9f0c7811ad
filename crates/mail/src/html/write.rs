//! A tree back into HTML: well nested, every character that could mean something escaped, bounded in depth and size.

use super::dom::{Kind, ROOT, Step, Tree};

/// Levels written. Tags deeper than this are left out, their content stays.
const DEPTH_MAX: usize = 500;

/// Octets of a piece of text between two tags, where that matters.
const TEXT_PIECE_OCTETS: usize = 1024;

/// Elements without content or end tag (WHATWG HTML §13.1.2), as far as they are let in.
const VOID: &[&str] = &["br", "col", "hr", "img", "wbr"];

/// The HTML; `None` if it would pass `octets_max`.
pub(super) fn write(tree: &Tree, octets_max: usize) -> Option<String> {
    let mut out = String::new();
    let mut depth = 0_usize;
    for step in tree.walk(ROOT) {
        let (Step::Enter(id) | Step::Leave(id)) = step;
        match (step, tree.node(id).map(|node| &node.kind)) {
            (Step::Enter(_), Some(Kind::Text(content))) => text(content, &mut out),
            (Step::Enter(_), Some(Kind::Element { name, attributes })) => {
                if depth < DEPTH_MAX {
                    start_tag(name, attributes, &mut out);
                }
                depth += 1;
            }
            (Step::Leave(_), Some(Kind::Element { name, .. })) => {
                depth = depth.saturating_sub(1);
                if depth < DEPTH_MAX && !VOID.contains(&name.as_str()) {
                    out.push_str("</");
                    out.push_str(name);
                    out.push('>');
                }
            }
            _ => {}
        }
        if out.len() > octets_max {
            return None;
        }
    }
    Some(out)
}

fn start_tag(name: &str, attributes: &[(String, String)], out: &mut String) {
    out.push('<');
    out.push_str(name);
    for (name, value) in attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(value, out);
        out.push('"');
    }
    out.push('>');
    if name == "pre" {
        // A parser drops the first line end in it; this one is there to be dropped.
        out.push('\n');
    }
}

/// Text, in pieces if it is long and full of what html5ever escapes: its serialiser looks for the end of the node
/// at every one of them.
fn text(text: &str, out: &mut String) {
    let is_slow = text.len() > TEXT_PIECE_OCTETS
        && text.bytes().filter(|byte| matches!(byte, b'&' | 0xC2)).count() > TEXT_PIECE_OCTETS / 16;
    if !is_slow {
        return escape(text, out);
    }
    let mut rest = text;
    while !rest.is_empty() {
        let end = (0..=rest.len().min(TEXT_PIECE_OCTETS)).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        escape(piece, out);
        if !after.is_empty() {
            out.push_str("<wbr>");
        }
        rest = after;
    }
}

pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            '\0' => {}
            other => out.push(other),
        }
    }
}
