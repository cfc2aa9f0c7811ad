//! Dates in any form mail has been given (RFC 5322 §3.3 and §4.3, asctime, ISO 8601, local languages). Owns reading them;
//! never takes a date for another: what could be two days is none.

use model::Timestamp;

/// Bytes of a field looked at.
const BYTES_MAX: usize = 256;

/// Beginnings of months' names in lower case, longest first where one begins another.
#[rustfmt::skip]
const MONTHS: &[(&str, i64)] = &[
    ("jan", 1), ("jän", 1), ("ene", 1), ("gen", 1),
    ("feb", 2), ("fév", 2), ("fev", 2),
    ("mar", 3), ("mär", 3), ("mrt", 3), ("maa", 3),
    ("apr", 4), ("avr", 4), ("abr", 4),
    ("may", 5), ("mai", 5), ("maj", 5), ("mei", 5), ("mag", 5),
    ("jun", 6), ("juin", 6), ("giu", 6),
    ("jul", 7), ("juil", 7), ("lug", 7),
    ("aug", 8), ("aoû", 8), ("aou", 8), ("ago", 8),
    ("sep", 9), ("set", 9),
    ("oct", 10), ("okt", 10), ("out", 10), ("ott", 10),
    ("nov", 11),
    ("dec", 12), ("dez", 12), ("déc", 12), ("dic", 12),
];

/// Minutes east of Greenwich. RFC 5322 §4.3, and the names programs put there although nobody defined them.
#[rustfmt::skip]
const ZONES: &[(&str, i64)] = &[
    ("AEDT", 660), ("AEST", 600), ("BST", 60), ("CDT", -300), ("CEST", 120), ("CET", 60), ("CST", -360), ("EDT", -240),
    ("EEST", 180), ("EET", 120), ("EST", -300), ("GMT", 0), ("HKT", 480), ("JST", 540), ("KST", 540), ("MDT", -360),
    ("MEST", 120), ("MESZ", 120), ("MET", 60), ("MEZ", 60), ("MSD", 240), ("MSK", 180), ("MST", -420), ("NZDT", 780),
    ("NZST", 720), ("PDT", -420), ("PST", -480), ("SGT", 480), ("UT", 0), ("UTC", 0), ("WEST", 60), ("WET", 0), ("Z", 0),
];

#[derive(Default)]
struct Reading {
    day: Option<i64>,
    month: Option<i64>,
    year: Option<i64>,
    /// Seconds of the day.
    time: Option<i64>,
    /// Minutes east of Greenwich.
    zone: Option<i64>,
    /// The month came before the day: a weekday may look like one ("mar." is Tuesday and March).
    tentative: bool,
    afternoon: Option<bool>,
}

/// The moment a Date field names; `None` if it names none.
pub(crate) fn read(value: &str) -> Option<Timestamp> {
    let value = value.get(..value.floor_char_boundary(BYTES_MAX)).unwrap_or_default();
    let bare = without_comments(value);
    let mut reading = Reading::default();
    let words: Vec<&str> =
        bare.split(|c: char| c.is_whitespace() || matches!(c, ',' | '"')).filter(|word| !word.is_empty()).collect();
    if let [only] = words[..]
        && (9..=10).contains(&only.len())
        && let Ok(seconds) = only.parse::<u32>()
    {
        return Some(Timestamp::from_seconds(i64::from(seconds)));
    }
    for word in words {
        reading.word(word);
    }
    reading.moment()
}

fn without_comments(value: &str) -> String {
    let mut depth = 0_usize;
    value
        .chars()
        .filter_map(|c| match c {
            '(' => {
                depth += 1;
                None
            }
            ')' => {
                depth = depth.saturating_sub(1);
                Some(' ')
            }
            c => (depth == 0).then_some(c),
        })
        .collect()
}

impl Reading {
    fn word(&mut self, word: &str) {
        if self.clock(word) || self.whole_date(word) || self.named(word) || self.offset(word) {
            return;
        }
        let digits = word.trim_end_matches(['.', 't', 'h', 's', 'n', 'd', 'r']);
        if let Ok(number) = digits.parse::<i64>() {
            if self.day.is_none() && digits.len() <= 3 && (1..=31).contains(&number) {
                self.day = Some(number);
            } else if self.year.is_none() && (2..=4).contains(&digits.len()) {
                self.year = Some(full_year(number, digits.len()));
            }
        }
    }

    /// `10:12`, `10:12:00.5`, `10.12.00`, also with the zone right behind it.
    fn clock(&mut self, word: &str) -> bool {
        if self.time.is_some() || !word.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let end = word.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(word.len());
        let (clock, rest) = word.split_at(end);
        let separator = if clock.contains(':') { ':' } else { '.' };
        let mut parts = clock.split(separator);
        let number =
            |part: Option<&str>| part.and_then(|part| part.split('.').next()).and_then(|part| part.parse::<i64>().ok());
        let (hour, minute) = (number(parts.next()), number(parts.next()));
        let third = parts.next();
        if separator == '.' && third.is_none() {
            return false;
        }
        let second = if third.is_some() { number(third) } else { Some(0) };
        let (Some(hour @ 0..=24), Some(minute @ 0..=59), Some(second @ 0..=60)) = (hour, minute, second) else {
            return false;
        };
        self.time = Some(hour * 3600 + minute * 60 + second);
        if !rest.is_empty() && !self.offset(rest) {
            self.named(rest);
        }
        true
    }

    /// `2026-01-05`, with or without a time behind a `T`; `5-Jan-26`, `5/Jan/2026`, `05/31/2026`.
    fn whole_date(&mut self, word: &str) -> bool {
        let (date, time) = match word.split_once(['T', 't']) {
            Some((date, time)) if date.len() == 10 => (date, Some(time)),
            _ => (word, None),
        };
        let parts: Vec<&str> = date.split(['-', '/', '.']).filter(|part| !part.is_empty()).collect();
        let &[first, second, third] = parts.as_slice() else { return false };
        let number = |part: &str| part.parse::<i64>().ok();
        let read = match (number(first), number(second), number(third)) {
            (Some(year), Some(month @ 1..=12), Some(day @ 1..=31)) if first.len() == 4 => Some((year, month, day)),
            (Some(day @ 1..=31), None, Some(year)) => {
                month(second).map(|month| (full_year(year, third.len()), month, day))
            }
            // Day and month in either order: only where one of them can't be a month.
            (Some(day @ 13..=31), Some(month @ 1..=12), Some(year)) if third.len() == 4 => Some((year, month, day)),
            (Some(month @ 1..=12), Some(day @ 13..=31), Some(year)) if third.len() == 4 => Some((year, month, day)),
            // Dots are how one writes the day first.
            (Some(day @ 1..=31), Some(month @ 1..=12), Some(year)) if third.len() == 4 && date.contains('.') => {
                Some((year, month, day))
            }
            _ => None,
        };
        let Some((year, month, day)) = read else { return false };
        (self.year, self.month, self.day) = (Some(year), Some(month), Some(day));
        if let Some(time) = time {
            self.clock(time);
        }
        true
    }

    /// A month, a zone, or a half of the day.
    fn named(&mut self, word: &str) -> bool {
        if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            self.zone.get_or_insert(*minutes);
            return true;
        }
        if word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm") {
            self.afternoon = Some(word.eq_ignore_ascii_case("pm"));
            return true;
        }
        if (self.month.is_none() || self.tentative)
            && let Some(month) = month(word)
        {
            (self.month, self.tentative) = (Some(month), self.day.is_none());
            return true;
        }
        false
    }

    /// `+0100`, `+01:00`, `-600`, `GMT+1`.
    fn offset(&mut self, word: &str) -> bool {
        let sign_at = word.find(['+', '-']);
        let Some((name, offset)) = sign_at.and_then(|at| word.split_at_checked(at)) else { return false };
        if !name.is_empty() && !ZONES.iter().any(|(zone, minutes)| *minutes == 0 && zone.eq_ignore_ascii_case(name)) {
            return false;
        }
        let digits: String = offset.chars().skip(1).filter(|c| *c != ':').collect();
        let Ok(number) = digits.parse::<i64>() else { return false };
        let minutes = match digits.len() {
            1 | 2 => number * 60,
            3 | 4 => number / 100 * 60 + number % 100,
            _ => return false,
        };
        if minutes > 24 * 60 {
            return false;
        }
        // "GMT" alone may have stood before: what says more counts.
        self.zone = Some(if offset.starts_with('-') { -minutes } else { minutes });
        true
    }

    fn moment(self) -> Option<Timestamp> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        let mut time = self.time.unwrap_or(0);
        let hour = time / 3600;
        match self.afternoon {
            Some(true) if hour < 12 => time += 12 * 3600,
            Some(false) if hour == 12 => time -= 12 * 3600,
            _ => {}
        }
        let seconds = days(year, month, day) * 86_400 + time - self.zone.unwrap_or(0) * 60;
        Some(Timestamp::from_seconds(seconds))
    }
}

fn month(word: &str) -> Option<i64> {
    let word = word.to_lowercase();
    // Weekdays that begin like a month: mardi, martes, martedì; marzo and mars are March.
    if ["mard", "mart", "marte"].iter().any(|day| word.starts_with(day)) {
        return None;
    }
    let best = MONTHS.iter().filter(|(name, _)| word.starts_with(name)).max_by_key(|(name, _)| name.len());
    best.map(|(_, month)| *month)
}

/// RFC 5322 §4.3: two digits below 50 are of this century, three count from 1900.
const fn full_year(year: i64, digits: usize) -> i64 {
    match digits {
        0..=2 if year < 50 => year + 2000,
        0..=3 => year + 1900,
        _ => year,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_any_form_are_one_moment() {
        for written in [
            "Mon, 5 Jan 2026 10:12:00 +0100",
            "Mon,5 Jan 2026 10:12:00+0100",
            "Mon, 005 Jan 2026 10:12:00 +0100",
            "5 Jan 2026 10:12 +0100",
            "5 Jan 26 09:12:00 GMT",
            "Mon, 05 Jan 126 09:12:00 +0000",
            "Mon, 5 Jan 2026 04:12:00 EST",
            "Mon, 5 Jan 2026 10:12:00 +0100 (CET)",
            "Mon, 5 Jan (first (Monday)) 2026 10:12:00 +0100",
            "Mon, 5 Jan 2026 09:12:00 \"GMT\"",
            "Mon, 5 January 2026 10:12:00 +0100",
            "Mon, 5 Jan 2026 09:12:00",
            "Mon, 5 Jan 2026 10.12.00 +0100",
            "Mon, 5 Jan 2026 10:12:00 +01:00",
            "Mon, 5 Jan 2026 10:12:00 GMT+01:00",
            "Mon, 5 Jan 2026 10:12:00 CET",
            "Mon, 5 Jan 2026 04:12:00 -500",
            "Mon, 5 Jan 2026 09:12:00.123 -0000",
            "Monday, 05-Jan-26 09:12:00 GMT",
            "5-Jan-2026 10:12:00 +0100",
            "Mon Jan  5 09:12:00 2026",
            "Mon Jan  5 10:12:00 CET 2026",
            "Mon, Jan 5 2026 10:12:00 +0100",
            "Jan 5, 2026 09:12 AM",
            "2026-01-05T09:12:00Z",
            "2026-01-05 10:12:00 +0100",
            "2026-01-05T10:12:00.000+01:00",
            "05.01.2026 09:12",
            "lun., 5 janv. 2026 10:12:00 +0100",
            "Mo, 5 Jän 2026 10:12:00 +0100",
            "mar., 5 gen. 2026 10:12:00 +0100",
            "1767604320",
        ] {
            assert_eq!(
                read(written).map(|at| at.to_string()).as_deref(),
                Some("2026-01-05T09:12:00.000Z"),
                "{written}"
            );
        }
    }

    #[test]
    fn afternoons_leap_seconds_and_old_years_are_read() {
        for (written, meant) in [
            ("Mon, 21 Aug 95 13:30:57 -600", "1995-08-21T19:30:57.000Z"),
            ("Jan 5, 2026 1:12 PM", "2026-01-05T13:12:00.000Z"),
            ("Jan 5, 2026 12:12 AM", "2026-01-05T00:12:00.000Z"),
            ("Wed, 31 Dec 2025 23:59:60 +0000", "2026-01-01T00:00:00.000Z"),
            ("Thu, 29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00.000Z"),
            ("Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z"),
            ("05/31/2026 10:12", "2026-05-31T10:12:00.000Z"),
        ] {
            assert_eq!(read(written).map(|at| at.to_string()).as_deref(), Some(meant), "{written}");
        }
        for nothing in
            ["", "yesterday", "05/01/2026 10:12", "Mon, 5 Jan", "10:12:00", "5 5 5 5", "99999999999999999999"]
        {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
