//! What clients get wrong, in every way we could think of: each is told what is wrong and where, in the API's own terms,
//! and on both databases alike.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    a_cursor_is_good_for_its_list_alone,
    a_text_with_nul_is_refused_wherever_it_is,
    null_is_as_absent_and_wrong_kinds_are_named,
    paths_and_queries_that_are_no_text_are_problems,
    whom_a_mail_is_to_is_pointed_at_where_it_stands,
    a_key_without_the_scope_is_told_so_before_its_fields_are_read,
    events_page_backwards_and_past_what_a_bound_key_does_not_see,
);

fn message(channel: &str) -> Value {
    json!({ "channelId": channel, "to": "bert@example.test", "content": { "type": "email", "email": { "subject": "Hello", "text": "Hello" } } })
}

/// Every list with at least two items in it, and a place in each.
async fn cursors(api: &Api, lists: &[String]) -> Vec<(String, String)> {
    let mut cursors = Vec::new();
    for list in lists {
        let separator = if list.contains('?') { '&' } else { '?' };
        let page = api.get(&format!("{list}{separator}take=1")).await.expect(200).json();
        cursors.push((format!("{list}{separator}"), text(&page, "/cursor")));
    }
    cursors
}

async fn a_cursor_is_good_for_its_list_alone(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    for number in 0..3 {
        let mail = Mail::new(&channel.address(), "Word").from(&format!("Ann <ann{number}@example.test>"));
        smtp_client::send(postroom.smtp, "x@example.test", &channel.address(), mail.bytes()).await.expect("250");
        api.post("/webhooks", json!({ "url": "https://example.com/", "events": ["webhook.test"] })).await.expect(201);
        api.post("/users", json!({ "email": format!("u{number}@example.test"), "role": "agent" })).await.expect(201);
        api.post("/api-keys", json!({ "name": "Key", "scopes": ["channels:read"] })).await.expect(201);
        api.post("/views", json!({ "name": format!("View {number}"), "filter": {} })).await.expect(201);
    }
    api.channel().await;
    let conversation = text(&api.items("/conversations").await[0], "/id");
    let labels = json!({ "labels": ["one", "three", "two"] });
    api.patch(&format!("/conversations/{conversation}"), labels).await.expect(200);
    let thread = format!("/conversations/{conversation}/messages");
    for _ in 0..2 {
        api.post(&thread, json!({ "text": "An answer" })).await.expect(202);
    }
    let contact = text(&api.get(&format!("/conversations/{conversation}")).await.expect(200).json(), "/contactId");
    let sent = text(&api.items("/messages?direction=outbound").await[0], "/id");
    let lists = [
        "/channels",
        "/conversations",
        "/conversations?q=word",
        "/messages",
        "/contacts",
        "/contacts?q=ann",
        "/webhooks",
        "/users",
        "/api-keys",
        "/events",
        "/labels",
        "/views",
        &thread,
        &format!("/contacts/{contact}/activities"),
    ]
    .map(str::to_owned);
    crate::api::eventually("the mails to be found", || async {
        (api.items("/conversations?q=word").await.len() == 3).then_some(())
    })
    .await;
    let cursors = cursors(&api, &lists).await;
    for (list, cursor) in &cursors {
        for (of, foreign) in &cursors {
            let answer = api.get(&format!("{list}take=1&cursor={foreign}")).await;
            let expected = if list == of { 200 } else { 400 };
            assert_eq!(answer.status, expected, "{list} with the cursor of {of}");
        }
        // A page of another size is a page of the same list.
        api.get(&format!("{list}take=2&cursor={cursor}")).await.expect(200);
        let cut = &cursor[..cursor.len() - 2];
        api.get(&format!("{list}cursor={cut}")).await.expect(400);
    }
    api.get(&format!("/messages/{sent}/deliveries?cursor={}", cursors[0].1)).await.expect(400);
}

async fn a_text_with_nul_is_refused_wherever_it_is(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Hello");
    smtp_client::send(postroom.smtp, "x@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let conversation = text(&api.items("/conversations").await[0], "/id");
    let contact = text(&api.items("/contacts").await[0], "/id");
    let with = |pointer: &str| {
        let mut body = message(&channel.id());
        for (name, value) in [("tags", json!(["x"])), ("customData", json!({ "x": "y" }))] {
            body[name] = value;
        }
        *body.pointer_mut(pointer).expect("a field") = json!("a\u{0}b");
        body
    };
    let thread = format!("/conversations/{conversation}/messages");
    let cases = [
        (Method::POST, "/channels", json!({ "name": "a\u{0}b", "provider": "sandbox" }), "/name"),
        (
            Method::POST,
            "/channels",
            json!({ "name": "a", "provider": "sandbox", "signature": { "text": "\u{0}" } }),
            "/signature/text",
        ),
        (Method::POST, "/api-keys", json!({ "name": "a\u{0}b", "scopes": ["admin"] }), "/name"),
        (Method::POST, "/users", json!({ "email": "a@example.test", "role": "agent", "name": "\u{0}" }), "/name"),
        (Method::POST, "/webhooks", json!({ "url": "https://example.com/\u{0}" }), "/url"),
        (Method::POST, "/messages", with("/content/email/subject"), "/content/email/subject"),
        (Method::POST, "/messages", with("/content/email/text"), "/content/email/text"),
        (Method::POST, "/messages", with("/tags/0"), "/tags/0"),
        (Method::POST, "/messages", with("/customData/x"), "/customData/x"),
        (Method::POST, &thread, json!({ "text": "a\u{0}b", "private": true }), "/text"),
        (Method::PATCH, &format!("/conversations/{conversation}"), json!({ "labels": ["\u{0}"] }), "/labels/0"),
        (
            Method::PATCH,
            &format!("/contacts/{contact}"),
            json!({ "attributes": { "a": ["\u{0}"] } }),
            "/attributes/a/0",
        ),
        (Method::POST, "/session", json!({ "email": "a\u{0}@example.test", "password": "12345678" }), "/email"),
    ];
    for (method, path, body, pointer) in cases {
        let answer = api.send(api.request(method, path).json(&body)).await.expect(422);
        assert_eq!(answer.pointers(), [pointer], "{path}");
    }
    // One wrong message keeps no other of its batch from being sent.
    let batch = json!({ "messages": [with("/content/email/subject"), message(&channel.id())] });
    let batch = api.post("/messages/batch", batch).await.expect(202).json();
    assert_eq!((&batch["items"][0]["status"], &batch["items"][1]["status"]), (&json!(422), &json!(202)), "{batch}");
    for list in ["/messages?tag=%00", "/conversations?label=%00", "/messages?cursor=%00"] {
        api.get(list).await.expect(400);
    }
    for list in ["/conversations?q=%00", "/contacts?q=%00", "/contacts?q=a%00", "/search?q=%00"] {
        api.get(list).await.expect(200);
    }
    api.get("/messages/%00").await.expect(404);
    let line_break = json!({ "name": "a\nb", "provider": "sandbox" });
    assert_eq!(api.post("/channels", line_break).await.expect(422).pointers(), ["/name"]);
    let line_break = json!({ "name": "a\nb", "scopes": ["admin"] });
    assert_eq!(api.post("/api-keys", line_break).await.expect(422).pointers(), ["/name"]);
}

async fn null_is_as_absent_and_wrong_kinds_are_named(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    let null = Value::Null;
    let mut body = message(&channel);
    for name in ["useCaseId", "template", "tracking", "conversationId", "scheduledAt", "tags", "customData"] {
        body[name] = null.clone();
    }
    for name in ["html", "cc", "bcc", "replyTo", "headers", "inReplyTo", "references", "attachments"] {
        body["content"]["email"][name] = null.clone();
    }
    let sent = api.post("/messages", body).await.expect(202).json();
    assert_eq!((&sent["tags"], &sent["customData"]), (&json!([]), &json!({})));
    let thread = format!("/conversations/{}/messages", text(&sent, "/conversationId"));
    api.post(&thread, json!({ "text": "More", "attachments": null, "private": null, "to": null })).await.expect(202);
    let blank = api.post(&thread, json!({ "text": " \r\n ", "html": "" })).await.expect(422);
    assert_eq!(blank.pointers(), ["/text"]);
    // Base64 comes with its padding and without.
    for content in ["aGk=", "aGk", "aG\nk="] {
        let mut body = message(&channel);
        body["content"]["email"]["attachments"] = json!([{ "filename": "hi.txt", "content": content }]);
        api.post("/messages", body).await.expect(202);
    }
    let user =
        api.post("/users", json!({ "email": "ann@example.test", "role": "agent", "name": "Ann" })).await.expect(201);
    let path = format!("/users/{}", text(&user.json(), "/id"));
    assert_eq!(api.patch(&path, json!({})).await.expect(200).json()["name"], "Ann");
    assert_eq!(api.patch(&path, json!({ "name": null })).await.expect(200).json()["name"], null);

    for (body, pointer, detail) in [
        (json!([]), "", "expected an object, not a list"),
        (null, "", "expected an object, not null"),
        (json!({ "name": 5, "provider": "sandbox" }), "/name", "expected a text, not integer `5`"),
        (json!({ "name": "a", "provider": "sandbox", "aliases": {} }), "/aliases", "expected a list, not an object"),
        (
            json!({ "name": "a", "config": { "smtpPort": 70_000 } }),
            "/config/smtpPort",
            "expected a whole number from 0 to 65535, not integer `70000`",
        ),
    ] {
        let problem = api.post("/channels", body).await.expect(422).json();
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["detail"]),
            (&json!(pointer), &json!(detail))
        );
        assert!(!text(&problem, "/detail").starts_with(':'), "{problem}");
    }
    let twice = api
        .request(Method::POST, "/channels")
        .header("content-type", "application/json")
        .body(r#"{"name":"a","name":"b"}"#);
    assert_eq!(api.send(twice).await.expect(422).pointers(), ["/name"]);
}

async fn paths_and_queries_that_are_no_text_are_problems(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    for path in [
        "/messages/msg_%F0",
        "/messages/%FF/raw",
        "/conversations/%F0/messages",
        "/contacts/%C0%80",
        "/webhooks/%F0",
        "/channels/%F0",
    ] {
        let problem = api.get(path).await.expect(404);
        assert_eq!(problem.header("content-type"), Some("application/problem+json"), "{path}");
    }
    for (query, said) in [
        ("take=abc", "a whole number is needed"),
        ("take=", "a whole number is needed"),
        ("take=1&take=2", "duplicate field `take`"),
    ] {
        let problem = api.get(&format!("/messages?{query}")).await.expect(400).json();
        let detail = text(&problem, "/detail");
        assert!(detail.contains(said) && !detail.contains("deserialize"), "{query}: {detail}");
    }
    for method in [Method::PUT, Method::OPTIONS, Method::DELETE] {
        let answer = api.send(api.request(method, "/messages")).await.expect(405);
        assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    }
    let head = api.send(api.request(Method::HEAD, "/messages")).await.expect(200);
    assert!(head.body.is_empty());
    let key = api.post("/api-keys", json!({ "name": "Key", "scopes": ["channels:read"] })).await.expect(201).json();
    let shown = api.get(&format!("/api-keys/{}", text(&key, "/id"))).await.expect(200).json();
    assert_eq!((&shown["name"], shown.get("key")), (&json!("Key"), None));
    api.get("/api-keys/key_00000000000000000000000000").await.expect(404);
}

async fn whom_a_mail_is_to_is_pointed_at_where_it_stands(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    let forged = json!([{ "address": "a@example.test", "name": "x\r\nBcc: eve@example.test" }]);
    for (pointer, parent) in [("/to/0", ""), ("/content/email/cc/0", "/content/email")] {
        let mut body = message(&channel);
        let field = if parent.is_empty() { "to" } else { "cc" };
        body.pointer_mut(parent).expect("a parent")[field] = forged.clone();
        let found = api.post("/messages", body).await.expect(422).pointers();
        assert!(found.iter().all(|found| found.starts_with(pointer)), "{pointer}: {found:?}");
    }
}

async fn a_key_without_the_scope_is_told_so_before_its_fields_are_read(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    let reader = api.with_new_key(&["messages:read"], None).await;
    reader.post("/messages", message(&channel)).await.expect(403);
    reader.post("/messages/batch", json!({ "messages": [message(&channel)] })).await.expect(403);
    let me = reader.get("/users/me").await.expect(404).json();
    assert!(text(&me, "/detail").contains("API key"), "{me}");
}

async fn events_page_backwards_and_past_what_a_bound_key_does_not_see(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let (seen, other) = (api.channel().await, api.channel().await);
    let mut forwards: Vec<String> = Vec::new();
    crate::api::eventually("the events of two channels", || async {
        (api.all_events().await.len() >= 2).then_some(())
    })
    .await;
    for event in api.all_events().await {
        forwards.push(text(&event, "/id"));
    }
    let mut backwards: Vec<String> =
        api.all("/events?order=desc").await.iter().map(|event| text(event, "/id")).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    let page = api.get("/events?order=desc&take=1").await.expect(200).json();
    assert_eq!((&page["items"][0]["id"], &page["cursor"]), (&json!(forwards.last()), &json!(forwards.last())));
    api.get(&format!("/events?order=desc&after={}", forwards[0])).await.expect(400);
    assert_eq!(api.get("/events?after=&cursor=").await.expect(200).json()["items"][0]["id"], forwards[0].as_str());

    // Many events of the other channel, then one of its own.
    let workspace = text(&api.all_events().await[0], "/workspaceId");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_millis();
    let rows: Vec<String> = (0..2_100)
        .map(|number| {
            format!("('evt_{number:026}', '{workspace}', '{}', 'domain.verified', 'x', '{{}}', {now})", other.id())
        })
        .collect();
    postroom.execute_sql(&format!(
        "INSERT INTO event (id, workspace_id, channel_id, type, subject_id, data, created_at) VALUES {}",
        rows.join(", ")
    ));
    let mail = Mail::new(&seen.address(), "Far behind");
    smtp_client::send(postroom.smtp, "x@example.test", &seen.address(), mail.bytes()).await.expect("250");
    let bound = api.with_new_key(&["events:read"], Some(&seen.id())).await;
    crate::api::eventually("the mail's event, page by page", || async {
        let found = bound.all("/events").await;
        found.iter().any(|event| event["type"] == "message.received").then_some(())
    })
    .await;
    let newest_first = bound.all("/events?order=desc").await;
    assert!(newest_first.iter().all(|event| event["type"] != "domain.verified"), "another channel's events");
    assert_eq!(newest_first.last().expect("an event")["type"], "channel.connected");
}
