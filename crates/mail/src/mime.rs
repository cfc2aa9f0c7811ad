//! The leaves of a mail's MIME tree (RFC 2045–2049), depth first. Owns their numbering, names and bytes; never opens an
//! attached message: it is one leaf.

use std::borrow::Cow;
use std::sync::LazyLock;

use mail_parser::{
    ContentType, Encoding, HeaderForm, HeaderName, Message, MessageParser, MessagePart, PartFlags, PartKind,
};
use model::limits;

use crate::charset;
use crate::head::printable;
use crate::uuencode;

/// Parts the reader tells apart at most, those of attached messages with them. Ours, [`limits::MIME_PARTS_MAX`], are fewer.
const PARTS_TOLD_APART_MAX: usize = 10_000;

/// Fields whose structure nobody here needs are kept as they are.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    [
        HeaderName::Received,
        HeaderName::ReturnPath,
        HeaderName::MessageId,
        HeaderName::References,
        HeaderName::InReplyTo,
        HeaderName::Subject,
        HeaderName::Comments,
        HeaderName::Keywords,
        HeaderName::ListArchive,
        HeaderName::ListHelp,
        HeaderName::ListId,
        HeaderName::ListOwner,
        HeaderName::ListPost,
        HeaderName::ListSubscribe,
        HeaderName::ListUnsubscribe,
        HeaderName::ResentTo,
        HeaderName::ResentFrom,
        HeaderName::ResentBcc,
        HeaderName::ResentCc,
        HeaderName::ResentSender,
        HeaderName::ResentDate,
        HeaderName::ResentMessageId,
    ]
    .into_iter()
    .fold(MessageParser::new(), |parser, name| parser.header(name, HeaderForm::Raw))
    .max_depth(limits::MIME_DEPTH_MAX)
    .max_parts(PARTS_TOLD_APART_MAX)
    .max_encoded_nesting(0)
});

/// The structure of a mail; `None` if there is no head at all.
pub(crate) fn structure(raw: &[u8]) -> Option<Message<'_>> {
    PARSER.parse(without_preface(raw))
}

/// Leaves out what is no field before the first one: blank lines, and the `From ` line of an mbox.
fn without_preface(raw: &[u8]) -> &[u8] {
    let mut rest = raw;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, tail) = rest.split_at(end + 1);
        let preface = line.trim_ascii().is_empty() || line.starts_with(b"From ") || line.starts_with(b">From ");
        if !preface {
            // A mail that begins with an empty line and goes on with text has no head: all of it is the body.
            return if begins_with_field(rest) { rest } else { raw };
        }
        rest = tail;
    }
    raw
}

/// `Name:` with a name of RFC 5322 §2.2.
fn begins_with_field(head: &[u8]) -> bool {
    let name = head.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && matches!(head.get(name..), Some([b':' | b' ' | b'\t', ..]))
}

/// Where a leaf stands in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// Some container above is a multipart/alternative.
    pub alternative: bool,
    /// The container is a multipart/related and the leaf not its first part.
    pub related: bool,
    /// The first leaf of the mail.
    pub first: bool,
}

/// One part that holds no other.
#[derive(Clone, Copy)]
pub(crate) struct Leaf<'m> {
    /// From 1, in document order.
    pub number: u32,
    pub place: Place,
    part: MessagePart<'m>,
}

/// The leaves in document order and the limits hit on the way, in words.
pub(crate) fn leaves<'m>(message: &'m Message<'_>) -> (Vec<Leaf<'m>>, Vec<String>) {
    let mut leaves = Vec::new();
    let mut hit = Limits::default();
    let mut open = vec![(message.root_part(), Place::default())];
    while let Some((part, place)) = open.pop() {
        hit.note(part);
        if part.is_multipart() {
            let subtype = part.content_type().and_then(|kind| kind.subtype()).unwrap_or_default();
            let alternative = place.alternative || subtype == "alternative";
            let related = subtype == "related";
            let children = part.children().enumerate();
            open.extend(children.rev().map(|(index, child)| {
                (child, Place { alternative, related: related && index > 0 || place.related, first: false })
            }));
            // A multipart without a single part still has what stands before its end: text for all we know.
            if part.children().len() > 0 || part.raw_body().iter().all(u8::is_ascii_whitespace) {
                continue;
            }
        }
        if leaves.len() >= limits::MIME_PARTS_MAX {
            hit.parts = true;
            break;
        }
        let first = leaves.is_empty();
        leaves.push(Leaf { number: leaves.len() as u32 + 1, place: Place { first, ..place }, part });
    }
    (leaves, hit.into_words())
}

#[derive(Default)]
struct Limits {
    parts: bool,
    depth: bool,
}

impl Limits {
    fn note(&mut self, part: MessagePart<'_>) {
        if part.flags().contains(PartFlags::LIMIT_REACHED) {
            let container = part.content_type().is_some_and(|kind| kind.ctype() == "multipart");
            *(if container && !part.is_multipart() { &mut self.depth } else { &mut self.parts }) = true;
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
        words
    }
}

impl<'m> Leaf<'m> {
    /// Type and subtype in lower case; text/plain where there is none (RFC 2045 §5.2).
    pub fn media(&self) -> (&'m str, &'m str) {
        match self.part.content_type() {
            _ if matches!(self.part.kind(), PartKind::Message(_)) => match self.part.content_type() {
                Some(kind) if kind.ctype() == "message" => ("message", kind.subtype().unwrap_or("rfc822")),
                _ => ("message", "rfc822"),
            },
            Some(kind) if kind.ctype() == "multipart" => ("text", "plain"),
            Some(kind) => match (kind.ctype(), kind.subtype()) {
                ("text", None) | ("", _) => ("text", "plain"),
                (kind, Some(subtype)) if !subtype.is_empty() => (kind, subtype),
                _ => ("application", "octet-stream"),
            },
            None => ("text", "plain"),
        }
    }

    pub fn content_type(&self) -> String {
        let (kind, subtype) = self.media();
        printable(&format!("{kind}/{subtype}"))
    }

    pub fn charset(&self) -> Option<&'m str> {
        self.attribute("charset")
    }

    /// A parameter of Content-Type.
    pub fn attribute(&self, name: &str) -> Option<&'m str> {
        self.part.content_type()?.attribute(name)
    }

    /// Content-Disposition says attachment, or something nobody knows, which is to be taken as that (RFC 2183 §2.8).
    pub fn is_marked_attachment(&self) -> bool {
        self.part
            .content_disposition()
            .is_some_and(|disposition| !disposition.is_inline() && !disposition.ctype().is_empty())
    }

    pub fn has_disposition(&self) -> bool {
        self.part.content_disposition().is_some()
    }

    /// Content-Disposition's filename, else Content-Type's name; decoded, without control characters.
    pub fn filename(&self) -> Option<String> {
        let name = self
            .parameter("content-disposition", self.part.content_disposition(), "filename")
            .or_else(|| self.parameter("content-type", self.part.content_type(), "name"))?;
        let name = printable(&name);
        (!name.is_empty()).then_some(name)
    }

    /// A parameter, read again from its bytes where they are not UTF-8.
    fn parameter(&self, field: &str, parsed: Option<ContentType<'m>>, name: &str) -> Option<String> {
        let header = self.part.headers().get(field)?;
        let raw = header.raw_value();
        if std::str::from_utf8(raw).is_ok() {
            return parsed?.attribute(name).map(str::to_owned);
        }
        let text = charset::decode_header(raw, self.charset());
        let value = HeaderForm::ContentType.parse(text.as_bytes());
        value.value().as_content_type()?.attribute(name).map(str::to_owned)
    }

    /// Without angle brackets.
    pub fn content_id(&self) -> Option<String> {
        let id = printable(self.part.content_id()?.trim().trim_start_matches('<').trim_end_matches('>'));
        (!id.is_empty()).then_some(id)
    }

    pub fn content_location(&self) -> Option<&'m str> {
        self.part.content_location()
    }

    /// The body after its transfer encoding.
    pub fn decoded(&self) -> Cow<'m, [u8]> {
        let raw = self.part.raw_body();
        match self.part.encoding() {
            Encoding::None if self.is_uuencoded() => uuencode::decode_part(raw),
            encoding => encoding.decode(raw),
        }
    }

    /// Bytes of the body after its transfer encoding.
    pub fn decoded_len(&self) -> u64 {
        let length = match self.part.encoding() {
            Encoding::None if self.is_uuencoded() => self.decoded().len(),
            encoding => encoding.decoded_len(self.part.raw_body()),
        };
        length as u64
    }

    /// No transfer encoding changes the bytes of this part.
    pub fn is_plain(&self) -> bool {
        self.part.encoding() == Encoding::None
    }

    fn is_uuencoded(&self) -> bool {
        !self.part.has_known_transfer_encoding()
            && self.part.content_transfer_encoding().is_some_and(|encoding| {
                ["x-uuencode", "uuencode", "x-uue", "uue"].iter().any(|name| encoding.trim().eq_ignore_ascii_case(name))
            })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        charset::decode(self.charset(), &self.decoded())
    }
}
