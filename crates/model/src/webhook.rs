//! Webhook endpoints and their deliveries.

use serde::{Deserialize, Serialize};

use crate::{EventId, Timestamp, WebhookDeliveryId, WebhookEndpointId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookFormat {
    #[default]
    Postroom,
    Emailengine,
}

impl WebhookFormat {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postroom => "postroom",
            Self::Emailengine => "emailengine",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Postroom, Self::Emailengine].into_iter().find(|format| format.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEndpoint {
    pub id: WebhookEndpointId,
    pub url: String,
    /// `*`, a family such as `message.*`, or event types.
    pub events: Vec<String>,
    pub format: WebhookFormat,
    /// The account that it hears of alone; null: of everything.
    pub account: Option<String>,
    pub enabled: bool,
    /// Why it was disabled, if Postroom did it.
    pub disabled_reason: Option<String>,
    /// The signing secret, in the answer to its creation and rotation alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The last replay of events; null if there was none.
    pub replay: Option<WebhookReplay>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Events that are sent again, in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookReplay {
    /// The events behind this one.
    pub after: EventId,
    /// Deliveries queued so far.
    pub queued: u64,
    /// When the last event looked at happened; null before the first.
    pub reached_at: Option<Timestamp>,
    pub started_at: Timestamp,
    /// Null while it is under way.
    pub finished_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookDeliveryStatus {
    Pending,
    Delivered,
    Failed,
}

impl WebhookDeliveryStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|status| status.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAttempt {
    pub at: Timestamp,
    /// Absent when no answer came.
    pub status_code: Option<u16>,
    pub duration_ms: u64,
    /// The first bytes of the answer, or what went wrong.
    pub response: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDelivery {
    pub id: WebhookDeliveryId,
    pub event_id: EventId,
    pub event_type: String,
    pub status: WebhookDeliveryStatus,
    pub attempts: Vec<WebhookAttempt>,
    pub next_attempt_at: Option<Timestamp>,
    pub created_at: Timestamp,
}
