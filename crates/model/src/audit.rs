//! The audit log as the API shows it: who did what to which thing, when and from where. Never a secret, never a mail's content.

use serde::{Deserialize, Serialize};

use crate::{AuditEntryId, Timestamp};

/// What kind of somebody acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuditActorType {
    /// Somebody of the workspace, signed in.
    User,
    ApiKey,
    /// Whoever may run the program beside its database.
    CommandLine,
    /// The program by itself: by its configuration, or because a time had come.
    System,
    /// Somebody who did not get as far as to prove who they are.
    Unknown,
}

impl AuditActorType {
    pub const ALL: [Self; 5] = [Self::User, Self::ApiKey, Self::CommandLine, Self::System, Self::Unknown];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ApiKey => "apiKey",
            Self::CommandLine => "commandLine",
            Self::System => "system",
            Self::Unknown => "unknown",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditActor {
    #[serde(rename = "type")]
    pub actor_type: AuditActorType,
    /// A user's or a key's id.
    pub id: Option<String>,
    /// What they were called then: a user's email address, a key's name.
    pub name: Option<String>,
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditTarget {
    /// `user`, `channel`, `webhook` and so on.
    #[serde(rename = "type")]
    pub target_type: String,
    pub id: String,
    /// What it was called then. Null for what is somebody's data: an address that is suppressed, a contact.
    pub name: Option<String>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    pub id: AuditEntryId,
    pub at: Timestamp,
    pub actor: AuditActor,
    /// The network address that the request came from; null where there was none.
    pub address: Option<String>,
    /// `channel.changed`: the kind of thing and what was done to it.
    pub action: String,
    pub target: AuditTarget,
    /// The names of the fields that were changed (`config.smtpHost`), never their values.
    pub changed: Vec<String>,
}
