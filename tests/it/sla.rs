//! SLA policies at work: a conversation comes under the one that fits it, a person's answer meets its timer, what is over its time is
//! told once, and a timer stands still with its conversation.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(
    policies_are_made_ordered_and_taken_away,
    a_person_s_answer_meets_the_timer_and_a_machine_s_does_not,
    what_is_over_its_time_is_told_once_and_listed,
    a_resolution_stands_still_while_it_is_snoozed_and_goes_on_when_it_is_opened_again,
);

const LONG_AGO: &str = "2020-01-01T00:00:00.000Z";

async fn policy(api: &Api, fields: Value) -> String {
    let mut body = json!({ "name": "Usual" });
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    text(&api.post("/sla-policies", body).await.expect(201).json(), "/id")
}

async fn receive(postroom: &Postroom, address: &str, mail: &Mail) {
    smtp_client::send(postroom.smtp, "ada@example.test", address, mail.bytes()).await.expect("250");
}

/// The only conversation there is, once its timers are as wanted.
async fn once(api: &Api, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        let found = api.all("/conversations").await.into_iter().next()?;
        wanted(&found["sla"]).then_some(found)
    })
    .await
}

fn path_of(conversation: &Value) -> String {
    format!("/conversations/{}", text(conversation, "/id"))
}

async fn policies_are_made_ordered_and_taken_away(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    for (body, pointer) in [
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "Nothing", "firstResponseSeconds": null }), "/firstResponseSeconds"),
        (json!({ "resolutionSeconds": 59 }), "/resolutionSeconds"),
        (json!({ "nextResponseSeconds": 7_776_001 }), "/nextResponseSeconds"),
        (json!({ "appliesTo": { "channelIds": ["ch_00000000000000000000000000"] } }), "/appliesTo/channelIds/0"),
        (json!({ "appliesTo": { "teams": [] } }), "/appliesTo/teams"),
        (json!({ "priority": "high" }), "/priority"),
    ] {
        let mut wrong = json!({ "name": "Usual", "firstResponseSeconds": 3_600 });
        for (name, value) in body.as_object().expect("fields") {
            wrong[name] = value.clone();
        }
        assert_eq!(api.post("/sla-policies", wrong).await.expect(422).pointers(), [pointer], "{body}");
    }
    let usual = policy(&api, json!({ "firstResponseSeconds": 3_600, "businessHoursOnly": true })).await;
    let fast = policy(
        &api,
        json!({ "name": "Fast", "appliesTo": { "channelIds": [channel, channel] }, "nextResponseSeconds": 600 }),
    )
    .await;
    let path = format!("/sla-policies/{fast}");
    let kept = api.get(&path).await.expect(200).json();
    assert_eq!((&kept["position"], &kept["appliesTo"]["channelIds"]), (&json!(1), &json!([channel])), "{kept}");
    let moved = api.patch(&path, json!({ "position": 0, "resolutionSeconds": 86_400 })).await.expect(200).json();
    assert_eq!((&moved["position"], &moved["nextResponseSeconds"]), (&json!(0), &json!(600)));
    let order: Vec<String> = api.all("/sla-policies").await.iter().map(|each| text(each, "/id")).collect();
    assert_eq!(order, [fast.clone(), usual]);
    let page = api.get("/sla-policies?take=1").await.expect(200).json();
    let rest = api.get(&format!("/sla-policies?take=1&cursor={}", text(&page, "/cursor"))).await.expect(200).json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
    let nothing = json!({ "nextResponseSeconds": null, "resolutionSeconds": null });
    assert_eq!(api.patch(&path, nothing).await.expect(422).pointers(), ["/firstResponseSeconds"]);
    // Agents see what is promised, and change nothing of it.
    let agent = api.as_new_user("agent@example.test", "agent").await;
    assert_eq!(agent.all("/sla-policies").await.len(), 2);
    agent.post("/sla-policies", json!({ "name": "Mine", "firstResponseSeconds": 60 })).await.expect(403);
    agent.patch(&path, json!({ "name": "Mine" })).await.expect(403);
    agent.delete(&path).await.expect(403);
    api.delete(&path).await.expect(204);
    api.delete(&path).await.expect(404);
    api.get(&path).await.expect(404);
}

async fn a_person_s_answer_meets_the_timer_and_a_machine_s_does_not(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let policy = policy(&api, json!({ "firstResponseSeconds": 3_600, "nextResponseSeconds": 1_800 })).await;
    let away =
        json!({ "name": "Away", "trigger": "message.received", "actions": [{ "type": "reply", "text": "Soon." }] });
    let away = text(&api.post("/automations", away).await.expect(201).json(), "/id");
    let mail = Mail::new(&channel.address(), "Where is it?");
    receive(&postroom, &channel.address(), &mail).await;
    let conversation = once(&api, "a timer", |sla| sla["firstResponse"]["dueAt"].is_string()).await;
    assert_eq!((&conversation["sla"]["policyId"], &conversation["sla"]["state"]), (&json!(policy), &json!("onTrack")));
    let sent = async |count: usize| {
        eventually("answers to leave", || async {
            let events = api.all_events().await;
            (events.iter().filter(|event| event["type"] == "message.sent").count() >= count).then_some(())
        })
        .await;
    };
    sent(1).await;
    api.delete(&format!("/automations/{away}")).await.expect(204);
    let path = path_of(&conversation);
    api.post(&format!("{path}/messages"), json!({ "text": "A note", "private": true })).await.expect(201);
    // What is taken back has answered nobody.
    let undone = json!({ "text": "Too early.", "undoSeconds": 60 });
    let undone = text(&api.post(&format!("{path}/messages"), undone).await.expect(202).json(), "/id");
    api.post(&format!("/messages/{undone}/cancel"), json!({})).await.expect(200);
    // Another mail comes behind all that, so that it was looked at when its timer is there.
    receive(&postroom, &channel.address(), &Mail::new(&channel.address(), "Hello?").in_reply_to(&mail.message_id))
        .await;
    let seen = once(&api, "the second mail", |sla| sla["firstResponse"]["metAt"].is_null()).await;
    assert_eq!(seen["sla"]["firstResponse"]["dueAt"], conversation["sla"]["firstResponse"]["dueAt"]);
    api.post(&format!("{path}/messages"), json!({ "text": "It is on its way." })).await.expect(202);
    let met = once(&api, "the answer", |sla| sla["firstResponse"]["metAt"].is_string()).await;
    assert_eq!(met["sla"]["firstResponse"]["breached"], false);
    assert_eq!((&met["sla"]["state"], &met["sla"]["dueAt"]), (&json!("idle"), &Value::Null));
    receive(&postroom, &channel.address(), &Mail::new(&channel.address(), "And now?").in_reply_to(&mail.message_id))
        .await;
    once(&api, "the next answer to be waited for", |sla| sla["nextResponse"]["dueAt"].is_string()).await;
    let figures = api.get("/insight/summary").await.expect(200).json();
    assert_eq!((&figures["received"], &figures["answers"]), (&json!(3), &json!(1)), "{figures}");
    assert_eq!(figures["sla"]["firstResponse"], json!({ "met": 1, "breached": 0 }));
}

async fn what_is_over_its_time_is_told_once_and_listed(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, application) = (postroom.api(), WebhookReceiver::start().await);
    let channel = api.channel().await;
    let policy = policy(&api, json!({ "firstResponseSeconds": 3_600 })).await;
    let hook = json!({ "url": application.url(), "events": ["conversation.sla_breached"] });
    api.post("/webhooks", hook).await.expect(201);
    let label = json!([{ "type": "addLabel", "label": "late" }]);
    let late = json!({ "name": "Late", "trigger": "conversation.sla_breached", "actions": label });
    api.post("/automations", late).await.expect(201);
    receive(&postroom, &channel.address(), &Mail::new(&channel.address(), "Parcel")).await;
    let waiting = once(&api, "a timer", |sla| sla["dueAt"].is_string()).await;
    assert!(api.all("/conversations?sla=breached").await.is_empty());
    // An hour passes.
    let due = text(&waiting, "/sla/dueAt");
    postroom.execute_sql(&format!(
        "UPDATE conversation_timing SET next_at = 1, timers = REPLACE(timers, '\"dueAt\":\"{due}\"', '\"dueAt\":\"{LONG_AGO}\"')"
    ));
    let over = once(&api, "its time to be over", |sla| sla["state"] == "breached").await;
    assert_eq!(
        over["sla"]["firstResponse"],
        json!({ "dueAt": LONG_AGO, "metAt": null, "breached": true, "paused": false })
    );
    let told = application.wait_for("conversation.sla_breached", 1).await;
    let told = told[0].json();
    assert_eq!((&told["data"]["id"], &told["data"]["slaTimer"]["timer"]), (&over["id"], &json!("firstResponse")));
    once(&api, "the automation", |sla| sla["state"] == "breached").await;
    eventually("the label", || async {
        (api.get(&path_of(&over)).await.expect(200).json()["labels"] == json!(["late"])).then_some(())
    })
    .await;
    for list in
        ["sla=breached", "sla=breached&status=open", "q=is:overdue", "q=is:overdue%20parcel", "sla=breached&label=late"]
    {
        let found = api.all(&format!("/conversations?{list}")).await;
        assert_eq!(found.len(), 1, "{list}");
    }
    for list in ["sla=dueSoon", "sla=breached&status=resolved", "sla=dueSoon&q=is:overdue"] {
        assert!(api.all(&format!("/conversations?{list}")).await.is_empty(), "{list}");
    }
    api.get("/conversations?sla=late").await.expect(400);
    api.post("/views", json!({ "name": "Late", "filter": { "sla": "breached" } })).await.expect(201);
    // Whoever answers late has answered all the same.
    api.post(&format!("{}/messages", path_of(&over)), json!({ "text": "Sorry!" })).await.expect(202);
    let met = once(&api, "the answer", |sla| sla["firstResponse"]["metAt"].is_string()).await;
    assert_eq!((&met["sla"]["state"], &met["sla"]["firstResponse"]["breached"]), (&json!("idle"), &json!(true)));
    assert!(api.all("/conversations?sla=breached").await.is_empty());
    let breaches = api.all_events().await.into_iter().filter(|event| event["type"] == "conversation.sla_breached");
    assert_eq!(breaches.count(), 1);
    // Nothing is promised any more where the policy is gone.
    api.delete(&format!("/sla-policies/{policy}")).await.expect(204);
    once(&api, "the policy to let go", Value::is_null).await;
}

async fn a_resolution_stands_still_while_it_is_snoozed_and_goes_on_when_it_is_opened_again(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    policy(&api, json!({ "resolutionSeconds": 86_400 })).await;
    let mail = Mail::new(&channel.address(), "Slow");
    receive(&postroom, &channel.address(), &mail).await;
    let running = once(&api, "a timer", |sla| sla["resolution"]["dueAt"].is_string()).await;
    let path = path_of(&running);
    api.patch(&path, json!({ "snoozedUntil": "2099-01-01T00:00:00Z" })).await.expect(200);
    once(&api, "it to stand still", |sla| sla["resolution"]["paused"] == true && sla["resolution"]["dueAt"].is_null())
        .await;
    api.patch(&path, json!({ "status": "open" })).await.expect(200);
    once(&api, "it to go on", |sla| sla["resolution"]["dueAt"].is_string()).await;
    api.patch(&path, json!({ "status": "resolved" })).await.expect(200);
    once(&api, "it to be met", |sla| sla["resolution"]["metAt"].is_string() && sla["state"] == "idle").await;
    receive(&postroom, &channel.address(), &Mail::new(&channel.address(), "Again").in_reply_to(&mail.message_id)).await;
    once(&api, "it to go on", |sla| sla["resolution"]["metAt"].is_null() && sla["state"] == "onTrack").await;
    let figures = api.get("/insight/summary").await.expect(200).json();
    assert_eq!((&figures["resolved"], &figures["reopened"]), (&json!(1), &json!(1)), "{figures}");
    assert_eq!(figures["resolution"]["count"], 1);
}
