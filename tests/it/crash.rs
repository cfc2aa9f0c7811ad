//! `kill -9` under load, again and again: every mail that was answered 250 is there exactly once afterwards.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client::SmtpClient;

on_both_databases!(every_mail_answered_250_is_there_exactly_once);

/// How often the process is killed.
const ROUNDS: usize = 12;
/// Connections that send at the same time.
const SENDERS: usize = 8;
/// One mail in so many is larger than what the database keeps inline.
const LARGE_EVERY: usize = 5;

/// One connection's mails: what was answered, and the one whose answer never came.
#[derive(Default)]
struct Outbox {
    answered: Vec<Arc<Mail>>,
    in_doubt: Option<Arc<Mail>>,
    count: usize,
}

async fn every_mail_answered_250_is_there_exactly_once(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let mut outboxes: Vec<Outbox> = (0..SENDERS).map(|_| Outbox::default()).collect();
    for round in 0..ROUNDS {
        // Somewhere in the first hundreds of mails, another place each round.
        let kill_after = 20 + rand::random_range(0..150);
        outboxes = send_until_killed(&mut postroom, &address, outboxes, kill_after).await;
        assert!(outboxes.iter().any(|outbox| outbox.count > 0), "round {round}: nothing was sent");
        postroom.launch().await;
    }
    // A sender that got no answer tries again.
    let mut client = SmtpClient::ready(postroom.smtp).await;
    for outbox in &mut outboxes {
        if let Some(mail) = outbox.in_doubt.take() {
            client.transaction("ada@example.test", &[&address], &mail.bytes()).await.expect("250");
            outbox.answered.push(mail);
        }
    }
    check(&postroom, &outboxes.into_iter().flat_map(|outbox| outbox.answered).collect::<Vec<_>>()).await;
}

/// Send from all connections at once until `kill_after` mails are answered, then kill.
async fn send_until_killed(
    postroom: &mut Postroom,
    address: &str,
    outboxes: Vec<Outbox>,
    kill_after: usize,
) -> Vec<Outbox> {
    let (answered, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let senders: Vec<_> = outboxes
        .into_iter()
        .map(|outbox| {
            let (answered, enough) = (Arc::clone(&answered), Arc::clone(&enough));
            let heard = move || {
                if answered.fetch_add(1, Ordering::Relaxed) + 1 == kill_after {
                    enough.notify_one();
                }
            };
            tokio::spawn(send_until_disconnected(postroom.smtp, address.to_owned(), outbox, heard))
        })
        .collect();
    enough.notified().await;
    postroom.kill();
    let mut outboxes = Vec::new();
    for sender in senders {
        outboxes.push(sender.await.expect("a sender"));
    }
    outboxes
}

async fn send_until_disconnected(server: SocketAddr, address: String, mut outbox: Outbox, heard: impl Fn()) -> Outbox {
    let Ok(mut client) = SmtpClient::try_connect(server).await else { return outbox };
    if client.try_command("EHLO client.example.test").await.is_err() {
        return outbox;
    }
    loop {
        let mail = outbox.in_doubt.take().unwrap_or_else(|| {
            outbox.count += 1;
            Arc::new(next_mail(&address, outbox.count))
        });
        match client.try_transaction("ada@example.test", &[&address], &mail.bytes()).await {
            Ok(reply) if reply.code == 250 => {
                outbox.answered.push(mail);
                heard();
            }
            // No answer, or "try later": its sender keeps it.
            Ok(_) | Err(_) => {
                outbox.in_doubt = Some(mail);
                return outbox;
            }
        }
    }
}

fn next_mail(address: &str, count: usize) -> Mail {
    let mail = Mail::new(address, &format!("Mail {count}"));
    if count.is_multiple_of(LARGE_EVERY) {
        // Random, so that compression does not make it small.
        let noise: String = (0..30_000).map(|_| char::from(rand::random_range(b'!'..=b'~'))).collect();
        let lines = noise.as_bytes().chunks(70).map(|line| String::from_utf8_lossy(line).into_owned());
        return mail.body(&lines.map(|line| line + "\r\n").collect::<String>());
    }
    mail
}

async fn check(postroom: &Postroom, answered: &[Arc<Mail>]) {
    let api = postroom.api();
    let messages = api.all("/messages?direction=inbound").await;
    let mut stored: HashMap<String, Vec<String>> = HashMap::new();
    for message in &messages {
        stored.entry(text(message, "/metadata/messageId")).or_default().push(text(message, "/id"));
    }
    for mail in answered {
        let copies = stored.get(&mail.message_id).map_or(0, Vec::len);
        assert_eq!(copies, 1, "{} was answered 250 and is there {copies} times", mail.message_id);
    }
    assert_eq!(messages.len(), answered.len(), "there are messages nobody sent");
    for mail in answered {
        let id = &stored[&mail.message_id][0];
        let raw = api.get(&format!("/messages/{id}/raw")).await.expect(200).body;
        assert!(raw.ends_with(&mail.bytes()), "{id}: the raw mail is not what was sent");
    }
    let events = api.all_events().await;
    let received: Vec<String> = events
        .iter()
        .filter(|event| event["type"] == "message.received")
        .map(|event| text(event, "/data/id"))
        .collect();
    assert_eq!(received.len(), answered.len(), "one event a message");
    let counted: u64 =
        api.all("/conversations").await.iter().filter_map(|conversation| conversation["messageCount"].as_u64()).sum();
    assert_eq!(counted, answered.len() as u64, "the conversations' counts are off");
    eventually("the search index to catch up", || async {
        (api.metric("postroom_search_lag_messages").await? == 0.0).then_some(())
    })
    .await;
}
