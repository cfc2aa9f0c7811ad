//! What a key may do: scopes, bound channels, and nothing without one.

use serde_json::json;

use crate::api::text;
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    a_missing_scope_is_403_and_no_key_401,
    a_bound_key_sees_its_channel_alone,
    a_token_of_the_mailbox_api_is_a_key,
);

async fn a_missing_scope_is_403_and_no_key_401(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    for path in ["/channels", "/messages", "/conversations", "/events", "/users/me"] {
        api.without_key().get(path).await.expect(401);
        postroom.api_with_key("pk_not-a-key-of-anybody-0000000000000").get(path).await.expect(401);
    }
    let reader = api.with_new_key(&["messages:read", "conversations:read"], None).await;
    reader.get("/messages").await.expect(200);
    reader.get("/conversations").await.expect(200);
    let message = json!({ "channelId": channel.id(), "to": "x@example.test", "content": { "type": "email", "email": { "subject": "x", "text": "x" } } });
    let refused = reader.post("/messages", message.clone()).await.expect(403);
    assert!(
        refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("messages:send")),
        "{:?}",
        refused.body
    );
    reader.get("/channels").await.expect(403);
    reader.get("/contacts").await.expect(403);
    reader.get("/webhooks").await.expect(403);
    reader.post("/channels", json!({ "type": "email", "name": "x", "provider": "sandbox" })).await.expect(403);
    // A key can't make itself a mightier one.
    reader.post("/api-keys", json!({ "name": "x", "scopes": ["admin"] })).await.expect(403);
    let sender = api.with_new_key(&["messages:send"], None).await;
    sender.post("/messages", message).await.expect(202);
    sender.get("/messages").await.expect(403);

    let key =
        api.post("/api-keys", json!({ "name": "Short-lived", "scopes": ["messages:read"] })).await.expect(201).json();
    let short_lived = postroom.api_with_key(&text(&key, "/key"));
    short_lived.get("/messages").await.expect(200);
    let listed = api.get("/api-keys").await.expect(200);
    assert!(!String::from_utf8_lossy(&listed.body).contains(&text(&key, "/key")), "a key is shown twice");
    api.delete(&format!("/api-keys/{}", text(&key, "/id"))).await.expect(204);
    short_lived.get("/messages").await.expect(401);
}

async fn a_bound_key_sees_its_channel_alone(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let (ours, theirs) = (api.channel().await, api.channel().await);
    for channel in [&ours, &theirs] {
        let mail = Mail::new(&channel.address(), &channel.id());
        smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    }
    let other_message = api.all(&format!("/messages?channelId={}", theirs.id())).await.remove(0);
    let scopes =
        ["channels:read", "messages:read", "messages:send", "conversations:read", "contacts:read", "events:read"];
    let bound = api.with_new_key(&scopes, Some(&ours.id())).await;
    for path in ["/messages", "/conversations"] {
        let items = bound.all(path).await;
        assert_eq!(items.len(), 1, "{path}");
        assert_eq!(text(&items[0], "/channelId"), ours.id(), "{path}");
    }
    assert_eq!(bound.all("/channels").await.len(), 1);
    for event in bound.all_events().await {
        assert!(!event.to_string().contains(&theirs.id()), "an event of another channel: {event}");
    }
    bound.get(&format!("/channels/{}", theirs.id())).await.expect(404);
    bound.get(&format!("/messages/{}", text(&other_message, "/id"))).await.expect(404);
    bound.get(&format!("/messages/{}/raw", text(&other_message, "/id"))).await.expect(404);
    bound.get(&format!("/conversations/{}", text(&other_message, "/conversationId"))).await.expect(404);
    let message = json!({ "channelId": theirs.id(), "to": "x@example.test", "content": { "type": "email", "email": { "subject": "x", "text": "x" } } });
    let status = bound.post("/messages", message).await.status;
    assert!(status == 404 || status == 422, "sending from another channel → {status}");
}

async fn a_token_of_the_mailbox_api_is_a_key(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let made = api.post("//v1/token", json!({ "description": "CRM", "scopes": ["api"] })).await.expect(200).json();
    let token = text(&made, "/token");
    let program = postroom.api_with_key(&token);
    program.get("//v1/accounts").await.expect(200);
    program.get("//v1/outbox").await.expect(200);
    // It makes no other, and sees none.
    program.post("//v1/token", json!({})).await.expect(403);
    program.get("//v1/tokens").await.expect(403);
    let listed = api.get("//v1/tokens").await.expect(200).json();
    let found = listed["tokens"].as_array().expect("tokens").iter().find(|one| one["description"] == "CRM");
    assert!(found.is_some() && !listed.to_string().contains(&token), "{listed:#}");
    for bad in [json!({ "scopes": ["imap-proxy"] }), json!({ "scopes": [] }), json!({ "account": "bo" })] {
        api.post("//v1/token", bad).await.expect(400);
    }
    api.delete("//v1/token/nothing").await.expect(404);
    assert_eq!(api.delete(&format!("//v1/token/{token}")).await.expect(200).json()["deleted"], true);
    program.get("//v1/accounts").await.expect(401);
}
