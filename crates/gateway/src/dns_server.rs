//! The name server for domains that are delegated to us: answers over UDP and TCP with the records of the zones it is given, and nothing
//! else. Never resolves a name for anybody, takes no update, and hands no zone over.

mod clients;
pub mod dry_run;
mod question;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::ports::ServedZones;
use hickory_resolver::proto::op::ResponseCode;
use metrics::{Counter, counter};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::clients::{Answers, Connections, Share};
use self::question::{Question, Received, Transport};

/// Bytes of a query. They are names with a few options.
const QUERY_BYTES_MAX: usize = 4_096;
/// Queries over UDP that are answered at a time; those beyond hear nothing, and are asked again.
const UDP_AT_ONCE: usize = 512;
/// For an answer, the store's part in it too.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// For the next query of a connection, for the rest of it, and for a client to take the answer (RFC 7766 §6.2.3).
const TCP_TIMEOUT: Duration = Duration::from_secs(5);
/// Queries of one connection; then it is closed.
const TCP_QUERIES_MAX: usize = 100;
/// After an error of the socket, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);
/// After a shutdown was asked for: how long answers under way may take.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Both sockets at one address.
pub struct DnsListeners {
    udp: UdpSocket,
    tcp: TcpListener,
}

/// Listening sockets, ready for [`serve`].
///
/// # Errors
/// The address is taken, or not ours.
pub async fn bind(address: SocketAddr) -> io::Result<DnsListeners> {
    let udp = UdpSocket::bind(address).await?;
    let tcp = crate::smtp_in::bind(udp.local_addr()?)?;
    Ok(DnsListeners { udp, tcp })
}

impl DnsListeners {
    /// Where they listen.
    ///
    /// # Errors
    /// The system can't tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }
}

struct Shared {
    zones: Arc<dyn ServedZones>,
    udp: Arc<UdpSocket>,
    at_once: Arc<Semaphore>,
    answers: Answers,
    connections: Arc<Connections>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    /// Queries that came, by the way they came.
    udp_queries: Counter,
    tcp_queries: Counter,
    /// Queries and connections that were turned away.
    dropped: Counter,
}

/// Answers until `shutdown`.
///
/// # Errors
/// The listeners' address can't be read. Errors of single queries are theirs alone.
pub async fn serve(
    listeners: DnsListeners,
    zones: Arc<dyn ServedZones>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listeners.address()?;
    let shared = Arc::new(Shared {
        zones,
        udp: Arc::new(listeners.udp),
        at_once: Arc::new(Semaphore::new(UDP_AT_ONCE)),
        answers: Answers::new(),
        connections: Arc::default(),
        tasks: TaskTracker::new(),
        shutdown,
        udp_queries: counter!("postroom_dns_queries_total", "transport" => "udp"),
        tcp_queries: counter!("postroom_dns_queries_total", "transport" => "tcp"),
        dropped: counter!("postroom_dns_dropped_total"),
    });
    tracing::info!(%address, "answering DNS for domains that are delegated to us");
    tokio::join!(receive(&shared), accept(&shared, listeners.tcp));
    shared.tasks.close();
    // What is cut off is asked again, of another server or by another try.
    let _ = timeout(SHUTDOWN_GRACE, shared.tasks.wait()).await;
    Ok(())
}

/// Whether something that is sent there reaches one machine.
fn is_one_client(client: SocketAddr) -> bool {
    let is_many = match client.ip().to_canonical() {
        IpAddr::V4(address) => address.is_unspecified() || address.is_broadcast() || address.is_multicast(),
        IpAddr::V6(address) => address.is_unspecified() || address.is_multicast(),
    };
    client.port() != 0 && !is_many
}

async fn receive(shared: &Arc<Shared>) {
    let mut packet = vec![0; QUERY_BYTES_MAX];
    loop {
        let received = tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => return,
            received = shared.udp.recv_from(&mut packet) => received,
        };
        let (length, client) = match received {
            Ok(received) => received,
            Err(error) => {
                tracing::warn!(%error, "a DNS query could not be received");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        shared.udp_queries.increment(1);
        let share = shared.answers.take(client.ip(), Instant::now());
        let place = Arc::clone(&shared.at_once).try_acquire_owned().ok();
        let (Some(place), true, true) = (place, share != Share::Nothing, is_one_client(client)) else {
            shared.dropped.increment(1);
            continue;
        };
        let query = packet.get(..length).unwrap_or_default().to_vec();
        let of_task = Arc::clone(shared);
        shared.tasks.spawn(async move {
            if let Some(answer) = answer(of_task.zones.as_ref(), &query, Transport::Udp, share).await {
                // A client that is gone asks no more.
                let _ = of_task.udp.send_to(&answer, client).await;
            }
            drop(place);
        });
    }
}

async fn accept(shared: &Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a DNS connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Some(open) = shared.connections.open(client.ip()) else {
            shared.dropped.increment(1);
            continue;
        };
        let of_task = Arc::clone(shared);
        shared.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = of_task.shutdown.cancelled() => {}
                // Whoever says nothing sensible, or nothing at all, is left.
                _ = converse(&of_task, stream) => {}
            }
            drop(open);
        });
    }
}

/// A connection's queries, one after another (RFC 1035 §4.2.2).
async fn converse(shared: &Shared, mut stream: TcpStream) -> io::Result<()> {
    for _ in 0..TCP_QUERIES_MAX {
        let length = usize::from(timeout(TCP_TIMEOUT, stream.read_u16()).await??);
        if length > QUERY_BYTES_MAX {
            return Ok(());
        }
        let mut query = vec![0; length];
        timeout(TCP_TIMEOUT, stream.read_exact(&mut query)).await??;
        shared.tcp_queries.increment(1);
        let Some(answer) = answer(shared.zones.as_ref(), &query, Transport::Tcp, Share::Whole).await else {
            return Ok(());
        };
        let Ok(length) = u16::try_from(answer.len()) else { return Ok(()) };
        let framed = [length.to_be_bytes().as_slice(), &answer].concat();
        timeout(TCP_TIMEOUT, stream.write_all(&framed)).await??;
    }
    Ok(())
}

/// `None`: nothing is said.
async fn answer(zones: &dyn ServedZones, query: &[u8], transport: Transport, share: Share) -> Option<Vec<u8>> {
    let question = match Question::read(query, transport) {
        Received::Nothing => return None,
        Received::Answered(answer) => return Some(answer),
        Received::Asked(question) => question,
    };
    if share == Share::Truncated {
        return question.truncated();
    }
    match timeout(ANSWER_TIMEOUT, zones.zone_of(&question.name())).await {
        Ok(Ok(zone)) => question.answer(zone.as_deref()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a DNS query could not be answered");
            question.plain(ResponseCode::ServFail)
        }
        Err(_) => question.plain(ResponseCode::ServFail),
    }
}

#[cfg(test)]
mod tests;
