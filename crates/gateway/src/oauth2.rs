//! OAuth 2 providers: where the known ones are, and their token and user info endpoints, asked through the guard. Owns the HTTP of
//! it; never decides what a token is for, and never logs one.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use engine::ports::{FetchError, ProviderAnswer, ProviderClient};
use model::channel::TransportSecurity;
use model::oauth2::{OAuth2Places, OAuth2Provider, OAuth2Server};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::guard::{Guard, HttpTimeouts, client, refusal};
use crate::tls_client::TlsTrust;
use crate::webhooks::describe;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For one request: a person waits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an answer; tokens have some thousands.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Asks providers where the guard allows.
#[derive(Debug, Clone)]
pub struct HttpProviderClient {
    guard: Guard,
    client: reqwest::Client,
}

impl HttpProviderClient {
    /// # Errors
    /// TLS can't be set up with `trust`.
    pub fn new(guard: Guard, trust: &TlsTrust) -> Result<Self, String> {
        let timeouts = HttpTimeouts { connect: CONNECT_TIMEOUT, read: REQUEST_TIMEOUT };
        let client = client(&guard, trust, &timeouts)?;
        Ok(Self { guard, client })
    }

    fn url(&self, url: &str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|error| FetchError::Refused(format!("this is not a URL: {error}")))?;
        self.guard.check_parsed(&url).map_err(|error| FetchError::Refused(error.to_string()))?;
        Ok(url)
    }
}

fn form(fields: &[(&'static str, SecretString)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        form.append_pair(name, value.expose_secret());
    }
    form.finish()
}

async fn answer(request: reqwest::RequestBuilder) -> Result<ProviderAnswer, FetchError> {
    let failed = |error: reqwest::Error| {
        let text = describe(&error.without_url(), REQUEST_TIMEOUT);
        FetchError::Failed(text)
    };
    let asked = async {
        let mut response = request.header(ACCEPT, "application/json").send().await.map_err(|error| {
            if refusal(&error).is_some() {
                FetchError::Refused(describe(&error, REQUEST_TIMEOUT))
            } else {
                failed(error)
            }
        })?;
        let status = response.status().as_u16();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(FetchError::TooLarge { limit: ANSWER_BYTES_MAX as u64 });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(ProviderAnswer { status, body: Bytes::from(body) })
    };
    let late = || FetchError::Failed(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs()));
    tokio::time::timeout(REQUEST_TIMEOUT, asked).await.unwrap_or_else(|_| Err(late()))
}

#[async_trait]
impl ProviderClient for HttpProviderClient {
    fn places(&self, provider: OAuth2Provider, authority: Option<&str>) -> Option<OAuth2Places> {
        match provider {
            OAuth2Provider::Gmail => Some(gmail()),
            OAuth2Provider::Outlook => Some(outlook(authority.unwrap_or("common"))),
            OAuth2Provider::Oidc => None,
        }
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        self.guard.check_url(url).map_err(|error| error.to_string())
    }

    async fn post_form(
        &self,
        url: &str,
        fields: Vec<(&'static str, SecretString)>,
    ) -> Result<ProviderAnswer, FetchError> {
        let url = self.url(url)?;
        let request =
            self.client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(&fields));
        answer(request).await
    }

    fn allows_plain_http(&self) -> bool {
        self.guard.allows_private_networks()
    }

    async fn post_form_as(
        &self,
        url: &str,
        (id, secret): (&str, &SecretString),
        fields: Vec<(&'static str, SecretString)>,
    ) -> Result<ProviderAnswer, FetchError> {
        let url = self.url(url)?;
        // Both are form-urlencoded before they are joined (RFC 6749 §2.3.1).
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self.client.post(url).basic_auth(encoded(id), Some(encoded(secret.expose_secret())));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(&fields));
        answer(request).await
    }

    async fn get(&self, url: &str) -> Result<ProviderAnswer, FetchError> {
        answer(self.client.get(self.url(url)?)).await
    }

    async fn get_with_token(&self, url: &str, token: &SecretString) -> Result<ProviderAnswer, FetchError> {
        answer(self.client.get(self.url(url)?).bearer_auth(token.expose_secret())).await
    }
}

fn server(host: &str, port: u16, security: TransportSecurity) -> Option<OAuth2Server> {
    Some(OAuth2Server { host: host.to_owned(), port, security })
}

/// A refresh token comes with the first consent alone, unless it is asked for each time.
fn gmail() -> OAuth2Places {
    OAuth2Places {
        authorize_url: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
        token_url: "https://oauth2.googleapis.com/token".to_owned(),
        user_info_url: Some("https://openidconnect.googleapis.com/v1/userinfo".to_owned()),
        scopes: ["openid", "email", "profile", "https://mail.google.com/"].map(str::to_owned).to_vec(),
        parameters: [("access_type", "offline"), ("prompt", "consent")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        imap: server("imap.gmail.com", 993, TransportSecurity::Tls),
        smtp: server("smtp.gmail.com", 465, TransportSecurity::Tls),
    }
}

/// Its tokens are for one service each: who it is, the ID token alone tells.
fn outlook(authority: &str) -> OAuth2Places {
    let authority = percent_encoding::utf8_percent_encode(authority, percent_encoding::NON_ALPHANUMERIC);
    let base = format!("https://login.microsoftonline.com/{authority}/oauth2/v2.0");
    let scopes = [
        "openid",
        "email",
        "profile",
        "offline_access",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
    ];
    OAuth2Places {
        authorize_url: format!("{base}/authorize"),
        token_url: format!("{base}/token"),
        user_info_url: None,
        scopes: scopes.map(str::to_owned).to_vec(),
        parameters: vec![("prompt".to_owned(), "select_account".to_owned())],
        imap: server("outlook.office365.com", 993, TransportSecurity::Tls),
        smtp: server("smtp.office365.com", 587, TransportSecurity::Starttls),
    }
}
