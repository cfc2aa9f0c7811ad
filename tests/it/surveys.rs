//! Satisfaction surveys: asked once a conversation is resolved, answered by a signed link without a cookie, counted.

use serde_json::{Value, json};

use crate::api::{Api, Channel, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    a_resolved_conversation_is_asked_about_and_the_answer_is_counted,
    machines_and_people_asked_a_short_while_ago_are_left_alone,
    an_automation_asks_once_and_no_machine,
    an_answer_carries_the_link_of_its_survey,
);

async fn asking_channel(api: &Api) -> Channel {
    let channel = api.channel().await;
    let path = format!("/channels/{}/survey", channel.id());
    assert_eq!(api.get(&path).await.expect(200).json()["enabled"], false, "off until somebody says otherwise");
    api.put(&path, json!({ "enabled": true, "delayHours": 0, "contactDays": 7 })).await.expect(200);
    channel
}

async fn resolve(api: &Api, subject: &str) -> String {
    let all = api.items("/conversations").await;
    let found = all.iter().find(|each| text(each, "/subject") == subject).expect("the conversation");
    let id = text(found, "/id");
    api.patch(&format!("/conversations/{id}"), json!({ "status": "resolved" })).await.expect(200);
    id
}

async fn surveys_of(api: &Api, conversation: &str) -> Vec<Value> {
    let messages = api.items(&format!("/conversations/{conversation}/messages")).await;
    messages.into_iter().filter(|message| !message["customData"]["surveyId"].is_null()).collect()
}

/// Where the link of a survey's mail leads, below the server.
async fn link(api: &Api, message: &Value) -> String {
    let raw = api.get(&format!("/messages/{}/raw", text(message, "/id"))).await.expect(200).body;
    let raw = String::from_utf8_lossy(&raw).replace("=\r\n", "").replace("=3D", "=");
    let start = raw.find("/survey/svy_").expect("a link");
    raw[start..].chars().take_while(|character| !"?\r\n \"<>".contains(*character)).collect()
}

async fn a_resolved_conversation_is_asked_about_and_the_answer_is_counted(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = asking_channel(&api).await;
    let mail = Mail::new(&channel.address(), "Help me");
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let agent = api.as_new_user("agent@example.test", "agent").await;
    let me = agent.get("/users/me").await.expect(200).json();
    let all = api.items("/conversations").await;
    let path = format!("/conversations/{}", text(&all[0], "/id"));
    api.patch(&path, json!({ "assigneeId": me["id"] })).await.expect(200);
    let conversation = resolve(&api, "Help me").await;
    let survey = eventually("the survey", || async { surveys_of(&api, &conversation).await.pop() }).await;
    assert!(!survey.to_string().contains("/survey/"), "the link is for its recipient alone: {survey}");
    let raw = api.get(&format!("/messages/{}/raw", text(&survey, "/id"))).await.expect(200).body;
    assert!(String::from_utf8_lossy(&raw).contains("Auto-Submitted: auto-replied"));
    agent.get(&format!("/messages/{}/raw", text(&survey, "/id"))).await.expect(403);
    assert_eq!(api.get(&path).await.expect(200).json()["status"], "resolved", "it stays so");
    let link = link(&api, &survey).await;
    let public = api.without_key();

    // Scanners follow links: nothing comes of it.
    let page = public.get(&format!("/{link}?rating=bad")).await.expect(200);
    assert!(page.header("set-cookie").is_none() && page.header("content-security-policy").is_some());
    let shown = String::from_utf8_lossy(&page.body).into_owned();
    assert!(shown.contains("value=\"bad\" required checked"), "{shown}");
    assert!(api.get(&path).await.expect(200).json().get("rating").is_none());

    let answer = async |rating: &str, comment: &str| {
        let comment = comment.replace('&', "%26").replace('<', "%3C").replace('>', "%3E").replace(' ', "+");
        let request = public.request(reqwest::Method::POST, &format!("/{link}"));
        let form = request.header("content-type", "application/x-www-form-urlencoded");
        public.send(form.body(format!("rating={rating}&comment={comment}"))).await
    };
    answer("", "").await.expect(400);
    answer("splendid", "").await.expect(400);
    answer("ok", "<b>Slow</b> & kind").await.expect(303);
    let shown = String::from_utf8_lossy(&public.get(&format!("/{link}")).await.expect(200).body).into_owned();
    assert!(shown.contains("&lt;b&gt;Slow&lt;/b&gt; &amp; kind") && !shown.contains("<b>Slow"), "{shown}");
    answer("good", "Kind").await.expect(303);
    answer("good", "Kind").await.expect(303);
    let rating = api.get(&path).await.expect(200).json()["rating"].clone();
    assert_eq!((text(&rating, "/rating"), text(&rating, "/comment")), ("good".into(), "Kind".into()));
    assert_eq!(rating["assigneeId"], me["id"]);
    let told = api.all_events().await.into_iter().filter(|event| event["type"] == "conversation.rated").count();
    assert_eq!(told, 2, "the same answer again tells nothing");
    for tampered in [link.replace("svy_0", "svy_1"), format!("{link}x"), link[..link.len() - 1].to_owned()] {
        public.get(&format!("/{tampered}")).await.expect(404);
    }
    check_counts(&api, &channel, &me).await;

    // A week later it is too late to think again.
    postroom.execute_sql("UPDATE survey SET rated_at = rated_at - 8 * 86400000");
    answer("bad", "No").await.expect(409);
    assert_eq!(api.items("/ratings").await.len(), 1);
}

async fn check_counts(api: &Api, channel: &Channel, me: &Value) {
    let one = json!({ "good": 1, "ok": 0, "bad": 0, "sent": 1 });
    for (by, id) in [("channel", json!(channel.id())), ("team", Value::Null), ("person", me["id"].clone())] {
        let summary = api.get(&format!("/ratings/summary?by={by}")).await.expect(200).json();
        assert_eq!(summary["total"], one);
        assert_eq!(summary["groups"][0]["id"], id, "{summary}");
    }
    assert_eq!(api.items("/ratings?rating=good").await.len(), 1);
    assert_eq!(api.items("/ratings?rating=bad").await.len(), 0);
    assert_eq!(api.items("/ratings?since=2099-01-01T00:00:00Z").await.len(), 0);
    let bound = api.with_new_key(&["conversations:read"], Some(&api.channel().await.id())).await;
    assert_eq!(bound.items("/ratings").await.len(), 0, "another channel's");
}

async fn machines_and_people_asked_a_short_while_ago_are_left_alone(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = asking_channel(&api).await;
    let quiet = api.channel().await;
    let automatic = Mail::new(&channel.address(), "Out of office").header("Auto-Submitted: auto-replied");
    for (mail, channel) in [
        (automatic.from("away@example.test"), &channel),
        (Mail::new(&channel.address(), "Held back").from("held@example.test"), &channel),
        (Mail::new(&quiet.address(), "Not asked").from("quiet@example.test"), &quiet),
        (Mail::new(&channel.address(), "First"), &channel),
        (Mail::new(&channel.address(), "Second"), &channel),
    ] {
        smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    }
    api.post("/suppressions", json!({ "address": "held@example.test" })).await.expect(201);
    let mut others = Vec::new();
    for subject in ["Out of office", "Held back", "Not asked"] {
        others.push(resolve(&api, subject).await);
    }
    let first = resolve(&api, "First").await;
    eventually("the survey", || async { surveys_of(&api, &first).await.pop() }).await;
    others.push(resolve(&api, "Second").await);
    // The last one asked shows that those before had their turn.
    let mail = Mail::new(&channel.address(), "Last").from("last@example.test");
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let last = resolve(&api, "Last").await;
    eventually("the last survey", || async { surveys_of(&api, &last).await.pop() }).await;
    for conversation in &others {
        assert_eq!(surveys_of(&api, conversation).await.len(), 0, "{conversation} was asked about");
    }
    assert_eq!(surveys_of(&api, &first).await.len(), 1);
}

/// What became of the only action of each run of an automation, by the subject of the mail.
async fn outcome(api: &Api, automation: &str, subject: &str) -> (String, String) {
    let step = eventually("the run", || async {
        let runs = api.items(&format!("/automations/{automation}/runs")).await;
        let run = runs.into_iter().find(|run| text(run, "/subject") == subject)?;
        Some(run["steps"][0].clone())
    });
    let step = step.await;
    assert_eq!(step["type"], "askForRating");
    (text(&step, "/outcome"), text(&step, "/detail"))
}

async fn an_automation_asks_once_and_no_machine(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    // The channel asks nobody by itself.
    let channel = api.channel().await;
    let automation = json!({ "name": "Ask", "trigger": "message.received", "actions": [{ "type": "askForRating" }],
        "conditions": { "match": "all", "items": [{ "field": "subject", "operator": "startsWith", "value": "Done" }] } });
    let automation = text(&api.post("/automations", automation).await.expect(201).json(), "/id");
    let receive = async |mail: Mail| {
        smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    };

    receive(Mail::new(&channel.address(), "Done")).await;
    assert_eq!(outcome(&api, &automation, "Done").await.0, "done");
    let conversation = text(&api.items("/conversations").await[0], "/id");
    let survey = eventually("the survey", || async { surveys_of(&api, &conversation).await.pop() }).await;
    let raw = api.get(&format!("/messages/{}/raw", text(&survey, "/id"))).await.expect(200).body;
    let raw = String::from_utf8_lossy(&raw).replace("=\r\n", "");
    assert!(raw.contains("Auto-Submitted: auto-replied") && raw.contains("you wrote with"), "{raw}");
    let path = format!("/conversations/{conversation}");
    assert_eq!(api.get(&path).await.expect(200).json()["status"], "open", "it waits for a person as before");
    let link = link(&api, &survey).await;
    let request = api.without_key().request(reqwest::Method::POST, &format!("/{link}"));
    let form = request.header("content-type", "application/x-www-form-urlencoded");
    api.send(form.body("rating=good")).await.expect(303);
    assert_eq!(api.get(&path).await.expect(200).json()["rating"]["rating"], "good");

    // Not again so soon, and never a machine.
    receive(Mail::new(&channel.address(), "Done again")).await;
    let again = outcome(&api, &automation, "Done again").await;
    assert_eq!(again, ("skipped".into(), "the contact was asked a short while ago".into()));
    let machine = Mail::new(&channel.address(), "Done by a machine").header("Auto-Submitted: auto-replied");
    receive(machine.from("robot@example.test")).await;
    let machine = outcome(&api, &automation, "Done by a machine").await;
    assert!(machine.0 == "skipped" && machine.1.contains("a machine sent the mail"), "{machine:?}");
    let tried = api.post(&format!("/automations/{automation}/test"), json!({})).await.expect(200).json();
    let outcomes = tried["matches"].as_array().expect("matches").iter().map(|each| text(each, "/steps/0/outcome"));
    assert_eq!(outcomes.collect::<Vec<_>>(), ["skipped"; 3], "{tried}");
    let all: Vec<Value> = api.items("/conversations").await;
    let mut sent = 0;
    for conversation in &all {
        sent += surveys_of(&api, &text(conversation, "/id")).await.len();
    }
    assert_eq!(sent, 1);
}

async fn an_answer_carries_the_link_of_its_survey(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = asking_channel(&api).await;
    let mail = Mail::new(&channel.address(), "Lamp");
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let conversation = text(&api.items("/conversations").await[0], "/id");
    let path = format!("/conversations/{conversation}");
    let html = "<p>Fixed. <a href=\"{{surveyUrl}}\">How was it?</a></p>";
    let template = json!({ "name": "fixed", "channel": "email", "content": { "subject": "Fixed", "html": html } });
    api.post("/templates", template).await.expect(201);

    let answer = json!({ "template": { "name": "fixed" } });
    let answer = api.post(&format!("{path}/messages"), answer).await.expect(202).json();
    let html = text(&answer, "/content/email/html");
    let start = html.find("/survey/svy_").unwrap_or_else(|| panic!("no link in {html}"));
    let link: String = html[start..].chars().take_while(|character| *character != '"').collect();
    let public = api.without_key();
    public.get(&format!("/{link}")).await.expect(200);
    // The conversation has one survey, as long as it can be answered.
    let again = json!({ "text": "Tell us: {{surveyUrl}}" });
    let again = api.post(&format!("{path}/messages"), again).await.expect(202).json();
    assert!(text(&again, "/content/email/text").contains(&link), "{again}");
    let form = public.request(reqwest::Method::POST, &format!("/{link}"));
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    public.send(form.body("rating=ok&comment=Fine")).await.expect(303);
    assert_eq!(api.get(&path).await.expect(200).json()["rating"]["comment"], "Fine");
    let summary = api.get("/ratings/summary?by=channel").await.expect(200).json();
    assert_eq!(summary["total"], json!({ "good": 0, "ok": 1, "bad": 0, "sent": 1 }));

    // Who has just had the link is not asked once more when the conversation is resolved.
    resolve(&api, "Lamp").await;
    let other = Mail::new(&channel.address(), "Other").from("other@example.test");
    smtp_client::send(postroom.smtp, "other@example.test", &channel.address(), other.bytes()).await.expect("250");
    let last = resolve(&api, "Other").await;
    eventually("the other's survey", || async { surveys_of(&api, &last).await.pop() }).await;
    assert_eq!(surveys_of(&api, &conversation).await.len(), 0);

    // A message that begins a conversation asks nobody about it.
    let first = json!({ "channelId": channel.id(), "to": "bo@example.test", "template": { "name": "fixed" } });
    let refused = api.post("/messages", first).await.expect(422);
    assert_eq!(refused.pointers(), ["/template/variables/surveyUrl"]);
}
