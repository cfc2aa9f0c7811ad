//! Mailboxes on servers with encryption and with compression: what is trusted and how it is said; what travels compressed comes whole.

use serde_json::{Value, json};
use servers::PASSWORD;
use servers::dovecot::Dovecot;
use servers::proxy::Proxy;

use crate::api::eventually;
use crate::database::{Database, on_both_databases};
use crate::dns_zone::DnsZone;
use crate::mailbox_api::{account, assert_told_once, connected, mail, messages, put, wait_news};
use crate::postroom_process::Postroom;

on_both_databases!(encrypted_servers_are_trusted_as_configured, much_mail_travels_compressed_and_comes_whole);

fn encrypted(name: &str, host: &str, port: u16, secure: bool) -> Value {
    let auth = json!({ "user": name, "pass": PASSWORD });
    json!({ "account": name, "imap": { "host": host, "port": port, "secure": secure, "auth": auth } })
}

async fn encrypted_servers_are_trusted_as_configured(database: Database) {
    let dovecot = Dovecot::start().await;
    let zone = DnsZone::start(&[("imap.example.org", "a host")]).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let certificate = folder.path().join("certificate.pem");
    std::fs::write(&certificate, &dovecot.certificate_pem).expect("write the certificate");
    let mut postroom = Postroom::start_with(database, &[("POSTROOM_DNS_SERVER", &zone.address.to_string())]).await;
    let api = postroom.api();

    // Nobody knows who signed it: that is said, and nothing is sent there.
    let tls = encrypted("bo", "localhost", dovecot.tls_port, true);
    let tested = api.post("//v1/verifyAccount", tls.clone()).await.expect(200).json();
    assert_eq!((&tested["imap"]["success"], &tested["imap"]["code"]), (&json!(false), &json!("imap.tls")), "{tested}");
    api.post("//v1/account", tls.clone()).await.expect(200);
    eventually("the refusal", || async {
        let account = api.get("//v1/account/bo").await.expect(200).json();
        let said = account["lastError"]["response"].as_str().unwrap_or_default();
        (account["state"] == "connectError" && said.contains("TLS failed")).then_some(())
    })
    .await;

    // This account alone takes whatever certificate there is.
    let mut any = tls.clone();
    any["imap"]["tls"] = json!({ "rejectUnauthorized": false });
    put(&api, "//v1/account/bo", json!({ "imap": any["imap"] })).await;
    connected(&api, "bo").await;
    let shown = api.get("//v1/account/bo").await.expect(200).json();
    assert_eq!(shown["imap"]["tls"], json!({ "rejectUnauthorized": false }), "{shown}");
    dovecot.sign_in("bo").append("INBOX", "", &mail(1, "ann@example.org", "any"));
    wait_news(&api, "bo", "INBOX", &["<1.any@example.org>".to_owned()]).await;

    // The installation knows the certificate: TLS, and STARTTLS, as everywhere but on this machine.
    postroom.stop().await;
    postroom.set("POSTROOM_EXTRA_CA_FILE", &certificate.display().to_string());
    postroom.launch().await;
    let api = postroom.api();
    put(&api, "//v1/account/bo", json!({ "imap": tls["imap"] })).await;
    let starttls = encrypted("ann", "imap.example.org", dovecot.port, false);
    let tested = api.post("//v1/verifyAccount", starttls.clone()).await.expect(200).json();
    let steps = tested["imap"]["steps"].as_array().expect("steps");
    assert!(steps[1]["detail"].as_str().is_some_and(|detail| detail.contains("TLS")), "{tested:#}");
    api.post("//v1/account", starttls).await.expect(200);
    for name in ["bo", "ann"] {
        connected(&api, name).await;
        dovecot.sign_in(name).append("INBOX", "", &mail(2, "ann@example.org", "known"));
        wait_news(&api, name, "INBOX", &["<2.known@example.org>".to_owned()]).await;
    }
    assert_told_once(&api, "ann", "INBOX", &["<2.known@example.org>".to_owned()]).await;
    let both = ["<1.any@example.org>", "<2.known@example.org>"].map(str::to_owned);
    assert_told_once(&api, "bo", "INBOX", &both).await;
}

async fn much_mail_travels_compressed_and_comes_whole(database: Database) {
    const MAILS: usize = 60;
    const LINES: usize = 2_000;
    let body = |number: usize| format!("line of mail {number}, as others\r\n").repeat(LINES);
    let dovecot = Dovecot::start().await;
    let proxy = Proxy::start(dovecot.port).await;
    let mut program = dovecot.sign_in("bo");
    let mut bytes = 0;
    for number in 0..MAILS {
        let raw = format!("{}{}", mail(number, "ann@example.org", "there"), body(number));
        bytes += raw.len() as u64;
        program.append("INBOX", "", &raw);
    }
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("//v1/account", account(proxy.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    let found = eventually("all mails to be read", || async {
        let found = messages(&api, "bo", "INBOX").await;
        (found.len() == MAILS && found.iter().all(|it| it["subject"] == "there")).then_some(found)
    })
    .await;
    assert!(proxy.bytes() * 4 < bytes, "{} bytes came of {bytes}: not compressed", proxy.bytes());
    for message in found {
        let id = message["id"].as_str().expect("an id");
        let number: usize =
            message["messageId"].as_str().and_then(|id| id[1..].split_once('.')?.0.parse().ok()).expect("a number");
        let source = api.get(&format!("//v1/account/bo/message/{id}/source")).await.expect(200);
        assert!(source.body.ends_with(body(number).as_bytes()), "mail {number} is not whole");
    }
    // It goes on being heard of.
    program.append("INBOX", "", &mail(MAILS, "ann@example.org", "come"));
    assert_told_once_soon(&api, MAILS).await;
}

async fn assert_told_once_soon(api: &crate::api::Api, number: usize) {
    let wanted = [format!("<{number}.come@example.org>")];
    wait_news(api, "bo", "INBOX", &wanted).await;
    assert_told_once(api, "bo", "INBOX", &wanted).await;
}
