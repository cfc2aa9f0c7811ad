//! A workspace's own settings as the API shows them.

use serde::Serialize;

use crate::WorkspaceId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    /// Of the IANA database; the business hours' own.
    pub time_zone: String,
    /// Of the dashboard for people who chose none, and of what Postroom itself writes to people (`en`, `de`); null: their browser's.
    pub language: Option<String>,
    /// Everybody needs a second factor: who has none can do nothing before it is set up.
    pub second_factor_required: bool,
    /// How long people stay signed in: 3,600 (an hour) to 7,776,000 (90 days).
    pub session_seconds: u64,
    /// Whether people may sign in with a password. Off only where an identity provider is on.
    pub password_sign_in: bool,
    /// How long the audit log is kept: 30 to 3,650 days.
    pub audit_log_days: u64,
}
