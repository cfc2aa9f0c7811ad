//! Opens and clicks: what a tracked message carries, what following a mark answers, and what is counted and told of it.

use axum::body::Body;
use axum::http::Request;
use engine::tracking::EVENTS_OF_A_MESSAGE_MAX;
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::support::{Answer, Server};

store::on_both_engines!(
    a_tracked_message_is_counted_and_told_of,
    machines_are_counted_apart,
    a_changed_token_leads_nowhere_and_counts_nothing,
    tracking_is_refused_where_it_could_not_be_told_apart,
    counts_are_of_ones_own_messages,
    events_of_one_message_end_and_counting_goes_on,
    what_is_not_tracked_stays_as_it_was_written,
);

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const HTML: &str = "<html><body><p>Hi</p><a href=\"https://shop.example/?a=1&amp;b=2\">shop</a> \
    <a href='mailto:x@y.example'>mail</a> <a data-postroom-notrack href=\"https://plain.example/\">plain</a> \
    <a href=\"https://shop.example/unsubscribe?id=1\">leave</a></body></html>";

fn message(server: &Server, tracking: Value) -> Value {
    let email = json!({"subject": "s", "text": "t", "html": HTML});
    json!({"channelId": server.product.channel.id, "to": "Ann <ann@example.org>", "tracking": tracking,
        "content": {"type": "email", "email": email}})
}

/// Sends a message and answers its id and its HTML.
async fn sent(server: &Server, tracking: Value) -> (String, String) {
    let body = message(server, tracking);
    let made = server.post("/api/v1/messages", body).await.expect(202).json();
    let html = made["content"]["email"]["html"].as_str().expect("an HTML").to_owned();
    (made["id"].as_str().expect("an id").to_owned(), html)
}

/// The path of the first mark of that kind.
fn mark(html: &str, kind: &str) -> String {
    let begin = html.find(&format!("http://127.0.0.1:8025/t/{kind}/")).expect("a mark");
    let url = html[begin..].split('"').next().expect("an end");
    url.trim_start_matches("http://127.0.0.1:8025").to_owned()
}

async fn follow(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers
        .iter()
        .fold(Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value));
    server.send(request.body(Body::empty()).expect("a request")).await
}

async fn engagement(server: &Server, id: &str) -> Value {
    server.get(&format!("/api/v1/messages/{id}")).await.expect(200).json()["engagement"].clone()
}

async fn told(server: &Server, event_type: &str) -> Vec<Value> {
    server.product.settle().await;
    let mut events = Vec::new();
    let mut after = String::new();
    loop {
        let page = server.get(&format!("/api/v1/events?take=100{after}")).await.expect(200).json();
        let items = page["items"].as_array().expect("items").clone();
        let Some(last) = items.last() else { return events };
        after = format!("&after={}", last["id"].as_str().expect("an id"));
        events.extend(items.into_iter().filter(|event| event["type"] == event_type));
    }
}

async fn a_tracked_message_is_counted_and_told_of(database: TestDb) {
    let server = Server::start(database).await;
    let (id, html) = sent(&server, json!({"opens": true, "clicks": true})).await;
    assert_eq!(html.matches("/t/c/").count(), 1, "{html}");
    assert!(html.contains("<a href=\"https://plain.example/\">plain</a>"), "{html}");
    assert!(html.contains("<a href='mailto:x@y.example'>") && html.contains("https://shop.example/unsubscribe?id=1"));
    assert!(html.trim_end().ends_with("</body></html>"), "{html}");
    let raw = server.get(&format!("/api/v1/messages/{id}/raw")).await.expect(200).text;
    assert!(!raw.contains("plain.example/\" data-postroom"), "what is stored is what is sent");
    assert_eq!(engagement(&server, &id).await["opens"], 0);

    let pixel = follow(&server, "GET", &mark(&html, "o"), &[("user-agent", FIREFOX)]).await.expect(200);
    assert_eq!(pixel.header("content-type"), "image/gif");
    assert!(pixel.header("cache-control").contains("no-store"));
    let with_more = format!("{}?utm_source=x", mark(&html, "c"));
    let headers = [("user-agent", FIREFOX), ("x-forwarded-for", "198.51.100.1, 203.0.113.9")];
    let click = follow(&server, "GET", &with_more, &headers).await.expect(302);
    assert_eq!(click.header("location"), "https://shop.example/?a=1&b=2");

    let counted = engagement(&server, &id).await;
    let counts = ["opens", "machineOpens", "clicks", "machineClicks"].map(|name| counted[name].as_u64());
    assert_eq!(counts, [Some(1), Some(0), Some(1), Some(0)], "{counted}");
    assert!(counted["firstOpenedAt"].is_string() && counted["firstOpenedAt"] == counted["lastOpenedAt"]);
    let opened = told(&server, "email.opened").await;
    let data = &opened.first().expect("an event")["data"];
    assert_eq!((&data["messageId"], &data["recipient"]), (&json!(id), &json!("ann@example.org")));
    assert_eq!(data["metadata"], json!({"userAgent": FIREFOX, "ip": "127.0.0.1", "machine": false, "by": null}));
    let clicked = told(&server, "email.clicked").await;
    let data = &clicked.first().expect("an event")["data"];
    assert_eq!(data["url"], "https://shop.example/?a=1&b=2");
    assert_eq!(data["metadata"]["ip"], "203.0.113.9");
}

async fn machines_are_counted_apart(database: TestDb) {
    let server = Server::start(database).await;
    let (id, html) = sent(&server, json!({"opens": true, "clicks": true})).await;
    let (pixel, click) = (mark(&html, "o"), mark(&html, "c"));
    for (method, path, headers) in [
        ("GET", &pixel, vec![("user-agent", "Mozilla/5.0")]),
        ("GET", &pixel, vec![("user-agent", "Mozilla/5.0 (via ggpht.com GoogleImageProxy)")]),
        ("HEAD", &pixel, vec![("user-agent", FIREFOX)]),
        ("GET", &pixel, vec![]),
        ("GET", &click, vec![("user-agent", FIREFOX), ("sec-purpose", "prefetch;prerender")]),
        ("HEAD", &click, vec![("user-agent", FIREFOX)]),
    ] {
        let answer = follow(&server, method, path, &headers).await;
        assert!(answer.status == 200 || answer.status == 302, "{answer:?}");
    }
    let counted = engagement(&server, &id).await;
    let counts = ["opens", "machineOpens", "clicks", "machineClicks"].map(|name| counted[name].as_u64());
    assert_eq!(counts, [Some(0), Some(4), Some(0), Some(2)], "{counted}");
    assert!(counted["firstOpenedAt"].is_null());
    let by = |events: Vec<Value>| -> Vec<String> {
        events.iter().map(|event| event["data"]["metadata"]["by"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(by(told(&server, "email.opened").await), ["applePrivacy", "proxy", "scanner", "scanner"]);
    assert_eq!(by(told(&server, "email.clicked").await), ["prefetch", "scanner"]);
}

async fn a_changed_token_leads_nowhere_and_counts_nothing(database: TestDb) {
    let server = Server::start(database).await;
    let (id, html) = sent(&server, json!({"opens": true, "clicks": true})).await;
    let (pixel, click) = (mark(&html, "o"), mark(&html, "c"));
    let swapped = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).expect("ASCII")
    };
    for path in [
        swapped(&click, 20),
        swapped(&click, click.len() - 8),
        swapped(&pixel, pixel.len() - 8),
        click.replace("/t/c/", "/t/o/"),
        pixel.replace("/t/o/", "/t/c/"),
        format!("/t/c/{}", "A".repeat(5_000)),
        "/t/c/aHR0cHM6Ly9ldmlsLmV4YW1wbGU".into(),
        "/t/c/https%3A%2F%2Fevil.example".into(),
        "/t/o/x".into(),
    ] {
        let answer = follow(&server, "GET", &path, &[("user-agent", FIREFOX)]).await.expect(404);
        assert!(answer.header("location").is_empty() && answer.header("content-type").starts_with("text/html"));
        assert!(!answer.text.contains("evil"), "{}", answer.text);
    }
    let counted = engagement(&server, &id).await;
    assert_eq!((&counted["opens"], &counted["clicks"], &counted["machineOpens"]), (&json!(0), &json!(0), &json!(0)));
}

async fn tracking_is_refused_where_it_could_not_be_told_apart(database: TestDb) {
    let server = Server::start(database).await;
    let opens = json!({"opens": true});
    let mut two = message(&server, opens.clone());
    two["to"] = json!(["a@example.org", "b@example.org"]);
    let refused = server.post("/api/v1/messages", two).await.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/tracking"]);
    assert!(refused.text.contains("one message a recipient"), "{}", refused.text);
    let mut blind = message(&server, opens.clone());
    blind["content"]["email"]["bcc"] = json!("b@example.org");
    assert_eq!(server.post("/api/v1/messages", blind).await.expect(422).pointers(), ["/tracking"]);
    let mut text = message(&server, json!({"opens": true, "clicks": true}));
    text["content"]["email"]["html"] = Value::Null;
    assert_eq!(server.post("/api/v1/messages", text).await.expect(422).pointers(), ["/tracking"]);
    let unknown = message(&server, json!({"opens": true, "hovers": true}));
    assert_eq!(server.post("/api/v1/messages", unknown).await.expect(422).pointers(), ["/tracking/hovers"]);
    let batch = json!({"messages": [message(&server, opens.clone()), message(&server, json!({"opens": "yes"}))]});
    let items = server.post("/api/v1/messages/batch", batch).await.expect(202).json()["items"].clone();
    assert_eq!((&items[0]["status"], &items[1]["status"]), (&json!(202), &json!(422)));
    assert!(items[0]["message"]["engagement"].is_object());
}

async fn counts_are_of_ones_own_messages(database: TestDb) {
    let server = Server::start(database).await;
    let (id, html) = sent(&server, json!({"opens": true})).await;
    assert!(!html.contains("/t/c/"), "{html}");
    follow(&server, "GET", &mark(&html, "o"), &[("user-agent", FIREFOX)]).await.expect(200);
    let foreign = server.foreign_key().await;
    server.ask("GET", &format!("/api/v1/messages/{id}"), &foreign, None).await.expect(404);
    let events = server.ask("GET", "/api/v1/events", &foreign, None).await.expect(200);
    assert!(!events.text.contains("email.opened"), "{}", events.text);
}

async fn events_of_one_message_end_and_counting_goes_on(database: TestDb) {
    let server = Server::start(database).await;
    let (id, html) = sent(&server, json!({"opens": true})).await;
    let pixel = mark(&html, "o");
    for _ in 0..EVENTS_OF_A_MESSAGE_MAX + 3 {
        follow(&server, "GET", &pixel, &[("user-agent", FIREFOX)]).await.expect(200);
    }
    assert_eq!(engagement(&server, &id).await["opens"], EVENTS_OF_A_MESSAGE_MAX + 3);
    assert_eq!(told(&server, "email.opened").await.len() as u64, EVENTS_OF_A_MESSAGE_MAX);
}

async fn what_is_not_tracked_stays_as_it_was_written(database: TestDb) {
    let server = Server::start(database).await;
    let (id, html) = sent(&server, json!({"opens": false, "clicks": false})).await;
    assert_eq!(html.trim_end(), HTML);
    assert!(engagement(&server, &id).await.is_null());
}
