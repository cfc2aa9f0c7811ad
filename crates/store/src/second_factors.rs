//! Authenticator apps and recovery codes. Secrets come in sealed, codes as SHA-256.

use model::{Timestamp, UserId};

use crate::db::{Dialect, Row, Tx};
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactorRow {
    pub user_id: UserId,
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// When a code confirmed it; until then it is asked for nowhere.
    pub enabled_at: Option<Timestamp>,
    /// The newest time step a code was taken for.
    pub last_step: i64,
    /// Codes that did not fit since then.
    pub failures: i64,
    pub failures_since: Timestamp,
}

const COLUMNS: &str = "user_id, sealed, created_at, enabled_at, last_step, failures, failures_since";

fn from_row(row: &Row<'_>) -> Result<SecondFactorRow> {
    Ok(SecondFactorRow {
        user_id: UserId::from_stored(row.text(0)?),
        sealed: row.bytes(1)?,
        created_at: row.time(2)?,
        enabled_at: row.time_or_null(3)?,
        last_step: row.int(4)?,
        failures: row.int(5)?,
        failures_since: row.time(6)?,
    })
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, user: &UserId) -> Result<Option<SecondFactorRow>> {
    let sql = format!("SELECT {COLUMNS} FROM second_factor WHERE user_id = $1");
    tx.query_one(&sql, &[user.into()], from_row)
}

/// As [`get`]; on PostgreSQL held until the transaction ends, so that codes are looked at one after the other.
///
/// # Errors
/// What the database says.
pub fn get_to_check(tx: &mut Tx<'_>, user: &UserId) -> Result<Option<SecondFactorRow>> {
    let hold = if tx.dialect() == Dialect::Postgres { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM second_factor WHERE user_id = $1{hold}");
    tx.query_one(&sql, &[user.into()], from_row)
}

/// A secret that waits for its first code, in the place of one that waited. False where one is in use.
///
/// # Errors
/// What the database says.
pub fn begin(tx: &mut Tx<'_>, user: &UserId, sealed: &[u8], now: Timestamp) -> Result<bool> {
    let begun = tx.execute(
        "INSERT INTO second_factor (user_id, sealed, created_at, enabled_at, last_step, failures, failures_since)
         VALUES ($1, $2, $3, NULL, 0, 0, $3)
         ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at
         WHERE second_factor.enabled_at IS NULL",
        &[user.into(), sealed.into(), now.into()],
    )?;
    Ok(begun > 0)
}

/// # Errors
/// What the database says.
pub fn enable(tx: &mut Tx<'_>, user: &UserId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE second_factor SET enabled_at = $2 WHERE user_id = $1", &[user.into(), now.into()])?;
    Ok(())
}

/// A code of this time step was taken; earlier failures are forgotten. False where one as new was taken before: it is good once.
///
/// # Errors
/// What the database says.
pub fn take_step(tx: &mut Tx<'_>, user: &UserId, step: i64) -> Result<bool> {
    let sql = "UPDATE second_factor SET last_step = $2, failures = 0 WHERE user_id = $1 AND last_step < $2";
    Ok(tx.execute(sql, &[user.into(), step.into()])? > 0)
}

/// So many codes did not fit since then.
///
/// # Errors
/// What the database says.
pub fn set_failures(tx: &mut Tx<'_>, user: &UserId, failures: i64, since: Timestamp) -> Result<()> {
    let sql = "UPDATE second_factor SET failures = $2, failures_since = $3 WHERE user_id = $1";
    tx.execute(sql, &[user.into(), failures.into(), since.into()])?;
    Ok(())
}

/// Takes the app and the recovery codes away. False where there was none.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, user: &UserId) -> Result<bool> {
    tx.execute("DELETE FROM recovery_code WHERE user_id = $1", &[user.into()])?;
    Ok(tx.execute("DELETE FROM second_factor WHERE user_id = $1", &[user.into()])? > 0)
}

/// Puts new recovery codes in the place of all that there were.
///
/// # Errors
/// What the database says.
pub fn set_codes(tx: &mut Tx<'_>, user: &UserId, hashes: &[Vec<u8>], now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM recovery_code WHERE user_id = $1", &[user.into()])?;
    for hash in hashes {
        tx.execute(
            "INSERT INTO recovery_code (user_id, code_hash, created_at) VALUES ($1, $2, $3)",
            &[user.into(), hash.into(), now.into()],
        )?;
    }
    Ok(())
}

/// Uses a recovery code up. False where it is none, or was used.
///
/// # Errors
/// What the database says.
pub fn use_code(tx: &mut Tx<'_>, user: &UserId, hash: &[u8]) -> Result<bool> {
    let sql = "DELETE FROM recovery_code WHERE user_id = $1 AND code_hash = $2";
    Ok(tx.execute(sql, &[user.into(), hash.into()])? > 0)
}

/// # Errors
/// What the database says.
pub fn codes_left(tx: &mut Tx<'_>, user: &UserId) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM recovery_code WHERE user_id = $1";
    Ok(tx.query_one(sql, &[user.into()], |row| row.int(0))?.unwrap_or_default())
}

/// Every sealed secret.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(UserId, Vec<u8>)>> {
    tx.query("SELECT user_id, sealed FROM second_factor", &[], |row| {
        Ok((UserId::from_stored(row.text(0)?), row.bytes(1)?))
    })
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, user: &UserId, sealed: &[u8]) -> Result<()> {
    tx.execute("UPDATE second_factor SET sealed = $2 WHERE user_id = $1", &[user.into(), sealed.into()])?;
    Ok(())
}
