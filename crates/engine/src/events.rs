//! Events as they are read: pages in commit order, what a stream waits for, and messages filled in. Never appends one;
//! whatever changes something does that in its own transaction.

use std::collections::HashMap;

use model::event::{Event, EventType};
use model::key::{Principal, Scope};
use model::message::Message;
use model::{EventId, MessageId, WorkspaceId};
use serde_json::{Map, Value as Json};
use store::events::{self, StoredEvent};
use store::{Tx, message_lists};

use crate::{Engine, EngineError, Result, access_check, messages};

/// Events looked through for one page, for a key that sees one channel's alone.
const LOOKED_THROUGH_MAX: usize = 1_000;
/// Events read at once.
const AT_ONCE: usize = 100;

/// A page of events, and where the reader has come to.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    pub events: Vec<Event>,
    /// The last event looked at, if there are more behind it.
    pub next: Option<EventId>,
    /// Its position, or that of the newest event there is.
    pub position: i64,
}

/// Where to begin: behind this event, or with the oldest that is kept.
///
/// # Errors
/// The scope `events:read` is missing; the event is not there any more (410).
pub async fn position(engine: &Engine, principal: &Principal, after: Option<&EventId>) -> Result<i64> {
    access_check::scope(principal, Scope::EventsRead)?;
    let Some(id) = after.cloned() else { return Ok(0) };
    let workspace = principal.workspace_id.clone();
    let found = engine.db.read(move |tx| events::position_of(tx, &workspace, &id)).await?;
    found.ok_or_else(|| {
        EngineError::Gone("this event is not kept any more: begin with the oldest that is, without `after`".into())
    })
}

/// The workspace's newest event and its position: what a stream begins behind that wants only what comes.
///
/// # Errors
/// What the store says.
pub async fn newest(engine: &Engine, workspace: &WorkspaceId) -> Result<Option<(EventId, i64)>> {
    let workspace = workspace.clone();
    let found = engine.db.read(move |tx| events::before_in_workspace(tx, &workspace, i64::MAX, 1)).await?;
    Ok(found.into_iter().next().map(|event| (event.id, event.position)))
}

/// Events behind `position` that the principal sees, oldest first, in commit order.
///
/// # Errors
/// As [`position`].
pub async fn after(engine: &Engine, principal: &Principal, position: i64, take: usize) -> Result<EventPage> {
    page(engine, principal, position, take, events::after_in_workspace).await
}

/// As [`after`], newest first, from the event before this one, or from the newest there is.
///
/// # Errors
/// As [`position`].
pub async fn before(engine: &Engine, principal: &Principal, event: Option<&EventId>, take: usize) -> Result<EventPage> {
    let position = match event {
        Some(_) => position(engine, principal, event).await?,
        None => i64::MAX,
    };
    page(engine, principal, position, take, events::before_in_workspace).await
}

type Read = fn(&mut Tx<'_>, &WorkspaceId, i64, usize) -> store::Result<Vec<StoredEvent>>;

async fn page(engine: &Engine, principal: &Principal, position: i64, take: usize, read: Read) -> Result<EventPage> {
    access_check::scope(principal, Scope::EventsRead)?;
    let (asking, mut position) = (principal.clone(), position);
    let (stored, position, more) = engine
        .db
        .read(move |tx| {
            let (mut seen, mut looked_through, mut looked_at) = (Vec::new(), 0, None);
            while looked_through < LOOKED_THROUGH_MAX {
                let found = read(tx, &asking.workspace_id, position, AT_ONCE)?;
                let is_end = found.len() < AT_ONCE;
                looked_through += found.len();
                let last = found.len().saturating_sub(1);
                for (place, event) in found.into_iter().enumerate() {
                    position = event.position;
                    let id = event.id.clone();
                    looked_at = Some(id.clone());
                    if asking.sees(event.channel_id.as_ref()) {
                        seen.push(event);
                    }
                    if seen.len() == take {
                        return Ok((seen, position, (!is_end || place < last).then_some(id)));
                    }
                }
                if is_end {
                    return Ok((seen, position, None));
                }
            }
            // It goes on, even where nothing of this was the asker's.
            Ok((seen, position, looked_at))
        })
        .await?;
    Ok(EventPage { events: hydrate(engine, stored).await?, next: more, position })
}

/// Fills in the messages that events speak of, as they are now, with what the event says of them put over it.
///
/// # Errors
/// What the store says.
pub async fn hydrate(engine: &Engine, stored: Vec<StoredEvent>) -> Result<Vec<Event>> {
    let mut by_workspace: HashMap<WorkspaceId, Vec<MessageId>> = HashMap::new();
    for event in &stored {
        if let Some(id) = message_id(event) {
            by_workspace.entry(event.workspace_id.clone()).or_default().push(id);
        }
    }
    let mut messages: HashMap<MessageId, Message> = HashMap::new();
    for (workspace, mut ids) in by_workspace {
        ids.sort();
        ids.dedup();
        let rows = engine.db.read(move |tx| message_lists::by_ids(tx, &workspace, &ids)).await?;
        let hydrated = messages::hydrate(engine, rows).await?;
        messages.extend(hydrated.into_iter().map(|message| (message.id.clone(), message)));
    }
    Ok(stored.into_iter().map(|event| filled_in(event, &messages)).collect())
}

fn message_id(event: &StoredEvent) -> Option<MessageId> {
    if !event.event_type.carries_message() {
        return None;
    }
    event.data.get("messageId")?.as_str()?.parse().ok()
}

fn filled_in(event: StoredEvent, messages: &HashMap<MessageId, Message>) -> Event {
    let message = message_id(&event).and_then(|id| messages.get(&id));
    let shown = message.and_then(|message| serde_json::to_value(message).ok());
    let data = match (shown, event.data) {
        (Some(Json::Object(shown)), Json::Object(said)) => Json::Object(put_over(shown, said)),
        (_, said) => said,
    };
    let event_type: EventType = event.event_type;
    Event {
        id: event.id,
        event_type,
        event: event_type,
        timestamp: event.at,
        workspace_id: event.workspace_id,
        imported: event.imported,
        data,
    }
}

/// The message's id is there already, as `id`.
fn put_over(mut shown: Map<String, Json>, said: Map<String, Json>) -> Map<String, Json> {
    shown.extend(said.into_iter().filter(|(name, _)| name != "messageId"));
    shown
}
