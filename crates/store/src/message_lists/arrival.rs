//! A stretch of time as a stretch of the order of arrival, so that lists of a day long ago are read where it lies.
//! Needs no index: messages are numbered in about the order of their times. Owns no change.

use std::time::Duration;

use model::Timestamp;

use super::MessageFilter;
use crate::conditions::Conditions;
use crate::db::Tx;
use crate::error::Result;

/// A message has its number at most this long after its time: files are fetched in between, and nodes' clocks differ.
const NUMBERED_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// Numbers that what is asked for lies between; what is `None` is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Between {
    pub after: Option<i64>,
    pub before: Option<i64>,
}

impl Between {
    /// The numbers narrow the walk, the times decide. A list of deliveries has its own order, which is walked whole.
    pub fn restrict<'f>(
        self,
        filter: &'f MessageFilter,
        is_by_delivery: bool,
        key: &str,
        conditions: &mut Conditions<'f>,
    ) {
        if let Some(since) = filter.since {
            conditions.bind("m.created_at >= ?", since);
        }
        if let Some(before) = filter.before {
            conditions.bind("m.created_at < ?", before);
        }
        if is_by_delivery {
            return;
        }
        if let Some(seq) = self.after {
            conditions.bind(&format!("{key} > ?"), seq);
        }
        if let Some(seq) = self.before {
            conditions.bind(&format!("{key} < ?"), seq);
        }
    }
}

/// # Errors
/// What the database says.
pub(super) fn between(tx: &mut Tx<'_>, since: Option<Timestamp>, before: Option<Timestamp>) -> Result<Between> {
    let newest = match (since, before) {
        (None, None) => return Ok(Between::default()),
        _ => crate::messages::newest_seq(tx)?,
    };
    let after = match since {
        // What is older than this was numbered before anything of the time asked for.
        Some(since) => Some(edge(tx, newest, |at| at < since.minus(NUMBERED_AFTER_MAX))?.0),
        None => None,
    };
    let before = match before {
        // What is not older than this is numbered behind all of it.
        Some(before) => Some(edge(tx, newest, |at| at <= before.plus(NUMBERED_AFTER_MAX))?.1),
        None => None,
    };
    Ok(Between { after, before })
}

/// Halves the numbers until a message that is `early` stands beside one that is not. Each answer holds by itself,
/// however the times between them lie: the first is an early message's (or 0), the second at most a later one's (or behind all).
fn edge(tx: &mut Tx<'_>, newest: i64, early: impl Fn(Timestamp) -> bool) -> Result<(i64, i64)> {
    let (mut low, mut high) = (0, newest.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let sql = "SELECT seq, created_at FROM message WHERE seq >= $1 AND seq < $2 ORDER BY seq LIMIT 1";
        let found = tx.query_one(sql, &[middle.into(), high.into()], |row| Ok((row.int(0)?, row.time(1)?)))?;
        match found {
            Some((seq, at)) if early(at) => low = seq,
            // There is nothing between the middle and the one that was found.
            _ => high = middle,
        }
    }
    Ok((low, high))
}
