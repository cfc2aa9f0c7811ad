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
    a_replay_of_any_length_survives_a_restart,
    a_replay_waits_for_a_failing_endpoint_and_delays_nothing_new,
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

/// Events of the hour before: one `contact.created` in every `one_in`, the others of a type that nobody here asks for. Answers the
/// id of one before them all, and how many contacts there are.
async fn old_events(postroom: &Postroom, api: &Api, count: usize, one_in: usize) -> (String, usize) {
    let start = eventually("a first event", || async { api.all_events().await.into_iter().next() }).await;
    let workspace = text(&start, "/workspaceId");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_millis();
    let row = |number: usize| {
        let at = now - 3_600_000 + number as u128;
        let event_type = if number.is_multiple_of(one_in) { "contact.created" } else { "domain.verified" };
        format!("('evt_{number:026}', '{workspace}', '{event_type}', 'subject', '{{}}', {at})")
    };
    for first in (0..count).step_by(1_000) {
        let rows: Vec<String> = (first..count.min(first + 1_000)).map(row).collect();
        postroom.execute_sql(&format!(
            "INSERT INTO event (id, workspace_id, type, subject_id, data, created_at) VALUES {}",
            rows.join(", ")
        ));
    }
    // Where positions are given after the commit, something has to happen for them to be given.
    api.channel().await;
    let last = format!("evt_{:026}", count - 1);
    eventually("the events to be in their places", || async {
        (api.get(&format!("/events?take=1&after={last}")).await.status == 200).then_some(())
    })
    .await;
    (text(&start, "/id"), count.div_ceil(one_in))
}

fn distinct(received: &[crate::webhook_receiver::Received]) -> usize {
    received.iter().map(|request| request.header("webhook-id")).collect::<std::collections::BTreeSet<_>>().len()
}

async fn a_replay_of_any_length_survives_a_restart(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    api.channel().await;
    let (start, contacts) = old_events(&postroom, &api, 12_500, 100).await;
    let endpoint = endpoint(&api, &receiver, &["contact.created"]).await;
    let path = format!("/webhooks/{}", text(&endpoint, "/id"));
    assert_eq!(endpoint["replay"], Value::Null);
    let begun = api.post(&format!("{path}/replay"), json!({ "after": start })).await.expect(202).json();
    assert_eq!((&begun["after"], &begun["finishedAt"]), (&json!(start), &Value::Null), "{begun}");
    receiver.wait_for("contact.created", 10).await;
    postroom.kill();
    postroom.launch().await;
    let api = postroom.api();
    let finished = eventually("the replay to be finished", || async {
        let endpoint = api.get(&path).await.expect(200).json();
        endpoint["replay"]["finishedAt"].is_string().then_some(endpoint)
    })
    .await;
    assert_eq!(finished["replay"]["queued"], contacts, "{finished}");
    eventually("every event", || async { (distinct(&receiver.of_type("contact.created")) == contacts).then_some(()) })
        .await;
    assert_eq!(deliveries(&api, &endpoint).await.len(), contacts, "an event was queued twice");
}

async fn a_replay_waits_for_a_failing_endpoint_and_delays_nothing_new(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    let address = api.channel().await.address();
    let (start, contacts) = old_events(&postroom, &api, 150, 1).await;
    receiver.always(Behaviour::Status(503));
    let endpoint = endpoint(&api, &receiver, &["contact.created", "message.received"]).await;
    let path = format!("/webhooks/{}", text(&endpoint, "/id"));
    api.post(&format!("{path}/replay"), json!({ "after": start })).await.expect(202);
    eventually("the replay to wait", || async {
        let endpoint = api.get(&path).await.expect(200).json();
        (endpoint["replay"]["queued"].as_u64()? >= 100).then_some(())
    })
    .await;
    mail_in(&postroom, &address, "Something new").await;
    receiver.wait_for("message.received", 1).await;
    let waiting = api.get(&path).await.expect(200).json();
    assert_eq!(
        (&waiting["replay"]["queued"], &waiting["replay"]["finishedAt"]),
        (&json!(100), &Value::Null),
        "{waiting}"
    );
    receiver.always(Behaviour::Status(200));
    eventually("the rest to follow once it answers again", || async {
        let endpoint = api.get(&path).await.expect(200).json();
        endpoint["replay"]["finishedAt"].is_string().then_some(())
    })
    .await;
    // The mail's sender is a contact too.
    eventually("every event to be delivered", || async {
        let delivered = deliveries(&api, &endpoint).await.iter().filter(|one| one["status"] == "delivered").count();
        (delivered == contacts + 2).then_some(())
    })
    .await;
}
