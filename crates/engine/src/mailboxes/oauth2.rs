//! Signing in to a mailbox at an OAuth 2 provider, from an authentication form: the authorization code flow with PKCE (RFC 6749 §4.1,
//! RFC 7636). Owns what is sent along and what is believed when the person comes back; never sees a password.
//!
//! `state` is sealed: it names form, application and the browser that set out, holds the code verifier, and is over soon.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::account::MailServer;
use model::oauth2::{AccountOAuth2, OAuth2Places, OAuth2Provider, OAuth2Server};
use model::{AuthenticationFormId, OAuth2AppId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::oauth2_apps::OAuth2AppRow;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::accounts::{self, AccountRequest, OAuth2Grant, ServerRequest};
use super::authentication_form::{self, Form, FormRefusal, Outcome};
use super::oauth2_apps;
use super::oauth2_tokens::{self, Granted};
use crate::ports::TestStep;
use crate::{Engine, EngineError, Result, tokens};

/// How long somebody may be away at a provider.
const AWAY_MAX: Duration = Duration::from_secs(60 * 60);
/// Characters of a code verifier, five random bits each: RFC 7636 §4.1 wants 43 at least.
const VERIFIER_CHARS: usize = 64;
const NONCE_CHARS: usize = 26;
/// Characters of a code that comes back.
const CODE_CHARS_MAX: usize = 4_096;

/// Where `state` is sealed.
const STATE_PLACE: &str = "oauth2/state";

#[derive(Serialize, Deserialize)]
struct State {
    form: AuthenticationFormId,
    app: OAuth2AppId,
    /// SHA-256 of the browser's mark.
    browser: String,
    verifier: String,
    nonce: String,
    /// Unix milliseconds.
    until: i64,
}

/// A way to sign in that a form offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub app: OAuth2AppId,
    pub provider: OAuth2Provider,
    /// What the application is called to people.
    pub title: String,
}

/// What a form offers: its workspace's enabled applications, or the one it asks for.
///
/// # Errors
/// What the store says.
pub async fn offers(engine: &Engine, form: &Form) -> Result<Vec<Offer>> {
    let wanted = form.request.sign_in.as_deref().filter(|way| !way.is_empty());
    let apps = oauth2_apps::enabled(engine, &form.workspace_id).await?;
    let apps = apps.into_iter().filter(|app| wanted.is_none_or(|wanted| wanted == app.id.as_str()));
    let offer = |app: OAuth2AppRow| Offer {
        title: app.settings.title.filter(|title| !title.trim().is_empty()).unwrap_or(app.settings.name),
        app: app.id,
        provider: app.provider,
    };
    Ok(apps.map(offer).collect())
}

/// Where a person signs in, for this form and in this browser.
///
/// # Errors
/// The application is not offered.
pub async fn authorize_url(engine: &Engine, form: &Form, app: &str, browser: &str) -> Result<String> {
    let offered = offers(engine, form).await?.into_iter().find(|offer| offer.app.as_str() == app);
    let missing = EngineError::NotFound { what: "the OAuth 2 application" };
    let Some(offer) = offered else { return Err(missing) };
    let Some(app) = oauth2_apps::of_workspace(engine, &form.workspace_id, &offer.app).await? else {
        return Err(missing);
    };
    let places = oauth2_apps::places(engine, &app)?;
    let state = State {
        form: form.id.clone(),
        app: app.id.clone(),
        browser: hashed(browser),
        verifier: tokens::random(VERIFIER_CHARS),
        nonce: tokens::random(NONCE_CHARS),
        until: Timestamp::now().plus(AWAY_MAX).as_millis(),
    };
    let wrong = |error: url::ParseError| EngineError::Internal(format!("{}: {error}", places.authorize_url));
    let mut url = Url::parse(&places.authorize_url).map_err(wrong)?;
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &app.settings.client_id)
        .append_pair("redirect_uri", &redirect_url(engine, &app))
        .append_pair("scope", &places.scopes.join(" "))
        .append_pair("state", &seal(engine, &state)?)
        .append_pair("nonce", &state.nonce)
        .append_pair("code_challenge", &hashed(&state.verifier))
        .append_pair("code_challenge_method", "S256");
    if let Some(email) = &form.request.email {
        query.append_pair("login_hint", email);
    }
    for (name, value) in &places.parameters {
        query.append_pair(name, value);
    }
    drop(query);
    Ok(url.into())
}

fn redirect_url(engine: &Engine, app: &OAuth2AppRow) -> String {
    app.settings.redirect_url.clone().unwrap_or_else(|| format!("{}/oauth", engine.config.public_url))
}

/// base64url of SHA-256: what PKCE's S256 is (RFC 7636 §4.2).
fn hashed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

fn seal(engine: &Engine, state: &State) -> Result<String> {
    let text = serde_json::to_vec(state).map_err(|error| EngineError::Internal(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(engine.vault.seal(STATE_PLACE, &text)))
}

/// Who came back from where.
pub struct Return {
    pub form: Form,
    app: OAuth2AppRow,
    state: State,
}

/// Somebody came back from a provider.
///
/// # Errors
/// `state` is not ours, is over, or set out in another browser; the form can't be filled in any more.
pub async fn come_back(
    engine: &Engine,
    state: &str,
    browser: Option<&str>,
) -> std::result::Result<Return, FormRefusal> {
    let sealed = URL_SAFE_NO_PAD.decode(state).map_err(|_| FormRefusal::Altered)?;
    let text = engine.vault.unseal(STATE_PLACE, &sealed).map_err(|_| FormRefusal::Altered)?;
    let state: State = serde_json::from_slice(&text).map_err(|_| FormRefusal::Altered)?;
    let here = browser.map(hashed).unwrap_or_default();
    if !bool::from(here.as_bytes().ct_eq(state.browser.as_bytes())) {
        return Err(FormRefusal::Altered);
    }
    if state.until <= Timestamp::now().as_millis() {
        return Err(FormRefusal::Expired);
    }
    let form = authentication_form::by_id(engine, &state.form).await?;
    let app = oauth2_apps::of_workspace(engine, &form.workspace_id, &state.app).await?;
    let app = app.filter(|app| app.enabled).ok_or(FormRefusal::Expired)?;
    Ok(Return { form, app, state })
}

/// Why a consent came to nothing.
#[derive(Debug)]
pub enum NotConnected {
    /// The provider's own words.
    Provider(String),
    /// It does not say whose mailbox it is.
    Nobody,
    /// The mail servers refuse its token.
    Servers(Vec<TestStep>),
    Form(FormRefusal),
}

impl From<EngineError> for NotConnected {
    fn from(error: EngineError) -> Self {
        Self::Form(error.into())
    }
}

/// Turns the code into tokens, tries them at the mail servers, and makes or changes the account; the form is spent with it.
///
/// # Errors
/// Why nothing came of it.
pub async fn connect(engine: &Engine, back: &Return, code: &str) -> std::result::Result<Outcome, NotConnected> {
    if code.is_empty() || code.chars().count() > CODE_CHARS_MAX {
        return Err(NotConnected::Provider("the provider sent no code".into()));
    }
    let places = oauth2_apps::places(engine, &back.app)?;
    let fields = vec![
        ("grant_type", SecretString::from("authorization_code")),
        ("code", code.to_owned().into()),
        ("redirect_uri", redirect_url(engine, &back.app).into()),
        ("code_verifier", back.state.verifier.clone().into()),
    ];
    let granted = oauth2_tokens::ask(engine, &back.app, fields).await?;
    let granted = granted.map_err(|refused| NotConnected::Provider(refused.detail))?;
    let who = who(engine, back, &places, &granted).await.ok_or(NotConnected::Nobody)?;
    let server = |server: &OAuth2Server| {
        let OAuth2Server { host, port, security } = server.clone();
        let server = MailServer {
            host,
            port,
            security,
            username: who.username.clone(),
            bearer: true,
            accept_invalid_certificates: false,
        };
        ServerRequest { server, secret: Some(granted.access_token.clone()), disabled: false }
    };
    let (imap, smtp) = (places.imap.as_ref().map(server), places.smtp.as_ref().map(server));
    let (mut steps, outgoing) = accounts::try_out(engine, imap.clone(), smtp.clone()).await;
    steps.extend(outgoing);
    if steps.iter().any(|step| !step.ok) {
        return Err(NotConnected::Servers(steps));
    }
    let asked = back.form.request.clone();
    let grant = OAuth2Grant {
        of: AccountOAuth2 { app: back.app.id.clone(), provider: back.app.provider },
        expires_at: granted.expires_at(Timestamp::now()),
        refresh: granted.refresh_token,
    };
    let request = AccountRequest {
        display_name: who.name.or(asked.name),
        email: Some(who.email),
        imap,
        smtp,
        subconnections: asked.subconnections,
        folders: asked.folders,
        notify_from: asked.notify_from,
        oauth2: Some(grant),
        ..AccountRequest::default()
    };
    authentication_form::put(engine, &back.form, request).await.map_err(NotConnected::Form)
}

struct Who {
    name: Option<String>,
    email: String,
    /// For the mail servers.
    username: String,
}

/// What an ID token or a user info endpoint says (OpenID Connect Core §5.1).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Claims {
    aud: serde_json::Value,
    nonce: Option<String>,
    email: Option<String>,
    preferred_username: Option<String>,
    name: Option<String>,
}

impl Claims {
    fn who(self, provider: OAuth2Provider) -> Option<Who> {
        let address = |text: Option<String>| text.filter(|text| mail::address::normalize(text).is_some());
        let (email, preferred) = (address(self.email), address(self.preferred_username));
        // Where both are there, Microsoft's servers know people by their principal name.
        let username = match provider {
            OAuth2Provider::Outlook => preferred.clone().or_else(|| email.clone()),
            _ => email.clone().or_else(|| preferred.clone()),
        };
        Some(Who { name: self.name, email: email.or(preferred)?, username: username? })
    }
}

async fn who(engine: &Engine, back: &Return, places: &OAuth2Places, granted: &Granted) -> Option<Who> {
    let told = granted.id_token.as_ref().and_then(|token| claims(token.expose_secret(), back));
    if let Some(who) = told.and_then(|claims| claims.who(back.app.provider)) {
        return Some(who);
    }
    let url = places.user_info_url.as_deref()?;
    let answer = engine.ports.providers.get_with_token(url, &granted.access_token).await.ok()?;
    let claims: Claims = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)?;
    claims.who(back.app.provider)
}

/// What an ID token says that is meant for us and for this consent. It came from the token endpoint itself, over a connection that was
/// checked, so its signature proves nothing more (OpenID Connect Core §3.1.3.7, 6).
fn claims(token: &str, back: &Return) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let client = back.app.settings.client_id.as_str();
    let is_ours = match &claims.aud {
        serde_json::Value::String(one) => one == client,
        serde_json::Value::Array(many) => many.iter().any(|one| one.as_str() == Some(client)),
        _ => false,
    };
    (is_ours && claims.nonce.as_deref() == Some(back.state.nonce.as_str())).then_some(claims)
}
