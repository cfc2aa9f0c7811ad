//! Who is at a conversation at the moment. Owns the shapes; nothing of it is kept for long.

use serde::Serialize;

use crate::{ConversationId, Timestamp, UserId};

/// Somebody who looks at a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Present {
    pub user_id: UserId,
    /// They write an answer or a note.
    pub typing: bool,
    /// When this ends unless it is said again.
    #[serde(skip)]
    pub until: Timestamp,
}

/// Everybody who looks at a conversation; nobody, once the last one has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationPresence {
    pub conversation_id: ConversationId,
    pub people: Vec<Present>,
}
