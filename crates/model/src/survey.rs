//! How an answer was: what a channel asks, and what people said.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, ContactId, ConversationId, SurveyId, TeamId, Timestamp, UserId};

/// What somebody says of the help they got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RatingValue {
    Good,
    Ok,
    Bad,
}

impl RatingValue {
    pub const ALL: [Self; 3] = [Self::Good, Self::Ok, Self::Bad];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Ok => "ok",
            Self::Bad => "bad",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

/// Whether a channel asks how its answers were, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SurveySettings {
    pub enabled: bool,
    /// Hours after a conversation is resolved that its contact is asked.
    pub delay_hours: u32,
    /// Days in which a contact is asked once, whatever the channel.
    pub contact_days: u32,
    /// What stands above the link; a usual text where it is null.
    pub text: Option<String>,
}

impl Default for SurveySettings {
    fn default() -> Self {
        Self { enabled: false, delay_hours: 4, contact_days: 30, text: None }
    }
}

/// An answer to a survey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rating {
    pub id: SurveyId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
    pub team_id: Option<TeamId>,
    /// Who had the conversation when it was resolved.
    pub assignee_id: Option<UserId>,
    pub rating: RatingValue,
    pub comment: Option<String>,
    /// When it was answered first, and when last.
    pub rated_at: Timestamp,
    pub changed_at: Timestamp,
}

/// How many said what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RatingCounts {
    pub good: u64,
    pub ok: u64,
    pub bad: u64,
    /// Surveys sent in the time.
    pub sent: u64,
}
