//! Broadcasts: one mail to everybody on a list. Shapes only.

use serde::{Deserialize, Serialize};

use crate::{BroadcastId, ContactListId, TemplateId, Timestamp, UseCaseId};

/// Where a broadcast stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum BroadcastStatus {
    /// Nobody asked for it to be sent yet.
    Draft,
    /// Begins at `scheduledAt`.
    Scheduled,
    Sending,
    /// Nothing of it is sent until it is resumed.
    Paused,
    /// Every message was made and tried; those that were deferred are tried again.
    Sent,
    /// What was not sent by then never is.
    Cancelled,
}

impl BroadcastStatus {
    pub const ALL: [Self; 6] = [Self::Draft, Self::Scheduled, Self::Sending, Self::Paused, Self::Sent, Self::Cancelled];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Sending => "sending",
            Self::Paused => "paused",
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// How far a broadcast is, in messages (one a member). Follows what happens by about a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastProgress {
    /// Members when it started, without those who were taken off the list before their turn. 0 until it starts.
    pub total: u64,
    /// Messages made so far.
    pub queued: u64,
    /// Members whose turn has not come yet.
    pub remaining: u64,
    /// Handed over to the next server.
    pub sent: u64,
    /// Taken by the recipient's own server, and not reported as bounced since.
    pub delivered: u64,
    pub bounced: u64,
    /// Waiting for another try now.
    pub deferred: u64,
    /// Not sent, since the address is suppressed.
    pub suppressed: u64,
    /// Given up, or not made at all (`problem` says why).
    pub failed: u64,
    pub complained: u64,
    /// Recipients who opened it at least once; machines are not counted.
    pub opened: u64,
    pub clicked: u64,
    /// Recipients who left by its link.
    pub unsubscribed: u64,
}

/// What of each message is tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastTracking {
    pub opens: bool,
    pub clicks: bool,
}

/// A broadcast as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Broadcast {
    pub id: BroadcastId,
    pub name: String,
    pub use_case_id: UseCaseId,
    pub list_id: ContactListId,
    pub status: BroadcastStatus,
    /// Null where the template has it.
    pub subject: Option<String>,
    pub template_id: Option<TemplateId>,
    /// The version it is made of: the asked one; else, once it has started, the one that was current then.
    pub template_version: Option<u64>,
    pub tracking: BroadcastTracking,
    /// Of each of its messages.
    pub tags: Vec<String>,
    pub progress: BroadcastProgress,
    /// What paused it, or why the first message that could not be made was not.
    pub problem: Option<String>,
    pub scheduled_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    /// When it was sent or cancelled.
    pub finished_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for status in BroadcastStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(BroadcastStatus::parse(status.as_str()), Some(status));
        }
    }
}
