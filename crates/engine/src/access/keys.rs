//! API keys: made, compared by their SHA-256, taken away. Never keeps or logs one.

use std::time::Duration;

use model::key::{Actor, ApiKey, Principal, Scope};
use model::{ApiKeyId, ChannelId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};
use store::api_keys::ApiKeyRow;
use store::{Priority, StoreError, Tx, api_keys, channels};

use super::{checked_name, hash, random_token, require_admin};
use crate::audit::{self, By, Target};
use crate::caches::Remembered;
use crate::{Engine, EngineError, Result, once};

pub(super) const KEY_PREFIX: &str = "pk_";
/// How often a key's last use is written down.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Keys that were good a moment ago, by their hash.
pub type KeyCache = Remembered<Vec<u8>, Principal>;

/// Whom an API key speaks for; `None` if it is no key of ours.
///
/// # Errors
/// What the store says.
pub async fn by_api_key(engine: &Engine, key: &str) -> Result<Option<Principal>> {
    let hash = hash(key);
    let ticket = match engine.keys.get(&hash) {
        Ok(principal) => return Ok(Some(principal)),
        Err(ticket) => ticket,
    };
    let wanted = hash.clone();
    let Some(row) = engine.db.read(move |tx| api_keys::by_hash(tx, &wanted)).await? else { return Ok(None) };
    let now = Timestamp::now();
    let id = row.public.id.clone();
    if row.public.last_used_at.is_none_or(|at| now.since(at) > TOUCH_EVERY) {
        engine.db.write(Priority::Background, move |tx| api_keys::touch(tx, &id, now)).await?;
    }
    let principal = Principal {
        workspace_id: row.workspace_id,
        actor: Actor::Key(row.public.id),
        scopes: row.public.scopes,
        channel_id: row.public.channel_id,
    };
    engine.keys.keep(&ticket, hash, &principal);
    Ok(Some(principal))
}

/// A new key, and the only sight of it; as somebody asks for it who may run the program.
///
/// # Errors
/// No scope, or a channel that is not there.
pub async fn create_key(
    engine: &Engine,
    workspace: &WorkspaceId,
    name: &str,
    scopes: Vec<Scope>,
    channel_id: Option<ChannelId>,
) -> Result<(ApiKey, SecretString)> {
    make(engine, By::command_line(workspace), name, scopes, channel_id).await
}

async fn make(
    engine: &Engine,
    by: By,
    name: &str,
    scopes: Vec<Scope>,
    channel_id: Option<ChannelId>,
) -> Result<(ApiKey, SecretString)> {
    let name = checked_name(name)?;
    if scopes.is_empty() {
        return Err(EngineError::invalid("/scopes", "at least one scope is needed"));
    }
    let key = format!("{KEY_PREFIX}{}", random_token());
    let row = key_row(by.workspace(), name, &key, scopes, channel_id, false);
    // The key is in the answer alone: who lost it and asks again has not seen it.
    let (once, made) = (once::asked(), (row.public.clone(), key));
    let outcome = once.seal(engine, &made)?;
    let noting = once.clone();
    let kept = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if let Some(channel) = &row.public.channel_id
                && channels::get(tx, &row.workspace_id, channel)?.is_none()
            {
                return Ok(None);
            }
            let earlier = noting.note(tx, &outcome)?;
            if earlier.is_none() {
                api_keys::insert(tx, &row)?;
                audit::note(tx, &by, "apiKey.created", target(&row.public), &[])?;
            }
            Ok(Some(earlier))
        })
        .await?;
    let (public, key) = match kept {
        Some(Some(earlier)) => once.unseal(engine, &earlier)?,
        Some(None) => made,
        None => return Err(EngineError::invalid("/channelId", "no such channel")),
    };
    Ok((public, key.into()))
}

pub(super) fn target(key: &ApiKey) -> Target<'_> {
    Target::of("apiKey", &key.id).named(&key.name)
}

pub(super) fn key_row(
    workspace: &WorkspaceId,
    name: String,
    key: &str,
    scopes: Vec<Scope>,
    channel_id: Option<ChannelId>,
    bootstrap: bool,
) -> ApiKeyRow {
    let hint = key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    let public = ApiKey {
        id: ApiKeyId::generate(),
        name,
        scopes,
        channel_id,
        hint,
        created_at: Timestamp::now(),
        last_used_at: None,
    };
    ApiKeyRow { workspace_id: workspace.clone(), hash: hash(key), bootstrap, public }
}

/// A key of the principal's workspace; nobody gives more than an administrator has.
///
/// # Errors
/// As [`create_key`]; the principal is no administrator.
pub async fn create_key_as(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    scopes: Vec<Scope>,
    channel_id: Option<ChannelId>,
) -> Result<(ApiKey, SecretString)> {
    require_admin(principal)?;
    if principal.channel_id.is_some() && principal.channel_id != channel_id {
        return Err(EngineError::Forbidden("a key bound to a channel can only make keys bound to the same one".into()));
    }
    make(engine, audit::by(principal), name, scopes, channel_id).await
}

/// # Errors
/// The principal is no administrator.
pub async fn keys(engine: &Engine, principal: &Principal) -> Result<Vec<ApiKey>> {
    require_admin(principal)?;
    let workspace = principal.workspace_id.clone();
    let rows = engine.db.read(move |tx| api_keys::list(tx, &workspace)).await?;
    Ok(rows.into_iter().map(|row| row.public).filter(|key| principal.sees(key.channel_id.as_ref())).collect())
}

/// # Errors
/// Not there; the principal is no administrator.
pub async fn key(engine: &Engine, principal: &Principal, id: &ApiKeyId) -> Result<ApiKey> {
    let found = keys(engine, principal).await?.into_iter().find(|key| key.id == *id);
    found.ok_or(EngineError::NotFound { what: "the API key" })
}

/// # Errors
/// Not there; the principal is no administrator.
pub async fn delete_key(engine: &Engine, principal: &Principal, id: &ApiKeyId) -> Result<()> {
    let key = key(engine, principal, id).await?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        // First: a key that deletes itself has its name yet.
        audit::note(tx, &by, "apiKey.deleted", target(&key), &[])?;
        if api_keys::delete(tx, &workspace, &key.id)? { Ok(true) } else { Err(StoreError::Conflict) }
    };
    let deleted = match engine.db.write(Priority::Foreground, work).await {
        // Somebody else was first: nothing is noted twice.
        Err(StoreError::Conflict) => false,
        deleted => deleted?,
    };
    engine.keys.forget();
    if deleted { Ok(()) } else { Err(EngineError::NotFound { what: "the API key" }) }
}

/// Deletes the key that is this one.
///
/// # Errors
/// As [`delete_key`].
pub async fn delete_key_of(engine: &Engine, principal: &Principal, value: &SecretString) -> Result<()> {
    let hash = hash(value.expose_secret());
    let found = engine.db.read(move |tx| api_keys::by_hash(tx, &hash)).await?;
    let found = found.filter(|row| row.workspace_id == principal.workspace_id);
    let row = found.ok_or(EngineError::NotFound { what: "the API key" })?;
    delete_key(engine, principal, &row.public.id).await
}
