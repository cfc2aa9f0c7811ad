//! What is queued for mail exchangers, against a way out that does as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use model::MessageId;
use model::message::MessageStatus;
use store::on_both_engines;
use store::testing::TestDb;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::ports::{OutboundMail, RecipientOutcome, Smarthost, TestStep, Transport};
use crate::sending::{self, SendRequest};
use crate::testing::TestEngine;
use crate::{EngineConfig, Ports};

on_both_engines!(
    a_slow_domain_holds_up_nobody_and_recipients_at_one_share_a_transaction,
    what_waits_for_its_turn_when_it_ends_is_given_back,
    what_mail_exchangers_said_is_told
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
}

#[async_trait]
impl Transport for Exchangers {
    async fn send(&self, _: &Smarthost, _: OutboundMail) -> Vec<RecipientOutcome> {
        Vec::new()
    }

    async fn send_to_mx(&self, domain: &str, mail: OutboundMail) -> Vec<RecipientOutcome> {
        self.heard.lock().unwrap().push((domain.to_owned(), mail.recipients.clone()));
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
    let to = to.iter().map(|address| mail::compose::parse_mailbox(address).expect("an address")).collect();
    let request = SendRequest { to, subject: "x".into(), text: Some("Hello".into()), ..SendRequest::default() };
    sending::send(&test.engine, &test.key(), &test.channel.id, request).await.expect("a message")
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
