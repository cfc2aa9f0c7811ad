//! Follows the events by a durable cursor, keeps what is known of each conversation's times, and says when a timer is nearly or wholly
//! over its time. Every write takes a turn: what was read before somebody else wrote is read again, so that of several nodes one tells.

use std::collections::HashMap;
use std::time::Duration;

use model::conversation::{Conversation, ConversationStatus};
use model::event::EventType;
use model::message::Direction;
use model::sla::{Sla, SlaTimerName};
use model::{ConversationId, Timestamp, WorkspaceId};
use serde_json::json;
use store::conversation_timing::{self, TimedMessage, TimingRow};
use store::events::StoredEvent;
use store::insight_facts::{self, Fact};
use store::{Priority, StoreError, Topic, Tx, conversation_lists, conversations, progress};
use tokio_util::sync::CancellationToken;

use super::batch::{Batch, PROGRESS, merged_into, message_of, rules_of, split_from};
use super::machine::{Rules, Timing};
use super::regrouping::Split;
use super::timers::Passed;
use crate::conversations::{append, append_data};
use crate::{Engine, Result, due};

/// Conversations whose timers are looked at in one transaction.
const DUE_AT_ONCE: usize = 100;
/// How long events gather before they are looked at.
const PAUSE: Duration = Duration::from_millis(250);
const LOOK_AGAIN: Duration = Duration::from_secs(15);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// What happens is written a little later, and on PostgreSQL has its place later still: so long before now nothing is to come.
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);

/// Follows until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut news = engine.db.subscribe(Topic::Events);
    while !shutdown.is_cancelled() {
        let pause = match step(&engine, Timestamp::now()).await {
            Ok(true) => continue,
            Ok(false) => due::pause(&engine, conversation_timing::next_due, LOOK_AGAIN, false).await,
            Err(error) => {
                tracing::error!(%error, "the times of conversations could not be followed; trying again");
                AFTER_FAILURE
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

/// Looks at some events, and then at the timers whose time has come by `now`. Whether there may be more.
///
/// # Errors
/// What the store says.
pub async fn step(engine: &Engine, now: Timestamp) -> Result<bool> {
    let batch = engine.db.read(Batch::read).await?;
    let (caught_up, mut as_of) = (batch.until == batch.newest, now.minus(WRITTEN_WITHIN));
    if !caught_up {
        // What happened later may have stopped a timer.
        as_of = batch.events.last().map_or(Timestamp::from_millis(0), |event| event.at.min(as_of));
    }
    if batch.until > batch.position && !follow(engine, batch).await? {
        return Ok(true);
    }
    let more_due = look_at_due(engine, as_of).await?;
    Ok(!caught_up || more_due)
}

/// What events lead to, gathered.
struct Following {
    known: HashMap<ConversationId, Timing>,
    /// Those with other timers than before are told of.
    before: HashMap<ConversationId, Option<Sla>>,
    gone: Vec<ConversationId>,
    /// Of conversations that are gone.
    facts: Vec<Fact>,
}

impl Following {
    fn of(timings: HashMap<ConversationId, TimingRow>) -> store::Result<Self> {
        let mut known = HashMap::new();
        for (id, row) in timings {
            known.insert(id, Timing::read(row)?);
        }
        let before = known.iter().map(|(id, timing)| (id.clone(), shown(timing))).collect();
        Ok(Self { known, before, gone: Vec::new(), facts: Vec::new() })
    }

    fn take(&mut self, event: &StoredEvent, batch: &Batch, rules: &Rules) {
        match event.event_type {
            EventType::ConversationMerged => self.merge(event, rules),
            EventType::ConversationErased => self.forget(event),
            EventType::MessageReceived | EventType::MessageSent => {
                let Some(message) = message_of(event).and_then(|id| batch.messages.get(&id)) else { return };
                self.message(event, message, rules);
            }
            _ => {
                let Ok(now) = serde_json::from_value::<Conversation>(event.data.clone()) else { return };
                self.conversation(event, &now, rules);
                if let Some(split) = batch.splits.get(&now.id).filter(|_| split_from(event).is_some()) {
                    self.split(&now.id, split, rules);
                }
            }
        }
    }

    fn conversation(&mut self, event: &StoredEvent, now: &Conversation, rules: &Rules) {
        if self.gone.contains(&now.id) {
            return;
        }
        if let Some(timing) = self.known.get_mut(&now.id) {
            timing.changed(event.id.as_str(), now, event.at, rules);
            return;
        }
        // What begins resolved, as an invitation does, is nobody's work.
        let began = event.event_type == EventType::ConversationCreated
            && !event.imported
            && now.status != ConversationStatus::Resolved;
        let timing = Timing::begin(&event.workspace_id, now, began.then_some(event.at), event.id.as_str());
        self.known.insert(now.id.clone(), timing);
    }

    fn message(&mut self, event: &StoredEvent, message: &TimedMessage, rules: &Rules) {
        // A machine of theirs asks for nothing, one of ours and what goes to somebody else answer nothing, and mail of old did both
        // long ago.
        let by_a_person =
            !message.auto_reply && !message.aside && message.kind == mail::classify::MailKind::Message.as_str();
        let Some(timing) = self.known.get_mut(&message.conversation_id).filter(|_| by_a_person && !event.imported)
        else {
            return;
        };
        match (event.event_type, message.direction) {
            (EventType::MessageReceived, Direction::Inbound) => {
                timing.customer_wrote(&event.subject_id, event.at, rules);
            }
            (EventType::MessageSent, Direction::Outbound) => {
                timing.person_answered(&event.subject_id, event.at, message.author_id.as_ref(), rules);
            }
            _ => {}
        }
    }

    /// Nothing is told of it any more.
    fn forget(&mut self, event: &StoredEvent) {
        let Ok(id) = event.subject_id.parse::<ConversationId>() else { return };
        self.known.remove(&id);
        self.gone.push(id);
    }

    fn split(&mut self, id: &ConversationId, split: &Split, rules: &Rules) {
        let Some(mut new) = self.known.remove(id) else { return };
        if let Some(old) = self.known.get_mut(&split.from) {
            old.split(&mut new, split, rules);
        }
        self.known.insert(id.clone(), new);
    }

    fn merge(&mut self, event: &StoredEvent, rules: &Rules) {
        let (Ok(id), Some(into)) = (event.subject_id.parse::<ConversationId>(), merged_into(event)) else { return };
        if let Some(other) = self.known.remove(&id) {
            match self.known.get_mut(&into) {
                Some(timing) => timing.merged(other, rules),
                None => self.facts.extend(other.write().map(|(_, facts)| facts).unwrap_or_default()),
            }
        }
        self.gone.push(id);
    }
}

fn shown(timing: &Timing) -> Option<Sla> {
    timing.timers.as_ref().map(super::timers::Timers::shown)
}

/// Everything that is to be written, in one transaction.
struct Writing {
    turn: i64,
    rows: Vec<TimingRow>,
    facts: Vec<Fact>,
    gone: Vec<ConversationId>,
    /// Timers as they are now, in the order of the conversations' ids: two who change several wait for each other, and never both.
    told: Vec<Told>,
}

struct Told {
    workspace_id: WorkspaceId,
    id: ConversationId,
    sla: Option<Sla>,
    passed: Vec<(SlaTimerName, Passed)>,
}

impl Writing {
    fn of(turn: i64) -> Self {
        Self { turn, rows: Vec::new(), facts: Vec::new(), gone: Vec::new(), told: Vec::new() }
    }

    fn add(&mut self, timing: Timing, before: Option<&Sla>, passed: Vec<(SlaTimerName, Passed)>) -> store::Result<()> {
        let sla = shown(&timing);
        let (row, facts) = timing.write()?;
        // A timer may come to something that is not to be seen beside one that stands worse.
        if sla.as_ref() != before || !passed.is_empty() {
            let (workspace_id, id) = (row.workspace_id.clone(), row.conversation_id.clone());
            self.told.push(Told { workspace_id, id, sla, passed });
        }
        self.facts.extend(facts);
        self.rows.push(row);
        Ok(())
    }

    /// False where somebody else wrote since it was read.
    fn write(&self, tx: &mut Tx<'_>) -> store::Result<bool> {
        if !conversation_timing::take_turn(tx, self.turn)? {
            return Ok(false);
        }
        conversation_timing::put(tx, &self.rows)?;
        conversation_timing::forget(tx, &self.gone)?;
        insight_facts::add(tx, &self.facts)?;
        for told in &self.told {
            tell(tx, told, Timestamp::now())?;
        }
        Ok(true)
    }
}

/// Writes a conversation's timers to it, and says so.
fn tell(tx: &mut Tx<'_>, told: &Told, at: Timestamp) -> store::Result<()> {
    conversation_lists::lock(tx, &told.id)?;
    let Some(mut row) = conversations::get(tx, &told.workspace_id, &told.id)? else { return Ok(()) };
    if row.public.sla != told.sla {
        conversations::set_sla(tx, &told.id, told.sla.as_ref())?;
        row.public.sla.clone_from(&told.sla);
        append(tx, &row, EventType::ConversationUpdated, at)?;
    }
    for (timer, passed) in &told.passed {
        let (event_type, due_at) = match passed {
            Passed::DueSoon(due_at) => (EventType::ConversationSlaDueSoon, due_at),
            Passed::Breached(due_at) => (EventType::ConversationSlaBreached, due_at),
        };
        let mut data = serde_json::to_value(&row.public).map_err(|error| StoreError::corrupt("conversation", error))?;
        if let Some(fields) = data.as_object_mut() {
            fields.insert("slaTimer".to_owned(), json!({ "timer": timer, "dueAt": due_at }));
        }
        append_data(tx, &row, event_type, &data, at)?;
    }
    Ok(())
}

/// False where another node was here first.
async fn follow(engine: &Engine, batch: Batch) -> Result<bool> {
    let (position, until) = (batch.position, batch.until);
    let mut following = Following::of(batch.timings.clone())?;
    for event in &batch.events {
        if let Some(rules) = batch.rules.get(&event.workspace_id) {
            following.take(event, &batch, rules);
        }
    }
    let mut writing = Writing::of(batch.turn);
    writing.facts = following.facts;
    writing.gone = following.gone;
    let mut known: Vec<(ConversationId, Timing)> = following.known.into_iter().collect();
    known.sort_by(|(left, _), (right, _)| left.cmp(right));
    for (id, mut timing) in known {
        if let Some(rules) = batch.rules.get(&timing.row.workspace_id) {
            timing.let_go(rules);
        }
        writing.add(timing, following.before.get(&id).and_then(Option::as_ref), Vec::new())?;
    }
    // Most of what is told changes nothing here.
    writing.rows.retain(|row| batch.timings.get(&row.conversation_id) != Some(row));
    let write = move |tx: &mut Tx<'_>| {
        if !progress::advance(tx, PROGRESS, position, until)? {
            return Ok(false);
        }
        // Undone as a whole, the cursor too.
        if writing.write(tx)? { Ok(true) } else { Err(StoreError::Conflict) }
    };
    match engine.db.write(Priority::Background, write).await {
        Err(error) if error.is_transient() => Ok(false),
        outcome => Ok(outcome?),
    }
}

/// Says of some timers that their time has come. Whether there may be more.
async fn look_at_due(engine: &Engine, as_of: Timestamp) -> Result<bool> {
    let look = move |tx: &mut Tx<'_>| {
        let (turn, rows) = (conversation_timing::turn(tx)?, conversation_timing::due(tx, as_of, DUE_AT_ONCE)?);
        let rules = rules_of(tx, rows.iter().map(|row| row.workspace_id.clone()))?;
        Ok((turn, rows, rules))
    };
    let (turn, mut rows, rules) = engine.db.read(look).await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let more = rows.len() == DUE_AT_ONCE;
    rows.sort_by(|left, right| left.conversation_id.cmp(&right.conversation_id));
    let mut writing = Writing::of(turn);
    for row in rows {
        let Some(rules) = rules.get(&row.workspace_id) else { continue };
        let mut timing = Timing::read(row)?;
        let before = shown(&timing);
        let passed = timing.pass(as_of, rules);
        writing.add(timing, before.as_ref(), passed)?;
    }
    match engine.db.write(Priority::Background, move |tx| writing.write(tx)).await {
        Ok(true) => Ok(more),
        // Another node was here first.
        Ok(false) => Ok(true),
        Err(error) if error.is_transient() => Ok(true),
        Err(error) => Err(error.into()),
    }
}
