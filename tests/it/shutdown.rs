//! A graceful end: what is under way is finished, what is new is refused, nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::api::text;
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client::{self, SmtpClient};

on_both_databases!(a_graceful_end_loses_nothing, memory_stays_bounded_under_load);

async fn a_graceful_end_loses_nothing(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let mut half_way = SmtpClient::ready(postroom.smtp).await;
    half_way.command("MAIL FROM:<ada@example.test>").await.expect("250");
    half_way.command(&format!("RCPT TO:<{address}>")).await.expect("250");
    half_way.command("DATA").await.expect("354");
    let answered = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (smtp, address, answered) = (postroom.smtp, address.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut accepted = Vec::new();
                let Ok(mut client) = SmtpClient::try_connect(smtp).await else { return accepted };
                let _ = client.try_command("EHLO client.example.test").await;
                loop {
                    let mail = Mail::new(&address, "Under way");
                    match client.try_transaction("ada@example.test", &[&address], &mail.bytes()).await {
                        Ok(reply) if reply.code == 250 => {
                            accepted.push(mail.message_id);
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        // 421 or the end of the connection: the sender keeps the mail.
                        Ok(_) | Err(_) => return accepted,
                    }
                }
            })
        })
        .collect();
    crate::api::eventually("some mails", || async { (answered.load(Ordering::Relaxed) > 50).then_some(()) }).await;
    postroom.ask_to_stop();
    // The transaction that had begun may end.
    let last = Mail::new(&address, "Half way");
    let reply = match half_way.try_write(&smtp_client::dot_stuffed(&last.bytes())).await {
        Ok(()) => half_way.try_read().await.ok(),
        Err(_) => None,
    };
    drop(half_way);
    let mut accepted = Vec::new();
    for sender in senders {
        accepted.extend(sender.await.expect("a sender"));
    }
    if reply.is_some_and(|reply| reply.code == 250) {
        accepted.push(last.message_id);
    }
    let status = postroom.wait_for_end().await;
    assert!(status.success(), "{status}");
    postroom.launch().await;
    let mut stored: Vec<String> =
        postroom.api().all("/messages").await.iter().map(|message| text(message, "/metadata/messageId")).collect();
    stored.sort();
    accepted.sort();
    assert_eq!(stored, accepted, "answered 250 and stored are not the same");
}

/// Bytes of growth that are allowed between the first large mails and many more of them.
const GROWTH_BYTES_MAX: u64 = 96 * 1024 * 1024;

async fn memory_stays_bounded_under_load(database: Database) {
    let postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let load = async |rounds: usize| {
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let (smtp, address) = (postroom.smtp, address.clone());
                tokio::spawn(async move {
                    let mut client = SmtpClient::ready(smtp).await;
                    for _ in 0..rounds {
                        let mail = Mail::new(&address, "Large")
                            .body(&"A line of some seventy characters, again and again and again.\r\n".repeat(15_000));
                        client.transaction("ada@example.test", &[&address], &mail.bytes()).await.expect("250");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.expect("a sender");
        }
    };
    load(2).await;
    let before = postroom.resident_bytes();
    load(8).await;
    let after = postroom.resident_bytes();
    assert!(after < before + GROWTH_BYTES_MAX, "resident memory grew from {before} to {after} bytes");
}
