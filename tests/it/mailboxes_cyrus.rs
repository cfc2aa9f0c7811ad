//! A mailbox on a real Cyrus IMAP, the other implementation: listed, heard of, acted on, and connected again when the server comes
//! back.

use serde_json::{Value, json};
use servers::cyrus::Cyrus;

use crate::api::eventually;
use crate::database::{Database, on_both_databases};
use crate::mailbox_api::{account, assert_told_once, connected, events_of, mail, messages, put, wait_news};
use crate::postroom_process::Postroom;

on_both_databases!(a_mailbox_on_cyrus_is_kept_in_step);

fn id_of(number: usize, subject: &str) -> String {
    format!("<{number}.{subject}@example.org>")
}

async fn a_mailbox_on_cyrus_is_kept_in_step(database: Database) {
    let mut cyrus = Cyrus::start().await;
    let mut program = cyrus.sign_in("bo");
    program.append("INBOX", "\\Seen", &mail(1, "Ann <ann@example.org>", "old"));
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("//v1/account", account(cyrus.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    let old = eventually("the old mail to be read", || async {
        messages(&api, "bo", "INBOX").await.into_iter().find(|message| message["subject"] == "old")
    });
    assert_eq!(old.await["unseen"], false);
    assert_eq!(events_of(&api, "bo", "messageNew").await, Vec::<Value>::new());
    // Cyrus writes `\\sent`.
    let folders = api.get("//v1/account/bo/mailboxes").await.expect(200).json();
    for (path, special_use) in [("INBOX", "\\Inbox"), ("Drafts", "\\Drafts"), ("Sent", "\\Sent"), ("Trash", "\\Trash")]
    {
        let found = folders["mailboxes"].as_array().expect("folders").iter().find(|folder| folder["path"] == path);
        assert_eq!(found.expect(path)["specialUse"], special_use, "{folders:#}");
    }

    // New mail, heard of at once in both folders that are listened to.
    program.append("INBOX", "", &mail(2, "Ann <ann@example.org>", "new"));
    program.append("Sent", "\\Seen", &mail(3, "Bo <bo@example.com>", "sent"));
    wait_news(&api, "bo", "INBOX", &[id_of(2, "new")]).await;
    wait_news(&api, "bo", "Sent", &[id_of(3, "sent")]).await;
    let news = events_of(&api, "bo", "messageNew").await;
    let new = news.iter().find(|event| event["path"] == "INBOX").expect("the new mail");
    assert_eq!(new["data"]["seemsLikeNew"], true, "{new:#}");
    let id = new["data"]["id"].as_str().expect("an id").to_owned();

    // Flags, by the person's program and by the API.
    program.run("SELECT INBOX");
    program.run("UID STORE 2 +FLAGS (\\Answered)");
    put(&api, &format!("//v1/account/bo/message/{id}"), json!({ "flags": { "add": ["\\Flagged"] } })).await;
    eventually("the flags", || async {
        let message = messages(&api, "bo", "INBOX").await.into_iter().find(|message| message["uid"] == 2)?;
        (message["answered"] == true && message["flagged"] == true).then_some(())
    })
    .await;
    // Events are listed a moment after what they tell of.
    let added = async || {
        let changes = events_of(&api, "bo", "messageUpdated").await;
        let of = |it: &Value| it["data"]["changes"]["flags"]["added"].as_array().expect("flags").len();
        changes.iter().map(of).sum::<usize>()
    };
    eventually("both changes to be told", || async { (added().await == 2).then_some(()) }).await;

    // Moved, and deleted.
    let moved = put(&api, &format!("//v1/account/bo/message/{id}/move"), json!({ "path": "Sent" })).await;
    let place = moved["id"].as_str().expect("where it is").to_owned();
    wait_news(&api, "bo", "Sent", &[id_of(2, "new")]).await;
    let news = events_of(&api, "bo", "messageNew").await;
    let there = news.iter().find(|event| event["data"]["id"] == json!(place)).expect("the moved mail");
    assert_eq!(there["data"]["seemsLikeNew"], false, "{there:#}");
    let gone = eventually("the mail to be gone", || async {
        let gone = events_of(&api, "bo", "messageDeleted").await;
        (!gone.is_empty()).then_some(gone)
    });
    assert_eq!(gone.await[0]["data"]["id"], json!(id));
    let deleted = api.delete(&format!("//v1/account/bo/message/{place}")).await.expect(200).json();
    assert_eq!(deleted["moved"]["destination"], "Trash", "{deleted}");

    // The server goes away and comes back; mail that came before anybody looked is told, too.
    cyrus.restart().await;
    let mut program = cyrus.sign_in("bo");
    program.append("INBOX", "", &mail(4, "Ann <ann@example.org>", "after"));
    wait_news(&api, "bo", "INBOX", &[id_of(4, "after")]).await;
    connected(&api, "bo").await;
    program.append("INBOX", "", &mail(5, "Ann <ann@example.org>", "later"));
    wait_news(&api, "bo", "INBOX", &[id_of(5, "later")]).await;
    let times = crate::mailbox_api::times_told(&api, "bo", "INBOX").await;
    let once = [(2, "new"), (4, "after"), (5, "later")].map(|(number, subject)| (id_of(number, subject), 1));
    assert_eq!(times, once.into_iter().collect());
    assert_told_once(&api, "bo", "Trash", &[id_of(2, "new")]).await;

    // What the person deletes is gone here.
    program.run("SELECT INBOX");
    program.run("UID STORE 1 +FLAGS (\\Deleted)");
    program.run("EXPUNGE");
    eventually("the old mail to be gone", || async {
        let all = messages(&api, "bo", "INBOX").await;
        (!all.iter().any(|message| message["subject"] == "old")).then_some(())
    })
    .await;
}
