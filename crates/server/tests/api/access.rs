//! Keys, users, sessions and the first start.

use axum::body::Body;
use axum::http::Request;
use engine::access::{self, BootstrapOptions};
use model::key::Scope;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::support::{Answer, Server, key, no_options};

store::on_both_engines!(
    a_key_is_shown_once_and_worthless_once_deleted,
    scopes_and_bindings_confine_a_key,
    users_are_added_changed_and_removed,
    people_sign_in_by_password_or_by_a_link_that_works_once,
    a_cookie_changes_things_from_our_own_pages_alone,
    an_agent_changes_nothing_that_mail_goes_by,
    the_first_start_leaves_a_way_in_and_later_ones_change_nothing,
    a_changed_bootstrap_key_replaces_the_earlier_one_and_no_other,
    guessing_passwords_is_slowed_down,
);

async fn a_key_is_shown_once_and_worthless_once_deleted(database: TestDb) {
    let server = Server::start(database).await;
    let made = server.post("/api/v1/api-keys", json!({"name": "App", "scopes": ["channels:read"]})).await.expect(201);
    let made = made.json();
    let secret = made["key"].as_str().expect("the key").to_owned();
    assert!(secret.starts_with("pk_") && secret.len() >= 43, "{secret}");
    assert!(secret.ends_with(made["hint"].as_str().expect("a hint")));
    let list = server.get("/api/v1/api-keys").await.expect(200);
    assert!(!list.text.contains(&secret));
    server.ask("GET", "/api/v1/channels", &secret, None).await.expect(200);
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    server.delete(&path).await.expect(204);
    server.ask("GET", "/api/v1/channels", &secret, None).await.expect_problem(401, "unauthenticated");
    server.delete(&path).await.expect_problem(404, "notFound");
    for (body, pointer) in [
        (json!({"name": "", "scopes": ["admin"]}), "/name"),
        (json!({"name": "A", "scopes": []}), "/scopes"),
        (json!({"name": "A", "scopes": ["everything"]}), "/scopes/0"),
        (json!({"name": "A"}), "/scopes"),
        (json!({"name": "A", "scopes": ["admin"], "channelId": "ch_00000000000000000000000000"}), "/channelId"),
        (json!({"name": "A", "scopes": ["admin"], "channelId": "nonsense"}), "/channelId"),
    ] {
        let refused = server.post("/api/v1/api-keys", body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
}

async fn scopes_and_bindings_confine_a_key(database: TestDb) {
    let server = Server::start(database).await;
    let workspace = server.product.workspace_id.clone();
    let reader = key(server.engine(), &workspace, &[Scope::ChannelsRead]).await;
    let channel = json!({"name": "Other", "provider": "sandbox"});
    server.ask("POST", "/api/v1/channels", &reader, Some(channel.clone())).await.expect_problem(403, "forbidden");
    for path in ["api-keys", "users", "webhooks", "conversations", "messages", "contacts", "events", "search?q=x"] {
        server.ask("GET", &format!("/api/v1/{path}"), &reader, None).await.expect_problem(403, "forbidden");
    }
    let shown = server.ask("GET", "/api/v1/channels", &reader, None).await.expect(200);
    assert!(!shown.text.contains("token="), "who may only read does not see the secret of the webhook URL");
    assert!(server.get("/api/v1/channels").await.expect(200).text.contains("token="));

    let other = server.post("/api/v1/channels", channel.clone()).await.expect(201).json();
    let other_id = other["id"].as_str().expect("an id");
    let bound = json!({"name": "Bound", "scopes": ["admin"], "channelId": other_id});
    let bound = server.post("/api/v1/api-keys", bound).await.expect(201).json();
    let bound = bound["key"].as_str().expect("a key");
    let seen = server.ask("GET", "/api/v1/channels", bound, None).await.expect(200).json();
    assert_eq!(seen["items"].as_array().map(Vec::len), Some(1), "{seen}");
    let first = format!("/api/v1/channels/{}", server.product.channel.id);
    server.ask("GET", &first, bound, None).await.expect_problem(404, "notFound");
    server.ask("DELETE", &first, bound, None).await.expect_problem(404, "notFound");
    server.ask("POST", "/api/v1/channels", bound, Some(channel)).await.expect_problem(403, "forbidden");
    server.ask("GET", "/api/v1/webhooks", bound, None).await.expect_problem(403, "forbidden");
    let wider = json!({"name": "Wider", "scopes": ["admin"]});
    server.ask("POST", "/api/v1/api-keys", bound, Some(wider)).await.expect_problem(403, "forbidden");
    let user = json!({"email": "eve@example.com", "role": "admin", "password": "long enough"});
    server.ask("POST", "/api/v1/users", bound, Some(user)).await.expect_problem(403, "forbidden");
}

async fn users_are_added_changed_and_removed(database: TestDb) {
    let server = Server::start(database).await;
    let new = json!({"email": "Ada@Example.com", "name": "Ada", "role": "admin"});
    let ada = server.post("/api/v1/users", new.clone()).await.expect(201).json();
    assert_eq!(ada["email"], "ada@example.com");
    assert!(ada["signInUrl"].as_str().is_some_and(|url| url.contains("/sign-in?token=")), "{ada}");
    server.post("/api/v1/users", new).await.expect_problem(409, "conflict");
    for (body, pointer) in [
        (json!({"email": "nonsense", "role": "agent"}), "/email"),
        (json!({"email": "a@example.com", "role": "boss"}), "/role"),
        (json!({"email": "a@example.com", "role": "agent", "password": "short"}), "/password"),
    ] {
        let refused = server.post("/api/v1/users", body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
    let path = format!("/api/v1/users/{}", ada["id"].as_str().expect("an id"));
    server.patch(&path, json!({"role": "agent"})).await.expect_problem(409, "conflict");
    server.delete(&path).await.expect_problem(409, "conflict");
    let bob = json!({"email": "bob@example.com", "role": "agent", "password": "long enough"});
    let bob = server.post("/api/v1/users", bob).await.expect(201).json();
    assert!(bob.get("signInUrl").is_none(), "{bob}");
    let bob_path = format!("/api/v1/users/{}", bob["id"].as_str().expect("an id"));
    assert_eq!(
        server.patch(&bob_path, json!({"role": "admin", "name": "Bob"})).await.expect(200).json()["name"],
        "Bob"
    );
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_problem(404, "notFound");
    let all = server.get("/api/v1/users").await.expect(200).json();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "{all}");
    server.get("/api/v1/users/me").await.expect_problem(404, "notFound");
}

fn sign_in(body: &Value) -> Request<Body> {
    Request::post("/api/v1/session")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request")
}

/// The cookie of an answer, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    set.split(';').next().unwrap_or_default().to_owned()
}

fn with_cookie(method: &str, path: &str, cookie: &str, origin: Option<&str>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("cookie", cookie).header("host", "127.0.0.1:8025");
    let request = match origin {
        Some(origin) => request.header("origin", origin),
        None => request,
    };
    request.header("content-type", "application/json").body(Body::from(r#"{"name":"Ann"}"#)).expect("a request")
}

async fn people_sign_in_by_password_or_by_a_link_that_works_once(database: TestDb) {
    let server = Server::start(database).await;
    let ann = json!({"email": "ann@example.com", "role": "agent", "password": "correct horse"});
    server.post("/api/v1/users", ann).await.expect(201);
    for wrong in [
        json!({"email": "ann@example.com", "password": "wrong horse"}),
        json!({"email": "nobody@example.com", "password": "correct horse"}),
        json!({"token": "made up"}),
    ] {
        server.send(sign_in(&wrong)).await.expect_problem(401, "unauthenticated");
    }
    server.send(sign_in(&json!({"email": "ann@example.com"}))).await.expect_problem(422, "invalid");
    let signed_in =
        server.send(sign_in(&json!({"email": "ANN@example.com", "password": "correct horse"}))).await.expect(200);
    assert_eq!(signed_in.json()["user"]["email"], "ann@example.com");
    assert_eq!(signed_in.json()["workspace"]["id"], server.product.workspace_id.as_str());
    let session = cookie(&signed_in);
    let me = server.send(with_cookie("GET", "/api/v1/users/me", &session, None)).await.expect(200);
    assert_eq!(me.json()["email"], "ann@example.com");
    server.post("/api/v1/contacts", json!({"addresses": ["bob@example.org"]})).await.expect(201);
    server.product.settle().await;
    let shown = server.send(with_cookie("GET", "/api/v1/session", &session, None)).await.expect(200).json();
    let events = server.get("/api/v1/events?order=desc&take=1").await.expect(200).json();
    assert_eq!(shown["lastEventId"], events["items"][0]["id"]);
    server.send(with_cookie("GET", "/api/v1/api-keys", &session, None)).await.expect_problem(403, "forbidden");

    let link = access::sign_in_link(server.engine(), "ann@example.com").await.expect("a link");
    let long = json!({"token": "x".repeat(20_000)});
    server.send(sign_in(&long)).await.expect_problem(413, "tooLarge");
    let body = json!({"token": link.expose_secret()});
    server.send(sign_in(&body)).await.expect(200);
    server.send(sign_in(&body)).await.expect_problem(401, "unauthenticated");

    let own = Some("http://127.0.0.1:8025");
    server.send(with_cookie("DELETE", "/api/v1/session", &session, own)).await.expect(204);
    server.send(with_cookie("GET", "/api/v1/session", &session, None)).await.expect_problem(401, "unauthenticated");
}

async fn a_cookie_changes_things_from_our_own_pages_alone(database: TestDb) {
    let server = Server::start(database).await;
    let ann = json!({"email": "ann@example.com", "role": "agent", "password": "correct horse"});
    let ann = server.post("/api/v1/users", ann).await.expect(201).json();
    let path = format!("/api/v1/users/{}", ann["id"].as_str().expect("an id"));
    let body = json!({"email": "ann@example.com", "password": "correct horse"});
    let session = cookie(&server.send(sign_in(&body)).await.expect(200));
    for foreign in [None, Some("https://evil.example"), Some("http://127.0.0.1:9999"), Some("null")] {
        server.send(with_cookie("PATCH", &path, &session, foreign)).await.expect_problem(403, "forbidden");
    }
    server.send(with_cookie("PATCH", &path, &session, Some("http://127.0.0.1:8025"))).await.expect(200);
}

async fn an_agent_changes_nothing_that_mail_goes_by(database: TestDb) {
    let server = Server::start(database).await;
    let ann = json!({"email": "ann@example.com", "role": "agent", "password": "correct horse"});
    server.post("/api/v1/users", ann).await.expect(201);
    let domain = server.post("/api/v1/domains", json!({"name": "mail.example.com"})).await.expect(201).json();
    let domain = format!("/api/v1/domains/{}", domain["id"].as_str().expect("an id"));
    let body = json!({"email": "ann@example.com", "password": "correct horse"});
    let session = cookie(&server.send(sign_in(&body)).await.expect(200));
    let own = Some("http://127.0.0.1:8025");
    server.send(with_cookie("GET", &domain, &session, None)).await.expect(200);
    let rotate = format!("{domain}/rotate-dkim");
    for (method, path) in [("POST", &rotate), ("DELETE", &domain)] {
        server.send(with_cookie(method, path, &session, own)).await.expect_problem(403, "forbidden");
    }
    server.get(&domain).await.expect(200);
}

async fn the_first_start_leaves_a_way_in_and_later_ones_change_nothing(database: TestDb) {
    let server = Server::start(database).await;
    // The support's own workspace is there already: begin with none.
    let db = server.engine().db.clone();
    db.write(store::Priority::Foreground, |tx| tx.execute("DELETE FROM workspace", &[]))
        .await
        .expect("an empty instance");
    let begun = access::bootstrap(server.engine(), no_options()).await.expect("begins");
    assert!(begun.first_start);
    let key = begun.api_key.expect("a key");
    let channels = server.ask("GET", "/api/v1/channels", key.expose_secret(), None).await.expect(200).json();
    assert_eq!(channels["items"][0]["inboundAddress"], begun.inbound_address.expect("an address"));
    let link = begun.sign_in_token.expect("a link");
    let signed_in = server.send(sign_in(&json!({"token": link.expose_secret()}))).await.expect(200);
    assert_eq!(signed_in.json()["user"]["role"], "admin");
    let again = access::bootstrap(server.engine(), no_options()).await.expect("begins again");
    assert!(!again.first_start && again.api_key.is_none() && again.sign_in_token.is_none());
    assert_eq!(again.workspace_id, begun.workspace_id);
}

async fn a_changed_bootstrap_key_replaces_the_earlier_one_and_no_other(database: TestDb) {
    let server = Server::start(database).await;
    let options = |key: &str| BootstrapOptions { key: Some(key.into()), admin: None };
    let (first, second) = ("first-bootstrap-key-of-24", "second-bootstrap-key-of-24");
    access::bootstrap(server.engine(), options(first)).await.expect("begins");
    server.ask("GET", "/api/v1/api-keys", first, None).await.expect(200);
    access::bootstrap(server.engine(), options(second)).await.expect("begins");
    server.ask("GET", "/api/v1/api-keys", first, None).await.expect_problem(401, "unauthenticated");
    server.ask("GET", "/api/v1/api-keys", second, None).await.expect(200);
    server.get("/api/v1/api-keys").await.expect(200);
    for wrong in ["too short", "", "with a space in it, which no header keeps"] {
        assert!(access::bootstrap(server.engine(), options(wrong)).await.is_err(), "{wrong:?}");
    }
}

async fn guessing_passwords_is_slowed_down(database: TestDb) {
    let server = Server::start(database).await;
    let wrong = json!({"token": "made up"});
    // Behind a proxy, each client for itself, whatever it writes in front of what the proxy says.
    let guess = |number: usize, client: &str| {
        let mut request = sign_in(&wrong);
        let forwarded = format!("203.0.113.{number}, {client}").parse().expect("a header");
        request.headers_mut().insert("x-forwarded-for", forwarded);
        server.send(request)
    };
    let mut refused = None;
    for number in 0..60 {
        let answer = guess(number, "198.51.100.1").await;
        if answer.status.as_u16() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("sixty guesses in a row are too many").expect_problem(429, "tooManyRequests");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
    assert_ne!(guess(0, "198.51.100.2").await.status.as_u16(), 429, "somebody else");
}
