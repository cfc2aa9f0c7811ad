//! Policies of how fast a workspace answers, in the order in which they are looked at.

use model::sla::SlaPolicy;
use model::{SlaPolicyId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Topic, Tx, Value, json};
use crate::error::Result;

const TABLE: &str = "sla_policy";
const COLUMNS: &str = "id, workspace_id, name, place, applies_to, first_response_seconds, next_response_seconds, resolution_seconds, \
     business_hours_only, created_at, updated_at";

fn seconds(row: &Row<'_>, column: usize) -> Result<Option<u32>> {
    Ok(row.int_or_null(column)?.and_then(|seconds| u32::try_from(seconds).ok()))
}

fn from_row(row: &Row<'_>) -> Result<SlaPolicy> {
    Ok(SlaPolicy {
        id: SlaPolicyId::from_stored(row.text(0)?),
        name: row.text(2)?,
        position: row.int(3)?.unsigned_abs(),
        applies_to: row.json(TABLE, 4)?,
        first_response_seconds: seconds(row, 5)?,
        next_response_seconds: seconds(row, 6)?,
        resolution_seconds: seconds(row, 7)?,
        business_hours_only: row.bool(8)?,
        created_at: row.time(9)?,
        updated_at: row.time(10)?,
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, policy: &SlaPolicy) -> Result<()> {
    let values: [Value<'_>; 11] = [
        (&policy.id).into(),
        workspace.into(),
        (&policy.name).into(),
        policy.position.into(),
        json(TABLE, &policy.applies_to)?.into(),
        policy.first_response_seconds.into(),
        policy.next_response_seconds.into(),
        policy.resolution_seconds.into(),
        policy.business_hours_only.into(),
        policy.created_at.into(),
        policy.updated_at.into(),
    ];
    let sql = format!("INSERT INTO sla_policy ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    tx.execute(&sql, &values)?;
    Ok(())
}

/// False where it was changed after `before`, or is gone: nothing is written then. Its place stays.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, workspace: &WorkspaceId, before: Timestamp, policy: &SlaPolicy) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE sla_policy SET name = $3, applies_to = $4, first_response_seconds = $5, next_response_seconds = $6,
             resolution_seconds = $7, business_hours_only = $8, updated_at = $9
         WHERE id = $1 AND workspace_id = $2 AND updated_at = $10",
        &[
            (&policy.id).into(),
            workspace.into(),
            (&policy.name).into(),
            json(TABLE, &policy.applies_to)?.into(),
            policy.first_response_seconds.into(),
            policy.next_response_seconds.into(),
            policy.resolution_seconds.into(),
            policy.business_hours_only.into(),
            policy.updated_at.into(),
            before.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// # Errors
/// What the database says.
pub fn set_place(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &SlaPolicyId, place: u64) -> Result<()> {
    let sql = "UPDATE sla_policy SET place = $3 WHERE id = $1 AND workspace_id = $2";
    tx.execute(sql, &[id.into(), workspace.into(), place.into()])?;
    Ok(())
}

/// Takes it away; the conversations that it fitted are due to be looked at. False where there is none.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &SlaPolicyId) -> Result<bool> {
    let sql = "DELETE FROM sla_policy WHERE id = $1 AND workspace_id = $2";
    if tx.execute(sql, &[id.into(), workspace.into()])? == 0 {
        return Ok(false);
    }
    tx.execute("UPDATE conversation_timing SET next_at = 0 WHERE sla_policy_id = $1", &[id.into()])?;
    tx.announce(Topic::Events);
    Ok(true)
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &SlaPolicyId) -> Result<Option<SlaPolicy>> {
    let sql = format!("SELECT {COLUMNS} FROM sla_policy WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// All of a workspace, in their order.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Vec<SlaPolicy>> {
    let sql = format!("SELECT {COLUMNS} FROM sla_policy WHERE workspace_id = $1 ORDER BY place, id");
    tx.query(&sql, &[workspace.into()], from_row)
}

/// A part of the list, behind a place.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    after: Option<i64>,
    ascending: bool,
    take: usize,
) -> Result<Vec<SlaPolicy>> {
    let (sign, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let mut conditions = Conditions::after(vec![workspace.into(), take.into()]);
    conditions.add("workspace_id = $1");
    if let Some(after) = after {
        conditions.bind(&format!("place {sign} ?"), after);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM sla_policy WHERE {} ORDER BY place {order}, id {order} LIMIT $2",
        conditions.text()
    );
    tx.query(&sql, conditions.values(), from_row)
}
