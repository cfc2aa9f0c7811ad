//! People's mailboxes over IMAP (RFC 9051, RFC 3501, and the extensions servers have): the client. Owns connections, encryption,
//! sign-in, and what is asked how. Never decides what is fetched, and keeps nothing.
//!
//! `response`, `command`, `data`, `deflate`, `search`, `selecting` and `utf7` are pure; `wire` does the I/O; `connection` signs in; `session`
//! is the port, with `fetching` and `searching` for what takes more than a command.

mod command;
mod connection;
mod data;
mod deflate;
mod failure;
mod fetching;
mod response;
mod search;
mod searching;
mod selecting;
mod session;
mod utf7;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::ports::{
    MailboxDialer, MailboxFailure, MailboxFailureKind, MailboxResult, MailboxServer, MailboxSession, TestStep,
};
use model::channel::TransportSecurity;
use tokio_rustls::TlsConnector;

use crate::guard::Guard;
use crate::tls_client::{TlsTrust, TlsTrustError};
use connection::{Connection, Dialer};
use session::Session;

/// For each step of Test Connection.
const INTERACTIVE: Duration = Duration::from_secs(15);

/// Opens mailboxes. Cheap to clone.
#[derive(Clone)]
pub struct ImapDialer(Arc<Dialer>);

impl ImapDialer {
    /// `version`: ours, which servers are told with our name.
    ///
    /// # Errors
    /// Root certificates that are none.
    pub fn new(guard: Guard, trust: &TlsTrust, version: &str) -> Result<Self, TlsTrustError> {
        let tls = TlsConnector::from(Arc::new(trust.client_config()?));
        let anybody = TlsTrust { accept_invalid_certificates: true, ..TlsTrust::default() };
        let tls_with_anybody = TlsConnector::from(Arc::new(anybody.client_config()?));
        let (name, version) = ("Postroom".to_owned(), version.to_owned());
        Ok(Self(Arc::new(Dialer { guard, tls, tls_with_anybody, name, version })))
    }

    async fn probe(&self, server: &MailboxServer, steps: &mut Vec<TestStep>) -> Option<()> {
        let started = Instant::now();
        let connected = within(Connection::open(&self.0, server)).await.map_err(|error| late(error, server));
        let connection = step(steps, "imap.connect", started, connected, |connection| {
            if connection.greeting.is_empty() {
                format!("{} port {} answers", server.host, server.port)
            } else {
                connection.greeting.clone()
            }
        })?;
        let started = Instant::now();
        let secured = within(connection.secure(&self.0, server)).await.map_err(|error| late(error, server));
        let mut connection = step(steps, "imap.tls", started, secured, |connection| {
            connection.wire.describe_tls().unwrap_or_else(|| "not encrypted".to_owned())
        })?;
        if let (Some(tls), TransportSecurity::None, false) =
            (steps.last_mut(), server.security, connection.wire.is_tls())
        {
            tls.hint = Some("mail and password travel readable: use this on a network you trust only".to_owned());
        }
        let started = Instant::now();
        let signed_in = within(connection.sign_in(&server.sign_in)).await;
        step(steps, "imap.auth", started, signed_in, |way| format!("signed in ({way})"))?;
        let started = Instant::now();
        let listed = async {
            let mut session = Box::new(Session::prepare(connection, &self.0.name, &self.0.version).await?);
            let folders = session.folders().await?;
            let inbox = session.status("INBOX").await?;
            session.logout().await;
            Ok((folders.len(), inbox.messages))
        };
        step(steps, "imap.list", started, within(listed).await, |(folders, messages)| {
            format!("{folders} folders, {messages} messages in INBOX")
        })?;
        Some(())
    }
}

/// For somebody who waits in front of a screen.
async fn within<T>(step: impl Future<Output = MailboxResult<T>>) -> MailboxResult<T> {
    tokio::time::timeout(INTERACTIVE, step).await.unwrap_or_else(|_| Err(failure::timeout(INTERACTIVE)))
}

/// Silence before anything was said is mostly TLS waiting for TLS.
fn late(failure: MailboxFailure, server: &MailboxServer) -> MailboxFailure {
    match failure.kind {
        MailboxFailureKind::Timeout | MailboxFailureKind::Lost if failure.hint.is_none() => {
            failure::greeting(failure, server)
        }
        _ => failure,
    }
}

fn step<T>(
    steps: &mut Vec<TestStep>,
    name: &str,
    started: Instant,
    result: Result<T, MailboxFailure>,
    describe: impl FnOnce(&T) -> String,
) -> Option<T> {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (ok, detail, hint) = match &result {
        Ok(value) => (true, describe(value), None),
        Err(failure) => (false, failure.detail.clone(), failure.hint.clone()),
    };
    steps.push(TestStep { name: name.to_owned(), ok, detail, hint, duration_ms });
    result.ok()
}

#[async_trait]
impl MailboxDialer for ImapDialer {
    async fn open(&self, server: &MailboxServer) -> MailboxResult<Box<dyn MailboxSession>> {
        let connection = Connection::open(&self.0, server).await?;
        let mut connection = connection.secure(&self.0, server).await?;
        connection.sign_in(&server.sign_in).await?;
        Ok(Box::new(Session::prepare(connection, &self.0.name, &self.0.version).await?))
    }

    async fn test(&self, server: &MailboxServer) -> Vec<TestStep> {
        let mut steps = Vec::with_capacity(4);
        self.probe(server, &mut steps).await;
        steps
    }
}

/// For the fuzzer: what is read of what a server says, in so many bytes at a time; how it ends is the last of it.
#[doc(hidden)]
pub fn fuzz_response(bytes: &[u8], piece: usize) -> Vec<String> {
    const LITERAL_BYTES_MAX: usize = 4 * 1024;
    let mut reader = response::Reader::new(LITERAL_BYTES_MAX);
    let mut found = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        reader.push(piece);
        loop {
            match reader.next_response() {
                Ok(Some(response)) => {
                    let meaning = match &response {
                        response::Response::Data { values, .. } => {
                            (data::fetched(values), data::listed(values, false), data::status(values, false))
                        }
                        _ => (None, None, None),
                    };
                    found.push(format!("{response:?} {meaning:?}"));
                }
                Ok(None) => break,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
    }
    found
}
