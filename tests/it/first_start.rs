//! A first start prints everything a newcomer needs, once.

use serde_json::json;

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(prints_a_key_a_link_and_an_address, bootstrap_values_replace_what_is_generated);

async fn prints_a_key_a_link_and_an_address(database: Database) {
    let mut postroom = Postroom::start_with(database.empty_one_alike(), &[("POSTROOM_BOOTSTRAP_KEY", "")]).await;
    let log = postroom.log();

    let key = word_with(&log, "pk_").expect("the first API key");
    let api = postroom.api_with_key(&key);
    let channels = api.get("/channels").await.expect(200).json();
    let address = text(&channels, "/items/0/inboundAddress");
    assert!(log.contains(&address), "the receiving address {address} is not in:\n{log}");
    smtp_client::send(postroom.smtp, "ada@example.test", &address, Mail::new(&address, "Hello").bytes())
        .await
        .expect("250");

    let link = log.split_whitespace().find(|word| word.contains("/sign-in?token=")).expect("the sign-in link");
    let token = link.split_once("token=").expect("a token").1.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let anybody = Api::new(postroom.http, None);
    let session = anybody.post("/session", json!({ "token": token })).await.expect(200);
    assert!(session.header("set-cookie").is_some_and(|cookie| cookie.contains("HttpOnly")), "{:?}", session.headers);
    // A link in a log must not open the door a second time.
    anybody.post("/session", json!({ "token": token })).await.expect(401);

    postroom.stop().await;
    let before = postroom.log().len();
    postroom.launch().await;
    let later = postroom.log().split_off(before);
    assert!(word_with(&later, "pk_").is_none(), "a later start prints a key again:\n{later}");
    api.get("/channels").await.expect(200);
}

async fn bootstrap_values_replace_what_is_generated(database: Database) {
    let admin = ("POSTROOM_BOOTSTRAP_ADMIN", "chief@example.test:a long pass phrase");
    let mut postroom = Postroom::start_with(database, &[admin]).await;
    assert!(!postroom.log().contains(&postroom.key), "a key that was given is printed:\n{}", postroom.log());
    let anybody = Api::new(postroom.http, None);
    let password = json!({ "email": "chief@example.test", "password": "a long pass phrase" });
    anybody.post("/session", password).await.expect(200);
    anybody.post("/session", json!({ "email": "chief@example.test", "password": "wrong" })).await.expect(401);

    let other = postroom.api().with_new_key(&["admin"], None).await;
    let first = postroom.api();
    first.get("/channels").await.expect(200);
    postroom.stop().await;
    postroom.set("POSTROOM_BOOTSTRAP_KEY", "another-bootstrap-key-0123456789");
    postroom.launch().await;
    first.get("/channels").await.expect(401);
    other.get("/channels").await.expect(200);
    postroom.api_with_key("another-bootstrap-key-0123456789").get("/channels").await.expect(200);
}

/// The first word of `text` that begins like this.
fn word_with(text: &str, start: &str) -> Option<String> {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '_' | '-'));
    words.find(|word| word.starts_with(start) && word.len() > start.len() + 16).map(str::to_owned)
}
