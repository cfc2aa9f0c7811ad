//! Delivery through a real Postfix: over STARTTLS, a result a recipient, into a mailbox.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postfix::Postfix;
use crate::postroom_process::Postroom;

on_both_databases!(a_message_goes_out_through_a_smarthost, a_connection_is_tested_step_by_step);

fn channel_through(postfix: &Postfix, security: &str) -> Value {
    json!({
        "provider": "smtp_imap", "name": "Outgoing", "emailAddress": "support@acme.test", "displayName": "Acme",
        "config": { "smtpHost": "localhost", "smtpPort": postfix.port, "smtpSecurity": security },
    })
}

async fn deliveries(api: &Api, id: &str) -> Vec<Value> {
    api.items(&format!("/messages/{id}/deliveries")).await
}

async fn a_message_goes_out_through_a_smarthost(database: Database) {
    let postfix = Postfix::start().await;
    let trusted = postfix.certificate_file.display().to_string();
    let postroom = Postroom::start_with(database, &[("POSTROOM_EXTRA_CA_FILE", &trusted)]).await;
    let api = postroom.api();
    let channel = api.channel_like(channel_through(&postfix, "starttls")).await;
    let content = json!({ "type": "email", "email": { "subject": "Through Postfix", "text": "Hello.\n.\n..\n" } });
    let to = ["good@local.test", "busy@local.test", "gone@local.test"];
    let body = json!({ "channelId": channel.id(), "to": to, "content": content });
    let id = text(&api.post("/messages", body).await.expect(202).json(), "/id");

    let settled = eventually("a result for each recipient", || async {
        let deliveries = deliveries(&api, &id).await;
        let settled = deliveries
            .iter()
            .all(|delivery| !["queued", "sending"].contains(&delivery["status"].as_str().unwrap_or_default()));
        settled.then_some(deliveries)
    })
    .await;
    for (recipient, statuses, response) in [
        ("good@local.test", &["sent", "delivered"][..], "250"),
        ("busy@local.test", &["deferred"], "450"),
        ("gone@local.test", &["bounced"], "550"),
    ] {
        let delivery = settled.iter().find(|delivery| delivery["recipient"] == recipient).expect("a delivery");
        assert!(statuses.contains(&delivery["status"].as_str().expect("a status")), "{delivery:#}");
        let attempt = &delivery["attempts"][0];
        assert!(text(attempt, "/response").contains(response), "{delivery:#}");
        assert_eq!(attempt["tls"], true, "{delivery:#}");
        assert_eq!(delivery["nextAttemptAt"].is_string(), recipient == "busy@local.test", "{delivery:#}");
    }
    assert_eq!(api.get(&format!("/messages/{id}")).await.expect(200).json()["status"], "bounced");
    let mail = eventually("the mail in the mailbox", || async { postfix.mailbox("good").into_iter().next() }).await;
    assert!(mail.contains("Subject: Through Postfix"), "{mail}");
    assert!(mail.replace("\r\n", "\n").contains("Hello.\n.\n..\n"), "the lines of dots did not survive: {mail}");
    let raw = api.get(&format!("/messages/{id}/raw")).await.expect(200).body;
    let sent_id = text(&api.get(&format!("/messages/{id}")).await.expect(200).json(), "/metadata/messageId");
    assert!(String::from_utf8_lossy(&raw).contains(&sent_id) && mail.contains(&sent_id));
    let types: Vec<String> = api.all_events().await.iter().map(|event| text(event, "/type")).collect();
    for expected in ["message.deferred", "message.bounced"] {
        assert!(types.iter().any(|event_type| event_type == expected), "{expected} is not among {types:?}");
    }
    // By hand at once, not only when it is due.
    let answer = api.send(api.request(reqwest::Method::POST, &format!("/messages/{id}/retry"))).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    eventually("a second attempt", || async {
        let deliveries = deliveries(&api, &id).await;
        let busy = deliveries.iter().find(|delivery| delivery["recipient"] == "busy@local.test")?;
        (busy["attempts"].as_array()?.len() >= 2).then_some(())
    })
    .await;
}

async fn a_connection_is_tested_step_by_step(database: Database) {
    let postfix = Postfix::start().await;
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let mut body = json!({ "type": "email" });
    for (name, value) in channel_through(&postfix, "starttls").as_object().expect("fields") {
        body[name] = value.clone();
    }
    // The certificate is nobody's we know.
    let result = api.post("/channels/test", body.clone()).await.expect(200).json();
    assert_eq!(result["ok"], false, "{result:#}");
    let steps = result["steps"].as_array().expect("steps");
    assert_eq!((&steps[0]["name"], &steps[0]["ok"]), (&json!("smtp.connect"), &json!(true)), "{result:#}");
    let failed = steps.iter().find(|step| step["ok"] == false).expect("a failed step");
    assert!(
        failed["name"].as_str().is_some_and(|name| name.starts_with("smtp.")) && failed["hint"].is_string(),
        "{failed:#}"
    );
    body["config"]["smtpSecurity"] = json!("none");
    let result = api.post("/channels/test", body.clone()).await.expect(200).json();
    assert_eq!(result["ok"], true, "{result:#}");
    body["config"]["smtpPort"] = json!(servers::ports::free_port());
    let result = api.post("/channels/test", body).await.expect(200).json();
    assert_eq!((&result["ok"], &result["steps"][0]["ok"]), (&json!(false), &json!(false)), "{result:#}");
    assert_eq!(
        api.all("/channels").await.iter().filter(|channel| channel["name"] == "Outgoing").count(),
        0,
        "a test saved a channel"
    );
}
