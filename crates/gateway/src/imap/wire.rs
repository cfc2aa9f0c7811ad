//! Bytes to and responses from an IMAP server, in clear or in TLS. Owns the socket and every wait on it; never knows what is
//! being said.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use engine::ports::{MailboxFailure, MailboxFailureKind, MailboxResult};
use model::limits::MESSAGE_BYTES_MAX;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::command::{Command, Part};
use super::deflate::{self, Inflating};
use super::failure;
use super::response::{Condition, Reader, Response};

/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1024;
/// Bytes written under one time limit.
const BLOCK_BYTES: usize = 64 * 1024;
/// A message, and what a careless server counts wrongly.
const LITERAL_BYTES_MAX: usize = MESSAGE_BYTES_MAX as usize + 1024 * 1024;
/// Bytes inflated for one response. Its literals are limited anyway, but what is let go of them has to be inflated, too: a few bytes
/// stand for a thousand.
const INFLATED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// RFC 7888 §5: what LITERAL- lets through without leave.
const LITERAL_MINUS_BYTES_MAX: usize = 4_096;

/// Which literals are sent without waiting for leave (RFC 7888).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Literals {
    #[default]
    Synchronizing,
    /// LITERAL-: short ones.
    Minus,
    /// LITERAL+: all.
    Plus,
}

impl Literals {
    const fn need_leave(self, bytes: usize) -> bool {
        match self {
            Self::Synchronizing => true,
            Self::Minus => bytes > LITERAL_MINUS_BYTES_MAX,
            Self::Plus => false,
        }
    }
}

pub(super) struct Wire {
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    reader: Reader,
    /// Both sides compress.
    inflating: Option<Box<Inflating>>,
    /// Bytes inflated since the last response.
    inflated_bytes: u64,
    tags: u32,
    pub literals: Literals,
    /// Bytes read in all, as they are when they are inflated.
    pub read_bytes: u64,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream: Either::Left(stream),
            reader: Reader::new(LITERAL_BYTES_MAX),
            inflating: None,
            inflated_bytes: 0,
            tags: 0,
            literals: Literals::default(),
            read_bytes: 0,
        }
    }

    pub(super) const fn is_tls(&self) -> bool {
        matches!(self.stream, Either::Right(_))
    }

    /// Goes over to TLS; what was already sent in clear is not taken over (RFC 9051 §11.1).
    pub(super) async fn into_tls(
        self,
        connector: &TlsConnector,
        name: ServerName<'static>,
        limit: Duration,
    ) -> MailboxResult<Self> {
        if !self.reader.is_empty() {
            let detail = "the server said more before TLS began, which nothing protects";
            return Err(failure::plain(MailboxFailureKind::Tls, detail, None));
        }
        let Either::Left(stream) = self.stream else { return Ok(self) };
        let stream = timeout(limit, connector.connect(name, stream))
            .await
            .map_err(|_| failure::timeout(limit))?
            .map_err(|error| failure::tls(&error))?;
        let stream = Either::Right(Box::new(stream));
        let literals = Literals::default();
        Ok(Self {
            stream,
            reader: Reader::new(LITERAL_BYTES_MAX),
            inflating: None,
            inflated_bytes: 0,
            tags: self.tags,
            literals,
            read_bytes: self.read_bytes,
        })
    }

    /// From here on both sides compress (RFC 4978); what was read behind the answer is compressed already.
    pub(super) fn compress(&mut self) {
        self.inflating = Some(Box::new(Inflating::new(self.reader.take_rest())));
    }

    /// Protocol and cipher suite.
    pub(super) fn describe_tls(&self) -> Option<String> {
        let Either::Right(stream) = &self.stream else { return None };
        let connection = stream.get_ref().1;
        let suite = connection.negotiated_cipher_suite().map_or_else(String::new, |s| format!("{:?}", s.suite()));
        Some(format!("{:?}, {suite}", connection.protocol_version()?))
    }

    /// The next response, which has to begin, or go on, within `limit`. May be dropped while it waits.
    pub(super) async fn response(&mut self, limit: Duration) -> MailboxResult<Response> {
        loop {
            if let Some(response) =
                self.reader.next_response().map_err(|error| failure::malformed(&error.to_string()))?
            {
                self.inflated_bytes = 0;
                return Ok(response);
            }
            self.reader.shrink();
            if self.inflate()? {
                continue;
            }
            let room = match &mut self.inflating {
                Some(inflating) => inflating.room(READ_BYTES),
                None => self.reader.room(READ_BYTES),
            };
            let count = timeout(limit, self.stream.read_buf(room))
                .await
                .map_err(|_| failure::timeout(limit))?
                .map_err(|error| failure::lost(&error))?;
            if count == 0 {
                return Err(failure::lost(&io::ErrorKind::UnexpectedEof.into()));
            }
            if self.inflating.is_none() {
                self.read_bytes += count as u64;
            }
        }
    }

    /// Whether there was something to inflate.
    fn inflate(&mut self) -> MailboxResult<bool> {
        let Some(inflating) = &mut self.inflating else { return Ok(false) };
        let reader = &mut self.reader;
        let count =
            inflating.inflate(|bytes| reader.push(bytes)).map_err(|error| failure::malformed(&error.to_string()))?;
        self.read_bytes += count as u64;
        self.inflated_bytes += count as u64;
        if self.inflated_bytes > INFLATED_BYTES_MAX {
            return Err(failure::malformed("a compressed response without an end"));
        }
        Ok(count > 0)
    }

    /// Literals of responses to come that make them longer are skipped; without a limit, the usual one holds.
    pub(super) fn keep_literals_up_to(&mut self, bytes: Option<u64>) {
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(LITERAL_BYTES_MAX);
        self.reader.set_literal_bytes_max(bytes.min(LITERAL_BYTES_MAX));
    }

    /// Writes a command, waiting for leave before each literal where the server wants that. Answers its tag; what the server
    /// says meanwhile goes to `heard`.
    pub(super) async fn send(
        &mut self,
        command: &Command,
        limit: Duration,
        heard: &mut Vec<Response>,
    ) -> MailboxResult<String> {
        self.tags += 1;
        let tag = format!("a{}", self.tags);
        let mut line = format!("{tag} ").into_bytes();
        for part in &command.parts {
            match part {
                Part::Line(bytes) => line.extend_from_slice(bytes),
                Part::Literal(bytes) => {
                    let waits = self.literals.need_leave(bytes.len());
                    let plus = if waits { "" } else { "+" };
                    line.extend_from_slice(format!("{{{}{plus}}}\r\n", bytes.len()).as_bytes());
                    if waits {
                        self.write(&line, limit).await?;
                        line.clear();
                        self.leave(limit, heard).await?;
                    }
                    if bytes.len() > BLOCK_BYTES {
                        self.write(&line, limit).await?;
                        line.clear();
                        self.write(bytes, limit).await?;
                    } else {
                        line.extend_from_slice(bytes);
                    }
                }
            }
        }
        line.extend_from_slice(b"\r\n");
        self.write(&line, limit).await?;
        Ok(tag)
    }

    /// Waits for `+`.
    pub(super) async fn leave(&mut self, limit: Duration, heard: &mut Vec<Response>) -> MailboxResult<String> {
        loop {
            match self.response(limit).await? {
                Response::Continue(text) => return Ok(text),
                refusal @ Response::Status { tag: Some(_), .. }
                | refusal @ Response::Status { condition: Condition::Bye, .. } => {
                    return Err(failure::refused(&refusal));
                }
                other => heard.push(other),
            }
        }
    }

    /// Bytes as they are.
    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> MailboxResult<()> {
        let stream = &mut self.stream;
        let lost = |error: io::Error| -> MailboxFailure { failure::lost(&error) };
        for block in bytes.chunks(BLOCK_BYTES) {
            let block: Cow<'_, [u8]> =
                if self.inflating.is_some() { deflate::stored(block).into() } else { block.into() };
            timeout(limit, stream.write_all(&block)).await.map_err(|_| failure::timeout(limit))?.map_err(lost)?;
        }
        timeout(limit, stream.flush()).await.map_err(|_| failure::timeout(limit))?.map_err(lost)
    }
}
