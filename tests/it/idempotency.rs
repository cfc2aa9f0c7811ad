//! `Idempotency-Key`: however often and however late a request is sent again, its work is done once. A process that is
//! killed between the work and its answer is the hard case.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::api::{Answer, Api, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    a_request_whose_answer_was_lost_is_answered_and_not_done_again,
    a_batch_cut_short_goes_on_where_it_stopped,
    a_lost_answer_keeps_the_key_for_its_request,
    one_message_a_key_however_often_the_process_is_killed,
);

/// What a crash between the work's commit and the answer's leaves behind.
const ANSWER_LOST: &str = "UPDATE idempotency SET status = NULL, response = NULL";

async fn post(api: &Api, path: &str, key: &str, body: &Value) -> Answer {
    api.send(api.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
}

fn message(channel: &str, subject: &str) -> Value {
    json!({ "channelId": channel, "to": "bert@example.test", "content": { "type": "email", "email": { "subject": subject, "text": "Hello" } } })
}

/// A POST: its template in the API's description, its path, its body.
struct Request {
    template: &'static str,
    path: String,
    body: Value,
}

/// One of every POST that does something, against things that are there for it.
async fn every_post(postroom: &Postroom, api: &Api) -> Vec<Request> {
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Answer me");
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let conversation = text(&api.items("/conversations").await[0], "/id");
    for (subject, id) in [("Merged", "<merged@example.test>"), ("Split", "<split@example.test>")] {
        let mail = Mail::new(&channel.address(), subject).message_id(id);
        smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    }
    let answer = Mail::new(&channel.address(), "Re: Split").in_reply_to("<split@example.test>");
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), answer.bytes()).await.expect("250");
    let [split, merged, _] = &api.items("/conversations").await[..] else { panic!("not three conversations") };
    let (split, merged) = (text(split, "/id"), text(merged, "/id"));
    let split_off = text(&api.items(&format!("/conversations/{split}/messages")).await[1], "/id");
    let invited = json!({ "email": "invited@example.test", "role": "agent" });
    let invited = text(&api.post("/users", invited).await.expect(201).json(), "/id");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let tomorrow = crate::sending::rfc3339(now + 86_400);
    let scheduled = async |subject: &str| {
        let mut body = message(&channel.id(), subject);
        body["scheduledAt"] = json!(tomorrow);
        text(&api.post("/messages", body).await.expect(202).json(), "/id")
    };
    let cancelled = scheduled("Cancelled").await;
    let failed = scheduled("Retried").await;
    postroom
        .execute_sql(&format!("UPDATE delivery SET status = 'failed', due_at = NULL WHERE message_id = '{failed}'"));
    let nowhere = json!({ "url": "http://127.0.0.1:9/", "events": ["webhook.test"] });
    let endpoint = text(&api.post("/webhooks", nowhere.clone()).await.expect(201).json(), "/id");
    let event = text(&api.all_events().await[0], "/id");
    api.post(&format!("/webhooks/{endpoint}/test"), json!({})).await.expect(202);
    let delivery = text(&api.items(&format!("/webhooks/{endpoint}/deliveries")).await[0], "/id");
    let welcome = json!({ "name": "first", "content": { "subject": "Hello", "text": "Hello" } });
    let template = text(&api.post("/templates", welcome).await.expect(201).json(), "/id");
    let domain = text(&api.post("/domains", json!({ "name": "first.acme.test" })).await.expect(201).json(), "/id");
    let made = async |address: &str| {
        text(&api.post("/contacts", json!({ "addresses": [address] })).await.expect(201).json(), "/id")
    };
    let (contact, twin, erased) =
        (made("one@example.test").await, made("twin@example.test").await, made("erased@example.test").await);
    let list = text(&api.post("/lists", json!({ "name": "first" })).await.expect(201).json(), "/id");
    let request = |template, path: String, body| Request { template, path, body };
    let hooks = |rest: &str| format!("/webhooks/{endpoint}/{rest}");
    vec![
        request("/messages", "/messages".into(), message(&channel.id(), "Once")),
        request(
            "/messages/batch",
            "/messages/batch".into(),
            json!({ "messages": [message(&channel.id(), "Batched")] }),
        ),
        request("/messages/{id}/cancel", format!("/messages/{cancelled}/cancel"), json!({})),
        request("/messages/{id}/retry", format!("/messages/{failed}/retry"), json!({})),
        request(
            "/conversations/{id}/messages",
            format!("/conversations/{conversation}/messages"),
            json!({ "text": "An answer" }),
        ),
        request(
            "/conversations/{id}/messages",
            format!("/conversations/{conversation}/messages"),
            json!({ "text": "A note", "private": true }),
        ),
        request(
            "/conversations/{id}/merge",
            format!("/conversations/{conversation}/merge"),
            json!({ "conversationIds": [merged] }),
        ),
        request(
            "/conversations/{id}/split",
            format!("/conversations/{split}/split"),
            json!({ "messageIds": [split_off] }),
        ),
        request(
            "/conversations/{id}/move",
            format!("/conversations/{split}/move"),
            json!({ "channelId": channel.id() }),
        ),
        request(
            "/conversations/bulk",
            "/conversations/bulk".into(),
            json!({ "ids": [conversation], "change": { "labelsAdd": ["many"] } }),
        ),
        request("/teams", "/teams".into(), json!({ "name": "Support" })),
        request("/views", "/views".into(), json!({ "name": "Mine", "filter": { "status": "open" } })),
        request(
            "/automations",
            "/automations".into(),
            json!({ "name": "Stop", "trigger": "message.received", "actions": [{ "type": "stop" }] }),
        ),
        request("/sla-policies", "/sla-policies".into(), json!({ "name": "Usual", "firstResponseSeconds": 3600 })),
        request("/users/{id}/invite", format!("/users/{invited}/invite"), json!({})),
        request("/channels", "/channels".into(), json!({ "type": "email", "name": "Second", "provider": "sandbox" })),
        request("/api-keys", "/api-keys".into(), json!({ "name": "Program", "scopes": ["channels:read"] })),
        request("/contacts", "/contacts".into(), json!({ "addresses": ["carl@example.test"] })),
        request(
            "/contacts/{id}/notes",
            format!("/contacts/{contact}/notes"),
            json!({ "text": "Prefers the telephone" }),
        ),
        request(
            "/contacts/{id}/addresses",
            format!("/contacts/{contact}/addresses"),
            json!({ "address": "two@example.test", "primary": true }),
        ),
        request("/contacts/{id}/merge", format!("/contacts/{contact}/merge"), json!({ "contactId": twin })),
        request("/contacts/{id}/erase", format!("/contacts/{erased}/erase"), json!({ "suppressions": "add" })),
        request("/templates", "/templates".into(), json!({ "name": "second", "content": { "text": "Hello" } })),
        request(
            "/templates/{id}/test",
            format!("/templates/{template}/test"),
            json!({ "channelId": channel.id(), "to": "bert@example.test" }),
        ),
        request("/suppressions", "/suppressions".into(), json!({ "address": "no@example.test" })),
        request("/lists", "/lists".into(), json!({ "name": "second" })),
        request(
            "/lists/{id}/members",
            format!("/lists/{list}/members"),
            json!({ "members": [{ "address": "dora@example.test" }] }),
        ),
        request("/domains", "/domains".into(), json!({ "name": "second.acme.test" })),
        request("/domains/{id}/rotate-dkim", format!("/domains/{domain}/rotate-dkim"), json!({})),
        request("/users", "/users".into(), json!({ "email": "ann@example.test", "role": "agent" })),
        request("/webhooks", "/webhooks".into(), nowhere),
        request("/webhooks/{id}/test", hooks("test"), json!({})),
        request("/webhooks/{id}/replay", hooks("replay"), json!({ "after": event })),
        request("/webhooks/{id}/rotate-secret", hooks("rotate-secret"), json!({})),
        request(
            "/webhooks/{id}/deliveries/{deliveryId}/retry",
            hooks(&format!("deliveries/{delivery}/retry")),
            json!({}),
        ),
    ]
}

/// POSTs that change nothing, or prove themselves otherwise.
/// An import adds what is not there, however often it is sent; it is CSV, and its test is beside it. A use case needs a domain that DNS
/// proves, and a broadcast a use case; their tests are the API's own. An upload, a second factor and what one has read are a
/// person's: a key has none.
const OTHERS: [&str; 25] = [
    "/retention/preview",
    "/workspace/identity-provider/test",
    "/session",
    "/session/second-step",
    "/users/me/second-factor",
    "/users/me/second-factor/confirm",
    "/users/me/second-factor/disable",
    "/users/me/second-factor/recovery-codes",
    "/channels/test",
    "/channels/{id}/test",
    "/domains/{id}/verify",
    "/templates/{id}/preview",
    "/suppressions/import",
    "/use-cases",
    "/domains/{id}/smarthost/test",
    "/lists/{id}/members/import",
    "/broadcasts",
    "/broadcasts/{id}/send",
    "/broadcasts/{id}/pause",
    "/broadcasts/{id}/resume",
    "/broadcasts/{id}/cancel",
    "/automations/test",
    "/automations/{id}/test",
    "/uploads",
    "/conversations/{id}/mentions/read",
];

async fn every_template(api: &Api) -> BTreeSet<String> {
    let document = api.get("//openapi.json").await.expect(200).json();
    let paths = document["paths"].as_object().expect("paths").iter();
    let posts =
        paths.filter(|(_, item)| item.get("post").is_some()).filter_map(|(path, _)| path.strip_prefix("/api/v1"));
    posts.filter(|path| !OTHERS.contains(path)).map(str::to_owned).collect()
}

/// What a POST may have made, counted, and every secret that came with it.
async fn everything(api: &Api) -> HashMap<&'static str, usize> {
    let mut counts = HashMap::new();
    for list in [
        "/messages?direction=outbound",
        "/channels",
        "/contacts",
        "/api-keys",
        "/users",
        "/webhooks",
        "/templates",
        "/suppressions",
        "/domains",
        "/lists",
        "/conversations",
        "/teams",
        "/automations",
        "/sla-policies",
        "/erasures",
    ] {
        counts.insert(list, api.all(list).await.len());
    }
    // As many as one person has are one page.
    let mut notes = 0;
    for contact in api.all("/contacts").await {
        notes += api.all(&format!("/contacts/{}/notes", text(&contact, "/id"))).await.len();
    }
    counts.insert("notes", notes);
    counts.insert("/views", api.items("/views").await.len());
    let events = api.all_events().await;
    counts.insert("tests", events.iter().filter(|event| event["type"] == "webhook.test").count());
    counts
}

async fn a_request_whose_answer_was_lost_is_answered_and_not_done_again(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let requests = every_post(&postroom, &api).await;
    let known: BTreeSet<String> = requests.iter().map(|request| request.template.to_owned()).collect();
    assert_eq!(every_template(&api).await, known, "a POST that this scenario does not know");
    let mut first = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        let answer = post(&api, &request.path, &format!("key-{number}"), &request.body).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
        first.push(answer);
    }
    let before = everything(&api).await;
    postroom.kill();
    postroom.execute_sql(ANSWER_LOST);
    postroom.launch().await;
    let api = postroom.api();
    for (number, (request, first)) in requests.iter().zip(&first).enumerate() {
        let again = post(&api, &request.path, &format!("key-{number}"), &request.body).await.expect(first.status);
        let (first, again) = (first.json(), again.json());
        for pointer in [
            "/id",
            "/items/0/message/id",
            "/eventId",
            "/key",
            "/secret",
            "/signInUrl",
            "/startedAt",
            "/dnsRecords/0/name",
        ] {
            assert_eq!(first.pointer(pointer), again.pointer(pointer), "{pointer} of POST {}", request.path);
        }
        // And kept from now on.
        let kept = post(&api, &request.path, &format!("key-{number}"), &request.body).await;
        assert_eq!(kept.header("idempotent-replayed"), Some("true"), "POST {}", request.path);
    }
    assert_eq!(everything(&api).await, before);
}

async fn a_batch_cut_short_goes_on_where_it_stopped(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    let mut messages: Vec<Value> = (0..20).map(|number| message(&channel, &format!("Part {number}"))).collect();
    messages[3]["to"] = json!("nobody");
    let body = json!({ "messages": messages });
    let first = post(&api, "/messages/batch", "batch", &body).await.expect(202).json();
    postroom.kill();
    // As if it had been killed after twelve of them.
    postroom.execute_sql(ANSWER_LOST);
    let ids: Vec<String> = (12..20).map(|place| text(&first, &format!("/items/{place}/message/id"))).collect();
    let list = format!("'{}'", ids.join("', '"));
    postroom.execute_sql(&format!("DELETE FROM message WHERE id IN ({list})"));
    postroom.execute_sql(&format!("DELETE FROM idempotency_outcome WHERE outcome IN ({list})"));
    postroom.launch().await;
    let api = postroom.api();
    let again = post(&api, "/messages/batch", "batch", &body).await.expect(202).json();
    for place in 0..12 {
        let pointer = format!("/items/{place}/message/id");
        assert_eq!(first.pointer(&pointer), again.pointer(&pointer), "{place}");
    }
    assert_eq!(again["items"][3]["status"], 422);
    let subjects: Vec<String> = api
        .all("/messages?direction=outbound")
        .await
        .iter()
        .map(|message| text(message, "/content/email/subject"))
        .collect();
    let distinct: BTreeSet<&String> = subjects.iter().collect();
    assert_eq!((subjects.len(), distinct.len()), (19, 19), "{subjects:?}");
}

async fn a_lost_answer_keeps_the_key_for_its_request(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    let first = post(&api, "/messages", "order", &message(&channel, "Once")).await.expect(202).json();
    postroom.kill();
    postroom.execute_sql(ANSWER_LOST);
    postroom.launch().await;
    let api = postroom.api();
    post(&api, "/messages", "order", &message(&channel, "Another")).await.expect(409);
    // What it sent by has gone since; that it was sent is true all the same.
    api.delete(&format!("/channels/{channel}")).await.expect(204);
    let again = post(&api, "/messages", "order", &message(&channel, "Once")).await.expect(202).json();
    assert_eq!(again["id"], first["id"]);
    assert_eq!(api.all("/messages").await.len(), 1);
}

/// How often the process is killed.
const ROUNDS: usize = 8;
/// Clients that send at the same time.
const CLIENTS: usize = 6;

async fn one_message_a_key_however_often_the_process_is_killed(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let channel = postroom.api().channel().await.id();
    let (mut unanswered, mut answered) = (Vec::<String>::new(), 0);
    for round in 0..ROUNDS {
        let (heard, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let kill_after = 10 + rand::random_range(0..60);
        let mut clients = Vec::new();
        for client in 0..CLIENTS {
            let (api, channel) = (postroom.api(), channel.clone());
            let (heard, enough) = (Arc::clone(&heard), Arc::clone(&enough));
            let waiting = unanswered.iter().skip(client).step_by(CLIENTS).cloned();
            let keys = waiting.chain((0..).map(move |number| format!("order-{round}-{client}-{number}")));
            let keys: Vec<String> = keys.take(1_000).collect();
            clients.push(tokio::spawn(async move {
                for key in keys {
                    if try_post(&api, &key, &message(&channel, &key)).await.is_none() {
                        return Some(key);
                    }
                    if heard.fetch_add(1, Ordering::Relaxed) + 1 == kill_after {
                        enough.notify_one();
                    }
                }
                None
            }));
        }
        enough.notified().await;
        postroom.kill();
        let mut cut_off = Vec::new();
        for client in clients {
            cut_off.extend(client.await.expect("a client"));
        }
        answered += heard.load(Ordering::Relaxed);
        unanswered = cut_off;
        postroom.launch().await;
    }
    let api = postroom.api();
    for key in &unanswered {
        post(&api, "/messages", key, &message(&channel, key)).await.expect(202);
    }
    let mut copies: HashMap<String, usize> = HashMap::new();
    for message in api.all("/messages?direction=outbound").await {
        *copies.entry(text(&message, "/content/email/subject")).or_default() += 1;
    }
    let twice: Vec<_> = copies.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "sent more than once: {twice:?}");
    assert_eq!(copies.len(), answered + unanswered.len(), "every answered message is there, and no other");
}

/// `None`: the server is gone, and what became of the request is not known.
async fn try_post(api: &Api, key: &str, body: &Value) -> Option<()> {
    loop {
        let request = api.request(Method::POST, "/messages").header("Idempotency-Key", key).json(body);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        answer.bytes().await.ok()?;
        match status {
            202 => return Some(()),
            // Too many at once.
            429 => tokio::task::yield_now().await,
            _ => return None,
        }
    }
}
