//! The people of a workspace. Owns who may add, change and remove them; how they come in is `access`.

use model::UserId;
use model::key::{Actor, Principal, Role, Scope, User};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use store::{Priority, Topic, users};

use crate::access::{self, password, require_admin};
use crate::{Engine, EngineError, Result, access_check};

const MISSING: EngineError = EngineError::NotFound { what: "the user" };
const NAME_CHARS_MAX: usize = 100;

#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    pub email: String,
    #[serde(default)]
    pub name: Option<String>,
    pub role: Role,
    /// Without one, the answer carries a link by which the user signs in once.
    #[serde(default)]
    pub password: Option<String>,
}

/// Fields that are absent stay as they are.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UserChange {
    /// Null takes the name away.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    pub role: Option<Role>,
    /// Ends the user's sessions.
    pub password: Option<String>,
}

#[derive(Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedUser {
    #[serde(flatten)]
    pub user: User,
    /// Signs the user in, once, within a day; present when no password was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_url: Option<String>,
}

/// Tells a field that is null from one that is not there.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Users see every channel: a key that sees one makes none.
fn require_admin_of_all(principal: &Principal) -> Result<()> {
    require_admin(principal)?;
    if principal.channel_id.is_some() {
        return Err(EngineError::Forbidden("a key bound to a channel can't add or change users".into()));
    }
    Ok(())
}

fn check_name(name: Option<String>) -> Result<Option<String>> {
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    if name.as_deref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control)) {
        return Err(EngineError::invalid("/name", format!("at most {NAME_CHARS_MAX} characters on one line")));
    }
    Ok(name)
}

/// # Errors
/// The scope is missing; no such user.
pub async fn get(engine: &Engine, principal: &Principal, id: &UserId) -> Result<User> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    Ok(engine.db.read(move |tx| users::get(tx, &workspace, &id)).await?.ok_or(MISSING)?.public)
}

/// The user who asks.
///
/// # Errors
/// A key asks: it is nobody.
pub async fn me(engine: &Engine, principal: &Principal) -> Result<User> {
    match &principal.actor {
        Actor::User(id, _) => get(engine, principal, id).await,
        Actor::Key(_) => Err(EngineError::NotFound { what: "the user: an API key asks, which is none," }),
    }
}

/// # Errors
/// Not an administrator; fields that are wrong; the address is taken.
pub async fn create(engine: &Engine, principal: &Principal, new: NewUser) -> Result<CreatedUser> {
    require_admin_of_all(principal)?;
    let (name, password) = (check_name(new.name)?, new.password.map(SecretString::from));
    let (user, token) =
        access::create_user_with_link(engine, &principal.workspace_id, &new.email, name, new.role, password).await?;
    let link = |token: SecretString| format!("{}/sign-in?token={}", engine.config.public_url, token.expose_secret());
    Ok(CreatedUser { user, sign_in_url: token.map(link) })
}

async fn hash(password: Option<String>) -> Result<Option<String>> {
    let Some(password) = password.map(SecretString::from) else { return Ok(None) };
    password::hash(password).await.map(Some)
}

/// Users change their own name and password; the rest is for administrators.
///
/// # Errors
/// Not allowed; no such user; fields that are wrong; the workspace would be left without an administrator.
pub async fn update(engine: &Engine, principal: &Principal, id: &UserId, change: UserChange) -> Result<User> {
    let own = matches!(&principal.actor, Actor::User(user, _) if user == id);
    if !own || change.role.is_some() {
        require_admin_of_all(principal)?;
    }
    let name = change.name.map(check_name).transpose()?;
    let password_hash = hash(change.password).await?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let changed = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let Some(mut row) = users::get(tx, &workspace, &id)? else { return Ok(Changed::Missing) };
            let role = change.role.unwrap_or(row.public.role);
            if row.public.role == Role::Admin && role != Role::Admin && users::admins(tx, &workspace)? <= 1 {
                return Ok(Changed::LastAdmin);
            }
            row.public.role = role;
            row.public.name = name.unwrap_or(row.public.name);
            if password_hash.is_some() {
                row.password_hash = password_hash;
                users::remove_tokens(tx, &id)?;
            }
            tx.announce(Topic::Access);
            users::update(tx, &row)?;
            Ok(Changed::Done(row.public))
        })
        .await?;
    engine.keys.forget();
    changed.into()
}

enum Changed {
    Missing,
    LastAdmin,
    Done(User),
}

impl From<Changed> for Result<User> {
    fn from(changed: Changed) -> Self {
        match changed {
            Changed::Missing => Err(MISSING),
            Changed::LastAdmin => {
                Err(EngineError::Conflict("this is the workspace's last administrator; name another one first".into()))
            }
            Changed::Done(user) => Ok(user),
        }
    }
}

/// The user is signed out everywhere at once. What they wrote stays.
///
/// # Errors
/// Not an administrator; no such user; the last administrator.
pub async fn delete(engine: &Engine, principal: &Principal, id: &UserId) -> Result<()> {
    require_admin_of_all(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let changed = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let Some(row) = users::get(tx, &workspace, &id)? else { return Ok(Changed::Missing) };
            if row.public.role == Role::Admin && users::admins(tx, &workspace)? <= 1 {
                return Ok(Changed::LastAdmin);
            }
            tx.announce(Topic::Access);
            users::delete(tx, &id)?;
            Ok(Changed::Done(row.public))
        })
        .await?;
    engine.keys.forget();
    Result::from(changed).map(drop)
}
