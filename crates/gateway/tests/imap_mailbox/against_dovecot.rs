//! Every method of the port against a Dovecot.

use engine::ports::{
    FlagChange, IdleEnd, ListedFolder, MailboxCapabilities, MailboxFailureKind, MailboxSearch, NewPlaces, Resync,
    SpecialUse,
};
use model::Timestamp;
use servers::PATIENCE;
use servers::dovecot::Dovecot;
use tokio::sync::Notify;

use crate::{Session, mail, mails, open, rows};

/// What the smallest servers have.
const BARE: &str = "IMAP4rev1";
/// Some of it: LITERAL- in place of LITERAL+, CONDSTORE without QRESYNC, ESEARCH without LIST-STATUS.
const SOME: &str = "IMAP4rev1 SASL-IR LITERAL- ID ENABLE IDLE NAMESPACE CONDSTORE ESEARCH UIDPLUS SPECIAL-USE";

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_with_every_extension() {
    let all = MailboxCapabilities {
        idle: true,
        condstore: true,
        qresync: true,
        r#move: true,
        uidplus: true,
        special_use: true,
        object_id: false,
        gmail: false,
    };
    everything_is_done("", all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_with_some_extensions() {
    let some = MailboxCapabilities {
        idle: true,
        condstore: true,
        uidplus: true,
        special_use: true,
        ..MailboxCapabilities::default()
    };
    everything_is_done(SOME, some).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_without_extensions() {
    everything_is_done(BARE, MailboxCapabilities::default()).await;
}

async fn everything_is_done(offer: &str, can: MailboxCapabilities) {
    let dovecot = Dovecot::start_offering(offer).await;
    let mut session = open(dovecot.port, "ann").await;
    assert_eq!(session.capabilities(), can);
    folders_are_listed_made_renamed_and_deleted(&mut session, can).await;
    mail_is_appended_and_fetched(&mut session, can).await;
    mail_is_searched_for(&mut session).await;
    flags_change(&mut session, can).await;
    mail_is_moved_and_expunged(&mut session, can).await;
    what_changed_meanwhile_is_told(&dovecot, &mut session, can).await;
    changes_end_an_idle(&dovecot, &mut session, can).await;
    session.logout().await;
}

fn named<'a>(folders: &'a [ListedFolder], path: &str) -> &'a ListedFolder {
    folders.iter().find(|folder| folder.path == path).unwrap_or_else(|| panic!("{path} is not among {folders:?}"))
}

async fn folders_are_listed_made_renamed_and_deleted(session: &mut Session, can: MailboxCapabilities) {
    let folders = session.folders().await.unwrap();
    assert_eq!(folders.len(), 4, "{folders:?}");
    let sent = named(&folders, "Sent");
    assert_eq!(sent.special_use, can.special_use.then_some(SpecialUse::Sent));
    assert_eq!((sent.delimiter, sent.selectable), (Some('/'), true));
    assert_eq!(named(&folders, "INBOX").special_use, Some(SpecialUse::Inbox));
    // LIST-STATUS comes with all or nothing here.
    assert_eq!(sent.status.is_some(), can.qresync);

    // Whatever a folder is called, its name comes back.
    for path in ["Prüfung & \"Lob\" 台北 😀", "a\\b", "100% *", "Eltern/Kind"] {
        session.create_folder(path).await.unwrap();
        named(&session.folders().await.unwrap(), path);
        let status = session.status(path).await.unwrap();
        assert_eq!((status.messages, status.uid_next), (0, 1));
        assert_eq!(session.select(path, None).await.unwrap().uid_validity, status.uid_validity);
        let new = format!("{path} neu");
        session.rename_folder(path, &new).await.unwrap();
        let folders = session.folders().await.unwrap();
        named(&folders, &new);
        assert!(!folders.iter().any(|folder| folder.path == path));
        session.select("INBOX", None).await.unwrap();
        session.delete_folder(&new).await.unwrap();
        assert!(!session.folders().await.unwrap().iter().any(|folder| folder.path == new));
    }
    let missing = session.select("not there", None).await.unwrap_err();
    assert_eq!(missing.kind, MailboxFailureKind::Refused);
    assert!(missing.detail.contains("doesn't exist"), "{missing:?}");
    // A Dovecot says names back as they are: what follows a line end would be its answer.
    let injected = session.select("INBOX\r\nx1 DELETE Sent", None).await.unwrap_err();
    assert_eq!(injected.kind, MailboxFailureKind::Refused);
    named(&session.folders().await.unwrap(), "Sent");
}

async fn mail_is_appended_and_fetched(session: &mut Session, can: MailboxCapabilities) {
    let date = Timestamp::parse("2024-02-29T23:59:58Z").unwrap();
    let large = "x".repeat(200_000);
    let appended = [("one", "Hello"), ("=?utf-8?q?zwei_Gr=C3=BC=C3=9Fe?=", "Grüße {5}"), ("three", large.as_str())];
    for (number, (subject, body)) in (1..).zip(appended) {
        let flags = if number == 2 { vec!["\\Flagged".to_owned(), "todo".to_owned()] } else { Vec::new() };
        let place = session.append("INBOX", &flags, Some(date), mail(subject, body)).await.unwrap();
        // A Dovecot tells without saying that it can.
        assert!(place.map_or(!can.uidplus, |(_, uid)| uid == number), "{place:?}");
    }
    let status = session.status("INBOX").await.unwrap();
    assert_eq!((status.messages, status.unseen, status.uid_next), (3, 3, 4));
    assert_eq!(status.highest_modseq.is_some(), can.condstore);
    let selected = session.select("INBOX", None).await.unwrap();
    assert_eq!((selected.exists, selected.uid_validity, selected.uid_next), (3, status.uid_validity, 4));
    assert_eq!(selected.highest_modseq.is_some(), can.condstore);
    assert!(!selected.read_only && selected.resynced.is_none());
    assert_eq!(session.uids().await.unwrap(), [1, 2, 3]);

    let listed = rows(session, None).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.uid).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(listed[1].flags, ["\\Flagged", "todo"]);
    assert!(listed.iter().all(|row| row.internal_date == Some(date) && row.modseq.is_some() == can.condstore));

    let fetched = mails(session, &[1..=u32::MAX], 100_000).await.unwrap();
    assert_eq!(fetched.iter().map(|mail| &mail.row).collect::<Vec<_>>(), listed.iter().collect::<Vec<_>>());
    for (fetched, (subject, body)) in fetched.iter().zip(appended) {
        let whole = mail(subject, body);
        assert_eq!(fetched.row.size, whole.len() as u64);
        assert_eq!(fetched.raw, Some(whole).filter(|raw| raw.len() <= 100_000));
    }
    let fetched = mails(session, &[3..=3, 77..=80], 1_000_000).await.unwrap();
    assert_eq!(fetched.len(), 1);
    assert_eq!(fetched[0].raw, Some(mail("three", &large)));
    // Bodies were peeked at.
    assert!(rows(session, None).await.unwrap().iter().all(|row| !row.flags.contains(&"\\Seen".to_owned())));
}

async fn mail_is_searched_for(session: &mut Session) {
    let date = Timestamp::parse("2024-02-29T12:00:00Z").unwrap();
    let day = std::time::Duration::from_secs(86_400);
    let none = MailboxSearch::default;
    let text = |text: &str| Some(text.to_owned());
    for (search, wanted) in [
        (none(), vec![1, 2, 3]),
        (MailboxSearch { flagged: Some(true), ..none() }, vec![2]),
        (MailboxSearch { flagged: Some(false), seen: Some(false), ..none() }, vec![1, 3]),
        (MailboxSearch { subject: text("grüße"), ..none() }, vec![2]),
        (MailboxSearch { body: text("Grüße"), ..none() }, vec![2]),
        (MailboxSearch { text: text("a\" ALL"), ..none() }, vec![]),
        (MailboxSearch { from: text("bo@example.org"), uids: Some(vec![2..=u32::MAX]), ..none() }, vec![2, 3]),
        (MailboxSearch { uids: Some(Vec::new()), ..none() }, vec![]),
        (MailboxSearch { larger: Some(1_000), ..none() }, vec![3]),
        (MailboxSearch { headers: vec![("Subject".to_owned(), "one".to_owned())], ..none() }, vec![1]),
        (MailboxSearch { since: Some(date), before: Some(date.plus(day)), ..none() }, vec![1, 2, 3]),
        (MailboxSearch { before: Some(date), ..none() }, vec![]),
    ] {
        assert_eq!(session.search(&search).await.unwrap(), wanted, "{search:?}");
    }
    // More UIDs than fit into one command.
    let odd = (0..5_000).map(|number| number * 2 + 1).map(|uid| uid..=uid).collect();
    assert_eq!(session.search(&MailboxSearch { uids: Some(odd), ..none() }).await.unwrap(), [1, 3]);
    assert!(session.search(&MailboxSearch { gmail_raw: text("x"), ..none() }).await.is_err());
}

async fn flags_of(session: &mut Session, uid: u32) -> Vec<String> {
    let row = rows(session, None).await.unwrap().into_iter().find(|row| row.uid == uid);
    let mut flags = row.expect("the message").flags;
    flags.sort_unstable();
    flags
}

async fn flags_change(session: &mut Session, can: MailboxCapabilities) {
    let flags = |flags: &[&str]| flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>();
    let before = session.select("INBOX", None).await.unwrap().highest_modseq;
    session.change_flags(&[1, 2], &FlagChange::Add(flags(&["\\Seen", "later"]))).await.unwrap();
    assert_eq!(flags_of(session, 1).await, ["\\Seen", "later"]);
    session.change_flags(&[2], &FlagChange::Remove(flags(&["later", "\\Flagged"]))).await.unwrap();
    assert_eq!(flags_of(session, 2).await, ["\\Seen", "todo"]);
    session.change_flags(&[1], &FlagChange::Set(flags(&["\\Answered"]))).await.unwrap();
    assert_eq!(flags_of(session, 1).await, ["\\Answered"]);
    assert!(session.change_flags(&[1], &FlagChange::Add(flags(&["x) y"]))).await.is_err());
    // Without CONDSTORE everything is told.
    let changed: Vec<u32> = rows(session, before).await.unwrap().iter().map(|row| row.uid).collect();
    assert_eq!(changed, if can.condstore { vec![1, 2] } else { vec![1, 2, 3] });
}

async fn mail_is_moved_and_expunged(session: &mut Session, can: MailboxCapabilities) {
    let places = session.move_to(&[2, 3], "Trash").await.unwrap();
    let trash = session.status("Trash").await.unwrap();
    assert_eq!(trash.messages, 2);
    let wanted = NewPlaces { uid_validity: trash.uid_validity, uids: vec![(2, 1), (3, 2)] };
    assert!(places.as_ref().map_or(!can.uidplus, |places| *places == wanted), "{places:?}");
    assert_eq!(session.uids().await.unwrap(), [1]);
    assert_eq!(session.move_to(&[1], "not there").await.unwrap_err().code.as_deref(), Some("TRYCREATE"));
    assert_eq!(session.uids().await.unwrap(), [1]);

    session.select("Trash", None).await.unwrap();
    session.change_flags(&[1], &FlagChange::Add(vec!["\\Deleted".to_owned()])).await.unwrap();
    session.expunge(&[2]).await.unwrap();
    // What others marked goes too where the server can't do otherwise.
    assert_eq!(session.uids().await.unwrap(), if can.uidplus { vec![1] } else { vec![] });
}

async fn what_changed_meanwhile_is_told(dovecot: &Dovecot, session: &mut Session, can: MailboxCapabilities) {
    for number in 0..3 {
        session.append("Drafts", &[], None, mail(&number.to_string(), "x")).await.unwrap();
    }
    let before = session.select("Drafts", None).await.unwrap();
    let mut other = open(dovecot.port, "ann").await;
    other.select("Drafts", None).await.unwrap();
    other.change_flags(&[1], &FlagChange::Add(vec!["\\Seen".to_owned()])).await.unwrap();
    other.expunge(&[2]).await.unwrap();
    other.logout().await;
    session.select("INBOX", None).await.unwrap();
    let known = Resync { uid_validity: before.uid_validity, highest_modseq: before.highest_modseq.unwrap_or_default() };
    let after = session.select("Drafts", Some(known)).await.unwrap();
    assert_eq!(after.exists, 2);
    assert_eq!(after.resynced.is_some(), can.qresync);
    if let Some(changes) = after.resynced {
        assert_eq!(changes.vanished, [2..=2]);
        let flags: Vec<_> = changes.flags.into_iter().map(|changed| (changed.uid, changed.flags)).collect();
        assert_eq!(flags, [(1, vec!["\\Seen".to_owned()])]);
    }
    // Of another folder with the same name nothing known is of use.
    let other = Resync { uid_validity: before.uid_validity + 1, ..known };
    assert_eq!(session.select("Drafts", Some(other)).await.unwrap().resynced, None);
}

async fn changes_end_an_idle(dovecot: &Dovecot, session: &mut Session, can: MailboxCapabilities) {
    let mut other = open(dovecot.port, "ann").await;
    other.select("Drafts", None).await.unwrap();
    session.select("Drafts", None).await.unwrap();
    let wake = Notify::new();
    // Without IDLE the server is asked once at the end.
    let longest = if can.idle { PATIENCE } else { std::time::Duration::from_millis(1) };

    let end = if can.idle {
        let raw = mail("new", "x");
        let (end, appended) = tokio::join!(session.idle(longest, &wake), other.append("Drafts", &[], None, raw));
        appended.unwrap();
        end
    } else {
        other.append("Drafts", &[], None, mail("new", "x")).await.unwrap();
        session.idle(longest, &wake).await
    };
    assert!(matches!(end.unwrap(), IdleEnd::Changed(noticed) if noticed.arrived));
    other.change_flags(&[1], &FlagChange::Set(vec!["\\Flagged".to_owned()])).await.unwrap();
    assert!(matches!(session.idle(longest, &wake).await.unwrap(), IdleEnd::Changed(noticed) if noticed.flags));
    other.expunge(&[3]).await.unwrap();
    // Marked first, and gone then: two notices, or one.
    let mut gone = false;
    while !gone {
        match session.idle(longest, &wake).await.unwrap() {
            IdleEnd::Changed(noticed) => gone = noticed.gone,
            end => panic!("{end:?}"),
        }
    }
    wake.notify_one();
    assert_eq!(session.idle(PATIENCE, &wake).await.unwrap(), IdleEnd::Woken);
    let short = std::time::Duration::from_millis(1);
    assert_eq!(session.idle(short, &wake).await.unwrap(), IdleEnd::Elapsed);
    // It goes on being of use.
    assert_eq!(session.uids().await.unwrap(), [1, 4]);
    other.logout().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_mails_come_whole_and_once() {
    let dovecot = Dovecot::start().await;
    let mut session = open(dovecot.port, "ann").await;
    for number in 0..1_100 {
        session.append("INBOX", &[], None, mail(&number.to_string(), &"y".repeat(number * 7))).await.unwrap();
    }
    session.select("INBOX", None).await.unwrap();
    let fetched = mails(&mut session, &[1..=u32::MAX], 1_000_000).await.unwrap();
    assert_eq!(fetched.len(), 1_100);
    for (number, fetched) in fetched.into_iter().enumerate() {
        assert_eq!(fetched.raw, Some(mail(&number.to_string(), &"y".repeat(number * 7))));
    }
    session.logout().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_lost_at_once() {
    let dovecot = Dovecot::start().await;
    let mut session = open(dovecot.port, "ann").await;
    session.select("INBOX", None).await.unwrap();
    let wake = Notify::new();
    let kick = async {
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            dovecot.kick("ann");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let end = tokio::select! {
        end = session.idle(PATIENCE * 2, &wake) => end,
        () = kick => panic!("the connection outlived its end"),
    };
    assert_eq!(end.unwrap_err().kind, MailboxFailureKind::Lost);
    dovecot.restart().await;
    let mut session = open(dovecot.port, "ann").await;
    assert_eq!(session.select("INBOX", None).await.unwrap().exists, 0);
    session.logout().await;
}
