//! How much comes in and how fast it is answered: facts, counted and measured for a stretch of time. Asks only; the facts are `timing`'s.

mod buckets;
mod csv;
mod spread;

use std::collections::HashMap;

use jiff::tz::TimeZone;
use model::insight::{Durations, FactKind, Figures, InsightGroup, InsightStretch, InsightSummary};
use model::key::{Principal, Scope};
use model::limits::{INSIGHT_GROUPS_MAX, INSIGHT_MEASURES_MAX};
use model::{ChannelId, TeamId, Timestamp, UserId};
use store::insight_facts::{self, By, Measure, Wanted};
use store::{Tx, channels, teams, users};

use self::buckets::Buckets;
pub use self::buckets::Interval;
pub use self::csv::Table;
use crate::{Engine, EngineError, FieldError, Result, access_check};

/// Those that are counted; a first answer is measured.
const COUNTED: [FactKind; 11] = [
    FactKind::Began,
    FactKind::Received,
    FactKind::Answered,
    FactKind::Resolved,
    FactKind::Reopened,
    FactKind::FirstResponseMet,
    FactKind::FirstResponseBreached,
    FactKind::NextResponseMet,
    FactKind::NextResponseBreached,
    FactKind::ResolutionMet,
    FactKind::ResolutionBreached,
];

/// Channels of a workspace whose names are looked up.
const CHANNELS_NAMED_MAX: usize = 10_000;

/// What is asked for. What is `None` is left open.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub from: Option<Timestamp>,
    /// Not within.
    pub to: Option<Timestamp>,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub user_id: Option<UserId>,
    /// Of the IANA database; UTC where it is not said.
    pub time_zone: Option<String>,
}

/// Hours, days or weeks, oldest first.
#[derive(Debug, Clone)]
pub struct Series {
    pub interval: Interval,
    /// As asked for.
    pub time_zone: String,
    pub items: Vec<InsightStretch>,
}

/// By whom or what the figures are put together.
pub type GroupBy = By;

/// The figures of a time, together.
///
/// # Errors
/// The scope `conversations:read` is missing; the time is too long, or ends before it begins; an unknown time zone.
pub async fn summary(engine: &Engine, principal: &Principal, query: Query) -> Result<InsightSummary> {
    let (from, to) = buckets::stretch(query.from, query.to, Interval::Day)?;
    zone(&query)?;
    let Some(wanted) = wanted(principal, &query, from, to)? else {
        return Ok(InsightSummary { from, to, figures: Figures::default() });
    };
    let figures = engine.db.read(move |tx| {
        let mut figures = Figures::default();
        for (kind, count) in insight_facts::counts(tx, &wanted, &COUNTED)? {
            figures.add(kind, count);
        }
        figures.first_response = durations(&measures(tx, &wanted, FactKind::FirstResponse)?);
        figures.resolution = durations(&measures(tx, &wanted, FactKind::Resolved)?);
        Ok(figures)
    });
    Ok(InsightSummary { from, to, figures: figures.await? })
}

/// The figures of each hour, day or week, those when nothing happened too.
///
/// # Errors
/// As [`summary`].
pub async fn series(engine: &Engine, principal: &Principal, query: Query, interval: Interval) -> Result<Series> {
    let (from, to) = buckets::stretch(query.from, query.to, interval)?;
    let zone = zone(&query)?;
    let buckets = Buckets::of(from, to, interval, &zone);
    let time_zone = query.time_zone.clone().unwrap_or_else(|| "UTC".to_owned());
    let mut figures = vec![Figures::default(); buckets.len()];
    if let Some(wanted) = wanted(principal, &query, buckets.begin(), buckets.end())? {
        let each: Vec<Wanted> =
            buckets.stretches().map(|(from, until)| Wanted { from, until, ..wanted.clone() }).collect();
        let read = move |tx: &mut Tx<'_>| {
            // A question an interval, each answered from its stretch of the index: grouped by times, all of them would be sorted.
            let counts = each.iter().map(|each| insight_facts::counts(tx, each, &COUNTED));
            let counts = counts.collect::<store::Result<Vec<_>>>()?;
            let first = measures(tx, &wanted, FactKind::FirstResponse)?;
            Ok((counts, first, measures(tx, &wanted, FactKind::Resolved)?))
        };
        let (counts, first, resolved) = engine.db.read(read).await?;
        for (figures, counts) in figures.iter_mut().zip(counts) {
            counts.into_iter().for_each(|(kind, count)| figures.add(kind, count));
        }
        for (measures, is_first) in [(first, true), (resolved, false)] {
            let each = by(measures, |measure| buckets.place(measure.at));
            for (place, measures) in each {
                if let Some(figures) = figures.get_mut(place) {
                    let taken = durations(&measures);
                    if is_first { figures.first_response = taken } else { figures.resolution = taken }
                }
            }
        }
    }
    let begins = buckets.begins().iter().copied();
    let items = begins.zip(figures).map(|(from, figures)| InsightStretch { from, figures }).collect();
    Ok(Series { interval, time_zone, items })
}

/// The figures of each person, team or channel that has some; those with the most first.
///
/// # Errors
/// As [`summary`].
pub async fn groups(
    engine: &Engine,
    principal: &Principal,
    query: Query,
    group_by: GroupBy,
) -> Result<Vec<InsightGroup>> {
    let (from, to) = buckets::stretch(query.from, query.to, Interval::Day)?;
    zone(&query)?;
    let Some(wanted) = wanted(principal, &query, from, to)? else { return Ok(Vec::new()) };
    let read = move |tx: &mut Tx<'_>| {
        let counts = insight_facts::counts_by(tx, &wanted, &COUNTED, group_by)?;
        let take = INSIGHT_MEASURES_MAX;
        let first = insight_facts::measures_by(tx, &wanted, FactKind::FirstResponse, group_by, take)?;
        let resolved = insight_facts::measures_by(tx, &wanted, FactKind::Resolved, group_by, take)?;
        let names = names(tx, &wanted.workspace_id, group_by)?;
        Ok((counts, first, resolved, names))
    };
    let (counts, first, resolved, mut names) = engine.db.read(read).await?;
    let mut found: HashMap<String, Figures> = HashMap::new();
    for (id, kind, count) in counts {
        found.entry(id).or_default().add(kind, count);
    }
    for (measures, is_first) in [(first, true), (resolved, false)] {
        let mut each: HashMap<String, Vec<Measure>> = HashMap::new();
        for (id, measure) in measures {
            each.entry(id).or_default().push(measure);
        }
        for (id, measures) in each {
            let figures = found.entry(id).or_default();
            let taken = durations(&measures);
            if is_first { figures.first_response = taken } else { figures.resolution = taken }
        }
    }
    let group = |(id, figures): (String, Figures)| {
        let name = names.remove(&id);
        InsightGroup { id: Some(id).filter(|id| !id.is_empty()), name, figures }
    };
    let mut groups: Vec<InsightGroup> = found.into_iter().map(group).collect();
    let work = |group: &InsightGroup| {
        let figures = &group.figures;
        figures.answers + figures.resolved + figures.received + figures.conversations
    };
    groups.sort_by(|left, right| work(right).cmp(&work(left)).then_with(|| left.id.cmp(&right.id)));
    groups.truncate(INSIGHT_GROUPS_MAX);
    Ok(groups)
}

/// The series, or the groups, as CSV.
///
/// # Errors
/// As [`summary`].
pub async fn export(
    engine: &Engine,
    principal: &Principal,
    query: Query,
    interval: Interval,
    table: Table,
) -> Result<String> {
    match table {
        Table::Series => {
            let zone = zone(&query)?;
            let series = series(engine, principal, query, interval).await?;
            Ok(csv::of_series(&series.items, &zone))
        }
        Table::Groups(by) => Ok(csv::of_groups(&groups(engine, principal, query, by).await?)),
    }
}

/// `None` where a key sees nothing of what is asked for.
fn wanted(principal: &Principal, query: &Query, from: Timestamp, until: Timestamp) -> Result<Option<Wanted>> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let channel = access_check::channel(principal, query.channel_id.clone());
    let of_channel = |channel_id| Wanted {
        workspace_id: principal.workspace_id.clone(),
        from,
        until,
        channel_id,
        team_id: query.team_id.clone(),
        user_id: query.user_id.clone(),
    };
    Ok(channel.map(of_channel))
}

fn zone(query: &Query) -> Result<TimeZone> {
    let Some(name) = query.time_zone.as_deref() else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        let detail = "a time zone of the IANA database is expected, such as Europe/Berlin or America/New_York";
        EngineError::Invalid(vec![FieldError::new("/timeZone", detail)])
    })
}

fn measures(tx: &mut Tx<'_>, wanted: &Wanted, kind: FactKind) -> store::Result<Vec<Measure>> {
    insight_facts::measures(tx, wanted, kind, INSIGHT_MEASURES_MAX)
}

fn by<Key: std::hash::Hash + Eq>(
    measures: Vec<Measure>,
    key: impl Fn(&Measure) -> Option<Key>,
) -> HashMap<Key, Vec<Measure>> {
    let mut each: HashMap<Key, Vec<Measure>> = HashMap::new();
    for measure in measures {
        if let Some(key) = key(&measure) {
            each.entry(key).or_default().push(measure);
        }
    }
    each
}

fn durations(measures: &[Measure]) -> Durations {
    let elapsed = measures.iter().map(|measure| measure.seconds).collect();
    let open = measures.iter().filter_map(|measure| measure.open_seconds).collect();
    Durations { count: measures.len() as u64, elapsed: spread::spread(elapsed), business_hours: spread::spread(open) }
}

/// What people, teams and channels are called, by their ids.
fn names(tx: &mut Tx<'_>, workspace: &model::WorkspaceId, by: By) -> store::Result<HashMap<String, String>> {
    Ok(match by {
        By::User => {
            let users = users::list(tx, workspace)?.into_iter().map(|row| row.public);
            users.map(|user| (user.id.into_string(), user.name.unwrap_or(user.email))).collect()
        }
        By::Team => teams::list(tx, workspace)?.into_iter().map(|team| (team.id.into_string(), team.name)).collect(),
        By::Channel => {
            let channels =
                channels::list(tx, workspace, None, None, true, CHANNELS_NAMED_MAX)?.into_iter().map(|row| row.public);
            channels.map(|channel| (channel.id.into_string(), channel.name)).collect()
        }
    })
}
