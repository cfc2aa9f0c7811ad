//! Figures as people read them: medians, quantiles, lines of a table.

use std::time::Duration;

/// The value below which this share of the values lies; sorts them.
pub fn quantile<T: Copy + PartialOrd + Default>(values: &mut [T], share: f64) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let last = values.len().saturating_sub(1);
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(last)).copied().unwrap_or_default()
}

pub fn median(values: &[f64]) -> f64 {
    quantile(&mut values.to_vec(), 0.5)
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1_048_576.0)
}

pub fn heading(text: &str) {
    println!("\n== {text}");
}

/// One line: what, and what it came to.
pub fn line(what: &str, value: impl std::fmt::Display) {
    println!("{what:<52} {value}");
}
