//! Automations at work on both databases: what sets them off, what they do, and that they do it once.

use model::automation::{
    Automation, AutomationAction, AutomationRun, AutomationTrigger, Condition, ConditionField, ConditionMatch,
    ConditionOperator, Conditions, StepOutcome,
};
use model::conversation::{Conversation, ConversationStatus};
use model::event::EventType;
use model::key::{Actor, Principal};
use model::message::{Direction, Message};
use model::{MessageId, Timestamp, UserId};
use store::testing::TestDb;
use store::{Priority, on_both_engines};

use super::{AutomationChange, DryRun, Follower, NewAutomation, change, create, delete, get, list, runs};
use crate::conversations::{self, ConversationChange};
use crate::listing::SliceOf;
use crate::messages::{self, MessageQuery};
use crate::testing::{TestEngine, all_scopes, workspace};
use crate::{EngineError, events};

on_both_engines!(
    a_mail_is_labelled_and_assigned_once_and_the_log_says_so,
    a_mail_is_answered_once_and_machines_never,
    automations_do_not_set_each_other_off_for_ever,
    what_was_before_sets_nothing_off,
    a_mail_without_an_answer_is_noticed_when_its_time_has_come,
    a_dry_run_says_what_would_be_done_and_changes_nothing,
    an_order_is_kept_and_changed,
    what_is_not_there_is_refused_and_what_goes_later_is_said,
    a_webhook_is_told_alone,
);

fn first<P>(take: usize) -> SliceOf<P> {
    SliceOf { after: None, ascending: false, take }
}

fn when(field: ConditionField, operator: ConditionOperator, value: &str) -> Conditions {
    let condition = Condition { field, attribute: None, operator, value: value.into() };
    Conditions { match_: ConditionMatch::All, items: vec![condition] }
}

fn new(
    name: &str,
    trigger: AutomationTrigger,
    conditions: Conditions,
    actions: Vec<AutomationAction>,
) -> NewAutomation {
    let idle_minutes = (trigger == AutomationTrigger::ConversationIdle).then_some(60);
    NewAutomation { name: name.into(), enabled: true, trigger, idle_minutes, conditions, actions, stop_after: false }
}

fn on_mail(name: &str, conditions: Conditions, actions: Vec<AutomationAction>) -> NewAutomation {
    new(name, AutomationTrigger::MessageReceived, conditions, actions)
}

fn label(text: &str) -> AutomationAction {
    AutomationAction::AddLabel { label: text.into() }
}

fn reply(text: &str) -> AutomationAction {
    AutomationAction::Reply { text: Some(text.into()), template_id: None }
}

fn mail(n: usize, from: &str, subject: &str, more: &str) -> String {
    format!(
        "From: Ada <{from}>\r\nTo: Support <support@acme.test>\r\nSubject: {subject}\r\nMessage-ID: <a{n}@example.org>\r\n{more}\r\nHello, where is it?\r\n"
    )
}

/// Runs all there is to run.
async fn settle(test: &TestEngine, follower: &mut Follower) {
    loop {
        test.settle().await;
        if !follower.step(&test.engine).await.expect("a step") {
            test.settle().await;
            // What was done may have set something off.
            if !follower.step(&test.engine).await.expect("a step") {
                return;
            }
        }
    }
}

async fn conversation_of(test: &TestEngine, message: &MessageId) -> Conversation {
    let message = messages::load(&test.engine, &test.key(), message).await.expect("the message");
    conversations::get(&test.engine, &test.key(), &message.conversation_id).await.expect("the conversation")
}

async fn log(test: &TestEngine, automation: &Automation) -> Vec<AutomationRun> {
    runs(&test.engine, &test.key(), &automation.id, first(50)).await.expect("the log").items
}

async fn sent(test: &TestEngine) -> Vec<Message> {
    let query = MessageQuery { direction: Some(Direction::Outbound), ..MessageQuery::default() };
    messages::list(&test.engine, &test.key(), query, first(50)).await.expect("messages").items
}

fn user_of(principal: &Principal) -> UserId {
    match &principal.actor {
        Actor::User(id, _) => id.clone(),
        Actor::Key(_) => panic!("a key"),
    }
}

fn outcomes(run: &AutomationRun) -> Vec<(&str, StepOutcome)> {
    run.steps.iter().map(|step| (step.action.as_str(), step.outcome)).collect()
}

async fn a_mail_is_labelled_and_assigned_once_and_the_log_says_so(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key, mut follower) = (&test.engine, test.key(), Follower::default());
    let ann = user_of(&test.user("ann@acme.test").await);
    let routed = when(ConditionField::To, ConditionOperator::Is, "support@acme.test");
    let actions = vec![
        label("support"),
        AutomationAction::AssignUser { user_id: ann.clone() },
        AutomationAction::Note { text: "Look at the order first.".into() },
        AutomationAction::SetStatus { status: ConversationStatus::Pending },
    ];
    let routing = create(engine, &key, on_mail("Support", routed, actions)).await.expect("an automation");
    let about_sales = when(ConditionField::Subject, ConditionOperator::Contains, "offer");
    let other = create(engine, &key, on_mail("Sales", about_sales, vec![label("sales")])).await.expect("another");
    let body = when(ConditionField::Body, ConditionOperator::Matches, r"where\s+is");
    let by_body = create(engine, &key, on_mail("Text", body, vec![label("question")])).await.expect("a third");

    let id = test.receive(mail(1, "ada@example.org", "My order", "")).await;
    settle(&test, &mut follower).await;
    // Another process begins where this one ended.
    settle(&test, &mut Follower::default()).await;
    let conversation = conversation_of(&test, &id).await;
    assert_eq!(conversation.labels, ["question", "support"]);
    assert_eq!(conversation.assignee_id, Some(ann));
    assert_eq!(conversation.status, ConversationStatus::Pending);
    assert!(conversation.unread);
    let thread = conversations::messages(engine, &key, &conversation.id, first(10)).await.expect("the thread").items;
    assert_eq!(thread.iter().filter(|message| message.private).count(), 1);

    let done = log(&test, &routing).await;
    assert_eq!(done.len(), 1, "{done:#?}");
    let expected = ["addLabel", "assignUser", "note", "setStatus"].map(|name| (name, StepOutcome::Done));
    assert_eq!(outcomes(&done[0]), expected);
    assert_eq!((done[0].message_id.as_ref(), done[0].from.as_str()), (Some(&id), "ada@example.org"));
    assert!(!done[0].failed);
    assert_eq!(log(&test, &by_body).await.len(), 1);
    assert_eq!(log(&test, &other).await.len(), 0);
}

async fn a_mail_is_answered_once_and_machines_never(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key, mut follower) = (&test.engine, test.key(), Follower::default());
    let away = on_mail("Away", Conditions::default(), vec![reply("We are away until Monday.")]);
    let away = create(engine, &key, away).await.expect("an automation");
    let second = on_mail("Thanks", Conditions::default(), vec![reply("Thank you.")]);
    let second = create(engine, &key, second).await.expect("another");

    let id = test.receive(mail(1, "ada@example.org", "My order", "")).await;
    settle(&test, &mut follower).await;
    let answers = sent(&test).await;
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(answers[0].to.as_deref(), Some("ada@example.org"));
    assert_eq!(answers[0].metadata.in_reply_to.as_deref(), Some("<a1@example.org>"));
    assert_eq!(answers[0].custom_data["automationId"], away.id.as_str());
    assert!(answers[0].metadata.auto_reply);
    for (name, value) in [("auto-submitted", "auto-replied"), ("x-auto-response-suppress", "All")] {
        assert_eq!(answers[0].metadata.headers.get(name).map(String::as_str), Some(value));
    }
    // Nobody has read it by that.
    let conversation = conversation_of(&test, &id).await;
    assert!(conversation.unread);
    assert_eq!(conversation.message_count, 2);
    assert_eq!(outcomes(&log(&test, &away).await[0]), [("reply", StepOutcome::Done)]);
    assert_eq!(outcomes(&log(&test, &second).await[0]), [("reply", StepOutcome::Skipped)]);
    delete(engine, &key, &second.id).await.expect("gone");

    for (n, from, more) in [
        (2, "ada@example.org", ""),
        (3, "Ada@Example.org", "Auto-Submitted: auto-replied\r\n"),
        (4, "list@example.org", "List-Id: <l.example.org>\r\n"),
        (5, "no-reply@example.org", ""),
        (6, "support@acme.test", ""),
        (7, test.channel.inbound_address.as_str(), ""),
        (8, "bob@example.org", "Precedence: bulk\r\n"),
    ] {
        test.receive(mail(n, from, "Again", more)).await;
    }
    settle(&test, &mut follower).await;
    assert_eq!(sent(&test).await.len(), 1);
    let done = log(&test, &away).await;
    assert_eq!(done.len(), 8);
    for run in &done[..7] {
        assert_eq!(outcomes(run), [("reply", StepOutcome::Skipped)], "{run:#?}");
        assert!(!run.steps[0].detail.is_empty());
    }
    test.receive(mail(9, "cleo@example.org", "Another question", "")).await;
    settle(&test, &mut follower).await;
    assert_eq!(sent(&test).await.len(), 2);
}

async fn automations_do_not_set_each_other_off_for_ever(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key, mut follower) = (&test.engine, test.key(), Follower::default());
    let (ann, bob) = (user_of(&test.user("ann@acme.test").await), user_of(&test.user("bob@acme.test").await));
    let to = |user: &UserId| vec![AutomationAction::AssignUser { user_id: user.clone() }];
    let always = Conditions::default;
    let begin = create(engine, &key, on_mail("To Ann", always(), to(&ann))).await.expect("one");
    let assigned = AutomationTrigger::ConversationAssigned;
    let to_bob = create(engine, &key, new("To Bob", assigned, always(), to(&bob))).await.expect("two");
    let to_ann = create(engine, &key, new("Back to Ann", assigned, always(), to(&ann))).await.expect("three");
    let id = test.receive(mail(1, "ada@example.org", "My order", "")).await;
    settle(&test, &mut follower).await;
    for (automation, count) in [(&begin, 1), (&to_bob, 1), (&to_ann, 1)] {
        let done = log(&test, automation).await;
        assert!((1..=2).contains(&done.len()) && done.len() >= count, "{}: {done:#?}", automation.name);
    }
    assert!(conversation_of(&test, &id).await.assignee_id.is_some());
}

/// Times are whole milliseconds: what happens after this happened later than what was before.
async fn next_moment() {
    let before = Timestamp::now();
    while Timestamp::now() <= before {
        tokio::task::yield_now().await;
    }
}

async fn what_was_before_sets_nothing_off(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key, mut follower) = (&test.engine, test.key(), Follower::default());
    let before = test.receive(mail(1, "ada@example.org", "Before", "")).await;
    test.settle().await;
    next_moment().await;
    let rule = on_mail("Label", Conditions::default(), vec![label("x")]);
    let rule = create(engine, &key, rule).await.expect("an automation");
    settle(&test, &mut follower).await;
    assert!(conversation_of(&test, &before).await.labels.is_empty());
    let off = AutomationChange { enabled: Some(false), ..AutomationChange::default() };
    change(engine, &key, &rule.id, off).await.expect("off");
    let meanwhile = test.receive(mail(2, "bob@example.org", "Meanwhile", "")).await;
    next_moment().await;
    let on = AutomationChange { enabled: Some(true), ..AutomationChange::default() };
    change(engine, &key, &rule.id, on).await.expect("on");
    let after = test.receive(mail(3, "cleo@example.org", "After", "")).await;
    settle(&test, &mut follower).await;
    assert!(conversation_of(&test, &meanwhile).await.labels.is_empty());
    assert_eq!(conversation_of(&test, &after).await.labels, ["x"]);
}

/// As if the time of all that waits had come.
async fn let_time_pass(test: &TestEngine) {
    let pass = |tx: &mut store::Tx<'_>| tx.execute("UPDATE automation_idle SET due_at = 1", &[]);
    test.engine.db.write(Priority::Foreground, pass).await.expect("time");
}

async fn a_mail_without_an_answer_is_noticed_when_its_time_has_come(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key, mut follower) = (&test.engine, test.key(), Follower::default());
    let away = on_mail("Away", Conditions::default(), vec![reply("We are away.")]);
    create(engine, &key, away).await.expect("an automation");
    let idle = new("Waits", AutomationTrigger::ConversationIdle, Conditions::default(), vec![label("late")]);
    let idle = create(engine, &key, idle).await.expect("another");
    let forgotten = test.receive(mail(1, "ada@example.org", "Forgotten", "")).await;
    let answered = test.receive(mail(2, "bob@example.org", "Answered", "")).await;
    let resolved = test.receive(mail(3, "cleo@example.org", "Resolved", "")).await;
    test.receive(mail(4, "dan@example.org", "A machine", "Auto-Submitted: auto-generated\r\n")).await;
    settle(&test, &mut follower).await;
    assert_eq!(log(&test, &idle).await.len(), 0, "it is not time yet");
    let thread = conversation_of(&test, &answered).await.id;
    let text = crate::sending::ReplyRequest { text: Some("Here it is.".into()), ..Default::default() };
    crate::sending::reply(engine, &key, &thread, text).await.expect("an answer");
    let thread = conversation_of(&test, &resolved).await.id;
    let done = ConversationChange { status: Some(ConversationStatus::Resolved), ..Default::default() };
    conversations::change(engine, &key, &thread, done).await.expect("resolved");
    let_time_pass(&test).await;
    settle(&test, &mut follower).await;
    // The answer of a machine of ours is none.
    assert_eq!(conversation_of(&test, &forgotten).await.labels, ["late"]);
    assert!(conversation_of(&test, &answered).await.labels.is_empty());
    assert!(conversation_of(&test, &resolved).await.labels.is_empty());
    let_time_pass(&test).await;
    settle(&test, &mut follower).await;
    assert_eq!(log(&test, &idle).await.len(), 1);
}

async fn a_dry_run_says_what_would_be_done_and_changes_nothing(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key) = (&test.engine, test.key());
    let ids = [
        test.receive(mail(1, "ada@example.org", "Invoice 1", "")).await,
        test.receive(mail(2, "bob@example.org", "Hello", "")).await,
        test.receive(mail(3, "no-reply@example.org", "Invoice 2", "")).await,
    ];
    test.settle().await;
    let before = events::newest(engine, &test.workspace_id).await.expect("events");
    let asked = DryRun {
        trigger: AutomationTrigger::MessageReceived,
        idle_minutes: None,
        conditions: when(ConditionField::Subject, ConditionOperator::StartsWith, "invoice"),
        actions: vec![label("billing"), reply("Thank you.")],
        take: None,
    };
    let found = super::test(engine, &key, asked.clone()).await.expect("a dry run");
    assert_eq!((found.looked_at, found.matched), (3, 2));
    assert_eq!(found.matches[0].message_id.as_ref(), Some(&ids[2]), "the newest first");
    let answered: Vec<StepOutcome> = found.matches.iter().map(|each| each.steps[1].outcome).collect();
    assert_eq!(answered, [StepOutcome::Skipped, StepOutcome::Done]);
    test.settle().await;
    assert_eq!(events::newest(engine, &test.workspace_id).await.expect("events"), before);
    assert!(conversation_of(&test, &ids[0]).await.labels.is_empty());
    assert!(sent(&test).await.is_empty());
    let too_many = DryRun { take: Some(501), ..asked };
    assert!(matches!(super::test(engine, &key, too_many).await, Err(EngineError::Invalid(_))));
}

async fn an_order_is_kept_and_changed(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key) = (&test.engine, test.key());
    let mut made = Vec::new();
    for name in ["a", "b", "c", "d"] {
        made.push(create(engine, &key, on_mail(name, Conditions::default(), vec![label(name)])).await.expect(name));
    }
    let move_to = |position| AutomationChange { position: Some(position), ..AutomationChange::default() };
    change(engine, &key, &made[3].id, move_to(1)).await.expect("moved");
    let moved = change(engine, &key, &made[0].id, move_to(99)).await.expect("moved");
    assert_eq!(moved.position, 3);
    let pages = |take| SliceOf { after: None, ascending: true, take };
    let all = list(engine, &key, pages(10)).await.expect("the list");
    assert_eq!(all.items.iter().map(|each| each.name.as_str()).collect::<Vec<_>>(), ["d", "b", "c", "a"]);
    let two = list(engine, &key, pages(2)).await.expect("a page");
    let rest = SliceOf { after: two.next, ascending: true, take: 2 };
    let rest = list(engine, &key, rest).await.expect("the rest");
    assert_eq!((rest.items[0].name.as_str(), rest.next), ("c", None));

    let stranger = all_scopes(&workspace(engine, "Other").await);
    assert!(matches!(get(engine, &stranger, &made[0].id).await, Err(EngineError::NotFound { .. })));
    assert!(matches!(delete(engine, &stranger, &made[0].id).await, Err(EngineError::NotFound { .. })));
    let bound = test.bound_key(&test.channel.id);
    assert!(matches!(list(engine, &bound, pages(2)).await, Err(EngineError::Forbidden(_))));
}

async fn what_is_not_there_is_refused_and_what_goes_later_is_said(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key, mut follower) = (&test.engine, test.key(), Follower::default());
    let nobody = vec![AutomationAction::AssignUser { user_id: UserId::generate() }];
    let team = vec![AutomationAction::AssignTeam { team_id: model::TeamId::generate() }];
    let channel = when(ConditionField::ChannelId, ConditionOperator::Is, "ch_1");
    for (automation, pointer) in [
        (on_mail("x", Conditions::default(), nobody), "/actions/0/userId"),
        (on_mail("x", Conditions::default(), team), "/actions/0/teamId"),
        (on_mail("x", channel, vec![label("x")]), "/conditions/items/0/value"),
    ] {
        match create(engine, &key, automation).await {
            Err(EngineError::Invalid(errors)) => assert_eq!(errors[0].pointer, pointer),
            other => panic!("{other:?}"),
        }
    }
    let ann = user_of(&test.user("ann@acme.test").await);
    let actions = vec![AutomationAction::AssignUser { user_id: ann.clone() }, label("still")];
    let rule = create(engine, &key, on_mail("To Ann", Conditions::default(), actions)).await.expect("an automation");
    let leave = move |tx: &mut store::Tx<'_>| tx.execute("DELETE FROM user_account WHERE id = $1", &[(&ann).into()]);
    engine.db.write(Priority::Foreground, leave).await.expect("left");
    let id = test.receive(mail(1, "ada@example.org", "My order", "")).await;
    settle(&test, &mut follower).await;
    assert_eq!(conversation_of(&test, &id).await.labels, ["still"]);
    let done = log(&test, &rule).await;
    assert_eq!(outcomes(&done[0]), [("assignUser", StepOutcome::Failed), ("addLabel", StepOutcome::Done)]);
    assert!(done[0].failed);
}

async fn a_webhook_is_told_alone(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key, mut follower) = (&test.engine, test.key(), Follower::default());
    let endpoint = |url: &str| crate::webhook_endpoints::EndpointRequest {
        url: Some(url.into()),
        events: Some(vec!["*".into()]),
        ..Default::default()
    };
    let told =
        crate::webhook_endpoints::create(engine, &key, endpoint("https://told.example.org/")).await.expect("one");
    crate::webhook_endpoints::create(engine, &key, endpoint("https://other.example.org/")).await.expect("another");
    let actions = vec![AutomationAction::Webhook { endpoint_id: told.id.clone() }];
    create(engine, &key, on_mail("Tell", Conditions::default(), actions)).await.expect("an automation");
    let id = test.receive(mail(1, "ada@example.org", "My order", "")).await;
    settle(&test, &mut follower).await;
    let page = events::after(engine, &key, 0, 100).await.expect("events");
    let matched: Vec<_> = page.events.iter().filter(|event| event.event_type == EventType::AutomationMatched).collect();
    assert_eq!(matched.len(), 1);
    assert_eq!(matched[0].data["messageId"], id.as_str());
    let queued = |tx: &mut store::Tx<'_>| {
        let sql = "SELECT endpoint_id FROM webhook_delivery WHERE event_type = 'automation.matched'";
        tx.query(sql, &[], |row| row.text(0))
    };
    assert_eq!(engine.db.read(queued).await.expect("deliveries"), [told.id.to_string()]);
}
