//! The log of automations: what matched and what was done; and whom they answered when. Once a cause and an automation.

use model::automation::AutomationRun;
use model::{AutomationId, AutomationRunId, ConversationId, EventId, MessageId, Timestamp, WorkspaceId};

use crate::automations::trigger;
use crate::conditions::Conditions;
use crate::db::{Row, Tx, json};
use crate::error::Result;

const TABLE: &str = "automation_run";
const COLUMNS: &str = "id, automation_id, set_off_by, event_id, conversation_id, message_id, subject, from_address, steps, failed, created_at";

fn from_row(row: &Row<'_>) -> Result<AutomationRun> {
    Ok(AutomationRun {
        id: AutomationRunId::from_stored(row.text(0)?),
        automation_id: AutomationId::from_stored(row.text(1)?),
        trigger: trigger(TABLE, row, 2)?,
        event_id: row.text_or_null(3)?.map(EventId::from_stored),
        conversation_id: ConversationId::from_stored(row.text(4)?),
        message_id: row.text_or_null(5)?.map(MessageId::from_stored),
        subject: row.text(6)?,
        from: row.text(7)?,
        steps: row.json(TABLE, 8)?,
        failed: row.bool(9)?,
        created_at: row.time(10)?,
    })
}

/// # Errors
/// What the database says; a unique violation where the automation ran for this cause before.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, cause: &str, run: &AutomationRun) -> Result<()> {
    tx.execute(
        &format!(
            "INSERT INTO automation_run ({COLUMNS}, workspace_id, cause) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        ),
        &[
            (&run.id).into(),
            (&run.automation_id).into(),
            run.trigger.as_str().into(),
            (&run.event_id).into(),
            (&run.conversation_id).into(),
            (&run.message_id).into(),
            (&run.subject).into(),
            (&run.from).into(),
            json(TABLE, &run.steps)?.into(),
            run.failed.into(),
            run.created_at.into(),
            workspace.into(),
            cause.into(),
        ],
    )?;
    Ok(())
}

/// Whether an automation ran for a cause.
///
/// # Errors
/// What the database says.
pub fn ran(tx: &mut Tx<'_>, automation: &AutomationId, cause: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM automation_run WHERE automation_id = $1 AND cause = $2";
    Ok(tx.query_one(sql, &[automation.into(), cause.into()], |_| Ok(()))?.is_some())
}

/// A part of an automation's log; newest first unless it is asked otherwise.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    automation: &AutomationId,
    after: Option<&AutomationRunId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<AutomationRun>> {
    let (sign, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let mut conditions = Conditions::after(vec![workspace.into(), automation.into(), take.into()]);
    conditions.add("workspace_id = $1");
    conditions.add("automation_id = $2");
    if let Some(after) = after {
        conditions.bind(&format!("id {sign} ?"), after);
    }
    let sql = format!("SELECT {COLUMNS} FROM automation_run WHERE {} ORDER BY id {order} LIMIT $3", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// Forgets runs before a time, some at once.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    tx.execute(
        "DELETE FROM automation_run WHERE id IN (
             SELECT id FROM automation_run WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        &[before.into(), limit.into()],
    )
}

/// When an automation last answered somebody.
///
/// # Errors
/// What the database says.
pub fn last_reply(tx: &mut Tx<'_>, automation: &AutomationId, recipient: &str) -> Result<Option<Timestamp>> {
    let sql = "SELECT replied_at FROM automation_reply WHERE automation_id = $1 AND recipient = $2";
    tx.query_one(sql, &[automation.into(), recipient.into()], |row| row.time(0))
}

/// How many people an automation answered since then.
///
/// # Errors
/// What the database says.
pub fn replies_since(tx: &mut Tx<'_>, automation: &AutomationId, since: Timestamp) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM automation_reply WHERE automation_id = $1 AND replied_at >= $2";
    let count = tx.query_one(sql, &[automation.into(), since.into()], |row| row.int(0))?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// # Errors
/// What the database says.
pub fn note_reply(tx: &mut Tx<'_>, automation: &AutomationId, recipient: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO automation_reply (automation_id, recipient, replied_at) VALUES ($1, $2, $3)
         ON CONFLICT (automation_id, recipient) DO UPDATE SET replied_at = excluded.replied_at",
        &[automation.into(), recipient.into(), now.into()],
    )?;
    Ok(())
}

/// Forgets answers before a time, some at once.
///
/// # Errors
/// What the database says.
pub fn forget_replies(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    // Only as many as are looked at: the rows have no number of their own.
    let sql =
        "SELECT automation_id, recipient FROM automation_reply WHERE replied_at < $1 ORDER BY replied_at LIMIT $2";
    let old = tx.query(sql, &[before.into(), limit.into()], |row| Ok((row.text(0)?, row.text(1)?)))?;
    for (automation, recipient) in &old {
        tx.execute(
            "DELETE FROM automation_reply WHERE automation_id = $1 AND recipient = $2",
            &[automation.into(), recipient.into()],
        )?;
    }
    Ok(old.len() as u64)
}
