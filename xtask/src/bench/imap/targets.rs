//! What a figure is to come to, and whether it did.

use std::time::Duration;

use super::super::report::{heading, line};

/// Every figure that has a target.
#[derive(Default)]
pub struct Targets(Vec<(String, bool)>);

impl Targets {
    /// One line: what, what it came to, what it is to come to, and whether that is reached.
    pub fn judge(&mut self, what: &str, value: f64, most: f64, show: impl Fn(f64) -> String) {
        let reached = value <= most;
        let verdict = if reached { "reached" } else { "NOT REACHED" };
        line(what, format!("{}   target ≤ {}: {verdict}", show(value), show(most)));
        self.0.push((what.trim().to_owned(), reached));
    }

    pub fn seconds(&mut self, what: &str, value: f64, most: f64) {
        self.judge(what, value, most, |seconds| format!("{seconds:.2} s"));
    }

    /// Below zero: earlier than what it is measured from.
    pub fn milliseconds(&mut self, what: &str, value: f64, most: Duration) {
        self.judge(what, value, most.as_secs_f64() * 1000.0, |milliseconds| format!("{milliseconds:.1} ms"));
    }

    pub fn megabytes(&mut self, what: &str, bytes: u64, most: u64) {
        self.judge(what, bytes as f64, most as f64, |bytes| format!("{:.1} MB", bytes / 1_000_000.0));
    }

    pub fn none(&mut self, what: &str, count: usize) {
        self.judge(what, count as f64, 0.0, |count| format!("{count:.0}"));
    }

    pub fn print(&self) {
        heading("targets");
        let reached = self.0.iter().filter(|(_, reached)| *reached).count();
        line("reached", format!("{reached} of {}", self.0.len()));
        for (what, _) in self.0.iter().filter(|(_, reached)| !reached) {
            line("not reached", what);
        }
    }
}
