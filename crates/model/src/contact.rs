//! Contacts: people, with one or more addresses.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::message::Direction;
use crate::{ContactId, ContactNoteId, ConversationId, Timestamp, UserId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactAddress {
    pub address: String,
    pub primary: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    pub id: ContactId,
    pub name: Option<String>,
    pub addresses: Vec<ContactAddress>,
    #[schema(value_type = Object)]
    pub attributes: Map<String, Value>,
    pub created_at: Timestamp,
    /// When its name, attributes or addresses were last changed; `createdAt` where they never were.
    pub updated_at: Timestamp,
}

/// What somebody noted about a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactNote {
    pub id: ContactNoteId,
    pub contact_id: ContactId,
    /// Null where an API key wrote it.
    pub author_id: Option<UserId>,
    pub author_name: String,
    pub text: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Who somebody is, in one line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactSummary {
    pub id: ContactId,
    pub name: Option<String>,
    /// The primary address.
    pub address: Option<String>,
}

/// One mail to or from a contact, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    pub id: String,
    pub contact_id: ContactId,
    /// The message's id (`msg_…`); in a person's mailbox the mail's Message-ID, in angle brackets.
    pub message_id: String,
    /// Where it is read; null for one in a person's mailbox.
    pub conversation_id: Option<ConversationId>,
    /// The synced mailbox it was found in, if one was.
    pub account_id: Option<String>,
    pub direction: Direction,
    pub subject: String,
    pub occurred_at: Timestamp,
}
