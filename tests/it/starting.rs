//! Starting: migrations, databases of other versions, wrong configuration, readiness, metrics.

use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    migrate_prepares_an_empty_database_and_does_nothing_twice,
    a_newer_schema_is_refused,
    metrics_are_for_loopback_and_keys_with_the_scope,
);

async fn migrate_prepares_an_empty_database_and_does_nothing_twice(database: Database) {
    let mut postroom = Postroom::prepare(database.empty_one_alike(), &[]);
    postroom.run(&["migrate"]);
    postroom.run(&["migrate"]);
    postroom.launch().await;
    postroom.api().get("/channels").await.expect(200);
    postroom.api().without_key().get("//healthz").await.expect(200);
}

async fn a_newer_schema_is_refused(database: Database) {
    let mut postroom = Postroom::start(database).await;
    postroom.stop().await;
    postroom.execute_sql("UPDATE schema_version SET version = version + 1000");
    for arguments in [&["serve"][..], &["migrate"]] {
        let output = postroom.run_any(arguments);
        assert!(!output.status.success(), "{arguments:?} works on a schema it does not know");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("newer") && said.contains("schema version 10"), "{arguments:?} says: {said}");
    }
}

async fn metrics_are_for_loopback_and_keys_with_the_scope(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    smtp_client::send(postroom.smtp, "ada@example.test", &address, Mail::new(&address, "Counted").bytes())
        .await
        .expect("250");
    let metrics = api.without_key().get("//metrics").await.expect(200);
    assert!(metrics.header("content-type").is_some_and(|value| value.starts_with("text/plain")), "{metrics:?}");
    for name in
        ["postroom_ingest_messages_total", "postroom_store_writer_busy_seconds_total", "postroom_search_lag_messages"]
    {
        assert!(api.metric(name).await.is_some(), "{name} is not among\n{}", String::from_utf8_lossy(&metrics.body));
    }
    assert_eq!(api.metric("postroom_ingest_messages_total").await, Some(1.0));
}

/// The environment, and what the message must hold: the key, what was read, what would be right.
const WRONG: &[(&str, &str, &[&str])] = &[
    ("POSTROOM_HTTP_ADDR", "nonsense", &["nonsense", "127.0.0.1:8025"]),
    ("POSTROOM_SMTP_ADDR", "127.0.0.1:99999", &["127.0.0.1:99999", "127.0.0.1:2525"]),
    ("POSTROOM_DATABASE_URL", "mysql://localhost/x", &["postgres://"]),
    ("POSTROOM_PUBLIC_URL", "not a url", &["not a url", "http"]),
    ("POSTROOM_INBOUND_DOMAIN", "no spaces allowed", &["no spaces allowed"]),
    ("POSTROOM_DNS_SERVER", "resolver", &["resolver", "53"]),
    ("POSTROOM_DANE", "perhaps", &["perhaps", "true"]),
    ("POSTROOM_ALLOW_PRIVATE_NETWORKS", "perhaps", &["perhaps", "true"]),
    ("POSTROOM_BOOTSTRAP_KEY", "short", &["24"]),
    ("POSTROOM_BOOTSTRAP_ADMIN", "nobody", &["email:password"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_value_stops_the_start_and_says_what_would_be_right() {
    for (name, value, expected) in WRONG {
        let postroom = Postroom::prepare(Database::sqlite(), &[(name, value)]);
        let output = postroom.run_any(&["serve"]);
        assert!(!output.status.success(), "{name}={value} starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let key = name.trim_start_matches("POSTROOM_").to_lowercase();
        assert!(said.to_lowercase().contains(&key), "{name}={value} is not named: {said}");
        for word in *expected {
            assert!(said.contains(word), "{name}={value}: {word:?} is not in: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let postroom = Postroom::prepare(Database::sqlite(), &[("POSTROOM_SMTP_ADDR", &address)]);
    let output = postroom.run_any(&["serve"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&address), "{said}");
}
