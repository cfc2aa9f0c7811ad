//! What colleagues noted about contacts. Who may change one is the engine's business.

use model::contact::ContactNote;
use model::{ContactId, ContactNoteId, Timestamp, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Tx};
use crate::error::Result;

const COLUMNS: &str = "id, contact_id, author_id, author_name, text, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<ContactNote> {
    Ok(ContactNote {
        id: ContactNoteId::from_stored(row.text(0)?),
        contact_id: ContactId::from_stored(row.text(1)?),
        author_id: row.text_or_null(2)?.map(UserId::from_stored),
        author_name: row.text(3)?,
        text: row.text(4)?,
        created_at: row.time(5)?,
        updated_at: row.time(6)?,
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, note: &ContactNote) -> Result<()> {
    tx.execute(
        "INSERT INTO contact_note (id, workspace_id, contact_id, author_id, author_name, text, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            (&note.id).into(),
            workspace.into(),
            (&note.contact_id).into(),
            (&note.author_id).into(),
            (&note.author_name).into(),
            (&note.text).into(),
            note.created_at.into(),
            note.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// A note about this contact.
///
/// # Errors
/// What the database says.
pub fn get(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    contact: &ContactId,
    id: &ContactNoteId,
) -> Result<Option<ContactNote>> {
    let sql = format!("SELECT {COLUMNS} FROM contact_note WHERE id = $1 AND contact_id = $2 AND workspace_id = $3");
    tx.query_one(&sql, &[id.into(), contact.into(), workspace.into()], from_row)
}

/// # Errors
/// What the database says.
pub fn change(tx: &mut Tx<'_>, id: &ContactNoteId, text: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE contact_note SET text = $2, updated_at = $3 WHERE id = $1",
        &[id.into(), text.into(), now.into()],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &ContactNoteId) -> Result<()> {
    tx.execute("DELETE FROM contact_note WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// How many there are about a contact.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, contact: &ContactId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM contact_note WHERE contact_id = $1";
    Ok(tx.query_one(sql, &[contact.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// Newest first, or ascending by id.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    contact: &ContactId,
    after: Option<&ContactNoteId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<ContactNote>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("contact_id = ?", contact);
    conditions.bind("workspace_id = ?", workspace);
    if let Some(after) = after {
        conditions.bind(if ascending { "id > ?" } else { "id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM contact_note WHERE {} ORDER BY id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}
