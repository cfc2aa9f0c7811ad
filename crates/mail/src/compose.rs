//! Outgoing mail: from a draft to the one set of bytes that is stored and sent (RFC 5322, RFC 2045–2049).
//! Owns header writing, MIME structure and the checks that make header injection impossible; never sends,
//! never signs, never reads a clock (the draft carries its date and the seed of its boundaries).

mod address;
mod body;
mod check;
mod header;
mod quote;
mod whole;

use mail_builder::MessageBuilder;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use model::{Timestamp, limits};

pub use self::address::{normalize_address, parse_mailbox};
pub use self::check::clean_message_id;
pub use self::quote::{quote_reply_html, quote_reply_text};
pub use self::whole::{ReadyToSend, ready_to_send, ready_without};
use crate::Mailbox;

/// Everything a message is made of. Blind recipients are not here: they never appear in the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    pub from: Mailbox,
    pub reply_to: Vec<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub subject: String,
    pub date: Timestamp,
    /// With or without angle brackets.
    pub message_id: String,
    /// With or without angle brackets.
    pub in_reply_to: Option<String>,
    /// Oldest first, with or without angle brackets.
    pub references: Vec<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub attachments: Vec<DraftAttachment>,
    /// The caller's own header fields, written in this order after ours.
    pub headers: Vec<(String, String)>,
    /// Boundaries are derived from this: the same draft gives the same bytes.
    pub boundary_seed: u64,
}

/// One file of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftAttachment {
    pub filename: String,
    /// A media type such as `application/pdf`, with parameters if it has any.
    pub content_type: String,
    /// What the HTML refers to as `cid:…`; with or without angle brackets.
    pub content_id: Option<String>,
    /// Shown in the body rather than listed below it.
    pub inline: bool,
    pub data: Vec<u8>,
}

/// What is wrong with one field of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftError {
    /// Where, as a relative JSON pointer (RFC 6901) below the draft: `to/0`, `headers/X-Foo`, `attachments/2/filename`.
    pub pointer: String,
    /// What is wrong and what would be accepted.
    pub detail: String,
}

/// Writes the message. The same draft always gives the same bytes, with CRLF line ends throughout.
///
/// A text alternative is made from the HTML when there is none; attachments with a Content-ID become part of the
/// HTML (multipart/related), the others follow it (multipart/mixed).
///
/// # Errors
/// Every field that is wrong, each with its place; nothing is written then.
pub fn compose(draft: &Draft) -> Result<Vec<u8>, Vec<DraftError>> {
    let checked = check::check(draft)?;
    let mut builder = MessageBuilder::new()
        .header("Date", Raw::new(checked.date.as_str()))
        .header("From", header::addresses(std::slice::from_ref(&checked.from)));
    for (name, list) in [("Reply-To", &checked.reply_to), ("To", &checked.to), ("Cc", &checked.cc)] {
        if !list.is_empty() {
            builder = builder.header(name, header::addresses(list));
        }
    }
    if checked.to.is_empty() && checked.cc.is_empty() {
        // RFC 5322 §3.6.3 wants no field then, but filters distrust mail without one.
        builder = builder.header("To", Raw::new("undisclosed-recipients:;"));
    }
    builder = builder
        .header("Subject", header::unstructured(&checked.subject))
        .header("Message-ID", MessageId::new(checked.message_id.as_str()));
    if let Some(parent) = &checked.in_reply_to {
        builder = builder.header("In-Reply-To", MessageId::new(parent.as_str()));
    }
    if !checked.references.is_empty() {
        builder = builder.header("References", MessageId::new_list(checked.references.iter().map(String::as_str)));
    }
    for (name, value) in &checked.headers {
        builder = builder.header(name.as_str(), header::custom(value));
    }
    let mut message = Vec::new();
    builder.body(body::body(draft, &checked.attachments)).serialize(&mut message);
    if message.len() as u64 > limits::MESSAGE_BYTES_MAX {
        let detail = format!(
            "the message would have {} bytes, attachments in base64 included; at most {} are accepted",
            message.len(),
            limits::MESSAGE_BYTES_MAX
        );
        return Err(vec![DraftError { pointer: "attachments".to_owned(), detail }]);
    }
    Ok(message)
}

/// Whether the message can only go to servers with SMTPUTF8 (RFC 6531 §3.4): its header has 8-bit octets.
pub fn needs_smtputf8(message: &[u8]) -> bool {
    let header = memchr::memmem::find(message, b"\r\n\r\n").and_then(|end| message.get(..end)).unwrap_or(message);
    !header.is_ascii()
}
