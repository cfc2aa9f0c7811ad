//! What comes back acts on what was sent: refusals at delivery, and bounces, delays and complaints that come as mail. Owns which delivery
//! a report speaks of, whom it is believed by, and what follows from it; never reads a mail, that is `mail::classify`'s.
//!
//! **Who is believed.** Anybody can send us a mail that looks like a bounce. A report is believed where it came to the return path of one
//! recipient of a message (`return_path`: a token that only those were shown who carried the mail), and then it speaks of that recipient alone.
//! Failing that, it has to name the Message-ID of a mail that this workspace sent, and a recipient that this very mail was sent to: whoever was
//! not sent the mail knows neither. Of a mail to several that left with return paths of ours, that is not believed: whoever got it could
//! speak for the others. What fails DMARC is believed in no case. So the worst that somebody can do with a mail they got is to have
//! themselves suppressed, or, where the envelope sender was not ours to choose, those who got the same mail.
//!
//! | report | delivery | suppression of the workspace |
//! |---|---|---|
//! | bounce, the address is no good | `bounced` | `hardBounce` |
//! | bounce, for reasons that may pass | `bounced` | the fifth in 14 days without a delivery between: `softBounce`, for 30 days |
//! | bounce, a rule, a filter or a limit refused this mail | `bounced` | none |
//! | bounce, ours to mend (reputation, signatures, relaying) | `bounced` | none; it is said in the log |
//! | delay | `deferred`: another server tries on | none |
//! | delivered | `delivered` | none; soft bounces are counted anew |
//! | complaint | `complained` | `complaint` |

use std::time::Duration;

use mail::classify::{BounceClass, BounceReason, BouncedRecipient, Classification, MailKind};
use model::event::EventType;
use model::limits::{SOFT_BOUNCE_SUPPRESSION_DAYS, SOFT_BOUNCES_MAX, SUPPRESSION_DETAIL_CHARS_MAX};
use model::message::{DeliveryAttempt, MessageStatus};
use model::suppression::{SuppressionReason, SuppressionScope};
use model::{MessageId, Timestamp, WorkspaceId};
use serde_json::{Map, Value as Json, json};
use store::deliveries::DeliveryRow;
use store::events::{self, NewEvent};
use store::{Result, Tx, deliveries, message_references, messages, suppressions};

use crate::ports::ReturnedTo;
use crate::return_path;
use crate::suppressions::{NewSuppression, put, soft_bounces_since};

/// Recipients of one report that are acted on.
const RECIPIENTS_MAX: usize = 100;

/// A report that came as mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    kind: MailKind,
    recipients: Vec<BouncedRecipient>,
    /// Of complaints: `abuse`, `opt-out`, …
    feedback_type: Option<String>,
    original_message_id: Option<String>,
}

impl Report {
    /// `None` where the mail is none.
    pub fn of(classification: &Classification) -> Option<Self> {
        let is_report = match classification.kind {
            MailKind::Bounce | MailKind::Delay | MailKind::Delivered | MailKind::Complaint => true,
            MailKind::Message | MailKind::AutoReply => false,
        };
        is_report.then(|| Self {
            kind: classification.kind,
            recipients: classification.recipients.iter().take(RECIPIENTS_MAX).cloned().collect(),
            feedback_type: classification.complaint.as_ref().map(|complaint| complaint.feedback_type.clone()),
            original_message_id: classification.original_message_id.clone(),
        })
    }

    pub fn kind(&self) -> &'static str {
        self.kind.as_str()
    }
}

/// Acts on a report, within the transaction that takes it in. `returned_to`: whose return path it came to.
///
/// # Errors
/// What the database says.
pub(crate) fn act(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    report: &Report,
    returned_to: Option<&ReturnedTo>,
    at: Timestamp,
) -> Result<()> {
    let about = match (returned_to, &report.original_message_id) {
        (Some(returned_to), _) => vec![returned_to.message.clone()],
        (None, Some(rfc_message_id)) => message_references::sent_as(tx, workspace, rfc_message_id)?,
        (None, None) => Vec::new(),
    };
    for id in about {
        let mut rows = deliveries::of_message(tx, workspace, &id)?;
        match returned_to.and_then(|returned_to| returned_to.delivery.as_ref()) {
            Some(delivery) => rows.retain(|row| row.public.id == *delivery),
            None if returned_to.is_none() && rows.len() > 1 && returns_to_us(tx, workspace, &id)? => continue,
            None => {}
        }
        let mut acted = false;
        for (row, recipient) in spoken_of(report, &rows, returned_to.is_some()) {
            acted |= act_on(tx, report, row, recipient, at)?;
        }
        if acted {
            crate::delivering::refresh_status(tx, workspace, &id)?;
        }
    }
    Ok(())
}

fn returns_to_us(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &MessageId) -> Result<bool> {
    let message = messages::get(tx, workspace, id)?;
    Ok(message.is_some_and(|message| return_path::is_ours(&message.envelope.mail_from)))
}

/// The deliveries a report speaks of, each with what is said of it. A report that names nobody, or at a return path somebody else (mail
/// that was forwarded, an address that was rewritten), speaks of a mail's only recipient; of several it can't be told which.
fn spoken_of<'r>(
    report: &'r Report,
    rows: &'r [DeliveryRow],
    by_return_path: bool,
) -> Vec<(&'r DeliveryRow, Option<&'r BouncedRecipient>)> {
    let key = |address: &str| mail::address::normalize(address).unwrap_or_else(|| address.to_lowercase());
    let named: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let own = key(&row.public.recipient);
            Some((row, Some(report.recipients.iter().find(|recipient| key(&recipient.address) == own)?)))
        })
        .collect();
    match (named.is_empty(), rows, report.recipients.as_slice()) {
        (false, ..) => named,
        (true, [only], [one]) if by_return_path => vec![(only, Some(one))],
        // Feedback loops hide whom they speak of.
        (true, [only], []) if by_return_path || report.kind == MailKind::Complaint => vec![(only, None)],
        _ => Vec::new(),
    }
}

/// Whether anything came of it: what was reported before, or never left, is as it was.
fn act_on(
    tx: &mut Tx<'_>,
    report: &Report,
    row: &DeliveryRow,
    said: Option<&BouncedRecipient>,
    at: Timestamp,
) -> Result<bool> {
    use MessageStatus::{Bounced, Deferred, Delivered, Sending, Sent};
    let status = row.public.status;
    // Where a connection broke, or a report is faster than our own note, the next server may have taken what we think is under way.
    let waits_with_us = row.public.next_attempt_at.is_some();
    let has_left = matches!(status, Sending | Sent | Delivered)
        || status == Deferred && (row.first_attempt_at.is_some() || !waits_with_us);
    let (status, event_type) = match report.kind {
        MailKind::Bounce if has_left => (Bounced, EventType::MessageBounced),
        MailKind::Delay if status == Sent => (Deferred, EventType::MessageDeferred),
        MailKind::Delivered if has_left && status != Delivered && !waits_with_us && said.is_some() => {
            (Delivered, EventType::MessageDelivered)
        }
        MailKind::Complaint if has_left || status == Bounced => {
            return complained(tx, report, row, at);
        }
        _ => return Ok(false),
    };
    note(tx, row, status, event_type, said, at)?;
    match (report.kind, said) {
        (MailKind::Bounce, Some(said)) => suppress_bounced(tx, row, said, at)?,
        (MailKind::Delivered, _) => forget_soft(tx, row)?,
        _ => {}
    }
    Ok(true)
}

/// RFC 5965 §7.3 and its relatives: `not-spam` and `auth-failure` are reports of another kind, `opt-out` asks for no more.
fn complained(tx: &mut Tx<'_>, report: &Report, row: &DeliveryRow, at: Timestamp) -> Result<bool> {
    let feedback_type = report.feedback_type.as_deref().unwrap_or("abuse");
    let reason = match feedback_type {
        "not-spam" | "auth-failure" => return Ok(false),
        "opt-out" | "opt-out-list" => SuppressionReason::Unsubscribe,
        _ => SuppressionReason::Complaint,
    };
    let marks = reason == SuppressionReason::Complaint;
    if marks {
        let said = BouncedRecipient {
            address: row.public.recipient.to_lowercase(),
            class: BounceClass::Soft,
            status: None,
            reason: BounceReason::Complained,
            diagnostic: format!("a complaint came back ({feedback_type})"),
            infrastructure: false,
        };
        note(tx, row, MessageStatus::Complained, EventType::MessageComplained, Some(&said), at)?;
    }
    suppress(tx, row, reason, Some(format!("feedback type {feedback_type}")), None, at)?;
    Ok(marks)
}

/// Writes what came back into the delivery's log, and tells of it.
fn note(
    tx: &mut Tx<'_>,
    row: &DeliveryRow,
    status: MessageStatus,
    event_type: EventType,
    said: Option<&BouncedRecipient>,
    at: Timestamp,
) -> Result<()> {
    let diagnostic = said.map(|said| said.diagnostic.as_str()).filter(|text| !text.is_empty());
    let code = said.and_then(|said| said.status.as_deref()).unwrap_or_default();
    let response = match diagnostic {
        Some(text) => format!("reported: {text}"),
        None => format!("reported: {} {code}", status.as_str()).trim_end().to_owned(),
    };
    let attempt = DeliveryAttempt::unspoken(at, response.clone());
    deliveries::note_report(tx, row, status, &attempt)?;
    let mut data = json!({ "messageId": row.public.message_id, "status": status, "recipient": row.public.recipient,
        "response": response });
    if let (Some(data), Some(said)) = (data.as_object_mut(), said) {
        data.extend(told_of(said));
    }
    let event = NewEvent {
        workspace_id: &row.workspace_id,
        channel_id: row.channel_id.as_ref(),
        event_type,
        subject_id: row.public.message_id.as_str(),
        data: &data,
        at,
    };
    events::append(tx, &event).map(drop)
}

/// What an event says of a bounce. `status` is the message's; the server's own is `enhancedStatus`.
pub(crate) fn told_of(said: &BouncedRecipient) -> Map<String, Json> {
    let fields = [
        ("class", json!(said.class.as_str())),
        ("enhancedStatus", json!(said.status)),
        ("reason", json!(said.reason.as_str())),
        ("diagnostic", json!(said.diagnostic)),
        ("infrastructure", json!(said.infrastructure)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A bounce does what it must to its recipient's address.
pub(crate) fn suppress_bounced(
    tx: &mut Tx<'_>,
    row: &DeliveryRow,
    said: &BouncedRecipient,
    at: Timestamp,
) -> Result<()> {
    if said.infrastructure {
        tracing::warn!(message = %row.public.message_id, reason = said.reason.as_str(), diagnostic = said.diagnostic,
            "a mail bounced for what is ours to mend; its recipient is not suppressed");
        return Ok(());
    }
    let detail: String = said.diagnostic.chars().take(SUPPRESSION_DETAIL_CHARS_MAX).collect();
    let detail = Some(detail).filter(|detail| !detail.is_empty()).or_else(|| said.status.clone());
    if is_no_good(said) {
        return suppress(tx, row, SuppressionReason::HardBounce, detail, None, at);
    }
    if is_of_the_mail(said.reason) {
        return Ok(());
    }
    let Some(address) = mail::address::normalize(&row.public.recipient) else { return Ok(()) };
    let (workspace, since) = (&row.workspace_id, soft_bounces_since(at));
    let count = suppressions::count_soft_bounce(tx, workspace, &address, &row.public.id, at, since)?;
    if count >= SOFT_BOUNCES_MAX {
        let until = at.plus(Duration::from_secs(SOFT_BOUNCE_SUPPRESSION_DAYS * 24 * 60 * 60));
        suppress(tx, row, SuppressionReason::SoftBounce, detail, Some(until), at)?;
        suppressions::forget_soft_bounces(tx, workspace, &address)?;
    }
    Ok(())
}

/// A mail reached the recipient's own server: the count of soft bounces begins anew.
pub(crate) fn forget_soft(tx: &mut Tx<'_>, row: &DeliveryRow) -> Result<()> {
    match mail::address::normalize(&row.public.recipient) {
        Some(address) => suppressions::forget_soft_bounces(tx, &row.workspace_id, &address),
        None => Ok(()),
    }
}

/// A rule, a filter or a limit refused this mail: the next may be taken, and nothing is known of the address.
fn is_of_the_mail(reason: BounceReason) -> bool {
    use BounceReason::{
        ContentRejected, Filtered, Malformed, Policy, RejectedSpam, SecurityRefused, SenderRejected, TooLarge,
        VirusDetected,
    };
    matches!(
        reason,
        ContentRejected
            | Filtered
            | Malformed
            | Policy
            | RejectedSpam
            | SecurityRefused
            | SenderRejected
            | TooLarge
            | VirusDetected
    )
}

/// An address that is no good, or a mailbox that was shut for good (RFC 3463 X.2.1).
fn is_no_good(said: &BouncedRecipient) -> bool {
    said.class == BounceClass::Hard || said.reason == BounceReason::Disabled && said.status.as_deref() == Some("5.2.1")
}

fn suppress(
    tx: &mut Tx<'_>,
    row: &DeliveryRow,
    reason: SuppressionReason,
    detail: Option<String>,
    expires_at: Option<Timestamp>,
    at: Timestamp,
) -> Result<()> {
    let Some(address) = mail::address::normalize(&row.public.recipient) else { return Ok(()) };
    let new = NewSuppression {
        address,
        scope: SuppressionScope::Workspace,
        scope_id: None,
        reason,
        detail,
        message_id: Some(row.public.message_id.clone()),
        expires_at,
    };
    put(tx, &row.workspace_id, &new, at).map(drop)
}

#[cfg(test)]
mod tests;
