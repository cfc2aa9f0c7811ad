//! What kind of mail this is: a person's, a bounce, a complaint, a machine's answer. Owns the judgement, never acts on it.

use crate::ParsedMail;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MailKind {
    #[default]
    Message,
    Bounce,
    Delay,
    Delivered,
    Complaint,
    AutoReply,
}

impl MailKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Bounce => "bounce",
            Self::Delay => "delay",
            Self::Delivered => "delivered",
            Self::Complaint => "complaint",
            Self::AutoReply => "autoreply",
        }
    }
}

/// Whether the address is no good (hard), or only could not be reached this time (soft).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BounceClass {
    Hard,
    Soft,
}

impl BounceClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }
}

/// One recipient a bounce or a delay speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BouncedRecipient {
    /// In lower case.
    pub address: String,
    pub class: BounceClass,
    /// RFC 3463, such as `5.1.1`.
    pub status: Option<String>,
    /// One word: `userunknown`, `mailboxfull`, …
    pub reason: String,
}

/// A complaint by RFC 5965.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// `abuse`, `fraud`, …, in lower case.
    pub feedback_type: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classification {
    pub kind: MailKind,
    pub recipients: Vec<BouncedRecipient>,
    pub complaint: Option<Complaint>,
    /// A machine answered (RFC 3834): nothing may answer it automatically.
    pub auto_reply: bool,
    /// Without angle brackets: the mail that bounced or was complained about.
    pub original_message_id: Option<String>,
}

/// Judges a mail. `null_reverse_path`: it came with `MAIL FROM:<>`.
pub fn classify(raw: &[u8], mail: &ParsedMail, null_reverse_path: bool) -> Classification {
    let _ = (raw, null_reverse_path);
    let auto_reply = mail.header("auto-submitted").is_some_and(|value| !value.trim().eq_ignore_ascii_case("no"));
    Classification { auto_reply, ..Classification::default() }
}
