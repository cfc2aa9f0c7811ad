//! Counts an hour of what happened to mail, made from the events. A query reads hours, however many events there were.

use model::event::EventType;
use model::{ChannelId, UseCaseId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::Tx;
use crate::error::{Result, StoreError};

const MILLISECONDS_PER_HOUR: i64 = 60 * 60 * 1_000;

/// What is counted.
pub const METRICS: [EventType; 11] = [
    EventType::MessageReceived,
    EventType::MessageSent,
    EventType::MessageDelivered,
    EventType::MessageDeferred,
    EventType::MessageBounced,
    EventType::MessageComplained,
    EventType::MessageFailed,
    EventType::MessageSuppressed,
    EventType::EmailOpened,
    EventType::EmailClicked,
    EventType::EmailUnsubscribed,
];

/// Counts the events behind `after` up to `until`. Whoever calls moves a cursor in the same transaction. Imported mail is not counted,
/// nor what a machine opened or clicked.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, after: i64, until: i64) -> Result<u64> {
    let metrics: Vec<String> = METRICS.iter().map(|metric| format!("'{}'", metric.as_str())).collect();
    // An event of a use case has no channel; its message knows the use case.
    let sql = format!(
        "INSERT INTO analytics (workspace_id, hour, channel_id, use_case_id, metric, count)
         SELECT e.workspace_id, e.created_at / {MILLISECONDS_PER_HOUR}, COALESCE(e.channel_id, ''), COALESCE(m.use_case_id, ''), e.type, COUNT(*)
         FROM event e LEFT JOIN message m ON e.channel_id IS NULL AND m.id = e.subject_id
         WHERE e.position > $1 AND e.position <= $2 AND e.type IN ({}) AND NOT e.imported
             AND NOT (e.type IN ('email.opened', 'email.clicked') AND e.data LIKE '%\"machine\":true%')
         GROUP BY 1, 2, 3, 4, 5
         ON CONFLICT (workspace_id, hour, channel_id, use_case_id, metric) DO UPDATE SET count = analytics.count + excluded.count",
        metrics.join(", ")
    );
    tx.execute(&sql, &[after.into(), until.into()])
}

/// Which counts are wanted: hours since 1970, the last one left out.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub from_hour: i64,
    pub until_hour: i64,
    pub channel: Option<ChannelId>,
    pub use_case: Option<UseCaseId>,
}

/// Counts by hour (or by stretches of `hours_each` of them, counted from 1970) and metric, oldest first.
///
/// # Errors
/// What the database says.
pub fn series(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    wanted: &Wanted,
    hours_each: i64,
) -> Result<Vec<(i64, EventType, u64)>> {
    let mut conditions = Conditions::after(vec![hours_each.into()]);
    conditions.bind("workspace_id = ?", workspace);
    conditions.bind("hour >= ?", wanted.from_hour);
    conditions.bind("hour < ?", wanted.until_hour);
    if let Some(channel) = &wanted.channel {
        conditions.bind("channel_id = ?", channel);
    }
    if let Some(use_case) = &wanted.use_case {
        conditions.bind("use_case_id = ?", use_case);
    }
    let sql = format!(
        "SELECT hour / $1, metric, CAST(SUM(count) AS BIGINT) FROM analytics WHERE {} GROUP BY 1, 2 ORDER BY 1, 2",
        conditions.text()
    );
    tx.query(&sql, conditions.values(), |row| {
        let metric = row.text(1)?;
        let metric =
            EventType::parse(&metric).ok_or_else(|| StoreError::corrupt("analytics", format!("metric {metric}")))?;
        Ok((row.int(0)?, metric, row.int(2)?.unsigned_abs()))
    })
}
