//! A client's connection, in clear or under TLS. Owns the bytes' way in and out; never looks at them.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// First room for input, bytes: a pipelined envelope with a mail of ordinary size.
const INPUT_BYTES_INITIAL: usize = 8 * 1024;
/// Most room for input, bytes.
const INPUT_BYTES_MAX: usize = 64 * 1024;

pub(crate) enum Stream<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
    /// The handshake failed.
    Gone,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
            Self::Gone => Ok(0),
        }
    }

    /// One read into whatever room there is, which need not be filled with zeros first.
    pub(crate) async fn read_into(&mut self, buffer: &mut impl BufMut) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(buffer).await,
            Self::Tls(stream) => stream.read_buf(buffer).await,
            Self::Gone => Ok(0),
        }
    }

    /// Everything, or an error; `limit` is for all of it.
    pub(crate) async fn write_all(&mut self, bytes: &[u8], limit: Duration) -> io::Result<()> {
        let write = async {
            match self {
                Self::Plain(stream) => stream.write_all(bytes).await,
                Self::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Self::Gone => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        timeout(limit, write).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Upgrades a connection in clear.
    pub(crate) async fn secure(&mut self, acceptor: &TlsAcceptor, limit: Duration) -> io::Result<()> {
        let Self::Plain(stream) = std::mem::replace(self, Self::Gone) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let handshake = timeout(limit, acceptor.accept(stream)).await;
        let stream = handshake.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        *self = Self::Tls(Box::new(stream));
        Ok(())
    }

    /// Says goodbye as TLS and TCP do; the client may be gone already. A client that is still sending is heard out for
    /// `linger`, or its unread bytes would make TCP take our last reply back.
    pub(crate) async fn close(&mut self, linger: Option<Duration>, limit: Duration) {
        let close = async {
            match self {
                Self::Plain(stream) if linger.is_some() => stream.shutdown().await,
                Self::Plain(_) | Self::Gone => Ok(()),
                Self::Tls(stream) => stream.shutdown().await,
            }
        };
        let closed = timeout(limit, close).await.is_ok_and(|closed| closed.is_ok());
        if let Some(linger) = linger.filter(|_| closed) {
            let mut scratch = [0; 4 * 1024];
            let drain = async { while self.read(&mut scratch).await.is_ok_and(|count| count > 0) {} };
            let _ = timeout(linger, drain).await;
        }
    }
}

/// What was read and not yet taken.
pub(crate) struct Input {
    buffer: BytesMut,
    /// Room made before a read, bytes. It grows while reads fill it.
    room: usize,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self { buffer: BytesMut::new(), room: INPUT_BYTES_INITIAL }
    }

    pub(crate) fn pending(&self) -> &[u8] {
        &self.buffer
    }

    /// All but the last `left` bytes have been taken.
    pub(crate) fn keep_last(&mut self, left: usize) {
        self.buffer.advance(self.buffer.len().saturating_sub(left));
    }

    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
    }

    /// One read. Zero: the client has closed.
    pub(crate) async fn fill<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut Stream<S>,
    ) -> io::Result<usize> {
        self.buffer.reserve(self.room);
        let count = stream.read_into(&mut (&mut self.buffer).limit(self.room)).await?;
        if count == self.room {
            self.room = (self.room * 4).min(INPUT_BYTES_MAX);
        }
        Ok(count)
    }
}
