//! The audit log: everything that administers a workspace is in it, nothing secret is, and nobody changes it.

use serde_json::{Value, json};
use store::Priority;
use store::testing::TestDb;

use crate::broadcasts::Setting;
use crate::support::Server;
use crate::use_cases;

store::on_both_engines!(
    every_administering_request_is_written_down,
    the_log_is_filtered_paged_and_given_out,
    entries_are_never_changed_and_forgotten_when_they_are_old,
    what_is_secret_is_not_in_the_log,
    what_is_sent_to_many_and_whose_mailbox_is_read_is_in_the_log,
);

/// What a request to these does is work with mail and people's data, shown where it happened, or nothing at all: no administration.
const OTHERS: [&str; 21] = [
    "/api/v1/automations/test",
    "/api/v1/automations/{id}/test",
    "/api/v1/channels/test",
    "/api/v1/channels/{id}/test",
    "/api/v1/contacts",
    "/api/v1/conversations",
    "/api/v1/domains/{id}/verify",
    "/api/v1/domains/{id}/smarthost/test",
    "/api/v1/drafts",
    "/api/v1/lists/{id}/members",
    "/api/v1/lists/{id}/members/{contactId}",
    "/api/v1/messages",
    "/api/v1/retention/preview",
    "/api/v1/templates/{id}/preview",
    "/api/v1/templates/{id}/test",
    "/api/v1/uploads",
    "/api/v1/views",
    "/api/v1/webhooks/{id}/test",
    "/api/v1/webhooks/{id}/replay",
    "/api/v1/webhooks/{id}/deliveries",
    "/api/v1/workspace/identity-provider/test",
];
/// Of a person, with a session: `signing_in` has them.
const OF_A_PERSON: [&str; 2] = ["/api/v1/session", "/api/v1/users/me"];

/// Method, path in the document, body, and what the log says of it. What one makes is `{id}` for those below it.
fn requests(setting: &Setting) -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let use_case = use_cases::new(&setting.domain, "orders");
    let (broadcast, content) = (setting.body(), json!({"subject": "Hi", "text": "Hello"}));
    vec![
        ("POST", "/api/v1/templates", json!({"name": "a", "channel": "email", "content": content}), "template.created"),
        ("PATCH", "/api/v1/templates/{id}", json!({"content": {"subject": "Ho"}}), "template.changed"),
        ("DELETE", "/api/v1/templates/{id}", Value::Null, "template.deleted"),
        ("POST", "/api/v1/lists", json!({"name": "A"}), "list.created"),
        ("PATCH", "/api/v1/lists/{id}", json!({"name": "B"}), "list.changed"),
        ("POST", "/api/v1/lists/{id}/members/import", json!("address\r\nann@example.org\r\n"), "list.imported"),
        ("DELETE", "/api/v1/lists/{id}", Value::Null, "list.deleted"),
        ("POST", "/api/v1/broadcasts", broadcast.clone(), "broadcast.created"),
        ("PATCH", "/api/v1/broadcasts/{id}", json!({"text": "Other"}), "broadcast.changed"),
        ("POST", "/api/v1/broadcasts/{id}/send", json!({}), "broadcast.started"),
        ("POST", "/api/v1/broadcasts/{id}/pause", json!({}), "broadcast.paused"),
        ("POST", "/api/v1/broadcasts/{id}/resume", json!({}), "broadcast.resumed"),
        ("POST", "/api/v1/broadcasts/{id}/cancel", json!({}), "broadcast.cancelled"),
        ("POST", "/api/v1/broadcasts", broadcast, "broadcast.created"),
        ("DELETE", "/api/v1/broadcasts/{id}", Value::Null, "broadcast.deleted"),
        ("POST", "/api/v1/channels", json!({"type": "email", "name": "A", "provider": "sandbox"}), "channel.created"),
        ("PATCH", "/api/v1/channels/{id}", json!({"name": "B"}), "channel.changed"),
        (
            "PUT",
            "/api/v1/channels/{id}/survey",
            json!({"enabled": true, "delayHours": 3, "contactDays": 30}),
            "survey.changed",
        ),
        ("DELETE", "/api/v1/channels/{id}", Value::Null, "channel.deleted"),
        ("PUT", "/api/v1/retention", json!({"resolvedDays": 400}), "retention.changed"),
        ("POST", "/api/v1/api-keys", json!({"name": "A", "scopes": ["messages:send"]}), "apiKey.created"),
        ("DELETE", "/api/v1/api-keys/{id}", Value::Null, "apiKey.deleted"),
        ("POST", "/api/v1/users", json!({"email": "bo@example.com", "role": "agent"}), "user.created"),
        ("PATCH", "/api/v1/users/{id}", json!({"name": "Bo"}), "user.changed"),
        ("POST", "/api/v1/users/{id}/invite", json!({}), "user.invited"),
        ("DELETE", "/api/v1/users/{id}/second-factor", Value::Null, "secondFactor.reset"),
        ("DELETE", "/api/v1/users/{id}", Value::Null, "user.deleted"),
        ("POST", "/api/v1/teams", json!({"name": "A"}), "team.created"),
        ("PATCH", "/api/v1/teams/{id}", json!({"name": "B"}), "team.changed"),
        ("DELETE", "/api/v1/teams/{id}", Value::Null, "team.deleted"),
        (
            "POST",
            "/api/v1/automations",
            json!({"name": "A", "trigger": "message.received", "actions": [{"type": "stop"}]}),
            "automation.created",
        ),
        ("PATCH", "/api/v1/automations/{id}", json!({"name": "B"}), "automation.changed"),
        ("DELETE", "/api/v1/automations/{id}", Value::Null, "automation.deleted"),
        ("POST", "/api/v1/sla-policies", json!({"name": "A", "firstResponseSeconds": 3600}), "slaPolicy.created"),
        ("PATCH", "/api/v1/sla-policies/{id}", json!({"name": "B"}), "slaPolicy.changed"),
        ("DELETE", "/api/v1/sla-policies/{id}", Value::Null, "slaPolicy.deleted"),
        ("POST", "/api/v1/contacts", json!({"addresses": ["gone@example.com"]}), "slaPolicy.deleted"),
        ("POST", "/api/v1/contacts/{id}/erase", json!({}), "contact.erased"),
        ("PATCH", "/api/v1/workspace/business-hours", json!({"timeZone": "Asia/Tokyo"}), "businessHours.changed"),
        ("PATCH", "/api/v1/workspace", json!({"name": "B"}), "workspace.changed"),
        (
            "PUT",
            "/api/v1/workspace/identity-provider",
            json!({"name": "A", "issuer": "https://login.example", "clientId": "a"}),
            "identityProvider.changed",
        ),
        ("DELETE", "/api/v1/workspace/identity-provider", Value::Null, "identityProvider.deleted"),
        ("POST", "/api/v1/webhooks", json!({"url": "https://hooks.example.com/in"}), "webhook.created"),
        ("PATCH", "/api/v1/webhooks/{id}", json!({"enabled": false}), "webhook.changed"),
        ("POST", "/api/v1/webhooks/{id}/rotate-secret", json!({}), "webhook.secretRotated"),
        ("DELETE", "/api/v1/webhooks/{id}", Value::Null, "webhook.deleted"),
        ("POST", "/api/v1/suppressions", json!({"address": "no@example.com"}), "suppression.created"),
        ("DELETE", "/api/v1/suppressions/{id}", Value::Null, "suppression.deleted"),
        ("POST", "/api/v1/suppressions/import", json!("address\r\nno@example.com\r\n"), "suppressions.imported"),
        ("POST", "/api/v1/use-cases", use_case, "useCase.created"),
        ("PATCH", "/api/v1/use-cases/{id}", json!({"entityName": "B"}), "useCase.changed"),
        ("DELETE", "/api/v1/use-cases/{id}", Value::Null, "useCase.deleted"),
        ("POST", "/api/v1/domains", json!({"name": "other.acme.example"}), "domain.created"),
        ("PATCH", "/api/v1/domains/{id}", json!({"trackingHost": "go.other.acme.example"}), "domain.changed"),
        ("POST", "/api/v1/domains/{id}/rotate-dkim", json!({}), "domain.keysRotated"),
        ("DELETE", "/api/v1/domains/{id}", Value::Null, "domain.deleted"),
    ]
}

async fn newest(server: &Server) -> Value {
    let log = server.get("/api/v1/audit-log?take=1").await.expect(200).json();
    log["items"][0].clone()
}

async fn every_administering_request_is_written_down(database: TestDb) {
    let setting = Setting::start(database, json!([{"address": "ann@example.com"}])).await;
    let server = &setting.server;
    let requests = requests(&setting);
    let document = serde_json::to_value(postroom_server::document()).expect("serialises");
    for (template, item) in document["paths"].as_object().expect("paths") {
        let is_of =
            |prefix: &str| template.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let exact = |prefix: &&str| ["test", "verify", "preview", "members"].iter().any(|word| prefix.contains(word));
        let other = OTHERS.iter().any(|other| if exact(other) { template == other } else { is_of(other) });
        if !template.starts_with("/api/v1/") || other || OF_A_PERSON.into_iter().any(is_of) {
            continue;
        }
        for method in ["post", "put", "patch", "delete"].into_iter().filter(|method| item.get(method).is_some()) {
            let is_there = requests.iter().any(|(m, path, ..)| m.eq_ignore_ascii_case(method) && path == template);
            assert!(is_there, "{method} {template}: say here what the audit log says of it, or name it in OTHERS");
        }
    }
    let mut id = String::new();
    for (method, template, body, action) in requests {
        if action == "secondFactor.reset" {
            let wanted = id.clone();
            let enrol = move |tx: &mut store::Tx<'_>| {
                let user = model::UserId::from_stored(wanted);
                store::second_factors::begin(tx, &user, b"sealed", model::Timestamp::now())
            };
            server.engine().db.write(Priority::Foreground, enrol).await.expect("a second factor");
        }
        let path = template.replace("{id}", &id);
        let answer = match &body {
            Value::String(csv) => post_csv(server, &path, csv).await,
            Value::Null => server.ask(method, &path, &server.key, None).await,
            body => server.ask(method, &path, &server.key, Some(body.clone())).await,
        };
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
        if method == "POST" && !template.contains("{id}") {
            let made: Value = serde_json::from_str(&answer.text).unwrap_or_default();
            id = made["id"].as_str().unwrap_or_default().to_owned();
        }
        let entry = newest(server).await;
        assert_eq!(entry["action"], action, "{method} {path}: {entry}");
        assert_eq!((&entry["actor"]["type"], &entry["actor"]["name"]), (&json!("apiKey"), &json!("Test")), "{entry}");
        assert_eq!(entry["address"], "127.0.0.1", "{entry}");
        if action.ends_with(".changed") && action != "identityProvider.changed" {
            assert!(entry["changed"].as_array().is_some_and(|names| !names.is_empty()), "{entry}");
        }
    }
}

async fn post_csv(server: &Server, path: &str, csv: &str) -> crate::support::Answer {
    let request = axum::http::Request::post(path)
        .header("authorization", format!("Bearer {}", server.key))
        .header("content-type", "text/csv")
        .body(axum::body::Body::from(csv.to_owned()));
    server.send(request.expect("a request")).await
}

async fn the_log_is_filtered_paged_and_given_out(database: TestDb) {
    let server = Server::start(database).await;
    let evil = json!({"name": "=cmd|' /C calc'!A0", "memberIds": []});
    let team = server.post("/api/v1/teams", evil).await.expect(201).json();
    let team = team["id"].as_str().expect("an id");
    server.patch(&format!("/api/v1/teams/{team}"), json!({"assignment": "roundRobin"})).await.expect(200);
    server.patch("/api/v1/workspace", json!({"name": "Acme"})).await.expect(200);
    let of = async |query: &str| {
        let log = server.get(&format!("/api/v1/audit-log?order=asc&{query}")).await.expect(200).json();
        let items = log["items"].as_array().expect("items").clone();
        items.iter().map(|entry| entry["action"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of(&format!("targetId={team}")).await, ["team.created", "team.changed"]);
    assert_eq!(of("action=workspace.changed").await, ["workspace.changed"]);
    assert_eq!(of("targetType=team&action=team.changed").await, ["team.changed"]);
    assert_eq!(of("before=2020-01-01T00:00:00Z").await, Vec::<String>::new());
    let all = of("since=2020-01-01T00:00:00Z").await;
    // Page by page it is the same, and nothing twice.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/audit-log?order=asc&take=2&cursor={cursor}");
        let page = server.get(&path).await.expect(200).json();
        let items = page["items"].as_array().expect("items");
        paged.extend(items.iter().map(|entry| entry["action"].as_str().unwrap_or_default().to_owned()));
        cursor = page["cursor"].as_str().unwrap_or_default().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(paged, all);
    server.get_compressed("/api/v1/audit-log/export").await.expect(200);
    let csv = server.get("/api/v1/audit-log/export?targetType=team").await.expect(200);
    assert!(csv.header("content-disposition").contains("audit-log.csv"));
    let lines: Vec<&str> = csv.text.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("id,at,actorType,"), "{}", csv.text);
    // A spreadsheet takes no name for a formula.
    assert!(csv.text.contains(",'=cmd|' /C calc'!A0,") && !csv.text.contains(",=cmd"), "{}", csv.text);
    assert_eq!(newest(&server).await["action"], "auditLog.exported");
    // Another workspace has a log of its own, and an agent sees none.
    let foreign = server.foreign_key().await;
    let log = server.ask("GET", "/api/v1/audit-log", &foreign, None).await.expect(200);
    assert!(!log.text.contains(team), "{}", log.text);
    let agent = crate::support::key(server.engine(), &server.product.workspace_id, &[model::key::Scope::ChannelsRead]);
    let agent = agent.await;
    for path in ["/api/v1/audit-log", "/api/v1/audit-log/export"] {
        server.ask("GET", path, &agent, None).await.expect_problem(403, "forbidden");
    }
}

async fn entries_are_never_changed_and_forgotten_when_they_are_old(database: TestDb) {
    let server = Server::start(database).await;
    server.post("/api/v1/teams", json!({"name": "A"})).await.expect(201);
    let falsify = |tx: &mut store::Tx<'_>| tx.execute("UPDATE audit_entry SET action = 'nothing'", &[]);
    assert!(server.engine().db.write(Priority::Foreground, falsify).await.is_err());
    assert_eq!(newest(&server).await["action"], "team.created");
    let in_days = |days: u64| model::Timestamp::now().plus(std::time::Duration::from_secs(days * 86_400));
    server.patch("/api/v1/workspace", json!({"auditLogDays": 30})).await.expect(200);
    engine::maintenance::step(server.engine(), in_days(29)).await.expect("housekeeping");
    assert_eq!(newest(&server).await["action"], "workspace.changed");
    engine::maintenance::step(server.engine(), in_days(31)).await.expect("housekeeping");
    assert_eq!(server.get("/api/v1/audit-log").await.expect(200).json()["items"], json!([]));
}

async fn what_is_secret_is_not_in_the_log(database: TestDb) {
    let server = Server::start(database).await;
    let secret = "correct horse battery";
    let user = json!({"email": "bo@example.com", "role": "agent", "password": secret});
    let user = server.post("/api/v1/users", user).await.expect(201).json();
    let path = format!("/api/v1/users/{}", user["id"].as_str().expect("an id"));
    server.patch(&path, json!({"password": format!("{secret} staple")})).await.expect(200);
    assert_eq!(newest(&server).await["changed"], json!(["password"]));
    let url = "https://hooks.example.com/in?token=hidden-in-the-url";
    server.post("/api/v1/webhooks", json!({"url": url})).await.expect(201);
    let key = server.post("/api/v1/api-keys", json!({"name": "A", "scopes": ["admin"]})).await.expect(201).json();
    server.post("/api/v1/suppressions", json!({"address": "someone.private@example.com"})).await.expect(201);
    let log = server.get("/api/v1/audit-log?take=100").await.expect(200).text;
    for hidden in [secret, "hidden-in-the-url", key["key"].as_str().expect("a key"), "someone.private"] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
    assert!(log.contains("hooks.example.com"), "{log}");
}

async fn what_is_sent_to_many_and_whose_mailbox_is_read_is_in_the_log(database: TestDb) {
    let setting = Setting::start(database, json!([{"address": "ann@example.com"}])).await;
    let server = &setting.server;
    // What is scheduled starts by itself.
    let mut body = setting.body();
    body["scheduledAt"] = json!(model::Timestamp::now().plus(std::time::Duration::from_secs(3_600)));
    let id = setting.make(body).await;
    assert_eq!(setting.ask(&id, "send").await["status"], "scheduled");
    assert_eq!(newest(server).await["action"], "broadcast.scheduled");
    let path = format!("/api/v1/broadcasts/{id}");
    server.patch(&path, json!({"scheduledAt": "2020-01-01T00:00:00Z"})).await.expect(200);
    assert_eq!(newest(server).await["changed"], json!(["scheduledAt"]));
    setting.until(&id, "its start", |shown| !shown["startedAt"].is_null()).await;
    let entry = newest(server).await;
    assert_eq!((&entry["action"], &entry["actor"]["type"]), (&json!("broadcast.started"), &json!("system")));
    assert_eq!(entry["target"], json!({"type": "broadcast", "id": id, "name": "Spring"}));
    // A list's rows are people's data: the log has that they were imported, once.
    let path = format!("/api/v1/lists/{}/members/import", setting.list);
    let rows: String = (0..1_200).map(|n| format!("person{n}@example.org\r\n")).collect();
    post_csv(server, &path, &format!("address\r\n{rows}")).await.expect(200);
    let log = server.get("/api/v1/audit-log?action=list.imported").await.expect(200);
    assert_eq!(log.json()["items"].as_array().map(Vec::len), Some(1), "{}", log.text);
    assert!(!log.text.contains("person"), "{}", log.text);

    let imap = json!({"host": "imap.example.com", "port": 993, "secure": true, "auth": {"user": "ada", "pass": "hidden-pass"}});
    let account = json!({"account": "ada", "name": "Ada", "email": "ada@example.com", "imap": imap});
    server.post("/v1/account", account).await.expect(200);
    let entry = newest(server).await;
    assert_eq!((&entry["action"], &entry["target"]["name"]), (&json!("account.created"), &json!("ada")), "{entry}");
    let moved = json!({"host": "mail.example.com", "port": 993, "secure": true, "auth": {"user": "ada", "pass": "hidden-pass"}});
    server.ask("PUT", "/v1/account/ada", &server.key, Some(json!({"imap": moved}))).await.expect(200);
    let entry = newest(server).await;
    assert_eq!(
        (&entry["action"], &entry["changed"]),
        (&json!("account.changed"), &json!(["imap.host", "credentials"]))
    );
    server.ask("DELETE", "/v1/account/ada", &server.key, None).await.expect(200);
    assert_eq!(newest(server).await["action"], "account.deleted");
    assert!(!server.get("/api/v1/audit-log").await.expect(200).text.contains("hidden-pass"));
}
