//! Reads a raw mail into [`ParsedMail`]. Owns the way from bytes to values; never fails, never opens an attached message.

use crate::mime::Leaf;
use crate::{ParsedMail, body, charset, head, mime};

/// Reads a mail. Whatever the bytes are, there is a result; what had to be left out is in `limits`.
pub fn parse(raw: &[u8]) -> ParsedMail {
    let Some(message) = mime::structure(raw) else {
        return headless(raw);
    };
    let (leaves, limits) = mime::leaves(&message);
    let mut mail = ParsedMail { limits, ..ParsedMail::default() };
    let fields = message.head();
    if let Some(first) = fields.stray.first() {
        let first = message.line(first.clone());
        let shown = first.get(..first.floor_char_boundary(STRAY_BYTES_SHOWN)).unwrap_or_default();
        mail.limits.push(format!(
            "Lines of the head that are no header fields are only in the raw message: {} of them, the first is {shown:?}.",
            fields.stray.len()
        ));
    }
    head::read(&fields.fields, leaves.iter().find_map(Leaf::charset), &mut mail);
    body::read(&leaves, &mut mail);
    mail
}

/// Bytes shown of a line in the head that is no field.
const STRAY_BYTES_SHOWN: usize = 80;

/// The decoded bytes of one attachment, by its [`crate::ParsedAttachment::part`]; `None` if the mail has no such part.
/// Only that part is decoded.
pub fn attachment_bytes(raw: &[u8], part: u32) -> Option<Vec<u8>> {
    let message = mime::structure(raw)?;
    let (leaves, _) = mime::leaves(&message);
    body::attachment(&leaves, part)
}

/// Neither a head nor an empty line: all of it is text.
fn headless(raw: &[u8]) -> ParsedMail {
    let text = body::clean(charset::decode(None, raw));
    ParsedMail { text: (!text.is_empty()).then_some(text), ..ParsedMail::default() }
}
