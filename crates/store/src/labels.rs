//! Which labels a workspace's conversations have. Kept with the conversations (`conversations`); read here.

use model::{ChannelId, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

/// A part of the labels, which are listed by name.
pub struct Wanted {
    pub after: Option<String>,
    pub ascending: bool,
    pub take: usize,
}

impl Wanted {
    /// The outermost name, the condition for a name to come behind another, and the order.
    const fn words(&self) -> (&'static str, &'static str, &'static str) {
        if self.ascending { ("MIN", ">", "ASC") } else { ("MAX", "<", "DESC") }
    }
}

/// The labels in use. Goes from one label to the next in the index of their lists, so that it costs the same however many
/// conversations have them.
///
/// # Errors
/// What the database says.
pub fn in_use(tx: &mut Tx<'_>, workspace: &WorkspaceId, wanted: Wanted) -> Result<Vec<String>> {
    let (first, behind, order) = wanted.words();
    let begins = if wanted.after.is_some() { format!("AND label {behind} $3") } else { String::new() };
    let sql = format!(
        "WITH RECURSIVE used (label, place) AS (
             SELECT {first}(label), CAST(1 AS BIGINT) FROM conversation_label WHERE workspace_id = $1 {begins}
             UNION ALL
             SELECT (SELECT {first}(next.label) FROM conversation_label next
                     WHERE next.workspace_id = $1 AND next.label {behind} used.label), place + 1
             FROM used WHERE used.label IS NOT NULL AND place < $2)
         SELECT label FROM used WHERE label IS NOT NULL ORDER BY label {order}"
    );
    let mut values = vec![workspace.into(), wanted.take.into()];
    values.extend(wanted.after.map(Into::into));
    tx.query(&sql, &values, |row| row.text(0))
}

/// Those of one channel's conversations.
///
/// # Errors
/// What the database says.
pub fn in_use_of_channel(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    wanted: Wanted,
) -> Result<Vec<String>> {
    let (_, behind, order) = wanted.words();
    let begins = if wanted.after.is_some() { format!("AND l.label {behind} $4") } else { String::new() };
    let sql = format!(
        "SELECT DISTINCT l.label FROM conversation_label l JOIN conversation c ON c.id = l.conversation_id
         WHERE l.workspace_id = $1 AND c.channel_id = $2 {begins} ORDER BY l.label {order} LIMIT $3"
    );
    let mut values = vec![workspace.into(), channel.into(), wanted.take.into()];
    values.extend(wanted.after.map(Into::into));
    tx.query(&sql, &values, |row| row.text(0))
}
