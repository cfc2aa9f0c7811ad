//! How long the listener waits. The clock stands still but for timers, and the wire is in memory, so times are exact.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::listener::{Door, Shared};
use super::super::{SmtpInConfig, SmtpInLimits};
use super::listener::{Client, Server};
use super::{DOMAIN, Kept};

const LIMITS: SmtpInLimits = SmtpInLimits::DEFAULT;

/// A client at the other end of a wire in memory.
async fn client(kept: Kept) -> Client<DuplexStream> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let config = SmtpInConfig {
        hostname: "mx.inbox.test".into(),
        inbound_domain: DOMAIN.into(),
        limits: LIMITS,
        tls: None,
        proxy_protocol: false,
        implicit_tls: false,
    };
    let shared = Arc::new(Shared::new(config, Door::In(Arc::new(kept)), None, CancellationToken::new()));
    tokio::spawn(shared.receive(theirs, IpAddr::V4(Ipv4Addr::LOCALHOST)));
    Client::greeted(ours).await
}

#[tokio::test(start_paused = true)]
async fn silence_is_answered_with_421_after_the_time_for_each_phase() {
    let cases = [
        (None, LIMITS.command_timeout),
        (Some(""), LIMITS.data_initiation_timeout),
        (Some("half"), LIMITS.data_block_timeout),
    ];
    for (content, expected) in cases {
        let mut client = client(Kept::default()).await;
        if let Some(content) = content {
            client.begin_mail().await;
            client.stream.write_all(content.as_bytes()).await.expect("sent");
        }
        let started = Instant::now();
        assert!(client.reply().await.starts_with("421 4.4.2"), "{content:?}");
        assert_eq!(started.elapsed().as_secs(), expected.as_secs(), "{content:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_keeps_a_mail_alive() {
    let mut client = client(Kept::default()).await;
    client.begin_mail().await;
    client.stream.write_all(b"x").await.expect("sent");
    for _ in 0..10 {
        tokio::time::sleep(LIMITS.data_block_timeout - Duration::from_secs(1)).await;
        client.stream.write_all(b"x").await.expect("sent");
    }
    assert!(client.say("\r\n.").await.starts_with("250"));
}

#[tokio::test(start_paused = true)]
async fn a_mailroom_that_never_answers_is_451_in_the_end() {
    let mut client = client(Kept { gate: Some(Arc::new(Semaphore::new(0))), ..Kept::default() }).await;
    client.begin_mail().await;
    let started = Instant::now();
    assert!(client.say("x\r\n.").await.starts_with("451 4.3.0"));
    assert_eq!(started.elapsed().as_secs(), LIMITS.accept_timeout.as_secs());
    assert!(client.say("NOOP").await.starts_with("250"));
}

#[tokio::test]
async fn a_mail_that_never_ends_does_not_hold_a_shutdown_up() {
    let limits = SmtpInLimits { shutdown_grace: Duration::ZERO, ..LIMITS };
    let server = Server::start(limits).await;
    let mut client = Client::connect(server.address).await;
    client.begin_mail().await;
    server.stop().await;
    assert_eq!(client.reply().await, "");
}
