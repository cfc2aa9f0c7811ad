//! The leaves of a mail's MIME tree (RFC 2045–2049), depth first. Owns finding them, their numbering, names and bytes; never
//! opens an attached message: it is one leaf.

use std::borrow::Cow;
use std::ops::Range;

use model::limits;

use crate::boundaries::{self, Delimiter, Frame, Walk};
use crate::charset;
use crate::fields::{self, Field, Head};
use crate::head::printable;
use crate::params::{self, Structured};
use crate::transfer::Transfer;

/// A mail whose head was found.
pub(crate) struct Message<'a> {
    raw: Cow<'a, [u8]>,
    /// Where the head begins.
    start: usize,
}

/// The structure of a mail; `None` if there is no head at all.
pub(crate) fn structure(raw: &[u8]) -> Option<Message<'_>> {
    let raw = with_line_feeds(raw);
    let message = Message { start: preface(&raw), raw };
    if fields::begins(message.raw.get(message.start..).unwrap_or_default()) {
        return Some(message);
    }
    let head = message.head();
    (head.ended || !head.fields.is_empty()).then_some(message)
}

/// Mails of old Macintoshes end lines with CR alone. One line feed, and it is no such mail.
fn with_line_feeds(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\n', raw).is_some() || memchr::memchr(b'\r', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect())
}

/// The bytes before the first field: a byte order mark, blank lines, and the `From ` line of an mbox.
fn preface(raw: &[u8]) -> usize {
    let mut at = if raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    while let Some(line) = fields::line(raw, at) {
        let bytes = raw.get(line.clone()).unwrap_or_default();
        if !bytes.trim_ascii().is_empty() && !fields::is_mbox_line(bytes) {
            // A mail that begins with an empty line and goes on with text has no head: all of it is the body.
            return if fields::begins(bytes) { at } else { 0 };
        }
        at = line.end;
    }
    0
}

impl Message<'_> {
    pub fn head(&self) -> Head<'_> {
        fields::read(&self.raw, self.start, |_| false)
    }

    /// Everything that is no field.
    pub fn body(&self) -> &[u8] {
        let head = self.head();
        self.raw.get(head.text.unwrap_or(head.body)..).unwrap_or_default()
    }

    /// A line of the head, as text.
    pub fn line(&self, line: Range<usize>) -> String {
        printable(&charset::decode(None, self.raw.get(line).unwrap_or_default()))
    }
}

/// Where a leaf stands in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// Some container above is a multipart/alternative.
    pub alternative: bool,
    /// The container is a multipart/related and the leaf not its root (RFC 2387 §3.2).
    pub related: bool,
    /// The second part of a multipart/signed (RFC 1847 §2.1).
    pub signature: bool,
    /// The first leaf of the mail.
    pub first: bool,
}

/// One part that holds no other.
#[derive(Clone)]
pub(crate) struct Leaf<'m> {
    /// From 1, in document order.
    pub number: u32,
    pub place: Place,
    part: Part<'m>,
    /// Text somebody put before the empty line that should precede it.
    before: &'m [u8],
    body: &'m [u8],
}

/// What the head of a part says of it.
#[derive(Clone)]
pub(crate) struct Part<'m> {
    fields: Vec<Field<'m>>,
    kind: Structured,
    disposition: Option<Structured>,
    transfer: Transfer,
    /// Type and subtype.
    media: (String, String),
}

impl<'m> Part<'m> {
    /// `digest`: its container is a multipart/digest, where a part without a type is a message (RFC 2046 §5.1.5).
    pub fn new(fields: Vec<Field<'m>>, digest: bool) -> Self {
        let all =
            |name: &'static str| fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()));
        // Of a field that may occur once the first counts, if it says anything.
        let kind = all("content-type")
            .map(|field| params::read(field.value, None))
            .find(|kind| !kind.value.is_empty() || kind.get("name").is_some())
            .unwrap_or_default();
        let disposition = all("content-disposition").map(|field| params::read(field.value, kind.get("charset"))).next();
        let transfer = all("content-transfer-encoding")
            .find_map(|field| Transfer::named(&charset::decode_header(field.value, None)))
            .unwrap_or_default();
        let media = media(&kind.value, digest);
        Self { fields, kind, disposition, transfer, media }
    }

    /// The head lost its Content-Type on the way, but the body begins like a multipart.
    fn guess_multipart(&mut self, body: &[u8]) {
        if self.kind.value.is_empty() && boundaries::begins_multipart(body) {
            self.media = ("multipart".to_owned(), "mixed".to_owned());
        }
    }

    pub fn is_multipart(&self) -> bool {
        self.media.0 == "multipart"
    }

    /// Text that is written as it is.
    fn is_plain_text(&self) -> bool {
        self.media.0 == "text" && self.transfer == Transfer::Identity
    }

    pub fn boundary(&self) -> Option<&str> {
        self.kind.get("boundary").filter(|boundary| !boundary.trim().is_empty())
    }

    pub fn frame(&self, boundary: &[u8], place: Place) -> Frame {
        Frame {
            boundary: boundary.to_vec(),
            alternative: place.alternative || self.media.1 == "alternative",
            in_related: place.related,
            related: self.media.1 == "related",
            start: self.kind.get("start").map(|start| bare_id(start).to_owned()),
            digest: self.media.1 == "digest",
            signed: self.media.1 == "signed",
            ..Frame::default()
        }
    }

    fn field(&self, name: &str) -> Option<Cow<'m, str>> {
        let field = self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(charset::decode_header(field.value, None))
    }

    pub fn content_id(&self) -> Option<String> {
        let id = printable(bare_id(&self.field("content-id")?));
        (!id.is_empty()).then_some(id)
    }
}

fn bare_id(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Type and subtype in lower case; text/plain where there is none (RFC 2045 §5.2).
fn media(value: &str, digest: bool) -> (String, String) {
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    let value = value.replace(" /", "/").replace("/ ", "/");
    let token = value.split([' ', ',', ';', '(']).next().unwrap_or_default();
    let (kind, subtype) = match token.split_once('/') {
        Some(("", _)) | None if digest && token.is_empty() => ("message", "rfc822"),
        Some(("", _)) => ("text", "plain"),
        None if matches!(token, "" | "text" | "plain" | "txt") => ("text", "plain"),
        None if token == "html" => ("text", "html"),
        Some(("text", "")) => ("text", "plain"),
        Some(("multipart", "")) => ("multipart", "mixed"),
        None if token == "multipart" => ("multipart", "mixed"),
        Some((_, "")) | None => ("application", "octet-stream"),
        Some((kind, subtype)) => (kind, subtype),
    };
    (kind.to_owned(), subtype.to_owned())
}

/// The leaves in document order and the limits hit on the way, in words.
pub(crate) fn leaves<'m>(message: &'m Message<'_>) -> (Vec<Leaf<'m>>, Vec<String>) {
    let raw = message.raw.as_ref();
    let mut walk = Walk::new(raw);
    let mut leaves: Vec<Leaf<'m>> = Vec::new();
    let mut hit = Limits::default();
    let mut from = Some(message.start);
    while let Some(start) = from {
        if leaves.len() >= limits::MIME_PARTS_MAX || walk.is_exhausted() {
            hit.parts = true;
            break;
        }
        let head = fields::read(raw, start, |line| walk.delimiter(line).is_some());
        let mut part = Part::new(head.fields, walk.in_digest());
        if leaves.is_empty() && walk.depth() == 0 {
            part.guess_multipart(raw.get(head.body..).unwrap_or_default());
        }
        let body = head.text.filter(|_| !part.is_plain_text()).unwrap_or(head.body);
        let before = raw.get(head.text.unwrap_or(body)..body).unwrap_or_default();
        let place = walk.place(&part);
        if part.is_multipart() {
            if walk.depth() >= limits::MIME_DEPTH_MAX {
                hit.depth = true;
            } else if let Some(delimiter) = walk.enter(&part, place, body) {
                let preamble = raw.get(body..delimiter.content_end(raw, body)).unwrap_or_default();
                if delimiter.closes && !is_for_old_readers(preamble) {
                    let place = Place { first: leaves.is_empty(), ..place };
                    leaves.push(Leaf { number: leaves.len() as u32 + 1, place, part, before, body: preamble });
                } else {
                    hit.outside(preamble);
                }
                from = continued(&mut walk, delimiter, raw, &mut hit);
                continue;
            }
        }
        let delimiter = walk.next(body);
        let end = delimiter.as_ref().map_or(raw.len(), |delimiter| delimiter.content_end(raw, body));
        let bytes = raw.get(body..end).unwrap_or_default();
        // A multipart without a single part still has what stands before its end: text for all we know. So has one that
        // ends before it begins.
        if !part.is_multipart() || !before.is_empty() || !bytes.iter().all(u8::is_ascii_whitespace) {
            let first = leaves.is_empty();
            leaves.push(Leaf {
                number: leaves.len() as u32 + 1,
                place: Place { first, ..place },
                part,
                before,
                body: bytes,
            });
        }
        from = delimiter.and_then(|delimiter| continued(&mut walk, delimiter, raw, &mut hit));
    }
    (leaves, hit.into_words())
}

/// Where the next part begins: behind this delimiter, or, if it closes its multipart, behind one that opens a part.
fn continued(walk: &mut Walk<'_>, delimiter: Delimiter, raw: &[u8], hit: &mut Limits) -> Option<usize> {
    let mut delimiter = delimiter;
    loop {
        let after = delimiter.after;
        if walk.pass(&delimiter) {
            return Some(after);
        }
        let next = walk.next(after);
        let end = next.as_ref().map_or(raw.len(), |next| next.content_end(raw, after));
        hit.outside(raw.get(after..end).unwrap_or_default());
        delimiter = next?;
    }
}

#[derive(Default)]
struct Limits {
    parts: bool,
    depth: bool,
    /// Bytes before the first part of a multipart or behind its last, which no reader shows.
    outside: usize,
}

impl Limits {
    fn outside(&mut self, bytes: &[u8]) {
        if !is_for_old_readers(bytes) {
            self.outside += bytes.trim_ascii().len();
        }
    }

    fn into_words(self) -> Vec<String> {
        let mut words = Vec::new();
        if self.parts {
            words.push(format!(
                "The mail has more than {} parts; those beyond are only in the raw message.",
                limits::MIME_PARTS_MAX
            ));
        }
        if self.depth {
            words.push(format!(
                "The mail nests parts more than {} levels deep; what is below is shown as one attachment.",
                limits::MIME_DEPTH_MAX
            ));
        }
        if self.outside > 0 {
            words.push(format!(
                "{} bytes before, between or behind the parts are only in the raw message.",
                self.outside
            ));
        }
        words
    }
}

/// What programs write outside the parts for readers without MIME is no loss, nor is nothing.
fn is_for_old_readers(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii();
    let told = charset::decode(None, text.get(..text.len().min(400)).unwrap_or_default()).to_lowercase();
    text.is_empty() || ["mime", "multipart", "multi-part"].iter().any(|word| told.contains(word))
}

impl<'m> Leaf<'m> {
    /// Type and subtype in lower case; text/plain where there is none (RFC 2045 §5.2).
    pub fn media(&self) -> (&str, &str) {
        if self.part.is_multipart() {
            return ("text", "plain");
        }
        (&self.part.media.0, &self.part.media.1)
    }

    pub fn content_type(&self) -> String {
        let (kind, subtype) = self.media();
        printable(&format!("{kind}/{subtype}"))
    }

    pub fn charset(&self) -> Option<&str> {
        self.attribute("charset")
    }

    /// A parameter of Content-Type.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.part.kind.get(name)
    }

    /// Content-Disposition says attachment, or something nobody knows, which is to be taken as that (RFC 2183 §2.8).
    pub fn is_marked_attachment(&self) -> bool {
        self.part
            .disposition
            .as_ref()
            .is_some_and(|disposition| disposition.value != "inline" && !disposition.value.is_empty())
    }

    pub fn has_disposition(&self) -> bool {
        self.part.disposition.is_some()
    }

    /// Content-Disposition's filename, else Content-Type's name; decoded, without control characters.
    pub fn filename(&self) -> Option<String> {
        let of = |field: Option<&Structured>, name: &str| {
            let name = printable(field?.get(name)?);
            (!name.is_empty()).then_some(name)
        };
        let (disposition, kind) = (self.part.disposition.as_ref(), Some(&self.part.kind));
        of(disposition, "filename")
            .or_else(|| of(kind, "name"))
            .or_else(|| of(disposition, "name"))
            .or_else(|| of(kind, "filename"))
    }

    /// Without angle brackets.
    pub fn content_id(&self) -> Option<String> {
        self.part.content_id()
    }

    pub fn content_location(&self) -> Option<String> {
        Some(printable(&self.part.field("content-location")?))
    }

    /// The body after its transfer encoding.
    pub fn decoded(&self) -> Cow<'m, [u8]> {
        self.part.transfer.decode(self.body)
    }

    /// Bytes of the body after its transfer encoding.
    pub fn decoded_len(&self) -> u64 {
        self.part.transfer.decoded_len(self.body) as u64
    }

    /// No transfer encoding changes the bytes of this part.
    pub fn is_plain(&self) -> bool {
        self.part.transfer == Transfer::Identity
    }

    /// The body as text.
    pub fn text(&self) -> String {
        self.as_text(&self.decoded())
    }

    /// Bytes of the body as text, with what stands before the body.
    pub fn as_text(&self, bytes: &[u8]) -> String {
        let text = charset::decode(self.charset(), bytes);
        if self.before.is_empty() { text } else { charset::decode(self.charset(), self.before) + &text }
    }

    /// What stands before the body without being part of the head.
    pub fn before(&self) -> &'m [u8] {
        self.before
    }
}
