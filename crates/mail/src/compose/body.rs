//! The MIME structure of an outgoing message (RFC 2045, 2046, 2387): alternatives, related images, attachments,
//! and how each is encoded. Owns no header field outside `Content-*`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_builder::headers::HeaderType;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::check::{CheckedAttachment, MediaType};
use super::{Draft, DraftAttachment};

/// Octets of a line (RFC 5322 §2.1.1), without its end.
const LINE_OCTETS_MAX: usize = 998;
/// Characters of a base64 line (RFC 2045 §6.8), without its end.
const BASE64_LINE_CHARS: usize = 76;

/// Characters of a file name on one line, which leaves room for the parameter's name.
const FILENAME_SECTION_CHARS: usize = 60;
/// Everything outside the attribute-char of RFC 2231 §7.
const NOT_ATTRIBUTE_CHAR: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+');

/// The whole body, for the top of the message.
pub(super) fn body<'a>(draft: &'a Draft, checked: &'a [CheckedAttachment]) -> MimePart<'a> {
    let html = draft.html.as_deref().filter(|html| !html.trim().is_empty());
    let given = draft.text.as_deref().filter(|text| !text.trim().is_empty());
    let text = match (given, html) {
        (Some(text), _) => Some(canonical_text(text)),
        (None, Some(html)) => Some(canonical_text(&crate::html::to_text(html))),
        (None, None) => None,
    };
    let html = html.map(canonical_text);
    let files: Vec<_> = draft.attachments.iter().zip(checked).collect();
    let is_related =
        |(_, checked): &&(&DraftAttachment, &CheckedAttachment)| html.is_some() && checked.content_id.is_some();
    let mut boundaries = Boundaries::new(draft, &[text.as_deref(), html.as_deref()]);
    let related: Vec<MimePart<'a>> =
        files.iter().filter(is_related).map(|(file, checked)| part(file, checked)).collect();
    let others: Vec<MimePart<'a>> =
        files.iter().filter(|file| !is_related(file)).map(|(file, checked)| part(file, checked)).collect();

    let plain = |text: Cow<'a, str>| MimePart::new("text/plain", BodyPart::Text(text));
    let shown = match (text, html) {
        (Some(text), Some(html)) => {
            let html = MimePart::new("text/html", BodyPart::Text(html));
            let html = if related.is_empty() {
                html
            } else {
                let parts = std::iter::once(html).chain(related).collect();
                boundaries.multipart("related", Some(("type", "text/html")), parts)
            };
            boundaries.multipart("alternative", None, vec![plain(text), html])
        }
        (text, _) => plain(text.unwrap_or_default()),
    };
    if others.is_empty() {
        return shown;
    }
    let parts = std::iter::once(shown).chain(others).collect();
    boundaries.multipart("mixed", None, parts)
}

/// CRLF line ends, which text has before it is encoded (RFC 2045 §2.1), and no NUL, which no encoding but base64 carries.
fn canonical_text<'a>(text: &str) -> Cow<'a, str> {
    let mut out = String::with_capacity(text.len() + text.len() / 32 + 2);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\0' => {}
            '\r' => {
                characters.next_if_eq(&'\n');
                out.push_str("\r\n");
            }
            '\n' => out.push_str("\r\n"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

fn part<'a>(file: &'a DraftAttachment, checked: &'a CheckedAttachment) -> MimePart<'a> {
    let mut media = Cow::Borrowed(&checked.media_type);
    let mut contents = None;
    if media.essence == "message/rfc822" {
        // RFC 2046 §5.2.1: no encoding but 7bit (or what not every server takes) may be used for it.
        match as_seven_bit_message(&file.data) {
            Some(message) => contents = Some(("7bit", message)),
            None => {
                media =
                    Cow::Owned(MediaType { essence: "application/octet-stream".to_owned(), parameters: Vec::new() });
            }
        }
    }
    // Always base64, text too: a file must arrive byte for byte, line ends included.
    let (encoding, contents) = contents.unwrap_or_else(|| ("base64", base64_lines(&file.data)));
    let content_type =
        media.parameters.iter().fold(ContentType::new(media.essence.clone()), |written, (name, value)| {
            written.attribute(name.clone(), value.clone())
        });
    let kind = if file.inline || checked.content_id.is_some() { "inline" } else { "attachment" };
    let mut part = MimePart::raw(BodyPart::Binary(Cow::Owned(contents)))
        .header("Content-Type", HeaderType::ContentType(content_type))
        .header("Content-Disposition", disposition(kind, &file.filename));
    if let Some(id) = &checked.content_id {
        part = part.header("Content-ID", MessageId::new(id.as_str()));
    }
    part.transfer_encoding(encoding)
}

/// Content-Disposition (RFC 2183). A name that would have to be escaped or folded inside its quotes, or that readers would
/// take for an encoded one although it is none, is written as RFC 2231 asks: readers disagree on all of that.
fn disposition<'a>(kind: &'a str, filename: &str) -> HeaderType<'a> {
    if filename.is_empty() {
        return Raw::new(kind).into();
    }
    let is_plain = |byte: u8| (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\' | b'%');
    if !filename.contains("=?") && filename.len() <= FILENAME_SECTION_CHARS && filename.bytes().all(is_plain) {
        let written = ContentType::new(kind).attribute("filename", filename.to_owned());
        return HeaderType::ContentType(written);
    }
    let mut sections = vec!["UTF-8''".to_owned()];
    for character in filename.chars() {
        let mut buffer = [0; 4];
        let encoded = percent_encode(character.encode_utf8(&mut buffer).as_bytes(), NOT_ATTRIBUTE_CHAR).to_string();
        match sections.last_mut() {
            Some(last) if last.len() + encoded.len() <= FILENAME_SECTION_CHARS => last.push_str(&encoded),
            _ => sections.push(encoded),
        }
    }
    let mut value = kind.to_owned();
    if let [only] = sections.as_slice() {
        value.push_str("; filename*=");
        value.push_str(only);
    } else {
        for (at, section) in sections.iter().enumerate() {
            value.push_str(&format!("; filename*{at}*={section}"));
        }
    }
    Raw::new(value).into()
}

fn base64_lines(data: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(data);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / BASE64_LINE_CHARS * 2 + 2);
    for line in encoded.as_bytes().chunks(BASE64_LINE_CHARS) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The message with CRLF line ends, if it can be carried as it is.
fn as_seven_bit_message(data: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(data).ok().filter(|text| text.is_ascii() && !text.contains('\0'))?;
    let canonical = canonical_text(text);
    let fits = canonical.split("\r\n").all(|line| line.len() <= LINE_OCTETS_MAX);
    fits.then(|| canonical.into_owned().into_bytes())
}

/// Boundaries from the draft's seed, none of which occurs in what is not base64.
struct Boundaries {
    state: u64,
    stem: String,
}

impl Boundaries {
    fn new(draft: &Draft, texts: &[Option<&str>]) -> Self {
        let mut state = draft.boundary_seed;
        let is_message = |file: &&DraftAttachment| file.content_type.to_ascii_lowercase().contains("message/");
        let messages: Vec<&[u8]> =
            draft.attachments.iter().filter(is_message).map(|file| file.data.as_slice()).collect();
        loop {
            // `=_` can't occur in quoted-printable (RFC 2045 §6.7), so that only unencoded text needs the look.
            let stem = format!("=_{:016x}", split_mix(&mut state));
            let in_texts = texts.iter().flatten().any(|text| text.contains(&stem));
            if !in_texts && !messages.iter().any(|data| memchr::memmem::find(data, stem.as_bytes()).is_some()) {
                return Self { state: 0, stem };
            }
        }
    }

    fn multipart<'a>(
        &mut self,
        subtype: &str,
        parameter: Option<(&'static str, &'static str)>,
        parts: Vec<MimePart<'a>>,
    ) -> MimePart<'a> {
        self.state += 1;
        let mut content_type = ContentType::new(format!("multipart/{subtype}"));
        if let Some((name, value)) = parameter {
            content_type = content_type.attribute(name, value);
        }
        let content_type = content_type.attribute("boundary", format!("{}_{}", self.stem, self.state));
        MimePart::raw(BodyPart::Multipart(parts)).header("Content-Type", HeaderType::ContentType(content_type))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough to spread a seed, no secret.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
