//! The output of one part, bounded, and the escaping of values in HTML. Follows the template's own HTML as a tokenizer would
//! (WHATWG HTML, 13.2.5), so that a value stays where the template put it: within a text, within an attribute, quoted or not.

use model::limits::TEMPLATE_RENDERED_BYTES_MAX;

/// Where in the HTML the next byte falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// Behind `<`.
    TagOpen,
    /// Within a tag, at a name or between them.
    InTag,
    /// Behind an attribute's `=`.
    BeforeValue,
    Unquoted,
    Quoted(u8),
    /// Behind `<!`, so many hyphens.
    Declaration(u8),
    /// So many hyphens were last.
    Comment(u8),
}

/// Why a value was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too long.
    Full,
    /// It would name an element.
    TagName,
}

pub(crate) struct Sink {
    out: String,
    /// `None` in parts that are no HTML.
    html: Option<State>,
}

impl Sink {
    pub fn new(is_html: bool) -> Self {
        Self { out: String::new(), html: is_html.then_some(State::Text) }
    }

    pub fn into_text(self) -> String {
        self.out
    }

    /// What the template itself says, or lets through as it is.
    ///
    /// # Errors
    /// The output is full.
    pub fn push_source(&mut self, text: &str) -> Result<(), Refusal> {
        self.room_for(text.len())?;
        if let Some(state) = &mut self.html {
            *state = text.bytes().fold(*state, next);
        }
        self.out.push_str(text);
        Ok(())
    }

    /// A value.
    ///
    /// # Errors
    /// The output is full, or the value would be an element's name.
    pub fn push_value(&mut self, value: &str) -> Result<(), Refusal> {
        let Some(state) = self.html else { return self.push_source(value) };
        let bare = matches!(state, State::InTag | State::BeforeValue | State::Unquoted);
        match state {
            State::TagOpen if !value.is_empty() => return Err(Refusal::TagName),
            // Else the next attribute would be taken for the value.
            State::BeforeValue if value.is_empty() => return self.push_source("\"\""),
            State::BeforeValue => self.html = Some(State::Unquoted),
            _ => {}
        }
        for letter in value.chars() {
            let escaped = match letter {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#x27;",
                '`' => "&#x60;",
                '=' => "&#x3D;",
                ' ' if bare => "&#x20;",
                '\t' if bare => "&#x9;",
                '\n' if bare => "&#xA;",
                '\x0c' if bare => "&#xC;",
                '\r' => "&#xD;",
                '/' if bare => "&#x2F;",
                _ => {
                    self.room_for(letter.len_utf8())?;
                    self.out.push(letter);
                    continue;
                }
            };
            self.room_for(escaped.len())?;
            self.out.push_str(escaped);
        }
        Ok(())
    }

    fn room_for(&self, more: usize) -> Result<(), Refusal> {
        if self.out.len() + more > TEMPLATE_RENDERED_BYTES_MAX { Err(Refusal::Full) } else { Ok(()) }
    }
}

fn next(state: State, byte: u8) -> State {
    let is_blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c);
    match (state, byte) {
        (State::Text, b'<') => State::TagOpen,
        (State::Text, _) => State::Text,
        (State::TagOpen, b'!') => State::Declaration(0),
        (State::TagOpen, b'<') => State::TagOpen,
        (State::TagOpen, b'/' | b'?' | b'a'..=b'z' | b'A'..=b'Z') => State::InTag,
        (State::TagOpen, _) => State::Text,
        (State::Declaration(0), b'-') => State::Declaration(1),
        (State::Declaration(1), b'-') => State::Comment(2),
        (State::Declaration(_), b'>') => State::Text,
        (State::Declaration(_), _) => State::InTag,
        (State::Comment(2), b'>') => State::Text,
        (State::Comment(hyphens), b'-') => State::Comment(hyphens.saturating_add(1).min(2)),
        (State::Comment(_), _) => State::Comment(0),
        (State::InTag | State::BeforeValue | State::Unquoted, b'>') => State::Text,
        (State::InTag, b'=') => State::BeforeValue,
        (State::InTag, _) => State::InTag,
        (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
        (State::BeforeValue, _) if is_blank => State::BeforeValue,
        (State::BeforeValue, _) => State::Unquoted,
        (State::Unquoted, _) if is_blank => State::InTag,
        (State::Unquoted, _) => State::Unquoted,
        (State::Quoted(quote), _) if byte == quote => State::InTag,
        (State::Quoted(_), _) => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(before: &str, value: &str, after: &str) -> String {
        let mut sink = Sink::new(true);
        sink.push_source(before)
            .and_then(|()| sink.push_value(value))
            .and_then(|()| sink.push_source(after))
            .expect("room");
        sink.into_text()
    }

    #[test]
    fn a_value_stays_where_the_template_put_it() {
        let hostile = "\"'><script>x=1</script> onload=y `";
        let escaped = "&quot;&#x27;&gt;&lt;script&gt;x&#x3D;1&lt;/script&gt; onload&#x3D;y &#x60;";
        for (before, after) in
            [("<p>", "</p>"), ("<p title=\"", "\">"), ("<p title='", "'>"), ("<!-- ", " -->"), ("a < b ", "")]
        {
            assert_eq!(rendered(before, hostile, after), format!("{before}{escaped}{after}"));
        }
        assert_eq!(rendered("<a href=", "x y>", " id=b>"), "<a href=x&#x20;y&gt; id=b>");
        assert_eq!(rendered("<a href=x?", "a b", ">"), "<a href=x?a&#x20;b>");
        assert_eq!(rendered("<a href=", "", " id=b>"), "<a href=\"\" id=b>");
        assert_eq!(rendered("<a href=\"?a=", "x y", "\">"), "<a href=\"?a=x y\">");
        assert_eq!(rendered("<a ", "onclick=alert(1) x", ">"), "<a onclick&#x3D;alert(1)&#x20;x>");
    }

    #[test]
    fn a_value_names_no_element() {
        let mut sink = Sink::new(true);
        sink.push_source("<").expect("room");
        assert_eq!(sink.push_value("script"), Err(Refusal::TagName));
    }

    #[test]
    fn texts_are_not_escaped() {
        let mut sink = Sink::new(false);
        sink.push_source("a<").and_then(|()| sink.push_value("b & \"c\"")).expect("room");
        assert_eq!(sink.into_text(), "a<b & \"c\"");
    }
}
