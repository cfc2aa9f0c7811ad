//! What is erased, and how long what is kept.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, ContactId, ErasureId, Timestamp};

/// Why something is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErasureReason {
    /// Somebody asked for it, for a contact.
    Contact,
    /// A retention rule says so.
    Retention,
}

impl ErasureReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Retention => "retention",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Contact, Self::Retention].into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What becomes of the suppressions of a contact that is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErasedSuppressions {
    /// Those there are hold on, by a hash of the address instead of the address.
    #[default]
    Keep,
    /// As `keep`, and nothing is sent to the addresses any more, by the whole workspace.
    Add,
    /// None is kept: whoever writes to the address again reaches it.
    Remove,
}

impl ErasedSuppressions {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Add => "add",
            Self::Remove => "remove",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Keep, Self::Add, Self::Remove].into_iter().find(|choice| choice.as_str() == text)
    }
}

/// How much is erased, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ErasureCounts {
    pub conversations: u64,
    /// Mails and internal notes, those that the contact wrote in conversations of others too.
    pub messages: u64,
    pub contact_notes: u64,
    /// Mails in people's synced mailboxes.
    pub activities: u64,
    /// Lists that the contact is taken off.
    pub lists: u64,
    pub suppressions: u64,
    /// Bounces and complaints.
    pub reports: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ErasureStatus {
    Running,
    Done,
}

/// An erasure and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    pub id: ErasureId,
    pub reason: ErasureReason,
    /// Whose data it is; null where a retention rule said so.
    pub contact_id: Option<ContactId>,
    pub status: ErasureStatus,
    /// What is gone by now.
    pub counts: ErasureCounts,
    pub created_at: Timestamp,
    /// When the last trace was gone.
    pub finished_at: Option<Timestamp>,
}

/// How long a workspace keeps what. Nothing is erased where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RetentionRules {
    /// Days after its last activity that a resolved conversation is erased; null: never.
    pub resolved_days: Option<u32>,
    /// Days that bounces and complaints are kept with their mails; null: as long as the message they speak of.
    pub report_days: Option<u32>,
    /// Channels that have a rule of their own.
    pub channels: Vec<ChannelRetention>,
}

/// A channel's own rule instead of the workspace's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelRetention {
    pub channel_id: ChannelId,
    /// As in the workspace's rules; null: conversations of this channel are never erased.
    pub resolved_days: Option<u32>,
}

impl RetentionRules {
    pub fn say_nothing(&self) -> bool {
        self.resolved_days.is_none()
            && self.report_days.is_none()
            && self.channels.iter().all(|channel| channel.resolved_days.is_none())
    }
}
