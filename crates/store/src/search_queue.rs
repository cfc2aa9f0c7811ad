//! Messages that wait for the search index. What goes into the index, and how it is asked, is in `search`.

use crate::conditions::Conditions;
use crate::db::{Topic, Tx, Value};
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

/// Messages wait no more.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, seqs: &[i64]) -> Result<()> {
    if seqs.is_empty() {
        return Ok(());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("message_seq IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
    tx.execute(&format!("DELETE FROM search_queue WHERE {}", conditions.text()), conditions.values())?;
    Ok(())
}

/// How many messages wait, near enough: the span from the oldest to the newest that does.
///
/// # Errors
/// What the database says.
pub fn lag(tx: &mut Tx<'_>) -> Result<i64> {
    // Each in a query of its own: SQLite looks for one end of an index, but reads all of it for both.
    let sql = "SELECT COALESCE((SELECT MAX(message_seq) FROM search_queue) - (SELECT MIN(message_seq) FROM search_queue) + 1, 0)";
    Ok(tx.query_one(sql, &[], |row| row.int(0))?.unwrap_or(0))
}
