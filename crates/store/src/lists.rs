//! Lists of contacts: their names and how many are on them. Who is on them is `list_members`'.

use model::contact_list::ContactList;
use model::{ContactListId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Dialect, Row, Tx};
use crate::error::Result;

const COLUMNS: &str = "id, name, member_count, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<ContactList> {
    Ok(ContactList {
        id: ContactListId::from_stored(row.text(0)?),
        name: row.text(1)?,
        member_count: row.int(2)?.unsigned_abs(),
        created_at: row.time(3)?,
        updated_at: row.time(4)?,
    })
}

/// A name that another has is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, list: &ContactList) -> Result<()> {
    tx.execute(
        "INSERT INTO contact_list (id, workspace_id, name, member_count, last_seq, created_at, updated_at)
         VALUES ($1, $2, $3, 0, 0, $4, $4)",
        &[(&list.id).into(), workspace.into(), (&list.name).into(), list.created_at.into()],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactListId) -> Result<Option<ContactList>> {
    let sql = format!("SELECT {COLUMNS} FROM contact_list WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// As [`get`], with the newest member's number. Others who would change the members wait for this transaction.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactListId) -> Result<Option<(ContactList, i64)>> {
    let lock = if tx.dialect() == Dialect::Postgres { "FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS}, last_seq FROM contact_list WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL {lock}"
    );
    tx.query_one(&sql, &[id.into(), workspace.into()], |row| Ok((from_row(row)?, row.int(5)?)))
}

/// Newest first, or ascending by id.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    after: Option<&ContactListId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<ContactList>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("workspace_id = ?", workspace);
    conditions.add("deleted_at IS NULL");
    if let Some(after) = after {
        conditions.bind(if ascending { "id > ?" } else { "id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM contact_list WHERE {} ORDER BY id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// False where there is none. A name that another has is a unique violation.
///
/// # Errors
/// What the database says.
pub fn rename(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &ContactListId,
    name: &str,
    now: Timestamp,
) -> Result<bool> {
    let sql = "UPDATE contact_list SET name = $3, updated_at = $4
               WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    Ok(tx.execute(sql, &[id.into(), workspace.into(), name.into(), now.into()])? == 1)
}

/// So many members more (or fewer), and the newest one's number.
///
/// # Errors
/// What the database says.
pub fn count_members(
    tx: &mut Tx<'_>,
    id: &ContactListId,
    more: i64,
    last_seq: Option<i64>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE contact_list SET member_count = member_count + $2, last_seq = COALESCE($3, last_seq), updated_at = $4
         WHERE id = $1",
        &[id.into(), more.into(), last_seq.into(), now.into()],
    )?;
    Ok(())
}

/// False where there is none. Its members stay until [`forget_deleted`].
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactListId, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE contact_list SET deleted_at = $3 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    Ok(tx.execute(sql, &[id.into(), workspace.into(), now.into()])? == 1)
}

/// Forgets up to `limit` members of a deleted list, and the list itself once it has none.
///
/// # Errors
/// What the database says.
pub fn forget_deleted(tx: &mut Tx<'_>, limit: usize) -> Result<()> {
    let sql = "SELECT id FROM contact_list WHERE deleted_at IS NOT NULL ORDER BY deleted_at LIMIT 1";
    let Some(id) = tx.query_one(sql, &[], |row| row.text(0))? else { return Ok(()) };
    let gone = tx.execute(
        "DELETE FROM contact_list_member WHERE list_id = $1 AND seq IN (
             SELECT seq FROM contact_list_member WHERE list_id = $1 ORDER BY seq LIMIT $2)",
        &[(&id).into(), limit.into()],
    )?;
    if gone == 0 {
        tx.execute("DELETE FROM contact_list WHERE id = $1", &[(&id).into()])?;
    }
    Ok(())
}

/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM contact_list WHERE workspace_id = $1 AND deleted_at IS NULL";
    Ok(tx.query_one(sql, &[workspace.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}
