//! A name server for tests: it knows everything below the root, and says nothing where it is told to be silent.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::{Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, TXT};
use hickory_server::proto::rr::{LowerName, Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

const TTL_SECONDS: u32 = 60;

#[derive(Default)]
pub(crate) struct Zone {
    records: HashMap<LowerName, Vec<RData>>,
    silent: HashSet<LowerName>,
    failing: HashSet<LowerName>,
    fleeting: bool,
}

fn name(text: &str) -> Option<LowerName> {
    if text == "." {
        return Some(LowerName::from(Name::root()));
    }
    // Labels may hold any byte, also those that a zone file would write otherwise.
    let labels = text.trim_end_matches('.').split('.').map(|label| label.as_bytes());
    let mut name = Name::from_labels(labels).ok()?;
    name.set_fqdn(true);
    Some(LowerName::from(name))
}

impl Zone {
    /// Names that can't be names are left out, as in any name server.
    fn add(mut self, owner: &str, data: Option<RData>) -> Self {
        if let (Some(owner), Some(data)) = (name(owner), data) {
            self.records.entry(owner).or_default().push(data);
        }
        self
    }

    pub(crate) fn txt(self, owner: &str, text: &str) -> Self {
        self.txt_parts(owner, &[text])
    }

    pub(crate) fn txt_parts(self, owner: &str, parts: &[&str]) -> Self {
        let chunks = |part: &&str| -> Vec<Vec<u8>> { part.as_bytes().chunks(255).map(<[u8]>::to_vec).collect() };
        // A text of no bytes is a string all the same.
        let chunks = |part: &&str| if part.is_empty() { vec![Vec::new()] } else { chunks(part) };
        let strings: Vec<Vec<u8>> = parts.iter().flat_map(chunks).collect();
        let strings: Vec<&[u8]> = strings.iter().map(Vec::as_slice).collect();
        self.add(owner, Some(RData::TXT(TXT::from_bytes(strings))))
    }

    pub(crate) fn a(self, owner: &str, address: &str) -> Self {
        self.add(owner, address.parse().ok().map(|address: Ipv4Addr| RData::A(A::from(address))))
    }

    pub(crate) fn aaaa(self, owner: &str, address: &str) -> Self {
        self.add(owner, address.parse().ok().map(|address: std::net::Ipv6Addr| RData::AAAA(AAAA::from(address))))
    }

    pub(crate) fn mx(self, owner: &str, preference: u16, host: &str) -> Self {
        self.add(owner, name(host).map(|host| RData::MX(MX::new(preference, host.into()))))
    }

    pub(crate) fn ptr(self, owner: &str, host: &str) -> Self {
        self.add(owner, name(host).map(|host| RData::PTR(PTR(host.into()))))
    }

    pub(crate) fn cname(self, owner: &str, target: &str) -> Self {
        self.add(owner, name(target).map(|target| RData::CNAME(CNAME(target.into()))))
    }

    /// No answer at all for this name.
    pub(crate) fn silent(mut self, owner: &str) -> Self {
        self.silent.extend(name(owner));
        self
    }

    /// SERVFAIL for this name.
    pub(crate) fn failing(mut self, owner: &str) -> Self {
        self.failing.extend(name(owner));
        self
    }

    /// Nothing this zone says may be remembered.
    pub(crate) fn fleeting(mut self) -> Self {
        self.fleeting = true;
        self
    }

    pub(crate) async fn serve(self) -> NameServer {
        let (udp, tcp) = same_port().await;
        self.serve_on(udp, tcp)
    }

    pub(super) fn serve_on(self, udp: UdpSocket, tcp: TcpListener) -> NameServer {
        let address = udp.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut server = Server::new(Handler { zone: self, asked: Arc::clone(&asked) });
        server.register_socket(udp);
        server.register_listener(tcp, Duration::from_secs(5), 64);
        NameServer { address, asked, _server: server }
    }

    fn answers(&self, owner: &LowerName, wanted: RecordType) -> (ResponseCode, Vec<Record>) {
        let mut answers = Vec::new();
        let mut owner = owner.clone();
        // An alias leads on; a ring of them ends.
        for _ in 0..8 {
            let Some(all) = self.records.get(&owner) else {
                let code = if answers.is_empty() { ResponseCode::NXDomain } else { ResponseCode::NoError };
                return (code, answers);
            };
            let ttl = if self.fleeting { 0 } else { TTL_SECONDS };
            let record = |data: &RData| Record::from_rdata(Name::from(owner.clone()), ttl, data.clone());
            let found = all.iter().filter(|data| data.record_type() == wanted);
            let before = answers.len();
            answers.extend(found.map(record));
            let alias =
                all.iter().find_map(|data| if let RData::CNAME(target) = data { Some(&target.0) } else { None });
            match alias {
                Some(target) if answers.len() == before => {
                    answers.extend(all.iter().filter(|data| data.record_type() == RecordType::CNAME).map(record));
                    owner = LowerName::from(target.clone());
                }
                _ => break,
            }
        }
        (ResponseCode::NoError, answers)
    }
}

/// Runs until it is dropped.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _server: Server<Handler>,
}

impl NameServer {
    /// The names asked for since the last time, the root left out.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("a lock"))
    }
}

pub(crate) struct Handler {
    zone: Zone,
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut handle: R) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.authoritative = true;
        metadata.recursion_available = true;
        let info = request.request_info().expect("one question");
        let (owner, wanted) = (info.query.name().clone(), info.query.query_type());
        if !owner.is_root() {
            self.asked.lock().expect("a lock").push(format!("{owner} {wanted}"));
        }
        if self.zone.silent.contains(&owner) {
            return ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
        }
        let (code, answers) = if self.zone.failing.contains(&owner) {
            (ResponseCode::ServFail, Vec::new())
        } else {
            self.zone.answers(&owner, wanted)
        };
        metadata.response_code = code;
        let root = Name::root();
        let soa = SOA::new(root.clone(), root.clone(), 1, 60, 60, 60, TTL_SECONDS);
        let soa = Record::from_rdata(root, TTL_SECONDS, RData::SOA(soa));
        let negative = answers.is_empty() && code != ResponseCode::ServFail;
        let soa: Vec<Record> = if negative { vec![soa] } else { Vec::new() };
        let builder = MessageResponseBuilder::from_message_request(request);
        let response = builder.build(metadata, &answers, [], &soa, []);
        handle.send_response(response).await.expect("sent")
    }
}

/// Sockets at one address: a port that is free for UDP may be taken for TCP.
pub(crate) async fn same_port() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = udp.local_addr().expect("an address");
        if let Ok(tcp) = TcpListener::bind(address).await {
            return (udp, tcp);
        }
    }
}
