//! Mails of accounts that have links of ours: where a link's follower is told of, and the list it leaves. Never decides what is told.

use model::{AccountId, SubmissionId, Timestamp, WorkspaceId};

use crate::db::{Row, Tx};
use crate::engagement::Act;
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedMailRow {
    /// The submission's.
    pub id: SubmissionId,
    pub workspace_id: WorkspaceId,
    pub account_id: AccountId,
    /// Without angle brackets.
    pub rfc_message_id: String,
    pub mail_from: String,
    /// Normalized; the first of several. A list's mail has one.
    pub recipient: String,
    pub list_id: Option<String>,
    pub opens: u64,
    pub clicks: u64,
    /// When the first recipient's server took it.
    pub sent_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

const COLUMNS: &str =
    "id, workspace_id, account_id, rfc_message_id, mail_from, recipient, list_id, opens, clicks, sent_at, created_at";

fn from_row(row: &Row<'_>) -> Result<LinkedMailRow> {
    Ok(LinkedMailRow {
        id: SubmissionId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        account_id: AccountId::from_stored(row.text(2)?),
        rfc_message_id: row.text(3)?,
        mail_from: row.text(4)?,
        recipient: row.text(5)?,
        list_id: row.text_or_null(6)?,
        opens: row.int(7)?.unsigned_abs(),
        clicks: row.int(8)?.unsigned_abs(),
        sent_at: row.time_or_null(9)?,
        created_at: row.time(10)?,
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &LinkedMailRow) -> Result<()> {
    tx.execute(
        &format!("INSERT INTO linked_mail ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, NULL, $8)"),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.account_id).into(),
            (&row.rfc_message_id).into(),
            (&row.mail_from).into(),
            (&row.recipient).into(),
            (&row.list_id).into(),
            row.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Of whatever workspace, for who holds a signed link to it.
///
/// # Errors
/// What the database says.
pub fn of_any_workspace(tx: &mut Tx<'_>, id: &SubmissionId) -> Result<Option<LinkedMailRow>> {
    let sql = format!("SELECT {COLUMNS} FROM linked_mail WHERE id = $1");
    tx.query_one(&sql, &[id.into()], from_row)
}

/// One more, by whomever.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, id: &SubmissionId, act: Act) -> Result<()> {
    let what = match act {
        Act::Open => "opens = opens + 1",
        Act::Click => "clicks = clicks + 1",
    };
    tx.execute(&format!("UPDATE linked_mail SET {what} WHERE id = $1"), &[id.into()])?;
    Ok(())
}

/// A server took it, the first time.
///
/// # Errors
/// What the database says.
pub fn set_sent(tx: &mut Tx<'_>, id: &SubmissionId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE linked_mail SET sent_at = $2 WHERE id = $1 AND sent_at IS NULL", &[id.into(), now.into()])?;
    Ok(())
}

/// One that is never sent.
///
/// # Errors
/// What the database says.
pub(crate) fn delete(tx: &mut Tx<'_>, id: &SubmissionId) -> Result<()> {
    tx.execute("DELETE FROM linked_mail WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Those of an account that is taken away. Whoever got mail of a list can leave it after that, too.
///
/// # Errors
/// What the database says.
pub(crate) fn delete_tracked(tx: &mut Tx<'_>, account: &AccountId) -> Result<()> {
    tx.execute("DELETE FROM linked_mail WHERE account_id = $1 AND list_id IS NULL", &[account.into()])?;
    Ok(())
}
