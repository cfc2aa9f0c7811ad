//! Pages of contacts: all of them newest first, or those whose address or name begins with what somebody typed.
//! Prefixes are ranges of an index in byte order on both engines. Owns no change but a contact's own fields.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use model::contact::{Contact, ContactAddress, ContactSummary};
use model::{ChannelId, ContactId, WorkspaceId};
use serde_json::{Map, Value as Json};

use crate::conditions::Conditions;
use crate::db::{Dialect, Tx, Value, json};
use crate::error::{NotAPlace, Result};

/// Whose contacts: a workspace's, or those with a conversation in one of its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactFilter {
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
}

impl ContactFilter {
    fn restrict<'f>(&'f self, contact: &str, conditions: &mut Conditions<'f>) {
        if let Some(channel) = &self.channel_id {
            let known = format!(
                "EXISTS (SELECT 1 FROM conversation k WHERE k.contact_id = {contact} AND COALESCE(k.channel_id, '') = ?)"
            );
            conditions.bind(&known, channel);
        }
    }
}

/// Newest first, or ascending by id.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    filter: &ContactFilter,
    after: Option<&ContactId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<Contact>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("c.workspace_id = ?", &filter.workspace_id);
    filter.restrict("c.id", &mut conditions);
    if let Some(after) = after {
        conditions.bind(if ascending { "c.id > ?" } else { "c.id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT c.id FROM contact c WHERE {} ORDER BY c.id {order} LIMIT $1", conditions.text());
    let ids = tx.query(&sql, conditions.values(), |row| row.text(0))?;
    by_ids(tx, &ids)
}

/// A contact's place among those that begin with a prefix: first by their addresses, then by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrefixKey {
    Address(String),
    Name { key: String, id: String },
}

impl fmt::Display for PrefixKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(formatter, "a{address}"),
            Self::Name { key, id } => write!(formatter, "n{id}.{key}"),
        }
    }
}

impl FromStr for PrefixKey {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NotAPlace> {
        if let Some(address) = text.strip_prefix('a') {
            return Ok(Self::Address(address.to_owned()));
        }
        let (id, key) = text.strip_prefix('n').and_then(|text| text.split_once('.')).ok_or(NotAPlace)?;
        let id = id.parse::<ContactId>().map_err(|_| NotAPlace)?.into_string();
        Ok(Self::Name { key: key.to_owned(), id })
    }
}

/// Contacts of which an address or the name begins with `prefix` (lower case), with their places. A contact found by
/// an address is not found by its name again.
///
/// # Errors
/// What the database says.
pub fn by_prefix(
    tx: &mut Tx<'_>,
    filter: &ContactFilter,
    prefix: &str,
    after: Option<&PrefixKey>,
    take: usize,
) -> Result<Vec<(PrefixKey, Contact)>> {
    let mut keys = match after {
        Some(PrefixKey::Name { .. }) => Vec::new(),
        Some(PrefixKey::Address(address)) => by_address(tx, filter, prefix, Some(address), take)?,
        None => by_address(tx, filter, prefix, None, take)?,
    };
    if keys.len() < take {
        let after = match after {
            Some(PrefixKey::Name { key, id }) => Some((key.as_str(), id.as_str())),
            _ => None,
        };
        let missing = take - keys.len();
        keys.extend(by_name(tx, filter, prefix, after, missing)?);
    }
    let ids: Vec<String> = keys.iter().map(|(_, id)| id.clone()).collect();
    let mut found: HashMap<String, Contact> =
        by_ids(tx, &ids)?.into_iter().map(|contact| (contact.id.as_str().to_owned(), contact)).collect();
    Ok(keys.into_iter().filter_map(|(key, id)| Some((key, found.remove(&id)?))).collect())
}

/// The end of the range of texts that begin with `prefix`: no text sorts behind the last code point.
fn end_of(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

fn byte_order(tx: &Tx<'_>) -> &'static str {
    if tx.dialect() == Dialect::Postgres { "COLLATE \"C\"" } else { "" }
}

fn by_address(
    tx: &mut Tx<'_>,
    filter: &ContactFilter,
    prefix: &str,
    after: Option<&str>,
    take: usize,
) -> Result<Vec<(PrefixKey, String)>> {
    let collate = byte_order(tx);
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("a.workspace_id = ?", &filter.workspace_id);
    filter.restrict("a.contact_id", &mut conditions);
    match after {
        Some(after) => conditions.bind(&format!("a.address {collate} > ?"), after),
        None => conditions.bind(&format!("a.address {collate} >= ?"), prefix),
    }
    conditions.bind(&format!("a.address {collate} < ?"), end_of(prefix));
    // Of a contact's several addresses in the range the first stands for it.
    conditions.bind(
        &format!(
            "NOT EXISTS (SELECT 1 FROM contact_address e WHERE e.contact_id = a.contact_id AND e.workspace_id = a.workspace_id
             AND e.address {collate} < a.address {collate} AND e.address {collate} >= ?)"
        ),
        prefix,
    );
    let sql = format!(
        "SELECT a.address, a.contact_id FROM contact_address a WHERE {} ORDER BY a.address {collate} LIMIT $1",
        conditions.text()
    );
    tx.query(&sql, conditions.values(), |row| Ok((PrefixKey::Address(row.text(0)?), row.text(1)?)))
}

fn by_name(
    tx: &mut Tx<'_>,
    filter: &ContactFilter,
    prefix: &str,
    after: Option<(&str, &str)>,
    take: usize,
) -> Result<Vec<(PrefixKey, String)>> {
    let collate = byte_order(tx);
    let column = format!("c.name_key {collate}");
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("c.workspace_id = ?", &filter.workspace_id);
    filter.restrict("c.id", &mut conditions);
    conditions.add("c.name_key IS NOT NULL");
    conditions.bind(&format!("{column} >= ?"), prefix);
    conditions.bind(&format!("{column} < ?"), end_of(prefix));
    if let Some((key, id)) = after {
        conditions.behind((&column, "c.id"), true, (key.into(), id.into()));
    }
    // One condition with two values, so it comes in two pieces.
    conditions.bind(
        &format!(
            "NOT EXISTS (SELECT 1 FROM contact_address a WHERE a.contact_id = c.id AND a.workspace_id = c.workspace_id
             AND a.address {collate} >= ?"
        ),
        prefix,
    );
    conditions.bind(&format!("a.address {collate} < ?)"), end_of(prefix));
    let sql =
        format!("SELECT c.name_key, c.id FROM contact c WHERE {} ORDER BY {column}, c.id LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), |row| {
        let (key, id) = (row.text(0)?, row.text(1)?);
        Ok((PrefixKey::Name { key, id: id.clone() }, id))
    })
}

fn by_ids(tx: &mut Tx<'_>, ids: &[String]) -> Result<Vec<Contact>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("(?)", ids.iter().map(Value::from));
    let (places, values) = (conditions.text(), conditions.values());
    let sql = format!(
        "SELECT id, name, attributes, created_at, COALESCE(updated_at, created_at) FROM contact WHERE id IN {places}"
    );
    let rows = tx.query(&sql, values, |row| {
        let id = row.text(0)?;
        let contact = Contact {
            id: ContactId::from_stored(id.clone()),
            name: row.text_or_null(1)?,
            addresses: Vec::new(),
            attributes: row.json::<Map<String, Json>>("contact", 2)?,
            created_at: row.time(3)?,
            updated_at: row.time(4)?,
        };
        Ok((id, contact))
    })?;
    let mut found: HashMap<String, Contact> = rows.into_iter().collect();
    let sql = format!(
        "SELECT contact_id, address, is_primary FROM contact_address WHERE contact_id IN {places}
         ORDER BY contact_id, is_primary DESC, address"
    );
    for (id, address) in tx.query(&sql, values, |row| {
        Ok((row.text(0)?, ContactAddress { address: row.text(1)?, primary: row.bool(2)? }))
    })? {
        if let Some(contact) = found.get_mut(&id) {
            contact.addresses.push(address);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Makes others who would change the contact wait for this transaction. SQLite has one writer anyway.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, id: &ContactId) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        tx.query_one("SELECT 1 FROM contact WHERE id = $1 FOR UPDATE", &[id.into()], |_| Ok(()))?;
    }
    Ok(())
}

/// Writes a contact's name and attributes.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, workspace: &WorkspaceId, contact: &Contact) -> Result<()> {
    let attributes = json("contact", &contact.attributes)?;
    tx.execute(
        "UPDATE contact SET name = $3, name_key = $4, attributes = $5, updated_at = $6 WHERE id = $1 AND workspace_id = $2",
        &[
            (&contact.id).into(),
            workspace.into(),
            (&contact.name).into(),
            contact.name.as_ref().map(|name| name.to_lowercase()).into(),
            attributes.into(),
            contact.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Has the contact a conversation in the filter's channel?
///
/// # Errors
/// What the database says.
pub fn is_known(tx: &mut Tx<'_>, filter: &ContactFilter, contact: &ContactId) -> Result<bool> {
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind("c.id = ?", contact);
    conditions.bind("c.workspace_id = ?", &filter.workspace_id);
    filter.restrict("c.id", &mut conditions);
    let sql = format!("SELECT 1 FROM contact c WHERE {}", conditions.text());
    Ok(tx.query_one(&sql, conditions.values(), |_| Ok(()))?.is_some())
}

/// Who these are, in no order; those that are not there are left out.
///
/// # Errors
/// What the database says.
pub fn summaries(tx: &mut Tx<'_>, workspace: &WorkspaceId, ids: &[ContactId]) -> Result<Vec<ContactSummary>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(vec![true.into()]);
    conditions.bind("c.workspace_id = ?", workspace);
    conditions.bind_list("c.id IN (?)", ids.iter().map(Value::from));
    let sql = format!(
        "SELECT c.id, c.name, a.address FROM contact c
         LEFT JOIN contact_address a ON a.contact_id = c.id AND a.workspace_id = c.workspace_id AND a.is_primary = $1
         WHERE {}",
        conditions.text()
    );
    tx.query(&sql, conditions.values(), |row| {
        Ok(ContactSummary {
            id: ContactId::from_stored(row.text(0)?),
            name: row.text_or_null(1)?,
            address: row.text_or_null(2)?,
        })
    })
}

#[cfg(test)]
mod tests;
