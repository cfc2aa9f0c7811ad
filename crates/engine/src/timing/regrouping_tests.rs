//! Conversations that are split and merged, as tables: who waits in which of the two, and since when.

use model::conversation::ConversationStatus;
use model::message::Direction;
use model::sla::{SlaState, SlaTimerName};
use model::{ConversationId, Timestamp};
use store::conversation_timing::PastMail;

use super::machine::{Rules, Timing};
use super::machine_tests::{HOUR, at, begun, policy, rules, shown, turn};
use super::regrouping::Split;
use super::timers::Passed;

#[derive(Clone, Copy)]
enum Mail {
    /// The customer wrote, at so many seconds past nine.
    In(i64),
    Out(i64),
}

use Mail::{In, Out};

impl Mail {
    fn past(self) -> PastMail {
        match self {
            In(seconds) => PastMail { direction: Direction::Inbound, at: at(seconds) },
            Out(seconds) => PastMail { direction: Direction::Outbound, at: at(seconds) },
        }
    }
}

fn happen(timing: &mut Timing, mails: &[Mail], rules: &Rules) {
    for mail in mails {
        match mail {
            In(seconds) => timing.customer_wrote(&format!("msg_{seconds}"), at(*seconds), rules),
            Out(seconds) => timing.person_answered(&format!("msg_{seconds}"), at(*seconds), None, rules),
        }
    }
}

/// What is split off at half past nine.
fn split(old: &mut Timing, stayed: &[Mail], went: &[Mail], rules: &Rules) -> Timing {
    let mut new = begun();
    new.row.opened_at = Some(at(1_800));
    let past = |mails: &[Mail]| mails.iter().map(|mail| mail.past()).collect();
    let split = Split { from: ConversationId::generate(), stayed: past(stayed), went: past(went) };
    old.split(&mut new, &split, rules);
    new
}

/// When the first and the next answer are due that are waited for.
fn due(timing: &Timing) -> (Option<Timestamp>, Option<Timestamp>) {
    let running = |timer: Option<model::sla::SlaTimer>| timer.filter(|timer| timer.met_at.is_none())?.due_at;
    let sla = timing.timers.as_ref().map(super::timers::Timers::shown);
    (sla.as_ref().and_then(|sla| running(sla.first_response.clone())), sla.and_then(|sla| running(sla.next_response)))
}

#[test]
fn each_of_the_two_waits_for_what_it_has() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), None)]);
    let (first, next) = (|since: i64| (Some(at(since + 3_600)), None), |since: i64| (None, Some(at(since + 1_800))));
    let nobody = (None, None);
    for (what, stayed, went, here, there) in [
        ("a second question", vec![In(0), Out(60)], vec![In(120)], nobody, first(120)),
        ("an answered one", vec![In(120)], vec![In(0), Out(60)], first(120), nobody),
        ("one that goes on", vec![In(0), Out(60)], vec![In(100), Out(200), In(300)], nobody, next(300)),
        ("the older of two", vec![In(300)], vec![In(0), In(200)], first(300), first(0)),
        ("the newer of two", vec![In(0)], vec![In(200)], first(0), first(200)),
        ("what was answered with another", vec![In(0), Out(400)], vec![In(200)], nobody, first(200)),
        ("a question without its answer", vec![Out(60)], vec![In(0)], nobody, first(0)),
        ("an answer without its question", vec![In(0)], vec![Out(60)], first(0), nobody),
    ] {
        let mut old = begun();
        let mut all: Vec<Mail> = stayed.iter().chain(&went).copied().collect();
        all.sort_by_key(|mail| mail.past().at);
        happen(&mut old, &all, &rules);
        let new = split(&mut old, &stayed, &went, &rules);
        assert_eq!((due(&old), due(&new)), (here, there), "{what}");
    }
}

#[test]
fn whoever_was_answered_once_waits_for_the_next_answer() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), Some(7_200))]);
    let mut old = begun();
    happen(&mut old, &[In(0), Out(60), In(100), Out(200)], &rules);
    let mut new = split(&mut old, &[In(0), Out(60)], &[In(100), Out(200)], &rules);
    assert_eq!(new.timers, None);
    // What was asked before is none of its business any more.
    happen(&mut new, &[In(2_000)], &rules);
    assert_eq!((due(&new), shown(&new).resolution.unwrap().due_at), (next_due(2_000), Some(at(9_200))));
}

fn next_due(since: i64) -> (Option<Timestamp>, Option<Timestamp>) {
    (None, Some(at(since + 1_800)))
}

#[test]
fn what_was_said_of_a_mail_is_not_said_again_where_it_goes() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), None)]);
    let name = SlaTimerName::FirstResponse;
    let mut old = begun();
    happen(&mut old, &[In(0), In(100)], &rules);
    assert_eq!(old.pass(at(3_700), &rules), [(name, Passed::Breached(at(3_600)))]);
    let mut new = split(&mut old, &[In(100)], &[In(0)], &rules);
    assert_eq!((shown(&new).state, new.pass(at(3_700), &rules)), (SlaState::Breached, Vec::new()));
    // The one that stays is another wait.
    assert_eq!(old.pass(at(3_700), &rules), [(name, Passed::Breached(at(3_700)))]);
    let mut back = begun();
    happen(&mut back, &[In(3_000)], &rules);
    back.merged(new, &rules);
    assert_eq!((due(&back).0, back.pass(at(3_800), &rules)), (Some(at(3_600)), Vec::new()));
}

#[test]
fn what_was_resolved_waits_for_nothing_where_it_goes() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), None)]);
    let mut old = begun();
    happen(&mut old, &[In(0)], &rules);
    turn(&mut old, ConversationStatus::Resolved, 60, &rules);
    let mut closed = old.clone();
    assert_eq!(due(&split(&mut closed, &[Out(70)], &[In(0)], &rules)), (None, None));
    turn(&mut old, ConversationStatus::Open, 100, &rules);
    happen(&mut old, &[In(100)], &rules);
    assert_eq!(due(&split(&mut old, &[In(100)], &[In(0)], &rules)), (None, None));
    assert_eq!(due(&old).0, Some(at(100 + 3_600)));
}

#[test]
fn a_resolution_is_counted_from_the_first_mail_that_stays() {
    let rules = rules(vec![policy(None, None, Some(7_200))]);
    let mut old = begun();
    happen(&mut old, &[In(0), In(600)], &rules);
    let new = split(&mut old, &[In(600)], &[In(0)], &rules);
    let resolution = |timing: &Timing| shown(timing).resolution.unwrap().due_at;
    assert_eq!((resolution(&old), resolution(&new)), (Some(at(7_800)), Some(at(7_200))));
    // Together again, it is the first that counts.
    old.merged(new, &rules);
    assert_eq!(resolution(&old), Some(at(7_200)));
}

#[test]
fn whoever_waited_in_a_merged_conversation_waits_in_the_one_that_stays() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), None)]);
    for (what, stays, goes, then) in [
        ("it was answered", vec![In(0), Out(60)], vec![In(120)], (None, Some(at(120 + 1_800)))),
        ("it waits less long", vec![In(300)], vec![In(120)], (Some(at(120 + HOUR)), None)),
        ("it waits longer", vec![In(100)], vec![In(120)], (Some(at(100 + HOUR)), None)),
        ("nobody waits there", vec![In(100)], vec![In(0), Out(60)], (Some(at(100 + HOUR)), None)),
    ] {
        let (mut one, mut other) = (begun(), begun());
        happen(&mut one, &stays, &rules);
        happen(&mut other, &goes, &rules);
        one.merged(other, &rules);
        assert_eq!(due(&one), then, "{what}");
    }
}
