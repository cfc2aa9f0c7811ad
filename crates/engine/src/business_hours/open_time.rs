//! Time that counts only while a workspace is at work: how much of it lies between two times, and when so much of it will have passed.
//! Pure. Walks the hours between the changes of a zone's clock one by one, so that a night when it is changed has the hours it has.

use std::ops::ControlFlow;

use jiff::tz::TimeZone;
use model::Timestamp;
use model::limits::OPEN_TIME_DAYS_MAX;

use super::{Hours, weekday};

const MINUTE: i64 = 60 * 1_000;
const DAY: i64 = 24 * 60 * MINUTE;

impl Hours {
    /// When so many seconds of open time have passed since `from`; `None` where that is years away, or never.
    pub fn after(&self, from: Timestamp, seconds: u64) -> Option<Timestamp> {
        let mut left = i64::try_from(seconds).ok()?.checked_mul(1_000)?;
        if left == 0 {
            return Some(from);
        }
        let mut found = None;
        self.walk(from.as_millis(), from.as_millis().saturating_add(OPEN_TIME_DAYS_MAX * DAY), |begin, end| {
            if end - begin >= left {
                found = Some(Timestamp::from_millis(begin + left));
                return ControlFlow::Break(());
            }
            left -= end - begin;
            ControlFlow::Continue(())
        });
        found
    }

    /// Seconds of open time between two times; none where the second is not behind the first. Of longer times than
    /// [`OPEN_TIME_DAYS_MAX`] the first so many days.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> u64 {
        let until = to.as_millis().min(from.as_millis().saturating_add(OPEN_TIME_DAYS_MAX * DAY));
        let mut open = 0;
        self.walk(from.as_millis(), until, |begin, end| {
            open += end - begin;
            ControlFlow::Continue(())
        });
        (open / 1_000).unsigned_abs()
    }

    /// The stretches of open time from `from` to `until`, in their order, none over another.
    fn walk(&self, from: i64, until: i64, mut each: impl FnMut(i64, i64) -> ControlFlow<()>) {
        let mut at = from;
        while at < until {
            let Ok(instant) = jiff::Timestamp::from_millisecond(at) else { return };
            let offset = i64::from(self.zone.to_offset(instant).seconds()) * 1_000;
            let change = self.zone.following(instant).next().map(|change| change.timestamp().as_millisecond());
            let end = change.unwrap_or(i64::MAX).min(until);
            if self.walk_days(at, end, offset, &mut each).is_break() {
                return;
            }
            at = end;
        }
    }

    /// The same, where the clock is not changed between the two.
    fn walk_days(
        &self,
        from: i64,
        until: i64,
        offset: i64,
        each: &mut impl FnMut(i64, i64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for day in (from + offset).div_euclid(DAY)..=(until + offset - 1).div_euclid(DAY) {
            let Ok(midnight) = jiff::Timestamp::from_millisecond(day * DAY) else { return ControlFlow::Break(()) };
            let date = midnight.to_zoned(TimeZone::UTC).date();
            if self.holidays.contains(&date) {
                continue;
            }
            let mut behind = from;
            for (open, close) in self.of_weekday(weekday(date.weekday())) {
                let begin = (day * DAY + i64::from(open) * MINUTE - offset).max(behind);
                let end = (day * DAY + i64::from(close) * MINUTE - offset).min(until);
                if begin < end {
                    each(begin, end)?;
                    behind = end;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Its stretches in minutes since midnight, the earliest first.
    fn of_weekday(&self, day: model::business_hours::Weekday) -> Vec<(u32, u32)> {
        let mut stretches: Vec<(u32, u32)> =
            self.weekly.iter().filter(|(open, ..)| *open == day).map(|(_, from, to)| (*from, *to)).collect();
        stretches.sort_unstable();
        stretches
    }
}

#[cfg(test)]
mod tests {
    use model::business_hours::{BusinessHours, Holiday, OpenHours, Weekday};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn hours(zone: &str, weekly: &[(Weekday, &str, &str)], holidays: &[&str]) -> Hours {
        let open = |(day, from, to): &(Weekday, &str, &str)| OpenHours {
            day: *day,
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        };
        let day = |date: &&str| Holiday { date: (*date).to_owned(), name: None };
        Hours::new(&BusinessHours {
            time_zone: zone.into(),
            weekly: weekly.iter().map(open).collect(),
            holidays: holidays.iter().map(day).collect(),
        })
    }

    fn office(zone: &str) -> Hours {
        hours(zone, &Weekday::WORKING.map(|day| (day, "09:00", "17:00")), &["2026-12-25"])
    }

    #[test]
    fn open_time_passes_over_nights_weekends_holidays_and_changed_clocks() {
        const HOUR: u64 = 60 * 60;
        for (zone, from, seconds, due) in [
            // Within a day, and over a night.
            ("UTC", "2026-11-30T09:00:00Z", 4 * HOUR, "2026-11-30T13:00:00Z"),
            ("UTC", "2026-11-30T09:00:00Z", 8 * HOUR, "2026-11-30T17:00:00Z"),
            ("UTC", "2026-11-30T15:00:00Z", 4 * HOUR, "2026-12-01T11:00:00Z"),
            // Friday evening to Monday.
            ("UTC", "2026-11-27T18:30:00Z", 30 * 60, "2026-11-30T09:30:00Z"),
            // Christmas is a Friday: from Thursday to Monday.
            ("UTC", "2026-12-24T16:00:00Z", 2 * HOUR, "2026-12-28T10:00:00Z"),
            // Summer time ends in the weekend between: Friday's hours are of UTC+2, Monday's of UTC+1.
            ("Europe/Berlin", "2026-10-23T14:00:00Z", 2 * HOUR, "2026-10-26T09:00:00Z"),
            // And begins.
            ("Europe/Berlin", "2026-03-27T15:00:00Z", 2 * HOUR, "2026-03-30T08:00:00Z"),
            // Half an hour's zone.
            ("Asia/Kolkata", "2026-11-30T00:00:00Z", HOUR, "2026-11-30T04:30:00Z"),
        ] {
            let hours = office(zone);
            assert_eq!(hours.after(at(from), seconds), Some(at(due)), "{zone} {from} {seconds}");
            assert_eq!(hours.between(at(from), at(due)), seconds, "{zone} {from} {due}");
        }
        assert_eq!(hours("UTC", &[], &[]).after(at("2026-11-30T09:00:00Z"), 60), None);
        assert_eq!(office("UTC").between(at("2026-11-30T12:00:00Z"), at("2026-11-30T11:00:00Z")), 0);
    }

    #[test]
    fn a_night_of_a_changed_clock_counts_what_it_has() {
        // 02:00 to 03:00 is not there in March, and half of the stretch is there twice in October.
        let night = hours("Europe/Berlin", &[(Weekday::Sunday, "01:00", "04:00")], &[]);
        assert_eq!(night.between(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")), 2 * 60 * 60);
        assert_eq!(night.between(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), 4 * 60 * 60);
    }

    #[test]
    fn stretches_over_each_other_count_once() {
        let hours = hours("UTC", &[(Weekday::Monday, "09:00", "12:00"), (Weekday::Monday, "11:00", "13:00")], &[]);
        assert_eq!(hours.between(at("2026-11-30T00:00:00Z"), at("2026-12-01T00:00:00Z")), 4 * 60 * 60);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// Whatever the zone and the hours: the minutes that are open, one by one, are what is counted, and the time found behind so
        /// many of them is the first that has them.
        #[test]
        fn open_time_is_the_open_minutes_together(
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]),
            start in 0_i64..(366 * 24 * 60),
            minutes in 0_i64..(4 * 24 * 60),
            open in 0_u32..23,
            length in 1_u32..12,
        ) {
            let (from, to) = (format!("{open:02}:15"), format!("{:02}:45", (open + length).min(23)));
            let days = [Weekday::Monday, Weekday::Wednesday, Weekday::Saturday, Weekday::Sunday];
            let hours = hours(zone, &days.map(|day| (day, from.as_str(), to.as_str())), &["2026-03-29"]);
            let begin = at("2026-01-01T00:00:00Z").as_millis() + start * MINUTE;
            let end = begin + minutes * MINUTE;
            let minute = |number: i64| Timestamp::from_millis(begin + number * MINUTE);
            let counted = (0..minutes).filter(|number| hours.are_open(minute(*number))).count() as u64 * 60;
            let (begin, end) = (Timestamp::from_millis(begin), Timestamp::from_millis(end));
            prop_assert_eq!(hours.between(begin, end), counted);
            if counted > 0 {
                let due = hours.after(begin, counted).unwrap();
                prop_assert!(due <= end);
                prop_assert_eq!(hours.between(begin, due), counted);
                prop_assert_eq!(hours.between(begin, Timestamp::from_millis(due.as_millis() - 1_000)), counted - 1);
            }
        }
    }
}
