//! Addresses that are not written to: put on the list, taken off it, looked up. Owns what of two reasons is kept and whom a
//! suppression stops; never sends anything, and never judges a bounce.

mod csv;
mod holding_back;
mod import;
mod places;

use std::time::Duration;

use model::key::{Actor, Principal, Scope};
use model::limits::{SOFT_BOUNCE_DAYS, SUPPRESSION_DETAIL_CHARS_MAX, SUPPRESSION_SCOPE_ID_CHARS_MAX};
use model::suppression::{Suppression, SuppressionReason, SuppressionScope};
use model::{MessageId, SuppressionId, Timestamp, WorkspaceId};
use store::suppressions::{self, Filter};
use store::{Priority, StoreError, Tx};

pub use self::csv::{CsvFault, CsvRow, read_csv, write_csv_row};
pub use self::holding_back::{Mailing, blocking};
pub(crate) use self::holding_back::{held_back, held_back_of_mailbox, held_back_of_message, tell_held_back, words};
pub use self::import::{EXPORT_HEADER, Imported, RowError, import};
pub(crate) use self::places::check_list;
pub use self::places::{Place, at_place, places, remove_address};
use crate::audit::{self, Target};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, FieldError, Result, access_check};

const MISSING: EngineError = EngineError::NotFound { what: "the suppression" };

/// A suppression that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSuppression {
    pub address: String,
    pub scope: SuppressionScope,
    pub scope_id: Option<String>,
    pub reason: SuppressionReason,
    pub detail: Option<String>,
    pub message_id: Option<MessageId>,
    pub expires_at: Option<Timestamp>,
}

/// What came of adding one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    New,
    /// It was there; its reason is stronger now, or it holds longer.
    Changed,
    /// It was there, and says as much.
    Same,
}

/// Suppressions are the workspace's: whom somebody may not be written by is no channel's own business.
fn may(principal: &Principal, scope: Scope) -> Result<()> {
    access_check::scope(principal, scope).or_else(|error| match scope {
        Scope::SuppressionsRead => access_check::scope(principal, Scope::SuppressionsWrite).map_err(|_| error),
        _ => Err(error),
    })?;
    access_check::unbound(
        principal,
        "suppressions are the workspace's: a key bound to a channel neither sees nor changes them",
    )
}

/// A page of those that hold, newest first unless ascending.
///
/// # Errors
/// The scope `suppressions:read` is missing, or the key is bound to a channel.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    mut filter: Filter,
    slice: SliceOf<SuppressionId>,
) -> Result<Listing<Suppression, SuppressionId>> {
    may(principal, Scope::SuppressionsRead)?;
    if let Some(address) = &mut filter.address {
        // What is no address is on no list.
        let Some(normal) = mail::address::normalize(address) else { return Ok(Listing::empty()) };
        *address = normal;
    }
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let now = Timestamp::now();
    let found = engine
        .db
        .read(move |tx| suppressions::page(tx, &workspace, &filter, now, after.as_ref(), ascending, take + 1))
        .await?;
    Ok(Listing::cut(found, take, |suppression| suppression.id.clone()))
}

/// # Errors
/// It is not there, or not the asker's; as [`list`].
pub async fn get(engine: &Engine, principal: &Principal, id: &SuppressionId) -> Result<Suppression> {
    may(principal, Scope::SuppressionsRead)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let now = Timestamp::now();
    let found = engine.db.read(move |tx| suppressions::get(tx, &workspace, &id)).await?;
    found.filter(|suppression| holds(suppression, now)).ok_or(MISSING)
}

/// Puts an address on the list. Where it is on it for this scope, the stronger reason and the longer time are kept.
///
/// # Errors
/// Fields that are wrong; the scope `suppressions:write` is missing.
pub async fn add(engine: &Engine, principal: &Principal, new: NewSuppression) -> Result<(Suppression, Added)> {
    may(principal, Scope::SuppressionsWrite)?;
    let now = Timestamp::now();
    let new = checked(new, now).map_err(EngineError::Invalid)?;
    let once = crate::once::asked();
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let kept = move |tx: &mut Tx<'_>| {
        if let Some(earlier) = once.noted(tx)? {
            let there = suppressions::get(tx, &workspace, &SuppressionId::from_stored(earlier))?;
            return Ok((there.ok_or(StoreError::Conflict)?, Added::New));
        }
        let (suppression, added) = put(tx, &workspace, &new, now)?;
        if added != Added::Same {
            // Without the address, which somebody may ask to have forgotten.
            audit::note(tx, &by, "suppression.created", Target::of("suppression", &suppression.id), &[])?;
        }
        once.note_last(tx, suppression.id.as_str())?;
        Ok((suppression, added))
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, kept).await?)
}

/// Takes an address off the list; who did is kept.
///
/// # Errors
/// It is not there, or not the asker's; the scope `suppressions:write` is missing.
pub async fn remove(engine: &Engine, principal: &Principal, id: &SuppressionId) -> Result<()> {
    may(principal, Scope::SuppressionsWrite)?;
    let (workspace, id, who) = (principal.workspace_id.clone(), id.clone(), actor(principal));
    let (now, by) = (Timestamp::now(), audit::by(principal));
    let gone = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let holds = suppressions::get(tx, &workspace, &id)?.is_some_and(|suppression| holds(&suppression, now));
            let gone = holds && suppressions::remove(tx, &workspace, &id, &who, now)?;
            if gone {
                audit::note(tx, &by, "suppression.deleted", Target::of("suppression", &id), &[])?;
            }
            Ok(gone)
        })
        .await?;
    if gone { Ok(()) } else { Err(MISSING) }
}

fn actor(principal: &Principal) -> String {
    match &principal.actor {
        Actor::User(id, _) => id.to_string(),
        Actor::Key(id) => id.to_string(),
    }
}

pub(crate) fn holds(suppression: &Suppression, now: Timestamp) -> bool {
    suppression.expires_at.is_none_or(|at| at > now)
}

/// Puts an address, normalized, on the list within a transaction.
///
/// Of two reasons the stronger is kept (softBounce < unsubscribe < manual < hardBounce < complaint), with what was said of it; of two
/// ends the later one, and none is later than any. So nothing that is added ever makes a suppression weaker, and adding one twice is
/// adding it once. One that is over counts as not there.
///
/// # Errors
/// What the database says; a unique violation where another transaction adds it now (run it again).
pub(crate) fn put(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    new: &NewSuppression,
    now: Timestamp,
) -> store::Result<(Suppression, Added)> {
    let scope_id = new.scope_id.as_deref().unwrap_or_default();
    let there = suppressions::at_place(tx, workspace, &new.address, new.scope, scope_id)?;
    match there {
        Some(there) if holds(&there, now) => {
            let after = stronger(&there, new);
            if after == there {
                return Ok((there, Added::Same));
            }
            suppressions::update(tx, workspace, &after)?;
            Ok((after, Added::Changed))
        }
        over => {
            if let Some(over) = over {
                suppressions::remove(tx, workspace, &over.id, "expiry", now)?;
            }
            let suppression = Suppression {
                id: SuppressionId::generate(),
                address: new.address.clone(),
                scope: new.scope,
                scope_id: new.scope_id.clone(),
                reason: new.reason,
                detail: new.detail.clone(),
                message_id: new.message_id.clone(),
                expires_at: new.expires_at,
                created_at: now,
            };
            suppressions::insert(tx, workspace, &suppression)?;
            Ok((suppression, Added::New))
        }
    }
}

fn stronger(there: &Suppression, new: &NewSuppression) -> Suppression {
    let mut after = there.clone();
    if new.reason > there.reason {
        after.reason = new.reason;
        after.detail.clone_from(&new.detail);
        after.message_id.clone_from(&new.message_id);
    }
    after.expires_at = match (there.expires_at, new.expires_at) {
        (Some(one), Some(other)) => Some(one.max(other)),
        _ => None,
    };
    after
}

/// The suppression in its one spelling, or all that is wrong with it.
fn checked(mut new: NewSuppression, now: Timestamp) -> std::result::Result<NewSuppression, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| errors.push(FieldError::new(pointer, detail));
    match mail::address::normalize(&new.address) {
        Some(address) => new.address = address,
        None => wrong("/address", "an e-mail address is needed, such as ann@example.org".into()),
    }
    new.scope_id = new.scope_id.filter(|id| !id.is_empty());
    match (new.scope, &new.scope_id) {
        (SuppressionScope::Workspace, Some(_)) => {
            wrong("/scopeId", "the scope is the whole workspace: leave scopeId out".into());
        }
        (SuppressionScope::UseCase | SuppressionScope::Domain, None) => {
            wrong("/scopeId", format!("the id of the {} is needed", new.scope.as_str()));
        }
        (_, Some(id)) if !is_plain_id(id) => {
            wrong("/scopeId", format!("1 to {SUPPRESSION_SCOPE_ID_CHARS_MAX} ASCII letters, digits, `-`, `_` and `.`"));
        }
        _ => {}
    }
    if let Some(detail) = &new.detail
        && (detail.chars().count() > SUPPRESSION_DETAIL_CHARS_MAX || detail.contains('\0'))
    {
        wrong("/detail", format!("at most {SUPPRESSION_DETAIL_CHARS_MAX} characters, and no NUL"));
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        wrong("/expiresAt", "is over already; a suppression ends in the future, or not by itself (null)".into());
    }
    if errors.is_empty() { Ok(new) } else { Err(errors) }
}

fn is_plain_id(id: &str) -> bool {
    id.len() <= SUPPRESSION_SCOPE_ID_CHARS_MAX
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// When soft bounces no longer count.
pub(crate) fn soft_bounces_since(now: Timestamp) -> Timestamp {
    now.minus(Duration::from_secs(SOFT_BOUNCE_DAYS * 24 * 60 * 60))
}

#[cfg(test)]
mod tests;
