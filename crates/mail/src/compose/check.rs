//! What a draft may hold: every field is checked before a byte is written. Owns the messages a caller reads;
//! writes nothing itself.

use model::limits;

use super::address::{check_controls, check_name, normalize_address};
use super::{Draft, DraftAttachment, DraftError};
use crate::Mailbox;

/// Octets of a Message-ID without brackets. The longest field name before it, its brackets and the space must
/// stay within a line of 998 (RFC 5322 §2.1.1).
const MESSAGE_ID_OCTETS_MAX: usize = 960;
/// Octets of a custom header's name.
const HEADER_NAME_OCTETS_MAX: usize = 76;
/// Octets of a custom header's value.
const HEADER_VALUE_OCTETS_MAX: usize = 16 * 1024;
/// Custom headers of one message.
const CUSTOM_HEADERS_MAX: usize = 100;
/// Ids written into References: the first, which names the thread, and the last ones (RFC 5537 §3.4.4 allows this).
const REFERENCES_WRITTEN_MAX: usize = 30;
/// Characters of a file name.
const FILENAME_CHARS_MAX: usize = 255;
/// Characters of a media type's parameter.
const PARAMETER_CHARS_MAX: usize = 60;
/// Octets of a Content-ID without brackets.
const CONTENT_ID_OCTETS_MAX: usize = 250;

/// Fields that are written from the draft's own fields, or by the servers on the way.
const RESERVED: [&str; 15] = [
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "reply-to",
    "return-path",
    "received",
    "dkim-signature",
    "mime-version",
];

/// A draft's header values after checking: addresses normalised, ids without brackets.
pub(super) struct Checked {
    pub from: Mailbox,
    pub reply_to: Vec<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub subject: String,
    pub date: String,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub attachments: Vec<CheckedAttachment>,
}

pub(super) struct CheckedAttachment {
    pub media_type: MediaType,
    pub content_id: Option<String>,
}

/// A media type taken apart (RFC 2045 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaType {
    pub essence: String,
    pub parameters: Vec<(String, String)>,
}

#[derive(Default)]
struct Findings(Vec<DraftError>);

impl Findings {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(DraftError { pointer: pointer.into(), detail: detail.into() });
    }

    /// The value, or its default with the reason written down.
    fn take<T: Default>(&mut self, pointer: &str, result: Result<T, String>) -> T {
        result.unwrap_or_else(|detail| {
            self.add(pointer, detail);
            T::default()
        })
    }
}

pub(super) fn check(draft: &Draft) -> Result<Checked, Vec<DraftError>> {
    let mut findings = Findings::default();
    let checked = Checked {
        from: findings.take("from", mailbox(&draft.from)),
        reply_to: mailboxes(&draft.reply_to, "replyTo", &mut findings),
        to: mailboxes(&draft.to, "to", &mut findings),
        cc: mailboxes(&draft.cc, "cc", &mut findings),
        subject: findings.take("subject", subject(&draft.subject)),
        date: findings.take("date", date(draft)),
        message_id: findings.take("messageId", clean_message_id(&draft.message_id)),
        in_reply_to: draft.in_reply_to.as_ref().map(|id| findings.take("inReplyTo", clean_message_id(id))),
        references: references(draft, &mut findings),
        headers: headers(&draft.headers, &mut findings),
        attachments: attachments(&draft.attachments, &mut findings),
    };
    let recipients = draft.to.len() + draft.cc.len();
    if recipients > limits::RECIPIENTS_OUTBOUND_MAX {
        findings
            .add("to", format!("{recipients} recipients; at most {} are accepted", limits::RECIPIENTS_OUTBOUND_MAX));
    }
    if findings.0.is_empty() { Ok(checked) } else { Err(findings.0) }
}

fn mailbox(mailbox: &Mailbox) -> Result<Mailbox, String> {
    let name = mailbox.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    // Untrimmed: a line end at an end of the name is refused too.
    check_name(mailbox.name.as_deref().unwrap_or_default())?;
    Ok(Mailbox { name: name.map(str::to_owned), address: normalize_address(&mailbox.address)? })
}

fn mailboxes(list: &[Mailbox], field: &str, findings: &mut Findings) -> Vec<Mailbox> {
    let checked = list.iter().enumerate();
    checked.map(|(at, entry)| findings.take(&format!("{field}/{at}"), mailbox(entry))).collect()
}

fn subject(subject: &str) -> Result<String, String> {
    check_controls(subject)?;
    let subject = subject.trim();
    if subject.chars().count() > limits::SUBJECT_CHARS_MAX {
        return Err(format!("a subject may have {} characters", limits::SUBJECT_CHARS_MAX));
    }
    Ok(subject.to_owned())
}

fn date(draft: &Draft) -> Result<String, String> {
    let date = draft.date.to_rfc5322();
    if date.is_empty() { Err("the date can't be written; years 1 to 9999 can".to_owned()) } else { Ok(date) }
}

/// A Message-ID without its brackets, if it may be written into a header.
///
/// # Errors
/// What is wrong with it and what would be accepted. Inherited ids that fail this are best left out: a reply
/// must not fail because of what somebody else sent.
pub fn clean_message_id(id: &str) -> Result<String, String> {
    check_controls(id)?;
    let trimmed = id.trim();
    let bare = trimmed.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(trimmed);
    if bare.is_empty() || bare.len() > MESSAGE_ID_OCTETS_MAX {
        return Err(format!("a message id has 1 to {MESSAGE_ID_OCTETS_MAX} octets, such as abc123@mail.example.com"));
    }
    if bare.contains(|character: char| character.is_whitespace() || matches!(character, '<' | '>')) {
        return Err(format!("“{bare}” is not one message id; write abc123@mail.example.com, with or without <>"));
    }
    Ok(bare.to_owned())
}

/// Oldest first, no id twice, the parent at the end, and no more than is useful.
fn references(draft: &Draft, findings: &mut Findings) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (at, id) in draft.references.iter().enumerate() {
        let id = findings.take(&format!("references/{at}"), clean_message_id(id));
        if seen.insert(id.clone()) {
            ids.push(id);
        }
    }
    // Wrong ones have been reported as inReplyTo already.
    let parent = draft.in_reply_to.as_deref().and_then(|id| clean_message_id(id).ok());
    ids.extend(parent.filter(|parent| seen.insert(parent.clone())));
    if ids.len() > REFERENCES_WRITTEN_MAX {
        let surplus = ids.len() - REFERENCES_WRITTEN_MAX;
        ids.drain(1..=surplus);
    }
    ids
}

fn headers(headers: &[(String, String)], findings: &mut Findings) -> Vec<(String, String)> {
    if headers.len() > CUSTOM_HEADERS_MAX {
        findings.add("headers", format!("{} headers; at most {CUSTOM_HEADERS_MAX} are accepted", headers.len()));
    }
    let mut checked = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let pointer = format!("headers/{}", name.replace('~', "~0").replace('/', "~1"));
        if let Err(detail) = header_name(name).and_then(|()| header_value(value)) {
            findings.add(pointer, detail);
            continue;
        }
        checked.push((name.clone(), value.trim().to_owned()));
    }
    checked
}

fn header_name(name: &str) -> Result<(), String> {
    // RFC 5322 §2.2: printable US-ASCII except the colon.
    let is_ftext = |byte: u8| (33..=126).contains(&byte) && byte != b':';
    if name.is_empty() || name.len() > HEADER_NAME_OCTETS_MAX || !name.bytes().all(is_ftext) {
        return Err(format!(
            "a header's name has 1 to {HEADER_NAME_OCTETS_MAX} printable ASCII characters without spaces and colons, such as X-Ticket"
        ));
    }
    let lower = name.to_ascii_lowercase();
    // All that describes the body is ours, but for its language (RFC 3282), which only its author knows.
    let describes_the_body = lower.starts_with("content-") && lower != "content-language";
    if RESERVED.contains(&lower.as_str()) || describes_the_body {
        return Err(format!(
            "{name} is written from the message's own fields and can't be set here; other names, such as X-Ticket or List-Id, can"
        ));
    }
    Ok(())
}

fn header_value(value: &str) -> Result<(), String> {
    // A tab is harmless white space; everything else that is a control is refused.
    check_controls(&value.replace('\t', " "))?;
    if value.len() > HEADER_VALUE_OCTETS_MAX {
        return Err(format!(
            "a header's value may have {HEADER_VALUE_OCTETS_MAX} octets, this one has {}",
            value.len()
        ));
    }
    Ok(())
}

fn attachments(attachments: &[DraftAttachment], findings: &mut Findings) -> Vec<CheckedAttachment> {
    if attachments.len() > limits::ATTACHMENTS_OUTBOUND_MAX {
        let detail =
            format!("{} attachments; at most {} are accepted", attachments.len(), limits::ATTACHMENTS_OUTBOUND_MAX);
        findings.add("attachments", detail);
    }
    let mut seen = std::collections::HashSet::new();
    let mut checked = Vec::with_capacity(attachments.len());
    for (at, attachment) in attachments.iter().enumerate() {
        findings.take(&format!("attachments/{at}/filename"), filename(&attachment.filename));
        let pointer = format!("attachments/{at}/contentType");
        let media_type = media_type(&attachment.content_type).unwrap_or_else(|detail| {
            findings.add(pointer, detail);
            MediaType { essence: String::new(), parameters: Vec::new() }
        });
        let pointer = format!("attachments/{at}/contentId");
        let content_id = attachment.content_id.as_deref().map(|id| findings.take(&pointer, content_id(id)));
        if let Some(id) = &content_id
            && !id.is_empty()
            && !seen.insert(id.clone())
        {
            findings.add(pointer, format!("“{id}” is the contentId of an earlier attachment; each needs its own"));
        }
        checked.push(CheckedAttachment { media_type, content_id });
    }
    checked
}

fn filename(name: &str) -> Result<(), String> {
    check_controls(name)?;
    if name.chars().count() > FILENAME_CHARS_MAX {
        return Err(format!("a file name may have {FILENAME_CHARS_MAX} characters"));
    }
    Ok(())
}

fn content_id(id: &str) -> Result<String, String> {
    let bare = clean_message_id(id)
        .map_err(|_| "a contentId is printable text without spaces and <>, such as logo".to_owned())?;
    if bare.len() > CONTENT_ID_OCTETS_MAX || !bare.is_ascii() {
        return Err(format!("a contentId has 1 to {CONTENT_ID_OCTETS_MAX} ASCII characters, such as logo"));
    }
    Ok(bare)
}

/// Reads `type/subtype; name=value; name="value"`.
pub(super) fn media_type(text: &str) -> Result<MediaType, String> {
    let wrong = || format!("“{}” is not a media type; write one such as application/pdf", text.escape_debug());
    check_controls(text)?;
    let mut pieces = split_parameters(text).into_iter();
    let essence = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/').ok_or_else(wrong)?;
    if !is_token(kind) || !is_token(subtype) || essence.len() > 127 {
        return Err(wrong());
    }
    if kind == "multipart" {
        return Err("a multipart can't be attached; attach a whole message as message/rfc822".to_owned());
    }
    let mut parameters = Vec::new();
    for piece in pieces {
        if piece.trim().is_empty() {
            continue;
        }
        let (name, value) = piece.split_once('=').ok_or_else(wrong)?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if !is_token(&name) {
            return Err(wrong());
        }
        let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        let is_plain = |byte: u8| (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\');
        // The file name is said once, in Content-Disposition.
        if name == "name" {
            continue;
        }
        if value.len() > PARAMETER_CHARS_MAX || !value.bytes().all(is_plain) {
            return Err(format!(
                "the media type's {name} has 1 to {PARAMETER_CHARS_MAX} printable ASCII characters, such as utf-8"
            ));
        }
        parameters.push((name, value.to_owned()));
    }
    Ok(MediaType { essence, parameters })
}

fn split_parameters(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                pieces.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

/// RFC 2045 §5.1.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
}
