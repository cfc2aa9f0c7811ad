//! The listening socket: accepts connections, counts them, and ends well. Owns who may connect; never speaks SMTP
//! beyond turning somebody away.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::ports::{Mailroom, Submission};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SmtpInConfig;
use super::budget::Budget;
use super::connection::Connection;
use super::failed_sign_ins::FailedSignIns;
use super::metrics::Metrics;
use super::proxy::{self, ProxyHeader};
use super::reply::{TOO_MANY_CONNECTIONS, TOO_MANY_FROM_ADDRESS};
use super::session::SessionConfig;
use super::stream::{Input, Stream};
use crate::auth::Authenticator;

/// Connections that wait to be accepted. With fewer, a burst of clients is told to try again by TCP, seconds later.
const BACKLOG: i32 = 4_096;
/// After an error of accept(2), such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What all connections of a listener share.
pub(super) struct Shared {
    pub(super) session: Arc<SessionConfig>,
    pub(super) proxy_protocol: bool,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) implicit_tls: bool,
    pub(super) door: Door,
    pub(super) auth: Option<Arc<Authenticator>>,
    pub(super) failed_sign_ins: FailedSignIns,
    pub(super) budget: Arc<Budget>,
    pub(super) metrics: Metrics,
    pub(super) shutdown: CancellationToken,
    open: Mutex<Open>,
    last_id: AtomicU64,
}

/// Where mails go.
pub(super) enum Door {
    In(Arc<dyn Mailroom>),
    Out(Arc<dyn Submission>),
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A listening socket, ready for [`serve`]: address reuse, and room for a burst of connections.
///
/// # Errors
/// The address is taken, or not ours.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Takes mail in until `shutdown`; then mails under way may finish, for as long as the limits say.
///
/// # Errors
/// The listener's address can't be read. Errors of single connections are theirs alone.
pub async fn serve(
    listener: TcpListener,
    config: SmtpInConfig,
    mailroom: Arc<dyn Mailroom>,
    auth: Option<Arc<Authenticator>>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    run(listener, Shared::new(config, Door::In(mailroom), auth, shutdown)).await
}

/// Takes mail to send from whoever signs in, until `shutdown`, as [`serve`] does.
///
/// # Errors
/// As [`serve`].
pub async fn serve_submission(
    listener: TcpListener,
    config: SmtpInConfig,
    submission: Arc<dyn Submission>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    run(listener, Shared::new(config, Door::Out(submission), None, shutdown)).await
}

async fn run(listener: TcpListener, shared: Shared) -> io::Result<()> {
    let address = listener.local_addr()?;
    let shared = Arc::new(shared);
    let sessions = TaskTracker::new();
    // Sessions that outlive the grace period are cut off by this.
    let cut_off = CancellationToken::new();
    let what = if shared.session.submission { "taking mail to send by SMTP" } else { "taking mail in by SMTP" };
    tracing::info!(%address, starttls = shared.session.starttls, tls = shared.implicit_tls, "{what}");
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Replies are whole when they are written; waiting for more would only cost time.
                let _ = stream.set_nodelay(true);
                let shared = Arc::clone(&shared);
                let cut_off = cut_off.clone();
                sessions.spawn(async move {
                    tokio::select! {
                        biased;
                        () = shared.receive(stream, peer.ip()) => {}
                        () = cut_off.cancelled() => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%address, %error, "an SMTP connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    sessions.close();
    let grace = shared.session.limits.shutdown_grace;
    if timeout(grace, sessions.wait()).await.is_err() {
        tracing::warn!(sessions = sessions.len(), "SMTP sessions were cut off: they outlived the grace period");
        cut_off.cancel();
        sessions.wait().await;
    }
    Ok(())
}

impl Shared {
    pub(super) fn new(
        config: SmtpInConfig,
        door: Door,
        auth: Option<Arc<Authenticator>>,
        shutdown: CancellationToken,
    ) -> Self {
        let session = SessionConfig {
            hostname: config.hostname,
            inbound_domain: config.inbound_domain,
            limits: config.limits,
            starttls: config.tls.is_some() && !config.implicit_tls,
            submission: matches!(door, Door::Out(_)),
            authenticates: auth.is_some(),
        };
        let started = model::Timestamp::now().as_millis().unsigned_abs();
        Self {
            budget: Budget::new(session.limits.held_bytes_max),
            session: Arc::new(session),
            proxy_protocol: config.proxy_protocol,
            tls: config.tls.map(|tls| tls.acceptor()),
            implicit_tls: config.implicit_tls,
            metrics: Metrics::new(match door {
                Door::In(_) => "postroom_smtp_in",
                Door::Out(_) => "postroom_submission",
            }),
            door,
            auth,
            failed_sign_ins: FailedSignIns::default(),
            shutdown,
            open: Mutex::default(),
            // Ids go on from the clock, so those of two runs differ.
            last_id: AtomicU64::new(started << 8),
        }
    }

    /// One connection, from its first byte to its last.
    pub(super) async fn receive<S: AsyncRead + AsyncWrite + Unpin>(self: Arc<Self>, stream: S, peer: IpAddr) {
        self.metrics.connections.increment(1);
        let mut stream = Stream::Plain(stream);
        let mut input = Input::new();
        let mut peer = peer.to_canonical();
        if self.proxy_protocol {
            let limit = self.session.limits.proxy_header_timeout;
            match timeout(limit, read_proxy_header(&mut stream, &mut input)).await {
                Ok(Some(client)) => peer = client.unwrap_or(peer).to_canonical(),
                Ok(None) | Err(_) => return self.metrics.connection_refused("proxy_header"),
            }
        }
        let guard = match Guard::admit(&self, peer) {
            Ok(guard) => guard,
            Err((reason, reply)) => {
                self.metrics.connection_refused(reason);
                let line = format!("{reply}\r\n");
                let _ = stream.write_all(line.as_bytes(), self.session.limits.proxy_header_timeout).await;
                return;
            }
        };
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        Connection::new(Arc::clone(&self), peer, stream, input, id).run().await;
        drop(guard);
    }
}

/// The client's address, if the header names one; None if there is no valid header.
async fn read_proxy_header<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Stream<S>,
    input: &mut Input,
) -> Option<Option<IpAddr>> {
    loop {
        match proxy::parse(input.pending()) {
            ProxyHeader::Complete { bytes, client } => {
                let left = input.pending().len().saturating_sub(bytes);
                input.keep_last(left);
                return Some(client);
            }
            ProxyHeader::Invalid => return None,
            ProxyHeader::Incomplete => {
                if input.fill(stream).await.ok()? == 0 {
                    return None;
                }
            }
        }
    }
}

/// A place among the connections; given back when it is dropped.
struct Guard {
    shared: Arc<Shared>,
    peer: IpAddr,
}

impl Guard {
    fn admit(shared: &Arc<Shared>, peer: IpAddr) -> Result<Self, (&'static str, &'static str)> {
        let limits = &shared.session.limits;
        let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= limits.connections_max {
            return Err(("too_many", TOO_MANY_CONNECTIONS));
        }
        let from_address = open.by_address.entry(peer).or_default();
        if *from_address >= limits.connections_per_address_max {
            return Err(("too_many_from_address", TOO_MANY_FROM_ADDRESS));
        }
        *from_address += 1;
        open.all += 1;
        drop(open);
        shared.metrics.connections_open.increment(1.0);
        Ok(Self { shared: Arc::clone(shared), peer })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.metrics.connections_open.decrement(1.0);
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(count) = open.by_address.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.peer);
            }
        }
    }
}
