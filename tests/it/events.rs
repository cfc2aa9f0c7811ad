//! Events for whoever follows along: live, resumed, in the order of their commits.

use serde_json::json;

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases, with_postgres};
use crate::event_stream::EventStream;
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(the_stream_is_live_and_resumes, events_are_read_forward_from_where_one_was);

async fn the_stream_is_live_and_resumes(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let mut stream = EventStream::open(&api, None).await;
    let send = async |smtp, subject: &str| {
        smtp_client::send(smtp, "ada@example.test", &address, Mail::new(&address, subject).bytes()).await.expect("250");
    };
    send(postroom.smtp, "First").await;
    let first = stream.next_of_type("message.received").await;
    assert_eq!(first.id, text(&first.data, "/id"));
    assert_eq!(first.data["data"]["content"]["email"]["subject"], "First");
    drop(stream);

    send(postroom.smtp, "While away").await;
    postroom.stop().await;
    postroom.launch().await;
    send(postroom.smtp, "After the restart").await;
    let mut stream = EventStream::open(&api, Some(&first.id)).await;
    for subject in ["While away", "After the restart"] {
        let event = stream.next_of_type("message.received").await;
        assert_eq!(event.data["data"]["content"]["email"]["subject"], subject);
    }
    send(postroom.smtp, "Live again").await;
    let event = stream.next_of_type("message.received").await;
    assert_eq!(event.data["data"]["content"]["email"]["subject"], "Live again");
    // A stream that is still open must not keep the process from ending.
    postroom.stop().await;
}

async fn events_are_read_forward_from_where_one_was(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    for number in 0..10 {
        let mail = Mail::new(&address, &format!("Mail {number}"));
        smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
    }
    let events = api.all_events().await;
    let subjects: Vec<String> = events
        .iter()
        .filter(|event| event["type"] == "message.received")
        .map(|event| text(event, "/data/content/email/subject"))
        .collect();
    assert_eq!(subjects, (0..10).map(|number| format!("Mail {number}")).collect::<Vec<_>>());
    let middle = text(&events[events.len() / 2], "/id");
    let rest = api.get(&format!("/events?after={middle}&take=100")).await.expect(200).json();
    assert_eq!(rest["items"].as_array().expect("items"), &events[events.len() / 2 + 1..]);
    assert_eq!(rest["cursor"], "");
    let last = text(events.last().expect("an event"), "/id");
    let none = api.get(&format!("/events?after={last}")).await.expect(200).json();
    assert_eq!(none, json!({ "items": [], "cursor": "" }));
    let status = api.get("/events?after=evt_00000000000000000000000000").await.status;
    assert!(status == 410 || status == 404 || status == 400, "an event that never was → {status}");
}

/// Another node's transaction took its row first and commits last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_commits_late_is_skipped_on_postgres() {
    let postroom = Postroom::start(Database::postgres()).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let (address, url) = (channel.address(), postroom.database.url().expect("a URL").to_owned());
    let send = async |subject: &str| {
        smtp_client::send(postroom.smtp, "ada@example.test", &address, Mail::new(&address, subject).bytes())
            .await
            .expect("250");
    };
    send("Before").await;
    let mut stream = EventStream::open(&api, None).await;
    let (held, release) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let (told, wait) = (held.0, release.1);
    let transaction = tokio::task::spawn_blocking(move || {
        with_postgres(&url, move |client| {
            let mut transaction = client.transaction().expect("a transaction");
            // As the product appends: a copy of an event that is there, under another id.
            transaction
                .execute(
                    "INSERT INTO event (id, workspace_id, channel_id, type, subject_id, data, created_at)
                     SELECT 'evt_7zzzzzzzzzzzzzzzzzzzzzzzzz', workspace_id, channel_id, type, subject_id, data, created_at
                     FROM event WHERE type = 'message.received' LIMIT 1",
                    &[],
                )
                .expect("insert an event");
            told.send(()).expect("the test waits");
            wait.recv().expect("the test goes on");
            transaction.commit().expect("commit");
        });
    });
    tokio::task::block_in_place(|| held.1.recv()).expect("the transaction is open");
    send("While it is open").await;
    while stream.next_of_type("message.received").await.data["data"]["content"]["email"]["subject"]
        != "While it is open"
    {}
    let read = api.all_events().await;
    let position = text(read.last().expect("an event"), "/id");
    assert!(read.iter().all(|event| event["id"] != "evt_7zzzzzzzzzzzzzzzzzzzzzzzzz"), "uncommitted and shown");

    release.0.send(()).expect("the transaction waits");
    transaction.await.expect("the transaction");
    send("After it").await;
    let late = eventually("the late event", || async {
        let events = api.get(&format!("/events?after={position}&take=100")).await.expect(200).json();
        let ids: Vec<String> = events["items"].as_array()?.iter().map(|event| text(event, "/id")).collect();
        ids.contains(&"evt_7zzzzzzzzzzzzzzzzzzzzzzzzz".to_owned()).then_some(ids)
    })
    .await;
    assert_eq!(late.iter().filter(|id| *id == "evt_7zzzzzzzzzzzzzzzzzzzzzzzzz").count(), 1);
    let mut streamed = Vec::new();
    while !streamed.contains(&"evt_7zzzzzzzzzzzzzzzzzzzzzzzzz".to_owned()) {
        streamed.push(stream.next().await.id);
    }
}
