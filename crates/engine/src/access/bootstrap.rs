//! The first start: a workspace, an administrator, a key and a channel, so that there is something to try: all of it or,
//! if it is interrupted, nothing. Later starts only see to it that the configuration's own key and administrator hold.

use model::channel::Provider;
use model::event::EventType;
use model::key::{Role, Scope};
use model::{Timestamp, UserId, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};
use store::channels::ChannelRow;
use store::users::UserRow;
use store::{Dialect, Priority, Tx, api_keys, channels, users, workspaces};

use super::keys::{KEY_PREFIX, key_row, target};
use super::people::{new_public_user, target as target_user};
use super::{new_sign_in_token, password, random_token};
use crate::audit::{self, By};
use crate::channels::{ChannelRequest, new_row};
use crate::users::tell;
use crate::{Engine, EngineError, Result};

const KEY_CHARS: std::ops::RangeInclusive<usize> = 24..=200;
const FIRST_ADMIN: &str = "admin@localhost";
const FIRST_WORKSPACE: &str = "Postroom";

#[derive(Default)]
pub struct BootstrapOptions {
    /// The first API key, from the configuration.
    pub key: Option<SecretString>,
    /// The first administrator's email and password.
    pub admin: Option<(String, SecretString)>,
}

/// What to print after the first start.
pub struct Bootstrap {
    pub first_start: bool,
    pub workspace_id: WorkspaceId,
    /// Unless the configuration set one.
    pub api_key: Option<SecretString>,
    pub admin_email: String,
    /// For `/sign-in?token=…`, unless the configuration set a password.
    pub sign_in_token: Option<SecretString>,
    /// The first channel's receiving address.
    pub inbound_address: Option<String>,
}

/// What there is to keep, worked out before the transaction.
struct Plan {
    now: Timestamp,
    key: Option<SecretString>,
    admin: Option<(String, String)>,
    /// Its workspace is only known inside the transaction.
    channel: ChannelRow,
}

/// Sees to it that there is a way in.
///
/// # Errors
/// A configured key or administrator that can't be used; what the store says.
pub async fn bootstrap(engine: &Engine, options: BootstrapOptions) -> Result<Bootstrap> {
    if let Some(key) = &options.key {
        check_key(key.expose_secret())?;
    }
    let now = Timestamp::now();
    let request = ChannelRequest {
        name: Some("Support".into()),
        provider: Some(Provider::Forwarding),
        display_name: Some(Some("Support".into())),
        ..ChannelRequest::default()
    };
    let channel = new_row(engine, &WorkspaceId::generate(), &request, now)?;
    let plan = Plan { now, key: options.key, admin: administrator(options.admin).await?, channel };
    let bootstrap = engine.db.write(Priority::Foreground, move |tx| carry_out(tx, &plan)).await?;
    engine.keys.forget();
    Ok(bootstrap)
}

fn check_key(key: &str) -> Result<()> {
    let length = key.chars().count();
    // It travels in a header.
    if KEY_CHARS.contains(&length) && key.chars().all(|character| character.is_ascii_graphic()) {
        return Ok(());
    }
    Err(EngineError::invalid(
        "POSTROOM_BOOTSTRAP_KEY",
        format!("it has {length} characters; 24 to 200 printable ASCII characters without spaces are needed"),
    ))
}

/// The configured administrator's address and hashed password.
async fn administrator(configured: Option<(String, SecretString)>) -> Result<Option<(String, String)>> {
    let Some((email, given)) = configured else { return Ok(None) };
    let email = mail::address::normalize(&email).ok_or_else(|| {
        EngineError::invalid(
            "POSTROOM_BOOTSTRAP_ADMIN",
            format!("{email:?} is no email address; ada@example.com:password is the form"),
        )
    })?;
    let hashed = password::hash(given).await.map_err(|error| match error {
        EngineError::Invalid(errors) => {
            let detail = errors.into_iter().map(|error| error.detail).next().unwrap_or_default();
            EngineError::invalid("POSTROOM_BOOTSTRAP_ADMIN", detail)
        }
        other => other,
    })?;
    Ok(Some((email, hashed)))
}

fn carry_out(tx: &mut Tx<'_>, plan: &Plan) -> store::Result<Bootstrap> {
    if tx.dialect() == Dialect::Postgres {
        // Of several nodes that start together, one is first.
        tx.execute("SELECT pg_advisory_xact_lock(7075203)", &[])?;
    }
    let existing = workspaces::first(tx)?;
    let first_start = existing.is_none();
    let workspace_id = match existing {
        Some(workspace) => workspace.id,
        None => workspaces::insert(tx, FIRST_WORKSPACE, plan.now)?,
    };
    let api_key = key(tx, &workspace_id, plan, first_start)?;
    let (admin_email, sign_in_token) = match &plan.admin {
        Some(configured) => (configure_administrator(tx, &workspace_id, configured, (plan.now, first_start))?, None),
        None if first_start => first_administrator(tx, &workspace_id, plan.now)?,
        None => (FIRST_ADMIN.into(), None),
    };
    let inbound_address = if first_start { Some(first_channel(tx, &workspace_id, &plan.channel)?) } else { None };
    Ok(Bootstrap { first_start, workspace_id, api_key, admin_email, sign_in_token, inbound_address })
}

/// The configuration's key in place of the one it named before; without any, a random one on the first start.
fn key(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    plan: &Plan,
    first_start: bool,
) -> store::Result<Option<SecretString>> {
    if let Some(configured) = &plan.key {
        let row =
            key_row(workspace, "Bootstrap key".into(), configured.expose_secret(), vec![Scope::Admin], None, true);
        api_keys::delete_bootstrap_except(tx, &row.hash)?;
        if api_keys::by_hash(tx, &row.hash)?.is_none() {
            api_keys::insert(tx, &row)?;
            audit::note(tx, &By::system(workspace), "apiKey.created", target(&row.public), &[])?;
        }
        return Ok(None);
    }
    if !first_start {
        return Ok(None);
    }
    let key = format!("{KEY_PREFIX}{}", random_token());
    api_keys::insert(tx, &key_row(workspace, "First key".into(), &key, vec![Scope::Admin], None, false))?;
    Ok(Some(key.into()))
}

fn configure_administrator(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    (email, password_hash): &(String, String),
    (now, first_start): (Timestamp, bool),
) -> store::Result<String> {
    match users::by_email(tx, email)? {
        Some(user) => users::set_password(tx, &user.public.id, password_hash)?,
        None => {
            let id = add_administrator(tx, workspace, email, None, Some(password_hash.clone()), now)?;
            // Of a workspace that begins with them nobody could hear it.
            if !first_start {
                tell(tx, workspace, EventType::UserCreated, &id)?;
            }
        }
    }
    Ok(email.clone())
}

fn first_administrator(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    now: Timestamp,
) -> store::Result<(String, Option<SecretString>)> {
    let id = add_administrator(tx, workspace, FIRST_ADMIN, Some("Administrator".into()), None, now)?;
    let token = new_sign_in_token(tx, &id)?;
    Ok((FIRST_ADMIN.into(), Some(token.into())))
}

fn add_administrator(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    email: &str,
    name: Option<String>,
    password_hash: Option<String>,
    now: Timestamp,
) -> store::Result<UserId> {
    let public = new_public_user(email.to_owned(), name, Role::Admin, now);
    let id = public.id.clone();
    audit::note(tx, &By::system(workspace), "user.created", target_user(&public), &[])?;
    users::insert(tx, &UserRow { workspace_id: workspace.clone(), password_hash, public })?;
    Ok(id)
}

fn first_channel(tx: &mut Tx<'_>, workspace: &WorkspaceId, planned: &ChannelRow) -> store::Result<String> {
    let mut row = planned.clone();
    row.workspace_id = workspace.clone();
    row.public.workspace_id = Some(workspace.clone());
    channels::insert(tx, &row)?;
    Ok(row.public.inbound_address)
}
