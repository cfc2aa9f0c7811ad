//! Domains set up in a name server of our own, rightly and as people do it; and what they sign, held against two verifiers.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use engine::domains;
use engine::testing::TestEngine;
use model::auth::AuthResult;
use model::domain::{DnsRecord, DnsRecordPurpose, DnsRecordStatus, DnsRecordType, Domain, DomainStatus};
use serde_json::json;
use store::testing::TestDb;

use super::*;
use crate::auth::tests::authenticator;
use crate::auth::tests::zone::{NameServer, Zone};

const NAME: &str = "mail.acme.test";
const MAIL: &str = "From: Ann  Müller <ann@mail.acme.test>\r\nTo: bo@example.org,\r\n\tcy@example.org\r\nCc: dee@example.org\r\n\
    Subject: a  subject\r\n\twith a fold \r\nDate: Mon, 15 Jan 2024 10:30:00 +0000\r\nMessage-ID: <1@mail.acme.test>\r\n\
    List-Unsubscribe: <https://t.mail.acme.test/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\nX-Other: not signed\r\n\r\nHello \t there \r\n\r\n  grüße\r\n.\r\n\r\n\r\n";

fn resolver(server: &NameServer) -> DomainResolver {
    let dns = DnsConfig { server: Some(server.address), query_timeout: Duration::from_millis(300) };
    DomainResolver::new(&dns).expect("a resolver")
}

fn with(zone: Zone, record: &DnsRecord) -> Zone {
    match record.record_type {
        DnsRecordType::Txt => zone.txt(&record.name, &record.value),
        DnsRecordType::Mx => {
            let (preference, host) = record.value.split_once(' ').expect("a preference and a host");
            zone.mx(&record.name, preference.parse().expect("a number"), host)
        }
        DnsRecordType::Cname => zone.cname(&record.name, &record.value),
        DnsRecordType::Ns => zone,
    }
}

struct Product {
    test: TestEngine,
    domain: Domain,
}

impl Product {
    async fn start() -> Self {
        let test = TestEngine::start(TestDb::sqlite()).await;
        let domain = domains::create(&test.engine, &test.key(), NAME).await.expect("a domain");
        Self { test, domain }
    }

    /// The zone as it should be, but for the records of one purpose.
    fn zone_without(&self, left_out: Option<DnsRecordPurpose>) -> Zone {
        let kept = self.domain.dns_records.iter().filter(|record| Some(record.purpose) != left_out);
        kept.fold(Zone::default(), with)
    }

    fn first(&self, purpose: DnsRecordPurpose) -> &DnsRecord {
        self.domain.dns_records.iter().find(|record| record.purpose == purpose).expect("a record")
    }

    async fn verify_at(&mut self, server: &NameServer) -> Domain {
        self.test.engine.ports.domain_dns = Arc::new(resolver(server));
        domains::verify(&self.test.engine, &self.test.key(), &self.domain.id).await.expect("a check")
    }

    /// State and problem of the first record of a purpose, as this zone has it.
    async fn judged(&mut self, zone: Zone, purpose: DnsRecordPurpose) -> (DnsRecordStatus, String) {
        let shown = self.verify_at(&zone.serve().await).await;
        let record = shown.dns_records.into_iter().find(|record| record.purpose == purpose).expect("a record");
        (record.status, record.problem.unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_verified_domain_signs_passes_two_verifiers() {
    let mut product = Product::start().await;
    let server = product.zone_without(None).serve().await;
    let shown = product.verify_at(&server).await;
    assert_eq!(shown.status, DomainStatus::Verified, "{:#?}", shown.dns_records);
    // What is suggested about TLS is not there.
    let suggested = [DnsRecordPurpose::MtaSts, DnsRecordPurpose::MtaStsHost, DnsRecordPurpose::TlsRpt];
    let mut published = shown.dns_records.iter().filter(|record| !suggested.contains(&record.purpose));
    assert!(published.all(|record| record.status == DnsRecordStatus::Verified), "{shown:#?}");
    let workspace = product.test.workspace_id.clone();
    let signed = product.test.engine.sign(&workspace, &product.domain.id, Bytes::from(MAIL)).await.expect("signed");
    let ours = authenticator(&server)
        .verify("192.0.2.1".parse().expect("an address"), "mx.test", "bounce@bounces.mail.acme.test", signed.clone())
        .await;
    assert_eq!((ours.dkim, ours.dmarc), (AuthResult::Pass, AuthResult::Pass), "{ours:?}");
    assert_eq!(independently(&product.domain, &signed), ["pass", "pass"]);
    // Both notice what is changed, and a second From.
    let text = String::from_utf8(signed.to_vec()).expect("text");
    for tampered in [
        text.replace("Hello", "Hullo"),
        text.replace("a  subject", "another subject"),
        text.replace("X-Other: not signed", "From: eve@example.org"),
    ] {
        assert_eq!(independently(&product.domain, tampered.as_bytes()), ["fail", "fail"], "{tampered}");
    }
    let relaxed = text.replace("Hello \t there \r\n", "Hello there\r\n").replace("a  subject", "a subject");
    assert_eq!(independently(&product.domain, relaxed.as_bytes()), ["pass", "pass"]);
}

/// What dkimpy says of each signature.
fn independently(domain: &Domain, mail: &[u8]) -> Vec<String> {
    const PROGRAM: &str = "import dkim, json, sys\n\
        records = json.load(open(sys.argv[1]))\n\
        look = lambda name, timeout=5: records.get(name.decode().rstrip('.'), '').encode()\n\
        mail = open(sys.argv[2], 'rb').read()\n\
        count = sum(name.lower() == b'dkim-signature' for name, _ in dkim.rfc822_parse(mail)[0])\n\
        for index in range(count):\n\
        \x20   verifier = dkim.DKIM(mail)\n\
        \x20   try: passed = verifier.verify(idx=index, dnsfunc=look)\n\
        \x20   except dkim.DKIMException: passed = False\n\
        \x20   print('pass' if passed else 'fail')\n";
    let folder = tempfile::tempdir().expect("a folder");
    let keys = domain.dns_records.iter().filter(|record| record.purpose == DnsRecordPurpose::Dkim);
    let records: serde_json::Map<_, _> = keys.map(|record| (record.name.clone(), json!(record.value))).collect();
    let (zone, file) = (folder.path().join("zone.json"), folder.path().join("mail.eml"));
    std::fs::write(&zone, json!(records).to_string()).expect("a file");
    std::fs::write(&file, mail).expect("a file");
    // Debian's, with Debian's packages.
    let ran = Command::new("/usr/bin/python3").arg("-c").arg(PROGRAM).args([&zone, &file]).output();
    let ran = ran.expect("python3 with dkimpy: `cargo xtask test` installs python3-dkim");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_people_mistype_are_told_in_words() {
    use DnsRecordPurpose::{Dkim, Mx, ReturnPath, Spf};
    let mut product = Product::start().await;
    let key = product.first(Dkim).clone();
    let bounces = product.first(ReturnPath).name.clone();
    let others: Vec<DnsRecord> =
        product.domain.dns_records.iter().filter(|record| record.purpose == Dkim).skip(1).cloned().collect();
    let wrong = DnsRecordStatus::Wrong;
    let cases = [
        (
            product.zone_without(Some(Dkim)).txt(&key.name.replace("_domainkey", "domainkey"), &key.value),
            Dkim,
            wrong,
            "without the underscore",
        ),
        (
            product.zone_without(Some(Dkim)).txt(&format!("{}.{NAME}", key.name), &key.value),
            Dkim,
            wrong,
            "adds mail.acme.test by itself",
        ),
        (
            product.zone_without(Some(Dkim)).txt(&key.name, &format!("\"{}\"", key.value)),
            Dkim,
            wrong,
            "quotation marks",
        ),
        (product.zone_without(Some(Dkim)).txt(&key.name, &others[0].value), Dkim, wrong, "mixed up"),
        (product.zone_without(Some(Dkim)).txt(&key.name, &key.value[..200]), Dkim, wrong, "cut off"),
        (
            product.zone_without(Some(Dkim)).cname(&key.name, "parking.test").a("parking.test", "192.0.2.9"),
            Dkim,
            wrong,
            "alias (CNAME) of parking.test",
        ),
        (product.zone_without(Some(Dkim)).a(&key.name, "192.0.2.9"), Dkim, DnsRecordStatus::Pending, ""),
        (product.zone_without(None).txt(&bounces, "v=spf1 -all"), Spf, wrong, "2 SPF records"),
        (
            (0..11)
                .fold(product.zone_without(Some(Spf)), |zone, n| {
                    zone.txt(&format!("n{n}.test"), &format!("v=spf1 include:n{}.test -all", n + 1))
                })
                .txt(&bounces, "v=spf1 a:postroom.test include:n0.test ~all"),
            Spf,
            wrong,
            "more than 10 look-ups",
        ),
        (
            product
                .zone_without(Some(Spf))
                .txt(&bounces, "v=spf1 a:postroom.test include:loop.test ~all")
                .txt("loop.test", "v=spf1 include:loop.test ~all"),
            Spf,
            wrong,
            "more than 10 look-ups",
        ),
        (
            product.zone_without(Some(ReturnPath)).mx(&bounces, 10, "postroom.test.mail.acme.test"),
            ReturnPath,
            wrong,
            "end the value with a dot",
        ),
        (product.zone_without(Some(Mx)).mx(NAME, 1, "mx.other.test"), Mx, wrong, "leave it so"),
    ];
    for (zone, purpose, status, words) in cases {
        let (found, problem) = product.judged(zone, purpose).await;
        assert!(found == status && problem.contains(words), "{words}: {found:?} {problem}");
    }
    // The DNS host takes 255 bytes a string: several are one value.
    let (begin, end) = key.value.split_at(255);
    let zone = product.zone_without(Some(Dkim)).txt_parts(&key.name, &[begin, end]);
    assert_eq!(product.judged(zone, Dkim).await, (DnsRecordStatus::Verified, String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_fails_takes_nothing_away() {
    let mut product = Product::start().await;
    let server = product.zone_without(None).serve().await;
    assert_eq!(product.verify_at(&server).await.status, DomainStatus::Verified);
    let (key, bounces) = (product.first(DnsRecordPurpose::Dkim).name.clone(), domains::return_path_host(NAME));
    for broken in [Zone::default().failing(&key).failing(&bounces), Zone::default().silent(&key).silent(&bounces)] {
        let shown = product.verify_at(&broken.serve().await).await;
        assert_eq!(shown.status, DomainStatus::Verified);
        let record = shown.dns_records.iter().find(|record| record.name == key).expect("the key");
        let problem = record.problem.as_deref().unwrap_or_default();
        assert!(record.status == DnsRecordStatus::Verified && problem.contains("no answer"), "{record:?}");
    }
    // Nothing there is an answer.
    let shown = product.verify_at(&Zone::default().serve().await).await;
    assert_eq!(shown.status, DomainStatus::Failing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_is_looked_over_as_receivers_do() {
    let mut product = Product::start().await;
    let mut config = (*product.test.engine.config).clone();
    config.dns_blocklists = vec!["good.list.test".into(), "bad.list.test".into(), "closed.list.test".into()];
    product.test.engine.config = Arc::new(config);
    let zone = product
        .zone_without(Some(DnsRecordPurpose::Tracking))
        .a("postroom.test", "198.51.100.7")
        .ptr("7.100.51.198.in-addr.arpa", "host7.provider.test")
        .a("7.100.51.198.bad.list.test", "127.0.0.2")
        .a("7.100.51.198.closed.list.test", "127.255.255.254");
    let server = zone.serve().await;
    product.verify_at(&server).await;
    let checks = domains::examine(&product.test.engine, &product.test.key(), &product.domain.id).await.expect("checks");
    let check = |name: &str| {
        let found = checks.iter().find(|check| check.name.starts_with(name));
        found.unwrap_or_else(|| panic!("{name} is not among {checks:#?}"))
    };
    for (name, ok, words) in [
        ("dkim ", true, "right"),
        ("spf ", true, "right"),
        ("tracking ", true, "not needed"),
        ("helo", true, "198.51.100.7"),
        ("ptr 198.51.100.7", false, "host7.provider.test"),
        ("dmarc alignment", true, "fit the policy"),
        ("blocklist good.list.test", true, "not listed"),
        ("blocklist bad.list.test", false, "is listed"),
        ("blocklist closed.list.test", true, "nothing is known"),
    ] {
        let check = check(name);
        assert!(check.ok == ok && check.detail.contains(words), "{check:?}");
        assert!(ok || check.hint.is_some(), "{check:?}");
    }
}
