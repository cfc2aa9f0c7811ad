//! When a workspace is at work: hours of the week in a time zone, and days off. Shapes only.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    pub const WORKING: [Self; 5] = [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday];
}

/// A stretch of one day of the week. A day may have several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenHours {
    pub day: Weekday,
    /// Hours and minutes, such as `09:00`.
    pub from: String,
    /// Not within; up to `24:00`.
    pub to: String,
}

/// A day on which nobody works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holiday {
    /// Such as `2026-12-25`.
    pub date: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A workspace's hours. Until somebody says otherwise: Monday to Friday, 9 to 17, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BusinessHours {
    /// By its name in the IANA database, such as `Europe/Berlin`.
    pub time_zone: String,
    pub weekly: Vec<OpenHours>,
    pub holidays: Vec<Holiday>,
}

impl Default for BusinessHours {
    fn default() -> Self {
        let hours = |day| OpenHours { day, from: "09:00".into(), to: "17:00".into() };
        Self { time_zone: "UTC".into(), weekly: Weekday::WORKING.map(hours).into(), holidays: Vec::new() }
    }
}
