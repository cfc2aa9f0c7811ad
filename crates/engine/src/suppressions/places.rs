//! Suppressions seen as one list a place: the workspace's, a domain's, a use case's.

use model::Timestamp;
use model::key::{Principal, Scope};
use model::limits::SUPPRESSION_SCOPE_ID_CHARS_MAX;
use model::suppression::{Suppression, SuppressionScope};
use store::{Priority, suppressions};

use super::{actor, holds, is_plain_id, may};
use crate::audit::{self, Target};
use crate::{Engine, EngineError, Result};

/// Whose list it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub scope: SuppressionScope,
    pub scope_id: Option<String>,
}

/// Prefix of domains' lists among those of the mailbox API.
const DOMAIN_PREFIX: &str = "dom_";
/// The workspace's list there.
const WORKSPACE: &str = "workspace";

impl Place {
    /// A list of the mailbox API: `workspace` is the workspace's, `dom_…` a domain's, any other name a use case's or a mailing's own.
    pub fn of_list(list_id: &str) -> Self {
        let scope = match list_id {
            WORKSPACE => return Self { scope: SuppressionScope::Workspace, scope_id: None },
            id if id.starts_with(DOMAIN_PREFIX) => SuppressionScope::Domain,
            _ => SuppressionScope::UseCase,
        };
        Self { scope, scope_id: Some(list_id.to_owned()) }
    }

    pub fn list_id(&self) -> &str {
        self.scope_id.as_deref().unwrap_or(WORKSPACE)
    }
}

/// Why mail can't be sent to a list of this name.
pub(crate) fn check_list(list_id: &str) -> std::result::Result<(), String> {
    if Place::of_list(list_id).scope != SuppressionScope::UseCase {
        return Err(format!("{list_id} is the workspace's or a domain's own list: name one of yours, such as news"));
    }
    match is_plain_id(list_id) && !list_id.is_empty() {
        true => Ok(()),
        false => Err(format!("1 to {SUPPRESSION_SCOPE_ID_CHARS_MAX} ASCII letters, digits, `-`, `_` and `.`")),
    }
}

/// The lists that have something on them, and how much.
///
/// # Errors
/// The scope `suppressions:read` is missing.
pub async fn places(engine: &Engine, principal: &Principal) -> Result<Vec<(Place, u64)>> {
    may(principal, Scope::SuppressionsRead)?;
    let (workspace, now) = (principal.workspace_id.clone(), Timestamp::now());
    let found = engine.db.read(move |tx| suppressions::counts(tx, &workspace, now)).await?;
    let place = |(scope, scope_id, count): (SuppressionScope, String, u64)| {
        (Place { scope, scope_id: Some(scope_id).filter(|id| !id.is_empty()) }, count)
    };
    Ok(found.into_iter().map(place).collect())
}

/// A part of a list, oldest first, and how many are on it.
///
/// # Errors
/// The scope `suppressions:read` is missing.
pub async fn at_place(
    engine: &Engine,
    principal: &Principal,
    place: Place,
    skip: usize,
    take: usize,
) -> Result<(Vec<Suppression>, u64)> {
    may(principal, Scope::SuppressionsRead)?;
    let (workspace, now) = (principal.workspace_id.clone(), Timestamp::now());
    let found = engine.db.read(move |tx| {
        let scope_id = place.scope_id.as_deref().unwrap_or_default();
        suppressions::of_place(tx, &workspace, place.scope, scope_id, now, skip, take)
    });
    Ok(found.await?)
}

/// Takes an address off a list. Whether it was on it.
///
/// # Errors
/// It is no address; the scope `suppressions:write` is missing.
pub async fn remove_address(engine: &Engine, principal: &Principal, place: Place, address: &str) -> Result<bool> {
    may(principal, Scope::SuppressionsWrite)?;
    let address = mail::address::normalize(address)
        .ok_or_else(|| EngineError::invalid("/recipient", "an e-mail address is needed, such as ann@example.org"))?;
    let (workspace, who, now) = (principal.workspace_id.clone(), actor(principal), Timestamp::now());
    let by = audit::by(principal);
    let work = move |tx: &mut store::Tx<'_>| {
        let scope_id = place.scope_id.as_deref().unwrap_or_default();
        match suppressions::at_place(tx, &workspace, &address, place.scope, scope_id)? {
            Some(there) if holds(&there, now) => {
                audit::note(tx, &by, "suppression.deleted", Target::of("suppression", &there.id), &[])?;
                suppressions::remove(tx, &workspace, &there.id, &who, now)
            }
            _ => Ok(false),
        }
    };
    Ok(engine.db.write(Priority::Foreground, work).await?)
}
