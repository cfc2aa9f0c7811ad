//! The mails of accounts, each once, and the places where they lie: the registry of what was seen. Never speaks to a server.

use model::account::Correspondence;
use model::{AccountId, MessageId, Timestamp};
use serde_json::Value as Json;

use crate::db::{Row, Tx, Value, json};
use crate::error::{Result, StoreError};

/// A mail that an account held once.
#[derive(Debug, Clone, PartialEq)]
pub struct MailRow {
    /// 0 for one that is not kept yet.
    pub id: i64,
    pub identity: [u8; 32],
    /// Without angle brackets.
    pub rfc_message_id: Option<String>,
    pub thread_id: String,
    pub correspondence: Correspondence,
    /// Who wrote it to whom, and what about, as the API shows it.
    pub summary: Json,
    pub blob_id: Option<i64>,
    /// Bytes.
    pub size: u64,
    pub created_at: Timestamp,
}

/// Where a mail lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlaceRow {
    pub folder_id: i64,
    pub uid: u32,
    /// Absent until its bytes were fetched.
    pub mail_id: Option<i64>,
    pub flags: Vec<String>,
    pub labels: Vec<String>,
    pub internal_date: Option<Timestamp>,
    /// Bytes.
    pub size: u64,
    pub email_id: Option<String>,
    pub server_thread_id: Option<String>,
    /// Bytes were asked for and the server gave none, or they are too many.
    pub unreadable: bool,
}

const MAIL: &str = "id, rfc_message_id, thread_id, correspondence, summary, blob_id, size, created_at, identity";
const PLACE: &str =
    "folder_id, uid, mail_id, flags, labels, internal_date, size, email_id, server_thread_id, unreadable";
const PLACE_COLUMNS: usize = 10;

fn mail_from(row: &Row<'_>, first: usize) -> Result<MailRow> {
    let correspondence = row.text(first + 3)?;
    let identity = row.bytes(first + 8)?;
    Ok(MailRow {
        id: row.int(first)?,
        rfc_message_id: row.text_or_null(first + 1)?,
        thread_id: row.text(first + 2)?,
        correspondence: Correspondence::parse(&correspondence)
            .ok_or_else(|| StoreError::corrupt("mailbox_mail", format!("correspondence {correspondence}")))?,
        summary: row.json("mailbox_mail", first + 4)?,
        blob_id: row.int_or_null(first + 5)?,
        size: row.int(first + 6)?.unsigned_abs(),
        created_at: row.time(first + 7)?,
        identity: identity
            .try_into()
            .map_err(|_| StoreError::corrupt("mailbox_mail", "an identity of another length"))?,
    })
}

fn place_from(row: &Row<'_>) -> Result<PlaceRow> {
    Ok(PlaceRow {
        folder_id: row.int(0)?,
        uid: u32::try_from(row.int(1)?).unwrap_or(0),
        mail_id: row.int_or_null(2)?,
        flags: row.json("mailbox_place", 3)?,
        labels: row.json("mailbox_place", 4)?,
        internal_date: row.time_or_null(5)?,
        size: row.int(6)?.unsigned_abs(),
        email_id: row.text_or_null(7)?,
        server_thread_id: row.text_or_null(8)?,
        unreadable: row.bool(9)?,
    })
}

/// # Errors
/// What the database says.
pub fn id_by_identity(tx: &mut Tx<'_>, account: &AccountId, identity: &[u8; 32]) -> Result<Option<i64>> {
    let sql = "SELECT id FROM mailbox_mail WHERE account_id = $1 AND identity = $2";
    tx.query_one(sql, &[account.into(), identity.as_slice().into()], |row| row.int(0))
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, account: &AccountId, id: i64) -> Result<Option<MailRow>> {
    let sql = format!("SELECT {MAIL} FROM mailbox_mail WHERE account_id = $1 AND id = $2");
    tx.query_one(&sql, &[account.into(), id.into()], |row| mail_from(row, 0))
}

/// The thread of the first of these Message-IDs that the account holds.
///
/// # Errors
/// What the database says.
pub fn thread_of(tx: &mut Tx<'_>, account: &AccountId, rfc_message_ids: &[&str]) -> Result<Option<String>> {
    let sql = "SELECT thread_id FROM mailbox_mail WHERE account_id = $1 AND rfc_message_id = $2 ORDER BY id LIMIT 1";
    for id in rfc_message_ids {
        if let Some(thread) = tx.query_one(sql, &[account.into(), (*id).into()], |row| row.text(0))? {
            return Ok(Some(thread));
        }
    }
    Ok(None)
}

/// Answers its number.
///
/// # Errors
/// What the database says; a unique violation where the account holds it already.
pub fn insert(tx: &mut Tx<'_>, account: &AccountId, mail: &MailRow) -> Result<i64> {
    let summary = json("mailbox_mail", &mail.summary)?;
    tx.insert_numbered(
        "INSERT INTO mailbox_mail (account_id, identity, rfc_message_id, thread_id, correspondence, summary, blob_id, size, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        "id",
        &[
            account.into(),
            mail.identity.as_slice().into(),
            (&mail.rfc_message_id).into(),
            (&mail.thread_id).into(),
            mail.correspondence.as_str().into(),
            summary.into(),
            mail.blob_id.into(),
            mail.size.into(),
            mail.created_at.into(),
        ],
    )
}

/// The message it became, whose bytes it shares.
///
/// # Errors
/// What the database says.
pub fn set_message(tx: &mut Tx<'_>, id: i64, message: &MessageId) -> Result<()> {
    tx.execute("UPDATE mailbox_mail SET message_id = $2 WHERE id = $1", &[id.into(), message.into()])?;
    Ok(())
}

/// Keeps places; one that is known takes the new values, but never loses its mail.
///
/// # Errors
/// What the database says.
pub fn put_places(tx: &mut Tx<'_>, places: &[PlaceRow]) -> Result<()> {
    let mut rows: Vec<Vec<Value<'_>>> = Vec::with_capacity(places.len());
    for place in places {
        rows.push(vec![
            place.folder_id.into(),
            place.uid.into(),
            place.mail_id.into(),
            json("mailbox_place", &place.flags)?.into(),
            json("mailbox_place", &place.labels)?.into(),
            place.internal_date.into(),
            place.size.into(),
            (&place.email_id).into(),
            (&place.server_thread_id).into(),
            place.unreadable.into(),
        ]);
    }
    let known = "ON CONFLICT (folder_id, uid) DO UPDATE SET
         mail_id = COALESCE(excluded.mail_id, mailbox_place.mail_id), flags = excluded.flags, labels = excluded.labels,
         internal_date = excluded.internal_date, size = excluded.size, email_id = excluded.email_id,
         server_thread_id = excluded.server_thread_id, unreadable = excluded.unreadable";
    tx.insert_many(&format!("INSERT INTO mailbox_place ({PLACE})"), PLACE_COLUMNS, known, &rows)?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn place(tx: &mut Tx<'_>, folder: i64, uid: u32) -> Result<Option<PlaceRow>> {
    let sql = format!("SELECT {PLACE} FROM mailbox_place WHERE folder_id = $1 AND uid = $2");
    tx.query_one(&sql, &[folder.into(), uid.into()], place_from)
}

/// The UIDs known in a folder from `from` on, ascending.
///
/// # Errors
/// What the database says.
pub fn uids(tx: &mut Tx<'_>, folder: i64, from: u32) -> Result<Vec<u32>> {
    let sql = "SELECT uid FROM mailbox_place WHERE folder_id = $1 AND uid >= $2 ORDER BY uid";
    tx.query(sql, &[folder.into(), from.into()], |row| Ok(u32::try_from(row.int(0)?).unwrap_or(0)))
}

/// UIDs and flags known in a folder, ascending.
///
/// # Errors
/// What the database says.
pub fn flags(tx: &mut Tx<'_>, folder: i64) -> Result<Vec<(u32, Vec<String>)>> {
    tx.query("SELECT uid, flags FROM mailbox_place WHERE folder_id = $1 ORDER BY uid", &[folder.into()], |row| {
        Ok((u32::try_from(row.int(0)?).unwrap_or(0), row.json("mailbox_place", 1)?))
    })
}

/// # Errors
/// What the database says.
pub fn set_flags(tx: &mut Tx<'_>, folder: i64, uid: u32, flags: &[String]) -> Result<()> {
    let sql = "UPDATE mailbox_place SET flags = $3 WHERE folder_id = $1 AND uid = $2";
    tx.execute(sql, &[folder.into(), uid.into(), json("mailbox_place", flags)?.into()])?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn remove_place(tx: &mut Tx<'_>, folder: i64, uid: u32) -> Result<()> {
    tx.execute("DELETE FROM mailbox_place WHERE folder_id = $1 AND uid = $2", &[folder.into(), uid.into()])?;
    Ok(())
}

/// Nothing lies in the folder any more.
///
/// # Errors
/// What the database says.
pub fn clear_folder(tx: &mut Tx<'_>, folder: i64) -> Result<()> {
    tx.execute("DELETE FROM mailbox_place WHERE folder_id = $1", &[folder.into()])?;
    Ok(())
}

/// The highest UIDs of a folder whose bytes were never fetched, descending.
///
/// # Errors
/// What the database says.
pub fn to_fetch(tx: &mut Tx<'_>, folder: i64, take: usize) -> Result<Vec<u32>> {
    let sql = "SELECT uid FROM mailbox_place WHERE folder_id = $1 AND mail_id IS NULL AND unreadable = $2 ORDER BY uid DESC LIMIT $3";
    tx.query(sql, &[folder.into(), false.into(), take.into()], |row| Ok(u32::try_from(row.int(0)?).unwrap_or(0)))
}

/// Bytes of these were asked for; where none came they are not asked for again.
///
/// # Errors
/// What the database says.
pub fn set_unreadable(tx: &mut Tx<'_>, folder: i64, uids: &[u32]) -> Result<()> {
    let sql = "UPDATE mailbox_place SET unreadable = $3 WHERE folder_id = $1 AND uid = $2 AND mail_id IS NULL";
    for uid in uids {
        tx.execute(sql, &[folder.into(), (*uid).into(), true.into()])?;
    }
    Ok(())
}

/// A place, and its mail where that was fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct Lying {
    pub place: PlaceRow,
    pub mail: Option<MailRow>,
}

fn lying(row: &Row<'_>) -> Result<Lying> {
    let place = place_from(row)?;
    let mail = if place.mail_id.is_some() { Some(mail_from(row, PLACE_COLUMNS)?) } else { None };
    Ok(Lying { place, mail })
}

fn joined(condition: &str) -> String {
    let columns = |table: &str, columns: &str| {
        columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
    };
    format!(
        "SELECT {}, {} FROM mailbox_place p LEFT JOIN mailbox_mail m ON m.id = p.mail_id WHERE {condition}",
        columns("p", PLACE),
        columns("m", MAIL)
    )
}

/// # Errors
/// What the database says.
pub fn lying_at(tx: &mut Tx<'_>, folder: i64, uid: u32) -> Result<Option<Lying>> {
    tx.query_one(&joined("p.folder_id = $1 AND p.uid = $2"), &[folder.into(), uid.into()], lying)
}

/// A page of a folder, the highest UIDs first.
///
/// # Errors
/// What the database says.
pub fn page(tx: &mut Tx<'_>, folder: i64, skip: usize, take: usize) -> Result<Vec<Lying>> {
    let sql = joined("p.folder_id = $1 ORDER BY p.uid DESC LIMIT $2 OFFSET $3");
    tx.query(&sql, &[folder.into(), take.into(), skip.into()], lying)
}

/// How many lie in a folder.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, folder: i64) -> Result<u32> {
    let sql = "SELECT COUNT(*) FROM mailbox_place WHERE folder_id = $1";
    let count = tx.query_one(sql, &[folder.into()], |row| row.int(0))?;
    Ok(count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0))
}
