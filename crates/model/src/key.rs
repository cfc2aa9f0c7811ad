//! Who may act: roles of people, scopes of API keys.

use serde::{Deserialize, Serialize};

use crate::channel::Signature;
use crate::{ApiKeyId, ChannelId, Timestamp, UserId, WorkspaceId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Agent,
}

impl Role {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent => "agent",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Admin, Self::Agent].into_iter().find(|role| role.as_str() == text)
    }
}

/// What a key may do. `Admin` includes every other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Scope {
    #[serde(rename = "admin")]
    Admin,
    #[serde(rename = "channels:read")]
    ChannelsRead,
    #[serde(rename = "channels:write")]
    ChannelsWrite,
    #[serde(rename = "messages:read")]
    MessagesRead,
    #[serde(rename = "messages:send")]
    MessagesSend,
    #[serde(rename = "conversations:read")]
    ConversationsRead,
    #[serde(rename = "conversations:write")]
    ConversationsWrite,
    #[serde(rename = "contacts:read")]
    ContactsRead,
    #[serde(rename = "contacts:write")]
    ContactsWrite,
    #[serde(rename = "templates:read")]
    TemplatesRead,
    #[serde(rename = "templates:write")]
    TemplatesWrite,
    /// Domains and their use cases.
    #[serde(rename = "domains:read")]
    DomainsRead,
    #[serde(rename = "domains:write")]
    DomainsWrite,
    #[serde(rename = "suppressions:read")]
    SuppressionsRead,
    #[serde(rename = "suppressions:write")]
    SuppressionsWrite,
    #[serde(rename = "events:read")]
    EventsRead,
    /// Automations and business hours.
    #[serde(rename = "automations:read")]
    AutomationsRead,
    #[serde(rename = "automations:write")]
    AutomationsWrite,
    #[serde(rename = "webhooks:read")]
    WebhooksRead,
    #[serde(rename = "webhooks:write")]
    WebhooksWrite,
    #[serde(rename = "metrics:read")]
    MetricsRead,
}

impl Scope {
    pub const ALL: [Self; 21] = [
        Self::Admin,
        Self::ChannelsRead,
        Self::ChannelsWrite,
        Self::MessagesRead,
        Self::MessagesSend,
        Self::ConversationsRead,
        Self::ConversationsWrite,
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::TemplatesRead,
        Self::TemplatesWrite,
        Self::DomainsRead,
        Self::DomainsWrite,
        Self::SuppressionsRead,
        Self::SuppressionsWrite,
        Self::EventsRead,
        Self::AutomationsRead,
        Self::AutomationsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::MetricsRead,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::ChannelsRead => "channels:read",
            Self::ChannelsWrite => "channels:write",
            Self::MessagesRead => "messages:read",
            Self::MessagesSend => "messages:send",
            Self::ConversationsRead => "conversations:read",
            Self::ConversationsWrite => "conversations:write",
            Self::ContactsRead => "contacts:read",
            Self::ContactsWrite => "contacts:write",
            Self::TemplatesRead => "templates:read",
            Self::TemplatesWrite => "templates:write",
            Self::DomainsRead => "domains:read",
            Self::DomainsWrite => "domains:write",
            Self::SuppressionsRead => "suppressions:read",
            Self::SuppressionsWrite => "suppressions:write",
            Self::EventsRead => "events:read",
            Self::AutomationsRead => "automations:read",
            Self::AutomationsWrite => "automations:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::MetricsRead => "metrics:read",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// Who a request speaks for. Everything an engine call needs to decide what may be seen and done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub workspace_id: WorkspaceId,
    pub actor: Actor,
    pub scopes: Vec<Scope>,
    /// A key bound to one channel sees that channel alone.
    pub channel_id: Option<ChannelId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    User(UserId, Role),
    Key(ApiKeyId),
}

impl Principal {
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&Scope::Admin) || self.scopes.contains(&scope)
    }

    /// May this principal know of something in `channel`?
    pub fn sees(&self, channel: Option<&ChannelId>) -> bool {
        self.channel_id.is_none() || self.channel_id.as_ref() == channel
    }
}

/// An API key as the API shows it: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub channel_id: Option<ChannelId>,
    /// The key's last four characters, to tell keys apart.
    pub hint: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: Option<String>,
    pub role: Role,
    /// Who is away is given no conversation by a team's assignment.
    pub available: bool,
    /// Whether a code of their authenticator app is asked for when they sign in.
    pub second_factor: bool,
    /// Below what they write from a channel, above the channel's own.
    #[serde(default)]
    #[schema(required = true)]
    pub signature: Signature,
    /// When the user last signed in; null for one who was invited and has not yet.
    pub last_sign_in_at: Option<Timestamp>,
    pub created_at: Timestamp,
}
