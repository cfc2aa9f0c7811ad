//! COMPRESS=DEFLATE against a Dovecot, and against servers that mean ill with it or refuse it.

use engine::ports::{IdleEnd, MailboxFailureKind};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use servers::PATIENCE;
use servers::dovecot::Dovecot;
use servers::proxy::Proxy;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::scripted::Scripted;
use crate::{mail, mails, open};

const GREETING: &str = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE COMPRESS=DEFLATE] ready\r\n";
const SELECTED: &str = "* 1 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 2] x\r\n";
const LARGE: &str = "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 2000000)\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn much_mail_comes_compressed_and_everything_goes_on_after_it() {
    let dovecot = Dovecot::start().await;
    let proxy = Proxy::start(dovecot.port).await;
    let mut session = open(proxy.port, "ann").await;
    let raw = |number: usize| mail(&number.to_string(), &format!("line {number}, like others\r\n").repeat(5_000));
    for number in 0..30 {
        session.append("INBOX", &[], None, raw(number)).await.unwrap();
    }
    session.select("INBOX", None).await.unwrap();
    let before = proxy.bytes();
    let fetched = mails(&mut session, &[1..=u32::MAX], 1_000_000).await.unwrap();
    let bytes: usize = fetched.iter().filter_map(|mail| mail.raw.as_ref()).map(bytes::Bytes::len).sum();
    assert_eq!(fetched.len(), 30);
    for (number, fetched) in fetched.into_iter().enumerate() {
        assert_eq!(fetched.raw, Some(raw(number)));
    }
    assert!(bytes > 3_000_000 && (proxy.bytes() - before) * 10 < bytes as u64, "{}", proxy.bytes() - before);
    // Commands with large literals, and news in an IDLE.
    session.append("INBOX", &[], None, raw(30)).await.unwrap();
    assert_eq!(mails(&mut session, &[31..=31], 1_000_000).await.unwrap()[0].raw, Some(raw(30)));
    let mut other = open(dovecot.port, "ann").await;
    let (end, appended) = tokio::join!(
        async {
            loop {
                match session.idle(PATIENCE, &Notify::new()).await.unwrap() {
                    IdleEnd::Changed(noticed) if noticed.arrived => return true,
                    IdleEnd::Changed(_) => {}
                    _ => return false,
                }
            }
        },
        other.append("INBOX", &[], None, raw(31))
    );
    appended.unwrap();
    assert!(end);
    other.logout().await;
    session.logout().await;
}

#[tokio::test]
async fn little_mail_is_not_worth_it_and_a_refusal_is_no_failure() {
    let scripted = Scripted::start(GREETING, |tag, command| match command {
        "COMPRESS DEFLATE" => format!("{tag} NO [COMPRESSIONACTIVE] no\r\n"),
        command if command.contains("BODY") => format!("* 1 FETCH (UID 1 BODY[] {{5}}\r\nhello)\r\n{tag} OK done\r\n"),
        command if command.contains("UID FETCH 1 ") => format!("{LARGE}{tag} OK done\r\n"),
        command if command.starts_with("UID FETCH") => {
            format!("* 1 FETCH (UID 2 FLAGS () RFC822.SIZE 5)\r\n{tag} OK done\r\n")
        }
        _ => format!("{SELECTED}{tag} OK done\r\n"),
    })
    .await;
    let mut session = open(scripted.port, "ann").await;
    session.select("INBOX", None).await.unwrap();
    mails(&mut session, &[2..=2], 10_000_000).await.unwrap();
    assert!(!scripted.said().contains(&"COMPRESS DEFLATE".to_owned()));
    for _ in 0..2 {
        assert_eq!(mails(&mut session, &[1..=1], 10_000_000).await.unwrap()[0].raw, Some("hello".into()));
    }
    assert_eq!(scripted.said().iter().filter(|command| *command == "COMPRESS DEFLATE").count(), 1);
}

/// Greets, and answers until COMPRESS; `then` is what it says compressed.
async fn compressing(then: impl Fn(&mut dyn FnMut(&[u8]) -> Vec<u8>) -> Vec<Vec<u8>> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(GREETING.as_bytes()).await.unwrap();
        let mut line = String::new();
        while stream.read_line(&mut line).await.unwrap() > 0 {
            let (tag, command) = line.trim_end().split_once(' ').unwrap();
            let said = if command.starts_with("UID FETCH") { LARGE } else { SELECTED };
            stream.get_mut().write_all(format!("{said}{tag} OK done\r\n").as_bytes()).await.unwrap();
            if command == "COMPRESS DEFLATE" {
                break;
            }
            line.clear();
        }
        // What the client says from here on is DEFLATE, too.
        let mut come = [0; 4_096];
        let count = stream.read(&mut come).await.unwrap();
        let mut said = Vec::with_capacity(4_096);
        Decompress::new(false).decompress_vec(&come[..count], &mut said, FlushDecompress::Sync).unwrap();
        assert!(String::from_utf8(said).unwrap().contains("UID FETCH 1 (UID BODY.PEEK[])"));
        let mut deflate = Compress::new(Compression::fast(), false);
        let mut compressed = |bytes: &[u8]| {
            let mut out = Vec::with_capacity(bytes.len() + 1_024);
            deflate.compress_vec(bytes, &mut out, FlushCompress::Sync).unwrap();
            out
        };
        for some in then(&mut compressed) {
            if stream.get_mut().write_all(&some).await.is_err() {
                return;
            }
        }
        // Stays, so that silence is what the client sees.
        std::future::pending::<()>().await;
    });
    port
}

async fn failure_of(port: u16) -> engine::ports::MailboxFailure {
    let mut session = open(port, "ann").await;
    session.select("INBOX", None).await.unwrap();
    mails(&mut session, &[1..=1], 10_000_000).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_bytes_that_stand_for_gigabytes_are_given_up() {
    const MEBIBYTE: usize = 1024 * 1024;
    let port = compressing(|compressed| {
        let begin = compressed(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n");
        let zeros = vec![0; MEBIBYTE];
        std::iter::once(begin).chain((0..300).map(|_| compressed(&zeros))).collect()
    })
    .await;
    let failure = failure_of(port).await;
    assert_eq!(failure.kind, MailboxFailureKind::Protocol);
    assert!(failure.detail.contains("without an end"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_deflate_is_given_up() {
    // A block of the kind that there is not (RFC 1951 §3.2.3).
    let port = compressing(|_| vec![vec![0b110]]).await;
    let failure = failure_of(port).await;
    assert_eq!(failure.kind, MailboxFailureKind::Protocol);
    assert!(failure.detail.contains("compressed"), "{failure:?}");
}
