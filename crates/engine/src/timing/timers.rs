//! The timers of a conversation: when each is due, what stops it, and what is shown of them. Pure; knows no events.

use std::time::Duration;

use model::limits::{SLA_DUE_SOON_DIVISOR, SLA_DUE_SOON_SECONDS_MAX};
use model::sla::{Sla, SlaPolicy, SlaState, SlaTimer, SlaTimerName};
use model::{SlaPolicyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::business_hours::Hours;

/// How the time of a policy runs.
pub(super) struct Clock<'h> {
    pub hours: &'h Hours,
    pub business_hours_only: bool,
}

impl Clock<'_> {
    fn after(&self, from: Timestamp, seconds: u64) -> Option<Timestamp> {
        match self.business_hours_only {
            true => self.hours.after(from, seconds),
            false => Some(from.plus(Duration::from_secs(seconds))),
        }
    }

    fn between(&self, from: Timestamp, to: Timestamp) -> u64 {
        match self.business_hours_only {
            true => self.hours.between(from, to),
            false => to.since(from).as_secs(),
        }
    }
}

/// One timer. It runs, stands still, or is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timer {
    /// Since when it runs, or did before it stood still.
    since: Timestamp,
    /// Seconds that passed before that.
    spent: u64,
    /// Seconds that it has in all.
    seconds: u32,
    running: bool,
    due_at: Option<Timestamp>,
    met_at: Option<Timestamp>,
    breached: bool,
    warned: bool,
    /// Whether it was counted as met.
    counted: bool,
}

impl Timer {
    pub fn start(clock: &Clock<'_>, since: Timestamp, seconds: u32) -> Self {
        let due_at = clock.after(since, seconds.into());
        Self {
            since,
            spent: 0,
            seconds,
            running: true,
            due_at,
            met_at: None,
            breached: false,
            warned: false,
            counted: false,
        }
    }

    pub fn runs(&self) -> bool {
        self.running
    }

    /// Stands still. One that is over its time keeps when it was.
    pub fn pause(&mut self, clock: &Clock<'_>, at: Timestamp) {
        if !self.running {
            return;
        }
        self.spent += clock.between(self.since, at);
        self.running = false;
        if !self.breached {
            self.due_at = None;
        }
    }

    /// Goes on with the time that was left.
    pub fn resume(&mut self, clock: &Clock<'_>, at: Timestamp) {
        if self.running {
            return;
        }
        (self.since, self.running, self.met_at) = (at, true, None);
        if !self.breached {
            self.due_at = clock.after(at, u64::from(self.seconds).saturating_sub(self.spent));
        }
    }

    /// What was promised was done. True where that was in time, and is said for the first time.
    pub fn meet(&mut self, clock: &Clock<'_>, at: Timestamp) -> bool {
        if self.met_at.is_some() {
            return false;
        }
        if self.running {
            self.spent += clock.between(self.since, at);
            self.running = false;
        }
        self.met_at = Some(at);
        let first = !self.breached && !self.counted;
        self.counted |= first;
        first
    }

    /// Has another time from now on, of which what has passed has passed.
    pub fn retarget(&mut self, clock: &Clock<'_>, seconds: u32) {
        self.seconds = seconds;
        if self.running && !self.breached {
            self.due_at = clock.after(self.since, u64::from(seconds).saturating_sub(self.spent));
            self.warned = false;
        }
    }

    /// What it was counted from is gone: it runs since a later time, unless it does already.
    pub fn begin_later(&mut self, clock: &Clock<'_>, since: Timestamp) {
        if self.running && self.since < since {
            *self = Self::start(clock, since, self.seconds);
        }
    }

    pub fn is_due_before(&self, other: &Self) -> bool {
        self.due_at.is_some_and(|due| other.due_at.is_none_or(|others| due < others))
    }

    /// It promises what another one did: what was said of that is not said again.
    pub fn was_told_of(&mut self, other: &Self) {
        if self.running && self.due_at == other.due_at {
            (self.breached, self.warned) = (self.breached || other.breached, self.warned || other.warned);
        }
    }

    fn warn_at(&self) -> Option<Timestamp> {
        let early = (self.seconds / SLA_DUE_SOON_DIVISOR).min(SLA_DUE_SOON_SECONDS_MAX);
        self.due_at.map(|due| due.minus(Duration::from_secs(early.into())))
    }

    /// When it is to be looked at next.
    fn next_at(&self) -> Option<Timestamp> {
        match (self.running && !self.breached, self.warned) {
            (false, _) => None,
            (true, false) => self.warn_at(),
            (true, true) => self.due_at,
        }
    }

    /// What has come to pass by then and was not said yet.
    fn pass(&mut self, by: Timestamp) -> Option<Passed> {
        if !self.running || self.breached {
            return None;
        }
        let due_at = self.due_at?;
        if due_at <= by {
            (self.breached, self.warned) = (true, true);
            return Some(Passed::Breached(due_at));
        }
        if !self.warned && self.warn_at().is_some_and(|at| at <= by) {
            self.warned = true;
            return Some(Passed::DueSoon(due_at));
        }
        None
    }

    fn state(&self) -> SlaState {
        match (self.running, self.breached, self.warned) {
            (false, ..) => SlaState::Idle,
            (true, true, _) => SlaState::Breached,
            (true, false, true) => SlaState::DueSoon,
            (true, false, false) => SlaState::OnTrack,
        }
    }

    fn shown(&self) -> SlaTimer {
        let paused = !self.running && self.met_at.is_none();
        SlaTimer { due_at: self.due_at, met_at: self.met_at, breached: self.breached, paused }
    }
}

/// What a timer came to, and when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    DueSoon(Timestamp),
    Breached(Timestamp),
}

/// The timers of a conversation, by the policy that fits it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timers {
    pub policy_id: SlaPolicyId,
    pub first_response: Option<Timer>,
    pub next_response: Option<Timer>,
    pub resolution: Option<Timer>,
}

impl Timers {
    pub fn of(policy: &SlaPolicy) -> Self {
        Self { policy_id: policy.id.clone(), first_response: None, next_response: None, resolution: None }
    }

    pub fn get_mut(&mut self, name: SlaTimerName) -> &mut Option<Timer> {
        match name {
            SlaTimerName::FirstResponse => &mut self.first_response,
            SlaTimerName::NextResponse => &mut self.next_response,
            SlaTimerName::Resolution => &mut self.resolution,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Timer> {
        [&self.first_response, &self.next_response, &self.resolution].into_iter().flatten()
    }

    /// When one of them is to be looked at next.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.all().filter_map(Timer::next_at).min()
    }

    /// What has come to pass by then and was not said yet.
    pub fn pass(&mut self, by: Timestamp) -> Vec<(SlaTimerName, Passed)> {
        let mut passed = Vec::new();
        for name in SlaTimerName::ALL {
            let one = self.get_mut(name).as_mut().and_then(|timer| timer.pass(by));
            passed.extend(one.map(|one| (name, one)));
        }
        passed
    }

    pub fn shown(&self) -> Sla {
        let states = self.all().map(Timer::state);
        let state = states.max_by_key(|state| SlaState::ALL.iter().position(|other| other == state));
        Sla {
            policy_id: self.policy_id.clone(),
            state: state.unwrap_or(SlaState::Idle),
            due_at: self.all().filter(|timer| timer.running).filter_map(|timer| timer.due_at).min(),
            first_response: self.first_response.as_ref().map(Timer::shown),
            next_response: self.next_response.as_ref().map(Timer::shown),
            resolution: self.resolution.as_ref().map(Timer::shown),
        }
    }
}
