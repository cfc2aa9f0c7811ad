//! Lists of contacts, and who is on them. Shapes only.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ContactId, ContactListId, Timestamp};

/// A named list of contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactList {
    pub id: ContactListId,
    /// Of one list of the workspace.
    pub name: String,
    pub member_count: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A contact on a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListMember {
    pub contact_id: ContactId,
    /// Where mail to the list goes: the one of the contact's addresses by which it was added.
    pub address: String,
    /// The contact's.
    pub name: Option<String>,
    /// What a broadcast's text or template is filled in with.
    #[schema(value_type = Object)]
    pub variables: Map<String, Value>,
    pub created_at: Timestamp,
}
