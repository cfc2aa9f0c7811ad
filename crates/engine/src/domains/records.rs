//! The DNS records a domain should have, and what its domain looks like with what was found of them. Pure.

use model::domain::{
    DkimAlgorithm, DkimKey, DnsRecord, DnsRecordPurpose, DnsRecordStatus, DnsRecordType, Domain, FoundRecord, MtaSts,
};
use store::domains::DomainRow;

use super::{tls_policy, zone};
use crate::EngineConfig;

/// Where the hosts of a domain's own are, below its name.
const RETURN_PATH_LABEL: &str = "bounces";
const TRACKING_LABEL: &str = "t";
const MX_PREFERENCE: u16 = 10;

/// The host of the envelope's sender: where bounces go.
pub fn return_path_host(domain: &str) -> String {
    format!("{RETURN_PATH_LABEL}.{domain}")
}

/// The host of links that are counted, where none is said.
pub(super) fn usual_tracking_host(domain: &str) -> String {
    format!("{TRACKING_LABEL}.{domain}")
}

/// Where a key's record is.
pub(super) fn key_name(key: &DkimKey, domain: &str) -> String {
    format!("{}._domainkey.{domain}", key.selector)
}

pub(super) fn key_value(key: &DkimKey) -> String {
    let kind = match key.algorithm {
        DkimAlgorithm::Rsa => "rsa",
        DkimAlgorithm::Ed25519 => "ed25519",
    };
    format!("v=DKIM1; k={kind}; p={}", key.public_key)
}

/// All of them, as nobody has looked yet.
pub(super) fn wanted(config: &EngineConfig, row: &DomainRow) -> Vec<DnsRecord> {
    let (domain, host) = (&row.name, &config.hostname);
    let record = |record_type, purpose, required, name: String, value: String| DnsRecord {
        record_type,
        name,
        value,
        purpose,
        required,
        status: DnsRecordStatus::Pending,
        found: None,
        problem: None,
    };
    let key = |key: &DkimKey, required| {
        record(DnsRecordType::Txt, DnsRecordPurpose::Dkim, required, key_name(key, domain), key_value(key))
    };
    let return_path = return_path_host(domain);
    let mail_host = format!("{MX_PREFERENCE} {host}");
    let mut records: Vec<DnsRecord> = row.keys.current.iter().map(|current| key(current, true)).collect();
    records.extend(row.keys.next.iter().map(|next| key(next, false)));
    records.extend([
        record(DnsRecordType::Mx, DnsRecordPurpose::ReturnPath, true, return_path.clone(), mail_host.clone()),
        record(DnsRecordType::Txt, DnsRecordPurpose::Spf, true, return_path, format!("v=spf1 a:{host} ~all")),
        record(DnsRecordType::Mx, DnsRecordPurpose::Mx, false, domain.clone(), mail_host),
        record(
            DnsRecordType::Txt,
            DnsRecordPurpose::Dmarc,
            false,
            format!("_dmarc.{domain}"),
            "v=DMARC1; p=none".into(),
        ),
        record(DnsRecordType::Cname, DnsRecordPurpose::Tracking, false, row.tracking_host.clone(), web_host(config)),
    ]);
    records
        .extend(suggestions(config, row).map(|(kind, purpose, name, value)| record(kind, purpose, false, name, value)));
    records.extend(zone::server_of(config, domain).map(|server| {
        let (kind, purpose) = (DnsRecordType::Ns, DnsRecordPurpose::Delegation);
        record(kind, purpose, false, domain.clone(), server.hostname.clone())
    }));
    records
}

/// What is asked for of a domain that receives here alone.
fn suggestions(config: &EngineConfig, row: &DomainRow) -> [(DnsRecordType, DnsRecordPurpose, String, String); 3] {
    let domain = &row.name;
    let id = tls_policy::id(&tls_policy::text(config, row.mta_sts_mode));
    [
        (DnsRecordType::Txt, DnsRecordPurpose::MtaSts, format!("_mta-sts.{domain}"), format!("v=STSv1; id={id}")),
        (DnsRecordType::Cname, DnsRecordPurpose::MtaStsHost, tls_policy::host(domain), web_host(config)),
        (
            DnsRecordType::Txt,
            DnsRecordPurpose::TlsRpt,
            format!("_smtp._tls.{domain}"),
            format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}"),
        ),
    ]
}

pub(super) fn is_suggestion(record: &DnsRecord) -> bool {
    matches!(record.purpose, DnsRecordPurpose::MtaSts | DnsRecordPurpose::MtaStsHost | DnsRecordPurpose::TlsRpt)
}

/// Whether mail to the domain's addresses comes here, as far as its MX record was found.
pub(super) fn receives(row: &DomainRow) -> bool {
    let is_ours =
        |found: &FoundRecord| found.purpose == DnsRecordPurpose::Mx && found.status == DnsRecordStatus::Verified;
    row.found.iter().any(is_ours)
}

/// Where people's browsers reach us: the public URL's host, or the mail host where that is an address.
pub(super) fn web_host(config: &EngineConfig) -> String {
    match url::Url::parse(&config.public_url).as_ref().map(url::Url::host) {
        Ok(Some(url::Host::Domain(host))) => host.to_owned(),
        _ => config.hostname.clone(),
    }
}

/// The records with what the last checks found.
pub(super) fn shown(config: &EngineConfig, row: &DomainRow) -> Vec<DnsRecord> {
    let mut records = wanted(config, row);
    if !receives(row) {
        records.retain(|record| !is_suggestion(record));
    }
    for record in &mut records {
        if let Some(found) = found_of(&row.found, record) {
            record.status = found.status;
            record.found.clone_from(&found.found);
            record.problem.clone_from(&found.problem);
        }
    }
    records
}

pub(super) fn found_of<'f>(found: &'f [FoundRecord], record: &DnsRecord) -> Option<&'f FoundRecord> {
    found.iter().find(|found| found.purpose == record.purpose && found.name == record.name)
}

/// The domain as the API and the events show it.
pub(super) fn public(config: &EngineConfig, row: &DomainRow) -> Domain {
    Domain {
        id: row.id.clone(),
        name: row.name.clone(),
        status: row.status,
        dns_records: shown(config, row),
        tracking_host: row.tracking_host.clone(),
        mta_sts: receives(row).then(|| MtaSts {
            mode: row.mta_sts_mode,
            url: tls_policy::url(&row.name),
            policy: tls_policy::text(config, row.mta_sts_mode),
        }),
        problem: row.problem.clone(),
        checked_at: row.checked_at,
        verified_at: row.verified_at,
        failing_since: row.failing_since,
        next_check_at: row.due_at,
        limits: row.policy.limits,
        warm_up: row.policy.warm_up.clone(),
        smarthost: row.policy.smarthost.clone(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
