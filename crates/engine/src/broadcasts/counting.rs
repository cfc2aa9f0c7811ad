//! How far broadcasts are: counted from the events by a durable cursor that moves in the transaction that counts. Each message carries
//! what was counted of it as bits, so that what happens to it twice counts once, and what is over counts no more.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use model::event::EventType;
use model::{BroadcastId, MessageId};
use store::broadcast_recipients::{self, Happening};
use store::broadcasts::{self, Metric};
use store::{Priority, Topic, Tx, events, progress};
use tokio_util::sync::CancellationToken;

use crate::{Engine, Result};

const PROGRESS: &str = "broadcasts";
/// Events looked at in one transaction.
const AT_ONCE: i64 = 2_000;
/// How long events gather before they are counted.
const PAUSE: Duration = Duration::from_millis(250);
/// So many events of no broadcast are passed before the cursor is written: else there would be a write a look.
const STRIDE: i64 = 10_000;

const TRIED: i64 = 1;
const SENT: i64 = 1 << 1;
const DELIVERED: i64 = 1 << 2;
const BOUNCED: i64 = 1 << 3;
const DEFERRED: i64 = 1 << 4;
const SUPPRESSED: i64 = 1 << 5;
const FAILED: i64 = 1 << 6;
const COMPLAINED: i64 = 1 << 7;
const OPENED: i64 = 1 << 8;
const CLICKED: i64 = 1 << 9;
const UNSUBSCRIBED: i64 = 1 << 10;

const fn bit(metric: Metric) -> i64 {
    match metric {
        Metric::Tried => TRIED,
        Metric::Sent => SENT,
        Metric::Delivered => DELIVERED,
        Metric::Bounced => BOUNCED,
        Metric::Deferred => DEFERRED,
        Metric::Suppressed => SUPPRESSED,
        Metric::Failed => FAILED,
        Metric::Complained => COMPLAINED,
        Metric::Opened => OPENED,
        Metric::Clicked => CLICKED,
        Metric::Unsubscribed => UNSUBSCRIBED,
    }
}

/// What is to be counted of a message after an event.
fn after(marks: i64, event_type: EventType) -> i64 {
    match event_type {
        // Somebody may have asked for another try after it had failed.
        EventType::MessageSent => marks & !(DEFERRED | BOUNCED | SUPPRESSED | FAILED) | TRIED | SENT,
        EventType::MessageDelivered => marks & !DEFERRED | TRIED | DELIVERED,
        // Also what was taken at first and came back.
        EventType::MessageBounced => marks & !(DEFERRED | DELIVERED) | TRIED | BOUNCED,
        EventType::MessageDeferred => marks | TRIED | DEFERRED,
        EventType::MessageSuppressed => marks & !DEFERRED | TRIED | SUPPRESSED,
        EventType::MessageFailed => marks & !DEFERRED | TRIED | FAILED,
        EventType::MessageComplained => marks | COMPLAINED,
        EventType::EmailOpened => marks | OPENED,
        EventType::EmailClicked => marks | CLICKED,
        EventType::EmailUnsubscribed => marks | UNSUBSCRIBED,
        _ => marks,
    }
}

/// Whether the delivery may still be tried.
fn is_open(marks: i64) -> bool {
    marks & (SENT | BOUNCED | SUPPRESSED | FAILED) == 0
}

/// Counts until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut news = engine.db.subscribe(Topic::Events);
    let mut passed = 0;
    while !shutdown.is_cancelled() {
        match count_some(&engine, &mut passed).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "events could not be counted for the broadcasts; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
        tokio::select! {
            _ = news.changed() => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Whether there may be more. `passed` is up to where there was nothing to count when it was looked last.
///
/// # Errors
/// What the store says.
pub async fn count_some(engine: &Engine, passed: &mut i64) -> Result<bool> {
    let behind = *passed;
    let look = move |tx: &mut Tx<'_>| {
        let (position, newest) = (progress::get(tx, PROGRESS)?, events::newest_position(tx)?);
        let from = position.max(behind);
        let until = newest.min(from + AT_ONCE);
        let found = if until > from { broadcast_recipients::happenings(tx, from, until)? } else { Vec::new() };
        Ok((position, until, newest, found))
    };
    let (position, until, newest, found) = engine.db.read(look).await?;
    if found.is_empty() && until - position < STRIDE {
        *passed = until;
        return Ok(until < newest);
    }
    let count = move |tx: &mut Tx<'_>| {
        // Another node may have been here first.
        if progress::advance(tx, PROGRESS, position, until)? {
            mark(tx, &found)?;
        }
        Ok(())
    };
    crate::write_again_on_conflict(&engine.db, Priority::Background, count).await?;
    *passed = until;
    Ok(until < newest)
}

/// Counts what happened to messages, oldest first.
fn mark(tx: &mut Tx<'_>, happenings: &[Happening]) -> store::Result<()> {
    let mut messages: Vec<MessageId> = happenings.iter().map(|happening| happening.message_id.clone()).collect();
    messages.sort();
    messages.dedup();
    let before: HashMap<MessageId, i64> = broadcast_recipients::lock_marks(tx, &messages)?.into_iter().collect();
    let mut now = before.clone();
    let mut broadcast_of: HashMap<&MessageId, &BroadcastId> = HashMap::new();
    for happening in happenings {
        if let Some(marks) = now.get_mut(&happening.message_id) {
            *marks = after(*marks, happening.event_type);
            broadcast_of.insert(&happening.message_id, &happening.broadcast_id);
        }
    }
    // Most come to the same: a statement for each of the few sums.
    let mut alike: BTreeMap<i64, Vec<MessageId>> = BTreeMap::new();
    let mut counts: BTreeMap<&BroadcastId, [i64; Metric::ALL.len()]> = BTreeMap::new();
    for (message, marks) in &now {
        let was = before.get(message).copied().unwrap_or_default();
        let Some(broadcast) = broadcast_of.get(message).filter(|_| was != *marks) else { continue };
        alike.entry(*marks).or_default().push(message.clone());
        let counts = counts.entry(broadcast).or_default();
        for (count, metric) in counts.iter_mut().zip(Metric::ALL) {
            *count += i64::from(marks & bit(metric) != 0) - i64::from(was & bit(metric) != 0);
        }
    }
    for (marks, messages) in &alike {
        broadcast_recipients::set_marks(tx, messages, *marks, is_open(*marks))?;
    }
    for (broadcast, counts) in counts {
        let counts: Vec<(Metric, i64)> = Metric::ALL.into_iter().zip(counts).collect();
        broadcasts::add_counts(tx, broadcast, &counts)?;
    }
    Ok(())
}

/// A message was cancelled by itself: its broadcast does not wait for it.
pub(crate) fn note_cancelled(tx: &mut Tx<'_>, message: &MessageId) -> store::Result<()> {
    let Some(broadcast) = broadcast_recipients::broadcast_of(tx, message)? else { return Ok(()) };
    let message = std::slice::from_ref(message);
    let marks = broadcast_recipients::lock_marks(tx, message)?.first().map_or(TRIED, |(_, marks)| *marks);
    broadcast_recipients::set_marks(tx, message, marks | TRIED, false)?;
    broadcasts::add_counts(tx, &broadcast, &[(Metric::Tried, i64::from(marks & TRIED == 0))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_to_a_message_comes_to_what_it_is_now() {
        use EventType::{
            EmailClicked, EmailOpened, MessageBounced, MessageComplained, MessageDeferred, MessageDelivered,
            MessageFailed, MessageSent, MessageSuppressed,
        };
        for (events, marks, open) in [
            (&[][..], 0, true),
            (&[MessageDeferred, MessageDeferred], TRIED | DEFERRED, true),
            (&[MessageDeferred, MessageSent, MessageDelivered], TRIED | SENT | DELIVERED, false),
            (&[MessageSent, MessageDelivered, MessageBounced], TRIED | SENT | BOUNCED, false),
            (&[MessageSent, MessageDeferred, MessageDelivered], TRIED | SENT | DELIVERED, false),
            (&[MessageDeferred, MessageFailed], TRIED | FAILED, false),
            (&[MessageDeferred, MessageSuppressed], TRIED | SUPPRESSED, false),
            (&[MessageBounced, MessageSent], TRIED | SENT, false),
            (&[MessageSent, EmailOpened, EmailOpened, EmailClicked], TRIED | SENT | OPENED | CLICKED, false),
            (&[MessageSent, MessageComplained], TRIED | SENT | COMPLAINED, false),
        ] {
            let came_to = events.iter().fold(0, |marks, event| after(marks, *event));
            assert_eq!((came_to, is_open(came_to)), (marks, open), "{events:?}");
        }
    }

    #[test]
    fn every_metric_has_a_bit_of_its_own() {
        let all = Metric::ALL.into_iter().map(bit).sum::<i64>();
        assert_eq!(all, (1 << Metric::ALL.len()) - 1);
    }
}
