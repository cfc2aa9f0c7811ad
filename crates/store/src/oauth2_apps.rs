//! Applications that OAuth 2 providers know us as. Secrets come in sealed.

use model::oauth2::{OAuth2AppSettings, OAuth2Provider};
use model::{OAuth2AppId, Timestamp, WorkspaceId};

use crate::db::{Row, Tx, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "oauth2_app";

/// An application as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2AppRow {
    pub id: OAuth2AppId,
    pub workspace_id: WorkspaceId,
    pub provider: OAuth2Provider,
    /// Offered to people; tokens of accounts that have it are renewed either way.
    pub enabled: bool,
    pub settings: OAuth2AppSettings,
    /// The client secret, sealed by the vault.
    pub secrets: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, workspace_id, provider, enabled, settings, secrets, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<OAuth2AppRow> {
    let provider = row.text(2)?;
    Ok(OAuth2AppRow {
        id: OAuth2AppId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        provider: OAuth2Provider::parse(&provider)
            .ok_or_else(|| StoreError::corrupt(TABLE, format!("provider {provider}")))?,
        enabled: row.bool(3)?,
        settings: row.json(TABLE, 4)?,
        secrets: row.bytes_or_null(5)?,
        created_at: row.time(6)?,
        updated_at: row.time(7)?,
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &OAuth2AppRow) -> Result<()> {
    tx.execute(
        &format!("INSERT INTO oauth2_app ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)"),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            row.provider.as_str().into(),
            row.enabled.into(),
            json(TABLE, &row.settings)?.into(),
            (&row.secrets).into(),
            row.created_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &OAuth2AppRow) -> Result<()> {
    tx.execute(
        "UPDATE oauth2_app SET enabled = $2, settings = $3, secrets = $4, updated_at = $5 WHERE id = $1",
        &[
            (&row.id).into(),
            row.enabled.into(),
            json(TABLE, &row.settings)?.into(),
            (&row.secrets).into(),
            row.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &OAuth2AppId) -> Result<Option<OAuth2AppRow>> {
    let sql = format!("SELECT {COLUMNS} FROM oauth2_app WHERE workspace_id = $1 AND id = $2");
    tx.query_one(&sql, &[workspace.into(), id.into()], from_row)
}

/// A page, the oldest first, and how many there are.
///
/// # Errors
/// What the database says.
pub fn page(tx: &mut Tx<'_>, workspace: &WorkspaceId, skip: usize, take: usize) -> Result<(Vec<OAuth2AppRow>, u64)> {
    let total = tx
        .query_one("SELECT COUNT(*) FROM oauth2_app WHERE workspace_id = $1", &[workspace.into()], |row| row.int(0))?
        .unwrap_or(0);
    let sql = format!("SELECT {COLUMNS} FROM oauth2_app WHERE workspace_id = $1 ORDER BY id LIMIT $2 OFFSET $3");
    let rows = tx.query(&sql, &[workspace.into(), take.into(), skip.into()], from_row)?;
    Ok((rows, total.unsigned_abs()))
}

/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &OAuth2AppId) -> Result<()> {
    tx.execute("DELETE FROM oauth2_app WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Sealed secrets of all workspaces, to be sealed anew.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(OAuth2AppId, Vec<u8>)>> {
    tx.query("SELECT id, secrets FROM oauth2_app WHERE secrets IS NOT NULL", &[], |row| {
        Ok((OAuth2AppId::from_stored(row.text(0)?), row.bytes(1)?))
    })
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, id: &OAuth2AppId, secrets: &[u8]) -> Result<()> {
    tx.execute("UPDATE oauth2_app SET secrets = $2 WHERE id = $1", &[id.into(), secrets.into()])?;
    Ok(())
}
