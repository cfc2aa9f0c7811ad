//! A sign-in with OpenID Connect: the authorization code flow with PKCE (RFC 7636), `state` and `nonce`, which are bound to the browser
//! by a sealed cookie. Owns who comes in by it; what their token says is verified by `id_token`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::event::EventType;
use model::{IdentityProviderId, Timestamp};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::identity_providers::{self, IdentityProviderRow};
use store::users::UserRow;
use store::{Priority, Tx, users};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::client_secret;
use super::discovery::{Fault, discover};
use super::id_token::{Expected, Person, verify};
use crate::access::{self, SignedIn, new_public_user, target_user};
use crate::audit::{self, By};
use crate::{Engine, EngineError, Result, tokens};

/// Where the provider sends people back to, below the public URL.
pub const CALLBACK_PATH: &str = "/sign-in/provider/callback";
/// How long somebody may take at the provider.
const AWAY_MAX: Duration = Duration::from_secs(10 * 60);
/// Five random bits each: RFC 7636 §4.1 wants 43 characters at least.
const VERIFIER_CHARS: usize = 64;
const WORD_CHARS: usize = 32;
/// Characters of a code that are sent on.
const CODE_CHARS_MAX: usize = 4_096;
const NAME_CHARS_MAX: usize = 100;
const ATTEMPT_PLACE: &str = "identity_provider/attempt";

/// What the browser keeps while somebody is away.
#[derive(Serialize, Deserialize)]
struct Attempt {
    provider: IdentityProviderId,
    state: String,
    nonce: String,
    verifier: String,
    until: i64,
}

/// Where to send the browser, and what it has to bring back.
pub struct Departure {
    pub url: String,
    /// For a cookie.
    pub attempt: String,
    pub seconds: u64,
}

/// Why somebody was not signed in: a word for the sign-in page, which says it in the reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The provider is off, or gone.
    Off,
    /// It can't be reached, or says what can't be believed; the log has the cause.
    Provider,
    /// The provider, or whoever was asked there, said no.
    Denied,
    /// It took too long, or was begun in another browser.
    Expired,
    /// The provider does not vouch for their address.
    UnverifiedEmail,
    /// Their address is of another domain.
    OtherDomain,
    /// They are no user here, and nobody is added.
    Unknown,
}

impl Refusal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Provider => "provider",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::UnverifiedEmail => "unverifiedEmail",
            Self::OtherDomain => "otherDomain",
            Self::Unknown => "unknown",
        }
    }
}

type Outcome<T> = Result<std::result::Result<T, Refusal>>;

pub(super) fn redirect_uri(engine: &Engine) -> String {
    format!("{}{CALLBACK_PATH}", engine.config.public_url)
}

/// base64url of SHA-256: what PKCE's S256 is (RFC 7636 §4.2).
fn hashed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

async fn enabled(engine: &Engine, id: &IdentityProviderId) -> Result<Option<IdentityProviderRow>> {
    let id = id.clone();
    let found = engine.db.read(move |tx| identity_providers::get(tx, &id)).await?;
    Ok(found.filter(|row| row.enabled))
}

fn told(row: &IdentityProviderRow, fault: &str) -> Refusal {
    tracing::warn!(provider = %row.id, workspace = %row.workspace_id, fault, "a sign-in with an identity provider failed");
    Refusal::Provider
}

fn fault(row: &IdentityProviderRow, fault: &Fault) -> Refusal {
    told(row, &fault.detail)
}

/// Somebody wants to sign in with this provider.
///
/// # Errors
/// What the store says; a [`Refusal`] where the provider is off or can't be asked.
pub async fn start(engine: &Engine, id: &IdentityProviderId) -> Outcome<Departure> {
    let Some(row) = enabled(engine, id).await? else { return Ok(Err(Refusal::Off)) };
    let provider = match discover(engine, &row.issuer).await {
        Ok(provider) => provider,
        Err(wrong) => return Ok(Err(fault(&row, &wrong))),
    };
    let attempt = Attempt {
        provider: row.id.clone(),
        state: tokens::random(WORD_CHARS),
        nonce: tokens::random(WORD_CHARS),
        verifier: tokens::random(VERIFIER_CHARS),
        until: Timestamp::now().plus(AWAY_MAX).as_millis(),
    };
    let Ok(mut url) = Url::parse(&provider.authorization_endpoint) else {
        return Ok(Err(told(&row, "its authorization endpoint is no URL")));
    };
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &row.client_id)
        .append_pair("redirect_uri", &redirect_uri(engine))
        .append_pair("scope", "openid email profile")
        .append_pair("state", &attempt.state)
        .append_pair("nonce", &attempt.nonce)
        .append_pair("code_challenge", &hashed(&attempt.verifier))
        .append_pair("code_challenge_method", "S256");
    let text = serde_json::to_vec(&attempt).map_err(|error| EngineError::Internal(error.to_string()))?;
    let attempt = URL_SAFE_NO_PAD.encode(engine.vault.seal(ATTEMPT_PLACE, &text));
    Ok(Ok(Departure { url: url.into(), attempt, seconds: AWAY_MAX.as_secs() }))
}

/// What the provider sent somebody back with.
#[derive(Debug, Clone, Default)]
pub struct Return {
    pub code: Option<String>,
    pub state: Option<String>,
    pub error: Option<String>,
    /// RFC 9207.
    pub iss: Option<String>,
}

/// Somebody came back; `attempt` is what their browser kept.
///
/// # Errors
/// What the store says; a [`Refusal`] where they are not signed in.
pub async fn finish(
    engine: &Engine,
    attempt: Option<&str>,
    back: Return,
    user_agent: Option<&str>,
) -> Outcome<SignedIn> {
    let Some(attempt) = attempt.and_then(|attempt| opened(engine, attempt)) else { return Ok(Err(Refusal::Expired)) };
    let state = back.state.unwrap_or_default();
    let is_same = bool::from(state.as_bytes().ct_eq(attempt.state.as_bytes()));
    if !is_same || attempt.until <= Timestamp::now().as_millis() {
        return Ok(Err(Refusal::Expired));
    }
    let Some(row) = enabled(engine, &attempt.provider).await? else { return Ok(Err(Refusal::Off)) };
    if back.error.is_some() {
        return Ok(Err(Refusal::Denied));
    }
    let code = back.code.filter(|code| !code.is_empty() && code.chars().count() <= CODE_CHARS_MAX);
    let Some(code) = code else { return Ok(Err(told(&row, "it sent nobody a code"))) };
    let person = match person(engine, &row, &attempt, &code, back.iss.as_deref()).await? {
        Ok(person) => person,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match user_of(engine, &row, person).await? {
        Ok(user) => Ok(Ok(access::begin_by_provider(engine, user, user_agent).await?)),
        Err(refusal) => Ok(Err(refusal)),
    }
}

fn opened(engine: &Engine, attempt: &str) -> Option<Attempt> {
    let sealed = URL_SAFE_NO_PAD.decode(attempt).ok()?;
    let text = engine.vault.unseal(ATTEMPT_PLACE, &sealed).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Who the provider says it is.
async fn person(
    engine: &Engine,
    row: &IdentityProviderRow,
    attempt: &Attempt,
    code: &str,
    iss: Option<&str>,
) -> Outcome<Person> {
    let secret = client_secret(engine, row)?;
    let asked = async {
        let provider = discover(engine, &row.issuer).await.map_err(|wrong| fault(row, &wrong))?;
        let is_said = iss.is_some() || provider.authorization_response_iss_parameter_supported;
        if is_said && iss != Some(row.issuer.as_str()) {
            return Err(told(row, "the answer is another issuer's"));
        }
        let granted = provider
            .exchange(engine, row, secret.as_ref(), code, &attempt.verifier, &redirect_uri(engine))
            .await
            .map_err(|wrong| fault(row, &wrong))?;
        let keys = provider.keys(engine).await.map_err(|wrong| fault(row, &wrong))?;
        let expected = Expected { issuer: &row.issuer, client_id: &row.client_id, nonce: &attempt.nonce };
        let person = verify(granted.id_token.expose_secret(), &keys, expected).map_err(|wrong| told(row, &wrong))?;
        if person.email.is_some() {
            return Ok(person);
        }
        match provider.user_info(engine, &granted).await.map_err(|wrong| fault(row, &wrong))? {
            Some(info) => person.with(&info).map_err(|wrong| told(row, &wrong)),
            None => Ok(person),
        }
    };
    Ok(asked.await)
}

/// Whom they are here: the account's own user; or whoever has the address, from now on; or somebody new.
async fn user_of(engine: &Engine, row: &IdentityProviderRow, person: Person) -> Outcome<UserRow> {
    let Some(email) = person.email.as_deref().and_then(mail::address::normalize).filter(|_| person.email_verified)
    else {
        return Ok(Err(Refusal::UnverifiedEmail));
    };
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    if !row.email_domains.is_empty() && !row.email_domains.iter().any(|allowed| allowed == domain) {
        return Ok(Err(Refusal::OtherDomain));
    }
    let (row, address) = (row.clone(), audit::address());
    let name = person.name.map(|name| name.trim().chars().take(NAME_CHARS_MAX).collect::<String>());
    let name = name.filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
    let subject = person.subject;
    let work = move |tx: &mut Tx<'_>| {
        let (workspace, issuer, now) = (&row.workspace_id, row.issuer.as_str(), Timestamp::now());
        if let Some(user) = identity_providers::user_of(tx, workspace, issuer, &subject)? {
            return Ok(Ok(user));
        }
        let there = match users::by_email(tx, &email)? {
            // Somebody's who is another account of the provider, or of another workspace.
            Some(user) if user.workspace_id != *workspace => return Ok(Err(Refusal::Unknown)),
            Some(user) if identity_providers::is_linked(tx, workspace, issuer, &user.public.id)? => {
                return Ok(Err(Refusal::Unknown));
            }
            there => there,
        };
        let user = match there {
            Some(user) => user,
            None if row.creates_people && !row.email_domains.is_empty() => {
                let public = new_public_user(email.clone(), name.clone(), row.role, now);
                let user = UserRow { workspace_id: workspace.clone(), password_hash: None, public };
                users::insert(tx, &user)?;
                let by = By::system(workspace).from(address);
                audit::note(tx, &by, "user.created", target_user(&user.public), &[])?;
                crate::users::tell(tx, workspace, EventType::UserCreated, &user.public.id)?;
                user
            }
            None => return Ok(Err(Refusal::Unknown)),
        };
        identity_providers::link(tx, workspace, issuer, &subject, &user.public.id, now)?;
        Ok(Ok(user))
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?)
}
