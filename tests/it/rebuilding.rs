//! Importing mail that was received elsewhere, and rebuilding what is derived from the raw mails.

use std::path::Path;

use serde_json::{Value, json};

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::mail::{self, Mail};
use crate::postroom_process::Postroom;
use crate::smtp_client;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(
    importing_twice_adds_nothing,
    imported_mail_is_news_to_webhooks_only_when_asked,
    reindex_comes_to_the_same
);

fn write(file: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("make the folder");
    std::fs::write(file, bytes).expect("write the file");
}

async fn importing_twice_adds_nothing(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    postroom.stop().await;
    let folder = postroom.folder().to_path_buf();
    let mails: Vec<Mail> =
        (0..9).map(|number| Mail::new("inbox@example.test", &format!("Imported {number}"))).collect();
    // mboxrd: `From ` lines in a body are quoted.
    let mut mbox = Vec::new();
    for mail in &mails[..3] {
        mbox.extend_from_slice(b"From ada@example.test Sat Nov 21 10:00:00 2026\n");
        let quoted = mail.clone().body("Before.\r\n>From here on.\r\n").bytes();
        mbox.extend_from_slice(String::from_utf8_lossy(&quoted).replace("\r\n", "\n").as_bytes());
        mbox.extend_from_slice(b"\n");
    }
    write(&folder.join("archive.mbox"), &mbox);
    for (number, mail) in mails[3..6].iter().enumerate() {
        let place = if number == 0 { "new" } else { "cur" };
        write(&folder.join(format!("Maildir/{place}/{number}.host:2,S")), &mail.bytes());
    }
    std::fs::create_dir_all(folder.join("Maildir/tmp")).expect("make the folder");
    for (number, mail) in mails[6..].iter().enumerate() {
        write(&folder.join(format!("mails/{number}.eml")), &mail.bytes());
    }
    for round in 1..=2 {
        for (format, path) in [("mbox", "archive.mbox"), ("maildir", "Maildir"), ("eml", "mails")] {
            postroom.run(&["import", format, "--to", &channel.address(), path]);
        }
        postroom.launch().await;
        let subjects: Vec<String> =
            api.all("/messages").await.iter().map(|message| text(message, "/content/email/subject")).collect();
        assert_eq!(subjects.len(), 9, "after import {round}: {subjects:?}");
        postroom.stop().await;
    }
    postroom.launch().await;
    let unquoted = api.all("/messages?order=asc").await;
    assert!(text(&unquoted[0], "/content/email/text").contains("From here on."), "{}", unquoted[0]);
}

async fn imported_mail_is_news_to_webhooks_only_when_asked(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    let address = api.channel().await.address();
    api.post("/webhooks", json!({ "url": receiver.url(), "events": ["message.*", "conversation.*", "contact.*"] }))
        .await
        .expect(201);
    postroom.stop().await;
    let folder = postroom.folder().to_path_buf();
    for name in ["Quiet", "Loud"] {
        let mail = Mail::new(&address, name).from(&format!("{name} <{}@example.test>", name.to_lowercase()));
        write(&folder.join(format!("{name}.eml")), &mail.bytes());
    }
    postroom.run(&["import", "eml", "--to", &address, "Quiet.eml"]);
    postroom.launch().await;
    let api = postroom.api();
    // What comes after it has been told: so it was passed over, and not merely late.
    let live = Mail::new(&address, "Live").from("Live <live@example.test>");
    smtp_client::send(postroom.smtp, "live@example.test", &address, live.bytes()).await.expect("250");
    let told = receiver.wait_for("message.received", 1).await;
    assert_eq!(text(&told[0].json(), "/data/content/email/subject"), "Live");
    assert!(told[0].json().get("imported").is_none());
    let told: Vec<Value> = receiver.received().iter().map(|request| request.json()).collect();
    assert!(told.iter().all(|event| !event.to_string().contains("quiet@example.test")), "{told:?}");

    // Everything else is as if it had arrived.
    assert_eq!(api.all("/conversations").await.len(), 2);
    assert_eq!(api.all("/contacts?q=quiet").await.len(), 1);
    crate::api::eventually("it to be found", || async {
        let found = api.get("/search?q=quiet").await.expect(200).json();
        (found["items"].as_array()?.len() == 1).then_some(())
    })
    .await;
    let events = api.all_events().await;
    let marked: Vec<String> =
        events.iter().filter(|event| event["imported"] == true).map(|event| text(event, "/type")).collect();
    assert_eq!(marked, ["contact.created", "conversation.created", "message.received"], "{events:?}");

    // Nor does a replay tell of it.
    let endpoint = text(&api.all("/webhooks").await[0], "/id");
    let first = text(&events[0], "/id");
    api.post(&format!("/webhooks/{endpoint}/replay"), json!({ "after": first })).await.expect(202);
    receiver.wait_for("message.received", 2).await;

    postroom.stop().await;
    postroom.run(&["import", "eml", "--notify", "--to", &address, "Loud.eml"]);
    postroom.launch().await;
    let told = receiver.wait_for("message.received", 3).await;
    let subjects: Vec<String> =
        told.iter().map(|request| text(&request.json(), "/data/content/email/subject")).collect();
    assert_eq!(subjects, ["Live", "Live", "Loud"]);
}

/// Everything about the mails that the API shows, but the signatures in URLs, which change with the time.
async fn everything(api: &Api) -> Vec<Value> {
    let mut all = Vec::new();
    for list in ["/messages?order=asc", "/conversations?order=asc", "/contacts?order=asc"] {
        all.extend(api.all(list).await);
    }
    for message in &mut all {
        if let Some(files) = message.pointer_mut("/content/email/attachments").and_then(Value::as_array_mut) {
            for file in files {
                file["url"] = Value::Null;
            }
        }
    }
    all
}

async fn reindex_comes_to_the_same(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let first = Mail::new(&address, "The zebra lamp");
    let noise: Vec<u8> = (0..50_000).map(|_| rand::random()).collect();
    let mails = [
        first.clone(),
        Mail::new(&address, "Re: The zebra lamp").in_reply_to(&first.message_id),
        mail::with_attachment(&address, "A file", "noise.bin", "application/octet-stream", &noise)
            .from("Bert <bert@example.test>"),
    ];
    for mail in &mails {
        smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
    }
    let before = everything(&api).await;
    postroom.stop().await;
    postroom.run(&["reindex"]);
    postroom.launch().await;
    assert_eq!(everything(&api).await, before);
    crate::api::eventually("the rebuilt index", || async {
        let found = api.get("/search?q=zebra").await.expect(200).json();
        (found["items"].as_array()?.len() == 2).then_some(())
    })
    .await;
}
