//! Broadcasts: what they are made of, where they stand, what is counted of them. Which message is of which one is
//! `broadcast_recipients'`.

use std::time::Duration;

use model::broadcast::{Broadcast, BroadcastProgress, BroadcastStatus, BroadcastTracking};
use model::{BroadcastId, ContactListId, TemplateId, Timestamp, UseCaseId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Dialect, Row, Tx, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "broadcast";

/// A broadcast as it is kept, but for its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroadcastRow {
    pub workspace_id: WorkspaceId,
    pub public: Broadcast,
    /// Members up to this number get it.
    pub member_bound: i64,
    /// Members up to this number had their turn.
    pub member_cursor: i64,
    /// Messages that were tried, or cancelled one by one.
    pub tried: u64,
}

impl BroadcastRow {
    /// Messages that wait for their first try.
    pub fn waiting(&self) -> u64 {
        self.public.progress.queued.saturating_sub(self.tried)
    }
}

/// What messages are made of where there is no template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BroadcastContent {
    pub text: Option<String>,
    pub html: Option<String>,
}

/// What is counted from events, once a message each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    Tried,
    Sent,
    Delivered,
    Bounced,
    Deferred,
    Suppressed,
    Failed,
    Complained,
    Opened,
    Clicked,
    Unsubscribed,
}

impl Metric {
    pub const ALL: [Self; 11] = [
        Self::Tried,
        Self::Sent,
        Self::Delivered,
        Self::Bounced,
        Self::Deferred,
        Self::Suppressed,
        Self::Failed,
        Self::Complained,
        Self::Opened,
        Self::Clicked,
        Self::Unsubscribed,
    ];

    const fn column(self) -> &'static str {
        match self {
            Self::Tried => "tried",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Deferred => "deferred",
            Self::Suppressed => "suppressed",
            Self::Failed => "failed",
            Self::Complained => "complained",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

const COLUMNS: &str = "id, workspace_id, name, use_case_id, list_id, status, subject, template_id, template_version, track_opens, track_clicks, tags, \
     member_bound, member_cursor, total, queued, unmade, tried, sent, delivered, bounced, deferred, suppressed, failed, complained, opened, clicked, \
     unsubscribed, problem, scheduled_at, started_at, finished_at, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<BroadcastRow> {
    let status = row.text(5)?;
    let count = |column: usize| row.int(column).map(|count| u64::try_from(count).unwrap_or_default());
    let (total, queued, unmade) = (count(14)?, count(15)?, count(16)?);
    let progress = BroadcastProgress {
        total,
        queued,
        remaining: total.saturating_sub(queued + unmade),
        sent: count(18)?,
        delivered: count(19)?,
        bounced: count(20)?,
        deferred: count(21)?,
        suppressed: count(22)?,
        failed: count(23)? + unmade,
        complained: count(24)?,
        opened: count(25)?,
        clicked: count(26)?,
        unsubscribed: count(27)?,
    };
    Ok(BroadcastRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        member_bound: row.int(12)?,
        member_cursor: row.int(13)?,
        tried: count(17)?,
        public: Broadcast {
            id: BroadcastId::from_stored(row.text(0)?),
            name: row.text(2)?,
            use_case_id: UseCaseId::from_stored(row.text(3)?),
            list_id: ContactListId::from_stored(row.text(4)?),
            status: BroadcastStatus::parse(&status)
                .ok_or_else(|| StoreError::corrupt(TABLE, format!("status {status}")))?,
            subject: row.text_or_null(6)?,
            template_id: row.text_or_null(7)?.map(TemplateId::from_stored),
            template_version: row.int_or_null(8)?.map(i64::unsigned_abs),
            tracking: BroadcastTracking { opens: row.bool(9)?, clicks: row.bool(10)? },
            tags: row.json(TABLE, 11)?,
            progress,
            problem: row.text_or_null(28)?,
            scheduled_at: row.time_or_null(29)?,
            started_at: row.time_or_null(30)?,
            finished_at: row.time_or_null(31)?,
            created_at: row.time(32)?,
            updated_at: row.time(33)?,
        },
    })
}

/// A new one, of which nothing is counted.
///
/// # Errors
/// What the database says.
pub fn insert(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    broadcast: &Broadcast,
    content: &BroadcastContent,
) -> Result<()> {
    let tags = json(TABLE, &broadcast.tags)?;
    tx.execute(
        "INSERT INTO broadcast (id, workspace_id, name, use_case_id, list_id, status, subject, text_content, html_content, template_id,
             template_version, track_opens, track_clicks, tags, scheduled_at, created_at, updated_at, member_bound, member_cursor, total, queued,
             unmade, tried, sent, delivered, bounced, deferred, suppressed, failed, complained, opened, clicked, unsubscribed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
        &[
            (&broadcast.id).into(),
            workspace.into(),
            (&broadcast.name).into(),
            (&broadcast.use_case_id).into(),
            (&broadcast.list_id).into(),
            broadcast.status.as_str().into(),
            (&broadcast.subject).into(),
            (&content.text).into(),
            (&content.html).into(),
            (&broadcast.template_id).into(),
            broadcast.template_version.into(),
            broadcast.tracking.opens.into(),
            broadcast.tracking.clicks.into(),
            tags.into(),
            broadcast.scheduled_at.into(),
            broadcast.created_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &BroadcastId) -> Result<Option<BroadcastRow>> {
    let sql = format!("SELECT {COLUMNS} FROM broadcast WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// As [`get`]. Others who would change it wait for this transaction.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &BroadcastId) -> Result<Option<BroadcastRow>> {
    let lock = if tx.dialect() == Dialect::Postgres { "FOR UPDATE" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM broadcast WHERE id = $1 AND workspace_id = $2 {lock}");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// # Errors
/// What the database says.
pub fn content(tx: &mut Tx<'_>, id: &BroadcastId) -> Result<BroadcastContent> {
    let sql = "SELECT text_content, html_content FROM broadcast WHERE id = $1";
    let found = tx.query_one(sql, &[id.into()], |row| {
        Ok(BroadcastContent { text: row.text_or_null(0)?, html: row.text_or_null(1)? })
    })?;
    Ok(found.unwrap_or_default())
}

/// What its messages are made of since it started.
///
/// # Errors
/// What the database says.
pub fn frozen(tx: &mut Tx<'_>, id: &BroadcastId) -> Result<Option<String>> {
    let sql = "SELECT frozen FROM broadcast WHERE id = $1";
    Ok(tx.query_one(sql, &[id.into()], |row| row.text_or_null(0))?.flatten())
}

/// Newest first, or ascending by id.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    after: Option<&BroadcastId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<BroadcastRow>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("workspace_id = ?", workspace);
    if let Some(after) = after {
        conditions.bind(if ascending { "id > ?" } else { "id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM broadcast WHERE {} ORDER BY id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM broadcast WHERE workspace_id = $1";
    Ok(tx.query_one(sql, &[workspace.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// Whether a list is still needed: by a broadcast that is scheduled, under way or paused.
///
/// # Errors
/// What the database says.
pub fn any_under_way(tx: &mut Tx<'_>, list: &ContactListId) -> Result<bool> {
    let sql = "SELECT id FROM broadcast WHERE list_id = $1 AND status IN ('scheduled', 'sending', 'paused') LIMIT 1";
    Ok(tx.query_one(sql, &[list.into()], |row| row.text(0))?.is_some())
}

/// Writes what one that has not started is made of. Where it stands is [`set_state`]'s.
///
/// # Errors
/// What the database says.
pub fn rewrite(tx: &mut Tx<'_>, broadcast: &Broadcast, content: &BroadcastContent) -> Result<()> {
    let tags = json(TABLE, &broadcast.tags)?;
    tx.execute(
        "UPDATE broadcast SET name = $2, use_case_id = $3, list_id = $4, subject = $5, text_content = $6, html_content = $7,
             template_id = $8, template_version = $9, track_opens = $10, track_clicks = $11, tags = $12, scheduled_at = $13
         WHERE id = $1",
        &[
            (&broadcast.id).into(),
            (&broadcast.name).into(),
            (&broadcast.use_case_id).into(),
            (&broadcast.list_id).into(),
            (&broadcast.subject).into(),
            (&content.text).into(),
            (&content.html).into(),
            (&broadcast.template_id).into(),
            broadcast.template_version.into(),
            broadcast.tracking.opens.into(),
            broadcast.tracking.clicks.into(),
            tags.into(),
            broadcast.scheduled_at.into(),
        ],
    )?;
    Ok(())
}

/// Of one that has not started: nothing else knows of it.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &BroadcastId) -> Result<()> {
    tx.execute("DELETE FROM broadcast WHERE id = $1 AND started_at IS NULL", &[id.into()])?;
    Ok(())
}

/// Writes where it stands, and when it is looked after next. Whoever has it under way finds their lease lost.
///
/// # Errors
/// What the database says.
pub fn set_state(tx: &mut Tx<'_>, broadcast: &Broadcast, due_at: Option<Timestamp>) -> Result<()> {
    tx.execute(
        "UPDATE broadcast SET status = $2, problem = $3, started_at = $4, finished_at = $5, updated_at = $6, due_at = $7, lease = NULL
         WHERE id = $1",
        &[
            (&broadcast.id).into(),
            broadcast.status.as_str().into(),
            (&broadcast.problem).into(),
            broadcast.started_at.into(),
            broadcast.finished_at.into(),
            broadcast.updated_at.into(),
            due_at.into(),
        ],
    )?;
    Ok(())
}

/// What is fixed when it starts.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// What its messages are made of.
    pub frozen: String,
    pub template_version: Option<u64>,
    pub member_bound: i64,
    pub total: u64,
}

/// # Errors
/// What the database says.
pub fn begin(tx: &mut Tx<'_>, id: &BroadcastId, beginning: &Beginning) -> Result<()> {
    tx.execute(
        "UPDATE broadcast SET frozen = $2, template_version = $3, member_bound = $4, total = $5 WHERE id = $1",
        &[
            id.into(),
            (&beginning.frozen).into(),
            beginning.template_version.into(),
            beginning.member_bound.into(),
            beginning.total.into(),
        ],
    )?;
    Ok(())
}

/// Claims one that is due, until `now` and `lease_for`: nobody else gets it before.
///
/// # Errors
/// What the database says.
pub fn claim(tx: &mut Tx<'_>, now: Timestamp, lease_for: Duration, lease: &str) -> Result<Option<BroadcastRow>> {
    let skip_locked = if tx.dialect() == Dialect::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE broadcast SET due_at = $2, lease = $3 WHERE id IN (
             SELECT id FROM broadcast WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT 1 {skip_locked})
         RETURNING {COLUMNS}"
    );
    tx.query_one(&sql, &[now.into(), now.plus(lease_for).into(), lease.into()], from_row)
}

/// Gives a claimed one back, due at `due_at`. Nothing happens where the lease was lost.
///
/// # Errors
/// What the database says.
pub fn release(tx: &mut Tx<'_>, id: &BroadcastId, lease: &str, due_at: Option<Timestamp>) -> Result<()> {
    let sql = "UPDATE broadcast SET due_at = $3, lease = NULL WHERE id = $1 AND lease = $2";
    tx.execute(sql, &[id.into(), lease.into(), due_at.into()])?;
    Ok(())
}

/// Makes everything claimed due at once. Only where no other process works on the database.
///
/// # Errors
/// What the database says.
pub fn free_claimed(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    let sql = "UPDATE broadcast SET due_at = $1, lease = NULL WHERE due_at IS NOT NULL AND lease IS NOT NULL";
    tx.execute(sql, &[now.into()])
}

/// When the next is due.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let sql = "SELECT MIN(due_at) FROM broadcast WHERE due_at IS NOT NULL";
    Ok(tx.query_one(sql, &[], |row| row.time_or_null(0))?.flatten())
}

/// Moves the cursor of one that is being sent. False where somebody else moved it or stopped it: nothing may be made then. The row is
/// locked from here on.
///
/// # Errors
/// What the database says.
pub fn advance(tx: &mut Tx<'_>, id: &BroadcastId, from: i64, to: i64) -> Result<bool> {
    let sql = "UPDATE broadcast SET member_cursor = $3 WHERE id = $1 AND member_cursor = $2 AND status = 'sending'";
    Ok(tx.execute(sql, &[id.into(), from.into(), to.into()])? == 1)
}

/// So many messages were made, and so many members were left out, the first of them because of `problem`.
///
/// # Errors
/// What the database says.
pub fn count_made(
    tx: &mut Tx<'_>,
    id: &BroadcastId,
    queued: usize,
    unmade: usize,
    problem: Option<&str>,
) -> Result<()> {
    tx.execute(
        "UPDATE broadcast SET queued = queued + $2, unmade = unmade + $3, problem = COALESCE(problem, $4) WHERE id = $1",
        &[id.into(), queued.into(), unmade.into(), problem.into()],
    )?;
    Ok(())
}

/// A member left a list: those of its broadcasts in which it had not had its turn go to one less.
///
/// # Errors
/// What the database says.
pub fn forget_member(tx: &mut Tx<'_>, list: &ContactListId, seq: i64) -> Result<()> {
    tx.execute(
        "UPDATE broadcast SET total = total - 1
         WHERE list_id = $1 AND status IN ('sending', 'paused') AND member_cursor < $2 AND member_bound >= $2",
        &[list.into(), seq.into()],
    )?;
    Ok(())
}

/// Adds to what is counted.
///
/// # Errors
/// What the database says.
pub fn add_counts(tx: &mut Tx<'_>, id: &BroadcastId, counts: &[(Metric, i64)]) -> Result<()> {
    let (mut sets, mut values) = (Vec::new(), vec![id.into()]);
    for (metric, more) in counts.iter().filter(|(_, more)| *more != 0) {
        values.push((*more).into());
        sets.push(format!("{0} = {0} + ${1}", metric.column(), values.len()));
    }
    if sets.is_empty() {
        return Ok(());
    }
    let sql = format!("UPDATE broadcast SET {} WHERE id = $1", sets.join(", "));
    tx.execute(&sql, &values)?;
    Ok(())
}
