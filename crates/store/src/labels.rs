//! Which labels a workspace's conversations have. Kept with the conversations (`conversations`); read here.

use model::{ChannelId, WorkspaceId};

use crate::db::Tx;
use crate::error::Result;

/// The labels in use, by name, at most `take`. Goes from one label to the next in the index of their lists, so that it costs the
/// same however many conversations have them.
///
/// # Errors
/// What the database says.
pub fn in_use(tx: &mut Tx<'_>, workspace: &WorkspaceId, take: usize) -> Result<Vec<String>> {
    tx.query(
        "WITH RECURSIVE used (label, place) AS (
             SELECT MIN(label), CAST(1 AS BIGINT) FROM conversation_label WHERE workspace_id = $1
             UNION ALL
             SELECT (SELECT MIN(next.label) FROM conversation_label next WHERE next.workspace_id = $1 AND next.label > used.label), place + 1
             FROM used WHERE used.label IS NOT NULL AND place < $2)
         SELECT label FROM used WHERE label IS NOT NULL ORDER BY label",
        &[workspace.into(), take.into()],
        |row| row.text(0),
    )
}

/// Those of one channel's conversations.
///
/// # Errors
/// What the database says.
pub fn in_use_of_channel(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    take: usize,
) -> Result<Vec<String>> {
    tx.query(
        "SELECT DISTINCT l.label FROM conversation_label l JOIN conversation c ON c.id = l.conversation_id
         WHERE l.workspace_id = $1 AND c.channel_id = $2 ORDER BY l.label LIMIT $3",
        &[workspace.into(), channel.into(), take.into()],
        |row| row.text(0),
    )
}
