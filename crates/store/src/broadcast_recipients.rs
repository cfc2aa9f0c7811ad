//! Which message is of which broadcast, what is counted of it, and whether its delivery may still be tried.

use model::message::MessageStatus;
use model::{BroadcastId, MessageId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Dialect, Tx, Value};
use crate::error::{Result, StoreError};

/// A message of a broadcast and the member it is for; a second one for the same member is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, broadcast: &BroadcastId, made: &[(i64, MessageId)]) -> Result<()> {
    let rows: Vec<Vec<Value<'_>>> = made
        .iter()
        .map(|(seq, message)| vec![message.into(), broadcast.into(), (*seq).into(), 0_i64.into(), true.into()])
        .collect();
    let head = "INSERT INTO broadcast_recipient (message_id, broadcast_id, member_seq, marks, is_open)";
    tx.insert_many(head, 5, "", &rows)?;
    Ok(())
}

/// What happened to a message of a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    pub position: i64,
    pub event_type: model::event::EventType,
    pub message_id: MessageId,
    pub broadcast_id: BroadcastId,
}

/// What happened to messages of broadcasts behind `after` up to `until`, oldest first. What a machine opened or clicked is left out.
///
/// # Errors
/// What the database says.
pub fn happenings(tx: &mut Tx<'_>, after: i64, until: i64) -> Result<Vec<Happening>> {
    let types: Vec<String> = crate::analytics::METRICS.iter().map(|metric| format!("'{}'", metric.as_str())).collect();
    let sql = format!(
        "SELECT e.position, e.type, e.subject_id, r.broadcast_id FROM event e JOIN broadcast_recipient r ON r.message_id = e.subject_id
         WHERE e.position > $1 AND e.position <= $2 AND e.channel_id IS NULL AND e.type IN ({})
             AND NOT (e.type IN ('email.opened', 'email.clicked') AND e.data LIKE '%\"machine\":true%')
         ORDER BY e.position",
        types.join(", ")
    );
    tx.query(&sql, &[after.into(), until.into()], |row| {
        let name = row.text(1)?;
        let event_type = model::event::EventType::parse(&name);
        Ok(Happening {
            position: row.int(0)?,
            event_type: event_type.ok_or_else(|| StoreError::corrupt("event", format!("type {name}")))?,
            message_id: MessageId::from_stored(row.text(2)?),
            broadcast_id: BroadcastId::from_stored(row.text(3)?),
        })
    })
}

/// What is counted of these messages. Others who would change it wait for this transaction.
///
/// # Errors
/// What the database says.
pub fn lock_marks(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<Vec<(MessageId, i64)>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let lock = if tx.dialect() == Dialect::Postgres { "ORDER BY message_id FOR UPDATE" } else { "" };
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("message_id IN (?)", messages.iter().map(Value::from));
    let sql = format!("SELECT message_id, marks FROM broadcast_recipient WHERE {} {lock}", conditions.text());
    tx.query(&sql, conditions.values(), |row| Ok((MessageId::from_stored(row.text(0)?), row.int(1)?)))
}

/// # Errors
/// What the database says.
pub fn set_marks(tx: &mut Tx<'_>, messages: &[MessageId], marks: i64, is_open: bool) -> Result<()> {
    let mut conditions = Conditions::after(vec![marks.into(), is_open.into()]);
    conditions.bind_list("message_id IN (?)", messages.iter().map(Value::from));
    let sql = format!("UPDATE broadcast_recipient SET marks = $1, is_open = $2 WHERE {}", conditions.text());
    tx.execute(&sql, conditions.values())?;
    Ok(())
}

/// The broadcast a message is of.
///
/// # Errors
/// What the database says.
pub fn broadcast_of(tx: &mut Tx<'_>, message: &MessageId) -> Result<Option<BroadcastId>> {
    let sql = "SELECT broadcast_id FROM broadcast_recipient WHERE message_id = $1";
    tx.query_one(sql, &[message.into()], |row| row.text(0).map(BroadcastId::from_stored))
}

/// Whether a message is of a broadcast that is paused or cancelled.
///
/// # Errors
/// What the database says.
pub fn is_stopped(tx: &mut Tx<'_>, message: &MessageId) -> Result<bool> {
    let sql = "SELECT b.id FROM broadcast_recipient r JOIN broadcast b ON b.id = r.broadcast_id
               WHERE r.message_id = $1 AND b.status IN ('paused', 'cancelled')";
    Ok(tx.query_one(sql, &[message.into()], |row| row.text(0))?.is_some())
}

/// Puts the claimed deliveries of a message aside: they are not due until their broadcast is resumed. False where it is not stopped
/// (any more), and nothing was done. A cancelled broadcast is looked after again.
///
/// # Errors
/// What the database says.
pub fn put_aside(tx: &mut Tx<'_>, message: &MessageId, lease: &str, now: Timestamp) -> Result<bool> {
    // The broadcast is locked as by whoever resumes it: what is put aside before is found there, and nothing is afterwards.
    let lock = if tx.dialect() == Dialect::Postgres { "FOR SHARE OF b" } else { "" };
    let sql = format!(
        "SELECT b.id FROM broadcast_recipient r JOIN broadcast b ON b.id = r.broadcast_id
         WHERE r.message_id = $1 AND b.status IN ('paused', 'cancelled') {lock}"
    );
    let Some(broadcast) = tx.query_one(&sql, &[message.into()], |row| row.text(0))? else { return Ok(false) };
    tx.execute(
        "UPDATE delivery SET due_at = NULL, lease = NULL, status = CASE WHEN attempts > 0 THEN 'deferred' ELSE 'queued' END, updated_at = $3
         WHERE message_id = $1 AND lease = $2",
        &[message.into(), lease.into(), now.into()],
    )?;
    tx.execute("UPDATE broadcast_recipient SET is_open = $2 WHERE message_id = $1", &[message.into(), true.into()])?;
    let again = "UPDATE broadcast SET due_at = $2 WHERE id = $1 AND status = 'cancelled' AND due_at IS NULL";
    tx.execute(again, &[(&broadcast).into(), now.into()])?;
    Ok(true)
}

/// Makes what was put aside due again.
///
/// # Errors
/// What the database says.
pub fn take_up_again(tx: &mut Tx<'_>, broadcast: &BroadcastId, now: Timestamp) -> Result<u64> {
    let taken_up = tx.execute(
        "UPDATE delivery SET due_at = $2, updated_at = $2 WHERE due_at IS NULL AND status IN ('queued', 'deferred') AND message_id IN (
             SELECT message_id FROM broadcast_recipient WHERE broadcast_id = $1 AND is_open)",
        &[broadcast.into(), now.into()],
    )?;
    tx.announce(crate::Topic::Deliveries);
    Ok(taken_up)
}

/// Messages of a broadcast whose deliveries may still be tried.
///
/// # Errors
/// What the database says.
pub fn open(tx: &mut Tx<'_>, broadcast: &BroadcastId, take: usize) -> Result<Vec<MessageId>> {
    let sql =
        "SELECT message_id FROM broadcast_recipient WHERE broadcast_id = $1 AND is_open ORDER BY member_seq LIMIT $2";
    tx.query(sql, &[broadcast.into(), take.into()], |row| row.text(0).map(MessageId::from_stored))
}

/// Cancels the deliveries of a message that nobody has under way. False where somebody has one.
///
/// # Errors
/// What the database says.
pub fn cancel_delivery(tx: &mut Tx<'_>, workspace: &WorkspaceId, message: &MessageId, now: Timestamp) -> Result<bool> {
    tx.execute(
        "UPDATE delivery SET due_at = NULL, status = $3, updated_at = $4
         WHERE message_id = $1 AND workspace_id = $2 AND lease IS NULL AND status IN ('queued', 'deferred')",
        &[message.into(), workspace.into(), MessageStatus::Cancelled.as_str().into(), now.into()],
    )?;
    let sql = "SELECT id FROM delivery WHERE message_id = $1 AND workspace_id = $2 AND lease IS NOT NULL LIMIT 1";
    if tx.query_one(sql, &[message.into(), workspace.into()], |row| row.text(0))?.is_some() {
        return Ok(false);
    }
    tx.execute("UPDATE broadcast_recipient SET is_open = $2 WHERE message_id = $1", &[message.into(), false.into()])?;
    Ok(true)
}
