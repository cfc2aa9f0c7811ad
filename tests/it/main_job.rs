//! The main job: a mail comes in, is a conversation, is answered, and the application hears of all of it.

use serde_json::json;

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(a_mail_becomes_a_conversation_is_answered_and_signed_events_go_out);

async fn a_mail_becomes_a_conversation_is_answered_and_signed_events_go_out(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, application) = (postroom.api(), WebhookReceiver::start().await);
    let endpoint = api.post("/webhooks", json!({ "url": application.url(), "events": ["*"] })).await.expect(201).json();
    let secret = text(&endpoint, "/secret");
    let channel = api.channel().await;

    let mail = Mail::new(&channel.address(), "Where is my parcel?");
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");

    // The 250 comes after the commit: it is there at once.
    let conversations = api.get("/conversations?status=open").await.expect(200).json();
    let conversation = &conversations["items"][0];
    assert_eq!(conversation["subject"], "Where is my parcel?");
    assert_eq!(conversation["unread"], true);
    assert_eq!(conversation["messageCount"], 1);
    assert_eq!(conversation["channelId"], channel.id().as_str());
    let id = text(conversation, "/id");
    let messages = api.get(&format!("/conversations/{id}/messages")).await.expect(200).json();
    let message = &messages["items"][0];
    assert_eq!(message["direction"], "inbound");
    assert_eq!(message["status"], "received");
    assert_eq!(message["from"], "ada@example.test");
    assert_eq!(message["threadedBy"], "new");
    assert_eq!(message["metadata"]["messageId"], mail.message_id.as_str());
    assert!(text(message, "/content/email/text").contains("my parcel has not arrived"));

    let reply = json!({ "text": "It is on its way." });
    let answer = api.post(&format!("/conversations/{id}/messages"), reply).await.expect(202).json();
    assert_eq!(answer["to"], "ada@example.test");
    assert_eq!(answer["direction"], "outbound");
    let answer_id = text(&answer, "/id");
    let sent = eventually("the reply to be sent", || async {
        let message = api.get(&format!("/messages/{answer_id}")).await.expect(200).json();
        ["sent", "delivered"].contains(&message["status"].as_str()?).then_some(message)
    })
    .await;
    assert_eq!(sent["metadata"]["inReplyTo"], mail.message_id.as_str());
    assert_eq!(sent["content"]["email"]["subject"], "Re: Where is my parcel?");

    // Nothing left the machine: it is in the sandbox.
    let captured = api.get("/messages?direction=outbound&transport=sandbox").await.expect(200).json();
    assert_eq!(captured["items"][0]["id"], answer_id.as_str());
    let raw = api.get(&format!("/messages/{answer_id}/raw")).await.expect(200);
    assert_eq!(raw.header("content-type"), Some("message/rfc822"));
    let raw = String::from_utf8_lossy(&raw.body).into_owned();
    assert!(raw.contains(&format!("In-Reply-To: {}", mail.message_id)), "{raw}");
    assert!(raw.contains("It is on its way."), "{raw}");

    let received = application.wait_for("message.received", 1).await;
    let event = received[0].json();
    assert_eq!(event["event"], "message.received");
    assert_eq!(event["id"], received[0].header("webhook-id"));
    assert_eq!(event["data"]["id"], message["id"]);
    assert_eq!(event["data"]["content"]["email"]["subject"], "Where is my parcel?");
    for event_type in ["conversation.created", "contact.created", "message.sent"] {
        application.wait_for(event_type, 1).await;
    }
    for request in application.received() {
        assert!(request.is_signed_with(&secret), "{request:?}");
        assert!(!request.is_signed_with("whsec_bm90IHRoaXMgb25l"), "the check of the signature checks nothing");
    }
}
