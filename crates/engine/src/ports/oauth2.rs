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

    /// Asks who a token is for (OpenID Connect Core §5.3).
    async fn get_with_token(&self, url: &str, token: &SecretString) -> Result<ProviderAnswer, FetchError>;
}
