//! Domains that are delegated to us, on both databases, with a DNS that follows delegations to the zones that are served.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use model::domain::{DnsRecordPurpose, DnsRecordStatus, Domain, DomainStatus};
use store::testing::TestDb;

use super::tests::{Product, Zone, of};
use super::*;
use crate::ports::{DnsAnswer, DnsGap, DomainDns, ServedZones as _, ZoneData};
use crate::{EngineConfig, NameServer, testing};

store::on_both_engines!(
    a_domain_is_verified_by_its_delegation_alone,
    new_keys_need_nobodys_hand_where_a_domain_is_delegated,
    a_delegation_that_was_left_gives_the_domain_to_nobody_else,
    without_a_name_server_nothing_is_said_of_delegation,
);

/// What is delegated is asked of the zones, all else of the test's own.
struct Following {
    zone: Arc<Zone>,
    zones: Arc<Zones>,
    delegated: Mutex<HashSet<String>>,
}

impl Following {
    async fn at<T>(&self, name: &str, read: impl Fn(&ZoneData) -> Option<T>) -> Option<DnsAnswer<T>> {
        let is_below = |zone: &String| name == zone || name.ends_with(&format!(".{zone}"));
        if !self.delegated.lock().unwrap().iter().any(is_below) {
            return None;
        }
        let Ok(Some(zone)) = self.zones.zone_of(name).await else {
            return Some(Err(DnsGap::Failed("the server answered Refused".into())));
        };
        let at_name = zone.records.iter().filter(|record| record.name == name);
        let found: Vec<T> = at_name.filter_map(|record| read(&record.data)).collect();
        Some(if found.is_empty() { Err(DnsGap::NoRecord) } else { Ok(found) })
    }
}

#[async_trait]
impl DomainDns for Following {
    async fn texts(&self, name: &str) -> DnsAnswer<String> {
        let text = |data: &ZoneData| if let ZoneData::Text(text) = data { Some(text.clone()) } else { None };
        match self.at(name, text).await {
            Some(answer) => answer,
            None => self.zone.texts(name).await,
        }
    }

    async fn mail_hosts(&self, name: &str) -> DnsAnswer<(u16, String)> {
        let host = |data: &ZoneData| match data {
            ZoneData::MailHost { preference, host } => Some((*preference, host.clone())),
            _ => None,
        };
        match self.at(name, host).await {
            Some(answer) => answer,
            None => self.zone.mail_hosts(name).await,
        }
    }

    async fn aliases(&self, name: &str) -> DnsAnswer<String> {
        let alias = |data: &ZoneData| if let ZoneData::Alias(host) = data { Some(host.clone()) } else { None };
        match self.at(name, alias).await {
            Some(answer) => answer,
            None => self.zone.aliases(name).await,
        }
    }

    async fn name_servers(&self, name: &str) -> DnsAnswer<String> {
        let server = |data: &ZoneData| if let ZoneData::NameServer(host) = data { Some(host.clone()) } else { None };
        match self.at(name, server).await {
            Some(answer) => answer,
            None => self.zone.name_servers(name).await,
        }
    }

    async fn addresses(&self, _: &str) -> DnsAnswer<IpAddr> {
        Err(DnsGap::NoName)
    }

    async fn pointers(&self, _: IpAddr) -> DnsAnswer<String> {
        Err(DnsGap::NoName)
    }
}

struct Delegating {
    product: Product,
    following: Arc<Following>,
}

impl Delegating {
    async fn start(database: TestDb) -> Self {
        let mut product = Product::start(database).await;
        let engine = &mut product.test.engine;
        let server = NameServer { hostname: "ns.postroom.test".into(), addresses: Vec::new() };
        engine.config = Arc::new(EngineConfig { name_server: Some(server), ..(*engine.config).clone() });
        let (zone, zones) = (product.zone.clone(), Zones::new(engine));
        let following = Arc::new(Following { zone, zones, delegated: Mutex::default() });
        engine.ports.domain_dns = following.clone();
        Self { product, following }
    }

    fn delegate(&self, name: &str) {
        self.following.delegated.lock().unwrap().insert(name.to_owned());
    }

    async fn verify(&self, key: &Principal, domain: &Domain) -> Domain {
        self.following.zones.read_names().await.unwrap();
        verify(self.product.engine(), key, &domain.id).await.unwrap()
    }

    async fn has_key(&self, name: &str) -> bool {
        self.following.zones.read_names().await.unwrap();
        self.following.texts(name).await.is_ok()
    }
}

async fn a_domain_is_verified_by_its_delegation_alone(database: TestDb) {
    let test = Delegating::start(database).await;
    let domain = test.product.create("mail.acme.test").await;
    let asked_for = of(&domain, DnsRecordPurpose::Delegation)[0];
    let shown = (asked_for.name.as_str(), asked_for.value.as_str(), asked_for.required, asked_for.status);
    assert_eq!(shown, ("mail.acme.test", "ns.postroom.test", false, DnsRecordStatus::Pending));
    let before = test.verify(&test.product.key, &domain).await;
    assert_eq!((before.status, before.problem), (DomainStatus::Pending, None));
    test.delegate("mail.acme.test");
    let found = test.verify(&test.product.key, &domain).await;
    let wrong: Vec<_> = found.dns_records.iter().filter(|record| record.status != DnsRecordStatus::Verified).collect();
    let unwanted = wrong.iter().filter(|record| !records::is_suggestion(record)).count();
    assert_eq!((found.status, unwanted), (DomainStatus::Verified, 0), "{wrong:#?}");
    // It receives here now, which asks for three records more; they are answered from then on.
    let found = test.verify(&test.product.key, &domain).await;
    assert!(found.dns_records.iter().all(|record| record.status == DnsRecordStatus::Verified), "{found:#?}");
    assert_eq!(found.dns_records.len(), 11);
}

async fn new_keys_need_nobodys_hand_where_a_domain_is_delegated(database: TestDb) {
    let test = Delegating::start(database).await;
    let domain = test.product.create("mail.acme.test").await;
    test.delegate("mail.acme.test");
    test.verify(&test.product.key, &domain).await;
    let rotated = rotate_dkim(test.product.engine(), &test.product.key, &domain.id).await.unwrap();
    let names: Vec<&str> = of(&rotated, DnsRecordPurpose::Dkim).iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names.len(), 4);
    let swapped = test.verify(&test.product.key, &domain).await;
    let current: Vec<&str> = of(&swapped, DnsRecordPurpose::Dkim).iter().map(|record| record.name.as_str()).collect();
    assert_eq!(current, names[2..]);
    for name in names {
        assert!(test.has_key(name).await, "{name}: mail that it signed may still be under way");
    }
}

async fn a_delegation_that_was_left_gives_the_domain_to_nobody_else(database: TestDb) {
    let test = Delegating::start(database).await;
    let (engine, ours) = (test.product.engine(), &test.product.key);
    let stranger = testing::all_scopes(&testing::workspace(engine, "Second").await);
    let domain = test.product.create("mail.acme.test").await;
    test.delegate("mail.acme.test");
    assert_eq!(test.verify(ours, &domain).await.status, DomainStatus::Verified);
    // While it is there, and after it is gone.
    let theirs = create(engine, &stranger, "mail.acme.test").await.unwrap();
    let below = create(engine, &stranger, "x.mail.acme.test").await.unwrap();
    assert_eq!(test.verify(ours, &domain).await.status, DomainStatus::Verified);
    assert_eq!(test.verify(&stranger, &theirs).await.problem.as_deref(), Some(states::NOT_SERVED));
    delete(engine, ours, &domain.id).await.unwrap();
    for domain in [&theirs, &below] {
        let refused = test.verify(&stranger, domain).await;
        assert_eq!(refused.status, DomainStatus::Pending);
        assert_eq!(refused.problem.as_deref(), Some(states::NOT_SERVED));
    }
    // Whoever proves it by records of their own is answered for.
    test.following.delegated.lock().unwrap().clear();
    test.product.zone.publish(theirs.dns_records.iter().filter(|record| record.required));
    assert_eq!(test.verify(&stranger, &theirs).await.status, DomainStatus::Verified);
    test.delegate("mail.acme.test");
    let found = test.verify(&stranger, &theirs).await;
    assert_eq!(of(&found, DnsRecordPurpose::Delegation)[0].status, DnsRecordStatus::Verified);
    // And the first one is not any more.
    let again = test.product.create("mail.acme.test").await;
    assert_eq!(test.verify(ours, &again).await.status, DomainStatus::Pending);
}

async fn without_a_name_server_nothing_is_said_of_delegation(database: TestDb) {
    let product = Product::start(database).await;
    let domain = product.create("mail.acme.test").await;
    assert!(of(&domain, DnsRecordPurpose::Delegation).is_empty());
    let zones = Zones::new(product.engine());
    assert!(zones.zone_of("mail.acme.test").await.is_err(), "nothing was read");
    zones.read_names().await.unwrap();
    assert_eq!(zones.zone_of("mail.acme.test").await.unwrap(), None);
    assert_eq!(zones.zone_of("other.test").await.unwrap(), None);
}
