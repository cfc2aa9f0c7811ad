//! Some events and what is known of what they speak of, read at once. Reads only.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use model::event::EventType;
use model::{ConversationId, MessageId, WorkspaceId};
use store::conversation_timing::{self, TimedMessage, TimingRow};
use store::events::{self, StoredEvent};
use store::{Tx, business_hours, progress, sla_policies};

use super::machine::Rules;
use super::regrouping::Split;
use crate::business_hours::Hours;

pub(super) const PROGRESS: &str = "timing";
/// Positions of events passed in one transaction.
const AT_ONCE: i64 = 500;
/// Mails of a conversation that was split which are looked at, the newest.
const MAILS_LOOKED_AT: usize = 1_000;

const TYPES: [EventType; 8] = [
    EventType::ConversationCreated,
    EventType::ConversationUpdated,
    EventType::ConversationAssigned,
    EventType::ConversationResolved,
    EventType::ConversationMerged,
    EventType::ConversationErased,
    EventType::MessageReceived,
    EventType::MessageSent,
];

/// Some events, and what is known of what they speak of.
pub(super) struct Batch {
    pub position: i64,
    pub until: i64,
    pub newest: i64,
    pub turn: i64,
    pub events: Vec<StoredEvent>,
    pub messages: HashMap<MessageId, TimedMessage>,
    pub timings: HashMap<ConversationId, TimingRow>,
    pub rules: HashMap<WorkspaceId, Rules>,
    /// By the conversation that was made.
    pub splits: HashMap<ConversationId, Split>,
}

impl Batch {
    pub fn read(tx: &mut Tx<'_>) -> store::Result<Self> {
        let (position, newest) = (progress::get(tx, PROGRESS)?, events::newest_position(tx)?);
        let until = newest.min(position + AT_ONCE).max(position);
        let turn = conversation_timing::turn(tx)?;
        let mut events = events::of_types(tx, position, until, &TYPES)?;
        // Mail of a use case is no conversation that somebody works on.
        events.retain(|event| event.channel_id.is_some());
        let message_ids: Vec<MessageId> = events.iter().filter_map(message_of).collect();
        let messages = conversation_timing::messages(tx, &message_ids)?;
        let mut ids: HashSet<ConversationId> = messages.values().map(|one| one.conversation_id.clone()).collect();
        for event in events.iter().filter(|event| !event.event_type.carries_message()) {
            ids.extend(event.subject_id.parse().ok());
            ids.extend(merged_into(event));
            ids.extend(split_from(event));
        }
        let timings = conversation_timing::by_ids(tx, &ids.into_iter().collect::<Vec<_>>())?;
        let workspaces = events.iter().map(|event| event.workspace_id.clone());
        let rules = rules_of(tx, workspaces)?;
        let mut splits = HashMap::new();
        for event in &events {
            if let (Ok(id), Some(from)) = (event.subject_id.parse::<ConversationId>(), split_from(event)) {
                let split = read_split(tx, event, from, &id)?;
                splits.insert(id, split);
            }
        }
        Ok(Self { position, until, newest, turn, events, messages, timings, rules, splits })
    }
}

/// What the two conversations have of the mails that were there when it happened.
fn read_split(tx: &mut Tx<'_>, event: &StoredEvent, from: ConversationId, id: &ConversationId) -> store::Result<Split> {
    let mut mails = |id: &ConversationId| {
        let mut mails = conversation_timing::past_mails(tx, id, MAILS_LOOKED_AT)?;
        mails.retain(|mail| mail.at <= event.at);
        store::Result::Ok(mails)
    };
    Ok(Split { stayed: mails(&from)?, went: mails(id)?, from })
}

pub(super) fn split_from(event: &StoredEvent) -> Option<ConversationId> {
    event.data.get("splitFrom").filter(|_| event.event_type == EventType::ConversationCreated)?.as_str()?.parse().ok()
}

pub(super) fn message_of(event: &StoredEvent) -> Option<MessageId> {
    event.data.get("messageId").filter(|_| event.event_type.carries_message())?.as_str()?.parse().ok()
}

pub(super) fn merged_into(event: &StoredEvent) -> Option<ConversationId> {
    event.data.get("mergedInto").filter(|_| event.event_type == EventType::ConversationMerged)?.as_str()?.parse().ok()
}

pub(super) fn rules_of(
    tx: &mut Tx<'_>,
    workspaces: impl Iterator<Item = WorkspaceId>,
) -> store::Result<HashMap<WorkspaceId, Rules>> {
    let mut found = HashMap::new();
    for workspace in workspaces {
        if let Entry::Vacant(place) = found.entry(workspace) {
            let (policies, set) = (sla_policies::list(tx, place.key())?, business_hours::get(tx, place.key())?);
            let hours_are_set = set.is_some();
            let hours = Hours::new(&set.unwrap_or_default());
            place.insert(Rules { policies, hours, hours_are_set });
        }
    }
    Ok(found)
}
