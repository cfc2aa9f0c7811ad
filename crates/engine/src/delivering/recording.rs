//! Writes down what came of an attempt: what it means for each delivery and for their message, with the events that tell of it, in one
//! transaction. Never speaks to a server.

use std::collections::HashMap;

use mail::classify::BouncedRecipient;
use model::event::EventType;
use model::message::{DeliveryAttempt, MessageStatus, Recipient};
use model::{MessageId, Timestamp, WorkspaceId};
use rand::RngExt;
use serde_json::json;
use store::deliveries::{AttemptOutcome, DeliveryRow};
use store::events::NewEvent;
use store::{Priority, Tx, deliveries, events, messages};

use super::allowance;
use crate::mailboxes::submitting;
use crate::ports::{DeliveryResult, RecipientOutcome};
use crate::way_out::MX;
use crate::{Engine, Result, bounces, delivery_schedule};

/// `recipients`: the message's.
pub(super) async fn record(
    engine: &Engine,
    lease: &str,
    group: &[DeliveryRow],
    recipients: Vec<Recipient>,
    outcomes: Vec<RecipientOutcome>,
) -> Result<()> {
    let (group, lease) = (group.to_vec(), lease.to_owned());
    let now = Timestamp::now();
    let mut counted: HashMap<&'static str, u64> = HashMap::new();
    outcomes.iter().for_each(|outcome| *counted.entry(outcome.result.as_str()).or_default() += 1);
    let record_all = move |tx: &mut Tx<'_>| {
        let (mut recorded, mut not_taken) = (Vec::with_capacity(group.len()), Vec::new());
        for (row, outcome) in group.iter().zip(&outcomes) {
            let judged = judge(row, outcome, now);
            if deliveries::record(tx, row, &lease, &judged)? {
                recorded.push((row.public.recipient.as_str(), judged.status));
                if !matches!(outcome.result, DeliveryResult::Delivered | DeliveryResult::Captured) {
                    not_taken.push(row.clone());
                }
                let refusal = refusal(row, &judged);
                tell(tx, row, outcome, &judged, refusal.as_ref())?;
                if let Some(refusal) = &refusal {
                    bounces::suppress_bounced(tx, row, refusal, now)?;
                }
                if outcome.result == DeliveryResult::Delivered && judged.status == MessageStatus::Delivered {
                    bounces::forget_soft(tx, row)?;
                }
                if let (DeliveryResult::Delivered, Some(channel)) = (outcome.result, &row.channel_id) {
                    submitting::copy_of(tx, channel, &row.public.message_id, &judged.attempt)?;
                }
            }
        }
        allowance::give_back(tx, &not_taken)?;
        let Some(row) = group.first() else { return Ok(()) };
        match all_recorded(&recipients, &recorded) {
            Some((status, recipients)) => messages::set_status(tx, &row.public.message_id, status, &recipients),
            None => refresh_status(tx, &row.workspace_id, &row.public.message_id),
        }
    };
    crate::write_again_on_conflict(&engine.db, Priority::Delivery, record_all).await?;
    for (result, count) in counted {
        metrics::counter!("postroom_delivery_attempts_total", "result" => result).increment(count);
    }
    Ok(())
}

/// The message's status and its recipients' with theirs, where all of them were recorded.
fn all_recorded(
    recipients: &[Recipient],
    recorded: &[(&str, MessageStatus)],
) -> Option<(MessageStatus, Vec<Recipient>)> {
    let status_of = |recipient: &Recipient| {
        recorded.iter().find(|(address, _)| recipient.address.eq_ignore_ascii_case(address)).map(|(_, status)| *status)
    };
    let with_status =
        |recipient: &Recipient| Some(Recipient { status: Some(status_of(recipient)?), ..recipient.clone() });
    let recipients = recipients.iter().map(with_status).collect::<Option<Vec<_>>>()?;
    let status = MessageStatus::most_urgent(recorded.iter().map(|(_, status)| *status))?;
    Some((status, recipients))
}

/// What an outcome means for the delivery.
pub(super) fn judge(row: &DeliveryRow, outcome: &RecipientOutcome, now: Timestamp) -> AttemptOutcome {
    let attempt = DeliveryAttempt {
        at: now,
        host: outcome.host.clone(),
        response: outcome.response.clone(),
        tls: outcome.tls,
        address: outcome.address.clone(),
        tls_version: outcome.tls_version.clone(),
        tried_before: outcome.tried_before.clone(),
    };
    let over = |status| AttemptOutcome { status, attempt: attempt.clone(), next_attempt_at: None };
    match outcome.result {
        DeliveryResult::Captured => over(MessageStatus::Delivered),
        // The recipient's own exchanger took it.
        DeliveryResult::Delivered if row.public.transport == MX => over(MessageStatus::Delivered),
        // A smarthost took it; what becomes of it there, a bounce would say.
        DeliveryResult::Delivered => over(MessageStatus::Sent),
        DeliveryResult::Bounced => over(MessageStatus::Bounced),
        DeliveryResult::Deferred | DeliveryResult::Infrastructure => {
            if delivery_schedule::expired(row.first_attempt_at.unwrap_or(now), now, is_refused(row, outcome)) {
                return over(MessageStatus::Failed);
            }
            let tries = u32::try_from(row.public.attempts.len()).unwrap_or(u32::MAX);
            let delay = delivery_schedule::retry_delay_after(
                &outcome.response,
                tries.saturating_add(1),
                rand::rng().random_range(0.0..1.0),
            );
            AttemptOutcome {
                status: MessageStatus::Deferred,
                attempt: attempt.clone(),
                next_attempt_at: Some(now.plus(delay)),
            }
        }
    }
}

/// By a mail exchanger, for what we could mend.
fn is_refused(row: &DeliveryRow, outcome: &RecipientOutcome) -> bool {
    row.public.transport == MX && outcome.result == DeliveryResult::Infrastructure
}

/// Why a recipient was refused for good, read from the server's words.
fn refusal(row: &DeliveryRow, judged: &AttemptOutcome) -> Option<BouncedRecipient> {
    (judged.status == MessageStatus::Bounced)
        .then(|| mail::classify::refusal(&row.public.recipient, &judged.attempt.response))
}

fn tell(
    tx: &mut Tx<'_>,
    row: &DeliveryRow,
    outcome: &RecipientOutcome,
    judged: &AttemptOutcome,
    refusal: Option<&BouncedRecipient>,
) -> store::Result<()> {
    let event_types: &[EventType] = match (outcome.result, judged.status) {
        (_, MessageStatus::Delivered) => &[EventType::MessageSent, EventType::MessageDelivered],
        (_, MessageStatus::Sent) => &[EventType::MessageSent],
        (_, MessageStatus::Bounced) => &[EventType::MessageBounced],
        (_, MessageStatus::Failed) => &[EventType::MessageFailed],
        _ => &[EventType::MessageDeferred],
    };
    let response = match judged.status {
        MessageStatus::Failed => format!(
            "given up after {} hours of trying; what was heard last: {}",
            delivery_schedule::give_up_after(is_refused(row, outcome)).as_secs() / (60 * 60),
            outcome.response
        ),
        _ => outcome.response.clone(),
    };
    for event_type in event_types {
        let status = event_type.as_str().trim_start_matches("message.");
        let mut data = json!({ "messageId": row.public.message_id, "status": status, "recipient": row.public.recipient,
            "response": response, "nextAttemptAt": judged.next_attempt_at });
        if let (Some(data), Some(refusal)) = (data.as_object_mut(), refusal) {
            data.extend(bounces::told_of(refusal));
        }
        let (workspace_id, channel_id) = (&row.workspace_id, row.channel_id.as_ref());
        let subject_id = row.public.message_id.as_str();
        events::append(
            tx,
            &NewEvent {
                workspace_id,
                channel_id,
                event_type: *event_type,
                subject_id,
                data: &data,
                at: judged.attempt.at,
            },
        )?;
    }
    if outcome.result == DeliveryResult::Infrastructure {
        tracing::warn!(message = %row.public.message_id, response = outcome.response, "the way out refused us; the delivery waits for it to be mended");
    }
    Ok(())
}

/// Brings a message's status and its recipients' in line with its deliveries.
pub(crate) fn refresh_status(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &MessageId) -> store::Result<()> {
    let rows = deliveries::of_message(tx, workspace, id)?;
    let Some(mut message) = messages::get(tx, workspace, id)? else { return Ok(()) };
    for recipient in &mut message.recipients {
        if let Some(row) = rows.iter().find(|row| row.public.recipient.eq_ignore_ascii_case(&recipient.address)) {
            recipient.status = Some(row.public.status);
        }
    }
    let status = MessageStatus::most_urgent(rows.iter().map(|row| row.public.status)).unwrap_or(message.status);
    messages::set_status(tx, id, status, &message.recipients)
}
