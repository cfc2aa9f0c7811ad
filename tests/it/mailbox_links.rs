//! Links in mail of accounts, with real servers: opens and clicks are told to listeners of the mailbox API; whoever leaves a list by the
//! link of a mail gets nothing of it any more.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::submitting::{Stage, delivered, submit};
use crate::tracking::{between, visit};

on_both_databases!(opens_and_clicks_of_an_accounts_mail_are_told, who_leaves_a_list_gets_nothing_of_it);

const HTML: &str = "<body><p><a href=\"https://example.org/?a=1\">Look</a></p></body>";

/// A mail's text as it was before quoted-printable.
fn decoded(mail: &str) -> String {
    mail.replace("\r\n", "\n").replace("=\n", "").replace("=3D", "=")
}

/// A header field, unfolded.
fn field(mail: &str, name: &str) -> String {
    let unfolded = mail.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let line = unfolded.lines().find(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())));
    line.unwrap_or_else(|| panic!("no {name} in {mail}")).split_once(": ").expect("a value").1.to_owned()
}

async fn opens_and_clicks_of_an_accounts_mail_are_told(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let body =
        json!({ "to": "good@local.test", "subject": "Look", "html": HTML, "trackOpens": true, "trackClicks": true });
    let submitted = submit(&api, body).await;
    let id = text(&submitted, "/messageId");
    let html = decoded(&delivered(&stage.postfix, &id).await);
    stage.wait_told("messageSent", &id).await;
    visit(&api, between(&html, "<img src=\"", "\"")).await.expect(200);
    let opened = stage.wait_told("trackOpen", &id).await;
    assert_eq!((&opened["account"], &opened["data"]["remoteAddress"]), (&json!("bo"), &json!("127.0.0.1")));
    assert!(text(&opened, "/data/userAgent").contains("Firefox"), "{opened}");
    let clicked = visit(&api, between(&html, "<a href=\"", "\"")).await.expect(302);
    assert_eq!(clicked.header("location"), Some("https://example.org/?a=1"));
    assert_eq!(stage.wait_told("trackClick", &id).await["data"]["url"], "https://example.org/?a=1");

    // Nobody asked for it; then the settings do, and a mail has the last word.
    let quiet = json!({ "to": "good@local.test", "subject": "Quiet", "html": HTML });
    let marks = async |body: &Value| {
        let preview = submit(&api, with(body, "dryRun", json!(true))).await;
        let mail = decoded(&crate::submitting::preview(&preview));
        (mail.contains("/t/o/"), mail.contains("/t/c/"))
    };
    assert_eq!(marks(&quiet).await, (false, false));
    api.post("//v1/settings", json!({ "trackSentMessages": true, "trackClicks": false })).await.expect(200);
    let settings = api.get("//v1/settings").await.expect(200).json();
    assert_eq!((&settings["trackOpens"], &settings["trackClicks"]), (&json!(true), &json!(false)), "{settings}");
    assert_eq!(marks(&quiet).await, (true, false));
    assert_eq!(marks(&with(&quiet, "trackOpens", json!(false))).await, (false, false));
    assert_eq!(marks(&with(&quiet, "trackClicks", json!(true))).await, (true, true));
}

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

fn tomorrow() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    crate::sending::rfc3339(now + 86_400)
}

async fn listed(api: &Api, list: &str) -> Vec<(String, String)> {
    let page = api.get(&format!("//v1/blocklist/{list}")).await.expect(200).json();
    let addresses = page["addresses"].as_array().expect("addresses").clone();
    addresses.iter().map(|one| (text(one, "/recipient"), text(one, "/reason"))).collect()
}

async fn who_leaves_a_list_gets_nothing_of_it(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let merge = json!({ "subject": "News", "listId": "news", "html": "<p>Hi {{params.name}}. <a href=\"{{rcpt.unsubscribeUrl}}\">Leave</a></p>",
        "mailMerge": [{ "to": { "address": "good@local.test" }, "params": { "name": "Ann" } }] });
    let merged = submit(&api, merge.clone()).await;
    let id = text(&merged, "/mailMerge/0/messageId");
    let mail = delivered(&stage.postfix, &id).await;
    let url = field(&mail, "List-Unsubscribe").trim_matches(['<', '>']).to_owned();
    assert_eq!(field(&mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert_eq!(field(&mail, "List-Id"), "<news.local.test>");
    assert!(decoded(&mail).contains(&format!("Hi Ann. <a href=\"{url}\">Leave</a>")), "{mail}");

    // Looking changes nothing; one click does, once.
    let page = visit(&api, &url).await.expect(200);
    assert!(String::from_utf8_lossy(&page.body).contains("good@local.test"));
    assert_eq!(listed(&api, "news").await, []);
    let path = format!("/{}", reqwest::Url::parse(&url).expect("a URL").path());
    let post = async |form: &'static str, status: u16| {
        let request = api.without_key().request(Method::POST, &path).body(form);
        api.send(request.header("Content-Type", "application/x-www-form-urlencoded")).await.expect(status)
    };
    post("List-Unsubscribe=One-Click", 200).await;
    post("List-Unsubscribe=One-Click", 200).await;
    let left = stage.wait_told("listUnsubscribe", &id).await;
    assert_eq!(
        (&left["account"], &left["data"]["recipient"], &left["data"]["listId"]),
        (&json!("bo"), &json!("good@local.test"), &json!("news"))
    );
    assert_eq!(listed(&api, "news").await, [("good@local.test".into(), "unsubscribe".into())]);
    let skipped = json!({ "reason": "unsubscribe", "listId": "news" });
    let again = submit(&api, merge.clone()).await;
    assert_eq!(
        (&again["mailMerge"][0]["success"], &again["mailMerge"][0]["skipped"]),
        (&json!(true), &skipped),
        "{again}"
    );
    assert_eq!(again["mailMerge"][0]["messageId"], Value::Null);
    let single = json!({ "to": "good@local.test", "subject": "News", "text": "x", "listId": "news" });
    assert_eq!(submit(&api, single.clone()).await["skipped"], skipped);
    // Another list, and what goes to no list, still come.
    assert!(submit(&api, with(&single, "listId", json!("other"))).await["queueId"].is_string());
    assert!(submit(&api, with(&single, "listId", Value::Null)).await["queueId"].is_string());

    // Back again.
    post("leave=nothing", 303).await;
    assert_eq!(stage.wait_told("listSubscribe", &id).await["data"]["listId"], "news");
    assert_eq!(stage.told("listUnsubscribe").len(), 1);
    assert!(submit(&api, single.clone()).await["queueId"].is_string());

    // Who is put on the list while a mail waits gets it no more; whom the workspace may not write to gets nothing at all.
    let waiting = submit(&api, with(&single, "sendAt", json!(tomorrow()))).await;
    let blocked = json!({ "recipient": "Good@local.test", "reason": "block" });
    api.post("//v1/blocklist/news", blocked).await.expect(200);
    // As if time had passed; another mail wakes whoever sends.
    stage.postroom.execute_sql("UPDATE submission SET due_at = 0");
    submit(&api, with(&single, "listId", Value::Null)).await;
    let id = text(&waiting, "/messageId");
    let failed = stage.wait_told("messageFailed", &id).await;
    assert!(text(&failed, "/data/error").contains("suppressed"), "{failed}");
    let bounced = json!({ "address": "gone@local.test", "scope": "workspace", "reason": "hardBounce" });
    api.post("/suppressions", bounced).await.expect(201);
    let both = json!({ "to": ["good@local.test", "gone@local.test"], "subject": "Both", "text": "x" });
    let sent = submit(&api, both).await;
    assert_eq!(sent["skippedRecipients"]["gone@local.test"], json!({ "reason": "hardBounce", "listId": "workspace" }));
    let sent = stage.wait_told("messageSent", &text(&sent, "/messageId")).await;
    assert_eq!(sent["data"]["envelope"]["to"], json!(["good@local.test"]));

    // A list's link is one person's.
    for wrong in [
        with(&single, "to", json!(["good@local.test", "busy@local.test"])),
        with(&single, "cc", json!("busy@local.test")),
        with(&single, "listId", json!("workspace")),
        with(&single, "listId", json!("a b")),
        with(&single, "headers", json!({ "List-Unsubscribe": "<https://example.org/>" })),
        with(&single, "raw", json!("RnJvbTogYUB4LnRlc3QKCng=")),
    ] {
        api.post("//v1/account/bo/submit", wrong).await.expect(400);
    }
    // It holds when the account is gone.
    api.delete("//v1/account/bo").await.expect(200);
    post("List-Unsubscribe=One-Click", 200).await;
    eventually("the account to be gone", || async { (api.get("//v1/account/bo").await.status == 404).then_some(()) })
        .await;
}
