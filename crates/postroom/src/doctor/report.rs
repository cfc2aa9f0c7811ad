//! What was checked and what came of it, a line a check, for people and for programs. Never checks anything itself.

use std::fmt::Write as _;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    Ok,
    /// It runs; somebody should look at it.
    Warning,
    /// It does not run like this, or loses something.
    Problem,
}

/// One check's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    pub name: &'static str,
    pub status: Status,
    /// What was seen.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    pub fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, detail: detail.into(), advice: None }
    }

    pub fn warning(name: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, status: Status::Warning, detail: detail.into(), advice: Some(advice.into()) }
    }

    pub fn problem(name: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, status: Status::Problem, detail: detail.into(), advice: Some(advice.into()) }
    }
}

#[derive(Debug, Serialize)]
pub struct Report {
    ok: bool,
    problems: usize,
    warnings: usize,
    checks: Vec<Check>,
}

impl Report {
    pub fn new(checks: Vec<Check>) -> Self {
        let count = |status| checks.iter().filter(|check| check.status == status).count();
        let (problems, warnings) = (count(Status::Problem), count(Status::Warning));
        Self { ok: problems == 0, problems, warnings, checks }
    }

    pub fn is_ok(&self) -> bool {
        self.ok
    }

    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    pub fn to_text(&self) -> String {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
        let mut text = String::new();
        for check in &self.checks {
            let mark = match check.status {
                Status::Ok => "ok     ",
                Status::Warning => "warning",
                Status::Problem => "PROBLEM",
            };
            let advice = check.advice.as_ref().map(|advice| format!(" → {advice}")).unwrap_or_default();
            let line = format!("{mark}  {:width$}  {}{advice}", check.name, check.detail);
            // One line a check, whatever a server has said.
            let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let _ = writeln!(text, "{}", line.trim_end());
        }
        let _ = match (self.problems, self.warnings) {
            (0, 0) => writeln!(text, "\nAll is well."),
            (problems, warnings) => writeln!(text, "\nProblems: {problems}. Warnings: {warnings}."),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line_and_problems_are_counted() {
        let checks = vec![
            Check::ok("short", "fine"),
            Check::warning("somewhat longer", "a server said\r\nthis", "do that"),
            Check::problem("short", "broken", "mend it"),
        ];
        let report = Report::new(checks);
        assert!(!report.is_ok());
        let text = report.to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ok       short            fine");
        assert_eq!(lines[1], "warning  somewhat longer  a server said  this → do that");
        assert_eq!(lines[2], "PROBLEM  short            broken → mend it");
        assert_eq!(lines[4], "Problems: 1. Warnings: 1.");
        assert!(Report::new(vec![Check::warning("x", "y", "z")]).is_ok(), "a warning is no problem");
    }
}
