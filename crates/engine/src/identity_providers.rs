//! Where a workspace's people may sign in with OpenID Connect. Owns the provider's settings and whether they work; a sign-in is
//! `signing_in`, what a token says `id_token`. The client secret is sealed by the vault and shown to nobody.

mod discovery;
mod id_token;
mod signing_in;

use std::time::Instant;

use model::identity_provider::IdentityProvider;
use model::key::{Principal, Role};
use model::{IdentityProviderId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};
use store::identity_providers::{self, IdentityProviderRow};
use store::{Priority, Tx, workspaces};

use crate::audit::{self, Target};
use crate::ports::TestStep;
use crate::users::require_admin_of_all;
use crate::vault_rotation::identity_provider_place as place;
use crate::{Engine, EngineError, FieldError, Result};
use discovery::{Provider, discover};
#[doc(hidden)]
pub use id_token::fuzz_id_token;
pub use signing_in::{CALLBACK_PATH, Departure, Refusal, Return, finish, start};

const TEXT_CHARS_MAX: usize = 256;
const SECRET_CHARS_MAX: usize = 1_024;
const DOMAINS_MAX: usize = 50;
/// Providers that the sign-in page offers, of all workspaces of the installation.
const OFFERED_MAX: usize = 10;
const MISSING: EngineError = EngineError::NotFound { what: "the identity provider" };

/// All of a provider's settings.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// `None` keeps the one there is, as long as the issuer stays.
    pub client_secret: Option<SecretString>,
    pub email_domains: Vec<String>,
    pub role: Role,
    pub creates_people: bool,
    pub enabled: bool,
}

/// What the sign-in page offers: ids and names, of every workspace of the installation.
///
/// # Errors
/// What the store says.
pub async fn offered(engine: &Engine) -> Result<Vec<(IdentityProviderId, String)>> {
    Ok(engine.db.read(|tx| identity_providers::enabled(tx, OFFERED_MAX)).await?)
}

async fn of_workspace(engine: &Engine, workspace: &WorkspaceId) -> Result<Option<IdentityProviderRow>> {
    let workspace = workspace.clone();
    Ok(engine.db.read(move |tx| identity_providers::of_workspace(tx, &workspace)).await?)
}

/// # Errors
/// Not an administrator; none is set up.
pub async fn get(engine: &Engine, principal: &Principal) -> Result<IdentityProvider> {
    require_admin_of_all(principal)?;
    of_workspace(engine, &principal.workspace_id).await?.map(shown).ok_or(MISSING)
}

fn shown(row: IdentityProviderRow) -> IdentityProvider {
    IdentityProvider {
        id: row.id,
        name: row.name,
        issuer: row.issuer,
        client_id: row.client_id,
        has_client_secret: row.sealed.is_some(),
        email_domains: row.email_domains,
        role: row.role,
        creates_people: row.creates_people,
        enabled: row.enabled,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// The row as it is to be, with its secret as it is kept. A secret goes to the issuer it was given for, and to no other.
fn row(
    engine: &Engine,
    principal: &Principal,
    before: Option<&IdentityProviderRow>,
    settings: ProviderSettings,
) -> Result<IdentityProviderRow> {
    let now = Timestamp::now();
    let id = before.map_or_else(IdentityProviderId::generate, |before| before.id.clone());
    let settings = checked(engine, settings).map_err(EngineError::Invalid)?;
    let sealed = match &settings.client_secret {
        Some(secret) => Some(engine.vault.seal(&place(&id), secret.expose_secret().as_bytes())),
        None => before.filter(|before| before.issuer == settings.issuer).and_then(|before| before.sealed.clone()),
    };
    Ok(IdentityProviderRow {
        id,
        workspace_id: principal.workspace_id.clone(),
        name: settings.name,
        issuer: settings.issuer,
        client_id: settings.client_id,
        sealed,
        email_domains: settings.email_domains,
        role: settings.role,
        creates_people: settings.creates_people,
        enabled: settings.enabled,
        created_at: before.map_or(now, |before| before.created_at),
        updated_at: now,
    })
}

/// The settings in their one spelling, or all that is wrong with them.
fn checked(engine: &Engine, mut settings: ProviderSettings) -> std::result::Result<ProviderSettings, Vec<FieldError>> {
    let mut errors = Vec::new();
    for (pointer, text) in [("/name", &mut settings.name), ("/clientId", &mut settings.client_id)] {
        *text = text.trim().to_owned();
        if text.is_empty() || text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
            errors.push(FieldError::new(pointer, format!("1 to {TEXT_CHARS_MAX} characters on one line")));
        }
    }
    settings.issuer = settings.issuer.trim().to_owned();
    if let Err(detail) = discovery::check_url(engine, &settings.issuer) {
        errors.push(FieldError::new("/issuer", detail));
    } else if settings.issuer.contains(['?', '#']) {
        errors.push(FieldError::new("/issuer", "an issuer has no query and no fragment"));
    }
    let too_long = |secret: &SecretString| secret.expose_secret().chars().count() > SECRET_CHARS_MAX;
    if settings.client_secret.as_ref().is_some_and(too_long) {
        errors.push(FieldError::new("/clientSecret", format!("at most {SECRET_CHARS_MAX} characters")));
    }
    settings.client_secret = settings.client_secret.filter(|secret| !secret.expose_secret().is_empty());
    if settings.email_domains.len() > DOMAINS_MAX {
        errors.push(FieldError::new("/emailDomains", format!("at most {DOMAINS_MAX} domains")));
    }
    for (at, domain) in settings.email_domains.iter_mut().enumerate() {
        match mail::address::normalize(&format!("somebody@{}", domain.trim().trim_start_matches('@'))) {
            Some(address) => address.rsplit_once('@').map_or("", |(_, host)| host).clone_into(domain),
            None => {
                errors.push(FieldError::new(format!("/emailDomains/{at}"), "a domain such as example.com is needed"))
            }
        }
    }
    if settings.creates_people && settings.email_domains.is_empty() {
        let detail = "say at least one domain whose people may be added: else anybody with an account of the provider would come in";
        errors.push(FieldError::new("/emailDomains", detail));
    }
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

/// Puts the provider in the place of the one there was.
///
/// # Errors
/// Not an administrator; fields that are wrong; it would be off while passwords are off, too (409).
pub async fn put(engine: &Engine, principal: &Principal, settings: ProviderSettings) -> Result<IdentityProvider> {
    require_admin_of_all(principal)?;
    let before = of_workspace(engine, &principal.workspace_id).await?;
    let new_secret = settings.client_secret.is_some();
    let row = row(engine, principal, before.as_ref(), settings)?;
    let by = audit::by(principal);
    let mut changed = match before {
        Some(before) => audit::changed(&shown(before), &shown(row.clone())),
        None => Vec::new(),
    };
    if new_secret {
        changed.push("clientSecret".into());
    }
    let kept = row.clone();
    let work = move |tx: &mut Tx<'_>| {
        if !row.enabled && !takes_passwords(tx, &row.workspace_id)? {
            return Ok(false);
        }
        identity_providers::put(tx, &row)?;
        let target = Target::of("identityProvider", &row.id).named(&row.name);
        audit::note(tx, &by, "identityProvider.changed", target, &changed)?;
        Ok(true)
    };
    if !crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await? {
        return Err(only_way_in());
    }
    Ok(shown(kept))
}

fn takes_passwords(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> store::Result<bool> {
    Ok(workspaces::get_to_change(tx, workspace)?.is_some_and(|workspace| workspace.password_sign_in))
}

fn only_way_in() -> EngineError {
    EngineError::Conflict("the workspace takes no passwords, so that nobody could sign in: allow them first".into())
}

enum Gone {
    Missing,
    OnlyWayIn,
    Done,
}

/// # Errors
/// Not an administrator; none is set up; the workspace takes no passwords (409).
pub async fn delete(engine: &Engine, principal: &Principal) -> Result<()> {
    require_admin_of_all(principal)?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(row) = identity_providers::of_workspace(tx, &workspace)? else { return Ok(Gone::Missing) };
        if !takes_passwords(tx, &workspace)? {
            return Ok(Gone::OnlyWayIn);
        }
        identity_providers::delete(tx, &workspace)?;
        let target = Target::of("identityProvider", &row.id).named(&row.name);
        audit::note(tx, &by, "identityProvider.deleted", target, &[])?;
        Ok(Gone::Done)
    };
    match crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await? {
        Gone::Missing => Err(MISSING),
        Gone::OnlyWayIn => Err(only_way_in()),
        Gone::Done => Ok(()),
    }
}

/// Tries the settings: whether the provider describes itself, has keys, and knows the client. Nothing is kept.
///
/// # Errors
/// Not an administrator; fields that are wrong.
pub async fn test(engine: &Engine, principal: &Principal, settings: ProviderSettings) -> Result<Vec<TestStep>> {
    require_admin_of_all(principal)?;
    let before = of_workspace(engine, &principal.workspace_id).await?;
    let row = row(engine, principal, before.as_ref(), settings)?;
    let mut steps = Vec::new();
    let begun = Instant::now();
    let found = discover(engine, &row.issuer).await;
    steps.push(step("discovery", begun, found.as_ref().map(|_| format!("{} describes itself", row.issuer))));
    let Ok(provider) = found else { return Ok(steps) };
    let begun = Instant::now();
    let keys = provider.keys(engine).await;
    let counted = keys.as_ref().map(|keys| format!("{} keys that sign", keys.keys.len()));
    steps.push(step("keys", begun, counted));
    let begun = Instant::now();
    let known = client_is_known(engine, &provider, &row).await?;
    steps.push(step("client", begun, known.as_ref().cloned()));
    Ok(steps)
}

fn step(name: &str, begun: Instant, outcome: std::result::Result<String, &discovery::Fault>) -> TestStep {
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (ok, detail, hint) = match outcome {
        Ok(detail) => (true, detail, None),
        Err(fault) => (false, fault.detail.clone(), fault.hint.clone()),
    };
    TestStep { name: name.to_owned(), ok, detail, hint, duration_ms }
}

/// A code that nobody was given tells whether the provider takes the client for itself.
async fn client_is_known(
    engine: &Engine,
    provider: &Provider,
    row: &IdentityProviderRow,
) -> Result<std::result::Result<String, discovery::Fault>> {
    let secret = client_secret(engine, row)?;
    let redirect = signing_in::redirect_uri(engine);
    let answer =
        provider.exchange(engine, row, secret.as_ref(), "a-code-of-a-test", "a-verifier-of-a-test", &redirect).await;
    Ok(match answer {
        Ok(_) => Ok("the provider knows the client".into()),
        Err(fault) if matches!(fault.code.as_deref(), Some("invalid_grant" | "invalid_request")) => {
            Ok("the provider knows the client, and refused a code that nobody was given, as it has to".into())
        }
        Err(fault) => Err(fault),
    })
}

fn client_secret(engine: &Engine, row: &IdentityProviderRow) -> Result<Option<SecretString>> {
    let unsealed = row.sealed.as_ref().map(|sealed| engine.vault.unseal_text(&place(&row.id), sealed)).transpose();
    unsealed.map_err(|error| EngineError::Internal(format!("the secret of {}: {error}", row.id)))
}
