//! Broadcasts: made, sent to everybody on a list once, paused, resumed, cancelled. Who gets them, and what is counted, is
//! `broadcast_turns`'.

use std::time::{Duration, Instant};

use engine::broadcasts::{self, expanding};
use engine::delivering;
use model::key::Scope;
use serde_json::{Value, json};
use store::Priority;
use store::testing::TestDb;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::idempotency::post_to;
use crate::support::{Server, key};
use crate::{lists, use_cases};

store::on_both_engines!(
    everybody_on_the_list_gets_a_mail_of_their_own,
    what_is_wrong_with_a_broadcast_is_pointed_at,
    a_broadcast_goes_from_state_to_state,
    whom_and_what_is_fixed_when_it_starts,
    nothing_is_sent_while_it_is_paused,
    what_waits_is_cancelled_with_it,
    what_has_not_started_can_be_changed,
    what_never_started_can_be_taken_away,
    broadcasts_need_their_scopes,
    requests_of_the_documentation_work,
);

const BROADCASTS: &str = "/api/v1/broadcasts";
/// A deadline that only a failure reaches.
const PATIENCE: Duration = Duration::from_secs(60);

/// A domain, a use case, and a list with these on it.
pub struct Setting {
    pub server: Server,
    pub domain: String,
    pub use_case: String,
    pub list: String,
}

impl Setting {
    pub async fn start(database: TestDb, members: Value) -> Self {
        let server = Server::start(database).await;
        let domain = use_cases::verified_domain(&server).await;
        let mut new = use_cases::new(&domain, "news");
        new["emailType"] = json!("marketing");
        let use_case = use_cases::make(&server, new).await;
        let list = lists::make(&server, "Everybody").await;
        lists::add(&server, &list, members).await.expect(200);
        Self { server, domain, use_case, list }
    }

    pub fn body(&self) -> Value {
        json!({"name": "Spring", "useCaseId": self.use_case, "listId": self.list, "subject": "Hello {{name}}",
            "text": "You have the plan {{plan}}."})
    }

    pub async fn make(&self, body: Value) -> String {
        let made = self.server.post(BROADCASTS, body).await.expect(201).json();
        made["id"].as_str().expect("an id").to_owned()
    }

    pub async fn ask(&self, id: &str, what: &str) -> Value {
        self.server.post(&format!("{BROADCASTS}/{id}/{what}"), json!({})).await.expect(200).json()
    }

    pub async fn get(&self, id: &str) -> Value {
        self.server.get(&format!("{BROADCASTS}/{id}")).await.expect(200).json()
    }

    /// Makes a broadcast and starts it.
    pub async fn send(&self, body: Value) -> String {
        let id = self.make(body).await;
        assert_eq!(self.ask(&id, "send").await["status"], "sending");
        id
    }

    /// What is due just now.
    pub async fn step(&self) -> bool {
        expanding::step(self.server.engine(), "test").await.expect("a step")
    }

    /// Counts what happened so far.
    pub async fn count(&self) {
        self.server.product.settle().await;
        let mut passed = 0;
        while broadcasts::count_some(self.server.engine(), &mut passed).await.expect("counted") {}
    }

    /// Works until the broadcast is as it should be.
    pub async fn until(&self, id: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.count().await;
            while self.step().await {}
            let shown = self.get(id).await;
            if is(&shown) {
                return shown;
            }
            assert!(Instant::now() < deadline, "still waiting for {what}: {shown:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn until_status(&self, id: &str, status: &str) -> Value {
        self.until(id, status, |shown| shown["status"] == status).await
    }

    /// Delivers until this is dropped.
    pub fn deliver(&self) -> DropGuard {
        let shutdown = CancellationToken::new();
        tokio::spawn(delivering::run(self.server.engine().clone(), shutdown.clone()));
        shutdown.drop_guard()
    }

    /// Outbound messages, oldest first.
    pub async fn messages(&self) -> Vec<Value> {
        let page = self.server.get("/api/v1/messages?direction=outbound&order=asc&take=100").await.expect(200).json();
        page["items"].as_array().expect("items").clone()
    }

    async fn events(&self) -> Vec<String> {
        self.server.product.settle().await;
        let page = self.server.get("/api/v1/events?take=100").await.expect(200).json();
        let types = page["items"].as_array().expect("items").iter().map(|event| event["type"].as_str());
        types.flatten().filter(|name| name.starts_with("broadcast.")).map(str::to_owned).collect()
    }

    pub async fn execute(&self, sql: &'static str) {
        let work = move |tx: &mut store::Tx<'_>| tx.execute(sql, &[]);
        self.server.engine().db.write(Priority::Foreground, work).await.expect("executed");
    }
}

pub fn three() -> Value {
    json!([
        {"address": "ann@example.org", "name": "Ann", "variables": {"plan": "pro"}},
        {"address": "bo@example.org", "variables": {"plan": "basic", "name": "dear Bo"}},
        {"address": "cy@example.org", "name": "Cy", "variables": {"plan": "free"}},
    ])
}

pub fn numbers(broadcast: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| broadcast["progress"][*name].as_u64().expect(name)).collect()
}

async fn everybody_on_the_list_gets_a_mail_of_their_own(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let mut body = setting.body();
    body["tags"] = json!(["spring"]);
    let id = setting.send(body).await;
    let _delivering = setting.deliver();
    let sent = setting.until_status(&id, "sent").await;
    let names = ["total", "queued", "remaining", "sent", "delivered", "bounced", "deferred", "suppressed", "failed"];
    assert_eq!(numbers(&sent, &names), [3, 3, 0, 3, 3, 0, 0, 0, 0], "{sent:#}");
    assert!(sent["startedAt"].is_string() && sent["finishedAt"].is_string(), "{sent:#}");
    let messages = setting.messages().await;
    let subjects: Vec<&str> =
        messages.iter().filter_map(|message| message["content"]["email"]["subject"].as_str()).collect();
    assert_eq!(subjects, ["Hello Ann", "Hello dear Bo", "Hello Cy"]);
    for (message, plan) in messages.iter().zip(["pro", "basic", "free"]) {
        let text = message["content"]["email"]["text"].as_str().expect("a text");
        assert!(text.contains(&format!("the plan {plan}.")) && text.contains("/unsubscribe/msg_"), "{text}");
        assert_eq!((&message["tags"], &message["useCaseId"]), (&json!(["spring"]), &json!(setting.use_case)));
        let raw = setting.server.get(&format!("/api/v1/messages/{}/raw", message["id"].as_str().expect("an id"))).await;
        for field in ["List-Unsubscribe-Post:", "DKIM-Signature:"] {
            assert!(raw.text.contains(field), "{field} is missing: {}", raw.text);
        }
    }
    assert_eq!(setting.events().await, ["broadcast.started", "broadcast.completed"]);
}

async fn what_is_wrong_with_a_broadcast_is_pointed_at(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let template = json!({"name": "t", "content": {"subject": "s", "text": "t"}});
    let template = setting.server.post("/api/v1/templates", template).await.expect(201).json()["id"].clone();
    let with = |changes: &[(&str, Value)]| {
        let mut body = setting.body();
        for (name, value) in changes {
            body[*name] = value.clone();
        }
        body
    };
    for (body, pointers) in [
        (with(&[("name", json!(" "))]), vec!["/name"]),
        (with(&[("useCaseId", json!("nonsense"))]), vec!["/useCaseId"]),
        (with(&[("useCaseId", json!("uc_00000000000000000000000000"))]), vec!["/useCaseId"]),
        (with(&[("listId", json!("list_00000000000000000000000000"))]), vec!["/listId"]),
        (with(&[("subject", Value::Null)]), vec!["/subject"]),
        (with(&[("text", json!("  "))]), vec!["/text"]),
        (with(&[("text", json!("{{#if x}}"))]), vec!["/text"]),
        (with(&[("templateId", template.clone())]), vec!["/subject", "/text"]),
        (with(&[("templateVersion", json!(1))]), vec!["/templateVersion"]),
        (
            with(&[
                ("templateId", template.clone()),
                ("templateVersion", json!(7)),
                ("subject", Value::Null),
                ("text", Value::Null),
            ]),
            vec!["/templateVersion"],
        ),
        (with(&[("tracking", json!({"opens": true, "clicks": true}))]), vec!["/tracking"]),
        (with(&[("tags", json!([""]))]), vec!["/tags"]),
        (with(&[("scheduledAt", json!("2999-01-01T00:00:00Z"))]), vec!["/scheduledAt"]),
        (with(&[("colour", json!("red"))]), vec!["/colour"]),
    ] {
        let refused = setting.server.post(BROADCASTS, body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), pointers, "{body}");
    }
    let listed = setting.server.get(BROADCASTS).await.expect(200).json();
    assert_eq!(listed["items"], json!([]));
}

async fn a_broadcast_goes_from_state_to_state(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let made = setting.server.post(BROADCASTS, setting.body()).await.expect(201).json();
    assert_eq!((&made["status"], &made["subject"]), (&json!("draft"), &json!("Hello {{name}}")), "{made}");
    assert_eq!(numbers(&made, &["total", "queued"]), [0, 0]);
    let id = made["id"].as_str().expect("an id");
    let refuse = async |what: &str| {
        let path = format!("{BROADCASTS}/{id}/{what}");
        setting.server.post(&path, json!({})).await.expect_problem(409, "conflict");
    };
    refuse("pause").await;
    refuse("resume").await;
    // Asked twice, it is done once.
    let path = format!("{BROADCASTS}/{id}/send");
    for _ in 0..2 {
        let sent = post_to(&setting.server, &path, &setting.server.key, "go", &json!({})).await.expect(200).json();
        assert_eq!(sent["status"], "sending");
    }
    refuse("send").await;
    setting.server.delete(&format!("{}/{}", lists::LISTS, setting.list)).await.expect_problem(409, "conflict");
    assert_eq!(setting.ask(id, "pause").await["status"], "paused");
    refuse("pause").await;
    assert_eq!(setting.ask(id, "resume").await["status"], "sending");
    let cancelled = setting.ask(id, "cancel").await;
    assert_eq!((&cancelled["status"], cancelled["finishedAt"].is_string()), (&json!("cancelled"), true));
    for what in ["send", "pause", "resume", "cancel"] {
        refuse(what).await;
    }
    assert_eq!(
        setting.events().await,
        ["broadcast.started", "broadcast.paused", "broadcast.resumed", "broadcast.cancelled"]
    );
    setting.server.delete(&format!("{}/{}", lists::LISTS, setting.list)).await.expect(204);
    let empty = lists::make(&setting.server, "Nobody").await;
    let mut body = setting.body();
    body["listId"] = json!(empty);
    let id = setting.make(body).await;
    setting.server.post(&format!("{BROADCASTS}/{id}/send"), json!({})).await.expect_problem(409, "conflict");
}

async fn whom_and_what_is_fixed_when_it_starts(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let server = &setting.server;
    let footer = json!({"name": "footer", "content": {"text": "Old footer"}});
    let footer = server.post("/api/v1/templates", footer).await.expect(201).json()["id"].clone();
    let template = json!({"name": "spring", "content": {"subject": "Old", "text": "Old text {{> footer}}"}});
    let template = server.post("/api/v1/templates", template).await.expect(201).json()["id"].clone();
    let change = async |id: &Value, content: Value| {
        let path = format!("/api/v1/templates/{}", id.as_str().expect("an id"));
        server.patch(&path, json!({"content": content})).await.expect(200);
    };
    change(&template, json!({"subject": "Current"})).await;
    let body = json!({"name": "Spring", "useCaseId": setting.use_case, "listId": setting.list, "templateId": template});
    let id = setting.send(body).await;
    assert_eq!(setting.get(&id).await["templateVersion"], json!(2));
    change(&template, json!({"subject": "New", "text": "New text"})).await;
    change(&footer, json!({"text": "New footer"})).await;
    server.delete(&format!("/api/v1/templates/{}", template.as_str().expect("an id"))).await.expect(204);
    lists::add(server, &setting.list, json!([{"address": "late@example.org"}])).await.expect(200);
    let _delivering = setting.deliver();
    let sent = setting.until_status(&id, "sent").await;
    assert_eq!(numbers(&sent, &["total", "queued", "sent"]), [3, 3, 3], "{sent:#}");
    let messages = setting.messages().await;
    assert_eq!(messages.len(), 3);
    for message in messages {
        let email = &message["content"]["email"];
        assert_eq!(email["subject"], "Current");
        assert!(email["text"].as_str().is_some_and(|text| text.starts_with("Old text Old footer")), "{email}");
        assert_ne!(message["to"], "late@example.org");
    }
}

async fn nothing_is_sent_while_it_is_paused(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let id = setting.send(setting.body()).await;
    while setting.step().await {}
    assert_eq!(numbers(&setting.get(&id).await, &["queued", "sent"]), [3, 0]);
    setting.ask(&id, "pause").await;
    let delivering = setting.deliver();
    // Another mail goes out; what is paused was due before it.
    let other = json!({"useCaseId": setting.use_case, "to": "other@example.org",
        "content": {"type": "email", "email": {"subject": "s", "text": "t"}}});
    let other = setting.server.post("/api/v1/messages", other).await.expect(202).json();
    let deadline = Instant::now() + PATIENCE;
    let waiting = async || {
        let mut waiting = 0;
        for message in setting.messages().await.iter().filter(|message| message["id"] != other["id"]) {
            let path = format!("/api/v1/messages/{}/deliveries", message["id"].as_str().expect("an id"));
            let delivery = &setting.server.get(&path).await.expect(200).json()["items"][0];
            assert_ne!(delivery["status"], "delivered", "{delivery}");
            waiting += usize::from(delivery["status"] == "queued" && delivery["nextAttemptAt"].is_null());
        }
        waiting
    };
    let path = format!("/api/v1/messages/{}", other["id"].as_str().expect("an id"));
    while waiting().await < 3 || setting.server.get(&path).await.expect(200).json()["status"] != "delivered" {
        assert!(Instant::now() < deadline, "what is paused is not put aside");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    setting.count().await;
    assert!(!setting.step().await, "nothing is due of a paused broadcast");
    let paused = setting.get(&id).await;
    assert_eq!((&paused["status"], numbers(&paused, &["queued", "sent"])), (&json!("paused"), vec![3, 0]));
    setting.ask(&id, "resume").await;
    let sent = setting.until_status(&id, "sent").await;
    assert_eq!(numbers(&sent, &["total", "queued", "sent", "delivered"]), [3, 3, 3, 3]);
    drop(delivering);
}

async fn what_waits_is_cancelled_with_it(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let id = setting.send(setting.body()).await;
    while setting.step().await {}
    setting.ask(&id, "cancel").await;
    while setting.step().await {}
    for message in setting.messages().await {
        assert_eq!(message["status"], "cancelled", "{message}");
    }
    let early = setting.send(setting.body()).await;
    setting.ask(&early, "cancel").await;
    while setting.step().await {}
    assert_eq!(setting.messages().await.len(), 3, "none is made of what was cancelled before");
    assert_eq!(numbers(&setting.get(&early).await, &["total", "queued", "remaining"]), [3, 0, 3]);
}

async fn what_has_not_started_can_be_changed(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let server = &setting.server;
    let id = setting.make(setting.body()).await;
    let path = format!("{BROADCASTS}/{id}");
    let change = async |body: Value| server.patch(&path, body).await.expect(200).json();
    let changed = change(json!({"subject": "Other", "tags": ["a"], "html": "<p>{{plan}}</p>"})).await;
    assert_eq!((&changed["name"], &changed["subject"]), (&json!("Spring"), &json!("Other")), "{changed}");
    let shown = setting.get(&id).await;
    assert_eq!((&shown["text"], &shown["html"]), (&json!("You have the plan {{plan}}."), &json!("<p>{{plan}}</p>")));
    for (body, pointer) in [
        (json!({"text": null, "html": null}), "/text"),
        (json!({"listId": "list_00000000000000000000000000"}), "/listId"),
        (json!({"useCaseId": "x"}), "/useCaseId"),
        (json!({"name": ""}), "/name"),
        (json!({"templateVersion": 1}), "/templateVersion"),
        (json!({"status": "sent"}), "/status"),
    ] {
        let refused = server.patch(&path, body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
    assert_eq!(setting.get(&id).await, shown, "what is refused changes nothing");
    let template = json!({"name": "t", "content": {"subject": "s", "text": "Of the template"}});
    let template = server.post("/api/v1/templates", template).await.expect(201).json()["id"].clone();
    let body = json!({"templateId": template, "subject": null, "text": null, "html": null});
    assert_eq!(change(body).await["templateId"], template);

    let later = model::Timestamp::now().plus(Duration::from_secs(24 * 60 * 60));
    change(json!({"scheduledAt": later})).await;
    assert_eq!(setting.ask(&id, "send").await["status"], "scheduled");
    assert_eq!(change(json!({"name": "Summer"})).await["status"], "scheduled");
    assert!(!setting.step().await, "it is not due");
    assert_eq!(change(json!({"scheduledAt": null})).await["status"], "draft");
    change(json!({"scheduledAt": later})).await;
    setting.ask(&id, "send").await;
    // Its time has come when it is changed.
    assert_eq!(change(json!({"scheduledAt": "2020-01-01T00:00:00Z"})).await["status"], "scheduled");
    let _delivering = setting.deliver();
    setting.until_status(&id, "sent").await;
    assert!(setting.messages().await.iter().all(|message| message["content"]["email"]["subject"] == "s"));
    server.patch(&path, json!({"name": "x"})).await.expect_problem(409, "conflict");
}

async fn what_never_started_can_be_taken_away(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let [draft, cancelled, started] =
        [setting.make(setting.body()).await, setting.make(setting.body()).await, setting.make(setting.body()).await];
    setting.ask(&cancelled, "cancel").await;
    setting.ask(&started, "send").await;
    for id in [&draft, &cancelled] {
        setting.server.delete(&format!("{BROADCASTS}/{id}")).await.expect(204);
        setting.server.delete(&format!("{BROADCASTS}/{id}")).await.expect(404);
    }
    setting.server.delete(&format!("{BROADCASTS}/{started}")).await.expect_problem(409, "conflict");
    let listed = setting.server.get(BROADCASTS).await.expect(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}

async fn broadcasts_need_their_scopes(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let id = setting.make(setting.body()).await;
    let workspace = &setting.server.product.workspace_id;
    let reader = key(setting.server.engine(), workspace, &[Scope::MessagesRead]).await;
    let sender = key(setting.server.engine(), workspace, &[Scope::MessagesSend]).await;
    for (key, read, write) in [(&reader, 200, 403), (&sender, 403, 201)] {
        for path in [BROADCASTS.to_owned(), format!("{BROADCASTS}/{id}")] {
            setting.server.ask("GET", &path, key, None).await.expect(read);
        }
        setting.server.ask("POST", BROADCASTS, key, Some(setting.body())).await.expect(write);
    }
    for what in ["send", "pause", "resume", "cancel"] {
        let path = format!("{BROADCASTS}/{id}/{what}");
        setting.server.ask("POST", &path, &reader, Some(json!({}))).await.expect(403);
    }
    let path = format!("{BROADCASTS}/{id}");
    setting.server.ask("PATCH", &path, &reader, Some(json!({}))).await.expect(403);
    setting.server.ask("DELETE", &path, &reader, None).await.expect(403);
}

/// The blocks `http` of docs/BROADCASTS.md, in their order.
async fn requests_of_the_documentation_work(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let page = include_str!("../../../../docs/BROADCASTS.md");
    let (mut list, mut broadcast, mut requests) = (String::new(), String::new(), 0);
    for block in page.split("```http\n").skip(1) {
        let block = block.split_once("```").expect("an end").0;
        let block = block.replace("uc_…", &setting.use_case).replace("list_…", &list).replace("bc_…", &broadcast);
        for request in block.split("\n\n") {
            let (line, body) = request.trim().split_once('\n').unwrap_or((request.trim(), "{}"));
            let (method, path) = line.split_once(' ').expect("a method and a path");
            let body =
                (method != "GET").then(|| serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}")));
            let answer = setting.server.ask(method, path, &setting.server.key, body).await;
            assert!(answer.status.is_success(), "{line}: {}", answer.text);
            match path {
                "/api/v1/lists" => list = answer.json()["id"].as_str().expect("an id").to_owned(),
                BROADCASTS => broadcast = answer.json()["id"].as_str().expect("an id").to_owned(),
                _ => {}
            }
            requests += 1;
        }
    }
    assert_eq!(requests, 9);
}
