//! Hours, days and weeks of a time zone: where each begins, and which one a time is in. Pure.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};
use model::Timestamp;

use crate::{EngineError, FieldError, Result};

const HOUR_MILLISECONDS: i64 = 60 * 60 * 1_000;
const DAY_MILLISECONDS: i64 = 24 * HOUR_MILLISECONDS;
/// Days before now that are asked for where it is not said.
const DAYS_USUAL: i64 = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interval {
    Hour,
    #[default]
    Day,
    /// From Monday on.
    Week,
}

impl Interval {
    /// The longest time asked for at once, days.
    const fn days_max(self) -> i64 {
        match self {
            Self::Hour => 31,
            Self::Day => 366,
            Self::Week => 3 * 366,
        }
    }
}

/// From when to when, as asked for.
pub(super) fn stretch(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    interval: Interval,
) -> Result<(Timestamp, Timestamp)> {
    let to = to.unwrap_or_else(Timestamp::now);
    let usual = || Timestamp::from_millis(to.as_millis().saturating_sub(DAYS_USUAL * DAY_MILLISECONDS));
    let from = from.unwrap_or_else(usual);
    if from >= to {
        return Err(EngineError::Invalid(vec![FieldError::new("/from", "from has to be before to")]));
    }
    // A day of a clock that is changed is longer than others.
    let most = interval.days_max();
    if to.as_millis().saturating_sub(from.as_millis()) > most * DAY_MILLISECONDS + HOUR_MILLISECONDS {
        let detail = format!("at most {most} days at once, with this interval");
        return Err(EngineError::Invalid(vec![FieldError::new("/from", detail)]));
    }
    Ok((from, to))
}

/// The whole intervals that hold a stretch of time.
pub(super) struct Buckets {
    begins: Vec<Timestamp>,
    end: Timestamp,
}

impl Buckets {
    pub fn of(from: Timestamp, to: Timestamp, interval: Interval, zone: &TimeZone) -> Self {
        let mut begins = Vec::new();
        let mut at = beginning(from, interval, zone);
        while at < to {
            begins.push(at);
            let next = following(at, interval, zone);
            if next <= at {
                break; // the end of what a calendar knows
            }
            at = next;
        }
        Self { begins, end: at }
    }

    pub fn len(&self) -> usize {
        self.begins.len()
    }

    pub fn begins(&self) -> &[Timestamp] {
        &self.begins
    }

    pub fn begin(&self) -> Timestamp {
        self.begins.first().copied().unwrap_or(self.end)
    }

    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// From when to when each is.
    pub fn stretches(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let ends = self.begins.iter().skip(1).copied().chain([self.end]);
        self.begins.iter().copied().zip(ends)
    }

    /// Which one a time is in.
    pub fn place(&self, at: Timestamp) -> Option<usize> {
        if at >= self.end {
            return None;
        }
        self.begins.partition_point(|begin| *begin <= at).checked_sub(1)
    }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Zoned {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    let zoned = DateTime::from(date).to_zoned(zone.clone());
    Timestamp::from_millis(zoned.map_or(0, |zoned| zoned.timestamp().as_millisecond()))
}

fn beginning(at: Timestamp, interval: Interval, zone: &TimeZone) -> Timestamp {
    let local = zoned(at, zone);
    match interval {
        Interval::Hour => {
            let past = i64::from(local.minute()) * 60_000 + i64::from(local.second()) * 1_000;
            Timestamp::from_millis((at.as_millis() - past).div_euclid(1_000) * 1_000)
        }
        Interval::Day => midnight(local.date(), zone),
        Interval::Week => {
            let days = i64::from(local.date().weekday().to_monday_zero_offset());
            midnight(local.date().checked_sub(Span::new().days(days)).unwrap_or(local.date()), zone)
        }
    }
}

fn following(at: Timestamp, interval: Interval, zone: &TimeZone) -> Timestamp {
    let days = match interval {
        Interval::Hour => return Timestamp::from_millis(at.as_millis() + HOUR_MILLISECONDS),
        Interval::Day => 1,
        Interval::Week => 7,
    };
    let date = zoned(at, zone).date();
    midnight(date.checked_add(Span::new().days(days)).unwrap_or(date), zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn begins(from: &str, to: &str, interval: Interval, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        Buckets::of(at(from), at(to), interval, &zone).begins().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn days_and_weeks_begin_at_the_midnights_of_their_zone() {
        // The clock is changed in the night to the 25th: that day has 25 hours.
        assert_eq!(
            begins("2026-10-24T10:00:00Z", "2026-10-26T10:00:00Z", Interval::Day, "Europe/Berlin"),
            ["2026-10-23T22:00:00.000Z", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"]
        );
        // A midnight that is not there: the day begins at one o'clock.
        assert_eq!(
            begins("2018-11-04T12:00:00Z", "2018-11-04T13:00:00Z", Interval::Day, "America/Sao_Paulo"),
            ["2018-11-04T03:00:00.000Z"]
        );
        assert_eq!(
            begins("2026-11-29T12:00:00Z", "2026-12-01T12:00:00Z", Interval::Week, "UTC"),
            ["2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z"]
        );
        assert_eq!(
            begins("2026-11-29T12:10:00Z", "2026-11-29T13:40:00Z", Interval::Hour, "Asia/Kolkata"),
            ["2026-11-29T11:30:00.000Z", "2026-11-29T12:30:00.000Z", "2026-11-29T13:30:00.000Z"]
        );
    }

    #[test]
    fn a_time_is_in_the_interval_that_begins_last_before_it() {
        let buckets =
            Buckets::of(at("2026-11-29T00:00:00Z"), at("2026-12-01T00:00:00Z"), Interval::Day, &TimeZone::UTC);
        let stretches: Vec<_> = buckets.stretches().collect();
        assert_eq!(stretches[1], (at("2026-11-30T00:00:00Z"), at("2026-12-01T00:00:00Z")));
        for (time, place) in [
            ("2026-11-28T23:59:59Z", None),
            ("2026-11-29T00:00:00Z", Some(0)),
            ("2026-11-30T23:59:59.999Z", Some(1)),
            ("2026-12-01T00:00:00Z", None),
        ] {
            assert_eq!(buckets.place(at(time)), place, "{time}");
        }
    }

    #[test]
    fn a_stretch_is_neither_empty_nor_too_long() {
        let asked = |from, to, interval| stretch(Some(at(from)), Some(at(to)), interval).is_ok();
        assert!(asked("2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z", Interval::Hour));
        assert!(!asked("2026-01-01T00:00:00Z", "2026-02-03T00:00:00Z", Interval::Hour));
        assert!(asked("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", Interval::Day));
        assert!(!asked("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", Interval::Day));
    }
}
