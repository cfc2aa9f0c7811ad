//! Asks DNS for a domain's records, and where one is not right for what explains it. Owns what is asked; `judging` says what it means.

use std::sync::Arc;

use model::domain::{DnsRecord, DnsRecordPurpose, DnsRecordStatus, DnsRecordType};
use tokio::task::JoinSet;

use super::judging::{Astray, Circumstances, Judged, Seen, Slip, judge};
use super::{records, spf};
use crate::Engine;
use crate::ports::{DnsAnswer, DomainDns};
use store::domains::DomainRow;

/// What every record came to, in the order of `records::wanted`; what is for receiving alone where the domain receives here.
pub(super) async fn ask(engine: &Engine, row: &DomainRow) -> Vec<(DnsRecord, Judged)> {
    let keys = row.keys.current.iter().chain(&row.keys.next);
    let known = Arc::new(Known {
        domain: row.name.clone(),
        host: engine.config.hostname.clone(),
        keys: keys.map(|key| (records::key_name(key, &row.name), key.public_key.clone())).collect(),
    });
    let mut asking = JoinSet::new();
    for (place, record) in records::wanted(&engine.config, row).into_iter().enumerate() {
        let (dns, known) = (engine.ports.domain_dns.clone(), known.clone());
        asking.spawn(async move {
            let judged = known.about(dns.as_ref(), &record).await;
            (place, record, judged)
        });
    }
    let mut answered = asking.join_all().await;
    answered.sort_by_key(|(place, ..)| *place);
    let receives = answered.iter().any(|(_, record, judged)| {
        record.purpose == DnsRecordPurpose::Mx
            && judged.status.map_or_else(|| records::receives(row), |status| status == DnsRecordStatus::Verified)
    });
    let of_it = |(_, record, _): &(usize, DnsRecord, Judged)| receives || !records::is_suggestion(record);
    answered.into_iter().filter(of_it).map(|(_, record, judged)| (record, judged)).collect()
}

struct Known {
    domain: String,
    host: String,
    keys: Vec<(String, String)>,
}

impl Known {
    async fn about(&self, dns: &dyn DomainDns, record: &DnsRecord) -> Judged {
        let circumstances = Circumstances { domain: &self.domain, host: &self.host, keys: &self.keys };
        let mut seen = Seen::of(at(dns, record.record_type, &record.name).await);
        let judged = judge(record, &seen, &circumstances);
        match judged.status {
            Some(DnsRecordStatus::Verified) if record.purpose == DnsRecordPurpose::Spf => {
                let text = seen.answer.iter().flatten().find(|text| spf::is_spf(text));
                if let Some(text) = text {
                    seen.spf_lookups = spf::lookups(dns, text).await.ok();
                }
            }
            // Right, or nothing is known: there is nothing to explain.
            Some(DnsRecordStatus::Verified) | None => return judged,
            Some(_) => self.explain(dns, record, &mut seen).await,
        }
        judge(record, &seen, &circumstances)
    }

    async fn explain(&self, dns: &dyn DomainDns, record: &DnsRecord, seen: &mut Seen) {
        if record.purpose == DnsRecordPurpose::Delegation {
            return;
        }
        if record.record_type != DnsRecordType::Cname {
            seen.alias = dns.aliases(&record.name).await.ok().and_then(|aliases| aliases.into_iter().next());
        }
        let bare = ["_domainkey.", "_dmarc.", "_mta-sts.", "_smtp._tls."]
            .into_iter()
            .fold(record.name.clone(), |name, label| name.replacen(label, &label.replace('_', ""), 1));
        let doubled = format!("{}.{}", record.name, self.domain);
        for (name, slip) in [(bare, Slip::MissingUnderscore), (doubled, Slip::DoubledDomain)] {
            if name == record.name {
                continue;
            }
            if let Ok(found) = at(dns, record.record_type, &name).await {
                seen.astray.push(Astray { name, slip, found });
            }
        }
    }
}

/// The records of a kind, as zone files have them.
async fn at(dns: &dyn DomainDns, record_type: DnsRecordType, name: &str) -> DnsAnswer<String> {
    match record_type {
        DnsRecordType::Txt => dns.texts(name).await,
        DnsRecordType::Cname => dns.aliases(name).await,
        DnsRecordType::Ns => dns.name_servers(name).await,
        DnsRecordType::Mx => {
            let hosts = dns.mail_hosts(name).await?;
            Ok(hosts.into_iter().map(|(preference, host)| format!("{preference} {host}")).collect())
        }
    }
}
