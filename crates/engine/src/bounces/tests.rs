use std::sync::Arc;

use model::MessageId;
use model::channel::TransportSecurity;
use model::message::MessageStatus::{self, Bounced, Complained, Deferred, Delivered, Queued, Sent};
use model::suppression::{Suppression, SuppressionReason};
use store::suppressions::Filter;
use store::testing::TestDb;
use store::{Priority, messages};

use super::*;
use crate::channels::{self, ChannelRequest};
use crate::listing::SliceOf;
use crate::ports::{Arrival, InboundMail, Smarthost};
use crate::sending::{self, SendRequest};
use crate::testing::TestEngine;
use crate::{Engine, ingest};

store::on_both_engines!(
    a_bounce_that_names_our_mail_acts_on_its_delivery,
    a_bounce_of_what_was_not_sent_to_its_recipient_does_nothing,
    what_comes_to_a_return_path_is_recorded_without_a_conversation,
    whoever_got_a_mail_can_not_speak_for_others_that_got_it,
    what_a_filter_refused_suppresses_nobody,
    complaints_delays_and_deliveries_are_told_apart,
    the_fifth_soft_bounce_suppresses_for_a_while,
    what_is_ours_to_mend_suppresses_nobody,
);

/// A product whose mail leaves through the instance's smarthost, from its own domain.
async fn start(database: TestDb) -> (TestEngine, Engine) {
    let product = TestEngine::start(database).await;
    let mut config = (*product.engine.config).clone();
    config.delivery = crate::DeliveryMode::Smarthost;
    config.smarthost =
        Some(Smarthost { host: "127.0.0.1".into(), port: 9, security: TransportSecurity::None, auth: None });
    let engine = Engine { config: Arc::new(config), ..product.engine.clone() };
    let change = ChannelRequest { email_address: Some(None), ..ChannelRequest::default() };
    channels::update(&engine, &product.key(), &product.channel.id, change).await.unwrap();
    (product, engine)
}

async fn send(product: &TestEngine, engine: &Engine, to: &[&str]) -> MessageId {
    let to = to.iter().map(|address| mail::Mailbox { name: None, address: (*address).into() }).collect();
    let request = SendRequest { to, subject: "News".into(), text: Some("Hello".into()), ..SendRequest::default() };
    let id = sending::send(engine, &product.key(), &product.channel.id, request).await.unwrap();
    let sent = id.clone();
    let now = Timestamp::now();
    engine
        .db
        .write(Priority::Foreground, move |tx| deliveries::move_all(tx, &sent, &[Queued], Sent, None, now))
        .await
        .unwrap();
    id
}

async fn message(product: &TestEngine, id: &MessageId) -> store::messages::MessageRow {
    let (workspace, id) = (product.workspace_id.clone(), id.clone());
    product.engine.db.read(move |tx| messages::get(tx, &workspace, &id)).await.unwrap().unwrap()
}

/// A report of one group of fields about the mail with this Message-ID.
fn dsn(about: &str, fields: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@mx.test\r\nTo: us@acme.test\r\nSubject: Mail delivery\r\nMessage-ID: <{}@mx.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nThis is the mail system.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n{fields}\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{about}>\r\nSubject: News\r\n\r\n--b--\r\n",
        crate::tokens::random(10)
    )
    .into_bytes()
}

fn failed(about: &str, recipient: &str, status: &str, diagnostic: &str) -> Vec<u8> {
    let fields = format!(
        "Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n"
    );
    dsn(about, &fields)
}

fn complaint(about: &str, feedback_type: &str) -> Vec<u8> {
    format!(
        "From: fbl@provider.test\r\nTo: us@acme.test\r\nSubject: complaint\r\nMessage-ID: <{}@provider.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nAn abuse report.\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {feedback_type}\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{about}>\r\nSubject: News\r\n\r\nHello\r\n--b--\r\n",
        crate::tokens::random(10)
    )
    .into_bytes()
}

async fn receive(engine: &Engine, address: &str, raw: Vec<u8>) -> (MessageId, bool) {
    let route = channels::route(engine, address).await.unwrap();
    let arrival = Arrival {
        at: Timestamp::now(),
        peer: None,
        helo: Some("mx.test".into()),
        mail_from: String::new(),
        tls: false,
    };
    let mail = InboundMail { raw: raw.into(), routes: vec![route], arrival, auth: None };
    let accepted = ingest::accept(engine, mail).await.unwrap().messages.remove(0);
    (accepted.id, accepted.duplicate)
}

async fn suppressed(product: &TestEngine) -> Vec<Suppression> {
    let slice = SliceOf { after: None, ascending: true, take: 100 };
    crate::suppressions::list(&product.engine, &product.key(), Filter::default(), slice).await.unwrap().items
}

async fn told(product: &TestEngine, event_type: &str) -> Vec<Json> {
    product.settle().await;
    let page = crate::events::after(&product.engine, &product.key(), 0, 100).await.unwrap();
    page.events.into_iter().filter(|event| event.event_type.as_str() == event_type).map(|event| event.data).collect()
}

async fn statuses(product: &TestEngine, id: &MessageId) -> Vec<(String, MessageStatus)> {
    let recipients = message(product, id).await.recipients;
    recipients.into_iter().map(|recipient| (recipient.address, recipient.status.unwrap())).collect()
}

async fn a_bounce_that_names_our_mail_acts_on_its_delivery(database: TestDb) {
    let (product, engine) = start(database).await;
    // Its bounces come back to the sender's own address, as they do where the return path is not ours to choose.
    let change = ChannelRequest { email_address: Some(Some("us@acme.test".into())), ..ChannelRequest::default() };
    channels::update(&engine, &product.key(), &product.channel.id, change).await.unwrap();
    let id = send(&product, &engine, &["Gone@Example.org", "here@example.org"]).await;
    let rfc_id = message(&product, &id).await.rfc_message_id.unwrap();
    let raw = failed(&rfc_id, "gone@example.org", "5.1.1", "550 5.1.1 no such user");
    let inbox = product.channel.inbound_address.clone();
    let (bounce, duplicate) = receive(&engine, &inbox, raw.clone()).await;
    assert!(!duplicate && bounce != id, "it is a message of the channel");
    let expected = [("Gone@Example.org".to_owned(), Bounced), ("here@example.org".to_owned(), Sent)];
    assert_eq!(statuses(&product, &id).await, expected);
    assert_eq!(message(&product, &id).await.status, Bounced);
    let list = suppressed(&product).await;
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].address.as_str(), list[0].reason), ("gone@example.org", SuppressionReason::HardBounce));
    assert_eq!(list[0].message_id.as_ref(), Some(&id));
    let bounced = told(&product, "message.bounced").await;
    assert_eq!(bounced.len(), 1);
    let data = &bounced[0];
    assert_eq!((&data["recipient"], &data["class"]), (&json!("Gone@Example.org"), &json!("hard")), "{data:#}");
    assert_eq!((&data["reason"], &data["enhancedStatus"]), (&json!("userUnknown"), &json!("5.1.1")), "{data:#}");
    let rows = {
        let (workspace, id) = (product.workspace_id.clone(), id.clone());
        engine.db.read(move |tx| deliveries::of_message(tx, &workspace, &id)).await.unwrap()
    };
    let log = rows.iter().find(|row| row.public.status == Bounced).map(|row| row.public.attempts.clone()).unwrap();
    assert!(log.last().is_some_and(|attempt| attempt.response.contains("550 5.1.1")), "{log:?}");
    // The same once more, and another about what is known.
    assert!(receive(&engine, &inbox, raw).await.1);
    receive(&engine, &inbox, failed(&rfc_id, "gone@example.org", "5.1.1", "550 5.1.1 no such user")).await;
    assert_eq!(told(&product, "message.bounced").await.len(), 1);
    // And nothing goes there any more.
    let next = send(&product, &engine, &["gone@example.org"]).await;
    assert_eq!(message(&product, &next).await.status, MessageStatus::Suppressed);
    assert_eq!(told(&product, "message.suppressed").await.len(), 1);
}

async fn a_bounce_of_what_was_not_sent_to_its_recipient_does_nothing(database: TestDb) {
    let (product, engine) = start(database).await;
    let id = send(&product, &engine, &["ann@example.org"]).await;
    let rfc_id = message(&product, &id).await.rfc_message_id.unwrap();
    let inbox = product.channel.inbound_address.clone();
    let other = crate::testing::workspace(&engine, "Other").await;
    let other = crate::testing::channel(&engine, &crate::testing::all_scopes(&other), "Elsewhere").await;
    for (address, raw) in [
        (&inbox, failed(&rfc_id, "victim@example.org", "5.1.1", "550 5.1.1 no such user")),
        (&inbox, failed("unknown@example.org", "ann@example.org", "5.1.1", "550 5.1.1 no such user")),
        (&other.inbound_address, failed(&rfc_id, "ann@example.org", "5.1.1", "550 5.1.1 no such user")),
    ] {
        receive(&engine, address, raw).await;
    }
    // Nor one that is not sent yet.
    let request = SendRequest {
        to: vec![mail::Mailbox { name: None, address: "bob@example.org".into() }],
        text: Some("Hello".into()),
        ..SendRequest::default()
    };
    let queued = sending::send(&engine, &product.key(), &product.channel.id, request).await.unwrap();
    let queued = message(&product, &queued).await.rfc_message_id.unwrap();
    receive(&engine, &inbox, failed(&queued, "bob@example.org", "5.1.1", "550 5.1.1 no such user")).await;
    let (workspace, about) = (product.workspace_id.clone(), id.clone());
    let rows = engine.db.read(move |tx| deliveries::of_message(tx, &workspace, &about)).await.unwrap();
    assert!(rows.iter().all(|row| row.public.status == Sent));
    assert!(suppressed(&product).await.is_empty());
    assert!(told(&product, "message.bounced").await.is_empty());
}

async fn what_comes_to_a_return_path_is_recorded_without_a_conversation(database: TestDb) {
    let (product, engine) = start(database).await;
    let id = send(&product, &engine, &["ann@example.org"]).await;
    let path = message(&product, &id).await.envelope.mail_from;
    assert!(path.starts_with("b+") && path.ends_with("@inbox.localhost"), "{path}");
    // It names neither the mail nor, since it was forwarded, the recipient.
    let raw = failed("somebody.elses@example.net", "forwarded@example.net", "5.1.1", "550 5.1.1 no such user");
    assert_eq!(receive(&engine, &path.to_uppercase(), raw.clone()).await, (id.clone(), false));
    assert_eq!(receive(&engine, &path, raw).await, (id.clone(), true));
    assert_eq!(message(&product, &id).await.status, Bounced);
    assert_eq!(suppressed(&product).await[0].address, "ann@example.org");
    assert_eq!(told(&product, "message.bounced").await.len(), 1);
    assert!(told(&product, "message.received").await.is_empty());
    assert_eq!(told(&product, "conversation.created").await.len(), 1, "the one that was begun by sending");
    let (workspace, about) = (product.workspace_id.clone(), id.clone());
    let kept = engine.db.read(move |tx| store::delivery_reports::blobs_of(tx, &workspace, &about)).await.unwrap();
    assert_eq!(kept.len(), 1, "the mail is kept with the message");
    // An automatic answer comes there too, and is the channel's mail.
    let answer = b"From: ann@example.org\r\nTo: us@acme.test\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\nMessage-ID: <away@example.org>\r\n\r\nAway.\r\n";
    let (answer, _) = receive(&engine, &path, answer.to_vec()).await;
    assert_eq!(message(&product, &answer).await.kind, "autoreply");
    // A token that somebody made up leads nowhere.
    let mut forged = path.clone();
    forged.replace_range(40..41, if &path[40..41] == "x" { "y" } else { "x" });
    assert!(channels::route(&engine, &forged).await.is_err());
}

async fn whoever_got_a_mail_can_not_speak_for_others_that_got_it(database: TestDb) {
    let (product, engine) = start(database).await;
    let id = send(&product, &engine, &["eve@example.org", "bob@example.org"]).await;
    let sent = message(&product, &id).await;
    let (rfc_id, of_all) = (sent.rfc_message_id.unwrap(), sent.envelope.mail_from);
    let (workspace, about) = (product.workspace_id.clone(), id.clone());
    let rows = engine.db.read(move |tx| deliveries::of_message(tx, &workspace, &about)).await.unwrap();
    let path = |recipient: &str| {
        let row = rows.iter().find(|row| row.public.recipient == recipient).unwrap();
        return_path::of_delivery(&engine.vault, &of_all, &row.public)
    };
    // Eve knows her own return path, the Message-ID, and who else got it.
    let forged = || failed(&rfc_id, "bob@example.org", "5.1.1", "550 5.1.1 no such user");
    let inbox = product.channel.inbound_address.clone();
    receive(&engine, &inbox, forged()).await;
    receive(&engine, &inbox, complaint(&rfc_id, "abuse")).await;
    assert!(suppressed(&product).await.is_empty());
    assert_eq!(receive(&engine, &path("eve@example.org"), forged()).await, (id.clone(), false));
    let list = suppressed(&product).await;
    assert_eq!(list.iter().map(|one| one.address.as_str()).collect::<Vec<_>>(), ["eve@example.org"]);
    // What Bob's server says comes to Bob's.
    receive(&engine, &path("bob@example.org"), forged()).await;
    assert_eq!(suppressed(&product).await.len(), 2);
    assert!(statuses(&product, &id).await.iter().all(|(_, status)| *status == Bounced));
    // Mail that left with the message's own return path comes back still.
    let earlier = send(&product, &engine, &["ann@example.org"]).await;
    let of_all = message(&product, &earlier).await.envelope.mail_from;
    receive(&engine, &of_all, failed("x@example.org", "ann@example.org", "5.1.1", "550 5.1.1 no such user")).await;
    assert_eq!(message(&product, &earlier).await.status, Bounced);
}

async fn what_a_filter_refused_suppresses_nobody(database: TestDb) {
    let (product, engine) = start(database).await;
    for _ in 0..6 {
        let id = send(&product, &engine, &["ann@example.org"]).await;
        let path = message(&product, &id).await.envelope.mail_from;
        let said = "554 5.7.1 Message rejected as spam by content filtering";
        receive(&engine, &path, failed("x@example.org", "ann@example.org", "5.7.1", said)).await;
        assert_eq!(message(&product, &id).await.status, Bounced);
    }
    assert!(suppressed(&product).await.is_empty());
    let bounced = told(&product, "message.bounced").await;
    assert_eq!((bounced.len(), &bounced[0]["reason"]), (6, &json!("rejectedSpam")));
}

async fn complaints_delays_and_deliveries_are_told_apart(database: TestDb) {
    let (product, engine) = start(database).await;
    let inbox = product.channel.inbound_address.clone();
    let action = |action: &str, status: &str, to: &str| {
        format!("Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n")
    };
    let delayed = send(&product, &engine, &["ann@example.org"]).await;
    let rfc_id = message(&product, &delayed).await.rfc_message_id.unwrap();
    receive(&engine, &inbox, dsn(&rfc_id, &action("delayed", "4.4.1", "ann@example.org"))).await;
    assert_eq!(message(&product, &delayed).await.status, Deferred);
    let path = message(&product, &delayed).await.envelope.mail_from;
    receive(&engine, &path, dsn(&rfc_id, &action("delivered", "2.0.0", "ann@example.org"))).await;
    assert_eq!(message(&product, &delayed).await.status, Delivered);
    for (feedback_type, status, reason) in [
        ("not-spam", Sent, None),
        ("opt-out", Sent, Some(SuppressionReason::Unsubscribe)),
        ("abuse", Complained, Some(SuppressionReason::Complaint)),
    ] {
        let address = format!("{feedback_type}@example.org");
        let id = send(&product, &engine, &[&address]).await;
        let rfc_id = message(&product, &id).await.rfc_message_id.unwrap();
        receive(&engine, &inbox, complaint(&rfc_id, feedback_type)).await;
        let delivery = statuses(&product, &id).await.remove(0).1;
        if status == Complained {
            assert_eq!(delivery, Complained);
        }
        let list = suppressed(&product).await;
        let found = list.iter().find(|suppression| suppression.address == address);
        assert_eq!(found.map(|suppression| suppression.reason), reason, "{feedback_type}");
    }
    assert_eq!(told(&product, "message.complained").await.len(), 1);
    assert_eq!(told(&product, "message.delivered").await.len(), 1);
}

async fn the_fifth_soft_bounce_suppresses_for_a_while(database: TestDb) {
    let (product, engine) = start(database).await;
    let bounce = async |status: &str| {
        let id = send(&product, &engine, &["full@example.org"]).await;
        let path = message(&product, &id).await.envelope.mail_from;
        receive(&engine, &path, failed("x@example.org", "full@example.org", status, "552 5.2.2 mailbox full")).await;
        id
    };
    for _ in 0..4 {
        bounce("5.2.2").await;
    }
    // Something arrives between.
    let id = send(&product, &engine, &["full@example.org"]).await;
    let path = message(&product, &id).await.envelope.mail_from;
    let delivered = "Final-Recipient: rfc822; full@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n";
    receive(&engine, &path, dsn("x@example.org", delivered)).await;
    for _ in 0..4 {
        bounce("5.2.2").await;
        assert!(suppressed(&product).await.is_empty());
    }
    let last = bounce("5.2.2").await;
    let list = suppressed(&product).await;
    assert_eq!((list.len(), list[0].reason), (1, SuppressionReason::SoftBounce));
    assert_eq!(list[0].message_id.as_ref(), Some(&last));
    let month = Duration::from_secs(SOFT_BOUNCE_SUPPRESSION_DAYS * 24 * 60 * 60);
    assert!(list[0].expires_at.is_some_and(|at| at <= Timestamp::now().plus(month)));
}

async fn what_is_ours_to_mend_suppresses_nobody(database: TestDb) {
    let (product, engine) = start(database).await;
    for number in 0..6 {
        let id = send(&product, &engine, &["ann@example.org"]).await;
        let path = message(&product, &id).await.envelope.mail_from;
        let said = "550 5.7.26 Unauthenticated email from acme.test is not accepted due to domain's DMARC policy";
        receive(&engine, &path, failed("x@example.org", "ann@example.org", "5.7.26", said)).await;
        assert_eq!(message(&product, &id).await.status, Bounced, "{number}");
    }
    assert!(suppressed(&product).await.is_empty());
    let bounced = told(&product, "message.bounced").await;
    assert_eq!((bounced.len(), &bounced[0]["infrastructure"]), (6, &json!(true)));
}

#[test]
fn refusals_are_for_good_where_the_address_is_no_good() {
    for (response, no_good, infrastructure) in [
        ("550 5.1.1 <a@b.example>: user unknown", true, false),
        ("550 5.1.2 host unknown", true, false),
        ("553 5.1.3 bad address", true, false),
        ("551 5.1.6 mailbox has moved", true, false),
        ("556 5.1.10 recipient address has null MX", true, false),
        ("550 5.2.1 mailbox disabled", true, false),
        ("552 5.2.2 mailbox full", false, false),
        ("552 5.3.4 message too big", false, false),
        ("554 5.6.0 malformed", false, false),
        ("550 5.7.1 message rejected as spam", false, false),
        ("554 5.7.26 unauthenticated mail", false, true),
        ("550 5.2.1 the user is receiving mail at a rate that prevents delivery", false, true),
        ("", false, false),
    ] {
        let said = mail::classify::refusal("A@b.example", response);
        assert_eq!((is_no_good(&said), said.infrastructure), (no_good, infrastructure), "{response}: {said:?}");
    }
}
