//! Mails of accounts that wait to be sent: looked at, and taken back. Never sends.

use model::SubmissionId;
use model::key::{Principal, Scope};
use store::submissions::{self, SubmissionRow};
use store::{Priority, accounts};

use crate::{Engine, EngineError, Result, access_check};

const MISSING: EngineError = EngineError::NotFound { what: "the waiting mail" };

fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::MessagesRead)?;
    super::accounts::unbound(principal)
}

/// A page of those that wait, newest first, each with its account's name; and how many there are.
///
/// # Errors
/// A scope is missing; the account is not there.
pub async fn page(
    engine: &Engine,
    principal: &Principal,
    account: Option<&str>,
    skip: usize,
    take: usize,
) -> Result<(Vec<(SubmissionRow, String)>, u64)> {
    may_read(principal)?;
    let account = match account {
        Some(name) => Some(super::accounts::get(engine, principal, name).await?.id),
        None => None,
    };
    let workspace = principal.workspace_id.clone();
    let found = engine.db.read(move |tx| {
        let (rows, total) = submissions::page(tx, &workspace, account.as_ref(), skip, take)?;
        let named = rows.into_iter().map(|row| with_name(tx, row)).collect::<store::Result<Vec<_>>>()?;
        Ok((named, total))
    });
    Ok(found.await?)
}

fn with_name(tx: &mut store::Tx<'_>, row: SubmissionRow) -> store::Result<(SubmissionRow, String)> {
    let name = accounts::get(tx, &row.account_id)?.map(|account| account.name).unwrap_or_default();
    Ok((row, name))
}

/// # Errors
/// Not there: sent, given up or taken back.
pub async fn get(engine: &Engine, principal: &Principal, id: &SubmissionId) -> Result<(SubmissionRow, String)> {
    may_read(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let found = engine.db.read(move |tx| match submissions::get(tx, &workspace, &id)? {
        Some(row) => with_name(tx, row).map(Some),
        None => Ok(None),
    });
    found.await?.ok_or(MISSING)
}

/// # Errors
/// Not there; it is being sent at this moment.
pub async fn take_back(engine: &Engine, principal: &Principal, id: &SubmissionId) -> Result<()> {
    crate::sending::may_send(principal)?;
    super::accounts::unbound(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let taken = engine.db.write(Priority::Foreground, move |tx| match submissions::get(tx, &workspace, &id)? {
        Some(row) => submissions::take_back(tx, &row).map(Some),
        None => Ok(None),
    });
    match taken.await? {
        Some(true) => Ok(()),
        Some(false) => Err(EngineError::Conflict("the mail is being sent at this moment".into())),
        None => Err(MISSING),
    }
}
