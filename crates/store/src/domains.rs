//! Sending domains. Private keys come in sealed; what the records should be is the engine's to say.

use std::time::Duration;

use model::domain::{DkimKeys, DomainStatus, FoundRecord, MtaStsMode};
use model::sending::DomainPolicy;
use model::{DomainId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Topic, Tx, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "domain";

/// A domain as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRow {
    pub id: DomainId,
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub status: DomainStatus,
    /// The private keys, sealed by the vault.
    pub secrets: Vec<u8>,
    pub keys: DkimKeys,
    pub found: Vec<FoundRecord>,
    pub problem: Option<String>,
    pub version: i64,
    pub checked_at: Option<Timestamp>,
    pub verified_at: Option<Timestamp>,
    pub failing_since: Option<Timestamp>,
    pub due_at: Timestamp,
    /// How its mail leaves. Kept by [`set_policy`] alone.
    pub policy: DomainPolicy,
    /// The password of its smarthost, sealed by the vault.
    pub policy_secret: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// In its ASCII form, lower case.
    pub tracking_host: String,
    pub mta_sts_mode: MtaStsMode,
}

const COLUMNS: &str = "id, workspace_id, name, status, secrets, keys, found, problem, version, checked_at, verified_at, failing_since, due_at, created_at, updated_at, tracking_host, mta_sts_mode, policy, policy_secret";

fn from_row(row: &Row<'_>) -> Result<DomainRow> {
    let (status, mta_sts_mode) = (row.text(3)?, row.text(16)?);
    Ok(DomainRow {
        id: DomainId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        name: row.text(2)?,
        status: DomainStatus::parse(&status).ok_or_else(|| StoreError::corrupt(TABLE, format!("status {status}")))?,
        secrets: row.bytes(4)?,
        keys: row.json(TABLE, 5)?,
        found: row.json(TABLE, 6)?,
        problem: row.text_or_null(7)?,
        version: row.int(8)?,
        checked_at: row.time_or_null(9)?,
        verified_at: row.time_or_null(10)?,
        failing_since: row.time_or_null(11)?,
        due_at: row.time(12)?,
        created_at: row.time(13)?,
        updated_at: row.time(14)?,
        tracking_host: row.text(15)?,
        mta_sts_mode: MtaStsMode::parse(&mta_sts_mode)
            .ok_or_else(|| StoreError::corrupt(TABLE, format!("MTA-STS mode {mta_sts_mode}")))?,
        policy: row.json(TABLE, 17)?,
        policy_secret: row.bytes_or_null(18)?,
    })
}

/// A new domain. One of the same name in the workspace is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &DomainRow) -> Result<()> {
    tx.execute(
        &format!(
            "INSERT INTO domain ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
        ),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.name).into(),
            row.status.as_str().into(),
            (&row.secrets).into(),
            json(TABLE, &row.keys)?.into(),
            json(TABLE, &row.found)?.into(),
            (&row.problem).into(),
            row.version.into(),
            row.checked_at.into(),
            row.verified_at.into(),
            row.failing_since.into(),
            row.due_at.into(),
            row.created_at.into(),
            row.updated_at.into(),
            (&row.tracking_host).into(),
            row.mta_sts_mode.as_str().into(),
            json(TABLE, &row.policy)?.into(),
            (&row.policy_secret).into(),
        ],
    )?;
    tx.announce(Topic::Domains);
    Ok(())
}

/// Keeps what was made of the version that `row` carries, as the next one; whoever knows that the domain asks for other records now
/// announces it. One that somebody else changed meanwhile is a
/// [`StoreError::Conflict`]; one whose name sends in another workspace is a unique violation.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &DomainRow) -> Result<()> {
    let changed = tx.execute(
        "UPDATE domain SET status = $3, secrets = $4, keys = $5, found = $6, problem = $7, version = version + 1, checked_at = $8,
             verified_at = $9, failing_since = $10, due_at = $11, updated_at = $12, tracking_host = $14, mta_sts_mode = $15
         WHERE id = $1 AND workspace_id = $2 AND version = $13",
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            row.status.as_str().into(),
            (&row.secrets).into(),
            json(TABLE, &row.keys)?.into(),
            json(TABLE, &row.found)?.into(),
            (&row.problem).into(),
            row.checked_at.into(),
            row.verified_at.into(),
            row.failing_since.into(),
            row.due_at.into(),
            row.updated_at.into(),
            row.version.into(),
            (&row.tracking_host).into(),
            row.mta_sts_mode.as_str().into(),
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Keeps how the domain's mail leaves, as of the version that `row` carries; another is a [`StoreError::Conflict`].
///
/// # Errors
/// What the database says.
pub fn set_policy(tx: &mut Tx<'_>, row: &DomainRow) -> Result<()> {
    let changed = tx.execute(
        "UPDATE domain SET policy = $3, policy_secret = $4, version = version + 1, updated_at = $5
         WHERE id = $1 AND workspace_id = $2 AND version = $6",
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            json(TABLE, &row.policy)?.into(),
            (&row.policy_secret).into(),
            row.updated_at.into(),
            row.version.into(),
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &DomainId) -> Result<Option<DomainRow>> {
    let sql = format!("SELECT {COLUMNS} FROM domain WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// The workspace's domain of this name.
///
/// # Errors
/// What the database says.
pub fn by_name(tx: &mut Tx<'_>, workspace: &WorkspaceId, name: &str) -> Result<Option<DomainRow>> {
    let sql = format!("SELECT {COLUMNS} FROM domain WHERE workspace_id = $1 AND name = $2");
    tx.query_one(&sql, &[workspace.into(), name.into()], from_row)
}

/// The domain of whatever workspace that sends under this name, for whoever asks at one of its hosts.
///
/// # Errors
/// What the database says.
pub fn sender_of_any_workspace(tx: &mut Tx<'_>, name: &str) -> Result<Option<DomainRow>> {
    let sql = format!("SELECT {COLUMNS} FROM domain WHERE name = $1 AND status IN ('verified', 'failing')");
    tx.query_one(&sql, &[name.into()], from_row)
}

/// Whether a domain of any workspace, which was verified once, has this tracking host.
///
/// # Errors
/// What the database says.
pub fn is_tracking_host(tx: &mut Tx<'_>, host: &str) -> Result<bool> {
    let sql = "SELECT id FROM domain WHERE tracking_host = $1 AND verified_at IS NOT NULL LIMIT 1";
    Ok(tx.query_one(sql, &[host.into()], |row| row.text(0))?.is_some())
}

/// Whether another domain, of any workspace, sends under this name.
///
/// # Errors
/// What the database says.
pub fn sends_elsewhere(tx: &mut Tx<'_>, name: &str, id: &DomainId) -> Result<bool> {
    let sql = "SELECT id FROM domain WHERE name = $1 AND status IN ('verified', 'failing') AND id <> $2";
    Ok(tx.query_one(sql, &[name.into(), id.into()], |row| row.text(0))?.is_some())
}

/// Whether another domain, of any workspace, has this name.
///
/// # Errors
/// What the database says.
pub fn is_elsewhere(tx: &mut Tx<'_>, name: &str, id: &DomainId) -> Result<bool> {
    let sql = "SELECT id FROM domain WHERE name = $1 AND id <> $2 LIMIT 1";
    Ok(tx.query_one(sql, &[name.into(), id.into()], |row| row.text(0))?.is_some())
}

/// What a domain is called, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainName {
    pub id: DomainId,
    pub workspace_id: WorkspaceId,
    pub name: String,
    /// Rises with every change of the domain.
    pub version: i64,
}

/// The domains of all workspaces, `take` of them.
///
/// # Errors
/// What the database says.
pub fn names_of_all_workspaces(tx: &mut Tx<'_>, take: usize) -> Result<Vec<DomainName>> {
    let sql = "SELECT id, workspace_id, name, version FROM domain ORDER BY id LIMIT $1";
    tx.query(sql, &[take.into()], |row| {
        Ok(DomainName {
            id: DomainId::from_stored(row.text(0)?),
            workspace_id: WorkspaceId::from_stored(row.text(1)?),
            name: row.text(2)?,
            version: row.int(3)?,
        })
    })
}

/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM domain WHERE workspace_id = $1";
    Ok(tx.query_one(sql, &[workspace.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// Newest first, or ascending by id.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    after: Option<&DomainId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<DomainRow>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("workspace_id = ?", workspace);
    if let Some(after) = after {
        conditions.bind(if ascending { "id > ?" } else { "id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM domain WHERE {} ORDER BY id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// Whether there was one.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &DomainId) -> Result<bool> {
    tx.announce(Topic::Domains);
    Ok(tx.execute("DELETE FROM domain WHERE id = $1 AND workspace_id = $2", &[id.into(), workspace.into()])? > 0)
}

/// Domains that are due, which nobody else is given for the length of the lease.
///
/// # Errors
/// What the database says.
pub fn claim(tx: &mut Tx<'_>, now: Timestamp, lease: Duration, take: usize) -> Result<Vec<DomainRow>> {
    let sql = format!(
        "UPDATE domain SET due_at = $2 WHERE due_at <= $1 AND id IN (SELECT id FROM domain WHERE due_at <= $1 ORDER BY due_at LIMIT $3)
         RETURNING {COLUMNS}"
    );
    tx.query(&sql, &[now.into(), now.plus(lease).into(), take.into()], from_row)
}

/// When the next is due.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    Ok(tx.query_one("SELECT MIN(due_at) FROM domain", &[], |row| row.time_or_null(0))?.flatten())
}

/// Sealed keys of all workspaces, to be sealed anew.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(DomainId, Vec<u8>)>> {
    tx.query("SELECT id, secrets FROM domain", &[], |row| Ok((DomainId::from_stored(row.text(0)?), row.bytes(1)?)))
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, id: &DomainId, secrets: &[u8]) -> Result<()> {
    tx.execute("UPDATE domain SET secrets = $2 WHERE id = $1", &[id.into(), secrets.into()])?;
    Ok(())
}

/// Sealed passwords of smarthosts, of all workspaces, to be sealed anew.
///
/// # Errors
/// What the database says.
pub fn sealed_policies(tx: &mut Tx<'_>) -> Result<Vec<(DomainId, Vec<u8>)>> {
    let sql = "SELECT id, policy_secret FROM domain WHERE policy_secret IS NOT NULL";
    tx.query(sql, &[], |row| Ok((DomainId::from_stored(row.text(0)?), row.bytes(1)?)))
}

/// # Errors
/// What the database says.
pub fn set_sealed_policy(tx: &mut Tx<'_>, id: &DomainId, secret: &[u8]) -> Result<()> {
    tx.execute("UPDATE domain SET policy_secret = $2 WHERE id = $1", &[id.into(), secret.into()])?;
    Ok(())
}
