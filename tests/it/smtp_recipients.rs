//! Who may be written to: addresses of channels, and nobody else; not by the usual tricks either.

use crate::api::text;
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client::{self, SmtpClient};

on_both_databases!(
    unknown_recipients_are_refused_one_by_one,
    a_deleted_channel_refuses_at_once_and_its_conversations_stay,
    nothing_is_relayed,
);

async fn unknown_recipients_are_refused_one_by_one(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, mut client) = (postroom.api(), SmtpClient::ready(postroom.smtp).await);
    let channel = api.channel().await;
    let (_, domain) = channel
        .address()
        .rsplit_once('@')
        .map(|(local, domain)| (local.to_owned(), domain.to_owned()))
        .expect("an address");

    client.command("MAIL FROM:<ada@example.test>").await.expect("250");
    client.command(&format!("RCPT TO:<nobody-here@{domain}>")).await.expect("550 5.1.1");
    client.command(&format!("RCPT TO:<{}>", channel.address())).await.expect("250");
    client.command("RCPT TO:<someone@elsewhere.test>").await.expect("550 5.1.1");
    client.command("DATA").await.expect("354");
    client.write(&smtp_client::dot_stuffed(&Mail::new(&channel.address(), "One of three").bytes())).await;
    client.read().await.expect("250");
    assert_eq!(api.all("/messages").await.len(), 1);

    // Local parts of generated addresses are found in any case, and with a tag.
    let upper = channel.address().to_uppercase();
    client.transaction("ada@example.test", &[&upper], &Mail::new(&upper, "Upper case").bytes()).await.expect("250");
    let tagged = channel.address().replacen('@', "+orders@", 1);
    client.transaction("ada@example.test", &[&tagged], &Mail::new(&tagged, "With a tag").bytes()).await.expect("250");
    // A bounce comes from nobody.
    client
        .transaction("", &[&channel.address()], &Mail::new(&channel.address(), "From nobody").bytes())
        .await
        .expect("250");
    assert_eq!(api.all("/messages").await.len(), 4);

    client.command("MAIL FROM:<ada@example.test>").await.expect("250");
    client.command(&format!("RCPT TO:<gone@{domain}>")).await.expect("550 5.1.1");
    let reply = client.command("DATA").await;
    assert!((500..600).contains(&reply.code), "DATA without a recipient: {reply}");
}

async fn a_deleted_channel_refuses_at_once_and_its_conversations_stay(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, mut client) = (postroom.api(), SmtpClient::ready(postroom.smtp).await);
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Before");
    client.transaction("ada@example.test", &[&channel.address()], &mail.bytes()).await.expect("250");

    api.delete(&format!("/channels/{}", channel.id())).await.expect(204);
    let mail = Mail::new(&channel.address(), "After");
    client.transaction("ada@example.test", &[&channel.address()], &mail.bytes()).await.expect("550 5.1.1");
    client.command("RSET").await.expect("250");
    api.get(&format!("/channels/{}", channel.id())).await.expect(404);
    let conversations = api.get("/conversations").await.expect(200).json();
    assert_eq!(text(&conversations, "/items/0/subject"), "Before");
    // The next channel does not inherit it.
    assert_ne!(api.channel().await.address(), channel.address());
}

async fn nothing_is_relayed(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let (local, domain) =
        channel.address().rsplit_once('@').map(|(l, d)| (l.to_owned(), d.to_owned())).expect("an address");
    let tricks = [
        "victim@elsewhere.test".to_owned(),
        format!("victim%elsewhere.test@{domain}"),
        format!("@{domain}:victim@elsewhere.test"),
        format!("\"victim@elsewhere.test\"@{domain}"),
        format!("\"victim%elsewhere.test\"@{domain}"),
        format!("elsewhere.test!victim@{domain}"),
        format!("{domain}!victim@elsewhere.test"),
        format!("{local}@{domain}@elsewhere.test"),
        format!("{local}@elsewhere.test"),
        format!("\"{local}@{domain}\"@elsewhere.test"),
        format!("victim@elsewhere.test@{domain}"),
        "victim@[127.0.0.1]".to_owned(),
        "postmaster@elsewhere.test".to_owned(),
        "victim".to_owned(),
    ];
    for trick in &tricks {
        // Each on a connection of its own: too many errors end one.
        let mut client = SmtpClient::ready(postroom.smtp).await;
        client.command("MAIL FROM:<spammer@elsewhere.test>").await.expect("250");
        let reply = client.command(&format!("RCPT TO:<{trick}>")).await;
        assert!((500..600).contains(&reply.code), "RCPT TO:<{trick}> → {reply}");
    }
    // Pretending to be from here opens nothing either.
    let mut client = SmtpClient::ready(postroom.smtp).await;
    client.command(&format!("MAIL FROM:<{}>", channel.address())).await.expect("250");
    client.command("RCPT TO:<victim@elsewhere.test>").await.expect("5");
    assert!(api.all("/messages").await.is_empty());
}
