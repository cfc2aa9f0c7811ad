//! When a workspace is at work: kept as somebody said it, and asked of a time. Whether a time is within the hours is pure.

mod open_time;

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use model::business_hours::{BusinessHours, Holiday, OpenHours, Weekday};
use model::key::{Principal, Scope};
use model::limits::{BUSINESS_HOURS_MAX, HOLIDAYS_MAX};
use model::{Timestamp, WorkspaceId};
use store::{Priority, Tx, business_hours};

use crate::audit::{self, Target};
use crate::{Engine, EngineError, FieldError, Result, access_check};

const HOLIDAY_NAME_CHARS_MAX: usize = 100;
const MINUTES_A_DAY: u32 = 24 * 60;

/// What is to be different; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct BusinessHoursChange {
    pub time_zone: Option<String>,
    pub weekly: Option<Vec<OpenHours>>,
    pub holidays: Option<Vec<Holiday>>,
}

/// # Errors
/// The scope `automations:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal) -> Result<BusinessHours> {
    access_check::scope(principal, Scope::AutomationsRead)
        .or_else(|_| access_check::scope(principal, Scope::AutomationsWrite))?;
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| of_workspace(tx, &workspace)).await?)
}

/// # Errors
/// Fields that are wrong; the scope `automations:write` is missing, or the key is bound to a channel.
pub async fn change(engine: &Engine, principal: &Principal, change: BusinessHoursChange) -> Result<BusinessHours> {
    access_check::scope(principal, Scope::AutomationsWrite)?;
    access_check::unbound(principal, "business hours are the workspace's: a key bound to a channel changes none")?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let keep = move |tx: &mut Tx<'_>| {
        let before = of_workspace(tx, &workspace)?;
        let after = BusinessHours {
            time_zone: change.time_zone.clone().unwrap_or_else(|| before.time_zone.clone()),
            weekly: change.weekly.clone().unwrap_or_else(|| before.weekly.clone()),
            holidays: change.holidays.clone().unwrap_or_else(|| before.holidays.clone()),
        };
        let checked = checked(after);
        if let Ok(hours) = &checked {
            business_hours::set(tx, &workspace, hours, Timestamp::now())?;
            let target = Target::of("workspace", &workspace);
            audit::note_changes(tx, &by, "businessHours.changed", target, &audit::changed(&before, hours))?;
        }
        Ok(checked)
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, keep).await?.map_err(EngineError::Invalid)
}

/// What was said, or what holds until somebody does.
pub(crate) fn of_workspace(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> store::Result<BusinessHours> {
    Ok(business_hours::get(tx, workspace)?.unwrap_or_default())
}

/// In their order, each holiday once.
fn checked(mut hours: BusinessHours) -> std::result::Result<BusinessHours, Vec<FieldError>> {
    let mut errors = Vec::new();
    hours.time_zone = hours.time_zone.trim().to_owned();
    if TimeZone::get(&hours.time_zone).is_err() {
        let detail = "a time zone of the IANA database is expected, such as Europe/Berlin or America/New_York";
        errors.push(FieldError::new("/timeZone", detail));
    }
    if hours.weekly.len() > BUSINESS_HOURS_MAX {
        errors.push(FieldError::new("/weekly", format!("at most {BUSINESS_HOURS_MAX} stretches")));
    }
    for (place, stretch) in hours.weekly.iter().enumerate() {
        let (from, to) = (minutes(&stretch.from), minutes(&stretch.to));
        for (name, read) in [("from", from), ("to", to)] {
            if read.is_none() {
                let detail = "hours and minutes are expected, such as 09:00; the end of a day is 24:00";
                errors.push(FieldError::new(format!("/weekly/{place}/{name}"), detail));
            }
        }
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            let detail = "later than `from`: what goes on after midnight is a stretch of the next day";
            errors.push(FieldError::new(format!("/weekly/{place}/to"), detail));
        }
    }
    if hours.holidays.len() > HOLIDAYS_MAX {
        errors.push(FieldError::new("/holidays", format!("at most {HOLIDAYS_MAX} holidays")));
    }
    for (place, holiday) in hours.holidays.iter().enumerate() {
        if holiday.date.parse::<Date>().is_err() {
            let detail = "a day is expected, such as 2026-12-25";
            errors.push(FieldError::new(format!("/holidays/{place}/date"), detail));
        }
        let name = holiday.name.as_deref().unwrap_or_default();
        if name.chars().count() > HOLIDAY_NAME_CHARS_MAX || name.chars().any(char::is_control) {
            let detail = format!("at most {HOLIDAY_NAME_CHARS_MAX} characters on one line");
            errors.push(FieldError::new(format!("/holidays/{place}/name"), detail));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    hours.weekly.sort_by_key(|stretch| (stretch.day, minutes(&stretch.from)));
    hours.holidays.sort_by(|left, right| left.date.cmp(&right.date));
    hours.holidays.dedup_by(|later, earlier| later.date == earlier.date);
    Ok(hours)
}

/// Minutes since midnight.
fn minutes(text: &str) -> Option<u32> {
    if text == "24:00" {
        return Some(MINUTES_A_DAY);
    }
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
    Some(since_midnight(time))
}

fn since_midnight(time: Time) -> u32 {
    u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs())
}

/// Hours that are ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Hours {
    zone: TimeZone,
    /// Minutes since midnight, by the days of the week.
    weekly: Vec<(Weekday, u32, u32)>,
    holidays: BTreeSet<Date>,
}

impl Hours {
    /// What can't be read of it is left out; an unknown time zone is UTC.
    pub fn new(hours: &BusinessHours) -> Self {
        let weekly = hours.weekly.iter();
        let holidays = hours.holidays.iter();
        Self {
            zone: TimeZone::get(&hours.time_zone).unwrap_or(TimeZone::UTC),
            weekly: weekly.filter_map(|open| Some((open.day, minutes(&open.from)?, minutes(&open.to)?))).collect(),
            holidays: holidays.filter_map(|holiday| holiday.date.parse().ok()).collect(),
        }
    }

    pub fn are_open(&self, at: Timestamp) -> bool {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.as_millis()) else { return false };
        let local = at.to_zoned(self.zone.clone());
        if self.holidays.contains(&local.date()) {
            return false;
        }
        let (day, minute) = (weekday(local.weekday()), since_midnight(local.time()));
        self.weekly.iter().any(|(open, from, to)| *open == day && (*from..*to).contains(&minute))
    }
}

fn weekday(day: jiff::civil::Weekday) -> Weekday {
    match day {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str, weekly: &[(Weekday, &str, &str)], holidays: &[&str]) -> BusinessHours {
        BusinessHours {
            time_zone: zone.into(),
            weekly: weekly
                .iter()
                .map(|(day, from, to)| OpenHours { day: *day, from: (*from).into(), to: (*to).into() })
                .collect(),
            holidays: holidays.iter().map(|date| Holiday { date: (*date).into(), name: None }).collect(),
        }
    }

    #[test]
    fn a_time_is_within_the_hours_of_its_own_zone() {
        let berlin = hours(
            "Europe/Berlin",
            &[
                (Weekday::Monday, "09:00", "12:00"),
                (Weekday::Monday, "13:00", "17:00"),
                (Weekday::Sunday, "22:00", "24:00"),
            ],
            &["2026-12-28"],
        );
        let berlin = Hours::new(&berlin);
        for (at, open) in [
            // Winter: an hour ahead of UTC; summer: two.
            ("2026-11-30T07:59:59Z", false),
            ("2026-11-30T08:00:00Z", true),
            ("2026-11-30T10:59:59Z", true),
            ("2026-11-30T11:00:00Z", false),
            ("2026-11-30T12:00:00Z", true),
            ("2026-11-30T16:00:00Z", false),
            ("2026-06-01T07:00:00Z", true),
            ("2026-06-01T15:00:00Z", false),
            // Sunday in Berlin until midnight, which is 23:00 UTC.
            ("2026-11-29T22:59:00Z", true),
            ("2026-11-29T23:00:00Z", false),
            // A Monday that is a holiday there.
            ("2026-12-28T10:00:00Z", false),
            ("2026-12-01T10:00:00Z", false),
        ] {
            assert_eq!(berlin.are_open(Timestamp::parse(at).unwrap()), open, "{at}");
        }
    }

    #[test]
    fn a_night_when_the_clock_is_changed_has_its_hours() {
        // 2026-03-29 02:00 is 03:00 in Berlin, 2026-10-25 03:00 is 02:00 again.
        let hours = Hours::new(&hours("Europe/Berlin", &[(Weekday::Sunday, "02:30", "03:30")], &[]));
        for (at, open) in [
            ("2026-03-29T00:59:00Z", false),
            ("2026-03-29T01:00:00Z", true),
            ("2026-03-29T01:30:00Z", false),
            ("2026-10-25T00:30:00Z", true),
            ("2026-10-25T01:29:00Z", false),
            ("2026-10-25T01:30:00Z", true),
        ] {
            assert_eq!(hours.are_open(Timestamp::parse(at).unwrap()), open, "{at}");
        }
    }

    #[test]
    fn hours_that_can_not_be_are_refused_with_their_place() {
        let pointers = |hours| checked(hours).unwrap_err().into_iter().map(|error| error.pointer).collect::<Vec<_>>();
        let monday = |from, to| hours("UTC", &[(Weekday::Monday, from, to)], &[]);
        assert!(checked(BusinessHours::default()).is_ok());
        assert!(checked(hours("America/Argentina/Ushuaia", &[], &[])).is_ok());
        assert_eq!(pointers(hours("Mars/Olympus", &[], &[])), ["/timeZone"]);
        assert_eq!(pointers(monday("17:00", "09:00")), ["/weekly/0/to"]);
        assert_eq!(pointers(monday("9:00", "24:01")), ["/weekly/0/from", "/weekly/0/to"]);
        assert_eq!(pointers(monday("09:00", "09:00")), ["/weekly/0/to"]);
        assert_eq!(pointers(hours("UTC", &[], &["2026-02-30"])), ["/holidays/0/date"]);
    }
}
