//! Delivers what is queued: claim with a lease → send → record. Owns when a delivery is tried and what its outcome means;
//! no transaction is open while anybody's server is spoken to.

mod pace;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use mail::classify::BouncedRecipient;
use model::event::EventType;
use model::message::{DeliveryAttempt, MessageStatus};
use model::{DeliveryId, MessageId, Timestamp, WorkspaceId};
use rand::RngExt;
use serde_json::json;
use store::deliveries::{AttemptOutcome, DeliveryRow};
use store::events::NewEvent;
use store::{Dialect, Priority, Topic, Tx, broadcast_recipients, deliveries, events, messages};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::mailboxes::submitting;
use crate::ports::{DeliveryResult, OutboundMail, RecipientOutcome};
use crate::way_out::{DeliveryMode, MX, mx_domain};
use crate::{Engine, Result, bounces, delivery_schedule, due, raw, suppressions};
use pace::{Group, Pace};

/// How long a claimed delivery is ours: longer than any SMTP transaction may take (RFC 5321 §4.5.3.2).
const LEASE: Duration = Duration::from_secs(20 * 60);
/// Deliveries claimed at once.
const CLAIM: usize = 100;
/// Messages under way at once.
const UNDER_WAY_MAX: usize = 64;
/// How long work that nobody announced may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
pub(crate) const SANDBOX: &str = "sandbox";

type SharedPace = Arc<Mutex<Pace>>;

/// Delivers until it is told to stop; what is under way then is finished.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let lease = crate::tokens::random(16);
    if engine.db.dialect() == Dialect::Sqlite {
        // Nobody else works on this database: what a crash left claimed is free.
        let freed = engine.db.write(Priority::Delivery, |tx| deliveries::free_claimed(tx, Timestamp::now())).await;
        match freed {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deliveries that were under way when Postroom stopped are tried again"),
            Err(error) => {
                tracing::error!(%error, "deliveries left under way could not be freed; they are when their lease ends")
            }
        }
    }
    let mut news = engine.db.subscribe(Topic::Deliveries);
    let pace = SharedPace::default();
    let mut tasks = JoinSet::new();
    // Destinations that were left alone when nothing else was due: looking again is of use once one of them is free.
    let mut left_alone: Option<Vec<String>> = None;
    while !shutdown.is_cancelled() {
        let stale = lock(&pace).take_stale(Timestamp::now());
        release(&engine, &lease, stale).await;
        let (busy, waiting) = {
            let pace = lock(&pace);
            (pace.busy(), pace.waiting())
        };
        let is_worth_it = left_alone.as_ref().is_none_or(|names| names.iter().any(|name| !busy.contains(name)));
        let looks = is_worth_it && tasks.len() < UNDER_WAY_MAX && waiting < CLAIM;
        let claimed = if looks { claim(&engine, &lease, &busy).await } else { Ok(Vec::new()) };
        let failed = claimed.is_err();
        let claimed = claimed.unwrap_or_else(|error| {
            tracing::error!(%error, "deliveries could not be claimed; trying again");
            Vec::new()
        });
        let idle = claimed.is_empty();
        if looks {
            left_alone = (idle && !failed).then_some(busy);
        }
        let now = Timestamp::now();
        by_message(claimed).into_iter().for_each(|group| lock(&pace).add(group, now));
        while tasks.len() < UNDER_WAY_MAX {
            let Some(group) = lock(&pace).begin() else { break };
            start(&mut tasks, &engine, &lease, &pace, group);
        }
        if idle || tasks.len() >= UNDER_WAY_MAX {
            let pause = due::pause(&engine, deliveries::next_due, LOOK_AGAIN, failed).await;
            tokio::select! {
                _ = news.changed() => left_alone = None,
                Some(_) = tasks.join_next() => {}
                () = tokio::time::sleep(pause) => left_alone = None,
                () = shutdown.cancelled() => {}
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    let waiting = lock(&pace).take_waiting();
    release(&engine, &lease, waiting).await;
    while tasks.join_next().await.is_some() {}
}

fn lock(pace: &SharedPace) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn claim(engine: &Engine, lease: &str, busy: &[String]) -> Result<Vec<DeliveryRow>> {
    let (lease, busy, now) = (lease.to_owned(), busy.to_vec(), Timestamp::now());
    Ok(engine
        .db
        .write(Priority::Delivery, move |tx| deliveries::claim(tx, now, now.plus(LEASE), &lease, &busy, CLAIM))
        .await?)
}

/// Gives claimed deliveries back that were not begun.
async fn release(engine: &Engine, lease: &str, groups: Vec<Group>) {
    let ids: Vec<DeliveryId> = groups.into_iter().flatten().map(|row| row.public.id).collect();
    if ids.is_empty() {
        return;
    }
    let lease = lease.to_owned();
    let released =
        engine.db.write(Priority::Delivery, move |tx| deliveries::release(tx, &ids, &lease, Timestamp::now())).await;
    if let Err(error) = released {
        tracing::error!(%error, "claimed deliveries could not be given back; they are free when their lease ends");
    }
}

/// Recipients of one message that go the same way share a transaction.
fn by_message(rows: Vec<DeliveryRow>) -> Vec<Vec<DeliveryRow>> {
    let mut groups: HashMap<(MessageId, String), Vec<DeliveryRow>> = HashMap::new();
    for row in rows {
        groups.entry((row.public.message_id.clone(), row.destination.clone())).or_default().push(row);
    }
    groups.into_values().collect()
}

fn start(tasks: &mut JoinSet<()>, engine: &Engine, lease: &str, pace: &SharedPace, group: Group) {
    let Some(destination) = group.first().map(|row| row.destination.clone()) else { return };
    let (engine, lease, pace) = (engine.clone(), lease.to_owned(), pace.clone());
    tasks.spawn(async move {
        let too_many = deliver(&engine, &lease, &group).await.unwrap_or_else(|error| {
            tracing::error!(%error, destination, "a delivery could not be recorded; it is tried again when its lease ends");
            false
        });
        if too_many {
            tracing::info!(destination, "the destination says that it gets too much; it gets less at once for a while");
        }
        lock(&pace).ended(&destination, too_many, Timestamp::now());
    });
}

/// Says whether the next hop asked for less at once.
async fn deliver(engine: &Engine, lease: &str, group: &[DeliveryRow]) -> Result<bool> {
    let group = &hold_back(engine, lease, group).await?;
    let Some(first) = group.first() else { return Ok(false) };
    let outcomes = match attempt(engine, first, group).await {
        Ok(outcomes) => outcomes,
        Err(error) => group.iter().map(|row| infrastructure(&row.public.recipient, &error.to_string())).collect(),
    };
    let too_many = outcomes.iter().any(|outcome| {
        outcome.result == DeliveryResult::Deferred && delivery_schedule::says_too_many(&outcome.response)
    });
    record(engine, lease, group, outcomes).await?;
    Ok(too_many)
}

/// Those that are still to be sent: what was suppressed since they were queued is not.
async fn hold_back(engine: &Engine, lease: &str, group: &[DeliveryRow]) -> Result<Vec<DeliveryRow>> {
    let Some(first) = group.first() else { return Ok(Vec::new()) };
    let (workspace, id, now) = (first.workspace_id.clone(), first.public.message_id.clone(), Timestamp::now());
    let recipients: Vec<String> = group.iter().map(|row| row.public.recipient.clone()).collect();
    // Broadcasts go under use cases, which have no channel.
    let may_be_of_broadcast = first.channel_id.is_none();
    let find = move |tx: &mut Tx<'_>| {
        let is_stopped = may_be_of_broadcast && broadcast_recipients::is_stopped(tx, &id)?;
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        Ok((is_stopped, suppressions::held_back_of_message(tx, &workspace, &id, &recipients, now)?))
    };
    let (is_stopped, held) = engine.db.read(find).await?;
    if is_stopped && put_aside(engine, lease, &first.public.message_id).await? {
        return Ok(Vec::new());
    }
    if held.is_empty() {
        return Ok(group.to_vec());
    }
    let (stopped, rest): (Vec<DeliveryRow>, Vec<DeliveryRow>) =
        group.iter().cloned().partition(|row| held.contains_key(&row.public.recipient));
    let lease = lease.to_owned();
    let note = move |tx: &mut Tx<'_>| {
        for row in &stopped {
            let Some(suppression) = held.get(&row.public.recipient) else { continue };
            let response = suppressions::words(suppression);
            let attempt = DeliveryAttempt::unspoken(now, response);
            let outcome = AttemptOutcome { status: MessageStatus::Suppressed, attempt, next_attempt_at: None };
            if deliveries::record(tx, row, &lease, &outcome)? {
                let (channel, message) = (row.channel_id.as_ref(), &row.public.message_id);
                let recipient = &row.public.recipient;
                suppressions::tell_held_back(tx, &row.workspace_id, channel, message, recipient, suppression, now)?;
            }
        }
        match stopped.first() {
            Some(row) => refresh_status(tx, &row.workspace_id, &row.public.message_id),
            None => Ok(()),
        }
    };
    crate::write_again_on_conflict(&engine.db, Priority::Delivery, note).await?;
    Ok(rest)
}

/// Of a paused or cancelled broadcast: not tried until it is resumed. False where that happened meanwhile.
async fn put_aside(engine: &Engine, lease: &str, message: &MessageId) -> Result<bool> {
    let (lease, message) = (lease.to_owned(), message.clone());
    let work = move |tx: &mut Tx<'_>| broadcast_recipients::put_aside(tx, &message, &lease, Timestamp::now());
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Delivery, work).await?)
}

async fn attempt(engine: &Engine, first: &DeliveryRow, group: &[DeliveryRow]) -> Result<Vec<RecipientOutcome>> {
    if first.public.transport == SANDBOX {
        let captured = |row: &DeliveryRow| {
            let response = "captured by the sandbox; nothing left this machine".into();
            RecipientOutcome::unspoken(row.public.recipient.clone(), DeliveryResult::Captured, response)
        };
        return Ok(group.iter().map(captured).collect());
    }
    let (workspace, id) = (first.workspace_id.clone(), first.public.message_id.clone());
    let message = engine.db.read(move |tx| messages::get(tx, &workspace, &id)).await?;
    let message = message.ok_or(crate::EngineError::NotFound { what: "the message" })?;
    let raw: Bytes = match message.blob_id {
        Some(id) => raw::read(engine, id).await?,
        None => return Err(crate::EngineError::Internal("the message has no raw mail".into())),
    };
    let recipients = group.iter().map(|row| row.public.recipient.clone()).collect();
    let envelope_id = Some(first.public.message_id.to_string());
    let mail = OutboundMail { mail_from: message.envelope.mail_from, recipients, raw, envelope_id };
    if first.public.transport == MX
        && let Some(domain) = mx_domain(&first.destination)
        && (engine.config.delivery == DeliveryMode::Direct || engine.config.smarthost.is_none())
    {
        return Ok(engine.ports.transport.send_to_mx(domain, mail).await);
    }
    // What was queued for mail exchangers follows an instance that sends by a smarthost by now.
    let smarthost = engine.smarthost(&first.workspace_id, first.channel_id.as_ref()).await?;
    Ok(engine.ports.transport.send(&smarthost, mail).await)
}

fn infrastructure(recipient: &str, detail: &str) -> RecipientOutcome {
    RecipientOutcome::unspoken(recipient.to_owned(), DeliveryResult::Infrastructure, detail.to_owned())
}

async fn record(engine: &Engine, lease: &str, group: &[DeliveryRow], outcomes: Vec<RecipientOutcome>) -> Result<()> {
    let (group, lease) = (group.to_vec(), lease.to_owned());
    let now = Timestamp::now();
    let mut counted: HashMap<&'static str, u64> = HashMap::new();
    outcomes.iter().for_each(|outcome| *counted.entry(outcome.result.as_str()).or_default() += 1);
    let record_all = move |tx: &mut Tx<'_>| {
        for (row, outcome) in group.iter().zip(&outcomes) {
            let judged = judge(row, outcome, now);
            if deliveries::record(tx, row, &lease, &judged)? {
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
        match group.first() {
            Some(row) => refresh_status(tx, &row.workspace_id, &row.public.message_id),
            None => Ok(()),
        }
    };
    crate::write_again_on_conflict(&engine.db, Priority::Delivery, record_all).await?;
    for (result, count) in counted {
        metrics::counter!("postroom_delivery_attempts_total", "result" => result).increment(count);
    }
    Ok(())
}

/// What an outcome means for the delivery.
fn judge(row: &DeliveryRow, outcome: &RecipientOutcome, now: Timestamp) -> AttemptOutcome {
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
            if delivery_schedule::expired(row.first_attempt_at.unwrap_or(now), now) {
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
            "given up after {} days of trying; what was heard last: {}",
            delivery_schedule::GIVE_UP_AFTER.as_secs() / (24 * 60 * 60),
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
