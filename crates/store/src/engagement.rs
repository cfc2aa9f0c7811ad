//! What recipients did with a message: counted, one row a tracked message. Never decides what a person is.

use model::message::Engagement;
use model::{ChannelId, MessageId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Tx, Value};
use crate::error::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngagementRow {
    pub message_id: MessageId,
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
    pub recipient: String,
    pub public: Engagement,
    pub created_at: Timestamp,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Open,
    Click,
}

const COLUMNS: &str = "message_id, workspace_id, channel_id, recipient, opens, machine_opens, clicks, machine_clicks, first_opened_at, last_opened_at, first_clicked_at, last_clicked_at, created_at";

fn from_row(row: &Row<'_>) -> Result<EngagementRow> {
    Ok(EngagementRow {
        message_id: MessageId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        channel_id: row.text_or_null(2)?.map(ChannelId::from_stored),
        recipient: row.text(3)?,
        public: Engagement {
            opens: row.int(4)?.unsigned_abs(),
            machine_opens: row.int(5)?.unsigned_abs(),
            clicks: row.int(6)?.unsigned_abs(),
            machine_clicks: row.int(7)?.unsigned_abs(),
            first_opened_at: row.time_or_null(8)?,
            last_opened_at: row.time_or_null(9)?,
            first_clicked_at: row.time_or_null(10)?,
            last_clicked_at: row.time_or_null(11)?,
        },
        created_at: row.time(12)?,
    })
}

/// Begins to count, from nothing.
///
/// # Errors
/// What the database says.
pub fn insert(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: Option<&ChannelId>,
    message: &MessageId,
    recipient: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO message_engagement (message_id, workspace_id, channel_id, recipient, opens, machine_opens, clicks, machine_clicks, created_at)
         VALUES ($1, $2, $3, $4, 0, 0, 0, 0, $5)",
        &[message.into(), workspace.into(), channel.into(), recipient.into(), now.into()],
    )?;
    Ok(())
}

/// Of a message of whatever workspace, for who holds a signed link to it.
///
/// # Errors
/// What the database says.
pub fn of_any_workspace(tx: &mut Tx<'_>, message: &MessageId) -> Result<Option<EngagementRow>> {
    let sql = format!("SELECT {COLUMNS} FROM message_engagement WHERE message_id = $1");
    tx.query_one(&sql, &[message.into()], from_row)
}

/// Of these messages of the workspace, those that are tracked, in no order.
///
/// # Errors
/// What the database says.
pub fn by_messages(tx: &mut Tx<'_>, workspace: &WorkspaceId, messages: &[MessageId]) -> Result<Vec<EngagementRow>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("message_id IN (?)", messages.iter().map(Value::from));
    conditions.bind("workspace_id = ?", workspace);
    let sql = format!("SELECT {COLUMNS} FROM message_engagement WHERE {}", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// One more.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, message: &MessageId, act: Act, by_machine: bool, now: Timestamp) -> Result<()> {
    let what = match (act, by_machine) {
        (Act::Open, true) => "machine_opens = machine_opens + 1",
        (Act::Click, true) => "machine_clicks = machine_clicks + 1",
        (Act::Open, false) => "opens = opens + 1, first_opened_at = COALESCE(first_opened_at, $2), last_opened_at = $2",
        (Act::Click, false) => {
            "clicks = clicks + 1, first_clicked_at = COALESCE(first_clicked_at, $2), last_clicked_at = $2"
        }
    };
    let sql = format!("UPDATE message_engagement SET {what} WHERE message_id = $1");
    let values: &[Value<'_>] = &[message.into(), now.into()];
    tx.execute(&sql, if by_machine { &values[..1] } else { values })?;
    Ok(())
}
