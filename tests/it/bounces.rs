//! A real Postfix refuses, and sends back what it took: deliveries say so, and their recipients are written to no more.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postfix::Postfix;
use crate::postroom_process::Postroom;

on_both_databases!(what_comes_back_is_recorded_and_suppresses);

async fn send(api: &Api, channel: &str, to: &[&str]) -> String {
    let content = json!({ "type": "email", "email": { "subject": "News", "text": "Hello" } });
    let body = json!({ "channelId": channel, "to": to, "content": content });
    text(&api.post("/messages", body).await.expect(202).json(), "/id")
}

async fn recipient_is(api: &Api, id: &str, address: &str, status: &str) -> Value {
    let what = format!("{address} to be {status}");
    eventually(&what, || async {
        let deliveries = api.items(&format!("/messages/{id}/deliveries")).await;
        deliveries.into_iter().find(|delivery| delivery["recipient"] == address && delivery["status"] == status)
    })
    .await
}

async fn suppressed(api: &Api) -> Vec<(String, String)> {
    let all = api.all("/suppressions").await;
    let mut all: Vec<_> = all.iter().map(|one| (text(one, "/address"), text(one, "/reason"))).collect();
    all.sort();
    all
}

async fn what_comes_back_is_recorded_and_suppresses(database: Database) {
    let smtp = servers::ports::free_address();
    let postfix = Postfix::start_bouncing_to(smtp).await;
    let (smtp, smarthost) = (smtp.to_string(), format!("smtp+plain://127.0.0.1:{}", postfix.port));
    let environment = [("POSTROOM_SMTP_ADDR", smtp.as_str()), ("POSTROOM_SMARTHOST_URL", smarthost.as_str())];
    let postroom = Postroom::start_with(database, &environment).await;
    let api = postroom.api();
    let channel = api.channel_like(json!({ "provider": "forwarding", "name": "Own domain" })).await.id();
    let conversations = api.all("/conversations").await.len();

    // Refused at once, and one that may be tried again.
    let id = send(&api, &channel, &["gone@local.test", "busy@local.test", "good@local.test"]).await;
    recipient_is(&api, &id, "gone@local.test", "bounced").await;
    recipient_is(&api, &id, "busy@local.test", "deferred").await;
    recipient_is(&api, &id, "good@local.test", "sent").await;
    let expected = vec![("gone@local.test".to_owned(), "hardBounce".to_owned())];
    assert_eq!(suppressed(&api).await, expected);
    let mail = eventually("the mail in the mailbox", || async { postfix.mailbox("good").into_iter().next() }).await;
    assert!(mail.contains("Return-Path: <b+"), "{mail}");

    // Taken, and sent back.
    let later = send(&api, &channel, &["gone@elsewhere.test", "full@elsewhere.test"]).await;
    let gone = recipient_is(&api, &later, "gone@elsewhere.test", "bounced").await;
    recipient_is(&api, &later, "full@elsewhere.test", "bounced").await;
    let log = gone["attempts"].as_array().expect("attempts");
    assert!(log.iter().any(|attempt| text(attempt, "/response").contains("user unknown")), "{gone:#}");
    assert_eq!(api.get(&format!("/messages/{later}")).await.expect(200).json()["status"], "bounced");
    let expected = [("gone@elsewhere.test", "hardBounce"), ("gone@local.test", "hardBounce")];
    let expected: Vec<_> = expected.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect();
    assert_eq!(suppressed(&api).await, expected);
    assert_eq!(api.all("/conversations").await.len(), conversations + 2, "those that were begun by sending");
    let events = api.all_events().await;
    let bounced: Vec<&Value> = events.iter().filter(|event| event["type"] == "message.bounced").collect();
    assert_eq!(bounced.len(), 3, "{bounced:#?}");
    let told = |address: &str| {
        let found = bounced.iter().find(|event| event["data"]["recipient"] == address);
        found.map(|event| event["data"].clone()).expect("an event")
    };
    let (hard, soft) = (told("gone@elsewhere.test"), told("full@elsewhere.test"));
    assert_eq!((&hard["class"], &hard["reason"]), (&json!("hard"), &json!("userUnknown")), "{hard:#}");
    assert_eq!((&soft["class"], &soft["reason"]), (&json!("soft"), &json!("mailboxFull")), "{soft:#}");

    // What waits is held back as well, once its recipient is suppressed; who is suppressed is not written to.
    api.post("/suppressions", json!({ "address": "busy@local.test" })).await.expect(201);
    api.send(api.request(reqwest::Method::POST, &format!("/messages/{id}/retry"))).await.expect(200);
    recipient_is(&api, &id, "busy@local.test", "suppressed").await;
    let next = send(&api, &channel, &["gone@elsewhere.test"]).await;
    recipient_is(&api, &next, "gone@elsewhere.test", "suppressed").await;
}
