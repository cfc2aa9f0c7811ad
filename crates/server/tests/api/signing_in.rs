//! Signing in with a second factor, and sessions: set up, asked for, good once, wanted of everybody, taken away.

use axum::body::Body;
use axum::http::Request;
use engine::access::second_factor;
use engine::testing::code_of_app;
use serde_json::{Value, json};
use store::Priority;
use store::testing::TestDb;

use crate::support::{Answer, Server};

store::on_both_engines!(
    a_second_factor_is_set_up_asked_for_and_turned_off,
    a_code_is_good_once_and_a_recovery_code_too,
    guessing_codes_is_stopped_and_locks_nobody_out_who_is_signed_in,
    who_needs_a_second_factor_can_do_nothing_else_first,
    a_lost_second_factor_is_taken_away_by_an_administrator,
    sessions_are_listed_and_ended_and_a_new_password_ends_the_others,
    guessing_the_present_password_is_slowed_down,
    a_workspace_has_settings,
);

const ORIGIN: &str = "http://127.0.0.1:8025";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Somebody's browser.
pub struct Browser<'s> {
    server: &'s Server,
    pub cookie: String,
}

impl<'s> Browser<'s> {
    pub fn new(server: &'s Server) -> Self {
        Self { server, cookie: String::new() }
    }

    pub async fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8025")
            .header("origin", ORIGIN)
            .header("user-agent", FIREFOX)
            .header("cookie", &self.cookie)
            .header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.server.send(request.body(body).expect("a request")).await;
        let set = answer.header("set-cookie").split(';').next().unwrap_or_default();
        if !set.is_empty() {
            self.cookie = set.to_owned();
        }
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, Some(body)).await
    }

    async fn password(&mut self) -> Answer {
        let body = json!({"email": "ann@example.com", "password": "correct horse"});
        self.post("/api/v1/session", body).await
    }

    /// The token of the second step, after the first.
    async fn first_step(&mut self) -> String {
        let answer = self.password().await.expect(202);
        assert_eq!(answer.header("set-cookie"), "", "half a sign-in is none");
        text(&answer.json()["token"])
    }

    async fn second_step(&mut self, token: &str, code: &str) -> Answer {
        self.post("/api/v1/session/second-step", json!({"token": token, "code": code})).await
    }

    /// Sets a second factor up. Answers its secret and the recovery codes.
    async fn set_up(&mut self) -> (String, Vec<String>) {
        let begun = self.post(FACTOR, json!({})).await.expect(200).json();
        let secret = text(&begun["secret"]);
        let code = json!({"code": code_of_app(&secret)});
        let confirmed = self.post(&format!("{FACTOR}/confirm"), code).await.expect(200).json();
        let codes = confirmed["recoveryCodes"].as_array().expect("codes").iter().map(text).collect();
        (secret, codes)
    }
}

const FACTOR: &str = "/api/v1/users/me/second-factor";

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}

/// Ann, with a password. Answers her id.
async fn ann(server: &Server, role: &str) -> String {
    let ann = json!({"email": "ann@example.com", "role": role, "password": "correct horse"});
    text(&server.post("/api/v1/users", ann).await.expect(201).json()["id"])
}

/// As if half a minute had passed: the app's code of this moment was not used yet.
async fn next_code(server: &Server) {
    let forget = |tx: &mut store::Tx<'_>| tx.execute("UPDATE second_factor SET last_step = 0, failures = 0", &[]);
    server.engine().db.write(Priority::Foreground, forget).await.expect("forgets");
}

async fn actions(server: &Server) -> Vec<String> {
    let log = server.get("/api/v1/audit-log?order=asc&take=100").await.expect(200).json();
    log["items"].as_array().expect("items").iter().map(|entry| text(&entry["action"])).collect()
}

async fn a_second_factor_is_set_up_asked_for_and_turned_off(database: TestDb) {
    let server = Server::start(database).await;
    let id = ann(&server, "agent").await;
    let mut browser = Browser::new(&server);
    browser.password().await.expect(200);
    let begun = browser.post(FACTOR, json!({})).await.expect(200).json();
    let (secret, uri) = (text(&begun["secret"]), text(&begun["uri"]));
    assert!(uri.starts_with("otpauth://totp/Postroom:ann%40example.com?") && uri.contains(&secret), "{uri}");
    // Until a code confirms it, nothing is asked for.
    Browser::new(&server).password().await.expect(200);
    let wrong = browser.post(&format!("{FACTOR}/confirm"), json!({"code": "000000"})).await;
    assert_eq!(wrong.expect(422).pointers(), ["/code"]);
    let (secret, codes) = browser.set_up().await;
    assert_eq!(codes.len(), 10);
    browser.post(FACTOR, json!({})).await.expect_problem(409, "conflict");
    let status = browser.get(FACTOR).await.expect(200).json();
    assert_eq!((&status["enabled"], &status["recoveryCodesLeft"]), (&json!(true), &json!(10)), "{status}");
    assert_eq!(server.get(&format!("/api/v1/users/{id}")).await.expect(200).json()["secondFactor"], true);

    next_code(&server).await;
    let mut another = Browser::new(&server);
    let token = another.first_step().await;
    another.get("/api/v1/session").await.expect(401);
    another.second_step(&token, "123456").await.expect_problem(401, "unauthenticated");
    let signed_in = another.second_step(&token, &code_of_app(&secret)).await.expect(200).json();
    assert_eq!(signed_in["user"]["email"], "ann@example.com");
    another.get("/api/v1/session").await.expect(200);
    // The first step is used up with the second.
    next_code(&server).await;
    another.second_step(&token, &code_of_app(&secret)).await.expect_problem(401, "unauthenticated");

    browser.post(&format!("{FACTOR}/disable"), json!({"code": "000000"})).await.expect(422);
    browser.post(&format!("{FACTOR}/disable"), json!({"code": code_of_app(&secret)})).await.expect(204);
    Browser::new(&server).password().await.expect(200);
    let told = actions(&server).await;
    for action in ["secondFactor.enabled", "session.failed", "session.created", "secondFactor.disabled"] {
        assert!(told.iter().any(|told| told == action), "{action}: {told:?}");
    }
    // A key is nobody, and no second factor is asked of it.
    server.get(FACTOR).await.expect_problem(404, "notFound");
}

async fn a_code_is_good_once_and_a_recovery_code_too(database: TestDb) {
    let server = Server::start(database).await;
    ann(&server, "agent").await;
    let mut browser = Browser::new(&server);
    browser.password().await.expect(200);
    let (secret, codes) = browser.set_up().await;
    // The one that confirmed it is used.
    let token = browser.first_step().await;
    let code = code_of_app(&secret);
    next_code(&server).await;
    browser.second_step(&token, &code).await.expect(200);
    let token = browser.first_step().await;
    browser.second_step(&token, &code).await.expect_problem(401, "unauthenticated");
    // However it is typed.
    browser.second_step(&token, &format!(" {} ", codes[0].to_uppercase())).await.expect(200);
    assert_eq!(browser.get(FACTOR).await.expect(200).json()["recoveryCodesLeft"], 9);
    let token = browser.first_step().await;
    browser.second_step(&token, &codes[0]).await.expect_problem(401, "unauthenticated");
    browser.second_step(&token, &codes[1].replace('-', "")).await.expect(200);
    let renewed = browser.post(&format!("{FACTOR}/recovery-codes"), json!({"code": codes[2]})).await.expect(200).json();
    let token = browser.first_step().await;
    browser.second_step(&token, &codes[3]).await.expect_problem(401, "unauthenticated");
    browser.second_step(&token, &text(&renewed["recoveryCodes"][0])).await.expect(200);
    // Nothing of it can be read where it is kept.
    let kept = |tx: &mut store::Tx<'_>| {
        tx.query("SELECT code_hash FROM recovery_code", &[], |row| row.bytes(0)).map(|hashes| hashes.concat())
    };
    let kept = server.engine().db.read(kept).await.expect("reads");
    let words: Vec<String> = renewed["recoveryCodes"].as_array().expect("codes").iter().map(text).collect();
    let spelled = |code: &String| code.replace('-', "").into_bytes();
    assert!(words.iter().all(|code| !kept.windows(16).any(|window| window == spelled(code))));
}

async fn guessing_codes_is_stopped_and_locks_nobody_out_who_is_signed_in(database: TestDb) {
    let server = Server::start(database).await;
    ann(&server, "agent").await;
    let mut browser = Browser::new(&server);
    browser.password().await.expect(200);
    let (secret, _) = browser.set_up().await;
    let mut stranger = Browser::new(&server);
    for round in 0..2 {
        let token = stranger.first_step().await;
        for _ in 0..5 {
            stranger.second_step(&token, "000000").await.expect_problem(401, "unauthenticated");
        }
        // A first step is good for so many.
        let over = stranger.second_step(&token, &code_of_app(&secret)).await.expect_problem(401, "unauthenticated");
        assert!(over.text.contains("begin again"), "{round}: {}", over.text);
    }
    let token = stranger.first_step().await;
    let refused = stranger.second_step(&token, "000000").await.expect_problem(429, "tooManyRequests");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=901).contains(&seconds)));
    // Whoever is signed in goes on, and who has no password never got that far.
    browser.get("/api/v1/conversations").await.expect(200);
    let end = |tx: &mut store::Tx<'_>| tx.execute("UPDATE second_factor SET failures_since = 0, last_step = 0", &[]);
    server.engine().db.write(Priority::Foreground, end).await.expect("a quarter of an hour");
    let token = stranger.first_step().await;
    stranger.second_step(&token, &code_of_app(&secret)).await.expect(200);
}

async fn who_needs_a_second_factor_can_do_nothing_else_first(database: TestDb) {
    let server = Server::start(database).await;
    ann(&server, "admin").await;
    let mut browser = Browser::new(&server);
    browser.password().await.expect(200);
    browser.ask("PATCH", "/api/v1/workspace", Some(json!({"secondFactorRequired": true}))).await.expect(200);
    // Of those who are signed in, too.
    for path in ["/api/v1/conversations", "/api/v1/workspace", "/api/v1/events/stream", "/api/v1/users/me/sessions"] {
        browser.get(path).await.expect_problem(403, "secondFactorRequired");
    }
    let note = json!({"addresses": ["bo@example.org"]});
    browser.post("/api/v1/contacts", note).await.expect_problem(403, "secondFactorRequired");
    let shown = browser.get("/api/v1/session").await.expect(200).json();
    assert_eq!(shown["needsSecondFactor"], true);
    browser.get("/api/v1/users/me").await.expect(200);
    assert_eq!(browser.get(FACTOR).await.expect(200).json()["required"], true);
    // Programs go on as before.
    server.get("/api/v1/conversations").await.expect(200);
    let mut again = Browser::new(&server);
    assert_eq!(again.password().await.expect(200).json()["needsSecondFactor"], true);
    again.set_up().await;
    again.get("/api/v1/conversations").await.expect(200);
    browser.get("/api/v1/conversations").await.expect(200);
}

async fn a_lost_second_factor_is_taken_away_by_an_administrator(database: TestDb) {
    let server = Server::start(database).await;
    let id = ann(&server, "agent").await;
    let path = format!("/api/v1/users/{id}/second-factor");
    server.delete(&path).await.expect_problem(409, "conflict");
    let mut browser = Browser::new(&server);
    browser.password().await.expect(200);
    browser.set_up().await;
    browser.ask("DELETE", &path, None).await.expect_problem(403, "forbidden");
    server.delete(&path).await.expect(204);
    browser.password().await.expect(200);
    browser.set_up().await;
    second_factor::reset_by_email(server.engine(), " Ann@Example.com ").await.expect("resets");
    browser.password().await.expect(200);
    assert!(second_factor::reset_by_email(server.engine(), "nobody@example.com").await.is_err());
    let log = server.get("/api/v1/audit-log?action=secondFactor.reset").await.expect(200).json();
    let by: Vec<&Value> = log["items"].as_array().expect("items").iter().map(|entry| &entry["actor"]["type"]).collect();
    assert_eq!(by, ["commandLine", "apiKey"]);
}

async fn sessions_are_listed_and_ended_and_a_new_password_ends_the_others(database: TestDb) {
    let server = Server::start(database).await;
    ann(&server, "agent").await;
    let sessions = "/api/v1/users/me/sessions";
    let (mut one, mut two, mut three) = (Browser::new(&server), Browser::new(&server), Browser::new(&server));
    for browser in [&mut one, &mut two, &mut three] {
        browser.password().await.expect(200);
    }
    let listed = one.get(sessions).await.expect(200).json();
    let items = listed["items"].as_array().expect("items");
    assert_eq!(items.len(), 3, "{listed}");
    assert!(items.iter().all(|session| session["browser"] == "Firefox" && session["system"] == "Linux"), "{listed}");
    let current: Vec<&Value> = items.iter().filter(|session| session["current"] == true).collect();
    let [current] = current[..] else { panic!("not one that asks: {listed}") };
    let of_two = two.get(sessions).await.expect(200).json();
    let of_two = of_two["items"].as_array().and_then(|items| items.iter().find(|session| session["current"] == true));
    let of_two = text(&of_two.expect("the other's own")["id"]);
    assert_ne!(text(&current["id"]), of_two);
    one.ask("DELETE", &format!("{sessions}/{of_two}"), None).await.expect(204);
    one.ask("DELETE", &format!("{sessions}/{of_two}"), None).await.expect_problem(404, "notFound");
    two.get("/api/v1/session").await.expect(401);
    let new = json!({"password": "another horse", "currentPassword": "correct horse"});
    one.ask("PATCH", "/api/v1/users/me", Some(new)).await.expect(200);
    three.get("/api/v1/session").await.expect(401);
    one.get("/api/v1/session").await.expect(200);
    let again = json!({"email": "ann@example.com", "password": "another horse"});
    two.post("/api/v1/session", again).await.expect(200);
    one.ask("DELETE", sessions, None).await.expect(204);
    two.get("/api/v1/session").await.expect(401);
    one.get("/api/v1/session").await.expect(200);
    // Nobody ends a colleague's.
    let of_one = text(&one.get(sessions).await.expect(200).json()["items"][0]["id"]);
    let bo = json!({"email": "bo@example.com", "role": "admin", "password": "correct horse"});
    server.post("/api/v1/users", bo).await.expect(201);
    let mut bo = Browser::new(&server);
    let body = json!({"email": "bo@example.com", "password": "correct horse"});
    bo.post("/api/v1/session", body).await.expect(200);
    bo.ask("DELETE", &format!("{sessions}/{of_one}"), None).await.expect_problem(404, "notFound");
}

async fn guessing_the_present_password_is_slowed_down(database: TestDb) {
    let server = Server::start(database).await;
    ann(&server, "agent").await;
    let mut browser = Browser::new(&server);
    browser.password().await.expect(200);
    // Too long for any, which costs no time to find out.
    let guess = json!({"password": "another horse", "currentPassword": "x".repeat(2_000)});
    let mut refused = None;
    for _ in 0..60 {
        let answer = browser.ask("PATCH", "/api/v1/users/me", Some(guess.clone())).await;
        if answer.status.as_u16() == 429 {
            refused = Some(answer);
            break;
        }
        answer.expect_problem(422, "invalid");
    }
    let refused = refused.expect("sixty guesses in a row are too many").expect_problem(429, "tooManyRequests");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1));
    // Whoever says none guesses nothing.
    browser.ask("PATCH", "/api/v1/users/me", Some(json!({"available": false}))).await.expect(200);
}

async fn a_workspace_has_settings(database: TestDb) {
    let server = Server::start(database).await;
    let path = "/api/v1/workspace";
    let before = server.get(path).await.expect(200).json();
    assert_eq!((&before["timeZone"], &before["sessionSeconds"]), (&json!("UTC"), &json!(1_209_600)), "{before}");
    for (wrong, pointer) in [
        (json!({"name": " "}), "/name"),
        (json!({"timeZone": "Mars/Olympus"}), "/timeZone"),
        (json!({"language": "tlh"}), "/language"),
        (json!({"sessionSeconds": 60}), "/sessionSeconds"),
        (json!({"auditLogDays": 1}), "/auditLogDays"),
        (json!({"colour": "red"}), "/colour"),
    ] {
        assert_eq!(server.patch(path, wrong.clone()).await.expect(422).pointers(), [pointer], "{wrong}");
    }
    // Without another way in, passwords stay.
    server.patch(path, json!({"passwordSignIn": false})).await.expect_problem(409, "conflict");
    let change = json!({"name": "Acme", "timeZone": "Europe/Berlin", "language": "de", "sessionSeconds": 3_600});
    let after = server.patch(path, change).await.expect(200).json();
    assert_eq!((&after["name"], &after["language"]), (&json!("Acme"), &json!("de")), "{after}");
    assert_eq!(server.get(path).await.expect(200).json(), after);
    // One truth: the business hours'.
    let hours = server.get("/api/v1/workspace/business-hours").await.expect(200).json();
    assert_eq!(hours["timeZone"], "Europe/Berlin");
    server.patch("/api/v1/workspace/business-hours", json!({"timeZone": "Asia/Tokyo"})).await.expect(200);
    assert_eq!(server.get(path).await.expect(200).json()["timeZone"], "Asia/Tokyo");
    assert_eq!(server.patch(path, json!({"language": null})).await.expect(200).json()["language"], Value::Null);
    let log = server.get("/api/v1/audit-log?action=workspace.changed&order=asc").await.expect(200).json();
    let changed = json!(["language", "name", "sessionSeconds", "timeZone"]);
    assert_eq!(log["items"][0]["changed"], changed, "{log}");
    ann(&server, "agent").await;
    let mut browser = Browser::new(&server);
    let signed_in = browser.password().await.expect(200);
    assert!(signed_in.header("set-cookie").contains("Max-Age=3600"), "{}", signed_in.header("set-cookie"));
    browser.ask("PATCH", path, Some(json!({"name": "Mine"}))).await.expect_problem(403, "forbidden");
}
