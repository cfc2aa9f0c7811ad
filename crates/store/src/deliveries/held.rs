//! Deliveries that wait for a limit's next opening. Owns how they are put aside and let go; which limit that is, is the engine's to say.

use model::{DeliveryId, MessageId, Timestamp};

use crate::conditions::Conditions;
use crate::db::{Topic, Tx};
use crate::error::Result;

/// Puts claimed deliveries aside until `until`: nobody is given them before. Those whose lease was lost are somebody else's.
///
/// # Errors
/// What the database says.
pub fn hold(
    tx: &mut Tx<'_>,
    ids: &[DeliveryId],
    lease: &str,
    (until, now): (Timestamp, Timestamp),
    by: &str,
    why: &str,
) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let mut conditions = Conditions::after(vec![lease.into(), until.into(), by.into(), why.into(), now.into()]);
    conditions.bind_list("id IN (?)", ids.iter().map(Into::into));
    let sql = format!(
        "UPDATE delivery SET due_at = $2, lease = NULL, status = CASE WHEN attempts = 0 THEN 'queued' ELSE 'deferred' END,
             held_by = $3, held_for = $4, updated_at = $5 WHERE lease = $1 AND {}",
        conditions.text()
    );
    tx.execute(&sql, conditions.values())
}

/// How many wait for openings at `from` or later; counted up to `max`.
///
/// # Errors
/// What the database says.
pub fn waiting(tx: &mut Tx<'_>, by: &str, from: Timestamp, max: usize) -> Result<u64> {
    let sql =
        "SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE held_by = $1 AND due_at >= $2 LIMIT $3) AS those_that_wait";
    let found = tx.query_one(sql, &[by.into(), from.into(), max.into()], |row| row.int(0))?;
    Ok(found.unwrap_or(0).unsigned_abs())
}

/// Makes due at once what waits for any of these limits: they changed.
///
/// # Errors
/// What the database says.
pub fn let_go(tx: &mut Tx<'_>, by: &[String], now: Timestamp) -> Result<u64> {
    if by.is_empty() {
        return Ok(0);
    }
    let mut conditions = Conditions::after(vec![now.into()]);
    conditions.bind_list("held_by IN (?)", by.iter().map(Into::into));
    let sql = format!("UPDATE delivery SET due_at = $1, held_by = NULL, held_for = NULL WHERE {}", conditions.text());
    let found = tx.execute(&sql, conditions.values())?;
    tx.announce(Topic::Deliveries);
    Ok(found)
}

/// Those of some messages whose status says still that they are scheduled.
///
/// # Errors
/// What the database says.
pub fn scheduled(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<Vec<MessageId>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("id IN (?)", messages.iter().map(Into::into));
    let sql = format!("SELECT id FROM message WHERE status = 'scheduled' AND {}", conditions.text());
    tx.query(&sql, conditions.values(), |row| Ok(MessageId::from_stored(row.text(0)?)))
}
