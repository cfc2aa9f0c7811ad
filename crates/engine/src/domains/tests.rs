//! Domains on both databases, with a DNS of the test's own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use model::Timestamp;
use model::domain::{DnsRecord, DnsRecordPurpose, DnsRecordStatus, DnsRecordType, Domain, DomainStatus};
use model::key::Principal;
use store::testing::TestDb;

use super::*;
use crate::ports::{DnsAnswer, DnsGap, DomainDns};
use crate::testing::{self, TestEngine};

store::on_both_engines!(
    a_domain_is_verified_by_its_records_and_tells_of_it,
    one_workspace_sends_from_a_name,
    records_that_break_are_told_and_stop_the_domain_after_three_days,
    new_keys_sign_when_their_records_are_there,
    whoever_looks_after_domains_is_given_each_once,
    keys_are_sealed_anew_and_go_with_their_domain,
    a_domain_that_receives_is_told_what_to_publish_about_tls,
    links_begin_at_a_host_of_the_domains_own_that_leads_here,
);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A zone that can be changed.
#[derive(Default)]
pub(super) struct Zone {
    records: Mutex<HashMap<(DnsRecordType, String), Vec<String>>>,
    is_down: Mutex<bool>,
}

impl Zone {
    pub(super) fn publish<'r>(&self, records: impl IntoIterator<Item = &'r DnsRecord>) {
        let mut all = self.records.lock().unwrap();
        for record in records {
            all.insert((record.record_type, record.name.clone()), vec![record.value.clone()]);
        }
    }

    fn withdraw(&self, name: &str) {
        self.records.lock().unwrap().retain(|(_, owner), _| owner != name);
    }

    fn set_down(&self, is_down: bool) {
        *self.is_down.lock().unwrap() = is_down;
    }

    fn at(&self, record_type: DnsRecordType, name: &str) -> DnsAnswer<String> {
        if *self.is_down.lock().unwrap() {
            return Err(DnsGap::Failed("no server answers".into()));
        }
        let all = self.records.lock().unwrap();
        all.get(&(record_type, name.to_owned())).cloned().ok_or(DnsGap::NoName)
    }
}

#[async_trait]
impl DomainDns for Zone {
    async fn texts(&self, name: &str) -> DnsAnswer<String> {
        self.at(DnsRecordType::Txt, name)
    }

    async fn mail_hosts(&self, name: &str) -> DnsAnswer<(u16, String)> {
        let found = self.at(DnsRecordType::Mx, name)?;
        Ok(found
            .iter()
            .filter_map(|text| text.split_once(' '))
            .map(|(n, host)| (n.parse().unwrap(), host.into()))
            .collect())
    }

    async fn aliases(&self, name: &str) -> DnsAnswer<String> {
        self.at(DnsRecordType::Cname, name)
    }

    async fn name_servers(&self, name: &str) -> DnsAnswer<String> {
        self.at(DnsRecordType::Ns, name)
    }

    async fn addresses(&self, _: &str) -> DnsAnswer<IpAddr> {
        Err(DnsGap::NoName)
    }

    async fn pointers(&self, _: IpAddr) -> DnsAnswer<String> {
        Err(DnsGap::NoName)
    }
}

pub(super) struct Product {
    pub(super) test: TestEngine,
    pub(super) zone: Arc<Zone>,
    pub(super) key: Principal,
}

impl Product {
    pub(super) async fn start(database: TestDb) -> Self {
        let mut test = TestEngine::start(database).await;
        let zone = Arc::new(Zone::default());
        test.engine.ports.domain_dns = zone.clone();
        let key = test.key();
        Self { test, zone, key }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.test.engine
    }

    pub(super) async fn create(&self, name: &str) -> Domain {
        create(self.engine(), &self.key, name).await.unwrap()
    }

    pub(super) async fn verify(&self, domain: &Domain) -> Domain {
        verify(self.engine(), &self.key, &domain.id).await.unwrap()
    }

    async fn shown(&self, domain: &Domain) -> Domain {
        show(self.engine(), &self.key, &domain.id).await.unwrap()
    }

    pub(super) async fn step(&self, now: Timestamp) -> usize {
        verifying::step(self.engine(), now).await.unwrap()
    }

    /// Types and states of the events about domains, oldest first.
    async fn told(&self) -> Vec<(String, String)> {
        self.test.settle().await;
        let page = crate::events::after(self.engine(), &self.key, 0, 100).await.unwrap();
        let of_domains = page.events.into_iter().filter(|event| event.event_type.as_str().starts_with("domain."));
        of_domains
            .map(|event| (event.event_type.as_str().into(), event.data["status"].as_str().unwrap().into()))
            .collect()
    }

    async fn sign(&self, domain: &Domain) -> Result<String> {
        let raw = Bytes::from_static(b"From: a@mail.acme.test\r\nSubject: x\r\n\r\nHello\r\n");
        let signed = self.engine().sign(&self.key.workspace_id, &domain.id, raw).await?;
        Ok(String::from_utf8(signed.to_vec()).unwrap())
    }
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(event, status)| (event.to_owned(), status.to_owned())).collect()
}

pub(super) fn of(domain: &Domain, purpose: DnsRecordPurpose) -> Vec<&DnsRecord> {
    domain.dns_records.iter().filter(|record| record.purpose == purpose).collect()
}

async fn a_domain_is_verified_by_its_records_and_tells_of_it(database: TestDb) {
    let product = Product::start(database).await;
    let domain = product.create("Mail.ACME.test").await;
    assert_eq!((domain.name.as_str(), domain.status), ("mail.acme.test", DomainStatus::Pending));
    assert!(matches!(product.sign(&domain).await, Err(EngineError::Conflict(_))));
    let workspace = &product.key.workspace_id;
    assert!(matches!(verified(product.engine(), workspace, &domain.id).await, Err(EngineError::Conflict(_))));
    let checked = product.verify(&domain).await;
    assert!(checked.checked_at.is_some() && checked.status == DomainStatus::Pending, "{checked:?}");
    product.zone.publish(domain.dns_records.iter().filter(|record| record.required));
    let checked = product.verify(&domain).await;
    assert_eq!(checked.status, DomainStatus::Verified, "{:#?}", checked.dns_records);
    let is_verified = |record: &DnsRecord| record.status == DnsRecordStatus::Verified;
    assert!(checked.dns_records.iter().all(|record| is_verified(record) == record.required));
    assert_eq!(product.told().await, told(&[("domain.verified", "verified")]));
    let signed = product.sign(&domain).await.unwrap();
    assert_eq!(signed.matches("DKIM-Signature:").count(), 2, "{signed}");
    assert!(signed.ends_with("\r\nFrom: a@mail.acme.test\r\nSubject: x\r\n\r\nHello\r\n"));
    assert_eq!(verified(product.engine(), workspace, &domain.id).await.unwrap(), product.shown(&domain).await);
    // DNS that does not answer takes nothing away.
    product.zone.set_down(true);
    let silent = product.verify(&domain).await;
    assert!(silent.status == DomainStatus::Verified && silent.problem.is_some(), "{silent:?}");
    assert!(of(&silent, DnsRecordPurpose::Spf)[0].problem.as_ref().unwrap().contains("no server answers"));
    let checks = examine(product.engine(), &product.key, &domain.id).await.unwrap();
    assert!(checks.iter().any(|check| check.name == "helo" && !check.ok), "{checks:?}");
    delete(product.engine(), &product.key, &domain.id).await.unwrap();
    assert!(matches!(product.sign(&domain).await, Err(EngineError::NotFound { .. })));
}

async fn one_workspace_sends_from_a_name(database: TestDb) {
    let product = Product::start(database).await;
    let stranger = testing::all_scopes(&testing::workspace(product.engine(), "Second").await);
    let ours = product.create("acme.test").await;
    assert!(matches!(create(product.engine(), &product.key, "acme.test").await, Err(EngineError::Conflict(_))));
    let theirs = create(product.engine(), &stranger, "acme.test").await.unwrap();
    product.zone.publish(ours.dns_records.iter().chain(&theirs.dns_records));
    assert_eq!(product.verify(&ours).await.status, DomainStatus::Verified);
    let refused = verify(product.engine(), &stranger, &theirs.id).await.unwrap();
    assert_eq!(refused.status, DomainStatus::Pending);
    assert!(refused.problem.unwrap().contains("another workspace"));
    for outcome in [
        show(product.engine(), &stranger, &ours.id).await.map(drop),
        verify(product.engine(), &stranger, &ours.id).await.map(drop),
        rotate_dkim(product.engine(), &stranger, &ours.id).await.map(drop),
        examine(product.engine(), &stranger, &ours.id).await.map(drop),
        delete(product.engine(), &stranger, &ours.id).await,
    ] {
        assert!(matches!(outcome, Err(EngineError::NotFound { .. })), "{outcome:?}");
    }
    delete(product.engine(), &product.key, &ours.id).await.unwrap();
    assert_eq!(verify(product.engine(), &stranger, &theirs.id).await.unwrap().status, DomainStatus::Verified);
}

async fn records_that_break_are_told_and_stop_the_domain_after_three_days(database: TestDb) {
    let product = Product::start(database).await;
    let domain = product.create("acme.test").await;
    product.zone.publish(&domain.dns_records);
    let soon = domain.next_check_at;
    assert_eq!(product.step(soon.minus(Duration::from_secs(1))).await, 0);
    assert_eq!(product.step(soon).await, 1);
    assert_eq!(product.shown(&domain).await.status, DomainStatus::Verified);
    product.zone.withdraw("bounces.acme.test");
    let mut now = soon.plus(DAY);
    product.step(now).await;
    assert_eq!(product.shown(&domain).await.failing_since, Some(now));
    assert!(product.sign(&domain).await.is_ok(), "it still sends");
    let end = now.plus(DAY * 3);
    while now < end {
        assert_eq!(product.shown(&domain).await.status, DomainStatus::Failing);
        now = product.shown(&domain).await.next_check_at;
        assert_eq!(product.step(now).await, 1);
    }
    assert_eq!((now, product.shown(&domain).await.status), (end, DomainStatus::Failed));
    assert!(matches!(product.sign(&domain).await, Err(EngineError::Conflict(detail)) if detail.contains("three days")));
    product.zone.publish(&domain.dns_records);
    product.step(end.plus(DAY)).await;
    let events = [
        ("domain.verified", "verified"),
        ("domain.failed", "failing"),
        ("domain.failed", "failed"),
        ("domain.verified", "verified"),
    ];
    assert_eq!(product.told().await, told(&events));
}

async fn new_keys_sign_when_their_records_are_there(database: TestDb) {
    let product = Product::start(database).await;
    let domain = product.create("acme.test").await;
    // Nobody has signed with the first ones yet.
    let replaced = rotate_dkim(product.engine(), &product.key, &domain.id).await.unwrap();
    let (first, second) = (of(&domain, DnsRecordPurpose::Dkim), of(&replaced, DnsRecordPurpose::Dkim));
    assert!(second.len() == 2 && first[0].name != second[0].name);
    product.zone.publish(&replaced.dns_records);
    product.verify(&domain).await;
    let rotated = rotate_dkim(product.engine(), &product.key, &domain.id).await.unwrap();
    let names = |domain: &Domain| -> Vec<String> {
        of(domain, DnsRecordPurpose::Dkim).iter().map(|record| record.name.clone()).collect()
    };
    assert_eq!((rotated.status, names(&rotated).len()), (DomainStatus::Verified, 4));
    let selector = |name: &str| format!(" s={};", name.split('.').next().unwrap());
    assert!(product.sign(&domain).await.unwrap().contains(&selector(&second[0].name)));
    product.zone.publish(&rotated.dns_records);
    let swapped = product.verify(&domain).await;
    assert_eq!(names(&swapped), names(&rotated)[2..]);
    let signed = product.sign(&domain).await.unwrap();
    assert!(names(&swapped).iter().all(|name| signed.contains(&selector(name))), "{signed}");
    assert!(!signed.contains(&selector(&second[0].name)));
}

async fn whoever_looks_after_domains_is_given_each_once(database: TestDb) {
    let product = Product::start(database).await;
    for number in 0..12 {
        product.create(&format!("d{number}.acme.test")).await;
    }
    let now = Timestamp::now().plus(DAY);
    let (one, other) = tokio::join!(product.step(now), product.step(now));
    let mut checked = one + other;
    while checked < 12 {
        let more = product.step(now).await;
        assert!(more > 0, "only {checked} were checked");
        checked += more;
    }
    assert_eq!((checked, product.step(now).await), (12, 0));
}

async fn a_domain_that_receives_is_told_what_to_publish_about_tls(database: TestDb) {
    let product = Product::start(database).await;
    let domain = product.create("acme.test").await;
    let about_tls = |domain: &Domain| {
        let all = domain.dns_records.iter().filter(|record| records::is_suggestion(record));
        all.map(|record| record.status).collect::<Vec<_>>()
    };
    product.zone.publish(domain.dns_records.iter().filter(|record| record.required));
    let sends = product.verify(&domain).await;
    assert_eq!((sends.status, about_tls(&sends), sends.mta_sts), (DomainStatus::Verified, vec![], None));
    let policy = async || mta_sts_policy(product.engine(), "mta-sts.acme.test").await.unwrap();
    assert_eq!(policy().await, None);
    product.zone.publish(of(&domain, DnsRecordPurpose::Mx));
    let receives = product.verify(&domain).await;
    assert_eq!((receives.status, about_tls(&receives)), (DomainStatus::Verified, vec![DnsRecordStatus::Pending; 3]));
    product.zone.publish(receives.dns_records.iter().filter(|record| records::is_suggestion(record)));
    assert_eq!(about_tls(&product.verify(&domain).await), vec![DnsRecordStatus::Verified; 3]);
    assert_eq!(policy().await, receives.mta_sts.map(|policy| policy.policy));
    // Another policy has another id.
    let enforced = DomainChange { mta_sts_mode: Some(MtaStsMode::Enforce), ..DomainChange::default() };
    change(product.engine(), &product.key, &domain.id, enforced).await.unwrap();
    let changed = product.verify(&domain).await;
    let id = of(&changed, DnsRecordPurpose::MtaSts)[0];
    assert_eq!((changed.status, id.status), (DomainStatus::Verified, DnsRecordStatus::Wrong));
    assert!(policy().await.unwrap().contains("mode: enforce"));
    // What it says of TLS goes with the domain's mail.
    product.zone.withdraw("acme.test");
    assert_eq!(about_tls(&product.verify(&domain).await), []);
    assert_eq!(policy().await, None);
}

async fn links_begin_at_a_host_of_the_domains_own_that_leads_here(database: TestDb) {
    let product = Product::start(database).await;
    let engine = product.engine();
    let named = NewDomain { name: "acme.test".into(), tracking_host: Some("Click.acme.test".into()) };
    let domain = create(engine, &product.key, named).await.unwrap();
    let ours = &product.key.workspace_id;
    product.zone.publish(domain.dns_records.iter().filter(|record| record.required));
    product.verify(&domain).await;
    assert_eq!(links_from(engine, ours, "a@acme.test").await.unwrap(), None, "its record is not there");
    assert_eq!(host_use(engine, "click.acme.test").await.unwrap(), HostUse::Tracking);
    product.zone.publish(of(&domain, DnsRecordPurpose::Tracking));
    product.verify(&domain).await;
    let public = url::Url::parse(&engine.config.public_url).unwrap();
    let port = public.port().map(|port| format!(":{port}")).unwrap_or_default();
    let own = format!("{}://click.acme.test{port}", public.scheme());
    assert_eq!(links_from(engine, ours, "a@acme.test").await.unwrap(), Some(own));
    assert_eq!(links_from(engine, ours, "a@sub.acme.test").await.unwrap(), None);
    let stranger = testing::all_scopes(&testing::workspace(engine, "Second").await);
    assert_eq!(links_from(engine, &stranger.workspace_id, "a@acme.test").await.unwrap(), None);
    // A name that nobody proved to be theirs is none of ours to close.
    let unproven = NewDomain { name: "other.test".into(), tracking_host: Some("click.other.test".into()) };
    create(engine, &stranger, unproven).await.unwrap();
    for host in ["click.other.test", "mta-sts.other.test", "127.0.0.1", "[::1]", "localhost", "acme.test"] {
        assert_eq!(host_use(engine, host).await.unwrap(), HostUse::Everything, "{host}");
    }
    assert_eq!(host_use(engine, "MTA-STS.acme.test.").await.unwrap(), HostUse::Policy);
    let outcome = change(engine, &stranger, &domain.id, DomainChange::default()).await;
    assert!(matches!(outcome, Err(EngineError::NotFound { .. })), "{outcome:?}");
    for wrong in ["acme.test", "bounces.acme.test", "click.other.test"] {
        let wrong = DomainChange { tracking_host: Some(Some(wrong.into())), ..DomainChange::default() };
        assert!(matches!(change(engine, &product.key, &domain.id, wrong).await, Err(EngineError::Invalid(_))));
    }
    let usual = DomainChange { tracking_host: Some(None), ..DomainChange::default() };
    let usual = change(engine, &product.key, &domain.id, usual).await.unwrap();
    assert_eq!((usual.tracking_host.as_str(), usual.status), ("t.acme.test", DomainStatus::Verified));
    assert_eq!(links_from(engine, ours, "a@acme.test").await.unwrap(), None, "its record is not there");
}

async fn keys_are_sealed_anew_and_go_with_their_domain(database: TestDb) {
    let product = Product::start(database).await;
    let domain = product.create("acme.test").await;
    product.zone.publish(&domain.dns_records);
    product.verify(&domain).await;
    let before = product.sign(&domain).await.unwrap();
    let engine = product.engine().clone();
    let resealed = tokio::task::spawn_blocking(move || crate::vault_rotation::rotate(&engine)).await.unwrap().unwrap();
    assert!(resealed >= 1);
    product.engine().dkim_keys.forget(&domain.id);
    let after = product.sign(&domain).await.unwrap();
    let signed = |text: &str| text.matches(" s=").count();
    assert_eq!((signed(&before), signed(&after)), (2, 2));
    let (secrets, name) = product
        .engine()
        .db
        .read(move |tx| tx.query_one("SELECT secrets, keys FROM domain", &[], |row| Ok((row.bytes(0)?, row.text(1)?))))
        .await
        .unwrap()
        .unwrap();
    assert!(!String::from_utf8_lossy(&secrets).contains("MII") && name.contains("publicKey"));
}
