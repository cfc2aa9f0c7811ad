//! How far the history of accounts has become activities: one run an account. Never decides what is one.

use model::account::Correspondence;
use model::{AccountId, Timestamp};
use serde_json::Value as Json;

use crate::db::{Dialect, Row, Topic, Tx};
use crate::error::{Result, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillRow {
    pub account_id: AccountId,
    /// Mail the server has had since; all if absent.
    pub since: Option<Timestamp>,
    /// Mails up to this number were looked at.
    pub reached: i64,
    /// Looked at.
    pub mails: u64,
    /// Made of them.
    pub activities: u64,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

const COLUMNS: &str = "account_id, since, reached, mails, activities, started_at, finished_at";

fn from_row(row: &Row<'_>) -> Result<BackfillRow> {
    Ok(BackfillRow {
        account_id: AccountId::from_stored(row.text(0)?),
        since: row.time_or_null(1)?,
        reached: row.int(2)?,
        mails: row.int(3)?.unsigned_abs(),
        activities: row.int(4)?.unsigned_abs(),
        started_at: row.time(5)?,
        finished_at: row.time_or_null(6)?,
    })
}

/// Begins one, anew where there was one.
///
/// # Errors
/// What the database says.
pub fn begin(tx: &mut Tx<'_>, account: &AccountId, since: Option<Timestamp>, now: Timestamp) -> Result<()> {
    tx.announce(Topic::Submissions);
    tx.execute(
        "INSERT INTO backfill (account_id, since, reached, mails, activities, due_at, started_at, finished_at)
         VALUES ($1, $2, 0, 0, 0, $3, $3, NULL) ON CONFLICT (account_id) DO UPDATE SET since = excluded.since, reached = 0, mails = 0,
             activities = 0, due_at = excluded.due_at, started_at = excluded.started_at, finished_at = NULL",
        &[account.into(), since.into(), now.into()],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, account: &AccountId) -> Result<Option<BackfillRow>> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM backfill WHERE account_id = $1"), &[account.into()], from_row)
}

/// One that is due, until `lease_until` nobody else's.
///
/// # Errors
/// What the database says.
pub fn claim(tx: &mut Tx<'_>, now: Timestamp, lease_until: Timestamp) -> Result<Option<BackfillRow>> {
    let skip_locked = if tx.dialect() == Dialect::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE backfill SET due_at = $2 WHERE account_id IN (
             SELECT account_id FROM backfill WHERE due_at <= $1 ORDER BY due_at LIMIT 1 {skip_locked}) RETURNING {COLUMNS}"
    );
    tx.query_one(&sql, &[now.into(), lease_until.into()], from_row)
}

/// How far it is, and when it goes on; `None`: it is finished. Nothing where it was begun anew meanwhile.
///
/// # Errors
/// What the database says.
pub fn reach(tx: &mut Tx<'_>, row: &BackfillRow, due_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let finished_at = due_at.is_none().then_some(now);
    tx.execute(
        "UPDATE backfill SET reached = $2, mails = $3, activities = $4, due_at = $5, finished_at = $6 WHERE account_id = $1 AND started_at = $7",
        &[
            (&row.account_id).into(),
            row.reached.into(),
            row.mails.into(),
            row.activities.into(),
            due_at.into(),
            finished_at.into(),
            row.started_at.into(),
        ],
    )?;
    Ok(())
}

/// When the next one goes on.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    Ok(tx.query_one("SELECT MIN(due_at) FROM backfill", &[], |row| row.time_or_null(0))?.flatten())
}

/// A mail of an account, and where it lies now.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryMail {
    pub id: i64,
    pub rfc_message_id: Option<String>,
    pub correspondence: Correspondence,
    /// Who wrote it to whom, as the API shows it.
    pub summary: Json,
    pub internal_date: Option<Timestamp>,
    /// Of one of the folders it lies in, `\Sent` before others.
    pub special_use: Option<String>,
}

/// Mails of an account behind a number, in their order.
///
/// # Errors
/// What the database says.
pub fn mails(tx: &mut Tx<'_>, account: &AccountId, reached: i64, take: usize) -> Result<Vec<HistoryMail>> {
    let lies = "FROM mailbox_place p JOIN mailbox_folder f ON f.id = p.folder_id WHERE p.mail_id = m.id";
    let sql = format!(
        "SELECT m.id, m.rfc_message_id, m.correspondence, m.summary,
             (SELECT MIN(p.internal_date) {lies}),
             (SELECT f.special_use {lies} ORDER BY CASE WHEN f.special_use = '\\Sent' THEN 0 ELSE 1 END LIMIT 1)
         FROM mailbox_mail m WHERE m.account_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3"
    );
    tx.query(&sql, &[account.into(), reached.into(), take.into()], |row| {
        let correspondence = row.text(2)?;
        Ok(HistoryMail {
            id: row.int(0)?,
            rfc_message_id: row.text_or_null(1)?,
            correspondence: Correspondence::parse(&correspondence)
                .ok_or_else(|| StoreError::corrupt("mailbox_mail", format!("correspondence {correspondence}")))?,
            summary: row.json("mailbox_mail", 3)?,
            internal_date: row.time_or_null(4)?,
            special_use: row.text_or_null(5)?,
        })
    })
}

/// How many mails of an account are behind a number, and how many more are known whose bytes are still to be fetched.
///
/// # Errors
/// What the database says.
pub fn left(tx: &mut Tx<'_>, account: &AccountId, reached: i64) -> Result<(u64, u64)> {
    let mails = "SELECT COUNT(*) FROM mailbox_mail WHERE account_id = $1 AND id > $2";
    let mails = tx.query_one(mails, &[account.into(), reached.into()], |row| row.int(0))?.unwrap_or(0);
    let unfetched = "SELECT COUNT(*) FROM mailbox_place p JOIN mailbox_folder f ON f.id = p.folder_id
         WHERE f.account_id = $1 AND p.mail_id IS NULL AND p.unreadable = $2";
    let unfetched = tx.query_one(unfetched, &[account.into(), false.into()], |row| row.int(0))?.unwrap_or(0);
    Ok((mails.unsigned_abs(), unfetched.unsigned_abs()))
}
