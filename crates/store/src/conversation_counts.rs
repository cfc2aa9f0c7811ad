//! How many conversations there are of each kind, from counts that every change keeps (`conversations`). Never counts rows.

use model::conversation::ConversationStatus;
use model::{ChannelId, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::Tx;
use crate::error::Result;

/// How many conversations a person has before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConversationCounts {
    pub open: u64,
    pub pending: u64,
    pub snoozed: u64,
    pub resolved: u64,
    /// Of the open ones.
    pub unread: u64,
    /// Of the open ones: assigned to the one who asks.
    pub mine: u64,
    /// Of the open ones: assigned to nobody.
    pub unassigned: u64,
    /// Those in which the one who asks is mentioned and has not looked yet. [`counts`] leaves it to `mentions`.
    pub mentions: u64,
}

/// The maintained counts, of one channel or all.
///
/// # Errors
/// What the database says.
pub fn counts(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: Option<&ChannelId>,
    user: Option<&UserId>,
) -> Result<ConversationCounts> {
    let mut conditions = Conditions::after(vec![user.map_or("-", UserId::as_str).into()]);
    conditions.bind("workspace_id = ?", workspace);
    if let Some(channel) = channel {
        conditions.bind("channel_id = ?", channel);
    }
    // Sums side by side: one pass, where groups would be sorted first.
    let sum = |of: &str| format!("CAST(COALESCE(SUM(CASE WHEN {of} THEN conversations ELSE 0 END), 0) AS BIGINT)");
    let sums = ConversationStatus::ALL.map(|status| sum(&format!("status = '{}'", status.as_str()))).join(", ");
    let (unread, mine) = (sum("status = 'open' AND unread"), sum("status = 'open' AND assignee_id = $1"));
    let nobodys = sum("status = 'open' AND assignee_id = ''");
    let sql = format!("SELECT {sums}, {unread}, {mine}, {nobodys} FROM conversation_count WHERE {}", conditions.text());
    let counted = tx.query_one(&sql, conditions.values(), |row| {
        let number = |column| row.int(column).map(|number| u64::try_from(number).unwrap_or(0));
        let mut counts =
            ConversationCounts { unread: number(4)?, mine: number(5)?, unassigned: number(6)?, ..Default::default() };
        for (column, status) in ConversationStatus::ALL.into_iter().enumerate() {
            match status {
                ConversationStatus::Open => counts.open = number(column)?,
                ConversationStatus::Pending => counts.pending = number(column)?,
                ConversationStatus::Snoozed => counts.snoozed = number(column)?,
                ConversationStatus::Resolved => counts.resolved = number(column)?,
            }
        }
        Ok(counts)
    })?;
    Ok(counted.unwrap_or_default())
}
