//! A readable text version of HTML: paragraphs, lists, quotations and links as people write them. Owns its own
//! walk, because mail's tables are for layout: what it must not do is draw them.

use super::dom::{Kind, NodeId, ROOT, Step, Tree};

/// Octets of the text. More is cut off.
const TEXT_OCTETS_MAX: usize = 4 * 1024 * 1024;
/// Levels of quotation that are shown.
const QUOTE_DEPTH_MAX: usize = 10;
/// Levels of list that are indented.
const LIST_DEPTH_MAX: usize = 10;
/// Octets of an address that is written behind its link.
const ADDRESS_OCTETS_MAX: usize = 2_000;

#[derive(Default)]
struct Writer {
    out: String,
    /// Line ends owed before the next word: one ends the line, two make a gap.
    breaks: usize,
    space: bool,
    quotes: usize,
    /// The level of quotation of the line that is being written.
    line_quotes: usize,
    preformatted: usize,
    /// Per open list: the number of its next item, or none for a dotted one.
    lists: Vec<Option<u32>>,
    /// Where the text of the open links began.
    links: Vec<usize>,
}

pub(super) fn text(tree: &Tree) -> String {
    let mut writer = Writer::default();
    let mut step = Some(Step::Enter(ROOT));
    while let Some(now) = step {
        step = tree.step(ROOT, now);
        match now {
            Step::Enter(id) if is_hidden(tree, id) => step = tree.step(ROOT, Step::Leave(id)),
            Step::Enter(id) => match tree.node(id).map(|node| &node.kind) {
                Some(Kind::Text(text)) => writer.text(text),
                Some(Kind::Element { name, .. }) => writer.enter(tree, id, name),
                _ => {}
            },
            Step::Leave(id) => writer.leave(tree, id),
        }
        if writer.out.len() > TEXT_OCTETS_MAX {
            break;
        }
    }
    writer.finish()
}

/// Previews for the list of mails and the like, which are not meant to be read in the mail.
fn is_hidden(tree: &Tree, id: NodeId) -> bool {
    let Some(style) = tree.attribute(id, "style").filter(|style| style.len() < 2_000) else { return false };
    let style: String = style.to_ascii_lowercase().split_ascii_whitespace().collect();
    style.contains("display:none") || style.contains("mso-hide:all")
}

/// Line ends around an element.
fn breaks_around(name: &str) -> usize {
    match name {
        "blockquote" | "dl" | "figure" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ol" | "p" | "pre" | "ul" => 2,
        "address" | "article" | "aside" | "body" | "caption" | "center" | "dd" | "div" | "dt" | "figcaption"
        | "footer" | "header" | "hr" | "li" | "main" | "nav" | "section" | "table" | "tr" => 1,
        _ => 0,
    }
}

/// Gmail indents with a quotation that quotes nobody.
fn is_quotation(tree: &Tree, id: NodeId) -> bool {
    let style = tree.attribute(id, "style").unwrap_or_default();
    tree.name(id) == "blockquote" && !(style.contains("margin:0 0 0 40px") && style.contains("border:none"))
}

impl Writer {
    fn enter(&mut self, tree: &Tree, id: NodeId, name: &str) {
        // A list in a list is part of it.
        let around = if matches!(name, "ol" | "ul") && !self.lists.is_empty() { 1 } else { breaks_around(name) };
        self.owe(around);
        match name {
            "br" => self.line_end(),
            "hr" => {
                self.word("----------");
                self.owe(1);
            }
            "img" => {
                let alt = tree.attribute(id, "alt").unwrap_or_default();
                self.text(alt);
            }
            "a" => self.links.push(self.out.len()),
            "pre" => self.preformatted += 1,
            "blockquote" if is_quotation(tree, id) => self.quotes += 1,
            "ul" => self.lists.push(None),
            "ol" => {
                let start = tree.attribute(id, "start").and_then(|start| start.trim().parse().ok());
                self.lists.push(Some(start.unwrap_or(1)));
            }
            "li" => self.marker(),
            _ => {}
        }
    }

    fn leave(&mut self, tree: &Tree, id: NodeId) {
        let name = tree.name(id);
        match name {
            "a" => self.end_link(tree.attribute(id, "href")),
            "pre" => self.preformatted = self.preformatted.saturating_sub(1),
            "ul" | "ol" => {
                self.lists.pop();
            }
            "td" | "th" => self.space = true,
            _ => {}
        }
        let around = if matches!(name, "ol" | "ul") && !self.lists.is_empty() { 1 } else { breaks_around(name) };
        if name != "hr" {
            self.owe(around);
        }
        if is_quotation(tree, id) {
            self.quotes = self.quotes.saturating_sub(1);
        }
    }

    fn owe(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
    }

    /// A line end that was asked for: it adds to those owed, up to a gap.
    fn line_end(&mut self) {
        self.breaks = (self.breaks + 1).min(2);
        self.space = false;
    }

    fn marker(&mut self) {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(LIST_DEPTH_MAX));
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}.");
                *number = number.saturating_add(1);
                marker
            }
            _ => "-".to_owned(),
        };
        self.word(&format!("{indent}{marker}"));
        self.space = true;
    }

    fn text(&mut self, text: &str) {
        if self.preformatted > 0 {
            return self.preformatted_text(text);
        }
        let mut rest = text;
        while !rest.is_empty() {
            let blank = rest.find(|character: char| !is_space(character)).unwrap_or(rest.len());
            self.space |= blank > 0;
            rest = rest.get(blank..).unwrap_or_default();
            let end = rest.find(is_space).unwrap_or(rest.len());
            let word: String =
                rest.chars().take_while(|character| !is_space(*character)).filter(|c| !is_padding(*c)).collect();
            self.word(&word);
            rest = rest.get(end..).unwrap_or_default();
        }
    }

    fn preformatted_text(&mut self, text: &str) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line_end();
            }
            self.word(line.trim_end_matches('\r'));
        }
    }

    /// Writes what has no white space to be shortened, after what is owed before it.
    fn word(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if self.out.is_empty() {
            self.prefix(self.quotes);
        } else if self.breaks > 0 {
            for _ in 1..self.breaks {
                self.out.push('\n');
                // A gap belongs to both sides of it.
                self.prefix(self.quotes.min(self.line_quotes));
            }
            self.out.push('\n');
            self.prefix(self.quotes);
        } else if self.space && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
        }
        self.breaks = 0;
        self.space = false;
        self.out.push_str(word);
    }

    fn prefix(&mut self, quotes: usize) {
        for _ in 0..quotes.min(QUOTE_DEPTH_MAX) {
            self.out.push_str("> ");
        }
        self.line_quotes = quotes;
    }

    fn end_link(&mut self, href: Option<&str>) {
        let Some(began) = self.links.pop() else { return };
        let shown = self.out.get(began..).unwrap_or_default().trim();
        let href = href.unwrap_or_default().trim();
        let scheme = href.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let leads_out = matches!(scheme.as_str(), "http" | "https" | "mailto" | "tel");
        if shown.is_empty() || !leads_out || href.len() > ADDRESS_OCTETS_MAX || is_same(shown, href) {
            return;
        }
        let href: String =
            href.chars().filter(|character| !character.is_whitespace() && !character.is_control()).collect();
        self.space = true;
        self.word(&format!("({href})"));
    }

    fn finish(mut self) -> String {
        if self.out.len() > TEXT_OCTETS_MAX {
            let end = (0..=TEXT_OCTETS_MAX).rev().find(|at| self.out.is_char_boundary(*at)).unwrap_or(0);
            self.out.truncate(end);
        }
        let mut out: String = String::with_capacity(self.out.len() + 1);
        for line in self.out.trim_end().split('\n') {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        if out == "\n" { String::new() } else { out }
    }
}

fn is_space(character: char) -> bool {
    character.is_whitespace()
}

/// Characters that fill previews or hint at hyphens, and show nothing.
fn is_padding(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
        || (character.is_control() && character != '\t')
}

/// Whether the link says where it goes.
fn is_same(shown: &str, href: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix("mailto:").or(text.strip_prefix("tel:")).unwrap_or(&text);
        let text = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(text);
        let text = text.strip_prefix("www.").unwrap_or(text);
        text.trim_end_matches('/').to_owned()
    };
    bare(shown) == bare(href)
}
