//! The same mail twice is one message; another mail with the same Message-ID is another message.

use crate::api::text;
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    the_same_mail_twice_is_one_message,
    concurrent_duplicates_are_one_message,
    a_reused_message_id_loses_no_mail,
    one_mail_to_two_channels_is_two_messages,
);

async fn the_same_mail_twice_is_one_message(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let mail = Mail::new(&address, "Once").bytes();
    smtp_client::send(postroom.smtp, "ada@example.test", &address, &mail).await.expect("250");
    // By another way: another trace in front changes nothing.
    let retried =
        [b"Received: from relay.example.test by mx.example.test; Sat, 21 Nov 2026 10:00:01 +0000\r\n", &*mail].concat();
    smtp_client::send(postroom.smtp, "ada@example.test", &address, &retried).await.expect("250");
    postroom.stop().await;
    postroom.launch().await;
    smtp_client::send(postroom.smtp, "ada@example.test", &address, &mail).await.expect("250");
    assert_eq!(api.all("/messages").await.len(), 1);
    let conversations = api.all("/conversations").await;
    assert_eq!(conversations.len(), 1);
    assert_eq!(conversations[0]["messageCount"], 1);
    let received = api.all_events().await.into_iter().filter(|event| event["type"] == "message.received").count();
    assert_eq!(received, 1);
}

async fn concurrent_duplicates_are_one_message(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    for round in 0..5 {
        let mail = Mail::new(&address, &format!("At the same time {round}")).bytes();
        let (smtp, address) = (postroom.smtp, address.clone());
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let (mail, address) = (mail.clone(), address.clone());
                tokio::spawn(async move { smtp_client::send(smtp, "ada@example.test", &address, &mail).await })
            })
            .collect();
        for sender in senders {
            sender.await.expect("a sender").expect("250");
        }
    }
    assert_eq!(api.all("/messages").await.len(), 5);
    assert_eq!(api.all("/contacts").await.len(), 1);
}

async fn a_reused_message_id_loses_no_mail(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let first = Mail::new(&address, "The first").message_id("<same@example.test>");
    let second = Mail::new(&address, "The second").message_id("<same@example.test>");
    for mail in [&first, &second] {
        smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
    }
    let messages = api.get("/messages?order=asc").await.expect(200).json();
    assert_eq!(messages["items"].as_array().expect("items").len(), 2);
    assert_eq!(messages["items"][1]["metadata"]["messageIdReused"], true);

    // An answer to the id belongs to the first that had it.
    let answer = Mail::new(&address, "Re: The first").in_reply_to("<same@example.test>");
    smtp_client::send(postroom.smtp, "ada@example.test", &address, answer.bytes()).await.expect("250");
    let newest = api.get("/messages?take=1").await.expect(200).json();
    assert_eq!(text(&newest, "/items/0/conversationId"), text(&messages, "/items/0/conversationId"));
}

async fn one_mail_to_two_channels_is_two_messages(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let (support, sales) = (api.channel().await, api.channel().await);
    let mail = Mail::new(&support.address(), "To both").bytes();
    let mut client = smtp_client::SmtpClient::ready(postroom.smtp).await;
    client.transaction("ada@example.test", &[&support.address(), &sales.address()], &mail).await.expect("250");
    for channel in [&support, &sales] {
        assert_eq!(api.all(&format!("/messages?channelId={}", channel.id())).await.len(), 1);
    }
}
