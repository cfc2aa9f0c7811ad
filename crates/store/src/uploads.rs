//! Files that were uploaded for a message that is still being written. In rows and not in packs: most are gone after a while, and
//! packs give nothing back.

use model::draft::Upload;
use model::{Timestamp, UploadId, UserId, WorkspaceId};

use crate::db::{Row, Tx};
use crate::error::Result;

const COLUMNS: &str = "id, filename, content_type, size, created_at, expires_at";

fn from_row(row: &Row<'_>) -> Result<Upload> {
    Ok(Upload {
        id: UploadId::from_stored(row.text(0)?),
        filename: row.text(1)?,
        content_type: row.text(2)?,
        size: row.int(3)?.unsigned_abs(),
        created_at: row.time(4)?,
        expires_at: row.time(5)?,
    })
}

/// `data` is compressed.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, user: &UserId, upload: &Upload, data: &[u8]) -> Result<()> {
    tx.execute(
        "INSERT INTO upload (id, workspace_id, user_id, filename, content_type, size, data, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            (&upload.id).into(),
            workspace.into(),
            user.into(),
            (&upload.filename).into(),
            (&upload.content_type).into(),
            upload.size.into(),
            data.into(),
            upload.created_at.into(),
            upload.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// An upload with its compressed bytes.
///
/// # Errors
/// What the database says.
pub fn get(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &UploadId,
    now: Timestamp,
) -> Result<Option<(Upload, Vec<u8>)>> {
    let sql = format!("SELECT {COLUMNS}, data FROM upload WHERE id = $1 AND workspace_id = $2 AND expires_at > $3");
    tx.query_one(&sql, &[id.into(), workspace.into(), now.into()], |row| Ok((from_row(row)?, row.bytes(6)?)))
}

/// Bytes of all that a person has uploaded.
///
/// # Errors
/// What the database says.
pub fn bytes_of(tx: &mut Tx<'_>, user: &UserId) -> Result<u64> {
    let sql = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM upload WHERE user_id = $1";
    Ok(tx.query_one(sql, &[user.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// A person's own. False where it was not there.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, user: &UserId, id: &UploadId) -> Result<bool> {
    Ok(tx.execute("DELETE FROM upload WHERE id = $1 AND user_id = $2", &[id.into(), user.into()])? > 0)
}

/// Forgets what is over.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM upload WHERE expires_at <= $1", &[now.into()])
}
