//! Contacts come of mail: who wrote, under which name.

use serde_json::{Value, json};

use crate::api::text;
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(a_later_mail_names_a_contact_that_has_no_name, a_name_that_somebody_set_or_took_away_stays);

async fn mail_from(postroom: &Postroom, address: &str, from: &str) {
    let mail = Mail::new(address, "Hello").from(from);
    smtp_client::send(postroom.smtp, "ada@example.test", address, mail.bytes()).await.expect("250");
}

async fn a_later_mail_names_a_contact_that_has_no_name(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let ada = async || -> Value { api.items("/contacts").await[0].clone() };
    // First written to, without a name; then somebody answers, with one.
    let content = json!({ "type": "email", "email": { "subject": "Hello", "text": "Hello" } });
    api.post("/messages", json!({ "channelId": channel.id(), "to": "ada@example.test", "content": content }))
        .await
        .expect(202);
    assert_eq!(ada().await["name"], Value::Null);
    mail_from(&postroom, &channel.address(), "ada@example.test").await;
    assert_eq!(ada().await["name"], Value::Null);
    mail_from(&postroom, &channel.address(), "Ada Lovelace <Ada@Example.test>").await;
    assert_eq!(ada().await["name"], "Ada Lovelace");
    assert_eq!(api.items("/contacts?q=lovel").await.len() + api.items("/contacts?q=ada%20l").await.len(), 1);
    mail_from(&postroom, &channel.address(), "Somebody Else <ada@example.test>").await;
    assert_eq!(ada().await["name"], "Ada Lovelace");
    assert_eq!(api.all("/contacts").await.len(), 1);
    let created = api.all_events().await.iter().filter(|event| event["type"] == "contact.created").count();
    assert_eq!(created, 1, "it was created once");
}

async fn a_name_that_somebody_set_or_took_away_stays(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    mail_from(&postroom, &address, "ada@example.test").await;
    let path = format!("/contacts/{}", text(&api.items("/contacts").await[0], "/id"));
    for name in [json!("The Countess"), Value::Null] {
        api.patch(&path, json!({ "name": name })).await.expect(200);
        mail_from(&postroom, &address, "Ada Lovelace <ada@example.test>").await;
        assert_eq!(api.get(&path).await.expect(200).json()["name"], name);
    }
}
