//! Drafts: what a person wrote and has not sent, and the files for it. Owns the shapes; never sends.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, ConversationId, MessageId, Timestamp, UploadId};

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DraftMode {
    #[default]
    Reply,
    /// For the team alone.
    Note,
    /// To somebody else, with the message it is about.
    Forward,
}

/// A file of a draft, as its upload was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UploadedFile)]
pub struct DraftFile {
    pub upload_id: UploadId,
    pub filename: String,
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// What the HTML refers to as `cid:…`, where the file is shown within the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
}

/// All that was written. A conversation's answer and its note are in one draft: one is no reason to lose the other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DraftContent {
    pub mode: DraftMode,
    /// The address to write from, where it was chosen.
    pub from: Option<String>,
    pub html: String,
    pub text: String,
    pub note: String,
    /// Null: whom the conversation suggests.
    pub to: Option<Vec<String>>,
    pub cc: Option<Vec<String>>,
    pub bcc: Vec<String>,
    pub subject: String,
    /// Whom a new message is sent by.
    pub channel_id: Option<ChannelId>,
    /// What is forwarded.
    pub forwarded_message_id: Option<MessageId>,
    pub files: Vec<DraftFile>,
}

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Null: of a message that begins a conversation.
    pub conversation_id: Option<ConversationId>,
    /// Rises with every change; a change names the one it is made to.
    pub version: i64,
    pub content: DraftContent,
    pub updated_at: Timestamp,
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    pub id: UploadId,
    pub filename: String,
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    pub created_at: Timestamp,
    /// It is gone then.
    pub expires_at: Timestamp,
}
