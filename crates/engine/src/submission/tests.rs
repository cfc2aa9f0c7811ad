//! Submitted mail becomes messages: by which channel, for whom, once, and what is refused.

use model::message::{MessageStatus, RecipientType};
use store::testing::TestDb;

use super::*;
use crate::messages;
use crate::testing::{self, TestEngine};

store::on_both_engines!(
    a_mail_becomes_a_message_with_its_own_bytes,
    the_channel_is_chosen_by_what_is_said,
    nobody_writes_as_somebody_else,
    a_template_and_tracking_are_asked_by_the_head,
    an_idempotency_key_sends_once,
    an_answer_joins_its_conversation,
    what_is_wrong_is_refused_and_nothing_is_kept,
);

fn mail(head: &str, recipients: &[&str]) -> SubmittedMail {
    let raw = format!("{head}\r\nHello\r\n.\r\nthere\r\n");
    let recipients = recipients.iter().map(|&address| address.to_owned()).collect();
    SubmittedMail { mail_from: "bounce@acme.test".into(), recipients, raw: raw.into() }
}

const HEAD: &str = "From: Support <support@acme.test>\r\nTo: Ann <ann@example.org>\r\nSubject: Hi\r\n";

fn refused(outcome: Result<MessageId>) -> String {
    outcome.expect_err("a refusal").to_string()
}

async fn a_mail_becomes_a_message_with_its_own_bytes(database: TestDb) {
    let test = TestEngine::start(database).await;
    let head = format!(
        "{HEAD}Cc: Bo <bo@example.org>\r\nBcc: secret@example.org\r\nMessage-ID: <own@app.test>\r\nX-Mailer: App 1\r\n\
         X-Postroom-Tags: a, b\r\nDate: Mon, 15 Jan 2024 10:30:00 +0000\r\n"
    );
    let to = ["ann@example.org", "bo@example.org", "secret@example.org", "ANN@example.org"];
    let id = submit(&test.engine, &test.key(), mail(&head, &to)).await.expect("taken");
    let shown = messages::get(&test.engine, &test.key(), &id).await.expect("a message");
    let recipients: Vec<(RecipientType, &str)> =
        shown.recipients.iter().map(|to| (to.recipient_type, to.address.as_str())).collect();
    assert_eq!(
        recipients,
        [
            (RecipientType::To, "ann@example.org"),
            (RecipientType::Cc, "bo@example.org"),
            (RecipientType::Bcc, "secret@example.org")
        ]
    );
    assert_eq!((shown.status, shown.tags.as_slice()), (MessageStatus::Queued, &["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(shown.metadata.message_id.as_deref(), Some("<own@app.test>"));
    let raw = messages::raw(&test.engine, &test.key(), &id).await.expect("the raw mail");
    let raw = String::from_utf8_lossy(&raw);
    let reply_to = raw.lines().next().expect("a line");
    assert!(reply_to.starts_with("Reply-To: <") && reply_to.contains("+r."), "{reply_to}");
    let rest = raw.split_once("\r\n").expect("a line").1;
    let kept = format!(
        "{HEAD}Cc: Bo <bo@example.org>\r\nMessage-ID: <own@app.test>\r\nX-Mailer: App 1\r\nDate: Mon, 15 Jan 2024 10:30:00 +0000\r\n\r\nHello\r\n.\r\nthere\r\n"
    );
    assert_eq!(rest, kept);
    let deliveries = messages::deliveries(&test.engine, &test.key(), &id).await.expect("deliveries");
    assert_eq!(deliveries.len(), 3);

    let plain = submit(&test.engine, &test.key(), mail("From: support@acme.test\r\n", &["x@example.org"])).await;
    let shown = messages::get(&test.engine, &test.key(), &plain.expect("taken")).await.expect("a message");
    assert_eq!(shown.recipients[0].recipient_type, RecipientType::Bcc);
    assert!(shown.metadata.message_id.is_some_and(|own| own.ends_with("@postroom.test>")));
}

async fn the_channel_is_chosen_by_what_is_said(database: TestDb) {
    let test = TestEngine::start(database).await;
    let engine = &test.engine;
    let sales = testing::channel(engine, &test.key(), "Sales").await;
    let by = async |principal: &Principal, head: &str| {
        let id = submit(engine, principal, mail(head, &["ann@example.org"])).await?;
        Ok::<_, SubmitError>(messages::load(engine, principal, &id).await.expect("a message").channel_id)
    };
    let from_sales = "From: sales@acme.test\r\nSubject: x\r\n";
    assert_eq!(by(&test.key(), from_sales).await.expect("by address"), Some(sales.id.clone()));
    assert_eq!(by(&test.key(), HEAD).await.expect("by address"), Some(test.channel.id.clone()));
    assert_eq!(by(&test.bound_key(&sales.id), from_sales).await.expect("bound"), Some(sales.id.clone()));
    let named = format!("X-Postroom-Channel: {}\r\n{from_sales}", sales.id);
    assert_eq!(by(&test.key(), &named).await.expect("by name"), Some(sales.id.clone()));

    let stranger = testing::all_scopes(&testing::workspace(engine, "Second").await);
    let unclear = by(&stranger, HEAD).await.expect_err("no channel").to_string();
    assert!(unclear.starts_with("5.7.1") && unclear.contains("X-Postroom-Channel"), "{unclear}");
    let foreign = by(&stranger, &named).await.expect_err("another workspace's").to_string();
    assert!(foreign.contains("there is no channel"), "{foreign}");
    let other = by(&test.bound_key(&test.channel.id), &named).await.expect_err("not the key's").to_string();
    assert!(other.contains("there is no channel"), "{other}");
    let use_case =
        by(&test.key(), &format!("X-Postroom-Use-Case: news\r\n{HEAD}")).await.expect_err("none").to_string();
    assert_eq!(use_case, "5.7.1 X-Postroom-Use-Case: there is no use case news for this key");
}

async fn nobody_writes_as_somebody_else(database: TestDb) {
    let test = TestEngine::start(database).await;
    let send = async |principal: Principal, from: &str| {
        submit(&test.engine, &principal, mail(&format!("From: {from}\r\nSubject: x\r\n"), &["ann@example.org"])).await
    };
    send(test.key(), "SUPPORT@acme.test").await.expect("its own address");
    for from in ["ceo@acme.test", "support@acme.test, ceo@acme.test", "support@evil.test"] {
        let why = refused(send(test.key(), from).await);
        assert!(why.starts_with("5.7.1 From is") || why.starts_with("5.6.0 From names one"), "{why}");
    }
    let sales = testing::channel(&test.engine, &test.key(), "Sales").await;
    let why = refused(send(test.bound_key(&sales.id), "support@acme.test").await);
    assert!(why.contains("From is support@acme.test"), "{why}");
}

async fn a_template_and_tracking_are_asked_by_the_head(database: TestDb) {
    let test = TestEngine::start(database).await;
    let html = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n";
    let head = format!("{HEAD}X-Postroom-Track: opens\r\nX-App: 7\r\nMessage-ID: <t@app.test>\r\n{html}");
    let id = submit(&test.engine, &test.key(), mail(&head, &["ann@example.org"])).await.expect("taken");
    let shown = messages::get(&test.engine, &test.key(), &id).await.expect("a message");
    assert!(shown.engagement.is_some());
    let raw = messages::raw(&test.engine, &test.key(), &id).await.expect("the raw mail");
    let parsed = mail::parse(&raw);
    assert!(parsed.html.as_ref().is_some_and(|html| html.contains("/t/o/")));
    assert_eq!((parsed.header("x-app"), parsed.message_id.as_deref()), (Some("7"), Some("t@app.test")));
    assert!(parsed.header("x-postroom-track").is_none());

    let two = refused(submit(&test.engine, &test.key(), mail(&head, &["ann@example.org", "bo@example.org"])).await);
    assert!(two.contains("one message a recipient"), "{two}");
    let unknown = format!("{HEAD}X-Postroom-Template: welcome\r\n");
    let why = refused(submit(&test.engine, &test.key(), mail(&unknown, &["ann@example.org"])).await);
    assert!(why.starts_with("5."), "{why}");
}

async fn an_idempotency_key_sends_once(database: TestDb) {
    let test = TestEngine::start(database).await;
    let key = test.key();
    let send = async |head: String| submit(&test.engine, &key, mail(&head, &["ann@example.org"])).await;
    let keyed = |id: &str, subject: &str| {
        format!(
            "From: support@acme.test\r\nSubject: {subject}\r\nMessage-ID: <{id}@app.test>\r\nIdempotency-Key: k1\r\n"
        )
    };
    let first = send(keyed("1", "Hi")).await.expect("taken");
    assert_eq!(send(keyed("2", "Hi")).await.expect("the same"), first);
    assert!(refused(send(keyed("3", "Other")).await).contains("another request"));
    let raw = messages::raw(&test.engine, &test.key(), &first).await.expect("the raw mail");
    assert!(!String::from_utf8_lossy(&raw).contains("Idempotency-Key"));
    let wrong = |from: &str| format!("From: {from}\r\nSubject: x\r\nIdempotency-Key: k2\r\n");
    refused(send(wrong("ceo@acme.test")).await);
    send(wrong("support@acme.test")).await.expect("a refusal frees the key");
}

async fn an_answer_joins_its_conversation(database: TestDb) {
    let test = TestEngine::start(database).await;
    let question = "From: ann@example.org\r\nMessage-ID: <q@example.org>\r\nSubject: Hi\r\n\r\nWhat?\r\n";
    let asked = messages::get(&test.engine, &test.key(), &test.receive(question).await).await.expect("a message");
    let head = format!("{HEAD}In-Reply-To: <q@example.org>\r\n");
    let id = submit(&test.engine, &test.key(), mail(&head, &["ann@example.org"])).await.expect("taken");
    let answer = messages::get(&test.engine, &test.key(), &id).await.expect("a message");
    assert_eq!(answer.conversation_id, asked.conversation_id);
}

async fn what_is_wrong_is_refused_and_nothing_is_kept(database: TestDb) {
    let test = TestEngine::start(database).await;
    let send = async |head: &str, to: &[&str]| submit(&test.engine, &test.key(), mail(head, to)).await;
    for (head, to, named) in [
        ("", &["ann@example.org"][..], "5.6.0"),
        ("Subject: x\r\n", &["ann@example.org"], "no From"),
        (HEAD, &["no address"], "5.1.3"),
        ("X-Postroom-Tag: x\r\nFrom: support@acme.test\r\n", &["ann@example.org"], "not known"),
        ("X-Postroom-Channel: x\r\nFrom: support@acme.test\r\n", &["ann@example.org"], "X-Postroom-Channel"),
    ] {
        let why = refused(send(head, to).await);
        assert!(why.contains(named), "{head}: {why}");
    }
    let (key, query) = (test.key(), messages::MessageQuery::default());
    let slice = crate::listing::SliceOf { after: None, ascending: false, take: 10 };
    assert!(messages::list(&test.engine, &key, query, slice).await.expect("a list").items.is_empty());
    assert!(matches!(test.engine.sign_in(&"pk_wrong".to_owned().into()).await, Err(SignInError::Refused(_))));
    let deleted = test.engine.submit(&test.key(), mail(HEAD, &["ann@example.org"])).await;
    assert!(refused(deleted).starts_with("5.7.8"), "a key that is not there any more");
}
