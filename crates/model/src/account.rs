//! Accounts: people's mailboxes, kept in step with the servers they are on. Owns their shapes; never connects.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel::TransportSecurity;
use crate::oauth2::AccountOAuth2;

/// Where an account is with its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AccountState {
    /// Added, and nobody has looked yet.
    Init,
    Connecting,
    /// Signed in; what is there is being listed.
    Syncing,
    /// Every folder is known, and changes are heard of.
    Connected,
    /// The server refuses user name, password or token.
    AuthenticationError,
    ConnectError,
    /// Nobody is to connect it.
    Disconnected,
    /// It was refused too often; it waits for new credentials or a reconnect.
    Paused,
}

impl AccountState {
    pub const ALL: [Self; 8] = [
        Self::Init,
        Self::Connecting,
        Self::Syncing,
        Self::Connected,
        Self::AuthenticationError,
        Self::ConnectError,
        Self::Disconnected,
        Self::Paused,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Connecting => "connecting",
            Self::Syncing => "syncing",
            Self::Connected => "connected",
            Self::AuthenticationError => "authenticationError",
            Self::ConnectError => "connectError",
            Self::Disconnected => "disconnected",
            Self::Paused => "paused",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A mail server of an account, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub security: TransportSecurity,
    pub username: String,
    /// The secret is an OAuth 2 access token, not a password.
    #[serde(default)]
    pub bearer: bool,
    /// Any certificate is taken, whoever signed it, for whatever name: the person's own choice, for this server alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_invalid_certificates: bool,
}

/// What an account was set up with, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imap: Option<MailServer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<MailServer>,
    /// Nobody is to connect it.
    pub disabled: bool,
    /// Folders that are listened to besides the primary one: paths, or what they are for (`\Sent`).
    pub subconnections: Vec<String>,
    /// Folders that are kept in step; all if empty. Paths, or what they are for.
    pub folders: Vec<String>,
    /// The person's own choice of folders: what for (`\Sent`), and the path.
    pub special_folders: Vec<(String, String)>,
    /// The secrets of both servers are access tokens of this application, renewed as they end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<AccountOAuth2>,
    /// Where mail was there before: tell only of mail that the server has had since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_from: Option<Timestamp>,
}

/// Why an account is not connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountError {
    /// In one line: the server's own words where there are any.
    pub response: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_response_code: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    pub at: Timestamp,
}

/// What a mail in a mailbox is to a CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Correspondence {
    /// The person sent it.
    Sent,
    Received,
    /// It was there before: moved, or older than the account.
    Seen,
    Draft,
    /// Nobody's: without author or Message-ID.
    Ignored,
}

impl Correspondence {
    pub const ALL: [Self; 5] = [Self::Sent, Self::Received, Self::Seen, Self::Draft, Self::Ignored];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Seen => "seen",
            Self::Draft => "draft",
            Self::Ignored => "ignored",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|correspondence| correspondence.as_str() == text)
    }
}
