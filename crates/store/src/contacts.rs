//! The contacts and their addresses: single rows. Lists are in `contact_lists`.

use model::contact::{Contact, ContactAddress};
use model::{ContactId, Timestamp, WorkspaceId};
use serde_json::{Map, Value as Json};

use crate::db::{Row, Tx};
use crate::error::Result;

/// The contact with this (normalised) address.
///
/// # Errors
/// What the database says.
pub fn id_by_address(tx: &mut Tx<'_>, workspace: &WorkspaceId, address: &str) -> Result<Option<ContactId>> {
    let sql = "SELECT contact_id FROM contact_address WHERE workspace_id = $1 AND address = $2";
    tx.query_one(sql, &[workspace.into(), address.into()], |row| row.text(0).map(ContactId::from_stored))
}

/// As [`id_by_address`], and whether the contact has a name, or is to have none.
///
/// # Errors
/// What the database says.
pub fn by_address(tx: &mut Tx<'_>, workspace: &WorkspaceId, address: &str) -> Result<Option<(ContactId, bool)>> {
    let sql =
        "SELECT c.id, c.name IS NOT NULL OR c.name_set FROM contact_address a JOIN contact c ON c.id = a.contact_id
               WHERE a.workspace_id = $1 AND a.address = $2";
    let found = |row: &Row<'_>| Ok((ContactId::from_stored(row.text(0)?), row.bool(1)?));
    tx.query_one(sql, &[workspace.into(), address.into()], found)
}

/// Names a contact that has no name, unless a person took it away.
///
/// # Errors
/// What the database says.
pub fn fill_name(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactId, name: &str) -> Result<()> {
    tx.execute(
        "UPDATE contact SET name = $3, name_key = $4
         WHERE id = $1 AND workspace_id = $2 AND name IS NULL AND name_set = $5",
        &[id.into(), workspace.into(), name.into(), name.to_lowercase().into(), false.into()],
    )?;
    Ok(())
}

/// A person decided about the name: mail does not fill it in any more.
///
/// # Errors
/// What the database says.
pub fn keep_name(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactId) -> Result<()> {
    let sql = "UPDATE contact SET name_set = $3 WHERE id = $1 AND workspace_id = $2";
    tx.execute(sql, &[id.into(), workspace.into(), true.into()])?;
    Ok(())
}

/// A new contact with one address. A concurrent one with the same address is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    name: Option<&str>,
    address: &str,
    now: Timestamp,
) -> Result<Contact> {
    let id = ContactId::generate();
    tx.execute(
        "INSERT INTO contact (id, workspace_id, name, name_key, attributes, created_at) VALUES ($1, $2, $3, $4, '{}', $5)",
        &[(&id).into(), workspace.into(), name.into(), name.map(str::to_lowercase).into(), now.into()],
    )?;
    tx.execute(
        "INSERT INTO contact_address (workspace_id, address, contact_id, is_primary) VALUES ($1, $2, $3, $4)",
        &[workspace.into(), address.into(), (&id).into(), true.into()],
    )?;
    Ok(Contact {
        id,
        name: name.map(str::to_owned),
        addresses: vec![ContactAddress { address: address.to_owned(), primary: true }],
        attributes: Map::new(),
        created_at: now,
        updated_at: now,
    })
}

/// One more address of a contact, after its primary one. Another contact's is a unique violation.
///
/// # Errors
/// What the database says.
pub fn add_address(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactId, address: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO contact_address (workspace_id, address, contact_id, is_primary) VALUES ($1, $2, $3, $4)",
        &[workspace.into(), address.into(), id.into(), false.into()],
    )?;
    Ok(())
}

/// One of its addresses is the primary one from now on, and no other is.
///
/// # Errors
/// What the database says.
pub fn set_primary(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactId, address: &str) -> Result<()> {
    tx.execute(
        "UPDATE contact_address SET is_primary = (address = $3) WHERE contact_id = $1 AND workspace_id = $2",
        &[id.into(), workspace.into(), address.into()],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn remove_address(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactId, address: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM contact_address WHERE contact_id = $1 AND workspace_id = $2 AND address = $3",
        &[id.into(), workspace.into(), address.into()],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactId) -> Result<Option<Contact>> {
    let sql = "SELECT name, attributes, created_at, COALESCE(updated_at, created_at) FROM contact WHERE id = $1 AND workspace_id = $2";
    let row = tx.query_one(sql, &[id.into(), workspace.into()], |row| {
        Ok((row.text_or_null(0)?, row.json::<Map<String, Json>>("contact", 1)?, row.time(2)?, row.time(3)?))
    })?;
    let Some((name, attributes, created_at, updated_at)) = row else { return Ok(None) };
    let addresses = tx.query(
        "SELECT address, is_primary FROM contact_address WHERE contact_id = $1 AND workspace_id = $2 ORDER BY is_primary DESC, address",
        &[id.into(), workspace.into()],
        |row| Ok(ContactAddress { address: row.text(0)?, primary: row.bool(1)? }),
    )?;
    Ok(Some(Contact { id: id.clone(), name, addresses, attributes, created_at, updated_at }))
}
