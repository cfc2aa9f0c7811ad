//! The limits of a channel or a domain as rules over windows of time, and where in time those find a place that are too many. Pure:
//! counts and times come in as values.

use std::time::Duration;

use model::Timestamp;
use model::sending::{DomainPolicy, SendLimits, WarmUp};

/// Windows that are looked through for a free place; who finds none is counted again then.
const WINDOWS_AHEAD_MAX: u32 = 400;

/// The time that a limit counts by. Windows lie side by side from 1970 on, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Period {
    Second,
    Minute,
    Day,
    Month,
}

impl Period {
    /// When the window begins that is so many after the one `at` is in.
    fn begins(self, at: Timestamp, after: u32) -> Timestamp {
        let in_steps_of = |seconds: u32| {
            let whole = at.as_seconds() - at.as_seconds().rem_euclid(i64::from(seconds));
            Timestamp::from_seconds(whole).plus(Duration::from_secs(u64::from(seconds) * u64::from(after)))
        };
        match self {
            Self::Second => in_steps_of(1),
            Self::Minute => in_steps_of(60),
            Self::Day => in_steps_of(24 * 60 * 60),
            Self::Month => at.start_of_month(after),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Allowed {
    Always(u32),
    Growing(WarmUp),
}

/// One limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    /// As the store keeps it.
    pub name: &'static str,
    pub period: Period,
    allowed: Allowed,
}

/// Every rule's name: what may wait for one.
pub(super) const NAMES: [&str; 5] = ["second", "minute", "day", "month", WARM_UP];
pub(super) const WARM_UP: &str = "warmUp";

impl Rule {
    pub(super) fn of_limits(limits: &SendLimits) -> Vec<Self> {
        let all = [
            (Period::Second, limits.send_per_second),
            (Period::Minute, limits.send_per_minute),
            (Period::Day, limits.send_per_day),
            (Period::Month, limits.send_per_month),
        ];
        let rule = |(period, allowed): (Period, Option<u32>)| {
            Some(Self { name: period.word(), period, allowed: Allowed::Always(allowed?) })
        };
        all.into_iter().filter_map(rule).collect()
    }

    pub(super) fn of_policy(policy: &DomainPolicy) -> Vec<Self> {
        let mut rules = Self::of_limits(&policy.limits);
        rules.extend(policy.warm_up.iter().map(Self::of_warm_up));
        rules
    }

    pub(super) fn of_warm_up(plan: &WarmUp) -> Self {
        Self { name: WARM_UP, period: Period::Day, allowed: Allowed::Growing(plan.clone()) }
    }

    /// What is not taken by the next hop counts for these no more; the others keep the next hop from being asked too often.
    pub(super) fn counts_what_was_taken(&self) -> bool {
        self.period >= Period::Day
    }

    pub(super) fn window(&self, at: Timestamp) -> Timestamp {
        self.period.begins(at, 0)
    }

    pub(super) fn next_window(&self, at: Timestamp) -> Timestamp {
        self.period.begins(at, 1)
    }

    /// Mails of the window that `at` is in; `None` for any number.
    pub(super) fn allowed(&self, at: Timestamp) -> Option<u64> {
        match &self.allowed {
            Allowed::Always(count) => Some(u64::from(*count)),
            Allowed::Growing(plan) => plan.allowed_on(at).map(u64::from),
        }
    }

    /// When one more has its place, if so many wait already for windows to come.
    pub(super) fn opening(&self, now: Timestamp, waiting: u64) -> Timestamp {
        if let Allowed::Always(count) = self.allowed {
            let ahead = waiting / u64::from(count.max(1)) + 1;
            return self.period.begins(now, u32::try_from(ahead).unwrap_or(u32::MAX));
        }
        let mut left = waiting;
        for ahead in 1..=WINDOWS_AHEAD_MAX {
            let begins = self.period.begins(now, ahead);
            match self.allowed(begins) {
                Some(count) if count <= left => left -= count,
                _ => return begins,
            }
        }
        self.period.begins(now, WINDOWS_AHEAD_MAX)
    }

    /// Why something waits, for people: `the channel may send 500 mails a day`.
    pub(super) fn words(&self, holder: &str, now: Timestamp) -> String {
        let count = self.allowed(now).unwrap_or_default();
        let mails = if count == 1 { "mail" } else { "mails" };
        match &self.allowed {
            Allowed::Always(_) => {
                let (name, word) = (self.period.word(), self.period.word());
                let setting = format!("sendPer{}{}", name[..1].to_uppercase(), &name[1..]);
                format!("the {holder} may send {count} {mails} a {word} (limits.{setting})")
            }
            Allowed::Growing(_) => format!("the {holder} is being warmed up: {count} {mails} today (warmUp)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn limits() -> SendLimits {
        SendLimits {
            send_per_second: Some(2),
            send_per_minute: Some(100),
            send_per_day: Some(500),
            send_per_month: Some(1),
        }
    }

    #[test]
    fn who_is_too_many_finds_the_first_window_with_a_place() {
        let now = at("2026-01-31T23:59:30.250Z");
        let rules = Rule::of_limits(&limits());
        let cases = [
            ("second", 0, "2026-01-31T23:59:31Z"),
            ("second", 1, "2026-01-31T23:59:31Z"),
            ("second", 2, "2026-01-31T23:59:32Z"),
            ("second", 120, "2026-02-01T00:00:31Z"),
            ("minute", 99, "2026-02-01T00:00:00Z"),
            ("minute", 100, "2026-02-01T00:01:00Z"),
            ("day", 0, "2026-02-01T00:00:00Z"),
            ("day", 1_400, "2026-02-03T00:00:00Z"),
            ("month", 0, "2026-02-01T00:00:00Z"),
            ("month", 13, "2027-03-01T00:00:00Z"),
        ];
        for (name, waiting, expected) in cases {
            let rule = rules.iter().find(|rule| rule.name == name).unwrap();
            assert_eq!(rule.opening(now, waiting), at(expected), "{waiting} wait for the {name}");
        }
    }

    #[test]
    fn a_warm_up_gives_places_as_it_grows_and_all_at_its_end() {
        let now = at("2026-03-01T12:00:00Z");
        let plan = WarmUp { steps: vec![5, 10, 20], started_at: Some(now), ..WarmUp::default() };
        let rule = Rule::of_warm_up(&plan);
        for (waiting, expected) in [
            (0, "2026-03-02"),
            (9, "2026-03-02"),
            (10, "2026-03-03"),
            (29, "2026-03-03"),
            (30, "2026-03-04"),
            (999, "2026-03-04"),
        ] {
            assert_eq!(rule.opening(now, waiting), at(&format!("{expected}T00:00:00Z")), "{waiting} wait");
        }
        assert_eq!(rule.allowed(now), Some(5));
        assert_eq!(rule.allowed(at("2026-03-04T00:00:00Z")), None);
    }

    #[test]
    fn a_window_is_the_clocks() {
        let now = at("2026-02-28T23:59:59.999Z");
        let rules = Rule::of_limits(&limits());
        let windows: Vec<_> = rules.iter().map(|rule| (rule.window(now), rule.next_window(now))).collect();
        let expected = [
            ("2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"),
            ("2026-02-28T23:59:00Z", "2026-03-01T00:00:00Z"),
            ("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ];
        assert_eq!(windows, expected.map(|(window, next)| (at(window), at(next))));
    }

    #[test]
    fn what_is_waited_for_is_said_in_words() {
        let now = at("2026-03-01T12:00:00Z");
        let words: Vec<_> = Rule::of_limits(&limits()).iter().map(|rule| rule.words("channel", now)).collect();
        assert_eq!(words[2], "the channel may send 500 mails a day (limits.sendPerDay)");
        assert_eq!(words[3], "the channel may send 1 mail a month (limits.sendPerMonth)");
        let plan = WarmUp { start_per_day: Some(50), started_at: Some(now), ..WarmUp::default() };
        let words = Rule::of_warm_up(&plan).words("domain mail.example.com", now);
        assert_eq!(words, "the domain mail.example.com is being warmed up: 50 mails today (warmUp)");
    }
}
