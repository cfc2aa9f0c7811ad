//! Suppressions: added, listed, taken away, imported and exported; and what they do to what is sent.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::Request;
use model::key::Scope;
use model::limits::SUPPRESSION_IMPORT_ROWS_MAX;
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::support::{Answer, Server, key};

store::on_both_engines!(
    an_address_is_suppressed_and_freed,
    what_is_wrong_with_a_suppression_is_pointed_at,
    suppressions_need_their_scopes,
    suppressed_recipients_are_not_sent_to,
    people_who_wrote_are_answered_though_they_unsubscribed,
    a_list_is_imported_and_exported,
    an_import_that_is_wrong_is_refused,
    the_mailbox_api_shows_suppressions_as_blocklists,
);

const PATH: &str = "/api/v1/suppressions";

async fn addresses(server: &Server, query: &str) -> Vec<String> {
    let page = server.get(&format!("{PATH}{query}")).await.expect(200).json();
    let items = page["items"].as_array().expect("items").iter();
    items.map(|item| item["address"].as_str().expect("an address").to_owned()).collect()
}

async fn an_address_is_suppressed_and_freed(database: TestDb) {
    let server = Server::start(database).await;
    let made = server.post(PATH, json!({"address": " Ann@EXAMPLE.org", "detail": "asked by phone"})).await.expect(201);
    let made = made.json();
    assert_eq!(made["address"], "ann@example.org");
    assert_eq!((&made["scope"], &made["scopeId"]), (&json!("workspace"), &Value::Null));
    assert_eq!((&made["reason"], &made["expiresAt"]), (&json!("manual"), &Value::Null));
    assert!(made["id"].as_str().is_some_and(|id| id.starts_with("supp_")), "{made}");
    // Once more is no other; a weaker reason changes nothing.
    let again = server.post(PATH, json!({"address": "ann@example.org", "reason": "softBounce"})).await.expect(200);
    assert_eq!(again.json(), made);
    let stronger = server.post(PATH, json!({"address": "ann@example.org", "reason": "complaint"})).await.expect(200);
    assert_eq!((&stronger.json()["id"], &stronger.json()["reason"]), (&made["id"], &json!("complaint")));
    for (scope, scope_id) in [("useCase", "uc_1"), ("domain", "dom_1")] {
        let body = json!({"address": "ann@example.org", "scope": scope, "scopeId": scope_id, "reason": "unsubscribe"});
        server.post(PATH, body).await.expect(201);
    }
    server.post(PATH, json!({"address": "bob@example.org", "expiresAt": "2999-01-01T00:00:00Z"})).await.expect(201);
    assert_eq!(addresses(&server, "").await.len(), 4);
    assert_eq!(addresses(&server, "?address=ANN@example.org").await.len(), 3);
    assert_eq!(addresses(&server, "?scope=useCase&scopeId=uc_1").await, ["ann@example.org"]);
    assert_eq!(addresses(&server, "?scope=domain&scopeId=uc_1").await.len(), 0);
    assert_eq!(addresses(&server, "?reason=manual").await, ["bob@example.org"]);
    assert_eq!(addresses(&server, "?address=nobody").await.len(), 0);
    let first = server.get(&format!("{PATH}?take=3&order=asc")).await.expect(200).json();
    let cursor = first["cursor"].as_str().expect("a cursor");
    let second = server.get(&format!("{PATH}?take=3&order=asc&cursor={cursor}")).await.expect(200).json();
    // Those of one millisecond are in any order.
    let pages = [&first, &second].into_iter().flat_map(|page| page["items"].as_array().expect("items"));
    let ids: HashSet<&str> = pages.filter_map(|item| item["id"].as_str()).collect();
    assert_eq!((ids.len(), second["items"].as_array().map(Vec::len)), (4, Some(1)));

    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    server.get(&path).await.expect(200);
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_problem(404, "notFound");
    server.delete(&path).await.expect_problem(404, "notFound");
    let workspace = server.product.workspace_id.clone();
    let removals = move |tx: &mut store::Tx<'_>| store::suppressions::removals(tx, &workspace, "ann@example.org");
    let removals = server.engine().db.read(removals).await.expect("the removals");
    assert_eq!(removals.len(), 1);
    assert!(removals[0].0.starts_with("key_"), "{removals:?}");
}

async fn what_is_wrong_with_a_suppression_is_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    for (body, pointers) in [
        (json!({"address": "nobody"}), vec!["/address"]),
        (json!({}), vec!["/address"]),
        (json!({"address": "a@example.org", "scope": "planet"}), vec!["/scope"]),
        (json!({"address": "a@example.org", "scope": "useCase"}), vec!["/scopeId"]),
        (json!({"address": "a@example.org", "scopeId": "uc_1"}), vec!["/scopeId"]),
        (json!({"address": "a@example.org", "scope": "domain", "scopeId": "a b"}), vec!["/scopeId"]),
        (json!({"address": "a@example.org", "reason": "boredom"}), vec!["/reason"]),
        (json!({"address": "a@example.org", "expiresAt": "2001-01-01T00:00:00Z"}), vec!["/expiresAt"]),
        (json!({"address": "a@example.org", "expiresAt": "soon"}), vec!["/expiresAt"]),
        (json!({"address": "a@example.org", "because": "x"}), vec!["/because"]),
        (
            json!({"address": "x", "scope": "domain", "detail": "x".repeat(1_001)}),
            vec!["/address", "/scopeId", "/detail"],
        ),
    ] {
        assert_eq!(server.post(PATH, body.clone()).await.expect(422).pointers(), pointers, "{body}");
    }
    for query in ["?scope=planet", "?reason=boredom", "?adress=x", "?take=0"] {
        server.get(&format!("{PATH}{query}")).await.expect(400);
    }
    server.get(&format!("{PATH}/supp_1")).await.expect(404);
    assert!(addresses(&server, "").await.is_empty());
}

async fn suppressions_need_their_scopes(database: TestDb) {
    let server = Server::start(database).await;
    let made = server.post(PATH, json!({"address": "a@example.org"})).await.expect(201).json();
    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    let workspace = &server.product.workspace_id;
    let reader = key(server.engine(), workspace, &[Scope::SuppressionsRead]).await;
    let writer = key(server.engine(), workspace, &[Scope::SuppressionsWrite]).await;
    let other = key(server.engine(), workspace, &[Scope::MessagesSend]).await;
    let body = || Some(json!({"address": "b@example.org"}));
    for (key, read, write) in [(&reader, 200, 403), (&writer, 200, 201), (&other, 403, 403)] {
        for path in [PATH, &path, "/api/v1/suppressions/export"] {
            server.ask("GET", path, key, None).await.expect(read);
        }
        server.ask("POST", PATH, key, body()).await.expect(write);
        if write == 403 {
            server.ask("DELETE", &path, key, None).await.expect(403);
            import(&server, key, "address\nx@example.org\n").await.expect(403);
        }
    }
    let foreign = server.foreign_key().await;
    server.ask("DELETE", &path, &foreign, None).await.expect(404);
    let listed = server.ask("GET", PATH, &foreign, None).await.expect(200).json();
    assert_eq!(listed["items"], json!([]));
    let exported = server.ask("GET", "/api/v1/suppressions/export", &foreign, None).await.expect(200);
    assert!(!exported.text.contains("example.org"), "{}", exported.text);
}

fn message(server: &Server, to: Value) -> Value {
    json!({"channelId": server.product.channel.id, "to": to,
        "content": {"type": "email", "email": {"subject": "News", "text": "Hello"}}})
}

async fn suppressed_recipients_are_not_sent_to(database: TestDb) {
    let server = Server::start(database).await;
    let made = server.post(PATH, json!({"address": "no@example.org", "reason": "complaint"})).await.expect(201).json();
    // Of another use case: it does not go by this channel.
    let elsewhere = json!({"address": "yes@example.org", "scope": "useCase", "scopeId": "uc_1"});
    server.post(PATH, elsewhere).await.expect(201);
    let sent = server.post("/api/v1/messages", message(&server, json!(["yes@example.org", "NO@example.org"]))).await;
    let sent = sent.expect(202).json();
    assert_eq!(sent["status"], "suppressed", "{sent:#}");
    assert_eq!(sent["recipients"][0]["status"], "queued");
    assert_eq!(sent["recipients"][1]["status"], "suppressed");
    let id = sent["id"].as_str().expect("an id");
    let deliveries = server.get(&format!("/api/v1/messages/{id}/deliveries")).await.expect(200).json();
    let held = deliveries["items"].as_array().expect("items").iter().find(|item| item["recipient"] == "NO@example.org");
    let held = held.expect("a delivery");
    assert_eq!((&held["status"], &held["nextAttemptAt"]), (&json!("suppressed"), &Value::Null));
    server.product.settle().await;
    let events = server.get("/api/v1/events?take=100").await.expect(200).json();
    let told: Vec<&Value> = events["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|event| event["type"] == "message.suppressed")
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["recipient"], "NO@example.org");
    assert_eq!((&told[0]["data"]["reason"], &told[0]["data"]["id"]), (&json!("complaint"), &sent["id"]));
    assert_eq!(told[0]["data"]["suppressionId"], made["id"]);
    // Who is freed can be written to once more.
    let path = format!("{PATH}/{}", made["id"].as_str().expect("an id"));
    server.delete(&path).await.expect(204);
    server.post(&format!("/api/v1/messages/{id}/retry"), json!({})).await;
    let shown = server.get(&format!("/api/v1/messages/{id}")).await.expect(200).json();
    assert_eq!(shown["status"], "queued", "{shown:#}");
}

async fn people_who_wrote_are_answered_though_they_unsubscribed(database: TestDb) {
    let server = Server::start(database).await;
    let mail = "From: Ann <ann@example.org>\r\nTo: support@acme.test\r\nSubject: Help\r\nMessage-ID: <1@example.org>\r\n\r\nHelp!\r\n";
    let received = server.product.receive(mail).await;
    let conversation =
        server.get(&format!("/api/v1/messages/{received}")).await.expect(200).json()["conversationId"].clone();
    let conversation = format!("/api/v1/conversations/{}/messages", conversation.as_str().expect("an id"));
    for (reason, reply, fresh) in [
        ("softBounce", "queued", "suppressed"),
        ("unsubscribe", "queued", "suppressed"),
        ("manual", "suppressed", "suppressed"),
        ("hardBounce", "suppressed", "suppressed"),
        ("complaint", "suppressed", "suppressed"),
    ] {
        server.post(PATH, json!({"address": "ann@example.org", "reason": reason})).await;
        let replied = server.post(&conversation, json!({"text": "Here is how."})).await.expect(202).json();
        assert_eq!(replied["status"], reply, "{reason}");
        let sent = server.post("/api/v1/messages", message(&server, json!("ann@example.org"))).await.expect(202);
        assert_eq!(sent.json()["status"], fresh, "{reason}");
    }
    // Who never wrote in a conversation is nobody to be answered in it.
    server.post(PATH, json!({"address": "bob@example.org", "reason": "unsubscribe"})).await.expect(201);
    let replied = server.post(&conversation, json!({"text": "News!", "to": ["bob@example.org"]})).await.expect(202);
    assert_eq!(replied.json()["status"], "suppressed");
}

async fn import(server: &Server, key: &str, csv: impl Into<Body>) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/suppressions/import")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "text/csv; charset=utf-8")
        .body(csv.into());
    server.send(request.expect("a request")).await
}

async fn a_list_is_imported_and_exported(database: TestDb) {
    let server = Server::start(database).await;
    let csv = "\u{feff}address,reason,scope,scopeId,expiresAt\r\n\
        Ann@example.org,hardBounce,,,\r\n\
        nobody,,,,\r\n\
        \"bob@example.org\",unsubscribe,useCase,uc_1,2999-01-01T00:00:00Z\r\n\
        \r\n\
        carl@example.org,boredom,,,\r\n\
        carl@example.org,,domain,,\r\n\
        carl@example.org,,,,yesterday\r\n\
        \"dora@example.org\"x,,,,\r\n\
        ann@example.org\r\n\
        eve@example.org,complaint,,,,,\r\n";
    let done = import(&server, &server.key, csv).await.expect(200).json();
    assert_eq!((&done["rows"], &done["added"], &done["rejected"]), (&json!(9), &json!(2), &json!(6)), "{done:#}");
    assert_eq!((&done["changed"], &done["unchanged"]), (&json!(0), &json!(1)), "{done:#}");
    let errors = done["errors"].as_array().expect("errors").iter();
    let errors: Vec<(u64, &str)> = errors
        .map(|error| (error["line"].as_u64().expect("a line"), error["column"].as_str().unwrap_or_default()))
        .collect();
    let expected = [(3, "address"), (6, "reason"), (7, "scopeId"), (8, "expiresAt"), (9, ""), (11, "")];
    assert_eq!(errors, expected, "{done:#}");
    let again = import(&server, &server.key, csv).await.expect(200).json();
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(3)));

    // Several batches, several pages.
    let many: String = (0..1_234).map(|number| format!("many{number}@example.org\n")).collect();
    let done = import(&server, &server.key, format!("address\n{many}")).await.expect(200).json();
    assert_eq!((&done["added"], &done["rejected"]), (&json!(1_234), &json!(0)));
    server.get_compressed("/api/v1/suppressions/export").await.expect(200);
    let exported = server.get("/api/v1/suppressions/export").await.expect(200);
    assert!(exported.header("content-type").starts_with("text/csv"));
    let lines: Vec<&str> = exported.text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (1_237, "address,scope,scopeId,reason,expiresAt"));
    assert!(lines.contains(&"ann@example.org,workspace,,hardBounce,"));
    assert!(lines.contains(&"bob@example.org,useCase,uc_1,unsubscribe,2999-01-01T00:00:00.000Z"), "{:?}", &lines[..4]);
    let back = import(&server, &server.key, exported.text.clone()).await.expect(200).json();
    assert_eq!((&back["unchanged"], &back["rejected"]), (&json!(1_236), &json!(0)));
    // As many wrong rows as there may be: a hundred are told of.
    let wrong = import(&server, &server.key, format!("address\n{}", "x\n".repeat(150))).await.expect(200).json();
    assert_eq!((&wrong["rejected"], wrong["errors"].as_array().map(Vec::len)), (&json!(150), Some(100)));
}

async fn an_import_that_is_wrong_is_refused(database: TestDb) {
    let server = Server::start(database).await;
    for (csv, status) in [
        (Vec::new(), 422),
        (b"reason\nmanual\n".to_vec(), 422),
        (b"address,colour\na@example.org,red\n".to_vec(), 422),
        (b"address,address\n".to_vec(), 422),
        (b"a@example.org\n".to_vec(), 422),
        (b"\"address\n".to_vec(), 422),
        (b"address\n\xff\xfe\n".to_vec(), 400),
        (format!("address\n{}", "a@b.cc\n".repeat(SUPPRESSION_IMPORT_ROWS_MAX + 1)).into_bytes(), 422),
        (vec![b'x'; 10 * 1024 * 1024 + 1], 413),
    ] {
        let shown = String::from_utf8_lossy(&csv[..csv.len().min(30)]).into_owned();
        let answer = import(&server, &server.key, csv).await;
        assert_eq!(answer.status.as_u16(), status, "{shown:?}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    server.post("/api/v1/suppressions/import", json!({"address": "a@example.org"})).await.expect(415);
    assert!(addresses(&server, "").await.is_empty());
}

async fn the_mailbox_api_shows_suppressions_as_blocklists(database: TestDb) {
    let server = Server::start(database).await;
    let workspace = "/v1/blocklist/workspace";
    let added = server.post(workspace, json!({"recipient": "Ann@example.org", "reason": "block"})).await.expect(200);
    assert_eq!(added.json(), json!({"success": true, "added": true}));
    let again = server.post(workspace, json!({"recipient": "ann@example.org"})).await.expect(200).json();
    assert_eq!(again, json!({"success": true, "added": false}));
    server.post(workspace, json!({"recipient": "bob@example.org", "reason": "unsubscribe"})).await.expect(200);
    server.post("/v1/blocklist/uc_1", json!({"recipient": "ann@example.org"})).await.expect(200);
    server.post("/v1/blocklist/dom_1", json!({"recipient": "ann@example.org"})).await.expect(200);
    let lists = server.get("/v1/blocklists?pageSize=2").await.expect(200).json();
    assert_eq!((&lists["total"], &lists["pages"]), (&json!(3), &json!(2)), "{lists}");
    assert_eq!(lists["blocklists"][0], json!({"listId": "workspace", "count": 2}));
    let page = server.get(&format!("{workspace}?page=1&pageSize=1")).await.expect(200).json();
    assert_eq!((&page["listId"], &page["total"]), (&json!("workspace"), &json!(2)));
    let second = &page["addresses"][0];
    assert_eq!((&second["recipient"], &second["reason"]), (&json!("bob@example.org"), &json!("unsubscribe")));
    assert_eq!(addresses(&server, "?scope=domain&scopeId=dom_1").await, ["ann@example.org"]);
    assert_eq!(addresses(&server, "?scope=useCase&scopeId=uc_1").await, ["ann@example.org"]);
    for (recipient, deleted) in [("ANN@example.org", true), ("ann@example.org", false)] {
        let answer = server.delete(&format!("{workspace}?recipient={recipient}")).await.expect(200).json();
        assert_eq!(answer, json!({"deleted": deleted}));
    }
    assert_eq!(addresses(&server, "?scope=workspace").await, ["bob@example.org"]);
    server.delete(&format!("{workspace}?recipient=x")).await.expect(400);
    server.post(workspace, json!({"recipient": "x"})).await.expect(400);
    server.post(workspace, json!({"recipient": "x@example.org", "reason": "boredom"})).await.expect(400);
    server.post(workspace, json!({"recipient": "x@example.org", "account": "nobody"})).await.expect(404);
    let reader = key(server.engine(), &server.product.workspace_id, &[Scope::SuppressionsRead]).await;
    server.ask("GET", "/v1/blocklists", &reader, None).await.expect(200);
    server.ask("POST", workspace, &reader, Some(json!({"recipient": "x@example.org"}))).await.expect(403);
    let foreign = server.foreign_key().await;
    assert_eq!(server.ask("GET", workspace, &foreign, None).await.expect(200).json()["total"], 0);
}
