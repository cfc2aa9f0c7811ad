//! What every route has in common: who may ask, how errors look, what is refused before a handler sees it.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use store::testing::TestDb;

use crate::support::Server;

store::on_both_engines!(
    errors_are_problem_documents,
    pages_follow_their_cursor_in_both_directions,
    what_has_an_order_keeps_it_where_many_are_made_at_once,
    keys_and_sessions_come_in_and_nobody_else,
    health_needs_no_key_and_metrics_do_from_afar,
);

async fn errors_are_problem_documents(database: TestDb) {
    let server = Server::start(database).await;
    server.get("/api/v1/nothing").await.expect_problem(404, "notFound");
    server.get("/api/v1/channels/ch_nonsense").await.expect_problem(404, "notFound");
    server.ask("PUT", "/api/v1/channels", &server.key, None).await.expect_problem(405, "methodNotAllowed");
    server.get("/api/v1/channels?page=2").await.expect_problem(400, "unreadable");
    server.get("/api/v1/users/me?verbose=1").await.expect_problem(400, "unreadable");
    for query in ["take=0", "take=101", "take=many", "cursor=%25%25", "cursor=bm9uc2Vuc2U", "order=random"] {
        for list in ["channels", "users", "api-keys", "webhooks", "conversations", "messages", "contacts"] {
            server.get(&format!("/api/v1/{list}?{query}")).await.expect_problem(400, "unreadable");
        }
    }
    let raw = |content_type: &str, body: &'static str| {
        Request::post("/api/v1/channels")
            .header("x-api-key", &server.key)
            .header("content-type", content_type)
            .body(Body::from(body))
            .expect("a request")
    };
    server.send(raw("application/json", "{")).await.expect_problem(400, "unreadable");
    server.send(raw("application/json", "")).await.expect_problem(400, "unreadable");
    server.send(raw("text/plain", "{}")).await.expect_problem(415, "unsupportedMediaType");
    let unknown = server.post("/api/v1/channels", json!({"name": "A", "provider": "sandbox", "colour": 1})).await;
    assert_eq!(unknown.expect_problem(422, "invalid").pointers(), ["/colour"]);
    let answer = server.get("/api/v1/channels").await.expect(200);
    assert!(answer.header("x-request-id").starts_with("req_"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("default-src 'self'"));
}

async fn what_has_an_order_keeps_it_where_many_are_made_at_once(database: TestDb) {
    let server = Server::start(database).await;
    let bodies = [
        ("views", json!({"name": "Open", "filter": {"status": "open"}})),
        ("sla-policies", json!({"name": "Usual", "firstResponseSeconds": 3600})),
        ("automations", json!({"name": "A", "trigger": "message.received", "actions": [{"type": "stop"}]})),
    ];
    for (list, body) in bodies {
        let path = format!("/api/v1/{list}");
        let made = futures_util::future::join_all((0..16).map(|_| server.post(&path, body.clone()))).await;
        let mut positions: Vec<u64> =
            made.into_iter().filter_map(|answer| answer.expect(201).json()["position"].as_u64()).collect();
        positions.sort_unstable();
        assert_eq!(positions, (0..16).collect::<Vec<u64>>(), "{list}");
    }
}

async fn pages_follow_their_cursor_in_both_directions(database: TestDb) {
    let server = Server::start(database).await;
    for number in 0..4 {
        server.post("/api/v1/channels", json!({"name": format!("C{number}"), "provider": "sandbox"})).await.expect(201);
        server.post("/api/v1/api-keys", json!({"name": format!("K{number}"), "scopes": ["admin"]})).await.expect(201);
        let url = format!("https://hooks.example.com/{number}");
        server.post("/api/v1/webhooks", json!({"url": url, "events": ["*"]})).await.expect(201);
    }
    for list in ["channels", "api-keys", "webhooks"] {
        for order in ["asc", "desc"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = server
                    .get(&format!("/api/v1/{list}?take=2&order={order}&cursor={cursor}"))
                    .await
                    .expect(200)
                    .json();
                let items = page["items"].as_array().expect("items");
                assert!(!items.is_empty() && items.len() <= 2, "{page}");
                seen.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
                cursor = page["cursor"].as_str().expect("a cursor").to_owned();
                if cursor.is_empty() {
                    break;
                }
            }
            let mut sorted = seen.clone();
            sorted.sort();
            sorted.dedup();
            if order == "desc" {
                sorted.reverse();
            }
            assert_eq!(seen, sorted, "{list} {order}");
            assert!(seen.len() >= 4, "{list} {order}: {seen:?}");
        }
    }
}

async fn keys_and_sessions_come_in_and_nobody_else(database: TestDb) {
    let server = Server::start(database).await;
    let plain = |path: &str| Request::get(path).body(Body::empty()).expect("a request");
    let none = server.send(plain("/api/v1/channels")).await.expect_problem(401, "unauthenticated");
    assert_eq!(none.header("www-authenticate"), "Bearer");
    server.ask("GET", "/api/v1/channels", "pk_wrong", None).await.expect_problem(401, "unauthenticated");
    let by_header = Request::get("/api/v1/channels").header("x-api-key", &server.key).body(Body::empty());
    server.send(by_header.expect("a request")).await.expect(200);
    let cookie = Request::get("/api/v1/channels").header("cookie", "postroom_session=wrong").body(Body::empty());
    server.send(cookie.expect("a request")).await.expect_problem(401, "unauthenticated");
}

async fn health_needs_no_key_and_metrics_do_from_afar(database: TestDb) {
    let server = Server::start(database).await;
    let ask = |path: &str, forwarded: Option<&str>| {
        let request = Request::get(path);
        let request = match forwarded {
            Some(by) => request.header("x-forwarded-for", by),
            None => request,
        };
        request.body(Body::empty()).expect("a request")
    };
    server.send(ask("/healthz", None)).await.expect(200);
    server.send(ask("/readyz", None)).await.expect(200);
    assert!(server.send(ask("/metrics", None)).await.expect(200).text.contains("postroom_up"));
    server.send(ask("/metrics", Some("203.0.113.5"))).await.expect_problem(401, "unauthenticated");
    assert_eq!(server.send(ask("/openapi.json", None)).await.expect(200).json()["openapi"], "3.1.0");
    let docs = server.send(ask("/docs", None)).await.expect(200);
    assert!(docs.text.contains("/api/v1/channels") && !docs.text.contains("src=\"http"));
    server.send(ask("/conversations", None)).await.expect(200);
}
