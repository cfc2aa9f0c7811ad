//! The IMAP client as the product uses it, against a real Dovecot with all of its extensions and with hardly any, and against
//! scripted servers for what a Dovecot does not do.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on has failed, and says where")]

mod against_dovecot;
mod compressing;
mod connecting;
mod quirks;
mod refusals;
mod scripted;

use bytes::Bytes;
use engine::ports::{
    FetchedMail, MailboxDialer as _, MailboxResult, MailboxRow, MailboxServer, MailboxSession, MailboxSignIn,
};
use model::channel::TransportSecurity;
use postroom_gateway::guard::Guard;
use postroom_gateway::imap::ImapDialer;
use postroom_gateway::tls_client::TlsTrust;
use tokio::sync::mpsc;

type Session = Box<dyn MailboxSession>;

fn dialer(trust: &TlsTrust) -> ImapDialer {
    ImapDialer::new(Guard::new(true), trust, "1.2.3").unwrap()
}

fn server(port: u16, security: TransportSecurity, user: &str, password: &str) -> MailboxServer {
    let sign_in = MailboxSignIn::Password { username: user.to_owned(), password: password.into() };
    MailboxServer { host: "localhost".to_owned(), port, security, sign_in, accept_invalid_certificates: false }
}

/// In clear.
async fn open(port: u16, user: &str) -> Session {
    let server = server(port, TransportSecurity::None, user, servers::PASSWORD);
    dialer(&TlsTrust::default()).open(&server).await.unwrap()
}

async fn rows(session: &mut Session, changed_since: Option<u64>) -> MailboxResult<Vec<MailboxRow>> {
    let (out, mut came) = mpsc::channel(1);
    let collect = async {
        let mut rows = Vec::new();
        while let Some(row) = came.recv().await {
            rows.push(row);
        }
        rows
    };
    let (asked, rows) = tokio::join!(session.rows(1..=u32::MAX, changed_since, out), collect);
    asked.map(|()| rows)
}

async fn mails(
    session: &mut Session,
    uids: &[std::ops::RangeInclusive<u32>],
    bytes_max: u64,
) -> MailboxResult<Vec<FetchedMail>> {
    let (out, mut came) = mpsc::channel(1);
    let collect = async {
        let mut mails = Vec::new();
        while let Some(mail) = came.recv().await {
            mails.push(mail);
        }
        mails.sort_by_key(|mail: &FetchedMail| mail.row.uid);
        mails
    };
    let (asked, mails) = tokio::join!(session.mails(uids, bytes_max, out), collect);
    asked.map(|()| mails)
}

fn mail(subject: &str, body: &str) -> Bytes {
    format!("From: Bo <bo@example.org>\r\nSubject: {subject}\r\n\r\n{body}\r\n").into()
}
