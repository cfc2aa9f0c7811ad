//! What has to be known of each conversation to measure it. Written by one who follows the events (`engine::timing`), in turns: a write
//! holds only if nobody wrote since it was read.

use std::collections::HashMap;

use model::conversation::{ConversationPriority, ConversationStatus};
use model::message::{Direction, MessageStatus, Recipient};
use model::{ChannelId, ConversationId, MessageId, SlaPolicyId, TeamId, Timestamp, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Tx, Value};
use crate::error::{Result, StoreError};
use crate::messages::MessageFlags;
use crate::progress;

const TABLE: &str = "conversation_timing";
const COLUMNS: &str = "conversation_id, workspace_id, channel_id, team_id, assignee_id, status, opened_at, asked_at, first_response_at, \
     waiting_since, is_old, sla_policy_id, timers, next_at, priority";
const COLUMNS_COUNT: usize = 15;
/// The cursor that every write moves.
const TURN: &str = "timing_turn";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimingRow {
    pub conversation_id: ConversationId,
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<UserId>,
    pub status: ConversationStatus,
    pub priority: ConversationPriority,
    /// Since when it is open; `None` where that was before it was followed.
    pub opened_at: Option<Timestamp>,
    /// The customer's first mail.
    pub asked_at: Option<Timestamp>,
    pub first_response_at: Option<Timestamp>,
    /// The customer's oldest mail without an answer.
    pub waiting_since: Option<Timestamp>,
    /// It was there before it was followed: nothing of its beginning is measured.
    pub is_old: bool,
    pub sla_policy_id: Option<SlaPolicyId>,
    /// Its timers, as the engine writes them (JSON).
    pub timers: Option<String>,
    /// When a timer is to be looked at.
    pub next_at: Option<Timestamp>,
}

fn from_row(row: &Row<'_>) -> Result<TimingRow> {
    let (status, priority) = (row.text(5)?, row.text(14)?);
    Ok(TimingRow {
        conversation_id: ConversationId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        channel_id: row.text_or_null(2)?.map(ChannelId::from_stored),
        team_id: row.text_or_null(3)?.map(TeamId::from_stored),
        assignee_id: row.text_or_null(4)?.map(UserId::from_stored),
        status: ConversationStatus::parse(&status)
            .ok_or_else(|| StoreError::corrupt(TABLE, format!("status {status}")))?,
        priority: ConversationPriority::parse(&priority)
            .ok_or_else(|| StoreError::corrupt(TABLE, format!("priority {priority}")))?,
        opened_at: row.time_or_null(6)?,
        asked_at: row.time_or_null(7)?,
        first_response_at: row.time_or_null(8)?,
        waiting_since: row.time_or_null(9)?,
        is_old: row.bool(10)?,
        sla_policy_id: row.text_or_null(11)?.map(SlaPolicyId::from_stored),
        timers: row.text_or_null(12)?,
        next_at: row.time_or_null(13)?,
    })
}

/// Whose turn it is: a number that every write moves.
///
/// # Errors
/// What the database says.
pub fn turn(tx: &mut Tx<'_>) -> Result<i64> {
    progress::get(tx, TURN)
}

/// Takes the turn that was read. False where somebody else wrote since: nothing may be written then.
///
/// # Errors
/// What the database says.
pub fn take_turn(tx: &mut Tx<'_>, read: i64) -> Result<bool> {
    progress::advance(tx, TURN, read, read + 1)
}

/// # Errors
/// What the database says.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[ConversationId]) -> Result<HashMap<ConversationId, TimingRow>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("conversation_id IN (?)", ids.iter().map(Value::from));
    let sql = format!("SELECT {COLUMNS} FROM conversation_timing WHERE {}", conditions.text());
    let rows = tx.query(&sql, conditions.values(), from_row)?;
    Ok(rows.into_iter().map(|row| (row.conversation_id.clone(), row)).collect())
}

/// Those with a timer that is to be looked at by then, the earliest first.
///
/// # Errors
/// What the database says.
pub fn due(tx: &mut Tx<'_>, by: Timestamp, take: usize) -> Result<Vec<TimingRow>> {
    let sql = format!("SELECT {COLUMNS} FROM conversation_timing WHERE next_at <= $1 ORDER BY next_at LIMIT $2");
    tx.query(&sql, &[by.into(), take.into()], from_row)
}

/// When the next one is due.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let sql = "SELECT MIN(next_at) FROM conversation_timing WHERE next_at IS NOT NULL";
    Ok(tx.query_one(sql, &[], |row| row.time_or_null(0))?.flatten())
}

/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, rows: &[TimingRow]) -> Result<()> {
    let values: Vec<Vec<Value<'_>>> = rows
        .iter()
        .map(|row| {
            vec![
                (&row.conversation_id).into(),
                (&row.workspace_id).into(),
                (&row.channel_id).into(),
                (&row.team_id).into(),
                (&row.assignee_id).into(),
                row.status.as_str().into(),
                row.opened_at.into(),
                row.asked_at.into(),
                row.first_response_at.into(),
                row.waiting_since.into(),
                row.is_old.into(),
                (&row.sla_policy_id).into(),
                (&row.timers).into(),
                row.next_at.into(),
                row.priority.as_str().into(),
            ]
        })
        .collect();
    let changing: Vec<String> =
        COLUMNS.split(", ").skip(2).map(|column| format!("{0} = excluded.{0}", column.trim())).collect();
    let tail = format!("ON CONFLICT (conversation_id) DO UPDATE SET {}", changing.join(", "));
    let head = format!("INSERT INTO conversation_timing ({COLUMNS})");
    tx.insert_many(&head, COLUMNS_COUNT, &tail, &values)?;
    Ok(())
}

/// Of conversations that are no more.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, ids: &[ConversationId]) -> Result<()> {
    for id in ids {
        tx.execute("DELETE FROM conversation_timing WHERE conversation_id = $1", &[id.into()])?;
    }
    Ok(())
}

/// What of a message says whether somebody waits or was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedMessage {
    pub conversation_id: ConversationId,
    pub direction: Direction,
    pub kind: String,
    pub auto_reply: bool,
    /// It went to somebody who took no part in the conversation.
    pub aside: bool,
    pub author_id: Option<UserId>,
}

/// # Errors
/// What the database says.
pub fn messages(tx: &mut Tx<'_>, ids: &[MessageId]) -> Result<HashMap<MessageId, TimedMessage>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("id IN (?)", ids.iter().map(Value::from));
    let sql = format!(
        "SELECT id, conversation_id, direction, kind, flags, author_id FROM message WHERE {}",
        conditions.text()
    );
    let rows = tx.query(&sql, conditions.values(), |row| {
        let flags = MessageFlags::from_bits(row.int(4)?);
        let message = TimedMessage {
            conversation_id: ConversationId::from_stored(row.text(1)?),
            direction: direction(row.text(2)?)?,
            kind: row.text(3)?,
            auto_reply: flags.auto_reply,
            aside: flags.aside,
            author_id: row.text_or_null(5)?.map(UserId::from_stored),
        };
        Ok((MessageId::from_stored(row.text(0)?), message))
    })?;
    Ok(rows.into_iter().collect())
}

fn direction(name: String) -> Result<Direction> {
    Direction::parse(&name).ok_or_else(|| StoreError::corrupt("message", format!("direction {name}")))
}

/// A mail that a conversation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastMail {
    pub direction: Direction,
    /// When it came, or was sent.
    pub at: Timestamp,
}

/// The mails of people that a conversation has, the oldest first: what came, and what has left to whoever takes part; of all, the newest
/// `take`.
///
/// # Errors
/// What the database says.
pub fn past_mails(tx: &mut Tx<'_>, conversation: &ConversationId, take: usize) -> Result<Vec<PastMail>> {
    let others = MessageFlags { auto_reply: true, aside: true, ..MessageFlags::default() }.to_bits();
    let sql = "SELECT direction, created_at, sent_at, CASE WHEN direction = 'inbound' THEN '[]' ELSE recipients END FROM message
         WHERE conversation_id = $1 AND kind = 'message' AND NOT private AND (flags & $2) = 0 ORDER BY seq DESC LIMIT $3";
    let mails = tx.query(sql, &[conversation.into(), others.into(), take.into()], |row| {
        let direction = direction(row.text(0)?)?;
        let (at, left) = match direction {
            Direction::Inbound => (row.time(1)?, true),
            Direction::Outbound => (row.time(2)?, row.json::<Vec<Recipient>>("message", 3)?.iter().any(has_left)),
        };
        Ok(left.then_some(PastMail { direction, at }))
    })?;
    let mut mails: Vec<PastMail> = mails.into_iter().rev().flatten().collect();
    mails.sort_by_key(|mail| mail.at);
    Ok(mails)
}

fn has_left(recipient: &Recipient) -> bool {
    use MessageStatus::{Complained, Delivered, Sent};
    matches!(recipient.status, Some(Sent | Delivered | Complained))
}
