//! Requests with an `Idempotency-Key`: reserved, what came of them, and what was answered, for a day.

use model::{Timestamp, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// Nobody used the key: it is reserved now, and the request may go on.
    None,
    /// The same key with another request.
    OtherRequest,
    /// The same request was begun and has no answer: it is under way elsewhere, or a crash ended it. What it did is in
    /// its outcomes.
    Begun,
    Answered {
        status: u16,
        response: String,
    },
}

/// Where what comes of a request is noted. The same request has the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub workspace_id: WorkspaceId,
    pub key: String,
    pub request_hash: Vec<u8>,
    /// Of a request that does several things, each on its own, which one.
    pub item: usize,
}

/// Reserves a key, or says what became of it.
///
/// # Errors
/// What the database says.
pub fn reserve(tx: &mut Tx<'_>, place: &Place, now: Timestamp) -> Result<Earlier> {
    let reserved = tx.execute(
        "INSERT INTO idempotency (workspace_id, idempotency_key, request_hash, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, idempotency_key) DO NOTHING",
        &[(&place.workspace_id).into(), (&place.key).into(), (&place.request_hash).into(), now.into()],
    )?;
    if reserved == 1 {
        return Ok(Earlier::None);
    }
    let found = tx.query_one(
        "SELECT request_hash, status, response FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2",
        &[(&place.workspace_id).into(), (&place.key).into()],
        |row| Ok((row.bytes(0)?, row.int_or_null(1)?, row.text_or_null(2)?)),
    )?;
    Ok(match found {
        Some((hash, ..)) if hash != place.request_hash => Earlier::OtherRequest,
        Some((_, Some(status), Some(response))) => {
            Earlier::Answered { status: u16::try_from(status).unwrap_or(500), response }
        }
        _ => Earlier::Begun,
    })
}

/// Notes what comes of the work, in the transaction that does it. `Some` is what an earlier run noted: the work was done,
/// and must not be done again. Two runs at the same time wait for each other here.
///
/// # Errors
/// What the database says.
pub fn note(tx: &mut Tx<'_>, place: &Place, outcome: &str, now: Timestamp) -> Result<Option<String>> {
    let noted = tx.execute(
        "INSERT INTO idempotency_outcome (workspace_id, idempotency_key, request_hash, item, outcome, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, idempotency_key, request_hash, item) DO NOTHING",
        &[
            (&place.workspace_id).into(),
            (&place.key).into(),
            (&place.request_hash).into(),
            place.item.into(),
            outcome.into(),
            now.into(),
        ],
    )?;
    if noted == 1 { Ok(None) } else { outcome_of(tx, place) }
}

/// What an earlier run noted.
///
/// # Errors
/// What the database says.
pub fn outcome_of(tx: &mut Tx<'_>, place: &Place) -> Result<Option<String>> {
    tx.query_one(
        "SELECT outcome FROM idempotency_outcome
         WHERE workspace_id = $1 AND idempotency_key = $2 AND request_hash = $3 AND item = $4",
        &[(&place.workspace_id).into(), (&place.key).into(), (&place.request_hash).into(), place.item.into()],
        |row| row.text(0),
    )
}

/// Keeps an answer for those who ask again.
///
/// # Errors
/// What the database says.
pub fn answer(tx: &mut Tx<'_>, place: &Place, status: u16, response: &str) -> Result<()> {
    tx.execute(
        "UPDATE idempotency SET status = $3, response = $4 WHERE workspace_id = $1 AND idempotency_key = $2",
        &[(&place.workspace_id).into(), (&place.key).into(), i64::from(status).into(), response.into()],
    )?;
    Ok(())
}

/// The request failed: the key may be used for another one, unless something came of it all the same.
///
/// # Errors
/// What the database says.
pub fn release(tx: &mut Tx<'_>, place: &Place) -> Result<()> {
    tx.execute(
        "DELETE FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2 AND status IS NULL AND NOT EXISTS (
             SELECT 1 FROM idempotency_outcome o WHERE o.workspace_id = $1 AND o.idempotency_key = $2)",
        &[(&place.workspace_id).into(), (&place.key).into()],
    )?;
    Ok(())
}

/// Forgets requests that were made before `before`, with what came of them.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM idempotency WHERE created_at < $1", &[before.into()])?;
    tx.execute("DELETE FROM idempotency_outcome WHERE created_at < $1", &[before.into()])?;
    Ok(())
}
