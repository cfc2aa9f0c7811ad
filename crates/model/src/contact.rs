//! Contacts: people, with one or more addresses.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ContactId, Timestamp};

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
}
