use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::net::TcpListener;

use super::*;

struct Zone(HashMap<&'static str, Vec<&'static str>>);

#[async_trait]
impl NameLookup for Zone {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = self.0.get(host).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(found.iter().map(|address| address.parse().unwrap()).collect())
    }
}

fn guard(allow_private_networks: bool, zone: &[(&'static str, &[&'static str])]) -> Guard {
    let zone = zone.iter().map(|(name, addresses)| (*name, addresses.to_vec())).collect();
    Guard::with_names(allow_private_networks, Arc::new(Zone(zone)))
}

const TIMEOUT: Duration = Duration::from_secs(5);

#[test]
fn urls_are_judged_before_anything_is_resolved() {
    let open = Guard::new(true);
    let strict = Guard::new(false);
    // URL, allowed by default, allowed with private networks.
    let cases = [
        ("https://example.com/hook", true, true),
        ("http://example.com:8080/hook?x=1#y", true, true),
        ("https://8.8.8.8/", true, true),
        ("ftp://example.com/", false, false),
        ("file:///etc/passwd", false, false),
        ("gopher://example.com/", false, false),
        ("example.com/hook", false, false),
        ("", false, false),
        ("https://", false, false),
        ("https://user:password@example.com/", false, false),
        ("https://user@example.com/", false, false),
        ("https://:password@example.com/", false, false),
        ("http://127.0.0.1/", false, true),
        ("http://2130706433/", false, true),
        ("http://0x7f000001/", false, true),
        ("http://0x7f.1/", false, true),
        ("http://0177.0.0.1/", false, true),
        ("http://017700000001/", false, true),
        ("http://127.1/", false, true),
        ("http://127.0.0.1./", false, true),
        ("http://%31%32%37.0.0.1/", false, true),
        ("http://１２７.０.０.１/", false, true),
        ("http://[::1]/", false, true),
        ("http://[::ffff:127.0.0.1]/", false, true),
        ("http://[::ffff:7f00:1]/", false, true),
        ("http://[64:ff9b::10.0.0.1]/", false, true),
        ("http://192.168.1.1:8443/", false, true),
        ("http://localhost:3000/", false, true),
        ("http://LOCALHOST./", false, true),
        ("http://x.localhost/", false, true),
        ("http://localhost.example.com/", true, true),
        ("http://169.254.169.254/latest/meta-data/", false, false),
        ("http://2852039166/", false, false),
        ("http://[fd00:ec2::254]/", false, false),
        ("http://0.0.0.0/", false, false),
        ("http://0/", false, false),
        ("http://[::]/", false, false),
        ("http://224.0.0.1/", false, false),
        ("http://[2002:7f00:1::]/", false, true),
    ];
    for (url, by_default, with_private) in cases {
        assert_eq!(strict.check_url(url).is_ok(), by_default, "{url}: {:?}", strict.check_url(url));
        assert_eq!(open.check_url(url).is_ok(), with_private, "{url}: {:?}", open.check_url(url));
    }
}

#[test]
fn a_refusal_says_why_and_what_would_change_it() {
    let text = |url| Guard::new(false).check_url(url).unwrap_err().to_string();
    assert_eq!(
        text("http://0x7f.1/"),
        "127.0.0.1 is or resolves to 127.0.0.1, this machine itself; \
         Postroom does not connect there unless private networks are allowed (allow_private_networks)"
    );
    assert!(text("http://169.254.169.254/").ends_with("a cloud metadata service; Postroom does not connect there"));
    assert!(text("mailto:a@example.com").contains("use https or http"));
}

#[tokio::test]
async fn connecting_passes_over_refused_addresses_and_tries_the_others_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Nobody listens at 127.0.0.2; 169.254.169.254 must not even be tried.
    let guard = guard(true, &[("mail.example.org", &["169.254.169.254", "127.0.0.2", "127.0.0.1"])]);
    let stream = guard.connect("mail.example.org", port, TIMEOUT).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap().ip().to_string(), "127.0.0.1");
}

#[tokio::test]
async fn names_and_addresses_that_lead_inside_are_refused() {
    let guard = guard(false, &[("inside.example.org", &["10.0.0.1", "::1"]), ("empty.example.org", &[])]);
    for host in ["inside.example.org", "127.0.0.1", "::1", "[::1]", "::ffff:127.0.0.1"] {
        let error = guard.connect(host, 25, TIMEOUT).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{host}: {error}");
        assert!(matches!(refusal(&error), Some(GuardError::Refused { .. })), "{host}: {error}");
    }
    for host in ["empty.example.org", "unknown.example.org"] {
        let error = guard.connect(host, 25, TIMEOUT).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{host}: {error}");
        assert!(refusal(&error).is_none());
    }
}

#[tokio::test]
async fn odd_notations_are_judged_by_what_the_system_makes_of_them() {
    for host in ["127.1", "2130706433", "0x7f.1", "localhost"] {
        let error = Guard::new(false).connect(host, 25, TIMEOUT).await.unwrap_err();
        // A resolver may also know none of these: what matters is that nothing is connected to.
        assert!(
            error.kind() == io::ErrorKind::PermissionDenied || error.to_string().contains("resolve"),
            "{host}: {error}"
        );
    }
}

#[tokio::test]
async fn a_failed_connection_names_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = Guard::new(true).connect("127.0.0.1", address.port(), TIMEOUT).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.to_string().starts_with(&address.to_string()), "{error}");
}

/// Public when it is checked, private when it is used.
struct Rebinding(AtomicUsize);

#[async_trait]
impl NameLookup for Rebinding {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![if first { IpAddr::from([8, 8, 8, 8]) } else { IpAddr::from([127, 0, 0, 1]) }])
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_judged_by_the_one_connected_to() {
    let guard = Guard::with_names(false, Arc::new(Rebinding(AtomicUsize::new(0))));
    assert_eq!(guard.resolve("rebind.example.org").await.unwrap().len(), 1);
    let error = guard.connect("rebind.example.org", 80, TIMEOUT).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    let url = "http://rebind.example.org/";
    let timeouts = HttpTimeouts { connect: TIMEOUT, read: TIMEOUT };
    let client = client(&guard, &crate::tls_client::TlsTrust::default(), &timeouts).unwrap();
    let error = client.get(url).send().await.unwrap_err();
    assert!(matches!(refusal(&error), Some(GuardError::Refused { .. })), "{error:?}");
}

/// Answers every A query with `address`, and every other with nothing (RFC 1035 §4.1).
async fn dns_server(address: [u8; 4]) -> SocketAddr {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            let name_end = 12 + query[12..length].iter().position(|byte| *byte == 0).unwrap() + 1;
            let is_a = query[name_end..name_end + 2] == [0, 1];
            let mut answer = query[..name_end + 4].to_vec();
            answer[2..12].copy_from_slice(&[0x84, 0, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
            if is_a {
                answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                answer.extend_from_slice(&address);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    at
}

#[tokio::test]
async fn a_configured_dns_server_is_the_one_that_is_asked() {
    for (address, allowed) in [([8, 8, 4, 4], true), ([10, 1, 2, 3], false)] {
        let dns = DnsConfig { server: Some(dns_server(address).await), query_timeout: TIMEOUT };
        let guard = Guard::with_dns(false, &dns).unwrap();
        let found = guard.resolve("mail.example.org").await;
        match allowed {
            true => assert_eq!(found.unwrap(), [IpAddr::from(address)]),
            false => assert_eq!(found.unwrap_err().kind(), io::ErrorKind::PermissionDenied),
        }
    }
}
