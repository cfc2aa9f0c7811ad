//! Figures as comma-separated values (RFC 4180): which columns there are. Pure. Cells are written as all tables of ours are.

use jiff::tz::TimeZone;
use model::insight::{Durations, Figures, InsightGroup, InsightStretch, SlaOutcome};

use super::GroupBy;
use crate::audit::csv_text;
use crate::suppressions::write_csv_row;

/// What is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Series,
    Groups(GroupBy),
}

const COLUMNS: [&str; 25] = [
    "conversations",
    "received",
    "answers",
    "resolved",
    "reopened",
    "firstResponses",
    "firstResponseMedianSeconds",
    "firstResponseP90Seconds",
    "firstResponseMeanSeconds",
    "firstResponseMedianBusinessSeconds",
    "firstResponseP90BusinessSeconds",
    "firstResponseMeanBusinessSeconds",
    "resolutions",
    "resolutionMedianSeconds",
    "resolutionP90Seconds",
    "resolutionMeanSeconds",
    "resolutionMedianBusinessSeconds",
    "resolutionP90BusinessSeconds",
    "resolutionMeanBusinessSeconds",
    "slaFirstResponseMet",
    "slaFirstResponseBreached",
    "slaNextResponseMet",
    "slaNextResponseBreached",
    "slaResolutionMet",
    "slaResolutionBreached",
];

pub(super) fn of_series(items: &[InsightStretch], zone: &TimeZone) -> String {
    let mut text = head(&["from"]);
    for item in items {
        let at = jiff::Timestamp::from_millisecond(item.from.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let local = at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        row(&mut text, &[local], &item.figures);
    }
    text
}

pub(super) fn of_groups(items: &[InsightGroup]) -> String {
    let mut text = head(&["id", "name"]);
    for item in items {
        let names = [item.id.clone().unwrap_or_default(), item.name.clone().unwrap_or_default()];
        row(&mut text, &names, &item.figures);
    }
    text
}

fn head(first: &[&str]) -> String {
    let names: Vec<&str> = first.iter().copied().chain(COLUMNS).collect();
    names.join(",") + "\r\n"
}

fn row(text: &mut String, first: &[String], figures: &Figures) {
    let mut cells: Vec<String> = first.iter().map(|cell| csv_text(cell).into_owned()).collect();
    let counts = [figures.conversations, figures.received, figures.answers, figures.resolved, figures.reopened];
    cells.extend(counts.map(|count| count.to_string()));
    cells.extend(times(&figures.first_response));
    cells.extend(times(&figures.resolution));
    let sla = figures.sla;
    for SlaOutcome { met, breached } in [sla.first_response, sla.next_response, sla.resolution] {
        cells.extend([met.to_string(), breached.to_string()]);
    }
    write_csv_row(text, &cells.iter().map(String::as_str).collect::<Vec<_>>());
}

/// What was not measured is empty.
fn times(durations: &Durations) -> [String; 7] {
    let cell = |seconds: Option<u64>| seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
    let (elapsed, open) = (durations.elapsed, durations.business_hours);
    [
        durations.count.to_string(),
        cell(elapsed.median_seconds),
        cell(elapsed.p90_seconds),
        cell(elapsed.mean_seconds),
        cell(open.median_seconds),
        cell(open.p90_seconds),
        cell(open.mean_seconds),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula_and_breaks_no_row() {
        for (name, cell) in [
            ("Support", "Support"),
            ("=HYPERLINK(\"http://evil.example\")", "\"'=HYPERLINK(\"\"http://evil.example\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("a\nb", "\"a\nb\""),
        ] {
            let group = InsightGroup { id: None, name: Some(name.into()), figures: Figures::default() };
            let text = of_groups(&[group]);
            assert!(text.contains(&format!("\r\n,{cell},0,")), "{name}: {text}");
        }
    }

    #[test]
    fn every_row_has_a_cell_for_each_column() {
        let group = InsightGroup { id: None, name: Some("=x".into()), figures: Figures::default() };
        let text = of_groups(&[group]);
        let cells: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(cells, [27, 27]);
    }
}
