//! STARTTLS over real sockets.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::super::SmtpInLimits;
use super::listener::{Client, Server};
use super::{ENVELOPE, Kept};
use crate::tls::ServerTls;

/// A server with a certificate of its own, and a client that trusts it.
async fn secure_server() -> (Server, TlsConnector) {
    let directory = tempfile::tempdir().expect("a directory");
    let tls = ServerTls::self_signed(directory.path(), "mx.inbox.test").expect("a certificate");
    let file = directory.path().join("smtp-self-signed.crt.pem");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file).expect("a certificate")).expect("added");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = Server::start_with(SmtpInLimits::DEFAULT, Kept::default(), Some(tls), false).await;
    (server, TlsConnector::from(Arc::new(config)))
}

#[tokio::test]
async fn a_mail_under_tls_says_so() {
    let (server, connector) = secure_server().await;
    let mut client = Client::connect(server.address).await;
    assert!(client.say("EHLO x.test").await.contains("250-STARTTLS"));
    assert!(client.say("STARTTLS").await.starts_with("220"));
    let name = ServerName::try_from("mx.inbox.test").expect("a name");
    let mut secured = connector.connect(name, client.stream).await.expect("a handshake");
    let stream = format!("{ENVELOPE}Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n");
    secured.write_all(stream.as_bytes()).await.expect("sent");
    let mut replies = String::new();
    secured.read_to_string(&mut replies).await.expect("closed as TLS asks for");
    assert!(replies.contains("250 2.0.0 accepted") && !replies.contains("STARTTLS"), "{replies}");
    let mail = &server.mails()[0];
    assert!(mail.arrival.tls && String::from_utf8_lossy(&mail.raw).contains("with ESMTPS id"));
    server.stop().await;
}

#[tokio::test]
async fn what_was_said_in_clear_behind_starttls_is_forgotten() {
    let (server, connector) = secure_server().await;
    let mut client = Client::connect(server.address).await;
    client.say("EHLO x.test").await;
    let injected = "STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<a@inbox.test>";
    assert!(client.say(injected).await.starts_with("220"));
    let name = ServerName::try_from("mx.inbox.test").expect("a name");
    let mut secured = connector.connect(name, client.stream).await.expect("a handshake");
    secured.write_all(b"DATA\r\nMAIL FROM:<s@x.test>\r\nQUIT\r\n").await.expect("sent");
    let mut replies = String::new();
    secured.read_to_string(&mut replies).await.expect("closed");
    let codes: Vec<&str> = replies.lines().filter_map(|line| line.get(..3)).collect();
    assert_eq!(codes, ["503", "503", "221"], "{replies}");
    server.stop().await;
}

#[tokio::test]
async fn a_failed_handshake_ends_the_connection_only() {
    let (server, _) = secure_server().await;
    let mut client = Client::connect(server.address).await;
    assert!(client.say("STARTTLS").await.starts_with("220"));
    client.stream.write_all(b"this is no handshake\r\n").await.expect("sent");
    let mut rest = Vec::new();
    let _ = client.stream.read_to_end(&mut rest).await;
    let mut next = Client::connect(server.address).await;
    assert!(next.say("NOOP").await.starts_with("250"));
    drop(next);
    server.stop().await;
}
