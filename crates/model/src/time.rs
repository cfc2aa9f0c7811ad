//! Points in time: milliseconds since 1970 in the store, RFC 3339 on the wire. Never a local time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2024-01-15T10:30:00.000Z")]
pub struct Timestamp(i64);

impl Timestamp {
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }

    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }

    /// Midnight, UTC, of its day.
    #[must_use]
    pub const fn start_of_day(self) -> Self {
        Self(self.0 - self.0.rem_euclid(24 * 60 * 60 * 1_000))
    }

    /// Midnight, UTC, of the first day of the month that is so many after its own.
    #[must_use]
    pub fn start_of_month(self, months_after: u32) -> Self {
        let first = self.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).datetime().date().first_of_month();
        let later = jiff::Span::new().try_months(i64::from(months_after)).and_then(|span| first.checked_add(span));
        later
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC))
            .map_or(Self(i64::MAX), |at| Self(at.timestamp().as_millisecond()))
    }

    /// Midnight, UTC, of a day of the calendar; `None` where there is no such day.
    pub fn of_date(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(at.timestamp().as_millisecond()))
    }

    /// RFC 3339, as every JSON body carries it.
    ///
    /// # Errors
    /// The text is not an RFC 3339 time with an offset.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        Ok(Self(text.parse::<jiff::Timestamp>()?.as_millisecond()))
    }

    /// RFC 5322 §3.3, for the `Date` header.
    pub fn to_rfc5322(self) -> String {
        jiff::fmt::rfc2822::to_string(&self.to_jiff().to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default()
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.to_jiff())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("expected a time such as 2024-01-15T10:30:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_with_milliseconds() {
        let time = Timestamp::from_millis(1_705_314_600_000);
        assert_eq!(time.to_string(), "2024-01-15T10:30:00.000Z");
        assert_eq!(Timestamp::parse("2024-01-15T11:30:00+01:00").ok(), Some(time));
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn days_and_months_begin_at_midnight() {
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(at("2024-02-29T23:59:59.999Z").start_of_day(), at("2024-02-29T00:00:00Z"));
        assert_eq!(Timestamp::from_millis(-1).start_of_day(), at("1969-12-31T00:00:00Z"));
        assert_eq!(at("2024-01-31T10:30:00Z").start_of_month(0), at("2024-01-01T00:00:00Z"));
        assert_eq!(at("2024-01-31T10:30:00Z").start_of_month(1), at("2024-02-01T00:00:00Z"));
        assert_eq!(at("2024-11-30T10:30:00Z").start_of_month(14), at("2026-01-01T00:00:00Z"));
        assert_eq!(at("2024-11-30T10:30:00Z").start_of_month(u32::MAX), Timestamp::from_millis(i64::MAX));
    }

    #[test]
    fn dates_of_mail_are_rfc_5322() {
        assert_eq!(Timestamp::from_millis(1_705_314_600_000).to_rfc5322(), "Mon, 15 Jan 2024 10:30:00 +0000");
    }
}
