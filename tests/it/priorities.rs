//! What a conversation is called and how much it matters: its number, given once however many begin at a time, and its priority.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(conversations_that_begin_at_once_are_numbered_without_a_gap, priorities_are_set_listed_and_undone);

async fn numbers(api: &Api) -> Vec<u64> {
    api.all("/conversations").await.iter().filter_map(|one| one["number"].as_u64()).collect()
}

async fn conversations_that_begin_at_once_are_numbered_without_a_gap(database: Database) {
    const AT_ONCE: u64 = 24;
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let address = channel.address();
    let sending = (0..AT_ONCE).map(|n| {
        let mail = Mail::new(&address, &format!("Question {n}")).from(&format!("Ann <ann{n}@example.test>"));
        let (smtp, address) = (postroom.smtp, address.clone());
        async move { smtp_client::send(smtp, "x@example.test", &address, mail.bytes()).await.expect("250") }
    });
    join_all(sending).await;
    let given: BTreeSet<u64> = numbers(&api).await.into_iter().collect();
    assert_eq!(given, (1..=AT_ONCE).collect());

    // One that we begin goes on counting, and so does another workspace from its own beginning.
    let message = json!({ "channelId": channel.id(), "to": "bo@example.test",
        "content": { "type": "email", "email": { "subject": "Offer", "text": "Hi" } } });
    api.post("/messages", message).await.expect(202);
    assert_eq!(numbers(&api).await.into_iter().max(), Some(AT_ONCE + 1));
    let found = api.all(&format!("/conversations?number={}", AT_ONCE + 1)).await;
    assert_eq!((found.len(), text(&found[0], "/subject")), (1, "Offer".to_owned()));
    let found = api.all("/conversations?q=%233").await;
    assert_eq!((found.len(), &found[0]["number"]), (1, &json!(3)));
    assert!(api.all("/conversations?number=4000000000").await.is_empty());
    api.get("/conversations?number=x").await.expect(400);
}

async fn priorities_are_set_listed_and_undone(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    for n in 0..3 {
        let mail = Mail::new(&channel.address(), &format!("Question {n}")).from(&format!("Ann <ann{n}@example.test>"));
        smtp_client::send(postroom.smtp, "x@example.test", &channel.address(), mail.bytes()).await.expect("250");
    }
    let all = api.all("/conversations").await;
    assert!(all.iter().all(|one| one["priority"] == "normal"), "{all:#?}");
    let id = |n: usize| text(&all[n], "/id");

    let path = format!("/conversations/{}", id(0));
    let changed = api.patch(&path, json!({ "priority": "urgent" })).await.expect(200).json();
    assert_eq!(changed["priority"], "urgent");
    let told = api.all_events().await.into_iter().rfind(|event| event["type"] == "conversation.updated");
    assert_eq!(told.map(|event| event["data"]["priority"].clone()), Some(json!("urgent")));
    let wrong = api.patch(&path, json!({ "priority": "great" })).await.expect(422);
    assert_eq!(wrong.pointers(), ["/priority"]);

    let many = json!({ "ids": [id(0), id(1)], "change": { "priority": "high" } });
    let done = api.post("/conversations/bulk", many).await.expect(200).json();
    let listed = async |query: &str| -> BTreeSet<String> {
        api.all(&format!("/conversations?{query}")).await.iter().map(|one| text(one, "/id")).collect()
    };
    assert_eq!(listed("priority=high&status=open").await, BTreeSet::from([id(0), id(1)]));
    assert_eq!(listed("q=priority:normal").await, BTreeSet::from([id(2)]));
    assert!(listed("priority=high&number=3").await.len() <= 1);
    api.get("/conversations?q=priority:great").await.expect(400);
    let changed = done["changed"].as_array().expect("changes").iter();
    let undo: Vec<Value> = changed.map(|one| json!({ "id": one["id"], "change": one["undo"] })).collect();
    api.post("/conversations/bulk", json!({ "changes": undo })).await.expect(200);
    assert_eq!(listed("priority=urgent").await, BTreeSet::from([id(0)]));
    assert!(listed("priority=high").await.is_empty());

    // A saved view, and a rule.
    let view = json!({ "name": "Fires", "filter": { "priority": "urgent" } });
    assert_eq!(api.post("/views", view).await.expect(201).json()["filter"], json!({ "priority": "urgent" }));
    let rule = json!({ "name": "Outages", "trigger": "message.received",
        "conditions": { "match": "all", "items": [
            { "field": "subject", "operator": "contains", "value": "outage" },
            { "field": "priority", "operator": "isNot", "value": "urgent" } ] },
        "actions": [{ "type": "setPriority", "priority": "urgent" }] });
    api.post("/automations", rule).await.expect(201);
    let mail = Mail::new(&channel.address(), "An outage").from("Cy <cy@example.test>");
    smtp_client::send(postroom.smtp, "x@example.test", &channel.address(), mail.bytes()).await.expect("250");
    eventually("the rule to run", || async { (listed("priority=urgent").await.len() == 2).then_some(()) }).await;
}
