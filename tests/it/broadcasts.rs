//! A broadcast to a list, with the program killed again and again while its messages are made and sent.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use servers::smtp_sink::SmtpSink;

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::dns_zone::DnsZone;
use crate::postroom_process::Postroom;

on_both_databases!(kills_amid_a_broadcast_send_nobody_twice_and_forget_nobody);

/// Members of the list: some chunks of messages.
const MEMBERS: usize = 1_600;
const ADDED_AT_ONCE: usize = 1_000;
const KILLS: usize = 4;

/// A use case of a domain that counts as verified.
async fn use_case(postroom: &Postroom) -> String {
    let api = postroom.api();
    let domain = api.post("/domains", json!({ "name": "mail.acme.test" })).await.expect(201).json();
    postroom.execute_sql("UPDATE domain SET status = 'verified', due_at = 9000000000000");
    let body = json!({ "domainId": domain["id"], "entityName": "Acme", "name": "News", "senderAddress": "news@mail.acme.test",
        "emailType": "marketing" });
    text(&api.post("/use-cases", body).await.expect(201).json(), "/id")
}

async fn list(api: &Api) -> String {
    let list = text(&api.post("/lists", json!({ "name": "Everybody" })).await.expect(201).json(), "/id");
    let members: Vec<Value> = (0..MEMBERS)
        .map(|number| json!({ "address": format!("m{number}@many.test"), "variables": { "number": number } }))
        .collect();
    for part in members.chunks(ADDED_AT_ONCE) {
        api.post(&format!("/lists/{list}/members"), json!({ "members": part })).await.expect(200);
    }
    assert_eq!(api.get(&format!("/lists/{list}")).await.expect(200).json()["memberCount"], MEMBERS);
    list
}

async fn progress(postroom: &Postroom, path: &str, name: &str) -> usize {
    let shown = postroom.api().get(path).await.expect(200).json();
    usize::try_from(shown["progress"][name].as_u64().expect(name)).expect(name)
}

async fn kills_amid_a_broadcast_send_nobody_twice_and_forget_nobody(database: Database) {
    let port = servers::ports::free_port();
    let sink = SmtpSink::start("127.0.0.2", port, &[]).await;
    let zone = DnsZone::with_routes(&[("many.test", 10, "sink.test")], &[("sink.test", "127.0.0.2")]).await;
    let is_sqlite = database.url().is_none();
    let (server, port) = (zone.address.to_string(), port.to_string());
    let environment = [
        ("POSTROOM_DELIVERY", "direct"),
        ("POSTROOM_DNS_SERVER", server.as_str()),
        ("POSTROOM_MX_PORT", port.as_str()),
    ];
    let mut postroom = Postroom::start_with(database, &environment).await;
    let api = postroom.api();
    let (use_case, list) = (use_case(&postroom).await, list(&api).await);
    let broadcast = json!({ "name": "News", "useCaseId": use_case, "listId": list, "subject": "Mail {{number}}",
        "text": "Hello, you are number {{number}}." });
    let broadcast = text(&api.post("/broadcasts", broadcast).await.expect(201).json(), "/id");
    let path = format!("/broadcasts/{broadcast}");
    api.post(&format!("{path}/send"), json!({})).await.expect(200);
    for round in 0..KILLS {
        // Somewhere in the middle: more was made than before, and it goes on.
        let at = (round * MEMBERS / KILLS).max(1);
        eventually("some of the messages to be made", || async {
            (progress(&postroom, &path, "queued").await >= at).then_some(())
        })
        .await;
        postroom.kill();
        if !is_sqlite {
            // Another process may be at work on PostgreSQL: what a dead one claimed is free when its lease ends.
            postroom.execute_sql("UPDATE delivery SET due_at = 0 WHERE lease IS NOT NULL");
            postroom.execute_sql("UPDATE broadcast SET due_at = 0 WHERE lease IS NOT NULL");
        }
        postroom.launch().await;
    }
    // What a kill left in doubt at the sink may have been put off.
    for some in (0..=MEMBERS).step_by(MEMBERS / 8) {
        eventually("more of the messages to be delivered", || async {
            (progress(&postroom, &path, "delivered").await >= some).then_some(())
        })
        .await;
    }
    let sent = eventually("the broadcast to be sent", || async {
        let shown = postroom.api().get(&path).await.expect(200).json();
        (shown["status"] == "sent").then_some(shown)
    })
    .await;
    for (name, count) in [
        ("total", MEMBERS),
        ("queued", MEMBERS),
        ("sent", MEMBERS),
        ("delivered", MEMBERS),
        ("remaining", 0),
        ("failed", 0),
        ("suppressed", 0),
        ("bounced", 0),
        ("deferred", 0),
    ] {
        assert_eq!(sent["progress"][name], count, "{name}: {sent:#}");
    }
    each_has_one_message(&postroom.api(), &sink).await;
}

/// One message a member, and no other.
async fn each_has_one_message(api: &Api, sink: &SmtpSink) {
    let mut made: HashMap<String, usize> = HashMap::new();
    for message in api.all("/messages?direction=outbound").await {
        assert_eq!(message["status"], "delivered", "{message:#}");
        *made.entry(text(&message, "/to")).or_default() += 1;
    }
    assert_eq!(made.len(), MEMBERS, "somebody was forgotten");
    assert!(made.values().all(|count| *count == 1), "somebody has two messages");
    let received = sink.received();
    let subject = |mail: &String| mail.lines().find_map(|line| line.strip_prefix("Subject: Mail ").map(str::to_owned));
    let reached: HashSet<String> = received.iter().filter_map(subject).collect();
    assert_eq!(reached.len(), MEMBERS, "somebody's mail did not arrive");
    let events = api.all_events().await;
    assert_eq!(events.iter().filter(|event| event["type"] == "broadcast.completed").count(), 1);
}
