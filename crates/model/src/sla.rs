//! Service level agreements: policies that say within what time conversations are answered and resolved, and the timers that run by
//! them. Shapes only.

use serde::{Deserialize, Serialize};

use crate::conversation::ConversationPriority;
use crate::{ChannelId, SlaPolicyId, TeamId, Timestamp};

/// What a policy promises a time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SlaTimerName {
    /// From the customer's first mail to the first answer of a person.
    FirstResponse,
    /// From the oldest mail that is not answered to the next answer of a person.
    NextResponse,
    /// From the customer's first mail until the conversation is resolved. Stands still while it is pending or snoozed.
    Resolution,
}

impl SlaTimerName {
    pub const ALL: [Self; 3] = [Self::FirstResponse, Self::NextResponse, Self::Resolution];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstResponse => "firstResponse",
            Self::NextResponse => "nextResponse",
            Self::Resolution => "resolution",
        }
    }
}

/// How the timers that run stand; the worst of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SlaState {
    /// None runs.
    Idle,
    OnTrack,
    /// One has little of its time left.
    DueSoon,
    /// One is over its time, and still runs.
    Breached,
}

impl SlaState {
    pub const ALL: [Self; 4] = [Self::Idle, Self::OnTrack, Self::DueSoon, Self::Breached];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::OnTrack => "onTrack",
            Self::DueSoon => "dueSoon",
            Self::Breached => "breached",
        }
    }
}

/// Which conversations a list is asked for by their timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SlaFilter {
    /// A timer has little of its time left, and none is over it.
    DueSoon,
    /// A timer that still runs is over its time.
    Breached,
}

impl SlaFilter {
    pub const fn state(self) -> SlaState {
        match self {
            Self::DueSoon => SlaState::DueSoon,
            Self::Breached => SlaState::Breached,
        }
    }
}

/// One timer of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlaTimer {
    /// When its time is over; null while it stands still, and where the workspace's hours never come to it.
    pub due_at: Option<Timestamp>,
    /// When what was promised was done; null until then.
    pub met_at: Option<Timestamp>,
    /// Its time was over before that.
    pub breached: bool,
    /// Neither done nor running: the conversation is pending or snoozed.
    pub paused: bool,
}

/// The timers of a conversation that a policy fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sla {
    pub policy_id: SlaPolicyId,
    pub state: SlaState,
    /// When the next of the timers that run is over its time, or was, where it is over it already.
    pub due_at: Option<Timestamp>,
    pub first_response: Option<SlaTimer>,
    pub next_response: Option<SlaTimer>,
    pub resolution: Option<SlaTimer>,
}

/// Which conversations a policy is for. What is empty is left open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SlaScope {
    pub channel_ids: Vec<ChannelId>,
    pub team_ids: Vec<TeamId>,
    pub priorities: Vec<ConversationPriority>,
}

impl SlaScope {
    pub fn fits(&self, channel: Option<&ChannelId>, team: Option<&TeamId>, priority: ConversationPriority) -> bool {
        let of_channel = self.channel_ids.is_empty() || channel.is_some_and(|id| self.channel_ids.contains(id));
        let of_team = self.team_ids.is_empty() || team.is_some_and(|id| self.team_ids.contains(id));
        let of_priority = self.priorities.is_empty() || self.priorities.contains(&priority);
        of_channel && of_team && of_priority
    }
}

/// A policy as the API shows it. Of those that fit a conversation the first one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlaPolicy {
    pub id: SlaPolicyId,
    pub name: String,
    /// Its place among the workspace's policies, from 0 on.
    pub position: u64,
    pub applies_to: SlaScope,
    /// Seconds from the customer's first mail to the first answer of a person; null: nothing is promised.
    pub first_response_seconds: Option<u32>,
    /// Seconds from the oldest mail that is not answered to the next answer of a person.
    pub next_response_seconds: Option<u32>,
    /// Seconds from the customer's first mail until the conversation is resolved.
    pub resolution_seconds: Option<u32>,
    /// Only the workspace's business hours count.
    pub business_hours_only: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl SlaPolicy {
    /// Seconds that a timer has; `None` where the policy promises nothing of it.
    pub const fn seconds(&self, timer: SlaTimerName) -> Option<u32> {
        match timer {
            SlaTimerName::FirstResponse => self.first_response_seconds,
            SlaTimerName::NextResponse => self.next_response_seconds,
            SlaTimerName::Resolution => self.resolution_seconds,
        }
    }
}
