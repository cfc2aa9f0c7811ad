//! Addresses that are not written to, who took them off the list, and the soft bounces that may put them on it.

use model::suppression::{Suppression, SuppressionReason, SuppressionScope};
use model::{DeliveryId, MessageId, SuppressionId, Timestamp, WorkspaceId};
use sha2::{Digest as _, Sha256};

use crate::conditions::Conditions;
use crate::db::{Row, Tx, Value};
use crate::error::{Result, StoreError};

const TABLE: &str = "suppression";
const COLUMNS: &str = "id, address, scope, scope_id, reason, detail, message_id, expires_at, created_at";
/// Addresses of one question.
const AT_ONCE: usize = 100;

fn from_row(row: &Row<'_>) -> Result<Suppression> {
    let (scope, scope_id, reason) = (row.text(2)?, row.text(3)?, row.text(4)?);
    Ok(Suppression {
        id: SuppressionId::from_stored(row.text(0)?),
        address: row.text(1)?,
        scope: SuppressionScope::parse(&scope).ok_or_else(|| StoreError::corrupt(TABLE, format!("scope {scope}")))?,
        scope_id: Some(scope_id).filter(|id| !id.is_empty()),
        reason: SuppressionReason::parse(&reason)
            .ok_or_else(|| StoreError::corrupt(TABLE, format!("reason {reason}")))?,
        detail: row.text_or_null(5)?,
        message_id: row.text_or_null(6)?.map(MessageId::from_stored),
        expires_at: row.time_or_null(7)?,
        created_at: row.time(8)?,
    })
}

fn scope_id(suppression: &Suppression) -> &str {
    suppression.scope_id.as_deref().unwrap_or_default()
}

/// A new one. Another for the same address and scope is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, suppression: &Suppression) -> Result<()> {
    let sql =
        format!("INSERT INTO suppression (workspace_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    tx.execute(
        &sql,
        &[
            workspace.into(),
            (&suppression.id).into(),
            (&suppression.address).into(),
            suppression.scope.as_str().into(),
            scope_id(suppression).into(),
            suppression.reason.as_str().into(),
            (&suppression.detail).into(),
            (&suppression.message_id).into(),
            suppression.expires_at.into(),
            suppression.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Keeps another reason, and how long it holds.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, workspace: &WorkspaceId, suppression: &Suppression) -> Result<()> {
    tx.execute(
        "UPDATE suppression SET reason = $3, detail = $4, message_id = $5, expires_at = $6 WHERE id = $1 AND workspace_id = $2",
        &[
            (&suppression.id).into(),
            workspace.into(),
            suppression.reason.as_str().into(),
            (&suppression.detail).into(),
            (&suppression.message_id).into(),
            suppression.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &SuppressionId) -> Result<Option<Suppression>> {
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// The one of this address and scope, expired or not.
///
/// # Errors
/// What the database says.
pub fn at_place(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    address: &str,
    scope: SuppressionScope,
    scope_id: &str,
) -> Result<Option<Suppression>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM suppression WHERE workspace_id = $1 AND address = $2 AND scope = $3 AND scope_id = $4"
    );
    tx.query_one(&sql, &[workspace.into(), address.into(), scope.as_str().into(), scope_id.into()], from_row)
}

/// What begins an address that is kept as its hash.
const HASH_PREFIX: &str = "sha256:";

/// What stands for the address of somebody who was erased: the suppression holds on, and the address is kept nowhere.
pub fn hashed(workspace: &WorkspaceId, address: &str) -> String {
    let digest = Sha256::new().chain_update(workspace.as_str()).chain_update([0]).chain_update(address).finalize();
    digest.iter().fold(HASH_PREFIX.to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// Those of an address hold on by its hash, without what they tell of it. Answers how many.
///
/// # Errors
/// What the database says.
pub fn hash(tx: &mut Tx<'_>, workspace: &WorkspaceId, address: &str) -> Result<u64> {
    let hashed = hashed(workspace, address);
    // Where somebody was erased before and came back, the newer one tells more.
    tx.execute(
        "DELETE FROM suppression WHERE workspace_id = $1 AND address = $3 AND EXISTS (
             SELECT 1 FROM suppression s WHERE s.workspace_id = $1 AND s.address = $2
             AND s.scope = suppression.scope AND s.scope_id = suppression.scope_id)",
        &[workspace.into(), address.into(), (&hashed).into()],
    )?;
    tx.execute(
        "UPDATE suppression SET address = $3, detail = NULL, message_id = NULL WHERE workspace_id = $1 AND address = $2",
        &[workspace.into(), address.into(), (&hashed).into()],
    )
}

/// Nothing holds an address back any more, and nobody notes that.
///
/// # Errors
/// What the database says.
pub fn forget_address(tx: &mut Tx<'_>, workspace: &WorkspaceId, address: &str) -> Result<u64> {
    tx.execute("DELETE FROM suppression WHERE workspace_id = $1 AND address = $2", &[workspace.into(), address.into()])
}

/// All of an address, expired ones too.
///
/// # Errors
/// What the database says.
pub fn all_of(tx: &mut Tx<'_>, workspace: &WorkspaceId, address: &str) -> Result<Vec<Suppression>> {
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE workspace_id = $1 AND address = $2 ORDER BY id");
    tx.query(&sql, &[workspace.into(), address.into()], from_row)
}

/// Those of some addresses that hold at `now`, whatever their scope, by the address or its hash; each by the address it was asked for.
///
/// # Errors
/// What the database says.
pub fn of_addresses(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    addresses: &[&str],
    now: Timestamp,
) -> Result<Vec<Suppression>> {
    let mut found = Vec::new();
    for some in addresses.chunks(AT_ONCE) {
        let mut conditions = Conditions::after(vec![workspace.into(), now.into()]);
        conditions.add("workspace_id = $1");
        conditions.add("(expires_at IS NULL OR expires_at > $2)");
        let hashes: Vec<String> = some.iter().map(|address| hashed(workspace, address)).collect();
        let either: Vec<Value<'_>> =
            some.iter().map(|address| Value::from(*address)).chain(hashes.iter().map(Value::from)).collect();
        conditions.bind_list("address IN (?)", either.into_iter());
        let sql = format!("SELECT {COLUMNS} FROM suppression WHERE {}", conditions.text());
        for mut suppression in tx.query(&sql, conditions.values(), from_row)? {
            if let Some(place) = hashes.iter().position(|hash| *hash == suppression.address)
                && let Some(address) = some.get(place)
            {
                suppression.address = (*address).to_owned();
            }
            found.push(suppression);
        }
    }
    Ok(found)
}

/// What a list is confined to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub address: Option<String>,
    pub scope: Option<SuppressionScope>,
    pub scope_id: Option<String>,
    pub reason: Option<SuppressionReason>,
}

/// Those that hold at `now`, newest first, or ascending by id.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    filter: &Filter,
    now: Timestamp,
    after: Option<&SuppressionId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<Suppression>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("workspace_id = ?", workspace);
    conditions.bind("(expires_at IS NULL OR expires_at > ?)", now);
    if let Some(address) = &filter.address {
        // Somebody who was erased is found by the address all the same.
        conditions.bind_list("address IN (?)", [address.into(), hashed(workspace, address).into()].into_iter());
    }
    if let Some(scope) = filter.scope {
        conditions.bind("scope = ?", scope.as_str());
    }
    if let Some(id) = &filter.scope_id {
        conditions.bind("scope_id = ?", id);
    }
    if let Some(reason) = filter.reason {
        conditions.bind("reason = ?", reason.as_str());
    }
    if let Some(after) = after {
        conditions.bind(if ascending { "id > ?" } else { "id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE {} ORDER BY id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// How many hold at `now`, by their scope.
///
/// # Errors
/// What the database says.
pub fn counts(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    now: Timestamp,
) -> Result<Vec<(SuppressionScope, String, u64)>> {
    let sql = "SELECT scope, scope_id, COUNT(*) FROM suppression WHERE workspace_id = $1 AND (expires_at IS NULL OR expires_at > $2)
         GROUP BY scope, scope_id ORDER BY scope DESC, scope_id";
    tx.query(sql, &[workspace.into(), now.into()], |row| {
        let scope = row.text(0)?;
        let scope = SuppressionScope::parse(&scope).ok_or_else(|| StoreError::corrupt(TABLE, format!("scope {scope}")));
        Ok((scope?, row.text(1)?, row.int(2)?.unsigned_abs()))
    })
}

/// Those of one scope that hold at `now`, oldest first, and how many there are.
///
/// # Errors
/// What the database says.
pub fn of_place(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    scope: SuppressionScope,
    scope_id: &str,
    now: Timestamp,
    skip: usize,
    take: usize,
) -> Result<(Vec<Suppression>, u64)> {
    let place = "workspace_id = $1 AND scope = $2 AND scope_id = $3 AND (expires_at IS NULL OR expires_at > $4)";
    let mut values = vec![workspace.into(), scope.as_str().into(), scope_id.into(), now.into()];
    let count = format!("SELECT COUNT(*) FROM suppression WHERE {place}");
    let count = tx.query_one(&count, &values, |row| row.int(0))?.unwrap_or(0).unsigned_abs();
    values.extend([take.into(), skip.into()]);
    let sql = format!("SELECT {COLUMNS} FROM suppression WHERE {place} ORDER BY id LIMIT $5 OFFSET $6");
    Ok((tx.query(&sql, &values, from_row)?, count))
}

/// Takes one away and notes who did. Whether there was one.
///
/// # Errors
/// What the database says.
pub fn remove(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &SuppressionId,
    removed_by: &str,
    now: Timestamp,
) -> Result<bool> {
    let noted = tx.execute(
        "INSERT INTO suppression_removal (suppression_id, workspace_id, address, scope, scope_id, reason, removed_by, removed_at)
         SELECT id, workspace_id, address, scope, scope_id, reason, $3, $4 FROM suppression WHERE id = $1 AND workspace_id = $2",
        &[id.into(), workspace.into(), removed_by.into(), now.into()],
    )?;
    tx.execute("DELETE FROM suppression WHERE id = $1 AND workspace_id = $2", &[id.into(), workspace.into()])?;
    Ok(noted > 0)
}

/// Who took suppressions of an address away, the last first: who, when, and why it was there.
///
/// # Errors
/// What the database says.
pub fn removals(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    address: &str,
) -> Result<Vec<(String, Timestamp, SuppressionReason)>> {
    let sql = "SELECT removed_by, removed_at, reason FROM suppression_removal WHERE workspace_id = $1 AND address = $2 ORDER BY removed_at DESC LIMIT 100";
    tx.query(sql, &[workspace.into(), address.into()], |row| {
        let reason = row.text(2)?;
        let reason = SuppressionReason::parse(&reason);
        Ok((row.text(0)?, row.time(1)?, reason.ok_or_else(|| StoreError::corrupt("suppression_removal", "reason"))?))
    })
}

/// Forgets some that are over, and soft bounces from before `bounced_before`.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, now: Timestamp, bounced_before: Timestamp, take: usize) -> Result<()> {
    tx.execute(
        "DELETE FROM suppression WHERE id IN (SELECT id FROM suppression WHERE expires_at IS NOT NULL AND expires_at <= $1 LIMIT $2)",
        &[now.into(), take.into()],
    )?;
    tx.execute("DELETE FROM soft_bounce WHERE bounced_at < $1", &[bounced_before.into()])?;
    Ok(())
}

/// Counts a soft bounce of a delivery, once. Answers how many count for the address since `since`.
///
/// # Errors
/// What the database says.
pub fn count_soft_bounce(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    address: &str,
    delivery: &DeliveryId,
    now: Timestamp,
    since: Timestamp,
) -> Result<u64> {
    tx.execute(
        "INSERT INTO soft_bounce (workspace_id, address, delivery_id, bounced_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, address, delivery_id) DO NOTHING",
        &[workspace.into(), address.into(), delivery.into(), now.into()],
    )?;
    let sql = "SELECT COUNT(*) FROM soft_bounce WHERE workspace_id = $1 AND address = $2 AND bounced_at > $3";
    let count = tx.query_one(sql, &[workspace.into(), address.into(), since.into()], |row| row.int(0))?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Something was delivered to the address, or it is suppressed: counting begins anew.
///
/// # Errors
/// What the database says.
pub fn forget_soft_bounces(tx: &mut Tx<'_>, workspace: &WorkspaceId, address: &str) -> Result<()> {
    tx.execute(
        "DELETE FROM soft_bounce WHERE workspace_id = $1 AND address = $2",
        &[workspace.into(), address.into()],
    )?;
    Ok(())
}
