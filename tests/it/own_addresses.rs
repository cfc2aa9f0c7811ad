//! The addresses a channel writes from: which of them a message may have, and where mail to them goes once their domain is proved.

use serde_json::json;

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::domains::publish;
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    an_answer_is_written_from_an_own_address_of_choice,
    a_channel_receives_at_its_addresses_under_a_proved_domain,
    what_a_channel_begins_is_its_teams,
);

async fn first_conversation(api: &Api) -> String {
    text(&api.items("/conversations").await[0], "/id")
}

async fn an_answer_is_written_from_an_own_address_of_choice(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let fields = json!({ "displayName": "Acme", "emailAddress": "support@acme.test", "aliases": ["Sales@Acme.test"] });
    let channel = api.channel_like(fields).await;
    let question = Mail::new(&channel.address(), "Price").from("Ann <ann@example.test>");
    smtp_client::send(postroom.smtp, "ann@example.test", &channel.address(), question.bytes()).await.expect("250");
    let thread = format!("/conversations/{}/messages", first_conversation(&api).await);

    let usual = api.post(&thread, json!({ "text": "Hello" })).await.expect(202).json();
    assert_eq!(text(&usual, "/from"), "support@acme.test");
    let chosen = api.post(&thread, json!({ "text": "Hello", "from": "sales@acme.test" })).await.expect(202).json();
    let raw = api.get(&format!("/messages/{}/raw", text(&chosen, "/id"))).await.expect(200).body;
    assert!(String::from_utf8_lossy(&raw).contains("From: \"Acme\" <sales@acme.test>\r\n"), "{chosen}");
    let named = json!({ "channelId": channel.id(), "to": "bo@example.test", "from": { "name": "Ana of Acme", "address": channel.address() },
        "content": { "type": "email", "email": { "subject": "Hi", "text": "Hi" } } });
    let named = api.post("/messages", named).await.expect(202).json();
    assert_eq!(text(&named, "/from"), channel.address());
    assert!(text(&named, "/metadata/headers/from").starts_with("\"Ana of Acme\" <"), "{named}");

    let stranger = api.post(&thread, json!({ "text": "Hello", "from": "ceo@acme.test" })).await.expect(422);
    assert_eq!(stranger.pointers(), ["/from"]);
    let detail = text(&stranger.json(), "/errors/0/detail");
    assert!(detail.contains("support@acme.test, sales@acme.test"), "{detail}");
    for (body, pointer) in [
        (json!({ "text": "Hello", "from": "sales" }), "/from"),
        (json!({ "text": "Hello", "from": ["sales@acme.test"] }), "/from"),
        (json!({ "text": "For us", "from": "sales@acme.test", "private": true }), "/from"),
    ] {
        assert_eq!(api.post(&thread, body.clone()).await.expect(422).pointers(), [pointer], "{body}");
    }
}

async fn a_channel_receives_at_its_addresses_under_a_proved_domain(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let domain = postroom.api().post("/domains", json!({ "name": "acme.test" })).await.expect(201).json();
    let fields = json!({ "emailAddress": "support@acme.test", "aliases": ["help@acme.test", "help@elsewhere.test"] });
    let channel = postroom.api().channel_like(fields).await;
    let receive = async |smtp, address: &str, subject: &str| {
        let mail = Mail::new(address, subject).from(&format!("{subject} <{subject}@example.test>"));
        smtp_client::send(smtp, "x@example.test", address, mail.bytes()).await
    };
    // Nobody has proved the domain yet.
    receive(postroom.smtp, "support@acme.test", "early").await.expect("550");

    let zone = publish(&domain).await;
    postroom.stop().await;
    postroom.set("POSTROOM_DNS_SERVER", &zone.address.to_string());
    postroom.launch().await;
    let api = postroom.api();
    let verified = api.post(&format!("/domains/{}/verify", text(&domain, "/id")), json!({})).await.expect(200).json();
    assert_eq!(verified["status"], "verified", "{verified:#}");
    receive(postroom.smtp, "Support@acme.test", "main").await.expect("250");
    receive(postroom.smtp, "help+shop@acme.test", "alias").await.expect("250");
    receive(postroom.smtp, "help@elsewhere.test", "foreign").await.expect("550");
    receive(postroom.smtp, "nobody@acme.test", "nobody").await.expect("550");
    let received = api.all("/conversations").await;
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|one| text(one, "/channelId") == channel.id()), "{received:#?}");

    // Answers come back to the address that people know, with the conversation's token.
    let id = first_conversation(&api).await;
    let answer =
        api.post(&format!("/conversations/{id}/messages"), json!({ "text": "Hello" })).await.expect(202).json();
    let reply_to = text(&answer, "/metadata/headers/reply-to");
    let address = reply_to.split_once('<').map_or(reply_to.as_str(), |(_, rest)| rest.trim_end_matches('>'));
    assert!(address.starts_with("support+r.") && address.ends_with("@acme.test"), "{reply_to}");
    receive(postroom.smtp, address, "again").await.expect("250");
    assert_eq!(api.all("/conversations").await.len(), 2);

    // An address that was given up receives nothing.
    api.patch(&format!("/channels/{}", channel.id()), json!({ "aliases": [] })).await.expect(200);
    receive(postroom.smtp, "help@acme.test", "late").await.expect("550");
    api.delete(&format!("/channels/{}", channel.id())).await.expect(204);
    receive(postroom.smtp, "support@acme.test", "later").await.expect("550");
}

async fn what_a_channel_begins_is_its_teams(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let member = json!({ "email": "ada@example.org", "role": "agent", "password": "long enough" });
    let member = text(&api.post("/users", member).await.expect(201).json(), "/id");
    let team = json!({ "name": "Sales", "assignment": "roundRobin", "memberIds": [member] });
    let team = text(&api.post("/teams", team).await.expect(201).json(), "/id");
    let channel = api.channel_like(json!({ "teamId": team })).await;
    let mail = json!({ "channelId": channel.id(), "to": "bo@example.test",
        "content": { "type": "email", "email": { "subject": "Offer", "text": "Hi" } } });
    api.post("/messages", mail).await.expect(202);
    let begun = &api.items(&format!("/conversations?teamId={team}")).await[0];
    assert_eq!((text(begun, "/teamId"), begun["assigneeId"].is_null()), (team, true), "{begun}");
}
