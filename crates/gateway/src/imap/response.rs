//! What an IMAP server says (RFC 9051 §7, RFC 3501): bytes in, responses out, as tolerant as servers are careless. Pure; never
//! waits for a byte. `syntax` takes a response apart once it is whole.

mod syntax;
#[cfg(test)]
mod tests;

use bytes::{Buf as _, Bytes, BytesMut};

/// Bytes of a response outside its literals. A search in a folder of 500,000 messages answers with 4 MB.
pub(super) const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Literals of one response.
const LITERALS_MAX: usize = 100_000;
/// Shorter literals are copied, so that one that is kept does not keep what was read with it.
const COPIED_BYTES_MAX: usize = 16 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Nil,
    /// An atom of digits that is written no other way.
    Number(u64),
    Atom(String),
    /// Quoted, or a literal.
    Text(Bytes),
    /// A literal longer than was asked for, and how long.
    Skipped(u64),
    List(Vec<Value>),
}

impl Value {
    /// An atom or a text, as text.
    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Self::Number(number) => Some(number.to_string()),
            Self::Atom(atom) => Some(atom.clone()),
            Self::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Self::Nil | Self::Skipped(_) | Self::List(_) => None,
        }
    }

    pub(super) fn as_list(&self) -> &[Value] {
        if let Self::List(values) = self { values } else { &[] }
    }

    pub(super) fn as_number(&self) -> Option<u64> {
        if let Self::Number(number) = self { Some(*number) } else { self.as_text()?.parse().ok() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

impl Condition {
    fn parse(word: &[u8]) -> Option<Self> {
        const ALL: [(&[u8], Condition); 5] = [
            (b"OK", Condition::Ok),
            (b"NO", Condition::No),
            (b"BAD", Condition::Bad),
            (b"BYE", Condition::Bye),
            (b"PREAUTH", Condition::Preauth),
        ];
        ALL.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, condition)| condition)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Response {
    /// `+`: more is wanted.
    Continue(String),
    Status {
        /// Absent: untagged.
        tag: Option<String>,
        condition: Condition,
        /// What stands in brackets: its name in capitals, and the rest.
        code: Option<(String, String)>,
        text: String,
    },
    /// `* 12 EXISTS`, `* LIST …`: the number, if one comes first, the name in capitals, and what follows.
    Data { number: Option<u32>, name: String, values: Vec<Value> },
}

/// What a server said that is no IMAP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(&'static str);

impl Malformed {
    pub(super) const fn new(what: &'static str) -> Self {
        Self(what)
    }
}

enum Segment {
    Line(Vec<u8>),
    Literal(Bytes),
    Skipped(u64),
}

/// A literal whose bytes are coming.
#[derive(Clone, Copy)]
enum Coming {
    Kept(usize),
    /// Let go as they come: how many are left, and how many there are.
    Skipped {
        left: u64,
        length: u64,
    },
}

/// Puts responses together from bytes as they come.
pub(super) struct Reader {
    buffer: BytesMut,
    /// Bytes of the buffer known to hold no line end.
    scanned: usize,
    segments: Vec<Segment>,
    line_bytes: usize,
    literal: Option<Coming>,
    /// Of the literals of one response together.
    literal_bytes_max: usize,
    literal_bytes: usize,
}

impl Reader {
    pub(super) fn new(literal_bytes_max: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            segments: Vec::new(),
            line_bytes: 0,
            literal: None,
            literal_bytes_max,
            literal_bytes: 0,
        }
    }

    /// From now on, what makes the literals of a response longer than this is skipped.
    pub(super) const fn set_literal_bytes_max(&mut self, bytes: usize) {
        self.literal_bytes_max = bytes;
    }

    /// Where the next bytes go, with room for `bytes` of them.
    pub(super) fn room(&mut self, bytes: usize) -> &mut BytesMut {
        self.buffer.reserve(bytes);
        &mut self.buffer
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What was read beyond the last whole response.
    pub(super) fn take_rest(&mut self) -> BytesMut {
        self.scanned = 0;
        std::mem::take(&mut self.buffer)
    }

    /// Nothing is left of what was read.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.segments.is_empty() && self.literal.is_none()
    }

    /// The buffer is given back once it is empty, however large it has become: an idle connection keeps little.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    /// The next whole response; `None` if more bytes are needed.
    ///
    /// # Errors
    /// What was said is no IMAP, or too long.
    pub(super) fn next_response(&mut self) -> Result<Option<Response>, Malformed> {
        loop {
            if !self.take_literal() {
                return Ok(None);
            }
            let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', unseen).map(|at| self.scanned + at) else {
                self.scanned = self.buffer.len();
                if self.line_bytes + self.scanned > LINE_BYTES_MAX {
                    return Err(Malformed("a response without an end"));
                }
                return Ok(None);
            };
            let line = self.buffer.split_to(end + 1);
            self.scanned = 0;
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.line_bytes += line.len();
            if self.line_bytes > LINE_BYTES_MAX {
                return Err(Malformed("a response that is too long"));
            }
            // Words for people may end in braces; a line of nothing at all says nothing.
            let is_first = self.segments.is_empty();
            if is_first && line.is_empty() {
                continue;
            }
            if !(is_first && is_words(line))
                && let Some((before, length)) = announced(line)
            {
                if self.segments.len() / 2 >= LITERALS_MAX {
                    return Err(Malformed("a response of too many literals"));
                }
                self.segments.push(Segment::Line(before.to_vec()));
                self.expect_literal(length);
                continue;
            }
            self.segments.push(Segment::Line(line.to_vec()));
            (self.line_bytes, self.literal_bytes) = (0, 0);
            return syntax::parse(std::mem::take(&mut self.segments)).map(Some);
        }
    }

    fn expect_literal(&mut self, length: u64) {
        let kept = usize::try_from(length)
            .ok()
            .filter(|length| self.literal_bytes.checked_add(*length).is_some_and(|all| all <= self.literal_bytes_max));
        if let Some(length) = kept {
            // Once, so that what comes need not move again while it grows.
            self.literal_bytes += length;
            self.buffer.reserve(length.saturating_sub(self.buffer.len()));
        }
        self.literal = Some(kept.map_or(Coming::Skipped { left: length, length }, Coming::Kept));
    }

    /// `false`: the literal that is coming is not whole yet.
    fn take_literal(&mut self) -> bool {
        match self.literal {
            None => return true,
            Some(Coming::Kept(length)) => {
                if self.buffer.len() < length {
                    return false;
                }
                let bytes = self.buffer.split_to(length);
                let bytes = if length <= COPIED_BYTES_MAX { Bytes::copy_from_slice(&bytes) } else { bytes.freeze() };
                self.segments.push(Segment::Literal(bytes));
            }
            Some(Coming::Skipped { left, length }) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
                self.buffer.advance(here);
                let left = left - u64::try_from(here).unwrap_or(left);
                if left > 0 {
                    self.literal = Some(Coming::Skipped { left, length });
                    return false;
                }
                self.segments.push(Segment::Skipped(length));
            }
        }
        self.literal = None;
        self.scanned = 0;
        true
    }
}

/// `+ …`, or a status with its text, which are for people and end where their line does.
fn is_words(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let tag = words.next().unwrap_or_default();
    tag == b"+" || Condition::parse(words.next().unwrap_or_default()).is_some()
}

/// A line that ends in `{12}`, `{12+}` or `~{12}` announces so many bytes.
fn announced(line: &[u8]) -> Option<(&[u8], u64)> {
    let inner = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inner)?;
    let digits = inner.get(open + 1..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()?;
    let before = line.get(..open)?;
    Some((before.strip_suffix(b"~").unwrap_or(before), length))
}
