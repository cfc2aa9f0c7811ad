//! `/api/v1/domains`, through the router.

use model::key::Scope;
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::support::{Server, key};

store::on_both_engines!(
    domains_are_added_listed_and_taken_away,
    bad_names_and_fields_are_told,
    scopes_are_asked_for,
    domains_page_like_every_list,
    how_a_domains_mail_leaves_is_changed_and_taken_away,
    what_is_wrong_with_how_mail_leaves_is_pointed_at,
    a_password_of_a_smarthost_stays_with_its_server,
);

async fn add(server: &Server, name: &str) -> Value {
    server.post("/api/v1/domains", json!({ "name": name })).await.expect(201).json()
}

async fn domains_are_added_listed_and_taken_away(database: TestDb) {
    let server = Server::start(database).await;
    let made = add(&server, "Mail.Bücher.test.").await;
    assert_eq!((&made["name"], &made["status"]), (&json!("mail.xn--bcher-kva.test"), &json!("pending")));
    let records = made["dnsRecords"].as_array().expect("records").clone();
    let purposes: Vec<&str> = records.iter().filter_map(|record| record["purpose"].as_str()).collect();
    assert_eq!(purposes, ["dkim", "dkim", "returnPath", "spf", "mx", "dmarc", "tracking"]);
    for record in &records {
        assert_eq!((&record["status"], &record["found"]), (&json!("pending"), &Value::Null), "{record}");
        assert!(record["name"].as_str().is_some_and(|name| name.ends_with("mail.xn--bcher-kva.test")), "{record}");
    }
    assert!(records[0]["value"].as_str().is_some_and(|value| value.starts_with("v=DKIM1; k=rsa; p=MII")));
    assert_eq!(records[2]["value"], "10 postroom.test");
    assert_eq!(records[3]["value"], "v=spf1 a:postroom.test ~all");
    let path = format!("/api/v1/domains/{}", made["id"].as_str().expect("an id"));
    assert_eq!(server.get(&path).await.expect(200).json(), made);
    // Nobody answers for DNS here: it stays as it is, and says so.
    let checked = server.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    assert!(checked["status"] == "pending" && checked["problem"].is_string() && checked["checkedAt"].is_string());
    let rotated = server.post(&format!("{path}/rotate-dkim"), json!({})).await.expect(200).json();
    assert_ne!(rotated["dnsRecords"][0]["name"], made["dnsRecords"][0]["name"]);
    let looked = server.get(&format!("{path}/doctor")).await.expect(200).json();
    assert_eq!(looked["ok"], false);
    for answer in [checked, rotated, looked] {
        assert!(!answer.to_string().to_lowercase().contains("private"), "{answer}");
    }
    server.post("/api/v1/domains", json!({ "name": "mail.bücher.test" })).await.expect_problem(409, "conflict");
    assert_eq!(server.delete(&path).await.expect(204).text, "");
    server.get(&path).await.expect_problem(404, "notFound");
    server.delete(&path).await.expect_problem(404, "notFound");
    add(&server, "mail.bücher.test").await;
}

async fn bad_names_and_fields_are_told(database: TestDb) {
    let server = Server::start(database).await;
    for name in
        ["", "acme", "127.0.0.1", "a@acme.test", "inbox.localhost", "x.inbox.localhost", "a b.test", "a\u{1}.test"]
    {
        let answer = server.post("/api/v1/domains", json!({ "name": name })).await.expect_problem(422, "invalid");
        assert_eq!(answer.pointers(), ["/name"], "{name}");
    }
    for (body, pointer) in [
        (json!({ "name": "acme.test", "region": "eu" }), "/region"),
        (json!({ "name": 1 }), "/name"),
        (json!({}), "/name"),
    ] {
        let answer = server.post("/api/v1/domains", body).await.expect_problem(422, "invalid");
        assert_eq!(answer.pointers(), [pointer]);
    }
    for path in ["/api/v1/domains/x", "/api/v1/domains/dom_00000000000000000000000000", "/api/v1/domains/%00/doctor"] {
        server.get(path).await.expect_problem(404, "notFound");
    }
    server.get("/api/v1/domains?status=pending").await.expect_problem(400, "unreadable");
    assert_eq!(server.get("/api/v1/domains").await.expect(200).json(), json!({ "items": [], "cursor": "" }));
}

async fn scopes_are_asked_for(database: TestDb) {
    let server = Server::start(database).await;
    let path = format!("/api/v1/domains/{}", add(&server, "acme.test").await["id"].as_str().expect("an id"));
    let workspace = &server.product.workspace_id;
    let reader = key(server.engine(), workspace, &[Scope::DomainsRead]).await;
    let writer = key(server.engine(), workspace, &[Scope::DomainsWrite]).await;
    let other = key(server.engine(), workspace, &[Scope::TemplatesWrite]).await;
    let (verify, rotate, doctor) = (format!("{path}/verify"), format!("{path}/rotate-dkim"), format!("{path}/doctor"));
    for (method, path, by_reader) in [
        ("GET", "/api/v1/domains", 200),
        ("GET", &path, 200),
        ("GET", &doctor, 200),
        ("POST", &verify, 403),
        ("POST", &rotate, 403),
        ("DELETE", &path, 403),
    ] {
        let body = (method == "POST").then(|| json!({}));
        server.ask(method, path, &other, body.clone()).await.expect_problem(403, "forbidden");
        server.ask(method, path, &reader, body.clone()).await.expect(by_reader);
        server.ask(method, path, &writer, body).await.expect(if method == "DELETE" { 204 } else { 200 });
    }
    let body = Some(json!({ "name": "other.test" }));
    server.ask("POST", "/api/v1/domains", &reader, body.clone()).await.expect_problem(403, "forbidden");
    server.ask("POST", "/api/v1/domains", &writer, body).await.expect(201);
}

async fn domains_page_like_every_list(database: TestDb) {
    let server = Server::start(database).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(add(&server, &format!("d{number}.test")).await["id"].clone());
    }
    let first = server.get("/api/v1/domains?take=2&order=asc").await.expect(200).json();
    let cursor = first["cursor"].as_str().expect("a cursor");
    let second = server.get(&format!("/api/v1/domains?take=2&order=asc&cursor={cursor}")).await.expect(200).json();
    let seen: Vec<&Value> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["items"].as_array().expect("items"))
        .map(|item| &item["id"])
        .collect();
    assert_eq!(seen, ids.iter().collect::<Vec<_>>());
    assert_eq!(second["cursor"], "");
}

async fn how_a_domains_mail_leaves_is_changed_and_taken_away(database: TestDb) {
    let server = Server::start(database).await;
    let made = add(&server, "acme.test").await;
    assert_eq!((&made["limits"], &made["warmUp"], &made["smarthost"]), (&json!({}), &Value::Null, &Value::Null));
    let path = format!("/api/v1/domains/{}", made["id"].as_str().expect("an id"));
    let test = format!("{path}/smarthost/test");
    server.post(&test, json!({})).await.expect_problem(409, "conflict");
    let smarthost = json!({"host": "relay.acme.test", "port": 465, "username": "acme", "password": "a secret of ours"});
    let plan = json!({"startPerDay": 50, "growthPercent": 30, "startedAt": "2026-02-01T00:00:00.000Z"});
    let body = json!({"limits": {"sendPerMinute": 300, "sendPerMonth": 40000}, "warmUp": plan, "smarthost": smarthost});
    let changed = server.patch(&path, body).await.expect(200).json();
    assert_eq!(changed["limits"], json!({"sendPerMinute": 300, "sendPerMonth": 40000}));
    let expected = json!({"host": "relay.acme.test", "port": 465, "security": "tls", "username": "acme"});
    assert_eq!(changed["smarthost"], expected);
    assert_eq!(changed["warmUp"]["startPerDay"], 50);
    assert_eq!(changed["warmUp"]["today"]["used"], 0);
    assert!(!changed.to_string().contains("a secret of ours"));
    assert_eq!(server.get(&path).await.expect(200).json(), changed);
    assert_eq!(server.get("/api/v1/domains").await.expect(200).json()["items"][0], changed);
    assert_eq!(server.post(&test, json!({})).await.expect(200).json()["ok"], true);
    // What is left out stays; a plan goes on from where it began.
    let other = server.patch(&path, json!({"warmUp": {"steps": [10, 20]}})).await.expect(200).json();
    assert_eq!(other["warmUp"]["startedAt"], "2026-02-01T00:00:00.000Z");
    assert_eq!((&other["limits"], &other["smarthost"]), (&changed["limits"], &changed["smarthost"]));
    let none = server.patch(&path, json!({"limits": null, "warmUp": null, "smarthost": null})).await.expect(200).json();
    assert_eq!((&none["limits"], &none["warmUp"], &none["smarthost"]), (&json!({}), &Value::Null, &Value::Null));
}

async fn what_is_wrong_with_how_mail_leaves_is_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    let path = format!("/api/v1/domains/{}", add(&server, "acme.test").await["id"].as_str().expect("an id"));
    for (body, pointer) in [
        (json!({"limits": {"sendPerDay": 0}}), "/limits/sendPerDay"),
        (json!({"limits": {"perDay": 1}}), "/limits/perDay"),
        (json!({"warmUp": {}}), "/warmUp"),
        (json!({"warmUp": {"startPerDay": 10}}), "/warmUp/growthPercent"),
        (json!({"warmUp": {"startPerDay": 0, "growthPercent": 10}}), "/warmUp/startPerDay"),
        (json!({"warmUp": {"startPerDay": 10, "growthPercent": 10, "endPerDay": 10}}), "/warmUp/endPerDay"),
        (json!({"warmUp": {"startPerDay": 10, "steps": [1]}}), "/warmUp/steps"),
        (json!({"warmUp": {"steps": [0]}}), "/warmUp/steps"),
        (json!({"warmUp": {"steps": [1], "today": null}}), "/warmUp/today"),
        (json!({"smarthost": {"host": "smtp://relay"}}), "/smarthost/host"),
        (json!({"smarthost": {"host": "relay.test", "port": 0}}), "/smarthost/port"),
        (json!({"smarthost": {"host": "relay.test", "username": "a"}}), "/smarthost/password"),
        (json!({"smarthost": {"host": "relay.test", "password": "a"}}), "/smarthost/username"),
        (json!({"name": "other.test"}), "/name"),
    ] {
        let answer = server.patch(&path, body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    let unchanged = server.get(&path).await.expect(200).json();
    assert_eq!((&unchanged["limits"], &unchanged["smarthost"]), (&json!({}), &Value::Null));
    let reader = key(server.engine(), &server.product.workspace_id, &[Scope::DomainsRead]).await;
    let body = Some(json!({ "limits": null }));
    server.ask("PATCH", &path, &reader, body).await.expect_problem(403, "forbidden");
}

async fn a_password_of_a_smarthost_stays_with_its_server(database: TestDb) {
    let server = Server::start(database).await;
    let path = format!("/api/v1/domains/{}", add(&server, "acme.test").await["id"].as_str().expect("an id"));
    let kept = json!({"host": "relay.acme.test", "username": "acme", "password": "secret"});
    server.patch(&path, json!({"smarthost": kept})).await.expect(200);
    let again = |host: &str, port: u16, security: &str, username: &str| json!({"smarthost": {"host": host, "port": port, "security": security, "username": username}});
    server.patch(&path, again("relay.acme.test", 587, "starttls", "acme")).await.expect(200);
    for body in [
        again("evil.example", 587, "starttls", "acme"),
        again("relay.acme.test", 2525, "starttls", "acme"),
        again("relay.acme.test", 587, "none", "acme"),
        again("relay.acme.test", 587, "starttls", "eve"),
    ] {
        let answer = server.patch(&path, body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(answer.pointers(), ["/smarthost/password"], "{body}");
    }
}
