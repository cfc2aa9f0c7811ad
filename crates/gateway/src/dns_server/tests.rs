//! The name server asked over sockets, by a resolver and by whoever sends anything.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use engine::ports::{DnsGap, DomainDns as _, Zone, ZonesUnavailable};
use hickory_resolver::proto::op::{Message, MessageType, OpCode, Query};
use hickory_resolver::proto::rr::{Name, RecordType};

use super::*;
use crate::dns::DnsConfig;
use crate::domain_dns::DomainResolver;

/// The zone of the dry run, which can go away; counts how often it is asked for.
#[derive(Default)]
struct OneZone {
    asked: AtomicUsize,
}

#[async_trait]
impl ServedZones for OneZone {
    async fn zone_of(&self, name: &str) -> Result<Option<Arc<Zone>>, ZonesUnavailable> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if name.starts_with("broken.") {
            return Err(ZonesUnavailable("the test says so".into()));
        }
        let is_within = name == "acme.test" || name.ends_with(".acme.test");
        Ok(is_within.then(|| Arc::new(dry_run::zone())))
    }
}

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<io::Result<()>>,
}

impl Running {
    async fn start() -> Self {
        let listeners = loop {
            // A port that is free for UDP may be taken for TCP.
            if let Ok(listeners) = bind("127.0.0.1:0".parse().unwrap()).await {
                break listeners;
            }
        };
        let (address, shutdown) = (listeners.address().unwrap(), CancellationToken::new());
        let ended = tokio::spawn(serve(listeners, Arc::new(OneZone::default()), shutdown.clone()));
        Self { address, shutdown, ended }
    }

    fn resolver(&self) -> DomainResolver {
        DomainResolver::new(&DnsConfig { server: Some(self.address), ..DnsConfig::default() }).unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.ended.await.unwrap().unwrap();
    }
}

fn query(name: &str) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::TXT));
    message.to_vec().unwrap()
}

#[tokio::test]
async fn a_resolver_is_answered_also_where_a_packet_is_too_small() {
    let server = Running::start().await;
    let resolver = server.resolver();
    assert_eq!(resolver.mail_hosts("acme.test").await, Ok(vec![(10, "mx.example".into())]));
    assert_eq!(resolver.name_servers("acme.test").await, Ok(vec!["ns.acme.test".into()]));
    assert_eq!(resolver.addresses("ns.acme.test").await, Ok(vec!["192.0.2.1".parse().unwrap()]));
    assert_eq!(resolver.aliases("t.acme.test").await, Ok(vec!["web.example".into()]));
    let key = resolver.texts("s._domainkey.acme.test").await.unwrap();
    assert!(key.len() == 1 && key[0].starts_with("v=DKIM1; k=rsa; p=QQ"), "{key:?}");
    // Over UDP it was cut off, so that the resolver came again by TCP.
    assert_eq!(resolver.texts("long.acme.test").await, Ok(vec!["x".repeat(3_000)]));
    assert_eq!(resolver.texts("acme.test").await, Err(DnsGap::NoRecord));
    assert_eq!(resolver.texts("none.acme.test").await, Err(DnsGap::NoName));
    assert!(matches!(resolver.texts("other.test").await, Err(DnsGap::Failed(_))));
    assert!(matches!(resolver.texts("broken.acme.test").await, Err(DnsGap::Failed(_))));
    server.stop().await;
}

#[tokio::test]
async fn whatever_comes_the_listener_goes_on() {
    let server = Running::start().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.address).await.unwrap();
    for length in [0, 1, 11, 12, 13, 100, 1_400, 9_000] {
        socket.send(&vec![0x2a; length]).await.unwrap();
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The other side may have closed by then.
        let _ = stream.write_all(&vec![0xff; length]).await;
    }
    // A frame whose end never comes, one of no bytes, and one that is longer than any query.
    let mut open = TcpStream::connect(server.address).await.unwrap();
    open.write_all(&[0, 40, 1, 2, 3]).await.unwrap();
    for head in [[0, 0], [0x7f, 0xff]] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&head).await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0, "it is closed");
    }
    assert_eq!(server.resolver().texts("none.acme.test").await, Err(DnsGap::NoName));
    // Connections that are open do not hold up the end.
    server.stop().await;
}

#[tokio::test]
async fn a_connection_asks_one_thing_after_another() {
    let server = Running::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let query = query("long.acme.test.");
    let framed = [u16::try_from(query.len()).unwrap().to_be_bytes().as_slice(), &query].concat();
    stream.write_all(&framed.repeat(3)).await.unwrap();
    for _ in 0..3 {
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(Message::from_vec(&answer).unwrap().answers.len(), 1);
    }
    server.stop().await;
}

#[tokio::test]
async fn whoever_asks_too_much_is_told_to_come_by_tcp() {
    let zones = OneZone::default();
    let whole = answer(&zones, &query("s._domainkey.acme.test."), Transport::Udp, Share::Whole).await.unwrap();
    assert_eq!(zones.asked.swap(0, Ordering::Relaxed), 1);
    let query = query("s._domainkey.acme.test.");
    let told = answer(&zones, &query, Transport::Udp, Share::Truncated).await.unwrap();
    let message = Message::from_vec(&told).unwrap();
    assert!(message.metadata.truncation && message.answers.is_empty());
    assert!(told.len() <= query.len() && whole.len() > query.len(), "it brings a forger nothing");
    assert_eq!(zones.asked.load(Ordering::Relaxed), 0, "nobody looks for it");
}
