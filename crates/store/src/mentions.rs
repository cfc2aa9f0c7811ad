//! Whom notes mention: by note, and by conversation in the order of the conversations' lists.

use std::collections::HashMap;

use model::conversation::Conversation;
use model::{ConversationId, MessageId, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Tx, Value};
use crate::error::Result;

/// A note of `conversation` mentions these people; those in `unseen` have not seen it.
///
/// # Errors
/// What the database says.
pub fn add(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    conversation: &Conversation,
    note: &MessageId,
    users: &[UserId],
    unseen: impl Fn(&UserId) -> bool,
) -> Result<()> {
    for user in users {
        tx.execute("INSERT INTO message_mention (message_id, user_id) VALUES ($1, $2)", &[note.into(), user.into()])?;
        let unseen = unseen(user);
        tx.execute(
            "INSERT INTO conversation_mention (conversation_id, user_id, workspace_id, status, last_activity_at, unseen)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (conversation_id, user_id) DO UPDATE SET unseen = (conversation_mention.unseen OR excluded.unseen)",
            &[
                (&conversation.id).into(),
                user.into(),
                workspace.into(),
                conversation.status.as_str().into(),
                conversation.last_activity_at.into(),
                unseen.into(),
            ],
        )?;
    }
    Ok(())
}

/// Keeps the lists' order: the conversation has another status or was active again.
///
/// # Errors
/// What the database says.
pub(crate) fn follow(tx: &mut Tx<'_>, conversation: &Conversation) -> Result<()> {
    tx.execute(
        "UPDATE conversation_mention SET status = $2, last_activity_at = $3 WHERE conversation_id = $1",
        &[(&conversation.id).into(), conversation.status.as_str().into(), conversation.last_activity_at.into()],
    )?;
    Ok(())
}

/// Who was mentioned in a conversation that was merged is mentioned in the one that stays, in its place of their list.
///
/// # Errors
/// What the database says.
pub(crate) fn follow_merge(tx: &mut Tx<'_>, from: &ConversationId, into: &ConversationId) -> Result<()> {
    tx.execute(
        "INSERT INTO conversation_mention (conversation_id, user_id, workspace_id, status, last_activity_at, unseen)
         SELECT c.id, m.user_id, m.workspace_id, c.status, c.last_activity_at, m.unseen
         FROM conversation_mention m JOIN conversation c ON c.id = $2 WHERE m.conversation_id = $1
         ON CONFLICT (conversation_id, user_id) DO UPDATE SET unseen = (conversation_mention.unseen OR excluded.unseen)",
        &[from.into(), into.into()],
    )?;
    tx.execute("DELETE FROM conversation_mention WHERE conversation_id = $1", &[from.into()])?;
    Ok(())
}

/// Notes went from one conversation to another: whom they mention is mentioned there, and no more where no note of theirs is left.
///
/// # Errors
/// What the database says.
pub fn follow_split(tx: &mut Tx<'_>, from: &ConversationId, into: &ConversationId) -> Result<()> {
    let notes_of = |conversation: &str| {
        format!(
            "EXISTS (SELECT 1 FROM message n JOIN message_mention named ON named.message_id = n.id
             WHERE n.conversation_id = {conversation} AND named.user_id = m.user_id)"
        )
    };
    let (here, there) = (notes_of("$1"), notes_of("$2"));
    tx.execute(
        &format!(
            "INSERT INTO conversation_mention (conversation_id, user_id, workspace_id, status, last_activity_at, unseen)
             SELECT c.id, m.user_id, m.workspace_id, c.status, c.last_activity_at, m.unseen
             FROM conversation_mention m JOIN conversation c ON c.id = $2 WHERE m.conversation_id = $1 AND {there}
             ON CONFLICT (conversation_id, user_id) DO NOTHING"
        ),
        &[from.into(), into.into()],
    )?;
    tx.execute(
        &format!("DELETE FROM conversation_mention AS m WHERE m.conversation_id = $1 AND {there} AND NOT {here}"),
        &[from.into(), into.into()],
    )?;
    Ok(())
}

/// Whom each of these notes mentions.
///
/// # Errors
/// What the database says.
pub fn of_messages(tx: &mut Tx<'_>, ids: &[MessageId]) -> Result<HashMap<MessageId, Vec<UserId>>> {
    let mut found: HashMap<MessageId, Vec<UserId>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("message_id IN (?)", ids.iter().map(Value::from));
    let sql = format!(
        "SELECT message_id, user_id FROM message_mention WHERE {} ORDER BY message_id, user_id",
        conditions.text()
    );
    for (note, user) in tx.query(&sql, conditions.values(), |row| Ok((row.text(0)?, row.text(1)?)))? {
        found.entry(MessageId::from_stored(note)).or_default().push(UserId::from_stored(user));
    }
    Ok(found)
}

/// In how many conversations somebody is mentioned and has not looked yet.
///
/// # Errors
/// What the database says.
pub fn unseen(tx: &mut Tx<'_>, workspace: &WorkspaceId, user: &UserId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM conversation_mention WHERE workspace_id = $1 AND user_id = $2 AND unseen";
    Ok(tx.query_one(sql, &[workspace.into(), user.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// Somebody looked at the conversation. Whether there was something to see.
///
/// # Errors
/// What the database says.
pub fn seen(tx: &mut Tx<'_>, conversation: &ConversationId, user: &UserId) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE conversation_mention SET unseen = FALSE WHERE conversation_id = $1 AND user_id = $2 AND unseen",
        &[conversation.into(), user.into()],
    )?;
    Ok(changed > 0)
}

/// Nobody looks any more. The notes keep whom they mention.
///
/// # Errors
/// What the database says.
pub(crate) fn forget_user(tx: &mut Tx<'_>, user: &UserId) -> Result<()> {
    tx.execute("DELETE FROM conversation_mention WHERE user_id = $1", &[user.into()])?;
    Ok(())
}
