//! A new password of one's own: whether the present one has to be said with it, and whether it fits. An open browser alone is not enough
//! to keep somebody out of their own account.

use std::time::Duration;

use model::{Timestamp, UserId};
use secrecy::SecretString;
use store::sessions::{self, TokenPurpose, TokenRow};
use store::users::UserRow;
use store::{Priority, Tx};

use super::sessions::Method;
use super::{hash, password, target_user};
use crate::audit::{self, By};
use crate::{Engine, EngineError, Result};

/// So long after they came in by a link nobody is asked: whoever has forgotten the password has no other way.
const FREE_AFTER_LINK: Duration = Duration::from_secs(15 * 60);

const FIELD: &str = "/currentPassword";

/// Whether this session has to say the current password to set another.
pub(super) fn is_asked_for(user: &UserRow, session: &TokenRow, now: Timestamp) -> bool {
    let by_link = session.method.as_deref() == Some(Method::Link.as_str());
    user.password_hash.is_some() && !(by_link && now.since(session.created_at) <= FREE_AFTER_LINK)
}

/// What the password is kept as that was shown to be known; `None` where none was asked for.
///
/// # Errors
/// It is asked for and not said, or does not fit.
pub(crate) async fn check(
    engine: &Engine,
    user: &UserId,
    token: Option<&str>,
    said: Option<SecretString>,
) -> Result<Option<String>> {
    let (wanted, now) = (hash(token.unwrap_or_default()), Timestamp::now());
    let found = engine.db.read(move |tx| sessions::by_hash(tx, &wanted, TokenPurpose::Session, now)).await?;
    let Some((row, session)) = found.filter(|(row, _)| row.public.id == *user) else {
        return Err(EngineError::Forbidden("a password of one's own is set in a session of one's own".into()));
    };
    if said.is_none() && !is_asked_for(&row, &session, now) {
        return Ok(None);
    }
    let Some(said) = said else {
        let detail = "say your current password, too; whoever has forgotten it may do without within a quarter of an hour after signing in by a link";
        return Err(EngineError::invalid(FIELD, detail));
    };
    if !password::verify(said, row.password_hash.clone()).await? {
        let (by, target) = (By::user(&row.workspace_id, user), row.public);
        let note = move |tx: &mut Tx<'_>| audit::note(tx, &by, "user.passwordRefused", target_user(&target), &[]);
        engine.db.write(Priority::Foreground, note).await?;
        return Err(not_it());
    }
    Ok(row.password_hash)
}

pub(crate) fn not_it() -> EngineError {
    EngineError::invalid(FIELD, "this is not your current password")
}
