//! Conversations: single rows, who takes part, and the counts that are kept beside them. Lists are in `conversation_lists`.

use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::message::Recipient;
use model::sla::{Sla, SlaState};
use model::{ChannelId, ContactId, ConversationId, TeamId, Timestamp, UseCaseId, UserId, WorkspaceId};

use crate::db::{Row, Tx, Value, json};
use crate::error::{Result, StoreError};

/// A conversation as it is kept. `public` is what the API shows, but for its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationRow {
    pub workspace_id: WorkspaceId,
    pub subject_base: String,
    pub reply_token: String,
    pub public: Conversation,
}

pub(crate) const COLUMNS: &str = "id, workspace_id, channel_id, use_case_id, contact_id, subject, subject_base, status, assignee_id, team_id, \
     unread, message_count, preview, reply_token, related, snoozed_until, last_activity_at, created_at, sla, number, priority";

fn sla(row: &Row<'_>, column: usize) -> Result<Option<Sla>> {
    let read = |text: String| serde_json::from_str(&text).map_err(|error| StoreError::corrupt("conversation", error));
    row.text_or_null(column)?.map(read).transpose()
}

/// `labels` is left empty; see [`labels`].
pub(crate) fn from_row(row: &Row<'_>) -> Result<ConversationRow> {
    let (status, priority) = (row.text(7)?, row.text(20)?);
    Ok(ConversationRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        subject_base: row.text(6)?,
        reply_token: row.text(13)?,
        public: Conversation {
            id: ConversationId::from_stored(row.text(0)?),
            channel_id: row.text_or_null(2)?.map(ChannelId::from_stored),
            use_case_id: row.text_or_null(3)?.map(UseCaseId::from_stored),
            contact_id: row.text_or_null(4)?.map(ContactId::from_stored),
            subject: row.text(5)?,
            status: ConversationStatus::parse(&status)
                .ok_or_else(|| StoreError::corrupt("conversation", format!("status {status}")))?,
            assignee_id: row.text_or_null(8)?.map(UserId::from_stored),
            team_id: row.text_or_null(9)?.map(TeamId::from_stored),
            labels: Vec::new(),
            unread: row.bool(10)?,
            message_count: u32::try_from(row.int(11)?).unwrap_or(u32::MAX),
            preview: row.text(12)?,
            related_conversation_ids: row.json("conversation", 14)?,
            snoozed_until: row.time_or_null(15)?,
            last_activity_at: row.time(16)?,
            created_at: row.time(17)?,
            sla: sla(row, 18)?,
            number: u64::try_from(row.int(19)?).unwrap_or(0),
            priority: ConversationPriority::parse(&priority)
                .ok_or_else(|| StoreError::corrupt("conversation", format!("priority {priority}")))?,
        },
    })
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ConversationId) -> Result<Option<ConversationRow>> {
    let sql = format!("SELECT {COLUMNS} FROM conversation WHERE id = $1 AND workspace_id = $2");
    let Some(mut row) = tx.query_one(&sql, &[id.into(), workspace.into()], from_row)? else { return Ok(None) };
    row.public.labels = labels(tx, id)?;
    Ok(Some(row))
}

/// The conversation a reply token belongs to.
///
/// # Errors
/// What the database says.
pub fn by_reply_token(tx: &mut Tx<'_>, workspace: &WorkspaceId, token: &str) -> Result<Option<ConversationRow>> {
    let sql = format!("SELECT {COLUMNS} FROM conversation WHERE reply_token = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[token.into(), workspace.into()], from_row)
}

/// # Errors
/// What the database says.
pub fn labels(tx: &mut Tx<'_>, id: &ConversationId) -> Result<Vec<String>> {
    tx.query("SELECT label FROM conversation_label WHERE conversation_id = $1 ORDER BY label", &[id.into()], |row| {
        row.text(0)
    })
}

/// Which conversations a mail may join for its subject.
#[derive(Debug, Clone, Copy)]
pub struct SubjectQuery<'q> {
    pub contact: &'q ContactId,
    pub channel: Option<&'q ChannelId>,
    pub use_case: Option<&'q UseCaseId>,
    pub subject_base: &'q str,
    pub since: Timestamp,
    /// How many of the contact's newest conversations are looked at.
    pub look_at: usize,
}

/// Those of the contact's newest conversations with this base subject, channel and use case, newest first.
///
/// # Errors
/// What the database says.
pub fn recent_by_subject(
    tx: &mut Tx<'_>,
    query: &SubjectQuery<'_>,
) -> Result<Vec<(ConversationId, ConversationStatus)>> {
    tx.query(
        "SELECT id, status FROM (
             SELECT id, status, subject_base, channel_id, use_case_id, last_activity_at FROM conversation
             WHERE contact_id = $1 AND last_activity_at >= $2 ORDER BY last_activity_at DESC, id DESC LIMIT $3) AS recent
         WHERE subject_base = $4 AND COALESCE(channel_id, '') = $5 AND COALESCE(use_case_id, '') = $6
         ORDER BY last_activity_at DESC, id DESC",
        &[
            query.contact.into(),
            query.since.into(),
            query.look_at.into(),
            query.subject_base.into(),
            query.channel.map_or("", ChannelId::as_str).into(),
            query.use_case.map_or("", UseCaseId::as_str).into(),
        ],
        |row| {
            let status = row.text(1)?;
            let status = ConversationStatus::parse(&status)
                .ok_or_else(|| StoreError::corrupt("conversation", format!("status {status}")))?;
            Ok((ConversationId::from_stored(row.text(0)?), status))
        },
    )
}

/// A new conversation, counted, and given its number.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &mut ConversationRow) -> Result<()> {
    row.public.number = next_number(tx, &row.workspace_id)?;
    let public = &row.public;
    let values: [Value<'_>; 21] = [
        (&public.id).into(),
        (&row.workspace_id).into(),
        (&public.channel_id).into(),
        (&public.use_case_id).into(),
        (&public.contact_id).into(),
        (&public.subject).into(),
        (&row.subject_base).into(),
        public.status.as_str().into(),
        (&public.assignee_id).into(),
        (&public.team_id).into(),
        public.unread.into(),
        public.message_count.into(),
        (&public.preview).into(),
        (&row.reply_token).into(),
        json("conversation", &public.related_conversation_ids)?.into(),
        public.snoozed_until.into(),
        public.last_activity_at.into(),
        public.created_at.into(),
        // Its timers are given to it later: see [`set_sla`].
        Value::Null,
        i64::try_from(public.number).unwrap_or(i64::MAX).into(),
        public.priority.as_str().into(),
    ];
    tx.execute(
        &format!("INSERT INTO conversation ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"),
        &values,
    )?;
    count(tx, row, 1)
}

/// Others who begin a conversation in the workspace wait for this transaction on PostgreSQL, as they do to count it.
fn next_number(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<u64> {
    let sql = "INSERT INTO conversation_number (workspace_id, last) VALUES ($1, 1)
               ON CONFLICT (workspace_id) DO UPDATE SET last = conversation_number.last + 1 RETURNING last";
    let number = tx.query_one(sql, &[workspace.into()], |row| row.int(0))?;
    Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
}

/// Writes what changed between `before` and `after`, labels and counts included. Ids and creation never change.
///
/// # Errors
/// What the database says.
pub fn apply_change(tx: &mut Tx<'_>, before: &ConversationRow, after: &ConversationRow) -> Result<()> {
    let public = &after.public;
    tx.execute(
        "UPDATE conversation SET subject = $2, subject_base = $3, status = $4, assignee_id = $5, team_id = $6, unread = $7, message_count = $8,
             preview = $9, related = $10, snoozed_until = $11, last_activity_at = $12, contact_id = $13, channel_id = $14, use_case_id = $15,
             priority = $16
         WHERE id = $1",
        &[
            (&public.id).into(),
            (&public.subject).into(),
            (&after.subject_base).into(),
            public.status.as_str().into(),
            (&public.assignee_id).into(),
            (&public.team_id).into(),
            public.unread.into(),
            public.message_count.into(),
            (&public.preview).into(),
            json("conversation", &public.related_conversation_ids)?.into(),
            public.snoozed_until.into(),
            public.last_activity_at.into(),
            (&public.contact_id).into(),
            (&public.channel_id).into(),
            (&public.use_case_id).into(),
            public.priority.as_str().into(),
        ],
    )?;
    apply_labels(tx, before, after)?;
    if (before.public.status, before.public.last_activity_at) != (public.status, public.last_activity_at) {
        crate::mentions::follow(tx, public)?;
    }
    if count_key(before) != count_key(after) {
        // In the order of their keys, so that two transactions never wait for each other.
        let mut deltas = [(before, -1), (after, 1)];
        deltas.sort_by(|(left, _), (right, _)| count_key(left).cmp(&count_key(right)));
        for (row, delta) in deltas {
            count(tx, row, delta)?;
        }
    }
    Ok(())
}

/// Its timers; `None` where it has none any more. No other change touches them.
///
/// # Errors
/// What the database says.
pub fn set_sla(tx: &mut Tx<'_>, id: &ConversationId, sla: Option<&Sla>) -> Result<()> {
    let text =
        sla.map(serde_json::to_string).transpose().map_err(|error| StoreError::corrupt("conversation", error))?;
    let listed = sla.map(|sla| sla.state).filter(|state| matches!(state, SlaState::DueSoon | SlaState::Breached));
    tx.execute(
        "UPDATE conversation SET sla = $2, sla_state = $3 WHERE id = $1",
        &[id.into(), text.into(), listed.map(SlaState::as_str).into()],
    )?;
    Ok(())
}

fn apply_labels(tx: &mut Tx<'_>, before: &ConversationRow, after: &ConversationRow) -> Result<()> {
    let (old, new) = (&before.public, &after.public);
    for label in old.labels.iter().filter(|label| !new.labels.contains(label)) {
        tx.execute(
            "DELETE FROM conversation_label WHERE conversation_id = $1 AND label = $2",
            &[(&new.id).into(), label.into()],
        )?;
    }
    for label in new.labels.iter().filter(|label| !old.labels.contains(label)) {
        tx.execute(
            "INSERT INTO conversation_label (conversation_id, label, workspace_id, status, last_activity_at) VALUES ($1, $2, $3, $4, $5)",
            &[(&new.id).into(), label.into(), (&after.workspace_id).into(), new.status.as_str().into(), new.last_activity_at.into()],
        )?;
    }
    if !new.labels.is_empty() && (old.status, old.last_activity_at) != (new.status, new.last_activity_at) {
        tx.execute(
            "UPDATE conversation_label SET status = $2, last_activity_at = $3 WHERE conversation_id = $1",
            &[(&new.id).into(), new.status.as_str().into(), new.last_activity_at.into()],
        )?;
    }
    Ok(())
}

type CountKey<'c> = (&'c str, &'c str, &'c str, &'static str, bool);

fn count_key(row: &ConversationRow) -> CountKey<'_> {
    let public = &row.public;
    let channel = public.channel_id.as_ref().map_or("", ChannelId::as_str);
    let assignee = public.assignee_id.as_ref().map_or("", UserId::as_str);
    (row.workspace_id.as_str(), channel, assignee, public.status.as_str(), public.unread)
}

fn count(tx: &mut Tx<'_>, row: &ConversationRow, delta: i64) -> Result<()> {
    let (workspace, channel, assignee, status, unread) = count_key(row);
    let values: [Value<'_>; 6] =
        [workspace.into(), channel.into(), assignee.into(), status.into(), unread.into(), delta.into()];
    let counted = tx.execute(
        "UPDATE conversation_count SET conversations = conversations + $6
         WHERE workspace_id = $1 AND channel_id = $2 AND assignee_id = $3 AND status = $4 AND unread = $5",
        &values,
    )?;
    if counted == 0 {
        tx.execute(
            "INSERT INTO conversation_count (workspace_id, channel_id, assignee_id, status, unread, conversations) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (workspace_id, channel_id, assignee_id, status, unread)
             DO UPDATE SET conversations = conversation_count.conversations + excluded.conversations",
            &values,
        )?;
    }
    Ok(())
}

/// Takes a conversation and its count away; its labels and people are the caller's to take away.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, row: &ConversationRow) -> Result<()> {
    tx.execute("DELETE FROM conversation WHERE id = $1", &[(&row.public.id).into()])?;
    count(tx, row, -1)
}

/// Whether one of these addresses takes part.
///
/// # Errors
/// What the database says.
pub fn takes_part(tx: &mut Tx<'_>, id: &ConversationId, addresses: &[&str]) -> Result<bool> {
    if addresses.is_empty() {
        return Ok(false);
    }
    let sql = format!(
        "SELECT 1 FROM participant WHERE conversation_id = $1 AND address IN ({}) LIMIT 1",
        crate::db::placeholders(2, addresses.len())
    );
    let mut values: Vec<Value<'_>> = vec![id.into()];
    values.extend(addresses.iter().map(|address| Value::from(*address)));
    Ok(tx.query_one(&sql, &values, |_| Ok(()))?.is_some())
}

/// Who wrote the newest mails that came in, and whom each of these was for; at most `take` mails.
///
/// # Errors
/// What the database says.
pub fn correspondents(tx: &mut Tx<'_>, id: &ConversationId, take: usize) -> Result<Vec<(String, Vec<Recipient>)>> {
    tx.query(
        "SELECT from_address, recipients FROM message WHERE conversation_id = $1 AND direction = 'inbound' ORDER BY seq DESC LIMIT $2",
        &[id.into(), take.into()],
        |row| Ok((row.text(0)?, row.json("message", 1)?)),
    )
}

/// # Errors
/// What the database says.
pub fn add_participants(tx: &mut Tx<'_>, id: &ConversationId, addresses: &[&str]) -> Result<()> {
    let rows: Vec<Vec<Value<'_>>> = addresses.iter().map(|address| vec![id.into(), (*address).into()]).collect();
    tx.insert_many(
        "INSERT INTO participant (conversation_id, address)",
        2,
        "ON CONFLICT (conversation_id, address) DO NOTHING",
        &rows,
    )?;
    Ok(())
}

/// Snoozed conversations whose time has come, at most `take`.
///
/// # Errors
/// What the database says.
pub fn due_to_wake(tx: &mut Tx<'_>, now: Timestamp, take: usize) -> Result<Vec<(WorkspaceId, ConversationId)>> {
    tx.query(
        "SELECT workspace_id, id FROM conversation WHERE snoozed_until IS NOT NULL AND snoozed_until <= $1 ORDER BY snoozed_until LIMIT $2",
        &[now.into(), take.into()],
        |row| Ok((WorkspaceId::from_stored(row.text(0)?), ConversationId::from_stored(row.text(1)?))),
    )
}
