//! OAuth 2: the applications that providers know us as, and which of them an account signs in by. Never holds a secret.

use serde::{Deserialize, Serialize};

use crate::OAuth2AppId;
use crate::channel::TransportSecurity;

/// Whose sign-in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OAuth2Provider {
    Gmail,
    Outlook,
    /// Any other (OpenID Connect): its places are told.
    Oidc,
}

impl OAuth2Provider {
    pub const ALL: [Self; 3] = [Self::Gmail, Self::Outlook, Self::Oidc];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gmail => "gmail",
            Self::Outlook => "outlook",
            Self::Oidc => "oidc",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == text)
    }
}

/// A mail server that takes a provider's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuth2Server {
    pub host: String,
    pub port: u16,
    pub security: TransportSecurity,
}

/// Where a provider is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2Places {
    /// RFC 6749 §3.1 and §3.2.
    pub authorize_url: String,
    pub token_url: String,
    /// OpenID Connect Core §5.3; the ID token tells as much where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info_url: Option<String>,
    pub scopes: Vec<String>,
    /// More parameters of the authorization request.
    pub parameters: Vec<(String, String)>,
    pub imap: Option<OAuth2Server>,
    pub smtp: Option<OAuth2Server>,
}

/// An application, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2AppSettings {
    pub name: String,
    /// On the form's button.
    pub title: Option<String>,
    pub description: Option<String>,
    pub client_id: String,
    /// Where the provider sends people back to; ours unless said.
    pub redirect_url: Option<String>,
    /// Outlook's tenant; `common` unless said.
    pub authority: Option<String>,
    pub extra_scopes: Vec<String>,
    pub skip_scopes: Vec<String>,
    /// Of [`OAuth2Provider::Oidc`] alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub places: Option<OAuth2Places>,
}

/// By what an account signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountOAuth2 {
    pub app: OAuth2AppId,
    pub provider: OAuth2Provider,
}
