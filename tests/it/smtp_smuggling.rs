//! SMTP smuggling: only CRLF.CRLF ends a mail, whatever else looks like it.

use crate::api::text;
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client::SmtpClient;

on_both_databases!(nothing_but_crlf_dot_crlf_ends_a_mail);

async fn nothing_but_crlf_dot_crlf_ends_a_mail(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let ends = ["\n", "\r", "\r\n", "\r\r\n", "\n\r", "\0\r\n", "\r\n\0"];
    for before in ends {
        for after in ends {
            if before.ends_with("\r\n") && after.starts_with("\r\n") {
                continue; // the real one
            }
            let seen = api.all("/messages").await.len();
            let sequence = format!("{before}.{after}");
            let stored = try_to_smuggle(&postroom, &channel.address(), &sequence).await;
            let messages = api.all("/messages").await;
            assert_eq!(messages.len() - seen, stored, "{sequence:?}: a 250 is one message, a 5xx none");
            let smuggled =
                messages.iter().filter(|message| message["content"]["email"]["subject"] == "smuggled").count();
            assert_eq!(smuggled, 0, "{sequence:?} smuggled a mail in");
        }
    }
    // The check above can tell: sent properly, the inner mail is one.
    let seen = api.all("/messages").await.len();
    try_to_smuggle(&postroom, &channel.address(), "\r\n.\r\n").await;
    let messages = api.all("/messages").await;
    assert_eq!(messages.len() - seen, 2);
    assert_eq!(text(&messages[0], "/content/email/subject"), "smuggled");
}

/// Send a mail that holds `sequence` and then what would be a second transaction; how many 250 came after DATA.
async fn try_to_smuggle(postroom: &Postroom, address: &str, sequence: &str) -> usize {
    let mut client = SmtpClient::ready(postroom.smtp).await;
    client.command("MAIL FROM:<ada@example.test>").await.expect("250");
    client.command(&format!("RCPT TO:<{address}>")).await.expect("250");
    client.command("DATA").await.expect("354");
    let mut bytes = Mail::new(address, "outer").body("first").bytes();
    bytes.extend_from_slice(sequence.as_bytes());
    bytes.extend_from_slice(
        format!(
            "MAIL FROM:<eve@example.test>\r\nRCPT TO:<{address}>\r\nDATA\r\nFrom: Eve <eve@example.test>\r\n\
             Subject: smuggled\r\nMessage-ID: <{:x}@eve.test>\r\n\r\nsecond\r\n.\r\nQUIT\r\n",
            rand::random::<u64>()
        )
        .as_bytes(),
    );
    client.write(&bytes).await;
    let mut accepted = 0;
    // MAIL and RCPT are answered 250 as well, if they are executed; what counts is said by the answer to a mail.
    let mut replies = Vec::new();
    while let Ok(reply) = client.try_read().await {
        replies.push(reply);
    }
    let mut after_data = true;
    for reply in &replies {
        if after_data && reply.code == 250 {
            accepted += 1;
        }
        after_data = reply.code == 354;
    }
    accepted
}
