//! The events table: what happened, appended in the transaction that made it happen, read in commit order.

use model::event::EventType;
use model::{ChannelId, EventId, Timestamp, WorkspaceId};
use serde_json::Value as Json;

use crate::db::{Dialect, Row, Topic, Tx, json};
use crate::error::{Result, StoreError};

/// Events given a position in one go.
const SEQUENCED_AT_ONCE: i64 = 1_000;

pub struct NewEvent<'e> {
    pub workspace_id: &'e WorkspaceId,
    pub channel_id: Option<&'e ChannelId>,
    pub event_type: EventType,
    /// What it happened to.
    pub subject_id: &'e str,
    pub data: &'e Json,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Commit order, the same for every reader.
    pub position: i64,
    pub id: EventId,
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
    pub event_type: EventType,
    pub subject_id: String,
    pub data: Json,
    pub at: Timestamp,
    /// Of mail that was imported: webhooks do not carry it.
    pub imported: bool,
}

const COLUMNS: &str = "position, id, workspace_id, channel_id, type, subject_id, data, created_at, imported";
/// For an event that is asked for by its id: committed, but perhaps without a position yet.
const COLUMNS_BEFORE_POSITION: &str =
    "COALESCE(position, 0), id, workspace_id, channel_id, type, subject_id, data, created_at, imported";

fn from_row(row: &Row<'_>) -> Result<StoredEvent> {
    let name = row.text(4)?;
    Ok(StoredEvent {
        position: row.int(0)?,
        id: EventId::from_stored(row.text(1)?),
        workspace_id: WorkspaceId::from_stored(row.text(2)?),
        channel_id: row.text_or_null(3)?.map(ChannelId::from_stored),
        event_type: EventType::parse(&name).ok_or_else(|| StoreError::corrupt("event", format!("type {name}")))?,
        subject_id: row.text(5)?,
        data: row.json("event", 6)?,
        at: row.time(7)?,
        imported: row.bool(8)?,
    })
}

/// # Errors
/// What the database says.
pub fn append(tx: &mut Tx<'_>, event: &NewEvent<'_>) -> Result<EventId> {
    insert(tx, event, false)
}

/// As [`append`], for mail of old that was imported.
///
/// # Errors
/// What the database says.
pub fn append_imported(tx: &mut Tx<'_>, event: &NewEvent<'_>) -> Result<EventId> {
    insert(tx, event, true)
}

fn insert(tx: &mut Tx<'_>, event: &NewEvent<'_>, imported: bool) -> Result<EventId> {
    let id = EventId::generate();
    let data = json("event", event.data)?;
    tx.execute(
        "INSERT INTO event (id, workspace_id, channel_id, type, subject_id, data, created_at, imported) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            (&id).into(),
            event.workspace_id.into(),
            event.channel_id.into(),
            event.event_type.as_str().into(),
            event.subject_id.into(),
            data.into(),
            event.at.into(),
            imported.into(),
        ],
    )?;
    let topic = if tx.dialect() == Dialect::Sqlite { Topic::Events } else { Topic::Unsequenced };
    tx.announce(topic);
    Ok(id)
}

/// Gives committed events their positions (PostgreSQL; nothing to do on SQLite). Answers how many.
///
/// One sequencer at a time, and only committed rows are seen: a position never appears behind one already read.
///
/// # Errors
/// What the database says.
pub fn sequence(tx: &mut Tx<'_>) -> Result<u64> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(0);
    }
    tx.execute("SELECT pg_advisory_xact_lock(7075202)", &[])?;
    let sequenced = tx.execute(
        "UPDATE event SET position = numbered.position FROM (
             SELECT row_number, nextval('event_position') AS position FROM (
                 SELECT row_number FROM event WHERE position IS NULL ORDER BY row_number LIMIT $1) AS oldest) AS numbered
         WHERE event.row_number = numbered.row_number",
        &[SEQUENCED_AT_ONCE.into()],
    )?;
    if sequenced > 0 {
        tx.announce(Topic::Events);
    }
    Ok(sequenced)
}

/// Events of all workspaces behind `position`, oldest first, at most `take`.
///
/// # Errors
/// What the database says.
pub fn after(tx: &mut Tx<'_>, position: i64, take: usize) -> Result<Vec<StoredEvent>> {
    tx.query(
        &format!("SELECT {COLUMNS} FROM event WHERE position > $1 ORDER BY position LIMIT $2"),
        &[position.into(), take.into()],
        from_row,
    )
}

/// Events of these types behind `position` up to `until`, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_types(tx: &mut Tx<'_>, position: i64, until: i64, types: &[EventType]) -> Result<Vec<StoredEvent>> {
    let names: Vec<String> = types.iter().map(|event_type| format!("'{}'", event_type.as_str())).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM event WHERE position > $1 AND position <= $2 AND type IN ({}) ORDER BY position",
        names.join(", ")
    );
    tx.query(&sql, &[position.into(), until.into()], from_row)
}

/// Events of one workspace behind `position`, oldest first, at most `take`.
///
/// # Errors
/// What the database says.
pub fn after_in_workspace(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    position: i64,
    take: usize,
) -> Result<Vec<StoredEvent>> {
    tx.query(
        &format!("SELECT {COLUMNS} FROM event WHERE workspace_id = $1 AND position > $2 ORDER BY position LIMIT $3"),
        &[workspace.into(), position.into(), take.into()],
        from_row,
    )
}

/// Events of one workspace before `position`, newest first, at most `take`.
///
/// # Errors
/// What the database says.
pub fn before_in_workspace(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    position: i64,
    take: usize,
) -> Result<Vec<StoredEvent>> {
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM event WHERE workspace_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3"
        ),
        &[workspace.into(), position.into(), take.into()],
        from_row,
    )
}

/// Where an event of the workspace stands; `None` if it is gone, never was, or is another's.
///
/// # Errors
/// What the database says.
pub fn position_of(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &EventId) -> Result<Option<i64>> {
    let sql = "SELECT position FROM event WHERE id = $1 AND workspace_id = $2";
    Ok(tx.query_one(sql, &[id.into(), workspace.into()], |row| row.int_or_null(0))?.flatten())
}

/// # Errors
/// What the database says.
pub fn by_id(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &EventId) -> Result<Option<StoredEvent>> {
    tx.query_one(
        &format!("SELECT {COLUMNS_BEFORE_POSITION} FROM event WHERE id = $1 AND workspace_id = $2"),
        &[id.into(), workspace.into()],
        from_row,
    )
}

/// The newest position; 0 when there is none.
///
/// # Errors
/// What the database says.
pub fn newest_position(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.query_one("SELECT COALESCE(MAX(position), 0) FROM event", &[], |row| row.int(0))?.unwrap_or(0))
}

/// Forgets events older than `before`, at most `limit` at once. Answers how many.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    // Only the oldest are looked at: there is no index of times, and without one a look at all grows with the box.
    tx.execute(
        "DELETE FROM event WHERE position IN (
             SELECT position FROM (
                 SELECT position, created_at FROM event WHERE position IS NOT NULL ORDER BY position LIMIT $2) AS oldest
             WHERE created_at < $1)",
        &[before.into(), limit.into()],
    )
}
