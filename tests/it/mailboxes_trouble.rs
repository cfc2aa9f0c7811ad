//! Mailboxes in trouble: connections cut amid an answer, folders wiped, renamed and unreadable, mails nobody can read, clocks that are
//! wrong, broken accounts beside good ones. What is good is told once, whatever is beside it.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use servers::PASSWORD;
use servers::dovecot::Dovecot;
use servers::maildir;
use servers::proxy::Proxy;
use tokio::io::AsyncWriteExt as _;

use crate::api::eventually;
use crate::database::{Database, on_both_databases};
use crate::mailbox_api::{
    account, assert_told_once, connected, events_of, mail, messages, put, state, times_told, wait_news,
};
use crate::postroom_process::Postroom;

on_both_databases!(
    a_cut_amid_an_answer_loses_and_repeats_nothing,
    a_folder_that_is_wiped_and_filled_again_tells_of_what_is_new_alone,
    a_renamed_folder_tells_of_what_is_new_alone,
    mails_that_nobody_can_read_hide_no_other,
    mails_of_any_date_are_told_once,
    broken_accounts_and_folders_hold_up_no_other,
);

fn ids(numbers: impl IntoIterator<Item = usize>, subject: &str) -> Vec<String> {
    numbers.into_iter().map(|number| format!("<{number}.{subject}@example.org>")).collect()
}

/// A mail as it travels, whose lines end as they do there.
fn as_sent(number: usize, subject: &str) -> Vec<u8> {
    mail(number, "ann@example.org", subject).replace('\n', "\r\n").into_bytes()
}

async fn a_cut_amid_an_answer_loses_and_repeats_nothing(database: Database) {
    const OLD: usize = 30;
    const MAILS: usize = 60;
    let body = "A line that fills the mail up.\n".repeat(100);
    let dovecot = Dovecot::start().await;
    let proxy = Proxy::start(dovecot.port).await;
    let mut program = dovecot.sign_in("bo");
    for number in 0..OLD {
        program.append("INBOX", "", &format!("{}{body}", mail(number, "ann@example.org", "old")));
    }
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    // The bytes of what was there are cut, too.
    proxy.cut_after(20_000);
    api.post("//v1/account", account(proxy.port, "bo")).await.expect(200);
    eventually("a first cut", || async { (proxy.cuts() > 0).then_some(()) }).await;
    proxy.cut_after(60_000);
    eventually("the old mails to be read", || async {
        let found = messages(&api, "bo", "INBOX").await;
        (found.len() == OLD && found.iter().all(|it| it["subject"] == "old")).then_some(())
    })
    .await;
    // Sooner or later within the bytes of a mail.
    let before = proxy.cuts();
    proxy.cut_after(90_000);
    for number in 0..MAILS {
        program.append("INBOX", "", &format!("{}{body}", mail(number, "ann@example.org", "new")));
    }
    eventually("a cut", || async { (proxy.cuts() > before).then_some(()) }).await;
    proxy.never_cut();
    let wanted = ids(0..MAILS, "new");
    wait_news(&api, "bo", "INBOX", &wanted).await;
    assert_told_once(&api, "bo", "INBOX", &wanted).await;
    assert_eq!(messages(&api, "bo", "INBOX").await.len(), OLD + MAILS);
}

async fn a_folder_that_is_wiped_and_filled_again_tells_of_what_is_new_alone(database: Database) {
    const OLD: usize = 20;
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    for number in 0..OLD {
        program.append("INBOX", "", &mail(number, "ann@example.org", "old"));
    }
    wait_news(&api, "bo", "INBOX", &ids(0..OLD, "old")).await;
    // As after a restore: other UIDs in another order, half of the mails, and one that nobody saw.
    dovecot
        .restart_with("bo", |folder| {
            maildir::wipe(folder);
            for number in 0..OLD / 2 {
                maildir::file_away(folder, OLD - number, &as_sent(number, "old"));
            }
            maildir::deliver(folder, 2 * OLD, &as_sent(OLD, "new"));
        })
        .await;
    let mut program = dovecot.sign_in("bo");
    wait_news(&api, "bo", "INBOX", &ids([OLD], "new")).await;
    connected(&api, "bo").await;
    program.append("INBOX", "", &mail(OLD + 1, "ann@example.org", "new"));
    wait_news(&api, "bo", "INBOX", &ids([OLD + 1], "new")).await;
    let wanted: Vec<String> = ids(0..OLD, "old").into_iter().chain(ids(OLD..OLD + 2, "new")).collect();
    let once = wanted.into_iter().map(|id| (id, 1)).collect();
    assert_eq!(times_told(&api, "bo", "INBOX").await, once);
    let reset = events_of(&api, "bo", "mailboxReset").await;
    assert_eq!(reset.iter().map(|event| &event["path"]).collect::<Vec<_>>(), ["INBOX"], "{reset:#?}");
    let listed = messages(&api, "bo", "INBOX").await;
    let subjects: Vec<&str> = listed.iter().filter_map(|message| message["subject"].as_str()).collect();
    assert_eq!(subjects.len(), OLD / 2 + 2, "{listed:#?}");
}

async fn a_renamed_folder_tells_of_what_is_new_alone(database: Database) {
    const OLD: usize = 10;
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    program.run("CREATE Projects");
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let mut settings = account(dovecot.port, "bo");
    settings["subconnections"] = json!(["Projects"]);
    api.post("//v1/account", settings).await.expect(200);
    connected(&api, "bo").await;
    for number in 0..OLD {
        program.append("Projects", "", &mail(number, "ann@example.org", "old"));
    }
    wait_news(&api, "bo", "Projects", &ids(0..OLD, "old")).await;
    program.run("RENAME Projects Ideas");
    // It comes into the folder before anybody knows of it.
    program.append("Ideas", "", &mail(OLD, "ann@example.org", "new"));
    put(&api, "//v1/account/bo/sync", json!({})).await;
    let new = ids([OLD], "new");
    wait_news(&api, "bo", "Ideas", &new).await;
    eventually("the old mails to be read there", || async {
        let found = messages(&api, "bo", "Ideas").await;
        (found.len() == OLD + 1 && found.iter().all(|it| it["subject"].is_string())).then_some(())
    })
    .await;
    assert_told_once(&api, "bo", "Ideas", &new).await;
    for (event, path) in [("mailboxNew", "Ideas"), ("mailboxDeleted", "Projects")] {
        let told = events_of(&api, "bo", event).await;
        assert_eq!(told.iter().filter(|it| it["path"] == path).count(), 1, "{event}: {told:#?}");
    }
}

/// What programs, filters and broken disks leave in mailboxes.
fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let head = "From: ann@example.org\nTo: bo@example.com\n";
    let nested: String =
        (0..600).map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n")).collect();
    let garbage: Vec<u8> = (0..60_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect();
    vec![
        ("nothing", Vec::new()),
        ("one line end", b"\n".to_vec()),
        ("no header", b"\nbody alone\n".to_vec()),
        ("a header without an end", format!("{head}X-Long: {}", "x".repeat(3_000_000)).into_bytes()),
        ("a hundred thousand fields", format!("{head}{}\nhi\n", "X-Field: value\n".repeat(100_000)).into_bytes()),
        ("NUL bytes", b"From: a\0nn@example.org\nSubject: x\0y\nMessage-ID: <nul\0@x>\n\nNUL\0NUL\n".to_vec()),
        (
            "NUL in encoded words",
            format!("{head}Subject: =?utf-8?q?a=00b?= =?utf-8?b?AAAA?=\nMessage-ID: <=00@x>\n\
                     Content-Type: text/plain; name*=utf-8''%00.txt\nContent-Disposition: attachment; filename=\"=?utf-8?q?=00?=\"\n\nx\n")
            .into_bytes(),
        ),
        ("bytes of no charset", [head.as_bytes(), b"Subject: \xff\xfe\xc3\x28\xed\xa0\x80\n\n", &garbage].concat()),
        ("bytes alone", garbage),
        ("parts within parts", format!("{head}{nested}").into_bytes()),
        ("a date of no calendar", format!("{head}Date: Mon, 99 Foo 99999 99:99:99 +9999\nSubject: date\n\nx\n").into_bytes()),
        ("an address without measure", format!("From: {}@example.org\nTo: {}\n\nx\n", "a".repeat(200_000), "b@x.test, ".repeat(50_000)).into_bytes()),
        ("ids without measure", format!("{head}Message-ID: <{}@x>\nReferences: {}\n\nx\n", "m".repeat(100_000), "<r@x> ".repeat(50_000)).into_bytes()),
        ("a subject without measure", format!("{head}Subject: {}\n\nx\n", "ß".repeat(500_000)).into_bytes()),
    ]
}

async fn mails_that_nobody_can_read_hide_no_other(database: Database) {
    let dovecot = Dovecot::start().await;
    let folder = dovecot.maildir("bo");
    let mut program = dovecot.sign_in("bo");
    program.run("SELECT INBOX");
    let poisoned = unreadable();
    // There before the account, and coming while it is connected.
    for (number, (_, raw)) in poisoned.iter().enumerate() {
        maildir::deliver(&folder, number * 2, raw);
        maildir::deliver(&folder, number * 2 + 1, mail(number, "ann@example.org", "there").as_bytes());
    }
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    let count = poisoned.len();
    eventually("the good ones to be read", || async {
        let found = messages(&api, "bo", "INBOX").await;
        let good = found.iter().filter(|message| message["subject"] == "there").count();
        (found.len() == 2 * count && good == count).then_some(())
    })
    .await;
    for (number, (_, raw)) in poisoned.iter().enumerate() {
        maildir::deliver(&folder, (count + number) * 2, raw);
        maildir::deliver(&folder, (count + number) * 2 + 1, mail(number, "ann@example.org", "new").as_bytes());
    }
    wait_news(&api, "bo", "INBOX", &ids(0..count, "new")).await;
    let mut uids: Vec<u64> = eventually("all to be told", || async {
        let told = events_of(&api, "bo", "messageNew").await;
        let uids: Vec<u64> = told.iter().filter_map(|event| event["data"]["uid"].as_u64()).collect();
        (uids.len() >= 2 * count).then_some(uids)
    })
    .await;
    uids.sort_unstable();
    assert_eq!(uids, (2 * count as u64 + 1..=4 * count as u64).collect::<Vec<_>>());
    // Each can be looked at, and what can be had of it is there.
    for message in messages(&api, "bo", "INBOX").await {
        let id = message["id"].as_str().expect("an id");
        for path in [format!("message/{id}?textType=*"), format!("text/{id}")] {
            let status = api.get(&format!("//v1/account/bo/{path}")).await.status;
            assert!(status == 200 || status == 404, "{path} of {message:#}: {status}");
        }
    }
    assert_eq!(state(&api, "bo").await, "connected");
    for (what, _) in poisoned {
        assert!(!postroom.log().contains("panicked"), "{what}: {}", postroom.log());
    }
}

async fn mails_of_any_date_are_told_once(database: Database) {
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let contact = api.post("/contacts", json!({ "name": "Ann", "addresses": ["ann@example.org"] })).await;
    let contact = contact.expect(201).json()["id"].as_str().expect("an id").to_owned();
    api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    // By the server's clock: long ago, not yet, and without any.
    let dates = ["01-Jan-1970 00:00:01 +0000", "29-Feb-2000 23:59:59 -1200", "19-Jan-2038 03:14:07 +1400", ""];
    for (number, date) in dates.iter().enumerate() {
        let about = if date.is_empty() { "()".to_owned() } else { format!("() \"{date}\"") };
        let raw = mail(number, "ann@example.org", "dated").replace('\n', "\r\n");
        program.append_bytes("INBOX", &about, raw.as_bytes());
    }
    let wanted = ids(0..dates.len(), "dated");
    wait_news(&api, "bo", "INBOX", &wanted).await;
    assert_told_once(&api, "bo", "INBOX", &wanted).await;
    let told = events_of(&api, "bo", "messageNew").await;
    let new: Vec<(String, bool)> = told
        .iter()
        .map(|event| {
            (event["data"]["messageId"].as_str().unwrap_or_default().to_owned(), event["data"]["seemsLikeNew"] == true)
        })
        .collect();
    // What a server has had for years was put there by somebody; it did not just come.
    assert_eq!(new, wanted.iter().cloned().zip([false, false, true, true]).collect::<Vec<_>>(), "{told:#?}");
    assert_eq!(api.items(&format!("/contacts/{contact}/activities")).await.len(), 2);
}

async fn broken_accounts_and_folders_hold_up_no_other(database: Database) {
    let dovecot = Dovecot::start().await;
    // Nobody listens, nobody speaks, and what is spoken is no IMAP.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed_port = closed.local_addr().expect("its address").port();
    drop(closed);
    let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let web_port = web.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        }
    });
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let mut wrong = account(dovecot.port, "bo3");
    wrong["imap"]["auth"]["pass"] = json!(format!("not {PASSWORD}"));
    let broken = [
        ("closed", account(closed_port, "closed")),
        ("silent", account(silent.local_addr().expect("its address").port(), "silent")),
        ("web", account(web_port, "web")),
        ("bo3", wrong),
    ];
    for (_, settings) in &broken {
        api.post("//v1/account", settings.clone()).await.expect(200);
    }
    // A folder that can't be opened, in a mailbox that can.
    let mut program = dovecot.sign_in("bo1");
    for folder in ["Aa", "Locked", "Zz"] {
        program.run(&format!("CREATE {folder}"));
        program.append(folder, "", &mail(1, "ann@example.org", "there"));
    }
    let locked = dovecot.maildir("bo1").join(".Locked");
    let lock = |mode| std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(mode)).expect("set the mode");
    lock(0o000);
    for name in ["bo0", "bo1", "bo2"] {
        api.post("//v1/account", account(dovecot.port, name)).await.expect(200);
    }
    for name in ["bo0", "bo1", "bo2"] {
        connected(&api, name).await;
        dovecot.sign_in(name).append("INBOX", "", &mail(1, "ann@example.org", "good"));
        wait_news(&api, name, "INBOX", &ids([1], "good")).await;
        assert_told_once(&api, name, "INBOX", &ids([1], "good")).await;
    }
    for folder in ["Aa", "Zz"] {
        assert_eq!(messages(&api, "bo1", folder).await.len(), 1, "{folder}");
    }
    for (name, wanted) in [("closed", "connectError"), ("web", "connectError"), ("bo3", "authenticationError")] {
        eventually("the failure to be said", || async { (state(&api, name).await == wanted).then_some(()) }).await;
        let shown = api.get(&format!("//v1/account/{name}")).await.expect(200).json();
        assert!(shown["lastError"]["response"].is_string(), "{shown}");
    }
    // It opens again, and is looked at.
    lock(0o700);
    put(&api, "//v1/account/bo1/sync", json!({})).await;
    eventually("the locked folder", || async {
        let found: Vec<Value> = messages(&api, "bo1", "Locked").await;
        (found.len() == 1 && found[0]["subject"] == "there").then_some(())
    })
    .await;
}
