//! Behind a reverse proxy: who asked is whom a trusted proxy names, and nobody else's word counts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::Api;
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(the_audit_log_and_sessions_know_who_asked, forged_headers_are_nobodys_word);

const PASSWORD: &str = "a long pass phrase";

/// Signs in with what a proxy, or somebody who plays one, says; answers the audit log's address and the session's.
async fn sign_in(api: &Api, forwarded: &[&str]) -> (Value, Value) {
    let ask = |method, path: &str| {
        let request = api.without_key().request(method, path);
        forwarded.iter().fold(request, |request, line| request.header("x-forwarded-for", *line))
    };
    let request = ask(Method::POST, "/session").json(&json!({ "email": "ada@example.org", "password": PASSWORD }));
    let answer = api.without_key().send(request).await.expect(200);
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    let sessions = ask(Method::GET, "/users/me/sessions").header("cookie", cookie);
    let sessions = api.without_key().send(sessions).await.expect(200).json();
    let current = sessions["items"].as_array().expect("sessions").iter().find(|session| session["current"] == true);
    let log = api.get("/audit-log?action=session.created&take=1").await.expect(200).json();
    (log["items"][0]["address"].clone(), current.expect("this one")["address"].clone())
}

async fn add_ada(api: &Api) {
    let ada = json!({ "email": "ada@example.org", "role": "agent", "password": PASSWORD });
    api.post("/users", ada).await.expect(201);
}

fn both(address: &str) -> (Value, Value) {
    (json!(address), json!(address))
}

async fn the_audit_log_and_sessions_know_who_asked(database: Database) {
    let trusted = [("POSTROOM_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")];
    let postroom = Postroom::start_with(database, &trusted).await;
    let api = postroom.api();
    add_ada(&api).await;
    assert_eq!(sign_in(&api, &[]).await, both("127.0.0.1"));
    assert_eq!(sign_in(&api, &["198.51.100.9"]).await, both("198.51.100.9"));
    // What the client wrote itself lies on the left of it; so does what comes before a load balancer of ours.
    assert_eq!(sign_in(&api, &["203.0.113.66, 198.51.100.9, 10.1.2.3"]).await, both("198.51.100.9"));
    assert_eq!(sign_in(&api, &["203.0.113.66", "2001:db8::9"]).await, both("2001:db8::9"));
    for unreadable in ["203.0.113.66, unknown", "203.0.113.66,", "<script>", &"9".repeat(5_000)] {
        assert_eq!(sign_in(&api, &[unreadable]).await, both("127.0.0.1"), "{unreadable}");
    }
}

async fn forged_headers_are_nobodys_word(database: Database) {
    // Whoever connects is no proxy that is named.
    let postroom = Postroom::start_with(database, &[("POSTROOM_TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    let api = postroom.api();
    add_ada(&api).await;
    for forged in ["198.51.100.9", "198.51.100.9, 10.1.2.3", "10.1.2.3"] {
        assert_eq!(sign_in(&api, &[forged]).await, both("127.0.0.1"), "{forged}");
    }
    // What was handed on is no program of this machine.
    let metrics = api.without_key().request(Method::GET, "//metrics").header("x-forwarded-for", "127.0.0.1");
    api.without_key().send(metrics).await.expect(401);
}
