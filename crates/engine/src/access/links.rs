//! One-time links that sign somebody in: for whoever was invited or is locked out. Tokens are kept as SHA-256.

use std::time::Duration;

use model::{Timestamp, UserId};
use secrecy::SecretString;
use store::sessions::{TokenPurpose, TokenRow};
use store::{Priority, Tx, sessions, users};

use super::sessions::new_token;
use super::{random_token, target_user};
use crate::audit::{self, By};
use crate::{Engine, EngineError, Result};

pub(super) const SIGN_IN_LINK: Duration = Duration::from_secs(24 * 60 * 60);
/// Invitations wait for people who do not read their mail every day.
pub(crate) const INVITATION_LINK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A link's token that signs the user in once, within a day; as whoever may run the program.
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
    let work = move |tx: &mut Tx<'_>| {
        let by = By::command_line(&user.workspace_id);
        audit::note(tx, &by, "user.linkMade", target_user(&user.public), &[])?;
        new_sign_in_token(tx, &user.public.id)
    };
    Ok(engine.db.write(Priority::Foreground, work).await?.into())
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
    sessions::remove_for(tx, user, TokenPurpose::SignIn)?;
    add_sign_in_token(tx, user, &token, INVITATION_LINK)?;
    Ok(token)
}

pub(super) fn add_sign_in_token(tx: &mut Tx<'_>, user: &UserId, token: &str, lifetime: Duration) -> store::Result<()> {
    let now = Timestamp::now();
    let row = TokenRow {
        address: None,
        created_at: now,
        expires_at: now.plus(lifetime),
        ..new_token(user, token, lifetime, None, None)
    };
    sessions::insert(tx, TokenPurpose::SignIn, &row)
}
