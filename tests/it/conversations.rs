//! Working on conversations: lists and filters, status, labels, notes, search, contacts.

use serde_json::json;

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    lists_follow_every_change,
    a_note_stays_in_the_house,
    search_finds_what_was_said,
    contacts_know_their_mail
);

async fn lists_follow_every_change(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    for subject in ["One", "Two", "Three"] {
        let mail = Mail::new(&channel.address(), subject)
            .from(&format!("{subject} <{}@example.test>", subject.to_lowercase()));
        smtp_client::send(postroom.smtp, "x@example.test", &channel.address(), mail.bytes()).await.expect("250");
    }
    let subjects = async |query: &str| -> Vec<String> {
        api.all(&format!("/conversations{query}"))
            .await
            .iter()
            .map(|conversation| text(conversation, "/subject"))
            .collect()
    };
    assert_eq!(subjects("").await, ["Three", "Two", "One"]);
    assert_eq!(subjects("?order=asc").await, ["One", "Two", "Three"]);
    let two = text(&api.all("/conversations").await[1], "/id");
    let path = format!("/conversations/{two}");
    let changed =
        api.patch(&path, json!({ "status": "resolved", "labels": ["parcel", "urgent"] })).await.expect(200).json();
    assert_eq!(changed["status"], "resolved");
    assert_eq!(changed["labels"], json!(["parcel", "urgent"]));
    assert_eq!(subjects("?status=open").await, ["Three", "One"]);
    assert_eq!(subjects("?status=resolved").await, ["Two"]);
    assert_eq!(subjects("?label=urgent").await, ["Two"]);
    assert_eq!(subjects(&format!("?channelId={}", channel.id())).await.len(), 3);
    assert_eq!(subjects("?status=resolved&label=other").await, [] as [&str; 0]);

    let counts = api.get("/conversations/counts").await.expect(200).json();
    assert_eq!((&counts["open"], &counts["resolved"]), (&json!(2), &json!(1)), "{counts}");
    let me = api.get("/users").await.expect(200).json();
    let me = text(&me, "/items/0/id");
    api.patch(&path, json!({ "assigneeId": me, "status": "open" })).await.expect(200);
    assert_eq!(subjects(&format!("?assigneeId={me}")).await, ["Two"]);
    let types: Vec<String> = api.all_events().await.iter().map(|event| text(event, "/type")).collect();
    for expected in ["conversation.created", "conversation.updated", "conversation.assigned", "conversation.resolved"] {
        assert!(types.iter().any(|event_type| event_type == expected), "{expected} is not among {types:?}");
    }
}

async fn a_note_stays_in_the_house(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    smtp_client::send(postroom.smtp, "ada@example.test", &address, Mail::new(&address, "Noted").bytes())
        .await
        .expect("250");
    let id = text(&api.all("/conversations").await[0], "/id");
    let path = format!("/conversations/{id}/messages");
    let note = api.post(&path, json!({ "text": "Ask the warehouse.", "private": true })).await.expect(201).json();
    assert_eq!(note["private"], true);
    let messages = api.all(&path).await;
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1]["id"], note["id"]);
    assert!(api.all("/messages?direction=outbound&transport=sandbox").await.is_empty());
    let deliveries = api.get(&format!("/messages/{}/deliveries", text(&note, "/id"))).await.expect(200).json();
    assert_eq!(deliveries["items"].as_array().map(Vec::len), Some(0), "{deliveries}");
}

async fn search_finds_what_was_said(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let bodies = [
        ("Lamp", "The zebra lamp flickers."),
        ("Chair", "The zebra chair wobbles."),
        ("Café", "Ein Gruß aus dem Café."),
    ];
    for (subject, body) in bodies {
        let mail = Mail::new(&address, subject).header("Content-Type: text/plain; charset=utf-8").body(body);
        smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
    }
    let found = async |query: &str| api.get(&format!("/search?q={query}")).await.expect(200).json();
    eventually("the index to catch up", || async {
        (found("zebra").await["items"].as_array()?.len() == 2).then_some(())
    })
    .await;
    let newest_first = found("zebra").await;
    assert!(newest_first["items"][0].to_string().contains("Chair"), "{newest_first}");
    for (query, hits) in
        [("zebra%20lamp", 1), ("%22zebra%20chair%22", 1), ("flick*", 1), ("cafe", 1), ("unicorn", 0), ("from:ada", 3)]
    {
        let answer = eventually("the index to catch up", || async {
            let answer = found(query).await;
            (answer["items"].as_array()?.len() == hits).then_some(answer)
        });
        answer.await;
    }
    // Nothing a person may type is an error.
    for query in ["%22", "(", "a%20AND", "*", "NEAR(", "%27;--", "-", "from:", "%00", "a:b:c", "%5C"] {
        api.get(&format!("/search?q={query}")).await.expect(200);
    }
}

async fn contacts_know_their_mail(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    smtp_client::send(postroom.smtp, "ada@example.test", &address, Mail::new(&address, "Hello").bytes())
        .await
        .expect("250");
    let contact = api.all("/contacts").await.remove(0);
    assert_eq!(contact["name"], "Ada");
    assert_eq!(contact["addresses"], json!([{ "address": "ada@example.test", "primary": true }]));
    let path = format!("/contacts/{}", text(&contact, "/id"));
    let changed =
        api.patch(&path, json!({ "name": "Ada L.", "attributes": { "plan": "gold" } })).await.expect(200).json();
    assert_eq!(changed["attributes"]["plan"], "gold");
    assert_eq!(api.all(&format!("{path}/conversations")).await.len(), 1);
    let activities = api.all(&format!("{path}/activities")).await;
    assert_eq!(activities[0]["direction"], "inbound");
    assert_eq!(activities[0]["subject"], "Hello");
}
