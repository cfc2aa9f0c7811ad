//! What is derived from a raw mail alone. The same bytes always give the same reading, so it can be rebuilt at any time.

use model::channel::ChannelLimits;
use model::limits::{PREVIEW_CHARS_MAX, REFERENCES_MAX, SUBJECT_CHARS_MAX};
use model::message::{Recipient, RecipientType, Withheld};
use model::{AttachmentId, MessageId, Timestamp};
use store::messages::AttachmentRow;

use crate::bounces::Report;

/// Addressees of one mail that take part in its conversation.
const PARTICIPANTS_MAX: usize = 20;

/// A mail read, before anything is looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// As a contact is keyed; empty when the mail names no author.
    pub from_address: String,
    /// Without its subaddress: `ada+shop@…` and `ada@…` are one person.
    pub from_mailbox: String,
    pub from_name: Option<String>,
    pub recipients: Vec<Recipient>,
    pub subject: String,
    pub subject_base: String,
    pub subject_is_reply: bool,
    pub preview: String,
    pub rfc_message_id: Option<String>,
    pub in_reply_to: Option<String>,
    /// Oldest first.
    pub references: Vec<String>,
    pub kind: &'static str,
    pub auto_reply: bool,
    /// What it says of mail we sent, if it is a bounce, a delay, a complaint.
    pub report: Option<Box<Report>>,
    /// The mail a bounce or complaint speaks of.
    pub original_message_id: Option<String>,
    pub attachments: Vec<mail::ParsedAttachment>,
    pub limits: Vec<String>,
    pub date: Option<Timestamp>,
    pub fingerprint: [u8; 32],
}

/// Reads a raw mail. `null_reverse_path`: it came with `MAIL FROM:<>`.
pub fn read(raw: &[u8], null_reverse_path: bool) -> Reading {
    let parsed = mail::parse(raw);
    let classification = mail::classify::classify(raw, &parsed, null_reverse_path);
    let fingerprint = mail::fingerprint(raw, &parsed);
    let preview = preview(&mail::reply::opening(&parsed));
    let author = parsed
        .from
        .iter()
        .chain(&parsed.sender)
        .find_map(|mailbox| Some((mail::address::normalize(&mailbox.address)?, mailbox.name.clone())));
    let (from_address, from_name) = author.unwrap_or_default();
    let subject = mail::subject::normalize(&parsed.subject);
    let mut references = parsed.references;
    references.truncate(REFERENCES_MAX);
    let recipients = [(RecipientType::To, parsed.to), (RecipientType::Cc, parsed.cc), (RecipientType::Bcc, parsed.bcc)]
        .into_iter()
        .flat_map(|(recipient_type, mailboxes)| mailboxes.into_iter().map(move |mailbox| (recipient_type, mailbox)))
        .map(|(recipient_type, mailbox)| Recipient {
            recipient_type,
            address: mailbox.address,
            name: mailbox.name,
            status: None,
        })
        .collect();
    Reading {
        from_mailbox: mail::address::mailbox(&from_address).into_owned(),
        from_address,
        from_name,
        recipients,
        subject: parsed.subject.chars().take(SUBJECT_CHARS_MAX).collect(),
        subject_base: subject.base,
        subject_is_reply: subject.is_reply,
        preview,
        rfc_message_id: parsed.message_id,
        in_reply_to: parsed.in_reply_to.into_iter().next(),
        references,
        kind: classification.kind.as_str(),
        auto_reply: classification.auto_reply,
        report: Report::of(&classification).map(Box::new),
        original_message_id: classification.original_message_id,
        attachments: parsed.attachments,
        limits: parsed.limits,
        date: parsed.date,
        fingerprint,
    }
}

impl Reading {
    /// Ids of mails this one says it follows, nearest first, each once.
    pub fn ancestors(&self) -> Vec<&str> {
        let named = self.in_reply_to.iter().chain(&self.original_message_id).chain(self.references.iter().rev());
        let mut ids: Vec<&str> = Vec::new();
        for id in named {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }

    /// The author as one takes part in conversations: the mailbox, and the address as it was written, which older records hold.
    pub fn author(&self) -> Vec<&str> {
        let mut addresses = vec![&*self.from_mailbox];
        if self.from_mailbox != self.from_address {
            addresses.push(&self.from_address);
        }
        addresses.retain(|address| !address.is_empty());
        addresses
    }

    /// Mailboxes that take part in a conversation because of this mail, each once: its author and, where it went to several,
    /// those it names. Where it went to one, that is us (`ours`).
    pub fn taking_part(&self, ours: &str) -> Vec<String> {
        let named = if self.recipients.len() > 1 { self.recipients.as_slice() } else { &[] };
        let named = named.iter().take(PARTICIPANTS_MAX).filter_map(|to| mail::address::normalize(&to.address));
        let mut mailboxes: Vec<String> = Vec::new();
        for address in std::iter::once(self.from_address.clone()).chain(named) {
            let mailbox = mail::address::mailbox(&address).into_owned();
            if !mailbox.is_empty() && !mailbox.eq_ignore_ascii_case(ours) && !mailboxes.contains(&mailbox) {
                mailboxes.push(mailbox);
            }
        }
        mailboxes
    }
}

/// The first words, on one line.
pub(crate) fn preview(text: &str) -> String {
    let mut preview = String::new();
    for word in text.split_whitespace() {
        if preview.chars().count() + word.chars().count() >= PREVIEW_CHARS_MAX {
            let room = PREVIEW_CHARS_MAX.saturating_sub(preview.chars().count() + 2);
            if preview.is_empty() {
                preview.extend(word.chars().take(room));
            }
            preview.push('…');
            break;
        }
        if !preview.is_empty() {
            preview.push(' ');
        }
        preview.push_str(word);
    }
    preview
}

/// Which attachments a channel offers for download.
pub struct AttachmentPolicy<'l>(pub &'l ChannelLimits);

impl AttachmentPolicy<'_> {
    /// The attachments with their ids: the same mail under the same message id always names them alike.
    pub fn rows(
        &self,
        message: &MessageId,
        at: Timestamp,
        attachments: &[mail::ParsedAttachment],
    ) -> Vec<AttachmentRow> {
        let row = |attachment: &mail::ParsedAttachment| AttachmentRow {
            id: AttachmentId::derived(at, format!("{message}/{}", attachment.part).as_bytes()),
            part: attachment.part,
            filename: attachment.filename.clone(),
            content_type: attachment.content_type.clone(),
            size: attachment.size,
            content_id: attachment.content_id.clone(),
            disposition: attachment.disposition,
            withheld: self.withheld(attachment.filename.as_deref(), &attachment.content_type, attachment.size),
        };
        attachments.iter().map(row).collect()
    }

    /// Why a file of this name, type and size (bytes) is not offered; `None` if it is.
    pub fn withheld(&self, filename: Option<&str>, content_type: &str, size: u64) -> Option<Withheld> {
        if self.0.max_attachment_bytes.is_some_and(|limit| size > limit) {
            return Some(Withheld::TooLarge);
        }
        let names = |list: &[String]| list.iter().any(|entry| names_type(entry, filename, content_type));
        let blocked = names(&self.0.blocked_file_types)
            || (!self.0.allowed_file_types.is_empty() && !names(&self.0.allowed_file_types));
        blocked.then_some(Withheld::BlockedType)
    }
}

/// Is `entry` (`exe`, `.exe`, `image/png`, `image/*`) a name for this file?
fn names_type(entry: &str, filename: Option<&str>, content_type: &str) -> bool {
    let entry = entry.trim().to_ascii_lowercase();
    let content_type = content_type.to_ascii_lowercase();
    if let Some(family) = entry.strip_suffix("/*") {
        return content_type.split('/').next() == Some(family);
    }
    if entry.contains('/') {
        return content_type == entry;
    }
    let extension = filename
        .and_then(|name| name.trim_end_matches(['.', ' ']).rsplit_once('.'))
        .map(|(_, extension)| extension.to_ascii_lowercase());
    extension.as_deref() == Some(entry.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_one_line_and_bounded() {
        assert_eq!(preview("  Hello,\r\n\tworld "), "Hello, world");
        let long = preview(&"word ".repeat(100));
        assert!(long.chars().count() <= PREVIEW_CHARS_MAX && long.ends_with('…'), "{long}");
        assert!(preview(&"x".repeat(1_000)).chars().count() <= PREVIEW_CHARS_MAX);
    }

    #[test]
    fn file_types_are_blocked_by_extension_or_media_type() {
        let limits = ChannelLimits {
            blocked_file_types: vec![".EXE".into(), "application/x-sh".into(), "video/*".into()],
            max_attachment_bytes: Some(10),
            ..Default::default()
        };
        let policy = AttachmentPolicy(&limits);
        let cases = [
            (Some("setup.exe"), "application/octet-stream", 1, Some(Withheld::BlockedType)),
            (Some("setup.exe. "), "application/octet-stream", 1, Some(Withheld::BlockedType)),
            (Some("run"), "application/X-sh", 1, Some(Withheld::BlockedType)),
            (None, "video/mp4", 1, Some(Withheld::BlockedType)),
            (Some("a.pdf"), "application/pdf", 11, Some(Withheld::TooLarge)),
            (Some("a.pdf"), "application/pdf", 10, None),
        ];
        for (name, content_type, size, expected) in cases {
            assert_eq!(policy.withheld(name, content_type, size), expected, "{name:?} {content_type}");
        }
        let only_pdf = ChannelLimits { allowed_file_types: vec!["pdf".into()], ..Default::default() };
        assert_eq!(AttachmentPolicy(&only_pdf).withheld(Some("a.png"), "image/png", 1), Some(Withheld::BlockedType));
    }
}
