//! An SMTP client that sends exactly the bytes it is told to, so that it can break the rules as well.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::postroom_process::PATIENCE;

trait Stream: AsyncBufRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncBufRead + AsyncWrite + Unpin + Send> Stream for T {}

pub struct SmtpClient {
    stream: Box<dyn Stream>,
    /// Without TLS, the connection itself: STARTTLS needs it back.
    plain: bool,
    pub greeting: Reply,
}

/// A reply, all lines of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub lines: Vec<String>,
}

impl Reply {
    /// The reply if it begins like this (`550 5.1.1`); else the test fails and shows it.
    #[track_caller]
    pub fn expect(self, start: &str) -> Self {
        assert!(format!("{self}").starts_with(start), "expected {start}, got {self}");
        self
    }

    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.lines.iter().any(|line| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.lines.join(" / "))
    }
}

impl SmtpClient {
    /// Connect and read the greeting; no EHLO yet.
    pub async fn connect(server: SocketAddr) -> Self {
        Self::try_connect(server).await.unwrap_or_else(|error| panic!("SMTP to {server}: {error}"))
    }

    pub async fn try_connect(server: SocketAddr) -> std::io::Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(server)).await??;
        stream.set_nodelay(true)?;
        let greeting = Reply { code: 0, lines: Vec::new() };
        let mut client = Self { stream: Box::new(BufReader::new(stream)), plain: true, greeting };
        client.greeting = client.try_read().await?;
        Ok(client)
    }

    /// Connect, be greeted and say EHLO.
    pub async fn ready(server: SocketAddr) -> Self {
        let mut client = Self::connect(server).await;
        client.greeting.clone().expect("220");
        client.command("EHLO client.example.test").await.expect("250");
        client
    }

    /// Send a line and read the reply.
    pub async fn command(&mut self, line: &str) -> Reply {
        self.try_command(line).await.unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    pub async fn try_command(&mut self, line: &str) -> std::io::Result<Reply> {
        self.try_write(format!("{line}\r\n").as_bytes()).await?;
        self.try_read().await
    }

    /// Send bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).await.expect("send");
    }

    pub async fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await??;
        timeout(PATIENCE, self.stream.flush()).await?
    }

    pub async fn read(&mut self) -> Reply {
        self.try_read().await.expect("a reply")
    }

    pub async fn try_read(&mut self) -> std::io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if timeout(PATIENCE, self.stream.read_line(&mut line)).await?? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end();
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let code = code.ok_or_else(|| std::io::Error::other(format!("not a reply: {line:?}")))?;
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
        }
    }

    /// MAIL, RCPT for each, DATA and the mail: the reply to the mail, or the first refusal.
    pub async fn transaction(&mut self, from: &str, recipients: &[&str], mail: &[u8]) -> Reply {
        self.try_transaction(from, recipients, mail).await.expect("an SMTP transaction")
    }

    pub async fn try_transaction(&mut self, from: &str, recipients: &[&str], mail: &[u8]) -> std::io::Result<Reply> {
        let reply = self.try_command(&format!("MAIL FROM:<{from}>")).await?;
        if reply.code != 250 {
            return Ok(reply);
        }
        for recipient in recipients {
            let reply = self.try_command(&format!("RCPT TO:<{recipient}>")).await?;
            if reply.code != 250 {
                return Ok(reply);
            }
        }
        let reply = self.try_command("DATA").await?;
        if reply.code != 354 {
            return Ok(reply);
        }
        self.try_write(&dot_stuffed(mail)).await?;
        self.try_read().await
    }

    /// STARTTLS without asking who the server is.
    pub async fn start_tls(self) -> Self {
        assert!(self.plain, "already encrypted");
        let mut client = self;
        client.command("STARTTLS").await.expect("220");
        crate::api::http_client(); // installs the crypto provider
        let config = rustls::ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate))
            .with_no_client_auth();
        let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, client.stream).await.expect("a TLS handshake");
        Self { stream: Box::new(BufReader::new(stream)), plain: false, greeting: client.greeting }
    }
}

/// Send one mail over a connection of its own; the reply to it, or the first refusal.
pub async fn send(server: SocketAddr, from: &str, recipient: &str, mail: impl AsRef<[u8]>) -> Reply {
    let mut client = SmtpClient::ready(server).await;
    let reply = client.transaction(from, &[recipient], mail.as_ref()).await;
    let _ = client.try_command("QUIT").await;
    reply
}

/// The mail as it goes over the wire after DATA, final dot included (RFC 5321 §4.5.2).
pub fn dot_stuffed(mail: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(mail.len() + 64);
    let mut at_line_start = true;
    for &byte in mail {
        if at_line_start && byte == b'.' {
            wire.push(b'.');
        }
        wire.push(byte);
        at_line_start = byte == b'\n';
    }
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Opportunistic TLS: senders of mail take any certificate of a server they would also talk to in the clear.
#[derive(Debug)]
struct AnyCertificate;

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
