//! How people are added to a workspace, and given a password. What else is changed of them is `users`' business.

use std::time::Duration;

use model::channel::Signature;
use model::event::EventType;
use model::key::{Principal, Role, Scope, User};
use model::{Timestamp, UserId, WorkspaceId};
use secrecy::SecretString;
use store::users::UserRow;
use store::{Priority, sessions, users};

use super::links::{INVITATION_LINK, SIGN_IN_LINK, add_sign_in_token};
use super::{password, random_token};
use crate::audit::{self, By, Target};
use crate::{Engine, EngineError, Result, once};

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
    Ok(keep_user(engine, By::command_line(workspace), row, None).await?.0)
}

/// As [`create_user`]; who has no password gets a link's token that signs them in once, within a day or, invited, a week.
///
/// # Errors
/// As [`create_user`].
pub async fn create_user_with_link(
    engine: &Engine,
    by: By,
    email: &str,
    name: Option<String>,
    role: Role,
    password: Option<SecretString>,
    invited: bool,
) -> Result<(User, Option<SecretString>)> {
    let lifetime = if invited { INVITATION_LINK } else { SIGN_IN_LINK };
    let token = password.is_none().then(|| (random_token(), lifetime));
    let row = new_user(by.workspace(), email, name, role, password).await?;
    keep_user(engine, by, row, token).await
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
pub(crate) fn new_public_user(email: String, name: Option<String>, role: Role, now: Timestamp) -> User {
    User {
        id: UserId::generate(),
        email,
        name,
        role,
        available: true,
        second_factor: false,
        signature: Signature::default(),
        last_sign_in_at: None,
        created_at: now,
    }
}

pub(crate) fn target(user: &User) -> Target<'_> {
    Target::of("user", &user.id).named(&user.email)
}

/// The token is in the answer alone: who lost it and asks again has not seen it.
async fn keep_user(
    engine: &Engine,
    by: By,
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
                audit::note(tx, &by, "user.created", target(&row.public), &[])?;
                crate::users::tell(tx, &row.workspace_id, EventType::UserCreated, &row.public.id)?;
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

/// Sets a user's password, as whoever may run the program; their sessions end.
///
/// # Errors
/// No such user; the password is too short.
pub async fn set_password(engine: &Engine, email: &str, password: SecretString) -> Result<()> {
    let email = email.trim().to_lowercase();
    let hash = password::hash(password).await?;
    let found = engine
        .db
        .write(Priority::Foreground, move |tx| match users::by_email(tx, &email)? {
            Some(user) => {
                let by = By::command_line(&user.workspace_id);
                audit::note(tx, &by, "user.changed", target(&user.public), &["password".into()])?;
                sessions::remove_all(tx, &user.public.id)?;
                users::set_password(tx, &user.public.id, &hash).map(|()| true)
            }
            None => Ok(false),
        })
        .await?;
    if found { Ok(()) } else { Err(EngineError::NotFound { what: "the user" }) }
}
