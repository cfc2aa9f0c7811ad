//! A name server on loopback that knows the whole internet there is in a test: one zone, the root.

use std::net::SocketAddr;
use std::str::FromStr as _;
use std::sync::Arc;

use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::rdata::{A, CNAME, MX, SOA, SRV, TXT};
use hickory_server::proto::rr::{Name, RData, Record};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

const TTL_SECONDS: u32 = 60;
/// RFC 1035 §3.3: a character-string's length is one byte. Longer texts are several.
const TXT_STRING_BYTES_MAX: usize = 255;

pub struct DnsZone {
    pub address: SocketAddr,
    _server: Server<Catalog>,
}

impl DnsZone {
    /// Serve these TXT records and nothing else: every other name is NXDOMAIN.
    pub async fn start(texts: &[(&str, &str)]) -> Self {
        Self::with_exchangers(texts, &[]).await
    }

    /// As `start`, with MX records: the domain, and the host that takes its mail.
    pub async fn with_exchangers(texts: &[(&str, &str)], exchangers: &[(&str, &str)]) -> Self {
        Self::with_services(texts, exchangers, &[]).await
    }

    /// MX records with their preferences (the host `.` takes no mail) and A records.
    pub async fn with_routes(exchangers: &[(&str, u16, &str)], addresses: &[(&str, &str)]) -> Self {
        let name =
            |text: &str| if text == "." { Name::root() } else { Name::from_str(&format!("{text}.")).expect("a name") };
        let mut zone = root_zone();
        for (domain, preference, host) in exchangers {
            let exchanger = RData::MX(MX::new(*preference, name(host)));
            zone.upsert_mut(Record::from_rdata(name(domain), TTL_SECONDS, exchanger), 1);
        }
        for (host, address) in addresses {
            let address = RData::A(A(address.parse().expect("an address")));
            zone.upsert_mut(Record::from_rdata(name(host), TTL_SECONDS, address), 1);
        }
        Self::serve(zone).await
    }

    /// As `with_exchangers`, with SRV records: the service, its host and its port.
    pub async fn with_services(
        texts: &[(&str, &str)],
        exchangers: &[(&str, &str)],
        services: &[(&str, &str, u16)],
    ) -> Self {
        Self::serve(Self::zone(texts, exchangers, services)).await
    }

    /// As `with_exchangers`, with CNAME records: the name, and what it is an alias of.
    pub async fn with_aliases(texts: &[(&str, &str)], exchangers: &[(&str, &str)], aliases: &[(&str, &str)]) -> Self {
        let name = |text: &str| Name::from_str(&format!("{text}.")).expect("a name");
        let mut zone = Self::zone(texts, exchangers, &[]);
        for (alias, host) in aliases {
            let data = RData::CNAME(CNAME(name(host)));
            zone.upsert_mut(Record::from_rdata(name(alias), TTL_SECONDS, data), 1);
        }
        Self::serve(zone).await
    }

    fn zone(
        texts: &[(&str, &str)],
        exchangers: &[(&str, &str)],
        services: &[(&str, &str, u16)],
    ) -> InMemoryZoneHandler<TokioRuntimeProvider> {
        let name = |text: &str| Name::from_str(&format!("{text}.")).expect("a name");
        let mut zone = root_zone();
        for (owner, text) in texts {
            let strings = text.as_bytes().chunks(TXT_STRING_BYTES_MAX);
            let data = RData::TXT(TXT::new(strings.map(|part| String::from_utf8_lossy(part).into_owned()).collect()));
            zone.upsert_mut(Record::from_rdata(name(owner), TTL_SECONDS, data), 1);
            // The domain of a From field exists.
            let address = RData::A(A::new(127, 0, 0, 1));
            zone.upsert_mut(Record::from_rdata(name(owner), TTL_SECONDS, address), 1);
        }
        for (domain, host) in exchangers {
            let exchanger = RData::MX(MX::new(10, name(host)));
            zone.upsert_mut(Record::from_rdata(name(domain), TTL_SECONDS, exchanger), 1);
        }
        for (service, host, port) in services {
            // The root says that there is no such service.
            let target = if *host == "." { Name::root() } else { name(host) };
            let data = RData::SRV(SRV::new(0, 1, *port, target));
            zone.upsert_mut(Record::from_rdata(name(service), TTL_SECONDS, data), 1);
        }
        zone
    }

    async fn serve(zone: InMemoryZoneHandler<TokioRuntimeProvider>) -> Self {
        let mut catalog = Catalog::new();
        catalog.upsert(Name::root().into(), vec![Arc::new(zone)]);
        let mut server = Server::new(catalog);
        let (socket, listener) = same_port().await;
        let address = socket.local_addr().expect("an address");
        server.register_socket(socket);
        server.register_listener(listener, std::time::Duration::from_secs(10), 65_535);
        Self { address, _server: server }
    }
}

/// A zone of everything, with nothing in it.
fn root_zone() -> InMemoryZoneHandler<TokioRuntimeProvider> {
    let mut zone =
        InMemoryZoneHandler::<TokioRuntimeProvider>::empty(Name::root(), ZoneType::Primary, AxfrPolicy::Deny, None);
    let name = |text: &str| Name::from_str(text).expect("a name");
    let authority = SOA::new(name("ns.test."), name("root.test."), 1, 60, 60, 60, 60);
    zone.upsert_mut(Record::from_rdata(Name::root(), TTL_SECONDS, RData::SOA(authority)), 1);
    zone
}

/// Sockets at one address: a port that is free for UDP may be taken for TCP.
pub async fn same_port() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let address = udp.local_addr().expect("an address");
        if let Ok(tcp) = TcpListener::bind(address).await {
            return (udp, tcp);
        }
    }
}
