//! Content-Type and Content-Disposition (RFC 2045 §5, RFC 2183, RFC 2231): a value and its parameters, however they are written.
//! Owns their syntax; never decides what a part is.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{charset, encoded};

/// Parameters, and sections of parameters, read of one field.
const PARAMETERS_MAX: usize = 256;

/// A field taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Structured {
    /// What stands before the first parameter, in lower case.
    pub value: String,
    /// Names in lower case, each once.
    parameters: Vec<(String, String)>,
}

impl Structured {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Bytes read of one field.
const FIELD_BYTES_MAX: usize = 64 * 1024;

/// Reads the bytes of a field. Raw 8-bit text is UTF-8, else in the field's own charset, else in `charset`.
pub(crate) fn read(raw: &[u8], charset: Option<&str>) -> Structured {
    let raw = raw.get(..FIELD_BYTES_MAX).unwrap_or(raw);
    let read = parse(&charset::decode_header(raw, charset));
    match read.get("charset") {
        Some(own) if charset.is_none() && std::str::from_utf8(raw).is_err() => {
            parse(&charset::decode_header(raw, Some(own)))
        }
        _ => read,
    }
}

/// One parameter, or one section of one, as written.
struct Section<'a> {
    name: &'a str,
    /// The number of RFC 2231 §3.
    number: Option<u32>,
    /// Percent-encoded (RFC 2231 §4).
    extended: bool,
    value: Cow<'a, str>,
}

fn parse(text: &str) -> Structured {
    let (value, mut rest) = leading(text);
    let mut sections: Vec<Section<'_>> = Vec::new();
    while sections.len() < PARAMETERS_MAX {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        if let Some(tail) = comment(rest) {
            rest = tail;
            continue;
        }
        if rest.is_empty() {
            break;
        }
        let end = rest.find(['=', ';']).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let Some(tail) = tail.strip_prefix('=') else {
            rest = tail;
            continue;
        };
        let (value, tail) = parameter_value(tail);
        rest = tail;
        // Words without a `;` between them: the last is the name.
        if let Some(name) = name.split_whitespace().next_back() {
            sections.push(section(name, value));
        }
    }
    Structured { value, parameters: joined(sections) }
}

/// The value before the parameters. A field that begins with a parameter has none.
fn leading(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let end = text.find(';').unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let without_comment = head.split('(').next().unwrap_or_default().trim_end();
    match without_comment.find('=') {
        None => (lowered(without_comment), rest),
        // "attachment filename=a": what stands before the name is the value.
        Some(at) => {
            let name = without_comment.get(..at).unwrap_or_default().trim_end();
            let start = name.rfind(char::is_whitespace).map_or(0, |space| space + 1);
            (lowered(name.get(..start).unwrap_or_default()), text.get(start..).unwrap_or_default())
        }
    }
}

fn lowered(text: &str) -> String {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).to_ascii_lowercase()
}

/// What follows a comment `text` begins with.
fn comment(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?;
    Some(inner.split_once(')').map_or("", |(_, tail)| tail))
}

/// The value behind `=`, and what follows it.
fn parameter_value(text: &str) -> (Cow<'_, str>, &str) {
    let text = text.trim_start();
    if let Some(inner) = text.strip_prefix('"') {
        return quoted(inner);
    }
    let mut end = 0;
    loop {
        let rest = text.get(end..).unwrap_or_default();
        // An encoded word is no place for quotes, but it may hold what would end the value.
        if let Some(length) = encoded::word_length(rest) {
            end += length;
            continue;
        }
        match rest.chars().next() {
            None | Some(';') => break,
            Some(c) if c.is_whitespace() && starts_parameter(rest) => break,
            Some(c) => end += c.len_utf8(),
        }
    }
    let (value, rest) = text.split_at(end);
    (Cow::Borrowed(value.trim_end().trim_end_matches('"')), rest)
}

/// What stands in quotes. Programs for Windows put paths there whose backslashes quote nothing, and some forget to quote a
/// quote: the closing one is what the next parameter or the end follows.
fn quoted(inner: &str) -> (Cow<'_, str>, &str) {
    let (mut escaped, mut first, mut closing) = (false, None, None);
    for (at, c) in inner.char_indices() {
        match c {
            '"' if !escaped => {
                first.get_or_insert(at);
                let after = inner.get(at + 1..).unwrap_or_default();
                let next = after.trim_start();
                if next.is_empty() || next.starts_with([';', '(']) || starts_parameter(after) {
                    closing = Some(at);
                    break;
                }
            }
            ';' if first.is_some() => break,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    let Some(end) = closing.or(first) else { return (Cow::Borrowed(inner.trim_end()), "") };
    let value = inner.get(..end).unwrap_or_default();
    let rest = inner.get(end + 1..).unwrap_or_default();
    if value.contains('\\') {
        return (Cow::Owned(value.replace("\\\\", "\\\u{0}").replace("\\\"", "\"").replace("\\\u{0}", "\\")), rest);
    }
    (Cow::Borrowed(value), rest)
}

/// White space and `name=`.
fn starts_parameter(text: &str) -> bool {
    let word = text.trim_start();
    if word.len() == text.len() {
        return false;
    }
    let window = word.get(..word.floor_char_boundary(64)).unwrap_or_default();
    let end =
        window.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '*')).unwrap_or(window.len());
    end > 0
        && window
            .get(end..)
            .is_some_and(|rest| rest.trim_start().starts_with('=') && !rest.trim_start().starts_with("=?"))
}

fn section<'a>(name: &'a str, value: Cow<'a, str>) -> Section<'a> {
    let (base, extended) = name.strip_suffix('*').map_or((name, false), |base| (base, true));
    match base.split_once('*') {
        Some((base, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Section { name: base, number: number.parse().ok(), extended, value }
        }
        _ => Section { name: base, number: None, extended, value },
    }
}

/// One value a name. What RFC 2231 encodes says more than the plain form, which is there for old programs; of two plain
/// ones the first counts.
fn joined(sections: Vec<Section<'_>>) -> Vec<(String, String)> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for section in &sections {
        let name = section.name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let of_name = |wanted: fn(&Section<'_>) -> bool| {
            sections
                .iter()
                .filter(|section| section.name.eq_ignore_ascii_case(&name) && wanted(section))
                .collect::<Vec<_>>()
        };
        let mut numbered = of_name(|section| section.number.is_some());
        let value = if let Some(whole) = of_name(|section| section.extended && section.number.is_none()).first() {
            extended(&[whole])
        } else if !numbered.is_empty() {
            numbered.sort_by_key(|section| section.number);
            numbered.dedup_by_key(|section| section.number);
            extended(&numbered)
        } else {
            of_name(|section| section.number.is_none())
                .first()
                .map(|section| section.value.to_string())
                .unwrap_or_default()
        };
        let is_encoded = sections.iter().any(|section| section.extended && section.name.eq_ignore_ascii_case(&name));
        let value = match name.as_str() {
            "filename" | "name" if !is_encoded => plain(&value),
            _ => unfolded(&value).into_owned(),
        };
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    parameters
}

/// Sections in their order. Neighbours that are encoded are decoded together: a character may be split between them.
fn extended(sections: &[&Section<'_>]) -> String {
    let Some(first) = sections.first() else { return String::new() };
    let (mut charset, mut skipped) = (None, 0);
    if first.extended
        && let Some((label, rest)) = first.value.split_once('\'')
        && let Some((language, _)) = rest.split_once('\'')
    {
        charset = Some(label).filter(|label| !label.is_empty());
        skipped = label.len() + language.len() + 2;
    }
    let (mut out, mut bytes) = (String::new(), Vec::new());
    for (at, section) in sections.iter().enumerate() {
        let value = if at == 0 { section.value.get(skipped..).unwrap_or_default() } else { &section.value };
        if section.extended {
            bytes.extend(percent_decode_str(value));
        } else {
            out.push_str(&charset::decode(charset, &std::mem::take(&mut bytes)));
            out.push_str(value);
        }
    }
    out.push_str(&charset::decode(charset, &bytes));
    out
}

/// A value that RFC 2231 does not encode, but that programs encode all the same.
fn plain(value: &str) -> String {
    let value = unfolded(value);
    let decoded = encoded::decode(&value);
    percent_decoded(&decoded).unwrap_or_else(|| decoded.into_owned())
}

/// A line break with the white space around it as one space, none between encoded words.
fn unfolded(value: &str) -> Cow<'_, str> {
    if !value.contains(['\r', '\n']) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Text as a URL has it, as some web mailers write names: only if what it says is UTF-8 beyond ASCII, since a percent sign
/// may also be one.
fn percent_decoded(value: &str) -> Option<String> {
    let at = value.find('%')?;
    let high = value
        .as_bytes()
        .get(at..)?
        .windows(2)
        .any(|pair| matches!(pair, [b'%', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F']));
    if !high || !value.is_ascii() {
        return None;
    }
    let decoded = percent_decode_str(value).decode_utf8().ok()?;
    (!decoded.is_ascii()).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_however_they_are_written() {
        for (written, meant) in [
            ("attachment; filename=a.pdf", Some("a.pdf")),
            ("attachment; FILENAME = \"a b.pdf\" ; size=1", Some("a b.pdf")),
            ("attachment;filename=a.pdf;;", Some("a.pdf")),
            ("attachment; filename=a b c.pdf; x=y", Some("a b c.pdf")),
            ("attachment; filename=report (1).pdf", Some("report (1).pdf")),
            ("attachment; filename=\"a;b.pdf\"", Some("a;b.pdf")),
            ("attachment; filename=\"a\\\"b.pdf\"", Some("a\"b.pdf")),
            ("attachment; filename=\"C:\\temp\\a.pdf\"", Some("C:\\temp\\a.pdf")),
            ("attachment; filename=\"a \"b\" c.pdf\"; x=y", Some("a \"b\" c.pdf")),
            ("attachment; filename=\"unclosed.pdf", Some("unclosed.pdf")),
            ("attachment; filename=a.pdf\"", Some("a.pdf")),
            ("attachment; filename=\"\"", None),
            ("filename=a.pdf", Some("a.pdf")),
            ("attachment filename=a.pdf", Some("a.pdf")),
            ("attachment; x=\"y\" filename=\"a.pdf\"", Some("a.pdf")),
            ("attachment; (comment) filename=a.pdf", Some("a.pdf")),
            ("attachment; filename=a.pdf; filename=b.pdf", Some("a.pdf")),
            ("attachment; filename=\"foo\r\n bar.pdf\"", Some("foo bar.pdf")),
            // RFC 2231
            ("attachment; filename*=utf-8''a%20%C3%BC.pdf", Some("a ü.pdf")),
            ("attachment; filename*=iso-8859-1'en'%A3%20rates.pdf", Some("£ rates.pdf")),
            ("attachment; filename*=\"utf-8''%C3%BC.pdf\"", Some("ü.pdf")),
            ("attachment; filename*=%C3%BC.pdf", Some("ü.pdf")),
            ("attachment; filename*=x-none''%FC.pdf", Some("ü.pdf")),
            ("attachment; filename*=utf-8''bad%ZZ.pdf", Some("bad%ZZ.pdf")),
            ("attachment; filename=u.pdf; filename*=utf-8''%C3%BC.pdf", Some("ü.pdf")),
            ("attachment; filename*=utf-8''%C3%BC.pdf; filename=u.pdf", Some("ü.pdf")),
            ("attachment; filename*1=b.pdf; filename*0=a", Some("ab.pdf")),
            ("attachment; filename*0=a; filename*10=c; filename*2=b", Some("abc")),
            ("attachment; filename*00=a; filename*01=b", Some("ab")),
            ("attachment; filename*1=a; filename*3=b", Some("ab")),
            ("attachment; filename*0*=utf-8''%C3; filename*1*=%BC.pdf", Some("ü.pdf")),
            ("attachment; filename*0*=utf-8''%C3%BC; filename*1=\"x%20.pdf\"", Some("üx%20.pdf")),
            // What RFC 2047 §5 forbids here and most programs wrote for years.
            ("attachment; filename==?utf-8?q?=C3=BC;.pdf?=", Some("ü;.pdf")),
            ("attachment; filename=\"=?utf-8?q?=C3=BC?= =?utf-8?q?_x.pdf?=\"", Some("ü x.pdf")),
            ("attachment; filename=\"=?utf-8?q?=C3=BC?=\r\n\t=?utf-8?q?_x.pdf?=\"", Some("ü x.pdf")),
            ("attachment; filename*0=\"=?utf-8?b?w7w\"; filename*1=\"ucGRm?=\"", Some("ü.pdf")),
            // As a URL has it; a percent sign may also be one.
            ("attachment; filename=\"%C3%BC%20x.pdf\"", Some("ü x.pdf")),
            ("attachment; filename=\"100%25.pdf\"", Some("100%25.pdf")),
            ("attachment; filename=\"%E9t%E9.pdf\"", Some("%E9t%E9.pdf")),
        ] {
            assert_eq!(read(written.as_bytes(), None).get("filename"), meant, "{written}");
        }
        let latin = b"attachment; filename=\"Gr\xfc\xdfe.txt\"; charset=iso-8859-1";
        assert_eq!(read(latin, None).get("filename"), Some("Grüße.txt"));
    }

    #[test]
    fn the_value_before_them_is_read_too() {
        for (written, value, charset) in [
            (" Text/HTML; charset=utf-8", "text/html", Some("utf-8")),
            ("text/plain (comment); charset=us-ascii (Plain text)", "text/plain", Some("us-ascii (Plain text)")),
            ("text/plain charset=utf-8", "text/plain", Some("utf-8")),
            ("charset=utf-8", "", Some("utf-8")),
            ("\"text/plain\"; charset=\"utf-8\"", "text/plain", Some("utf-8")),
            ("", "", None),
        ] {
            let read = read(written.as_bytes(), None);
            assert_eq!((read.value.as_str(), read.get("charset")), (value, charset), "{written}");
        }
    }
}
