//! The head of a mail (RFC 5322, 6532, 2047): fields decoded, addresses and ids taken apart. Owns what is read of each
//! field; never trusts one to be well formed.

use model::limits;

use crate::charset::decode_header;
use crate::fields::Field;
use crate::{ParsedMail, date, encoded, mailbox};

/// Bytes read of one field.
const FIELD_BYTES_MAX: usize = 256 * 1024;

/// Fills the head's part of `mail`. `body_charset`: what raw 8-bit fields may be written in.
pub(crate) fn read(fields: &[Field<'_>], body_charset: Option<&str>, mail: &mut ParsedMail) {
    mail.headers.reserve(fields.len().min(limits::HEADER_FIELDS_MAX));
    for header in fields {
        if mail.headers.len() >= limits::HEADER_FIELDS_MAX {
            mail.limits.push(format!(
                "The mail has more than {} header fields; those beyond are only in the raw message.",
                limits::HEADER_FIELDS_MAX
            ));
            break;
        }
        let name = printable(&decode_header(header.name, None)).to_ascii_lowercase();
        let raw = header.value;
        if raw.len() > FIELD_BYTES_MAX {
            mail.limits.push(format!(
                "The header field {name} is longer than {FIELD_BYTES_MAX} bytes; the rest is only in the raw message."
            ));
        }
        let value = decode_header(raw.get(..raw.len().min(FIELD_BYTES_MAX)).unwrap_or_default(), body_charset);
        field(&name, &value, mail);
        mail.headers.push((name, text(&value)));
    }
    mail.subject =
        mail.header("subject").map(|subject| truncated(subject, limits::SUBJECT_CHARS_MAX)).unwrap_or_default();
}

/// The fields that are more than text. Of a field that may occur once, the first counts; recipients add up.
fn field(name: &str, value: &str, mail: &mut ParsedMail) {
    match name {
        "from" if mail.from.is_empty() => mail.from = mailbox::read(value),
        "sender" if mail.sender.is_none() => mail.sender = mailbox::read(value).into_iter().next(),
        "reply-to" if mail.reply_to.is_empty() => mail.reply_to = mailbox::read(value),
        "to" => mail.to.extend(mailbox::read(value)),
        "cc" => mail.cc.extend(mailbox::read(value)),
        "bcc" => mail.bcc.extend(mailbox::read(value)),
        "date" if mail.date.is_none() => mail.date = date::read(value),
        "message-id" if mail.message_id.is_none() => mail.message_id = message_ids(value).into_iter().next(),
        "in-reply-to" if mail.in_reply_to.is_empty() => mail.in_reply_to = message_ids(value),
        "references" if mail.references.is_empty() => mail.references = message_ids(value),
        _ => {}
    }
}

/// Unfolded, encoded words decoded, without control characters.
pub(crate) fn text(value: &str) -> String {
    let trimmed = value.trim();
    if !trimmed.contains(char::is_control) && !trimmed.contains("=?") {
        return trimmed.to_owned();
    }
    // An encoded word may hold line breaks: they must not make a second field of it when it is written again.
    let unfolded = unfold(trimmed);
    encoded::decode(&unfolded)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A line break and the white space around it as one space.
fn unfold(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for line in value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

/// Without control characters, which no store keeps and no other mail may be made of.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// The Message-IDs in a field, without their angle brackets. Words between them are comments of old programs; ids without
/// brackets count if there are none with.
pub(crate) fn message_ids(value: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((id, tail)) = after.split_once('>') else { break };
        ids.extend(message_id(id));
        rest = tail;
    }
    if ids.is_empty() {
        ids = value
            .split(|c: char| c.is_whitespace() || c == ',')
            .map(|word| word.trim_matches(['<', '>', '"']))
            .filter(|word| word.contains('@'))
            .filter_map(message_id)
            .collect();
    }
    // The first names the thread, the last ones the nearest parents.
    if ids.len() > limits::REFERENCES_MAX {
        ids.drain(1..=ids.len() - limits::REFERENCES_MAX);
    }
    ids
}

fn message_id(id: &str) -> Option<String> {
    let id: String = id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    (!id.is_empty()).then(|| truncated(&id, limits::MESSAGE_ID_CHARS_MAX))
}

fn truncated(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}
