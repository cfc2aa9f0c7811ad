//! `Idempotency-Key`: once is once.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::support::{Answer, Server};

store::on_both_engines!(
    the_same_key_and_body_answer_what_the_first_answered,
    another_body_or_another_asker_is_a_conflict,
    many_at_once_do_the_work_once,
    two_nodes_at_once_do_the_work_once,
    a_refusal_that_may_pass_frees_the_key,
    answers_are_sealed_at_rest,
);

async fn post(server: &Server, key: &str, idempotency_key: &str, body: &Value) -> Answer {
    post_to(server, "/api/v1/api-keys", key, idempotency_key, body).await
}

pub async fn post_to(server: &Server, path: &str, key: &str, idempotency_key: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", idempotency_key)
        .body(Body::from(body.to_string()));
    server.send(request.expect("a request")).await
}

fn body(name: &str) -> Value {
    json!({"name": name, "scopes": ["channels:read"]})
}

async fn keys_named(server: &Server, name: &str) -> usize {
    let list = server.get("/api/v1/api-keys").await.expect(200).json();
    list["items"].as_array().expect("items").iter().filter(|key| key["name"] == name).count()
}

async fn the_same_key_and_body_answer_what_the_first_answered(database: TestDb) {
    let server = Server::start(database).await;
    let first = post(&server, &server.key, "one", &body("Once")).await.expect(201);
    let second = post(&server, &server.key, "one", &body("Once")).await.expect(201);
    assert_eq!(first.json(), second.json());
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(keys_named(&server, "Once").await, 1);
    post(&server, &server.key, "two", &body("Once")).await.expect(201);
    assert_eq!(keys_named(&server, "Once").await, 2);
    for wrong in ["", &"x".repeat(256)] {
        post(&server, &server.key, wrong, &body("Once")).await.expect_problem(400, "unreadable");
    }
}

async fn another_body_or_another_asker_is_a_conflict(database: TestDb) {
    let server = Server::start(database).await;
    post(&server, &server.key, "one", &body("A")).await.expect(201);
    post(&server, &server.key, "one", &body("B")).await.expect_problem(409, "idempotencyConflict");
    let colleague = server.post("/api/v1/api-keys", json!({"name": "C", "scopes": ["admin"]})).await.expect(201).json();
    let colleague = colleague["key"].as_str().expect("a key");
    post(&server, colleague, "one", &body("A")).await.expect_problem(409, "idempotencyConflict");
    let foreign = server.foreign_key().await;
    post(&server, &foreign, "one", &body("A")).await.expect(201);
}

async fn many_at_once_do_the_work_once(database: TestDb) {
    let server = Server::start(database).await;
    let body = body("Together");
    let (first, second, third) = tokio::join!(
        post(&server, &server.key, "one", &body),
        post(&server, &server.key, "one", &body),
        post(&server, &server.key, "one", &body)
    );
    for answer in [first, second, third] {
        assert!([201, 409].contains(&answer.status.as_u16()), "{answer:?}");
    }
    assert_eq!(keys_named(&server, "Together").await, 1);
}

async fn two_nodes_at_once_do_the_work_once(database: TestDb) {
    let server = Server::start(database).await;
    let other = server.another_node();
    let content = json!({"type": "email", "email": {"subject": "Once", "text": "Once"}});
    let message = json!({"channelId": server.product.channel.id, "to": "ann@example.com", "content": content});
    for round in 0..5 {
        let (key, mail) = (body(&format!("Round {round}")), format!("mail-{round}"));
        let keys = tokio::join!(post(&server, &server.key, "key", &key), post(&other, &server.key, "key", &key));
        let (one, two) = (keys.0.expect(201).json(), keys.1.expect(201).json());
        assert_eq!((&one["id"], &one["key"]), (&two["id"], &two["key"]), "one of them was never kept");
        assert_eq!(keys_named(&server, &format!("Round {round}")).await, 1);
        let sent = tokio::join!(
            post_to(&server, "/api/v1/messages", &server.key, &mail, &message),
            post_to(&other, "/api/v1/messages", &server.key, &mail, &message)
        );
        assert_eq!(sent.0.expect(202).json()["id"], sent.1.expect(202).json()["id"]);
        server.forget_requests().await;
    }
    let sent = server.get("/api/v1/messages").await.expect(200).json();
    assert_eq!(sent["items"].as_array().expect("items").len(), 5);
}

async fn a_refusal_that_may_pass_frees_the_key(database: TestDb) {
    let server = Server::start(database).await;
    let reader =
        server.post("/api/v1/api-keys", json!({"name": "R", "scopes": ["channels:read"]})).await.expect(201).json();
    let reader = reader["key"].as_str().expect("a key").to_owned();
    post(&server, &reader, "one", &body("A")).await.expect_problem(403, "forbidden");
    post(&server, &server.key, "one", &body("A")).await.expect(201);
}

async fn answers_are_sealed_at_rest(database: TestDb) {
    let server = Server::start(database).await;
    let made = post(&server, &server.key, "one", &body("Once")).await.expect(201).json();
    let secret = made["key"].as_str().expect("a key").to_owned();
    let read = |tx: &mut store::Tx<'_>| {
        tx.query_one("SELECT response FROM idempotency WHERE idempotency_key = 'one'", &[], |row| row.text(0))
    };
    let kept = server.engine().db.read(read).await.expect("reads").expect("an answer");
    let read = |tx: &mut store::Tx<'_>| tx.query_one("SELECT outcome FROM idempotency_outcome", &[], |row| row.text(0));
    let noted = server.engine().db.read(read).await.expect("reads").expect("an outcome");
    for text in [kept, noted] {
        assert!(!text.is_empty() && !text.contains(&secret) && !text.contains("Once"));
    }
}
