//! What an event means for a conversation's times: the facts that are counted of it, and what its timers do. Pure: takes what is known,
//! and answers what is known then.

use model::conversation::{Conversation, ConversationStatus};
use model::insight::FactKind;
use model::sla::{SlaPolicy, SlaTimerName};
use model::{ConversationId, SlaPolicyId, Timestamp, UserId};
use store::conversation_timing::TimingRow;
use store::insight_facts::Fact;
use store::{Result, StoreError};

use super::timers::{Clock, Passed, Timer, Timers};
use crate::business_hours::Hours;

/// What holds in a workspace.
pub(super) struct Rules {
    /// In their order.
    pub policies: Vec<SlaPolicy>,
    pub hours: Hours,
    /// Whether somebody said when the workspace is at work: only then are times measured in it.
    pub hours_are_set: bool,
}

impl Rules {
    fn policy(&self, id: &SlaPolicyId) -> Option<&SlaPolicy> {
        self.policies.iter().find(|policy| policy.id == *id)
    }

    /// The first policy that fits. What happened before it was made is none of its business.
    fn fitting(&self, row: &TimingRow, at: Timestamp) -> Option<&SlaPolicy> {
        let fits =
            |policy: &&SlaPolicy| policy.applies_to.fits(row.channel_id.as_ref(), row.team_id.as_ref(), row.priority);
        self.policies.iter().filter(fits).find(|policy| policy.created_at <= at)
    }

    pub(super) fn clock(&self, policy: &SlaPolicy) -> Clock<'_> {
        Clock { hours: &self.hours, business_hours_only: policy.business_hours_only }
    }
}

/// What is known of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timing {
    pub row: TimingRow,
    pub timers: Option<Timers>,
    /// What came of it, to be counted.
    pub(super) facts: Vec<Fact>,
}

impl Timing {
    pub fn read(row: TimingRow) -> Result<Self> {
        let read = |text: &String| {
            serde_json::from_str(text).map_err(|error| StoreError::corrupt("conversation_timing", error))
        };
        let timers = row.timers.as_ref().map(read).transpose()?;
        Ok(Self { row, timers, facts: Vec::new() })
    }

    /// As it is to be kept, and the facts that came of it.
    pub fn write(mut self) -> Result<(TimingRow, Vec<Fact>)> {
        let write = |timers: &Timers| {
            serde_json::to_string(timers).map_err(|error| StoreError::corrupt("conversation_timing", error))
        };
        self.row.timers = self.timers.as_ref().map(write).transpose()?;
        self.row.sla_policy_id = self.timers.as_ref().map(|timers| timers.policy_id.clone());
        self.row.next_at = self.timers.as_ref().and_then(Timers::next_at);
        Ok((self.row, self.facts))
    }

    /// A conversation that nothing was known of. One that is known to have begun is measured from its beginning.
    pub fn begin(
        workspace: &model::WorkspaceId,
        conversation: &Conversation,
        began: Option<Timestamp>,
        source: &str,
    ) -> Self {
        let row = TimingRow {
            conversation_id: conversation.id.clone(),
            workspace_id: workspace.clone(),
            channel_id: conversation.channel_id.clone(),
            team_id: conversation.team_id.clone(),
            assignee_id: conversation.assignee_id.clone(),
            status: conversation.status,
            priority: conversation.priority,
            opened_at: began,
            asked_at: None,
            first_response_at: None,
            waiting_since: None,
            is_old: began.is_none(),
            sla_policy_id: None,
            timers: None,
            next_at: None,
        };
        let mut timing = Self { row, timers: None, facts: Vec::new() };
        if let Some(at) = began {
            timing.note(FactKind::Began, source, at);
        }
        timing
    }

    fn note(&mut self, kind: FactKind, source: &str, at: Timestamp) -> &mut Fact {
        let user = self.row.assignee_id.clone();
        self.facts.push(Fact {
            workspace_id: self.row.workspace_id.clone(),
            kind,
            at,
            source: source.to_owned(),
            conversation_id: self.row.conversation_id.clone(),
            channel_id: self.row.channel_id.clone(),
            team_id: self.row.team_id.clone(),
            user_id: user,
            seconds: None,
            open_seconds: None,
        });
        let last = self.facts.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was pushed a line above")]
        &mut self.facts[last]
    }

    fn measure(&mut self, kind: FactKind, source: &str, since: Option<Timestamp>, at: Timestamp, rules: &Rules) {
        let fact = self.note(kind, source, at);
        let Some(since) = since else { return };
        fact.seconds = Some(at.since(since).as_secs());
        fact.open_seconds = rules.hours_are_set.then(|| rules.hours.between(since, at));
    }

    /// A person wrote to us.
    pub fn customer_wrote(&mut self, source: &str, at: Timestamp, rules: &Rules) {
        self.note(FactKind::Received, source, at);
        if !self.row.is_old {
            self.row.asked_at.get_or_insert(at);
        }
        let waited = self.row.waiting_since.is_some();
        self.row.waiting_since.get_or_insert(at);
        if self.policy(rules).is_none() {
            self.fit(rules, at);
        } else if !waited {
            self.wait_for_next(rules);
        }
    }

    /// A person of ours wrote to whoever wrote to us.
    pub fn person_answered(&mut self, source: &str, at: Timestamp, by: Option<&UserId>, rules: &Rules) {
        let row = &self.row;
        if row.asked_at.is_none() && row.waiting_since.is_none() && row.first_response_at.is_none() {
            return;
        }
        let by = by.cloned().or_else(|| self.row.assignee_id.clone());
        self.note(FactKind::Answered, source, at).user_id.clone_from(&by);
        if !self.row.is_old && self.row.first_response_at.is_none() {
            self.row.first_response_at = Some(at);
            self.measure(FactKind::FirstResponse, source, self.row.asked_at, at, rules);
            if let Some(fact) = self.facts.last_mut() {
                fact.user_id.clone_from(&by);
            }
        }
        self.row.waiting_since = None;
        for name in [SlaTimerName::FirstResponse, SlaTimerName::NextResponse] {
            self.meet(name, source, at, rules);
        }
    }

    /// It is as it is now: somebody changed it, or it was told of once more.
    pub fn changed(&mut self, source: &str, now: &Conversation, at: Timestamp, rules: &Rules) {
        let is_of = |row: &TimingRow| (row.channel_id.clone(), row.team_id.clone(), row.priority);
        let was_of = is_of(&self.row);
        self.row.channel_id.clone_from(&now.channel_id);
        self.row.team_id.clone_from(&now.team_id);
        self.row.assignee_id.clone_from(&now.assignee_id);
        self.row.priority = now.priority;
        let before = std::mem::replace(&mut self.row.status, now.status);
        if before != now.status {
            self.turned(source, before, at, rules);
        }
        if is_of(&self.row) != was_of && (self.timers.is_some() || self.row.waiting_since.is_some()) {
            self.fit(rules, at);
        }
    }

    fn turned(&mut self, source: &str, before: ConversationStatus, at: Timestamp, rules: &Rules) {
        if self.row.status == ConversationStatus::Resolved {
            self.measure(FactKind::Resolved, source, self.row.opened_at, at, rules);
            self.row.waiting_since = None;
            self.meet(SlaTimerName::Resolution, source, at, rules);
            // Nobody waits for an answer any more.
            if let Some(timers) = &mut self.timers {
                timers.first_response.take_if(|timer| timer.runs());
                timers.next_response.take_if(|timer| timer.runs());
            }
            return;
        }
        if before == ConversationStatus::Resolved {
            self.note(FactKind::Reopened, source, at);
            self.row.opened_at = Some(at);
        }
        let stands_still = matches!(self.row.status, ConversationStatus::Pending | ConversationStatus::Snoozed);
        let Some(policy) = self.policy(rules) else { return };
        let clock = rules.clock(policy);
        if let Some(timer) = self.timers.as_mut().and_then(|timers| timers.resolution.as_mut()) {
            timer.resume(&clock, at);
            if stands_still {
                timer.pause(&clock, at);
            }
        }
    }

    fn meet(&mut self, name: SlaTimerName, source: &str, at: Timestamp, rules: &Rules) {
        let Some(policy) = self.policy(rules) else { return };
        let clock = rules.clock(policy);
        let Some(timer) = self.timers.as_mut().and_then(|timers| timers.get_mut(name).as_mut()) else { return };
        if timer.meet(&clock, at) {
            self.note(FactKind::of_timer(name, true), source, at);
        }
    }

    /// Its policy, where it is still there.
    pub(super) fn policy<'r>(&self, rules: &'r Rules) -> Option<&'r SlaPolicy> {
        self.timers.as_ref().and_then(|timers| rules.policy(&timers.policy_id))
    }

    /// Chooses the policy anew. What ran by another one goes on by this one.
    pub(super) fn fit(&mut self, rules: &Rules, at: Timestamp) {
        let Some(policy) = rules.fitting(&self.row, at) else {
            self.timers = None;
            return;
        };
        if self.timers.as_ref().is_some_and(|timers| timers.policy_id == policy.id) {
            return;
        }
        let clock = rules.clock(policy);
        let mut timers = Timers { policy_id: policy.id.clone(), ..self.timers.take().unwrap_or(Timers::of(policy)) };
        for name in SlaTimerName::ALL {
            let place = timers.get_mut(name);
            *place = match (place.take(), policy.seconds(name)) {
                (Some(mut timer), Some(seconds)) => {
                    timer.retarget(&clock, seconds);
                    Some(timer)
                }
                (None, Some(seconds)) => self.beginning(name, at).map(|since| Timer::start(&clock, since, seconds)),
                (_, None) => None,
            };
        }
        if matches!(self.row.status, ConversationStatus::Pending | ConversationStatus::Snoozed)
            && let Some(timer) = &mut timers.resolution
        {
            timer.pause(&clock, at);
        }
        self.timers = Some(timers);
    }

    /// Since when a timer of it would run that does not run yet.
    fn beginning(&self, name: SlaTimerName, at: Timestamp) -> Option<Timestamp> {
        let first = !self.row.is_old && self.row.first_response_at.is_none();
        match name {
            SlaTimerName::FirstResponse => self.row.waiting_since.filter(|_| first),
            SlaTimerName::NextResponse => self.row.waiting_since.filter(|_| !first),
            SlaTimerName::Resolution if self.row.status == ConversationStatus::Resolved => None,
            SlaTimerName::Resolution if self.row.is_old => Some(self.row.opened_at.unwrap_or(at)),
            SlaTimerName::Resolution => self.row.asked_at,
        }
    }

    /// Begins to wait for another answer.
    pub(super) fn wait_for_next(&mut self, rules: &Rules) {
        let Some(policy) = self.policy(rules) else { return };
        let (clock, since) = (rules.clock(policy), self.row.waiting_since);
        // One who wrote again without an answer to the first waits for the first.
        let name = match self.beginning(SlaTimerName::NextResponse, since.unwrap_or_default()) {
            Some(_) => SlaTimerName::NextResponse,
            None => SlaTimerName::FirstResponse,
        };
        if let (Some(seconds), Some(since), Some(timers)) = (policy.seconds(name), since, &mut self.timers) {
            *timers.get_mut(name) = Some(Timer::start(&clock, since, seconds));
        }
    }

    /// One whose policy is gone has no timers any more.
    pub fn let_go(&mut self, rules: &Rules) {
        if self.policy(rules).is_none() {
            self.timers = None;
        }
    }

    /// What its timers have come to by then.
    pub fn pass(&mut self, by: Timestamp, rules: &Rules) -> Vec<(SlaTimerName, Passed)> {
        self.let_go(rules);
        let passed = self.timers.as_mut().map(|timers| timers.pass(by)).unwrap_or_default();
        for (name, passed) in &passed {
            if let Passed::Breached(due_at) = passed {
                let source = breach_source(&self.row.conversation_id, *due_at);
                self.note(FactKind::of_timer(*name, false), &source, *due_at);
            }
        }
        passed
    }
}

fn breach_source(conversation: &ConversationId, due_at: Timestamp) -> String {
    format!("{conversation}/{}", due_at.as_millis())
}
