//! A channel on a person's mailbox, with a real Dovecot and a real Postfix: what comes becomes conversations, answers go out by the
//! mailbox's own server and lie in its folder of sent mail, and what is answered with another program joins.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postfix::Postfix;
use crate::postroom_process::Postroom;
use servers::PASSWORD;
use servers::dovecot::Dovecot;
use servers::mail_program::MailProgram;

on_both_databases!(
    mail_comes_by_imap_and_answers_lie_among_sent_mail,
    what_the_owner_answers_elsewhere_joins_its_conversation,
    a_mailbox_that_cannot_be_reached_disconnects_its_channel,
    both_servers_are_tested_step_by_step,
);

fn channel(dovecot: &Dovecot, postfix: &Postfix) -> Value {
    json!({
        "type": "email", "name": "Shop", "provider": "smtp_imap", "emailAddress": "good@local.test", "displayName": "The Shop",
        "config": {
            "smtpHost": "localhost", "smtpPort": postfix.port, "smtpSecurity": "none",
            "imapHost": "localhost", "imapPort": dovecot.port, "imapSecurity": "none", "username": "good", "password": PASSWORD,
        },
    })
}

struct Stage {
    dovecot: Dovecot,
    _postfix: Postfix,
    postroom: Postroom,
    channel: String,
}

impl Stage {
    async fn set(database: Database, before: impl FnOnce(&mut MailProgram)) -> Self {
        let dovecot = Dovecot::start().await;
        let postfix = Postfix::start_beside(&dovecot).await;
        before(&mut dovecot.sign_in("good"));
        let postroom = Postroom::start(database).await;
        let channel = postroom.api().channel_like(channel(&dovecot, &postfix)).await.id();
        connected(&postroom.api(), &channel).await;
        Self { dovecot, _postfix: postfix, postroom, channel }
    }
}

async fn connected(api: &Api, channel: &str) {
    eventually("the mailbox to be connected", || async {
        let account = api.get(&format!("//v1/account/{channel}")).await.expect(200).json();
        (account["state"] == "connected").then_some(())
    })
    .await;
}

fn mail(id: &str, subject: &str, more: &str) -> String {
    format!(
        "From: Ann <ann@example.org>\nTo: good@local.test\nSubject: {subject}\nMessage-ID: <{id}@example.org>\n{more}\
         Date: Wed, 25 Nov 2026 10:00:00 +0000\n\nHello from {id}.\n"
    )
}

fn sent(id: &str, subject: &str, more: &str) -> String {
    format!(
        "From: The Shop <good@local.test>\nTo: Ann <ann@example.org>\nSubject: {subject}\nMessage-ID: <{id}@local.test>\n{more}\
         Date: Wed, 25 Nov 2026 10:00:00 +0000\n\nThis is {id}.\n"
    )
}

async fn conversations(api: &Api, count: usize) -> Vec<Value> {
    eventually(&format!("{count} conversations"), || async {
        let found = api.items("/conversations").await;
        assert!(found.len() <= count, "{found:#?}");
        (found.len() == count).then_some(found)
    })
    .await
}

async fn messages(api: &Api, conversation: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} messages"), || async {
        let found = api.items(&format!("/conversations/{conversation}/messages")).await;
        assert!(found.len() <= count, "{found:#?}");
        (found.len() == count).then_some(found)
    })
    .await
}

/// How many mails of a folder name this id.
fn lying(program: &mut MailProgram, folder: &str, message_id: &str) -> usize {
    program.run(&format!("SELECT \"{folder}\""));
    let found = program.run(&format!("UID SEARCH HEADER Message-ID \"{}\"", message_id.trim_matches(['<', '>'])));
    let line = found.iter().find(|line| line.starts_with("* SEARCH")).expect("a result").clone();
    line.split_whitespace().skip(2).count()
}

async fn mail_comes_by_imap_and_answers_lie_among_sent_mail(database: Database) {
    let stage = Stage::set(database, |program| program.append("INBOX", "", &mail("old", "From before", ""))).await;
    let api = stage.postroom.api();
    let mut program = stage.dovecot.sign_in("good");
    program.append("INBOX", "", &mail("question", "Where is it?", ""));
    // Neither spam nor drafts are anybody's question.
    program.run("CREATE Junk");
    program.append("Junk", "", &mail("spam", "Cheap!", ""));
    program.append("Drafts", "\\Draft", &mail("draft", "Not yet", ""));
    let found = conversations(&api, 1).await;
    let conversation = &found[0];
    assert_eq!(
        (&conversation["subject"], &conversation["channelId"], &conversation["unread"]),
        (&json!("Where is it?"), &json!(stage.channel), &json!(true))
    );
    let id = text(conversation, "/id");
    let first = messages(&api, &id, 1).await;
    let question = &first[0];
    assert_eq!(text(question, "/metadata/messageId"), "<question@example.org>");
    let raw = api.get(&format!("/messages/{}/raw", text(question, "/id"))).await.expect(200).body;
    assert!(String::from_utf8_lossy(&raw).contains("Hello from question."));

    let path = format!("/conversations/{id}/messages");
    let answer = api.post(&path, json!({ "to": ["good@local.test"], "text": "Here." })).await.expect(202);
    let answer = text(&answer.json(), "/id");
    let answer_id = eventually("the answer to be sent", || async {
        let message = api.get(&format!("/messages/{answer}")).await.expect(200).json();
        (message["status"] == "sent").then(|| text(&message, "/metadata/messageId"))
    })
    .await;
    eventually("a copy among sent mail", || async {
        (lying(&mut stage.dovecot.sign_in("good"), "Sent", &answer_id) == 1).then_some(())
    })
    .await;
    // A rule moves it, its owner moves it back: once it was seen.
    program.run("CREATE Orders");
    program.run("SELECT INBOX");
    program.run("UID MOVE 2 Orders");
    program.append("INBOX", "", &mail("thanks", "Re: Where is it?", &format!("In-Reply-To: {answer_id}\n")));
    let all = messages(&api, &id, 3).await;
    let told: Vec<&str> = all.iter().filter_map(|message| message["direction"].as_str()).collect();
    assert_eq!(told, ["inbound", "outbound", "inbound"]);
    assert_eq!(lying(&mut program, "Sent", &answer_id), 1);
    assert_eq!(api.items("/conversations").await.len(), 1);

    // The mailbox belongs to the channel, and goes with it; what was said stays.
    let path = format!("//v1/account/{}", stage.channel);
    let refused = api.delete(&path).await.expect(409).json();
    assert!(text(&refused, "/message").contains("change the channel instead"), "{refused}");
    api.delete(&format!("/channels/{}", stage.channel)).await.expect(204);
    api.get(&path).await.expect(404);
    let raw = api.get(&format!("/messages/{}/raw", text(question, "/id"))).await.expect(200).body;
    assert!(String::from_utf8_lossy(&raw).contains("Hello from question."));
}

async fn what_the_owner_answers_elsewhere_joins_its_conversation(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let mut program = stage.dovecot.sign_in("good");
    program.append("INBOX", "", &mail("question", "An order", ""));
    let id = text(&conversations(&api, 1).await[0], "/id");
    program.append("Sent", "\\Seen", &sent("answer", "Re: An order", "In-Reply-To: <question@example.org>\n"));
    let all = messages(&api, &id, 2).await;
    assert_eq!(
        (&all[1]["direction"], &all[1]["status"], &all[1]["from"]),
        (&json!("outbound"), &json!("sent"), &json!("good@local.test"))
    );
    assert!(api.items(&format!("/messages/{}/deliveries", text(&all[1], "/id"))).await.is_empty());
    let conversation = api.get(&format!("/conversations/{id}")).await.expect(200).json();
    assert_eq!((&conversation["unread"], &conversation["messageCount"]), (&json!(false), &json!(2)));

    // Begun elsewhere, and answered: one conversation, whichever is seen first.
    program.append("INBOX", "", &mail("early", "Re: News", "In-Reply-To: <begun@local.test>\n"));
    let found = conversations(&api, 2).await;
    let other = found.iter().find(|one| text(one, "/id") != id).map(|one| text(one, "/id")).expect("the other");
    program.append("Sent", "\\Seen", &sent("begun", "News", ""));
    messages(&api, &other, 2).await;
    program.append("Sent", "\\Seen", &sent("alone", "Something else", ""));
    conversations(&api, 3).await;
    let events = api.all_events().await;
    let sent = events.iter().filter(|event| event["type"] == "message.sent").count();
    assert_eq!(sent, 3, "{events:#?}");
}

async fn a_mailbox_that_cannot_be_reached_disconnects_its_channel(database: Database) {
    let stage = Stage::set(database, |_| {}).await;
    let api = stage.postroom.api();
    let path = format!("/channels/{}", stage.channel);
    let status = async || text(&api.get(&path).await.expect(200).json(), "/status");
    assert_eq!(status().await, "connected");
    api.patch(&path, json!({ "config": { "password": "wrong" } })).await.expect(200);
    eventually("the channel to be disconnected", || async { (status().await == "disconnected").then_some(()) }).await;
    let account = api.get(&format!("//v1/account/{}", stage.channel)).await.expect(200).json();
    assert_eq!(account["state"], "authenticationError", "{account}");
    api.patch(&path, json!({ "config": { "password": PASSWORD } })).await.expect(200);
    eventually("the channel to be connected", || async { (status().await == "connected").then_some(()) }).await;
    let types: Vec<String> = api.all_events().await.iter().map(|event| text(event, "/type")).collect();
    let of_channel: Vec<&String> = types.iter().filter(|name| name.starts_with("channel.")).collect();
    assert_eq!(of_channel, ["channel.connected", "channel.disconnected", "channel.connected"]);
}

async fn both_servers_are_tested_step_by_step(database: Database) {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start_beside(&dovecot).await;
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let mut wanted = channel(&dovecot, &postfix);
    let steps = async |body: &Value| api.post("/channels/test", body.clone()).await.expect(200).json();
    let fine = steps(&wanted).await;
    assert_eq!(fine["ok"], true, "{fine:#}");
    let names: Vec<String> = fine["steps"].as_array().expect("steps").iter().map(|step| text(step, "/name")).collect();
    assert_eq!(names, ["smtp.connect", "smtp.tls", "smtp.auth", "imap.connect", "imap.tls", "imap.auth", "imap.list"]);
    wanted["config"]["password"] = json!("wrong");
    let refused = steps(&wanted).await;
    assert_eq!(refused["ok"], false);
    for name in ["smtp.auth", "imap.auth"] {
        let found = refused["steps"].as_array().expect("steps").iter().find(|step| step["name"] == name);
        let step = found.unwrap_or_else(|| panic!("no {name} in {refused:#}"));
        assert!(step["ok"] == false && step["hint"].is_string(), "{refused:#}");
    }
    wanted["config"]["imapPort"] = json!(1);
    let steps = steps(&wanted).await;
    let closed = steps["steps"].as_array().expect("steps").iter().find(|step| step["name"] == "imap.connect");
    assert!(closed.is_some_and(|step| step["ok"] == false && step["hint"].is_string()), "{steps:#}");
}
