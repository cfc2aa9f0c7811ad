//! Workspaces and the instance's own settings.

use model::{Timestamp, WorkspaceId};

use crate::db::{Dialect, Row, Topic, Tx};
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRow {
    pub id: WorkspaceId,
    pub name: String,
    /// Of the dashboard, for people who chose none.
    pub language: Option<String>,
    /// Whether everybody needs a second factor.
    pub second_factor_required: bool,
    pub session_seconds: i64,
    /// Whether people may sign in with a password.
    pub password_sign_in: bool,
    /// How long the audit log is kept.
    pub audit_days: i64,
}

const COLUMNS: &str = "id, name, language, second_factor_required, session_seconds, password_sign_in, audit_days";

fn from_row(row: &Row<'_>) -> Result<WorkspaceRow> {
    Ok(WorkspaceRow {
        id: WorkspaceId::from_stored(row.text(0)?),
        name: row.text(1)?,
        language: row.text_or_null(2)?,
        second_factor_required: row.bool(3)?,
        session_seconds: row.int(4)?,
        password_sign_in: row.bool(5)?,
        audit_days: row.int(6)?,
    })
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
    tx.query_one(&format!("SELECT {COLUMNS} FROM workspace WHERE id = $1"), &[id.into()], from_row)
}

/// As [`get`]; on PostgreSQL held until the transaction ends, so that two changes are one after the other.
///
/// # Errors
/// What the database says.
pub fn get_to_change(tx: &mut Tx<'_>, id: &WorkspaceId) -> Result<Option<WorkspaceRow>> {
    let hold = if tx.dialect() == Dialect::Postgres { " FOR UPDATE" } else { "" };
    tx.query_one(&format!("SELECT {COLUMNS} FROM workspace WHERE id = $1{hold}"), &[id.into()], from_row)
}

/// Makes others who would add to what a workspace has in an order, or a limited number of, wait for this transaction. Mail that comes
/// in does not wait for it. SQLite has one writer anyway.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, id: &WorkspaceId) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        tx.query_one("SELECT 1 FROM workspace WHERE id = $1 FOR NO KEY UPDATE", &[id.into()], |_| Ok(()))?;
    }
    Ok(())
}

/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &WorkspaceRow) -> Result<()> {
    // Somebody may need a second factor now.
    tx.announce(Topic::Access);
    tx.execute(
        "UPDATE workspace SET name = $2, language = $3, second_factor_required = $4, session_seconds = $5, password_sign_in = $6, audit_days = $7 WHERE id = $1",
        &[
            (&row.id).into(),
            (&row.name).into(),
            (&row.language).into(),
            row.second_factor_required.into(),
            row.session_seconds.into(),
            row.password_sign_in.into(),
            row.audit_days.into(),
        ],
    )?;
    Ok(())
}

/// The oldest workspace: the one an instance begins with.
///
/// # Errors
/// What the database says.
pub fn first(tx: &mut Tx<'_>) -> Result<Option<WorkspaceRow>> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM workspace ORDER BY created_at, id LIMIT 1"), &[], from_row)
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
