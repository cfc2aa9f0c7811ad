//! Mails on their way out of accounts, and copies of sent ones on their way into the folder of sent mail: claimed with a lease, gone
//! when done. Never speaks to a server.

use model::{AccountId, MessageId, SubmissionId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::db::{Dialect, Row, Topic, Tx, json};
use crate::error::{Result, StoreError};
use crate::linked_mails;

const TABLE: &str = "submission";

/// What is to be done with it next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// To the account's SMTP server, or to the gateway.
    Send,
    /// Into the folder of sent mail, once it is sent.
    Copy,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Copy => "copy",
        }
    }
}

/// The message that is answered or forwarded: where it lies, and the flag that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub folder_id: i64,
    pub uid: u32,
    /// `\Answered` or `$Forwarded`.
    pub flag: String,
}

/// Why it did not go the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmissionError {
    /// The server's own words where there are any, in one line.
    pub response: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionRow {
    pub id: SubmissionId,
    pub workspace_id: WorkspaceId,
    pub account_id: AccountId,
    pub stage: Stage,
    /// Without angle brackets.
    pub rfc_message_id: String,
    pub subject: String,
    pub mail_from: String,
    pub rcpt_to: Vec<String>,
    /// Those of `rcpt_to` that are still to be served.
    pub pending: Vec<String>,
    pub blob_id: i64,
    /// A channel's message, whose bytes these are.
    pub message_id: Option<MessageId>,
    pub copies: bool,
    /// Where copies go; the folder for sent mail if absent.
    pub sent_path: Option<String>,
    pub reference: Option<Reference>,
    pub attempts: u32,
    pub attempts_max: u32,
    pub last_error: Option<SubmissionError>,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it was to be sent at first.
    pub scheduled_at: Timestamp,
    pub created_at: Timestamp,
    /// Somebody is at it.
    pub claimed: bool,
    /// The list it is sent to.
    pub list_id: Option<String>,
    /// The name of the gateway it goes through; the account's own server if absent.
    pub gateway: Option<String>,
}

const COLUMNS: &str = "id, workspace_id, account_id, stage, rfc_message_id, subject, mail_from, rcpt_to, pending, blob_id, message_id, copies, \
     sent_path, reference, attempts, attempts_max, last_error, due_at, scheduled_at, created_at, lease, list_id, gateway";

fn from_row(row: &Row<'_>) -> Result<SubmissionRow> {
    let stage = row.text(3)?;
    let count = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
    Ok(SubmissionRow {
        id: SubmissionId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        account_id: AccountId::from_stored(row.text(2)?),
        stage: match stage.as_str() {
            "send" => Stage::Send,
            "copy" => Stage::Copy,
            other => return Err(StoreError::corrupt(TABLE, format!("stage {other}"))),
        },
        rfc_message_id: row.text(4)?,
        subject: row.text(5)?,
        mail_from: row.text(6)?,
        rcpt_to: row.json(TABLE, 7)?,
        pending: row.json(TABLE, 8)?,
        blob_id: row.int(9)?,
        message_id: row.text_or_null(10)?.map(MessageId::from_stored),
        copies: row.bool(11)?,
        sent_path: row.text_or_null(12)?,
        reference: row.text_or_null(13)?.map(|_| row.json(TABLE, 13)).transpose()?,
        attempts: count(row.int(14)?),
        attempts_max: count(row.int(15)?),
        last_error: row.text_or_null(16)?.map(|_| row.json(TABLE, 16)).transpose()?,
        due_at: row.time(17)?,
        scheduled_at: row.time(18)?,
        created_at: row.time(19)?,
        claimed: row.text_or_null(20)?.is_some(),
        list_id: row.text_or_null(21)?,
        gateway: row.text_or_null(22)?,
    })
}

/// # Errors
/// What the database says; a unique violation where the message's copy is on its way already.
pub fn insert(tx: &mut Tx<'_>, row: &SubmissionRow) -> Result<()> {
    tx.announce(Topic::Submissions);
    tx.execute(
        &format!("INSERT INTO submission ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, NULL, $16, $17, $18, NULL, $19, $20)"),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.account_id).into(),
            row.stage.as_str().into(),
            (&row.rfc_message_id).into(),
            (&row.subject).into(),
            (&row.mail_from).into(),
            json(TABLE, &row.rcpt_to)?.into(),
            json(TABLE, &row.pending)?.into(),
            row.blob_id.into(),
            (&row.message_id).into(),
            row.copies.into(),
            (&row.sent_path).into(),
            row.reference.as_ref().map(|value| json(TABLE, value)).transpose()?.into(),
            row.attempts_max.into(),
            row.due_at.into(),
            row.scheduled_at.into(),
            row.created_at.into(),
            (&row.list_id).into(),
            (&row.gateway).into(),
        ],
    )?;
    Ok(())
}

/// Whether a copy of this message is on its way.
///
/// # Errors
/// What the database says.
pub fn is_of_message(tx: &mut Tx<'_>, message: &MessageId) -> Result<bool> {
    let found = tx.query_one("SELECT 1 FROM submission WHERE message_id = $1", &[message.into()], |row| row.int(0))?;
    Ok(found.is_some())
}

/// One that is still to be sent.
///
/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &SubmissionId) -> Result<Option<SubmissionRow>> {
    let sql = format!("SELECT {COLUMNS} FROM submission WHERE id = $1 AND workspace_id = $2 AND stage = 'send'");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// A page of those that are still to be sent, newest first, and how many there are.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    account: Option<&AccountId>,
    skip: usize,
    take: usize,
) -> Result<(Vec<SubmissionRow>, u64)> {
    let filter = "workspace_id = $1 AND stage = 'send' AND (CAST($2 AS TEXT) IS NULL OR account_id = $2)";
    let account = account.map(AccountId::as_str);
    let count = format!("SELECT COUNT(*) FROM submission WHERE {filter}");
    let total = tx.query_one(&count, &[workspace.into(), account.into()], |row| row.int(0))?.unwrap_or(0);
    let sql = format!("SELECT {COLUMNS} FROM submission WHERE {filter} ORDER BY id DESC LIMIT $3 OFFSET $4");
    let rows = tx.query(&sql, &[workspace.into(), account.into(), take.into(), skip.into()], from_row)?;
    Ok((rows, total.unsigned_abs()))
}

/// How many of an account are still to be sent.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, account: &AccountId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM submission WHERE account_id = $1 AND stage = 'send'";
    Ok(tx.query_one(sql, &[account.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// Claims up to `take` that are due: nobody else gets them before `lease_until`.
///
/// # Errors
/// What the database says.
pub fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    lease: &str,
    take: usize,
) -> Result<Vec<SubmissionRow>> {
    let skip_locked = if tx.dialect() == Dialect::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE submission SET due_at = $2, lease = $3 WHERE id IN (
             SELECT id FROM submission WHERE due_at <= $1 ORDER BY due_at LIMIT $4 {skip_locked}) RETURNING {COLUMNS}"
    );
    tx.query(&sql, &[now.into(), lease_until.into(), lease.into(), take.into()], from_row)
}

/// It is tried again at `row.due_at`, in the stage and for those that `row` says. False where the lease was lost.
///
/// # Errors
/// What the database says.
pub fn put_off(tx: &mut Tx<'_>, row: &SubmissionRow, lease: &str) -> Result<bool> {
    tx.announce(Topic::Submissions);
    let changed = tx.execute(
        "UPDATE submission SET stage = $3, pending = $4, attempts = $5, last_error = $6, due_at = $7, lease = NULL WHERE id = $1 AND lease = $2",
        &[
            (&row.id).into(),
            lease.into(),
            row.stage.as_str().into(),
            json(TABLE, &row.pending)?.into(),
            row.attempts.into(),
            row.last_error.as_ref().map(|value| json(TABLE, value)).transpose()?.into(),
            row.due_at.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// It is done, or given up. False where the lease was lost.
///
/// # Errors
/// What the database says.
pub fn finish(tx: &mut Tx<'_>, row: &SubmissionRow, lease: &str) -> Result<bool> {
    let gone = tx.execute("DELETE FROM submission WHERE id = $1 AND lease = $2", &[(&row.id).into(), lease.into()])?;
    if gone == 1 {
        forget_bytes(tx, row)?;
    }
    Ok(gone == 1)
}

/// Takes one back that is not under way. False where it is, or is not there.
///
/// # Errors
/// What the database says.
pub fn take_back(tx: &mut Tx<'_>, row: &SubmissionRow) -> Result<bool> {
    let sql = "DELETE FROM submission WHERE id = $1 AND lease IS NULL AND stage = 'send'";
    let gone = tx.execute(sql, &[(&row.id).into()])?;
    if gone == 1 {
        linked_mails::delete(tx, &row.id)?;
        forget_bytes(tx, row)?;
    }
    Ok(gone == 1)
}

fn forget_bytes(tx: &mut Tx<'_>, row: &SubmissionRow) -> Result<()> {
    if row.message_id.is_none() {
        tx.execute("DELETE FROM blob WHERE id = $1", &[row.blob_id.into()])?;
    }
    Ok(())
}

/// All of an account, with their bytes.
///
/// # Errors
/// What the database says.
pub(crate) fn delete_all(tx: &mut Tx<'_>, account: &AccountId) -> Result<()> {
    let bytes =
        "DELETE FROM blob WHERE id IN (SELECT blob_id FROM submission WHERE account_id = $1 AND message_id IS NULL)";
    tx.execute(bytes, &[account.into()])?;
    tx.execute("DELETE FROM submission WHERE account_id = $1", &[account.into()])?;
    Ok(())
}

/// When the next one is due.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    Ok(tx.query_one("SELECT MIN(due_at) FROM submission", &[], |row| row.time_or_null(0))?.flatten())
}

/// Makes everything claimed due at once. Only where no other process works on the database.
///
/// # Errors
/// What the database says.
pub fn free_claimed(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute("UPDATE submission SET due_at = $1, lease = NULL WHERE lease IS NOT NULL", &[now.into()])
}
