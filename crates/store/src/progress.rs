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

/// # Errors
/// What the database says.
pub fn set(tx: &mut Tx<'_>, name: &str, position: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO progress (name, position) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET position = excluded.position",
        &[name.into(), position.into()],
    )?;
    Ok(())
}
