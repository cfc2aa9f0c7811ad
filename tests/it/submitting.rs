//! Mail sent as the owner of a mailbox, with a real Dovecot and a real Postfix: queued, sent once, copied among sent mail, told of.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postfix::Postfix;
use crate::postroom_process::Postroom;
use crate::webhook_receiver::WebhookReceiver;
use servers::PASSWORD;
use servers::dovecot::Dovecot;
use servers::mail_program::MailProgram;

on_both_databases!(
    a_mail_is_sent_told_of_and_copied,
    answers_and_forwards_name_what_they_answer,
    what_waits_can_be_seen_and_taken_back_and_outlives_a_crash,
    the_same_request_twice_is_one_mail_and_many_are_many,
    what_cannot_be_sent_is_said_in_words,
    templates_are_filled_in_for_each_recipient,
);

/// An account whose servers are real, and an application that hears of it.
pub struct Stage {
    pub dovecot: Dovecot,
    pub postfix: Postfix,
    pub postroom: Postroom,
    pub hooks: WebhookReceiver,
}

impl Stage {
    pub async fn set(database: Database, before: impl FnOnce(&mut MailProgram)) -> Self {
        let dovecot = Dovecot::start().await;
        let postfix = Postfix::start_beside(&dovecot).await;
        before(&mut dovecot.sign_in("bo"));
        let postroom = Postroom::start(database).await;
        let api = postroom.api();
        let hooks = WebhookReceiver::start().await;
        let settings = json!({ "webhooks": hooks.url(), "webhooksEnabled": true, "webhookEvents": ["*"] });
        api.post("//v1/settings", settings).await.expect(200);
        let auth = json!({ "user": "bo", "pass": PASSWORD });
        let server = |port: u16| json!({ "host": "127.0.0.1", "port": port, "secure": false, "auth": auth });
        let account = json!({
            "account": "bo", "name": "Bo", "email": "bo@local.test", "subconnections": ["\\Sent"],
            "imap": server(dovecot.port), "smtp": server(postfix.port),
        });
        api.post("//v1/account", account).await.expect(200);
        eventually("the account to be connected", || async {
            let account = api.get("//v1/account/bo").await.expect(200).json();
            (account["state"] == "connected").then_some(())
        })
        .await;
        Self { dovecot, postfix, postroom, hooks }
    }

    pub fn told(&self, event: &str) -> Vec<Value> {
        let all = self.hooks.received().into_iter().map(|request| request.json());
        all.filter(|body| body["event"] == event).collect()
    }

    pub async fn wait_told(&self, event: &str, of: &str) -> Value {
        eventually(&format!("{event} of {of}"), || async {
            self.told(event).into_iter().find(|body| body["data"]["messageId"] == of)
        })
        .await
    }
}

pub async fn submit(api: &Api, body: Value) -> Value {
    api.post("//v1/account/bo/submit", body).await.expect(200).json()
}

pub async fn delivered(postfix: &Postfix, message_id: &str) -> String {
    eventually("the mail to be delivered", || async {
        postfix.mailbox("good").into_iter().find(|mail| mail.contains(message_id))
    })
    .await
}

/// UIDs of a folder whose mails name this id.
fn lying(program: &mut MailProgram, folder: &str, message_id: &str) -> Vec<String> {
    program.run(&format!("SELECT \"{folder}\""));
    let found = program.run(&format!("UID SEARCH HEADER Message-ID \"{}\"", message_id.trim_matches(['<', '>'])));
    let line = found.iter().find(|line| line.starts_with("* SEARCH")).expect("a result");
    line.split_whitespace().skip(2).map(str::to_owned).collect()
}

async fn a_mail_is_sent_told_of_and_copied(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let body = json!({
        "to": [{ "name": "Good", "address": "good@local.test" }], "bcc": "Hidden <gone@local.test>", "subject": "Grüße",
        "text": "Hello.\n.\nBye.\n", "html": "<p>Hello. <img src=\"cid:dot\"></p>",
        "attachments": [
            { "filename": "dot.gif", "content": "R0lGODlhAQABAAAAACw=", "cid": "dot" },
            { "filename": "notes.txt", "content": "plain words", "encoding": "utf8", "contentType": "text/plain" },
        ],
        "headers": { "X-Order": "7" },
    });
    let submitted = submit(&api, body).await;
    assert_eq!(submitted["response"], "Queued for delivery");
    let id = text(&submitted, "/messageId");
    assert!(id.ends_with("@local.test>"), "{id}");
    let mail = delivered(&stage.postfix, &id).await.replace("\r\n", "\n");
    for part in ["From: \"Bo\" <bo@local.test>", "X-Order: 7", "notes.txt", "Content-ID: <dot>"] {
        assert!(mail.contains(part), "no {part} in {mail}");
    }
    assert!(!mail.contains("gone@local.test"), "a blind recipient is seen: {mail}");
    let sent = stage.wait_told("messageSent", &id).await;
    assert_eq!((&sent["account"], &sent["data"]["queueId"]), (&json!("bo"), &submitted["queueId"]));
    assert_eq!(sent["data"]["envelope"], json!({ "from": "bo@local.test", "to": ["good@local.test"] }));
    let failed = stage.wait_told("messageFailed", &id).await;
    assert_eq!(failed["data"]["envelope"]["to"], json!(["gone@local.test"]));
    assert!(text(&failed, "/data/error").contains("550"), "{failed}");

    let new = stage.wait_told("messageNew", &id).await;
    assert_eq!(
        (&new["path"], &new["data"]["messageSpecialUse"], &new["data"]["unseen"]),
        (&json!("Sent"), &json!("\\Sent"), &json!(false))
    );
    assert_eq!(lying(&mut stage.dovecot.sign_in("bo"), "Sent", &id).len(), 1);
    assert_eq!(api.get("//v1/outbox").await.expect(200).json()["total"], 0);

    // Without a copy, and as it is.
    let raw = "From: Bo <bo@local.test>\nTo: good@local.test\nBcc: busy@local.test\nSubject: Raw\n\nAs it is.\n";
    let raw = json!({ "raw": base64(raw), "copy": false, "envelope": { "from": "bo@local.test", "to": ["good@local.test"] } });
    let id = text(&submit(&api, raw).await, "/messageId");
    let mail = delivered(&stage.postfix, &id).await;
    assert!(mail.contains("As it is.") && !mail.contains("busy@"), "{mail}");
    assert_eq!(lying(&mut stage.dovecot.sign_in("bo"), "Sent", &id), Vec::<String>::new());
}

fn base64(text: &str) -> String {
    crate::mail::base64_lines(text.as_bytes()).replace(['\r', '\n'], "")
}

async fn answers_and_forwards_name_what_they_answer(database: Database) {
    let question = "From: Good <good@local.test>\nTo: bo@local.test, Cy <busy@local.test>\nSubject: Where?\nMessage-ID: <question@local.test>\n\
                    References: <first@local.test>\nDate: Wed, 25 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n\
                    Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nWhere is it?\n\
                    --b\nContent-Type: text/plain; name=map.txt\nContent-Disposition: attachment; filename=map.txt\n\nnorth\n--b--\n";
    let stage = Stage::set(database, |program| program.append("INBOX", "", question)).await;
    let api = stage.postroom.api();
    let id = eventually("the question to be read", || async {
        let page = api.get("//v1/account/bo/messages?path=INBOX").await.expect(200).json();
        page.pointer("/messages/0/subject").map(|_| text(&page, "/messages/0/id"))
    })
    .await;
    let answer =
        submit(&api, json!({ "text": "Here.", "reference": { "message": id, "action": "reply", "inline": true } }))
            .await;
    assert_eq!(answer["reference"], json!({ "message": id, "success": true }));
    let mail = delivered(&stage.postfix, &text(&answer, "/messageId")).await.replace("\r\n", "\n");
    for part in [
        "To: \"Good\" <good@local.test>",
        "Subject: Re: Where?",
        "In-Reply-To: <question@local.test>",
        "References: <first@local.test> <question@local.test>",
        "Here.",
        "> Where is it?",
    ] {
        assert!(mail.contains(part), "no {part} in {mail}");
    }
    eventually("the question to be flagged", || async {
        let mut program = stage.dovecot.sign_in("bo");
        program.run("SELECT INBOX");
        let flags = program.run("UID FETCH 1 (FLAGS)").join(" ");
        flags.contains("\\Answered").then_some(())
    })
    .await;
    let all = json!({ "text": "All.", "dryRun": true, "reference": { "message": id, "action": "reply-all" } });
    let preview = preview(&submit(&api, all).await);
    assert!(preview.contains("To: \"Good\" <good@local.test>, \"Cy\" <busy@local.test>"), "{preview}");
    assert!(!preview.contains("> Where"), "nothing was to be quoted: {preview}");

    let forward = json!({ "to": "good@local.test", "html": "<p>See below.</p>",
        "reference": { "message": id, "action": "forward", "inline": true, "forwardAttachments": true } });
    let id = text(&submit(&api, forward).await, "/messageId");
    let mail = delivered(&stage.postfix, &id).await;
    for part in ["Subject: Fwd: Where?", "Forwarded message", "map.txt"] {
        assert!(mail.contains(part), "no {part} in {mail}");
    }
    let gone =
        json!({ "to": "good@local.test", "text": "x", "reference": { "message": "AAAAAQAAAAk", "action": "reply" } });
    let refused = api.post("//v1/account/bo/submit", gone.clone()).await.expect(404).json();
    assert!(text(&refused, "/message").contains("referred to"), "{refused}");
    let mut all_the_same = gone;
    all_the_same["reference"]["ignoreMissing"] = json!(true);
    assert_eq!(submit(&api, all_the_same).await["reference"]["success"], false);
}

pub fn preview(submitted: &Value) -> String {
    use std::io::Read as _;
    let encoded = text(submitted, "/preview");
    let mut mail = String::new();
    let mut decoder = base64::read::DecoderReader::new(encoded.as_bytes(), &base64::engine::general_purpose::STANDARD);
    decoder.read_to_string(&mut mail).expect("base64 of text");
    mail
}

async fn what_waits_can_be_seen_and_taken_back_and_outlives_a_crash(database: Database) {
    let mut stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let tomorrow = crate::sending::rfc3339(now + 86_400);
    let later = json!({ "to": "good@local.test", "subject": "Later", "text": "x", "sendAt": tomorrow });
    let queued = submit(&api, later.clone()).await;
    let (day, _) = tomorrow.split_once('T').expect("a time");
    assert!(text(&queued, "/sendAt").starts_with(day), "{queued}");
    let other = text(&submit(&api, later).await, "/queueId");
    let queue_id = text(&queued, "/queueId");
    let busy =
        text(&submit(&api, json!({ "to": "busy@local.test", "subject": "Busy", "text": "x" })).await, "/messageId");
    let put_off = stage.wait_told("messageDeliveryError", &busy).await;
    assert_eq!(
        (&put_off["data"]["smtpResponseCode"], &put_off["data"]["job"]["attemptsMade"]),
        (&json!(450), &json!(1))
    );

    stage.postroom.kill();
    stage.postroom.launch().await;
    let api = stage.postroom.api();
    let outbox = api.get("//v1/outbox?account=bo").await.expect(200).json();
    assert_eq!((&outbox["total"], &outbox["pages"]), (&json!(3), &json!(1)), "{outbox:#}");
    let waiting = api.get(&format!("//v1/outbox/{queue_id}")).await.expect(200).json();
    assert_eq!(
        (&waiting["subject"], &waiting["account"], &waiting["progress"]["status"]),
        (&json!("Later"), &json!("bo"), &json!("queued"))
    );
    let failing = outbox["messages"].as_array().expect("messages").iter().find(|one| one["subject"] == "Busy");
    assert!(failing.is_some_and(|one| text(one, "/progress/error/message").contains("450")), "{outbox:#}");
    let other_key = api.with_new_key(&["messages:read"], None).await;
    other_key.delete(&format!("//v1/outbox/{queue_id}")).await.expect(403);
    assert_eq!(api.delete(&format!("//v1/outbox/{queue_id}")).await.expect(200).json()["deleted"], true);
    api.get(&format!("//v1/outbox/{queue_id}")).await.expect(404);
    api.delete(&format!("//v1/outbox/{queue_id}")).await.expect(404);
    // With its account everything goes.
    api.delete("//v1/account/bo").await.expect(200);
    api.get(&format!("//v1/outbox/{other}")).await.expect(404);
}

async fn the_same_request_twice_is_one_mail_and_many_are_many(database: Database) {
    let mut stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let body = json!({ "to": "good@local.test", "subject": "Once", "text": "x" });
    let send = async |api: &Api| {
        let path = "//v1/account/bo/submit";
        api.send(api.request(Method::POST, path).header("Idempotency-Key", "once").json(&body)).await.expect(200).json()
    };
    let first = send(&api).await;
    delivered(&stage.postfix, &text(&first, "/messageId")).await;
    assert_eq!(send(&api).await, first);
    // Its answer is lost in a crash, and what it did is not done again.
    stage.postroom.kill();
    stage.postroom.execute_sql("UPDATE idempotency SET status = NULL, response = NULL");
    stage.postroom.launch().await;
    let api = stage.postroom.api();
    assert_eq!(send(&api).await["queueId"], first["queueId"]);
    let other = json!({ "to": "good@local.test", "subject": "Other", "text": "x" });
    let used =
        api.send(api.request(Method::POST, "//v1/account/bo/submit").header("Idempotency-Key", "once").json(&other));
    let used = used.await.expect(409).json();
    assert_eq!((&used["statusCode"], &used["error"]), (&json!(409), &json!("Conflict")), "{used}");

    let merge = json!({
        "subject": "To each", "text": "x",
        "mailMerge": [{ "to": { "name": "A", "address": "good@local.test" } }, { "to": { "address": "nobody" } }, { "to": "good@local.test" }],
    });
    let merged = submit(&api, merge).await;
    let each = merged["mailMerge"].as_array().expect("an answer each");
    let successes: Vec<&Value> = each.iter().map(|one| &one["success"]).collect();
    assert_eq!(successes, [&json!(true), &json!(false), &json!(true)], "{merged:#}");
    assert!(text(&each[1], "/error").contains("nobody"), "{merged:#}");
    for one in [&each[0], &each[2]] {
        delivered(&stage.postfix, &text(one, "/messageId")).await;
    }
    let once: Vec<String> =
        stage.postfix.mailbox("good").into_iter().filter(|mail| mail.contains("Subject: Once")).collect();
    assert_eq!(once.len(), 1);
}

async fn what_cannot_be_sent_is_said_in_words(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let refused = async |status: u16, body: Value| {
        let answer = api.post("//v1/account/bo/submit", body).await.expect(status).json();
        assert_eq!(answer["statusCode"], status, "{answer}");
        answer.to_string()
    };
    assert!(refused(400, json!({ "text": "x" })).await.contains("recipient"));
    let wrong = refused(400, json!({ "to": ["good@local.test", "a b"], "replyTo": "x", "text": "x" })).await;
    assert!(wrong.contains("to.1") && wrong.contains("replyTo"), "{wrong}");
    let header = refused(400, json!({ "to": "good@local.test", "text": "x", "headers": { "Subject": "x" } })).await;
    assert!(header.contains("headers.Subject"), "{header}");
    let injected = json!({ "to": "good@local.test", "text": "x", "subject": "a\r\nBcc: b@x.test" });
    assert!(refused(400, injected).await.contains("subject"));
    for bad in [
        json!({ "to": "good@local.test", "text": "x", "attachments": [{ "content": "***" }] }),
        json!({ "to": "good@local.test", "text": "x", "attachments": [{}] }),
        json!({ "raw": "***" }),
        json!({ "raw": base64("Hello") }),
        json!({ "to": "good@local.test", "text": "x", "sendAt": "tomorrow" }),
        json!({ "to": "good@local.test", "text": "x", "sendAt": "2999-01-01T00:00:00Z" }),
        json!({ "to": "good@local.test", "text": "x", "deliveryAttempts": 0 }),
        json!({ "to": "good@local.test", "text": "x", "reference": { "message": "x", "action": "shout" } }),
        json!({ "mailMerge": [] }),
        json!({ "to": "good@local.test", "text": "x", "envelope": { "from": "nobody" } }),
    ] {
        refused(400, bad).await;
    }
    api.post("//v1/account/nobody/submit", json!({ "to": "good@local.test", "text": "x" })).await.expect(404);
    let reader = api.with_new_key(&["messages:read", "channels:read"], None).await;
    reader.post("//v1/account/bo/submit", json!({ "to": "good@local.test", "text": "x" })).await.expect(403);
    let without = json!({ "account": "mute", "email": "mute@local.test",
        "imap": { "host": "127.0.0.1", "port": stage.dovecot.port, "secure": false, "auth": { "user": "mute", "pass": PASSWORD } } });
    api.post("//v1/account", without).await.expect(200);
    let mute = api.post("//v1/account/mute/submit", json!({ "to": "good@local.test", "text": "x" })).await.expect(409);
    assert!(mute.json()["message"].as_str().is_some_and(|message| message.contains("smtp")));
    assert_eq!(api.get("//v1/outbox").await.expect(200).json()["total"], 0);
}

async fn templates_are_filled_in_for_each_recipient(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let content = json!({ "subject": "For {{params.name}}", "html": "<p>Dear {{name}}, from {{account.email}}</p>" });
    let made = api.post("//v1/templates/template", json!({ "name": "greeting", "format": "html", "content": content }));
    let template = text(&made.await.expect(200).json(), "/id");
    let merge = json!({ "template": template, "mailMerge": [
        { "to": "good@local.test", "params": { "name": "Ann & Bo" } }, { "to": "good@local.test", "params": {} },
    ] });
    let merged = submit(&api, merge).await;
    let each = merged["mailMerge"].as_array().expect("an answer each");
    assert_eq!((&each[0]["success"], &each[1]["success"]), (&json!(true), &json!(false)), "{merged:#}");
    assert!(text(&each[1], "/error").contains("name"), "{merged:#}");
    let mail = delivered(&stage.postfix, &text(&each[0], "/messageId")).await;
    for part in ["Subject: For Ann & Bo", "Dear Ann &amp; Bo, from bo@local.test", "Dear Ann & Bo, from"] {
        assert!(mail.contains(part), "no {part} in {mail}");
    }
    let own = json!({ "to": "good@local.test", "subject": "{{x}}", "text": "{{y}}", "render": { "params": { "x": "Y", "y": "Z" } }, "dryRun": true });
    let shown = preview(&submit(&api, own).await);
    assert!(shown.contains("Subject: Y\r\n") && shown.contains("\r\n\r\nZ"), "{shown}");
    for bad in [
        json!({ "to": "good@local.test", "template": "nothing" }),
        json!({ "to": "good@local.test", "text": "{{#if}}", "render": {} }),
    ] {
        api.post("//v1/account/bo/submit", bad).await.expect(400);
    }
}
