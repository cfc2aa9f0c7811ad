//! DANE against a signed zone, through a resolver that validates: which answers count, and what they want of a mail exchanger.

use DeliveryResult::{Deferred, Delivered};
use aws_lc_rs::digest::{SHA256, digest};
use hickory_server::proto::rr::RecordType;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::ParsedCertificate;

use super::host::{Does, willing, willing_at};
use super::signed_zone::{Validating, Zones};
use super::*;
use crate::dns::DnsConfig;

const DOMAIN: &str = "example.test";
/// DANE-EE, public key, SHA-256.
const EE_KEY_SHA256: [u8; 3] = [3, 1, 1];

fn heeding(resolver: &Validating, port: u16, config: SmtpOutConfig) -> SmtpTransport {
    let dns = DnsConfig { server: Some(resolver.address), ..DnsConfig::default() };
    let hello_name = "post.example.org".to_owned();
    let config = SmtpOutConfig { hello_name, dns: dns.clone(), mx_port: port, dane: true, ..config };
    SmtpTransport::new(Guard::with_dns(true, &dns).unwrap(), config).unwrap()
}

async fn secure_host() -> Host {
    willing(&["STARTTLS"], |_, _| None).await
}

/// What a record of the host's public key holds.
fn key_of(host: &Host) -> Vec<u8> {
    let certificate = CertificateDer::from_pem_slice(host.certificate_pem.as_bytes()).unwrap();
    let key = ParsedCertificate::try_from(&certificate).unwrap().subject_public_key_info();
    digest(&SHA256, &key).as_ref().to_vec()
}

/// `mx1.test` takes the domain's mail.
fn one() -> Zones {
    Zones::default().mx(DOMAIN, 10, "mx1.test").a("mx1.test", "127.0.0.1")
}

async fn deliver(zones: Zones, port: u16, domain: &str) -> RecipientOutcome {
    let resolver = zones.serve().await;
    let transport = heeding(&resolver, port, SmtpOutConfig::default());
    transport.send_to_mx(domain, mail(&["a@example.test"])).await.remove(0)
}

fn is_told_as_dane(outcome: &RecipientOutcome) -> bool {
    outcome.tls_version.as_deref().is_some_and(|how| how.starts_with("TLS 1.3, ") && how.ends_with(", DANE"))
}

#[tokio::test]
async fn a_certificate_that_matches_is_proof_and_told() {
    let host = secure_host().await;
    let zones = one().tlsa("mx1.test", host.port, EE_KEY_SHA256, &key_of(&host));
    let resolver = zones.serve().await;
    let transport = heeding(&resolver, host.port, SmtpOutConfig::default());
    for _ in 0..2 {
        let outcome = transport.send_to_mx(DOMAIN, mail(&["a@example.test"])).await.remove(0);
        assert_eq!((outcome.result, outcome.tls), (Delivered, true), "{outcome:?}");
        assert!(is_told_as_dane(&outcome), "{outcome:?}");
    }
    assert_eq!(host.count("CONNECT"), 1, "the connection is kept");
    // More than a datagram holds.
    let wrong = (0..50).fold(one(), |zones, n| zones.tlsa("mx1.test", host.port, EE_KEY_SHA256, &[n; 32]));
    let outcome = deliver(wrong.tlsa("mx1.test", host.port, EE_KEY_SHA256, &key_of(&host)), host.port, DOMAIN).await;
    assert!(is_told_as_dane(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_host_that_is_not_as_its_records_say_gets_no_mail() {
    let (with_tls, in_clear) = (secure_host().await, willing(&[], |_, _| None).await);
    let broken = willing(&["STARTTLS"], |_, line| (line == "STARTTLS").then(|| Does::Last("220 go".to_owned()))).await;
    for (host, data, words) in [
        (&with_tls, vec![7; 32], "the server's certificate matches none of its TLSA records"),
        (&in_clear, key_of(&in_clear), "does not offer STARTTLS"),
        (&broken, key_of(&broken), "TLS could not be set up"),
    ] {
        let zones = one().tlsa("mx1.test", host.port, EE_KEY_SHA256, &data);
        let outcome = deliver(zones, host.port, DOMAIN).await;
        assert_eq!(outcome.result, Deferred, "{outcome:?}");
        assert!(outcome.response.contains(words) && outcome.response.contains("DANE"), "{}", outcome.response);
        assert_eq!(host.count("MAIL"), 0, "{words}");
    }
}

#[tokio::test]
async fn the_next_host_is_asked_where_one_is_not_as_its_records_say() {
    let first = secure_host().await;
    let second = willing_at(&format!("127.0.0.2:{}", first.port), &["STARTTLS"], |_, _| None).await;
    let zones = one()
        .mx(DOMAIN, 20, "mx2.test")
        .a("mx2.test", "127.0.0.2")
        .tlsa("mx1.test", first.port, EE_KEY_SHA256, &[7; 32])
        .tlsa("mx2.test", first.port, EE_KEY_SHA256, &key_of(&second));
    let outcome = deliver(zones, first.port, DOMAIN).await;
    assert_eq!((outcome.result, outcome.host.as_deref()), (Delivered, Some("mx2.test")), "{outcome:?}");
    assert!(is_told_as_dane(&outcome) && outcome.tried_before[0].response.contains("TLSA"), "{outcome:?}");
}

#[tokio::test]
async fn what_is_forged_makes_the_mail_wait() {
    let host = secure_host().await;
    let tlsa_name = format!("_{}._tcp.mx1.test", host.port);
    for (owner, record_type, words) in [
        (DOMAIN, RecordType::MX, "4.4.3 DNS did not say where mail for example.test goes"),
        ("mx1.test", RecordType::A, "4.4.3 DNS did not say where mx1.test is"),
        (tlsa_name.as_str(), RecordType::TLSA, "4.4.3 DNS did not say which certificate mx1.test has"),
    ] {
        let zones = one().tlsa("mx1.test", host.port, EE_KEY_SHA256, &key_of(&host)).forged(owner, record_type);
        let outcome = deliver(zones, host.port, DOMAIN).await;
        assert_eq!(outcome.result, Deferred, "{record_type}: {outcome:?}");
        let told = &outcome.response;
        assert!(told.starts_with(words) && told.contains("signatures are wrong"), "{record_type}: {told}");
    }
    assert_eq!(host.count("CONNECT"), 0);
}

#[tokio::test]
async fn what_dnssec_does_not_prove_has_no_say() {
    // Nothing of it signed; the MX record not signed; the address not signed.
    for (domain, mx) in [("a.unsigned", "mx1.unsigned"), ("a.unsigned", "mx1.test"), (DOMAIN, "mx1.unsigned")] {
        let host = willing(&[], |_, _| None).await;
        let zones = Zones::default().mx(domain, 10, mx).a(mx, "127.0.0.1").tlsa(mx, host.port, EE_KEY_SHA256, &[7; 32]);
        let outcome = deliver(zones, host.port, domain).await;
        assert_eq!((outcome.result, outcome.tls), (Delivered, false), "{domain} {mx}: {outcome:?}");
    }
    // Proven, and without TLSA records.
    let host = willing(&[], |_, _| None).await;
    let outcome = deliver(one(), host.port, DOMAIN).await;
    assert_eq!((outcome.result, outcome.tls), (Delivered, false), "{outcome:?}");
}

#[tokio::test]
async fn records_that_are_not_usable_want_tls_of_any_kind() {
    let (with_tls, in_clear) = (secure_host().await, willing(&[], |_, _| None).await);
    for (host, expected) in [(&with_tls, (Delivered, true)), (&in_clear, (Deferred, false))] {
        let zones = one()
            .tlsa("mx1.test", host.port, [1, 1, 1], &[7; 32])
            .tlsa("mx1.test", host.port, [3, 1, 1], &[7; 31])
            .tlsa("mx1.test", host.port, [3, 1, 9], &[7; 32]);
        let outcome = deliver(zones, host.port, DOMAIN).await;
        assert_eq!((outcome.result, outcome.tls), expected, "{outcome:?}");
        assert!(!is_told_as_dane(&outcome), "nobody knows who it is: {outcome:?}");
    }
}

#[tokio::test]
async fn domains_without_mx_and_aliases_have_records_too() {
    let host = secure_host().await;
    let (port, key) = (host.port, key_of(&host));
    let alias =
        || Zones::default().mx(DOMAIN, 10, "alias.test").cname("alias.test", "mx1.test").a("mx1.test", "127.0.0.1");
    for (what, zones) in [
        ("implicit", Zones::default().a(DOMAIN, "127.0.0.1").tlsa(DOMAIN, port, EE_KEY_SHA256, &key)),
        ("of the alias's host", alias().tlsa("mx1.test", port, EE_KEY_SHA256, &key)),
        ("of the alias", alias().tlsa("alias.test", port, EE_KEY_SHA256, &key)),
        (
            "of an alias that leads where nothing is signed",
            Zones::default()
                .mx(DOMAIN, 10, "alias.test")
                .cname("alias.test", "mx1.unsigned")
                .a("mx1.unsigned", "127.0.0.1")
                .tlsa("alias.test", port, EE_KEY_SHA256, &key),
        ),
    ] {
        let outcome = deliver(zones, port, DOMAIN).await;
        assert_eq!(outcome.result, Delivered, "{what}: {outcome:?}");
        assert!(is_told_as_dane(&outcome), "{what}: {outcome:?}");
    }
}

#[tokio::test]
async fn dane_goes_before_a_policy_and_is_heeded_only_where_it_is_wanted() {
    let host = secure_host().await;
    let web = super::exchangers::policy_server(
        "version: STSv1\r\nmode: enforce\r\nmx: other.test\r\nmax_age: 86400\r\n".to_owned(),
    )
    .await;
    let zones = |data: &[u8]| {
        one()
            .tlsa("mx1.test", host.port, EE_KEY_SHA256, data)
            .a("mta-sts.example.test", "127.0.0.1")
            .txt("_mta-sts.example.test", "v=STSv1; id=1;")
    };
    let config = || {
        let trust = TlsTrust { extra_roots_pem: Some(web.certificate_pem.clone()), ..TlsTrust::default() };
        SmtpOutConfig { trust, mta_sts_port: web.port, ..SmtpOutConfig::default() }
    };
    for (data, expected) in [(key_of(&host), Delivered), (vec![7; 32], Deferred)] {
        let resolver = zones(&data).serve().await;
        let outcome =
            heeding(&resolver, host.port, config()).send_to_mx(DOMAIN, mail(&["a@example.test"])).await.remove(0);
        assert_eq!(outcome.result, expected, "{outcome:?}");
    }
    let resolver = one().tlsa("mx1.test", host.port, EE_KEY_SHA256, &[7; 32]).serve().await;
    let dns = DnsConfig { server: Some(resolver.address), ..DnsConfig::default() };
    let without = SmtpOutConfig { dns: dns.clone(), mx_port: host.port, ..SmtpOutConfig::default() };
    let without = SmtpTransport::new(Guard::with_dns(true, &dns).unwrap(), without).unwrap();
    let outcome = without.send_to_mx(DOMAIN, mail(&["a@example.test"])).await.remove(0);
    assert_eq!((outcome.result, is_told_as_dane(&outcome)), (Delivered, false), "{outcome:?}");

    let nobody_named = SmtpTransport::new(Guard::new(true), SmtpOutConfig { dane: true, ..SmtpOutConfig::default() });
    let error = nobody_named.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("POSTROOM_DNS_SERVER") && error.contains("POSTROOM_DANE"), "{error}");
}

#[tokio::test]
async fn a_resolver_that_does_not_validate_is_noticed() {
    use crate::auth::tests::zone::Zone;
    use crate::validated_dns::ValidatedDns;
    let validating = Zones::default().serve().await;
    let other = Zone::default().serve().await;
    for (address, expected) in [(validating.address, true), (other.address, false)] {
        let dns = DnsConfig { server: Some(address), ..DnsConfig::default() };
        assert_eq!(ValidatedDns::new(&dns).unwrap().validates().await, Ok(expected));
    }
}
