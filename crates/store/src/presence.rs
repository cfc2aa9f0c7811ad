//! Who looks at a conversation at the moment, and who writes in it. Rows end by themselves; what is over is never answered.

use model::presence::Present;
use model::{ConversationId, Timestamp, UserId, WorkspaceId};

use crate::db::{Topic, Tx};
use crate::error::Result;

/// Somebody is there until `expires_at`, and writes until `typing_until`; `None` leaves that as it is. Others are told only of what they
/// would see change.
///
/// # Errors
/// What the database says.
pub fn note(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    conversation: &ConversationId,
    user: &UserId,
    typing_until: Option<Timestamp>,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<()> {
    let known = tx.query_one(
        "SELECT typing_until FROM presence WHERE workspace_id = $1 AND conversation_id = $2 AND user_id = $3 AND expires_at > $4",
        &[workspace.into(), conversation.into(), user.into(), now.into()],
        |row| row.time(0),
    )?;
    let typed_until = known.unwrap_or(now);
    let until = typing_until.unwrap_or(typed_until);
    tx.execute(
        "INSERT INTO presence (workspace_id, conversation_id, user_id, typing_until, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace_id, conversation_id, user_id)
         DO UPDATE SET typing_until = excluded.typing_until, expires_at = excluded.expires_at",
        &[workspace.into(), conversation.into(), user.into(), until.into(), expires_at.into()],
    )?;
    if known.is_none() || (until > now) != (typed_until > now) {
        tx.announce(Topic::Presence);
    }
    Ok(())
}

/// Somebody left.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, workspace: &WorkspaceId, conversation: &ConversationId, user: &UserId) -> Result<()> {
    let left = tx.execute(
        "DELETE FROM presence WHERE workspace_id = $1 AND conversation_id = $2 AND user_id = $3",
        &[workspace.into(), conversation.into(), user.into()],
    )?;
    if left > 0 {
        tx.announce(Topic::Presence);
    }
    Ok(())
}

/// Who is where in a workspace, or in one of its conversations: at most `take`, in the order of conversations and people.
///
/// # Errors
/// What the database says.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    conversation: Option<&ConversationId>,
    now: Timestamp,
    take: usize,
) -> Result<Vec<(ConversationId, Present)>> {
    let one = conversation.map_or("", ConversationId::as_str);
    tx.query(
        "SELECT conversation_id, user_id, typing_until, expires_at FROM presence
         WHERE workspace_id = $1 AND expires_at > $2 AND ($3 = '' OR conversation_id = $3)
         ORDER BY conversation_id, user_id LIMIT $4",
        &[workspace.into(), now.into(), one.into(), take.into()],
        |row| {
            let typing_until = row.time(2)?;
            let present = Present {
                user_id: UserId::from_stored(row.text(1)?),
                typing: typing_until > now,
                until: if typing_until > now { typing_until } else { row.time(3)? },
            };
            Ok((ConversationId::from_stored(row.text(0)?), present))
        },
    )
}

/// Forgets what is over.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM presence WHERE expires_at <= $1", &[now.into()])
}
