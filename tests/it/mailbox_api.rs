//! What the scenarios of people's mailboxes stand on: mails, accounts, what is listed and what was told.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use servers::PASSWORD;

use crate::api::{Api, eventually};
use crate::webhook_receiver::WebhookReceiver;

pub fn mail(number: usize, from: &str, subject: &str) -> String {
    format!(
        "From: {from}\nTo: Bo <bo@example.com>\nSubject: {subject}\nMessage-ID: <{number}.{subject}@example.org>\n\
         Date: Wed, 25 Nov 2026 10:00:00 +0000\n\nHello, this is mail {number}.\n"
    )
}

/// In clear, on this machine, listening to the inbox and to what was sent.
pub fn account(port: u16, name: &str) -> Value {
    json!({
        "account": name, "name": "Bo", "email": "bo@example.com",
        "imap": { "host": "127.0.0.1", "port": port, "secure": false, "auth": { "user": name, "pass": PASSWORD } },
        "subconnections": ["\\Sent"],
    })
}

pub async fn put(api: &Api, path: &str, body: Value) -> Value {
    let answer = api.send(api.request(Method::PUT, path).json(&body)).await;
    answer.expect(200).json()
}

pub async fn state(api: &Api, name: &str) -> String {
    let account = api.get(&format!("//v1/account/{name}")).await.expect(200).json();
    account["state"].as_str().expect("a state").to_owned()
}

pub async fn connected(api: &Api, name: &str) {
    eventually("the account to be connected", || async { (state(api, name).await == "connected").then_some(()) }).await;
}

/// Every message of a folder, the newest first.
pub async fn messages(api: &Api, name: &str, path: &str) -> Vec<Value> {
    const PAGE: usize = 1_000;
    let path = path.replace('\\', "%5C").replace(' ', "%20");
    let mut all = Vec::new();
    for page in 0.. {
        let url = format!("//v1/account/{name}/messages?pageSize={PAGE}&page={page}&path={path}");
        let found = api.get(&url).await.expect(200).json()["messages"].as_array().expect("messages").clone();
        let is_last = found.len() < PAGE;
        all.extend(found);
        if is_last {
            break;
        }
    }
    all
}

/// Those that an endpoint of EmailEngine's format was told of, of one kind.
pub fn told(receiver: &WebhookReceiver, event: &str) -> Vec<Value> {
    receiver.received().into_iter().map(|request| request.json()).filter(|body| body["event"] == event).collect()
}

pub async fn wait_told(receiver: &WebhookReceiver, event: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} times {event}"), || async {
        let found = told(receiver, event);
        (found.len() >= count).then_some(found)
    })
    .await
}

/// What the events of this kind say of an account.
pub async fn events_of(api: &Api, name: &str, event: &str) -> Vec<Value> {
    let events = api.all_events().await.into_iter();
    events.filter(|it| it["type"] == event && it["data"]["account"] == name).map(|mut it| it["data"].take()).collect()
}

/// Until the messages with these Message-IDs were all told of as new.
pub async fn wait_news(api: &Api, name: &str, path: &str, wanted: &[String]) {
    eventually("the new messages to be told", || async {
        let times = times_told(api, name, path).await;
        wanted.iter().all(|id| times.contains_key(id)).then_some(())
    })
    .await;
}

/// How often each Message-ID was told of as new in a folder.
pub async fn times_told(api: &Api, name: &str, path: &str) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for event in events_of(api, name, "messageNew").await {
        if event["path"] == path {
            *times.entry(event["data"]["messageId"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    times
}

/// These Message-IDs, and no others, were told of as new in a folder, each once; and the folder lists each once.
pub async fn assert_told_once(api: &Api, name: &str, path: &str, wanted: &[String]) {
    assert!(!wanted.is_empty());
    let once: BTreeMap<String, usize> = wanted.iter().map(|id| (id.clone(), 1)).collect();
    assert_eq!(times_told(api, name, path).await, once, "told otherwise than once each");
    let mut listed: BTreeMap<String, usize> = BTreeMap::new();
    for message in messages(api, name, path).await {
        *listed.entry(message["messageId"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    for id in wanted {
        assert_eq!(listed.get(id), Some(&1), "{id} is listed otherwise than once");
    }
}
