//! What is kept of many changes in their transaction, for whoever asks again after a crash: what undoes each, and which failed. No words
//! of mail; at most a hundred undos, forgotten with the request they belong to.

use model::absence::nullable;
use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::key::Principal;
use model::{ConversationId, TeamId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};

use super::{BulkChange, BulkOutcome, Done, Failed, NOT_FOUND};
use crate::conversations::{ConversationChange, visible};

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    changed: Vec<One>,
    failed: Vec<Failure>,
}

#[derive(Debug, Serialize, Deserialize)]
struct One {
    id: ConversationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<ConversationStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    assignee_id: Option<Option<UserId>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    team_id: Option<Option<TeamId>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    snoozed_until: Option<Option<Timestamp>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    priority: Option<ConversationPriority>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels_add: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels_remove: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Failure {
    id: ConversationId,
    is_missing: bool,
    detail: String,
}

fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::corrupt("idempotency_outcome", error)
}

pub(super) fn write(outcome: &BulkOutcome) -> store::Result<String> {
    let changed = outcome.changed.iter().map(One::of).collect();
    let failed = outcome.failed.iter().map(|failed| Failure {
        id: failed.id.clone(),
        is_missing: failed.code == NOT_FOUND,
        detail: failed.detail.clone(),
    });
    serde_json::to_string(&Kept { changed, failed: failed.collect() }).map_err(damaged)
}

/// The answer to whoever asks again: the conversations as they are now, and each as it would be without its change.
pub(super) fn read(tx: &mut Tx<'_>, asking: &Principal, kept: &str) -> store::Result<BulkOutcome> {
    let kept: Kept = serde_json::from_str(kept).map_err(damaged)?;
    let mut outcome = BulkOutcome::default();
    for failure in kept.failed {
        let code = if failure.is_missing { NOT_FOUND } else { super::INVALID };
        outcome.failed.push(Failed { id: failure.id, code, detail: failure.detail });
    }
    for one in kept.changed {
        match visible(tx, asking, &one.id)? {
            Some(row) => {
                let undo = one.undo();
                let before = undone(row.public.clone(), &undo);
                outcome.changed.push(Done { before, after: row.public, undo });
            }
            None => outcome.failed.push(Failed::missing(one.id)),
        }
    }
    Ok(outcome)
}

impl One {
    fn of(done: &Done) -> Self {
        let change = done.undo.change.clone();
        Self {
            id: done.after.id.clone(),
            status: change.status,
            assignee_id: change.assignee_id,
            team_id: change.team_id,
            snoozed_until: change.snoozed_until,
            unread: change.unread,
            priority: change.priority,
            labels_add: done.undo.labels_add.clone(),
            labels_remove: done.undo.labels_remove.clone(),
        }
    }

    fn undo(self) -> BulkChange {
        let change = ConversationChange {
            status: self.status,
            assignee_id: self.assignee_id,
            team_id: self.team_id,
            labels: None,
            snoozed_until: self.snoozed_until,
            unread: self.unread,
            priority: self.priority,
        };
        BulkChange { change, labels_add: self.labels_add, labels_remove: self.labels_remove }
    }
}

fn undone(mut now: Conversation, undo: &BulkChange) -> Conversation {
    let change = undo.change.clone();
    if let Some(status) = change.status {
        now.status = status;
        now.snoozed_until = change.snoozed_until.flatten();
    }
    now.assignee_id = change.assignee_id.unwrap_or(now.assignee_id);
    now.team_id = change.team_id.unwrap_or(now.team_id);
    now.unread = change.unread.unwrap_or(now.unread);
    now.priority = change.priority.unwrap_or(now.priority);
    now.labels.retain(|label| !undo.labels_remove.contains(label));
    now.labels.extend(undo.labels_add.iter().cloned());
    now.labels.sort();
    now.labels.dedup();
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undo_is_read_as_it_was_written() {
        for undo in [
            BulkChange::default(),
            BulkChange {
                change: ConversationChange {
                    status: Some(ConversationStatus::Snoozed),
                    assignee_id: Some(None),
                    team_id: Some(Some(TeamId::generate())),
                    labels: None,
                    snoozed_until: Some(Some(Timestamp::from_millis(9_000))),
                    unread: Some(true),
                    priority: Some(ConversationPriority::High),
                },
                labels_add: vec!["a".into()],
                labels_remove: vec!["b".into(), "c".into()],
            },
        ] {
            let now = super::super::tests::conversation();
            let done = Done { before: now.clone(), after: now, undo };
            let failed = vec![Failed::missing(ConversationId::generate())];
            let kept = write(&BulkOutcome { changed: vec![done.clone()], failed }).unwrap();
            let kept: Kept = serde_json::from_str(&kept).unwrap();
            let read: Vec<BulkChange> = kept.changed.into_iter().map(One::undo).collect();
            assert_eq!(read, [done.undo]);
            assert!(kept.failed[0].is_missing);
        }
    }

    #[test]
    fn what_a_conversation_was_is_what_it_is_without_its_change() {
        let mut before = super::super::tests::conversation();
        before.status = ConversationStatus::Snoozed;
        before.snoozed_until = Some(Timestamp::from_millis(9_000));
        let after = Conversation {
            status: ConversationStatus::Resolved,
            snoozed_until: None,
            labels: vec!["b".into(), "c".into()],
            unread: false,
            ..before.clone()
        };
        assert_eq!(undone(after.clone(), &super::super::undo(&before, &after)), before);
    }
}
