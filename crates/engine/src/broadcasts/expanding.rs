//! Makes the messages of broadcasts: a lease, then chunk after chunk. The messages of a chunk and the cursor behind its members are one
//! transaction, so that whenever a process dies, nobody gets a message twice and nobody is left out. No more is made than is sent
//! soon: pausing takes effect at once, and the queue is as short for a million as for a thousand.

use std::sync::Arc;
use std::time::Duration;

use mail::Mailbox;
use model::broadcast::BroadcastStatus;
use model::limits::{BROADCAST_CHUNK, BROADCAST_WAITING_MAX};
use model::{BroadcastId, Timestamp};
use serde_json::Value as Json;
use store::broadcasts::{self, BroadcastRow};
use store::list_members::MemberRow;
use store::{Dialect, Priority, StoreError, Tx, broadcast_recipients, list_members};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::drafting::tracking;
use super::states;
use crate::audit::By;
use crate::once::Once;
use crate::sending::{self, Ready, SendRequest, Sender};
use crate::templates::{Frozen, Recipe};
use crate::{Engine, EngineError, Result, due};

/// How long a claimed broadcast is ours. Where making a chunk takes longer, and somebody else makes it too, one of them finds the
/// cursor moved and writes nothing.
const LEASE: Duration = Duration::from_secs(60);
/// Between two looks at what is due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Until what waits to be sent is looked at again.
const WAITING: Duration = Duration::from_millis(250);
/// After a store, or what it lacks, failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Messages made at a time: their contents are in memory meanwhile.
const MADE_AT_ONCE: usize = 8;
/// Messages of a cancelled broadcast that are cancelled in one transaction.
const CANCELLED_AT_ONCE: usize = 200;

/// Works until it is told to stop; a chunk under way is finished.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let lease = crate::tokens::random(16);
    if engine.db.dialect() == Dialect::Sqlite
        && let Err(error) =
            engine.db.write(Priority::Background, |tx| broadcasts::free_claimed(tx, Timestamp::now())).await
    {
        tracing::error!(%error, "broadcasts left under way could not be freed; they are when their lease ends");
    }
    while !shutdown.is_cancelled() {
        let worked = step(&engine, &lease).await;
        let failed = worked
            .as_ref()
            .inspect_err(|error| tracing::error!(%error, "broadcasts could not be looked after"))
            .is_err();
        if worked.unwrap_or(false) {
            continue;
        }
        let pause = due::pause(&engine, broadcasts::next_due, LOOK_AGAIN, failed).await;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Does what is due next; whether there was anything.
///
/// # Errors
/// What the store says.
pub async fn step(engine: &Engine, lease: &str) -> Result<bool> {
    // Asking is cheaper than claiming nothing, once a second for as long as nobody has a broadcast.
    if engine.db.read(broadcasts::next_due).await?.is_none_or(|due| due > Timestamp::now()) {
        return Ok(false);
    }
    let owner = lease.to_owned();
    let claim = move |tx: &mut Tx<'_>| broadcasts::claim(tx, Timestamp::now(), LEASE, &owner);
    let Some(row) = engine.db.write(Priority::Background, claim).await? else { return Ok(false) };
    let id = row.public.id.clone();
    let next = match look_after(engine, &row).await {
        Ok(next) => next,
        Err(error) if concerns_it(&error) => {
            stop(engine, &row, error.to_string()).await?;
            return Ok(true);
        }
        Err(error) => {
            tracing::error!(%error, broadcast = %id, "a broadcast could not be gone on with; trying again");
            Next::In(AFTER_FAILURE)
        }
    };
    let due_at = match next {
        Next::In(pause) => Timestamp::now().plus(pause),
        Next::Settled => return Ok(true),
    };
    let lease = lease.to_owned();
    let release = move |tx: &mut Tx<'_>| broadcasts::release(tx, &id, &lease, Some(due_at));
    engine.db.write(Priority::Background, release).await?;
    Ok(true)
}

/// When a broadcast is looked after next.
enum Next {
    In(Duration),
    /// Its state says.
    Settled,
}

const AT_ONCE: Next = Next::In(Duration::ZERO);

/// What is wrong with the broadcast, or with what it is sent under, and not with our own house.
fn concerns_it(error: &EngineError) -> bool {
    matches!(error, EngineError::NotFound { .. } | EngineError::Conflict(_) | EngineError::Invalid(_))
}

async fn look_after(engine: &Engine, row: &BroadcastRow) -> Result<Next> {
    match row.public.status {
        BroadcastStatus::Scheduled => {
            let by = By::system(&row.workspace_id);
            states::start(engine, row.clone(), &[BroadcastStatus::Scheduled], Once::default(), by).await?;
            Ok(Next::Settled)
        }
        BroadcastStatus::Sending if row.member_cursor < row.member_bound => expand(engine, row).await,
        BroadcastStatus::Sending if row.waiting() > 0 => Ok(Next::In(WAITING)),
        BroadcastStatus::Sending => complete(engine, row).await,
        BroadcastStatus::Cancelled => cancel_some(engine, row).await,
        BroadcastStatus::Draft | BroadcastStatus::Paused | BroadcastStatus::Sent => settle(engine, row).await,
    }
}

/// Pauses a broadcast that can't go on, or could not begin.
async fn stop(engine: &Engine, row: &BroadcastRow, problem: String) -> Result<()> {
    tracing::warn!(broadcast = %row.public.id, problem, "a broadcast was paused: it can't go on");
    let (workspace, id, status) = (row.workspace_id.clone(), row.public.id.clone(), row.public.status);
    let work = move |tx: &mut Tx<'_>| {
        let Some(row) = broadcasts::lock(tx, &workspace, &id)?.filter(|row| row.public.status == status) else {
            return Ok(());
        };
        states::stop(tx, row, Some(problem.clone()), Timestamp::now()).map(drop)
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Background, work).await?)
}

async fn complete(engine: &Engine, row: &BroadcastRow) -> Result<Next> {
    let (workspace, id) = (row.workspace_id.clone(), row.public.id.clone());
    let work = move |tx: &mut Tx<'_>| {
        let is_done = |row: &BroadcastRow| {
            row.public.status == BroadcastStatus::Sending && row.member_cursor >= row.member_bound && row.waiting() == 0
        };
        match broadcasts::lock(tx, &workspace, &id)?.filter(is_done) {
            Some(row) => states::complete(tx, row, Timestamp::now()).map(drop),
            None => Ok(()),
        }
    };
    crate::write_again_on_conflict(&engine.db, Priority::Background, work).await?;
    Ok(Next::Settled)
}

/// There is nothing to do about it.
async fn settle(engine: &Engine, row: &BroadcastRow) -> Result<Next> {
    let row = row.public.clone();
    engine.db.write(Priority::Background, move |tx| broadcasts::set_state(tx, &row, None)).await?;
    Ok(Next::Settled)
}

/// Makes the messages of the next members.
async fn expand(engine: &Engine, row: &BroadcastRow) -> Result<Next> {
    let room = usize::try_from(BROADCAST_WAITING_MAX.saturating_sub(row.waiting())).unwrap_or(usize::MAX);
    if room == 0 {
        return Ok(Next::In(WAITING));
    }
    let (list, id) = (row.public.list_id.clone(), row.public.id.clone());
    let (from, until, take) = (row.member_cursor, row.member_bound, room.min(BROADCAST_CHUNK));
    let read =
        move |tx: &mut Tx<'_>| Ok((list_members::between(tx, &list, from, until, take)?, broadcasts::frozen(tx, &id)?));
    let (members, frozen) = engine.db.read(read).await?;
    let frozen: Frozen =
        serde_json::from_str(&frozen.unwrap_or_default()).map_err(|error| StoreError::corrupt("broadcast", error))?;
    let last = members.last().map_or(until, |member| member.seq);
    let sender = sending::of_use_case(engine, &row.workspace_id, &row.public.use_case_id).await?;
    let made = make(engine, row, &sender, &Recipe::from(frozen), members).await?;
    let is_first = row.public.progress.queued == 0;
    match made.first() {
        // What is wrong is wrong with all of them, likely: nobody is left out because of it.
        Some(Turn { made: Err(problem), .. }) if is_first && made.iter().all(|turn| turn.made.is_err()) => {
            Err(EngineError::Conflict(problem.clone()))
        }
        _ => {
            write(engine, row, last, made).await?;
            Ok(AT_ONCE)
        }
    }
}

/// What a member's turn came to.
struct Turn {
    seq: i64,
    /// The message, or why there is none.
    made: std::result::Result<Ready, String>,
}

/// Makes a message for each, in their order.
async fn make(
    engine: &Engine,
    row: &BroadcastRow,
    sender: &Sender,
    recipe: &Recipe,
    members: Vec<MemberRow>,
) -> Result<Vec<Turn>> {
    let mut turns = Vec::with_capacity(members.len());
    let mut making: JoinSet<(i64, String, Result<Ready>)> = JoinSet::new();
    let mut members = members.into_iter();
    loop {
        while making.len() < MADE_AT_ONCE
            && let Some(member) = members.next()
        {
            let (engine, sender, recipe) = (engine.clone(), sender.clone(), recipe.clone());
            let (workspace, request) = (row.workspace_id.clone(), request(row, &member));
            making.spawn(async move {
                let (seq, address) = (member.seq, member.public.address.clone());
                let made =
                    sending::prepare_by_recipe(&engine, &workspace, sender, &recipe, variables(member), request).await;
                (seq, address, made)
            });
        }
        let Some(done) = making.join_next().await else { break };
        let (seq, address, made) = done.map_err(|_| EngineError::Internal("making a message panicked".into()))?;
        turns.push(Turn { seq, made: of_one_member(made, &address)? });
    }
    turns.sort_unstable_by_key(|turn| turn.seq);
    Ok(turns)
}

/// Tells what is wrong with one member from what is wrong with all.
fn of_one_member(made: Result<Ready>, address: &str) -> Result<std::result::Result<Ready, String>> {
    let detail = match made {
        Ok(prepared) => return Ok(Ok(prepared)),
        Err(EngineError::Invalid(errors)) => {
            let errors = errors.iter().map(|error| format!("{} {}", error.pointer, error.detail));
            errors.collect::<Vec<_>>().join("; ")
        }
        Err(error @ EngineError::TooLarge { .. }) => error.to_string(),
        Err(other) => return Err(other),
    };
    Ok(Err(format!("no message could be made for {address}: {detail}")))
}

fn request(row: &BroadcastRow, member: &MemberRow) -> SendRequest {
    SendRequest {
        to: vec![Mailbox { name: member.public.name.clone(), address: member.public.address.clone() }],
        tags: row.public.tags.clone(),
        tracking: tracking(row.public.tracking),
        ..SendRequest::default()
    }
}

/// The member's own, and who they are where they have none of these names.
fn variables(member: MemberRow) -> serde_json::Map<String, Json> {
    let mut variables = member.public.variables;
    let name = member.public.name.unwrap_or_default();
    for (variable, value) in [("address", member.public.address), ("name", name)] {
        variables.entry(variable).or_insert(Json::String(value));
    }
    variables
}

/// Writes the messages of a chunk and moves the cursor behind its members, in one transaction: all of it, or nothing.
async fn write(engine: &Engine, row: &BroadcastRow, last: i64, turns: Vec<Turn>) -> Result<()> {
    let (id, list, from): (BroadcastId, _, _) = (row.public.id.clone(), row.public.list_id.clone(), row.member_cursor);
    let turns = Arc::new(turns);
    let work = move |tx: &mut Tx<'_>| {
        if !broadcasts::advance(tx, &id, from, last)? {
            return Ok(());
        }
        // Who was taken off the list before its turn is gone by now, and not counted any more; who is there had its turn.
        let seqs: Vec<i64> = turns.iter().map(|turn| turn.seq).collect();
        let still_there = list_members::still_there(tx, &list, &seqs)?;
        let (mut made, mut unmade, mut problem) = (Vec::new(), 0, None);
        for turn in turns.iter().filter(|turn| still_there.contains(&turn.seq)) {
            match &turn.made {
                Ok(prepared) => made.push((turn.seq, prepared)),
                Err(detail) => {
                    unmade += 1;
                    problem = problem.or(Some(detail.as_str()));
                }
            }
        }
        sending::write_each(tx, made.iter().map(|(_, prepared)| *prepared))?;
        let recipients: Vec<_> = made.iter().map(|(seq, prepared)| (*seq, prepared.id().clone())).collect();
        broadcast_recipients::insert(tx, &id, &recipients)?;
        broadcasts::count_made(tx, &id, made.len(), unmade, problem)
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Delivery, work).await?)
}

/// Cancels some of the messages of a cancelled broadcast that wait.
async fn cancel_some(engine: &Engine, row: &BroadcastRow) -> Result<Next> {
    let (workspace, id) = (row.workspace_id.clone(), row.public.id.clone());
    let work = move |tx: &mut Tx<'_>| {
        // As long as this holds it, nothing is put aside (`broadcast_recipients::put_aside`).
        let Some(row) = broadcasts::lock(tx, &workspace, &id)? else { return Ok(None) };
        let open = broadcast_recipients::open(tx, &id, CANCELLED_AT_ONCE)?;
        if open.is_empty() {
            broadcasts::set_state(tx, &row.public, None)?;
            return Ok(None);
        }
        let now = Timestamp::now();
        let mut all = true;
        for message in &open {
            all &= broadcast_recipients::cancel_delivery(tx, &workspace, message, now)?;
            crate::delivering::refresh_status(tx, &workspace, message)?;
        }
        Ok(Some(all))
    };
    Ok(match crate::write_again_on_conflict(&engine.db, Priority::Background, work).await? {
        Some(true) => AT_ONCE,
        // Some are being sent just now.
        Some(false) => Next::In(WAITING),
        None => Next::Settled,
    })
}
