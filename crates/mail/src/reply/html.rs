//! HTML bodies as text whose quotes are marked, for the same rules as plain text. Owns a forgiving reading of tags; never
//! shows what it makes: for that, HTML is cleaned elsewhere.

use mail_parser::html_to_text;

/// Levels of quotation marked.
const QUOTE_DEPTH_MAX: usize = 20;

/// Bytes of HTML read for its reply text; what follows is looked at by nobody here.
const HTML_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Classes and ids of the elements programs put around a quoted mail, in lower case.
const QUOTE_ELEMENTS: &[&str] = &[
    "divrplyfwdmsg",
    "appendonsend",
    "yahoo_quoted",
    "yahooquoted",
    "protonmail_quote",
    "zmail_extra",
    "tutanota_quote",
    "moz-forward-container",
    "outlookmessageheader",
    "mail-editor-reference-message-container",
    "reply-intro",
    "gmail_quote_container_forward",
    "orimsghtmlseperator",
    "ntes-mailmaster-quote",
    "isreplycontent",
];

/// What such an element begins with in the text.
pub(super) const MARK: &str = "-----Original Message-----";

/// The text of an HTML body. Block quotes are `> `, known wrappers of quoted mail begin with [`MARK`].
pub(super) fn to_text(html: &str) -> String {
    let mut writer = Writer::default();
    // Behind the last `>` no tag can end: looking for its end from every `<` would take for ever.
    let html = html.get(..html.floor_char_boundary(HTML_BYTES_MAX)).unwrap_or_default();
    let (html, tail) = html.split_at(memchr::memrchr(b'>', html.as_bytes()).map_or(0, |last| last + 1));
    let mut rest = html;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        let (text, tail) = rest.split_at(at);
        writer.text(text);
        rest = match tag(tail) {
            Some(Tag { name, closing, inside, after }) => {
                let skipped =
                    matches!(name.as_str(), "style" | "script" | "head" | "title" | "svg" | "template") && !closing;
                if skipped {
                    skip(after, &name)
                } else {
                    writer.tag(&name, closing, inside);
                    after
                }
            }
            None => {
                writer.text("&lt;");
                tail.get(1..).unwrap_or_default()
            }
        };
    }
    writer.text(rest);
    writer.text(tail);
    writer.finish()
}

struct Tag<'a> {
    /// In lower case; empty for comments and declarations.
    name: String,
    closing: bool,
    inside: &'a str,
    after: &'a str,
}

/// The tag at the beginning of `text`, or `None` where `<` is only a sign.
fn tag(text: &str) -> Option<Tag<'_>> {
    let comment = |inside, after| Some(Tag { name: String::new(), closing: false, inside, after });
    if let Some(rest) = text.strip_prefix("<!--") {
        let end = memchr::memmem::find(rest.as_bytes(), b"-->").map_or(rest.len(), |end| end + 3);
        return comment("", rest.get(end..).unwrap_or_default());
    }
    let body = text.get(1..)?;
    if !body.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
        return None;
    }
    let end = memchr::memchr(b'>', body.as_bytes())?;
    let (inside, after) = body.split_at(end);
    let after = after.get(1..).unwrap_or_default();
    if inside.starts_with(['!', '?']) {
        return comment(inside, after);
    }
    let closing = inside.starts_with('/');
    let name: String = inside
        .trim_start_matches('/')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == ':')
        .collect::<String>()
        .to_ascii_lowercase();
    Some(Tag { name, closing, inside, after })
}

/// What follows the end tag of an element nobody reads.
fn skip<'a>(text: &'a str, name: &str) -> &'a str {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'<', bytes) {
        let end = text.get(at + 1..).and_then(|rest| rest.strip_prefix('/'));
        let matches = end.and_then(|end| end.get(..name.len())).is_some_and(|end| end.eq_ignore_ascii_case(name));
        if matches {
            let close = memchr::memchr(b'>', bytes.get(at..).unwrap_or_default());
            return close.and_then(|close| text.get(at + close + 1..)).unwrap_or_default();
        }
    }
    ""
}

#[derive(Default)]
struct Writer {
    out: String,
    line: String,
    depth: usize,
    pre: usize,
    /// Blank lines wanted before the next text.
    gap: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let decoded = if text.contains('&') { decoded(text) } else { text.to_owned() };
        if self.pre > 0 {
            for (index, line) in decoded.split('\n').enumerate() {
                if index > 0 {
                    self.break_line(true);
                }
                self.line.push_str(line.trim_end_matches('\r'));
            }
            return;
        }
        for word in decoded.split_inclusive(|c: char| c.is_whitespace()) {
            let bare = word.trim_end();
            self.line.push_str(bare);
            if bare.len() < word.len() && !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
        }
    }

    fn tag(&mut self, name: &str, closing: bool, inside: &str) {
        match name {
            "br" => self.break_line(true),
            "blockquote" => {
                self.break_line(false);
                self.gap = true;
                self.depth = if closing { self.depth.saturating_sub(1) } else { (self.depth + 1).min(QUOTE_DEPTH_MAX) };
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "table" => {
                self.break_line(false);
                self.gap = true;
            }
            "pre" => {
                self.break_line(false);
                self.pre = if closing { self.pre.saturating_sub(1) } else { self.pre + 1 };
            }
            "hr" => {
                self.break_line(false);
                self.line.push_str("_____");
                self.break_line(false);
            }
            "li" if !closing => {
                self.break_line(false);
                self.line.push_str("- ");
            }
            "td" | "th" if closing => self.line.push(' '),
            "div" | "tr" | "li" | "section" | "article" | "header" | "footer" | "body" | "html" | "center" | "dd"
            | "dt" | "dl" => self.break_line(false),
            _ => {}
        }
        if !closing && matches!(name, "div" | "blockquote" | "span" | "hr" | "table") && is_quote_element(inside) {
            self.break_line(false);
            self.line.push_str(MARK);
            self.break_line(false);
        }
    }

    /// Ends the line; an empty one only counts if it was asked for.
    fn break_line(&mut self, wanted: bool) {
        let line = std::mem::take(&mut self.line);
        let bare = line.trim_end();
        if bare.trim().is_empty() && !wanted {
            return;
        }
        if self.gap && !self.out.is_empty() {
            self.prefix();
            self.out.push('\n');
        }
        self.gap = false;
        self.prefix();
        self.out.push_str(if self.pre > 0 { bare } else { bare.trim_start() });
        self.out.push('\n');
    }

    fn prefix(&mut self) {
        if self.depth > 0 {
            self.out.extend(std::iter::repeat_n('>', self.depth));
            self.out.push(' ');
        }
    }

    fn finish(mut self) -> String {
        self.break_line(false);
        self.out
    }
}

/// Whether a tag's class or id is one of [`QUOTE_ELEMENTS`].
fn is_quote_element(inside: &str) -> bool {
    if !(inside.contains('=') && inside.len() < 2_000) {
        return false;
    }
    let lower = inside.to_ascii_lowercase();
    QUOTE_ELEMENTS.iter().any(|name| lower.contains(name))
}

/// Character references decoded, blanks at the ends kept.
fn decoded(text: &str) -> String {
    let text = text.replace("&nbsp;", "\u{a0}").replace("&#160;", "\u{a0}");
    let trimmed = text.trim();
    let lead = text.get(..text.len() - text.trim_start().len()).unwrap_or_default();
    let trail = text.get(text.trim_end().len()..).unwrap_or_default();
    if trimmed.is_empty() {
        return lead.to_owned();
    }
    format!("{lead}{}{trail}", html_to_text(trimmed).trim_end_matches(['\r', '\n'])).replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_marked_and_scripts_left_out() {
        let html = "<html><head><title>x</title><style>p{}</style></head><body><p>Hello &amp; welcome,</p><div>tea<br>or cake?</div>\
            <blockquote>said <b>she</b><blockquote>said he</blockquote></blockquote>1 < 2 <!-- no --><script>alert(1)</script></body></html>";
        assert_eq!(to_text(html), "Hello & welcome,\n\ntea\nor cake?\n> \n> said she\n>> \n>> said he\n\n1 < 2\n");
    }

    #[test]
    fn wrappers_of_programs_begin_with_a_mark() {
        let html = "<div>Fine.</div><div id=\"divRplyFwdMsg\"><b>From:</b> Ann</div>";
        assert_eq!(to_text(html), format!("Fine.\n{MARK}\nFrom: Ann\n"));
    }
}
