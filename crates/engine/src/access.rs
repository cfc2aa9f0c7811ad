//! Who may come in: API keys, sessions, one-time links, and the first start. Owns what is compared and what is remembered;
//! keys and tokens are kept as SHA-256 and never logged.

mod bootstrap;
pub(crate) mod password;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::key::{Actor, ApiKey, Principal, Role, Scope, User};
use model::{ApiKeyId, ChannelId, Timestamp, UserId, WorkspaceId};
use rand::RngExt;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use store::api_keys::ApiKeyRow;
use store::users::{TokenPurpose, UserRow};
use store::workspaces::WorkspaceRow;
use store::{Priority, Tx, api_keys, channels, users, workspaces};

use crate::caches::Remembered;
use crate::{Engine, EngineError, Result, once};
pub use bootstrap::{Bootstrap, BootstrapOptions, bootstrap};
pub use password::PASSWORD_CHARS_MIN;

const KEY_PREFIX: &str = "pk_";
const SESSION: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const SIGN_IN_LINK: Duration = Duration::from_secs(24 * 60 * 60);
/// Invitations wait for people who do not read their mail every day.
pub(crate) const INVITATION_LINK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often a key's last use is written down.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
const NAME_CHARS_MAX: usize = 200;

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// 256 random bits as text.
fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

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

/// Whoever may run the program beside its database: everything, in one workspace.
pub fn operator(workspace_id: WorkspaceId) -> Principal {
    let actor = Actor::Key(ApiKeyId::from_stored("key_of_the_command_line".to_owned()));
    Principal { workspace_id, actor, scopes: vec![Scope::Admin], channel_id: None }
}

/// What a user's role lets them do.
fn principal_of(user: &UserRow) -> Principal {
    let scopes = match user.public.role {
        Role::Admin => vec![Scope::Admin],
        Role::Agent => Scope::ALL
            .into_iter()
            .filter(|scope| {
                !matches!(
                    scope,
                    Scope::Admin
                        | Scope::ChannelsWrite
                        | Scope::WebhooksWrite
                        | Scope::AutomationsWrite
                        | Scope::MetricsRead
                )
            })
            .collect(),
    };
    let actor = Actor::User(user.public.id.clone(), user.public.role);
    Principal { workspace_id: user.workspace_id.clone(), actor, scopes, channel_id: None }
}

/// Whom a session cookie speaks for.
///
/// # Errors
/// What the store says.
pub async fn by_session(engine: &Engine, token: &str) -> Result<Option<(Principal, User)>> {
    let (hash, now) = (hash(token), Timestamp::now());
    let user = engine.db.read(move |tx| users::by_token(tx, &hash, TokenPurpose::Session, now)).await?;
    Ok(user.map(|user| (principal_of(&user), user.public)))
}

/// A session that has just begun.
pub struct SignedIn {
    /// For the cookie; kept nowhere.
    pub token: SecretString,
    pub seconds: u64,
    pub user: User,
    pub workspace: WorkspaceRow,
}

/// Signs in by email and password. The same time passes whether the user exists or not.
///
/// # Errors
/// `Forbidden` when they do not fit.
pub async fn sign_in(engine: &Engine, email: &str, password: SecretString) -> Result<SignedIn> {
    let email = email.trim().to_lowercase();
    let user = engine.db.read(move |tx| users::by_email(tx, &email)).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let fits = password::verify(password, hash).await?;
    match user.filter(|_| fits) {
        Some(user) => begin_session(engine, user).await,
        None => Err(EngineError::Forbidden("the email and the password do not belong together".into())),
    }
}

/// Signs in by a one-time link's token, and makes it worthless.
///
/// # Errors
/// `Forbidden` when the link was used, has expired, or never was.
pub async fn sign_in_by_link(engine: &Engine, token: &str) -> Result<SignedIn> {
    let (hash, now) = (hash(token), Timestamp::now());
    let user = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let user = users::by_token(tx, &hash, TokenPurpose::SignIn, now)?;
            Ok(if users::remove_token(tx, &hash)? { user } else { None })
        })
        .await?;
    match user {
        Some(user) => begin_session(engine, user).await,
        None => Err(EngineError::Forbidden(
            "the sign-in link was used already, or has expired; make a new one with `postroom user link`".into(),
        )),
    }
}

async fn begin_session(engine: &Engine, mut user: UserRow) -> Result<SignedIn> {
    let token = random_token();
    let (hash, now, id, workspace) =
        (hash(&token), Timestamp::now(), user.public.id.clone(), user.workspace_id.clone());
    user.public.last_sign_in_at = Some(now);
    let workspace = engine
        .db
        .write(Priority::Foreground, move |tx| {
            users::add_token(tx, &hash, &id, TokenPurpose::Session, now, now.plus(SESSION))?;
            users::signed_in(tx, &id, now)?;
            workspaces::get(tx, &workspace)
        })
        .await?;
    let workspace = workspace.ok_or_else(|| EngineError::Internal("a user without a workspace".into()))?;
    Ok(SignedIn { token: token.into(), seconds: SESSION.as_secs(), user: user.public, workspace })
}

/// # Errors
/// What the store says.
pub async fn sign_out(engine: &Engine, token: &str) -> Result<()> {
    let hash = hash(token);
    engine.db.write(Priority::Foreground, move |tx| users::remove_token(tx, &hash)).await?;
    Ok(())
}

/// A link's token that signs the user in once, within a day.
///
/// # Errors
/// No such user.
pub async fn sign_in_link(engine: &Engine, email: &str) -> Result<SecretString> {
    let email = email.trim().to_lowercase();
    let user = engine
        .db
        .read(move |tx| users::by_email(tx, &email))
        .await?
        .ok_or(EngineError::NotFound { what: "the user" })?;
    let token = engine.db.write(Priority::Foreground, move |tx| new_sign_in_token(tx, &user.public.id)).await?;
    Ok(token.into())
}

/// A token that signs the user in once, within a day.
pub(crate) fn new_sign_in_token(tx: &mut Tx<'_>, user: &UserId) -> store::Result<String> {
    let token = random_token();
    add_sign_in_token(tx, user, &token, SIGN_IN_LINK)?;
    Ok(token)
}

/// A token that signs an invited user in once, in the place of those they were given before.
pub(crate) fn new_invitation_token(tx: &mut Tx<'_>, user: &UserId) -> store::Result<String> {
    let token = random_token();
    users::remove_tokens_for(tx, user, TokenPurpose::SignIn)?;
    add_sign_in_token(tx, user, &token, INVITATION_LINK)?;
    Ok(token)
}

fn add_sign_in_token(tx: &mut Tx<'_>, user: &UserId, token: &str, lifetime: Duration) -> store::Result<()> {
    let now = Timestamp::now();
    users::add_token(tx, &hash(token), user, TokenPurpose::SignIn, now, now.plus(lifetime))
}

/// # Errors
/// What the store says.
pub async fn workspace(engine: &Engine, id: &WorkspaceId) -> Result<WorkspaceRow> {
    let id = id.clone();
    engine.db.read(move |tx| workspaces::get(tx, &id)).await?.ok_or(EngineError::NotFound { what: "the workspace" })
}

/// # Errors
/// The name is empty or too long.
pub async fn create_workspace(engine: &Engine, name: &str) -> Result<WorkspaceId> {
    let name = checked_name(name)?;
    Ok(engine.db.write(Priority::Foreground, move |tx| workspaces::insert(tx, &name, Timestamp::now())).await?)
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("a name of 1 to {NAME_CHARS_MAX} characters on one line is needed");
        return Err(EngineError::invalid("/name", detail));
    }
    Ok(name.to_owned())
}

/// # Errors
/// The email is no address or taken; the password is too short.
pub async fn create_user(
    engine: &Engine,
    workspace: &WorkspaceId,
    email: &str,
    name: Option<String>,
    role: Role,
    password: Option<SecretString>,
) -> Result<User> {
    let row = new_user(workspace, email, name, role, password).await?;
    Ok(keep_user(engine, row, None).await?.0)
}

/// As [`create_user`]; who has no password gets a link's token that signs them in once, within a day or, invited, a week.
///
/// # Errors
/// As [`create_user`].
pub async fn create_user_with_link(
    engine: &Engine,
    workspace: &WorkspaceId,
    email: &str,
    name: Option<String>,
    role: Role,
    password: Option<SecretString>,
    invited: bool,
) -> Result<(User, Option<SecretString>)> {
    let lifetime = if invited { INVITATION_LINK } else { SIGN_IN_LINK };
    let token = password.is_none().then(|| (random_token(), lifetime));
    let row = new_user(workspace, email, name, role, password).await?;
    keep_user(engine, row, token).await
}

async fn new_user(
    workspace: &WorkspaceId,
    email: &str,
    name: Option<String>,
    role: Role,
    password: Option<SecretString>,
) -> Result<UserRow> {
    let email = mail::address::normalize(email)
        .ok_or_else(|| EngineError::invalid("/email", "an email address such as ana@example.com is needed"))?;
    let password_hash = match password {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    let public = new_public_user(email, name, role, Timestamp::now());
    Ok(UserRow { workspace_id: workspace.clone(), password_hash, public })
}

/// Somebody who has not come in yet.
fn new_public_user(email: String, name: Option<String>, role: Role, now: Timestamp) -> User {
    User { id: UserId::generate(), email, name, role, available: true, last_sign_in_at: None, created_at: now }
}

/// The token is in the answer alone: who lost it and asks again has not seen it.
async fn keep_user(
    engine: &Engine,
    row: UserRow,
    token: Option<(String, Duration)>,
) -> Result<(User, Option<SecretString>)> {
    let (once, made) = (once::asked(), (row.public.clone(), token.as_ref().map(|(token, _)| token.clone())));
    let outcome = once.seal(engine, &made)?;
    let noting = once.clone();
    let kept = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let earlier = noting.note(tx, &outcome)?;
            if earlier.is_none() {
                users::insert(tx, &row)?;
                token.map_or(Ok(()), |(token, lifetime)| add_sign_in_token(tx, &row.public.id, &token, lifetime))?;
            }
            Ok(earlier)
        })
        .await;
    let (user, token) = match kept {
        Err(error) if error.is_unique_violation() => {
            return Err(EngineError::Conflict(format!("a user with the address {} exists already", made.0.email)));
        }
        kept => match kept? {
            Some(earlier) => once.unseal(engine, &earlier)?,
            None => made,
        },
    };
    Ok((user, token.map(SecretString::from)))
}

/// The users of the principal's workspace.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn users(engine: &Engine, principal: &Principal) -> Result<Vec<User>> {
    // Who works with conversations has to know who else does.
    crate::access_check::scope(principal, Scope::ConversationsRead)?;
    let workspace = principal.workspace_id.clone();
    let rows = engine.db.read(move |tx| users::list(tx, &workspace)).await?;
    Ok(rows.into_iter().map(|row| row.public).collect())
}

/// A new key, and the only sight of it.
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
    let name = checked_name(name)?;
    if scopes.is_empty() {
        return Err(EngineError::invalid("/scopes", "at least one scope is needed"));
    }
    let key = format!("{KEY_PREFIX}{}", random_token());
    let row = key_row(workspace, name, &key, scopes, channel_id, false);
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

fn key_row(
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

/// Users and keys are an administrator's business.
pub(crate) fn require_admin(principal: &Principal) -> Result<()> {
    if principal.may(Scope::Admin) {
        return Ok(());
    }
    Err(EngineError::Forbidden("this needs an administrator, or a key with the scope admin".into()))
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
    create_key(engine, &principal.workspace_id, name, scopes, channel_id).await
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
    key(engine, principal, id).await?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let deleted = engine.db.write(Priority::Foreground, move |tx| api_keys::delete(tx, &workspace, &id)).await?;
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

/// Sets a user's password.
///
/// # Errors
/// No such user; the password is too short.
pub async fn set_password(engine: &Engine, email: &str, password: SecretString) -> Result<()> {
    let email = email.trim().to_lowercase();
    let hash = password::hash(password).await?;
    let found = engine
        .db
        .write(Priority::Foreground, move |tx| match users::by_email(tx, &email)? {
            Some(user) => users::set_password(tx, &user.public.id, &hash).map(|()| true),
            None => Ok(false),
        })
        .await?;
    if found { Ok(()) } else { Err(EngineError::NotFound { what: "the user" }) }
}
