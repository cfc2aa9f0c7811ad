//! What people change of a conversation, and the events of it, in one transaction.

use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::event::EventType;
use model::key::{Actor, Principal, Scope};
use model::limits::{LABEL_CHARS_MAX, LABELS_MAX};
use model::{ConversationId, EventId, TeamId, Timestamp, UserId};
use store::conversations::{self, ConversationRow};
use store::events::{self, NewEvent};
use store::{Priority, StoreError, Tx, mentions, users};

use super::visible_locked;
use crate::teams::assigning;
use crate::{Engine, EngineError, FieldError, Result, access_check, surveys};

/// What is to be different; what is `None` stays. The inner `None` takes a value away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationChange {
    pub status: Option<ConversationStatus>,
    pub assignee_id: Option<Option<UserId>>,
    /// A conversation that comes to a team and has no assignee is assigned as the team does it.
    pub team_id: Option<Option<TeamId>>,
    pub labels: Option<Vec<String>>,
    pub snoozed_until: Option<Option<Timestamp>>,
    pub unread: Option<bool>,
    pub priority: Option<ConversationPriority>,
}

/// Changes a conversation and says so: `conversation.updated`, and `assigned` and `resolved` where it is that.
///
/// # Errors
/// Fields that are wrong; it is not there, or not the asker's; the scope `conversations:write` is missing.
pub async fn change(
    engine: &Engine,
    principal: &Principal,
    id: &ConversationId,
    change: ConversationChange,
) -> Result<Conversation> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let now = Timestamp::now();
    let change = change.checked(now)?;
    let (asking, id) = (principal.clone(), id.clone());
    let outcome = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let Some(before) = visible_locked(tx, &asking, &id)? else { return Ok(Outcome::NotFound) };
        apply(tx, &asking, before, &change, now)
    });
    match outcome.await? {
        Outcome::Done(done) => Ok(done.after),
        Outcome::NotFound => Err(EngineError::NotFound { what: "the conversation" }),
        Outcome::Refused(error) => Err(EngineError::Invalid(vec![error])),
    }
}

pub(super) enum Outcome {
    Done(Box<Changed>),
    NotFound,
    Refused(FieldError),
}

pub(super) struct Changed {
    pub before: Conversation,
    pub after: Conversation,
}

/// The change of one conversation that this transaction holds, with its events.
pub(super) fn apply(
    tx: &mut Tx<'_>,
    asking: &Principal,
    before: ConversationRow,
    change: &ConversationChange,
    now: Timestamp,
) -> store::Result<Outcome> {
    if let Some(Some(user)) = &change.assignee_id
        && users::get(tx, &asking.workspace_id, user)?.is_none()
    {
        return Ok(Outcome::Refused(FieldError::new("/assigneeId", "no user of this workspace has this id")));
    }
    if change.unread == Some(false)
        && let Actor::User(user, _) = &asking.actor
    {
        mentions::seen(tx, &before.public.id, user)?;
    }
    let mut after = change.applied(&before);
    if !give_to_team(tx, &before, &mut after)? {
        return Ok(Outcome::Refused(FieldError::new("/teamId", "no team of this workspace has this id")));
    }
    if after != before {
        keep_change(tx, &before, &after, now)?;
    }
    Ok(Outcome::Done(Box::new(Changed { before: before.public, after: after.public })))
}

/// A conversation that comes to a team while nobody has it is assigned as the team does it. False where the team is not there.
pub(crate) fn give_to_team(
    tx: &mut Tx<'_>,
    before: &ConversationRow,
    after: &mut ConversationRow,
) -> store::Result<bool> {
    let Some(team) = after.public.team_id.clone().filter(|team| before.public.team_id.as_ref() != Some(team)) else {
        return Ok(true);
    };
    let Some(given) = assigning::give(tx, &after.workspace_id, &team, after.public.assignee_id.take())? else {
        return Ok(false);
    };
    after.public.assignee_id = given.assignee_id;
    Ok(true)
}

impl ConversationChange {
    /// What can be told without looking at the conversation; labels trimmed, each once.
    pub(super) fn checked(mut self, now: Timestamp) -> Result<Self> {
        let mut errors = Vec::new();
        if let Some(Some(until)) = self.snoozed_until {
            if until <= now {
                errors.push(FieldError::new("/snoozedUntil", "a time in the future is needed"));
            }
            if self.status.is_some_and(|status| status != ConversationStatus::Snoozed) {
                errors.push(FieldError::new(
                    "/snoozedUntil",
                    "only a conversation that is snoozed wakes: leave status out, or make it `snoozed`",
                ));
            }
            self.status = Some(ConversationStatus::Snoozed);
        }
        if let Some(labels) = &mut self.labels {
            *labels = labels.iter().map(|label| label.trim().to_owned()).collect();
            for (place, label) in labels.iter().enumerate() {
                let length = label.chars().count();
                if length == 0 || length > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
                    let detail =
                        format!("a label has 1 to {LABEL_CHARS_MAX} characters, none of them a control character");
                    errors.push(FieldError::new(format!("/labels/{place}"), detail));
                }
            }
            labels.sort();
            labels.dedup();
            if labels.len() > LABELS_MAX {
                errors.push(FieldError::new("/labels", format!("at most {LABELS_MAX} labels")));
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(EngineError::Invalid(errors)) }
    }

    fn applied(&self, before: &ConversationRow) -> ConversationRow {
        let mut after = before.clone();
        let public = &mut after.public;
        if let Some(status) = self.status {
            public.status = status;
        }
        if let Some(until) = self.snoozed_until {
            public.snoozed_until = until;
        }
        if public.status != ConversationStatus::Snoozed {
            public.snoozed_until = None;
        }
        if let Some(assignee) = &self.assignee_id {
            public.assignee_id = assignee.clone();
        }
        if let Some(team) = &self.team_id {
            public.team_id = team.clone();
        }
        if let Some(labels) = &self.labels {
            public.labels = labels.clone();
        }
        if let Some(unread) = self.unread {
            public.unread = unread;
        }
        if let Some(priority) = self.priority {
            public.priority = priority;
        }
        after
    }
}

/// Writes a change of a conversation that is locked, and says so. Answers the events.
///
/// # Errors
/// What the database says.
pub(crate) fn keep_change(
    tx: &mut Tx<'_>,
    before: &ConversationRow,
    after: &ConversationRow,
    at: Timestamp,
) -> store::Result<Vec<(EventType, EventId)>> {
    conversations::apply_change(tx, before, after)?;
    let mut happened = vec![EventType::ConversationUpdated];
    if before.public.assignee_id != after.public.assignee_id {
        happened.push(EventType::ConversationAssigned);
    }
    if before.public.status != after.public.status && after.public.status == ConversationStatus::Resolved {
        happened.push(EventType::ConversationResolved);
        surveys::resolved(tx, after, at)?;
    }
    happened.into_iter().map(|event_type| Ok((event_type, append(tx, after, event_type, at)?))).collect()
}

/// An event that carries the conversation as it is now.
pub(crate) fn append(
    tx: &mut Tx<'_>,
    row: &ConversationRow,
    event_type: EventType,
    at: Timestamp,
) -> store::Result<EventId> {
    let data = serde_json::to_value(&row.public).map_err(|error| StoreError::corrupt("conversation", error))?;
    append_data(tx, row, event_type, &data, at)
}

/// An event of the conversation that says something else beside it.
pub(crate) fn append_data(
    tx: &mut Tx<'_>,
    row: &ConversationRow,
    event_type: EventType,
    data: &serde_json::Value,
    at: Timestamp,
) -> store::Result<EventId> {
    let event = NewEvent {
        workspace_id: &row.workspace_id,
        channel_id: row.public.channel_id.as_ref(),
        event_type,
        subject_id: row.public.id.as_str(),
        data,
        at,
    };
    events::append(tx, &event)
}
