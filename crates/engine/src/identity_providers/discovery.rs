//! What a provider says of itself (OpenID Connect Discovery 1.0), its keys, and its token endpoint. All of it is asked anew for every
//! sign-in, so that keys that were rotated are simply there; nothing of it is kept.

use jsonwebtoken::jwk::JwkSet;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::identity_providers::IdentityProviderRow;
use url::Url;

use crate::Engine;
use crate::ports::{FetchError, ProviderAnswer};

/// Characters of a provider's own words that are shown.
const WORDS_CHARS_MAX: usize = 300;

/// What went wrong with a provider, in words.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// OAuth 2's own (`invalid_client`), where it is one.
    pub code: Option<String>,
    pub detail: String,
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(detail: impl Into<String>, hint: Option<&str>) -> Self {
        Self { code: None, detail: detail.into(), hint: hint.map(str::to_owned) }
    }
}

/// Is this a URL that a provider may be asked at?
pub(super) fn check_url(engine: &Engine, text: &str) -> std::result::Result<(), String> {
    let url = Url::parse(text).map_err(|_| "an https URL is needed, such as https://login.example.com".to_owned())?;
    match url.scheme() {
        "https" => {}
        "http" if engine.ports.providers.allows_plain_http() => {}
        "http" => return Err("https is needed: what is sent there signs people in".into()),
        _ => return Err("an https URL is needed, such as https://login.example.com".into()),
    }
    engine.ports.providers.check_url(text)
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Provider {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

pub(super) async fn discover(engine: &Engine, issuer: &str) -> std::result::Result<Provider, Fault> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let provider: Provider = document(engine, &url, "description").await?;
    if provider.issuer != issuer {
        let detail = format!("the provider calls itself {}", words(&provider.issuer));
        return Err(Fault::new(detail, Some("take that as the issuer, to the letter")));
    }
    let needed = [&provider.authorization_endpoint, &provider.token_endpoint, &provider.jwks_uri];
    for url in needed.into_iter().chain(&provider.userinfo_endpoint) {
        check_url(engine, url)
            .map_err(|wrong| Fault::new(format!("the provider's description names {}: {wrong}", words(url)), None))?;
    }
    Ok(provider)
}

async fn document<T: DeserializeOwned>(engine: &Engine, url: &str, what: &str) -> std::result::Result<T, Fault> {
    let answer = engine.ports.providers.get(url).await.map_err(|error| unreachable(url, &error))?;
    if answer.status != 200 {
        let hint = "the issuer may be another address: what is asked for is below it";
        return Err(Fault::new(format!("{url} answers {}", answer.status), Some(hint)));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| Fault::new(format!("{url} is no {what} that can be read: {error}"), None))
}

fn unreachable(url: &str, error: &FetchError) -> Fault {
    let hint = "the server that Postroom runs on has to reach the provider";
    Fault::new(format!("{url}: {error}"), Some(hint))
}

fn words(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(WORDS_CHARS_MAX).collect()
}

/// What a code is worth.
#[derive(Deserialize)]
pub(super) struct Granted {
    pub id_token: SecretString,
    #[serde(default)]
    access_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

impl Provider {
    /// What signs its tokens now.
    pub async fn keys(&self, engine: &Engine) -> std::result::Result<JwkSet, Fault> {
        let keys: JwkSet = document(engine, &self.jwks_uri, "set of keys").await?;
        if keys.keys.is_empty() {
            return Err(Fault::new("the provider has no keys that sign", None));
        }
        Ok(keys)
    }

    /// Turns a code into an ID token. By HTTP Basic where the provider takes that (it is the usual way), else in the form.
    pub async fn exchange(
        &self,
        engine: &Engine,
        row: &IdentityProviderRow,
        secret: Option<&SecretString>,
        code: &str,
        verifier: &str,
        redirect: &str,
    ) -> std::result::Result<Granted, Fault> {
        let mut fields: Vec<(&'static str, SecretString)> = vec![
            ("grant_type", "authorization_code".into()),
            ("code", code.into()),
            ("redirect_uri", redirect.into()),
            ("code_verifier", verifier.into()),
            ("client_id", row.client_id.as_str().into()),
        ];
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        let basic = methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        let providers = &engine.ports.providers;
        let answer = match secret {
            Some(secret) if basic => {
                providers.post_form_as(&self.token_endpoint, (&row.client_id, secret), fields).await
            }
            secret => {
                fields.extend(secret.map(|secret| ("client_secret", secret.clone())));
                providers.post_form(&self.token_endpoint, fields).await
            }
        };
        granted(&answer.map_err(|error| unreachable(&self.token_endpoint, &error))?)
    }

    /// What else the provider says of whom it vouches for; nothing where it has no place for that (OpenID Connect Core §5.3). It is for
    /// the caller to see that it is of the same subject.
    pub async fn user_info(&self, engine: &Engine, granted: &Granted) -> std::result::Result<Option<Value>, Fault> {
        let (Some(url), Some(token)) = (&self.userinfo_endpoint, &granted.access_token) else { return Ok(None) };
        let answer = engine.ports.providers.get_with_token(url, token).await;
        let answer = answer.map_err(|error| unreachable(url, &error))?;
        if answer.status != 200 {
            return Err(Fault::new(format!("{url} answers {}", answer.status), None));
        }
        // One that is signed (a JWT) is none that was asked for.
        serde_json::from_slice(&answer.body)
            .map(Some)
            .map_err(|error| Fault::new(format!("{url} answers what can't be read: {error}"), None))
    }
}

fn granted(answer: &ProviderAnswer) -> std::result::Result<Granted, Fault> {
    if answer.status == 200 {
        return serde_json::from_slice(&answer.body).map_err(|_| {
            Fault::new("the provider's answer has no ID token", Some("the client has to be allowed the scope openid"))
        });
    }
    let Ok(refused) = serde_json::from_slice::<Refused>(&answer.body) else {
        return Err(Fault::new(format!("the provider's token endpoint answers {}", answer.status), None));
    };
    let hint = match refused.error.as_str() {
        "invalid_client" | "unauthorized_client" => Some("look at the client ID and the client secret"),
        _ => None,
    };
    let said = refused.error_description.as_deref().unwrap_or_default();
    let detail = format!("the provider refuses: {} {}", words(&refused.error), words(said));
    Err(Fault { code: Some(refused.error), ..Fault::new(detail.trim(), hint) })
}
