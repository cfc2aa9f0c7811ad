//! What splitting and merging does to conversations' times: each waits for what it has. Pure, as `machine`.

use model::conversation::ConversationStatus;
use model::message::Direction;
use model::sla::SlaTimerName;
use model::{ConversationId, Timestamp};
use store::conversation_timing::PastMail;

use super::machine::{Rules, Timing};
use super::timers::Timer;

const RESPONSES: [SlaTimerName; 2] = [SlaTimerName::FirstResponse, SlaTimerName::NextResponse];

/// A conversation that was made of another's messages, and the mails that each of the two has.
pub(super) struct Split {
    pub from: ConversationId,
    pub stayed: Vec<PastMail>,
    pub went: Vec<PastMail>,
}

/// What the mails of a conversation say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// The customer's first mail.
    asked_at: Option<Timestamp>,
    /// The first answer to it.
    answered_at: Option<Timestamp>,
    /// The customer's oldest and newest mail without an answer.
    waiting: Option<(Timestamp, Timestamp)>,
}

impl Said {
    /// Nobody waits for an answer to what came before `unsettled`.
    fn by(mails: &[PastMail], unsettled: Option<Timestamp>) -> Self {
        let mut said = Self::default();
        for mail in mails {
            match mail.direction {
                Direction::Inbound => {
                    said.asked_at.get_or_insert(mail.at);
                    if unsettled.is_some_and(|since| mail.at >= since) {
                        said.waiting = Some((said.waiting.map_or(mail.at, |(oldest, _)| oldest), mail.at));
                    }
                }
                Direction::Outbound if said.asked_at.is_some() => {
                    said.answered_at.get_or_insert(mail.at);
                    said.waiting = None;
                }
                Direction::Outbound => {}
            }
        }
        said
    }
}

impl Timing {
    /// From when on its mail may wait for an answer: what came before was there when it was resolved, or before it was followed.
    fn unsettled_since(&self) -> Option<Timestamp> {
        match self.row.status {
            ConversationStatus::Resolved => None,
            _ => earliest(self.row.opened_at, self.row.waiting_since),
        }
    }

    /// Messages of `self` are a conversation of their own now, which has just begun.
    pub fn split(&mut self, new: &mut Self, split: &Split, rules: &Rules) {
        let unsettled = self.unsettled_since();
        let waited = self.row.waiting_since;
        let told = self.running_response().cloned();
        let (here, there) = (Said::by(&split.stayed, unsettled), Said::by(&split.went, unsettled));
        // What was answered long ago is measured no more: all of it begins with who waits.
        new.row.asked_at = there.waiting.map(|(oldest, _)| oldest);
        new.row.first_response_at = there.answered_at;
        new.wait_since(there.waiting, told.as_ref(), rules);
        let answered = self.row.first_response_at;
        if !self.row.is_old {
            self.row.first_response_at = answered.and(here.answered_at);
            if self.row.asked_at.is_some_and(|asked| here.asked_at.is_none_or(|first| first > asked)) {
                self.row.asked_at = here.asked_at;
                self.begin_resolution_later(rules);
            }
        }
        let is_other = here.waiting.map(|(oldest, _)| oldest) != waited;
        if is_other || answered.is_some() != self.row.first_response_at.is_some() {
            self.wait_since(here.waiting, told.as_ref(), rules);
        }
    }

    /// Another conversation was merged into it: whoever waited there waits here, since they wrote.
    pub fn merged(&mut self, other: Self, rules: &Rules) {
        let told = other.running_response().cloned();
        let resolution = other.timers.as_ref().and_then(|timers| {
            timers.resolution.clone().filter(Timer::runs).map(|timer| (timers.policy_id.clone(), timer))
        });
        let (row, gone) = (&mut self.row, other.row);
        row.asked_at = earliest(row.asked_at, gone.asked_at);
        row.first_response_at = earliest(row.first_response_at, gone.first_response_at);
        if ![row.status, gone.status].contains(&ConversationStatus::Resolved) {
            row.opened_at = row.opened_at.and_then(|since| earliest(Some(since), gone.opened_at));
        }
        let waited = row.waiting_since;
        let since = earliest(waited, gone.waiting_since);
        self.facts.extend(other.facts);
        if since != waited {
            self.wait_since(since.map(|since| (since, since)), told.as_ref(), rules);
        }
        if let (Some(timers), Some((policy, timer))) = (&mut self.timers, resolution)
            && timers.policy_id == policy
        {
            match &mut timers.resolution {
                Some(own) if own.runs() && !timer.is_due_before(own) => {}
                Some(own) if !own.runs() => {}
                place => *place = Some(timer),
            }
        }
    }

    fn running_response(&self) -> Option<&Timer> {
        let timers = self.timers.as_ref()?;
        [&timers.first_response, &timers.next_response].into_iter().flatten().find(|timer| timer.runs())
    }

    /// Waits for an answer to the oldest of these two mails, or to none. `told` is the timer that ran where they were before.
    fn wait_since(&mut self, waiting: Option<(Timestamp, Timestamp)>, told: Option<&Timer>, rules: &Rules) {
        if let Some(timers) = &mut self.timers {
            timers.first_response.take_if(|timer| timer.runs());
            timers.next_response.take_if(|timer| timer.runs());
        }
        self.row.waiting_since = waiting.map(|(oldest, _)| oldest);
        let Some((_, newest)) = waiting else { return };
        match self.policy(rules) {
            Some(_) => self.wait_for_next(rules),
            None => self.fit(rules, newest),
        }
        let (Some(timers), Some(told)) = (&mut self.timers, told) else { return };
        for name in RESPONSES {
            if let Some(timer) = timers.get_mut(name) {
                timer.was_told_of(told);
            }
        }
    }

    /// The mail that its resolution was counted from has gone to another conversation.
    fn begin_resolution_later(&mut self, rules: &Rules) {
        let Some(policy) = self.policy(rules) else { return };
        let clock = rules.clock(policy);
        let Some(place) = self.timers.as_mut().map(|timers| &mut timers.resolution) else { return };
        match self.row.asked_at {
            None => *place = None,
            Some(since) => {
                if let Some(timer) = place {
                    timer.begin_later(&clock, since);
                }
            }
        }
    }
}

fn earliest(one: Option<Timestamp>, two: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(two).min()
}
