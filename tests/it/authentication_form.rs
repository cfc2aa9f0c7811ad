//! Connecting a mailbox in a browser: the form an application asks for, filled in against a real Dovecot; spent once; nothing to gain
//! with a link that was altered, is over or comes from elsewhere.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::ORIGIN;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::api::{Api, eventually, text};
use crate::browser::{Browser, encoded};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;
use servers::PASSWORD;
use servers::dovecot::Dovecot;

on_both_databases!(a_person_connects_a_mailbox_and_goes_on, a_link_is_worth_nothing_altered_over_or_elsewhere,);

/// An SMTP server that takes one password, and no mail.
struct Submission {
    port: u16,
    signed_in: Arc<Mutex<Vec<String>>>,
}

impl Submission {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let signed_in = Arc::<Mutex<Vec<String>>>::default();
        let log = signed_in.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(BufReader::new(stream), log.clone()));
            }
        });
        Self { port, signed_in }
    }
}

async fn converse(mut stream: BufReader<tokio::net::TcpStream>, log: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    stream.write_all(b"220 ready\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let command = line.trim_end().to_owned();
        line.clear();
        let answer = if command.starts_with("EHLO") {
            "250-submission.example\r\n250 AUTH PLAIN\r\n"
        } else if let Some(said) = command.strip_prefix("AUTH PLAIN ") {
            let said = String::from_utf8(STANDARD.decode(said).unwrap_or_default()).unwrap_or_default();
            let fits = said.ends_with(&format!("\0{PASSWORD}"));
            log.lock().expect("the log").push(said.replace('\0', " "));
            if fits { "235 2.7.0 welcome\r\n" } else { "535 5.7.8 wrong\r\n" }
        } else {
            "250 fine\r\n"
        };
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

async fn form(api: &Api, account: &str) -> String {
    let body = json!({
        "account": account, "name": "Bo", "email": "bo@example.com", "subconnections": ["\\Sent"], "path": ["*"],
        "redirectUrl": "http://app.example/settings?tab=mail",
    });
    text(&api.post("//v1/authentication/form", body).await.expect(200).json(), "/url")
}

async fn accounts(api: &Api) -> Value {
    api.get("//v1/accounts").await.expect(200).json()["total"].clone()
}

async fn a_person_connects_a_mailbox_and_goes_on(database: Database) {
    let dovecot = Dovecot::start().await;
    let submission = Submission::start().await;
    let postroom = Postroom::start(database).await;
    let (api, browser) = (postroom.api(), Browser::new());
    let url = form(&api, "bo").await;
    assert!(url.starts_with(&format!("http://{}/accounts/new?data=", postroom.http)), "{url}");

    let first = browser.get(&url).await.expect(200);
    let policy = first.headers["content-security-policy"].to_str().expect("a policy").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(
        (first.headers["cache-control"].as_bytes(), &first.html.contains("<script")),
        (&b"no-store"[..], &false)
    );
    assert_eq!((first.value("name"), first.value("email")), ("Bo".to_owned(), "bo@example.com".to_owned()));
    assert!(first.html.contains("<strong>app.example</strong>"), "{}", first.html);
    let token = first.value("token");
    let wrong = browser.post(&url, &[("token", &token), ("step", "find"), ("email", "nobody")]).await.expect(422);
    assert!(wrong.html.contains("id=\"email-error\"") && wrong.html.contains("autofocus"), "{}", wrong.html);

    let second =
        browser.post(&url, &[("token", &token), ("step", "find"), ("name", "Bo B"), ("email", "bo@example.com")]).await;
    let second = second.expect(200);
    assert_eq!((second.value("email"), second.value("imap_user")), ("bo@example.com".into(), "bo@example.com".into()));
    let (imap_port, smtp_port) = (dovecot.port.to_string(), submission.port.to_string());
    let fields = |password: &'static str| {
        vec![
            ("token", token.clone()),
            ("step", "connect".to_owned()),
            ("name", "Bo B".to_owned()),
            ("email", "bo@example.com".to_owned()),
            ("imap_host", "127.0.0.1".to_owned()),
            ("imap_port", imap_port.clone()),
            ("imap_security", "starttls".to_owned()),
            ("imap_user", "bo".to_owned()),
            ("imap_pass", password.to_owned()),
            ("same", "1".to_owned()),
            ("smtp_host", "127.0.0.1".to_owned()),
            ("smtp_port", smtp_port.clone()),
            ("smtp_security", "starttls".to_owned()),
        ]
    };
    let fill = async |password: &'static str, without: &str| {
        let mut all = fields(password);
        all.retain(|(name, _)| *name != without);
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(&url, &all).await
    };
    let missing = fill(PASSWORD, "imap_pass").await.expect(422);
    assert!(missing.html.contains("aria-describedby=\"imap_pass-hint imap_pass-error\""), "{}", missing.html);
    let refused = fill("wrong", "").await.expect(422);
    assert!(refused.html.contains("id=\"imap_pass-error\"") && refused.html.contains("Failed"), "{}", refused.html);
    assert!(!refused.html.contains("value=\"wrong\""), "a password is never shown again");
    assert_eq!(accounts(&api).await, 0);

    let done = fill(PASSWORD, "").await.expect(200);
    assert_eq!(done.onward(), "http://app.example/settings?tab=mail&account=bo&state=new");
    assert_eq!(
        submission.signed_in.lock().expect("the log").last().map(String::as_str),
        Some(&*format!(" bo {PASSWORD}"))
    );
    eventually("the account to be connected", || async {
        let account = api.get("//v1/account/bo").await.expect(200).json();
        (account["state"] == "connected").then_some(())
    })
    .await;
    let account = api.get("//v1/account/bo").await.expect(200).json();
    assert_eq!(
        (&account["name"], &account["email"], &account["subconnections"], &account["smtp"]["auth"]["user"]),
        (&json!("Bo B"), &json!("bo@example.com"), &json!(["\\Sent"]), &json!("bo")),
        "{account:#}"
    );

    // Sent again, opened again: one account, and a way on.
    for again in [fill(PASSWORD, "").await, browser.get(&url).await] {
        let again = again.expect(410);
        assert!(
            again.html.contains("http://app.example/settings?tab=mail&amp;account=bo&amp;state=new"),
            "{}",
            again.html
        );
    }
    assert_eq!(accounts(&api).await, 1);
    let added = api.all_events().await.into_iter().filter(|event| event["type"] == "accountAdded").count();
    assert_eq!(added, 1);

    // Another form changes the account of that name. Without an outgoing server mail is only read.
    let url = form(&api, "bo").await;
    let token = browser.get(&url).await.expect(200).value("token");
    let mut all = fields(PASSWORD);
    all.retain(|(name, _)| *name != "smtp_host" && *name != "token");
    let mut all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.push(("token", &token));
    let done = browser.post(&url, &all).await.expect(200);
    assert_eq!(done.onward(), "http://app.example/settings?tab=mail&account=bo&state=existing");
    assert_eq!(accounts(&api).await, 1);
}

async fn a_link_is_worth_nothing_altered_over_or_elsewhere(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, browser) = (postroom.api(), Browser::new());
    let url = form(&api, "bo").await;
    let other = form(&api, "eve").await;
    let signature = |url: &str| url.split_once("&sig=").expect("a signature").1.to_owned();
    let data = |url: &str| url.split_once("&sig=").expect("a signature").0.to_owned();
    for altered in [
        data(&url),
        format!("{}&sig={}", data(&url), signature(&other)),
        format!("{}&sig={}A", data(&url), signature(&url)),
        url.replace("data=e", "data=f"),
        format!("http://{}/accounts/new", postroom.http),
    ] {
        let page = browser.get(&altered).await.expect(403);
        assert!(page.html.contains("begin again") && page.cookie.is_none(), "{altered}: {}", page.html);
    }

    // A page that was not shown to this browser, another form's, another site's.
    let token = browser.get(&url).await.expect(200).value("token");
    let fields = [("token", token.as_str()), ("step", "find"), ("email", "bo@example.com")];
    Browser::new().post(&url, &fields).await.expect(403);
    browser.post(&other, &fields).await.expect(403);
    browser.post(&url, &[("token", ""), ("step", "find"), ("email", "bo@example.com")]).await.expect(403);
    let from_elsewhere = browser.client.post(&url).header(ORIGIN, "https://evil.example").body(encoded(&fields));
    browser.send(from_elsewhere).await.expect(403);
    browser.post(&url, &fields).await.expect(200);

    // Servers are not tried at will.
    let mut limited = None;
    for _ in 0..30 {
        let page = browser.post(&url, &fields).await;
        if page.status == 429 {
            limited = Some(page);
            break;
        }
        page.expect(200);
    }
    let limited = limited.expect("a limit");
    assert!(limited.headers.contains_key("retry-after") && limited.html.contains("Wait "), "{}", limited.html);

    postroom.execute_sql("UPDATE authentication_form SET expires_at = 1");
    let over = browser.get(&url).await.expect(410);
    assert!(over.html.contains("too old"), "{}", over.html);
    browser.post(&url, &fields).await.expect(410);
    assert_eq!(accounts(&api).await, 0);

    for wrong in ["javascript:alert(1)", "/settings", "https://user:password@app.example/", ""] {
        let body = json!({ "account": "bo", "redirectUrl": wrong });
        let answer = api.post("//v1/authentication/form", body).await.expect(400).json();
        assert_eq!(answer["fields"][0]["key"], "redirectUrl", "{answer:#}");
    }
    let stranger = api.with_new_key(&["messages:read"], None).await;
    let body = json!({ "account": "bo", "redirectUrl": "https://app.example/" });
    stranger.post("//v1/authentication/form", body.clone()).await.expect(403);
    api.without_key().post("//v1/authentication/form", body.clone()).await.expect(401);
    // Without a name the account gets one, and it is the same however the form ends.
    let mut nameless = body;
    nameless["account"] = Value::Null;
    api.post("//v1/authentication/form", nameless).await.expect(200);
}
