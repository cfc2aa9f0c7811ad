//! Durable cursors of those who read what others wrote.

use crate::db::Tx;
use crate::error::Result;

/// How far `name` has come; 0 at first.
///
/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<i64> {
    Ok(tx.query_one("SELECT position FROM progress WHERE name = $1", &[name.into()], |row| row.int(0))?.unwrap_or(0))
}

/// Moves `name` from one position to another. False when somebody else moved it first.
///
/// # Errors
/// What the database says.
pub fn advance(tx: &mut Tx<'_>, name: &str, from: i64, to: i64) -> Result<bool> {
    tx.execute("INSERT INTO progress (name, position) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING", &[name.into()])?;
    Ok(tx.execute(
        "UPDATE progress SET position = $3 WHERE name = $1 AND position = $2",
        &[name.into(), from.into(), to.into()],
    )? == 1)
}
