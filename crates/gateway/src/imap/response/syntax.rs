//! A whole response taken apart: words, quoted strings, literals, lists. Pure; forgives what can be understood.

use super::{Condition, Malformed, Response, Segment, Value};

/// Lists within each other.
const DEPTH_MAX: usize = 32;
/// Values of one response.
const VALUES_MAX: usize = 1_000_000;

pub(super) fn parse(segments: Vec<Segment>) -> Result<Response, Malformed> {
    let mut cursor = Cursor { segments, segment: 0, at: 0, values: 0 };
    let tag = cursor.word();
    if tag == "+" {
        return Ok(Response::Continue(cursor.rest()));
    }
    if tag.is_empty() {
        return Err(Malformed("a response without a beginning"));
    }
    let first = cursor.word();
    let condition = Condition::parse(first.as_bytes());
    if let Some(condition) = condition {
        let (code, text) = coded(&cursor.rest());
        let tag = (tag != "*").then_some(tag);
        return Ok(Response::Status { tag, condition, code, text });
    }
    if tag != "*" {
        return Err(Malformed("an answer that is neither OK, NO nor BAD"));
    }
    let (number, name) = match first.parse() {
        Ok(number) => (Some(number), cursor.word()),
        Err(_) => (None, first),
    };
    let values = cursor.list(0, false)?;
    Ok(Response::Data { number, name: name.to_ascii_uppercase(), values })
}

/// `[CODE rest] text`.
fn coded(text: &str) -> (Option<(String, String)>, String) {
    let text = text.trim_start();
    let Some((code, after)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) else {
        return (None, text.to_owned());
    };
    let (name, rest) = code.split_once(' ').unwrap_or((code, ""));
    (Some((name.to_ascii_uppercase(), rest.to_owned())), after.trim_start().to_owned())
}

struct Cursor {
    segments: Vec<Segment>,
    segment: usize,
    at: usize,
    values: usize,
}

impl Cursor {
    fn line(&self) -> &[u8] {
        match self.segments.get(self.segment) {
            Some(Segment::Line(line)) => line.get(self.at..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Up to the next blank.
    fn word(&mut self) -> String {
        let line = self.line();
        let end = memchr::memchr(b' ', line).unwrap_or(line.len());
        let word = String::from_utf8_lossy(line.get(..end).unwrap_or_default()).into_owned();
        self.at += (end + 1).min(self.line().len());
        word
    }

    fn rest(&mut self) -> String {
        String::from_utf8_lossy(self.line()).into_owned()
    }

    /// Values up to the closing parenthesis, or to the end of the response.
    fn list(&mut self, depth: usize, closed: bool) -> Result<Vec<Value>, Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed("lists within lists without end"));
        }
        let mut values = Vec::new();
        loop {
            if self.values > VALUES_MAX {
                return Err(Malformed("too many values"));
            }
            match self.line().first() {
                Some(b' ') => self.at += 1,
                Some(b'(') => {
                    self.at += 1;
                    self.values += 1;
                    values.push(Value::List(self.list(depth + 1, true)?));
                }
                Some(b')') => {
                    self.at += 1;
                    // One too many is what some servers write; it closes nothing.
                    if closed {
                        return Ok(values);
                    }
                }
                Some(b'"') => {
                    self.values += 1;
                    values.push(Value::Text(self.quoted().into()));
                }
                Some(_) => {
                    self.values += 1;
                    values.push(self.atom());
                }
                None => {
                    self.segment += 1;
                    self.at = 0;
                    match self.segments.get(self.segment) {
                        Some(Segment::Literal(bytes)) => values.push(Value::Text(bytes.clone())),
                        Some(Segment::Skipped(length)) => values.push(Value::Skipped(*length)),
                        Some(Segment::Line(_)) => {}
                        // A list that was left open ends with its response.
                        None => return Ok(values),
                    }
                }
            }
        }
    }

    fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        self.at += 1;
        while let Some(&byte) = self.line().first() {
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    text.extend(self.line().first());
                    self.at += usize::from(!self.line().is_empty());
                }
                other => text.push(other),
            }
        }
        text
    }

    /// An atom. Brackets behind BODY or BINARY belong to it with all that is in them (`BODY[HEADER.FIELDS (TO)]`); elsewhere an
    /// opening one is a character like others (a keyword `[x`).
    fn atom(&mut self) -> Value {
        let line = self.line();
        let mut end = 0;
        let mut open = false;
        for &byte in line {
            match byte {
                b'[' if is_section(line.get(..end).unwrap_or_default()) => open = true,
                b']' => open = false,
                b' ' | b'(' | b')' | b'"' if !open => break,
                _ => {}
            }
            end += 1;
        }
        let atom = line.get(..end).unwrap_or_default();
        let value = if atom.eq_ignore_ascii_case(b"nil") {
            Value::Nil
        } else if let Some(number) = canonical_number(atom) {
            Value::Number(number)
        } else {
            Value::Atom(String::from_utf8_lossy(atom).into_owned())
        };
        self.at += end;
        value
    }
}

fn is_section(word: &[u8]) -> bool {
    [&b"BODY"[..], b"BODY.PEEK", b"BINARY", b"BINARY.SIZE"].iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Digits that come out as they went in.
fn canonical_number(atom: &[u8]) -> Option<u64> {
    let is_canonical = atom.iter().all(u8::is_ascii_digit) && (atom.len() == 1 || !atom.starts_with(b"0"));
    std::str::from_utf8(atom).ok().filter(|_| is_canonical)?.parse().ok()
}
