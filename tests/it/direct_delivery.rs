//! Delivery to mail exchangers: a DNS zone of our own, a real Postfix and smtp-sink behind it, each at its own loopback address.

use std::collections::HashMap;

use serde_json::{Value, json};
use servers::smtp_sink::SmtpSink;

use crate::api::{Api, Channel, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::dns_zone::DnsZone;
use crate::postfix::Postfix;
use crate::postroom_process::Postroom;

on_both_databases!(
    mail_goes_to_the_exchanger_that_dns_prefers,
    who_can_not_be_reached_is_followed_by_the_next_and_null_mx_bounces,
    a_mail_refused_for_now_is_taken_when_it_is_tried_again,
    nothing_is_lost_when_it_is_killed_while_sending,
    mail_to_ourselves_comes_in_by_our_own_listener,
);

/// Messages under way at once to one destination, as the product has it: what a kill can leave in doubt.
const UNDER_WAY_PER_DESTINATION: usize = 8;

async fn direct(database: Database, zone: &DnsZone, port: u16) -> Postroom {
    let (server, port) = (zone.address.to_string(), port.to_string());
    let environment = [
        ("POSTROOM_DELIVERY", "direct"),
        ("POSTROOM_DNS_SERVER", server.as_str()),
        ("POSTROOM_MX_PORT", port.as_str()),
    ];
    Postroom::start_with(database, &environment).await
}

async fn mail_to_ourselves_comes_in_by_our_own_listener(database: Database) {
    let zone = DnsZone::with_routes(&[("in.own.test", 10, "mail.own.test")], &[("mail.own.test", "127.0.0.9")]).await;
    let server = zone.address.to_string();
    let environment = [
        ("POSTROOM_DELIVERY", "direct"),
        ("POSTROOM_DNS_SERVER", server.as_str()),
        ("POSTROOM_HOSTNAME", "mail.own.test"),
        ("POSTROOM_INBOUND_DOMAIN", "in.own.test"),
    ];
    let postroom = Postroom::start_with(database, &environment).await;
    let api = postroom.api();
    let from = channel(&api).await;
    let to = api.channel_like(json!({ "provider": "forwarding", "emailAddress": "sales@acme.test" })).await;
    let address = api.get(&format!("/channels/{}", to.id())).await.expect(200).json();
    let address = text(&address, "/inboundAddress");
    let id = send(&api, &from, "Next door", &[&address, "nobody@in.own.test"]).await;
    let deliveries = tried(&api, &id, 1).await;
    let of = |recipient: &str| deliveries.iter().find(|one| one["recipient"] == recipient).expect("a delivery");
    let taken = of(&address);
    assert_eq!((&taken["status"], &taken["transport"]), (&json!("delivered"), &json!("mx")), "{taken:#}");
    assert_eq!(taken["attempts"][0]["host"], "mail.own.test", "{taken:#}");
    let unknown = of("nobody@in.own.test");
    assert_eq!(unknown["status"], "bounced", "{unknown:#}");
    assert!(text(&unknown["attempts"][0], "/response").starts_with("550 5.1.1"), "{unknown:#}");
    let received = eventually("the mail in the other channel", || async {
        let messages = api.items(&format!("/messages?channelId={}&direction=inbound", to.id())).await;
        messages.into_iter().next()
    })
    .await;
    assert_eq!(text(&received, "/content/email/subject"), "Next door");
}

async fn channel(api: &Api) -> Channel {
    api.channel_like(json!({ "provider": "forwarding", "emailAddress": "support@acme.test" })).await
}

async fn send(api: &Api, channel: &Channel, subject: &str, to: &[&str]) -> String {
    let content = json!({ "type": "email", "email": { "subject": subject, "text": "Hello.\n.\n" } });
    let body = json!({ "channelId": channel.id(), "to": to, "content": content });
    text(&api.post("/messages", body).await.expect(202).json(), "/id")
}

/// The deliveries of a message once each has been tried `attempts` times at least.
async fn tried(api: &Api, id: &str, attempts: usize) -> Vec<Value> {
    eventually("an answer for each recipient", || async {
        let deliveries = api.items(&format!("/messages/{id}/deliveries")).await;
        let tried = |delivery: &Value| delivery["attempts"].as_array().is_some_and(|all| all.len() >= attempts);
        deliveries.iter().all(tried).then_some(deliveries)
    })
    .await
}

async fn mail_goes_to_the_exchanger_that_dns_prefers(database: Database) {
    let postfix = Postfix::start().await;
    let sink = SmtpSink::start("127.0.0.2", postfix.port, &[]).await;
    let exchangers =
        [("local.test", 20, "sink.test"), ("local.test", 10, "mx.local.test"), ("many.test", 10, "sink.test")];
    let zone = DnsZone::with_routes(&exchangers, &[("mx.local.test", "127.0.0.1"), ("sink.test", "127.0.0.2")]).await;
    let postroom = direct(database, &zone, postfix.port).await;
    let api = postroom.api();
    let channel = channel(&api).await;
    let id = send(&api, &channel, "To Postfix", &["good@local.test", "gone@local.test"]).await;
    let deliveries = tried(&api, &id, 1).await;
    for (recipient, status, answer) in
        [("good@local.test", "delivered", "250"), ("gone@local.test", "bounced", "550 5.1.1")]
    {
        let delivery = deliveries.iter().find(|delivery| delivery["recipient"] == recipient).expect("a delivery");
        assert_eq!((&delivery["status"], &delivery["transport"]), (&json!(status), &json!("mx")), "{delivery:#}");
        let attempt = &delivery["attempts"][0];
        assert!(text(attempt, "/response").starts_with(answer), "{delivery:#}");
        // Postfix' certificate is nobody's we know; it is encrypted all the same.
        assert_eq!((&attempt["host"], &attempt["tls"]), (&json!("mx.local.test"), &json!(true)), "{delivery:#}");
        assert_eq!(attempt["address"], "127.0.0.1", "{delivery:#}");
        assert!(text(attempt, "/tlsVersion").starts_with("TLS 1.3"), "{delivery:#}");
    }
    let mail = eventually("the mail in the mailbox", || async { postfix.mailbox("good").into_iter().next() }).await;
    assert!(mail.contains("Subject: To Postfix"), "{mail}");
    assert!(sink.received().is_empty(), "the second exchanger got mail");

    // Recipients at one domain share a transaction, however the domain is written.
    let id = send(&api, &channel, "To many", &["a@many.test", "b@Many.Test", "c@many.test"]).await;
    assert!(tried(&api, &id, 1).await.iter().all(|delivery| delivery["status"] == "delivered"));
    let received = eventually("a mail in the sink", || async {
        let received = sink.received();
        received.iter().any(|mail| mail.contains("Hello.")).then_some(received)
    })
    .await;
    assert_eq!(received.len(), 1, "{received:#?}");
    let recipients = received.iter().flat_map(|mail| mail.lines()).filter(|line| line.starts_with("X-Rcpt-Args:"));
    assert_eq!(recipients.count(), 3, "{received:#?}");
    let types: Vec<String> = api.all_events().await.iter().map(|event| text(event, "/type")).collect();
    for expected in ["message.sent", "message.delivered", "message.bounced"] {
        assert!(types.iter().any(|event_type| event_type == expected), "{expected} is not among {types:?}");
    }
}

async fn who_can_not_be_reached_is_followed_by_the_next_and_null_mx_bounces(database: Database) {
    let port = servers::ports::free_port();
    let sink = SmtpSink::start("127.0.0.2", port, &[]).await;
    let exchangers = [
        ("half.test", 10, "down.test"),
        ("half.test", 20, "sink.test"),
        ("null.test", 0, "."),
        ("dead.test", 10, "down.test"),
    ];
    // Nobody listens at 127.0.0.9.
    let zone = DnsZone::with_routes(&exchangers, &[("down.test", "127.0.0.9"), ("sink.test", "127.0.0.2")]).await;
    let postroom = direct(database, &zone, port).await;
    let api = postroom.api();
    let channel = channel(&api).await;
    let to = ["a@half.test", "a@null.test", "a@unknown.test", "a@dead.test"];
    let id = send(&api, &channel, "Four ways", &to).await;
    let deliveries = tried(&api, &id, 1).await;
    for (recipient, status, answer) in [
        ("a@half.test", "delivered", "250"),
        ("a@null.test", "bounced", "5.1.10"),
        ("a@unknown.test", "bounced", "5.1.2"),
        ("a@dead.test", "deferred", "could not connect"),
    ] {
        let delivery = deliveries.iter().find(|delivery| delivery["recipient"] == recipient).expect("a delivery");
        assert_eq!(delivery["status"], status, "{delivery:#}");
        assert!(text(&delivery["attempts"][0], "/response").starts_with(answer), "{delivery:#}");
    }
    let half = deliveries.iter().find(|delivery| delivery["recipient"] == "a@half.test").expect("a delivery");
    let before = &half["attempts"][0]["triedBefore"][0];
    assert_eq!((&before["host"], &before["address"]), (&json!("down.test"), &json!("127.0.0.9")), "{half:#}");
    assert_eq!(sink.received().len(), 1);
    let bounces = api.all_events().await.into_iter().filter(|event| event["type"] == "message.bounced");
    let said: Vec<String> = bounces.map(|event| text(&event, "/data/response")).collect();
    assert!(said.iter().any(|text| text.contains("receives no mail")), "{said:?}");
}

async fn a_mail_refused_for_now_is_taken_when_it_is_tried_again(database: Database) {
    let port = servers::ports::free_port();
    let refusing = SmtpSink::start("127.0.0.2", port, &["-r", "RCPT", "-b", "450 4.7.1 greylisted"]).await;
    let zone = DnsZone::with_routes(&[("grey.test", 10, "sink.test")], &[("sink.test", "127.0.0.2")]).await;
    let postroom = direct(database, &zone, port).await;
    let api = postroom.api();
    let channel = channel(&api).await;
    let id = send(&api, &channel, "Twice", &["a@grey.test"]).await;
    let deferred = tried(&api, &id, 1).await.remove(0);
    assert_eq!(deferred["status"], "deferred", "{deferred:#}");
    assert!(text(&deferred["attempts"][0], "/response").starts_with("450 4.7.1"), "{deferred:#}");
    drop(refusing);
    let sink = SmtpSink::start("127.0.0.2", port, &[]).await;
    let answer = api.send(api.request(reqwest::Method::POST, &format!("/messages/{id}/retry"))).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let delivered = tried(&api, &id, 2).await.remove(0);
    assert_eq!(delivered["status"], "delivered", "{delivered:#}");
    assert_eq!(sink.received().len(), 1);
}

async fn nothing_is_lost_when_it_is_killed_while_sending(database: Database) {
    const ROUNDS: usize = 3;
    const MESSAGES_A_ROUND: usize = 40;
    let port = servers::ports::free_port();
    let sink = SmtpSink::start("127.0.0.2", port, &[]).await;
    let zone = DnsZone::with_routes(&[("many.test", 10, "sink.test")], &[("sink.test", "127.0.0.2")]).await;
    let is_sqlite = database.url().is_none();
    let mut postroom = direct(database, &zone, port).await;
    let channel = channel(&postroom.api()).await;
    let (mut ids, mut recorded) = (Vec::new(), HashMap::new());
    for round in 0..ROUNDS {
        let api = postroom.api();
        for number in 0..MESSAGES_A_ROUND {
            ids.push(send(&api, &channel, &format!("Mail {round}.{number}"), &["a@many.test"]).await);
        }
        // Somewhere among them.
        let kill_at = round * MESSAGES_A_ROUND + rand::random_range(1..MESSAGES_A_ROUND);
        eventually("some of them to be taken", || async { (sink.received().len() >= kill_at).then_some(()) }).await;
        for message in api.all("/messages?direction=outbound&status=delivered").await {
            let subject = format!("Subject: {}", text(&message, "/content/email/subject"));
            let copies = copies(&sink)[&subject];
            recorded.entry(subject).or_insert(copies);
        }
        postroom.kill();
        if !is_sqlite {
            // Another process may be at work on PostgreSQL: what a dead one claimed is free when its lease ends.
            postroom.execute_sql("UPDATE delivery SET due_at = 0 WHERE lease IS NOT NULL");
        }
        postroom.launch().await;
    }
    let api = postroom.api();
    for id in &ids {
        eventually("every message to be delivered", || async {
            (api.get(&format!("/messages/{id}")).await.expect(200).json()["status"] == "delivered").then_some(())
        })
        .await;
    }
    let taken = copies(&sink);
    assert_eq!(taken.values().filter(|copies| **copies > 0).count(), ids.len(), "a mail is missing");
    let copies: usize = taken.values().sum();
    assert!(
        copies - ids.len() <= ROUNDS * UNDER_WAY_PER_DESTINATION,
        "{copies} copies of {} mails: more than can have been in doubt",
        ids.len()
    );
    assert!(!recorded.is_empty());
    for (subject, copies) in recorded {
        assert_eq!(taken[&subject], copies, "{subject}: sent again after its delivery was recorded");
    }
}

/// Whole mails of the test above, by their subjects.
fn copies(sink: &SmtpSink) -> HashMap<String, usize> {
    let mut taken = HashMap::new();
    for mail in sink.received().iter().filter(|mail| mail.contains("Hello.")) {
        if let Some(subject) = mail.lines().find(|line| line.starts_with("Subject: Mail ")) {
            *taken.entry(subject.to_owned()).or_default() += 1;
        }
    }
    taken
}
