//! Limits on both databases. The moment is the test's own: far ahead, so that whatever was queued is due.

use std::time::Duration;

use model::channel::{Channel, ChannelLimits};
use model::message::{DeliveryAttempt, MessageStatus};
use model::sending::SendLimits;
use store::deliveries::AttemptOutcome;
use store::testing::TestDb;
use store::{deliveries, message_lists};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::channels::{self, ChannelRequest};
use crate::domains::{DomainChange, PolicyChange};
use crate::sending::{self, SendBy, SendRequest};
use crate::testing::{self, TestEngine};

store::on_both_engines!(
    what_is_too_many_waits_for_the_next_windows_and_leaves_then,
    what_was_not_taken_leaves_its_place_to_others,
    limits_that_change_are_looked_at_anew,
    whoever_claims_at_once_shares_what_is_allowed,
    a_warm_up_limits_a_domain_by_days,
    a_limited_channel_holds_up_nobody,
    what_waits_can_be_cancelled_and_counts_no_more,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn at() -> Timestamp {
    Timestamp::parse("2090-05-05T12:00:30.250Z").expect("a time")
}

async fn limited(test: &TestEngine, name: &str, limits: SendLimits) -> Channel {
    let channel = testing::channel(&test.engine, &test.key(), name).await;
    let limits = ChannelLimits {
        send_per_second: limits.send_per_second,
        send_per_minute: limits.send_per_minute,
        send_per_day: limits.send_per_day,
        send_per_month: limits.send_per_month,
        ..ChannelLimits::default()
    };
    let request = ChannelRequest { limits: Some(limits), ..ChannelRequest::default() };
    channels::update(&test.engine, &test.key(), &channel.id, request).await.expect("the limits")
}

fn per_day(count: u32) -> SendLimits {
    SendLimits { send_per_day: Some(count), ..SendLimits::default() }
}

async fn send(test: &TestEngine, by: impl Into<SendBy>, count: usize) -> Vec<MessageId> {
    let mut ids = Vec::new();
    let by = by.into();
    for _ in 0..count {
        let to = vec![mail::compose::parse_mailbox("ada@example.org").expect("an address")];
        let request = SendRequest { to, subject: "x".into(), text: Some("Hello".into()), ..SendRequest::default() };
        ids.push(sending::send(&test.engine, &test.key(), by.clone(), request).await.expect("a message"));
    }
    ids
}

fn claim_of(lease: &str, now: Timestamp, take: usize) -> Claim {
    Claim { now, lease_until: now.plus(LEASE), lease: lease.to_owned(), take, ..Claim::default() }
}

/// Whatever is due at `now` and may begin.
async fn claim_at(test: &TestEngine, now: Timestamp) -> Vec<DeliveryRow> {
    let work = move |tx: &mut Tx<'_>| {
        let (rows, _) = deliveries::claim(tx, &claim_of("test", now, CLAIM))?;
        admit(tx, rows, "test", now)
    };
    crate::write_again_on_conflict(&test.engine.db, Priority::Delivery, work).await.expect("a claim")
}

/// As [`claim_at`], and the next hop takes all of it.
async fn sent_at(test: &TestEngine, now: Timestamp) -> Vec<DeliveryRow> {
    let claimed = claim_at(test, now).await;
    let rows = claimed.clone();
    let work = move |tx: &mut Tx<'_>| {
        let attempt = DeliveryAttempt::unspoken(now, "taken".into());
        let taken = AttemptOutcome { status: MessageStatus::Sent, attempt, next_attempt_at: None };
        rows.iter().try_for_each(|row| deliveries::record(tx, row, "test", &taken).map(drop))
    };
    test.engine.db.write(Priority::Delivery, work).await.expect("recorded");
    claimed
}

fn of(rows: &[DeliveryRow]) -> Vec<&MessageId> {
    let mut ids: Vec<&MessageId> = rows.iter().map(|row| &row.public.message_id).collect();
    ids.sort_unstable();
    ids
}

async fn delivery(test: &TestEngine, id: &MessageId) -> DeliveryRow {
    let (workspace, id) = (test.workspace_id.clone(), id.clone());
    let rows = test.engine.db.read(move |tx| deliveries::of_message(tx, &workspace, &id)).await.expect("deliveries");
    rows.into_iter().next().expect("a delivery")
}

async fn what_is_too_many_waits_for_the_next_windows_and_leaves_then(database: TestDb) {
    let test = TestEngine::start(database).await;
    let channel = limited(&test, "Limited", per_day(3)).await;
    let ids = send(&test, &channel.id, 8).await;
    let now = at();
    let (tomorrow, after) = (now.start_of_day().plus(DAY), now.start_of_day().plus(DAY * 2));
    assert_eq!(of(&sent_at(&test, now).await), ids[..3].iter().collect::<Vec<_>>(), "who came first");
    for (id, until) in ids[3..6].iter().map(|id| (id, tomorrow)).chain(ids[6..].iter().map(|id| (id, after))) {
        let delivery = delivery(&test, id).await.public;
        assert_eq!((delivery.status, delivery.next_attempt_at), (MessageStatus::Queued, Some(until)));
        let words = delivery.waits_for.expect("a reason");
        assert_eq!(words, "the channel may send 3 mails a day (limits.sendPerDay)");
        assert!(delivery.attempts.is_empty(), "nothing was tried");
    }
    assert!(sent_at(&test, now).await.is_empty());
    // What comes meanwhile finds the first window with a place.
    let late = send(&test, &channel.id, 1).await.remove(0);
    assert!(sent_at(&test, now).await.is_empty());
    assert_eq!(delivery(&test, &late).await.public.next_attempt_at, Some(after));

    let next = sent_at(&test, tomorrow).await;
    assert_eq!(of(&next), ids[3..6].iter().collect::<Vec<_>>());
    assert!(next.iter().all(|row| row.public.waits_for.is_none()));
    assert_eq!(of(&sent_at(&test, after).await), ids[6..].iter().chain([&late]).collect::<Vec<_>>());
}

async fn what_was_not_taken_leaves_its_place_to_others(database: TestDb) {
    let test = TestEngine::start(database).await;
    let limits = SendLimits { send_per_minute: Some(2), send_per_month: Some(3), ..SendLimits::default() };
    let channel = limited(&test, "Limited", limits).await;
    let ids = send(&test, &channel.id, 3).await;
    let now = at();
    let claimed = claim_at(&test, now).await;
    assert_eq!(claimed.len(), 2);
    let back = claimed.clone();
    test.engine.db.write(Priority::Delivery, move |tx| give_back(tx, &back)).await.expect("given back");
    // The minute is as it was: those two were tried in it. The month has three places still.
    let minute = Duration::from_secs(60);
    let third = delivery(&test, &ids[2]).await.public;
    let opening = third.next_attempt_at.expect("an opening");
    assert!(opening > now && opening.since(now) <= minute, "{opening} after {now}");
    assert!(third.waits_for.expect("a reason").contains("2 mails a minute"));
    assert_eq!(claim_at(&test, opening).await.len(), 1);
    let more = send(&test, &channel.id, 3).await;
    assert_eq!(claim_at(&test, opening).await.len(), 1);
    assert_eq!(claim_at(&test, opening.plus(minute)).await.len(), 1, "the month's third");
    let last = delivery(&test, &more[2]).await.public;
    assert_eq!(last.next_attempt_at, Some(now.start_of_month(1)));
    assert_eq!(last.waits_for.as_deref(), Some("the channel may send 3 mails a month (limits.sendPerMonth)"));
    // In another month nothing is given back to it. All leases are over by then: two a minute begin again.
    let next_month = now.start_of_month(1);
    assert_eq!(claim_at(&test, next_month).await.len(), 2);
    test.engine.db.write(Priority::Delivery, move |tx| give_back(tx, &claimed)).await.expect("given back");
    let holder = channel.id.to_string();
    let used = test.engine.db.read(move |tx| allowances::used(tx, &holder, "month", next_month)).await.expect("used");
    assert_eq!(used, 2);
}

async fn limits_that_change_are_looked_at_anew(database: TestDb) {
    let test = TestEngine::start(database).await;
    let channel = limited(&test, "Limited", per_day(1)).await;
    let ids = send(&test, &channel.id, 4).await;
    let now = at();
    assert_eq!(claim_at(&test, now).await.len(), 1);
    assert!(delivery(&test, &ids[3]).await.public.waits_for.is_some());
    let set = async |limits: ChannelLimits| {
        let request = ChannelRequest { limits: Some(limits), ..ChannelRequest::default() };
        channels::update(&test.engine, &test.key(), &channel.id, request).await.expect("the limits");
    };
    set(ChannelLimits { send_per_day: Some(3), ..ChannelLimits::default() }).await;
    assert_eq!(delivery(&test, &ids[3]).await.public.waits_for, None);
    assert_eq!(claim_at(&test, now).await.len(), 2, "one left today already");
    set(ChannelLimits::default()).await;
    assert_eq!(claim_at(&test, now).await.len(), 1);
    let wrong = ChannelRequest {
        limits: Some(ChannelLimits { send_per_second: Some(0), ..ChannelLimits::default() }),
        ..ChannelRequest::default()
    };
    let refused = channels::update(&test.engine, &test.key(), &channel.id, wrong).await.expect_err("refused");
    let crate::EngineError::Invalid(fields) = refused else { panic!("{refused}") };
    assert_eq!(fields[0].pointer, "/limits/sendPerSecond");
}

async fn whoever_claims_at_once_shares_what_is_allowed(database: TestDb) {
    let test = TestEngine::start(database).await;
    let channel = limited(&test, "Limited", per_day(10)).await;
    send(&test, &channel.id, 30).await;
    let now = at();
    let claim_some = |lease: usize| {
        let db = test.engine.db.clone();
        async move {
            let work = move |tx: &mut Tx<'_>| {
                let lease = lease.to_string();
                let (rows, _) = deliveries::claim(tx, &claim_of(&lease, now, 4))?;
                admit(tx, rows, &lease, now)
            };
            let mut count = 0;
            for _ in 0..4 {
                count += crate::write_again_on_conflict(&db, Priority::Delivery, work).await.expect("a claim").len();
            }
            count
        }
    };
    let (a, b, c) = tokio::join!(tokio::spawn(claim_some(1)), tokio::spawn(claim_some(2)), tokio::spawn(claim_some(3)));
    assert_eq!(a.expect("a") + b.expect("b") + c.expect("c"), 10);
}

async fn a_warm_up_limits_a_domain_by_days(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key) = (&test.engine, test.key());
    let domain = testing::verified_domain(engine, &key, "mail.acme.example").await;
    let use_case = testing::use_case(engine, &key, &domain).await;
    let now = at();
    let plan = WarmUp { steps: vec![2, 3], started_at: Some(now), ..WarmUp::default() };
    let policy = PolicyChange { warm_up: Some(Some(plan)), ..PolicyChange::default() };
    let change = DomainChange { policy, ..DomainChange::default() };
    crate::domains::change(engine, &key, &domain.id, change).await.expect("a plan");
    let ids = send(&test, SendBy::UseCase(use_case.id.clone()), 7).await;
    let free = send(&test, &test.channel.id, 3).await;
    let claimed = sent_at(&test, now).await;
    assert_eq!(of(&claimed), ids[..2].iter().chain(&free).collect::<Vec<_>>());
    let days = now.start_of_day();
    let openings = [days.plus(DAY), days.plus(DAY), days.plus(DAY), days.plus(DAY * 2), days.plus(DAY * 2)];
    for (id, opening) in ids[2..].iter().zip(openings) {
        let delivery = delivery(&test, id).await.public;
        assert_eq!(delivery.next_attempt_at, Some(opening));
        assert_eq!(delivery.waits_for.as_deref(), Some("the domain is being warmed up: 2 mails today (warmUp)"));
    }
    let (id, plan) = (domain.id.clone(), crate::domains::show(engine, &key, &domain.id).await.expect("it").warm_up);
    let plan = plan.expect("a plan");
    let read = move |tx: &mut Tx<'_>| today(tx, &id, &plan, now);
    assert_eq!(engine.db.read(read).await.expect("today"), WarmUpToday { allowed: Some(2), used: 2 });
    assert_eq!(sent_at(&test, days.plus(DAY)).await.len(), 3);
    assert_eq!(sent_at(&test, days.plus(DAY * 2)).await.len(), 2, "the plan is over");
}

async fn a_limited_channel_holds_up_nobody(database: TestDb) {
    let test = TestEngine::start(database).await;
    let limits = SendLimits { send_per_month: Some(2), ..SendLimits::default() };
    let limited = limited(&test, "Limited", limits).await;
    // More than are claimed at once, all before the others.
    let held = send(&test, &limited.id, 250).await;
    let free = send(&test, &test.channel.id, 3).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(crate::delivering::run(test.engine.clone(), shutdown.clone()));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let mut done = 0;
        for id in free.iter().chain(&held) {
            done += usize::from(delivery(&test, id).await.public.status == MessageStatus::Delivered);
        }
        if done == 5 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{done} were delivered");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();
    running.await.expect("it ends");
    let mut waiting = 0;
    for id in &held {
        waiting += usize::from(delivery(&test, id).await.public.waits_for.is_some());
    }
    assert_eq!(waiting, 248);
}

async fn what_waits_can_be_cancelled_and_counts_no_more(database: TestDb) {
    let test = TestEngine::start(database).await;
    let channel = limited(&test, "Limited", per_day(1)).await;
    let ids = send(&test, &channel.id, 3).await;
    let now = at();
    assert_eq!(claim_at(&test, now).await.len(), 1);
    for id in &ids[1..] {
        sending::cancel(&test.engine, &test.key(), id).await.expect("cancelled");
        let delivery = delivery(&test, id).await.public;
        assert_eq!((delivery.status, delivery.waits_for), (MessageStatus::Cancelled, None));
    }
    let late = send(&test, &channel.id, 1).await.remove(0);
    assert!(claim_at(&test, now).await.is_empty());
    assert_eq!(delivery(&test, &late).await.public.next_attempt_at, Some(now.start_of_day().plus(DAY)));
    let kept = test.engine.db.read(move |tx| message_lists::of_any_workspace(tx, &late)).await.expect("a read");
    assert_eq!(kept.map(|message| message.status), Some(MessageStatus::Queued));
}
