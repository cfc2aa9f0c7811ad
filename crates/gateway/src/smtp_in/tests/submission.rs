//! Submission: who may sign in and how, what needs it, and how guesses are slowed. The protocol machine alone, and real sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{SignInError, Submission, SubmitError, SubmittedMail};
use model::key::{Actor, Principal, Scope};
use model::{ApiKeyId, MessageId, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use super::super::dry_run::dry_run_of_submission;
use super::super::session::{Session, SessionConfig};
use super::super::{SmtpInConfig, SmtpInLimits, bind, serve_submission};
use super::listener::{Client, exchange};
use super::{NOW, config};
use crate::tls::ServerTls;

/// `\0user\0key`.
const PLAIN: &str = "AHVzZXIAa2V5";
const MAIL: &str = "MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nSubject: x\r\n\r\nhello\r\n.\r\n";

fn codes(stream: &str) -> Vec<String> {
    let run = dry_run_of_submission(stream.as_bytes(), stream.len());
    let text = String::from_utf8(run.replies).expect("ASCII");
    text.lines().filter(|line| line.get(3..4) == Some(" ")).map(|line| line[..3].to_owned()).collect()
}

#[test]
fn mail_needs_signing_in_and_signing_in_a_good_key() {
    for (stream, expected) in [
        (format!("EHLO x.test\r\n{MAIL}"), &["220", "250", "530", "503", "503", "500"][..]),
        (format!("EHLO x.test\r\nAUTH PLAIN {PLAIN}\r\n{MAIL}"), &["220", "250", "235", "250", "250", "354", "250"]),
        (format!("EHLO x.test\r\nAUTH PLAIN\r\n{PLAIN}\r\nNOOP\r\n"), &["220", "250", "334", "235", "250"]),
        ("EHLO x.test\r\nAUTH LOGIN\r\ndXNlcg==\r\na2V5\r\n".into(), &["220", "250", "334", "334", "235"]),
        ("EHLO x.test\r\nauth login dXNlcg==\r\na2V5\r\n".into(), &["220", "250", "334", "235"]),
        ("EHLO x.test\r\nAUTH LOGIN =\r\na2V5\r\n".into(), &["220", "250", "334", "235"]),
        ("EHLO x.test\r\nAUTH PLAIN AHVzZXIAd3Jvbmc=\r\n".into(), &["220", "250", "535"]),
        ("EHLO x.test\r\nAUTH PLAIN AHVzZXIA\r\n".into(), &["220", "250", "535"]),
        ("EHLO x.test\r\nAUTH PLAIN !!!\r\n".into(), &["220", "250", "501"]),
        ("EHLO x.test\r\nAUTH PLAIN dXNlcg==\r\n".into(), &["220", "250", "501"]),
        ("EHLO x.test\r\nAUTH PLAIN\r\n*\r\nNOOP\r\n".into(), &["220", "250", "334", "501", "250"]),
        ("EHLO x.test\r\nAUTH CRAM-MD5\r\n".into(), &["220", "250", "504"]),
        ("EHLO x.test\r\nAUTH\r\n".into(), &["220", "250", "501"]),
        (format!("HELO x.test\r\nAUTH PLAIN {PLAIN}\r\n"), &["220", "250", "503"]),
        (format!("AUTH PLAIN {PLAIN}\r\n"), &["220", "503"]),
        (format!("EHLO x.test\r\nAUTH PLAIN {PLAIN}\r\nAUTH PLAIN {PLAIN}\r\n"), &["220", "250", "235", "503"]),
    ] {
        let shown = codes(&stream);
        assert!(
            shown.iter().map(String::as_str).take(expected.len()).eq(expected.iter().copied()),
            "{stream}: {shown:?}"
        );
    }
}

#[test]
fn a_mail_comes_through_as_it_was_made() {
    let stream = format!("EHLO x.test\r\nAUTH PLAIN {PLAIN}\r\n{MAIL}");
    for piece in [1, 7, stream.len()] {
        let run = dry_run_of_submission(stream.as_bytes(), piece);
        assert_eq!(run.mails, [b"Subject: x\r\n\r\nhello\r\n".to_vec()]);
    }
    // What smuggles into receiving smuggles into sending.
    let smuggling = stream.replace("hello\r\n.\r\n", "hello\n.\nMAIL FROM:<evil@x.test>\r\n.\r\n");
    assert!(dry_run_of_submission(smuggling.as_bytes(), 64).mails.is_empty());
}

#[test]
fn a_key_is_not_said_in_clear_from_elsewhere() {
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let config = SessionConfig { submission: true, ..config(SmtpInLimits::DEFAULT) };
    let mut session = Session::new(Arc::new(config), elsewhere, 1);
    let say = |session: &mut Session, line: &str| {
        let mut out = Vec::new();
        let stream = format!("{line}\r\n");
        session.step(&mut stream.as_bytes(), NOW, &mut out);
        String::from_utf8(out).expect("ASCII")
    };
    assert!(!say(&mut session, "EHLO x.test").contains("AUTH"));
    assert!(say(&mut session, &format!("AUTH PLAIN {PLAIN}")).starts_with("538"));
    session.secured();
    assert!(say(&mut session, "EHLO x.test").contains("250-AUTH PLAIN LOGIN\r\n"));
    assert!(say(&mut session, "AUTH PLAIN").starts_with("334"));
}

/// Knows the key `key`; refuses mail from `<no@x.test>`.
#[derive(Default)]
struct Kept(Mutex<Vec<SubmittedMail>>);

#[async_trait]
impl Submission for Kept {
    async fn sign_in(&self, key: &SecretString) -> Result<Principal, SignInError> {
        if key.expose_secret() != "key" {
            return Err(SignInError::Refused("no key of ours".into()));
        }
        Ok(Principal {
            workspace_id: WorkspaceId::generate(),
            actor: Actor::Key(ApiKeyId::generate()),
            scopes: vec![Scope::MessagesSend],
            channel_id: None,
        })
    }

    async fn submit(&self, _: &Principal, mail: SubmittedMail) -> Result<MessageId, SubmitError> {
        if mail.mail_from == "no@x.test" {
            return Err(SubmitError::refused("5.7.1", "not as \u{e4}\r\n250 you"));
        }
        self.0.lock().expect("a lock").push(mail);
        Ok(MessageId::generate())
    }
}

async fn start(limits: SmtpInLimits) -> (SocketAddr, Arc<Kept>, CancellationToken) {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let directory = tempfile::tempdir().expect("a directory");
    let tls = ServerTls::self_signed(directory.path(), "mx.inbox.test").expect("a certificate");
    let config = SmtpInConfig {
        hostname: "mx.inbox.test".into(),
        inbound_domain: "inbox.test".into(),
        limits,
        tls: Some(tls),
        proxy_protocol: false,
        implicit_tls: false,
    };
    let (kept, shutdown) = (Arc::new(Kept::default()), CancellationToken::new());
    tokio::spawn(serve_submission(listener, config, kept.clone(), shutdown.clone()));
    (address, kept, shutdown)
}

#[tokio::test]
async fn what_is_taken_has_its_id_in_the_answer_and_what_is_refused_its_reason() {
    let (address, kept, shutdown) = start(SmtpInLimits::DEFAULT).await;
    let stream =
        format!("EHLO x.test\r\nAUTH PLAIN {PLAIN}\r\n{MAIL}{}QUIT\r\n", MAIL.replace("a@x.test", "no@x.test"));
    let replies = exchange(address, stream.as_bytes()).await;
    assert!(replies.contains("250 2.0.0 Ok: queued as msg_"), "{replies}");
    assert!(replies.contains("550 5.7.1 not as ???250 you\r\n"), "{replies}");
    let mails = kept.0.lock().expect("a lock").clone();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].mail_from.as_str(), mails[0].recipients.as_slice()),
        ("a@x.test", &["b@y.test".to_owned()][..])
    );
    shutdown.cancel();
}

#[tokio::test]
async fn who_guesses_too_often_is_shown_out() {
    let limits =
        SmtpInLimits { sign_in_delay: Duration::from_millis(1), failed_sign_ins_max: 3, ..SmtpInLimits::DEFAULT };
    let (address, _, shutdown) = start(limits).await;
    let mut client = Client::connect(address).await;
    client.say("EHLO x.test").await;
    for _ in 0..3 {
        assert!(client.say("AUTH PLAIN AHVzZXIAd3Jvbmc=").await.starts_with("535 5.7.8"));
    }
    assert!(client.say("AUTH PLAIN AHVzZXIAd3Jvbmc=").await.starts_with("421 4.7.0"));
    let mut again = Client::connect(address).await;
    again.say("EHLO x.test").await;
    assert!(again.say(&format!("AUTH PLAIN {PLAIN}")).await.starts_with("421"), "even with a good key");
    shutdown.cancel();
}
