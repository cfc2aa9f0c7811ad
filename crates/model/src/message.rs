//! Messages: one mail in or out, its recipients, attachments and deliveries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::AuthResults;
use crate::words::words;
use crate::{AttachmentId, ChannelId, ContactId, ConversationId, DeliveryId, MessageId, Timestamp, UseCaseId, UserId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Inbound, Self::Outbound].into_iter().find(|direction| direction.as_str() == text)
    }
}

words! {
    /// A message's status; of an outbound one, that of the delivery that most needs a look.
    MessageStatus {
        Received = "received",
        Scheduled = "scheduled",
        Queued = "queued",
        Sending = "sending",
        Sent = "sent",
        Delivered = "delivered",
        Deferred = "deferred",
        Bounced = "bounced",
        Failed = "failed",
        Complained = "complained",
        Suppressed = "suppressed",
        Cancelled = "cancelled",
    }
}

impl MessageStatus {
    /// The one of several deliveries' states that most needs a look.
    pub fn most_urgent(states: impl IntoIterator<Item = Self>) -> Option<Self> {
        const URGENCY: [MessageStatus; 11] = [
            MessageStatus::Failed,
            MessageStatus::Bounced,
            MessageStatus::Complained,
            MessageStatus::Suppressed,
            MessageStatus::Deferred,
            MessageStatus::Sending,
            MessageStatus::Queued,
            MessageStatus::Scheduled,
            MessageStatus::Sent,
            MessageStatus::Delivered,
            MessageStatus::Cancelled,
        ];
        states.into_iter().min_by_key(|state| URGENCY.iter().position(|other| other == state))
    }
}

/// Why a message is in its conversation, in the order the rules are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadedBy {
    /// The conversation was named by whoever sent it.
    Conversation,
    ReplyToken,
    InReplyTo,
    References,
    /// An ancestor nobody has stored, shared with another message.
    SharedAncestor,
    Subject,
    /// Nothing matched: it began the conversation.
    New,
}

impl ThreadedBy {
    pub const ALL: [Self; 7] = [
        Self::Conversation,
        Self::ReplyToken,
        Self::InReplyTo,
        Self::References,
        Self::SharedAncestor,
        Self::Subject,
        Self::New,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::ReplyToken => "replyToken",
            Self::InReplyTo => "inReplyTo",
            Self::References => "references",
            Self::SharedAncestor => "sharedAncestor",
            Self::Subject => "subject",
            Self::New => "new",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecipientType {
    To,
    Cc,
    Bcc,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    #[serde(rename = "type")]
    pub recipient_type: RecipientType,
    pub address: String,
    pub name: Option<String>,
    /// Of an outbound message: how far it got to this recipient.
    pub status: Option<MessageStatus>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    Inline,
    Attachment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Withheld {
    TooLarge,
    BlockedType,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    pub id: AttachmentId,
    pub filename: Option<String>,
    pub content_type: String,
    /// Bytes after decoding.
    pub size: u64,
    pub content_id: Option<String>,
    pub disposition: Disposition,
    /// Absolute, signed, expires.
    pub url: String,
    /// Kept in the raw mail, but not offered for download.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailContent {
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    /// What the sender newly wrote, without what they quoted.
    pub reply_text: Option<String>,
    pub cc: Vec<String>,
    pub attachments: Vec<Attachment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase", tag = "type")]
pub enum Content {
    Email {
        email: EmailContent,
    },
    /// An internal note; it never leaves the workspace.
    Note {
        text: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageMetadata {
    /// RFC 5322 Message-ID, in angle brackets.
    pub message_id: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    /// The head of the mail, names in lower case; of a repeated field the first.
    pub headers: BTreeMap<String, String>,
    pub auth: Option<AuthResults>,
    /// An answer of a machine (RFC 3834); nothing answers it automatically.
    pub auto_reply: bool,
    /// `message`, `bounce`, `delay`, `complaint`, `autoreply`, …
    pub kind: String,
    /// The channel's policy marks this mail: its author's domain disowns it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unauthenticated: bool,
    /// Came by a reply token from an address new to the conversation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_sender: bool,
    /// Another message of the channel has the same Message-ID and other content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub message_id_reused: bool,
    /// Limits that were hit while reading the mail, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
}

/// What the recipient of a tracked message did with it. What machines did (scanners, proxies that fetch ahead) is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Engagement {
    pub opens: u64,
    pub machine_opens: u64,
    pub clicks: u64,
    pub machine_clicks: u64,
    pub first_opened_at: Option<Timestamp>,
    pub last_opened_at: Option<Timestamp>,
    pub first_clicked_at: Option<Timestamp>,
    pub last_clicked_at: Option<Timestamp>,
}

/// A message as the API and the events show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: MessageId,
    pub channel_id: Option<ChannelId>,
    #[schema(example = "email")]
    pub channel_type: String,
    pub use_case_id: Option<UseCaseId>,
    pub conversation_id: ConversationId,
    pub contact_id: Option<ContactId>,
    pub direction: Direction,
    pub status: MessageStatus,
    /// An internal note.
    pub private: bool,
    /// Who wrote it, if a user of the dashboard did.
    pub author_id: Option<UserId>,
    /// Of an internal note: whom it mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    pub from: String,
    /// The first recipient.
    pub to: Option<String>,
    pub recipients: Vec<Recipient>,
    #[schema(value_type = Object)]
    pub custom_data: Map<String, Value>,
    pub tags: Vec<String>,
    pub content: Content,
    pub scheduled_at: Option<Timestamp>,
    pub timestamp: Timestamp,
    pub threaded_by: ThreadedBy,
    /// There where tracking was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement: Option<Engagement>,
    pub metadata: MessageMetadata,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryAttempt {
    pub at: Timestamp,
    /// The host spoken to.
    pub host: Option<String>,
    /// What it answered, or what went wrong.
    pub response: String,
    pub tls: bool,
    /// The address spoken to, where the host is one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Protocol and cipher suite; with `, DANE` at the end where the host's TLSA records prove that it is the right one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_version: Option<String>,
    /// Mail exchangers that were asked before in the same attempt and did not take it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried_before: Vec<HostTried>,
}

impl DeliveryAttempt {
    /// What became of a delivery without speaking to anybody.
    pub fn unspoken(at: Timestamp, response: String) -> Self {
        Self { at, host: None, response, tls: false, address: None, tls_version: None, tried_before: Vec::new() }
    }
}

/// A mail exchanger that did not take a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostTried {
    pub host: String,
    pub address: Option<String>,
    /// What it answered, or what went wrong.
    pub response: String,
}

/// One recipient of one outbound message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    pub id: DeliveryId,
    pub message_id: MessageId,
    pub recipient: String,
    pub status: MessageStatus,
    pub transport: String,
    pub attempts: Vec<DeliveryAttempt>,
    pub next_attempt_at: Option<Timestamp>,
    /// The limit that it waits for until then; null where it waits for something else.
    pub waits_for: Option<String>,
    /// When the message was accepted.
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
