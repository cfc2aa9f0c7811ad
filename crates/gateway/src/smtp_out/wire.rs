//! Bytes to and replies from a smarthost, in clear or in TLS. Owns the socket and every wait on it.
//! Never knows what is being said.

use std::io;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::classify::Stage;
use super::failure::{Cause, SmtpFailure};
use super::reply::{Reply, ReplyParser};
use super::timeouts::LAST_WORDS;

/// Bytes written under one time limit.
const BLOCK_BYTES: usize = 64 * 1024;
const READ_BYTES: usize = 4 * 1024;

pub(super) struct Wire {
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    parser: ReplyParser,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: Either::Left(stream), parser: ReplyParser::default() }
    }

    /// Goes over to TLS.
    pub(super) async fn into_tls(
        self,
        connector: &TlsConnector,
        name: ServerName<'static>,
        limit: Duration,
    ) -> Result<Self, SmtpFailure> {
        let fail = |cause| SmtpFailure::new(Stage::StartTls, cause);
        if !self.parser.is_empty() {
            return Err(fail(Cause::BytesBeforeTls));
        }
        let Either::Left(stream) = self.stream else { return Ok(self) };
        let stream = timeout(limit, connector.connect(name, stream))
            .await
            .map_err(|_| fail(Cause::TimedOut(limit)))?
            .map_err(|error| fail(Cause::Tls(error)))?;
        Ok(Self { stream: Either::Right(Box::new(stream)), parser: ReplyParser::default() })
    }

    /// Protocol and cipher suite.
    pub(super) fn describe_tls(&self) -> Option<String> {
        let Either::Right(stream) = &self.stream else { return None };
        let connection = stream.get_ref().1;
        let version = match connection.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3",
            rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2",
            _ => "TLS",
        };
        let suite = connection.negotiated_cipher_suite().map_or_else(String::new, |s| format!("{:?}", s.suite()));
        Some(format!("{version}, {suite}"))
    }

    pub(super) async fn command(&mut self, line: &str, stage: Stage, limit: Duration) -> Result<Reply, SmtpFailure> {
        self.write(line.as_bytes(), stage, limit).await?;
        self.reply(stage, limit).await
    }

    /// Writes all, `limit` for each block. If the server stopped listening, its last words are the failure.
    pub(super) async fn write(&mut self, bytes: &[u8], stage: Stage, limit: Duration) -> Result<(), SmtpFailure> {
        let written = async {
            for block in bytes.chunks(BLOCK_BYTES) {
                timeout(limit, self.stream.write_all(block)).await.map_err(|_| None)?.map_err(Some)?;
            }
            timeout(limit, self.stream.flush()).await.map_err(|_| None)?.map_err(Some)
        };
        let error = match written.await {
            Ok(()) => return Ok(()),
            Err(None) => return Err(SmtpFailure::new(stage, Cause::TimedOut(limit))),
            Err(Some(error)) => error,
        };
        match self.reply(stage, LAST_WORDS).await {
            Ok(reply) if reply.is_transient() || reply.is_permanent() => {
                Err(SmtpFailure::new(stage, Cause::Answer(reply, None)))
            }
            _ => Err(SmtpFailure::new(stage, Cause::Lost(error))),
        }
    }

    /// The next reply, whole within `limit`.
    pub(super) async fn reply(&mut self, stage: Stage, limit: Duration) -> Result<Reply, SmtpFailure> {
        timeout(limit, self.read_reply())
            .await
            .unwrap_or(Err(Cause::TimedOut(limit)))
            .map_err(|cause| SmtpFailure::new(stage, cause))
    }

    /// QUIT, without waiting for more than its answer.
    pub(super) async fn quit(mut self, limit: Duration) {
        let farewell = async {
            self.stream.write_all(b"QUIT\r\n").await.ok()?;
            self.stream.flush().await.ok()?;
            self.read_reply().await.ok()?;
            self.stream.shutdown().await.ok()
        };
        // Whatever comes of it, the connection is closed.
        let _ = timeout(limit, farewell).await;
    }

    async fn read_reply(&mut self) -> Result<Reply, Cause> {
        loop {
            if let Some(reply) = self.parser.next_reply().map_err(Cause::NotSmtp)? {
                return Ok(reply);
            }
            let mut buffer = [0; READ_BYTES];
            let count = self.stream.read(&mut buffer).await.map_err(Cause::Lost)?;
            if count == 0 {
                return Err(Cause::Lost(io::ErrorKind::UnexpectedEof.into()));
            }
            self.parser.feed(buffer.get(..count).unwrap_or_default());
        }
    }
}
