//! What an action makes of a conversation, as of a time. Pure; whether a user or a team is there is asked elsewhere.

use std::time::Duration;

use model::Timestamp;
use model::automation::{AutomationAction, StepOutcome};
use model::conversation::{Conversation, ConversationStatus};
use model::limits::LABELS_MAX;

/// Changes the conversation. `None` for an action that is about something else.
pub(crate) fn change(
    action: &AutomationAction,
    conversation: &mut Conversation,
    now: Timestamp,
) -> Option<(StepOutcome, String)> {
    let done = |detail: &str| (StepOutcome::Done, detail.to_owned());
    let skipped = |detail: &str| (StepOutcome::Skipped, detail.to_owned());
    Some(match action {
        AutomationAction::AssignUser { user_id } => {
            if conversation.assignee_id.as_ref() == Some(user_id) {
                return Some(skipped("assigned to them already"));
            }
            conversation.assignee_id = Some(user_id.clone());
            done("")
        }
        AutomationAction::AssignTeam { team_id } => {
            if conversation.team_id.as_ref() == Some(team_id) {
                return Some(skipped("assigned to it already"));
            }
            conversation.team_id = Some(team_id.clone());
            done("")
        }
        AutomationAction::AddLabel { label } => add_label(label, conversation),
        AutomationAction::RemoveLabel { label } => {
            let before = conversation.labels.len();
            conversation.labels.retain(|each| each != label);
            match conversation.labels.len() == before {
                true => (StepOutcome::Skipped, format!("it has no label “{label}”")),
                false => done(label),
            }
        }
        AutomationAction::SetStatus { status } => {
            if conversation.status == *status {
                return Some((StepOutcome::Skipped, format!("it is {} already", status.as_str())));
            }
            conversation.status = *status;
            conversation.snoozed_until = None;
            done(status.as_str())
        }
        AutomationAction::SetPriority { priority } => {
            if conversation.priority == *priority {
                return Some((StepOutcome::Skipped, format!("it is {} already", priority.as_str())));
            }
            conversation.priority = *priority;
            done(priority.as_str())
        }
        AutomationAction::Snooze { minutes } => {
            let until = now.plus(Duration::from_secs(u64::from(*minutes) * 60));
            conversation.status = ConversationStatus::Snoozed;
            conversation.snoozed_until = Some(until);
            done(&format!("until {until}"))
        }
        AutomationAction::Reply { .. }
        | AutomationAction::AskForRating {}
        | AutomationAction::Note { .. }
        | AutomationAction::Webhook { .. }
        | AutomationAction::Stop {} => return None,
    })
}

fn add_label(label: &str, conversation: &mut Conversation) -> (StepOutcome, String) {
    if conversation.labels.iter().any(|each| each == label) {
        return (StepOutcome::Skipped, format!("it has the label “{label}” already"));
    }
    if conversation.labels.len() >= LABELS_MAX {
        return (
            StepOutcome::Failed,
            format!("“{label}” is one too many: a conversation has at most {LABELS_MAX} labels"),
        );
    }
    conversation.labels.push(label.to_owned());
    conversation.labels.sort();
    (StepOutcome::Done, label.to_owned())
}
