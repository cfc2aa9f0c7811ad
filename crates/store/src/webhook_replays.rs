//! Events sent to a webhook endpoint again: one replay an endpoint, with how far it has come. What is sent is `webhook_queue`'s.

use model::webhook::WebhookReplay;
use model::{EventId, Timestamp, WebhookEndpointId, WorkspaceId};

use crate::db::{Row, Topic, Tx};
use crate::error::Result;
use crate::webhook_queue::Interest;

/// A replay under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    pub endpoint_id: WebhookEndpointId,
    pub workspace_id: WorkspaceId,
    pub interest: Interest,
    /// The last event looked at.
    pub position: i64,
    /// The last event there was when it began: those behind it come by themselves.
    pub until: i64,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub position: i64,
    pub queued: usize,
    /// When the last event looked at happened.
    pub reached_at: Option<Timestamp>,
    pub finished: bool,
}

/// Begins a replay in the place of one that is over. False when one is under way.
///
/// # Errors
/// What the database says.
pub fn begin(
    tx: &mut Tx<'_>,
    endpoint: &WebhookEndpointId,
    after: &EventId,
    position: i64,
    until: i64,
    now: Timestamp,
) -> Result<bool> {
    let begun = tx.execute(
        "INSERT INTO webhook_replay (endpoint_id, after_event, position, until_position, queued, reached_at, started_at, finished_at)
         VALUES ($1, $2, $3, $4, 0, NULL, $5, NULL)
         ON CONFLICT (endpoint_id) DO UPDATE SET after_event = $2, position = $3, until_position = $4, queued = 0,
             reached_at = NULL, started_at = $5, finished_at = NULL WHERE webhook_replay.finished_at IS NOT NULL",
        &[endpoint.into(), after.into(), position.into(), until.into(), now.into()],
    )?;
    tx.announce(Topic::Webhooks);
    Ok(begun == 1)
}

/// Ends a replay where it is. False when none is under way.
///
/// # Errors
/// What the database says.
pub fn stop(tx: &mut Tx<'_>, endpoint: &WebhookEndpointId, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE webhook_replay SET finished_at = $2 WHERE endpoint_id = $1 AND finished_at IS NULL";
    Ok(tx.execute(sql, &[endpoint.into(), now.into()])? == 1)
}

/// The replays of endpoints that are not disabled.
///
/// # Errors
/// What the database says.
pub fn under_way(tx: &mut Tx<'_>) -> Result<Vec<Replay>> {
    let sql = "SELECT r.endpoint_id, e.workspace_id, e.events, e.format, e.account, r.position, r.until_position
               FROM webhook_replay r JOIN webhook_endpoint e ON e.id = r.endpoint_id
               WHERE r.finished_at IS NULL AND e.enabled ORDER BY r.endpoint_id";
    tx.query(sql, &[], |row| {
        Ok(Replay {
            endpoint_id: WebhookEndpointId::from_stored(row.text(0)?),
            workspace_id: WorkspaceId::from_stored(row.text(1)?),
            interest: Interest::from_row(row, 2)?,
            position: row.int(5)?,
            until: row.int(6)?,
        })
    })
}

/// Moves a replay on. False when somebody else moved or ended it first: then nothing may be queued.
///
/// # Errors
/// What the database says.
pub fn advance(tx: &mut Tx<'_>, replay: &Replay, step: &Step, now: Timestamp) -> Result<bool> {
    let moved = tx.execute(
        "UPDATE webhook_replay SET position = $3, queued = queued + $4, reached_at = COALESCE($5, reached_at), finished_at = $6
         WHERE endpoint_id = $1 AND position = $2 AND finished_at IS NULL",
        &[
            (&replay.endpoint_id).into(),
            replay.position.into(),
            step.position.into(),
            step.queued.into(),
            step.reached_at.into(),
            step.finished.then_some(now).into(),
        ],
    )?;
    Ok(moved == 1)
}

pub(crate) const COLUMNS: &str = "r.after_event, r.queued, r.reached_at, r.started_at, r.finished_at";

/// The replay of a row that was joined to its endpoint's; `None` where there never was one.
pub(crate) fn from_row(row: &Row<'_>, first: usize) -> Result<Option<WebhookReplay>> {
    let Some(after) = row.text_or_null(first)? else { return Ok(None) };
    Ok(Some(WebhookReplay {
        after: EventId::from_stored(after),
        queued: u64::try_from(row.int(first + 1)?).unwrap_or_default(),
        reached_at: row.time_or_null(first + 2)?,
        started_at: row.time(first + 3)?,
        finished_at: row.time_or_null(first + 4)?,
    }))
}
