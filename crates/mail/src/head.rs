//! The head of a mail (RFC 5322, 6532, 2047): fields decoded, addresses and ids taken apart. Owns what is read of each
//! field; never trusts one to be well formed.

use mail_parser::{HeaderForm, Headers, Mailbox as Entry};
use model::{Timestamp, limits};

use crate::charset::decode_header;
use crate::{Mailbox, ParsedMail};

/// Bytes read of one field.
const FIELD_BYTES_MAX: usize = 256 * 1024;

/// Fills the head's part of `mail`. `body_charset`: what raw 8-bit fields may be written in.
pub(crate) fn read(headers: Headers<'_>, body_charset: Option<&str>, mail: &mut ParsedMail) {
    mail.headers.reserve(headers.len().min(limits::HEADER_FIELDS_MAX));
    for header in headers.iter() {
        if mail.headers.len() >= limits::HEADER_FIELDS_MAX {
            mail.limits.push(format!(
                "The mail has more than {} header fields; those beyond are only in the raw message.",
                limits::HEADER_FIELDS_MAX
            ));
            break;
        }
        let name = printable(header.raw_name()).to_ascii_lowercase();
        let raw = header.raw_value();
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
        "from" if mail.from.is_empty() => mail.from = mailboxes(value),
        "sender" if mail.sender.is_none() => mail.sender = mailboxes(value).into_iter().next(),
        "reply-to" if mail.reply_to.is_empty() => mail.reply_to = mailboxes(value),
        "to" => mail.to.extend(mailboxes(value)),
        "cc" => mail.cc.extend(mailboxes(value)),
        "bcc" => mail.bcc.extend(mailboxes(value)),
        "date" if mail.date.is_none() => mail.date = date(value),
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
    let parsed = HeaderForm::Text.parse(trimmed.as_bytes());
    let decoded = parsed.value().as_text().unwrap_or_default();
    // An encoded word may hold line breaks: they must not make a second field of it when it is written again.
    decoded.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// The mailboxes of an address field, groups opened.
pub(crate) fn mailboxes(value: &str) -> Vec<Mailbox> {
    let parsed = HeaderForm::Addresses.parse(value.as_bytes());
    let Some(list) = parsed.value().as_address() else { return Vec::new() };
    list.mailboxes().filter_map(mailbox).collect()
}

/// Without control characters, which no store keeps and no other mail may be made of.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

fn mailbox(entry: Entry<'_>) -> Option<Mailbox> {
    let name = entry.name().map(printable).filter(|name| !name.is_empty());
    let address = entry.address().map(printable).filter(|address| !address.is_empty());
    match (name, address) {
        (name, Some(address)) => Some(Mailbox { name, address }),
        // A bare word where an address should be.
        (Some(name), None) if name.contains('@') => Some(Mailbox { name: None, address: name }),
        _ => None,
    }
}

fn date(value: &str) -> Option<Timestamp> {
    let parsed = HeaderForm::Date.parse(value.as_bytes());
    let date = parsed.value().as_datetime()?;
    Some(Timestamp::from_seconds(date.to_timestamp()))
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
