//! The history of a mailbox becomes activities on demand, with a real Dovecot: once each, again for those who became contacts later.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;
use servers::PASSWORD;
use servers::dovecot::Dovecot;

on_both_databases!(history_becomes_activities_once);

/// More than are looked at in one transaction.
const FROM_ANN: usize = 210;

async fn backfilled(api: &Api, body: Value) -> Value {
    api.post("//v1/account/bo/backfill", body).await.expect(200);
    eventually("the backfill to be finished", || async {
        let run = api.get("//v1/account/bo/backfill").await.expect(200).json();
        (run["state"] == "finished").then_some(run)
    })
    .await
}

async fn history_becomes_activities_once(database: Database) {
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    let mail = |from: &str, to: &str, id: &str| {
        format!("From: {from}\nTo: {to}\nSubject: {id}\nMessage-ID: <{id}@example.org>\n\nHello.\n")
    };
    for number in 0..FROM_ANN {
        program.append("INBOX", "", &mail("ann@example.org", "bo@local.test", &format!("in{number}")));
    }
    program.append("Sent", "", &mail("bo@local.test", "Ann <ANN@example.org>, carl@example.org", "out"));
    program.append("Drafts", "\\Draft", &mail("bo@local.test", "ann@example.org", "draft"));
    program.append("INBOX", "", "From: ann@example.org\nSubject: no id\n\nHello.\n");
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ann = api.post("/contacts", json!({ "addresses": ["ann@example.org"] })).await.expect(201).json();
    let account = json!({ "account": "bo", "email": "bo@local.test",
        "imap": { "host": "127.0.0.1", "port": dovecot.port, "secure": false, "auth": { "user": "bo", "pass": PASSWORD } } });
    api.post("//v1/account", account).await.expect(200);
    api.get("//v1/account/bo/backfill").await.expect(404);
    // At once, while its bytes are still being fetched; and over a crash.
    api.post("//v1/account/bo/backfill", json!({})).await.expect(200);
    postroom.kill();
    postroom.launch().await;
    let api = postroom.api();
    let run = backfilled(&api, json!({})).await;
    let of_ann = format!("/contacts/{}/activities", text(&ann, "/id"));
    let activities = api.all(&of_ann).await;
    assert_eq!(activities.len(), FROM_ANN + 1, "{run:#}");
    assert_eq!((&run["processed"], &run["total"]), (&json!(FROM_ANN + 3), &json!(FROM_ANN + 3)), "{run:#}");
    let sent: Vec<&Value> = activities.iter().filter(|activity| activity["direction"] == "outbound").collect();
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0]["messageId"], &sent[0]["accountId"]), (&json!("<out@example.org>"), &json!("bo")));

    let carl = api.post("/contacts", json!({ "addresses": ["carl@example.org"] })).await.expect(201).json();
    let again = backfilled(&api, json!({})).await;
    assert_eq!(again["activities"], 1, "what is there is not noted again: {again:#}");
    assert_eq!(api.all(&format!("/contacts/{}/activities", text(&carl, "/id"))).await.len(), 1);
    let later = backfilled(&api, json!({ "since": "2999-01-01T00:00:00Z" })).await;
    assert_eq!((&later["activities"], &later["processed"]), (&json!(0), &json!(FROM_ANN + 3)));
    api.post("//v1/account/bo/backfill", json!({ "since": "yesterday" })).await.expect(400);
    api.post("//v1/account/nobody/backfill", json!({})).await.expect(404);
}
