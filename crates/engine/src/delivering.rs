//! Delivers what is queued: claim with a lease → send → record. Owns when a delivery is tried and what its outcome means;
//! no transaction is open while anybody's server is spoken to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::event::EventType;
use model::message::{DeliveryAttempt, MessageStatus};
use model::{MessageId, Timestamp, WorkspaceId};
use rand::RngExt;
use serde_json::json;
use store::deliveries::{AttemptOutcome, DeliveryRow};
use store::events::NewEvent;
use store::{Dialect, Priority, Topic, Tx, deliveries, events, messages};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ports::{DeliveryResult, OutboundMail, RecipientOutcome};
use crate::{Engine, Result, delivery_schedule, raw};

/// How long a claimed delivery is ours: longer than any SMTP transaction may take (RFC 5321 §4.5.3.2).
const LEASE: Duration = Duration::from_secs(20 * 60);
/// Deliveries claimed at once.
const CLAIM: usize = 100;
/// Messages under way at once, in all and to one destination.
const UNDER_WAY_MAX: usize = 32;
const UNDER_WAY_PER_DESTINATION: usize = 8;
/// How long work that nobody announced may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
pub(crate) const SANDBOX: &str = "sandbox";

/// Messages under way by destination.
type UnderWay = Arc<Mutex<HashMap<String, usize>>>;

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
    let under_way = UnderWay::default();
    let mut tasks = JoinSet::new();
    while !shutdown.is_cancelled() {
        let room = UNDER_WAY_MAX.saturating_sub(tasks.len());
        let claimed = if room == 0 { Ok(Vec::new()) } else { claim(&engine, &lease, &under_way).await };
        let idle = match claimed {
            Ok(rows) => {
                let idle = rows.is_empty();
                for group in by_message(rows) {
                    start(&mut tasks, &engine, &lease, &under_way, group);
                }
                idle
            }
            Err(error) => {
                tracing::error!(%error, "deliveries could not be claimed; trying again");
                true
            }
        };
        if idle || tasks.len() >= UNDER_WAY_MAX {
            let pause = until_next(&engine).await;
            tokio::select! {
                _ = news.changed() => {}
                Some(_) = tasks.join_next() => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

async fn until_next(engine: &Engine) -> Duration {
    match engine.db.read(deliveries::next_due).await {
        Ok(Some(due)) => due.since(Timestamp::now()).clamp(Duration::from_millis(20), LOOK_AGAIN),
        _ => LOOK_AGAIN,
    }
}

async fn claim(engine: &Engine, lease: &str, under_way: &UnderWay) -> Result<Vec<DeliveryRow>> {
    let busy: Vec<String> = {
        let counts = under_way.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .filter(|(_, count)| **count >= UNDER_WAY_PER_DESTINATION)
            .map(|(destination, _)| destination.clone())
            .collect()
    };
    let (lease, now) = (lease.to_owned(), Timestamp::now());
    Ok(engine
        .db
        .write(Priority::Delivery, move |tx| deliveries::claim(tx, now, now.plus(LEASE), &lease, &busy, CLAIM))
        .await?)
}

/// Recipients of one message that go the same way share a transaction.
fn by_message(rows: Vec<DeliveryRow>) -> Vec<Vec<DeliveryRow>> {
    let mut groups: HashMap<(MessageId, String), Vec<DeliveryRow>> = HashMap::new();
    for row in rows {
        groups.entry((row.public.message_id.clone(), row.destination.clone())).or_default().push(row);
    }
    groups.into_values().collect()
}

fn start(tasks: &mut JoinSet<()>, engine: &Engine, lease: &str, under_way: &UnderWay, group: Vec<DeliveryRow>) {
    let Some(destination) = group.first().map(|row| row.destination.clone()) else { return };
    *under_way.lock().unwrap_or_else(PoisonError::into_inner).entry(destination.clone()).or_default() += 1;
    let (engine, lease, under_way) = (engine.clone(), lease.to_owned(), under_way.clone());
    tasks.spawn(async move {
        if let Err(error) = deliver(&engine, &lease, &group).await {
            tracing::error!(%error, destination, "a delivery could not be recorded; it is tried again when its lease ends");
        }
        let mut counts = under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&destination) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&destination);
            }
        }
    });
}

async fn deliver(engine: &Engine, lease: &str, group: &[DeliveryRow]) -> Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let outcomes = match attempt(engine, first, group).await {
        Ok(outcomes) => outcomes,
        Err(error) => group.iter().map(|row| infrastructure(&row.public.recipient, &error.to_string())).collect(),
    };
    record(engine, lease, group, outcomes).await
}

async fn attempt(engine: &Engine, first: &DeliveryRow, group: &[DeliveryRow]) -> Result<Vec<RecipientOutcome>> {
    if first.public.transport == SANDBOX {
        let captured = |row: &DeliveryRow| RecipientOutcome {
            recipient: row.public.recipient.clone(),
            result: DeliveryResult::Captured,
            host: None,
            response: "captured by the sandbox; nothing left this machine".into(),
            tls: false,
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
    let smarthost = engine.smarthost(&first.workspace_id, first.channel_id.as_ref()).await?;
    let recipients = group.iter().map(|row| row.public.recipient.clone()).collect();
    let mail = OutboundMail { mail_from: message.envelope.mail_from, recipients, raw };
    Ok(engine.ports.transport.send(&smarthost, mail).await)
}

fn infrastructure(recipient: &str, detail: &str) -> RecipientOutcome {
    RecipientOutcome {
        recipient: recipient.to_owned(),
        result: DeliveryResult::Infrastructure,
        host: None,
        response: detail.to_owned(),
        tls: false,
    }
}

async fn record(engine: &Engine, lease: &str, group: &[DeliveryRow], outcomes: Vec<RecipientOutcome>) -> Result<()> {
    let (group, lease) = (group.to_vec(), lease.to_owned());
    let now = Timestamp::now();
    let record_all = move |tx: &mut Tx<'_>| {
        for (row, outcome) in group.iter().zip(&outcomes) {
            let judged = judge(row, outcome, now);
            if deliveries::record(tx, row, &lease, &judged)? {
                tell(tx, row, outcome, &judged)?;
            }
        }
        match group.first() {
            Some(row) => refresh_status(tx, &row.workspace_id, &row.public.message_id),
            None => Ok(()),
        }
    };
    crate::write_again_on_conflict(&engine.db, Priority::Delivery, record_all).await?;
    Ok(())
}

/// What an outcome means for the delivery.
fn judge(row: &DeliveryRow, outcome: &RecipientOutcome, now: Timestamp) -> AttemptOutcome {
    let attempt =
        DeliveryAttempt { at: now, host: outcome.host.clone(), response: outcome.response.clone(), tls: outcome.tls };
    let over = |status| AttemptOutcome { status, attempt: attempt.clone(), next_attempt_at: None };
    match outcome.result {
        DeliveryResult::Captured => over(MessageStatus::Delivered),
        // A smarthost took it; what becomes of it there, a bounce would say.
        DeliveryResult::Delivered => over(MessageStatus::Sent),
        DeliveryResult::Bounced => over(MessageStatus::Bounced),
        DeliveryResult::Deferred | DeliveryResult::Infrastructure => {
            if delivery_schedule::expired(row.first_attempt_at.unwrap_or(now), now) {
                return over(MessageStatus::Failed);
            }
            let tries = u32::try_from(row.public.attempts.len()).unwrap_or(u32::MAX);
            let delay = delivery_schedule::retry_delay(tries.saturating_add(1), rand::rng().random_range(0.0..1.0));
            AttemptOutcome {
                status: MessageStatus::Deferred,
                attempt: attempt.clone(),
                next_attempt_at: Some(now.plus(delay)),
            }
        }
    }
}

fn tell(tx: &mut Tx<'_>, row: &DeliveryRow, outcome: &RecipientOutcome, judged: &AttemptOutcome) -> store::Result<()> {
    let event_types: &[EventType] = match (outcome.result, judged.status) {
        (DeliveryResult::Captured, _) => &[EventType::MessageSent, EventType::MessageDelivered],
        (_, MessageStatus::Sent) => &[EventType::MessageSent],
        (_, MessageStatus::Bounced) => &[EventType::MessageBounced],
        (_, MessageStatus::Failed) => &[EventType::MessageFailed],
        _ => &[EventType::MessageDeferred],
    };
    for event_type in event_types {
        let status = event_type.as_str().trim_start_matches("message.");
        let data = json!({ "messageId": row.public.message_id, "status": status, "recipient": row.public.recipient,
            "response": outcome.response, "nextAttemptAt": judged.next_attempt_at });
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
