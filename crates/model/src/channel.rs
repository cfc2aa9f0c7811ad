//! Channels: inboxes with addresses, an identity, a way in and a way out.

use serde::{Deserialize, Serialize};

use crate::sending::SendLimits;
use crate::{ChannelId, TeamId, Timestamp, WorkspaceId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    SmtpImap,
    Forwarding,
    Domain,
    Sendgrid,
    Mailgun,
    Ses,
    Postmark,
    Microsoft365,
    Google,
    Sandbox,
}

impl Provider {
    pub const ALL: [Self; 10] = [
        Self::SmtpImap,
        Self::Forwarding,
        Self::Domain,
        Self::Sendgrid,
        Self::Mailgun,
        Self::Ses,
        Self::Postmark,
        Self::Microsoft365,
        Self::Google,
        Self::Sandbox,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmtpImap => "smtp_imap",
            Self::Forwarding => "forwarding",
            Self::Domain => "domain",
            Self::Sendgrid => "sendgrid",
            Self::Mailgun => "mailgun",
            Self::Ses => "ses",
            Self::Postmark => "postmark",
            Self::Microsoft365 => "microsoft365",
            Self::Google => "google",
            Self::Sandbox => "sandbox",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransportSecurity {
    /// Begin in clear, upgrade before anything is said (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelStatus {
    #[default]
    Connected,
    Disconnected,
}

/// What a channel does with a mail whose DMARC result is `fail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthPolicy {
    /// Record the results, do nothing.
    None,
    /// Record them and mark the message as unauthenticated.
    #[default]
    Mark,
    /// Refuse with 550 5.7.1 where the sender's domain publishes `p=reject`.
    Reject,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// What a channel lets in and out. Absent: the instance's own limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChannelLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attachment_bytes: Option<u64>,
    /// File name extensions (`exe`) or media types (`application/x-msdownload`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_file_types: Vec<String>,
    /// If not empty, every other type is withheld.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_file_types: Vec<String>,
    /// Mails (recipients) that may leave in a second, a minute, a day and a month; those beyond wait. Days and months are UTC's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_second: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_month: Option<u32>,
}

impl ChannelLimits {
    /// How much may leave in which time.
    pub const fn sending(&self) -> SendLimits {
        SendLimits {
            send_per_second: self.send_per_second,
            send_per_minute: self.send_per_minute,
            send_per_day: self.send_per_day,
            send_per_month: self.send_per_month,
        }
    }
}

/// A provider's settings without its secrets. Secrets live in the vault and are write-only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProviderConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_security: Option<TransportSecurity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imap_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imap_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imap_security: Option<TransportSecurity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// A channel as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    pub id: ChannelId,
    #[serde(skip)]
    #[schema(ignore)]
    pub workspace_id: Option<WorkspaceId>,
    #[serde(rename = "type")]
    #[schema(example = "email")]
    pub channel_type: String,
    pub name: String,
    pub provider: Provider,
    /// The address people write to and replies come from. Absent for a sandbox without one.
    pub email_address: Option<String>,
    pub display_name: Option<String>,
    pub aliases: Vec<String>,
    pub signature: Signature,
    pub config: ProviderConfig,
    pub limits: ChannelLimits,
    pub auth_policy: AuthPolicy,
    /// Join mail to an open conversation of the same contact by its subject alone.
    pub thread_by_subject: bool,
    /// The team that new conversations go to.
    pub team_id: Option<TeamId>,
    pub status: ChannelStatus,
    /// The generated address; whatever reaches it becomes a message of this channel.
    pub inbound_address: String,
    /// Where providers post mail. Carries a secret.
    pub webhook_url: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
