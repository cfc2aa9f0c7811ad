//! What is queued for mail exchangers, against a way out that does as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use model::MessageId;
use model::message::MessageStatus;
use secrecy::{ExposeSecret as _, SecretString};
use store::on_both_engines;
use store::testing::TestDb;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::recording::judge;
use super::*;
use crate::channels::{self, ChannelRequest};
use crate::domains::{self, DomainChange, NewSmarthost, PolicyChange};
use crate::ports::{OutboundMail, RecipientOutcome, Smarthost, SmtpAuth, TestStep, Transport};
use crate::sending::{self, SendBy, SendRequest};
use crate::testing::{self, TestEngine};
use crate::way_out::DeliveryMode;
use crate::{EngineConfig, Ports};

on_both_engines!(
    a_slow_domain_holds_up_nobody_and_recipients_at_one_share_a_transaction,
    what_waits_for_its_turn_when_it_ends_is_given_back,
    what_mail_exchangers_said_is_told,
    recipients_whose_bounces_come_back_have_return_paths_of_their_own,
    what_an_exchanger_refuses_for_what_is_ours_to_mend_is_tried_for_a_day,
    mail_of_a_domain_leaves_by_the_domains_own_smarthost
);

/// Mail to `slow.example` waits until it is let go; `gone.example` refuses, all others take theirs.
#[derive(Default)]
struct Exchangers {
    let_go: Notify,
    is_let_go: std::sync::atomic::AtomicBool,
    slow_at_once: AtomicUsize,
    slow_most: AtomicUsize,
    /// Domain and recipients of each transaction.
    heard: Mutex<Vec<(String, Vec<String>)>>,
    senders: Mutex<Vec<String>>,
    /// Host, user and password, and envelope sender of each transaction with a smarthost.
    smarthosts: Mutex<Vec<(String, Option<String>, String)>>,
}

#[async_trait]
impl Transport for Exchangers {
    async fn send(&self, smarthost: &Smarthost, mail: OutboundMail) -> Vec<RecipientOutcome> {
        let signed_in = smarthost.auth.as_ref().map(|auth| match auth {
            SmtpAuth::Password { username, password } => format!("{username}:{}", password.expose_secret()),
            SmtpAuth::Bearer { .. } => "a token".into(),
        });
        let host = format!("{}:{}", smarthost.host, smarthost.port);
        self.smarthosts.lock().unwrap().push((host, signed_in, mail.mail_from));
        let taken = |recipient| RecipientOutcome::unspoken(recipient, DeliveryResult::Delivered, "250 taken".into());
        mail.recipients.into_iter().map(taken).collect()
    }

    async fn send_to_mx(&self, domain: &str, mail: OutboundMail) -> Vec<RecipientOutcome> {
        self.heard.lock().unwrap().push((domain.to_owned(), mail.recipients.clone()));
        self.senders.lock().unwrap().push(mail.mail_from.clone());
        if domain == "slow.example" && !self.is_let_go.load(Ordering::SeqCst) {
            let at_once = self.slow_at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.slow_most.fetch_max(at_once, Ordering::SeqCst);
            let waiting = self.let_go.notified();
            if !self.is_let_go.load(Ordering::SeqCst) {
                waiting.await;
            }
            self.slow_at_once.fetch_sub(1, Ordering::SeqCst);
        }
        let (result, response) = match domain {
            "gone.example" => (DeliveryResult::Bounced, "550 5.1.1 gone"),
            "lists.example" => (DeliveryResult::Infrastructure, "554 5.7.1 client host [192.0.2.1] blocked"),
            _ => (DeliveryResult::Delivered, "250 2.0.0 taken"),
        };
        let outcome = |recipient| RecipientOutcome {
            host: Some(format!("mx.{domain}")),
            address: Some("192.0.2.1".into()),
            ..RecipientOutcome::unspoken(recipient, result, response.into())
        };
        mail.recipients.into_iter().map(outcome).collect()
    }

    async fn test(&self, _: &Smarthost) -> Vec<TestStep> {
        Vec::new()
    }
}

impl Exchangers {
    fn let_all_go(&self) {
        self.is_let_go.store(true, Ordering::SeqCst);
        self.let_go.notify_waiters();
    }
}

async fn direct(database: TestDb) -> (TestEngine, Arc<Exchangers>) {
    let mut test = TestEngine::start(database).await;
    let exchangers = Arc::new(Exchangers::default());
    let config = EngineConfig { delivery: DeliveryMode::Direct, ..(*test.engine.config).clone() };
    test.engine.config = Arc::new(config);
    test.engine.ports = Ports { transport: exchangers.clone(), ..test.engine.ports.clone() };
    (test, exchangers)
}

async fn send(test: &TestEngine, to: &[&str]) -> MessageId {
    send_by(test, &test.channel.id, to).await
}

async fn send_by(test: &TestEngine, by: impl Into<SendBy>, to: &[&str]) -> MessageId {
    let to = to.iter().map(|address| mail::compose::parse_mailbox(address).expect("an address")).collect();
    let request = SendRequest { to, subject: "x".into(), text: Some("Hello".into()), ..SendRequest::default() };
    sending::send(&test.engine, &test.key(), by, request).await.expect("a message")
}

async fn rows(test: &TestEngine, id: &MessageId) -> Vec<DeliveryRow> {
    let (workspace, id) = (test.workspace_id.clone(), id.clone());
    test.engine.db.read(move |tx| deliveries::of_message(tx, &workspace, &id)).await.expect("deliveries")
}

/// Until all deliveries of the messages are as they should be.
async fn until(test: &TestEngine, ids: &[MessageId], status: MessageStatus) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let mut all = true;
        for id in ids {
            all &= rows(test, id).await.iter().all(|row| row.public.status == status);
        }
        if all {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "not all are {status:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn a_slow_domain_holds_up_nobody_and_recipients_at_one_share_a_transaction(database: TestDb) {
    let (test, exchangers) = direct(database).await;
    let mut slow = Vec::new();
    for _ in 0..90 {
        slow.push(send(&test, &["a@slow.example"]).await);
    }
    let quick = send(&test, &["a@quick.example", "b@QUICK.example", "c@other.example"]).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), shutdown.clone()));
    until(&test, std::slice::from_ref(&quick), MessageStatus::Delivered).await;
    let heard = exchangers.heard.lock().unwrap().clone();
    let of_quick: Vec<_> = heard.iter().filter(|(domain, _)| domain == "quick.example").collect();
    assert_eq!(of_quick.len(), 1, "{of_quick:?}");
    assert_eq!(of_quick[0].1.len(), 2);
    assert!(exchangers.slow_most.load(Ordering::SeqCst) <= 8);
    exchangers.let_all_go();
    until(&test, &slow, MessageStatus::Delivered).await;
    shutdown.cancel();
    running.await.expect("it ends");
}

async fn what_waits_for_its_turn_when_it_ends_is_given_back(database: TestDb) {
    let (test, exchangers) = direct(database).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(send(&test, &["a@slow.example"]).await);
    }
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), shutdown.clone()));
    while exchangers.slow_at_once.load(Ordering::SeqCst) < 8 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();
    // Those that wait go back at once; those under way are waited for.
    loop {
        let mut queued = 0;
        for id in &slow {
            queued += rows(&test, id).await.iter().filter(|row| row.public.status == MessageStatus::Queued).count();
        }
        if queued == 12 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    exchangers.let_all_go();
    running.await.expect("it ends");
    let next = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), next.clone()));
    until(&test, &slow, MessageStatus::Delivered).await;
    next.cancel();
    running.await.expect("it ends");
    assert_eq!(exchangers.heard.lock().unwrap().len(), 20, "each was sent once");
}

async fn what_mail_exchangers_said_is_told(database: TestDb) {
    let (test, _) = direct(database).await;
    let id = send(&test, &["a@good.example", "a@gone.example"]).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), shutdown.clone()));
    loop {
        let all = rows(&test, &id).await;
        if all.iter().all(|row| !row.public.attempts.is_empty()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();
    running.await.expect("it ends");
    let all = rows(&test, &id).await;
    let of = |recipient: &str| all.iter().find(|row| row.public.recipient == recipient).expect("a delivery");
    let good = of("a@good.example");
    assert_eq!((good.public.status, good.public.transport.as_str()), (MessageStatus::Delivered, "mx"));
    assert_eq!(good.destination, "mx:good.example");
    let attempt = &good.public.attempts[0];
    assert_eq!((attempt.host.as_deref(), attempt.address.as_deref()), (Some("mx.good.example"), Some("192.0.2.1")));
    assert_eq!(of("a@gone.example").public.status, MessageStatus::Bounced);
}

async fn recipients_whose_bounces_come_back_have_return_paths_of_their_own(database: TestDb) {
    let (test, exchangers) = direct(database).await;
    let change = ChannelRequest { email_address: Some(None), ..ChannelRequest::default() };
    channels::update(&test.engine, &test.key(), &test.channel.id, change).await.expect("its own address");
    let id = send(&test, &["a@good.example", "b@good.example", "c@gone.example"]).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), shutdown.clone()));
    while rows(&test, &id).await.iter().any(|row| row.public.attempts.is_empty()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();
    running.await.expect("it ends");
    let mut heard = exchangers.heard.lock().unwrap().clone();
    heard.sort();
    let alone = |domain: &str, recipient: &str| (domain.to_owned(), vec![recipient.to_owned()]);
    let expected = [
        alone("gone.example", "c@gone.example"),
        alone("good.example", "a@good.example"),
        alone("good.example", "b@good.example"),
    ];
    assert_eq!(heard, expected);
    let mut senders = exchangers.senders.lock().unwrap().clone();
    senders.sort();
    senders.dedup();
    assert_eq!(senders.len(), 3, "{senders:?}");
    let all = rows(&test, &id).await;
    let status =
        |recipient: &str| all.iter().find(|row| row.public.recipient == recipient).map(|row| row.public.status);
    assert_eq!(status("a@good.example"), Some(MessageStatus::Delivered));
    assert_eq!(status("c@gone.example"), Some(MessageStatus::Bounced));
    for sender in senders {
        let route = channels::route(&test.engine, &sender).await.expect("a way back");
        let returned_to = route.returned_to.expect("a message");
        assert!(returned_to.message == id && returned_to.delivery.is_some(), "{returned_to:?}");
    }
}

async fn what_an_exchanger_refuses_for_what_is_ours_to_mend_is_tried_for_a_day(database: TestDb) {
    let (test, exchangers) = direct(database).await;
    let id = send(&test, &["a@lists.example"]).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), shutdown.clone()));
    while rows(&test, &id).await.iter().any(|row| row.public.attempts.is_empty()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.cancel();
    running.await.expect("it ends");
    assert_eq!(exchangers.heard.lock().unwrap().len(), 1);
    let mut row = rows(&test, &id).await.remove(0);
    assert_eq!(row.public.status, MessageStatus::Deferred, "the operator may mend it");
    let refused = infrastructure("a@lists.example", "554 5.7.1 client host [192.0.2.1] blocked");
    let unheard = RecipientOutcome { result: DeliveryResult::Deferred, ..refused.clone() };
    let first = row.first_attempt_at.expect("an attempt");
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(judge(&row, &refused, first.plus(day - Duration::from_secs(1))).status, MessageStatus::Deferred);
    assert_eq!(judge(&row, &refused, first.plus(day)).status, MessageStatus::Failed);
    assert_eq!(judge(&row, &unheard, first.plus(day)).status, MessageStatus::Deferred);
    // A smarthost's refusals wait as long as anything else.
    row.public.transport = "smtp".into();
    assert_eq!(judge(&row, &refused, first.plus(day)).status, MessageStatus::Deferred);
}

async fn mail_of_a_domain_leaves_by_the_domains_own_smarthost(database: TestDb) {
    let (test, exchangers) = direct(database).await;
    let (engine, key) = (&test.engine, test.key());
    let domain = testing::verified_domain(engine, &key, "mail.acme.example").await;
    let use_case = SendBy::UseCase(testing::use_case(engine, &key, &domain).await.id);
    let set = async |smarthost: Option<NewSmarthost>| {
        let policy = PolicyChange { smarthost: Some(smarthost), ..PolicyChange::default() };
        let change = DomainChange { policy, ..DomainChange::default() };
        domains::change(engine, &key, &domain.id, change).await.expect("a change");
    };
    let smarthost = NewSmarthost {
        host: "relay.example".into(),
        port: None,
        security: None,
        username: Some("acme".into()),
        password: Some(SecretString::from("a password")),
    };
    set(Some(smarthost.clone())).await;
    // A new vault key opens it still.
    let rotating = engine.clone();
    let rotated = tokio::task::spawn_blocking(move || crate::vault_rotation::rotate(&rotating)).await;
    rotated.expect("it ends").expect("a new key");
    let by_smarthost = send_by(&test, use_case.clone(), &["a@good.example"]).await;
    let others = send(&test, &["b@good.example"]).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), shutdown.clone()));
    until(&test, std::slice::from_ref(&by_smarthost), MessageStatus::Sent).await;
    until(&test, std::slice::from_ref(&others), MessageStatus::Delivered).await;
    let taken = exchangers.smarthosts.lock().unwrap().clone();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!((taken[0].0.as_str(), taken[0].1.as_deref()), ("relay.example:587", Some("acme:a password")));
    assert!(taken[0].2.starts_with("b+") && taken[0].2.ends_with("@bounces.mail.acme.example"), "{}", taken[0].2);
    shutdown.cancel();
    running.await.expect("it ends");
    // What was queued for it follows the instance once it is gone, each recipient to its own domain.
    let queued = send_by(&test, use_case, &["a@good.example", "b@other.example"]).await;
    assert!(rows(&test, &queued).await.iter().all(|row| row.destination == format!("domain:{}", domain.id)));
    set(None).await;
    let next = CancellationToken::new();
    let running = tokio::spawn(run(test.engine.clone(), next.clone()));
    until(&test, std::slice::from_ref(&queued), MessageStatus::Sent).await;
    next.cancel();
    running.await.expect("it ends");
    let heard = exchangers.heard.lock().unwrap().clone();
    for domain in ["good.example", "other.example"] {
        assert!(heard.iter().any(|(heard, _)| heard == domain), "{domain} is not among {heard:?}");
    }
    assert_eq!(exchangers.smarthosts.lock().unwrap().len(), 1);
}
