//! A signed-in browser as the API shows it to whom it belongs.

use serde::Serialize;

use crate::{SessionId, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: SessionId,
    /// The one that asks.
    pub current: bool,
    /// What the browser calls itself, as people call it (`Firefox`); null for one that is not known.
    pub browser: Option<String>,
    /// What it runs on (`Windows`, `iPhone`).
    pub system: Option<String>,
    /// Of the network, where it was last used.
    pub address: Option<String>,
    /// How it began: `password`, `link` or `provider`.
    pub method: Option<String>,
    pub created_at: Timestamp,
    /// To some minutes.
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}
