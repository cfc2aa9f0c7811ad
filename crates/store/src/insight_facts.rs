//! Facts of conversations, to be counted and measured: a row a fact. Decides nothing about what is one.

use model::insight::FactKind;
use model::{ChannelId, ConversationId, TeamId, Timestamp, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Tx, Value};
use crate::error::{Result, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub workspace_id: WorkspaceId,
    pub kind: FactKind,
    pub at: Timestamp,
    /// The message or the event it was told by: a second telling is no second fact.
    pub source: String,
    pub conversation_id: ConversationId,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub user_id: Option<UserId>,
    /// How long it took, by the clock and within business hours.
    pub seconds: Option<u64>,
    pub open_seconds: Option<u64>,
}

fn text<'v>(id: Option<&'v (impl AsRef<str> + 'v)>) -> Value<'v> {
    id.map_or("", AsRef::as_ref).into()
}

/// Those that are known already are left out.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx<'_>, facts: &[Fact]) -> Result<()> {
    let rows: Vec<Vec<Value<'_>>> = facts
        .iter()
        .map(|fact| {
            vec![
                (&fact.workspace_id).into(),
                fact.kind.as_str().into(),
                fact.at.into(),
                (&fact.source).into(),
                (&fact.conversation_id).into(),
                text(fact.channel_id.as_ref()),
                text(fact.team_id.as_ref()),
                text(fact.user_id.as_ref()),
                fact.seconds.into(),
                fact.open_seconds.into(),
            ]
        })
        .collect();
    let head = "INSERT INTO insight_fact (workspace_id, kind, at, source, conversation_id, channel_id, team_id, user_id, seconds, open_seconds)";
    tx.insert_many(head, 10, "ON CONFLICT (source, kind) DO NOTHING", &rows)?;
    Ok(())
}

/// Which facts; what is `None` is left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub workspace_id: WorkspaceId,
    pub from: Timestamp,
    /// Not within.
    pub until: Timestamp,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub user_id: Option<UserId>,
}

/// By what facts are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Channel,
    Team,
    User,
}

impl By {
    const fn column(self) -> &'static str {
        match self {
            Self::Channel => "channel_id",
            Self::Team => "team_id",
            Self::User => "user_id",
        }
    }
}

fn conditions<'w>(wanted: &'w Wanted, kinds: &[FactKind]) -> Conditions<'w> {
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind("workspace_id = ?", &wanted.workspace_id);
    let names: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
    conditions.add(format!("kind IN ({})", names.join(", ")));
    conditions.bind("at >= ?", wanted.from);
    conditions.bind("at < ?", wanted.until);
    if let Some(channel) = &wanted.channel_id {
        conditions.bind("channel_id = ?", channel);
    }
    if let Some(team) = &wanted.team_id {
        conditions.bind("team_id = ?", team);
    }
    if let Some(user) = &wanted.user_id {
        conditions.bind("user_id = ?", user);
    }
    conditions
}

fn kind(name: &str) -> Result<FactKind> {
    FactKind::parse(name).ok_or_else(|| StoreError::corrupt("insight_fact", format!("kind {name}")))
}

/// How many of each kind there are. In the order of the index, so that nothing is sorted.
///
/// # Errors
/// What the database says.
pub fn counts(tx: &mut Tx<'_>, wanted: &Wanted, kinds: &[FactKind]) -> Result<Vec<(FactKind, u64)>> {
    let conditions = conditions(wanted, kinds);
    let sql = format!("SELECT kind, COUNT(*) FROM insight_fact WHERE {} GROUP BY kind", conditions.text());
    tx.query(&sql, conditions.values(), |row| Ok((kind(&row.text(0)?)?, row.int(1)?.unsigned_abs())))
}

/// How many of each kind each person, team or channel has; `""` is nobody's.
///
/// # Errors
/// What the database says.
pub fn counts_by(tx: &mut Tx<'_>, wanted: &Wanted, kinds: &[FactKind], by: By) -> Result<Vec<(String, FactKind, u64)>> {
    let conditions = conditions(wanted, kinds);
    let sql =
        format!("SELECT {}, kind, COUNT(*) FROM insight_fact WHERE {} GROUP BY 1, 2", by.column(), conditions.text());
    tx.query(&sql, conditions.values(), |row| Ok((row.text(0)?, kind(&row.text(1)?)?, row.int(2)?.unsigned_abs())))
}

/// How long something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    pub at: Timestamp,
    pub seconds: u64,
    pub open_seconds: Option<u64>,
}

/// The times of one kind, at most `take`.
///
/// # Errors
/// What the database says.
pub fn measures(tx: &mut Tx<'_>, wanted: &Wanted, kind: FactKind, take: usize) -> Result<Vec<Measure>> {
    let mut conditions = conditions(wanted, &[kind]);
    conditions.add("seconds IS NOT NULL");
    let sql = format!("SELECT at, seconds, open_seconds FROM insight_fact WHERE {} LIMIT {take}", conditions.text());
    tx.query(&sql, conditions.values(), |row| measure(row, 0))
}

/// The same, each with the person, team or channel that has it.
///
/// # Errors
/// What the database says.
pub fn measures_by(
    tx: &mut Tx<'_>,
    wanted: &Wanted,
    kind: FactKind,
    by: By,
    take: usize,
) -> Result<Vec<(String, Measure)>> {
    let mut conditions = conditions(wanted, &[kind]);
    conditions.add("seconds IS NOT NULL");
    let sql = format!(
        "SELECT {}, at, seconds, open_seconds FROM insight_fact WHERE {} LIMIT {take}",
        by.column(),
        conditions.text()
    );
    tx.query(&sql, conditions.values(), |row| Ok((row.text(0)?, measure(row, 1)?)))
}

fn measure(row: &crate::db::Row<'_>, first: usize) -> Result<Measure> {
    Ok(Measure {
        at: row.time(first)?,
        seconds: row.int(first + 1)?.unsigned_abs(),
        open_seconds: row.int_or_null(first + 2)?.map(i64::unsigned_abs),
    })
}

/// Forgets facts of before a time, at most `limit` at once.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    // Only the oldest are looked at: they were written about in the order of their times.
    tx.execute(
        "DELETE FROM insight_fact WHERE id IN (
             SELECT id FROM (SELECT id, at FROM insight_fact ORDER BY id LIMIT $2) AS oldest WHERE at < $1)",
        &[before.into(), limit.into()],
    )
}
