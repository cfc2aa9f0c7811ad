//! Drafts, one for each person and place. Whoever writes one says which version it is made of; the engine decides what follows.

use model::draft::{Draft, DraftContent};
use model::{ConversationId, Timestamp, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Dialect, Row, Topic, Tx, json};
use crate::error::Result;

/// The place of a message that begins a conversation.
const NEW: &str = "new";

/// What a draft is known by among a person's.
pub fn place(conversation: Option<&ConversationId>) -> &str {
    conversation.map_or(NEW, ConversationId::as_str)
}

fn from_row(row: &Row<'_>) -> Result<Draft> {
    let place = row.text(0)?;
    Ok(Draft {
        conversation_id: (place != NEW).then(|| ConversationId::from_stored(place)),
        version: row.int(1)?,
        content: row.json::<DraftContent>("draft", 2)?,
        updated_at: row.time(3)?,
    })
}

const COLUMNS: &str = "place, version, content, updated_at";

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, user: &UserId, conversation: Option<&ConversationId>) -> Result<Option<Draft>> {
    let sql = format!("SELECT {COLUMNS} FROM draft WHERE user_id = $1 AND place = $2");
    tx.query_one(&sql, &[user.into(), place(conversation).into()], from_row)
}

/// A page of a person's drafts, by the conversation they are in: no draft changes its place while somebody reads them.
///
/// # Errors
/// What the database says.
pub fn page(tx: &mut Tx<'_>, user: &UserId, after: Option<&str>, ascending: bool, take: usize) -> Result<Vec<Draft>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("user_id = ?", user);
    if let Some(after) = after {
        conditions.bind(if ascending { "place > ?" } else { "place < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM draft WHERE {} ORDER BY place {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// Where a person's drafts are, and their versions.
///
/// # Errors
/// What the database says.
pub fn versions(tx: &mut Tx<'_>, user: &UserId, take: usize) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT place, version FROM draft WHERE user_id = $1 ORDER BY place LIMIT $2";
    tx.query(sql, &[user.into(), take.into()], |row| Ok((row.text(0)?, row.int(1)?)))
}

/// Makes others who would change a person's drafts wait for this transaction. SQLite has one writer anyway.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, user: &UserId) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        tx.query_one("SELECT 1 FROM user_account WHERE id = $1 FOR UPDATE", &[user.into()], |_| Ok(()))?;
    }
    Ok(())
}

/// Keeps a draft in place of the one before.
///
/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, workspace: &WorkspaceId, user: &UserId, draft: &Draft) -> Result<()> {
    let content = json("draft", &draft.content)?;
    tx.execute(
        "INSERT INTO draft (user_id, place, workspace_id, version, content, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (user_id, place)
         DO UPDATE SET version = excluded.version, content = excluded.content, updated_at = excluded.updated_at",
        &[
            user.into(),
            place(draft.conversation_id.as_ref()).into(),
            workspace.into(),
            draft.version.into(),
            content.into(),
            draft.updated_at.into(),
        ],
    )?;
    tx.announce(Topic::Drafts);
    Ok(())
}

/// False where there was none.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, user: &UserId, conversation: Option<&ConversationId>) -> Result<bool> {
    let sql = "DELETE FROM draft WHERE user_id = $1 AND place = $2";
    let deleted = tx.execute(sql, &[user.into(), place(conversation).into()])? > 0;
    if deleted {
        tx.announce(Topic::Drafts);
    }
    Ok(deleted)
}

/// Forgets drafts that nobody came back to.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM draft WHERE updated_at < $1", &[before.into()])
}
