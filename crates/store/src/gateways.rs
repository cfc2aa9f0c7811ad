//! Gateways: SMTP servers that accounts' mail may go through instead of their own, and what became of it there. Passwords come in sealed.

use model::account::{AccountError, MailServer};
use model::{GatewayId, Timestamp, WorkspaceId};

use crate::db::{Row, Tx, json};
use crate::error::Result;

const TABLE: &str = "gateway";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRow {
    pub id: GatewayId,
    pub workspace_id: WorkspaceId,
    /// What it is called by in the API.
    pub name: String,
    pub display_name: String,
    /// Its user name is empty where nobody signs in.
    pub server: MailServer,
    /// The password, sealed by the vault.
    pub secret: Option<Vec<u8>>,
    /// Mails it took.
    pub deliveries: u64,
    pub last_used_at: Option<Timestamp>,
    /// Why it took nothing the last time.
    pub last_error: Option<AccountError>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, workspace_id, name, display_name, server, secret, deliveries, last_used_at, last_error, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<GatewayRow> {
    Ok(GatewayRow {
        id: GatewayId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        name: row.text(2)?,
        display_name: row.text(3)?,
        server: row.json(TABLE, 4)?,
        secret: row.bytes_or_null(5)?,
        deliveries: row.int(6)?.unsigned_abs(),
        last_used_at: row.time_or_null(7)?,
        last_error: row.text_or_null(8)?.map(|_| row.json(TABLE, 8)).transpose()?,
        created_at: row.time(9)?,
        updated_at: row.time(10)?,
    })
}

/// One that was never used.
///
/// # Errors
/// What the database says; a unique violation where the workspace has one of this name.
pub fn insert(tx: &mut Tx<'_>, row: &GatewayRow) -> Result<()> {
    tx.execute(
        &format!("INSERT INTO gateway ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, 0, NULL, NULL, $7, $7)"),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.name).into(),
            (&row.display_name).into(),
            json(TABLE, &row.server)?.into(),
            (&row.secret).into(),
            row.created_at.into(),
        ],
    )?;
    Ok(())
}

/// What it is set up with; how it was used stays.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &GatewayRow) -> Result<()> {
    tx.execute(
        "UPDATE gateway SET display_name = $2, server = $3, secret = $4, updated_at = $5 WHERE id = $1",
        &[
            (&row.id).into(),
            (&row.display_name).into(),
            json(TABLE, &row.server)?.into(),
            (&row.secret).into(),
            row.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn by_name(tx: &mut Tx<'_>, workspace: &WorkspaceId, name: &str) -> Result<Option<GatewayRow>> {
    let sql = format!("SELECT {COLUMNS} FROM gateway WHERE workspace_id = $1 AND name = $2");
    tx.query_one(&sql, &[workspace.into(), name.into()], from_row)
}

/// A page, the oldest first, and how many there are.
///
/// # Errors
/// What the database says.
pub fn page(tx: &mut Tx<'_>, workspace: &WorkspaceId, skip: usize, take: usize) -> Result<(Vec<GatewayRow>, u64)> {
    let total = tx
        .query_one("SELECT COUNT(*) FROM gateway WHERE workspace_id = $1", &[workspace.into()], |row| row.int(0))?
        .unwrap_or(0);
    let sql = format!("SELECT {COLUMNS} FROM gateway WHERE workspace_id = $1 ORDER BY id LIMIT $2 OFFSET $3");
    let rows = tx.query(&sql, &[workspace.into(), take.into(), skip.into()], from_row)?;
    Ok((rows, total.unsigned_abs()))
}

/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &GatewayId) -> Result<()> {
    tx.execute("DELETE FROM gateway WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// A mail was handed to it, which took it unless there is an error. Nothing where it is gone.
///
/// # Errors
/// What the database says.
pub fn used(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    name: &str,
    error: Option<&AccountError>,
    at: Timestamp,
) -> Result<()> {
    let took = i64::from(error.is_none());
    let error = error.map(|error| json(TABLE, error)).transpose()?;
    tx.execute(
        "UPDATE gateway SET deliveries = deliveries + $3, last_used_at = $4, last_error = $5 WHERE workspace_id = $1 AND name = $2",
        &[workspace.into(), name.into(), took.into(), at.into(), error.into()],
    )?;
    Ok(())
}

/// Sealed passwords of all workspaces, to be sealed anew.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(GatewayId, Vec<u8>)>> {
    tx.query("SELECT id, secret FROM gateway WHERE secret IS NOT NULL", &[], |row| {
        Ok((GatewayId::from_stored(row.text(0)?), row.bytes(1)?))
    })
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, id: &GatewayId, secret: &[u8]) -> Result<()> {
    tx.execute("UPDATE gateway SET secret = $2 WHERE id = $1", &[id.into(), secret.into()])?;
    Ok(())
}
