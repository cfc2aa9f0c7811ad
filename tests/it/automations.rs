//! Automations at work: mail is routed by its address, answered once and never to machines, tried without a change, and done once
//! however often the program is killed.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(
    mail_is_routed_by_its_address_and_the_log_says_so,
    two_auto_responders_do_not_answer_each_other_for_ever,
    a_dry_run_changes_nothing,
    business_hours_are_kept_and_asked,
    kills_amid_automations_repeat_nothing_and_forget_nothing,
);

/// Mails of the scenario with kills, and how often the program is killed.
const MAILS: usize = 120;
const KILLS: usize = 4;

fn condition(field: &str, operator: &str, value: &str) -> Value {
    json!({ "match": "all", "items": [{ "field": field, "operator": operator, "value": value }] })
}

async fn automation(api: &Api, name: &str, conditions: Value, actions: Value) -> String {
    let body = json!({ "name": name, "trigger": "message.received", "conditions": conditions, "actions": actions });
    text(&api.post("/automations", body).await.expect(201).json(), "/id")
}

async fn send(postroom: &Postroom, from: &str, address: &str, mail: &Mail) {
    smtp_client::send(postroom.smtp, from, address, mail.bytes()).await.expect("250");
}

async fn runs(api: &Api, id: &str) -> Vec<Value> {
    api.all(&format!("/automations/{id}/runs")).await
}

async fn runs_once(api: &Api, id: &str, count: usize) -> Vec<Value> {
    eventually("the automation to run", || async {
        let found = runs(api, id).await;
        (found.len() >= count).then_some(found)
    })
    .await
}

fn outcomes(run: &Value) -> Vec<String> {
    let steps = run["steps"].as_array().expect("steps");
    steps.iter().map(|step| format!("{} {}", text(step, "/type"), text(step, "/outcome"))).collect()
}

async fn mail_is_routed_by_its_address_and_the_log_says_so(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, application) = (postroom.api(), WebhookReceiver::start().await);
    let quiet = json!({ "url": application.url(), "events": ["domain.verified"] });
    let endpoint = api.post("/webhooks", quiet).await.expect(201).json();
    let address = api.channel().await.address();
    let agent = json!({ "email": "ann@example.test", "role": "agent" });
    let agent = text(&api.post("/users", agent).await.expect(201).json(), "/id");
    let actions = json!([
        { "type": "addLabel", "label": "support" },
        { "type": "assignUser", "userId": agent },
        { "type": "note", "text": "Look at the order first." },
        { "type": "webhook", "endpointId": endpoint["id"] },
    ]);
    let support = automation(&api, "Support", condition("to", "is", "support@acme.test"), actions).await;
    let sales = json!([{ "type": "addLabel", "label": "sales" }]);
    let sales = automation(&api, "Sales", condition("to", "is", "sales@acme.test"), sales).await;
    for (to, subject) in [("support@acme.test", "Broken"), ("sales@acme.test", "An offer"), ("boss@acme.test", "Hello")]
    {
        let mail = Mail::new(to, subject);
        send(&postroom, "ada@example.test", &address, &mail).await;
    }
    runs_once(&api, &sales, 1).await;
    let done = runs_once(&api, &support, 1).await;
    assert_eq!(done.len(), 1, "{done:#?}");
    assert_eq!(outcomes(&done[0]), ["addLabel done", "assignUser done", "note done", "webhook done"]);
    assert_eq!(done[0]["subject"], "Broken");
    let labels = |subject: &'static str| {
        let api = api.clone();
        async move {
            let all = api.all("/conversations").await;
            let found = all.into_iter().find(|each| each["subject"] == subject).expect(subject);
            (found["labels"].clone(), found["assigneeId"].clone())
        }
    };
    assert_eq!(labels("Broken").await, (json!(["support"]), json!(agent)));
    assert_eq!(labels("An offer").await, (json!(["sales"]), Value::Null));
    assert_eq!(labels("Hello").await, (json!([]), Value::Null));
    // Whatever else the endpoint listens to.
    let told = application.wait_for("automation.matched", 1).await;
    assert!(told[0].is_signed_with(&text(&endpoint, "/secret")));
    assert_eq!(told[0].json()["data"]["automationId"], support.as_str());
}

async fn two_auto_responders_do_not_answer_each_other_for_ever(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let away = json!([{ "type": "reply", "text": "We are away until Monday." }]);
    let away = automation(&api, "Away", json!({ "match": "all", "items": [] }), away).await;
    let mail = Mail::new(&address, "Where is my parcel?");
    send(&postroom, "ada@example.test", &address, &mail).await;
    runs_once(&api, &away, 1).await;
    let sent = api.all("/messages?direction=outbound").await;
    assert_eq!(sent.len(), 1, "{sent:#?}");
    let answer = text(&sent[0], "/id");
    let raw = api.get(&format!("/messages/{answer}/raw")).await.expect(200);
    let raw = String::from_utf8_lossy(&raw.body).into_owned();
    for field in ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"] {
        assert!(raw.contains(field), "{field}: {raw}");
    }
    assert!(raw.contains(&format!("In-Reply-To: {}", mail.message_id)), "{raw}");

    // Her own auto-responder answers, first as it should, then without a word of what it is.
    let proper = Mail::new(&address, "Out of office").header("Auto-Submitted: auto-replied");
    let careless = Mail::new(&address, "I am not here");
    let list = Mail::new(&address, "News").from("news@example.test").header("List-Id: <news.example.test>");
    let nobody = Mail::new(&address, "Receipt").from("no-reply@example.test");
    for mail in [&proper, &careless, &list, &nobody] {
        send(&postroom, "ada@example.test", &address, mail).await;
    }
    // With an empty return path, as bounces and answers come.
    send(&postroom, "", &address, &Mail::new(&address, "Re: Where is my parcel?").from("carl@example.test")).await;
    let done = runs_once(&api, &away, 6).await;
    assert_eq!(api.all("/messages?direction=outbound").await.len(), 1);
    for run in done.iter().take(5) {
        assert_eq!(outcomes(run), ["reply skipped"], "{run:#}");
        assert!(!text(run, "/steps/0/detail").is_empty());
    }
    send(&postroom, "bob@example.test", &address, &Mail::new(&address, "Another").from("bob@example.test")).await;
    eventually("somebody else to be answered", || async {
        (api.all("/messages?direction=outbound").await.len() == 2).then_some(())
    })
    .await;
}

async fn a_dry_run_changes_nothing(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    for subject in ["Invoice 1", "Hello", "Invoice 2"] {
        send(&postroom, "ada@example.test", &address, &Mail::new(&address, subject)).await;
    }
    let events = eventually("all events", || async {
        let events = api.all_events().await;
        (events.iter().filter(|event| event["type"] == "message.received").count() == 3).then_some(events)
    })
    .await;
    let asked = json!({ "trigger": "message.received", "conditions": condition("subject", "matches", "^invoice \\d"),
        "actions": [{ "type": "addLabel", "label": "billing" }, { "type": "reply", "text": "Thank you." }] });
    let found = api.post("/automations/test", asked.clone()).await.expect(200).json();
    assert_eq!((&found["lookedAt"], &found["matched"]), (&json!(3), &json!(2)));
    assert_eq!(found["matches"][0]["subject"], "Invoice 2");
    assert_eq!(outcomes(&found["matches"][0]), ["addLabel done", "reply done"]);

    let mut kept = asked.clone();
    (kept["name"], kept["enabled"]) = (json!("Billing"), json!(false));
    let id = text(&api.post("/automations", kept).await.expect(201).json(), "/id");
    let again = api.post(&format!("/automations/{id}/test"), json!({ "take": 1 })).await.expect(200).json();
    assert_eq!((&again["lookedAt"], &again["matched"]), (&json!(1), &json!(1)));
    assert_eq!(api.all_events().await.len(), events.len());
    assert!(api.all("/messages?direction=outbound").await.is_empty());
    assert!(runs(&api, &id).await.is_empty());

    for (body, pointer) in [
        (json!({ "take": 501 }), "/take"),
        (json!({ "conditions": condition("subject", "matches", "(") }), "/conditions/items/0/value"),
        (json!({ "conditions": condition("nose", "is", "x") }), "/conditions/items/0/field"),
        (json!({ "actions": [{ "type": "addLabel" }] }), "/actions/0/label"),
        (json!({ "actions": [] }), "/actions"),
    ] {
        let mut wrong = asked.clone();
        for (name, value) in body.as_object().expect("fields") {
            wrong[name] = value.clone();
        }
        assert_eq!(api.post("/automations/test", wrong).await.expect(422).pointers(), [pointer]);
    }
    let reader = api.with_new_key(&["automations:read"], None).await;
    reader.get(&format!("/automations/{id}")).await.expect(200);
    reader.delete(&format!("/automations/{id}")).await.expect(403);
    reader.post(&format!("/automations/{id}/test"), json!({})).await.expect(403);
}

async fn business_hours_are_kept_and_asked(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let path = "/workspace/business-hours";
    assert_eq!(api.get(path).await.expect(200).json()["timeZone"], "UTC");
    let wrong = json!({ "timeZone": "Mars/Olympus", "weekly": [{ "day": "monday", "from": "17:00", "to": "09:00" }] });
    assert_eq!(api.patch(path, wrong).await.expect(422).pointers(), ["/timeZone", "/weekly/0/to"]);
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let always: Vec<Value> = days.iter().map(|day| json!({ "day": day, "from": "00:00", "to": "24:00" })).collect();
    let body = json!({ "timeZone": "Europe/Berlin", "weekly": always, "holidays": [{ "date": "2020-12-25", "name": "Christmas" }] });
    assert_eq!(api.patch(path, body.clone()).await.expect(200).json(), body);
    let address = api.channel().await.address();
    let label = |label: &str| json!([{ "type": "addLabel", "label": label }]);
    let inside = automation(&api, "Inside", condition("businessHours", "is", "inside"), label("inside")).await;
    let outside = automation(&api, "Outside", condition("businessHours", "is", "outside"), label("outside")).await;
    send(&postroom, "ada@example.test", &address, &Mail::new(&address, "At work")).await;
    runs_once(&api, &inside, 1).await;
    api.patch(path, json!({ "weekly": [] })).await.expect(200);
    send(&postroom, "ada@example.test", &address, &Mail::new(&address, "At night")).await;
    runs_once(&api, &outside, 1).await;
    assert_eq!(runs(&api, &inside).await.len(), 1);
}

async fn kills_amid_automations_repeat_nothing_and_forget_nothing(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let actions = json!([
        { "type": "addLabel", "label": "seen" },
        { "type": "note", "text": "Seen." },
        { "type": "reply", "text": "Thank you." },
    ]);
    let id = automation(&postroom.api(), "All", json!({ "match": "all", "items": [] }), actions).await;
    for number in 0..MAILS {
        let from = format!("m{number}@example.test");
        let mail = Mail::new(&address, &format!("Mail {number}")).from(&from);
        send(&postroom, &from, &address, &mail).await;
        if number % (MAILS / KILLS) == MAILS / KILLS - 1 {
            // Somewhere amid what was taken in and is not done yet.
            postroom.kill();
            postroom.launch().await;
        }
    }
    let api = postroom.api();
    let done = runs_once(&api, &id, MAILS).await;
    assert_eq!(done.len(), MAILS);
    assert!(done.iter().all(|run| outcomes(run) == ["addLabel done", "note done", "reply done"]), "{done:#?}");
    let conversations: HashSet<String> = done.iter().map(|run| text(run, "/conversationId")).collect();
    assert_eq!(conversations.len(), MAILS);
    assert_eq!(api.all("/messages?direction=outbound").await.len(), MAILS);
    for conversation in api.all("/conversations").await {
        let thread = api.all(&format!("/conversations/{}/messages", text(&conversation, "/id"))).await;
        let notes = thread.iter().filter(|message| message["private"] == true).count();
        assert_eq!((thread.len(), notes, &conversation["labels"]), (3, 1, &json!(["seen"])), "{thread:#?}");
    }
}
