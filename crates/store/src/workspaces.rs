//! Workspaces and the instance's own settings.

use model::{Timestamp, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRow {
    pub id: WorkspaceId,
    pub name: String,
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<WorkspaceId> {
    let id = WorkspaceId::generate();
    tx.execute(
        "INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3)",
        &[(&id).into(), name.into(), now.into()],
    )?;
    Ok(id)
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, id: &WorkspaceId) -> Result<Option<WorkspaceRow>> {
    tx.query_one("SELECT id, name FROM workspace WHERE id = $1", &[id.into()], |row| {
        Ok(WorkspaceRow { id: WorkspaceId::from_stored(row.text(0)?), name: row.text(1)? })
    })
}

/// The oldest workspace: the one an instance begins with.
///
/// # Errors
/// What the database says.
pub fn first(tx: &mut Tx<'_>) -> Result<Option<WorkspaceRow>> {
    tx.query_one("SELECT id, name FROM workspace ORDER BY created_at, id LIMIT 1", &[], |row| {
        Ok(WorkspaceRow { id: WorkspaceId::from_stored(row.text(0)?), name: row.text(1)? })
    })
}

/// # Errors
/// What the database says.
pub fn setting(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>> {
    tx.query_one("SELECT value FROM setting WHERE name = $1", &[name.into()], |row| row.text(0))
}

/// # Errors
/// What the database says.
pub fn set_setting(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[name.into(), value.into()],
    )?;
    Ok(())
}

/// Keeps a setting unless it is there already. Answers what is kept.
///
/// # Errors
/// What the database says.
pub fn setting_or_insert(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<String> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        &[name.into(), value.into()],
    )?;
    Ok(setting(tx, name)?.unwrap_or_else(|| value.to_owned()))
}
