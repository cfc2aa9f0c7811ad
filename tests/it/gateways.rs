//! Gateways: mail of an account goes through the SMTP server that it names, and through no other, whatever becomes of that one.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mailbox_api::put;
use crate::submitting::{Stage, delivered, submit};
use crate::workspaces::key_of_another_workspace;
use servers::PASSWORD;
use servers::ports::free_port;
use servers::smtp_sink::SmtpSink;

on_both_databases!(
    mail_goes_through_the_gateway_it_names,
    a_refused_password_is_told_and_mended,
    mail_of_a_gateway_that_is_gone_goes_no_other_way,
    a_gateway_is_its_workspaces_alone,
    a_gateway_in_a_private_network_is_not_spoken_to,
);

/// In clear, on this machine.
async fn add(api: &Api, name: &str, port: u16, sign_in: Option<&str>) {
    let mut gateway = json!({ "gateway": name, "name": "A relay", "host": "127.0.0.1", "port": port });
    if let Some(password) = sign_in {
        gateway["user"] = json!("bo");
        gateway["pass"] = json!(password);
    }
    let added = api.post("//v1/gateway", gateway).await.expect(200).json();
    assert_eq!(added, json!({ "gateway": name, "state": "new" }));
}

async fn gateway(api: &Api, name: &str) -> Value {
    api.get(&format!("//v1/gateway/{name}")).await.expect(200).json()
}

fn mail(gateway: &str, subject: &str) -> Value {
    json!({ "to": "good@local.test", "subject": subject, "text": "x", "gateway": gateway })
}

async fn taken(sink: &SmtpSink, subject: &str) -> String {
    let line = format!("Subject: {subject}");
    eventually("the gateway to take the mail", || async {
        sink.received().into_iter().find(|mail| mail.contains(&line) && mail.contains("\nx"))
    })
    .await
}

/// The last delivery error or failure of a mail says this.
async fn told_why(stage: &Stage, event: &str, id: &str, why: &str) {
    eventually(&format!("{event} of {id} to say {why}"), || async {
        let mut of_it = stage.told(event).into_iter().filter(|body| body["data"]["messageId"] == id);
        of_it.next_back().filter(|body| text(body, "/data/error").contains(why))
    })
    .await;
}

/// None of the account's own server's.
fn assert_only_there(stage: &Stage, subject: &str) {
    let own = stage.postfix.mailbox("good");
    assert!(!own.iter().any(|mail| mail.contains(subject)), "{subject} went through the account's own server: {own:?}");
}

async fn mail_goes_through_the_gateway_it_names(database: Database) {
    let mut stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let port = free_port();
    let sink = SmtpSink::start("127.0.0.1", port, &[]).await;
    add(&api, "relay", port, None).await;
    assert_eq!(gateway(&api, "relay").await.get("lastUse"), None);

    let id = text(&submit(&api, mail("relay", "Through")).await, "/messageId");
    let went = taken(&sink, "Through").await;
    assert!(went.contains("bo@local.test") && went.contains("good@local.test"), "{went}");
    assert_eq!(stage.wait_told("messageSent", &id).await["account"], "bo");
    // It is the account's mail all the same.
    assert_eq!(stage.wait_told("messageNew", &id).await["path"], "Sent");
    assert_only_there(&stage, "Through");
    let used = gateway(&api, "relay").await;
    assert_eq!((&used["deliveries"], &used["lastError"]), (&json!(1), &Value::Null), "{used}");
    assert!(used["lastUse"].is_string(), "{used}");

    // What does not name one goes its own way.
    let own = submit(&api, json!({ "to": "good@local.test", "subject": "Own", "text": "x" })).await;
    delivered(&stage.postfix, &text(&own, "/messageId")).await;
    assert!(!sink.received().iter().any(|mail| mail.contains("Subject: Own")));

    // Nor needs an account a server of its own, and what waits keeps its gateway over a crash.
    let imap = json!({ "host": "127.0.0.1", "port": stage.dovecot.port, "secure": false, "auth": { "user": "mute", "pass": PASSWORD } });
    api.post("//v1/account", json!({ "account": "mute", "email": "mute@local.test", "imap": imap })).await.expect(200);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let entry = json!({ "to": { "address": "good@local.test" }, "sendAt": crate::sending::rfc3339(now + 3) });
    let merge = json!({ "subject": "Merged", "text": "x", "gateway": "relay", "mailMerge": [entry] });
    let queued = api.post("//v1/account/mute/submit", merge).await.expect(200).json();
    let queue_id = text(&queued, "/mailMerge/0/queueId");
    stage.postroom.kill();
    stage.postroom.launch().await;
    let api = stage.postroom.api();
    let waiting = api.get(&format!("//v1/outbox/{queue_id}")).await;
    assert!(waiting.status == 404 || waiting.json()["gateway"] == "relay", "{waiting:?}");
    assert!(taken(&sink, "Merged").await.contains("mute@local.test"));
    eventually("both to be counted", || async { (gateway(&api, "relay").await["deliveries"] == 2).then_some(()) })
        .await;
    let list = api.get("//v1/gateways").await.expect(200).json();
    assert_eq!((&list["total"], &list["gateways"][0]["deliveries"]), (&json!(1), &json!(2)), "{list}");
}

async fn a_refused_password_is_told_and_mended(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    add(&api, "relay", stage.postfix.port, Some("not the password")).await;
    let id = text(&submit(&api, mail("relay", "Mended")).await, "/messageId");
    told_why(&stage, "messageDeliveryError", &id, "535").await;
    let refused = gateway(&api, "relay").await;
    assert_eq!(
        (&refused["deliveries"], &refused["lastError"]["serverResponseCode"], &refused["pass"]),
        (&json!(0), &json!("535"), &json!("******")),
        "{refused}"
    );
    assert!(text(&refused, "/lastError/response").contains("535"), "{refused}");
    // The account's own server would have taken it.
    assert_only_there(&stage, "Mended");
    put(&api, "//v1/gateway/edit/relay", json!({ "pass": PASSWORD })).await;
    delivered(&stage.postfix, &id).await;
    stage.wait_told("messageSent", &id).await;
    let mended = gateway(&api, "relay").await;
    assert_eq!((&mended["deliveries"], &mended["lastError"]), (&json!(1), &Value::Null), "{mended}");
}

async fn mail_of_a_gateway_that_is_gone_goes_no_other_way(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    add(&api, "relay", stage.postfix.port, Some("not the password")).await;
    let waiting = submit(&api, mail("relay", "Waiting")).await;
    let id = text(&waiting, "/messageId");
    told_why(&stage, "messageDeliveryError", &id, "535").await;
    let mut once = mail("relay", "Given up");
    once["deliveryAttempts"] = json!(1);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    once["sendAt"] = json!(crate::sending::rfc3339(now + 10));
    let given_up = text(&submit(&api, once).await, "/messageId");
    assert_eq!(
        api.delete("//v1/gateway/relay").await.expect(200).json(),
        json!({ "gateway": "relay", "deleted": true })
    );
    for path in ["//v1/gateway/relay", "//v1/gateway/none"] {
        api.get(path).await.expect(404);
    }
    let refused = api.post("//v1/account/bo/submit", mail("relay", "Refused")).await.expect(404).json();
    assert!(text(&refused, "/message").contains("gateway"), "{refused}");

    told_why(&stage, "messageFailed", &given_up, "relay is not there any more").await;
    told_why(&stage, "messageDeliveryError", &id, "relay is not there any more").await;
    let path = format!("//v1/outbox/{}", text(&waiting, "/queueId"));
    let kept = api.get(&path).await.expect(200).json();
    assert!(text(&kept, "/progress/error/message").contains("add one of that name again"), "{kept}");
    for subject in ["Waiting", "Given up"] {
        assert_only_there(&stage, subject);
    }
    // One of its name takes what waits.
    add(&api, "relay", stage.postfix.port, Some(PASSWORD)).await;
    delivered(&stage.postfix, &id).await;
    stage.wait_told("messageSent", &id).await;
}

async fn a_gateway_is_its_workspaces_alone(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let port = free_port();
    let sink = SmtpSink::start("127.0.0.1", port, &[]).await;
    add(&api, "relay", port, None).await;
    let foreign = stage.postroom.api_with_key(&key_of_another_workspace(&stage.postroom));
    foreign.get("//v1/gateway/relay").await.expect(404);
    foreign.delete("//v1/gateway/relay").await.expect(404);
    assert_eq!(foreign.get("//v1/gateways").await.expect(200).json()["total"], 0);
    let smtp = json!({ "host": "127.0.0.1", "port": 9, "secure": false, "auth": { "user": "cy", "pass": "x" } });
    foreign.post("//v1/account", json!({ "account": "cy", "email": "cy@local.test", "smtp": smtp })).await.expect(200);
    foreign.post("//v1/account/cy/submit", mail("relay", "Foreign")).await.expect(404);
    // One of the same name there is another.
    add(&foreign, "relay", 9, None).await;
    foreign.post("//v1/account/cy/submit", mail("relay", "Foreign")).await.expect(200);
    eventually("the other gateway to be tried", || async {
        gateway(&foreign, "relay").await["lastError"]["response"].as_str().map(str::to_owned)
    })
    .await;
    submit(&api, mail("relay", "Ours")).await;
    taken(&sink, "Ours").await;
    assert!(!sink.received().iter().any(|mail| mail.contains("Foreign")));
}

async fn a_gateway_in_a_private_network_is_not_spoken_to(database: Database) {
    let mut stage = Stage::set(database, |_| {}).await;
    let port = free_port();
    let sink = SmtpSink::start("127.0.0.1", port, &[]).await;
    add(&stage.postroom.api(), "relay", port, None).await;
    stage.postroom.stop().await;
    stage.postroom.unset("POSTROOM_ALLOW_PRIVATE_NETWORKS");
    stage.postroom.launch().await;
    let api = stage.postroom.api();
    let id = text(&submit(&api, mail("relay", "Guarded")).await, "/messageId");
    let refused = eventually("the refusal to be noted", || async {
        gateway(&api, "relay").await["lastError"]["response"].as_str().map(str::to_owned)
    })
    .await;
    assert!(refused.contains("allow_private_networks"), "{refused}: {id}");
    assert!(sink.received().is_empty(), "the guard let a connection through");
}
