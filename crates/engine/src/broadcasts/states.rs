//! Where a broadcast stands: started, paused, resumed, completed, cancelled. Each change is one transaction with its event.
//!
//! ```text
//! draft ──► scheduled ──► sending ⇄ paused
//!     └────────────────────►│
//!                           └──► sent            all but sent ──► cancelled
//! ```

use model::broadcast::{Broadcast, BroadcastStatus};
use model::event::EventType;
use model::key::Principal;
use model::{BroadcastId, Timestamp, WorkspaceId};
use store::broadcasts::{self, Beginning, BroadcastRow};
use store::events::{self, NewEvent};
use store::{Priority, StoreError, Tx, broadcast_recipients, lists};

use super::{MISSING, find, may_send, parts};
use crate::audit::{self, By, Target};
use crate::once::{self, Once};
use crate::templates::{Frozen, freeze, freeze_content};
use crate::{Engine, EngineError, Result, sending};

/// What came of a change: the broadcast as it is now, or why nothing was changed.
type Outcome = std::result::Result<Broadcast, EngineError>;

/// Starts a broadcast, or schedules it where it has a time that is ahead.
///
/// # Errors
/// It is not there, or not the asker's; it is no draft, its use case, list or template is gone, its domain is not verified, or nobody is
/// on the list (409); the scope `messages:send` is missing.
pub async fn send(engine: &Engine, principal: &Principal, id: &BroadcastId) -> Result<Broadcast> {
    may_send(principal)?;
    let once = once::asked();
    let row = find(engine, &principal.workspace_id, id).await?;
    if once.earlier(engine).await?.is_some() {
        return Ok(row.public);
    }
    if row.public.scheduled_at.is_some_and(|at| at > Timestamp::now()) {
        return schedule(engine, row, once, audit::by(principal)).await;
    }
    start(engine, row, &[BroadcastStatus::Draft], once, audit::by(principal)).await
}

async fn schedule(engine: &Engine, row: BroadcastRow, once: Once, by: By) -> Result<Broadcast> {
    let work = move |tx: &mut Tx<'_>| {
        // Whoever would take the list away waits, and then finds that it is needed.
        let has_list = lists::lock(tx, &row.workspace_id, &row.public.list_id)?.is_some();
        change(tx, &row.workspace_id, &row.public.id, &once, &[BroadcastStatus::Draft], |tx, mut row, now| {
            if !has_list {
                return Ok(Err(no_list()));
            }
            row.public.status = BroadcastStatus::Scheduled;
            note(tx, &by, "broadcast.scheduled", &row.public)?;
            broadcasts::set_state(tx, &stamped(&mut row, now), row.public.scheduled_at)?;
            Ok(Ok(row.public))
        })
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
}

fn no_list() -> EngineError {
    EngineError::Conflict("the list of this broadcast was taken away: make another broadcast".into())
}

/// Writes what was done to it into the audit log.
pub(super) fn note(tx: &mut Tx<'_>, by: &By, action: &'static str, broadcast: &Broadcast) -> store::Result<()> {
    audit::note(tx, by, action, target(broadcast), &[])
}

pub(super) fn target(broadcast: &Broadcast) -> Target<'_> {
    Target::of("broadcast", &broadcast.id).named(&broadcast.name)
}

/// Starts one that is in one of these states: fixes whom it goes to and what it is made of.
pub(super) async fn start(
    engine: &Engine,
    row: BroadcastRow,
    from: &'static [BroadcastStatus],
    once: Once,
    by: By,
) -> Result<Broadcast> {
    let gone = |error| match error {
        EngineError::NotFound { what } => EngineError::Conflict(format!("{what} of this broadcast is gone")),
        other => other,
    };
    sending::of_use_case(engine, &row.workspace_id, &row.public.use_case_id).await.map_err(gone)?;
    let (frozen, template_version) = frozen(engine, &row).await.map_err(gone)?;
    let frozen = serde_json::to_string(&frozen).map_err(|error| EngineError::Internal(error.to_string()))?;
    let work = move |tx: &mut Tx<'_>| {
        let list = lists::lock(tx, &row.workspace_id, &row.public.list_id)?;
        change(tx, &row.workspace_id, &row.public.id, &once, from, |tx, mut row, now| {
            let Some((list, newest)) = &list else { return Ok(Err(no_list())) };
            if list.member_count == 0 {
                return Ok(Err(EngineError::Conflict(format!("nobody is on the list {}", list.name))));
            }
            let beginning =
                Beginning { frozen: frozen.clone(), template_version, member_bound: *newest, total: list.member_count };
            broadcasts::begin(tx, &row.public.id, &beginning)?;
            note(tx, &by, "broadcast.started", &row.public)?;
            row.public.status = BroadcastStatus::Sending;
            row.public.started_at = Some(now);
            row.public.problem = None;
            broadcasts::set_state(tx, &stamped(&mut row, now), Some(now))?;
            tell(tx, &row.workspace_id, &row.public.id, EventType::BroadcastStarted, now).map(Ok)
        })
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
}

/// What its messages are to be made of, and the version of its template.
async fn frozen(engine: &Engine, row: &BroadcastRow) -> Result<(Frozen, Option<u64>)> {
    if let Some(template) = &row.public.template_id {
        let (frozen, version) = freeze(engine, &row.workspace_id, template, row.public.template_version).await?;
        return Ok((frozen, Some(version)));
    }
    let id = row.public.id.clone();
    let content = engine.db.read(move |tx| broadcasts::content(tx, &id)).await?;
    Ok((freeze_content(parts(row.public.subject.clone(), content.text, content.html)), None))
}

/// Stops a broadcast until it is resumed: no more of its messages are made, and those that wait are put aside when their turn comes.
///
/// # Errors
/// It is not there, or not the asker's; it is not being sent (409); the scope `messages:send` is missing.
pub async fn pause(engine: &Engine, principal: &Principal, id: &BroadcastId) -> Result<Broadcast> {
    may_send(principal)?;
    let (workspace, id, once) = (principal.workspace_id.clone(), id.clone(), once::asked());
    let by = audit::by(principal);
    let work = move |tx: &mut Tx<'_>| {
        change(tx, &workspace, &id, &once, &[BroadcastStatus::Sending], |tx, row, now| {
            note(tx, &by, "broadcast.paused", &row.public)?;
            stop(tx, row, None, now).map(Ok)
        })
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
}

/// Pauses it, because of a problem where there is one.
pub(super) fn stop(
    tx: &mut Tx<'_>,
    mut row: BroadcastRow,
    problem: Option<String>,
    now: Timestamp,
) -> store::Result<Broadcast> {
    row.public.status = BroadcastStatus::Paused;
    row.public.problem = problem.or(row.public.problem);
    broadcasts::set_state(tx, &stamped(&mut row, now), None)?;
    tell(tx, &row.workspace_id, &row.public.id, EventType::BroadcastPaused, now)
}

/// Goes on with a paused broadcast.
///
/// # Errors
/// It is not there, or not the asker's; it is not paused (409); as [`send`] where it could not be started.
pub async fn resume(engine: &Engine, principal: &Principal, id: &BroadcastId) -> Result<Broadcast> {
    may_send(principal)?;
    let (once, by) = (once::asked(), audit::by(principal));
    let row = find(engine, &principal.workspace_id, id).await?;
    if row.public.status == BroadcastStatus::Paused && row.public.started_at.is_none() {
        return start(engine, row, &[BroadcastStatus::Paused], once, by).await;
    }
    let work = move |tx: &mut Tx<'_>| {
        change(tx, &row.workspace_id, &row.public.id, &once, &[BroadcastStatus::Paused], |tx, mut row, now| {
            row.public.status = BroadcastStatus::Sending;
            row.public.problem = None;
            note(tx, &by, "broadcast.resumed", &row.public)?;
            broadcasts::set_state(tx, &stamped(&mut row, now), Some(now))?;
            broadcast_recipients::take_up_again(tx, &row.public.id, now)?;
            tell(tx, &row.workspace_id, &row.public.id, EventType::BroadcastResumed, now).map(Ok)
        })
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
}

/// Ends a broadcast: what has not left by now never does.
///
/// # Errors
/// It is not there, or not the asker's; it is over (409); the scope `messages:send` is missing.
pub async fn cancel(engine: &Engine, principal: &Principal, id: &BroadcastId) -> Result<Broadcast> {
    use BroadcastStatus::{Cancelled, Draft, Paused, Scheduled, Sending};
    may_send(principal)?;
    let (workspace, id, once) = (principal.workspace_id.clone(), id.clone(), once::asked());
    let by = audit::by(principal);
    let work = move |tx: &mut Tx<'_>| {
        change(tx, &workspace, &id, &once, &[Draft, Scheduled, Sending, Paused], |tx, mut row, now| {
            row.public.status = Cancelled;
            note(tx, &by, "broadcast.cancelled", &row.public)?;
            row.public.finished_at = Some(now);
            // Its messages that wait are cancelled in the background.
            let due_at = row.public.started_at.map(|_| now);
            broadcasts::set_state(tx, &stamped(&mut row, now), due_at)?;
            tell(tx, &row.workspace_id, &row.public.id, EventType::BroadcastCancelled, now).map(Ok)
        })
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
}

/// Every message was made and tried.
pub(super) fn complete(tx: &mut Tx<'_>, mut row: BroadcastRow, now: Timestamp) -> store::Result<Broadcast> {
    row.public.status = BroadcastStatus::Sent;
    row.public.finished_at = Some(now);
    broadcasts::set_state(tx, &stamped(&mut row, now), None)?;
    tell(tx, &row.workspace_id, &row.public.id, EventType::BroadcastCompleted, now)
}

/// Changes a broadcast that is in one of the states `from`, once.
pub(super) fn change(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &BroadcastId,
    once: &Once,
    from: &[BroadcastStatus],
    work: impl FnOnce(&mut Tx<'_>, BroadcastRow, Timestamp) -> store::Result<Outcome>,
) -> store::Result<Outcome> {
    let Some(row) = broadcasts::lock(tx, workspace, id)? else { return Ok(Err(MISSING)) };
    if once.noted(tx)?.is_some() {
        return Ok(Ok(row.public));
    }
    if !from.contains(&row.public.status) {
        return Ok(Err(EngineError::Conflict(format!(
            "the broadcast is {}: that can be asked of one that is {}",
            row.public.status.as_str(),
            from.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(" or ")
        ))));
    }
    let outcome = work(tx, row, Timestamp::now())?;
    if outcome.is_ok() {
        once.note_last(tx, id.as_str())?;
    }
    Ok(outcome)
}

pub(super) fn stamped(row: &mut BroadcastRow, now: Timestamp) -> Broadcast {
    row.public.updated_at = now;
    row.public.clone()
}

/// Tells of a change with the broadcast as it is now, which it answers.
fn tell(
    tx: &mut Tx<'_>,
    workspace_id: &WorkspaceId,
    id: &BroadcastId,
    event_type: EventType,
    at: Timestamp,
) -> store::Result<Broadcast> {
    let row = broadcasts::get(tx, workspace_id, id)?;
    let broadcast = row.ok_or_else(|| StoreError::corrupt("broadcast", format!("{id} is missing")))?.public;
    let data = serde_json::to_value(&broadcast).map_err(|error| StoreError::corrupt("broadcast", error))?;
    let event = NewEvent { workspace_id, channel_id: None, event_type, subject_id: id.as_str(), data: &data, at };
    events::append(tx, &event)?;
    Ok(broadcast)
}
