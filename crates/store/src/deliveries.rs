//! Deliveries: one recipient of one outbound message, claimed with a lease, never held open during SMTP.

pub mod held;

use model::message::{Delivery, DeliveryAttempt, MessageStatus};
use model::{ChannelId, DeliveryId, MessageId, Timestamp, WorkspaceId};

use crate::db::{Dialect, Row, Topic, Tx, Value, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "delivery";

#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRow {
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
    /// What the mails share that one slow host would hold up: a channel's smarthost, or a domain.
    pub destination: String,
    pub first_attempt_at: Option<Timestamp>,
    pub public: Delivery,
}

const COLUMNS: &str = "id, workspace_id, message_id, channel_id, recipient, status, transport, destination, due_at, log, first_attempt_at, created_at, updated_at, held_for";

fn from_row(row: &Row<'_>) -> Result<DeliveryRow> {
    let status = row.text(5)?;
    Ok(DeliveryRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        channel_id: row.text_or_null(3)?.map(ChannelId::from_stored),
        destination: row.text(7)?,
        first_attempt_at: row.time_or_null(10)?,
        public: Delivery {
            id: DeliveryId::from_stored(row.text(0)?),
            message_id: MessageId::from_stored(row.text(2)?),
            recipient: row.text(4)?,
            status: MessageStatus::parse(&status)
                .ok_or_else(|| StoreError::corrupt(TABLE, format!("status {status}")))?,
            transport: row.text(6)?,
            attempts: row.json::<Vec<DeliveryAttempt>>(TABLE, 9)?,
            next_attempt_at: row.time_or_null(8)?,
            waits_for: row.text_or_null(13)?,
            created_at: row.time(11)?,
            updated_at: row.time(12)?,
        },
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, delivery: &DeliveryRow) -> Result<()> {
    let public = &delivery.public;
    let log = json(TABLE, &public.attempts)?;
    tx.execute(
        "INSERT INTO delivery (id, workspace_id, message_id, channel_id, recipient, status, transport, destination, due_at, attempts, log, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        &[
            (&public.id).into(),
            (&delivery.workspace_id).into(),
            (&public.message_id).into(),
            (&delivery.channel_id).into(),
            (&public.recipient).into(),
            public.status.as_str().into(),
            (&public.transport).into(),
            (&delivery.destination).into(),
            public.next_attempt_at.into(),
            public.attempts.len().into(),
            log.into(),
            public.created_at.into(),
        ],
    )?;
    tx.announce(Topic::Deliveries);
    Ok(())
}

/// # Errors
/// What the database says.
pub fn of_message(tx: &mut Tx<'_>, workspace: &WorkspaceId, message: &MessageId) -> Result<Vec<DeliveryRow>> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE message_id = $1 AND workspace_id = $2 ORDER BY id");
    tx.query(&sql, &[message.into(), workspace.into()], from_row)
}

/// The message of a delivery of whatever workspace, for what comes back to the delivery's return path.
///
/// # Errors
/// What the database says.
pub fn message_of_any_workspace(tx: &mut Tx<'_>, id: &DeliveryId) -> Result<Option<MessageId>> {
    let sql = "SELECT message_id FROM delivery WHERE id = $1";
    tx.query_one(sql, &[id.into()], |row| Ok(MessageId::from_stored(row.text(0)?)))
}

/// Whose deliveries are claimed next.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    pub now: Timestamp,
    /// Nobody else gets what is claimed before.
    pub lease_until: Timestamp,
    pub lease: String,
    /// Destinations that are left alone.
    pub busy: Vec<String>,
    pub take: usize,
    /// The destination behind which those that others stand in front of are looked for.
    pub after: String,
}

/// Due deliveries that are looked at before destinations are gone through.
const HEADS: usize = 400;
/// Destinations gone through in one claim.
const DESTINATIONS_MAX: usize = 200;

/// Claims deliveries that are due, and says behind which destination to look the next time. However many wait for busy destinations,
/// they cost the others nothing.
///
/// # Errors
/// What the database says.
pub fn claim(tx: &mut Tx<'_>, claim: &Claim) -> Result<(Vec<DeliveryRow>, String)> {
    if claim.busy.is_empty() {
        let due = "SELECT id FROM delivery WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT $4";
        return Ok((take(tx, claim, due, "", claim.take, Vec::new())?, String::new()));
    }
    let skip_locked = skip_locked(tx);
    let due = format!(
        "SELECT id FROM (SELECT id, destination FROM delivery WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT {HEADS} {skip_locked})
             AS heads WHERE destination NOT IN ({}) LIMIT $4",
        crate::db::placeholders(5, claim.busy.len())
    );
    let busy = claim.busy.iter().map(Into::into).collect();
    let mut claimed = take(tx, claim, &due, skip_locked, claim.take, busy)?;
    let mut after = claim.after.clone();
    for _ in 0..DESTINATIONS_MAX {
        if claimed.len() >= claim.take {
            break;
        }
        let sql = "SELECT MIN(destination) FROM delivery WHERE due_at IS NOT NULL AND destination > $1";
        let next = tx.query_one(sql, &[(&after).into()], |row| row.text_or_null(0))?.flatten();
        let Some(next) = next else { return Ok((claimed, String::new())) };
        if !claim.busy.contains(&next) {
            let due = "SELECT id FROM delivery WHERE destination = $5 AND due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT $4";
            let more = take(tx, claim, due, "", claim.take - claimed.len(), vec![(&next).into()])?;
            claimed.extend(more);
        }
        after = next;
    }
    Ok((claimed, after))
}

/// `due` selects ids; `locked`: it locks their rows itself.
fn take(
    tx: &mut Tx<'_>,
    claim: &Claim,
    due: &str,
    locked: &str,
    limit: usize,
    more: Vec<Value<'_>>,
) -> Result<Vec<DeliveryRow>> {
    let skip_locked = if locked.is_empty() { skip_locked(tx) } else { "" };
    let sql = format!(
        "UPDATE delivery SET due_at = $2, lease = $3, status = 'sending', held_by = NULL, held_for = NULL, updated_at = $1 WHERE id IN ({due} {skip_locked}) RETURNING {COLUMNS}"
    );
    let mut values = vec![claim.now.into(), claim.lease_until.into(), (&claim.lease).into(), limit.into()];
    values.extend(more);
    tx.query(&sql, &values, from_row)
}

fn skip_locked(tx: &Tx<'_>) -> &'static str {
    if tx.dialect() == Dialect::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" }
}

/// Gives claimed deliveries back, due at once. Those whose lease was lost are somebody else's.
///
/// # Errors
/// What the database says.
pub fn release(tx: &mut Tx<'_>, ids: &[DeliveryId], lease: &str, now: Timestamp) -> Result<u64> {
    let sql = format!(
        "UPDATE delivery SET due_at = $1, lease = NULL, status = 'queued', updated_at = $1 WHERE lease = $2 AND id IN ({})",
        crate::db::placeholders(3, ids.len())
    );
    let mut values = vec![now.into(), lease.into()];
    values.extend(ids.iter().map(Into::into));
    tx.execute(&sql, &values)
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptOutcome {
    pub status: MessageStatus,
    pub attempt: DeliveryAttempt,
    /// When to try again; `None` when it is over.
    pub next_attempt_at: Option<Timestamp>,
}

/// Records an attempt. False when the lease was lost: somebody else answers for the delivery now.
///
/// # Errors
/// What the database says.
pub fn record(tx: &mut Tx<'_>, delivery: &DeliveryRow, lease: &str, outcome: &AttemptOutcome) -> Result<bool> {
    let mut log = delivery.public.attempts.clone();
    log.push(outcome.attempt.clone());
    let log = json(TABLE, &log)?;
    let changed = tx.execute(
        "UPDATE delivery SET status = $3, due_at = $4, lease = NULL, attempts = attempts + 1, log = $5,
             first_attempt_at = COALESCE(first_attempt_at, $6), updated_at = $6 WHERE id = $1 AND lease = $2",
        &[
            (&delivery.public.id).into(),
            lease.into(),
            outcome.status.as_str().into(),
            outcome.next_attempt_at.into(),
            log.into(),
            outcome.attempt.at.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// Writes down what came back about a delivery. It is over: whoever has it under way finds their lease lost.
///
/// # Errors
/// What the database says.
pub fn note_report(
    tx: &mut Tx<'_>,
    delivery: &DeliveryRow,
    status: MessageStatus,
    attempt: &DeliveryAttempt,
) -> Result<()> {
    let mut log = delivery.public.attempts.clone();
    log.push(attempt.clone());
    let log = json(TABLE, &log)?;
    tx.execute(
        "UPDATE delivery SET status = $2, due_at = NULL, lease = NULL, held_by = NULL, held_for = NULL, log = $3, updated_at = $4 WHERE id = $1",
        &[(&delivery.public.id).into(), status.as_str().into(), log.into(), attempt.at.into()],
    )?;
    Ok(())
}

/// Makes deliveries due at once (retry) or never (cancel). Answers how many were in one of the states `from`.
///
/// # Errors
/// What the database says.
pub fn move_all(
    tx: &mut Tx<'_>,
    message: &MessageId,
    from: &[MessageStatus],
    to: MessageStatus,
    due_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<u64> {
    let sql = format!(
        "UPDATE delivery SET status = $2, due_at = $3, lease = NULL, held_by = NULL, held_for = NULL, first_attempt_at = NULL, updated_at = $4 WHERE message_id = $1 AND status IN ({})",
        crate::db::placeholders(5, from.len())
    );
    let mut values = vec![message.into(), to.as_str().into(), due_at.into(), now.into()];
    values.extend(from.iter().map(|status| status.as_str().into()));
    let moved = tx.execute(&sql, &values)?;
    tx.announce(Topic::Deliveries);
    Ok(moved)
}

/// When the next delivery is due.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let sql = "SELECT MIN(due_at) FROM delivery WHERE due_at IS NOT NULL";
    Ok(tx.query_one(sql, &[], |row| row.time_or_null(0))?.flatten())
}

/// Makes everything claimed due at once. Only where no other process works on the database.
///
/// # Errors
/// What the database says.
pub fn free_claimed(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute("UPDATE delivery SET due_at = $1, lease = NULL, status = 'queued' WHERE due_at IS NOT NULL AND lease IS NOT NULL", &[now.into()])
}
