//! What was answered to a request with an `Idempotency-Key`, for a day.

use model::{Timestamp, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// Nobody used the key: it is reserved now, and the request may go on.
    None,
    /// The same key with another request.
    OtherRequest,
    /// The same request is under way.
    UnderWay,
    Answered {
        status: u16,
        response: String,
    },
}

/// Reserves a key, or says what became of it. A reservation older than `stale` was left by a crash and is taken over.
///
/// # Errors
/// What the database says.
pub fn reserve(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    key: &str,
    request_hash: &[u8],
    now: Timestamp,
    stale: Timestamp,
) -> Result<Earlier> {
    tx.execute(
        "DELETE FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2 AND status IS NULL AND created_at < $3",
        &[workspace.into(), key.into(), stale.into()],
    )?;
    let reserved = tx.execute(
        "INSERT INTO idempotency (workspace_id, idempotency_key, request_hash, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, idempotency_key) DO NOTHING",
        &[workspace.into(), key.into(), request_hash.into(), now.into()],
    )?;
    if reserved == 1 {
        return Ok(Earlier::None);
    }
    let found = tx.query_one(
        "SELECT request_hash, status, response FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2",
        &[workspace.into(), key.into()],
        |row| Ok((row.bytes(0)?, row.int_or_null(1)?, row.text_or_null(2)?)),
    )?;
    Ok(match found {
        Some((hash, ..)) if hash != request_hash => Earlier::OtherRequest,
        Some((_, Some(status), Some(response))) => {
            Earlier::Answered { status: u16::try_from(status).unwrap_or(500), response }
        }
        _ => Earlier::UnderWay,
    })
}

/// # Errors
/// What the database says.
pub fn answer(tx: &mut Tx<'_>, workspace: &WorkspaceId, key: &str, status: u16, response: &str) -> Result<()> {
    tx.execute(
        "UPDATE idempotency SET status = $3, response = $4 WHERE workspace_id = $1 AND idempotency_key = $2",
        &[workspace.into(), key.into(), i64::from(status).into(), response.into()],
    )?;
    Ok(())
}

/// The request failed before it did anything: the key may be used again.
///
/// # Errors
/// What the database says.
pub fn release(tx: &mut Tx<'_>, workspace: &WorkspaceId, key: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM idempotency WHERE workspace_id = $1 AND idempotency_key = $2 AND status IS NULL",
        &[workspace.into(), key.into()],
    )?;
    Ok(())
}
