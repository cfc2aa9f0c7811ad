//! Large mails in an object store: in, out, and after a restart; and what is said when it can't be used.

use serde_json::json;

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail;
use crate::postroom_process::Postroom;
use crate::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::smtp_client;

on_both_databases!(large_mails_are_kept_in_the_bucket_and_found_after_a_restart);

/// More than the database keeps inline, and not made small by compression.
fn noise() -> Vec<u8> {
    (0..300_000).map(|_| rand::random()).collect()
}

async fn large_mails_are_kept_in_the_bucket_and_found_after_a_restart(database: Database) {
    let store = S3Server::start().await;
    let mut postroom = Postroom::start_with(database, &[("POSTROOM_BLOB_URL", &store.url(SECRET_KEY))]).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let (file_in, file_out) = (noise(), noise());
    let mail = mail::with_attachment(&channel.address(), "Large", "in.bin", "application/octet-stream", &file_in);
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let file = json!({ "filename": "out.bin", "content": mail::base64_lines(&file_out) });
    let content =
        json!({ "type": "email", "email": { "subject": "Large", "text": "See the file.", "attachments": [file] } });
    let body = json!({ "channelId": channel.id(), "to": "bert@example.test", "content": content });
    let sent = text(&api.post("/messages", body).await.expect(202).json(), "/id");
    eventually("the large mail to be sent", || async {
        let message = api.get(&format!("/messages/{sent}")).await.expect(200).json();
        (message["status"] == "delivered").then_some(())
    })
    .await;
    let workspace = text(&api.items("/events").await[0], "/workspaceId");
    assert_eq!(store.objects(&workspace).len(), 2, "one object a mail");
    let packs = postroom.data_folder().join("packs");
    let in_packs = std::fs::read_dir(packs).map(|files| files.count()).unwrap_or_default();
    assert_eq!(in_packs, 0, "mail is on this machine's disk");

    postroom.kill();
    postroom.launch().await;
    let api = postroom.api();
    let received = text(&api.items("/messages?direction=inbound").await[0], "/id");
    let raw = api.get(&format!("/messages/{received}/raw")).await.expect(200).body;
    assert!(raw.ends_with(&mail.bytes()), "the raw mail is not what was sent");
    for (message, bytes) in [(received, file_in), (sent, file_out)] {
        let shown = api.get(&format!("/messages/{message}")).await.expect(200).json();
        let attachment = text(&shown, "/content/email/attachments/0/id");
        let file = api.get(&format!("/messages/{message}/attachments/{attachment}")).await.expect(200).body;
        assert!(file[..] == bytes[..], "{message}: the file came out changed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_can_not_be_used_stops_the_start_and_says_why() {
    let store = S3Server::start().await;
    for (url, expected) in [
        (store.url("another-secret"), "SignatureDoesNotMatch"),
        (store.url(SECRET_KEY).replace(ACCESS_KEY, "another-key"), "NotSignedUp"),
        (store.url(SECRET_KEY).replace(&store.address.to_string(), "127.0.0.1:9"), "127.0.0.1:9"),
    ] {
        let postroom = Postroom::prepare(Database::sqlite(), &[("POSTROOM_BLOB_URL", &url)]);
        for arguments in [&["serve"][..], &["import", "eml", "--to", "a@inbox.localhost", "a.eml"]] {
            let output = postroom.run_any(arguments);
            assert!(!output.status.success(), "{arguments:?} works with {url}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("POSTROOM_BLOB_URL") && said.contains(expected), "{arguments:?} says: {said}");
            assert!(!said.contains("another-secret") && !said.contains(SECRET_KEY), "a secret is told: {said}");
        }
    }
}
