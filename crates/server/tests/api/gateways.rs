//! Gateways and webhook routes of the mailbox API: what the wire shows, refuses and never tells.

use axum::body::Body;
use axum::http::Request;
use model::key::Scope;
use serde_json::{Value, json};
use store::Priority;
use store::gateways;
use store::testing::TestDb;

use crate::support::{Server, key};

store::on_both_engines!(
    a_gateway_is_added_shown_changed_and_removed,
    a_password_goes_to_its_own_host_alone,
    what_is_wrong_with_a_gateway_is_said,
    gateways_are_paged_and_of_one_workspace,
    a_submission_names_a_gateway_that_is_there,
    changes_of_gateways_are_in_the_audit_log,
    webhook_routes_are_the_endpoints_of_their_format,
);

const PATH: &str = "/v1/gateway/relay";
const EDIT: &str = "/v1/gateway/edit/relay";

fn relay() -> Value {
    json!({"gateway": "relay", "name": "Relay", "host": "smtp.example.com", "port": 587, "user": "ada", "pass": "hidden-pass"})
}

impl Server {
    async fn put(&self, path: &str, body: Value) -> crate::support::Answer {
        self.ask("PUT", path, &self.key, Some(body)).await
    }
}

async fn a_gateway_is_added_shown_changed_and_removed(database: TestDb) {
    let server = Server::start(database).await;
    let shown = async || server.get(PATH).await.expect(200).json();
    let added = server.post("/v1/gateway", relay()).await.expect(200).json();
    assert_eq!(added, json!({"gateway": "relay", "state": "new"}));
    let before = json!({"gateway": "relay", "name": "Relay", "host": "smtp.example.com", "port": 587, "secure": false,
        "user": "ada", "pass": "******"});
    assert_eq!(shown().await, before);
    // What was shown may be sent back, and what is not said stays.
    assert_eq!(server.put(EDIT, before.clone()).await.expect(200).json(), json!({"gateway": "relay"}));
    assert_eq!(shown().await, before);
    server.put(EDIT, json!({"port": 465, "secure": true, "name": "Other"})).await.expect(200);
    let changed = shown().await;
    assert_eq!((&changed["port"], &changed["secure"], &changed["name"]), (&json!(465), &json!(true), &json!("Other")));
    assert_eq!((&changed["user"], &changed["pass"]), (&json!("ada"), &json!("******")));
    for (none, given) in [("user", "pass"), ("pass", "user")] {
        server.put(EDIT, json!({none: null})).await.expect(200);
        let open = shown().await;
        assert_eq!((open.get(none), open.get(given)), (None, None), "{open}");
        server.put(EDIT, json!({"user": "ada", "pass": "hidden-pass"})).await.expect(200);
    }

    // Set up anew, it keeps what it was used for.
    let workspace = server.product.workspace_id.clone();
    let used = move |tx: &mut store::Tx<'_>| gateways::used(tx, &workspace, "relay", None, model::Timestamp::now());
    server.engine().db.write(Priority::Foreground, used).await.expect("a use");
    let anew = json!({"gateway": "relay", "name": "Relay", "host": "open.example.com", "port": 25});
    let answer = server.post("/v1/gateway", anew).await.expect(200).json();
    assert_eq!(answer, json!({"gateway": "relay", "state": "existing"}));
    let anew = shown().await;
    assert_eq!((&anew["host"], anew.get("user"), &anew["deliveries"]), (&json!("open.example.com"), None, &json!(1)));
    assert!(anew["lastUse"].is_string() && anew["lastError"].is_null(), "{anew}");
    assert_eq!(server.delete(PATH).await.expect(200).json(), json!({"gateway": "relay", "deleted": true}));
    server.get(PATH).await.expect(404);
    server.delete(PATH).await.expect(404);
    server.put(EDIT, json!({"name": "x"})).await.expect(404);
}

async fn a_password_goes_to_its_own_host_alone(database: TestDb) {
    let server = Server::start(database).await;
    server.post("/v1/gateway", relay()).await.expect(200);
    for (method, path, body) in [
        ("PUT", EDIT, json!({"host": "evil.example"})),
        ("PUT", EDIT, json!({"host": "evil.example", "pass": "******"})),
        (
            "POST",
            "/v1/gateway",
            json!({"gateway": "relay", "name": "R", "host": "evil.example", "port": 25, "user": "ada"}),
        ),
    ] {
        let refused = server.ask(method, path, &server.key, Some(body)).await.expect(400).json();
        assert_eq!(refused["fields"][0]["key"], "pass", "{refused}");
    }
    assert_eq!(server.get(PATH).await.expect(200).json()["host"], "smtp.example.com");
    server.put(EDIT, json!({"host": "new.example", "pass": "another"})).await.expect(200);
    server.put(EDIT, json!({"host": "open.example", "user": null})).await.expect(200);
    assert_eq!(server.get(PATH).await.expect(200).json().get("pass"), None);
}

async fn what_is_wrong_with_a_gateway_is_said(database: TestDb) {
    let server = Server::start(database).await;
    let refused = server.post("/v1/gateway", json!({"gateway": ""})).await.expect(400).json();
    let keys: Vec<&str> =
        refused["fields"].as_array().expect("fields").iter().filter_map(|field| field["key"].as_str()).collect();
    assert_eq!(keys, ["gateway", "name", "port", "host"], "{refused}");
    for (field, bad, at) in [
        ("gateway", json!("x".repeat(257)), "gateway"),
        ("name", json!("a\nb"), "name"),
        ("host", json!("https://smtp.example.com"), "host"),
        ("port", json!(0), "port"),
        ("user", json!("x".repeat(1_025)), "user"),
        ("user", json!(null), "user"),
        ("pass", json!("a\r\nb"), "pass"),
        ("pass", json!(null), "pass"),
    ] {
        let mut body = relay();
        body[field] = bad;
        let refused = server.post("/v1/gateway", body).await.expect(400).json();
        assert_eq!(refused["fields"][0]["key"], at, "{refused}");
        assert!(!refused.to_string().contains("hidden-pass"), "{refused}");
    }
    let mut body = relay();
    body["port"] = json!(70_000);
    server.post("/v1/gateway", body).await.expect(400);
    let workspace = &server.product.workspace_id;
    let reader = key(server.engine(), workspace, &[Scope::ChannelsRead]).await;
    server.ask("POST", "/v1/gateway", &reader, Some(relay())).await.expect(403);
    server.post("/v1/gateway", relay()).await.expect(200);
    server.ask("GET", PATH, &reader, None).await.expect(200);
    server.ask("PUT", EDIT, &reader, Some(json!({"name": "x"}))).await.expect(403);
    server.ask("DELETE", PATH, &reader, None).await.expect(403);
    let sender = key(server.engine(), workspace, &[Scope::MessagesSend]).await;
    server.ask("GET", "/v1/gateways", &sender, None).await.expect(403);
}

async fn gateways_are_paged_and_of_one_workspace(database: TestDb) {
    let server = Server::start(database).await;
    server.post("/v1/gateway", relay()).await.expect(200);
    // Without a name it gets one, once for each request.
    let nameless = json!({"gateway": null, "name": "Second", "host": "two.example.com", "port": 25});
    let ask = async || {
        let request = Request::post("/v1/gateway")
            .header("authorization", format!("Bearer {}", server.key))
            .header("content-type", "application/json")
            .header("idempotency-key", "second")
            .body(Body::from(nameless.to_string()));
        server.send(request.expect("a request")).await.expect(200).json()
    };
    let made = ask().await;
    assert_eq!((ask().await, &made["state"]), (made.clone(), &json!("new")));
    let first = server.get("/v1/gateways?pageSize=1").await.expect(200).json();
    let listed = json!({"gateway": "relay", "name": "Relay", "deliveries": 0, "lastUse": null, "lastError": null});
    assert_eq!(first, json!({"total": 2, "page": 0, "pages": 2, "gateways": [listed]}));
    let second = server.get("/v1/gateways?pageSize=1&page=1").await.expect(200).json();
    assert_eq!(second["gateways"][0]["gateway"], made["gateway"]);

    let foreign = server.foreign_key().await;
    server.ask("GET", PATH, &foreign, None).await.expect(404);
    server.ask("PUT", EDIT, &foreign, Some(json!({"name": "x"}))).await.expect(404);
    server.ask("DELETE", PATH, &foreign, None).await.expect(404);
    assert_eq!(server.ask("GET", "/v1/gateways", &foreign, None).await.expect(200).json()["total"], 0);
    let theirs = json!({"gateway": "relay", "name": "Theirs", "host": "theirs.example", "port": 25});
    let added = server.ask("POST", "/v1/gateway", &foreign, Some(theirs)).await.expect(200).json();
    assert_eq!(added["state"], "new");
    server.ask("DELETE", PATH, &foreign, None).await.expect(200);
    assert_eq!(server.get(PATH).await.expect(200).json()["name"], "Relay");
}

async fn a_submission_names_a_gateway_that_is_there(database: TestDb) {
    let server = Server::start(database).await;
    server.post("/v1/account", json!({"account": "ada", "email": "ada@example.com"})).await.expect(200);
    let submit = async |more: Value| {
        let mut body = json!({"to": "bo@example.org", "subject": "s", "text": "t"});
        body.as_object_mut().expect("a body").extend(more.as_object().expect("fields").clone());
        body["sendAt"] = json!(model::Timestamp::now().plus(std::time::Duration::from_secs(3_600)));
        server.post("/v1/account/ada/submit", body).await
    };
    let mute = submit(json!({})).await.expect(409).json();
    assert!(mute["message"].as_str().is_some_and(|message| message.contains("`gateway`")), "{mute}");
    let foreign = server.foreign_key().await;
    server.ask("POST", "/v1/gateway", &foreign, Some(relay())).await.expect(200);
    for more in [
        json!({"gateway": "relay"}),
        json!({"gateway": "relay", "dryRun": true}),
        json!({"gateway": "relay", "mailMerge": [{"to": "bo@example.org"}]}),
        json!({"gateway": ""}),
    ] {
        let refused = submit(more).await.expect(404).json();
        assert_eq!(refused["message"], "the gateway was not found", "{refused}");
    }
    assert_eq!(server.get("/v1/outbox").await.expect(200).json()["total"], 0);
    server.post("/v1/gateway", relay()).await.expect(200);
    let queued = submit(json!({"gateway": "relay"})).await.expect(200).json();
    assert_eq!(queued["response"], "Queued for delivery");
    assert_eq!(server.get("/v1/outbox").await.expect(200).json()["messages"][0]["gateway"], "relay");
}

async fn changes_of_gateways_are_in_the_audit_log(database: TestDb) {
    let server = Server::start(database).await;
    let newest = async || server.get("/api/v1/audit-log?take=1").await.expect(200).json()["items"][0].take();
    server.post("/v1/gateway", relay()).await.expect(200);
    let entry = newest().await;
    assert_eq!(
        (&entry["action"], &entry["target"]["type"], &entry["target"]["name"]),
        (&json!("gateway.created"), &json!("gateway"), &json!("relay")),
        "{entry}"
    );
    server.put(EDIT, json!({"host": "mail.example.com", "pass": "hidden-pass"})).await.expect(200);
    let entry = newest().await;
    assert_eq!((&entry["action"], &entry["changed"]), (&json!("gateway.changed"), &json!(["host", "credentials"])));
    server.put(EDIT, json!({"name": "Relay"})).await.expect(200);
    assert_eq!(newest().await, entry, "nothing was changed");
    server.delete(PATH).await.expect(200);
    assert_eq!(newest().await["action"], "gateway.deleted");
    assert!(!server.get("/api/v1/audit-log").await.expect(200).text.contains("hidden-pass"));
}

async fn webhook_routes_are_the_endpoints_of_their_format(database: TestDb) {
    let server = Server::start(database).await;
    assert_eq!(server.get("/v1/webhookRoutes").await.expect(200).json()["webhooks"], json!([]));
    let other = json!({"url": "https://other.example.com/in"});
    let other = server.post("/api/v1/webhooks", other).await.expect(201).json();
    let settings = json!({"webhooks": "https://hooks.example.com/in?a=b", "webhooksEnabled": true, "webhookEvents": ["messageNew", "messageSent"]});
    server.post("/v1/settings", settings).await.expect(200);
    let account = json!({"account": "ada", "email": "ada@example.com", "webhooks": "https://ada.example.com/in"});
    server.post("/v1/account", account).await.expect(200);
    let all = server.get("/api/v1/webhooks").await.expect(200).json();
    let of = |host: &str| {
        let found = all["items"].as_array().expect("items").iter();
        found
            .clone()
            .find(|one| one["url"].as_str().is_some_and(|url| url.contains(host)))
            .expect("an endpoint")
            .clone()
    };
    let (endpoint, own) = (of("hooks.example.com"), of("ada.example.com"));
    let id = endpoint["id"].as_str().expect("an id");
    server.post(&format!("/api/v1/webhooks/{id}/test"), json!({})).await.expect(202);

    let list = server.get("/v1/webhookRoutes").await.expect(200).json();
    assert_eq!((&list["total"], &list["page"], &list["pages"]), (&json!(2), &json!(0), &json!(1)), "{list}");
    assert_eq!(list["webhooks"][0]["description"], "* of the account ada");
    assert_eq!(list["webhooks"][0]["id"], own["id"]);
    let route = json!({"id": id, "name": "hooks.example.com", "description": "messageNew, messageSent",
        "created": endpoint["createdAt"], "updated": endpoint["updatedAt"], "enabled": true,
        "targetUrl": "https://hooks.example.com/in?a=b", "tcount": 1});
    assert_eq!(list["webhooks"][1], route);
    let second = server.get("/v1/webhookRoutes?pageSize=1&page=1").await.expect(200).json();
    assert_eq!((&second["webhooks"], &second["pages"]), (&json!([route]), &json!(2)));
    let path = |id: &Value| format!("/v1/webhookRoutes/webhookRoute/{}", id.as_str().expect("an id"));
    assert_eq!(server.get(&path(&endpoint["id"])).await.expect(200).json(), route);
    // One of the other format is none, nor is another workspace's.
    server.get(&path(&other["id"])).await.expect(404);
    server.get(&path(&json!("none"))).await.expect(404);
    let foreign = server.foreign_key().await;
    server.ask("GET", &path(&endpoint["id"]), &foreign, None).await.expect(404);
    assert_eq!(server.ask("GET", "/v1/webhookRoutes", &foreign, None).await.expect(200).json()["total"], 0);
    let reader = key(server.engine(), &server.product.workspace_id, &[Scope::ChannelsRead]).await;
    server.ask("GET", "/v1/webhookRoutes", &reader, None).await.expect(403);
}
