//! Webhook endpoints: created, tried, replayed; their secrets.

use serde_json::json;
use store::testing::TestDb;

use crate::support::Server;

store::on_both_engines!(
    an_endpoint_shows_its_secret_at_creation_and_rotation_alone,
    wrong_fields_are_pointed_at,
    a_test_and_a_replay_queue_deliveries_that_can_be_retried,
);

async fn an_endpoint_shows_its_secret_at_creation_and_rotation_alone(database: TestDb) {
    let server = Server::start(database).await;
    let body = json!({"url": "https://hooks.example.com/in", "events": ["message.*", "conversation.created"]});
    let made = server.post("/api/v1/webhooks", body).await.expect(201).json();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_"), "{secret}");
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().expect("an id"));
    let shown = server.get(&path).await.expect(200);
    assert!(!shown.text.contains("whsec_"), "{}", shown.text);
    let rotated = server.post(&format!("{path}/rotate-secret"), json!({})).await.expect(200).json();
    assert_ne!(rotated["secret"].as_str().expect("a new secret"), secret);
    let stopped = server.patch(&path, json!({"enabled": false})).await.expect(200).json();
    assert_eq!(stopped["enabled"], false);
    server.post(&format!("{path}/test"), json!({})).await.expect_problem(409, "conflict");
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_problem(404, "notFound");
}

async fn wrong_fields_are_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    let url = "https://hooks.example.com/in";
    for (body, pointer) in [
        (json!({"events": ["*"]}), "/url"),
        (json!({"url": url, "events": []}), "/events"),
        (json!({"url": url, "events": ["*", "message.teleported"]}), "/events/1"),
        (json!({"url": url, "format": "xml"}), "/format"),
        (json!({"url": url, "secret": "not base64!"}), "/secret"),
        (json!({"url": url, "color": "red"}), "/color"),
    ] {
        let refused = server.post("/api/v1/webhooks", body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
}

async fn a_test_and_a_replay_queue_deliveries_that_can_be_retried(database: TestDb) {
    let server = Server::start(database).await;
    let body = json!({"url": "https://hooks.example.com/in", "events": ["channel.*"]});
    let made = server.post("/api/v1/webhooks", body).await.expect(201).json();
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().expect("an id"));
    server.post(&format!("{path}/test"), json!({})).await.expect(202);
    let list = server.get(&format!("{path}/deliveries")).await.expect(200).json();
    assert_eq!(list["items"][0]["eventType"], "webhook.test", "{list}");
    assert_eq!(list["items"][0]["status"], "pending");
    let delivery = list["items"][0]["id"].as_str().expect("an id");
    server.post(&format!("{path}/deliveries/{delivery}/retry"), json!({})).await.expect(202);
    let unknown = format!("{path}/deliveries/wdl_00000000000000000000000000/retry");
    server.post(&unknown, json!({})).await.expect_problem(404, "notFound");

    server.post("/api/v1/channels", json!({"name": "A", "provider": "sandbox"})).await.expect(201);
    server.post("/api/v1/channels", json!({"name": "B", "provider": "sandbox"})).await.expect(201);
    server.product.settle().await;
    let events = server.get("/api/v1/events").await.expect(200).json();
    let first = events["items"][0]["id"].as_str().expect("an event");
    let replayed = server.post(&format!("{path}/replay"), json!({"after": first})).await.expect(202).json();
    assert_eq!((&replayed["after"], &replayed["finishedAt"]), (&json!(first), &json!(null)), "{replayed}");
    assert_eq!(server.get(&path).await.expect(200).json()["replay"], replayed);
    server.post(&format!("{path}/replay"), json!({"after": first})).await.expect_problem(409, "conflict");
    server.delete(&format!("{path}/replay")).await.expect(204);
    server.delete(&format!("{path}/replay")).await.expect_problem(404, "notFound");
    let stopped = server.get(&path).await.expect(200).json();
    assert!(stopped["replay"]["finishedAt"].is_string(), "{stopped}");
    let gone = json!({"after": "evt_00000000000000000000000000"});
    server.post(&format!("{path}/replay"), gone).await.expect_problem(410, "gone");
    let nonsense = server.post(&format!("{path}/replay"), json!({"after": "x"})).await.expect_problem(422, "invalid");
    assert_eq!(nonsense.pointers(), ["/after"]);
}
