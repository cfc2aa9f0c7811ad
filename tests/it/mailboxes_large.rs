//! Large mails and large folders: memory stays bounded, what is too large is listed, and a mail that comes meanwhile is told of at once.

use servers::dovecot::Dovecot;
use servers::maildir;

use crate::api::eventually;
use crate::database::{Database, on_both_databases};
use crate::mailbox_api::{account, assert_told_once, connected, events_of, mail, messages, wait_news};
use crate::postroom_process::Postroom;

on_both_databases!(
    mails_of_fifty_megabytes_come_whole_and_larger_ones_are_listed,
    a_folder_of_many_mails_is_listed_and_heard_of,
);

const MEBIBYTE: usize = 1024 * 1024;

fn large(number: usize, bytes: usize) -> Vec<u8> {
    let mut raw = mail(number, "ann@example.org", "large").into_bytes();
    // Hardly compressible, and with line ends.
    let mut state = number as u64 + 1;
    while raw.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        raw.extend_from_slice(format!("{state:016x}{:016x}{:016x}\n", state.rotate_left(17), !state).as_bytes());
    }
    raw
}

async fn mails_of_fifty_megabytes_come_whole_and_larger_ones_are_listed(database: Database) {
    const MAILS: usize = 4;
    /// Two mails of 50 MB in hand, what reading one of them takes, and the program itself.
    const MEMORY_BYTES_MAX: u64 = 400 * MEBIBYTE as u64;
    let dovecot = Dovecot::start().await;
    // It makes the folder.
    dovecot.sign_in("bo").run("SELECT INBOX");
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    let folder = dovecot.maildir("bo");
    // A server counts line ends as two bytes.
    for number in 0..MAILS {
        maildir::deliver(&folder, number, &large(number, 48 * MEBIBYTE));
    }
    maildir::deliver(&folder, MAILS, &large(MAILS, 52 * MEBIBYTE));
    maildir::deliver(&folder, MAILS + 1, mail(MAILS + 1, "ann@example.org", "large").as_bytes());
    // The one that is too large is told without what only its bytes say.
    let mut wanted: Vec<String> = (0..MAILS).map(|number| format!("<{number}.large@example.org>")).collect();
    wanted.push(format!("<{}.large@example.org>", MAILS + 1));
    let all: Vec<String> = wanted.iter().cloned().chain([String::new()]).collect();
    for id in &all {
        wait_news(&api, "bo", "INBOX", std::slice::from_ref(id)).await;
    }
    assert_told_once(&api, "bo", "INBOX", &all).await;
    let listed = messages(&api, "bo", "INBOX").await;
    let too_large: Vec<_> = listed.iter().filter(|message| message["subject"].is_null()).collect();
    assert_eq!(too_large.len(), 1, "{listed:#?}");
    assert!(too_large[0]["size"].as_u64().is_some_and(|size| size > 52 * MEBIBYTE as u64), "{too_large:#?}");
    let id = listed.iter().find(|message| message["messageId"] == wanted[0].as_str()).expect("the first")["id"].clone();
    let source = api.get(&format!("//v1/account/bo/message/{}/source", id.as_str().expect("an id"))).await.expect(200);
    assert_eq!(
        source.body.len() as u64,
        large(0, 48 * MEBIBYTE).iter().map(|byte| if *byte == b'\n' { 2 } else { 1 }).sum::<u64>()
    );
    let peak = postroom.peak_resident_bytes();
    eprintln!("peak of memory: {} MiB", peak / MEBIBYTE as u64);
    assert!(peak < MEMORY_BYTES_MAX, "{} MiB of memory for mails of 50 MiB", peak / MEBIBYTE as u64);
}

/// How many mails the large folder has, and of how many the bytes are waited for: all, where somebody asks for a number, which takes
/// minutes in a development build (CONTRIBUTING.md).
fn many() -> (usize, usize) {
    match std::env::var("POSTROOM_TEST_MAILBOX_MESSAGES") {
        Ok(text) => {
            let many = text.parse().expect("a number of messages");
            (many, many)
        }
        Err(_) => (20_000, 1_500),
    }
}

async fn a_folder_of_many_mails_is_listed_and_heard_of(database: Database) {
    const STEPS: usize = 20;
    let (many, read) = many();
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    program.run("SELECT INBOX");
    for number in 0..many {
        maildir::file_away(&dovecot.maildir("bo"), number, mail(number, "ann@example.org", "old").as_bytes());
    }
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let began = std::time::Instant::now();
    api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    eprintln!("{many} mails listed within {:?}", began.elapsed());
    // While the bytes of the others are still coming.
    program.append("INBOX", "", &mail(many, "ann@example.org", "new"));
    let wanted = [format!("<{many}.new@example.org>")];
    wait_news(&api, "bo", "INBOX", &wanted).await;
    eprintln!("new mail told within {:?}", began.elapsed());
    let page = api.get("//v1/account/bo/messages?path=INBOX&pageSize=1").await.expect(200).json();
    assert_eq!(page["total"].as_u64(), Some(many as u64 + 1), "{page}");
    let folders = api.get("//v1/account/bo/mailboxes").await.expect(200).json();
    let inbox = folders["mailboxes"].as_array().expect("folders").iter().find(|it| it["path"] == "INBOX");
    assert!(inbox.is_some_and(|inbox| inbox["messages"].as_u64() >= Some(many as u64)), "{folders}");
    // Their bytes come too, the newest first.
    for step in 1..=STEPS {
        let page = (read * step / STEPS) - 1;
        eventually("more mails to be read", || async {
            let url = format!("//v1/account/bo/messages?path=INBOX&pageSize=1&page={page}");
            let found = api.get(&url).await.expect(200).json();
            found["messages"][0]["subject"].is_string().then_some(())
        })
        .await;
    }
    eprintln!("{read} read within {:?}", began.elapsed());
    // Each is listed once, and none was news.
    let listed = messages(&api, "bo", "INBOX").await;
    let distinct = |field: &str| {
        let values = listed.iter().map(|message| message[field].to_string()).filter(|value| value != "null");
        values.collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!((listed.len(), distinct("uid")), (many + 1, many + 1));
    assert!(distinct("messageId") >= read, "{} of {read}", distinct("messageId"));
    assert_eq!(events_of(&api, "bo", "messageNew").await.len(), 1);
    assert_told_once(&api, "bo", "INBOX", &wanted).await;
}
