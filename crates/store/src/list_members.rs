//! Who is on a list of contacts, in the order of joining. Whoever adds holds the list's lock (`lists::lock`) and counts.

use std::collections::HashSet;

use model::contact_list::ListMember;
use model::{ContactId, ContactListId, Timestamp};
use serde_json::{Map, Value as Json};

use crate::conditions::Conditions;
use crate::db::{Row, Tx, Value, json};
use crate::error::Result;

const TABLE: &str = "contact_list_member";
const COLUMNS: &str = "m.seq, m.contact_id, m.address, c.name, m.variables, m.created_at";
const FROM: &str = "contact_list_member m LEFT JOIN contact c ON c.id = m.contact_id";

/// A member and its number: of two, the lower one joined first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    pub seq: i64,
    pub public: ListMember,
}

fn from_row(row: &Row<'_>) -> Result<MemberRow> {
    Ok(MemberRow {
        seq: row.int(0)?,
        public: ListMember {
            contact_id: ContactId::from_stored(row.text(1)?),
            address: row.text(2)?,
            name: row.text_or_null(3)?,
            variables: row.json(TABLE, 4)?,
            created_at: row.time(5)?,
        },
    })
}

/// # Errors
/// What the database says; a unique violation where the contact is on the list.
pub fn insert(
    tx: &mut Tx<'_>,
    list: &ContactListId,
    seq: i64,
    contact: &ContactId,
    address: &str,
    variables: &Map<String, Json>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO contact_list_member (list_id, seq, contact_id, address, variables, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[list.into(), seq.into(), contact.into(), address.into(), json(TABLE, variables)?.into(), now.into()],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, list: &ContactListId, contact: &ContactId) -> Result<Option<MemberRow>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE m.list_id = $1 AND m.contact_id = $2");
    tx.query_one(&sql, &[list.into(), contact.into()], from_row)
}

/// Writes a member's address and variables; its number stays.
///
/// # Errors
/// What the database says.
pub fn update(
    tx: &mut Tx<'_>,
    list: &ContactListId,
    seq: i64,
    address: &str,
    variables: &Map<String, Json>,
) -> Result<()> {
    tx.execute(
        "UPDATE contact_list_member SET address = $3, variables = $4 WHERE list_id = $1 AND seq = $2",
        &[list.into(), seq.into(), address.into(), json(TABLE, variables)?.into()],
    )?;
    Ok(())
}

/// The number the member had; `None` where the contact is not on the list.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, list: &ContactListId, contact: &ContactId) -> Result<Option<i64>> {
    let sql = "DELETE FROM contact_list_member WHERE list_id = $1 AND contact_id = $2 RETURNING seq";
    tx.query_one(sql, &[list.into(), contact.into()], |row| row.int(0))
}

/// In the order of joining, or the newest first.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    list: &ContactListId,
    after: Option<i64>,
    ascending: bool,
    take: usize,
) -> Result<Vec<MemberRow>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("m.list_id = ?", list);
    if let Some(after) = after {
        conditions.bind(if ascending { "m.seq > ?" } else { "m.seq < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE {} ORDER BY m.seq {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// Those behind `after` up to `until`, in the order of joining.
///
/// # Errors
/// What the database says.
pub fn between(tx: &mut Tx<'_>, list: &ContactListId, after: i64, until: i64, take: usize) -> Result<Vec<MemberRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE m.list_id = $1 AND m.seq > $2 AND m.seq <= $3 ORDER BY m.seq LIMIT $4"
    );
    tx.query(&sql, &[list.into(), after.into(), until.into(), take.into()], from_row)
}

/// Of these numbers, those whose members are on the list.
///
/// # Errors
/// What the database says.
pub fn still_there(tx: &mut Tx<'_>, list: &ContactListId, seqs: &[i64]) -> Result<HashSet<i64>> {
    if seqs.is_empty() {
        return Ok(HashSet::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind("list_id = ?", list);
    conditions.bind_list("seq IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
    let sql = format!("SELECT seq FROM contact_list_member WHERE {}", conditions.text());
    Ok(tx.query(&sql, conditions.values(), |row| row.int(0))?.into_iter().collect())
}
