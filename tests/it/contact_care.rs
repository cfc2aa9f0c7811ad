//! What colleagues do about a contact: notes, addresses, attributes, and two that are one person.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    notes_are_their_authors_and_an_administrators,
    addresses_are_added_made_primary_and_taken_away,
    a_change_made_of_an_older_state_is_refused,
    two_contacts_that_are_one_person_become_one,
);

async fn contact(api: &Api, address: &str) -> String {
    text(&api.post("/contacts", json!({ "addresses": [address] })).await.expect(201).json(), "/id")
}

async fn notes_are_their_authors_and_an_administrators(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let id = contact(&api, "ada@example.test").await;
    let path = format!("/contacts/{id}/notes");
    let (ann, bo) =
        (api.as_new_user("ann@example.test", "agent").await, api.as_new_user("bo@example.test", "agent").await);
    let note = ann.post(&path, json!({ "text": " Calls on Mondays " })).await.expect(201).json();
    assert_eq!(
        (text(&note, "/text"), text(&note, "/authorName")),
        ("Calls on Mondays".into(), "ann@example.test".into())
    );
    let own = format!("{path}/{}", text(&note, "/id"));
    bo.patch(&own, json!({ "text": "x" })).await.expect(403);
    bo.delete(&own).await.expect(403);
    let changed = ann.patch(&own, json!({ "text": "Calls on Tuesdays" })).await.expect(200).json();
    assert_eq!(changed["createdAt"], note["createdAt"]);
    for wrong in ["", "   "] {
        assert_eq!(ann.post(&path, json!({ "text": wrong })).await.expect(422).pointers(), ["/text"]);
    }
    for number in 0..5 {
        bo.post(&path, json!({ "text": format!("Note {number}") })).await.expect(201);
    }
    let first = api.get(&format!("{path}?take=2")).await.expect(200).json();
    assert_eq!(text(&first, "/items/0/text"), "Note 4");
    assert_eq!(api.all(&path).await.len(), 6);
    let rest = api.get(&format!("{path}?take=2&cursor={}", text(&first, "/cursor"))).await.expect(200).json();
    assert_eq!(text(&rest, "/items/0/text"), "Note 2");
    // An administrator's key takes any away; another contact's path does not lead there.
    let other = contact(&api, "other@example.test").await;
    api.delete(&format!("/contacts/{other}/notes/{}", text(&note, "/id"))).await.expect(404);
    api.delete(&own).await.expect(204);
    api.delete(&own).await.expect(404);
    assert_eq!(api.all(&path).await.len(), 5);
}

fn addresses(contact: &Value) -> Vec<(String, bool)> {
    let of = |each: &Value| (text(each, "/address"), each["primary"] == true);
    contact["addresses"].as_array().expect("addresses").iter().map(of).collect()
}

async fn addresses_are_added_made_primary_and_taken_away(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let id = contact(&api, "ada@example.test").await;
    contact(&api, "taken@example.test").await;
    let path = format!("/contacts/{id}/addresses");
    let added = api.post(&path, json!({ "address": "Ada@Work.test" })).await.expect(200).json();
    assert_eq!(addresses(&added), [("ada@example.test".to_owned(), true), ("ada@work.test".to_owned(), false)]);
    let again = api.post(&path, json!({ "address": "ada@work.test" })).await.expect(200).json();
    assert_eq!(again["updatedAt"], added["updatedAt"], "nothing was changed");
    let primary = api.post(&path, json!({ "address": "ada@work.test", "primary": true })).await.expect(200).json();
    assert_eq!(addresses(&primary), [("ada@work.test".to_owned(), true), ("ada@example.test".to_owned(), false)]);
    let taken = api.post(&path, json!({ "address": "taken@example.test" })).await.expect(409).json();
    assert!(text(&taken, "/detail").contains("merge"), "{taken}");
    assert_eq!(api.post(&path, json!({ "address": "nobody" })).await.expect(422).pointers(), ["/address"]);
    let left = api.delete(&format!("{path}/ada@work.test")).await.expect(200).json();
    assert_eq!(addresses(&left), [("ada@example.test".to_owned(), true)]);
    api.delete(&format!("{path}/ada@work.test")).await.expect(404);
    api.delete(&format!("{path}/ada@example.test")).await.expect(409);
    let told = api.all_events().await;
    assert_eq!(told.iter().filter(|event| event["type"] == "contact.updated").count(), 3);
}

async fn a_change_made_of_an_older_state_is_refused(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let id = contact(&api, "ada@example.test").await;
    let path = format!("/contacts/{id}");
    let seen = api.get(&path).await.expect(200).json();
    let values = json!({ "plan": "gold", "seats": 3, "trial": false, "ratio": 0.5 });
    let changed = api.patch(&path, json!({ "attributes": values })).await.expect(200).json();
    assert_eq!(changed["attributes"], values, "values keep their kind");
    let refused = json!({ "name": "Ada", "ifUpdatedAt": seen["updatedAt"] });
    api.patch(&path, refused).await.expect(409);
    let now = api.get(&path).await.expect(200).json();
    assert_eq!((&now["name"], &now["attributes"]), (&Value::Null, &values));
    api.patch(&path, json!({ "name": "Ada", "ifUpdatedAt": now["updatedAt"] })).await.expect(200);
}

async fn two_contacts_that_are_one_person_become_one(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    for (from, subject) in [("ada@home.test", "From home"), ("Ada Lovelace <ada@work.test>", "From work")] {
        let mail = Mail::new(&address, subject).from(from);
        smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
    }
    let of = async |q: &str| text(&api.items(&format!("/contacts?q={q}")).await[0], "/id");
    let (home, work) = (of("ada@home").await, of("ada@work").await);
    api.patch(&format!("/contacts/{home}"), json!({ "attributes": { "plan": "gold" } })).await.expect(200);
    api.patch(&format!("/contacts/{work}"), json!({ "attributes": { "plan": "free", "seats": 2 } })).await.expect(200);
    api.post(&format!("/contacts/{work}/notes"), json!({ "text": "The one at work" })).await.expect(201);
    let lists = [("both", &[&home, &work][..]), ("work", &[&work][..])];
    let mut made = Vec::new();
    for (name, members) in lists {
        let list = text(&api.post("/lists", json!({ "name": name })).await.expect(201).json(), "/id");
        let members: Vec<Value> = members.iter().map(|id| json!({ "contactId": id })).collect();
        api.post(&format!("/lists/{list}/members"), json!({ "members": members })).await.expect(200);
        made.push(list);
    }
    api.post(&format!("/contacts/{home}/merge"), json!({ "contactId": home })).await.expect(422);
    let merged = api.post(&format!("/contacts/{home}/merge"), json!({ "contactId": work })).await.expect(200).json();
    assert_eq!(addresses(&merged), [("ada@home.test".to_owned(), true), ("ada@work.test".to_owned(), false)]);
    assert_eq!(
        (text(&merged, "/name"), &merged["attributes"]),
        ("Ada Lovelace".into(), &json!({ "plan": "gold", "seats": 2 }))
    );
    // The former id leads on, and everything is there.
    assert_eq!(text(&api.get(&format!("/contacts/{work}")).await.expect(200).json(), "/id"), home);
    eventually("all that was written to come along", || async {
        let conversations = api.all(&format!("/contacts/{home}/conversations")).await;
        let activities = api.all(&format!("/contacts/{home}/activities")).await;
        (conversations.len() == 2 && activities.len() == 2).then_some(())
    })
    .await;
    assert_eq!(api.all("/conversations").await.iter().filter(|each| each["contactId"] == home.as_str()).count(), 2);
    assert_eq!(api.all(&format!("/contacts/{home}/notes")).await.len(), 1);
    assert_eq!(api.all("/contacts").await.len(), 1);
    for list in made {
        let shown = api.get(&format!("/lists/{list}")).await.expect(200).json();
        let members = api.all(&format!("/lists/{list}/members")).await;
        assert_eq!((shown["memberCount"].as_u64(), members.len()), (Some(1), 1));
        assert_eq!(text(&members[0], "/contactId"), home);
    }
    let mail = Mail::new(&address, "Again from work").from("ada@work.test");
    smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
    assert_eq!(api.all("/contacts").await.len(), 1, "both addresses are one contact's");
}
