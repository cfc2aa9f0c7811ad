//! What happens to a conversation, as tables: which facts are noted, and when its timers are due, met and over.

use model::business_hours::BusinessHours;
use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::insight::FactKind;
use model::sla::{Sla, SlaPolicy, SlaScope, SlaState, SlaTimerName};
use model::{ChannelId, ConversationId, SlaPolicyId, TeamId, Timestamp, UserId, WorkspaceId};
use store::insight_facts::Fact;

use super::machine::{Rules, Timing};
use super::timers::Passed;
use crate::business_hours::Hours;

pub(super) const HOUR: i64 = 60 * 60;

/// Monday, at so many seconds past nine, UTC.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(Timestamp::parse("2026-11-30T09:00:00Z").unwrap().as_millis() + seconds * 1_000)
}

pub(super) fn policy(first: Option<u32>, next: Option<u32>, resolution: Option<u32>) -> SlaPolicy {
    SlaPolicy {
        id: SlaPolicyId::generate(),
        name: "Usual".into(),
        position: 0,
        applies_to: SlaScope::default(),
        first_response_seconds: first,
        next_response_seconds: next,
        resolution_seconds: resolution,
        business_hours_only: false,
        created_at: at(-HOUR),
        updated_at: at(-HOUR),
    }
}

pub(super) fn rules(policies: Vec<SlaPolicy>) -> Rules {
    Rules { policies, hours: Hours::new(&BusinessHours::default()), hours_are_set: true }
}

pub(super) fn conversation(status: ConversationStatus) -> Conversation {
    Conversation {
        id: ConversationId::from_stored("conv_1".into()),
        channel_id: Some(ChannelId::from_stored("ch_1".into())),
        use_case_id: None,
        contact_id: None,
        subject: "Hello".into(),
        number: 1,
        priority: ConversationPriority::Normal,
        status,
        assignee_id: None,
        team_id: None,
        labels: Vec::new(),
        unread: true,
        message_count: 1,
        preview: String::new(),
        snoozed_until: None,
        last_activity_at: at(0),
        created_at: at(0),
        related_conversation_ids: Vec::new(),
        sla: None,
    }
}

/// One that began at nine.
pub(super) fn begun() -> Timing {
    let workspace = WorkspaceId::from_stored("ws_1".into());
    Timing::begin(&workspace, &conversation(ConversationStatus::Open), Some(at(0)), "evt_0")
}

pub(super) fn turn(timing: &mut Timing, status: ConversationStatus, seconds: i64, rules: &Rules) {
    timing.changed(&format!("evt_{seconds}"), &conversation(status), at(seconds), rules);
}

pub(super) fn shown(timing: &Timing) -> Sla {
    timing.timers.as_ref().unwrap().shown()
}

fn facts(timing: Timing) -> Vec<(FactKind, i64, Option<u64>)> {
    let since = |fact: &Fact| (fact.at.as_millis() - at(0).as_millis()) / 1_000;
    timing.write().unwrap().1.iter().map(|fact| (fact.kind, since(fact), fact.seconds)).collect()
}

#[test]
fn a_first_answer_in_time_meets_its_timer_and_the_next_mail_waits_for_the_next() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), None)]);
    let mut timing = begun();
    timing.customer_wrote("msg_1", at(0), &rules);
    assert_eq!(shown(&timing).due_at, Some(at(HOUR)));
    // Who writes again before anybody answered waits no longer for that.
    timing.customer_wrote("msg_2", at(600), &rules);
    assert_eq!(shown(&timing).due_at, Some(at(HOUR)));
    let ann = UserId::generate();
    timing.person_answered("msg_3", at(1_200), Some(&ann), &rules);
    let sla = shown(&timing);
    let first = sla.first_response.unwrap();
    assert_eq!((sla.state, first.met_at, first.breached), (SlaState::Idle, Some(at(1_200)), false));
    timing.customer_wrote("msg_4", at(2_000), &rules);
    timing.customer_wrote("msg_5", at(2_500), &rules);
    assert_eq!(shown(&timing).next_response.unwrap().due_at, Some(at(3_800)));
    timing.person_answered("msg_6", at(3_000), Some(&ann), &rules);
    assert_eq!(timing.timers.as_ref().unwrap().next_at(), None);
    use FactKind::{Answered, Began, FirstResponse, FirstResponseMet, NextResponseMet, Received};
    assert_eq!(
        facts(timing),
        [
            (Began, 0, None),
            (Received, 0, None),
            (Received, 600, None),
            (Answered, 1_200, None),
            (FirstResponse, 1_200, Some(1_200)),
            (FirstResponseMet, 1_200, None),
            (Received, 2_000, None),
            (Received, 2_500, None),
            (Answered, 3_000, None),
            (NextResponseMet, 3_000, None),
        ]
    );
}

#[test]
fn a_timer_warns_once_and_is_over_once() {
    let rules = rules(vec![policy(Some(3_600), None, None)]);
    let mut timing = begun();
    timing.customer_wrote("msg_1", at(0), &rules);
    let name = SlaTimerName::FirstResponse;
    for (seconds, passed, state) in [
        (2_879, vec![], SlaState::OnTrack),
        // A fifth of its time is left.
        (2_880, vec![(name, Passed::DueSoon(at(HOUR)))], SlaState::DueSoon),
        (3_000, vec![], SlaState::DueSoon),
        (3_600, vec![(name, Passed::Breached(at(HOUR)))], SlaState::Breached),
        (9_999, vec![], SlaState::Breached),
    ] {
        assert_eq!(timing.pass(at(seconds), &rules), passed, "{seconds}");
        assert_eq!(shown(&timing).state, state, "{seconds}");
    }
    timing.person_answered("msg_2", at(10_000), None, &rules);
    let first = shown(&timing).first_response.unwrap();
    assert_eq!((first.breached, first.met_at), (true, Some(at(10_000))));
    let kinds: Vec<FactKind> = facts(timing).into_iter().map(|(kind, ..)| kind).collect();
    assert!(kinds.contains(&FactKind::FirstResponseBreached) && !kinds.contains(&FactKind::FirstResponseMet));
    // Whoever was asleep meanwhile says the worse of the two alone.
    let mut late = begun();
    late.customer_wrote("msg_1", at(0), &rules);
    assert_eq!(late.pass(at(9_999), &rules), [(name, Passed::Breached(at(HOUR)))]);
}

#[test]
fn a_resolution_stands_still_while_it_is_pending_snoozed_or_resolved() {
    use ConversationStatus::{Open, Pending, Resolved, Snoozed};
    let rules = rules(vec![policy(None, None, Some(3_600))]);
    let mut timing = begun();
    timing.customer_wrote("msg_1", at(0), &rules);
    let due = |timing: &Timing| shown(timing).resolution.unwrap().due_at;
    assert_eq!(due(&timing), Some(at(3_600)));
    turn(&mut timing, Pending, 600, &rules);
    assert_eq!(due(&timing), None);
    turn(&mut timing, Snoozed, 1_000, &rules);
    assert!(shown(&timing).resolution.unwrap().paused);
    turn(&mut timing, Open, 4_600, &rules);
    // 600 of 3,600 seconds are gone.
    assert_eq!(due(&timing), Some(at(4_600 + 3_000)));
    turn(&mut timing, Resolved, 5_600, &rules);
    let resolution = shown(&timing).resolution.unwrap();
    assert_eq!((resolution.met_at, resolution.paused), (Some(at(5_600)), false));
    assert!(timing.pass(at(99_999), &rules).is_empty());
    turn(&mut timing, Open, 100_000, &rules);
    assert_eq!(shown(&timing).resolution.unwrap().met_at, None);
    assert_eq!(due(&timing), Some(at(100_000 + 2_000)));
    turn(&mut timing, Resolved, 100_500, &rules);
    use FactKind::{Began, Received, Reopened, ResolutionMet};
    assert_eq!(
        facts(timing),
        [
            (Began, 0, None),
            (Received, 0, None),
            (FactKind::Resolved, 5_600, Some(5_600)),
            (ResolutionMet, 5_600, None),
            (Reopened, 100_000, None),
            // From when it was opened again; and it was met once.
            (FactKind::Resolved, 100_500, Some(500)),
        ]
    );
}

#[test]
fn what_is_resolved_without_an_answer_waits_for_none() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), None)]);
    let mut timing = begun();
    timing.customer_wrote("msg_1", at(0), &rules);
    turn(&mut timing, ConversationStatus::Resolved, 600, &rules);
    assert_eq!(shown(&timing).first_response, None);
    assert!(timing.pass(at(9_999), &rules).is_empty());
    // Whoever writes again has never had an answer.
    turn(&mut timing, ConversationStatus::Open, 10_000, &rules);
    timing.customer_wrote("msg_2", at(10_000), &rules);
    assert_eq!(shown(&timing).first_response.unwrap().due_at, Some(at(13_600)));
}

#[test]
fn business_hours_alone_count_where_the_policy_says_so() {
    let mut usual = policy(Some(4 * 3_600), None, None);
    usual.business_hours_only = true;
    let rules = rules(vec![usual]);
    let mut timing = begun();
    // At three in the afternoon: two hours are left of Monday.
    timing.customer_wrote("msg_1", at(6 * HOUR), &rules);
    assert_eq!(shown(&timing).due_at, Some(at(26 * HOUR)));
    timing.person_answered("msg_2", at(25 * HOUR), None, &rules);
    let facts = timing.write().unwrap().1;
    let first = facts.iter().find(|fact| fact.kind == FactKind::FirstResponse).unwrap();
    assert_eq!((first.seconds, first.open_seconds), (Some(19 * 3_600), Some(3 * 3_600)));
}

#[test]
fn the_first_policy_that_fits_counts_and_another_team_has_another() {
    let team = TeamId::generate();
    let mut of_team = policy(Some(600), None, None);
    of_team.applies_to.team_ids = vec![team.clone()];
    let usual = policy(Some(3_600), None, Some(7_200));
    let rules = rules(vec![of_team.clone(), usual.clone()]);
    let mut timing = begun();
    timing.customer_wrote("msg_1", at(0), &rules);
    assert_eq!(shown(&timing).policy_id, usual.id);
    let mut given = conversation(ConversationStatus::Open);
    given.team_id = Some(team);
    timing.changed("evt_1", &given, at(60), &rules);
    let sla = shown(&timing);
    // From the same mail on, and without what the other one promised.
    assert_eq!((&sla.policy_id, sla.due_at, sla.resolution), (&of_team.id, Some(at(600)), None));
}

#[test]
fn what_is_more_urgent_may_be_promised_more() {
    let mut urgent = policy(Some(600), None, None);
    urgent.applies_to.priorities = vec![ConversationPriority::High, ConversationPriority::Urgent];
    let usual = policy(Some(3_600), None, None);
    let rules = rules(vec![urgent.clone(), usual.clone()]);
    let mut timing = begun();
    timing.customer_wrote("msg_1", at(0), &rules);
    assert_eq!(shown(&timing).policy_id, usual.id);
    let mut raised = conversation(ConversationStatus::Open);
    raised.priority = ConversationPriority::Urgent;
    timing.changed("evt_1", &raised, at(60), &rules);
    assert_eq!((&shown(&timing).policy_id, shown(&timing).due_at), (&urgent.id, Some(at(600))));
    timing.changed("evt_2", &conversation(ConversationStatus::Open), at(120), &rules);
    assert_eq!(shown(&timing).policy_id, usual.id);
}

#[test]
fn a_policy_is_for_what_comes_after_it_and_one_that_is_gone_for_nothing() {
    let mut late = policy(Some(3_600), Some(1_800), None);
    late.created_at = at(100);
    let rules_then = rules(vec![late]);
    let mut timing = begun();
    timing.customer_wrote("msg_1", at(0), &rules_then);
    assert_eq!(timing.timers, None);
    timing.customer_wrote("msg_2", at(200), &rules_then);
    // Its first mail was before: what waits since then does.
    assert_eq!(shown(&timing).due_at, Some(at(3_600)));
    assert!(timing.pass(at(9_999), &rules(Vec::new())).is_empty());
    assert_eq!(timing.timers, None);
}

#[test]
fn nothing_is_measured_of_what_was_there_before() {
    let rules = rules(vec![policy(Some(3_600), Some(1_800), Some(7_200))]);
    let workspace = WorkspaceId::from_stored("ws_1".into());
    let mut old = Timing::begin(&workspace, &conversation(ConversationStatus::Open), None, "evt_0");
    turn(&mut old, ConversationStatus::Resolved, 10, &rules);
    turn(&mut old, ConversationStatus::Open, 100, &rules);
    old.customer_wrote("msg_1", at(100), &rules);
    // It has had its first answer, or has none coming: the next one is waited for.
    let sla = shown(&old);
    assert_eq!((sla.first_response, sla.next_response.unwrap().due_at), (None, Some(at(1_900))));
    assert_eq!(sla.resolution.unwrap().due_at, Some(at(7_300)));
    old.person_answered("msg_2", at(200), None, &rules);
    turn(&mut old, ConversationStatus::Resolved, 300, &rules);
    use FactKind::{Answered, NextResponseMet, Received, Reopened, ResolutionMet};
    assert_eq!(
        facts(old),
        [
            (FactKind::Resolved, 10, None),
            (Reopened, 100, None),
            (Received, 100, None),
            (Answered, 200, None),
            (NextResponseMet, 200, None),
            (FactKind::Resolved, 300, Some(200)),
            (ResolutionMet, 300, None),
        ]
    );
}
