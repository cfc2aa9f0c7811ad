//! What big providers' servers and small ones do otherwise than the standards say, or as only few do, each by a scripted server.

use engine::ports::{FlagChange, IdleEnd, MailboxFailureKind, Noticed, SpecialUse};
use model::Timestamp;
use servers::PATIENCE;
use tokio::sync::Notify;

use crate::scripted::Scripted;
use crate::{Session, mails, open, rows};

const GREETING: &str = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n";

async fn selected(scripted: &Scripted) -> Session {
    let mut session = open(scripted.port, "ann").await;
    session.select("INBOX", None).await.unwrap();
    session
}

fn select(tag: &str) -> String {
    format!("* 3 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 4] x\r\n{tag} OK [READ-WRITE] in\r\n")
}

#[tokio::test]
async fn a_goodbye_in_an_idle_is_a_lost_connection_with_its_reason() {
    let scripted = Scripted::start(GREETING, |tag, command| match command {
        "IDLE" => "+ idling\r\n* BYE [UNAVAILABLE] Server shutting down\r\n".to_owned(),
        _ => select(tag),
    })
    .await;
    let mut session = selected(&scripted).await;
    let failure = session.idle(PATIENCE, &Notify::new()).await.unwrap_err();
    assert_eq!((failure.kind, failure.detail.as_str()), (MailboxFailureKind::Lost, "Server shutting down"));
}

/// Whoever is silent in an IDLE is asked again after a while, and given up when that gets no answer.
#[tokio::test]
async fn silence_in_an_idle_has_an_end() {
    let scripted = Scripted::start(GREETING, |tag, command| match command {
        "IDLE" => "+ idling\r\n".to_owned(),
        "DONE" => String::new(),
        _ => select(tag),
    })
    .await;
    let mut session = selected(&scripted).await;
    tokio::time::pause();
    let failure = session.idle(std::time::Duration::from_secs(60), &Notify::new()).await.unwrap_err();
    assert_eq!(failure.kind, MailboxFailureKind::Timeout);
    assert_eq!(scripted.said()[1..], ["IDLE", "DONE"]);
}

#[tokio::test]
async fn silence_amid_a_literal_has_an_end() {
    let scripted = Scripted::start(GREETING, |tag, command| match command {
        command if command.contains("SIZE") => {
            format!("* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 50)\r\n{tag} OK done\r\n")
        }
        command if command.contains("BODY") => "* 1 FETCH (UID 1 BODY[] {50}\r\nbegun".to_owned(),
        _ => select(tag),
    })
    .await;
    let mut session = selected(&scripted).await;
    tokio::time::pause();
    assert_eq!(mails(&mut session, &[1..=1], 100).await.unwrap_err().kind, MailboxFailureKind::Timeout);
}

#[tokio::test]
async fn flags_told_without_a_uid_are_a_reason_to_look() {
    let scripted = Scripted::start(GREETING, |tag, command| match command {
        "IDLE" => "+ idling\r\n* 2 FETCH (FLAGS (\\Seen))\r\n".to_owned(),
        "DONE" => format!("{tag} OK done\r\n"),
        command if command.starts_with("UID FETCH") => format!(
            "* 2 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"29-Feb-2024 10:00:00 +0000\" RFC822.SIZE 5)\r\n\
             {tag} OK done\r\n"
        ),
        _ => select(tag),
    })
    .await;
    let mut session = selected(&scripted).await;
    let told = IdleEnd::Changed(Noticed { arrived: false, gone: false, flags: true });
    assert_eq!(session.idle(PATIENCE, &Notify::new()).await.unwrap(), told);
    let listed = rows(&mut session, None).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.uid).collect::<Vec<_>>(), [1]);
    assert_eq!(session.idle(PATIENCE, &Notify::new()).await.unwrap(), told);
}

/// NIL where there is always something, literals where there are quoted strings, numbers in quotes, and what nobody asked for.
#[tokio::test]
async fn values_are_read_however_they_are_written() {
    let scripted = Scripted::start(GREETING, |tag, command| {
        let fetch = |said: &str| format!("{said}{tag} OK done\r\n");
        match command {
            command if command.contains("BODY") => fetch(
                "* 1 FETCH (UID \"1\" BODY[] \"short\")\r\n* 2 FETCH (UID 2 BODY[] NIL)\r\n\
                 * 3 FETCH (BODY[]<0> {4}\r\nlong UID {1}\r\n3)\r\n",
            ),
            command if command.starts_with("UID FETCH") => fetch(
                "* 1 FETCH (UID \"1\" FLAGS (\\Seen \"odd\" {4}\r\n$Lit NIL) INTERNALDATE NIL RFC822.SIZE \"5\")\r\n\
                 * OK [ALERT] Your mailbox is nearly full (\"95%\") {12}\r\n\
                 * NO [ALERT] It really is\r\n\
                 * 2 FETCH (UID 2 FLAGS NIL INTERNALDATE {26}\r\n 1-Mar-2024 10:00:00 +0000 RFC822.SIZE 9 X-FOO (a (b \"c)\") NIL))\r\n\
                 * 3 FETCH (ENVELOPE (NIL {3}\r\na\"b NIL ((NIL NIL \"x\" NIL))) BODYSTRUCTURE ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1)(\"a\" \"b\") \"mixed\" (\"boundary\" \"}\") NIL NIL) \
                 FLAGS () RFC822.SIZE 4 UID 3 INTERNALDATE \"29-Feb-2024 10:00:00 +0000\"))\r\n",
            ),
            "UID SEARCH ALL" => fetch("* SEARCH \"1\" 2  3 \r\n"),
            command if command.starts_with("UID SEARCH") => fetch("* SEARCH 1 2 3 (MODSEQ 917162500)\r\n"),
            command if command.starts_with("STATUS") => {
                fetch("* STATUS {5}\r\nINBOX (MESSAGES \"3\" UIDNEXT 4 UNSEEN NIL RECENT 0 UIDVALIDITY 9 X-GUID (x))\r\n")
            }
            _ => select(tag),
        }
    })
    .await;
    let mut session = selected(&scripted).await;
    let listed = rows(&mut session, None).await.unwrap();
    let flags = |flags: &[&str]| flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>();
    let shown: Vec<_> = listed.iter().map(|row| (row.uid, row.flags.clone(), row.size, row.internal_date)).collect();
    let date = |text: &str| Some(Timestamp::parse(text).unwrap());
    let wanted = [
        (1, flags(&["\\Seen", "odd", "$Lit"]), 5, None),
        (2, Vec::new(), 9, date("2024-03-01T10:00:00Z")),
        (3, Vec::new(), 4, date("2024-02-29T10:00:00Z")),
    ];
    assert_eq!(shown, wanted);
    let bodies: Vec<_> = mails(&mut session, &[1..=3], 100).await.unwrap().into_iter().map(|mail| mail.raw).collect();
    assert_eq!(bodies, [Some("short".into()), None, Some("long".into())]);
    assert_eq!(session.uids().await.unwrap(), [1, 2, 3]);
    let status = session.status("INBOX").await.unwrap();
    assert_eq!((status.messages, status.uid_next, status.unseen, status.uid_validity), (3, 4, 0, 9));
}

#[tokio::test]
async fn folders_are_read_however_they_are_listed() {
    let scripted = Scripted::start(GREETING, |tag, command| match command {
        "LIST \"\" \"*\"" => format!(
            "* LIST (\\HasNoChildren) \"\\\\\" Inbox\r\n\
             * LIST (\\Marked \\NoInferiors) NIL Entw&APw-rfe\r\n\
             * LIST () \"\" \"no delimiter\"\r\n\
             * LIST NIL \".\" INBOX.Sent\r\n\
             * LIST (\\Sent \\Sent \\X-Unknown) \"|\" {{8}}\r\nGesendet\r\n\
             * LIST (\\NOSELECT) \"/\" \"a \\\"b\\\" \\\\ c\"\r\n\
             * LIST (\\Junk) \"/\" 2024\r\n\
             * LIST (\\Trash) \"/\" \"&BBoEPgRABDcEOAQ9BDA-\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n\
             * LIST (\\Noselect) \"/\" \"\"\r\n\
             * LIST (broken\r\n\
             * LIST () \"/\" \"Entw&APw-rfe\"\r\n\
             {tag} OK done\r\n"
        ),
        _ => select(tag),
    })
    .await;
    let mut session = open(scripted.port, "ann").await;
    let folders = session.folders().await.unwrap();
    let shown: Vec<_> = folders
        .iter()
        .map(|folder| (folder.path.as_str(), folder.delimiter, folder.special_use, folder.selectable))
        .collect();
    assert_eq!(
        shown,
        [
            ("INBOX", Some('\\'), Some(SpecialUse::Inbox), true),
            ("Entwürfe", None, None, true),
            ("no delimiter", None, None, true),
            ("INBOX.Sent", Some('.'), None, true),
            ("Gesendet", Some('|'), Some(SpecialUse::Sent), true),
            ("a \"b\" \\ c", Some('/'), None, false),
            ("2024", Some('/'), Some(SpecialUse::Junk), true),
            ("Корзина", Some('/'), Some(SpecialUse::Trash), true),
        ]
    );
}

/// Neither PERMANENTFLAGS nor UIDNEXT nor what of it is read and written; a CAPABILITY in small letters.
#[tokio::test]
async fn a_select_that_says_little_selects() {
    let greeting = "* PREAUTH [capability imap4rev1 Idle Move uidplus] ready\r\n";
    let scripted = Scripted::start(greeting, |tag, command| match command {
        command if command.starts_with("SELECT") => {
            format!(
                "* FLAGS (\\Answered)\r\n* OK\r\n* 0 RECENT\r\n* ok [uidvalidity 7]\r\n* 2 exists\r\n\r\n{tag} ok\r\n"
            )
        }
        _ => format!("{tag} OK done\r\n"),
    })
    .await;
    let mut session = open(scripted.port, "ann").await;
    let can = session.capabilities();
    assert!(can.idle && can.r#move && can.uidplus);
    let now = session.select("INBOX", None).await.unwrap();
    assert_eq!((now.exists, now.uid_validity, now.uid_next, now.read_only), (2, 7, 0, false));
    session.change_flags(&[1], &FlagChange::Add(vec!["todo".to_owned()])).await.unwrap();
}

/// STATUS of the selected folder is refused by some, LIST with STATUS by others, ENABLE is answered without a word, and a set without
/// any message is an error.
#[tokio::test]
async fn what_is_offered_and_refused_is_done_otherwise() {
    let greeting = "* PREAUTH [CAPABILITY IMAP4rev1 ENABLE QRESYNC CONDSTORE LIST-EXTENDED LIST-STATUS SPECIAL-USE NAMESPACE ID] ready\r\n";
    let scripted = Scripted::start(greeting, |tag, command| match command {
        "NAMESPACE" => format!("* NAMESPACE NIL NIL NIL\r\n{tag} OK done\r\n"),
        command if command.starts_with("ID") => format!("* ID NIL\r\n{tag} BAD not here\r\n"),
        command if command.starts_with("ENABLE") => format!("{tag} OK done\r\n"),
        command if command.starts_with("STATUS") => format!("{tag} NO [CANNOT] it is selected\r\n"),
        command if command.contains("RETURN") => format!("{tag} BAD Command Argument Error. 11\r\n"),
        command if command.starts_with("LIST") => format!("* LIST () \"/\" INBOX\r\n{tag} OK done\r\n"),
        command if command.starts_with("UID FETCH") => format!("{tag} NO The specified message set is invalid.\r\n"),
        command if command.starts_with("UID SEARCH") => format!("* SEARCH\r\n{tag} OK done\r\n"),
        _ => select(tag),
    })
    .await;
    let mut session = selected(&scripted).await;
    assert!(!session.capabilities().qresync);
    assert_eq!(session.folders().await.unwrap().len(), 1);
    assert_eq!(session.status("INBOX").await.unwrap_err().kind, MailboxFailureKind::Refused);
    assert_eq!(mails(&mut session, &[4..=u32::MAX], 100).await.unwrap().len(), 0);
    assert_eq!(rows(&mut session, None).await.unwrap().len(), 0);
    // The connection is as good as before.
    assert_eq!(session.select("INBOX", None).await.unwrap().exists, 3);
}
