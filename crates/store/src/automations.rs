//! Automations in the order in which they are looked at, and the marks that keep them from going on for ever. What they did is in
//! `automation_runs`.

use model::automation::{Automation, AutomationTrigger};
use model::{AutomationId, EventId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Topic, Tx, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "automation";
const COLUMNS: &str = "id, workspace_id, name, enabled, place, set_off_by, idle_minutes, conditions, actions, stop_after, enabled_since, created_at, updated_at";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationRow {
    pub workspace_id: WorkspaceId,
    /// What happened earlier does not set it off.
    pub enabled_since: Timestamp,
    pub public: Automation,
}

/// A trigger by its name in a column.
pub(crate) fn trigger(table: &'static str, row: &Row<'_>, column: usize) -> Result<AutomationTrigger> {
    let name = row.text(column)?;
    AutomationTrigger::parse(&name).ok_or_else(|| StoreError::corrupt(table, format!("set_off_by {name}")))
}

fn from_row(row: &Row<'_>) -> Result<AutomationRow> {
    Ok(AutomationRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        enabled_since: row.time(10)?,
        public: Automation {
            id: AutomationId::from_stored(row.text(0)?),
            name: row.text(2)?,
            enabled: row.bool(3)?,
            position: row.int(4)?.unsigned_abs(),
            trigger: trigger(TABLE, row, 5)?,
            idle_minutes: row.int_or_null(6)?.and_then(|minutes| u32::try_from(minutes).ok()),
            conditions: row.json(TABLE, 7)?,
            actions: row.json(TABLE, 8)?,
            stop_after: row.bool(9)?,
            created_at: row.time(11)?,
            updated_at: row.time(12)?,
        },
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &AutomationRow) -> Result<()> {
    let public = &row.public;
    tx.execute(
        &format!("INSERT INTO automation ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"),
        &[
            (&public.id).into(),
            (&row.workspace_id).into(),
            (&public.name).into(),
            public.enabled.into(),
            public.position.into(),
            public.trigger.as_str().into(),
            public.idle_minutes.into(),
            json(TABLE, &public.conditions)?.into(),
            json(TABLE, &public.actions)?.into(),
            public.stop_after.into(),
            row.enabled_since.into(),
            public.created_at.into(),
            public.updated_at.into(),
        ],
    )?;
    tx.announce(Topic::Events);
    Ok(())
}

/// False where it was changed after `before`, or is gone: nothing is written then. Its place stays.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, before: Timestamp, row: &AutomationRow) -> Result<bool> {
    let public = &row.public;
    let changed = tx.execute(
        "UPDATE automation SET name = $3, enabled = $4, set_off_by = $5, idle_minutes = $6, conditions = $7, actions = $8, stop_after = $9,
             enabled_since = $10, updated_at = $11
         WHERE id = $1 AND workspace_id = $2 AND updated_at = $12",
        &[
            (&public.id).into(),
            (&row.workspace_id).into(),
            (&public.name).into(),
            public.enabled.into(),
            public.trigger.as_str().into(),
            public.idle_minutes.into(),
            json(TABLE, &public.conditions)?.into(),
            json(TABLE, &public.actions)?.into(),
            public.stop_after.into(),
            row.enabled_since.into(),
            public.updated_at.into(),
            before.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// # Errors
/// What the database says.
pub fn set_place(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &AutomationId, place: u64) -> Result<()> {
    let sql = "UPDATE automation SET place = $3 WHERE id = $1 AND workspace_id = $2";
    tx.execute(sql, &[id.into(), workspace.into(), place.into()])?;
    Ok(())
}

/// Forgets it with what it did. False where there is none.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &AutomationId) -> Result<bool> {
    let gone =
        tx.execute("DELETE FROM automation WHERE id = $1 AND workspace_id = $2", &[id.into(), workspace.into()])?;
    if gone == 1 {
        for table in ["automation_run", "automation_reply", "automation_idle"] {
            tx.execute(&format!("DELETE FROM {table} WHERE automation_id = $1"), &[id.into()])?;
        }
    }
    Ok(gone == 1)
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &AutomationId) -> Result<Option<AutomationRow>> {
    let sql = format!("SELECT {COLUMNS} FROM automation WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// All of a workspace, in their order.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Vec<AutomationRow>> {
    let sql = format!("SELECT {COLUMNS} FROM automation WHERE workspace_id = $1 ORDER BY place, id");
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
) -> Result<Vec<AutomationRow>> {
    let (sign, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let mut conditions = Conditions::after(vec![workspace.into(), take.into()]);
    conditions.add("workspace_id = $1");
    if let Some(after) = after {
        conditions.bind(&format!("place {sign} ?"), after);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM automation WHERE {} ORDER BY place {order}, id {order} LIMIT $2",
        conditions.text()
    );
    tx.query(&sql, conditions.values(), from_row)
}

/// Those that are on, of all workspaces, each workspace's in their order.
///
/// # Errors
/// What the database says.
pub fn enabled(tx: &mut Tx<'_>) -> Result<Vec<AutomationRow>> {
    let sql = format!("SELECT {COLUMNS} FROM automation WHERE enabled ORDER BY workspace_id, place, id");
    tx.query(&sql, &[], from_row)
}

/// Marks an event as what these automations led to.
///
/// # Errors
/// What the database says.
pub fn mark(tx: &mut Tx<'_>, event: &EventId, chain: &[AutomationId], now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO automation_effect (event_id, chain, created_at) VALUES ($1, $2, $3)";
    tx.execute(sql, &[event.into(), json(TABLE, &chain)?.into(), now.into()])?;
    Ok(())
}

/// The automations that led to an event, the first one first; none where a person or a mail did.
///
/// # Errors
/// What the database says.
pub fn chain(tx: &mut Tx<'_>, event: &EventId) -> Result<Vec<AutomationId>> {
    let sql = "SELECT chain FROM automation_effect WHERE event_id = $1";
    let found = tx.query_one(sql, &[event.into()], |row| row.json::<Vec<AutomationId>>("automation_effect", 0))?;
    Ok(found.unwrap_or_default())
}

/// Forgets marks of events before a time, some at once.
///
/// # Errors
/// What the database says.
pub fn forget_marks(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    tx.execute(
        "DELETE FROM automation_effect WHERE event_id IN (
             SELECT event_id FROM automation_effect WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        &[before.into(), limit.into()],
    )
}
