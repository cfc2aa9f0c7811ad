//! A name server on loopback that resolves for one client: it holds the NS records of a parent zone, and asks whoever they name about
//! what is below them. Every other name is NXDOMAIN.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_server::proto::op::{Message, MessageType, ResponseCode};
use hickory_server::proto::rr::{LowerName, Name};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

const PACKET_BYTES_MAX: usize = 4_096;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a parent zone says, and where the name servers are that it names.
#[derive(Default)]
struct Parent {
    /// Domains, and the host that the NS record of each names.
    delegated: HashMap<LowerName, String>,
    servers: HashMap<String, SocketAddr>,
}

pub struct DelegatingNameServer {
    pub address: SocketAddr,
    parent: Arc<Mutex<Parent>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for DelegatingNameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn name(text: &str) -> LowerName {
    LowerName::from(Name::from_ascii(format!("{text}.")).expect("a name"))
}

impl DelegatingNameServer {
    pub async fn start() -> Self {
        let (socket, listener) = crate::dns_zone::same_port().await;
        let address = socket.local_addr().expect("an address");
        let parent = Arc::new(Mutex::new(Parent::default()));
        let task = tokio::spawn(answer_all(socket, listener, Arc::clone(&parent)));
        Self { address, parent, task }
    }

    /// `DOMAIN NS HOST`.
    pub fn delegate(&self, domain: &str, host: &str) {
        self.parent.lock().expect("a lock").delegated.insert(name(domain), host.to_owned());
    }

    /// `HOST A …`, with a port, which no address record has.
    pub fn server(&self, host: &str, address: SocketAddr) {
        self.parent.lock().expect("a lock").servers.insert(host.to_owned(), address);
    }
}

impl Parent {
    /// Who answers for a name.
    fn server_of(&self, asked: &LowerName) -> Option<SocketAddr> {
        let host = self.delegated.iter().find(|(domain, _)| domain.zone_of(asked)).map(|(_, host)| host)?;
        self.servers.get(host).copied()
    }
}

async fn answer_all(socket: UdpSocket, listener: TcpListener, parent: Arc<Mutex<Parent>>) {
    let socket = Arc::new(socket);
    let mut packet = vec![0; PACKET_BYTES_MAX];
    loop {
        tokio::select! {
            received = socket.recv_from(&mut packet) => {
                let (length, client) = received.expect("a packet");
                let (socket, parent, query) = (Arc::clone(&socket), Arc::clone(&parent), packet[..length].to_vec());
                tokio::spawn(async move {
                    if let Some(answer) = answer(&parent, &query, ask).await {
                        let _ = socket.send_to(&answer, client).await;
                    }
                });
            }
            accepted = listener.accept() => {
                let (mut stream, _) = accepted.expect("a connection");
                let parent = Arc::clone(&parent);
                tokio::spawn(async move {
                    while let Some(query) = read(&mut stream).await {
                        let Some(answer) = answer(&parent, &query, ask_by_tcp).await else { return };
                        let _ = write(&mut stream, &answer).await;
                    }
                });
            }
        }
    }
}

async fn answer(
    parent: &Mutex<Parent>,
    query: &[u8],
    ask: impl AsyncFn(SocketAddr, &[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let message = Message::from_vec(query).ok()?;
    let asked = LowerName::from(message.queries.first()?.name());
    let server = parent.lock().expect("a lock").server_of(&asked);
    let answer = match server {
        None => said(&message, ResponseCode::NXDomain),
        // Who is not to be asked does not help a resolver.
        Some(server) => match ask(server, query).await.and_then(|bytes| Message::from_vec(&bytes).ok()) {
            Some(answer) if answer.metadata.authoritative || answer.metadata.truncation => resolved(answer),
            _ => said(&message, ResponseCode::ServFail),
        },
    };
    answer.to_vec().ok()
}

async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = vec![0; stream.read_u16().await.ok()?.into()];
    stream.read_exact(&mut message).await.ok()?;
    Some(message)
}

async fn write(stream: &mut TcpStream, message: &[u8]) -> Option<()> {
    let length = u16::try_from(message.len()).ok()?;
    stream.write_all(&[length.to_be_bytes().as_slice(), message].concat()).await.ok()
}

fn said(query: &Message, code: ResponseCode) -> Message {
    let mut message = Message::new(query.metadata.id, MessageType::Response, query.metadata.op_code);
    message.add_queries(query.queries.iter().cloned());
    message.metadata.response_code = code;
    resolved(message)
}

fn resolved(mut answer: Message) -> Message {
    answer.metadata.authoritative = false;
    answer.metadata.recursion_available = true;
    answer
}

async fn ask(server: SocketAddr, query: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.ok()?;
    socket.connect(server).await.ok()?;
    socket.send(query).await.ok()?;
    let mut packet = vec![0; PACKET_BYTES_MAX];
    let length = tokio::time::timeout(ANSWER_TIMEOUT, socket.recv(&mut packet)).await.ok()?.ok()?;
    packet.truncate(length);
    Some(packet)
}

async fn ask_by_tcp(server: SocketAddr, query: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    write(&mut stream, query).await?;
    tokio::time::timeout(ANSWER_TIMEOUT, read(&mut stream)).await.ok()?
}
