//! What servers refuse, and what they say between: a message they can't give, a sign-in they can't decide, an IDLE they don't mean.

use engine::ports::{
    IdleEnd, MailboxDialer as _, MailboxFailureKind, MailboxResult, MailboxServer, MailboxSignIn, Noticed,
};
use model::channel::TransportSecurity;
use postroom_gateway::tls_client::TlsTrust;
use servers::PATIENCE;
use tokio::sync::Notify;

use crate::scripted::Scripted;
use crate::{Session, dialer, mails, rows, server};

const GREETING: &str = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\r\n";

async fn open(scripted: &Scripted) -> MailboxResult<Session> {
    dialer(&TlsTrust::default()).open(&server(scripted.port, TransportSecurity::None, "ann", "geheim")).await
}

async fn selected(scripted: &Scripted) -> Session {
    let mut session = open(scripted).await.unwrap();
    session.select("INBOX", None).await.unwrap();
    session
}

/// `UID FETCH 1:3,5 (…)`, and what is asked for.
fn fetch(command: &str) -> Option<(Vec<u32>, &str)> {
    let (set, items) = command.strip_prefix("UID FETCH ")?.split_once(' ')?;
    Some((uids(set), items))
}

fn uids(set: &str) -> Vec<u32> {
    let number = |text: &str| if text == "*" { LAST } else { text.parse().unwrap() };
    let range = |part: &str| {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        number(from)..=number(to).min(LAST)
    };
    set.split(',').flat_map(range).collect()
}

const LAST: u32 = 40;
const POISONED: [u32; 2] = [7, 29];
/// Expunged by somebody after its row was told.
const GONE: u32 = 12;
/// RFC822.SIZE says little, and much comes.
const COUNTED_WRONGLY: u32 = 15;
/// Nothing comes of it.
const EMPTY: u32 = 16;

const NEWS_BESIDE_ROW: u32 = 20;
const NEWS_BESIDE_BODY: u32 = 21;

/// A folder of 40 messages, two of which can't be given.
fn mailbox(tag: &str, command: &str) -> String {
    if command.starts_with("AUTHENTICATE") {
        return format!("{tag} OK [CAPABILITY IMAP4rev1] in\r\n");
    }
    if command.starts_with("SELECT") {
        return format!(
            "* {LAST} EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 41] x\r\n{tag} OK [READ-WRITE] in\r\n"
        );
    }
    if let Some(rest) = command.strip_prefix("UID SEARCH UID ") {
        let there = uids(rest).into_iter().filter(|uid| *uid != GONE).map(|uid| format!(" {uid}")).collect::<String>();
        return format!("* SEARCH{there}\r\n{tag} OK done\r\n");
    }
    let Some((uids, items)) = fetch(command) else { return format!("{tag} BAD what is {command}\r\n") };
    let mut said = String::new();
    for uid in uids {
        if items.contains("BODY") {
            if POISONED.contains(&uid) {
                return format!("{said}{tag} NO some of the messages could not be read\r\n");
            }
            let body = match uid {
                GONE => continue,
                COUNTED_WRONGLY => "z".repeat(100_000),
                EMPTY => String::new(),
                _ => format!("m{uid:04}"),
            };
            said.push_str(&format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{body})\r\n", body.len()));
        } else {
            let date = "\"29-Feb-2024 10:00:00 +0000\"";
            said.push_str(&format!("* {uid} FETCH (FLAGS (\\Seen) UID {uid} INTERNALDATE {date} RFC822.SIZE 5)\r\n"));
        }
        // Between: news of messages, without what was asked for; once beside rows, once beside bodies.
        if uid == if items.contains("BODY") { NEWS_BESIDE_BODY } else { NEWS_BESIDE_ROW } {
            said.push_str("* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\n");
        }
        if uid == LAST {
            said.push_str("* 41 EXISTS\r\n");
        }
    }
    format!("{said}{tag} OK done\r\n")
}

#[tokio::test]
async fn a_message_that_can_not_be_given_hides_no_other() {
    let scripted = Scripted::start(GREETING, mailbox).await;
    let mut session = selected(&scripted).await;
    let fetched = mails(&mut session, &[1..=u32::MAX], 1_000).await.unwrap();
    let came: Vec<u32> = fetched.iter().map(|mail| mail.row.uid).collect();
    assert_eq!(came, (1..=LAST).filter(|uid| *uid != GONE).collect::<Vec<_>>());
    for mail in &fetched {
        let uid = mail.row.uid;
        let none = POISONED.contains(&uid) || uid == COUNTED_WRONGLY || uid == EMPTY;
        assert_eq!(mail.raw.as_deref(), (!none).then(|| format!("m{uid:04}")).as_ref().map(String::as_bytes), "{uid}");
        assert_eq!((mail.row.size, &mail.row.flags[..]), (5, &["\\Seen".to_owned()][..]));
    }
}

#[tokio::test]
async fn what_is_said_between_is_not_lost() {
    let scripted = Scripted::start(GREETING, mailbox).await;
    let mut session = selected(&scripted).await;
    for (uid, arrived, flags) in [(NEWS_BESIDE_ROW, false, true), (NEWS_BESIDE_BODY, false, true), (LAST, true, false)]
    {
        let fetched = mails(&mut session, &[uid..=uid], 1_000).await.unwrap();
        assert_eq!(fetched.iter().map(|mail| mail.row.uid).collect::<Vec<_>>(), [uid]);
        let end = session.idle(PATIENCE, &Notify::new()).await.unwrap();
        assert_eq!(end, IdleEnd::Changed(Noticed { arrived, gone: false, flags }), "{uid}");
    }
}

/// However fast the server gives them, and however slowly they are taken: one large mail waits, and no more.
#[tokio::test]
async fn large_mails_wait_for_each_other() {
    const BYTES: usize = 1024 * 1024;
    let scripted = Scripted::start(GREETING, |tag, command| match fetch(command) {
        Some((uids, items)) if items.contains("BODY") => {
            let body = "x".repeat(BYTES);
            let said = uids.iter().map(|uid| format!("* {uid} FETCH (UID {uid} BODY[] {{{BYTES}}}\r\n{body})\r\n"));
            format!("{}{tag} OK done\r\n", said.collect::<String>())
        }
        _ => mailbox(tag, command),
    })
    .await;
    let mut session = selected(&scripted).await;
    let (out, mut came) = tokio::sync::mpsc::channel::<engine::ports::FetchedMail>(32);
    // Time goes on when there is nothing left to do: all that can be handed on was.
    tokio::time::pause();
    let take = async {
        let mut uids = Vec::new();
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            assert!(came.len() <= 1, "{} large mails wait", came.len());
            let Some(mail) = came.recv().await else { return uids };
            assert_eq!(mail.raw.map(|raw| raw.len()), Some(BYTES));
            uids.push(mail.row.uid);
        }
    };
    let (asked, uids) = tokio::join!(session.mails(&[1..=6], 2 * BYTES as u64, out), take);
    asked.unwrap();
    assert_eq!(uids, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn the_last_message_is_no_news_to_whoever_asks_for_what_follows_it() {
    // RFC 9051 §9 (seq-range): `41:*` is `40:41` where 40 is the last.
    let last = |uid: u32| {
        format!(
            "* {uid} FETCH (FLAGS (\\Seen) UID {uid} INTERNALDATE \"29-Feb-2024 10:00:00 +0000\" RFC822.SIZE 5)\r\n"
        )
    };
    for (beside, noticed) in [("", None), ("* 3 FETCH (UID 3 FLAGS ())\r\n", Some(true))] {
        let scripted = Scripted::start(GREETING, move |tag, command| match command {
            "UID FETCH 41:* (UID FLAGS INTERNALDATE RFC822.SIZE)" => format!("{}{beside}{tag} OK done\r\n", last(LAST)),
            "NOOP" => format!("{tag} OK nothing\r\n"),
            _ => mailbox(tag, command),
        })
        .await;
        let mut session = selected(&scripted).await;
        let fetched = mails(&mut session, &[LAST + 1..=u32::MAX], 1_000).await.unwrap();
        assert_eq!(fetched.len(), 0);
        let end = session.idle(std::time::Duration::from_millis(1), &Notify::new()).await.unwrap();
        let expected =
            noticed.map_or(IdleEnd::Elapsed, |flags| IdleEnd::Changed(Noticed { arrived: false, gone: false, flags }));
        assert_eq!(end, expected, "{beside:?}");
    }
}

#[tokio::test]
async fn a_batch_without_trouble_costs_two_commands() {
    let scripted = Scripted::start(GREETING, mailbox).await;
    let mut session = selected(&scripted).await;
    let before = scripted.said().len();
    assert_eq!(mails(&mut session, &[1..=6, 8..=11], 1_000).await.unwrap().len(), 10);
    assert_eq!(
        scripted.said()[before..],
        ["UID FETCH 1:6,8:11 (UID FLAGS INTERNALDATE RFC822.SIZE)", "UID FETCH 1:6,8:11 (UID BODY.PEEK[])"]
    );
    // What is larger than wanted is not asked for.
    let before = scripted.said().len();
    let fetched = mails(&mut session, &[1..=2], 4).await.unwrap();
    assert!(fetched.len() == 2 && fetched.iter().all(|mail| mail.raw.is_none()));
    assert_eq!(scripted.said().len() - before, 1);
}

#[tokio::test]
async fn a_row_that_can_not_be_told_hides_no_other() {
    let scripted = Scripted::start(GREETING, |tag, command| match fetch(command) {
        Some((uids, items)) if items.contains("SIZE") && uids.contains(&7) => format!("{tag} NO broken\r\n"),
        _ => mailbox(tag, command),
    })
    .await;
    let mut session = selected(&scripted).await;
    let listed = rows(&mut session, None).await.unwrap();
    let mut came: Vec<u32> = listed.iter().map(|row| row.uid).collect();
    came.sort_unstable();
    assert_eq!(came, (1..=LAST).filter(|uid| *uid != GONE).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_server_that_can_not_just_now_poisons_nothing() {
    let scripted = Scripted::start(GREETING, |tag, command| match fetch(command) {
        Some((_, items)) if items.contains("BODY") => format!("{tag} NO [UNAVAILABLE] the store is away\r\n"),
        _ => mailbox(tag, command),
    })
    .await;
    let mut session = selected(&scripted).await;
    let failure = mails(&mut session, &[3..=3], 1_000).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (MailboxFailureKind::Refused, Some("UNAVAILABLE")));
}

#[tokio::test]
async fn silence_about_a_folder_is_not_taken_for_emptiness() {
    let scripted = Scripted::start(GREETING, |tag, command| match command {
        "UID SEARCH ALL" => format!("{tag} OK done\r\n"),
        "SELECT \"half\"" => format!("{tag} OK in\r\n"),
        _ => mailbox(tag, command),
    })
    .await;
    let mut session = selected(&scripted).await;
    assert_eq!(session.uids().await.unwrap_err().kind, MailboxFailureKind::Protocol);
    assert_eq!(session.select("half", None).await.unwrap_err().kind, MailboxFailureKind::Protocol);
}

#[tokio::test]
async fn an_answer_without_measure_is_refused() {
    let greeting = "* PREAUTH [CAPABILITY IMAP4rev1 ESEARCH] ready\r\n";
    let scripted = Scripted::start(greeting, |tag, command| match command {
        "UID SEARCH RETURN (ALL) ALL" => format!("* ESEARCH (TAG \"x\") UID ALL 1:4294967295\r\n{tag} OK done\r\n"),
        _ => mailbox(tag, command),
    })
    .await;
    let mut session = selected(&scripted).await;
    assert_eq!(session.uids().await.unwrap_err().kind, MailboxFailureKind::Protocol);
}

#[tokio::test]
async fn an_idle_that_is_refused_is_asked_for_no_more() {
    let greeting = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n";
    let scripted = Scripted::start(greeting, |tag, command| match command {
        "IDLE" => format!("{tag} NO not here\r\n"),
        "NOOP" => format!("* 41 EXISTS\r\n{tag} OK done\r\n"),
        _ => mailbox(tag, command),
    })
    .await;
    let mut session = selected(&scripted).await;
    let short = std::time::Duration::from_millis(1);
    for _ in 0..2 {
        let end = session.idle(short, &Notify::new()).await.unwrap();
        assert!(matches!(end, IdleEnd::Changed(noticed) if noticed.arrived), "{end:?}");
    }
    assert_eq!(scripted.said()[1..], ["IDLE", "NOOP", "NOOP"]);
}

#[tokio::test]
async fn everything_said_around_the_end_of_an_idle_is_noticed() {
    let greeting = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE] ready\r\n";
    let scripted = Scripted::start(greeting, |tag, command| match command {
        "IDLE" => "* OK still here\r\n+ idling\r\n* 41 EXISTS\r\n".to_owned(),
        "DONE" => format!("* 3 EXPUNGE\r\n* 5 FETCH (FLAGS (\\Seen))\r\n{tag} OK done\r\n"),
        _ => mailbox(tag, command),
    })
    .await;
    let mut session = selected(&scripted).await;
    let end = session.idle(PATIENCE, &Notify::new()).await.unwrap();
    assert!(matches!(end, IdleEnd::Changed(noticed) if noticed.arrived && noticed.gone && noticed.flags), "{end:?}");
}

#[tokio::test]
async fn what_is_known_after_login_counts_and_nothing_from_before() {
    let greeting = "* OK [CAPABILITY IMAP4rev1 IDLE MOVE] ready\r\n";
    for (answer, has_move) in [
        ("* CAPABILITY IMAP4rev1 MOVE\r\nTAG OK in\r\n", true),
        ("TAG OK [CAPABILITY IMAP4rev1] in\r\n", false),
        ("TAG OK in\r\n", true),
    ] {
        let scripted = Scripted::start(greeting, move |tag, command| {
            if command.starts_with("LOGIN") {
                answer.replace("TAG", tag)
            } else {
                format!("* CAPABILITY IMAP4rev1 MOVE\r\n{tag} OK done\r\n")
            }
        })
        .await;
        let session = open(&scripted).await.unwrap();
        assert_eq!((session.capabilities().r#move, session.capabilities().idle), (has_move, false), "{answer}");
        assert_eq!(scripted.said()[0], "LOGIN \"ann\" \"geheim\"");
    }
}

#[tokio::test]
async fn sign_in_takes_the_way_there_is_and_tells_a_wrong_password_from_a_bad_moment() {
    use MailboxFailureKind::{Refused, SignIn};
    for (greeting, answer, wanted) in [
        (
            "AUTH=PLAIN SASL-IR",
            "NO [AUTHENTICATIONFAILED] wrong",
            (SignIn, vec!["AUTHENTICATE PLAIN AGFubgBnZWhlaW0="]),
        ),
        ("AUTH=PLAIN SASL-IR", "NO [UNAVAILABLE] later", (Refused, vec!["AUTHENTICATE PLAIN AGFubgBnZWhlaW0="])),
        (
            "AUTH=PLAIN SASL-IR",
            "BAD what",
            (SignIn, vec!["AUTHENTICATE PLAIN AGFubgBnZWhlaW0=", "LOGIN \"ann\" \"geheim\""]),
        ),
        ("LOGINDISABLED", "NO", (SignIn, vec![])),
    ] {
        let scripted = Scripted::start(&format!("* OK [CAPABILITY IMAP4rev1 {greeting}] ready\r\n"), move |tag, _| {
            format!("{tag} {answer}\r\n")
        })
        .await;
        let failure = open(&scripted).await.err().unwrap();
        assert_eq!((failure.kind, scripted.said()), (wanted.0, wanted.1.into_iter().map(str::to_owned).collect()));
    }
    // Without SASL-IR the answer follows the server's leave.
    let scripted = Scripted::start("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n", |tag, command| match command {
        "AUTHENTICATE PLAIN" => "+ \r\n".to_owned(),
        "AGFubgBnZWhlaW0=" => format!("{tag} OK [CAPABILITY IMAP4rev1] in\r\n"),
        _ => format!("{tag} BAD\r\n"),
    })
    .await;
    open(&scripted).await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_refused_says_why() {
    for (mechanism, asks_for_the_verdict) in [("OAUTHBEARER", "AQ=="), ("XOAUTH2", "")] {
        let greeting = format!("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH={mechanism}] ready\r\n");
        let scripted = Scripted::start(&greeting, move |tag, command| {
            if command.starts_with(&format!("AUTHENTICATE {mechanism} ")) {
                // {"status":"401"}
                "+ eyJzdGF0dXMiOiI0MDEifQ==\r\n".to_owned()
            } else {
                format!("{tag} NO no\r\n")
            }
        })
        .await;
        let sign_in = MailboxSignIn::Bearer { username: "ann".to_owned(), token: "t".into() };
        let security = TransportSecurity::None;
        let to = MailboxServer {
            host: "localhost".to_owned(),
            port: scripted.port,
            security,
            sign_in,
            accept_invalid_certificates: false,
        };
        let failure = dialer(&TlsTrust::default()).open(&to).await.err().unwrap();
        assert_eq!(failure.kind, MailboxFailureKind::SignIn);
        assert!(failure.detail.contains(r#"{"status":"401"}"#), "{failure:?}");
        assert_eq!(scripted.said()[1], asks_for_the_verdict);
    }
}

#[tokio::test]
async fn nothing_said_before_tls_is_believed() {
    let greeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n";
    let scripted = Scripted::start(greeting, |tag, _| format!("{tag} OK begin\r\n* OK injected\r\n")).await;
    let to = server(scripted.port, TransportSecurity::Starttls, "ann", "geheim");
    let failure = dialer(&TlsTrust::default()).open(&to).await.err().unwrap();
    assert_eq!(failure.kind, MailboxFailureKind::Tls);
    assert!(failure.detail.contains("before TLS"), "{failure:?}");
    assert_eq!(scripted.said(), ["STARTTLS"]);

    for (greeting, wanted) in [("* BYE too many\r\n", "try again later"), ("220 smtp.example.org\r\n", "IMAP port")] {
        let scripted = Scripted::start(greeting, |tag, _| format!("{tag} BAD\r\n")).await;
        let to = server(scripted.port, TransportSecurity::Starttls, "ann", "geheim");
        let steps = dialer(&TlsTrust::default()).test(&to).await;
        assert_eq!(steps.len(), 1);
        assert!(!steps[0].ok && steps[0].hint.as_deref().unwrap_or_default().contains(wanted), "{steps:?}");
    }
}
