//! Conversations: a thread with a contact, in a channel.

use serde::{Deserialize, Serialize};

use crate::sla::Sla;
use crate::{ChannelId, ContactId, ConversationId, TeamId, Timestamp, UseCaseId, UserId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConversationStatus {
    #[default]
    Open,
    Pending,
    Snoozed,
    Resolved,
}

impl ConversationStatus {
    pub const ALL: [Self; 4] = [Self::Open, Self::Pending, Self::Snoozed, Self::Resolved];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// How much it matters beside others, the least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ConversationPriority {
    Low,
    #[default]
    Normal,
    High,
    Urgent,
}

impl ConversationPriority {
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    pub id: ConversationId,
    /// What people call it by: counts the workspace's conversations from 1 on. 0 in events from before there were numbers.
    #[serde(default)]
    #[schema(required)]
    pub number: u64,
    pub channel_id: Option<ChannelId>,
    pub use_case_id: Option<UseCaseId>,
    pub contact_id: Option<ContactId>,
    pub subject: String,
    pub status: ConversationStatus,
    #[serde(default)]
    #[schema(required)]
    pub priority: ConversationPriority,
    pub assignee_id: Option<UserId>,
    pub team_id: Option<TeamId>,
    pub labels: Vec<String>,
    pub unread: bool,
    pub message_count: u32,
    /// The newest message's first words.
    pub preview: String,
    pub snoozed_until: Option<Timestamp>,
    pub last_activity_at: Timestamp,
    pub created_at: Timestamp,
    pub related_conversation_ids: Vec<ConversationId>,
    /// Its timers, where a policy fits it.
    #[serde(default)]
    pub sla: Option<Sla>,
}
