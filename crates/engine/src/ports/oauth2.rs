//! What the product asks of OAuth 2 providers.

use async_trait::async_trait;
use bytes::Bytes;
use model::oauth2::{OAuth2Places, OAuth2Provider};
use secrecy::SecretString;

use super::FetchError;

/// What a provider answered.
#[derive(Clone)]
pub struct ProviderAnswer {
    pub status: u16,
    /// May hold tokens: never logged.
    pub body: Bytes,
}

/// Asks providers through the SSRF guard; follows no redirect, and reads no long answer.
#[async_trait]
pub trait ProviderClient: Send + Sync + 'static {
    /// Where a provider that is known by its name is. `None` for those whose places have to be told.
    fn places(&self, provider: OAuth2Provider, authority: Option<&str>) -> Option<OAuth2Places>;

    /// Is this a URL that may be asked, as far as can be told without connecting? The error says what would be right.
    fn check_url(&self, url: &str) -> Result<(), String>;

    /// Posts a form (RFC 6749 §4.1.3).
    async fn post_form(
        &self,
        url: &str,
        fields: Vec<(&'static str, SecretString)>,
    ) -> Result<ProviderAnswer, FetchError>;

    /// Whether a provider may be asked without TLS: where the installation talks to its own network.
    fn allows_plain_http(&self) -> bool;

    /// Posts a form as a client that proves itself by HTTP Basic (RFC 6749 §2.3.1).
    async fn post_form_as(
        &self,
        url: &str,
        client: (&str, &SecretString),
        fields: Vec<(&'static str, SecretString)>,
    ) -> Result<ProviderAnswer, FetchError>;

    /// Reads a public document: a provider's description of itself, its keys.
    async fn get(&self, url: &str) -> Result<ProviderAnswer, FetchError>;

    /// Asks who a token is for (OpenID Connect Core §5.3).
    async fn get_with_token(&self, url: &str, token: &SecretString) -> Result<ProviderAnswer, FetchError>;
}
