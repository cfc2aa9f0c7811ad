//! The first start: a workspace, an administrator, a key and a channel, so that there is something to try.
//! Later starts only see to it that the configuration's own key and administrator hold.

use model::channel::Provider;
use model::key::{Role, Scope};
use model::{Timestamp, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};
use store::{Priority, api_keys, channels, users, workspaces};

use super::{KEY_PREFIX, create_user, key_row, random_token, set_password, sign_in_link};
use crate::channels::{ChannelRequest, new_row};
use crate::{Engine, EngineError, Result};

const KEY_CHARS: std::ops::RangeInclusive<usize> = 24..=200;
const FIRST_ADMIN: &str = "admin@localhost";

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

/// Sees to it that there is a way in.
///
/// # Errors
/// A configured key or password that can't be used; what the store says.
pub async fn bootstrap(engine: &Engine, options: BootstrapOptions) -> Result<Bootstrap> {
    let now = Timestamp::now();
    let existing = engine.db.read(workspaces::first).await?;
    let first_start = existing.is_none();
    let workspace_id = match existing {
        Some(workspace) => workspace.id,
        None => engine.db.write(Priority::Foreground, move |tx| workspaces::insert(tx, "Postroom", now)).await?,
    };
    let api_key = keys(engine, &workspace_id, options.key, first_start).await?;
    let (admin_email, sign_in_token) = administrator(engine, &workspace_id, options.admin, first_start).await?;
    let inbound_address = if first_start { Some(first_channel(engine, &workspace_id, now).await?) } else { None };
    Ok(Bootstrap { first_start, workspace_id, api_key, admin_email, sign_in_token, inbound_address })
}

async fn keys(
    engine: &Engine,
    workspace: &WorkspaceId,
    configured: Option<SecretString>,
    first_start: bool,
) -> Result<Option<SecretString>> {
    let Some(key) = configured else {
        if !first_start {
            return Ok(None);
        }
        let key = format!("{KEY_PREFIX}{}", random_token());
        let row = key_row(workspace, "First key".into(), &key, vec![Scope::Admin], None, false);
        engine.db.write(Priority::Foreground, move |tx| api_keys::insert(tx, &row)).await?;
        return Ok(Some(key.into()));
    };
    let text = key.expose_secret();
    if !KEY_CHARS.contains(&text.chars().count()) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(EngineError::invalid("POSTROOM_BOOTSTRAP_KEY", "24 to 200 characters without spaces are needed"));
    }
    let row = key_row(workspace, "Bootstrap key".into(), text, vec![Scope::Admin], None, true);
    engine
        .db
        .write(Priority::Foreground, move |tx| {
            api_keys::delete_bootstrap_except(tx, &row.hash)?;
            match api_keys::by_hash(tx, &row.hash)? {
                Some(_) => Ok(()),
                None => api_keys::insert(tx, &row),
            }
        })
        .await?;
    Ok(None)
}

async fn administrator(
    engine: &Engine,
    workspace: &WorkspaceId,
    configured: Option<(String, SecretString)>,
    first_start: bool,
) -> Result<(String, Option<SecretString>)> {
    if let Some((email, password)) = configured {
        let wanted = email.trim().to_lowercase();
        let exists = {
            let wanted = wanted.clone();
            engine.db.read(move |tx| users::by_email(tx, &wanted)).await?.is_some()
        };
        if exists {
            set_password(engine, &wanted, password).await?;
        } else {
            create_user(engine, workspace, &wanted, None, Role::Admin, Some(password)).await?;
        }
        return Ok((wanted, None));
    }
    if !first_start {
        return Ok((FIRST_ADMIN.into(), None));
    }
    create_user(engine, workspace, FIRST_ADMIN, Some("Administrator".into()), Role::Admin, None).await?;
    let token = sign_in_link(engine, FIRST_ADMIN).await?;
    Ok((FIRST_ADMIN.into(), Some(token)))
}

async fn first_channel(engine: &Engine, workspace: &WorkspaceId, now: Timestamp) -> Result<String> {
    let request = ChannelRequest {
        name: Some("Support".into()),
        provider: Some(Provider::Forwarding),
        display_name: Some(Some("Support".into())),
        ..ChannelRequest::default()
    };
    let row = new_row(engine, workspace, &request, now)?;
    let address = row.public.inbound_address.clone();
    engine.db.write(Priority::Foreground, move |tx| channels::insert(tx, &row)).await?;
    Ok(address)
}
