//! Delivers what is queued: claim with a lease → send → record. Owns when a delivery is tried and what its outcome means;
//! no transaction is open while anybody's server is spoken to.

pub(crate) mod allowance;
mod next_hop;
mod pace;
mod recording;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::message::{DeliveryAttempt, MessageStatus};
use model::suppression::Suppression;
use model::{DeliveryId, MessageId, Timestamp};
use store::blobs_table::{self, StoredBlob};
use store::deliveries::{AttemptOutcome, DeliveryRow};
use store::messages::Outbound;
use store::{Dialect, Priority, Topic, Tx, broadcast_recipients, deliveries, messages};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ports::{DeliveryResult, OutboundMail, RecipientOutcome};
use crate::{Engine, Result, delivery_schedule, due, raw, suppressions};
use pace::{Group, Pace};
use recording::record;
pub(crate) use recording::refresh_status;

/// How long a claimed delivery is ours: longer than any SMTP transaction may take (RFC 5321 §4.5.3.2).
const LEASE: Duration = Duration::from_secs(20 * 60);
/// Deliveries claimed at once.
const CLAIM: usize = 100;
/// Claimed messages that wait for their turn, of all destinations.
const WAITING_MAX: usize = 5_000;
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
    let worker = Worker { engine, lease, pace: SharedPace::default(), freed: Arc::default() };
    let (engine, lease, pace) = (&worker.engine, &worker.lease, &worker.pace);
    let mut tasks = JoinSet::new();
    // Destinations that were left alone when nothing else was due: looking again is of use once one of them is free.
    let mut left_alone: Option<Vec<String>> = None;
    let mut after = String::new();
    while !shutdown.is_cancelled() {
        let stale = lock(pace).take_stale(Timestamp::now());
        release(engine, lease, stale).await;
        let (busy, waiting) = {
            let pace = lock(pace);
            (pace.busy(), pace.waiting())
        };
        let is_worth_it = left_alone.as_ref().is_none_or(|names| names.iter().any(|name| !busy.contains(name)));
        let looks = is_worth_it && tasks.len() < UNDER_WAY_MAX && waiting < WAITING_MAX;
        let claimed = if looks { claim(engine, lease, &busy, &mut after).await } else { Ok(Vec::new()) };
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
        let surplus: Vec<Group> = {
            let mut pace = lock(pace);
            by_message(claimed).into_iter().filter_map(|group| pace.add(group, now)).collect()
        };
        release(engine, lease, surplus).await;
        while tasks.len() < UNDER_WAY_MAX {
            let Some(group) = lock(pace).begin() else { break };
            tasks.spawn(worker.clone().work(group));
        }
        if idle || tasks.len() >= UNDER_WAY_MAX {
            let pause = due::pause(engine, deliveries::next_due, LOOK_AGAIN, failed).await;
            tokio::select! {
                _ = news.changed() => left_alone = None,
                () = worker.freed.notified() => {}
                Some(_) = tasks.join_next() => {}
                () = tokio::time::sleep(pause) => left_alone = None,
                () = shutdown.cancelled() => {}
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    let waiting = lock(pace).take_waiting();
    release(engine, lease, waiting).await;
    while tasks.join_next().await.is_some() {}
}

fn lock(pace: &SharedPace) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn claim(engine: &Engine, lease: &str, busy: &[String], after: &mut String) -> Result<Vec<DeliveryRow>> {
    Ok(allowance::claim(engine, lease, busy, after).await?)
}

/// Gives claimed deliveries back that were not begun.
async fn release(engine: &Engine, lease: &str, groups: Vec<Group>) {
    let rows: Vec<DeliveryRow> = groups.into_iter().flatten().collect();
    let ids: Vec<DeliveryId> = rows.iter().map(|row| row.public.id.clone()).collect();
    if ids.is_empty() {
        return;
    }
    let lease = lease.to_owned();
    let work = move |tx: &mut Tx<'_>| {
        deliveries::release(tx, &ids, &lease, Timestamp::now())?;
        allowance::give_back(tx, &rows)
    };
    let released = crate::write_again_on_conflict(&engine.db, Priority::Delivery, work).await;
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

/// What delivers one group after the other.
#[derive(Clone)]
struct Worker {
    engine: Engine,
    lease: String,
    pace: SharedPace,
    /// A destination may get more.
    freed: Arc<Notify>,
}

impl Worker {
    async fn work(self, group: Group) {
        let Some(destination) = group.first().map(|row| row.destination.clone()) else { return };
        let begun = Begun { worker: &self, destination: &destination, too_many: false };
        if let Err(error) = self.deliver(&group, begun).await {
            tracing::error!(%error, destination, "a delivery could not be recorded; it is tried again when its lease ends");
        }
    }

    async fn deliver(&self, group: &[DeliveryRow], mut begun: Begun<'_>) -> Result<()> {
        let Some(gathered) = gather(&self.engine, group).await? else { return Ok(()) };
        if gathered.is_stopped
            && let Some(first) = group.first()
            && put_aside(&self.engine, &self.lease, &first.public.message_id).await?
        {
            return Ok(());
        }
        let group = &hold_back(&self.engine, &self.lease, group, &gathered.held).await?;
        let Some(first) = group.first() else { return Ok(()) };
        let recipients = gathered.outbound.as_ref().map(|outbound| outbound.recipients.clone()).unwrap_or_default();
        let outcomes = match attempt(&self.engine, first, group, gathered).await {
            Ok(outcomes) => outcomes,
            Err(error) => group.iter().map(|row| infrastructure(&row.public.recipient, &error.to_string())).collect(),
        };
        begun.too_many = outcomes.iter().any(|outcome| {
            outcome.result == DeliveryResult::Deferred && delivery_schedule::says_too_many(&outcome.response)
        });
        // The next one begins while this is written down.
        drop(begun);
        record(&self.engine, &self.lease, group, recipients, outcomes).await
    }
}

/// A turn at a destination; over when it is dropped.
struct Begun<'w> {
    worker: &'w Worker,
    destination: &'w str,
    /// It asked for less at once.
    too_many: bool,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let destination = self.destination;
        if self.too_many {
            tracing::info!(destination, "the destination says that it gets too much; it gets less at once for a while");
        }
        lock(&self.worker.pace).ended(destination, self.too_many, Timestamp::now());
        self.worker.freed.notify_one();
    }
}

/// What delivering a group takes, read at once.
struct Gathered {
    /// It is of a broadcast that was paused or cancelled.
    is_stopped: bool,
    /// Suppressed since they were queued.
    held: HashMap<String, Suppression>,
    outbound: Option<Outbound>,
    blob: Option<StoredBlob>,
}

async fn gather(engine: &Engine, group: &[DeliveryRow]) -> Result<Option<Gathered>> {
    let Some(first) = group.first() else { return Ok(None) };
    let (workspace, id, now) = (first.workspace_id.clone(), first.public.message_id.clone(), Timestamp::now());
    let recipients: Vec<String> = group.iter().map(|row| row.public.recipient.clone()).collect();
    let leaves = first.public.transport != SANDBOX;
    // Broadcasts go under use cases, which have no channel.
    let may_be_of_broadcast = first.channel_id.is_none();
    let read = move |tx: &mut Tx<'_>| {
        let is_stopped = may_be_of_broadcast && broadcast_recipients::is_stopped(tx, &id)?;
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        let held = suppressions::held_back_of_message(tx, &workspace, &id, &recipients, now)?;
        let outbound = messages::outbound(tx, &workspace, &id)?;
        let blob_id = outbound.as_ref().and_then(|outbound| outbound.blob_id).filter(|_| leaves);
        let blob = blob_id.map(|id| blobs_table::get(tx, id)).transpose()?;
        Ok(Gathered { is_stopped, held, outbound, blob })
    };
    Ok(Some(engine.db.read(read).await?))
}

/// Those that are still to be sent: what was suppressed since they were queued is not.
async fn hold_back(
    engine: &Engine,
    lease: &str,
    group: &[DeliveryRow],
    held: &HashMap<String, Suppression>,
) -> Result<Vec<DeliveryRow>> {
    if held.is_empty() {
        return Ok(group.to_vec());
    }
    let (held, now) = (held.clone(), Timestamp::now());
    let (stopped, rest): (Vec<DeliveryRow>, Vec<DeliveryRow>) =
        group.iter().cloned().partition(|row| held.contains_key(&row.public.recipient));
    let lease = lease.to_owned();
    let note = move |tx: &mut Tx<'_>| {
        let mut not_sent = Vec::new();
        for row in &stopped {
            let Some(suppression) = held.get(&row.public.recipient) else { continue };
            let response = suppressions::words(suppression);
            let attempt = DeliveryAttempt::unspoken(now, response);
            let outcome = AttemptOutcome { status: MessageStatus::Suppressed, attempt, next_attempt_at: None };
            if deliveries::record(tx, row, &lease, &outcome)? {
                not_sent.push(row.clone());
                let (channel, message) = (row.channel_id.as_ref(), &row.public.message_id);
                let recipient = &row.public.recipient;
                suppressions::tell_held_back(tx, &row.workspace_id, channel, message, recipient, suppression, now)?;
            }
        }
        allowance::give_back(tx, &not_sent)?;
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

async fn attempt(
    engine: &Engine,
    first: &DeliveryRow,
    group: &[DeliveryRow],
    gathered: Gathered,
) -> Result<Vec<RecipientOutcome>> {
    if first.public.transport == SANDBOX {
        let captured = |row: &DeliveryRow| {
            let response = "captured by the sandbox; nothing left this machine".into();
            RecipientOutcome::unspoken(row.public.recipient.clone(), DeliveryResult::Captured, response)
        };
        return Ok(group.iter().map(captured).collect());
    }
    let outbound = gathered.outbound.ok_or(crate::EngineError::NotFound { what: "the message" })?;
    let blob = gathered.blob.ok_or_else(|| crate::EngineError::Internal("the message has no raw mail".into()))?;
    let raw: Bytes = raw::decode(engine, blob).await?;
    let recipients = group.iter().map(|row| row.public.recipient.clone()).collect();
    let envelope_id = Some(first.public.message_id.to_string());
    let mail = OutboundMail { mail_from: outbound.mail_from, recipients, raw, envelope_id };
    next_hop::send(engine, group, mail).await
}

fn infrastructure(recipient: &str, detail: &str) -> RecipientOutcome {
    RecipientOutcome::unspoken(recipient.to_owned(), DeliveryResult::Infrastructure, detail.to_owned())
}
