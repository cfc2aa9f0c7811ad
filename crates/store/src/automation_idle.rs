//! Conversations whose mail waits for an answer, for the automations that ask how long. Never decides what an answer is.

use model::{AutomationId, ConversationId, MessageId, Timestamp, WorkspaceId};

use crate::db::{Row, Tx};
use crate::error::Result;
use crate::messages::MessageFlags;

const COLUMNS: &str = "automation_id, conversation_id, workspace_id, message_id, message_seq, since, due_at";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub automation_id: AutomationId,
    pub conversation_id: ConversationId,
    pub workspace_id: WorkspaceId,
    /// The first mail without an answer.
    pub message_id: MessageId,
    pub message_seq: i64,
    pub since: Timestamp,
    pub due_at: Timestamp,
}

fn from_row(row: &Row<'_>) -> Result<Waiting> {
    Ok(Waiting {
        automation_id: AutomationId::from_stored(row.text(0)?),
        conversation_id: ConversationId::from_stored(row.text(1)?),
        workspace_id: WorkspaceId::from_stored(row.text(2)?),
        message_id: MessageId::from_stored(row.text(3)?),
        message_seq: row.int(4)?,
        since: row.time(5)?,
        due_at: row.time(6)?,
    })
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, automation: &AutomationId, conversation: &ConversationId) -> Result<Option<Waiting>> {
    let sql = format!("SELECT {COLUMNS} FROM automation_idle WHERE automation_id = $1 AND conversation_id = $2");
    tx.query_one(&sql, &[automation.into(), conversation.into()], from_row)
}

/// Begins to wait, or anew.
///
/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, waiting: &Waiting) -> Result<()> {
    tx.execute(
        &format!(
            "INSERT INTO automation_idle ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (automation_id, conversation_id) DO UPDATE SET message_id = excluded.message_id,
                 message_seq = excluded.message_seq, since = excluded.since, due_at = excluded.due_at"
        ),
        &[
            (&waiting.automation_id).into(),
            (&waiting.conversation_id).into(),
            (&waiting.workspace_id).into(),
            (&waiting.message_id).into(),
            waiting.message_seq.into(),
            waiting.since.into(),
            waiting.due_at.into(),
        ],
    )?;
    Ok(())
}

/// Waits no more for this mail. False where it did not.
///
/// # Errors
/// What the database says.
pub fn take(tx: &mut Tx<'_>, waiting: &Waiting) -> Result<bool> {
    let sql = "DELETE FROM automation_idle WHERE automation_id = $1 AND conversation_id = $2 AND message_seq = $3";
    let values = [(&waiting.automation_id).into(), (&waiting.conversation_id).into(), waiting.message_seq.into()];
    Ok(tx.execute(sql, &values)? == 1)
}

/// Of an automation that asks for something else now.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, automation: &AutomationId) -> Result<()> {
    tx.execute("DELETE FROM automation_idle WHERE automation_id = $1", &[automation.into()])?;
    Ok(())
}

/// An automation waits longer, or less long.
///
/// # Errors
/// What the database says.
pub fn set_minutes(tx: &mut Tx<'_>, automation: &AutomationId, minutes: u32) -> Result<()> {
    let milliseconds = i64::from(minutes) * 60_000;
    let sql = "UPDATE automation_idle SET due_at = since + $2 WHERE automation_id = $1";
    tx.execute(sql, &[automation.into(), milliseconds.into()])?;
    Ok(())
}

/// Those whose time has come, the longest waiting first.
///
/// # Errors
/// What the database says.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, take: usize) -> Result<Vec<Waiting>> {
    let sql = format!("SELECT {COLUMNS} FROM automation_idle WHERE due_at <= $1 ORDER BY due_at LIMIT $2");
    tx.query(&sql, &[now.into(), take.into()], from_row)
}

/// When the next one is due.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    Ok(tx.query_one("SELECT MIN(due_at) FROM automation_idle", &[], |row| row.time_or_null(0))?.flatten())
}

/// Whether somebody answered in a conversation after a mail: a person, not a machine of ours, and whoever wrote there.
///
/// # Errors
/// What the database says.
pub fn was_answered(tx: &mut Tx<'_>, conversation: &ConversationId, after_seq: i64) -> Result<bool> {
    // An automatic answer is composed as one, and read as what it says it is.
    let sql =
        "SELECT 1 FROM message WHERE conversation_id = $1 AND seq > $2 AND direction = 'outbound' AND kind = 'message'
                   AND status <> 'cancelled' AND (flags & $3) = 0 LIMIT 1";
    let aside = MessageFlags { aside: true, ..MessageFlags::default() }.to_bits();
    Ok(tx.query_one(sql, &[conversation.into(), after_seq.into(), aside.into()], |_| Ok(()))?.is_some())
}
