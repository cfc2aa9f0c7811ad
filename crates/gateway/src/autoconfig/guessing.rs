//! Servers of the usual names: does one answer there as IMAP or SMTP servers do? Owns the probe; says nothing but its greeting is
//! waited for, and nothing is sent.

use std::sync::Arc;
use std::time::Duration;

use model::channel::TransportSecurity;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_rustls::TlsConnector;

use crate::guard::Guard;

/// For one probe: connection, TLS and greeting.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a greeting that are looked at.
const GREETING_BYTES: usize = 64;

/// A place where a server usually is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// In front of the domain (`imap.`).
    pub prefix: &'static str,
    pub port: u16,
    pub security: TransportSecurity,
}

const fn guess(prefix: &'static str, port: u16, security: TransportSecurity) -> Guess {
    Guess { prefix, port, security }
}

/// The best first. Eight probes for an address are all there are.
pub const IMAP: [Guess; 4] = [
    guess("imap.", 993, TransportSecurity::Tls),
    guess("mail.", 993, TransportSecurity::Tls),
    guess("imap.", 143, TransportSecurity::Starttls),
    guess("mail.", 143, TransportSecurity::Starttls),
];
pub const SMTP: [Guess; 4] = [
    guess("smtp.", 465, TransportSecurity::Tls),
    guess("mail.", 465, TransportSecurity::Tls),
    guess("smtp.", 587, TransportSecurity::Starttls),
    guess("mail.", 587, TransportSecurity::Starttls),
];

/// How a server says that it is there.
pub const IMAP_GREETING: &str = "* OK";
pub const SMTP_GREETING: &str = "220";

pub struct Prober {
    pub guard: Guard,
    pub tls: Arc<TlsConnector>,
}

impl Prober {
    /// The best guess that answers, all of them tried at once.
    pub async fn first(&self, guesses: &[Guess], domain: &str, greeting: &str) -> Option<(Guess, String)> {
        let tries = guesses.iter().map(|guess| async move {
            let host = format!("{}{domain}", guess.prefix);
            let answers = tokio::time::timeout(PROBE_TIMEOUT, self.greets(&host, guess, greeting)).await;
            matches!(answers, Ok(Some(()))).then(|| (guess.clone(), host))
        });
        futures_util::future::join_all(tries).await.into_iter().flatten().next()
    }

    async fn greets(&self, host: &str, guess: &Guess, greeting: &str) -> Option<()> {
        let stream = self.guard.connect(host, guess.port, PROBE_TIMEOUT).await.ok()?;
        if guess.security == TransportSecurity::Tls {
            let name = ServerName::try_from(host.to_owned()).ok()?;
            begins(self.tls.connect(name, stream).await.ok()?, greeting).await
        } else {
            begins(stream, greeting).await
        }
    }
}

async fn begins(mut stream: impl AsyncRead + Unpin, greeting: &str) -> Option<()> {
    let mut said = Vec::new();
    while said.len() < greeting.len() {
        let mut buffer = [0; GREETING_BYTES];
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        said.extend_from_slice(buffer.get(..count)?);
    }
    said.starts_with(greeting.as_bytes()).then_some(())
}
