//! Timers at work on both databases: followed by the events, told once, and shown where conversations are.

use std::time::Duration;

use model::conversation::{Conversation, ConversationStatus};
use model::event::EventType;
use model::sla::{SlaFilter, SlaPolicy, SlaScope, SlaState};
use model::{ConversationId, MessageId, Timestamp};
use serde_json::json;
use store::events::NewEvent;
use store::testing::TestDb;
use store::{Priority, on_both_engines};

use super::step;
use crate::conversations::{self, ConversationChange, ConversationQuery};
use crate::insight::{self, GroupBy, Interval, Query};
use crate::listing::SliceOf;
use crate::sending::{self, ReplyRequest};
use crate::sla::{self, NewSlaPolicy};
use crate::testing::TestEngine;
use crate::{events, messages};

on_both_engines!(
    an_answer_of_a_person_is_what_counts,
    what_is_over_its_time_is_told_once_by_however_many,
    little_time_is_told_of_beside_a_timer_that_stands_worse,
    a_policy_that_is_gone_lets_go,
    figures_are_those_of_what_happened,
);

fn mail(n: usize, from: &str, more: &str) -> String {
    format!(
        "From: Ada <{from}>\r\nTo: Support <support@acme.test>\r\nSubject: parcel {n}\r\nMessage-ID: <a{n}@example.org>\r\n{more}\r\nWhere is it?\r\n"
    )
}

async fn policy(test: &TestEngine) -> SlaPolicy {
    let new = NewSlaPolicy {
        name: "Usual".into(),
        applies_to: SlaScope::default(),
        first_response_seconds: Some(3_600),
        next_response_seconds: Some(3_600),
        resolution_seconds: Some(86_400),
        business_hours_only: false,
    };
    sla::create(&test.engine, &test.key(), new).await.expect("a policy")
}

/// Follows all there is, as of some seconds from now.
async fn follow(test: &TestEngine, seconds: u64) {
    test.settle().await;
    let now = Timestamp::now().plus(Duration::from_secs(seconds));
    while step(&test.engine, now).await.expect("a step") {}
    test.settle().await;
}

async fn of_message(test: &TestEngine, id: &MessageId) -> Conversation {
    let message = messages::load(&test.engine, &test.key(), id).await.expect("the message");
    conversations::get(&test.engine, &test.key(), &message.conversation_id).await.expect("the conversation")
}

/// A message of ours has left.
async fn leaves(test: &TestEngine, id: &MessageId) {
    let (workspace, channel, id) = (test.workspace_id.clone(), test.channel.id.clone(), id.clone());
    let tell = move |tx: &mut store::Tx<'_>| {
        let data = json!({ "messageId": id, "status": "sent" });
        let event = NewEvent {
            workspace_id: &workspace,
            channel_id: Some(&channel),
            event_type: EventType::MessageSent,
            subject_id: id.as_str(),
            data: &data,
            at: Timestamp::now(),
        };
        store::events::append(tx, &event).map(drop)
    };
    test.engine.db.write(Priority::Foreground, tell).await.expect("told");
}

async fn answer(test: &TestEngine, conversation: &ConversationId) -> MessageId {
    let reply = ReplyRequest { text: Some("On its way.".into()), ..ReplyRequest::default() };
    sending::reply(&test.engine, &test.key(), conversation, reply).await.expect("an answer")
}

async fn told(test: &TestEngine, event_type: EventType) -> usize {
    let all = events::before(&test.engine, &test.key(), None, 100).await.expect("events").events;
    all.iter().filter(|event| event.event_type == event_type).count()
}

async fn listed(test: &TestEngine, sla: SlaFilter, q: Option<&str>) -> Vec<ConversationId> {
    let query = ConversationQuery { sla: Some(sla), q: q.map(str::to_owned), ..ConversationQuery::default() };
    let slice = SliceOf { after: None, ascending: false, take: 50 };
    let found = conversations::list(&test.engine, &test.key(), query, slice).await.expect("a list").items;
    found.into_iter().map(|listed| listed.conversation.id).collect()
}

async fn an_answer_of_a_person_is_what_counts(database: TestDb) {
    let test = TestEngine::start(database).await;
    let policy = policy(&test).await;
    let message = test.receive(mail(1, "ada@example.org", "")).await;
    follow(&test, 0).await;
    let conversation = of_message(&test, &message).await;
    let sla = conversation.sla.clone().expect("timers");
    assert_eq!((&sla.policy_id, sla.state), (&policy.id, SlaState::OnTrack));
    let due = sla.due_at.expect("a time");
    assert_eq!(due.since(conversation.created_at), Duration::from_secs(3_600));
    // Written, but not sent: it may be taken back.
    let sent = answer(&test, &conversation.id).await;
    follow(&test, 0).await;
    assert_eq!(of_message(&test, &message).await.sla.unwrap().first_response.unwrap().met_at, None);
    // Nor does a note answer anybody.
    conversations::add_note(&test.engine, &test.key(), &conversation.id, "Look".into()).await.expect("a note");
    follow(&test, 0).await;
    assert_eq!(of_message(&test, &message).await.sla.unwrap().state, SlaState::OnTrack);
    leaves(&test, &sent).await;
    leaves(&test, &sent).await;
    follow(&test, 0).await;
    let sla = of_message(&test, &message).await.sla.expect("timers");
    assert!(sla.first_response.expect("a timer").met_at.is_some());
    let summary = insight::summary(&test.engine, &test.key(), Query::default()).await.expect("figures");
    // To two recipients, it is one answer.
    assert_eq!((summary.figures.answers, summary.figures.first_response.count), (1, 1));
    assert_eq!(summary.figures.sla.first_response.met, 1);
    // A machine's mail asks for nothing.
    let robot = test.receive(mail(2, "robot@example.org", "Auto-Submitted: auto-replied\r\n")).await;
    follow(&test, 0).await;
    assert_eq!(of_message(&test, &robot).await.sla, None);
}

async fn what_is_over_its_time_is_told_once_by_however_many(database: TestDb) {
    let test = TestEngine::start(database).await;
    policy(&test).await;
    let message = test.receive(mail(1, "ada@example.org", "")).await;
    follow(&test, 0).await;
    assert_eq!(told(&test, EventType::ConversationSlaDueSoon).await, 0);
    follow(&test, 3_000).await;
    assert_eq!(told(&test, EventType::ConversationSlaDueSoon).await, 1);
    let conversation = of_message(&test, &message).await;
    let found = vec![conversation.id.clone()];
    assert_eq!(listed(&test, SlaFilter::DueSoon, None).await, found);
    // Two at once, as two nodes would.
    let late = Timestamp::now().plus(Duration::from_secs(4_000));
    let (one, two) = tokio::join!(step(&test.engine, late), step(&test.engine, late));
    one.and(two).expect("steps");
    follow(&test, 4_000).await;
    assert_eq!(told(&test, EventType::ConversationSlaBreached).await, 1);
    assert_eq!(of_message(&test, &message).await.sla.unwrap().state, SlaState::Breached);
    assert_eq!(listed(&test, SlaFilter::Breached, None).await, found);
    assert_eq!(listed(&test, SlaFilter::Breached, Some("is:overdue is:open")).await, found);
    assert_eq!(listed(&test, SlaFilter::Breached, Some("is:overdue parcel")).await, found);
    assert!(listed(&test, SlaFilter::DueSoon, Some("is:overdue")).await.is_empty());
    // Nobody waits any more, and the resolution was in time.
    let resolve = ConversationChange { status: Some(ConversationStatus::Resolved), ..ConversationChange::default() };
    conversations::change(&test.engine, &test.key(), &conversation.id, resolve).await.expect("resolved");
    follow(&test, 0).await;
    let sla = of_message(&test, &message).await.sla.expect("timers");
    assert_eq!(sla.state, SlaState::Idle);
    assert!(listed(&test, SlaFilter::Breached, None).await.is_empty());
    let reopen = ConversationChange { status: Some(ConversationStatus::Open), ..ConversationChange::default() };
    conversations::change(&test.engine, &test.key(), &conversation.id, reopen).await.expect("open");
    follow(&test, 0).await;
    assert_eq!(of_message(&test, &message).await.sla.unwrap().state, SlaState::OnTrack);
}

async fn little_time_is_told_of_beside_a_timer_that_stands_worse(database: TestDb) {
    let test = TestEngine::start(database).await;
    policy(&test).await;
    test.receive(mail(1, "ada@example.org", "")).await;
    follow(&test, 0).await;
    follow(&test, 4_000).await;
    let soon = told(&test, EventType::ConversationSlaDueSoon).await;
    assert_eq!(told(&test, EventType::ConversationSlaBreached).await, 1);
    let updates = told(&test, EventType::ConversationUpdated).await;
    // An hour before the resolution's time; nothing of that is to be seen, as the first answer is late already.
    follow(&test, 83_000).await;
    assert_eq!(told(&test, EventType::ConversationSlaDueSoon).await, soon + 1);
    assert_eq!(told(&test, EventType::ConversationUpdated).await, updates);
}

async fn a_policy_that_is_gone_lets_go(database: TestDb) {
    let test = TestEngine::start(database).await;
    let policy = policy(&test).await;
    let message = test.receive(mail(1, "ada@example.org", "")).await;
    follow(&test, 0).await;
    sla::delete(&test.engine, &test.key(), &policy.id).await.expect("deleted");
    follow(&test, 0).await;
    assert_eq!(of_message(&test, &message).await.sla, None);
    follow(&test, 100_000).await;
    assert_eq!(told(&test, EventType::ConversationSlaBreached).await, 0);
}

async fn figures_are_those_of_what_happened(database: TestDb) {
    let test = TestEngine::start(database).await;
    let mut answered = Vec::new();
    for n in 0..4 {
        let message = test.receive(mail(n, &format!("c{n}@example.org"), "")).await;
        answered.push(of_message(&test, &message).await.id);
    }
    for conversation in &answered[..3] {
        let sent = answer(&test, conversation).await;
        leaves(&test, &sent).await;
    }
    let resolve = ConversationChange { status: Some(ConversationStatus::Resolved), ..ConversationChange::default() };
    conversations::change(&test.engine, &test.key(), &answered[0], resolve).await.expect("resolved");
    follow(&test, 0).await;
    let query = || Query { time_zone: Some("Europe/Berlin".into()), ..Query::default() };
    let summary = insight::summary(&test.engine, &test.key(), query()).await.expect("figures").figures;
    assert_eq!((summary.conversations, summary.received, summary.answers, summary.resolved), (4, 4, 3, 1));
    assert_eq!((summary.first_response.count, summary.resolution.count), (3, 1));
    let series = insight::series(&test.engine, &test.key(), query(), Interval::Day).await.expect("a series").items;
    assert!(series.len() >= 30);
    assert_eq!(series.iter().map(|day| day.figures.received).sum::<u64>(), 4);
    let by_channel = insight::groups(&test.engine, &test.key(), query(), GroupBy::Channel).await.expect("groups");
    assert_eq!(by_channel.len(), 1);
    assert_eq!(by_channel[0].name.as_deref(), Some("Support"));
    let other = Query { channel_id: Some(model::ChannelId::generate()), ..Query::default() };
    let none = insight::summary(&test.engine, &test.key(), other).await.expect("figures").figures;
    assert_eq!(none, model::insight::Figures::default());
    let stranger = crate::testing::workspace(&test.engine, "Second").await;
    let foreign = crate::testing::all_scopes(&stranger);
    let none = insight::summary(&test.engine, &foreign, query()).await.expect("figures").figures;
    assert_eq!(none, model::insight::Figures::default());
}
