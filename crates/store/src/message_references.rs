//! Which mails name which: Message-IDs, and what answers what (RFC 5322 §3.6.4). Never decides where a mail belongs.

use model::message::{Direction, Recipient};
use model::{ChannelId, ConversationId, MessageId, UseCaseId, WorkspaceId};

use crate::db::{Tx, Value};
use crate::error::{Result, StoreError};
use crate::messages::MessageRow;

const TABLE: &str = "message";
/// Messages that may hold the same mail that are looked at.
const NAMESAKES_MAX: usize = 50;

/// A stored message that another one names as its ancestor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    pub rfc_message_id: String,
    pub conversation_id: ConversationId,
    pub channel_id: Option<ChannelId>,
    pub use_case_id: Option<UseCaseId>,
    pub direction: Direction,
    pub recipient_count: usize,
}

/// Messages of the workspace with one of these Message-IDs, first come first.
///
/// # Errors
/// What the database says.
pub fn ancestors(tx: &mut Tx<'_>, workspace: &WorkspaceId, rfc_message_ids: &[&str]) -> Result<Vec<Ancestor>> {
    if rfc_message_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT rfc_message_id, conversation_id, channel_id, use_case_id, direction, recipients FROM message
         WHERE workspace_id = $1 AND rfc_message_id IN ({}) ORDER BY seq LIMIT 500",
        crate::db::placeholders(2, rfc_message_ids.len())
    );
    let mut values: Vec<Value<'_>> = vec![workspace.into()];
    values.extend(rfc_message_ids.iter().map(|id| Value::from(*id)));
    tx.query(&sql, &values, |row| {
        let direction = row.text(4)?;
        Ok(Ancestor {
            rfc_message_id: row.text(0)?,
            conversation_id: ConversationId::from_stored(row.text(1)?),
            channel_id: row.text_or_null(2)?.map(ChannelId::from_stored),
            use_case_id: row.text_or_null(3)?.map(UseCaseId::from_stored),
            direction: Direction::parse(&direction)
                .ok_or_else(|| StoreError::corrupt(TABLE, format!("direction {direction}")))?,
            recipient_count: row.json::<Vec<Recipient>>(TABLE, 5)?.len(),
        })
    })
}

/// A message that may hold the same mail as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namesake {
    pub channel_id: Option<ChannelId>,
    pub blob_id: Option<i64>,
}

/// Messages of the workspace with this Message-ID; for a mail without one, those without one that are of its size (bytes).
///
/// # Errors
/// What the database says.
pub fn namesakes(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    rfc_message_id: Option<&str>,
    raw_size: u64,
) -> Result<Vec<Namesake>> {
    let (condition, value): (&str, Value<'_>) = match rfc_message_id {
        Some(id) => ("rfc_message_id = $2", id.into()),
        None => ("rfc_message_id IS NULL AND blob_id IS NOT NULL AND raw_size = $2", raw_size.into()),
    };
    let sql = format!("SELECT channel_id, blob_id FROM message WHERE workspace_id = $1 AND {condition} LIMIT $3");
    tx.query(&sql, &[workspace.into(), value, NAMESAKES_MAX.into()], |row| {
        Ok(Namesake { channel_id: row.text_or_null(0)?.map(ChannelId::from_stored), blob_id: row.int_or_null(1)? })
    })
}

/// Remembers which ancestors a message names.
///
/// # Errors
/// What the database says.
pub fn add_references(tx: &mut Tx<'_>, message: &MessageRow, seq: i64, rfc_message_ids: &[&str]) -> Result<()> {
    let rows: Vec<Vec<Value<'_>>> = rfc_message_ids
        .iter()
        .map(|reference| {
            vec![
                (&message.workspace_id).into(),
                (*reference).into(),
                seq.into(),
                (&message.conversation_id).into(),
                (&message.channel_id).into(),
                (&message.use_case_id).into(),
            ]
        })
        .collect();
    let head = "INSERT INTO message_reference (workspace_id, rfc_message_id, message_seq, conversation_id, channel_id, use_case_id)";
    tx.insert_many(head, 6, "ON CONFLICT (workspace_id, rfc_message_id, message_seq) DO NOTHING", &rows)?;
    Ok(())
}

/// A mail that names an id which another one names too, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    pub conversation_id: ConversationId,
    pub from_address: String,
    /// The id it names.
    pub follows: String,
}

/// Mails of the same channel and use case that name one of these ids too, newest first.
///
/// # Errors
/// What the database says.
pub fn followers(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: Option<&ChannelId>,
    use_case: Option<&UseCaseId>,
    rfc_message_ids: &[&str],
) -> Result<Vec<Follower>> {
    if rfc_message_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT named.conversation_id, message.from_address, named.rfc_message_id, named.channel_id, named.use_case_id
         FROM message_reference AS named JOIN message ON message.seq = named.message_seq
         WHERE named.workspace_id = $1 AND named.rfc_message_id IN ({}) ORDER BY named.message_seq DESC LIMIT 100",
        crate::db::placeholders(2, rfc_message_ids.len())
    );
    let mut values: Vec<Value<'_>> = vec![workspace.into()];
    values.extend(rfc_message_ids.iter().map(|id| Value::from(*id)));
    let found = tx.query(&sql, &values, |row| {
        let conversation_id = ConversationId::from_stored(row.text(0)?);
        let follower = Follower { conversation_id, from_address: row.text(1)?, follows: row.text(2)? };
        Ok((follower, row.text_or_null(3)?, row.text_or_null(4)?))
    })?;
    let same_scope = |its_channel: &Option<String>, its_use_case: &Option<String>| {
        its_channel.as_deref() == channel.map(ChannelId::as_str)
            && its_use_case.as_deref() == use_case.map(UseCaseId::as_str)
    };
    let in_scope = found.into_iter().filter(|(_, its_channel, its_use_case)| same_scope(its_channel, its_use_case));
    Ok(in_scope.map(|(follower, ..)| follower).collect())
}

/// The Message-IDs of a conversation, oldest first: the chain as we know it, whatever clients dropped.
///
/// # Errors
/// What the database says.
pub fn rfc_ids(tx: &mut Tx<'_>, conversation: &ConversationId, take: usize) -> Result<Vec<String>> {
    let mut ids = tx.query(
        "SELECT rfc_message_id FROM message WHERE conversation_id = $1 AND rfc_message_id IS NOT NULL ORDER BY seq DESC LIMIT $2",
        &[conversation.into(), take.into()],
        |row| row.text(0),
    )?;
    ids.reverse();
    Ok(ids)
}

/// Messages of the workspace that were sent from here under this Message-ID, the first first.
///
/// # Errors
/// What the database says.
pub fn sent_as(tx: &mut Tx<'_>, workspace: &WorkspaceId, rfc_message_id: &str) -> Result<Vec<MessageId>> {
    let sql = "SELECT id FROM message WHERE workspace_id = $1 AND rfc_message_id = $2 AND direction = 'outbound' ORDER BY seq LIMIT 10";
    tx.query(sql, &[workspace.into(), rfc_message_id.into()], |row| Ok(MessageId::from_stored(row.text(0)?)))
}
