//! What colleagues change of people, teams, notes and saved views, as others hear of it: events, webhooks, and the signals of the live
//! stream. Nobody learns more than they may read.

use serde_json::{Value, json};

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::event_stream::EventStream;
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(
    teams_and_their_people_are_told_of,
    of_users_nothing_but_their_ids_is_told,
    a_note_about_a_contact_is_told_of_without_what_it_says,
    a_view_is_told_of_to_those_who_see_it,
    a_stream_ends_with_what_it_was_opened_with,
    a_stream_ends_when_its_reader_gets_other_rights,
);

const PASSWORD: &str = "long enough";

async fn person(api: &Api, name: &str) -> String {
    let user = json!({ "email": format!("{name}@example.org"), "name": name, "role": "agent", "password": PASSWORD });
    text(&api.post("/users", user).await.expect(201).json(), "/id")
}

async fn types_of(api: &Api, family: &str) -> Vec<String> {
    let events = api.all_events().await.into_iter().map(|event| text(&event, "/type"));
    events.filter(|name| name.starts_with(family)).collect()
}

/// The name of the next frame that is no event.
async fn next_signal(stream: &mut EventStream) -> String {
    loop {
        let frame = stream.next().await;
        if frame.id.is_empty() {
            return frame.name;
        }
    }
}

async fn teams_and_their_people_are_told_of(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    api.post("/webhooks", json!({ "url": receiver.url(), "events": ["team.*"] })).await.expect(201);
    let (ada, bo) = (person(&api, "ada").await, person(&api, "bo").await);
    let mut stream = EventStream::open(&api, None).await;
    let made = json!({ "name": "Support", "memberIds": [ada, bo], "assignment": "roundRobin" });
    let made = api.post("/teams", made).await.expect(201).json();
    assert_eq!(stream.next_of_type("team.created").await.data["data"], made, "the team as it is");
    let path = format!("/teams/{}", text(&made, "/id"));
    let renamed = api.patch(&path, json!({ "name": "Help" })).await.expect(200).json();
    // What changes nothing is nothing that happened.
    api.patch(&path, json!({ "name": "Help" })).await.expect(200);
    let told = stream.next().await;
    assert_eq!((told.event_type(), &told.data["data"]), ("team.updated", &renamed));
    // Who is removed leaves the team, which is told before they are gone.
    api.delete(&format!("/users/{ada}")).await.expect(204);
    let told = stream.next().await;
    assert_eq!((told.event_type(), &told.data["data"]["memberIds"]), ("team.updated", &json!([bo])));
    assert_eq!(stream.next().await.event_type(), "user.deleted");
    api.delete(&path).await.expect(204);
    let told = stream.next_of_type("team.deleted").await;
    assert_eq!(told.data["data"], json!({ "id": made["id"] }));

    let posted = receiver.wait_for("team.deleted", 1).await;
    assert_eq!(posted[0].json()["data"], json!({ "id": made["id"] }));
    assert_eq!(receiver.of_type("team.updated").len(), 2);
    // A key that is bound to a channel has no business with them.
    let channel = api.channel().await;
    let bound = api.with_new_key(&["events:read", "conversations:read"], Some(&channel.id())).await;
    assert_eq!((types_of(&bound, "team").await, types_of(&bound, "user").await), (vec![], vec![]));
}

async fn of_users_nothing_but_their_ids_is_told(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, receiver) = (postroom.api(), WebhookReceiver::start().await);
    api.post("/webhooks", json!({ "url": receiver.url(), "events": ["user.*"] })).await.expect(201);
    // It hears of everything, and may read no users.
    let listener = api.with_new_key(&["events:read"], None).await;
    listener.get("/users").await.expect(403);
    let ada = person(&api, "ada").await;
    let path = format!("/users/{ada}");
    api.patch(&path, json!({ "available": false })).await.expect(200);
    api.patch(&path, json!({ "available": false })).await.expect(200);
    // A password is nobody else's business; coming in for the first time is seen by all.
    api.patch(&path, json!({ "password": "longer than before" })).await.expect(200);
    let sign_in = json!({ "email": "ada@example.org", "password": "longer than before" });
    for _ in 0..2 {
        api.without_key().post("/session", sign_in.clone()).await.expect(200);
    }
    api.patch(&path, json!({ "name": "Ada Lovelace", "role": "admin" })).await.expect(200);
    api.delete(&path).await.expect(204);
    let expected = ["user.created", "user.updated", "user.updated", "user.updated", "user.deleted"];
    assert_eq!(types_of(&listener, "user").await, expected);
    let events = listener.all_events().await;
    for event in events.iter().filter(|event| text(event, "/type").starts_with("user.")) {
        assert_eq!(event["data"], json!({ "id": ada }), "{event}");
    }
    receiver.wait_for("user.deleted", 1).await;
    let bodies: Vec<Value> = receiver.received().iter().map(|request| request.json()).collect();
    let said = Value::from(bodies).to_string() + &Value::from(events).to_string();
    assert!(!said.contains("ada@example.org") && !said.contains("Lovelace"), "{said}");
}

async fn a_note_about_a_contact_is_told_of_without_what_it_says(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let contact = json!({ "name": "Cleo", "addresses": ["cleo@example.test"] });
    let contact = text(&api.post("/contacts", contact).await.expect(201).json(), "/id");
    let ada = api.as_new_user("ada@postroom.test", "agent").await;
    let ada_id = text(&ada.get("/users/me").await.expect(200).json(), "/id");
    let mut bens = EventStream::open(&api.as_new_user("ben@postroom.test", "agent").await, None).await;
    let notes = format!("/contacts/{contact}/notes");
    let note = ada.post(&notes, json!({ "text": "Owes us a cake" })).await.expect(201).json();
    let path = format!("{notes}/{}", text(&note, "/id"));
    ada.patch(&path, json!({ "text": "Owes us two cakes" })).await.expect(200);
    ada.patch(&path, json!({ "text": "Owes us two cakes" })).await.expect(200);
    ada.delete(&path).await.expect(204);
    let said = json!({ "id": note["id"], "contactId": contact, "authorId": ada_id });
    for name in ["contact.note_created", "contact.note_updated", "contact.note_deleted"] {
        assert_eq!(bens.next_of_type(name).await.data["data"], said, "{name}");
    }
    assert_eq!(types_of(&api, "contact.note").await.len(), 3);
    assert!(!Value::from(api.all_events().await).to_string().contains("cake"));
}

async fn a_view_is_told_of_to_those_who_see_it(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    smtp_client::send(postroom.smtp, "x@example.test", &address, Mail::new(&address, "Hello").bytes())
        .await
        .expect("250");
    let place = format!("/conversations/{}/presence", text(&api.all("/conversations").await[0], "/id"));
    let (ada, ben) =
        (api.as_new_user("ada@postroom.test", "agent").await, api.as_new_user("ben@postroom.test", "agent").await);
    let mut adas = EventStream::open(&ada, None).await;
    let mut bens = EventStream::open(&ben, None).await;
    for stream in [&mut adas, &mut bens] {
        let frame = stream.next_named("views").await;
        assert_eq!((frame.id.as_str(), &frame.data), ("", &json!({})), "no event, and it says nothing of anybody's");
    }
    let view = json!({ "name": "Mine alone", "filter": { "status": "open" } });
    let view = ada.post("/views", view).await.expect(201).json();
    let path = format!("/views/{}", text(&view, "/id"));
    // Her other devices are told.
    adas.next_named("views").await;
    ada.patch(&path, json!({ "name": "Still mine alone" })).await.expect(200);
    adas.next_named("views").await;
    // Ben hears what comes after it, and nothing of it.
    for typing in [true, false] {
        ada.put(&place, json!({ "typing": typing })).await.expect(204);
        assert_eq!(next_signal(&mut bens).await, "presence");
    }
    ada.patch(&path, json!({ "shared": true })).await.expect(200);
    bens.next_named("views").await;
    assert_eq!(ben.items("/views").await.len(), 1);
    ada.patch(&path, json!({ "shared": false })).await.expect(200);
    bens.next_named("views").await;
    assert_eq!(ben.items("/views").await.len(), 0);
    let told = api.all_events().await.iter().map(ToString::to_string).collect::<String>();
    assert!(!told.contains("mine alone") && !told.contains(&text(&view, "/id")), "{told}");
}

/// Nothing of what happens from now on is told on the stream any more.
async fn expect_the_end(api: &Api, stream: &mut EventStream, why: &str) {
    let later = api.post("/teams", json!({ "name": format!("Later than {why}") })).await.expect(201).json();
    let told = stream.until_it_ends().await;
    assert!(
        !told.iter().any(|event| event.data["subjectId"] == later["id"] || event.data["data"] == later),
        "{why}: {told:?}"
    );
}

async fn a_stream_ends_with_what_it_was_opened_with(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let key = json!({ "name": "Short-lived", "scopes": ["events:read", "conversations:read"] });
    let key = api.post("/api-keys", key).await.expect(201).json();
    let mut of_key = EventStream::open(&postroom.api_with_key(&text(&key, "/key")), None).await;
    // Somebody else's key goes, which is nothing to it.
    let other = api.post("/api-keys", json!({ "name": "Other", "scopes": ["events:read"] })).await.expect(201).json();
    api.delete(&format!("/api-keys/{}", text(&other, "/id"))).await.expect(204);
    api.post("/teams", json!({ "name": "Still told" })).await.expect(201);
    assert_eq!(of_key.next().await.event_type(), "team.created");
    api.delete(&format!("/api-keys/{}", text(&key, "/id"))).await.expect(204);
    expect_the_end(&api, &mut of_key, "a key that was deleted").await;

    let ada = api.as_new_user("ada@example.org", "agent").await;
    let mut adas = EventStream::open(&ada, None).await;
    ada.delete("/session").await.expect(204);
    expect_the_end(&api, &mut adas, "signing out").await;

    let ben = api.as_new_user("ben@example.org", "agent").await;
    let mut bens = EventStream::open(&ben, None).await;
    let id = text(&ben.get("/users/me").await.expect(200).json(), "/id");
    api.delete(&format!("/users/{id}")).await.expect(204);
    expect_the_end(&api, &mut bens, "a person who was removed").await;
}

async fn a_stream_ends_when_its_reader_gets_other_rights(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ada = api.as_new_user("ada@example.org", "agent").await;
    let id = text(&ada.get("/users/me").await.expect(200).json(), "/id");
    let mut stream = EventStream::open(&ada, None).await;
    api.patch(&format!("/users/{id}"), json!({ "name": "Ada" })).await.expect(200);
    let last = stream.next_of_type("user.updated").await.id;
    api.patch(&format!("/users/{id}"), json!({ "role": "admin" })).await.expect(200);
    expect_the_end(&api, &mut stream, "another role").await;
    // Who comes back has missed nothing.
    let mut again = EventStream::open(&ada, Some(&last)).await;
    assert_eq!(again.next_of_type("user.updated").await.data["data"], json!({ "id": id }));
    again.next_of_type("team.created").await;

    let workspace = json!({ "secondFactorRequired": true });
    ada.patch("/workspace", workspace).await.expect(200);
    expect_the_end(&api, &mut again, "a second factor that is wanted now").await;
}
