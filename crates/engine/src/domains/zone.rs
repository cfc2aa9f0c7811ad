//! A domain as a DNS zone: whether our name server can answer for it, and with which records. Pure.

use model::Timestamp;
use model::domain::{DnsRecord, DnsRecordPurpose, DnsRecordType};
use store::domains::DomainRow;

use super::records;
use crate::ports::{Zone, ZoneData, ZoneRecord};
use crate::{EngineConfig, NameServer};

/// Whether a name is this one or below it.
fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The name server that a domain of this name can be delegated to. Hosts of ours that lie in the domain would be gone with it, but for
/// the name server itself where its addresses are known.
pub(super) fn server_of<'c>(config: &'c EngineConfig, domain: &str) -> Option<&'c NameServer> {
    let server = config.name_server.as_ref()?;
    let web_host = records::web_host(config);
    let own = [config.hostname.as_str(), web_host.as_str(), server.hostname.as_str()];
    let stays = |host: &str| host == server.hostname && !server.addresses.is_empty();
    own.iter().all(|host| !is_within(host, domain) || stays(host)).then_some(server)
}

/// What is answered for a domain: all that its owner would publish, and the keys whose signatures may still be under way.
pub(super) fn of(config: &EngineConfig, row: &DomainRow, now: Timestamp) -> Option<Zone> {
    let server = server_of(config, &row.name)?;
    let mut records = vec![ZoneRecord { name: row.name.clone(), data: ZoneData::NameServer(server.hostname.clone()) }];
    records.extend(records::shown(config, row).iter().filter_map(of_record));
    let under_way = row.keys.retired.iter().filter(|retired| retired.until > now);
    records.extend(under_way.map(|retired| ZoneRecord {
        name: records::key_name(&retired.key, &row.name),
        data: ZoneData::Text(records::key_value(&retired.key)),
    }));
    if is_within(&server.hostname, &row.name) {
        records.extend(
            server
                .addresses
                .iter()
                .map(|address| ZoneRecord { name: server.hostname.clone(), data: ZoneData::Address(*address) }),
        );
    }
    // Seconds since 1970 fit until 2106, and compare well beyond (RFC 1982).
    let serial = u32::try_from(row.updated_at.as_millis().div_euclid(1_000) & i64::from(u32::MAX)).unwrap_or_default();
    Some(Zone { name: row.name.clone(), name_server: server.hostname.clone(), serial, records })
}

fn of_record(record: &DnsRecord) -> Option<ZoneRecord> {
    if record.purpose == DnsRecordPurpose::Delegation {
        return None;
    }
    let data = match record.record_type {
        DnsRecordType::Txt => ZoneData::Text(record.value.clone()),
        DnsRecordType::Cname => ZoneData::Alias(record.value.clone()),
        DnsRecordType::Ns => ZoneData::NameServer(record.value.clone()),
        DnsRecordType::Mx => {
            let (preference, host) = record.value.split_once(' ')?;
            ZoneData::MailHost { preference: preference.parse().ok()?, host: host.to_owned() }
        }
    };
    Some(ZoneRecord { name: record.name.clone(), data })
}

/// Whether other records are to be answered after a change than before it.
pub(super) fn differs(config: &EngineConfig, before: &DomainRow, after: &DomainRow, now: Timestamp) -> bool {
    let records = |row| of(config, row, now).map(|zone| zone.records);
    records(before) != records(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_holds_our_own_hosts_is_not_delegated_to_us() {
        let config = |hostname: &str, server: &str, addresses: &[&str]| EngineConfig {
            public_url: "https://web.example".into(),
            inbound_domain: "inbox.example".into(),
            hostname: hostname.into(),
            smarthost: None,
            delivery: crate::DeliveryMode::Sandbox,
            tracking_anonymise_ip: false,
            dns_blocklists: Vec::new(),
            name_server: Some(NameServer {
                hostname: server.into(),
                addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
            }),
        };
        for (hostname, server, addresses, domain, expected) in [
            ("mx.example", "ns.example", &[][..], "acme.test", true),
            ("mx.example", "ns.example", &[], "example", false),
            ("mx.acme.test", "ns.example", &[], "acme.test", false),
            ("mx.acme.test", "ns.example", &[], "x.acme.test", true),
            ("mxacme.test", "ns.example", &[], "acme.test", true),
            ("mx.example", "ns.acme.test", &[], "acme.test", false),
            ("mx.example", "ns.acme.test", &["192.0.2.1"], "acme.test", true),
            ("acme.test", "acme.test", &["192.0.2.1", "2001:db8::1"], "acme.test", true),
            ("mx.acme.test", "ns.acme.test", &["192.0.2.1"], "acme.test", false),
            ("mx.example", "ns.example", &[], "web.example", false),
        ] {
            let config = config(hostname, server, addresses);
            assert_eq!(server_of(&config, domain).is_some(), expected, "{hostname} {server} {addresses:?} {domain}");
        }
        let off = EngineConfig { name_server: None, ..config("mx.example", "ns.example", &[]) };
        assert_eq!(server_of(&off, "acme.test"), None);
    }
}
