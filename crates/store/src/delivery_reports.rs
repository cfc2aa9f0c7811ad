//! Reports that came back to a message's own return path and are no messages themselves: which mail, about which message.

use model::{MessageId, Timestamp, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

/// Whether a report of this identity was taken in before.
///
/// # Errors
/// What the database says.
pub fn is_known(tx: &mut Tx<'_>, identity: &[u8]) -> Result<bool> {
    let sql = "SELECT 1 FROM delivery_report WHERE identity = $1";
    Ok(tx.query_one(sql, &[identity.into()], |_| Ok(()))?.is_some())
}

/// Keeps a report. One that is known is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    message: &MessageId,
    identity: &[u8],
    kind: &str,
    blob_id: i64,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO delivery_report (identity, workspace_id, message_id, kind, blob_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[identity.into(), workspace.into(), message.into(), kind.into(), blob_id.into(), at.into()],
    )?;
    Ok(())
}

/// The raw mails of a message's reports, oldest first.
///
/// # Errors
/// What the database says.
pub fn blobs_of(tx: &mut Tx<'_>, workspace: &WorkspaceId, message: &MessageId) -> Result<Vec<i64>> {
    let sql = "SELECT blob_id FROM delivery_report WHERE message_id = $1 AND workspace_id = $2 ORDER BY created_at";
    tx.query(sql, &[message.into(), workspace.into()], |row| row.int(0))
}
