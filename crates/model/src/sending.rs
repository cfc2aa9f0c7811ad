//! How much may leave in which time, and by which server: what a provider allows, how a new domain is warmed up, a domain's own
//! way out. Shapes and their arithmetic; knows no clock, counts nothing.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::channel::TransportSecurity;

/// Mails (recipients) that may leave in a time. Those beyond wait. Days and months are UTC's. Absent: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SendLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_second: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_per_month: Option<u32>,
}

impl SendLimits {
    /// Every limit with the name it has on the wire.
    pub const fn named(&self) -> [(&'static str, Option<u32>); 4] {
        [
            ("sendPerSecond", self.send_per_second),
            ("sendPerMinute", self.send_per_minute),
            ("sendPerDay", self.send_per_day),
            ("sendPerMonth", self.send_per_month),
        ]
    }
}

/// How many mails a day a new domain sends, until receivers know it: more each day. Either `startPerDay` and `growthPercent`, or
/// `steps`. Days are UTC's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WarmUp {
    /// Mails (recipients) on the first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_per_day: Option<u32>,
    /// How much more each day is than the one before, and one mail at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth_percent: Option<u32>,
    /// From the day on that would have so many, there is no limit any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_per_day: Option<u32>,
    /// Mails of each day; after the last there is no limit any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<u32>,
    /// The time of the first day. Not said: that of the plan before, or now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How it stands today. Read-only.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub today: Option<WarmUpToday>,
}

/// How a warm-up stands today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarmUpToday {
    /// Mails that may leave today; null once the plan is over.
    pub allowed: Option<u32>,
    /// Mails that left today, or are about to.
    pub used: u64,
}

impl WarmUp {
    /// A plan is over after so many days, however it grows.
    pub const DAYS_MAX: u32 = 365;

    /// Mails of the UTC day that `at` is in; `None` once the plan is over. Days before the first are as the first.
    pub fn allowed_on(&self, at: Timestamp) -> Option<u32> {
        let first = self.started_at.map_or(at, Timestamp::start_of_day);
        let day = u32::try_from(at.start_of_day().since(first).as_secs() / (24 * 60 * 60)).unwrap_or(u32::MAX);
        if day >= Self::DAYS_MAX {
            return None;
        }
        if !self.steps.is_empty() {
            return self.steps.get(usize::try_from(day).unwrap_or(usize::MAX)).copied();
        }
        let (mut allowed, growth) = (self.start_per_day?, u64::from(self.growth_percent.unwrap_or_default()));
        for _ in 0..day {
            let more = (u64::from(allowed) * growth / 100).max(1);
            allowed = allowed.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        }
        Some(allowed).filter(|allowed| self.end_per_day.is_none_or(|end| *allowed < end))
    }
}

/// A server that takes all mail of a domain, instead of the instance's way out. Its password is write-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainSmarthost {
    pub host: String,
    pub port: u16,
    pub security: TransportSecurity,
    /// Absent: nobody signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// How a domain's mail leaves, apart from what DNS says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DomainPolicy {
    #[serde(skip_serializing_if = "is_unlimited")]
    pub limits: SendLimits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smarthost: Option<DomainSmarthost>,
}

fn is_unlimited(limits: &SendLimits) -> bool {
    *limits == SendLimits::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(date: &str) -> Timestamp {
        Timestamp::parse(&format!("{date}T23:59:59Z")).expect("a time")
    }

    #[test]
    fn a_plan_grows_by_days_and_ends() {
        let plan = WarmUp {
            start_per_day: Some(50),
            growth_percent: Some(50),
            end_per_day: Some(300),
            started_at: Timestamp::parse("2026-02-27T18:00:00Z").ok(),
            ..WarmUp::default()
        };
        for (date, allowed) in [
            ("2026-02-01", Some(50)),
            ("2026-02-27", Some(50)),
            ("2026-02-28", Some(75)),
            ("2026-03-01", Some(112)),
            ("2026-03-02", Some(168)),
            ("2026-03-03", Some(252)),
            ("2026-03-04", None),
            ("2030-01-01", None),
        ] {
            assert_eq!(plan.allowed_on(on(date)), allowed, "{date}");
        }
        let slow = WarmUp { start_per_day: Some(3), growth_percent: Some(1), end_per_day: None, ..plan.clone() };
        assert_eq!(slow.allowed_on(on("2026-03-01")), Some(5), "one more a day at least");
        let steep = WarmUp { growth_percent: Some(1_000), end_per_day: None, ..plan };
        assert_eq!(steep.allowed_on(on("2026-12-01")), Some(u32::MAX));
        assert_eq!(steep.allowed_on(on("2027-02-26")), Some(u32::MAX));
        assert_eq!(steep.allowed_on(on("2027-02-27")), None, "a year is enough");
    }

    #[test]
    fn steps_are_taken_one_a_day() {
        let started_at = Timestamp::parse("2026-02-27T00:00:00Z").ok();
        let plan = WarmUp { steps: vec![10, 20, 5], started_at, ..WarmUp::default() };
        let allowed: Vec<_> =
            ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"].map(|date| plan.allowed_on(on(date))).into();
        assert_eq!(allowed, [Some(10), Some(20), Some(5), None]);
    }

    #[test]
    fn a_policy_that_says_nothing_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&DomainPolicy::default()).expect("JSON"), "{}");
        assert_eq!(serde_json::from_str::<DomainPolicy>("{}").expect("a policy"), DomainPolicy::default());
    }
}
