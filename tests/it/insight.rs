//! The insight: what came in and how fast it was answered, in all, by day, by person and channel, and as a file that no spreadsheet runs.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    figures_tell_what_happened_and_the_file_runs_no_formula,
    questions_that_can_not_be_answered_are_refused
);

async fn receive(postroom: &Postroom, address: &str, subject: &str) {
    let mail = Mail::new(address, subject).from(&format!("{subject} <{}@example.test>", subject.to_lowercase()));
    smtp_client::send(postroom.smtp, "x@example.test", address, mail.bytes()).await.expect("250");
}

async fn summary_once(api: &Api, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        let found = api.get("/insight/summary").await.expect(200).json();
        wanted(&found).then_some(found)
    })
    .await
}

async fn figures_tell_what_happened_and_the_file_runs_no_formula(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel_like(json!({ "name": "=Support" })).await;
    let other = api.channel_like(json!({ "name": "Sales" })).await;
    let agent = api.as_new_user("ann@example.test", "agent").await;
    let ann = api.all("/users").await.into_iter().find(|user| user["email"] == "ann@example.test").expect("Ann");
    for subject in ["One", "Two", "Three"] {
        receive(&postroom, &channel.address(), subject).await;
    }
    receive(&postroom, &other.address(), "Four").await;
    let all = api.all("/conversations").await;
    let path = |subject: &str| {
        let found = all.iter().find(|each| each["subject"] == subject).expect("the conversation");
        format!("/conversations/{}", text(found, "/id"))
    };
    for subject in ["One", "Two"] {
        agent.post(&format!("{}/messages", path(subject)), json!({ "text": "An answer" })).await.expect(202);
    }
    // One answer, to two people.
    let two = json!({ "text": "Once more", "cc": ["bo@example.test"] });
    agent.post(&format!("{}/messages", path("One")), two).await.expect(202);
    agent.patch(&path("One"), json!({ "assigneeId": ann["id"] })).await.expect(200);
    agent.patch(&path("One"), json!({ "status": "resolved" })).await.expect(200);
    let found =
        summary_once(&api, "everything to be counted", |found| found["answers"] == 3 && found["resolved"] == 1).await;
    assert_eq!((&found["conversations"], &found["received"]), (&json!(4), &json!(4)), "{found}");
    assert_eq!((&found["firstResponse"]["count"], &found["resolution"]["count"]), (&json!(2), &json!(1)));
    assert!(found["firstResponse"]["elapsed"]["p90Seconds"].is_u64(), "{found}");
    // Nobody said when the workspace is at work.
    assert_eq!(found["firstResponse"]["businessHours"]["medianSeconds"], Value::Null);

    let narrow = api.get(&format!("/insight/summary?channelId={}", other.id())).await.expect(200).json();
    assert_eq!((&narrow["received"], &narrow["answers"]), (&json!(1), &json!(0)));
    let hers = api.get(&format!("/insight/summary?userId={}", text(&ann, "/id"))).await.expect(200).json();
    assert_eq!((&hers["answers"], &hers["resolved"], &hers["received"]), (&json!(3), &json!(1), &json!(0)));
    for interval in ["hour", "day", "week"] {
        let path = format!("/insight/series?interval={interval}&timeZone=Europe/Berlin");
        let series = api.get(&path).await.expect(200).json();
        let items = series["items"].as_array().expect("items");
        let received: u64 = items.iter().filter_map(|item| item["received"].as_u64()).sum();
        assert_eq!((received, &series["timeZone"]), (4, &json!("Europe/Berlin")), "{interval}");
        let first: u64 = items.iter().filter_map(|item| item["firstResponse"]["count"].as_u64()).sum();
        assert_eq!(first, 2);
    }
    let people = api.get("/insight/groups?by=user").await.expect(200).json();
    let row = people["items"].as_array().expect("items").iter().find(|item| item["id"] == ann["id"]).expect("Ann");
    assert_eq!((&row["name"], &row["answers"]), (&json!("ann@example.test"), &json!(3)));
    let channels = api.get("/insight/groups?by=channel").await.expect(200).json();
    assert_eq!(channels["items"][0]["name"], "=Support");

    let file = api.get("/insight/export?by=channel").await.expect(200);
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"insight.csv\""));
    let file = String::from_utf8(file.body.to_vec()).expect("UTF-8");
    let lines: Vec<&str> = file.split("\r\n").collect();
    assert!(lines[0].starts_with("id,name,conversations,received"), "{file}");
    assert!(lines[1].contains(",'=Support,3,3,3,1,0,2,"), "{file}");
    let days = api.get("/insight/export?interval=week&timeZone=Europe/Berlin").await.expect(200);
    assert!(String::from_utf8_lossy(&days.body).starts_with("from,conversations,"));

    // A key of one channel sees that channel alone.
    let bound = api.with_new_key(&["conversations:read"], Some(&other.id())).await;
    assert_eq!(bound.get("/insight/summary").await.expect(200).json()["received"], 1);
    let elsewhere = bound.get(&format!("/insight/summary?channelId={}", channel.id())).await.expect(200).json();
    assert_eq!(elsewhere["received"], 0);
}

async fn questions_that_can_not_be_answered_are_refused(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    for (path, pointer) in [
        ("/insight/series?timeZone=Mars/Olympus", "/timeZone"),
        ("/insight/summary?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/from"),
        ("/insight/series?interval=hour&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "/from"),
        ("/insight/export?from=2020-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "/from"),
    ] {
        assert_eq!(api.get(path).await.expect(422).pointers(), [pointer], "{path}");
    }
    api.get("/insight/groups").await.expect(400);
    api.get("/insight/groups?by=mood").await.expect(400);
    api.get("/insight/summary?channelId=x").await.expect(400);
    let reader = api.with_new_key(&["messages:read"], None).await;
    for path in ["/insight/summary", "/insight/series", "/insight/groups?by=user", "/insight/export"] {
        reader.get(path).await.expect(403);
    }
}
