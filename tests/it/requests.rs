//! Requests that can't be carried out say what is wrong, where, and what would be right; those made twice happen once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    wrong_fields_are_named,
    what_cannot_be_read_is_400,
    an_idempotency_key_makes_one_of_two,
    pages_are_complete_while_mail_arrives,
);

fn message(channel: &str) -> Value {
    json!({ "channelId": channel, "to": "bert@example.test", "content": { "type": "email", "email": { "subject": "Hello", "text": "Hello" } } })
}

async fn wrong_fields_are_named(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    let with = |pointer: &str, value: Value| {
        let mut body = message(&channel);
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect("a parent")[name] = value;
        body
    };
    let email = "/content/email";
    let cases = [
        ("/to", with("/to", json!("not an address")), "/to"),
        ("/to", with("/to", json!([])), "/to"),
        ("an unknown field", with("/subjekt", json!("x")), "/subjekt"),
        ("an unknown nested field", with(&format!("{email}/boddy"), json!("x")), "/content/email/boddy"),
        (
            "a line break in a subject",
            with(&format!("{email}/subject"), json!("x\r\nBcc: eve@example.test")),
            "/content/email/subject",
        ),
        (
            "a line break in a header",
            with(&format!("{email}/headers"), json!({ "X-A": "b\r\nBcc: eve@example.test" })),
            "/content/email/headers",
        ),
        (
            "a header name that is none",
            with(&format!("{email}/headers"), json!({ "X A:": "b" })),
            "/content/email/headers",
        ),
        (
            "a header of ours",
            with(&format!("{email}/headers"), json!({ "From": "eve@example.test" })),
            "/content/email/headers",
        ),
        (
            "a broken replyTo",
            with(&format!("{email}/replyTo"), json!("a@b.test\r\nBcc: eve@example.test")),
            "/content/email/replyTo",
        ),
        (
            "no base64",
            with(&format!("{email}/attachments"), json!([{ "filename": "a", "content": "%%%" }])),
            "/content/email/attachments/0",
        ),
        ("a time that is none", with("/scheduledAt", json!("tomorrow")), "/scheduledAt"),
    ];
    for (what, body, pointer) in cases {
        let problem = api.post("/messages", body).await.expect(422);
        let pointers = problem.pointers();
        assert!(pointers.iter().any(|found| found.starts_with(pointer)), "{what}: {pointers:?}");
        assert!(problem.json()["detail"].is_string() && problem.json()["code"].is_string(), "{what}");
    }
    assert!(api.all("/messages").await.is_empty(), "a refused message was stored");
    let channel = json!({ "type": "email", "name": "", "provider": "pigeon" });
    api.post("/channels", channel).await.expect(422);
    let later = json!({ "type": "email", "name": "x", "provider": "sendgrid" });
    api.post("/channels", later).await.expect(422);
    api.patch(&format!("/channels/{}", api.channel().await.id()), json!({ "nam": "x" })).await.expect(422);
    api.post("/webhooks", json!({ "url": "ftp://example.test", "events": ["*"] })).await.expect(422);
    api.post("/webhooks", json!({ "url": "https://example.test", "events": ["message.teleported"] })).await.expect(422);
}

async fn what_cannot_be_read_is_400(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let broken = api.request(Method::POST, "/messages").header("content-type", "application/json").body("{\"to\": ");
    let problem = api.send(broken).await.expect(400);
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    for path in [
        "/messages?cursor=garbage",
        "/conversations?cursor=%00",
        "/messages?take=0",
        "/messages?take=101",
        "/messages?take=many",
        "/messages?order=sideways",
        "/messages?colour=red",
        "/conversations?status=lost",
    ] {
        let problem = api.get(path).await.expect(400);
        assert_eq!(problem.header("content-type"), Some("application/problem+json"), "{path}");
    }
    api.get("/messages/msg_00000000000000000000000000").await.expect(404);
    api.get("/messages/nonsense").await.expect(404);
    api.get("/no-such-thing").await.expect(404);
    let answer = api.send(api.request(Method::PUT, "/messages")).await;
    assert_eq!(answer.status, 405);
}

async fn post_with_key(api: &Api, path: &str, key: &str, body: Value) -> crate::api::Answer {
    api.send(api.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
}

async fn an_idempotency_key_makes_one_of_two(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    let first = post_with_key(&api, "/messages", "order-1", message(&channel)).await.expect(202);
    let second = post_with_key(&api, "/messages", "order-1", message(&channel)).await.expect(202);
    assert_eq!(text(&first.json(), "/id"), text(&second.json(), "/id"));
    let mut other = message(&channel);
    other["to"] = json!("charles@example.test");
    post_with_key(&api, "/messages", "order-1", other.clone()).await.expect(409);
    post_with_key(&api, "/messages", "order-2", other).await.expect(202);
    let key = json!({ "type": "email", "name": "Once", "provider": "sandbox" });
    let one = post_with_key(&api, "/channels", "channel-1", key.clone()).await.expect(201);
    let two = post_with_key(&api, "/channels", "channel-1", key).await.expect(201);
    assert_eq!(text(&one.json(), "/id"), text(&two.json(), "/id"));
    // At the same time: one is made, the other is told to wait or gets the same.
    let racing = (0..6).map(|_| {
        let (api, body) = (api.clone(), message(&channel));
        tokio::spawn(async move { post_with_key(&api, "/messages", "order-3", body).await.status })
    });
    for answer in racing.collect::<Vec<_>>() {
        let status = answer.await.expect("a request");
        assert!(status == 202 || status == 409, "{status}");
    }
    assert_eq!(api.all("/messages?direction=outbound").await.len(), 3);
    // Remembered by the database, not by the process.
    postroom.kill();
    postroom.launch().await;
    let again = post_with_key(&postroom.api(), "/messages", "order-1", message(&channel)).await.expect(202);
    assert_eq!(text(&again.json(), "/id"), text(&first.json(), "/id"));
}

async fn pages_are_complete_while_mail_arrives(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let mut client = smtp_client::SmtpClient::ready(postroom.smtp).await;
    let mut send = async |name: &str| {
        let mail = Mail::new(&address, name).from(&format!("{name} <{name}@example.test>"));
        client.transaction("x@example.test", &[&address], &mail.bytes()).await.expect("250");
    };
    for number in 0..25 {
        send(&format!("before-{number}")).await;
    }
    for list in ["/messages", "/conversations", "/contacts"] {
        let before: Vec<String> = api.all(list).await.iter().map(|item| text(item, "/id")).collect();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
            let page = api.get(&format!("{list}?take=4{query}")).await.expect(200).json();
            seen.extend(page["items"].as_array().expect("items").iter().map(|item| text(item, "/id")));
            cursor = text(&page, "/cursor");
            if cursor.is_empty() {
                break;
            }
            send(&format!("during-{}-{}", list.len(), seen.len())).await;
        }
        assert_eq!(seen, before, "{list}: newest first, what came later is not on later pages, nothing twice");
    }
}
