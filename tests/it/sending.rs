//! Composing and sending: what is stored is what is sent, to whom it was meant, when it was meant.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(
    everything_a_mail_can_carry_is_sent,
    a_signature_names_whoever_writes,
    an_attachment_is_fetched_by_its_url,
    a_scheduled_message_waits_and_can_be_cancelled,
    a_message_can_be_taken_back_for_a_while,
    the_log_of_messages_is_narrowed_by_recipient_and_time,
    a_batch_answers_an_item_a_message,
    outbound_limits_of_a_channel_are_kept,
);

fn base64_of(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

async fn sent(api: &Api, id: &str) -> Value {
    eventually("the message to be sent", || async {
        let message = api.get(&format!("/messages/{id}")).await.expect(200).json();
        (message["status"] == "sent" || message["status"] == "delivered").then_some(message)
    })
    .await
}

async fn everything_a_mail_can_carry_is_sent(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel =
        api.channel_like(json!({ "displayName": "Acme Support", "signature": { "text": "Your Acme team" } })).await;
    let file = (0..=255_u8).cycle().take(5_000).collect::<Vec<_>>();
    let email = json!({
        "subject": "Grüße 🚀 aus der Werkstatt, wie besprochen, mit allem, was dazugehört und noch etwas mehr",
        "text": "Siehe Anhang.\n.\nEin Punkt allein.",
        "html": "<p>Siehe <b>Anhang</b>. <img src=\"cid:logo\"></p>",
        "cc": ["cc@example.test"], "bcc": ["secret@example.test"], "replyTo": "answers@example.test",
        "headers": { "X-Order": "4711" },
        "inReplyTo": "parent@example.test", "references": ["<root@example.test>", "parent@example.test"],
        "attachments": [
            { "filename": "Übersicht.pdf", "content": base64_of(&file), "contentType": "application/pdf" },
            { "filename": "logo.png", "content": base64_of(b"\x89PNG\r\n\x1a\n"), "contentType": "image/png", "contentId": "logo" },
        ],
    });
    let body = json!({
        "channelId": channel.id(), "to": [{ "address": "to@example.test", "name": "Tö Müller" }, "second@example.test"],
        "content": { "type": "email", "email": email }, "tags": ["werkstatt"], "customData": { "order": 4711 },
    });
    let queued = api.post("/messages", body).await.expect(202).json();
    let id = text(&queued, "/id");
    let message = sent(&api, &id).await;
    assert_eq!(message["customData"], json!({ "order": 4711 }));
    assert_eq!(message["recipients"].as_array().map(Vec::len), Some(4), "{message}");
    assert_eq!(message["metadata"]["inReplyTo"], "<parent@example.test>");
    let deliveries = api.items(&format!("/messages/{id}/deliveries")).await;
    let mut recipients: Vec<String> = deliveries.iter().map(|delivery| text(delivery, "/recipient")).collect();
    recipients.sort();
    assert_eq!(recipients, ["cc@example.test", "second@example.test", "secret@example.test", "to@example.test"]);
    let paths = (format!("/messages/{id}/deliveries"), format!("/messages/{id}/deliveries?order=desc"));
    let (oldest_first, newest_first) = (api.all(&paths.0).await, api.all(&paths.1).await);
    assert!(oldest_first.iter().eq(newest_first.iter().rev()), "{newest_first:?}");
    let page = api.get(&format!("{}?take=3", paths.0)).await.expect(200).json();
    let next = api.get(&format!("{}?take=3&cursor={}", paths.0, text(&page, "/cursor"))).await.expect(200).json();
    assert_eq!((page["items"].as_array().map(Vec::len), &next["items"][0]), (Some(3), &oldest_first[3]));
    assert_eq!(next["cursor"], "");
    assert_eq!(api.all("/messages?tag=werkstatt").await.len(), 1);

    let raw = api.get(&format!("/messages/{id}/raw")).await.expect(200).body;
    let raw_text = String::from_utf8_lossy(&raw).into_owned();
    assert!(raw.is_ascii(), "8-bit bytes go to servers that were not asked for 8BITMIME");
    assert!(!raw_text.contains("secret@example.test"), "the blind copy is in the bytes");
    assert!(raw_text.contains("X-Order: 4711"), "{raw_text}");
    assert!(raw_text.contains("Your Acme team"), "the signature is missing");
    assert!(raw_text.lines().all(|line| line.len() <= 998), "a line over 998 octets");
    assert!(!raw_text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");

    let attachments = message["content"]["email"]["attachments"].as_array().expect("attachments").clone();
    assert_eq!(attachments.len(), 2);
    let pdf = attachments.iter().find(|file| file["filename"] == "Übersicht.pdf").expect("the PDF by its name");
    let path = format!("/messages/{id}/attachments/{}", text(pdf, "/id"));
    assert_eq!(api.get(&path).await.expect(200).body, file);
    assert_eq!(message["content"]["email"]["subject"], body_subject());
}

fn body_subject() -> &'static str {
    "Grüße 🚀 aus der Werkstatt, wie besprochen, mit allem, was dazugehört und noch etwas mehr"
}

async fn a_signature_names_whoever_writes(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let signature = json!({ "text": "{{agent.name}}\nAcme <Support>, {{ agent.email }}" });
    let channel = api.channel_like(json!({ "displayName": "Acme", "signature": signature })).await;
    let ana = api.as_new_user("ana@acme.test", "agent").await;
    ana.patch("/users/me", json!({ "name": "Ana & Co" })).await.expect(200);
    let body = |signature: Value| {
        let email =
            json!({ "subject": "Hello", "text": "It is on its way.", "html": "<p>It is <b>on its way</b>.</p>" });
        json!({ "channelId": channel.id(), "to": "bo@example.test", "content": { "type": "email", "email": email }, "signature": signature })
    };
    let content = async |message: Value| {
        let shown = api.get(&format!("/messages/{}", text(&message, "/id"))).await.expect(200).json();
        (text(&shown, "/content/email/text"), shown["content"]["email"]["html"].as_str().unwrap_or_default().to_owned())
    };

    let first = ana.post("/messages", body(Value::Null)).await.expect(202).json();
    let thread = format!("/conversations/{}/messages", text(&first, "/conversationId"));
    let (plain, html) = content(first).await;
    assert!(plain.contains("-- \nAna & Co\nAcme <Support>, ana@acme.test"), "{plain}");
    assert!(html.contains("Ana &amp; Co<br>\nAcme &lt;Support&gt;, ana@acme.test"), "{html}");
    // A program writes in the channel's own name.
    let (plain, _) = content(api.post(&thread, json!({ "text": "Good morning" })).await.expect(202).json()).await;
    assert!(plain.contains(&format!("-- \nAcme\nAcme <Support>, {}", channel.address())), "{plain}");
    for bare in [
        ana.post("/messages", body(json!(false))).await,
        ana.post(&thread, json!({ "text": "Hello", "signature": false })).await,
    ] {
        let shown = api.get(&format!("/messages/{}", text(&bare.expect(202).json(), "/id"))).await.expect(200).json();
        assert!(!shown.to_string().contains("Acme <Support>"), "{shown}");
    }

    // Her own stands above the channel's; a program has none.
    let own = json!({ "signature": { "text": "Ana of {{agent.email}}" } });
    assert_eq!(ana.patch("/users/me", own.clone()).await.expect(200).json()["signature"], own["signature"]);
    let (plain, html) = content(ana.post("/messages", body(Value::Null)).await.expect(202).json()).await;
    assert!(plain.contains("-- \nAna of ana@acme.test\nAna & Co\nAcme <Support>"), "{plain}");
    assert!(html.contains("<p>Ana of ana@acme.test</p>\n<p>Ana &amp; Co<br>"), "{html}");
    let (plain, _) = content(api.post(&thread, json!({ "text": "Good evening" })).await.expect(202).json()).await;
    assert!(!plain.contains("Ana of"), "{plain}");
    let wrong = json!({ "signature": { "text": "{{agent.phone}}", "html": "x".repeat(10_001) } });
    let wrong = ana.patch("/users/me", wrong).await.expect(422);
    assert_eq!(wrong.pointers(), ["/signature/text", "/signature/html"]);
    ana.patch("/users/me", json!({ "signature": {} })).await.expect(200);
    let (plain, _) = content(ana.post("/messages", body(Value::Null)).await.expect(202).json()).await;
    assert!(plain.contains("-- \nAna & Co\n"), "{plain}");

    let note = ana.post(&thread, json!({ "text": "For us", "private": true, "signature": true })).await.expect(422);
    assert_eq!(note.pointers(), ["/signature"]);
    let wrong = json!({ "signature": { "text": "{{agent.name}}", "html": "{{agent.phone}}" } });
    let wrong = api.patch(&format!("/channels/{}", channel.id()), wrong).await.expect(422);
    assert_eq!(wrong.pointers(), ["/signature/html"]);
    assert!(text(&wrong.json(), "/errors/0/detail").starts_with("{{agent.phone}} is not known"), "{}", wrong.json());
}

async fn an_attachment_is_fetched_by_its_url(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let (api, channel) = (postroom.api(), postroom.api().channel().await.id());
    let file = axum::Router::new().route("/report.csv", axum::routing::get(|| async { "a;b\r\n1;2\r\n" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/report.csv", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, file).await });
    let body = |url: &str| {
        let email = json!({ "subject": "Report", "text": "See it.", "attachments": [{ "url": url }] });
        json!({ "channelId": channel, "to": "to@example.test", "content": { "type": "email", "email": email } })
    };
    let id = text(&api.post("/messages", body(&url)).await.expect(202).json(), "/id");
    let message = sent(&api, &id).await;
    let attachment = &message["content"]["email"]["attachments"][0];
    assert_eq!(attachment["filename"], "report.csv");
    let path = format!("/messages/{id}/attachments/{}", text(attachment, "/id"));
    assert_eq!(api.get(&path).await.expect(200).body, "a;b\r\n1;2\r\n");
    let missing = api.post("/messages", body(&url.replace("report", "nothing"))).await.expect(422);
    assert!(missing.pointers()[0].starts_with("/content/email/attachments/0"), "{:?}", missing.body);
    // Under guard the same URL is refused.
    postroom.stop().await;
    postroom.unset("POSTROOM_ALLOW_PRIVATE_NETWORKS");
    postroom.launch().await;
    api.post("/messages", body(&url)).await.expect(422);
}

async fn a_scheduled_message_waits_and_can_be_cancelled(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, channel) = (postroom.api(), postroom.api().channel().await.id());
    let body = |at: &str| {
        let content = json!({ "type": "email", "email": { "subject": "Later", "text": "Later" } });
        json!({ "channelId": channel, "to": "to@example.test", "content": content, "scheduledAt": at })
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let waiting = api.post("/messages", body(&rfc3339(now + 86_400))).await.expect(202).json();
    assert_eq!(waiting["status"], "scheduled");
    let path = format!("/messages/{}", text(&waiting, "/id"));
    let cancel = api.send(api.request(reqwest::Method::POST, &format!("{path}/cancel"))).await;
    assert!((200..300).contains(&cancel.status), "{cancel:?}");
    assert_eq!(api.get(&path).await.expect(200).json()["status"], "cancelled");
    api.send(api.request(reqwest::Method::POST, &format!("{path}/cancel"))).await.expect(409);

    let soon = api.post("/messages", body(&rfc3339(now + 2))).await.expect(202).json();
    assert_eq!(soon["status"], "scheduled");
    sent(&api, &text(&soon, "/id")).await;
    let path = format!("/messages/{}/cancel", text(&soon, "/id"));
    api.send(api.request(reqwest::Method::POST, &path)).await.expect(409);
}

async fn a_message_can_be_taken_back_for_a_while(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, channel) = (postroom.api(), postroom.api().channel().await.id());
    let content = json!({ "type": "email", "email": { "subject": "Sent too soon", "text": "Too soon" } });
    let body = |seconds: u64| json!({ "channelId": channel, "to": "to@example.test", "content": content, "undoSeconds": seconds });
    let refused = api.post("/messages", body(121)).await.expect(422);
    assert_eq!(refused.pointers(), ["/undoSeconds"]);
    assert_eq!(api.post("/messages", body(0)).await.expect(202).json()["scheduledAt"], Value::Null);

    let waiting = api.post("/messages", body(120)).await.expect(202).json();
    assert_eq!(waiting["status"], "scheduled");
    let path = format!("/messages/{}", text(&waiting, "/id"));
    let delivery = &api.items(&format!("{path}/deliveries")).await[0];
    assert_eq!(delivery["nextAttemptAt"], waiting["scheduledAt"]);
    assert!(text(delivery, "/createdAt") < text(delivery, "/nextAttemptAt"), "{delivery}");
    api.send(api.request(reqwest::Method::POST, &format!("{path}/cancel"))).await.expect(200);
    assert_eq!(api.get(&path).await.expect(200).json()["status"], "cancelled");

    let answers = format!("/conversations/{}/messages", text(&waiting, "/conversationId"));
    let answer = json!({ "text": "Once more", "to": "to@example.test", "undoSeconds": 1 });
    let soon = api.post(&answers, answer).await.expect(202).json();
    assert_eq!(soon["status"], "scheduled");
    sent(&api, &text(&soon, "/id")).await;
    api.post(&answers, json!({ "text": "x", "private": true, "undoSeconds": 1 })).await.expect(422);
}

async fn the_log_of_messages_is_narrowed_by_recipient_and_time(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, channel) = (postroom.api(), postroom.api().channel().await.id());
    let content = json!({ "type": "email", "email": { "subject": "Hello", "text": "Hello" } });
    for to in [json!(["Ada@example.test", "bob@example.test"]), json!("bob@example.test")] {
        api.post("/messages", json!({ "channelId": channel, "to": to, "content": content })).await.expect(202);
    }
    assert_eq!(api.all("/messages?recipient=ada%40EXAMPLE.test").await.len(), 1);
    assert_eq!(api.all("/messages?recipient=bob%40example.test&status=failed").await.len(), 0);
    assert_eq!(api.all("/messages?recipient=bob%40example.test&since=2020-01-01T00:00:00Z").await.len(), 2);
    assert_eq!(api.all("/messages?before=2020-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(api.all("/messages?useCaseId=uc_00000000000000000000000000").await.len(), 0);
    api.get("/messages?since=yesterday").await.expect(400);
}

/// A time of 1970 or later in RFC 3339, by the calendar's own rules.
pub fn rfc3339(seconds: u64) -> String {
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        month += 1;
        if days < length {
            break;
        }
        days -= length;
    }
    format!("{year}-{month:02}-{:02}T{:02}:{:02}:{:02}Z", days + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

async fn a_batch_answers_an_item_a_message(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, channel) = (postroom.api(), postroom.api().channel().await.id());
    let message = |to: &str| json!({ "channelId": channel, "to": to, "content": { "type": "email", "email": { "subject": "x", "text": "x" } } });
    let batch =
        json!({ "messages": [message("one@example.test"), message("not an address"), message("three@example.test")] });
    let answer = api.post("/messages/batch", batch).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let answer = answer.json();
    let items = answer.as_array().or_else(|| answer["items"].as_array()).expect("an item per message").clone();
    assert_eq!(items.len(), 3, "{answer}");
    assert!(items[1].to_string().contains("/to"), "the failure does not name its field: {}", items[1]);
    assert_eq!(api.all("/messages?direction=outbound").await.len(), 2);
    api.post("/messages/batch", json!({ "messages": vec![message("x@example.test"); 501] })).await.expect(422);
}

async fn outbound_limits_of_a_channel_are_kept(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let limits = json!({ "maxAttachmentBytes": 100, "blockedFileTypes": ["exe"] });
    let channel = api.channel_like(json!({ "limits": limits })).await.id();
    let send = async |filename: &str, bytes: &[u8]| {
        let attachments = json!([{ "filename": filename, "content": base64_of(bytes) }]);
        let content = json!({ "type": "email", "email": { "subject": "x", "text": "x", "attachments": attachments } });
        api.post("/messages", json!({ "channelId": channel, "to": "to@example.test", "content": content })).await
    };
    send("fine.txt", &[b'x'; 100]).await.expect(202);
    for answer in [send("large.txt", &[b'x'; 101]).await, send("virus.EXE", b"MZ").await] {
        let pointers = answer.expect(422).pointers();
        assert!(pointers[0].starts_with("/content/email/attachments/0"), "{pointers:?}");
    }
}
