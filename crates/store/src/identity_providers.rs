//! Where a workspace's people may sign in, and whom a provider's accounts are. Client secrets come in sealed.

use model::key::Role;
use model::{IdentityProviderId, Timestamp, UserId, WorkspaceId};

use crate::db::{Row, Tx, json};
use crate::error::{Result, StoreError};
use crate::users::{self, UserRow};

const TABLE: &str = "identity_provider";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProviderRow {
    pub id: IdentityProviderId,
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub sealed: Option<Vec<u8>>,
    /// In lower case; empty for any.
    pub email_domains: Vec<String>,
    pub role: Role,
    pub creates_people: bool,
    pub enabled: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, workspace_id, name, issuer, client_id, sealed, email_domains, role, creates_people, enabled, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<IdentityProviderRow> {
    let role = row.text(7)?;
    Ok(IdentityProviderRow {
        id: IdentityProviderId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        name: row.text(2)?,
        issuer: row.text(3)?,
        client_id: row.text(4)?,
        sealed: row.bytes_or_null(5)?,
        email_domains: row.json(TABLE, 6)?,
        role: Role::parse(&role).ok_or_else(|| StoreError::corrupt(TABLE, format!("role {role}")))?,
        creates_people: row.bool(8)?,
        enabled: row.bool(9)?,
        created_at: row.time(10)?,
        updated_at: row.time(11)?,
    })
}

/// Puts it in the place of the one the workspace had.
///
/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, row: &IdentityProviderRow) -> Result<()> {
    let domains = json(TABLE, &row.email_domains)?;
    tx.execute("DELETE FROM identity_provider WHERE workspace_id = $1", &[(&row.workspace_id).into()])?;
    tx.execute(
        &format!(
            "INSERT INTO identity_provider ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.name).into(),
            (&row.issuer).into(),
            (&row.client_id).into(),
            (&row.sealed).into(),
            domains.into(),
            row.role.as_str().into(),
            row.creates_people.into(),
            row.enabled.into(),
            row.created_at.into(),
            row.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn of_workspace(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Option<IdentityProviderRow>> {
    let sql = format!("SELECT {COLUMNS} FROM identity_provider WHERE workspace_id = $1");
    tx.query_one(&sql, &[workspace.into()], from_row)
}

/// Whosever it is: people who sign in belong to no workspace yet.
///
/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, id: &IdentityProviderId) -> Result<Option<IdentityProviderRow>> {
    let sql = format!("SELECT {COLUMNS} FROM identity_provider WHERE id = $1");
    tx.query_one(&sql, &[id.into()], from_row)
}

/// Those that the sign-in page offers, the oldest first.
///
/// # Errors
/// What the database says.
pub fn enabled(tx: &mut Tx<'_>, take: usize) -> Result<Vec<(IdentityProviderId, String)>> {
    let sql = "SELECT id, name FROM identity_provider WHERE enabled ORDER BY id LIMIT $1";
    tx.query(sql, &[take.into()], |row| Ok((IdentityProviderId::from_stored(row.text(0)?), row.text(1)?)))
}

/// Takes the provider away, and whose its accounts are. False where there was none.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<bool> {
    tx.execute("DELETE FROM user_identity WHERE workspace_id = $1", &[workspace.into()])?;
    Ok(tx.execute("DELETE FROM identity_provider WHERE workspace_id = $1", &[workspace.into()])? > 0)
}

/// Whom a provider's account is.
///
/// # Errors
/// What the database says.
pub fn user_of(tx: &mut Tx<'_>, workspace: &WorkspaceId, issuer: &str, subject: &str) -> Result<Option<UserRow>> {
    let sql = format!(
        "SELECT {} FROM user_identity i JOIN user_account u ON u.id = i.user_id AND u.workspace_id = i.workspace_id
         WHERE i.workspace_id = $1 AND i.issuer = $2 AND i.subject = $3",
        users::COLUMNS
    );
    tx.query_one(&sql, &[workspace.into(), issuer.into(), subject.into()], users::from_row)
}

/// Whether a user is one account of the provider already.
///
/// # Errors
/// What the database says.
pub fn is_linked(tx: &mut Tx<'_>, workspace: &WorkspaceId, issuer: &str, user: &UserId) -> Result<bool> {
    let sql = "SELECT 1 FROM user_identity WHERE workspace_id = $1 AND issuer = $2 AND user_id = $3";
    Ok(tx.query_one(sql, &[workspace.into(), issuer.into(), user.into()], |_| Ok(()))?.is_some())
}

/// # Errors
/// What the database says; a unique violation where the account is somebody's.
pub fn link(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    issuer: &str,
    subject: &str,
    user: &UserId,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO user_identity (workspace_id, issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4, $5)",
        &[workspace.into(), issuer.into(), subject.into(), user.into(), now.into()],
    )?;
    Ok(())
}

/// Every sealed secret.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(IdentityProviderId, Vec<u8>)>> {
    tx.query("SELECT id, sealed FROM identity_provider WHERE sealed IS NOT NULL", &[], |row| {
        Ok((IdentityProviderId::from_stored(row.text(0)?), row.bytes(1)?))
    })
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, id: &IdentityProviderId, sealed: &[u8]) -> Result<()> {
    tx.execute("UPDATE identity_provider SET sealed = $2 WHERE id = $1", &[id.into(), sealed.into()])?;
    Ok(())
}
