//! A contact is exported and erased: everything of them is in the archive, and nothing of them is left anywhere, on the disk neither.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases, with_postgres};
use crate::mail::{self, Mail};
use crate::postroom_process::Postroom;
use crate::s3_server::{S3Server, SECRET_KEY};
use crate::smtp_client;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(
    everything_of_a_contact_is_exported_and_then_gone,
    what_somebody_wrote_in_the_conversation_of_another_goes_with_the_answers_to_it,
    a_large_mail_in_a_bucket_is_deleted_and_those_of_others_are_not,
);

/// What is looked for afterwards: an address, a word of every mail, note and draft, the name of a file.
pub const ADDRESS: &str = "quillon.vex@erased.test";
pub const SECRET: &str = "xylographquux";
const FILE: &str = "plans-of-quillon.bin";

/// Not made small by compression, with the secret in the middle.
pub fn noise() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..120_000).map(|_| rand::random()).collect();
    bytes[60_000..60_000 + SECRET.len()].copy_from_slice(SECRET.as_bytes());
    bytes
}

/// Every file below a folder, and every row of every table, that has one of the words in it, in whatever case.
pub fn traces(postroom: &Postroom) -> BTreeSet<String> {
    let words = [ADDRESS.as_bytes().to_vec(), SECRET.as_bytes().to_vec(), FILE.as_bytes().to_vec()];
    let mut found = BTreeSet::new();
    look_in(&postroom.data_folder(), &words, &mut found);
    if let Some(url) = postroom.database.url() {
        found.extend(with_postgres(url, |client| {
            let tables = client
                .query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'", &[])
                .expect("the tables");
            let mut found = Vec::new();
            for table in tables {
                let table: String = table.get(0);
                let sql = format!("SELECT LOWER(t::text) FROM {table} t");
                for row in client.query(&sql, &[]).expect("the rows") {
                    let row: String = row.get(0);
                    if [ADDRESS, SECRET, FILE].iter().any(|word| row.contains(word)) {
                        found.push(format!("{table}: {}", row.chars().take(300).collect::<String>()));
                    }
                }
            }
            found
        }));
    }
    found
}

fn look_in(folder: &Path, words: &[Vec<u8>], found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            look_in(&path, words, found);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default().to_ascii_lowercase();
        for word in words {
            if let Some(at) = bytes.windows(word.len()).position(|window| window == word.as_slice()) {
                let around = &bytes[at.saturating_sub(60)..(at + 80).min(bytes.len())];
                found.insert(format!("{} at {at}: {}", path.display(), String::from_utf8_lossy(around)));
            }
        }
    }
}

pub async fn wait_until_done(api: &Api, erasure: &Value) -> Value {
    let path = format!("/erasures/{}", text(erasure, "/id"));
    eventually("the erasure to be done", || async {
        let shown = api.get(&path).await.expect(200).json();
        (shown["status"] == "done").then_some(shown)
    })
    .await
}

/// Mail in and out, notes, a draft with a file, a list, a suppression, an answer that an endpoint heard of. The contact and conversation.
pub async fn write_with(postroom: &Postroom, api: &Api, channel: &crate::api::Channel) -> (String, String) {
    let from = format!("Quillon Vex <{ADDRESS}>");
    let mail = Mail::new(&channel.address(), &format!("Question about {SECRET}"))
        .from(&from)
        .message_id("<first@erased.test>")
        .body(&format!("Hello,\r\n\r\nthe word is {SECRET}.\r\n"));
    smtp_client::send(postroom.smtp, ADDRESS, &channel.address(), mail.bytes()).await.expect("250");
    let large = mail::with_attachment(&channel.address(), "Large", FILE, "application/octet-stream", &noise());
    let large = large.from(&from).in_reply_to("<first@erased.test>");
    smtp_client::send(postroom.smtp, ADDRESS, &channel.address(), large.bytes()).await.expect("250");
    let shown = api.items("/messages?direction=inbound").await;
    let first = shown.iter().find(|each| text(each, "/from") == ADDRESS).expect("their mail");
    let (contact, conversation) = (text(first, "/contactId"), text(first, "/conversationId"));
    let reply = api
        .request(Method::POST, &format!("/conversations/{conversation}/messages"))
        .header("Idempotency-Key", "answer")
        .json(&json!({ "text": format!("Yes, {SECRET}."), "attachments": [{ "filename": FILE, "content": "eHlsb2dyYXBocXV1eA==" }] }));
    api.send(reply).await.expect(202);
    let note = json!({ "text": format!("{SECRET}: ask {ADDRESS}"), "private": true });
    api.post(&format!("/conversations/{conversation}/messages"), note).await.expect(201);
    api.post(&format!("/contacts/{contact}/notes"), json!({ "text": SECRET })).await.expect(201);
    api.patch(&format!("/contacts/{contact}"), json!({ "attributes": { "word": SECRET } })).await.expect(200);
    let agent = api.as_new_user("agent@example.test", "agent").await;
    for (place, words) in [(conversation.as_str(), SECRET), ("new", "something else")] {
        let content = json!({ "text": words, "html": format!("<p>{words}</p>"), "to": [ADDRESS] });
        agent.put(&format!("/drafts/{place}"), json!({ "version": 0, "content": content })).await.expect(200);
    }
    let list = text(&api.post("/lists", json!({ "name": "Readers" })).await.expect(201).json(), "/id");
    let member = json!({ "members": [{ "contactId": contact, "variables": { "word": SECRET } }] });
    api.post(&format!("/lists/{list}/members"), member).await.expect(200);
    let held = json!({ "address": ADDRESS, "reason": "manual", "detail": format!("said {SECRET}") });
    api.post("/suppressions", held).await.expect(201);
    eventually("the word to be found", || async {
        let found = api.items(&format!("/search?q={SECRET}")).await;
        (found.len() >= 3).then_some(())
    })
    .await;
    (contact, conversation)
}

async fn everything_of_a_contact_is_exported_and_then_gone(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let receiver = WebhookReceiver::start().await;
    api.post("/webhooks", json!({ "url": receiver.url(), "events": ["*"] })).await.expect(201);
    let other =
        Mail::new(&channel.address(), "Somebody else's").message_id("<bert@example.test>").from("bert@example.test");
    let other_large =
        mail::with_attachment(&channel.address(), "Large too", "b.bin", "application/octet-stream", &[7; 90_000]);
    for mail in [&other, &other_large.from("bert@example.test")] {
        smtp_client::send(postroom.smtp, "bert@example.test", &channel.address(), mail.bytes()).await.expect("250");
    }
    let (contact, conversation) = write_with(&postroom, &api, &channel).await;
    receiver.wait_for("conversation.created", 1).await;
    assert!(traces(&postroom).len() >= 2, "there is nothing to look for");

    let archive = api.get(&format!("/contacts/{contact}/export")).await.expect(200);
    assert_eq!(archive.header("content-type"), Some("application/zip"));
    check_archive(&archive.body, &contact);
    let agent = api.as_new_user("other-agent@example.test", "agent").await;
    for path in ["export", "erasure"] {
        agent.get(&format!("/contacts/{contact}/{path}")).await.expect(403);
    }
    agent.post(&format!("/contacts/{contact}/erase"), json!({})).await.expect(403);

    let preview = api.get(&format!("/contacts/{contact}/erasure")).await.expect(200).json();
    let expected = json!({ "conversations": 1, "messages": 4, "contactNotes": 1, "activities": 0, "lists": 1, "suppressions": 1, "reports": 0 });
    assert_eq!(preview, expected);
    let erasure = api.post(&format!("/contacts/{contact}/erase"), json!({})).await.expect(202).json();
    // At once, however long its mail takes.
    api.get(&format!("/contacts/{contact}")).await.expect(404);
    let again = api.post(&format!("/contacts/{contact}/erase"), json!({})).await.expect(202).json();
    assert_eq!(again["id"], erasure["id"], "asked twice, it is one");
    let done = wait_until_done(&api, &erasure).await;
    assert_eq!(done["counts"], expected);

    assert_eq!(traces(&postroom), BTreeSet::new());
    api.get(&format!("/conversations/{conversation}")).await.expect(404);
    assert_eq!(api.items(&format!("/search?q={SECRET}")).await.len(), 0);
    let told: Vec<Value> =
        api.all_events().await.into_iter().filter(|event| event["type"] == "contact.erased").collect();
    assert_eq!(told[0]["data"], json!({ "id": contact, "erasureId": erasure["id"] }));
    let list = &api.items("/lists").await[0];
    assert_eq!(list["memberCount"], 0);
    // What others wrote is whole.
    let left = api.all("/messages?direction=inbound").await;
    assert_eq!(left.len(), 2);
    for message in &left {
        let raw = api.get(&format!("/messages/{}/raw", text(message, "/id"))).await.expect(200).body;
        assert!(raw.ends_with(&other.bytes()) || raw.windows(8).any(|window| window == b"BwcHBwcH"), "{message}");
    }
    // And nothing is sent to the address, of which only a hash is kept.
    let content = json!({ "type": "email", "email": { "subject": "Hello", "text": "Hello" } });
    let sent = api.post("/messages", json!({ "channelId": channel.id(), "to": ADDRESS, "content": content })).await;
    assert_eq!(text(&sent.expect(202).json(), "/status"), "suppressed");
    assert_eq!(api.items(&format!("/suppressions?address={ADDRESS}")).await.len(), 1);
}

async fn what_somebody_wrote_in_the_conversation_of_another_goes_with_the_answers_to_it(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Bert's").message_id("<bert@example.test>").from("bert@example.test");
    smtp_client::send(postroom.smtp, "bert@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let conversation = text(&api.items("/messages").await[0], "/conversationId");
    let messages = format!("/conversations/{conversation}/messages");
    api.post(&messages, json!({ "text": "For both of you.", "cc": [ADDRESS] })).await.expect(202);
    // Quillon answers there, and is answered alone.
    let theirs = Mail::new(&channel.address(), "Re: Bert's").from(ADDRESS).in_reply_to("<bert@example.test>");
    let theirs = theirs.message_id("<theirs@erased.test>").body(SECRET);
    smtp_client::send(postroom.smtp, ADDRESS, &channel.address(), theirs.bytes()).await.expect("250");
    api.patch(&format!("/conversations/{conversation}"), json!({ "labels": ["shown"] })).await.expect(200);
    api.post(&messages, json!({ "text": format!("Yes, {SECRET}."), "to": [ADDRESS] })).await.expect(202);
    assert_eq!(api.items(&messages).await.len(), 4);

    let contact = text(&api.items(&format!("/contacts?q={ADDRESS}")).await[0], "/id");
    let archive = api.get(&format!("/contacts/{contact}/export")).await.expect(200);
    let mails = mails_of(&archive.body);
    assert_eq!(mails.len(), 2, "theirs, and the answer to them alone");
    assert!(mails.iter().any(|mail| mail.contains(&format!("Yes, {SECRET}."))), "{mails:?}");
    let preview = api.get(&format!("/contacts/{contact}/erasure")).await.expect(200).json();
    assert_eq!((&preview["conversations"], &preview["messages"]), (&json!(0), &json!(2)));
    let erasure = api.post(&format!("/contacts/{contact}/erase"), json!({})).await.expect(202).json();
    assert_eq!(wait_until_done(&api, &erasure).await["counts"], preview);

    // Bert's question and the answer to him are left, which names the other one as a further recipient.
    let left = api.items(&messages).await;
    assert_eq!(
        left.iter().map(|message| text(message, "/to")).collect::<Vec<_>>(),
        [channel.address(), "bert@example.test".into()]
    );
    let shown = api.get(&format!("/conversations/{conversation}")).await.expect(200).json();
    assert_eq!((&shown["messageCount"], &shown["preview"]), (&json!(2), &json!("For both of you.")));
    let events = api.all_events().await;
    assert!(!json!(events).to_string().contains(SECRET), "{events:#?}");
    assert!(events.iter().any(|event| event["data"]["preview"] == "For both of you."), "what is others' stays");
}

/// The raw mails in an archive.
fn mails_of(bytes: &[u8]) -> Vec<String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    let mails = names.iter().filter(|name| name.starts_with("messages/") && name.ends_with(".eml"));
    let read = |name: &String| {
        let mut mail = Vec::new();
        archive.by_name(name).expect("a file").read_to_end(&mut mail).expect("its bytes");
        String::from_utf8_lossy(&mail).into_owned()
    };
    mails.map(read).collect()
}

fn check_archive(bytes: &[u8], contact: &str) {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    let mut read = |name: &str| {
        let mut text = Vec::new();
        archive.by_name(name).unwrap_or_else(|_| panic!("{name} is not in it")).read_to_end(&mut text).expect("a file");
        text
    };
    let json_of = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).expect("JSON");
    assert_eq!(text(&json_of(read("contact.json")), "/id"), contact);
    assert_eq!(json_of(read("notes.json")).as_array().map(Vec::len), Some(1));
    assert_eq!(json_of(read("conversations.json")).as_array().map(Vec::len), Some(1));
    assert_eq!(json_of(read("activities.json")).as_array().map(Vec::len), Some(3));
    assert_eq!(text(&json_of(read("suppressions.json")), "/0/address"), ADDRESS);
    assert_eq!(text(&json_of(read("lists.json")), "/0/member/variables/word"), SECRET);
    for name in ["ratings.json", "tracking.json"] {
        assert_eq!(json_of(read(name)).as_array().map(Vec::len), Some(0));
    }
    let of = |ending: &str| names.iter().filter(|name| name.starts_with("messages/") && name.ends_with(ending)).count();
    assert_eq!((of(".json"), of(".eml")), (4, 3), "{names:?}");
    assert!(mails_of(bytes).iter().any(|mail| mail.contains(&format!("the word is {SECRET}."))));
}

async fn a_large_mail_in_a_bucket_is_deleted_and_those_of_others_are_not(database: Database) {
    let store = S3Server::start().await;
    let postroom = Postroom::start_with(database, &[("POSTROOM_BLOB_URL", &store.url(SECRET_KEY))]).await;
    let api = postroom.api();
    let (first, second) = (api.channel().await, api.channel().await);
    let from = format!("Quillon <{ADDRESS}>");
    let own =
        mail::with_attachment(&first.address(), "Large", "a.bin", "application/octet-stream", &noise()).from(&from);
    smtp_client::send(postroom.smtp, ADDRESS, &first.address(), own.bytes()).await.expect("250");
    let bert = mail::with_attachment(&second.address(), "Bert's", "b.bin", "application/octet-stream", &noise());
    smtp_client::send(postroom.smtp, "bert@example.test", &second.address(), bert.from("bert@example.test").bytes())
        .await
        .expect("250");
    let workspace = text(&api.items("/events").await[0], "/workspaceId");
    assert_eq!(store.objects(&workspace).len(), 2);
    let contact = text(&api.items(&format!("/contacts?q={ADDRESS}")).await[0], "/id");
    let erasure =
        api.post(&format!("/contacts/{contact}/erase"), json!({ "suppressions": "remove" })).await.expect(202).json();
    wait_until_done(&api, &erasure).await;
    assert_eq!(store.objects(&workspace).len(), 1);
    let left = api.items("/messages?direction=inbound").await;
    api.get(&format!("/messages/{}/raw", text(&left[0], "/id"))).await.expect(200);
}
