//! The whole listener over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use engine::ports::{AcceptError, InboundMail};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::{SmtpInConfig, SmtpInLimits, bind, serve};
use super::{DOMAIN, ENVELOPE, Kept};
use crate::auth::Authenticator;
use crate::tls::ServerTls;

/// A listener on a free port, with a mailroom that keeps what it gets.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    kept: Arc<Kept>,
    shutdown: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(super) async fn start(limits: SmtpInLimits) -> Self {
        Self::start_with(limits, Kept::default(), None, false).await
    }

    /// One that verifies senders.
    pub(super) async fn start_verifying(auth: Authenticator) -> Self {
        Self::start_all(SmtpInLimits::DEFAULT, Kept::default(), None, false, Some(Arc::new(auth))).await
    }

    pub(super) async fn start_with(limits: SmtpInLimits, kept: Kept, tls: Option<ServerTls>, proxy: bool) -> Self {
        Self::start_all(limits, kept, tls, proxy, None).await
    }

    async fn start_all(
        limits: SmtpInLimits,
        kept: Kept,
        tls: Option<ServerTls>,
        proxy: bool,
        auth: Option<Arc<Authenticator>>,
    ) -> Self {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let config = SmtpInConfig {
            hostname: "mx.inbox.test".into(),
            inbound_domain: DOMAIN.into(),
            limits,
            tls,
            proxy_protocol: proxy,
            implicit_tls: false,
        };
        let kept = Arc::new(kept);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(listener, config, kept.clone(), auth, shutdown.clone()));
        Self { address, kept, shutdown, task }
    }

    pub(super) fn mails(&self) -> Vec<InboundMail> {
        self.kept.mails.lock().expect("a lock").clone()
    }

    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("no panic").expect("no error");
    }
}

/// Sends everything at once and reads until the listener closes.
pub(super) async fn exchange(address: SocketAddr, stream: &[u8]) -> String {
    let mut client = TcpStream::connect(address).await.expect("connected");
    client.write_all(stream).await.expect("sent");
    let mut replies = String::new();
    client.read_to_string(&mut replies).await.expect("replies");
    replies
}

/// A client that waits for each reply.
pub(super) struct Client<S> {
    pub(super) stream: S,
}

impl Client<TcpStream> {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self::greeted(TcpStream::connect(address).await.expect("connected")).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(super) async fn greeted(stream: S) -> Self {
        let mut client = Self { stream };
        assert!(client.reply().await.starts_with("220"));
        client
    }

    /// One reply, all its lines; empty once the listener has closed.
    pub(super) async fn reply(&mut self) -> String {
        let mut text = String::new();
        let mut byte = [0];
        loop {
            match self.stream.read(&mut byte).await {
                Ok(1) => text.push(char::from(byte[0])),
                _ => return text,
            }
            let last = text.lines().last().unwrap_or_default();
            if text.ends_with('\n') && last.get(3..4) == Some(" ") {
                return text;
            }
        }
    }

    pub(super) async fn say(&mut self, line: &str) -> String {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("sent");
        self.reply().await
    }

    pub(super) async fn begin_mail(&mut self) {
        for (line, code) in [
            ("EHLO x.test", "250"),
            ("MAIL FROM:<s@x.test>", "250"),
            ("RCPT TO:<a@inbox.test>", "250"),
            ("DATA", "354"),
        ] {
            assert!(self.say(line).await.starts_with(code));
        }
    }
}

fn whole_mail() -> Vec<u8> {
    format!("{ENVELOPE}Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n").into_bytes()
}

#[tokio::test]
async fn a_mail_sent_in_one_packet_is_accepted_with_its_id() {
    let server = Server::start(SmtpInLimits::DEFAULT).await;
    let replies = exchange(server.address, &whole_mail()).await;
    assert!(replies.contains("250 2.0.0 accepted msg_"), "{replies}");
    let mails = server.mails();
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert!(mail.raw.ends_with(b"Subject: x\r\n\r\nhello\r\n"));
    assert!(mail.raw.starts_with(b"Return-Path: <s@x.test>\r\nReceived: from x.test ([127.0.0.1])"));
    assert_eq!(mail.arrival.mail_from, "s@x.test");
    assert_eq!(mail.arrival.peer, Some(std::net::IpAddr::from([127, 0, 0, 1])));
    assert!(!mail.arrival.tls);
    server.stop().await;
}

#[tokio::test]
async fn a_large_mail_comes_through_whole() {
    let server = Server::start(SmtpInLimits::DEFAULT).await;
    let body: String = (0..200_000).map(|line| format!(".{line} a line with a dot before it\r\n")).collect();
    let stuffed = body.replace("\r\n.", "\r\n..");
    let replies = exchange(server.address, format!("{ENVELOPE}.{stuffed}.\r\nQUIT\r\n").as_bytes()).await;
    assert!(replies.contains("250 2.0.0 accepted"), "{replies}");
    assert!(server.mails()[0].raw.ends_with(body.as_bytes()));
    server.stop().await;
}

#[tokio::test]
async fn what_the_mailroom_says_is_what_the_client_hears() {
    let cases = [
        (AcceptError::Unavailable("disk".into()), "451 4.3.0"),
        (AcceptError::Refused("not\r\nthis".into()), "554 5.6.0 the mail is refused: not??this"),
    ];
    for (error, reply) in cases {
        let kept = Kept { fails: Some(error), ..Kept::default() };
        let server = Server::start_with(SmtpInLimits::DEFAULT, kept, None, false).await;
        let replies = exchange(server.address, &whole_mail()).await;
        assert!(replies.contains(reply), "{replies}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_while_its_mail_is_stored_breaks_nothing() {
    let gate = Arc::new(Semaphore::new(0));
    let kept = Kept { gate: Some(gate.clone()), ..Kept::default() };
    let server = Server::start_with(SmtpInLimits::DEFAULT, kept, None, false).await;
    let mut client = Client::connect(server.address).await;
    client.begin_mail().await;
    client.stream.write_all(b"x\r\n.\r\n").await.expect("sent");
    drop(client);
    gate.add_permits(2);
    assert!(exchange(server.address, &whole_mail()).await.contains("250 2.0.0 accepted"));
    while server.mails().len() < 2 {
        tokio::task::yield_now().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_are_limited_in_all_and_by_address() {
    let cases = [
        (SmtpInLimits { connections_max: 1, ..SmtpInLimits::DEFAULT }, "421 4.3.2"),
        (SmtpInLimits { connections_per_address_max: 1, ..SmtpInLimits::DEFAULT }, "421 4.7.0"),
    ];
    for (limits, reply) in cases {
        let server = Server::start(limits).await;
        let first = Client::connect(server.address).await;
        assert!(exchange(server.address, b"").await.starts_with(reply));
        drop(first);
        // The place is free once the listener has seen the first one go.
        let mut later = exchange(server.address, b"QUIT\r\n").await;
        while !later.starts_with("220") {
            tokio::task::yield_now().await;
            later = exchange(server.address, b"QUIT\r\n").await;
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_mail_beyond_the_memory_of_all_sessions_is_put_off() {
    let limits = SmtpInLimits { held_bytes_max: 100_000, ..SmtpInLimits::DEFAULT };
    let server = Server::start(limits).await;
    let stream = format!("{ENVELOPE}{}.\r\n{}small\r\n.\r\nQUIT\r\n", "x\r\n".repeat(100_000), &ENVELOPE[13..]);
    let replies = exchange(server.address, stream.as_bytes()).await;
    assert!(replies.contains("452 4.3.1") && replies.contains("250 2.0.0 accepted"), "{replies}");
    assert_eq!(server.mails().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn the_proxy_header_names_the_client_and_is_required() {
    let server = Server::start_with(SmtpInLimits::DEFAULT, Kept::default(), None, true).await;
    let proxied = [b"PROXY TCP4 192.0.2.9 127.0.0.1 4096 25\r\n".to_vec(), whole_mail()].concat();
    assert!(exchange(server.address, &proxied).await.contains("250 2.0.0 accepted"));
    assert_eq!(server.mails()[0].arrival.peer, Some(std::net::IpAddr::from([192, 0, 2, 9])));
    let mut bare = TcpStream::connect(server.address).await.expect("connected");
    bare.write_all(b"EHLO x.test\r\n").await.expect("sent");
    let mut replies = Vec::new();
    let _ = bare.read_to_end(&mut replies).await;
    assert_eq!(replies, b"");
    server.stop().await;
}

#[tokio::test]
async fn shutdown_sends_idle_sessions_away_and_lets_a_mail_finish() {
    let server = Server::start(SmtpInLimits::DEFAULT).await;
    let mut idle = Client::connect(server.address).await;
    let mut busy = Client::connect(server.address).await;
    busy.begin_mail().await;
    busy.stream.write_all(b"half").await.expect("sent");
    server.shutdown.cancel();
    assert!(idle.reply().await.starts_with("421 4.3.2"));
    busy.stream.write_all(b" and half\r\n.\r\n").await.expect("sent");
    assert!(busy.reply().await.starts_with("250 2.0.0"));
    assert!(busy.reply().await.starts_with("421 4.3.2"));
    assert_eq!(server.mails().len(), 1);
    assert!(TcpStream::connect(server.address).await.is_err());
    server.stop().await;
}
