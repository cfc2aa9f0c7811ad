//! Mail sent through the submission port by clients that people have: swaks, curl and Python's smtplib; in clear on this machine, under
//! STARTTLS, and under TLS from the first byte.

use std::net::SocketAddr;
use std::process::{Command, Output};

use serde_json::Value;

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(
    swaks_and_curl_send_and_the_sandbox_has_it,
    a_python_program_sends_under_tls,
    keys_that_may_not_are_refused,
);

const FROM: &str = "support@acme.test";

async fn channel(api: &Api) -> String {
    api.channel_like(serde_json::json!({ "emailAddress": FROM })).await.id()
}

fn swaks(server: SocketAddr, key: &str, more: &[&str]) -> Output {
    Command::new("timeout")
        .args(["60", "swaks", "--server", &server.ip().to_string(), "--port", &server.port().to_string()])
        .args(["--auth-user", "anybody", "--auth-password", key, "--from", FROM, "--to", "ann@example.test"])
        .args(["--header", "Subject: By swaks", "--body", "Hello"])
        .args(more)
        .output()
        .expect("run swaks")
}

/// The id in `queued as msg_…`.
fn queued(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said).into_owned();
    let id = said.split("queued as ").nth(1).unwrap_or_else(|| panic!("no id in: {said}"));
    id.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

async fn captured(api: &Api, id: &str) -> Value {
    eventually("the sandbox to capture it", || async {
        let message = api.get(&format!("/messages/{id}")).await.expect(200).json();
        ["sent", "delivered"].contains(&message["status"].as_str()?).then_some(message)
    })
    .await
}

async fn swaks_and_curl_send_and_the_sandbox_has_it(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = channel(&api).await;
    for more in [&["--auth", "PLAIN"][..], &["--auth", "LOGIN"], &["--tls", "--auth", "PLAIN"]] {
        let done = swaks(postroom.submission, &postroom.key, more);
        assert!(
            done.status.success(),
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        let message = captured(&api, &queued(&done.stdout)).await;
        assert_eq!((text(&message, "/to"), text(&message, "/channelId")), ("ann@example.test".into(), channel.clone()));
        assert_eq!(text(&message, "/content/email/subject"), "By swaks");
    }
    let mail = format!(
        "From: Acme <{FROM}>\nTo: Ann <ann@example.test>\nSubject: By curl\nX-Postroom-Tags: a, b\nIdempotency-Key: once\n\nHello\n"
    );
    std::fs::write(postroom.folder().join("mail.eml"), mail).expect("write the mail");
    let send = || {
        Command::new("timeout")
            .args(["60", "curl", "--verbose", "--silent", "--url", &format!("smtp://{}", postroom.submission)])
            .args(["--user", &format!("app:{}", postroom.key), "--mail-from", FROM, "--mail-rcpt", "ann@example.test"])
            .args(["--mail-rcpt", "blind@example.test", "--crlf", "--upload-file", "mail.eml"])
            .current_dir(postroom.folder())
            .output()
            .expect("run curl")
    };
    let first = send();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let id = queued(&first.stderr);
    assert_eq!(queued(&send().stderr), id, "the same key sends once");
    let message = captured(&api, &id).await;
    assert_eq!(message["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(text(&message, "/recipients/1/type"), "bcc");
    let raw = api.get(&format!("/messages/{id}/raw")).await.expect(200).body;
    let raw = String::from_utf8_lossy(&raw).into_owned();
    assert!(!raw.contains("X-Postroom") && !raw.contains("blind@") && !raw.contains("Received:"), "{raw}");
}

const PROGRAM: &str = r#"
import smtplib, ssl, sys
from email.message import EmailMessage
kind, host, port, key = sys.argv[1:5]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
server = smtplib.SMTP_SSL(host, int(port), context=context) if kind == "tls" else smtplib.SMTP(host, int(port))
if kind == "starttls":
    server.starttls(context=context)
server.login("app", key)
mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "support@acme.test", "Ann <ann@example.test>", "Grüße"
mail.set_content("Hello")
mail.add_alternative('<p><a href="https://shop.example/">shop</a></p>', subtype="html")
mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
mail["X-Postroom-Track"] = "opens,clicks"
server.mail("support@acme.test")
server.rcpt("ann@example.test")
code, answer = server.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
print(code, answer.decode())
server.quit()
"#;

async fn a_python_program_sends_under_tls(database: Database) {
    let tls = servers::ports::free_address();
    let postroom = Postroom::start_with(database, &[("POSTROOM_SUBMISSION_TLS_ADDR", &tls.to_string())]).await;
    let api = postroom.api();
    channel(&api).await;
    for (kind, server) in [("starttls", postroom.submission), ("tls", tls)] {
        let (host, port) = (server.ip().to_string(), server.port().to_string());
        let done = Command::new("timeout")
            .args(["60", "python3", "-c", PROGRAM, kind, &host, &port, &postroom.key])
            .output()
            .expect("run python3");
        assert!(done.status.success(), "{kind}: {}", String::from_utf8_lossy(&done.stderr));
        let message = captured(&api, &queued(&done.stdout)).await;
        assert_eq!(text(&message, "/content/email/subject"), "Grüße");
        assert_eq!(text(&message, "/content/email/attachments/0/filename"), "a.pdf");
        let html = text(&message, "/content/email/html");
        assert!(html.contains("/t/c/") && html.contains("/t/o/"), "{html}");
        assert_eq!(message["engagement"]["opens"], 0);
    }
}

async fn keys_that_may_not_are_refused(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let own = channel(&api).await;
    let reading = api.post("/api-keys", serde_json::json!({ "name": "Reader", "scopes": ["messages:read"] })).await;
    let reading = text(&reading.expect(201).json(), "/key");
    for key in ["pk_wrong", &reading] {
        let done = swaks(postroom.submission, key, &["--auth", "PLAIN"]);
        assert!(!done.status.success());
        assert!(
            String::from_utf8_lossy(&done.stdout).contains("535 5.7.8"),
            "{}",
            String::from_utf8_lossy(&done.stdout)
        );
    }
    let other = api.channel_like(serde_json::json!({ "name": "Sales", "emailAddress": "sales@acme.test" })).await.id();
    let bound = serde_json::json!({ "name": "Sales", "scopes": ["messages:send"], "channelId": other });
    let bound = text(&api.post("/api-keys", bound).await.expect(201).json(), "/key");
    let done = swaks(postroom.submission, &bound, &["--auth", "PLAIN"]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("550 5.7.1 From is support@acme.test"));
    let named = format!("X-Postroom-Channel: {own}");
    let done = swaks(postroom.submission, &bound, &["--auth", "PLAIN", "--add-header", &named]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("550 5.7.1 X-Postroom-Channel: there is no channel"));
    assert!(api.items("/messages").await.is_empty());
}
