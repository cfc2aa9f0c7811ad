//! Events sent to an endpoint again. Owns how far a replay goes at once: it takes only places that live events leave free,
//! a few events each time, from a durable cursor; so it may be of any length, delays nobody, and goes on after a restart.

use model::Timestamp;
use model::event::EventType;
use store::events::StoredEvent;
use store::webhook_replays::{self, Replay, Step};
use store::{Tx, events, webhook_queue};

use crate::webhooks;

/// Events looked through in one step.
const LOOKED_THROUGH: usize = 500;
/// Deliveries that may wait for an endpoint, for another try say, before its replay does.
const WAITING_MAX: usize = 100;

/// What is left to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// This many are queued and due; the next step is for when they have gone out.
    Queued(usize),
    /// Nothing in what was looked through concerns the endpoint: look on.
    LookOn,
    /// It is over, it waits, or another node is at it.
    Idle,
}

/// Queues the next events of a replay, at most `places`.
pub(crate) fn step(tx: &mut Tx<'_>, replay: &Replay, places: usize, now: Timestamp) -> store::Result<Progress> {
    let waiting = webhook_queue::waiting(tx, &replay.endpoint_id, WAITING_MAX)?;
    let places = places.min(WAITING_MAX.saturating_sub(waiting));
    if places == 0 {
        return Ok(Progress::Idle);
    }
    let found = events::after_in_workspace(tx, &replay.workspace_id, replay.position, LOOKED_THROUGH)?;
    let is_end = found.len() < LOOKED_THROUGH;
    let mut wanted = Vec::new();
    let (mut position, mut reached_at, mut finished) = (replay.position, None, is_end);
    for event in &found {
        if event.position > replay.until {
            finished = true;
            break;
        }
        if wanted.len() == places {
            finished = false;
            break;
        }
        (position, reached_at) = (event.position, Some(event.at));
        if is_wanted(replay, event) {
            wanted.push(event);
        }
    }
    let step = Step { position, queued: wanted.len(), reached_at, finished };
    if !webhook_replays::advance(tx, replay, &step, now)? {
        return Ok(Progress::Idle);
    }
    for event in &wanted {
        webhook_queue::add(tx, &replay.workspace_id, &replay.endpoint_id, &event.id, event.event_type, now)?;
    }
    Ok(match wanted.len() {
        0 if finished => Progress::Idle,
        0 => Progress::LookOn,
        queued => Progress::Queued(queued),
    })
}

/// A test is for the moment it was asked for, and imported mail is no news the second time either.
fn is_wanted(replay: &Replay, event: &StoredEvent) -> bool {
    !matches!(event.event_type, EventType::WebhookTest | EventType::AutomationMatched)
        && !event.imported
        && webhooks::concerns(&replay.interest, event)
}
