//! When a workspace is at work.

use model::business_hours::BusinessHours;
use model::{Timestamp, WorkspaceId};

use crate::db::{Tx, json};
use crate::error::Result;

const TABLE: &str = "business_hours";

/// `None` where nobody said so yet.
///
/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Option<BusinessHours>> {
    let sql = "SELECT hours FROM business_hours WHERE workspace_id = $1";
    tx.query_one(sql, &[workspace.into()], |row| row.json(TABLE, 0))
}

/// # Errors
/// What the database says.
pub fn set(tx: &mut Tx<'_>, workspace: &WorkspaceId, hours: &BusinessHours, now: Timestamp) -> Result<()> {
    let text = json(TABLE, hours)?;
    tx.execute(
        "INSERT INTO business_hours (workspace_id, hours, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (workspace_id) DO UPDATE SET hours = excluded.hours, updated_at = excluded.updated_at",
        &[workspace.into(), text.into(), now.into()],
    )?;
    Ok(())
}
