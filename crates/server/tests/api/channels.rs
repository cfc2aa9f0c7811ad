//! Channels: what they may be, who receives at their addresses, what is never shown.

use engine::channels;
use engine::ports::RouteError;
use serde_json::json;
use store::testing::TestDb;

use crate::support::Server;

store::on_both_engines!(
    a_channel_is_created_changed_and_deleted,
    wrong_fields_are_pointed_at,
    a_password_is_never_shown_and_never_follows_to_another_server,
    an_address_receives_from_creation_to_deletion_and_is_never_reused,
);

fn smtp() -> serde_json::Value {
    json!({ "type": "email", "name": "Support Email", "provider": "smtp_imap", "emailAddress": "support@acme.test",
        "displayName": "Acme Support", "aliases": ["help@acme.test"], "signature": { "text": "Yours" },
        "config": { "smtpHost": "smtp.acme.test", "smtpPort": 587, "smtpSecurity": "starttls", "imapHost": "imap.acme.test",
            "imapPort": 993, "imapSecurity": "tls", "username": "support", "password": "open sesame" } })
}

async fn a_channel_is_created_changed_and_deleted(database: TestDb) {
    let server = Server::start(database).await;
    let made = server.post("/api/v1/channels", smtp()).await.expect(201).json();
    assert_eq!(made["status"], "connected");
    assert_eq!(made["config"]["smtpHost"], "smtp.acme.test");
    assert!(made["inboundAddress"].as_str().is_some_and(|address| address.ends_with("@inbox.localhost")), "{made}");
    let id = made["id"].as_str().expect("an id");
    let url = made["webhookUrl"].as_str().expect("a URL");
    assert!(url.starts_with(&format!("http://127.0.0.1:8025/webhooks/email/{id}?token=")), "{url}");
    let path = format!("/api/v1/channels/{id}");
    let changed =
        server.patch(&path, json!({"name": "Help", "displayName": null, "authPolicy": "reject"})).await.expect(200);
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["authPolicy"]), (&json!("Help"), &json!("reject")));
    assert!(changed["displayName"].is_null(), "{changed}");
    assert_eq!(changed["aliases"], json!(["help@acme.test"]));
    assert_eq!(server.get(&path).await.expect(200).json(), changed);
    server.post(&format!("{path}/test"), json!({})).await.expect(200);
    server.post("/api/v1/channels/test", smtp()).await.expect(200);
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_problem(404, "notFound");
    server.delete(&path).await.expect_problem(404, "notFound");
}

async fn wrong_fields_are_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    let with = |change: serde_json::Value| {
        let mut body = smtp();
        for (name, value) in change.as_object().expect("fields") {
            body[name] = value.clone();
        }
        body
    };
    for (change, pointer) in [
        (json!({"name": ""}), "/name"),
        (json!({"name": 7}), "/name"),
        (json!({"type": "sms"}), "/type"),
        (json!({"provider": "pigeon"}), "/provider"),
        (json!({"provider": "sendgrid"}), "/provider"),
        (json!({"emailAddress": "nonsense"}), "/emailAddress"),
        (json!({"emailAddress": null}), "/emailAddress"),
        (json!({"aliases": ["help@acme.test", "x"]}), "/aliases/1"),
        (json!({"signature": {"txt": "Yours"}}), "/signature/txt"),
        (
            json!({"config": {"smtpHost": "https://smtp.acme.test/", "username": "u", "password": "p"}}),
            "/config/smtpHost",
        ),
        (json!({"config": {"smtpHost": "smtp.acme.test", "smtpPort": 70000}}), "/config/smtpPort"),
        (json!({"config": {"smtpHost": "smtp.acme.test", "smtpSecurity": "ssl"}}), "/config/smtpSecurity"),
        (json!({"config": {"smtpHost": "smtp.acme.test", "username": "u"}}), "/config/password"),
        (json!({"config": {"smtpHost": "smtp.acme.test", "colour": "red"}}), "/config/colour"),
        (json!({"limits": {"maxMessageBytes": "many"}}), "/limits/maxMessageBytes"),
        (json!({"authPolicy": "maybe"}), "/authPolicy"),
    ] {
        for path in ["/api/v1/channels", "/api/v1/channels/test"] {
            let refused = server.post(path, with(change.clone())).await.expect_problem(422, "invalid");
            assert_eq!(refused.pointers(), [pointer], "{change}");
        }
    }
    let refused = server.post("/api/v1/channels", json!({"name": "", "provider": "smtp_imap"})).await;
    let pointers = refused.expect_problem(422, "invalid").pointers();
    assert!(pointers.len() >= 3, "all that is wrong is said at once: {pointers:?}");
}

async fn a_password_is_never_shown_and_never_follows_to_another_server(database: TestDb) {
    let server = Server::start(database).await;
    let made = server.post("/api/v1/channels", smtp()).await.expect(201);
    assert!(!made.text.contains("open sesame"));
    let path = format!("/api/v1/channels/{}", made.json()["id"].as_str().expect("an id"));
    assert!(!server.get(&path).await.expect(200).text.contains("open sesame"));
    for config in [
        json!({"smtpHost": "evil.example"}),
        json!({"imapHost": "evil.example"}),
        json!({"smtpPort": 2525}),
        json!({"smtpSecurity": "none"}),
        json!({"username": "root"}),
    ] {
        let refused = server.patch(&path, json!({"config": config})).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/config/password"], "{config}");
    }
    server.patch(&path, json!({"config": {"smtpHost": "smtp.acme.test"}})).await.expect(200);
    let moved = json!({"config": {"smtpHost": "smtp2.acme.test", "password": "open barley"}});
    assert_eq!(server.patch(&path, moved).await.expect(200).json()["config"]["smtpHost"], "smtp2.acme.test");
}

async fn an_address_receives_from_creation_to_deletion_and_is_never_reused(database: TestDb) {
    let server = Server::start(database).await;
    let made =
        server.post("/api/v1/channels", json!({"name": "In", "provider": "forwarding"})).await.expect(201).json();
    let (id, address) = (made["id"].as_str().expect("an id"), made["inboundAddress"].as_str().expect("an address"));
    let route = channels::route(server.engine(), address).await.expect("a route");
    assert_eq!(route.channel_id.as_ref().map(AsRef::as_ref), Some(id));
    let (local, domain) = address.split_once('@').expect("an address");
    for (tagged, token) in [
        (format!("{local}+r.abc123@{domain}"), Some("abc123")),
        (format!("{local}+anything@{domain}"), None),
        (address.to_uppercase(), None),
    ] {
        let route = channels::route(server.engine(), &tagged).await.expect("a route");
        assert_eq!(route.reply_token.as_deref(), token, "{tagged}");
        assert_eq!(route.recipient, tagged);
    }
    for nobody in
        ["nobody@inbox.localhost", "support@acme.test", "x", "@inbox.localhost", "", &format!("{local}@other.test")]
    {
        assert!(matches!(channels::route(server.engine(), nobody).await, Err(RouteError::Unknown)), "{nobody}");
    }
    server.delete(&format!("/api/v1/channels/{id}")).await.expect(204);
    assert!(matches!(channels::route(server.engine(), address).await, Err(RouteError::Unknown)));
}
