//! `kill -9` while mail arrives, again and again: every mail is told of as new once.

use servers::dovecot::Dovecot;

use crate::api::eventually;
use crate::database::{Database, on_both_databases};
use crate::mailbox_api::{account, assert_told_once, connected, mail, messages, times_told, wait_news};
use crate::postroom_process::Postroom;

on_both_databases!(five_kills_amid_arriving_mail_lose_and_repeat_nothing);

async fn five_kills_amid_arriving_mail_lose_and_repeat_nothing(database: Database) {
    const KILLS: usize = 5;
    const MAILS: usize = 60;
    let dovecot = Dovecot::start().await;
    let mut postroom = Postroom::start(database).await;
    postroom.api().post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&postroom.api(), "bo").await;
    let mut program = dovecot.sign_in("bo");
    for round in 0..KILLS {
        let (before, first) = (told(&postroom).await, round * MAILS);
        // Mail goes on coming while nobody is there.
        let arriving = std::thread::spawn(move || {
            for number in first..first + MAILS {
                program.append("INBOX", "", &mail(number, "ann@example.org", "stream"));
            }
            program
        });
        // Killed amid the work: something of the round is done.
        eventually("some of the mail", || async { (told(&postroom).await > before).then_some(()) }).await;
        postroom.kill();
        program = arriving.join().expect("the mails are appended");
        postroom.launch().await;
    }
    let api = postroom.api();
    let wanted: Vec<String> = (0..KILLS * MAILS).map(|number| format!("<{number}.stream@example.org>")).collect();
    wait_news(&api, "bo", "INBOX", &wanted).await;
    assert_told_once(&api, "bo", "INBOX", &wanted).await;
    assert_eq!(messages(&api, "bo", "INBOX").await.len(), KILLS * MAILS);
}

async fn told(postroom: &Postroom) -> usize {
    times_told(&postroom.api(), "bo", "INBOX").await.len()
}
