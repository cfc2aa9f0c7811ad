//! DNS that does not answer: no mail waits longer than the deadline, and soon none waits at all.

use bytes::Bytes;
use model::auth::AuthResult;
use tokio::net::UdpSocket;

use super::super::Authenticator;
use super::zone::same_port;
use super::{PEER, Zone, authenticator};
use crate::dns::DnsConfig;

const MAIL: &[u8] = b"From: ann@sender.test\r\n\r\nhello\r\n";

async fn verify(authenticator: &Authenticator, domain: &str) -> model::auth::AuthResults {
    let mail_from = format!("ann@{domain}");
    authenticator.verify(PEER, "mx.sender.test", &mail_from, Bytes::from_static(MAIL)).await
}

#[tokio::test]
async fn where_nobody_listens_mails_are_not_kept_waiting() {
    // The port is taken and given back, so nothing answers there.
    let address = UdpSocket::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let dns = DnsConfig { server: Some(address), ..DnsConfig::default() };
    let authenticator = Authenticator::new(&dns).expect("a resolver");
    while !authenticator.0.health.is_down() {
        let results = verify(&authenticator, "sender.test").await;
        assert_eq!((results.spf, results.dmarc), (AuthResult::TempError, AuthResult::TempError));
        tokio::task::yield_now().await;
    }
    // Names never asked for before: answered without a wait, or the clock, which stands still, would have to move on.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    for number in 0..1_000 {
        let results = verify(&authenticator, &format!("d{number}.test")).await;
        assert_eq!((results.spf, results.dmarc), (AuthResult::TempError, AuthResult::TempError));
        assert!(results.detail.is_some());
    }
    assert_eq!(started.elapsed().as_millis(), 0);
}

#[tokio::test]
async fn a_domain_whose_servers_are_silent_costs_one_wait_and_harms_nobody_else() {
    let zone = Zone::default().silent("dead.test").txt("sender.test", "v=spf1 ip4:192.0.2.1 -all");
    let server = zone.serve().await;
    let authenticator = authenticator(&server);
    assert_eq!(verify(&authenticator, "dead.test").await.spf, AuthResult::TempError);
    server.take_asked();
    for _ in 0..20 {
        assert_eq!(verify(&authenticator, "dead.test").await.spf, AuthResult::TempError);
    }
    assert_eq!(server.take_asked(), Vec::<String>::new());
    assert_eq!(verify(&authenticator, "sender.test").await.spf, AuthResult::Pass);
    assert!(!authenticator.0.health.is_down());
}

#[tokio::test]
async fn an_include_that_is_silent_is_waited_for_once() {
    let zone = Zone::default().txt("half.test", "v=spf1 include:dead.test -all").silent("dead.test");
    let server = zone.serve().await;
    let authenticator = authenticator(&server);
    for round in 0..5 {
        assert_eq!(verify(&authenticator, "half.test").await.spf, AuthResult::TempError);
        assert_eq!(server.take_asked().is_empty(), round > 0, "round {round}");
    }
}

#[tokio::test]
async fn dns_that_comes_back_is_used_again() {
    let (udp, tcp) = same_port().await;
    let dns = DnsConfig { server: Some(udp.local_addr().expect("an address")), ..DnsConfig::default() };
    // Bound but never read: queries vanish, as behind a broken link.
    let authenticator = Authenticator::new(&dns).expect("a resolver");
    while !authenticator.0.health.is_down() {
        tokio::task::yield_now().await;
    }
    let zone = Zone::default().txt("sender.test", "v=spf1 ip4:192.0.2.1 -all");
    let server = zone.serve_on(udp, tcp);
    while authenticator.0.health.is_down() {
        tokio::task::yield_now().await;
    }
    assert_eq!(verify(&authenticator, "sender.test").await.spf, AuthResult::Pass);
    drop(server);
}
