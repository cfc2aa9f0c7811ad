//! What the listener offers and what it bounds: sizes, recipients, chunks, encryption.

use serde_json::json;

use crate::api::text;
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client::SmtpClient;

on_both_databases!(
    a_mail_over_the_limit_is_refused_before_and_after_it_is_sent,
    mail_comes_in_over_tls_in_chunks_and_pipelined,
    a_mail_that_went_in_circles_is_refused,
);

async fn a_mail_over_the_limit_is_refused_before_and_after_it_is_sent(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let small = api.channel_like(json!({ "name": "Small", "limits": { "maxMessageBytes": 20_000 } })).await;

    let mut client = SmtpClient::connect(postroom.smtp).await;
    let hello = client.command("EHLO client.example.test").await.expect("250");
    let size = hello.lines.iter().find_map(|line| line.strip_prefix("SIZE ")).expect("SIZE among the extensions");
    let instance: u64 = size.parse().expect("a size");
    client.command(&format!("MAIL FROM:<ada@example.test> SIZE={}", instance + 1)).await.expect("552 5.3.4");

    let large = Mail::new(&small.address(), "Large").body(&"x\r\n".repeat(10_000)).bytes();
    let reply = client.transaction("ada@example.test", &[&small.address()], &large).await;
    reply.expect("552 5.3.4");
    client.command("RSET").await.expect("250");
    let mail = Mail::new(&small.address(), "Small").bytes();
    client.transaction("ada@example.test", &[&small.address()], &mail).await.expect("250");
    assert_eq!(api.all("/messages").await.len(), 1);
}

async fn mail_comes_in_over_tls_in_chunks_and_pipelined(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();

    let mut client = SmtpClient::connect(postroom.smtp).await;
    let hello = client.command("EHLO client.example.test").await.expect("250");
    for keyword in ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "STARTTLS"] {
        assert!(hello.has_keyword(keyword), "{keyword} is not offered: {hello}");
    }
    let mut client = client.start_tls().await;
    let hello = client.command("EHLO client.example.test").await.expect("250");
    assert!(!hello.has_keyword("STARTTLS"), "{hello}");

    // Two chunks, the second one empty but the last.
    let mail = Mail::new(&address, "In chunks").bytes();
    let commands = format!("MAIL FROM:<ada@example.test>\r\nRCPT TO:<{address}>\r\nBDAT {}\r\n", mail.len());
    client.write(&[commands.as_bytes(), &mail, b"BDAT 0 LAST\r\nNOOP\r\n"].concat()).await;
    for expected in ["250", "250", "250", "250", "250"] {
        client.read().await.expect(expected);
    }
    let messages = api.all("/messages").await;
    assert_eq!(text(&messages[0], "/content/email/subject"), "In chunks");
    let raw = api.get(&format!("/messages/{}/raw", text(&messages[0], "/id"))).await.expect(200).body;
    assert!(raw.ends_with(&mail), "the bytes are not those that were sent");
    let trace = String::from_utf8_lossy(&raw).into_owned();
    assert!(trace.contains("ESMTPS"), "the Received field does not say that it came over TLS: {trace}");
}

async fn a_mail_that_went_in_circles_is_refused(database: Database) {
    let postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let mut mail = Mail::new(&address, "Round and round");
    for hop in 0..101 {
        mail = mail.header(&format!("Received: from a.test by b.test; Sat, 21 Nov 2026 10:00:{:02} +0000", hop % 60));
    }
    let mut client = SmtpClient::ready(postroom.smtp).await;
    client.transaction("ada@example.test", &[&address], &mail.bytes()).await.expect("554 5.4.6");
}
