//! Many conversations changed at once, in one transaction, and told apart: what each was, what undoes its change, which
//! could not be changed and why. What a change is and does is `change`'s.

mod kept;

use std::collections::{BTreeMap, HashSet};

use model::conversation::{Conversation, ConversationStatus};
use model::key::{Principal, Scope};
use model::limits::{BULK_CONVERSATIONS_MAX, LABEL_CHARS_MAX, LABELS_MAX};
use model::{ConversationId, Timestamp};
use store::conversations::ConversationRow;
use store::{Priority, Tx, conversation_lists};

use super::change::{self, ConversationChange, Outcome};
use super::visible;
use crate::{Engine, EngineError, FieldError, Result, access_check, once};

const NOT_FOUND: &str = "notFound";
const INVALID: &str = "invalid";

/// A change that may speak of labels to add and to take away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BulkChange {
    pub change: ConversationChange,
    pub labels_add: Vec<String>,
    pub labels_remove: Vec<String>,
}

/// One conversation and what is to be different about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneChange {
    pub id: ConversationId,
    pub change: BulkChange,
    /// Where the change stands in the request (`/change`, `/changes/3/change`).
    pub pointer: String,
}

/// What became of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub before: Conversation,
    pub after: Conversation,
    /// Undoes this change and nothing else.
    pub undo: BulkChange,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub id: ConversationId,
    /// `notFound` or `invalid`.
    pub code: &'static str,
    pub detail: String,
}

impl Failed {
    fn missing(id: ConversationId) -> Self {
        Self { id, code: NOT_FOUND, detail: "the conversation was not found".to_owned() }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct BulkOutcome {
    pub changed: Vec<Done>,
    pub failed: Vec<Failed>,
}

/// Changes conversations, each with its events, in one transaction. One that can't be changed keeps no other from it.
///
/// # Errors
/// Too many, or one twice; a change is wrong in itself; the scope `conversations:write` is missing.
pub async fn change_many(engine: &Engine, principal: &Principal, changes: Vec<OneChange>) -> Result<BulkOutcome> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let now = Timestamp::now();
    let changes = checked(changes, now)?;
    let (asking, once) = (principal.clone(), once::asked());
    let outcome = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        if let Some(earlier) = once.noted(tx)? {
            return kept::read(tx, &asking, &earlier);
        }
        let mut ids: Vec<ConversationId> = changes.iter().map(|one| one.id.clone()).collect();
        ids.sort();
        conversation_lists::lock_all(tx, &asking.workspace_id, &ids)?;
        let mut outcome = BulkOutcome::default();
        for one in &changes {
            match change_one(tx, &asking, one, now)? {
                Ok(done) => outcome.changed.push(done),
                Err(failed) => outcome.failed.push(failed),
            }
        }
        once.note_last(tx, &kept::write(&outcome)?)?;
        Ok(outcome)
    });
    Ok(outcome.await?)
}

fn change_one(
    tx: &mut Tx<'_>,
    asking: &Principal,
    one: &OneChange,
    now: Timestamp,
) -> store::Result<std::result::Result<Done, Failed>> {
    let invalid = |detail: String| Err(Failed { id: one.id.clone(), code: INVALID, detail });
    let missing = || Err(Failed::missing(one.id.clone()));
    let Some(before) = visible(tx, asking, &one.id)? else { return Ok(missing()) };
    let change = match one.change.of(&before) {
        Ok(change) => change,
        Err(detail) => return Ok(invalid(detail)),
    };
    Ok(match change::apply(tx, asking, before, &change, now)? {
        Outcome::Done(done) => {
            let undo = undo(&done.before, &done.after);
            Ok(Done { before: done.before, after: done.after, undo })
        }
        Outcome::NotFound => missing(),
        Outcome::Refused(error) => invalid(error.detail),
    })
}

fn checked(changes: Vec<OneChange>, now: Timestamp) -> Result<Vec<OneChange>> {
    if changes.is_empty() || changes.len() > BULK_CONVERSATIONS_MAX {
        let detail = format!("1 to {BULK_CONVERSATIONS_MAX} conversations at once; {} were given", changes.len());
        return Err(EngineError::invalid("/ids", detail));
    }
    let (mut seen, mut errors) = (HashSet::new(), BTreeMap::new());
    let mut all = Vec::with_capacity(changes.len());
    for mut one in changes {
        let pointer = one.pointer.clone();
        if !seen.insert(one.id.clone()) {
            errors.insert(
                format!("{pointer}#{}", one.id),
                FieldError::new(pointer.clone(), format!("{} is named twice", one.id)),
            );
        }
        match one.change.checked(now) {
            Ok(change) => one.change = change,
            // The same change of many is wrong once.
            Err(wrong) => errors.extend(wrong.into_iter().map(|error| {
                let at = format!("{pointer}{}", error.pointer);
                (at.clone(), FieldError::new(at, error.detail))
            })),
        }
        all.push(OneChange { change: std::mem::take(&mut one.change), ..one });
    }
    if errors.is_empty() { Ok(all) } else { Err(EngineError::Invalid(errors.into_values().collect())) }
}

impl BulkChange {
    fn checked(&self, now: Timestamp) -> std::result::Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut labels = |labels: &[String], field: &str| -> Vec<String> {
            let trimmed: Vec<String> = labels.iter().map(|label| label.trim().to_owned()).collect();
            for (place, label) in trimmed.iter().enumerate() {
                let length = label.chars().count();
                if length == 0 || length > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
                    let detail =
                        format!("a label has 1 to {LABEL_CHARS_MAX} characters, none of them a control character");
                    errors.push(FieldError::new(format!("/{field}/{place}"), detail));
                }
            }
            trimmed
        };
        let labels_add = labels(&self.labels_add, "labelsAdd");
        let labels_remove = labels(&self.labels_remove, "labelsRemove");
        if self.change.labels.is_some() && !(labels_add.is_empty() && labels_remove.is_empty()) {
            errors.push(FieldError::new("/labels", "say all labels, or which to add and to take away, not both"));
        }
        let change = match self.change.clone().checked(now) {
            Ok(change) => change,
            Err(EngineError::Invalid(wrong)) => {
                errors.extend(wrong);
                ConversationChange::default()
            }
            Err(other) => {
                errors.push(FieldError::new("", other.to_string()));
                ConversationChange::default()
            }
        };
        if errors.is_empty() { Ok(Self { change, labels_add, labels_remove }) } else { Err(errors) }
    }

    /// The change of this conversation; what is wrong with it otherwise.
    fn of(&self, before: &ConversationRow) -> std::result::Result<ConversationChange, String> {
        let mut change = self.change.clone();
        if self.labels_add.is_empty() && self.labels_remove.is_empty() {
            return Ok(change);
        }
        let mut labels = before.public.labels.clone();
        labels.retain(|label| !self.labels_remove.contains(label));
        labels.extend(self.labels_add.iter().cloned());
        labels.sort();
        labels.dedup();
        if labels.len() > LABELS_MAX {
            return Err(format!("it would have {} labels; at most {LABELS_MAX}", labels.len()));
        }
        change.labels = Some(labels);
        Ok(change)
    }
}

/// What takes a change back: what it changed and nothing else, so that what others did meanwhile stays.
fn undo(before: &Conversation, after: &Conversation) -> BulkChange {
    let mut undo = BulkChange::default();
    let change = &mut undo.change;
    if (before.status, before.snoozed_until) != (after.status, after.snoozed_until) {
        change.status = Some(before.status);
        if before.status == ConversationStatus::Snoozed {
            change.snoozed_until = before.snoozed_until.map(Some);
        }
    }
    if before.assignee_id != after.assignee_id {
        change.assignee_id = Some(before.assignee_id.clone());
    }
    if before.team_id != after.team_id {
        change.team_id = Some(before.team_id.clone());
    }
    if before.unread != after.unread {
        change.unread = Some(before.unread);
    }
    if before.priority != after.priority {
        change.priority = Some(before.priority);
    }
    let missing = |of: &Conversation, from: &Conversation| -> Vec<String> {
        of.labels.iter().filter(|label| !from.labels.contains(label)).cloned().collect()
    };
    undo.labels_add = missing(before, after);
    undo.labels_remove = missing(after, before);
    undo
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn conversation() -> Conversation {
        let at = Timestamp::from_millis(1_000);
        Conversation {
            id: ConversationId::generate(),
            channel_id: None,
            use_case_id: None,
            contact_id: None,
            subject: String::new(),
            number: 1,
            priority: model::conversation::ConversationPriority::Normal,
            status: ConversationStatus::Open,
            assignee_id: None,
            team_id: None,
            labels: vec!["a".into(), "b".into()],
            unread: true,
            message_count: 1,
            preview: String::new(),
            snoozed_until: None,
            last_activity_at: at,
            created_at: at,
            related_conversation_ids: Vec::new(),
            sla: None,
        }
    }

    #[test]
    fn undoing_speaks_of_what_was_changed_alone() {
        let before = conversation();
        let mut after = before.clone();
        assert_eq!(undo(&before, &after), BulkChange::default());
        after.labels = vec!["b".into(), "c".into()];
        after.unread = false;
        let undone = undo(&before, &after);
        assert_eq!((undone.labels_add, undone.labels_remove), (vec!["a".to_owned()], vec!["c".to_owned()]));
        assert_eq!((undone.change.unread, undone.change.status), (Some(true), None));
    }

    #[test]
    fn a_snooze_comes_back_with_its_time() {
        let mut before = conversation();
        before.status = ConversationStatus::Snoozed;
        before.snoozed_until = Some(Timestamp::from_millis(9_000));
        let after = Conversation { status: ConversationStatus::Resolved, snoozed_until: None, ..before.clone() };
        let undone = undo(&before, &after).change;
        assert_eq!(undone.status, Some(ConversationStatus::Snoozed));
        assert_eq!(undone.snoozed_until, Some(before.snoozed_until));
        let reopened = undo(&after, &before).change;
        assert_eq!((reopened.status, reopened.snoozed_until), (Some(ConversationStatus::Resolved), None));
    }

    #[test]
    fn one_conversation_is_named_once() {
        let id = ConversationId::generate();
        let one = OneChange { id, change: BulkChange::default(), pointer: "/change".into() };
        assert!(checked(vec![one.clone()], Timestamp::from_millis(0)).is_ok());
        assert!(checked(vec![one.clone(), one], Timestamp::from_millis(0)).is_err());
        assert!(checked(Vec::new(), Timestamp::from_millis(0)).is_err());
    }
}
