//! Whose turn comes in a broadcast, what becomes of it, and what is counted of that.

use std::time::Duration;

use engine::broadcasts::expanding;
use model::limits::BROADCAST_CHUNK;
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::broadcasts::{Setting, numbers, three};
use crate::lists;

store::on_both_engines!(
    who_left_or_can_not_be_written_to_is_counted_apart,
    members_taken_off_before_their_turn_get_nothing,
    a_template_that_fits_nobody_stops_it,
    a_time_that_comes_starts_it,
    a_message_cancelled_by_itself_holds_nothing_up,
    what_recipients_do_is_counted_once_each,
    two_nodes_make_each_message_once,
);

fn many(count: usize) -> Value {
    (0..count).map(|n| json!({"address": format!("m{n}@example.org"), "variables": {"plan": "x"}})).collect()
}

async fn who_left_or_can_not_be_written_to_is_counted_apart(database: TestDb) {
    let mut members = three();
    members[1]["variables"] = json!({});
    let setting = Setting::start(database, members).await;
    let left =
        json!({"address": "cy@example.org", "scope": "useCase", "scopeId": setting.use_case, "reason": "unsubscribe"});
    setting.server.post("/api/v1/suppressions", left).await.expect(201);
    let id = setting.send(setting.body()).await;
    let _delivering = setting.deliver();
    let sent = setting.until_status(&id, "sent").await;
    let names = ["total", "queued", "remaining", "sent", "suppressed", "failed"];
    assert_eq!(numbers(&sent, &names), [3, 2, 0, 1, 1, 1], "{sent:#}");
    let problem = sent["problem"].as_str().expect("a problem");
    assert!(problem.contains("bo@example.org") && problem.contains("plan"), "{problem}");
    let messages = setting.messages().await;
    let statuses: Vec<_> = messages.iter().map(|message| (&message["to"], &message["status"])).collect();
    assert_eq!(
        statuses,
        [(&json!("ann@example.org"), &json!("delivered")), (&json!("cy@example.org"), &json!("suppressed"))]
    );
}

async fn members_taken_off_before_their_turn_get_nothing(database: TestDb) {
    let count = BROADCAST_CHUNK + 3;
    let setting = Setting::start(database, many(count)).await;
    let id = setting.send(setting.body()).await;
    assert!(setting.step().await);
    let begun = setting.get(&id).await;
    assert_eq!(numbers(&begun, &["total", "queued", "remaining"]), [503, 500, 3], "{begun:#}");
    let last = format!("{}/{}/members?order=desc&take=2", lists::LISTS, setting.list);
    let last = setting.server.get(&last).await.expect(200).json();
    let first = format!("{}/{}/members?take=1", lists::LISTS, setting.list);
    let first = setting.server.get(&first).await.expect(200).json();
    for member in [&last["items"][0], &last["items"][1], &first["items"][0]] {
        let contact = member["contactId"].as_str().expect("an id");
        let path = format!("{}/{}/members/{contact}", lists::LISTS, setting.list);
        setting.server.delete(&path).await.expect(204);
        // Who comes back is new.
        lists::add(&setting.server, &setting.list, json!([{"contactId": contact}])).await.expect(200);
    }
    while setting.step().await {}
    let made = setting.get(&id).await;
    assert_eq!(numbers(&made, &["total", "queued", "remaining"]), [501, 501, 0], "{made:#}");
}

async fn a_template_that_fits_nobody_stops_it(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let mut body = setting.body();
    body["text"] = json!("{{planet}}");
    let id = setting.send(body).await;
    while setting.step().await {}
    let stopped = setting.get(&id).await;
    assert_eq!(
        (&stopped["status"], numbers(&stopped, &["total", "queued", "failed"])),
        (&json!("paused"), vec![3, 0, 0])
    );
    assert!(stopped["problem"].as_str().is_some_and(|problem| problem.contains("planet")), "{stopped:#}");
    let member = json!([{"address": "ann@example.org", "variables": {"planet": "Mars"}}]);
    lists::add(&setting.server, &setting.list, member).await.expect(200);
    assert_eq!(setting.ask(&id, "resume").await["problem"], Value::Null);
    let _delivering = setting.deliver();
    let sent = setting.until_status(&id, "sent").await;
    assert_eq!(numbers(&sent, &["total", "queued", "sent", "failed"]), [3, 1, 1, 2], "{sent:#}");
}

async fn a_time_that_comes_starts_it(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let mut body = setting.body();
    let tomorrow = model::Timestamp::now().plus(Duration::from_secs(24 * 60 * 60));
    body["scheduledAt"] = json!(tomorrow);
    let (id, other) = (setting.make(body.clone()).await, setting.make(body).await);
    for id in [&id, &other] {
        assert_eq!(setting.ask(id, "send").await["status"], "scheduled");
    }
    assert!(!setting.step().await, "it is not due yet");
    setting.ask(&other, "cancel").await;
    // As if it were tomorrow.
    setting.execute("UPDATE broadcast SET due_at = 0 WHERE due_at IS NOT NULL").await;
    let _delivering = setting.deliver();
    let sent = setting.until_status(&id, "sent").await;
    assert_eq!(numbers(&sent, &["total", "sent"]), [3, 3]);
    assert_eq!(setting.get(&other).await["status"], "cancelled");
}

async fn a_message_cancelled_by_itself_holds_nothing_up(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let id = setting.send(setting.body()).await;
    while setting.step().await {}
    let message = setting.messages().await[0]["id"].as_str().expect("an id").to_owned();
    setting.server.post(&format!("/api/v1/messages/{message}/cancel"), json!({})).await.expect(200);
    let _delivering = setting.deliver();
    let sent = setting.until_status(&id, "sent").await;
    assert_eq!(numbers(&sent, &["total", "queued", "sent", "remaining"]), [3, 3, 2, 0], "{sent:#}");
}

async fn what_recipients_do_is_counted_once_each(database: TestDb) {
    let setting = Setting::start(database, three()).await;
    let mut body = setting.body();
    body["html"] = json!("<p>{{plan}} <a href=\"https://shop.example/\">shop</a></p>");
    body["tracking"] = json!({"opens": true, "clicks": true});
    let id = setting.send(body).await;
    let delivering = setting.deliver();
    setting.until_status(&id, "sent").await;
    let message = setting.messages().await.remove(0);
    let html = message["content"]["email"]["html"].as_str().expect("an HTML").to_owned();
    let path_of = |mark: &str| -> String {
        let rest = &html[html.find(mark).expect("a mark")..];
        rest.split('"').next().expect("an end").trim_start_matches("http://127.0.0.1:8025").to_owned()
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let open = async |path: &str, agent: &str| {
        let request = axum::http::Request::get(path).header("user-agent", agent).body(axum::body::Body::empty());
        setting.server.send(request.expect("a request")).await;
    };
    let pixel = path_of("http://127.0.0.1:8025/t/o/");
    for _ in 0..3 {
        open(&pixel, firefox).await;
    }
    let unsubscribe = path_of("http://127.0.0.1:8025/unsubscribe/");
    for _ in 0..2 {
        let request = axum::http::Request::post(&unsubscribe)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from("List-Unsubscribe=One-Click"));
        setting.server.send(request.expect("a request")).await.expect(200);
    }
    setting.count().await;
    let counted = setting.get(&id).await;
    assert_eq!(numbers(&counted, &["sent", "opened", "clicked", "unsubscribed"]), [3, 1, 0, 1], "{counted:#}");
    drop(delivering);
}

async fn two_nodes_make_each_message_once(database: TestDb) {
    let setting = Setting::start(database, many(40)).await;
    let id = setting.send(setting.body()).await;
    // A lease that ended while its owner still works: both make the same chunk.
    let node = async |lease: &'static str| {
        for _ in 0..4 {
            expanding::step(setting.server.engine(), lease).await.expect("a step");
            setting.execute("UPDATE broadcast SET due_at = 0 WHERE due_at IS NOT NULL").await;
        }
    };
    tokio::join!(node("one"), node("two"), node("three"));
    while setting.step().await {}
    let made = setting.get(&id).await;
    assert_eq!(numbers(&made, &["total", "queued", "remaining"]), [40, 40, 0], "{made:#}");
    let made = |tx: &mut store::Tx<'_>| {
        tx.query("SELECT COUNT(*), COUNT(DISTINCT recipients) FROM message", &[], |row| Ok((row.int(0)?, row.int(1)?)))
    };
    assert_eq!(setting.server.engine().db.read(made).await.expect("counts"), [(40, 40)]);
}
