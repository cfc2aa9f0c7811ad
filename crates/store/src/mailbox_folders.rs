//! Folders of accounts, and how far each was read. Never speaks to a server.

use model::AccountId;

use crate::db::{Row, Tx, Value, json};
use crate::error::Result;

const TABLE: &str = "mailbox_folder";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRow {
    /// 0 for one that is not kept yet.
    pub id: i64,
    pub path: String,
    pub delimiter: Option<String>,
    pub attributes: Vec<String>,
    /// `\Inbox`, `\Sent`, …
    pub special_use: Option<String>,
    /// `user`, `server` or `name`: who said so.
    pub special_use_source: Option<String>,
    pub selectable: bool,
    pub uid_validity: u32,
    /// Every UID below was seen.
    pub uid_next: u32,
    pub highest_modseq: Option<u64>,
    pub mailbox_id: Option<String>,
    pub messages: u32,
    pub unseen: u32,
    /// What was there at first is known; what comes from now on is new.
    pub listed: bool,
}

const COLUMNS: &str = "id, path, delimiter, attributes, special_use, special_use_source, selectable, uid_validity, uid_next, highest_modseq, \
     mailbox_id, messages, unseen, listed";

fn number(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn from_row(row: &Row<'_>) -> Result<FolderRow> {
    Ok(FolderRow {
        id: row.int(0)?,
        path: row.text(1)?,
        delimiter: row.text_or_null(2)?,
        attributes: row.json(TABLE, 3)?,
        special_use: row.text_or_null(4)?,
        special_use_source: row.text_or_null(5)?,
        selectable: row.bool(6)?,
        uid_validity: number(row.int(7)?),
        uid_next: number(row.int(8)?),
        highest_modseq: row.int_or_null(9)?.map(i64::unsigned_abs),
        mailbox_id: row.text_or_null(10)?,
        messages: number(row.int(11)?),
        unseen: number(row.int(12)?),
        listed: row.bool(13)?,
    })
}

/// By path.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Tx<'_>, account: &AccountId) -> Result<Vec<FolderRow>> {
    tx.query(
        &format!("SELECT {COLUMNS} FROM mailbox_folder WHERE account_id = $1 ORDER BY path"),
        &[account.into()],
        from_row,
    )
}

/// # Errors
/// What the database says.
pub fn by_path(tx: &mut Tx<'_>, account: &AccountId, path: &str) -> Result<Option<FolderRow>> {
    let sql = format!("SELECT {COLUMNS} FROM mailbox_folder WHERE account_id = $1 AND path = $2");
    tx.query_one(&sql, &[account.into(), path.into()], from_row)
}

/// A folder of this account, by its number.
///
/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, account: &AccountId, id: i64) -> Result<Option<FolderRow>> {
    let sql = format!("SELECT {COLUMNS} FROM mailbox_folder WHERE account_id = $1 AND id = $2");
    tx.query_one(&sql, &[account.into(), id.into()], from_row)
}

/// Answers its number.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, account: &AccountId, row: &FolderRow) -> Result<i64> {
    tx.insert_numbered(
        "INSERT INTO mailbox_folder (account_id, path, delimiter, attributes, special_use, special_use_source, selectable, uid_validity, uid_next,
             highest_modseq, mailbox_id, messages, unseen, listed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        "id",
        &values(account.into(), row)?,
    )
}

/// Everything but its number and its account: also its path, when it was renamed.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &FolderRow) -> Result<()> {
    tx.execute(
        "UPDATE mailbox_folder SET path = $2, delimiter = $3, attributes = $4, special_use = $5, special_use_source = $6, selectable = $7,
             uid_validity = $8, uid_next = $9, highest_modseq = $10, mailbox_id = $11, messages = $12, unseen = $13, listed = $14 WHERE id = $1",
        &values(row.id.into(), row)?,
    )?;
    Ok(())
}

/// Whose it is, and all that is kept of it, in the order of both statements.
fn values<'r>(whose: Value<'r>, row: &'r FolderRow) -> Result<[Value<'r>; 14]> {
    let attributes = json(TABLE, &row.attributes)?;
    Ok([
        whose,
        (&row.path).into(),
        (&row.delimiter).into(),
        attributes.into(),
        (&row.special_use).into(),
        (&row.special_use_source).into(),
        row.selectable.into(),
        row.uid_validity.into(),
        row.uid_next.into(),
        row.highest_modseq.into(),
        (&row.mailbox_id).into(),
        row.messages.into(),
        row.unseen.into(),
        row.listed.into(),
    ])
}

/// With what lies in it; the mails themselves stay known.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.execute("DELETE FROM mailbox_place WHERE folder_id = $1", &[id.into()])?;
    tx.execute("DELETE FROM mailbox_folder WHERE id = $1", &[id.into()])?;
    Ok(())
}
