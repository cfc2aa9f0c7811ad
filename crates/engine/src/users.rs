//! The people of a workspace. Owns who may add, change and remove them; how they come in is `access`.

use model::absence::nullable;
use model::channel::Signature;
use model::event::EventType;
use model::key::{Actor, Principal, Role, Scope, User};
use model::{ChannelId, Timestamp, UserId, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::events::{self, NewEvent};
use store::{Priority, Topic, Tx, users};

use crate::access::{self, own_password, password, require_admin, target_user};
use crate::audit;
use crate::invitations::{self, Invitation};
use crate::sending::signature;
use crate::{Engine, EngineError, Result, access_check, teams};

const MISSING: EngineError = EngineError::NotFound { what: "the user" };
const NAME_CHARS_MAX: usize = 100;
const SIGNATURE_BYTES_MAX: usize = 10_000;

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
    /// Each form at most 10,000 bytes; `{}` takes it away.
    pub signature: Option<Signature>,
    /// Ends the user's sessions.
    pub password: Option<String>,
    /// With a new password of one's own, the present one. Whoever has none says none, nor whoever came in by a link within the last
    /// quarter of an hour.
    pub current_password: Option<String>,
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

/// Users see every channel: a key that sees one makes none.
pub(crate) fn require_admin_of_all(principal: &Principal) -> Result<()> {
    require_admin(principal)?;
    if principal.channel_id.is_some() {
        return Err(EngineError::Forbidden(
            "a key bound to a channel sees that channel alone; this is the whole workspace's".into(),
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

fn check_signature(signature: Signature) -> Result<Signature> {
    match signature::check(&signature, SIGNATURE_BYTES_MAX) {
        errors if errors.is_empty() => Ok(signature),
        errors => Err(EngineError::Invalid(errors)),
    }
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

pub(crate) fn own_id(principal: &Principal) -> Result<&UserId> {
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
    let by = audit::by(principal);
    let made = access::create_user_with_link(engine, by, &new.email, name, new.role, password, new.invite);
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

/// Users change their own name, password, signature and whether they are available; the rest is for administrators. A new password ends the
/// user's sessions, but the one of this token; of their own, it takes the present one.
///
/// # Errors
/// Not allowed; no such user; the current password does not fit; fields that are wrong; the workspace would be left without an administrator.
pub async fn update(
    engine: &Engine,
    principal: &Principal,
    id: &UserId,
    change: UserChange,
    session: Option<&str>,
) -> Result<User> {
    let own = matches!(&principal.actor, Actor::User(user, _) if user == id);
    if !own || change.role.is_some() {
        require_admin_of_all(principal)?;
    }
    let name = change.name.map(check_name).transpose()?;
    let signature = change.signature.map(check_signature).transpose()?;
    let said = change.current_password.map(SecretString::from);
    if said.is_some() && !(own && change.password.is_some()) {
        return Err(EngineError::invalid("/currentPassword", "it goes with a new `password` of one's own"));
    }
    let known = match own && change.password.is_some() {
        true => own_password::check(engine, id, session, said).await?,
        false => None,
    };
    let password_hash = hash(change.password).await?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let session = session.filter(|_| own).map(str::to_owned);
    let changed = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let Some(mut row) = users::get(tx, &workspace, &id)? else { return Ok(Changed::Missing) };
            let before = row.public.clone();
            let role = change.role.unwrap_or(row.public.role);
            if row.public.role == Role::Admin && role != Role::Admin && users::admins(tx, &workspace)? <= 1 {
                return Ok(Changed::LastAdmin);
            }
            row.public.role = role;
            row.public.name = name.unwrap_or(row.public.name);
            row.public.signature = signature.unwrap_or(row.public.signature);
            row.public.available = change.available.unwrap_or(row.public.available);
            let mut changed = audit::changed(&before, &row.public);
            // Somebody may have set another one since it was looked at.
            if password_hash.is_some() && known.is_some() && row.password_hash != known {
                return Ok(Changed::OtherPassword);
            }
            if !changed.is_empty() {
                tell(tx, &workspace, EventType::UserUpdated, &id)?;
            }
            if password_hash.is_some() {
                changed.push("password".into());
                row.password_hash = password_hash;
                access::end_but(tx, &id, session.as_deref())?;
            }
            tx.announce(Topic::Access);
            users::update(tx, &row)?;
            audit::note_changes(tx, &by, "user.changed", target_user(&row.public), &changed)?;
            Ok(Changed::Done(row.public))
        })
        .await?;
    engine.keys.forget();
    changed.into()
}

/// Tells that a user came, changed or went. The id alone: who hears events may not be one who may read users, and what is told stays
/// told when somebody is removed.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    workspace_id: &WorkspaceId,
    event_type: EventType,
    id: &UserId,
) -> store::Result<()> {
    let (data, at) = (json!({ "id": id }), Timestamp::now());
    let event = NewEvent { workspace_id, channel_id: None, event_type, subject_id: id.as_str(), data: &data, at };
    events::append(tx, &event).map(drop)
}

enum Changed {
    Missing,
    OtherPassword,
    LastAdmin,
    Done(User),
}

impl From<Changed> for Result<User> {
    fn from(changed: Changed) -> Self {
        match changed {
            Changed::Missing => Err(MISSING),
            Changed::OtherPassword => Err(own_password::not_it()),
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
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(row) = users::get(tx, &workspace, &id)? else { return Ok(Changed::Missing) };
        if row.public.role == Role::Admin && users::admins(tx, &workspace)? <= 1 {
            return Ok(Changed::LastAdmin);
        }
        tx.announce(Topic::Access);
        audit::note(tx, &by, "user.deleted", target_user(&row.public), &[])?;
        teams::leave_all(tx, &workspace, &id)?;
        users::delete(tx, &id)?;
        tell(tx, &workspace, EventType::UserDeleted, &id)?;
        Ok(Changed::Done(row.public))
    };
    // Whoever changes one of their teams at the same moment may stand in the way.
    let changed = crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?;
    engine.keys.forget();
    Result::from(changed).map(drop)
}
