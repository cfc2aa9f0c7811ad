//! What a suspicious mail comes to: its material gathered, then judged by the machine's half, else by the human one. Owns the
//! order of those steps; the words are in the modules beside it.

use super::code;
use std::sync::LazyLock;

use super::notice;
use super::report::{self, Action, Group};
use super::ses::{self, Notification};
use super::verdict::{self, Evidence, Verdict};
use super::{
    BounceClass, BounceReason, BouncedRecipient, COMPLAINED, Classification, Complaint, MailKind, Suspicion,
    UNSUBSCRIBES, contains,
};
use crate::ParsedMail;
use crate::head::printable;
use crate::mime::{self, Leaf};
use crate::phrases::Phrases;

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
            let leaves = mime::leaves(&message).0;
            leaves.iter().for_each(|leaf| material.part(leaf));
            material.open_attached(&leaves);
        }
        match ses::notification(text) {
            Some(Notification::Bounce(groups)) => material.groups = groups,
            Some(Notification::Complaint(feedback)) => material.feedback = Some(feedback),
            None => {}
        }
        if material.groups.is_empty() && contains(text, "final-recipient:") {
            material.groups = report::groups(text);
        }
        material
    }

    /// A gateway that bounces or passes on a bounce has the report in the mail it attaches: one level is opened.
    fn open_attached(&mut self, leaves: &[Leaf<'_>]) {
        let attached = leaves.iter().find(|leaf| leaf.media() == ("message", "rfc822"));
        let (true, true, Some(leaf)) = (self.groups.is_empty(), self.feedback.is_none(), attached) else { return };
        let inner = leaf.decoded();
        for leaf in mime::structure(&inner).iter().flat_map(|message| mime::leaves(message).0) {
            if matches!(leaf.media(), ("message", "delivery-status" | "global-delivery-status")) {
                self.part(&leaf);
            }
        }
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
        judged.recipients = feedback
            .recipients
            .iter()
            .map(|address| BouncedRecipient {
                address: printable(address),
                class: BounceClass::Soft,
                status: None,
                reason: BounceReason::Complained,
                diagnostic: String::new(),
                infrastructure: false,
            })
            .collect();
        judged.complaint = Some(Complaint {
            feedback_type: feedback.kind.map_or_else(|| "abuse".to_owned(), |kind| printable(&kind)),
        });
    } else if let Some(list) = notice::fml_list(mail) {
        judged.kind = MailKind::Bounce;
        let verdict = verdict::of_list(&mail.subject);
        let said = material.notice.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        add(judged, list, verdict, said);
    } else if !material.groups.is_empty() {
        judge_groups(&material, judged);
    } else if material.read_receipt {
        judged.kind = MailKind::Delivered;
    } else if !judge_notice(mail, &material, suspicion, judged) {
        return false;
    }
    judged.original_message_id = material.original.as_ref().and_then(|original| original.message_id.clone());
    judged.original = material.original.map(Box::new);
    true
}

/// RFC 5965, the one big sender of complaints that came before it, and Apple's mail to a List-Unsubscribe address.
fn complaint(mail: &ParsedMail, material: &Material) -> Option<report::Feedback> {
    if let Some(feedback) = &material.feedback {
        return Some(feedback.clone());
    }
    if mail.header(UNSUBSCRIBES).is_some() {
        let recipients = mail.from.iter().map(|from| from.address.to_lowercase()).collect();
        return Some(report::Feedback { kind: Some("opt-out".to_owned()), recipients });
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
        let Some(named) = group.recipient.as_deref() else { continue };
        // The notice is searched for each: with very many the report alone has to do.
        let searched = index < SEARCHED_FOR_MAX;
        let behind = if searched { mailbox_behind(named, material) } else { None };
        let address = behind.unwrap_or_else(|| named.to_owned());
        let said = if searched { notice::said_of(&material.notice, &address) } else { String::new() };
        let whole = if groups.len() == 1 { material.notice.as_str() } else { "" };
        let verdict = verdict::of(&Evidence {
            address: &address,
            diagnostic: &group.diagnostic,
            said: &said,
            notice: whole,
            status: group.status.as_deref(),
            category: group.category.as_deref(),
            delayed: kind == MailKind::Delay,
        });
        let told = if group.diagnostic.is_empty() { &said } else { &group.diagnostic };
        add(judged, address, verdict, told);
    }
}

/// A pipe or a file is where the mail went: whom it was for stands in the notice (Exim's `generated by`, Sun's `Original address`).
fn mailbox_behind(named: &str, material: &Material) -> Option<String> {
    const SAYS: &[&str] = &["generated by", "generated from", "expanded from", "original address"];
    if report::is_usable(named) {
        return None;
    }
    let lines = || material.notice.lines();
    let said = lines().find_map(|line| {
        let lower = line.to_lowercase();
        let at = SAYS.iter().find_map(|words| lower.find(words))?;
        notice::addresses(line.get(at..)?).into_iter().next()
    });
    // Or it is the one address that the notice gives a line of its own.
    let own =
        || lines().find_map(|line| notice::addresses(line).into_iter().find(|_| line.trim_start().starts_with('<')));
    // Or the mail that came back went to one.
    let sent_to =
        || material.original.iter().flat_map(|original| &original.to).next().map(|to| to.address.to_lowercase());
    said.or_else(own).map(|(_, address)| address).or_else(sent_to)
}

/// Bytes of a diagnostic that are kept.
const DIAGNOSTIC_KEPT_BYTES_MAX: usize = 2 * 1024;

fn add(judged: &mut Classification, address: String, verdict: Verdict, told: &str) {
    let address = printable(&address);
    if !judged.recipients.iter().any(|known| known.address == address) {
        judged.recipients.push(recipient(address, verdict, told));
    }
}

/// The recipient that a server refused with these words.
pub(super) fn refusal(address: &str, response: &str) -> BouncedRecipient {
    let address = address.to_lowercase();
    let evidence = Evidence {
        address: &address,
        diagnostic: response,
        said: "",
        notice: "",
        status: None,
        category: None,
        delayed: false,
    };
    recipient(printable(&address), verdict::of(&evidence), response)
}

fn recipient(address: String, verdict: Verdict, told: &str) -> BouncedRecipient {
    let Verdict { reason, status, class } = verdict;
    let mut diagnostic = told.split_whitespace().collect::<Vec<_>>().join(" ");
    diagnostic.truncate(diagnostic.floor_char_boundary(DIAGNOSTIC_KEPT_BYTES_MAX));
    BouncedRecipient {
        address,
        class,
        status: Some(status),
        reason,
        diagnostic: printable(&diagnostic),
        infrastructure: reason.is_infrastructure(),
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

static FAILED: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(FAILURES.iter().copied()));
static DELAYED: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(DELAYS.iter().copied()));

/// A bounce in words only.
fn judge_notice(mail: &ParsedMail, material: &Material, suspicion: Suspicion, judged: &mut Classification) -> bool {
    let failed_field = mail.header("x-failed-recipients").unwrap_or_default();
    let lower = material.notice.to_lowercase();
    let failure = FAILED.any_in(&lower) || code::reply_code_in(&material.notice).is_some();
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
    let delayed = DELAYED.any_in(&lower) && !FINAL.iter().any(|phrase| lower.contains(phrase));
    judged.kind = if delayed { MailKind::Delay } else { MailKind::Bounce };
    let alone = found.len() == 1;
    for recipient in found {
        let verdict = verdict::of(&Evidence {
            address: &recipient.address,
            diagnostic: &recipient.said,
            said: "",
            notice: if alone { &material.notice } else { "" },
            status: None,
            category: None,
            delayed,
        });
        add(judged, recipient.address, verdict, &recipient.said);
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
