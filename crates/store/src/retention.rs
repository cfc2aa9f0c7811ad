//! How long workspaces keep what, and which conversations and reports are older. Erases nothing.

use std::time::Duration;

use model::privacy::RetentionRules;
use model::{ChannelId, ConversationId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Tx, Value, json};
use crate::error::Result;

const TABLE: &str = "retention";
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<RetentionRules> {
    let sql = "SELECT rules FROM retention WHERE workspace_id = $1";
    Ok(tx.query_one(sql, &[workspace.into()], |row| row.json(TABLE, 0))?.unwrap_or_default())
}

/// Keeps rules; they are looked at from `now` on.
///
/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, workspace: &WorkspaceId, rules: &RetentionRules, now: Timestamp) -> Result<()> {
    let json = json(TABLE, rules)?;
    tx.execute(
        "INSERT INTO retention (workspace_id, rules, due_at, updated_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (workspace_id) DO UPDATE SET rules = excluded.rules, due_at = excluded.due_at, updated_at = excluded.updated_at",
        &[workspace.into(), json.into(), now.into()],
    )?;
    Ok(())
}

/// A workspace whose rules are to be looked at.
///
/// # Errors
/// What the database says.
pub fn due(tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<WorkspaceId>> {
    let sql = "SELECT workspace_id FROM retention WHERE due_at <= $1 ORDER BY due_at LIMIT 1";
    tx.query_one(sql, &[now.into()], |row| row.text(0).map(WorkspaceId::from_stored))
}

/// The rules are looked at again at `due_at`. False where another node said so first.
///
/// # Errors
/// What the database says.
pub fn put_off(tx: &mut Tx<'_>, workspace: &WorkspaceId, now: Timestamp, due_at: Timestamp) -> Result<bool> {
    let sql = "UPDATE retention SET due_at = $3 WHERE workspace_id = $1 AND due_at <= $2";
    Ok(tx.execute(sql, &[workspace.into(), now.into(), due_at.into()])? == 1)
}

/// The part of a workspace that one rule speaks of.
#[derive(Debug, Clone)]
struct Part<'r> {
    channel: Option<&'r ChannelId>,
    /// Channels with a rule of their own.
    but: Vec<&'r ChannelId>,
    before: Timestamp,
}

fn parts(rules: &RetentionRules, now: Timestamp) -> Vec<Part<'_>> {
    let before = |days: u32| now.minus(Duration::from_secs(u64::from(days) * DAY_SECONDS));
    let but: Vec<&ChannelId> = rules.channels.iter().map(|channel| &channel.channel_id).collect();
    let own = rules.channels.iter().filter_map(|channel| {
        let days = channel.resolved_days?;
        Some(Part { channel: Some(&channel.channel_id), but: Vec::new(), before: before(days) })
    });
    let rest = rules.resolved_days.map(|days| Part { channel: None, but, before: before(days) });
    own.chain(rest).collect()
}

fn conditions<'v>(workspace: &'v WorkspaceId, part: &Part<'v>, first: Vec<Value<'v>>) -> Conditions<'v> {
    let mut conditions = Conditions::after(first);
    conditions.bind("workspace_id = ?", workspace);
    conditions.add("status = 'resolved'");
    conditions.bind("last_activity_at < ?", part.before);
    if let Some(channel) = part.channel {
        conditions.bind("channel_id = ?", channel);
    }
    if !part.but.is_empty() {
        let but = part.but.iter().map(|channel| Value::from(*channel));
        conditions.bind_list("(channel_id IS NULL OR channel_id NOT IN (?))", but);
    }
    conditions
}

/// Some conversations that are over by these rules.
///
/// # Errors
/// What the database says.
pub fn conversations_over(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    rules: &RetentionRules,
    now: Timestamp,
    take: usize,
) -> Result<Vec<ConversationId>> {
    let mut found: Vec<ConversationId> = Vec::new();
    for part in parts(rules, now) {
        // Each of the two combinations is a walk along an index.
        for unread in [false, true] {
            let left = take.saturating_sub(found.len());
            if left == 0 {
                return Ok(found);
            }
            let mut conditions = conditions(workspace, &part, vec![left.into()]);
            conditions.bind("unread = ?", unread);
            let sql = format!(
                "SELECT id FROM conversation WHERE {} ORDER BY last_activity_at, id LIMIT $1",
                conditions.text()
            );
            found.extend(tx.query(&sql, conditions.values(), |row| row.text(0).map(ConversationId::from_stored))?);
        }
    }
    Ok(found)
}

/// How many conversations, messages and reports are over by these rules.
///
/// # Errors
/// What the database says.
pub fn count_over(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    rules: &RetentionRules,
    now: Timestamp,
) -> Result<(u64, u64, u64)> {
    let (mut conversations, mut messages) = (0, 0);
    for part in parts(rules, now) {
        let conditions = conditions(workspace, &part, Vec::new());
        // Notes are not in a conversation's own count: what is told is the mails.
        let sql = format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(message_count), 0) AS BIGINT) FROM conversation WHERE {}",
            conditions.text()
        );
        let counted = tx.query_one(&sql, conditions.values(), |row| Ok((row.int(0)?, row.int(1)?)))?;
        let (some, mails) = counted.unwrap_or_default();
        conversations += some.unsigned_abs();
        messages += mails.unsigned_abs();
    }
    let mut reports = 0;
    if let Some(before) = reports_before(rules, now) {
        let sql = "SELECT COUNT(*) FROM delivery_report WHERE workspace_id = $1 AND created_at < $2";
        reports = tx.query_one(sql, &[workspace.into(), before.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs();
    }
    Ok((conversations, messages, reports))
}

/// Reports from before this are over.
pub fn reports_before(rules: &RetentionRules, now: Timestamp) -> Option<Timestamp> {
    rules.report_days.map(|days| now.minus(Duration::from_secs(u64::from(days) * DAY_SECONDS)))
}

/// Whether there is such a report.
///
/// # Errors
/// What the database says.
pub fn report_is_over(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    rules: &RetentionRules,
    now: Timestamp,
) -> Result<bool> {
    let Some(before) = reports_before(rules, now) else { return Ok(false) };
    let sql = "SELECT 1 FROM delivery_report WHERE workspace_id = $1 AND created_at < $2 LIMIT 1";
    Ok(tx.query_one(sql, &[workspace.into(), before.into()], |_| Ok(()))?.is_some())
}
