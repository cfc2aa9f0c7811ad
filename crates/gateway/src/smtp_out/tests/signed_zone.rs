//! A root zone of our own, really signed, below it a zone that is not, and a resolver that validates both by our own trust anchor.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hickory_server::Server;
use hickory_server::dnssec::NxProofKind;
use hickory_server::net::runtime::{Time, TokioRuntimeProvider};
use hickory_server::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_server::proto::dnssec::rdata::DNSKEY;
use hickory_server::proto::dnssec::{Algorithm, DnssecSigner, SigningKey as _, TrustAnchors};
use hickory_server::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_server::proto::rr::rdata::{A, CNAME, MX, NS, SOA, TLSA, TXT};
use hickory_server::proto::rr::{LowerName, Name, RData, Record, RecordSet, RecordType, RrKey};
use hickory_server::resolver::config::{ConnectionConfig, NameServerConfig};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::store::forwarder::{ForwardConfig, ForwardZoneHandler};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneHandler, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

use crate::auth::tests::zone::same_port;

const TTL_SECONDS: u32 = 60;
/// The zone without signatures; everything else is signed.
const UNSIGNED: &str = "unsigned.";

/// What the zones hold: names, and whether what is served is what was signed.
#[derive(Default)]
pub struct Zones {
    records: Vec<(Name, RData)>,
    forged: Vec<(Name, RecordType)>,
}

/// Answers until it is dropped.
pub struct Validating {
    pub address: SocketAddr,
    _authority: Server<Authority>,
    _resolver: Server<Catalog>,
}

/// Both zones. What a zone is signed with (DS) is a question to the one above it.
struct Authority {
    root: Catalog,
    unsigned: Catalog,
}

#[async_trait]
impl RequestHandler for Authority {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, handle: R) -> ResponseInfo {
        let query = request.request_info().expect("one question").query;
        let is_below = LowerName::from(name(UNSIGNED)).zone_of(query.name()) && query.query_type() != RecordType::DS;
        let zone = if is_below { &self.unsigned } else { &self.root };
        zone.handle_request::<R, T>(request, handle).await
    }
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

impl Zones {
    fn add(mut self, owner: &str, data: RData) -> Self {
        self.records.push((name(owner), data));
        self
    }

    pub fn mx(self, owner: &str, preference: u16, host: &str) -> Self {
        self.add(owner, RData::MX(MX::new(preference, name(host))))
    }

    pub fn a(self, owner: &str, address: &str) -> Self {
        self.add(owner, RData::A(A(address.parse::<Ipv4Addr>().unwrap())))
    }

    pub fn cname(self, owner: &str, target: &str) -> Self {
        self.add(owner, RData::CNAME(CNAME(name(target))))
    }

    pub fn txt(self, owner: &str, text: &str) -> Self {
        self.add(owner, RData::TXT(TXT::new(vec![text.to_owned()])))
    }

    /// Usage, selector and matching type as numbers (RFC 6698 §2.1).
    pub fn tlsa(self, owner: &str, port: u16, kind: [u8; 3], data: &[u8]) -> Self {
        let [usage, selector, matching] = kind;
        let (usage, selector) = (CertUsage::from(usage), Selector::from(selector));
        let data = TLSA::new(usage, selector, Matching::from(matching), data.to_vec());
        self.add(&format!("_{port}._tcp.{owner}"), RData::TLSA(data))
    }

    /// What is served under this name and type is not what was signed.
    pub fn forged(mut self, owner: &str, record_type: RecordType) -> Self {
        self.forged.push((name(owner), record_type));
        self
    }

    pub async fn serve(self) -> Validating {
        let pkcs8 = EcdsaSigningKey::generate_pkcs8(Algorithm::ECDSAP256SHA256).unwrap();
        let key = EcdsaSigningKey::from_pkcs8(&pkcs8, Algorithm::ECDSAP256SHA256).unwrap();
        let public_key = key.to_public_key().unwrap();
        let mut anchors = TrustAnchors::empty();
        anchors.insert(&public_key);
        let signer =
            DnssecSigner::new(DNSKEY::from_key(&public_key), Box::new(key), Name::root(), Duration::from_secs(3_600));

        let (child, parent): (Vec<_>, Vec<_>) =
            self.records.into_iter().partition(|(owner, _)| name(UNSIGNED).zone_of(owner));
        let mut root = zone(".", Some(NxProofKind::Nsec), &parent);
        root.upsert_mut(Record::from_rdata(name(UNSIGNED), TTL_SECONDS, RData::NS(NS(name("ns.unsigned")))), 0);
        root.add_zone_signing_key_mut(signer).unwrap();
        root.secure_zone_mut().unwrap();
        for (owner, record_type) in &self.forged {
            forge(&mut root, owner, *record_type);
        }
        let handler = |zone: InMemoryZoneHandler| vec![Arc::new(zone) as Arc<dyn ZoneHandler>];
        let mut authority = Authority { root: Catalog::new(), unsigned: Catalog::new() };
        authority.root.upsert(Name::root().into(), handler(root));
        authority.unsigned.upsert(name(UNSIGNED).into(), handler(zone(UNSIGNED, None, &child)));
        let (udp, tcp) = same_port().await;
        let address = udp.local_addr().unwrap();
        let authority = serve(authority, udp, tcp);

        let at_port = |mut connection: ConnectionConfig| {
            connection.port = address.port();
            connection
        };
        let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
        let config = ForwardConfig {
            name_servers: vec![NameServerConfig::new(address.ip(), true, connections)],
            ..ForwardConfig::default()
        };
        let forwarder = ForwardZoneHandler::builder_tokio(config).with_trust_anchor(Arc::new(anchors)).build().unwrap();
        let mut resolver = Catalog::new();
        resolver.upsert(Name::root().into(), vec![Arc::new(forwarder)]);
        let (udp, tcp) = same_port().await;
        let address = udp.local_addr().unwrap();
        Validating { address, _authority: authority, _resolver: serve(resolver, udp, tcp) }
    }
}

fn serve<H: RequestHandler>(handler: H, udp: UdpSocket, tcp: TcpListener) -> Server<H> {
    let mut server = Server::new(handler);
    server.register_socket(udp);
    server.register_listener(tcp, Duration::from_secs(5), 64);
    server
}

fn zone(origin: &str, proof: Option<NxProofKind>, records: &[(Name, RData)]) -> InMemoryZoneHandler {
    let origin = name(origin);
    let mut zone =
        InMemoryZoneHandler::<TokioRuntimeProvider>::empty(origin.clone(), ZoneType::Primary, AxfrPolicy::Deny, proof);
    let server = Name::from_ascii("ns").unwrap().append_domain(&origin).unwrap();
    let soa = SOA::new(server.clone(), origin.clone(), 1, 60, 60, 60, TTL_SECONDS);
    let own = [
        (origin.clone(), RData::SOA(soa)),
        (origin, RData::NS(NS(server.clone()))),
        (server, RData::A(A(Ipv4Addr::LOCALHOST))),
    ];
    for (owner, data) in own.iter().chain(records) {
        assert!(zone.upsert_mut(Record::from_rdata(owner.clone(), TTL_SECONDS, data.clone()), 1), "{owner} {data}");
    }
    zone
}

/// Other data under the old signature.
fn forge(zone: &mut InMemoryZoneHandler, owner: &Name, record_type: RecordType) {
    let key = RrKey::new(owner.into(), record_type);
    let signed = zone.records_get_mut().remove(&key).expect("a record to forge");
    let parts = RecordSet::clone(&signed).into_parts();
    let records = parts.records.into_iter().map(|mut record| {
        record.data = match record.data {
            RData::MX(mx) => RData::MX(MX::new(mx.preference + 1, mx.exchange)),
            RData::A(_) => RData::A(A(Ipv4Addr::new(127, 0, 0, 9))),
            RData::TLSA(tlsa) => {
                let data = tlsa.cert_data.iter().map(|byte| !byte).collect();
                RData::TLSA(TLSA::new(tlsa.cert_usage, tlsa.selector, tlsa.matching, data))
            }
            other => panic!("{other} can't be forged here"),
        };
        record
    });
    let mut forged = RecordSet::new(owner.clone(), record_type, 1);
    forged.set_records(records.collect());
    forged.set_rrsigs(parts.rrsigs);
    zone.records_get_mut().insert(key, Arc::new(forged));
}
