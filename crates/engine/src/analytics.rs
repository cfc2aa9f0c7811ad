//! Counts of what happened to mail: kept up to date from the events by a durable cursor, and asked for by hours or days. Never counts
//! an event twice: the cursor moves in the transaction that counts.

use std::time::Duration;

use model::analytics::{Counts, Stretch, Summary};
use model::key::{Principal, Scope};
use model::{ChannelId, Timestamp, UseCaseId};
use store::analytics::{self, Wanted};
use store::{Priority, Topic, Tx, events, progress};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, FieldError, Result, access_check};

const PROGRESS: &str = "analytics";
/// Events counted in one transaction.
const AT_ONCE: i64 = 2_000;
/// How long events gather before they are counted.
const PAUSE: Duration = Duration::from_secs(1);
const HOUR_SECONDS: i64 = 60 * 60;
const DAY_HOURS: i64 = 24;
/// The longest time asked for at once, hours; a series by hours is shorter.
const HOURS_MAX: i64 = 366 * DAY_HOURS;
const SERIES_HOURS_MAX: i64 = 31 * DAY_HOURS;
/// Where it is not said: this many hours up to now.
const HOURS_USUAL: i64 = 30 * DAY_HOURS;

/// Counts until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut news = engine.db.subscribe(Topic::Events);
    while !shutdown.is_cancelled() {
        match count_some(&engine).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "events could not be counted for the analytics; trying again"),
        }
        // Events gather first: one transaction a second counts them all.
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
        tokio::select! {
            _ = news.changed() => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Whether there may be more.
///
/// # Errors
/// What the store says.
pub async fn count_some(engine: &Engine) -> Result<bool> {
    let (position, newest) =
        engine.db.read(|tx| Ok((progress::get(tx, PROGRESS)?, events::newest_position(tx)?))).await?;
    if newest <= position {
        return Ok(false);
    }
    let until = newest.min(position + AT_ONCE);
    let count = move |tx: &mut Tx<'_>| {
        // Another node may have been here first.
        if progress::advance(tx, PROGRESS, position, until)? {
            analytics::count(tx, position, until)?;
        }
        Ok(())
    };
    engine.db.write(Priority::Background, count).await?;
    Ok(until < newest)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    Hour,
    Day,
}

/// What is asked for. Times are rounded to whole hours (or days), in UTC.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub channel_id: Option<ChannelId>,
    pub use_case_id: Option<UseCaseId>,
}

/// The counts of a time, together.
///
/// # Errors
/// The scope `messages:read` is missing; the time is too long, or ends before it begins.
pub async fn summary(engine: &Engine, principal: &Principal, query: Query) -> Result<Summary> {
    let (from, to) = hours(&query, 1, HOURS_MAX)?;
    let found = read(engine, principal, query, (from, to), HOURS_MAX).await?;
    let mut counts = Counts::default();
    for (_, metric, count) in found {
        counts.add(metric, count);
    }
    Ok(Summary { from: at(from), to: at(to), counts, rates: counts.rates() })
}

/// The counts of each hour or day, those without any too.
///
/// # Errors
/// As [`summary`].
pub async fn series(engine: &Engine, principal: &Principal, query: Query, interval: Interval) -> Result<Vec<Stretch>> {
    let (each, most) = match interval {
        Interval::Hour => (1, SERIES_HOURS_MAX),
        Interval::Day => (DAY_HOURS, HOURS_MAX),
    };
    let (from, to) = hours(&query, each, most)?;
    let found = read(engine, principal, query, (from, to), each).await?;
    let mut stretches: Vec<Stretch> =
        (from / each..to / each).map(|number| Stretch { from: at(number * each), counts: Counts::default() }).collect();
    for (number, metric, count) in found {
        let place = usize::try_from(number - from / each).ok();
        if let Some(stretch) = place.and_then(|place| stretches.get_mut(place)) {
            stretch.counts.add(metric, count);
        }
    }
    Ok(stretches)
}

async fn read(
    engine: &Engine,
    principal: &Principal,
    query: Query,
    (from_hour, until_hour): (i64, i64),
    hours_each: i64,
) -> Result<Vec<(i64, model::event::EventType, u64)>> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let Some(channel) = access_check::channel(principal, query.channel_id) else { return Ok(Vec::new()) };
    let wanted = Wanted { from_hour, until_hour, channel, use_case: query.use_case_id };
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| analytics::series(tx, &workspace, &wanted, hours_each)).await?)
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour * HOUR_SECONDS * 1_000)
}

/// From which hour to which, in whole stretches of `each`.
fn hours(query: &Query, each: i64, most: i64) -> Result<(i64, i64)> {
    let hour = |time: Timestamp| time.as_seconds().div_euclid(HOUR_SECONDS);
    let until = query.to.map_or_else(
        || hour(Timestamp::now()) + 1,
        // An hour that has begun by then counts.
        |to| (to.as_millis() + HOUR_SECONDS * 1_000 - 1).div_euclid(HOUR_SECONDS * 1_000),
    );
    let from = query.from.map_or(until - HOURS_USUAL.min(most - each), hour);
    let (from, until) = (from.div_euclid(each) * each, (until + each - 1).div_euclid(each) * each);
    if from >= until {
        return Err(EngineError::Invalid(vec![FieldError::new("/from", "from has to be before to")]));
    }
    if until - from > most {
        let detail = format!("at most {} days at once, with this interval", most / DAY_HOURS);
        return Err(EngineError::Invalid(vec![FieldError::new("/from", detail)]));
    }
    Ok((from, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(from: i64, to: i64) -> Query {
        let time = |hours: i64| Some(Timestamp::from_millis(hours * HOUR_SECONDS * 1_000 + 1));
        Query { from: time(from), to: time(to), ..Query::default() }
    }

    #[test]
    fn times_are_rounded_to_whole_stretches_that_hold_them() {
        assert_eq!(hours(&query(10, 12), 1, 100).ok(), Some((10, 13)));
        assert_eq!(hours(&query(10, 30), 24, 1_000).ok(), Some((0, 48)));
        let exact = Query { from: Some(at(24)), to: Some(at(48)), ..Query::default() };
        assert_eq!(hours(&exact, 24, 1_000).ok(), Some((24, 48)));
        assert!(hours(&query(12, 10), 1, 100).is_err());
        assert!(hours(&query(0, 200), 1, 100).is_err());
    }
}
