//! Working through the list: many changed at once and undone, saved views, mentions, labels, what a search understands.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    many_are_changed_at_once_and_undone,
    an_answer_that_was_lost_comes_again_with_its_undo,
    views_are_kept_shared_and_ordered,
    a_note_mentions_people,
    a_mention_goes_with_its_note,
    a_search_understands_its_operators
);

/// Takes in a mail for each subject; answers the conversations' ids in the same order.
async fn conversations(postroom: &Postroom, api: &Api, subjects: &[&str]) -> Vec<String> {
    let address = api.channel().await.address();
    for subject in subjects {
        let mail = Mail::new(&address, subject).from(&format!("{subject} <{}@example.test>", subject.to_lowercase()));
        smtp_client::send(postroom.smtp, "x@example.test", &address, mail.bytes()).await.expect("250");
    }
    let all = api.all("/conversations").await;
    let of = |subject: &&str| all.iter().find(|one| one["subject"] == **subject).map(|one| text(one, "/id"));
    subjects.iter().map(|subject| of(subject).expect("its conversation")).collect()
}

/// What a change may change of a conversation.
async fn state(api: &Api, id: &str) -> Value {
    let one = api.get(&format!("/conversations/{id}")).await.expect(200).json();
    json!({
        "status": one["status"], "assigneeId": one["assigneeId"], "labels": one["labels"],
        "snoozedUntil": one["snoozedUntil"], "unread": one["unread"],
    })
}

async fn many_are_changed_at_once_and_undone(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ids = conversations(&postroom, &api, &["One", "Two", "Three"]).await;
    let me = text(&api.get("/users").await.expect(200).json(), "/items/0/id");
    api.patch(&format!("/conversations/{}", ids[0]), json!({ "labels": ["old"], "unread": false })).await.expect(200);
    let until = "2036-01-01T09:00:00.000Z";
    api.patch(&format!("/conversations/{}", ids[1]), json!({ "snoozedUntil": until, "assigneeId": me }))
        .await
        .expect(200);
    let mut before = Vec::new();
    for id in &ids {
        before.push(state(&api, id).await);
    }

    let stranger = "conv_00000000000000000000000000";
    let mut asked = ids.clone();
    asked.push(stranger.to_owned());
    let change = json!({
        "status": "resolved", "assigneeId": me, "labelsAdd": ["new"], "labelsRemove": ["old"], "unread": false,
    });
    let answer = api.post("/conversations/bulk", json!({ "ids": asked, "change": change })).await.expect(200).json();
    let changed = answer["changed"].as_array().expect("changed").clone();
    assert_eq!(changed.len(), 3, "{answer}");
    assert_eq!(
        answer["failed"],
        json!([{ "id": stranger, "code": "notFound", "detail": "the conversation was not found" }])
    );
    for (one, before) in changed.iter().zip(&before) {
        assert_eq!(one["before"]["status"], before["status"], "{one}");
        assert_eq!(one["conversation"]["labels"], json!(["new"]));
    }
    assert_eq!(api.get("/conversations/counts").await.expect(200).json()["resolved"], 3);
    let events = api.all_events().await;
    let resolved = events.iter().filter(|event| event["type"] == "conversation.resolved");
    assert_eq!(resolved.count(), 3);

    // What somebody else does meanwhile stays.
    api.patch(&format!("/conversations/{}", ids[2]), json!({ "labels": ["new", "other"] })).await.expect(200);
    let undo: Vec<Value> = changed.iter().map(|one| json!({ "id": one["id"], "change": one["undo"] })).collect();
    let undone = api.post("/conversations/bulk", json!({ "changes": undo })).await.expect(200).json();
    assert_eq!(undone["failed"], json!([]), "{undone}");
    before[2]["labels"] = json!(["other"]);
    for (id, before) in ids.iter().zip(&before) {
        assert_eq!(state(&api, id).await, *before);
    }
    what_is_wrong_is_told(&api, &ids).await;
}

async fn what_is_wrong_is_told(api: &Api, ids: &[String]) {
    let bulk = async |body: Value| api.post("/conversations/bulk", body).await.expect(422).pointers();
    assert_eq!(bulk(json!({ "ids": [], "change": {} })).await, ["/ids"]);
    assert_eq!(bulk(json!({ "ids": [ids[0], ids[0]], "change": {} })).await, ["/change"]);
    assert_eq!(bulk(json!({ "ids": ids })).await, ["/change"]);
    assert_eq!(bulk(json!({ "ids": ids, "change": { "labelsAdd": [" "] } })).await, ["/change/labelsAdd/0"]);
    let past = json!({ "id": ids[0], "change": { "snoozedUntil": "2001-01-01T00:00:00Z" } });
    assert_eq!(bulk(json!({ "changes": [past] })).await, ["/changes/0/change/snoozedUntil"]);
    let nobody = json!({ "ids": ids, "change": { "assigneeId": "usr_00000000000000000000000000" } });
    let answer = api.post("/conversations/bulk", nobody).await.expect(200).json();
    assert_eq!(answer["failed"].as_array().map(Vec::len), Some(3), "{answer}");
    let bound = api.with_new_key(&["conversations:write"], Some(&api.channel().await.id())).await;
    let answer = bound.post("/conversations/bulk", json!({ "ids": ids, "change": { "unread": true } })).await;
    assert_eq!(answer.expect(200).json()["changed"], json!([]));
    let reader = api.with_new_key(&["conversations:read"], None).await;
    reader.post("/conversations/bulk", json!({ "ids": ids, "change": {} })).await.expect(403);
}

async fn an_answer_that_was_lost_comes_again_with_its_undo(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ids = conversations(&postroom, &api, &["One", "Two"]).await;
    let until = "2036-01-01T09:00:00.000Z";
    let snoozed = json!({ "snoozedUntil": until, "labels": ["old"] });
    api.patch(&format!("/conversations/{}", ids[0]), snoozed).await.expect(200);
    let before = state(&api, &ids[0]).await;
    let stranger = "conv_00000000000000000000000000";
    let change = json!({ "status": "resolved", "labelsAdd": ["new"], "labelsRemove": ["old"] });
    let body = json!({ "ids": [ids[0], stranger, ids[1]], "change": change });
    let ask = async || {
        let request = api.request(Method::POST, "/conversations/bulk").header("Idempotency-Key", "many");
        api.send(request.json(&body)).await.expect(200).json()
    };
    let first = ask().await;
    assert_eq!(first["changed"][0]["undo"]["snoozedUntil"], until);
    // A crash between the change and its answer; and somebody goes on working.
    postroom.execute_sql("UPDATE idempotency SET status = NULL, response = NULL");
    api.patch(&format!("/conversations/{}", ids[1]), json!({ "labels": ["new", "theirs"] })).await.expect(200);
    let again = ask().await;
    let undos = |answer: &Value| -> Vec<Value> {
        let changed = answer["changed"].as_array().expect("changed");
        changed.iter().map(|one| json!({ "id": one["id"], "change": one["undo"] })).collect()
    };
    assert_eq!(undos(&again), undos(&first));
    assert_eq!(again["failed"], first["failed"]);
    assert_eq!(again["changed"][0]["before"]["labels"], json!(["old"]));
    assert_eq!(again["changed"][1]["conversation"]["labels"], json!(["new", "theirs"]));
    let resolved = api.all_events().await;
    assert_eq!(resolved.iter().filter(|event| event["type"] == "conversation.resolved").count(), 2, "done once");
    api.post("/conversations/bulk", json!({ "changes": undos(&again) })).await.expect(200);
    assert_eq!(state(&api, &ids[0]).await, before);
    assert_eq!(state(&api, &ids[1]).await["labels"], json!(["theirs"]));
}

/// Somebody who is signed in with a cookie, as the dashboard is.
struct Person {
    api: Api,
    cookie: String,
    origin: String,
    id: String,
}

impl Person {
    async fn new(api: &Api, email: &str, name: &str, role: &str) -> Self {
        let password = "a long enough password";
        let user = json!({ "email": email, "name": name, "role": role, "password": password });
        let user = api.post("/users", user).await.expect(201).json();
        let api = api.without_key();
        let origin = api.origin();
        let sign_in = api.request(Method::POST, "/session").header("origin", &origin);
        let answer = api.send(sign_in.json(&json!({ "email": email, "password": password }))).await.expect(200);
        let cookie =
            answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
        Self { api, cookie, origin, id: text(&user, "/id") }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> crate::api::Answer {
        let mut request = self.api.request(method, path).header("cookie", &self.cookie).header("origin", &self.origin);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.api.send(request).await
    }

    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await.expect(200).json()
    }

    async fn post(&self, path: &str, body: Value) -> crate::api::Answer {
        self.send(Method::POST, path, Some(body)).await
    }
}

fn names(list: &Value) -> Vec<String> {
    list["items"].as_array().expect("items").iter().map(|item| text(item, "/name")).collect()
}

async fn views_are_kept_shared_and_ordered(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ada = Person::new(&api, "ada@example.org", "Ada", "agent").await;
    let bob = Person::new(&api, "bob@example.org", "Bob", "agent").await;
    let mut ids = Vec::new();
    for name in ["First", "Second", "Third"] {
        let view =
            json!({ "name": name, "filter": { "status": "open", "assigneeId": "me", "label": "x", "q": "is:unread" } });
        let made = ada.post("/views", view).await.expect(201).json();
        assert_eq!(made["filter"], json!({ "status": "open", "assigneeId": "me", "label": "x", "q": "is:unread" }));
        assert_eq!((&made["ownerId"], &made["shared"]), (&json!(ada.id), &json!(false)));
        ids.push(text(&made, "/id"));
    }
    let change = async |person: &Person, id: &str, change: Value| {
        person.send(Method::PATCH, &format!("/views/{id}"), Some(change)).await
    };
    change(&ada, &ids[2], json!({ "position": 0 })).await.expect(200);
    assert_eq!(names(&ada.get("/views").await), ["Third", "First", "Second"]);
    change(&ada, &ids[0], json!({ "name": "One", "filter": {} })).await.expect(200);
    assert_eq!(names(&ada.get("/views").await), ["Third", "One", "Second"]);

    // Nobody else sees what is not shared, and nobody but its owner (or an administrator) changes what is.
    assert_eq!(names(&bob.get("/views").await), [] as [&str; 0]);
    change(&bob, &ids[0], json!({ "name": "Mine" })).await.expect(404);
    change(&ada, &ids[0], json!({ "shared": true })).await.expect(200);
    assert_eq!(names(&bob.get("/views").await), ["One"]);
    change(&bob, &ids[0], json!({ "name": "Mine" })).await.expect(403);
    bob.send(Method::DELETE, &format!("/views/{}", ids[0]), None).await.expect(403);
    let admin = Person::new(&api, "root@example.org", "Root", "admin").await;
    change(&admin, &ids[0], json!({ "name": "Ours" })).await.expect(200);
    assert_eq!(names(&api.get("/views").await.expect(200).json()), ["Ours"]);

    for (filter, pointer) in [
        (json!({ "assigneeId": "somebody" }), "/filter/assigneeId"),
        (json!({ "label": " " }), "/filter/label"),
        (json!({ "q": "is:teleported" }), "/filter/q"),
        (json!({ "status": "lost" }), "/filter/status"),
        (json!({ "stauts": "open" }), "/filter/stauts"),
    ] {
        let answer = ada.post("/views", json!({ "name": "Wrong", "filter": filter })).await.expect(422);
        assert_eq!(answer.pointers(), [pointer]);
    }
    assert_eq!(ada.post("/views", json!({ "name": "", "filter": {} })).await.expect(422).pointers(), ["/name"]);

    ada.send(Method::DELETE, &format!("/views/{}", ids[1]), None).await.expect(204);
    assert_eq!(names(&ada.get("/views").await), ["Third", "Ours"]);
    // What somebody shared stays when they leave.
    api.delete(&format!("/users/{}", ada.id)).await.expect(204);
    assert_eq!(names(&bob.get("/views").await), ["Ours"]);
}

async fn a_note_mentions_people(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ada = Person::new(&api, "ada@example.org", "Ada Example", "agent").await;
    let bob = Person::new(&api, "bob@example.org", "Bob", "agent").await;
    let ids = conversations(&postroom, &api, &["One", "Two", "Three"]).await;
    let note = async |id: &str, text: &str| {
        let body = json!({ "text": text, "private": true });
        ada.post(&format!("/conversations/{id}/messages"), body).await.expect(201).json()
    };
    let first = note(&ids[0], "@bob, can you look? (and @Ada Example)").await;
    assert_eq!(first["mentions"], json!([ada.id, bob.id]), "{first}");
    assert_eq!(note(&ids[1], "nobody at bob@example.org").await.get("mentions"), None);
    note(&ids[2], "@bob@example.org too").await;

    let mentioned = async |person: &Person, more: &str| -> Vec<String> {
        let list = person.get(&format!("/conversations?mentioned=me{more}")).await;
        list["items"].as_array().expect("items").iter().map(|one| text(one, "/subject")).collect()
    };
    assert_eq!(mentioned(&bob, "").await, ["Three", "One"]);
    // The order follows what happens in the conversation.
    note(&ids[0], "once more").await;
    assert_eq!(mentioned(&bob, "").await, ["One", "Three"]);
    api.patch(&format!("/conversations/{}", ids[0]), json!({ "status": "resolved" })).await.expect(200);
    assert_eq!(mentioned(&bob, "&status=open").await, ["Three"]);
    assert_eq!(mentioned(&bob, "&q=is:open").await, ["Three"]);
    let searched = bob.get("/conversations?q=is:mentioned").await;
    assert_eq!(searched["items"].as_array().map(Vec::len), Some(2));

    // Who writes it has seen it; the others have when they looked.
    let unseen = async |person: &Person| person.get("/conversations/counts").await["mentions"].clone();
    assert_eq!((unseen(&ada).await, unseen(&bob).await), (json!(0), json!(2)));
    bob.send(Method::POST, &format!("/conversations/{}/mentions/read", ids[0]), None).await.expect(204);
    assert_eq!(unseen(&bob).await, 1);
    bob.send(Method::PATCH, &format!("/conversations/{}", ids[2]), Some(json!({ "unread": false }))).await.expect(200);
    assert_eq!(unseen(&bob).await, 0);

    let events = api.all_events().await;
    let told: Vec<&Value> = events.iter().filter(|event| event["type"] == "conversation.mentioned").collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["data"]["mention"]["messageId"], first["id"]);
    assert_eq!(told[0]["data"]["mention"]["authorId"], json!(ada.id));
    assert_eq!(told[0]["data"]["id"], json!(ids[0]));
    api.get("/conversations?mentioned=me").await.expect(422);
    api.get("/conversations?mentioned=you").await.expect(400);
}

async fn a_mention_goes_with_its_note(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ada = Person::new(&api, "ada@example.org", "Ada", "agent").await;
    let bob = Person::new(&api, "bob@example.org", "Bob", "agent").await;
    let ids = conversations(&postroom, &api, &["One", "Two"]).await;
    let path = format!("/conversations/{}", ids[0]);
    api.post(&format!("{path}/merge"), json!({ "conversationIds": [ids[1]] })).await.expect(200);
    let mut notes = Vec::new();
    for text_of_it in ["@ada has the first", "@ada and @bob have the second"] {
        let body = json!({ "text": text_of_it, "private": true });
        notes.push(api.post(&format!("{path}/messages"), body).await.expect(201).json()["id"].clone());
    }
    let listed = async |person: &Person| {
        let list = person.get("/conversations?mentioned=me").await;
        let ids = list["items"].as_array().expect("items").iter().map(|one| text(one, "/id"));
        let unseen = person.get("/conversations/counts").await["mentions"].clone();
        (ids.collect::<std::collections::BTreeSet<_>>(), unseen)
    };
    let of = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<std::collections::BTreeSet<_>>();
    ada.send(Method::POST, &format!("{path}/mentions/read"), None).await.expect(204);
    let mail =
        api.all(&format!("{path}/messages")).await.into_iter().find(|one| one["content"]["email"]["subject"] == "Two");
    let moved = json!({ "messageIds": [mail.expect("the second mail")["id"], notes[1]] });
    let new = text(&api.post(&format!("{path}/split"), moved).await.expect(201).json(), "/id");
    assert_eq!(listed(&bob).await, (of(&[&new]), json!(1)));
    // Who is mentioned in both is found by both, and has seen what they have seen.
    assert_eq!(listed(&ada).await, (of(&[&ids[0], &new]), json!(0)));
    api.post(&format!("{path}/merge"), json!({ "conversationIds": [new] })).await.expect(200);
    assert_eq!(listed(&bob).await, (of(&[&ids[0]]), json!(1)));
    assert_eq!(listed(&ada).await, (of(&[&ids[0]]), json!(0)));
}

async fn a_search_understands_its_operators(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let mails = [
        ("Invoice for May", "The zebra lamp is paid.", "ada@example.test"),
        ("Question", "Where is my invoice for the zebra chair?", "bob@example.test"),
        ("Greetings", "Nothing but a zebra.", "carol@example.test"),
    ];
    for (subject, body, from) in mails {
        let mail = Mail::new(&address, subject).from(&format!("<{from}>")).body(body);
        smtp_client::send(postroom.smtp, from, &address, mail.bytes()).await.expect("250");
    }
    let ask = async |q: &str| {
        let url = reqwest::Url::parse_with_params("http://localhost/", [("q", q)]).expect("a URL");
        api.get(&format!("/conversations?{}", url.query().expect("a query"))).await
    };
    let subjects = async |q: &str| -> Vec<String> {
        let found = ask(q).await.expect(200).json();
        found["items"].as_array().expect("items").iter().map(|one| text(one, "/subject")).collect()
    };
    eventually("the index to catch up", || async { (subjects("zebra").await.len() == 3).then_some(()) }).await;
    let question = api.all("/conversations").await[1].clone();
    let me = text(&api.get("/users").await.expect(200).json(), "/items/0/email");
    let change = json!({
        "labels": ["urgent"], "status": "pending", "assigneeId": api.get("/users").await.expect(200).json()["items"][0]["id"],
    });
    api.patch(&format!("/conversations/{}", text(&question, "/id")), change).await.expect(200);

    let (may, question, greetings) = ("Invoice for May", "Question", "Greetings");
    for (q, expected) in [
        ("invoice".to_owned(), vec![question, may]),
        ("subject:invoice".to_owned(), vec![may]),
        ("-subject:invoice zebra".to_owned(), vec![greetings, question]),
        ("zebra -invoice".to_owned(), vec![greetings]),
        ("-\"zebra chair\" -lamp".to_owned(), vec![greetings]),
        ("-from:carol".to_owned(), vec![question, may]),
        (format!("to:{address} lamp"), vec![may]),
        ("to:ada".to_owned(), vec![]),
        ("label:urgent".to_owned(), vec![question]),
        ("zebra -label:urgent".to_owned(), vec![greetings, may]),
        ("-is:pending".to_owned(), vec![greetings, may]),
        (format!("assignee:{me}"), vec![question]),
        ("assignee:none zebra".to_owned(), vec![greetings, may]),
        ("is:unassigned".to_owned(), vec![greetings, may]),
        ("after:2026-11-20 before:2026-11-22 chair".to_owned(), vec![question]),
        ("before:2026-11-21".to_owned(), vec![]),
        ("after:2026-11".to_owned(), vec![greetings, question, may]),
        ("-has:attachment lamp".to_owned(), vec![may]),
    ] {
        assert_eq!(subjects(&q).await, expected, "{q}");
    }

    // Where the words stand is told.
    let found = ask("chair").await.expect(200).json();
    assert_eq!(found["items"][0]["match"]["snippet"], "Where is my invoice for the zebra chair?");
    assert!(text(&found, "/items/0/match/messageId").starts_with("msg_"));
    assert_eq!(api.all("/conversations").await[0].get("match"), None);

    // What can't be read is told, and by whose fault.
    for (q, said) in [
        ("is:teleported", "is:teleported can't be read: is: knows open"),
        ("before:soon", "before:soon can't be read: a day is needed"),
        ("assignee:nobody-at-all", "assignee:nobody-at-all can't be read: nobody of this workspace"),
        ("-assignee:me", "-assignee:me can't be read"),
    ] {
        let problem = ask(q).await.expect(400).json();
        assert!(text(&problem, "/detail").starts_with(said), "{problem}");
    }
    assert_eq!(names(&api.get("/labels").await.expect(200).json()), ["urgent"]);
}
