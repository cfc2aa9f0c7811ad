//! Teams: people who share conversations, and how those are handed out among them. Shapes only.

use serde::{Deserialize, Serialize};

use crate::{TeamId, Timestamp, UserId};

/// Who gets a conversation that a team is given and nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Assignment {
    /// Nobody, until somebody takes it.
    #[default]
    Manual,
    /// The available members, one after the other.
    RoundRobin,
    /// The available member with the fewest open conversations.
    LeastBusy,
}

impl Assignment {
    pub const ALL: [Self; 3] = [Self::Manual, Self::RoundRobin, Self::LeastBusy];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::RoundRobin => "roundRobin",
            Self::LeastBusy => "leastBusy",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignment| assignment.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    pub id: TeamId,
    /// Of one team of the workspace, whatever its case.
    pub name: String,
    pub member_ids: Vec<UserId>,
    pub assignment: Assignment,
    pub created_at: Timestamp,
}
