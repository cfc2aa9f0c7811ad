//! Contacts that were merged into another: where their ids lead, and what follows them in small steps. Never decides who is whom.

use model::{ContactId, ContactListId, ConversationId, Timestamp, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

/// Where a contact that is no more went to.
///
/// # Errors
/// What the database says.
pub fn merged_into(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ContactId) -> Result<Option<ContactId>> {
    let sql = "SELECT into_id FROM contact_merge WHERE id = $1 AND workspace_id = $2";
    tx.query_one(sql, &[id.into(), workspace.into()], |row| row.text(0).map(ContactId::from_stored))
}

/// Addresses and notes go to the other contact at once, and the former contact is no more; its conversations and mails follow.
///
/// # Errors
/// What the database says.
pub fn begin(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    from: &ContactId,
    into: &ContactId,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE contact_address SET contact_id = $3, is_primary = $4 WHERE contact_id = $1 AND workspace_id = $2",
        &[from.into(), workspace.into(), into.into(), false.into()],
    )?;
    tx.execute("UPDATE contact_note SET contact_id = $2 WHERE contact_id = $1", &[from.into(), into.into()])?;
    tx.execute("DELETE FROM contact WHERE id = $1 AND workspace_id = $2", &[from.into(), workspace.into()])?;
    // Its former ids lead straight to the one that stays.
    tx.execute("UPDATE contact_merge SET into_id = $2 WHERE into_id = $1", &[from.into(), into.into()])?;
    tx.execute(
        "INSERT INTO contact_merge (id, workspace_id, into_id, moving, created_at) VALUES ($1, $2, $3, $4, $5)",
        &[from.into(), workspace.into(), into.into(), true.into(), now.into()],
    )?;
    Ok(())
}

/// The lists of the workspace that a contact is on, in the order of their ids.
///
/// # Errors
/// What the database says.
pub fn lists_of(tx: &mut Tx<'_>, workspace: &WorkspaceId, contact: &ContactId) -> Result<Vec<ContactListId>> {
    tx.query(
        "SELECT l.id FROM contact_list l WHERE l.workspace_id = $1 AND EXISTS (
             SELECT 1 FROM contact_list_member m WHERE m.list_id = l.id AND m.contact_id = $2) ORDER BY l.id",
        &[workspace.into(), contact.into()],
        |row| row.text(0).map(ContactListId::from_stored),
    )
}

/// On a list, one contact takes the place of another who is not on it.
///
/// # Errors
/// What the database says.
pub fn replace_on_list(tx: &mut Tx<'_>, list: &ContactListId, from: &ContactId, into: &ContactId) -> Result<()> {
    tx.execute(
        "UPDATE contact_list_member SET contact_id = $3 WHERE list_id = $1 AND contact_id = $2",
        &[list.into(), from.into(), into.into()],
    )?;
    Ok(())
}

/// A merge that is not finished: workspace, from, into.
///
/// # Errors
/// What the database says.
pub fn unfinished(tx: &mut Tx<'_>) -> Result<Option<(WorkspaceId, ContactId, ContactId)>> {
    let sql = "SELECT workspace_id, id, into_id FROM contact_merge WHERE moving ORDER BY id LIMIT 1";
    tx.query_one(sql, &[], |row| {
        let (from, into) = (ContactId::from_stored(row.text(1)?), ContactId::from_stored(row.text(2)?));
        Ok((WorkspaceId::from_stored(row.text(0)?), from, into))
    })
}

/// Conversations that are still the former contact's.
///
/// # Errors
/// What the database says.
pub fn conversations_left(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    from: &ContactId,
    take: usize,
) -> Result<Vec<ConversationId>> {
    let sql = "SELECT id FROM conversation WHERE contact_id = $1 AND workspace_id = $2 ORDER BY last_activity_at, id LIMIT $3";
    tx.query(sql, &[from.into(), workspace.into(), take.into()], |row| row.text(0).map(ConversationId::from_stored))
}

/// Messages, activities and surveys that are still the former contact's go to the other, some at a time. Answers how many.
///
/// # Errors
/// What the database says.
pub fn move_some(tx: &mut Tx<'_>, from: &ContactId, into: &ContactId, take: usize) -> Result<u64> {
    let mut moved = tx.execute(
        "UPDATE message SET contact_id = $2 WHERE seq IN (SELECT seq FROM message WHERE contact_id = $1 LIMIT $3)",
        &[from.into(), into.into(), take.into()],
    )?;
    // A mail between an account and both of them is one activity.
    moved += tx.execute(
        "DELETE FROM activity WHERE id IN (
             SELECT a.id FROM activity a WHERE a.contact_id = $1 AND EXISTS (
                 SELECT 1 FROM activity b WHERE b.account_id = a.account_id AND b.mail_id = a.mail_id AND b.contact_id = $2)
             LIMIT $3)",
        &[from.into(), into.into(), take.into()],
    )?;
    moved += tx.execute(
        "UPDATE activity SET contact_id = $2 WHERE id IN (SELECT a.id FROM activity a WHERE a.contact_id = $1 AND NOT EXISTS (
             SELECT 1 FROM activity b WHERE b.account_id = a.account_id AND b.mail_id = a.mail_id AND b.contact_id = $2)
             LIMIT $3)",
        &[from.into(), into.into(), take.into()],
    )?;
    moved += tx.execute("UPDATE survey SET contact_id = $2 WHERE contact_id = $1", &[from.into(), into.into()])?;
    Ok(moved)
}

/// All of it has come along.
///
/// # Errors
/// What the database says.
pub fn finish(tx: &mut Tx<'_>, from: &ContactId) -> Result<()> {
    tx.execute("UPDATE contact_merge SET moving = $2 WHERE id = $1", &[from.into(), false.into()])?;
    Ok(())
}
