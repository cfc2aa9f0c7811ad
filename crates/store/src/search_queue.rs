//! Messages that wait for the search index. What goes into the index, and how it is asked, is in `search`.

use crate::db::{Topic, Tx};
use crate::error::Result;

/// A message waits for the index.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx<'_>, seq: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO search_queue (message_seq) VALUES ($1) ON CONFLICT (message_seq) DO NOTHING",
        &[seq.into()],
    )?;
    tx.announce(Topic::Search);
    Ok(())
}

/// All messages wait for the index.
///
/// # Errors
/// What the database says.
pub fn add_all(tx: &mut Tx<'_>) -> Result<u64> {
    tx.announce(Topic::Search);
    tx.execute("INSERT INTO search_queue (message_seq) SELECT seq FROM message WHERE TRUE ON CONFLICT (message_seq) DO NOTHING", &[])
}

/// A message waits no more.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, seq: i64) -> Result<()> {
    tx.execute("DELETE FROM search_queue WHERE message_seq = $1", &[seq.into()])?;
    Ok(())
}

/// How many messages wait, near enough: the span from the oldest to the newest that does.
///
/// # Errors
/// What the database says.
pub fn lag(tx: &mut Tx<'_>) -> Result<i64> {
    let sql = "SELECT COALESCE(MAX(message_seq) - MIN(message_seq) + 1, 0) FROM search_queue";
    Ok(tx.query_one(sql, &[], |row| row.int(0))?.unwrap_or(0))
}
