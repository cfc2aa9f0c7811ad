//! Days as people type them behind `before:` and `after:`. Pure: today is given.

use std::time::Duration;

use model::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// More than anybody means.
const DAYS_BACK_MAX: u32 = 36_500;

/// The beginning (UTC) of `2026-05-31`, `2026/05/31`, `2026-05`, `2026`, `today`, `yesterday`, or of the day so long ago: `7d`, `2w`,
/// `3m`, `1y`.
pub(super) fn day(text: &str, today: Timestamp) -> Option<Timestamp> {
    let back = |days: u32| today.start_of_day().minus(DAY * days);
    match text {
        "today" => return Some(back(0)),
        "yesterday" => return Some(back(1)),
        _ => {}
    }
    let unit = text.chars().last().filter(char::is_ascii_alphabetic);
    if let Some(unit) = unit {
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        let days = match unit {
            'd' => 1,
            'w' => 7,
            'm' => 30,
            'y' => 365,
            _ => return None,
        };
        return number.checked_mul(days).filter(|days| *days <= DAYS_BACK_MAX).map(back);
    }
    let mut parts = text.split(['-', '/']);
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut next = || parts.next().map_or(Some(1), |part| part.parse().ok());
    let (month, day) = (next()?, next()?);
    if parts.next().is_some() {
        return None;
    }
    Timestamp::of_date(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_type_them() {
        let today = Timestamp::parse("2026-11-29T15:00:00Z").unwrap();
        for (text, expected) in [
            ("2026-05-31", "2026-05-31T00:00:00Z"),
            ("2026/5/1", "2026-05-01T00:00:00Z"),
            ("2026-05", "2026-05-01T00:00:00Z"),
            ("2026", "2026-01-01T00:00:00Z"),
            ("today", "2026-11-29T00:00:00Z"),
            ("yesterday", "2026-11-28T00:00:00Z"),
            ("7d", "2026-11-22T00:00:00Z"),
            ("2w", "2026-11-15T00:00:00Z"),
        ] {
            assert_eq!(day(text, today), Some(Timestamp::parse(expected).unwrap()), "{text}");
        }
        for text in
            ["", "2026-13", "2026-02-30", "31.5.2026", "soon", "d", "-1d", "9999999y", "26-05-31", "2026-1-1-1", "7x"]
        {
            assert_eq!(day(text, today), None, "{text}");
        }
    }
}
