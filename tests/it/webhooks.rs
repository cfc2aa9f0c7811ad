//! Webhooks when things go wrong: retried, never held up by each other, stopped where they should be, replayable.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;
use crate::webhook_receiver::{Behaviour, WebhookReceiver};

on_both_databases!(
    a_failed_delivery_is_tried_again_with_the_same_id,
    a_slow_endpoint_delays_no_other,
    gone_disables_the_endpoint,
    redirects_are_not_followed,
    private_addresses_are_refused,
    a_delivery_can_be_retried_and_events_replayed,
    a_rotated_secret_overlaps,
);

async fn endpoint(api: &Api, receiver: &WebhookReceiver, events: &[&str]) -> Value {
    api.post("/webhooks", json!({ "url": receiver.url(), "events": events })).await.expect(201).json()
}

async fn mail_in(postroom: &Postroom, address: &str, subject: &str) {
    let mail = Mail::new(address, subject);
    smtp_client::send(postroom.smtp, "ada@example.test", address, mail.bytes()).await.expect("250");
}

/// The delivery log of an endpoint, newest first.
async fn deliveries(api: &Api, endpoint: &Value) -> Vec<Value> {
    api.all(&format!("/webhooks/{}/deliveries", text(endpoint, "/id"))).await
}

async fn a_failed_delivery_is_tried_again_with_the_same_id(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    let address = api.channel().await.address();
    receiver.plan([Behaviour::Status(500)]);
    let endpoint = endpoint(&api, &receiver, &["message.received"]).await;
    mail_in(&postroom, &address, "Tried twice").await;
    receiver.wait_for("message.received", 1).await;
    let failed = eventually("the failure to be recorded", || async {
        let delivery = deliveries(&api, &endpoint).await.into_iter().next()?;
        (delivery["attempts"].as_array()?.len() == 1).then_some(delivery)
    })
    .await;
    assert_eq!(failed["status"], "pending");
    assert_eq!(failed["attempts"][0]["statusCode"], 500);
    assert!(failed["nextAttemptAt"].is_string(), "{failed}");
    // It is in the database, not in the process.
    postroom.kill();
    postroom.launch().await;
    let received = receiver.wait_for("message.received", 2).await;
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(received[0].body, received[1].body);
    for request in &received {
        assert!(request.is_signed_with(&text(&endpoint, "/secret")));
    }
    eventually("the success to be recorded", || async {
        let delivery = deliveries(&api, &endpoint).await.into_iter().next()?;
        (delivery["status"] == "delivered" && delivery["attempts"].as_array()?.len() == 2).then_some(())
    })
    .await;
}

async fn a_slow_endpoint_delays_no_other(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, slow, quick) = (postroom.api(), WebhookReceiver::start().await, WebhookReceiver::start().await);
    let address = api.channel().await.address();
    slow.always(Behaviour::Hang);
    endpoint(&api, &slow, &["*"]).await;
    endpoint(&api, &quick, &["message.received"]).await;
    for number in 0..20 {
        mail_in(&postroom, &address, &format!("Mail {number}")).await;
    }
    // The slow one never answers; were the quick one behind it, it would get nothing.
    let received = quick.wait_for("message.received", 20).await;
    assert_eq!(received.len(), 20);
    assert!(!slow.received().is_empty(), "the slow endpoint was not called at all");
}

async fn gone_disables_the_endpoint(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, gone, observer) = (postroom.api(), WebhookReceiver::start().await, WebhookReceiver::start().await);
    let address = api.channel().await.address();
    gone.always(Behaviour::Status(410));
    let endpoint_gone = endpoint(&api, &gone, &["message.received"]).await;
    endpoint(&api, &observer, &["webhook.disabled"]).await;
    mail_in(&postroom, &address, "Nobody there").await;
    let path = format!("/webhooks/{}", text(&endpoint_gone, "/id"));
    let disabled = eventually("the endpoint to be disabled", || async {
        let endpoint = api.get(&path).await.expect(200).json();
        (endpoint["enabled"] == false).then_some(endpoint)
    })
    .await;
    assert!(disabled["disabledReason"].is_string(), "{disabled}");
    observer.wait_for("webhook.disabled", 1).await;
    let calls = gone.received().len();
    mail_in(&postroom, &address, "Still nobody").await;
    // Switched on again by hand, it is called again: so the mail before was not kept from it by being slow.
    gone.always(Behaviour::Status(200));
    api.patch(&path, json!({ "enabled": true })).await.expect(200);
    mail_in(&postroom, &address, "Back").await;
    eventually("the endpoint to be called again", || async { (gone.received().len() > calls).then_some(()) }).await;
}

async fn redirects_are_not_followed(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, first, second) = (postroom.api(), WebhookReceiver::start().await, WebhookReceiver::start().await);
    let address = api.channel().await.address();
    first.always(Behaviour::Redirect(second.url()));
    let endpoint = endpoint(&api, &first, &["message.received"]).await;
    mail_in(&postroom, &address, "Redirected").await;
    eventually("the answer to be recorded", || async {
        let delivery = deliveries(&api, &endpoint).await.into_iter().next()?;
        (delivery["attempts"][0]["statusCode"] == 302 && delivery["status"] == "pending").then_some(())
    })
    .await;
    assert!(second.received().is_empty(), "the redirect was followed");
}

async fn private_addresses_are_refused(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    let address = api.channel().await.address();
    // Made while it was allowed; what counts is where the connection goes when it is made.
    let allowed = endpoint(&api, &receiver, &["message.received"]).await;
    let named = receiver.url().replace("127.0.0.1", "localhost");
    let by_name =
        api.post("/webhooks", json!({ "url": named, "events": ["message.received"] })).await.expect(201).json();
    postroom.stop().await;
    postroom.unset("POSTROOM_ALLOW_PRIVATE_NETWORKS");
    postroom.launch().await;
    for url in [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://0x7f.1/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        api.post("/webhooks", json!({ "url": url, "events": ["*"] })).await.expect(422);
    }
    mail_in(&postroom, &address, "Guarded").await;
    for endpoint in [&allowed, &by_name] {
        let refused = eventually("the refusal to be recorded", || async {
            let delivery = deliveries(&api, endpoint).await.into_iter().next()?;
            (!delivery["attempts"].as_array()?.is_empty()).then_some(delivery)
        })
        .await;
        assert_eq!(refused["attempts"][0]["statusCode"], Value::Null, "{refused}");
    }
    assert!(receiver.received().is_empty(), "the guard let a request through");
}

async fn a_delivery_can_be_retried_and_events_replayed(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    let address = api.channel().await.address();
    mail_in(&postroom, &address, "Before there was an endpoint").await;
    let start = text(&api.all_events().await[0], "/id");
    let endpoint = endpoint(&api, &receiver, &["message.received"]).await;
    let id = text(&endpoint, "/id");
    mail_in(&postroom, &address, "After").await;
    receiver.wait_for("message.received", 1).await;
    let delivery = eventually("the delivery to be recorded", || async {
        deliveries(&api, &endpoint).await.into_iter().find(|delivery| delivery["status"] == "delivered")
    })
    .await;
    let path = format!("/webhooks/{id}/deliveries/{}/retry", text(&delivery, "/id"));
    let answer = api.send(api.request(reqwest::Method::POST, &path)).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let received = receiver.wait_for("message.received", 2).await;
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));

    let answer = api.post(&format!("/webhooks/{id}/replay"), json!({ "after": start })).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let received = receiver.wait_for("message.received", 4).await;
    let subjects: Vec<String> =
        received.iter().map(|request| text(&request.json(), "/data/content/email/subject")).collect();
    assert!(subjects.iter().any(|subject| subject == "Before there was an endpoint"), "{subjects:?}");

    let answer = api.send(api.request(reqwest::Method::POST, &format!("/webhooks/{id}/test"))).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let test = receiver.wait_for("webhook.test", 1).await;
    assert!(test[0].is_signed_with(&text(&endpoint, "/secret")));
}

async fn a_rotated_secret_overlaps(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    let address = api.channel().await.address();
    let endpoint = endpoint(&api, &receiver, &["message.received"]).await;
    let path = format!("/webhooks/{}", text(&endpoint, "/id"));
    let rotated =
        api.send(api.request(reqwest::Method::POST, &format!("{path}/rotate-secret"))).await.expect(200).json();
    let (old, new) = (text(&endpoint, "/secret"), text(&rotated, "/secret"));
    assert_ne!(old, new);
    assert!(api.get(&path).await.expect(200).json().get("secret").is_none(), "the secret is shown a second time");
    mail_in(&postroom, &address, "Signed twice").await;
    let received = receiver.wait_for("message.received", 1).await;
    assert!(received[0].is_signed_with(&old) && received[0].is_signed_with(&new));
}
