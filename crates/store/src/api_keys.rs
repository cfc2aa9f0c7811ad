//! API keys, kept as SHA-256.

use model::key::{ApiKey, Scope};
use model::{ApiKeyId, ChannelId, Timestamp, WorkspaceId};

use crate::db::{Row, Topic, Tx, json};
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    pub workspace_id: WorkspaceId,
    pub hash: Vec<u8>,
    /// Set by the configuration, and replaced when that changes.
    pub bootstrap: bool,
    pub public: ApiKey,
}

const COLUMNS: &str = "id, workspace_id, name, hash, hint, scopes, channel_id, bootstrap, created_at, last_used_at";

fn from_row(row: &Row<'_>) -> Result<ApiKeyRow> {
    Ok(ApiKeyRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        hash: row.bytes(3)?,
        bootstrap: row.bool(7)?,
        public: ApiKey {
            id: ApiKeyId::from_stored(row.text(0)?),
            name: row.text(2)?,
            hint: row.text(4)?,
            scopes: row.json::<Vec<Scope>>("api_key", 5)?,
            channel_id: row.text_or_null(6)?.map(ChannelId::from_stored),
            created_at: row.time(8)?,
            last_used_at: row.time_or_null(9)?,
        },
    })
}

/// # Errors
/// What the database says; a unique violation where the same key exists.
pub fn insert(tx: &mut Tx<'_>, key: &ApiKeyRow) -> Result<()> {
    let public = &key.public;
    let scopes = json("api_key", &public.scopes)?;
    tx.execute(
        &format!("INSERT INTO api_key ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)"),
        &[
            (&public.id).into(),
            (&key.workspace_id).into(),
            (&public.name).into(),
            (&key.hash).into(),
            (&public.hint).into(),
            scopes.into(),
            (&public.channel_id).into(),
            key.bootstrap.into(),
            public.created_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn by_hash(tx: &mut Tx<'_>, hash: &[u8]) -> Result<Option<ApiKeyRow>> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM api_key WHERE hash = $1"), &[hash.into()], from_row)
}

/// The keys of a workspace, newest first.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Vec<ApiKeyRow>> {
    tx.query(
        &format!("SELECT {COLUMNS} FROM api_key WHERE workspace_id = $1 ORDER BY id DESC"),
        &[workspace.into()],
        from_row,
    )
}

/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx
        .query_one("SELECT COUNT(*) FROM (SELECT 1 FROM api_key LIMIT 1) AS some", &[], |row| row.int(0))?
        .unwrap_or(0))
}

/// False when the workspace has no such key.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ApiKeyId) -> Result<bool> {
    tx.announce(Topic::Access);
    Ok(tx.execute("DELETE FROM api_key WHERE id = $1 AND workspace_id = $2", &[id.into(), workspace.into()])? > 0)
}

/// Forgets keys that an earlier configuration set.
///
/// # Errors
/// What the database says.
pub fn delete_bootstrap_except(tx: &mut Tx<'_>, hash: &[u8]) -> Result<u64> {
    tx.announce(Topic::Access);
    tx.execute("DELETE FROM api_key WHERE bootstrap AND hash <> $1", &[hash.into()])
}

/// Whether a key was not deleted since somebody signed in with it.
///
/// # Errors
/// What the database says.
pub fn is_there(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ApiKeyId) -> Result<bool> {
    let sql = "SELECT id FROM api_key WHERE id = $1 AND workspace_id = $2";
    Ok(tx.query_one(sql, &[id.into(), workspace.into()], |row| row.text(0))?.is_some())
}

/// What people call a key.
///
/// # Errors
/// What the database says.
pub fn name(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ApiKeyId) -> Result<Option<String>> {
    let sql = "SELECT name FROM api_key WHERE id = $1 AND workspace_id = $2";
    tx.query_one(sql, &[id.into(), workspace.into()], |row| row.text(0))
}

/// # Errors
/// What the database says.
pub fn touch(tx: &mut Tx<'_>, id: &ApiKeyId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE api_key SET last_used_at = $2 WHERE id = $1", &[id.into(), now.into()])?;
    Ok(())
}
