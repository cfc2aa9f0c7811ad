//! The routes of mail from outside: what they answer to those who may, to those who may not, and to bad input.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use engine::testing::{self, TestEngine};
use http_body_util::BodyExt;
use model::key::Scope;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::on_both_engines;
use store::testing::TestDb;
use tower::ServiceExt;

const MULTIPART: &str = "From: Ann <ann@example.org>\r\nTo: support@acme.test\r\nSubject: Parts\r\nMessage-ID: <parts@example.org>\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p><script>alert(1)</script><img src=\"https://t.example/p.gif\">\r\n\
--b\r\nContent-Type: image/png\r\nContent-ID: <logo@here>\r\nContent-Disposition: inline; filename=logo.png\r\n\
Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n\
--b\r\nContent-Type: image/svg+xml\r\nContent-Disposition: attachment; filename=\"x.svg\"\r\n\r\n<svg onload=\"alert(1)\"/>\r\n--b--\r\n";

fn plain(n: usize) -> String {
    format!(
        "From: ann{n}@example.org\r\nTo: support@acme.test\r\nSubject: Mail {n}\r\nMessage-ID: <m{n}@example.org>\r\n\r\nText number {n}\r\n"
    )
}

struct Api {
    test: TestEngine,
    router: Router,
    key: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Api {
    async fn start(database: TestDb) -> Self {
        let test = TestEngine::start(database).await;
        let config = crate::ServerConfig {
            render_metrics: std::sync::Arc::new(String::new),
            shutdown: tokio_util::sync::CancellationToken::new(),
            trusted_proxies: crate::TrustedProxies::default(),
        };
        let router = crate::router(test.engine.clone(), config);
        let key = key(&test, &test.key(), vec![Scope::Admin]).await;
        Self { test, router, key }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, headers, body }
    }

    async fn ask(&self, key: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(&self.key, Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(&self.key, Method::POST, path, Some(&body)).await
    }
}

async fn key(test: &TestEngine, principal: &model::key::Principal, scopes: Vec<Scope>) -> String {
    let channel = principal.channel_id.clone();
    let made = engine::access::create_key_as(&test.engine, principal, "test", scopes, channel).await;
    made.unwrap().1.expose_secret().to_owned()
}

/// Every route of mail, with the ids of one message.
async fn routes(api: &Api) -> Vec<(Method, String, Option<Value>)> {
    let id = api.test.receive(MULTIPART).await;
    let message = api.get(&format!("/api/v1/messages/{id}")).await.json();
    let (conversation, contact) = (message["conversationId"].as_str().unwrap(), message["contactId"].as_str().unwrap());
    let get = |path: String| (Method::GET, path, None);
    vec![
        get(format!("/api/v1/messages/{id}")),
        get(format!("/api/v1/messages/{id}/raw")),
        get(format!("/api/v1/messages/{id}/html")),
        get(format!("/api/v1/messages/{id}/deliveries")),
        get(format!("/api/v1/messages/{id}/attachments/logo%40here")),
        get(format!("/api/v1/conversations/{conversation}")),
        get(format!("/api/v1/conversations/{conversation}/messages")),
        get(format!("/api/v1/contacts/{contact}")),
        get(format!("/api/v1/contacts/{contact}/conversations")),
        get(format!("/api/v1/contacts/{contact}/activities")),
        (Method::PATCH, format!("/api/v1/conversations/{conversation}"), Some(json!({ "status": "pending" }))),
        (Method::PATCH, format!("/api/v1/contacts/{contact}"), Some(json!({ "name": "Ann" }))),
        (
            Method::POST,
            format!("/api/v1/conversations/{conversation}/messages"),
            Some(json!({ "text": "x", "private": true })),
        ),
        (Method::POST, format!("/api/v1/conversations/{conversation}/messages"), Some(json!({ "text": "x" }))),
    ]
}

const LISTS: [&str; 7] = [
    "/api/v1/messages",
    "/api/v1/conversations",
    "/api/v1/conversations/counts",
    "/api/v1/contacts",
    "/api/v1/search?q=hello",
    "/api/v1/events",
    "/api/v1/conversations?q=hello",
];

async fn every_route_answers_who_may_and_nobody_else(database: TestDb) {
    let api = Api::start(database).await;
    let routes = routes(&api).await;
    let stranger = testing::all_scopes(&testing::workspace(&api.test.engine, "Second").await);
    let stranger = key(&api.test, &stranger, vec![Scope::Admin]).await;
    let other = testing::channel(&api.test.engine, &api.test.key(), "Sales").await;
    let bound = key(&api.test, &api.test.bound_key(&other.id), vec![Scope::Admin]).await;
    let powerless = key(&api.test, &api.test.key(), vec![Scope::MetricsRead]).await;
    for (method, path, body) in &routes {
        for (key, expected) in [("", 401), ("pk_wrong", 401), (&stranger, 404), (&bound, 404), (&powerless, 403)] {
            let answer = api.ask(key, method.clone(), path, body.as_ref()).await;
            assert_eq!(answer.status.as_u16(), expected, "{method} {path}: {}", answer.text());
            assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json");
        }
        let answer = api.ask(&api.key, method.clone(), path, body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.text());
    }
    api.test.settle().await;
    for path in LISTS {
        assert_eq!(api.ask("", Method::GET, path, None).await.status, 401, "{path}");
        assert_eq!(api.ask(&powerless, Method::GET, path, None).await.status, 403, "{path}");
        assert_eq!(api.get(path).await.status, 200, "{path}");
        for outsider in [&stranger, &bound] {
            let seen = api.ask(outsider, Method::GET, path, None).await;
            assert!(seen.status == 200 && !seen.text().contains("parts@example.org"), "{path}: {}", seen.text());
        }
    }
}

async fn bad_input_is_named(database: TestDb) {
    let api = Api::start(database).await;
    let id = api.test.receive(plain(1)).await;
    let conversation = api.get(&format!("/api/v1/messages/{id}")).await.json()["conversationId"].clone();
    let conversation = format!("/api/v1/conversations/{}", conversation.as_str().unwrap());
    for (path, expected) in [
        ("/api/v1/messages?take=0", 400),
        ("/api/v1/messages?take=101", 400),
        ("/api/v1/messages?take=x", 400),
        ("/api/v1/messages?cursor=!", 400),
        ("/api/v1/messages?cursor=eyJ4IjoxfQ", 400),
        ("/api/v1/messages?order=sideways", 400),
        ("/api/v1/messages?status=teleported", 400),
        ("/api/v1/messages?channelId=msg_1", 400),
        ("/api/v1/messages?chanelId=x", 400),
        ("/api/v1/messages/msg_1", 404),
        ("/api/v1/messages/%00", 404),
        ("/api/v1/conversations?unread=maybe", 400),
        ("/api/v1/conversations?assigneeId=somebody", 400),
        ("/api/v1/conversations?assigneeId=me", 422),
        ("/api/v1/conversations/conv_x", 404),
        ("/api/v1/contacts?order=up", 400),
        ("/api/v1/contacts/ct_1", 404),
        ("/api/v1/search", 400),
        ("/api/v1/search?q=x&sort=best", 400),
        ("/api/v1/events?after=evt_1", 400),
        ("/api/v1/events?after=evt_00000000000000000000000000", 410),
        ("/api/v1/events?take=1000", 400),
        ("/api/v1/events/stream?after=1", 400),
        ("/attachments/msg_1/att_1?expires=1&signature=x", 404),
        ("/attachments/x/y", 400),
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status.as_u16(), expected, "{path}: {}", answer.text());
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json", "{path}");
    }
    let channel = api.test.channel.id.to_string();
    let email = |email: Value| json!({ "channelId": channel, "to": "a@example.org", "content": { "type": "email", "email": email } });
    let thread = format!("{conversation}/messages");
    for (method, path, body, pointer) in [
        (Method::PATCH, &conversation, json!({ "state": "open" }), "/state"),
        (Method::PATCH, &conversation, json!({ "status": "gone" }), "/status"),
        (Method::PATCH, &conversation, json!({ "labels": [""] }), "/labels/0"),
        (Method::PATCH, &conversation, json!({ "snoozedUntil": "tomorrow" }), "/snoozedUntil"),
        (Method::POST, &thread, json!({ "text": "" , "private": true }), "/text"),
        (Method::POST, &thread, json!({ "text": "x", "to": "a@b.test", "private": true }), "/to"),
        (Method::POST, &thread, json!({ "text": "x", "to": ["nobody"] }), "/to/0"),
        (Method::POST, &thread, json!({ "text": "x", "attachments": [{}] }), "/attachments/0/content"),
        (Method::POST, &thread, json!({ "text": "x", "attachments": [{ "content": "%" }] }), "/attachments/0/content"),
        (Method::POST, &thread, json!({ "text": "x", "attachments": [{ "contents": "" }] }), "/attachments/0/contents"),
        (Method::POST, &thread, json!({ "template": {} }), "/template/name"),
        (Method::POST, &"/api/v1/messages".to_owned(), json!({ "to": "a@b.test" }), "/channelId"),
        (Method::POST, &"/api/v1/messages".to_owned(), email(json!({ "subject": "x" })), "/content/email/text"),
        (
            Method::POST,
            &"/api/v1/messages".to_owned(),
            email(json!({ "text": "x", "headers": { "X": 1 } })),
            "/content/email/headers/X",
        ),
        (
            Method::POST,
            &"/api/v1/messages".to_owned(),
            email(json!({ "text": "x", "cc": [{ "adress": "x" }] })),
            "/content/email/cc/0/adress",
        ),
        (Method::POST, &"/api/v1/messages/batch".to_owned(), json!({ "messages": [] }), "/messages"),
    ] {
        let answer = api.ask(&api.key, method.clone(), path, Some(&body)).await;
        assert_eq!(answer.status.as_u16(), 422, "{method} {path} {body}: {}", answer.text());
        let pointers: Vec<Value> =
            answer.json()["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
        assert!(pointers.contains(&json!(pointer)), "{body}: {pointers:?}");
    }
    let broken = Request::patch(&conversation)
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{"))
        .unwrap();
    assert_eq!(api.send(broken).await.status, 400);
}

async fn mail_is_answered_noted_and_sent(database: TestDb) {
    let api = Api::start(database).await;
    let id = api.test.receive(plain(1)).await;
    let received = api.get(&format!("/api/v1/messages/{id}")).await.json();
    let conversation = received["conversationId"].as_str().unwrap().to_owned();
    let thread = format!("/api/v1/conversations/{conversation}/messages");
    let answer = api
        .post(&thread, json!({ "text": "Thank you", "attachments": [{ "filename": "a.txt", "content": "aGk=" }] }))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let reply = answer.json();
    assert_eq!(
        (reply["to"].as_str(), reply["metadata"]["inReplyTo"].as_str()),
        (Some("ann1@example.org"), Some("<m1@example.org>"))
    );
    let note = api.post(&thread, json!({ "text": "careful", "private": true })).await;
    assert_eq!((note.status.as_u16(), note.json()["private"].as_bool()), (201, Some(true)));
    let listed = api.get(&thread).await.json();
    let ids: Vec<&str> = listed["items"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [id.as_str(), reply["id"].as_str().unwrap(), note.json()["id"].as_str().unwrap()]);
    assert_eq!(listed["cursor"], "");
    let send = |to: &str| {
        json!({ "channelId": api.test.channel.id, "to": [{ "address": to, "name": "Bo" }], "tags": ["t"],
        "customData": { "k": 1 }, "content": { "type": "email", "email": { "subject": "Hi", "html": "<p>Hello</p>" } } })
    };
    let sent = api.post("/api/v1/messages", send("bo@example.org")).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    assert_eq!(sent.json()["customData"], json!({ "k": 1 }));
    let batch = api
        .post("/api/v1/messages/batch", json!({ "messages": [send("bo@example.org"), send("nobody"), { "oops": 1 }] }))
        .await
        .json();
    let statuses: Vec<&Value> = batch["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [202, 422, 422]);
    assert_eq!(batch["items"][1]["error"]["errors"][0]["pointer"], "/to/0/address");
    let by_tag = api.get("/api/v1/messages?tag=t&transport=sandbox&direction=outbound&take=1").await.json();
    assert_eq!(by_tag["items"].as_array().unwrap().len(), 1);
    let next = api
        .get(&format!("/api/v1/messages?tag=t&transport=sandbox&take=1&cursor={}", by_tag["cursor"].as_str().unwrap()))
        .await
        .json();
    assert_eq!((next["items"].as_array().unwrap().len(), next["cursor"].as_str()), (1, Some("")));
    let deliveries =
        api.get(&format!("/api/v1/messages/{}/deliveries", sent.json()["id"].as_str().unwrap())).await.json();
    assert_eq!(deliveries["items"][0]["recipient"], "bo@example.org");
    let cancel = format!("/api/v1/messages/{}/cancel", sent.json()["id"].as_str().unwrap());
    assert_eq!(api.post(&cancel, json!({})).await.json()["status"], "cancelled");
    assert_eq!(api.post(&cancel, json!({})).await.status, 409);
}

async fn attachments_and_html_are_served_as_what_a_stranger_chose(database: TestDb) {
    let api = Api::start(database).await;
    let id = api.test.receive(MULTIPART).await;
    let message = api.get(&format!("/api/v1/messages/{id}")).await.json();
    let files = message["content"]["email"]["attachments"].as_array().unwrap();
    for (file, kind, disposition) in
        [(&files[0], "image/png", "inline; "), (&files[1], "application/octet-stream", "attachment; ")]
    {
        let url = file["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8025").unwrap();
        let served = api.ask("", Method::GET, url, None).await;
        assert_eq!(served.status, 200, "{}", served.text());
        assert_eq!(served.header(header::CONTENT_TYPE), kind);
        assert!(served.header(header::CONTENT_DISPOSITION).starts_with(disposition));
        assert_eq!(served.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert!(served.header(header::CONTENT_SECURITY_POLICY).ends_with("sandbox"));
        for tampered in [url.replace("signature=", "signature=A"), url.replace("expires=", "expires=9")] {
            assert_eq!(api.ask("", Method::GET, &tampered, None).await.status, 403, "{tampered}");
        }
    }
    for (remote, images) in
        [(false, "img-src data: http://127.0.0.1:8025;"), (true, "img-src data: http://127.0.0.1:8025 https: http:;")]
    {
        let page = api.get(&format!("/api/v1/messages/{id}/html?remoteImages={remote}")).await;
        let policy = page.header(header::CONTENT_SECURITY_POLICY).to_owned();
        assert!(policy.starts_with("default-src 'none';") && policy.contains(images), "{policy}");
        assert!(policy.contains("sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        assert!(page.text().contains(&format!("nonce=\"{nonce}\"")) && !page.text().contains("alert(1)"));
        assert_eq!(page.text().contains("https://t.example/p.gif"), remote, "{}", page.text());
        assert_eq!(page.text().contains("remoteImagesBlocked=1"), !remote);
    }
}

async fn mail_is_taken_in_by_http_with_the_channels_token(database: TestDb) {
    let api = Api::start(database).await;
    let url = api.test.channel.webhook_url.strip_prefix("http://127.0.0.1:8025").unwrap().to_owned();
    let post = async |url: &str, content_type: &str, body: String| {
        let request = Request::post(url).header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap();
        api.send(request).await
    };
    let taken = post(&url, "message/rfc822", plain(1)).await;
    assert_eq!((taken.status.as_u16(), taken.json()["duplicate"].as_bool()), (202, Some(false)), "{}", taken.text());
    let again = post(&url, "message/rfc822; charset=utf-8", plain(1)).await;
    assert_eq!(
        (again.json()["id"].clone(), again.json()["duplicate"].as_bool()),
        (taken.json()["id"].clone(), Some(true))
    );
    let path = url.split_once('?').unwrap().0;
    for (url, content_type, body, expected) in [
        (path, "message/rfc822", plain(2), 401),
        (&*format!("{path}?token=wrong"), "message/rfc822", plain(2), 401),
        (&*format!("{path}?tokn=wrong"), "message/rfc822", plain(2), 400),
        ("/webhooks/email/ch_00000000000000000000000000?token=x", "message/rfc822", plain(2), 404),
        ("/webhooks/email/x?token=x", "message/rfc822", plain(2), 404),
        (&*url, "application/json", plain(2), 415),
        (&*url, "message/rfc822", " \r\n".into(), 422),
        (
            &*url,
            "message/rfc822",
            format!("{}{}", plain(2), "x".repeat(model::limits::MESSAGE_BYTES_MAX as usize)),
            413,
        ),
    ] {
        let answer = post(url, content_type, body).await;
        assert_eq!(answer.status.as_u16(), expected, "{url} {content_type}: {}", answer.text());
    }
    assert_eq!(api.get("/api/v1/messages").await.json()["items"].as_array().unwrap().len(), 1);
}

/// Reads a stream until `wanted` stands in it.
async fn read_until(body: &mut Body, wanted: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(wanted) {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(20), body.frame()).await;
        let frame = frame.unwrap_or_else(|_| panic!("{wanted} did not come: {seen}")).unwrap().unwrap();
        seen.push_str(&String::from_utf8_lossy(frame.data_ref().map_or(&[][..], |data| data)));
    }
    seen
}

async fn a_stream_goes_on_where_it_ended_and_then_follows(database: TestDb) {
    let api = Api::start(database).await;
    for n in 0..3 {
        api.test.receive(plain(n)).await;
    }
    api.test.settle().await;
    let events = api.get("/api/v1/events?take=100").await.json();
    let events = events["items"].as_array().unwrap();
    let place = events.iter().position(|event| event["type"] == "message.received").unwrap();
    let open = async |last: Option<&str>| {
        let mut request =
            Request::get("/api/v1/events/stream").header(header::AUTHORIZATION, format!("Bearer {}", api.key));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        response.into_body()
    };
    let mut resumed = open(Some(events[place]["id"].as_str().unwrap())).await;
    let last = events.last().unwrap()["id"].as_str().unwrap();
    let seen = read_until(&mut resumed, &format!("id: {last}")).await;
    let ids: Vec<&str> = seen.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    let expected: Vec<&str> = events[place + 1..].iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, expected);
    let mut fresh = open(None).await;
    read_until(&mut fresh, &format!("id: {last}")).await;
    api.test.receive(plain(9)).await;
    api.test.settle().await;
    for stream in [&mut resumed, &mut fresh] {
        let seen = read_until(stream, "event: message.received").await;
        assert!(seen.contains("Text number 9"), "{seen}");
        assert!(!seen.contains("Text number 2"), "{seen}");
    }
}

on_both_engines!(
    every_route_answers_who_may_and_nobody_else,
    bad_input_is_named,
    mail_is_answered_noted_and_sent,
    attachments_and_html_are_served_as_what_a_stranger_chose,
    mail_is_taken_in_by_http_with_the_channels_token,
    a_stream_goes_on_where_it_ended_and_then_follows,
);
