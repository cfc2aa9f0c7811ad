//! Automations: when something happens, and it is of a kind, then something is done. Shapes only.

use serde::{Deserialize, Serialize};

use crate::conversation::{ConversationPriority, ConversationStatus};
use crate::words::words;
use crate::{
    AutomationId, AutomationRunId, ConversationId, EventId, MessageId, TeamId, TemplateId, Timestamp, UserId,
    WebhookEndpointId,
};

words! {
    /// What sets an automation off.
    AutomationTrigger {
        /// A mail arrived.
        MessageReceived = "message.received",
        ConversationCreated = "conversation.created",
        ConversationAssigned = "conversation.assigned",
        ConversationResolved = "conversation.resolved",
        /// A mail that a person wrote was not answered for `idleMinutes`, and its conversation is open.
        ConversationIdle = "conversation.idle",
        /// A timer of the conversation has little of its time left.
        ConversationSlaDueSoon = "conversation.sla_due_soon",
        /// The time of a timer of the conversation is over.
        ConversationSlaBreached = "conversation.sla_breached",
    }
}

words! {
    /// Whether every condition has to hold, or one. Of no conditions, all hold.
    ConditionMatch {
        All = "all",
        Any = "any",
    }
}

words! {
    /// What a condition looks at. Of the conversation: as it is when the automation runs. Of a mail: the one that arrived, and where
    /// something else set the automation off, the newest that somebody wrote to us in the conversation.
    ConditionField {
        /// The author's address.
        From = "from",
        /// What is behind the `@` of it.
        FromDomain = "fromDomain",
        /// Every address that the mail is to, in its head and on its envelope.
        To = "to",
        Subject = "subject",
        /// The text of the mail, up to 64 KB of it.
        Body = "body",
        ChannelId = "channelId",
        /// Every label of the conversation.
        Label = "label",
        /// `true` or `false`.
        HasAttachment = "hasAttachment",
        /// `true` where a machine sent the mail (RFC 3834).
        AutoReply = "autoReply",
        /// The conversation's: `open`, `pending`, `snoozed`, `resolved`.
        Status = "status",
        /// The conversation's: `low`, `normal`, `high`, `urgent`.
        Priority = "priority",
        /// The contact's attribute that `attribute` names.
        ContactAttribute = "contactAttribute",
        /// `inside` or `outside` of the workspace's hours, when it happened.
        BusinessHours = "businessHours",
    }
}

words! {
    /// How a field is held against a value. Whatever the case of the letters.
    ConditionOperator {
        Is = "is",
        IsNot = "isNot",
        Contains = "contains",
        NotContains = "notContains",
        StartsWith = "startsWith",
        EndsWith = "endsWith",
        /// A regular expression (of Rust's `regex`: no look-around, no back references, linear time).
        Matches = "matches",
    }
}

impl ConditionField {
    /// Whether there are only a few values, so that it is one of them or not.
    pub const fn is_choice(self) -> bool {
        matches!(
            self,
            Self::ChannelId
                | Self::HasAttachment
                | Self::AutoReply
                | Self::Status
                | Self::Priority
                | Self::BusinessHours
        )
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    pub field: ConditionField,
    /// Which attribute, for `contactAttribute` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    pub operator: ConditionOperator,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conditions {
    #[serde(rename = "match")]
    pub match_: ConditionMatch,
    pub items: Vec<Condition>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self { match_: ConditionMatch::All, items: Vec::new() }
    }
}

/// What is done. In their order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum AutomationAction {
    AssignUser {
        #[serde(rename = "userId")]
        user_id: UserId,
    },
    AssignTeam {
        #[serde(rename = "teamId")]
        team_id: TeamId,
    },
    AddLabel {
        label: String,
    },
    RemoveLabel {
        label: String,
    },
    /// `open`, `pending` or `resolved`.
    SetStatus {
        status: ConversationStatus,
    },
    SetPriority {
        priority: ConversationPriority,
    },
    Snooze {
        minutes: u32,
    },
    /// Answers whoever wrote, at most once a day, and never a machine. A text, or a template.
    Reply {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default, rename = "templateId", skip_serializing_if = "Option::is_none")]
        template_id: Option<TemplateId>,
    },
    /// Asks the contact by mail how the help was, now; as seldom and as carefully as the timed survey.
    AskForRating {},
    /// An internal note.
    Note {
        text: String,
    },
    /// Posts the event `automation.matched` to this endpoint, whatever events it listens to.
    Webhook {
        #[serde(rename = "endpointId")]
        endpoint_id: WebhookEndpointId,
    },
    /// Nothing behind it is done, and no automation behind this one is looked at.
    Stop {},
}

impl AutomationAction {
    /// As `type` has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AssignUser { .. } => "assignUser",
            Self::AssignTeam { .. } => "assignTeam",
            Self::AddLabel { .. } => "addLabel",
            Self::RemoveLabel { .. } => "removeLabel",
            Self::SetStatus { .. } => "setStatus",
            Self::SetPriority { .. } => "setPriority",
            Self::Snooze { .. } => "snooze",
            Self::Reply { .. } => "reply",
            Self::AskForRating {} => "askForRating",
            Self::Note { .. } => "note",
            Self::Webhook { .. } => "webhook",
            Self::Stop {} => "stop",
        }
    }
}

/// An automation as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Automation {
    pub id: AutomationId,
    pub name: String,
    pub enabled: bool,
    /// Its place among the workspace's automations, from 0 on. They are looked at in this order.
    pub position: u64,
    pub trigger: AutomationTrigger,
    /// Of `conversation.idle` alone.
    pub idle_minutes: Option<u32>,
    pub conditions: Conditions,
    pub actions: Vec<AutomationAction>,
    /// Where it matched, no automation behind it is looked at.
    pub stop_after: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

words! {
    /// What became of an action.
    StepOutcome {
        Done = "done",
        /// There was nothing to do, or it may not be done: `detail` says which.
        Skipped = "skipped",
        Failed = "failed",
    }
}

/// One action of a run, or of a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutomationStep {
    /// The action's `type`.
    #[serde(rename = "type")]
    pub action: String,
    pub outcome: StepOutcome,
    /// In words: what was done, or why not.
    pub detail: String,
}

/// An automation matched: what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutomationRun {
    pub id: AutomationRunId,
    pub automation_id: AutomationId,
    pub trigger: AutomationTrigger,
    /// The event that set it off; null where time did.
    pub event_id: Option<EventId>,
    pub conversation_id: ConversationId,
    pub message_id: Option<MessageId>,
    pub subject: String,
    pub from: String,
    pub steps: Vec<AutomationStep>,
    /// Whether a step failed.
    pub failed: bool,
    pub created_at: Timestamp,
}

/// What an automation would have done with one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutomationTestMatch {
    pub conversation_id: ConversationId,
    pub message_id: Option<MessageId>,
    pub subject: String,
    pub from: String,
    pub at: Timestamp,
    pub steps: Vec<AutomationStep>,
}

/// A dry run over the newest mail: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutomationTest {
    /// Mails, or conversations, that were looked at.
    pub looked_at: u64,
    /// How many of them it matched.
    pub matched: u64,
    /// The newest of those, at most 100.
    pub matches: Vec<AutomationTestMatch>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_named_as_they_are_written() {
        let text = r#"[{"type":"addLabel","label":"a"},{"type":"setStatus","status":"resolved"},{"type":"reply","text":"x"},{"type":"askForRating"},{"type":"stop"}]"#;
        let actions: Vec<AutomationAction> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&actions).unwrap(), text);
        for (action, value) in actions.iter().zip(serde_json::from_str::<Vec<serde_json::Value>>(text).unwrap()) {
            assert_eq!(value["type"], action.name());
        }
        for wrong in [r#"{"type":"stop","x":1}"#, r#"{"type":"note","txt":"x"}"#, r#"{"type":"dance"}"#] {
            assert!(serde_json::from_str::<AutomationAction>(wrong).is_err(), "{wrong}");
        }
    }
}
