//! The tags of HTML by their place, as a browser's tokenizer finds them (WHATWG HTML §13.2.5): comments, style sheets and scripts hold none.
//! Linear: no byte is looked at more than a few times.

use std::ops::Range;

/// Attributes looked at of one tag.
const ATTRIBUTES_MAX: usize = 64;

/// Elements whose content is text to the tokenizer.
const RAW: [&str; 8] = ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];

pub(super) struct Attribute<'h> {
    pub name: &'h str,
    pub value: &'h str,
    /// Where the value stands, its quotes too.
    pub value_with_quotes: Range<usize>,
    quote: Option<char>,
    /// From the name to the end of the value.
    range: Range<usize>,
}

impl Attribute<'_> {
    /// The value as it was written.
    pub fn written_value(&self) -> String {
        match self.quote {
            Some(quote) => format!("{quote}{}{quote}", self.value),
            None => self.value.to_owned(),
        }
    }

    /// With the space that keeps it from what stands before it; what comes after has its own, or is the end of the tag.
    pub fn with_space_before(&self, html: &str) -> Range<usize> {
        let before = html.get(..self.range.start).unwrap_or_default();
        let space = before.len() - before.trim_end_matches(|c: char| c.is_ascii_whitespace()).len();
        self.range.start - space..self.range.end
    }
}

pub(super) enum Found<'h> {
    /// The attributes of an `<a>` or `<area>`.
    Link(Vec<Attribute<'h>>),
    /// Where `</body` begins.
    BodyEnd(usize),
}

pub(super) struct Tags<'h> {
    html: &'h str,
    at: usize,
    /// Where something begins that never ends.
    open: Option<usize>,
}

impl<'h> Tags<'h> {
    pub fn new(html: &'h str) -> Self {
        Self { html, at: 0, open: None }
    }

    /// Behind here nothing is shown. To be asked when there are no more tags.
    pub fn shown_until(&self) -> usize {
        self.open.unwrap_or(self.html.len())
    }

    pub fn next_tag(&mut self) -> Option<Found<'h>> {
        loop {
            let begin = self.find("<", self.at)?;
            let rest = self.rest(begin + 1);
            let mut found = None;
            let end = if rest.starts_with("!--") {
                self.end_of_comment(begin)
            } else if rest.starts_with(['!', '?']) {
                self.end_at('>', begin)
            } else if let Some(name) = rest.strip_prefix('/') {
                if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    // `</>` is nothing, anything else a comment.
                    self.end_at('>', begin)
                } else {
                    let (end, _) = self.attributes(begin + 2 + name_length(name));
                    if end.is_some() && name_of(name).eq_ignore_ascii_case("body") {
                        found = Some(Found::BodyEnd(begin));
                    }
                    end
                }
            } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let (end, attributes) = self.attributes(begin + 1 + name_length(rest));
                let name = name_of(rest);
                if ["a", "area"].iter().any(|link| name.eq_ignore_ascii_case(link)) {
                    found = Some(Found::Link(attributes));
                }
                match RAW.iter().find(|raw| name.eq_ignore_ascii_case(raw)) {
                    Some(raw) => end.and_then(|end| self.end_of_raw(raw, end)),
                    None if name.eq_ignore_ascii_case("plaintext") => None,
                    None => end,
                }
            } else {
                Some(begin + 1)
            };
            let Some(end) = end else {
                self.open = Some(begin);
                self.at = self.html.len();
                return None;
            };
            self.at = end;
            if found.is_some() {
                return found;
            }
        }
    }

    fn rest(&self, at: usize) -> &'h str {
        self.html.get(at..).unwrap_or_default()
    }

    fn find(&self, what: &str, from: usize) -> Option<usize> {
        memchr::memmem::find(self.rest(from).as_bytes(), what.as_bytes()).map(|at| from + at)
    }

    fn end_at(&self, last: char, from: usize) -> Option<usize> {
        self.rest(from).find(last).map(|at| from + at + last.len_utf8())
    }

    /// `<!-->` and `<!--->` are whole comments; `--!>` ends one too.
    fn end_of_comment(&self, begin: usize) -> Option<usize> {
        let content = begin + 4;
        for short in [">", "->"] {
            if self.rest(content).starts_with(short) {
                return Some(content + short.len());
            }
        }
        let mut from = content;
        loop {
            let dashes = self.find("--", from)?;
            match self.rest(dashes + 2).as_bytes() {
                [b'>', ..] => return Some(dashes + 3),
                [b'!', b'>', ..] => return Some(dashes + 4),
                _ => from = dashes + 1,
            }
        }
    }

    /// Behind the content, at the end tag of that name.
    fn end_of_raw(&self, name: &str, from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            let end = self.find("</", from)?;
            let after = self.rest(end + 2);
            let is_it = after.get(..name.len()).is_some_and(|there| there.eq_ignore_ascii_case(name))
                && after
                    .get(name.len()..)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')));
            if is_it {
                return Some(end);
            }
            from = end + 2;
        }
    }

    /// From behind a tag's name: where the tag ends, and its attributes. No end: it goes on to the end of the text.
    fn attributes(&self, from: usize) -> (Option<usize>, Vec<Attribute<'h>>) {
        let mut attributes = Vec::new();
        let mut at = from;
        loop {
            let skipped = self.rest(at).trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            at = self.html.len() - skipped.len();
            if skipped.is_empty() {
                return (None, attributes);
            }
            if skipped.starts_with('>') {
                return (Some(at + 1), attributes);
            }
            let Some(attribute) = self.attribute(at) else { return (None, attributes) };
            at = attribute.range.end;
            if attributes.len() < ATTRIBUTES_MAX {
                attributes.push(attribute);
            }
        }
    }

    /// The attribute that begins here; `None` where its value never ends.
    fn attribute(&self, begin: usize) -> Option<Attribute<'h>> {
        let rest = self.rest(begin);
        // A name may begin with `=`.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let name_end = rest
            .get(first..)?
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='))
            .map_or(rest.len(), |at| at + first);
        let name = rest.get(..name_end)?;
        let none =
            |end: usize| Attribute { name, value: "", value_with_quotes: end..end, quote: None, range: begin..end };
        let after_name = rest.get(name_end..)?;
        let Some(value) = after_name.trim_start_matches(|c: char| c.is_ascii_whitespace()).strip_prefix('=') else {
            return Some(none(begin + name_end));
        };
        let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let value_at = self.html.len() - value.len();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (text, length) = match quote {
            Some(quote) => {
                let end = value.get(1..)?.find(quote)?;
                (value.get(1..=end)?, end + 2)
            }
            None => {
                let end = value.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
                (value.get(..end)?, end)
            }
        };
        let value_with_quotes = value_at..value_at + length;
        Some(Attribute { name, value: text, range: begin..value_with_quotes.end, value_with_quotes, quote })
    }
}

fn name_length(rest: &str) -> usize {
    rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(rest.len())
}

fn name_of(rest: &str) -> &str {
    rest.get(..name_length(rest)).unwrap_or_default()
}
