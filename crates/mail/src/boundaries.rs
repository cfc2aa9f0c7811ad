//! Finding the parts of multiparts by their delimiter lines (RFC 2046 §5.1.1), also where those are broken. Owns the open
//! multiparts; reads every byte a bounded number of times.

use crate::fields;
use crate::mime::{Part, Place};

/// How often the bytes of a mail may be gone through in search of delimiters. Whole mails need it once; delimiters within
/// lines and unknown boundaries cost another time each.
const PASSES_MAX: usize = 64;

/// An open multipart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Frame {
    pub boundary: Vec<u8>,
    pub alternative: bool,
    /// It stands in a multipart/related itself, not as its root.
    pub in_related: bool,
    pub related: bool,
    /// The Content-ID of a multipart/related's root.
    pub start: Option<String>,
    pub digest: bool,
    pub signed: bool,
    /// Parts begun.
    pub parts: usize,
    /// Its closing delimiter was passed.
    pub closed: bool,
}

/// A line that ends a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiter {
    /// Which of the open multiparts it belongs to.
    frame: usize,
    pub closes: bool,
    /// Where it begins.
    at: usize,
    /// Where the next line begins.
    pub after: usize,
}

impl Delimiter {
    /// The end of what stands before: the line break belongs to the delimiter.
    pub fn content_end(&self, raw: &[u8], from: usize) -> usize {
        let before = raw.get(from..self.at).unwrap_or_default();
        let content = before.strip_suffix(b"\n").map_or(before, |line| line.strip_suffix(b"\r").unwrap_or(line));
        from + content.len()
    }
}

pub(crate) struct Walk<'m> {
    raw: &'m [u8],
    frames: Vec<Frame>,
    /// Bytes that may still be looked at.
    budget: usize,
    /// The last search and what it found, as long as the open multiparts are the same.
    found: Option<(usize, Option<Delimiter>)>,
}

impl<'m> Walk<'m> {
    pub fn new(raw: &'m [u8]) -> Self {
        Self { raw, frames: Vec::new(), budget: raw.len().saturating_mul(PASSES_MAX).saturating_add(4096), found: None }
    }

    pub const fn is_exhausted(&self) -> bool {
        self.budget == 0
    }

    pub const fn depth(&self) -> usize {
        self.frames.len()
    }

    pub fn in_digest(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.digest)
    }

    /// Where a part that begins here stands.
    pub fn place(&mut self, part: &Part<'_>) -> Place {
        let Some(frame) = self.frames.last_mut() else { return Place::default() };
        frame.parts += 1;
        let is_root = frame.parts == 1 || frame.start.is_some() && part.content_id() == frame.start;
        Place {
            alternative: frame.alternative,
            related: frame.related && !is_root || frame.in_related,
            signature: frame.signed && frame.parts == 2,
            first: false,
        }
    }

    /// Opens a multipart whose body begins at `body`: its first delimiter. `None`, and it stays closed, if there is none.
    pub fn enter(&mut self, part: &Part<'_>, place: Place, body: usize) -> Option<Delimiter> {
        self.found = None;
        let mut end = None;
        let declared = part.boundary();
        // No boundary ends in white space (RFC 2046 §5.1.1), and if one does, relays may have cut it off.
        let trimmed = declared.map(str::trim_end).filter(|trimmed| declared != Some(trimmed));
        for boundary in declared.into_iter().chain(trimmed) {
            self.frames.push(part.frame(boundary.as_bytes(), place));
            let first = self.search(body);
            if first.is_some_and(|first| first.frame + 1 == self.frames.len()) {
                return first;
            }
            end = first;
            self.frames.pop();
        }
        let end = end.map_or(self.raw.len(), |end| end.at);
        let boundary = guessed(self.raw.get(body..end)?)?;
        self.frames.push(part.frame(boundary, place));
        self.found = None;
        let first = self.search(body);
        if first.is_none() {
            self.frames.pop();
        }
        first
    }

    /// Goes past a delimiter: whether a part begins behind it.
    pub fn pass(&mut self, delimiter: &Delimiter) -> bool {
        self.frames.truncate(delimiter.frame + 1);
        if let Some(frame) = self.frames.last_mut() {
            frame.closed = delimiter.closes;
        }
        if delimiter.frame + 1 != self.frames.len() || delimiter.closes {
            self.found = None;
        }
        !delimiter.closes
    }

    /// The delimiter that ends the part whose body begins at `from`.
    pub fn next(&mut self, from: usize) -> Option<Delimiter> {
        let found = match self.found {
            Some((start, found)) if start <= from && found.is_none_or(|found| from <= found.at) => found,
            _ => self.search(from),
        };
        self.found = Some((from, found));
        if self.frames.last().is_none_or(|frame| frame.closed) {
            return found;
        }
        let end = found.map_or(self.raw.len(), |found| found.at);
        self.within_a_line(from, end).or(found)
    }

    fn search(&mut self, from: usize) -> Option<Delimiter> {
        if self.frames.is_empty() {
            return None;
        }
        let rest = self.raw.get(from..).unwrap_or_default();
        let mut candidates = std::iter::once(0).chain(memchr::memmem::find_iter(rest, b"\n--").map(|at| at + 1));
        let found = candidates.find_map(|at| {
            let line = fields::line(self.raw, from + at)?;
            let (frame, closes) = self.delimiter(self.raw.get(line.clone())?)?;
            if self.frames.get(frame).is_some_and(|frame| frame.closed) && !self.reopens(closes, line.end) {
                return None;
            }
            Some(Delimiter { frame, closes, at: line.start, after: line.end })
        });
        let seen = found.map_or(rest.len(), |found| found.at.saturating_sub(from));
        self.budget = self.budget.saturating_sub(seen + 1);
        found
    }

    /// Some close a multipart after each part: what looks like a part behind the end is one.
    fn reopens(&self, closes: bool, after: usize) -> bool {
        !closes && begins_part(self.raw.get(after..).unwrap_or_default())
    }

    /// Which multipart a line is a delimiter of, and whether it closes it. The whole line has to be the boundary, since one
    /// boundary may begin like another; only then may anything follow it.
    pub fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.strip_prefix(b"--")?;
        let frames = || self.frames.iter().enumerate().rev();
        let exact = |frame: &Frame| {
            let rest = text.strip_prefix(frame.boundary.as_slice())?;
            let rest = rest.trim_ascii_end();
            (rest.is_empty() || rest == b"--").then_some(!rest.is_empty())
        };
        let loose = |frame: &Frame| match text.strip_prefix(frame.boundary.as_slice())? {
            _ if frame.closed => None,
            [b'-', b'-', ..] => Some(true),
            [b' ' | b'\t', ..] => Some(false),
            _ => None,
        };
        frames()
            .find_map(|(index, frame)| Some((index, exact(frame)?)))
            .or_else(|| frames().find_map(|(index, frame)| Some((index, loose(frame)?))))
    }

    /// A delimiter whose line break somebody forgot: one that opens a part, or one with nothing behind it.
    fn within_a_line(&mut self, from: usize, end: usize) -> Option<Delimiter> {
        let index = self.frames.len().checked_sub(1)?;
        let boundary = [b"--", self.frames.last()?.boundary.as_slice()].concat();
        let region = self.raw.get(from..end)?;
        self.budget = self.budget.saturating_sub(region.len());
        memchr::memmem::find_iter(region, &boundary).take(CANDIDATES_MAX).find_map(|at| {
            let rest = region.get(at + boundary.len()..)?;
            let line_end = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            let (line, tail) = rest.split_at(line_end);
            let closes = match line.trim_ascii_end() {
                b"" if begins_part(tail) => false,
                b"--" if tail.trim_ascii().is_empty() => true,
                _ => return None,
            };
            Some(Delimiter { frame: index, closes, at: from + at, after: from + at + boundary.len() + line_end })
        })
    }
}

/// Boundaries within lines that are looked at.
const CANDIDATES_MAX: usize = 1_000;

/// The head of a part begins here.
fn begins_part(raw: &[u8]) -> bool {
    raw.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"content-"))
}

/// The first line that says anything is a delimiter, and a part begins behind it.
pub(crate) fn begins_multipart(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    body.starts_with(b"--")
        && fields::line(body, 0).is_some_and(|line| {
            body.get(2..line.end).is_some_and(|name| !name.trim_ascii().is_empty())
                && begins_part(body.get(line.end..).unwrap_or_default())
        })
}

/// The boundary of a multipart that names none, or another than it uses: what the first line has that begins a part.
fn guessed(body: &[u8]) -> Option<&[u8]> {
    let starts = std::iter::once(0).chain(memchr::memmem::find_iter(body, b"\n--").map(|at| at + 1));
    starts.take(CANDIDATES_MAX).find_map(|at| {
        let line = fields::line(body, at)?;
        let boundary = body.get(line.clone())?.strip_prefix(b"--")?.trim_ascii_end();
        let fits = !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES_MAX && begins_part(body.get(line.end..)?);
        fits.then_some(boundary)
    })
}

/// Bytes of a boundary that is guessed. RFC 2046 §5.1.1 allows 70, programs write more.
const BOUNDARY_BYTES_MAX: usize = 200;
