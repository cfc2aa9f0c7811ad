//! What a suspicious mail comes to: its material gathered, then judged by the machine's half, else by the human one. Owns the
//! order of those steps; the words are in the modules beside it.

use super::notice;
use super::reason;
use super::report::{self, Action, Group};
use super::{BounceClass, BouncedRecipient, COMPLAINED, Classification, Complaint, MailKind, Suspicion, contains};
use crate::ParsedMail;
use crate::head::printable;
use crate::mime::{self, Leaf};

/// What a report is made of.
#[derive(Default)]
struct Material {
    /// What a person is to read.
    notice: String,
    /// Of a message/delivery-status part.
    groups: Vec<Group>,
    feedback: Option<report::Feedback>,
    /// RFC 8098: somebody read a mail.
    read_receipt: bool,
    /// The mail it is about, or its head.
    original: Option<ParsedMail>,
}

impl Material {
    fn of(raw: &[u8], mail: &ParsedMail) -> Self {
        let mut material = Self::default();
        let text = mail
            .text
            .as_deref()
            .filter(|text| !text.trim().is_empty())
            .map_or_else(|| mail.html.as_deref().map(mail_parser::html_to_text).unwrap_or_default(), str::to_owned);
        let text = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
        let (notice, copy) = notice::split(text);
        material.notice = notice.get(..notice.floor_char_boundary(NOTICE_BYTES_MAX)).unwrap_or_default().to_owned();
        if !copy.trim().is_empty() {
            material.original = Some(head_of(copy.trim_start().as_bytes()));
        }
        if let Some(message) = mime::structure(raw) {
            for leaf in mime::leaves(&message).0 {
                material.part(&leaf);
            }
        }
        if material.groups.is_empty() && contains(text, "final-recipient:") {
            material.groups = report::groups(text);
        }
        material
    }

    fn part(&mut self, leaf: &Leaf<'_>) {
        match leaf.media() {
            ("message", "delivery-status" | "global-delivery-status") => {
                self.groups.extend(report::groups(&leaf.text()))
            }
            ("message", "feedback-report") => self.feedback = Some(report::feedback(&leaf.text())),
            ("message", "disposition-notification" | "global-disposition-notification") => self.read_receipt = true,
            ("message", "rfc822" | "global")
            | ("text", "rfc822-headers" | "rfc822-header")
            | ("message", "rfc822-headers") => {
                self.original = Some(head_of(&leaf.decoded()));
            }
            _ => {}
        }
    }
}

/// Bytes of a report's text looked at, the copy of the original mail with it.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of what a mail server says before that copy.
const NOTICE_BYTES_MAX: usize = 64 * 1024;
/// Recipients of a report the notice is searched for.
const SEARCHED_FOR_MAX: usize = 50;
/// Bytes read of the original mail's head.
const ORIGINAL_BYTES_MAX: usize = 64 * 1024;

fn head_of(bytes: &[u8]) -> ParsedMail {
    let bytes = bytes.get(..bytes.len().min(ORIGINAL_BYTES_MAX)).unwrap_or_default();
    let end =
        [memchr::memmem::find(bytes, b"\n\n"), memchr::memmem::find(bytes, b"\n\r\n")].into_iter().flatten().min();
    let mut head = bytes.get(..end.map_or(bytes.len(), |end| end + 1)).unwrap_or_default().to_vec();
    head.extend_from_slice(b"\r\n");
    crate::parse(&head)
}

/// Fills in what the report says; false if it is none after all.
pub(super) fn report(raw: &[u8], mail: &ParsedMail, suspicion: Suspicion, judged: &mut Classification) -> bool {
    let material = Material::of(raw, mail);
    if let Some(feedback) = complaint(mail, &material) {
        judged.kind = MailKind::Complaint;
        for address in feedback.recipients {
            let reason = "feedback".to_owned();
            add(judged, BouncedRecipient { address, class: BounceClass::Soft, status: None, reason });
        }
        judged.complaint = Some(Complaint {
            feedback_type: feedback.kind.map_or_else(|| "abuse".to_owned(), |kind| printable(&kind)),
        });
    } else if !material.groups.is_empty() {
        judge_groups(&material, judged);
    } else if material.read_receipt {
        judged.kind = MailKind::Delivered;
    } else if !judge_notice(mail, &material, suspicion, judged) {
        return false;
    }
    judged.original_message_id = material.original.and_then(|original| original.message_id);
    true
}

/// RFC 5965, and the one big sender of complaints that came before it.
fn complaint(mail: &ParsedMail, material: &Material) -> Option<report::Feedback> {
    if let Some(feedback) = &material.feedback {
        return Some(feedback.clone());
    }
    let original = material.original.as_ref().and_then(|original| original.header(COMPLAINED));
    let recipient = mail.header(COMPLAINED).or(original)?;
    Some(report::Feedback { kind: Some("abuse".to_owned()), recipients: vec![recipient.trim().to_lowercase()] })
}

fn judge_groups(material: &Material, judged: &mut Classification) {
    let action = |group: &Group| {
        group.action.unwrap_or_else(|| match group.status.as_deref().map(|status| status.as_bytes().first()) {
            Some(Some(b'2')) => Action::Delivered,
            _ => Action::Failed,
        })
    };
    let has = |wanted: Action| material.groups.iter().any(|group| action(group) == wanted);
    let (kind, wanted) = if has(Action::Failed) {
        (MailKind::Bounce, Action::Failed)
    } else if has(Action::Delayed) {
        (MailKind::Delay, Action::Delayed)
    } else {
        (MailKind::Delivered, Action::Delivered)
    };
    judged.kind = kind;
    let groups: Vec<&Group> = material
        .groups
        .iter()
        .filter(|group| action(group) == wanted || kind == MailKind::Bounce && action(group) == Action::Delayed)
        .collect();
    for (index, group) in groups.iter().enumerate() {
        let Some(address) = group.recipient.clone() else { continue };
        // The notice is searched for each: with very many the report alone has to do.
        let said = if index < SEARCHED_FOR_MAX { notice::said_of(&material.notice, &address) } else { String::new() };
        let whole = if groups.len() == 1 { material.notice.as_str() } else { "" };
        let reason = reason_of(&[&group.diagnostic, &said, whole], group.status.as_deref());
        let status = status_of(group.status.as_deref(), &[&group.diagnostic, &said]);
        let class = if kind == MailKind::Delay { BounceClass::Soft } else { reason::class(reason, status.as_deref()) };
        add(judged, BouncedRecipient { address, class, status, reason: reason.to_owned() });
    }
}

/// The first of several texts that says anything, then the code.
fn reason_of(texts: &[&str], status: Option<&str>) -> &'static str {
    let said = texts.get(..2).unwrap_or(texts).concat();
    reason::corrected(spoken_reason(texts, status), status, &said)
}

fn spoken_reason(texts: &[&str], status: Option<&str>) -> &'static str {
    let specific = |reason: &&'static str| !matches!(*reason, "securityerror" | "systemerror");
    let (first, rest) = texts.split_first().unwrap_or((&"", &[]));
    reason::of_text(first)
        .or_else(|| status.and_then(reason::of_status).filter(specific))
        .or_else(|| rest.iter().find_map(|text| reason::of_text(text)))
        .or_else(|| status.and_then(reason::of_status))
        .unwrap_or(reason::UNDEFINED)
}

/// The report's own code, unless it says nothing and what the server said holds a better one.
fn status_of(status: Option<&str>, texts: &[&str]) -> Option<String> {
    let vague = status.is_none_or(|status| status.ends_with(".0.0"));
    let spoken = || texts.iter().find_map(|text| reason::status_in(text)).filter(|spoken| !spoken.starts_with('2'));
    match status {
        Some(status) if !vague => Some(status.to_owned()),
        _ => spoken().or_else(|| status.map(str::to_owned)),
    }
}

fn add(judged: &mut Classification, mut recipient: BouncedRecipient) {
    recipient.address = printable(&recipient.address);
    if judged.recipients.iter().all(|known| known.address != recipient.address) {
        judged.recipients.push(recipient);
    }
}

/// Sentences of a notice that say a mail did not arrive, in lower case.
#[rustfmt::skip]
const FAILURES: &[&str] = &[
    "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered",
    "was not delivered", "wasn't delivered", "not be delivered", "unable to deliver", "wasn't able to deliver",
    "delivery failed", "delivery has failed", "failed permanently", "undeliverable", "undelivered", "not delivered",
    "permanent error", "permanent fatal error", "did not reach", "delivery error", "had delivery",
    "rejected your message", "message was rejected", "returned to sender", "transcript of session", "user unknown",
    "unknown user", "mailbox full", "mailbox is full", "no such user", "failed to deliver",
    "error has occurred while attempting to deliver", "delivery to the following", "has been delayed",
    "could not send", "will be retried", "following address", "following recipient", "unable to send",
    "could not be sent", "host unknown", "delivery failure", "non-delivered", "rejected by", "an error occurred",
    "not accepted", "konnte nicht zugestellt", "n'a pas pu être", "no se pudo entregar", "não pôde ser entregue",
    "non è stato possibile", "не может быть", "送信できません", "配信できません", "配送", "無法", "无法",
];

/// Sentences that say a mail is still on its way, in lower case.
#[rustfmt::skip]
const DELAYS: &[&str] = &[
    "will continue to", "warning message only", "not yet been delivered", "has been delayed", "delayed",
    "will be retried", "still trying", "keep trying", "do not need to resend", "don't need to resend",
    "not have to resend", "will try again", "no action is required", "will retry",
];
const FINAL: &[&str] = &[
    "permanent",
    "giving up",
    "given up",
    "gave up",
    "failed permanently",
    "could not be delivered",
    "returned",
    "undeliverable",
    "expired",
];

/// A bounce in words only.
fn judge_notice(mail: &ParsedMail, material: &Material, suspicion: Suspicion, judged: &mut Classification) -> bool {
    let failed_field = mail.header("x-failed-recipients").unwrap_or_default();
    let lower = material.notice.to_lowercase();
    let failure =
        FAILURES.iter().any(|phrase| lower.contains(phrase)) || reason::reply_code_in(&material.notice).is_some();
    // A person may forward a bounce or write about one: only a server's mail is taken at its word.
    let certain = !failed_field.is_empty()
        || suspicion.daemon && (suspicion.subject || failure)
        || suspicion.subject && failure && material.original.is_some() && mail.in_reply_to.is_empty();
    if !certain {
        return false;
    }
    let found = found_recipients(mail, material, failed_field);
    if found.is_empty() && !(suspicion.daemon && suspicion.subject) {
        return false;
    }
    let delayed =
        DELAYS.iter().any(|phrase| lower.contains(phrase)) && !FINAL.iter().any(|phrase| lower.contains(phrase));
    judged.kind = if delayed { MailKind::Delay } else { MailKind::Bounce };
    for recipient in found {
        let reason = reason_of(
            &[&recipient.said, &material.notice, &mail.subject],
            reason::status_in(&recipient.said).as_deref(),
        );
        let status = status_of(None, &[&recipient.said, &material.notice]);
        let temporary = status.is_none() && reason::reply_code_in(&recipient.said).is_some_and(|code| code < 500);
        let class = if delayed || temporary { BounceClass::Soft } else { reason::class(reason, status.as_deref()) };
        add(judged, BouncedRecipient { address: recipient.address, class, status, reason: reason.to_owned() });
    }
    true
}

/// From the field that names them, the notice, or the mail that came back.
fn found_recipients(mail: &ParsedMail, material: &Material, failed_field: &str) -> Vec<notice::Found> {
    let named: Vec<notice::Found> = notice::addresses(failed_field)
        .into_iter()
        .map(|(_, address)| notice::Found { said: notice::said_of(&material.notice, &address), address })
        .collect();
    if !named.is_empty() {
        return named;
    }
    let parties: Vec<String> = mail.to.iter().chain(&mail.from).map(|party| party.address.to_lowercase()).collect();
    let found = notice::recipients(&material.notice, &parties);
    if !found.is_empty() {
        return found;
    }
    let of_original = material.original.iter().flat_map(|original| original.to.iter().take(1));
    let original: Vec<notice::Found> = of_original
        .map(|recipient| notice::Found { address: recipient.address.to_lowercase(), said: material.notice.clone() })
        .collect();
    if original.is_empty() { notice::recipients(&material.notice, &[]) } else { original }
}
