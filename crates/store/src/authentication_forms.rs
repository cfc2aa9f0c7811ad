//! Forms that people connect their mailboxes with: kept until they are spent or over. Never knows what a form asks for.

use model::{AuthenticationFormId, Timestamp, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

/// A form as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    pub id: AuthenticationFormId,
    pub workspace_id: WorkspaceId,
    /// What the application asked for, JSON.
    pub request: String,
    pub expires_at: Timestamp,
    /// What came of it, once it is spent.
    pub outcome: Option<String>,
    pub created_at: Timestamp,
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &FormRow) -> Result<()> {
    tx.execute(
        "INSERT INTO authentication_form (id, workspace_id, request, expires_at, outcome, created_at) VALUES ($1, $2, $3, $4, NULL, $5)",
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.request).into(),
            row.expires_at.into(),
            row.created_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, id: &AuthenticationFormId) -> Result<Option<FormRow>> {
    let sql =
        "SELECT id, workspace_id, request, expires_at, outcome, created_at FROM authentication_form WHERE id = $1";
    tx.query_one(sql, &[id.into()], |row| {
        Ok(FormRow {
            id: AuthenticationFormId::from_stored(row.text(0)?),
            workspace_id: WorkspaceId::from_stored(row.text(1)?),
            request: row.text(2)?,
            expires_at: row.time(3)?,
            outcome: row.text_or_null(4)?,
            created_at: row.time(5)?,
        })
    })
}

/// Spends a form. False where it was spent already or is over: two that try at once wait for each other here.
///
/// # Errors
/// What the database says.
pub fn spend(tx: &mut Tx<'_>, id: &AuthenticationFormId, outcome: &str, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE authentication_form SET outcome = $2 WHERE id = $1 AND outcome IS NULL AND expires_at > $3";
    Ok(tx.execute(sql, &[id.into(), outcome.into(), now.into()])? == 1)
}

/// Forgets forms that were over before `before`, so many at most.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp, take: usize) -> Result<()> {
    let sql = "DELETE FROM authentication_form WHERE id IN (
                   SELECT id FROM authentication_form WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    tx.execute(sql, &[before.into(), take.into()])?;
    Ok(())
}
