//! Use cases. A deleted one is no longer found, and its address is free again.

use model::use_case::{EmailType, UseCase};
use model::{DomainId, Timestamp, UseCaseId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Topic, Tx};
use crate::error::{Result, StoreError};

const TABLE: &str = "use_case";
const COLUMNS: &str =
    "id, domain_id, entity_name, name, sender_address, email_type, unsubscribable, description, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<UseCase> {
    let email_type = row.text(5)?;
    Ok(UseCase {
        id: UseCaseId::from_stored(row.text(0)?),
        domain_id: DomainId::from_stored(row.text(1)?),
        entity_name: row.text(2)?,
        name: row.text(3)?,
        sender_address: row.text(4)?,
        email_type: EmailType::parse(&email_type)
            .ok_or_else(|| StoreError::corrupt(TABLE, format!("email_type {email_type}")))?,
        unsubscribable: row.bool(6)?,
        description: row.text_or_null(7)?,
        created_at: row.time(8)?,
        updated_at: row.time(9)?,
    })
}

/// A name or an address that another has is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, use_case: &UseCase) -> Result<()> {
    tx.announce(Topic::Access);
    tx.execute(
        &format!(
            "INSERT INTO use_case ({COLUMNS}, workspace_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ),
        &[
            (&use_case.id).into(),
            (&use_case.domain_id).into(),
            (&use_case.entity_name).into(),
            (&use_case.name).into(),
            (&use_case.sender_address).into(),
            use_case.email_type.as_str().into(),
            use_case.unsubscribable.into(),
            (&use_case.description).into(),
            use_case.created_at.into(),
            use_case.updated_at.into(),
            workspace.into(),
        ],
    )?;
    Ok(())
}

/// False where it was changed after `before`, or is gone: nothing is written then.
///
/// # Errors
/// As [`insert`].
pub fn update(tx: &mut Tx<'_>, workspace: &WorkspaceId, before: Timestamp, use_case: &UseCase) -> Result<bool> {
    tx.announce(Topic::Access);
    let changed = tx.execute(
        "UPDATE use_case SET entity_name = $3, name = $4, sender_address = $5, email_type = $6, unsubscribable = $7,
             description = $8, updated_at = $9
         WHERE id = $1 AND workspace_id = $2 AND updated_at = $10 AND deleted_at IS NULL",
        &[
            (&use_case.id).into(),
            workspace.into(),
            (&use_case.entity_name).into(),
            (&use_case.name).into(),
            (&use_case.sender_address).into(),
            use_case.email_type.as_str().into(),
            use_case.unsubscribable.into(),
            (&use_case.description).into(),
            use_case.updated_at.into(),
            before.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// False where there is none.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &UseCaseId, now: Timestamp) -> Result<bool> {
    tx.announce(Topic::Access);
    let sql = "UPDATE use_case SET deleted_at = $3 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    Ok(tx.execute(sql, &[id.into(), workspace.into(), now.into()])? == 1)
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &UseCaseId) -> Result<Option<UseCase>> {
    let sql = format!("SELECT {COLUMNS} FROM use_case WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// As [`get`], even one that was deleted: its mail may lie in mailboxes for years.
///
/// # Errors
/// What the database says.
pub fn get_even_deleted(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &UseCaseId) -> Result<Option<UseCase>> {
    let sql = format!("SELECT {COLUMNS} FROM use_case WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// Newest first, or ascending by id: all of a workspace, or those of one domain.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    domain: Option<&DomainId>,
    after: Option<&UseCaseId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<UseCase>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("workspace_id = ?", workspace);
    conditions.add("deleted_at IS NULL");
    if let Some(domain) = domain {
        conditions.bind("domain_id = ?", domain);
    }
    if let Some(after) = after {
        conditions.bind(if ascending { "id > ?" } else { "id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM use_case WHERE {} ORDER BY id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// The one that receives at an address, whatever its workspace.
///
/// # Errors
/// What the database says.
pub fn by_address(tx: &mut Tx<'_>, address: &str) -> Result<Option<(WorkspaceId, UseCase)>> {
    let sql = format!("SELECT {COLUMNS}, workspace_id FROM use_case WHERE sender_address = $1 AND deleted_at IS NULL");
    tx.query_one(&sql, &[address.into()], |row| Ok((WorkspaceId::from_stored(row.text(10)?), from_row(row)?)))
}

/// Whether a domain has any.
///
/// # Errors
/// What the database says.
pub fn any_of_domain(tx: &mut Tx<'_>, workspace: &WorkspaceId, domain: &DomainId) -> Result<bool> {
    let sql = "SELECT id FROM use_case WHERE domain_id = $1 AND workspace_id = $2 AND deleted_at IS NULL LIMIT 1";
    Ok(tx.query_one(sql, &[domain.into(), workspace.into()], |row| row.text(0))?.is_some())
}

/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM use_case WHERE workspace_id = $1 AND deleted_at IS NULL";
    Ok(tx.query_one(sql, &[workspace.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}
