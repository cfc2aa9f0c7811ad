//! What a mail comes to once it is read. Owns the shapes only; how they are filled is `parse`'s.

use model::Timestamp;
use model::message::Disposition;

/// A person or list in an address field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    /// The display name, decoded; `None` where there is none.
    pub name: Option<String>,
    /// `local@domain` as written (not normalised: see [`crate::address::normalize`]).
    pub address: String,
}

/// One mail, read as well as can be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParsedMail {
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Message-IDs without angle brackets, in the order written.
    pub in_reply_to: Vec<String>,
    /// Message-IDs without angle brackets, oldest first; at most [`model::limits::REFERENCES_MAX`].
    pub references: Vec<String>,
    pub from: Vec<Mailbox>,
    pub sender: Option<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    /// Decoded; empty if there is none. At most [`model::limits::SUBJECT_CHARS_MAX`] characters.
    pub subject: String,
    pub date: Option<Timestamp>,
    /// The head in its order: names in lower case, values decoded and unfolded; at most [`model::limits::HEADER_FIELDS_MAX`].
    pub headers: Vec<(String, String)>,
    /// The plain text body, of several text parts all.
    pub text: Option<String>,
    /// The HTML body, of several HTML parts all.
    pub html: Option<String>,
    /// Everything that is not body text, in document order.
    pub attachments: Vec<ParsedAttachment>,
    /// The media type of the signature over the whole mail or its content (RFC 1847): S/MIME's or OpenPGP's. It is no
    /// attachment: it says something of bytes that only the raw message has.
    pub signed_with: Option<String>,
    /// The limits that were hit while reading, in words.
    pub limits: Vec<String>,
}

impl ParsedMail {
    /// The first field of that name (any case), decoded.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One part that is not body text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedAttachment {
    /// What [`crate::attachment_bytes`] takes to find it again in the same raw mail.
    pub part: u32,
    /// Decoded, as the sender wrote it: not safe as a file's path.
    pub filename: Option<String>,
    /// `type/subtype` in lower case, without parameters.
    pub content_type: String,
    /// Without angle brackets.
    pub content_id: Option<String>,
    pub disposition: Disposition,
    /// Bytes after decoding.
    pub size: u64,
}
