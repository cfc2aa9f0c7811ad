//! Where what was erased is still spoken of: events, answers of webhooks, answers to requests, and, on SQLite, pages and indexes that
//! hold bytes of rows that are gone. Reads and empties; who names what is the engine's judgement.

use model::{Timestamp, WorkspaceId};

use crate::db::{Dialect, Tx};
use crate::error::Result;

/// Bytes of free pages taken by one step.
const FREE_PAGES_BYTES: i64 = 1024 * 1024;
/// Pages of the search index written by one step.
const INDEX_PAGES: i64 = 200;

/// Something that may speak of what was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub id: String,
    pub subject_id: String,
    pub text: String,
}

/// Up to where events have to be looked through that were there at a time. `None`: some of them have no position yet.
///
/// # Errors
/// What the database says.
pub fn events_bound(tx: &mut Tx<'_>, before: Timestamp) -> Result<Option<i64>> {
    if tx.dialect() == Dialect::Postgres {
        // Committed, but without a position: it comes behind what is there now.
        let sql = "SELECT 1 FROM event WHERE position IS NULL AND created_at <= $1 LIMIT 1";
        if tx.query_one(sql, &[before.into()], |_| Ok(()))?.is_some() {
            return Ok(None);
        }
    }
    crate::events::newest_position(tx).map(Some)
}

/// Events of a workspace behind `position` up to `bound`, oldest first, with the place of the last one.
///
/// # Errors
/// What the database says.
pub fn events(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    position: i64,
    bound: i64,
    take: usize,
) -> Result<(Vec<Trace>, Option<i64>)> {
    let rows = tx.query(
        "SELECT position, id, subject_id, data FROM event WHERE workspace_id = $1 AND position > $2 AND position <= $3
         AND type <> 'contact.erased' AND type <> 'conversation.erased' ORDER BY position LIMIT $4",
        &[workspace.into(), position.into(), bound.into(), take.into()],
        |row| Ok((row.int(0)?, Trace { id: row.text(1)?, subject_id: row.text(2)?, text: row.text(3)? })),
    )?;
    let last = rows.last().map(|(position, _)| *position);
    Ok((rows.into_iter().map(|(_, trace)| trace).collect(), last))
}

/// An event says no more than that what it spoke of was erased.
///
/// # Errors
/// What the database says.
pub fn empty_event(tx: &mut Tx<'_>, id: &str, data: &str) -> Result<()> {
    tx.execute("UPDATE event SET data = $2 WHERE id = $1", &[id.into(), data.into()])?;
    Ok(())
}

/// Deliveries by their ids with the event each carries, and the last id that was looked at, whosever it is.
pub type Deliveries = (Vec<(String, String)>, Option<String>);

/// Webhook deliveries of a workspace behind an id, with the event each carries.
///
/// # Errors
/// What the database says.
pub fn webhook_deliveries(tx: &mut Tx<'_>, workspace: &WorkspaceId, after: &str, take: usize) -> Result<Deliveries> {
    let rows = tx.query(
        "SELECT id, event_id, workspace_id FROM webhook_delivery WHERE id > $1 ORDER BY id LIMIT $2",
        &[after.into(), take.into()],
        |row| Ok((row.text(0)?, row.text(1)?, row.text(2)?)),
    )?;
    let last = rows.last().map(|(id, ..)| id.clone());
    let own = rows.into_iter().filter(|(.., owner)| owner == workspace.as_str());
    Ok((own.map(|(id, event, _)| (id, event)).collect(), last))
}

/// What an endpoint answered may repeat what it was sent.
///
/// # Errors
/// What the database says.
pub fn empty_webhook_log(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    tx.execute("UPDATE webhook_delivery SET log = '[]' WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Answers to requests with an `Idempotency-Key`, behind a key.
///
/// # Errors
/// What the database says.
pub fn answers(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    after: &str,
    take: usize,
) -> Result<(Vec<Trace>, Option<String>)> {
    let rows = tx.query(
        "SELECT idempotency_key, COALESCE(response, '') FROM idempotency WHERE workspace_id = $1 AND idempotency_key > $2
         ORDER BY idempotency_key LIMIT $3",
        &[workspace.into(), after.into(), take.into()],
        |row| {
            let key = row.text(0)?;
            Ok(Trace { subject_id: key.clone(), id: key, text: row.text(1)? })
        },
    )?;
    let last = rows.last().map(|trace| trace.id.clone());
    Ok((rows, last))
}

/// As if the answer had been lost: a repetition is answered with what is there.
///
/// # Errors
/// What the database says.
pub fn empty_answer(tx: &mut Tx<'_>, workspace: &WorkspaceId, key: &str) -> Result<()> {
    tx.execute(
        "UPDATE idempotency SET status = NULL, response = NULL WHERE workspace_id = $1 AND idempotency_key = $2",
        &[workspace.into(), key.into()],
    )?;
    Ok(())
}

/// Writes some of the search index anew, without what was taken out of it; `begin` for the first step. True when it is through.
/// PostgreSQL takes words out at once.
///
/// # Errors
/// What the database says.
pub fn rewrite_search_index(tx: &mut Tx<'_>, begin: bool) -> Result<bool> {
    if tx.dialect() == Dialect::Postgres {
        return Ok(true);
    }
    let changes = |tx: &mut Tx<'_>| tx.query_one("SELECT total_changes()", &[], |row| row.int(0));
    let before = changes(tx)?.unwrap_or(0);
    // FTS5 merges all segments into one, a number of pages at a time: the negative number begins, the positive one goes on until it
    // changes no more than the row that says so.
    let pages = if begin { -INDEX_PAGES } else { INDEX_PAGES };
    tx.execute("INSERT INTO message_search (message_search, rank) VALUES ('merge', $1)", &[pages.into()])?;
    Ok(changes(tx)?.unwrap_or(0) - before < 2)
}

/// Fills some free pages of the file with zeros. True when there is none left, and what filled them was let go.
///
/// # Errors
/// What the database says.
pub fn empty_free_pages(tx: &mut Tx<'_>) -> Result<bool> {
    if tx.dialect() == Dialect::Postgres {
        return Ok(true);
    }
    let free = tx.query_one("PRAGMA freelist_count", &[], |row| row.int(0))?.unwrap_or(0);
    if free > 0 {
        tx.execute("INSERT INTO free_page (data) VALUES (zeroblob($1))", &[FREE_PAGES_BYTES.into()])?;
        return Ok(false);
    }
    tx.execute("DELETE FROM free_page", &[])?;
    Ok(true)
}
