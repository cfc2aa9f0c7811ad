//! The people of a workspace. Owns who may add, change and remove them; how they come in is `access`.

use model::key::{Actor, Principal, Role, Scope, User};
use model::{ChannelId, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use store::{Priority, Topic, users};

use crate::access::{self, password, require_admin};
use crate::invitations::{self, Invitation};
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
    /// Sends the link to the user by mail.
    #[serde(default)]
    pub invite: bool,
    /// The channel that sends the invitation; the workspace's first one that can where it is not said.
    #[serde(default)]
    pub channel_id: Option<ChannelId>,
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
    /// False while away: teams assign them nothing then.
    pub available: Option<bool>,
    /// Ends the user's sessions.
    pub password: Option<String>,
}

#[derive(Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedUser {
    #[serde(flatten)]
    pub user: User,
    /// Signs the user in, once, within a day or, invited, a week; present when no password was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in_url: Option<String>,
    /// Present when the user was invited by mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
}

/// Tells a field that is null from one that is not there.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Users see every channel: a key that sees one makes none.
pub(crate) fn require_admin_of_all(principal: &Principal) -> Result<()> {
    require_admin(principal)?;
    if principal.channel_id.is_some() {
        return Err(EngineError::Forbidden(
            "a key bound to a channel can't change the workspace's people and teams".into(),
        ));
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
    get(engine, principal, own_id(principal)?).await
}

/// As [`update`], for the user who asks.
///
/// # Errors
/// As [`update`] and [`me`].
pub async fn update_me(engine: &Engine, principal: &Principal, change: UserChange) -> Result<User> {
    let id = own_id(principal)?.clone();
    update(engine, principal, &id, change).await
}

fn own_id(principal: &Principal) -> Result<&UserId> {
    match &principal.actor {
        Actor::User(id, _) => Ok(id),
        Actor::Key(_) => Err(EngineError::NotFound { what: "the user: an API key asks, which is none," }),
    }
}

/// # Errors
/// Not an administrator; fields that are wrong; the address is taken; no channel can send the invitation (409).
pub async fn create(engine: &Engine, principal: &Principal, new: NewUser) -> Result<CreatedUser> {
    require_admin_of_all(principal)?;
    check_invitation(&new)?;
    let (name, password) = (check_name(new.name)?, new.password.map(SecretString::from));
    // Before anything is made, so that nobody is there whom no invitation reaches.
    let channel = match new.invite {
        true => Some(invitations::channel(engine, principal, new.channel_id).await?),
        false => None,
    };
    let workspace = &principal.workspace_id;
    let made = access::create_user_with_link(engine, workspace, &new.email, name, new.role, password, new.invite);
    let (user, token) = made.await?;
    let url = token.map(|token| invitations::link(engine, token.expose_secret()));
    let invitation = match (channel, &url) {
        (Some(channel), Some(url)) => Some(invitations::send_first(engine, principal, &user, &channel, url).await?),
        _ => None,
    };
    Ok(CreatedUser { user, sign_in_url: url, invitation })
}

fn check_invitation(new: &NewUser) -> Result<()> {
    if new.invite && new.password.is_some() {
        let detail = "whoever is invited chooses a password: leave it out, or the invitation";
        return Err(EngineError::invalid("/password", detail));
    }
    if !new.invite && new.channel_id.is_some() {
        return Err(EngineError::invalid("/channelId", "it sends an invitation: say `invite` too, or leave it out"));
    }
    Ok(())
}

async fn hash(password: Option<String>) -> Result<Option<String>> {
    let Some(password) = password.map(SecretString::from) else { return Ok(None) };
    password::hash(password).await.map(Some)
}

/// Users change their own name, password and whether they are available; the rest is for administrators.
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
            row.public.available = change.available.unwrap_or(row.public.available);
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

/// The user is signed out everywhere at once and is of no team any more. What they wrote stays.
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
