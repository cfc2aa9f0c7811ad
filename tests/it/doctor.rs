//! `postroom doctor`: what is well is said to be, what is not has its line, and 1 is how it ends then.

use serde_json::Value;

use crate::backup::PasswordServer;
use crate::database::{Database, on_both_databases};
use crate::dns_zone::DnsZone;
use crate::postroom_process::Postroom;

on_both_databases!(a_running_installation_is_well, another_vaults_key_is_a_problem, a_newer_schema_is_a_problem);

/// Its checks, and how it ended.
async fn doctor(postroom: &Postroom) -> (Vec<Value>, Option<i32>) {
    let mut command = tokio::process::Command::from(postroom.command(&["doctor", "--json"]));
    let output = command.output().await.expect("run postroom");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let (problems, code) = (report["problems"].as_u64().expect("a count"), output.status.code());
    assert_eq!(report["ok"], problems == 0, "{report:#}");
    assert_eq!(code, Some(i32::from(problems > 0)), "{report:#}");
    (report["checks"].as_array().expect("checks").clone(), code)
}

#[track_caller]
fn expect(checks: &[Value], name: &str, status: &str, words: &str) {
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no check {name} among {checks:#?}"));
    assert_eq!(check["status"], status, "{check:#}");
    assert!(check["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{words:?} is not in {check:#}");
    assert_eq!(check["advice"].is_string(), status != "ok", "what is wrong has advice: {check:#}");
}

async fn a_running_installation_is_well(database: Database) {
    let engine = if database.url().is_some() { "PostgreSQL" } else { "SQLite" };
    let postroom = Postroom::start(database).await;
    let (checks, code) = doctor(&postroom).await;
    assert_eq!(code, Some(0), "{checks:#?}");
    expect(&checks, "database", "ok", engine);
    for (name, words) in [
        ("data directory", "writable"),
        ("vault key", "opens"),
        ("large mails", "write, read and delete"),
        ("HTTP address", "a Postroom answers there"),
        ("SMTP address", "a Postroom answers there"),
        ("trusted proxies", "127.0.0.0/8"),
        ("smarthost", "sandbox"),
    ] {
        expect(&checks, name, "ok", words);
    }
    if engine == "SQLite" {
        expect(&checks, "database pages", "ok", "quick_check");
    }
    let said = postroom.run(&["doctor"]);
    assert!(said.lines().any(|line| line.starts_with("ok ") && line.contains("vault key")), "{said}");
    let left: Vec<_> = std::fs::read_dir(postroom.data_folder())
        .expect("read")
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().contains("doctor"))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

async fn another_vaults_key_is_a_problem(database: Database) {
    let mut postroom = Postroom::start(database).await;
    postroom.stop().await;
    let key = postroom.data_folder().join("vault.key");
    std::fs::rename(&key, postroom.folder().join("kept.key")).expect("move the key away");
    let (checks, _) = doctor(&postroom).await;
    expect(&checks, "vault key", "problem", "missing");
    assert!(!key.exists(), "looking made a key");
    postroom.set("POSTROOM_VAULT_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let (checks, _) = doctor(&postroom).await;
    expect(&checks, "vault key", "problem", "not the key that sealed");
    // Nor does a start make one: it would only be in the way of the right one.
    postroom.unset("POSTROOM_VAULT_KEY");
    let output = postroom.run_any(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("vault.key"), "{said}");
    assert!(!key.exists(), "a start without the key made another");
    std::fs::rename(postroom.folder().join("kept.key"), &key).expect("put the key back");
    expect(&doctor(&postroom).await.0, "vault key", "ok", "opens");
}

async fn a_newer_schema_is_a_problem(database: Database) {
    let mut postroom = Postroom::start(database).await;
    postroom.stop().await;
    postroom.execute_sql("UPDATE schema_version SET version = version + 1000");
    let (checks, _) = doctor(&postroom).await;
    expect(&checks, "database", "problem", "newer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_on_the_machine_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let nobody = servers::ports::free_address();
    let smarthost = format!("smtp+plain://{nobody}");
    let environment = [
        ("POSTROOM_HTTP_ADDR", address.as_str()),
        ("POSTROOM_SMTP_ADDR", "192.0.2.7:2525"),
        ("POSTROOM_PUBLIC_URL", "http://mail.example.test"),
        ("POSTROOM_TRUSTED_PROXIES", "10.0.0.0/8, 0.0.0.0/0"),
        ("POSTROOM_SMARTHOST_URL", smarthost.as_str()),
        ("POSTROOM_TASTE", "sweet"),
    ];
    let postroom = Postroom::prepare(Database::sqlite(), &environment);
    std::fs::create_dir(postroom.data_folder()).expect("make the folder");
    std::fs::write(postroom.data_folder().join("postroom.db"), [7; 10_000]).expect("write a file");
    // Accepts and says nothing, as many a stuck program does.
    let accepting = std::thread::spawn(move || taken.incoming().flatten().take(1).collect::<Vec<_>>());
    let (checks, code) = doctor(&postroom).await;
    drop(accepting);
    assert_eq!(code, Some(1));
    expect(&checks, "configuration", "warning", "POSTROOM_TASTE");
    expect(&checks, "data directory", "warning", "open to other users");
    expect(&checks, "database", "problem", "postroom.db");
    expect(&checks, "HTTP address", "problem", "taken by another program");
    expect(&checks, "SMTP address", "problem", "192.0.2.7:2525");
    expect(&checks, "public URL", "warning", "unencrypted");
    expect(&checks, "trusted proxies", "problem", "somebody else");
    expect(&checks, "smarthost", "problem", "smtp.connect failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_can_not_be_read_is_the_only_check() {
    let postroom = Postroom::prepare(Database::sqlite(), &[("POSTROOM_HTTP_ADDR", "nonsense")]);
    let (checks, code) = doctor(&postroom).await;
    assert_eq!((checks.len(), code), (1, Some(1)));
    expect(&checks, "configuration", "problem", "nonsense");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inbound_domain_is_looked_up_where_the_setting_says() {
    let zone = DnsZone::with_exchangers(
        &[("mx.example.test", "x"), ("plain.example.test", "x")],
        &[("inbox.example.test", "mx.example.test"), ("broken.example.test", "nowhere.example.test")],
    )
    .await;
    let server = zone.address.to_string();
    for (domain, status, words) in [
        ("inbox.example.test", "ok", "mx.example.test (10) at 127.0.0.1"),
        ("plain.example.test", "warning", "no MX record"),
        ("broken.example.test", "problem", "nowhere.example.test, which has no address"),
        ("none.example.test", "problem", "neither an MX record nor an address"),
    ] {
        let environment = [("POSTROOM_DNS_SERVER", server.as_str()), ("POSTROOM_INBOUND_DOMAIN", domain)];
        let postroom = Postroom::prepare(Database::sqlite(), &environment);
        expect(&doctor(&postroom).await.0, "inbound domain", status, words);
    }
    let nobody = servers::ports::free_address().to_string();
    let environment = [("POSTROOM_DNS_SERVER", nobody.as_str()), ("POSTROOM_INBOUND_DOMAIN", "inbox.example.test")];
    let postroom = Postroom::prepare(Database::sqlite(), &environment);
    let (checks, code) = doctor(&postroom).await;
    expect(&checks, "inbound domain", "warning", "unknown");
    expect(&checks, "host name", "warning", "unknown");
    assert_eq!(code, Some(0), "a resolver that does not answer is no problem of ours: {checks:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dane_wants_a_resolver_nearby_that_validates() {
    let zone = DnsZone::start(&[]).await;
    let server = zone.address.to_string();
    for (server, words) in [
        (server.as_str(), "does not validate DNSSEC"),
        ("", "name it (POSTROOM_DNS_SERVER=127.0.0.1:53)"),
        ("9.9.9.9:53", "on the way over the internet"),
    ] {
        let environment = [("POSTROOM_DNS_SERVER", server), ("POSTROOM_DANE", "true")];
        let postroom = Postroom::prepare(Database::sqlite(), &environment);
        expect(&doctor(&postroom).await.0, "DANE", "problem", words);
    }
    let without = Postroom::prepare(Database::sqlite(), &[("POSTROOM_DNS_SERVER", server.as_str())]);
    assert!(doctor(&without).await.0.iter().all(|check| check["name"] != "DANE"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_smarthost_is_signed_in_to() {
    let server = PasswordServer::start().await;
    for (password, status, words) in
        [(PasswordServer::PASSWORD, "warning", "235 2.7.0"), ("another pass phrase", "problem", "smtp.auth failed")]
    {
        let encoded = password.replace(' ', "%20");
        let url = format!("smtp+plain://mailbox%40acme.test:{encoded}@127.0.0.1:{}", server.port);
        let postroom = Postroom::prepare(Database::sqlite(), &[("POSTROOM_SMARTHOST_URL", &url)]);
        let (checks, _) = doctor(&postroom).await;
        // Well but for the missing encryption.
        expect(&checks, "smarthost", status, words);
        assert!(!format!("{checks:?}").contains(password), "the password is shown: {checks:#?}");
        assert_eq!(server.was_told_the_password(), status == "warning");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["mx.example.test".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("write the certificate");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("write the key");
    let (certificate_name, key_name) = (certificate.display().to_string(), key.display().to_string());
    let environment =
        [("POSTROOM_SMTP_TLS_CERTIFICATE", certificate_name.as_str()), ("POSTROOM_SMTP_TLS_KEY", key_name.as_str())];
    let postroom = Postroom::prepare(Database::sqlite(), &environment);
    expect(&doctor(&postroom).await.0, "SMTP certificate", "warning", "vouches for itself");
    let other = rcgen::generate_simple_self_signed(vec!["mx.example.test".to_owned()]).expect("a certificate");
    std::fs::write(&key, other.signing_key.serialize_pem()).expect("write another key");
    expect(&doctor(&postroom).await.0, "SMTP certificate", "problem", "does not belong");
    std::fs::write(&certificate, "text").expect("write no certificate");
    expect(&doctor(&postroom).await.0, "SMTP certificate", "problem", "c.pem");
}
