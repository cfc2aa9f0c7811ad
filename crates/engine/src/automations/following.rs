//! Follows the events by a durable cursor and runs the automations they set off. The cursor moves in the transaction that does what they
//! say and writes the log: a cut repeats nothing and forgets nothing.

use std::sync::Arc;
use std::time::Duration;

use model::automation::{Automation, AutomationTrigger};
use model::event::EventType;
use model::limits::AUTOMATION_CHAIN_MAX;
use model::{AutomationId, ConversationId, MessageId, Timestamp};
use store::automation_idle::Waiting;
use store::automations::{self, AutomationRow};
use store::events::StoredEvent;
use store::{Priority, Topic, Tx, automation_idle, events, messages, progress};
use tokio_util::sync::CancellationToken;

use super::acting::{self, Cause, Prepared};
use super::facts::{self, Case, Wanted};
use super::matching::{Patterns, Rule};
use super::{deciding, waiting};
use crate::{Engine, Result, due};

const PROGRESS: &str = "automations";
/// Events looked at in one go.
const AT_ONCE: usize = 500;
/// So many events that set nothing off are passed before the cursor is written: else there would be a write a look.
const STRIDE: i64 = 10_000;
/// How long after a look that found nothing the next one may come: under load there would be one a commit.
const PAUSE: Duration = Duration::from_millis(50);
const LOOK_AGAIN: Duration = Duration::from_secs(15);
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What one process knows of how far it is.
#[derive(Debug, Default)]
pub struct Follower {
    /// Up to where nothing was to do when it was looked last.
    passed: i64,
    patterns: Patterns,
}

/// An automation that is on, ready to be asked.
pub(super) struct Live {
    pub row: AutomationRow,
    pub rule: Rule,
}

/// Runs automations until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut news = engine.db.subscribe(Topic::Events);
    let mut follower = Follower::default();
    while !shutdown.is_cancelled() {
        let pause = match follower.step(&engine).await {
            Ok(true) => continue,
            Ok(false) => due::pause(&engine, automation_idle::next_due, LOOK_AGAIN, false).await,
            Err(error) => {
                tracing::error!(%error, "automations could not be run; trying again");
                tokio::select! {
                    () = tokio::time::sleep(AFTER_FAILURE) => {}
                    () = shutdown.cancelled() => return,
                }
                continue;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

impl Follower {
    /// Looks at some events, and at what has waited long enough. Whether there may be more.
    ///
    /// # Errors
    /// What the store says.
    pub async fn step(&mut self, engine: &Engine) -> Result<bool> {
        let behind = self.passed;
        let look = move |tx: &mut Tx<'_>| {
            let (position, newest) = (progress::get(tx, PROGRESS)?, events::newest_position(tx)?);
            let rows = automations::enabled(tx)?;
            let from = position.max(behind);
            let found = if rows.is_empty() || newest <= from { Vec::new() } else { events::after(tx, from, AT_ONCE)? };
            let due = automation_idle::due(tx, Timestamp::now(), waiting::AT_ONCE)?;
            Ok((position, newest, rows, found, due))
        };
        let (position, newest, rows, found, due) = engine.db.read(look).await?;
        let mut cursor = Cursor { kept: position, reached: position.max(behind), waiting: Vec::new() };
        if rows.is_empty() {
            // Whoever turns one on begins with what happens from then on.
            cursor.reached = newest;
            if newest - position >= STRIDE {
                cursor.keep(engine).await?;
            }
            self.passed = cursor.reached;
            return waiting::run_due(engine, &[], due).await;
        }
        let live: Vec<Live> =
            rows.into_iter().map(|row| Live { rule: Rule::of(&row.public, &mut self.patterns), row }).collect();
        let more = found.len() == AT_ONCE;
        for event in found {
            self.passed = 0;
            let position = event.position;
            if !follow(engine, &live, event, &mut cursor).await? {
                // Another node was here first: look again from where it came to.
                return Ok(true);
            }
            cursor.reached = position;
        }
        if (!cursor.waiting.is_empty() || cursor.reached - cursor.kept >= STRIDE) && !cursor.keep(engine).await? {
            return Ok(true);
        }
        self.passed = cursor.reached;
        let ran = waiting::run_due(engine, &live, due).await?;
        Ok(more || ran)
    }
}

/// Where the cursor is, and what is to be written when it moves.
pub(super) struct Cursor {
    /// In the database.
    kept: i64,
    /// Everything up to there was looked at.
    reached: i64,
    /// Conversations that begin to wait for an answer.
    waiting: Vec<Waiting>,
}

impl Cursor {
    /// False where another node moved it.
    async fn keep(&mut self, engine: &Engine) -> Result<bool> {
        let (from, to, waiting) = (self.kept, self.reached, self.waiting.clone());
        let write = move |tx: &mut Tx<'_>| move_on(tx, from, to, &waiting);
        let kept = crate::write_again_on_conflict(&engine.db, Priority::Delivery, write).await?;
        (self.kept, self.waiting) = (self.reached, Vec::new());
        Ok(kept)
    }

    /// Moves it past an event, together with what that led to.
    async fn keep_with(&mut self, engine: &Engine, to: i64, prepared: Prepared) -> Result<bool> {
        let (from, waiting, prepared) = (self.kept, self.waiting.clone(), Arc::new(prepared));
        let write = move |tx: &mut Tx<'_>| {
            let moved = move_on(tx, from, to, &waiting)?;
            if moved {
                acting::act(tx, &prepared, Timestamp::now())?;
            }
            Ok(moved)
        };
        let kept = crate::write_again_on_conflict(&engine.db, Priority::Delivery, write).await?;
        (self.kept, self.reached, self.waiting) = (to, to, Vec::new());
        Ok(kept)
    }
}

fn move_on(tx: &mut Tx<'_>, from: i64, to: i64, waiting: &[Waiting]) -> store::Result<bool> {
    if !progress::advance(tx, PROGRESS, from, to)? {
        return Ok(false);
    }
    for each in waiting {
        waiting::begin(tx, each)?;
    }
    Ok(true)
}

/// What an event is about, where it sets something off.
fn subject_of(event: &StoredEvent) -> Option<(AutomationTrigger, Subject)> {
    let trigger = AutomationTrigger::parse(event.event_type.as_str())?;
    let subject = match event.event_type {
        EventType::MessageReceived => Subject::Mail(event.data.get("messageId")?.as_str()?.parse().ok()?),
        _ => Subject::Conversation(event.subject_id.parse().ok()?),
    };
    Some((trigger, subject))
}

enum Subject {
    Mail(MessageId),
    Conversation(ConversationId),
}

/// False where another node was first.
async fn follow(engine: &Engine, live: &[Live], event: StoredEvent, cursor: &mut Cursor) -> Result<bool> {
    let Some((trigger, subject)) = subject_of(&event).filter(|_| !event.imported) else { return Ok(true) };
    let of_event = |each: &&Live| each.row.workspace_id == event.workspace_id && each.row.enabled_since <= event.at;
    let candidates: Vec<&Live> =
        live.iter().filter(of_event).filter(|each| each.row.public.trigger == trigger).collect();
    let waits = |each: &&Live| each.row.public.trigger == AutomationTrigger::ConversationIdle;
    let waiting: Vec<&Live> = match trigger {
        AutomationTrigger::MessageReceived => live.iter().filter(of_event).filter(waits).collect(),
        _ => Vec::new(),
    };
    if candidates.is_empty() && waiting.is_empty() {
        return Ok(true);
    }
    let Some((conversation, message)) = place_of(engine, &event, subject, &waiting, cursor).await? else {
        return Ok(true);
    };
    if candidates.is_empty() {
        return Ok(true);
    }
    let event_id = event.id.clone();
    let chain = engine.db.read(move |tx| automations::chain(tx, &event_id)).await?;
    let candidates = may_follow(candidates, &chain);
    let case = facts::load(engine, &event.workspace_id, &conversation, message.as_ref(), event.at, wanted(&candidates));
    let Some(mut case) = case.await? else { return Ok(true) };
    let matched = matching(&candidates, &mut case);
    if matched.is_empty() {
        return Ok(true);
    }
    let cause = Cause { name: event.id.to_string(), trigger, event_id: Some(event.id.clone()), chain };
    let prepared = acting::prepare(engine, &case, cause, matched).await?;
    cursor.keep_with(engine, event.position, prepared).await
}

/// The conversation and the mail of an event. A mail of a person is put down for those that ask how long it waits.
async fn place_of(
    engine: &Engine,
    event: &StoredEvent,
    subject: Subject,
    waiting: &[&Live],
    cursor: &mut Cursor,
) -> Result<Option<(ConversationId, Option<MessageId>)>> {
    let id = match subject {
        Subject::Conversation(id) => return Ok(Some((id, None))),
        Subject::Mail(id) => id,
    };
    let (workspace, wanted) = (event.workspace_id.clone(), id.clone());
    let Some(row) = engine.db.read(move |tx| messages::get(tx, &workspace, &wanted)).await? else { return Ok(None) };
    if waiting::asks_for_an_answer(&row) {
        let begins = waiting.iter().filter_map(|each| waiting::of(&each.row, &row, event.at));
        cursor.waiting.extend(begins);
    }
    Ok(Some((row.conversation_id, Some(id))))
}

/// Those that did not lead to this themselves, and none where too many did one after another.
fn may_follow<'l>(candidates: Vec<&'l Live>, chain: &[AutomationId]) -> Vec<&'l Live> {
    if chain.len() >= AUTOMATION_CHAIN_MAX {
        tracing::warn!(?chain, "automations set each other off too often; the next ones do not run");
        return Vec::new();
    }
    candidates.into_iter().filter(|each| !chain.contains(&each.row.public.id)).collect()
}

pub(super) fn wanted(live: &[&Live]) -> Wanted {
    Wanted { body: live.iter().any(|each| each.rule.needs_body), answers: live.iter().any(|each| each.rule.answers) }
}

pub(super) fn matching(live: &[&Live], case: &mut Case) -> Vec<Automation> {
    let rules = live.iter().map(|each| (&each.row.public, &each.rule));
    let mut facts = case.facts.clone();
    deciding::decide(rules, &mut facts, Timestamp::now()).into_iter().cloned().collect()
}
