//! Which workspace a domain name was proved to belong to last. Outlives the domain; what follows from it is the engine's to say.

use model::WorkspaceId;

use crate::db::Tx;
use crate::error::Result;

/// The name is this workspace's, until another one proves that it is its own.
///
/// # Errors
/// What the database says.
pub fn set(tx: &mut Tx<'_>, name: &str, workspace: &WorkspaceId) -> Result<()> {
    tx.execute(
        "INSERT INTO zone_owner (name, workspace_id) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET workspace_id = excluded.workspace_id",
        &[name.into(), workspace.into()],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn of(tx: &mut Tx<'_>, name: &str) -> Result<Option<WorkspaceId>> {
    let sql = "SELECT workspace_id FROM zone_owner WHERE name = $1";
    tx.query_one(sql, &[name.into()], |row| Ok(WorkspaceId::from_stored(row.text(0)?)))
}

/// All names with their owners, `take` of them.
///
/// # Errors
/// What the database says.
pub fn all(tx: &mut Tx<'_>, take: usize) -> Result<Vec<(String, WorkspaceId)>> {
    let sql = "SELECT name, workspace_id FROM zone_owner ORDER BY name LIMIT $1";
    tx.query(sql, &[take.into()], |row| Ok((row.text(0)?, WorkspaceId::from_stored(row.text(1)?))))
}
