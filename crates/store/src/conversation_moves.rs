//! Messages that go from one conversation to another, and conversations that end in another. Owns where a former id leads; never
//! decides what belongs together.

use model::message::{Direction, Recipient};
use model::{ChannelId, ConversationId, MessageId, Timestamp, WorkspaceId};

use crate::conversations::{self, ConversationRow};
use crate::db::{Row, Tx, Value};
use crate::error::{Result, StoreError};
use crate::mentions;

const TABLE: &str = "message";

/// What of a message says where it belongs and what its conversation shows.
#[derive(Debug, Clone)]
pub struct MovableMessage {
    pub seq: i64,
    pub id: MessageId,
    pub direction: Direction,
    pub private: bool,
    pub from_address: String,
    pub recipients: Vec<Recipient>,
    pub subject: String,
    pub preview: String,
    pub created_at: Timestamp,
    /// Message-IDs that it names.
    pub names: Vec<String>,
}

fn from_row(row: &Row<'_>) -> Result<MovableMessage> {
    let direction = row.text(2)?;
    let mut names: Vec<String> = row.json(TABLE, 9)?;
    names.extend(row.text_or_null(10)?);
    names.extend(row.text_or_null(11)?);
    Ok(MovableMessage {
        seq: row.int(0)?,
        id: MessageId::from_stored(row.text(1)?),
        direction: Direction::parse(&direction)
            .ok_or_else(|| StoreError::corrupt(TABLE, format!("direction {direction}")))?,
        private: row.bool(3)?,
        from_address: row.text(4)?,
        recipients: row.json(TABLE, 5)?,
        subject: row.text(6)?,
        preview: row.text(7)?,
        created_at: row.time(8)?,
        names,
    })
}

/// The messages of a conversation, oldest first, at most `take`.
///
/// # Errors
/// What the database says.
pub fn messages(tx: &mut Tx<'_>, conversation: &ConversationId, take: usize) -> Result<Vec<MovableMessage>> {
    tx.query(
        "SELECT seq, id, direction, private, from_address, recipients, subject, preview, created_at, reference_ids, in_reply_to, rfc_message_id
         FROM message WHERE conversation_id = $1 ORDER BY seq LIMIT $2",
        &[conversation.into(), take.into()],
        from_row,
    )
}

/// The messages are of that conversation from now on; answers to them find it.
///
/// # Errors
/// What the database says.
pub fn reassign(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    messages: &[MovableMessage],
    to: &ConversationId,
) -> Result<()> {
    for message in messages {
        tx.execute("UPDATE message SET conversation_id = $2 WHERE seq = $1", &[message.seq.into(), to.into()])?;
        if message.names.is_empty() {
            continue;
        }
        let sql = format!(
            "UPDATE message_reference SET conversation_id = $3 WHERE workspace_id = $1 AND message_seq = $2 AND rfc_message_id IN ({})",
            crate::db::placeholders(4, message.names.len())
        );
        let mut values: Vec<Value<'_>> = vec![workspace.into(), message.seq.into(), to.into()];
        values.extend(message.names.iter().map(Value::from));
        tx.execute(&sql, &values)?;
    }
    Ok(())
}

/// Whoever takes part in one takes part in the other too.
///
/// # Errors
/// What the database says.
pub fn copy_participants(tx: &mut Tx<'_>, from: &ConversationId, to: &ConversationId) -> Result<()> {
    tx.execute(
        "INSERT INTO participant (conversation_id, address) SELECT $2, address FROM participant WHERE conversation_id = $1
         ON CONFLICT (conversation_id, address) DO NOTHING",
        &[from.into(), to.into()],
    )?;
    Ok(())
}

/// Ends a conversation whose messages have gone to another: its id and its reply token lead there.
///
/// # Errors
/// What the database says.
pub fn end(tx: &mut Tx<'_>, row: &ConversationRow, into: &ConversationId, at: Timestamp) -> Result<()> {
    let id = &row.public.id;
    tx.execute("UPDATE conversation_merge SET into_id = $2 WHERE into_id = $1", &[id.into(), into.into()])?;
    tx.execute(
        "INSERT INTO conversation_merge (id, workspace_id, reply_token, into_id, created_at) VALUES ($1, $2, $3, $4, $5)",
        &[id.into(), (&row.workspace_id).into(), (&row.reply_token).into(), into.into(), at.into()],
    )?;
    // Nobody loses what they were writing, unless they write in both: then the one in the conversation that stays is shown.
    tx.execute(
        "UPDATE draft SET place = $2 WHERE place = $1
         AND NOT EXISTS (SELECT 1 FROM draft AS other WHERE other.user_id = draft.user_id AND other.place = $2)",
        &[id.into(), into.into()],
    )?;
    tx.announce(crate::db::Topic::Drafts);
    mentions::follow_merge(tx, id, into)?;
    for table in ["conversation_label", "participant", "presence"] {
        tx.execute(&format!("DELETE FROM {table} WHERE conversation_id = $1"), &[id.into()])?;
    }
    conversations::remove(tx, row)
}

/// Where a conversation that is no more went to.
///
/// # Errors
/// What the database says.
pub fn merged_into(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ConversationId) -> Result<Option<ConversationId>> {
    let sql = "SELECT into_id FROM conversation_merge WHERE id = $1 AND workspace_id = $2";
    tx.query_one(sql, &[id.into(), workspace.into()], |row| row.text(0).map(ConversationId::from_stored))
}

/// The same, of a reply token.
///
/// # Errors
/// What the database says.
pub fn merged_token(tx: &mut Tx<'_>, workspace: &WorkspaceId, token: &str) -> Result<Option<ConversationId>> {
    let sql = "SELECT into_id FROM conversation_merge WHERE reply_token = $1 AND workspace_id = $2";
    tx.query_one(sql, &[token.into(), workspace.into()], |row| row.text(0).map(ConversationId::from_stored))
}

/// Whether a mail of the conversation came or went by this channel: it was there before it was moved.
///
/// # Errors
/// What the database says.
pub fn was_of_channel(tx: &mut Tx<'_>, id: &ConversationId, channel: &ChannelId) -> Result<bool> {
    let sql = "SELECT 1 FROM message WHERE conversation_id = $1 AND channel_id = $2 LIMIT 1";
    Ok(tx.query_one(sql, &[id.into(), channel.into()], |_| Ok(()))?.is_some())
}
