//! Saved views: a name for which conversations somebody wants to see.

use serde::{Deserialize, Serialize};

use crate::conversation::{ConversationPriority, ConversationStatus};
use crate::sla::SlaFilter;
use crate::{ChannelId, TeamId, Timestamp, UserId, ViewId};

/// Which conversations; what is left out is left open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ViewFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ConversationStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<ConversationPriority>,
    /// A user's id, `me` (whoever looks), or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<bool>,
    /// Those that mention whoever looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentioned: Option<bool>,
    /// By how their timers stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sla: Option<SlaFilter>,
    /// As typed into the search box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct View {
    pub id: ViewId,
    pub name: String,
    pub filter: ViewFilter,
    /// Everybody of the workspace sees it.
    pub shared: bool,
    /// Whose it is; null where an API key made it.
    pub owner_id: Option<UserId>,
    /// Its place among its owner's views, from 0.
    pub position: u32,
    pub created_at: Timestamp,
}
