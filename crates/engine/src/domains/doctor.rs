//! Looks a domain over: its records, and what else receivers look at, such as the names of our addresses and lists of bad senders.
//! Asks DNS and changes nothing.

use std::net::{IpAddr, Ipv4Addr};

use model::DomainId;
use model::domain::{DnsRecordPurpose, DnsRecordStatus, DomainCheck};
use model::key::Principal;
use model::limits::DNS_BLOCKLISTS_MAX;

use super::judging::Judged;
use super::{asking, may_read, records, row, unbound};
use crate::ports::{DnsGap, DomainDns};
use crate::{Engine, Result};

/// Our addresses that are looked at.
const ADDRESSES_MAX: usize = 8;
/// Labels that are taken away in front, in search of the policy of a domain above.
const LABELS_MAX: usize = 6;
/// What a list answers with to say that it does not answer (Spamhaus and others): nothing is listed.
const REFUSALS: [u8; 2] = [127, 255];

/// # Errors
/// It is not there, or not the asker's; the scope `domains:read` is missing.
pub async fn examine(engine: &Engine, principal: &Principal, id: &DomainId) -> Result<Vec<DomainCheck>> {
    may_read(principal)?;
    unbound(principal)?;
    let row = row(engine, &principal.workspace_id, id).await?;
    let (dns, host) = (engine.ports.domain_dns.as_ref(), engine.config.hostname.as_str());
    let mut checks: Vec<DomainCheck> = asking::ask(engine, &row)
        .await
        .into_iter()
        .map(|(record, judged)| {
            let found = records::found_of(&row.found, &record).map(|found| found.status);
            let name = format!("{} {}", record.purpose.as_str(), record.name);
            let is_needed = record.required || record.purpose == DnsRecordPurpose::Dmarc;
            of_record(name, &judged, found, is_needed, &record.value)
        })
        .collect();
    let addresses = dns.addresses(host).await;
    checks.push(hello(host, &addresses));
    let addresses: Vec<IpAddr> = addresses.unwrap_or_default().into_iter().take(ADDRESSES_MAX).collect();
    for address in &addresses {
        checks.push(pointer(dns, host, *address).await);
    }
    checks.push(alignment(dns, &row.name).await);
    for list in engine.config.dns_blocklists.iter().take(DNS_BLOCKLISTS_MAX) {
        for address in &addresses {
            checks.extend(blocklist(dns, list, *address).await);
        }
    }
    Ok(checks)
}

fn check(name: impl Into<String>, ok: bool, detail: impl Into<String>, hint: Option<String>) -> DomainCheck {
    DomainCheck { name: name.into(), ok, detail: detail.into(), hint }
}

fn of_record(
    name: String,
    judged: &Judged,
    before: Option<DnsRecordStatus>,
    is_needed: bool,
    value: &str,
) -> DomainCheck {
    let problem = judged.problem.clone();
    match judged.status {
        Some(DnsRecordStatus::Verified) => check(name, true, "the record is right", None),
        Some(DnsRecordStatus::Pending) if !is_needed => {
            check(name, true, "nothing is published; it is not needed for sending", None)
        }
        Some(DnsRecordStatus::Pending) => check(name, false, "nothing is published", Some(format!("publish {value}"))),
        Some(DnsRecordStatus::Wrong) => {
            check(name, !is_needed, problem.unwrap_or_default(), Some(format!("publish {value}")))
        }
        None => check(
            name,
            before == Some(DnsRecordStatus::Verified),
            problem.unwrap_or_default(),
            Some("ask again later; if it stays so, look at the domain's name servers".into()),
        ),
    }
}

fn words(gap: &DnsGap) -> String {
    match gap {
        DnsGap::NoName => "there is no such name".into(),
        DnsGap::NoRecord => "the name has no such record".into(),
        DnsGap::Failed(detail) => format!("DNS gave no answer ({detail})"),
    }
}

fn list(items: impl IntoIterator<Item = impl ToString>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn hello(host: &str, addresses: &std::result::Result<Vec<IpAddr>, DnsGap>) -> DomainCheck {
    match addresses {
        Ok(found) => check("helo", true, format!("{host} is {}", list(found)), None),
        Err(gap) => check(
            "helo",
            false,
            format!("{host}, the name we greet other servers with: {}", words(gap)),
            Some(format!("publish an A record for {host}, or set POSTROOM_HOSTNAME to a name that has one")),
        ),
    }
}

async fn pointer(dns: &dyn DomainDns, host: &str, address: IpAddr) -> DomainCheck {
    let name = format!("ptr {address}");
    let hint = || Some(format!("have whoever gave you {address} set its reverse name (PTR) to {host}"));
    match dns.pointers(address).await {
        Ok(names) if names.iter().any(|name| name.eq_ignore_ascii_case(host)) => {
            check(name, true, format!("{address} is called {host}"), None)
        }
        Ok(names) => check(name, false, format!("{address} is called {}, not {host}", list(names)), hint()),
        Err(DnsGap::Failed(detail)) => check(name, false, words(&DnsGap::Failed(detail)), None),
        Err(_) => check(name, false, format!("{address} has no name; many receivers refuse such mail"), hint()),
    }
}

/// The policy that holds for the domain, its own or that of one above, and whether signatures and return path fit it.
async fn alignment(dns: &dyn DomainDns, domain: &str) -> DomainCheck {
    let mut above = Some(domain);
    for _ in 0..LABELS_MAX {
        let Some(name) = above.filter(|name| name.contains('.')) else { break };
        match dns.texts(&format!("_dmarc.{name}")).await {
            Ok(texts) => {
                if let Some(policy) = texts.iter().find(|text| text.starts_with("v=DMARC1")) {
                    return aligned(domain, name, policy);
                }
            }
            Err(gap @ DnsGap::Failed(_)) => return check("dmarc alignment", false, words(&gap), None),
            Err(_) => {}
        }
        above = name.split_once('.').map(|(_, above)| above);
    }
    let hint = format!("publish a TXT record v=DMARC1; p=none at _dmarc.{domain}");
    check("dmarc alignment", false, format!("no DMARC policy holds for {domain}"), Some(hint))
}

fn aligned(domain: &str, owner: &str, policy: &str) -> DomainCheck {
    let compact = policy.to_ascii_lowercase().replace(' ', "");
    let is_strict = |tag: &str| compact.split(';').any(|pair| pair == format!("{tag}=s"));
    let detail = match (is_strict("adkim"), is_strict("aspf")) {
        (true, _) => format!(
            "the policy of {owner} is strict about DKIM (adkim=s): signatures of {domain} fit addresses at {domain} itself, and at none below it"
        ),
        (false, true) => format!(
            "signatures of {domain} fit the policy of {owner}; the return path {} does not, as it is strict about SPF (aspf=s), which is enough",
            records::return_path_host(domain)
        ),
        (false, false) => format!("signatures and return path of {domain} fit the policy of {owner}"),
    };
    check("dmarc alignment", true, detail, None)
}

/// `None`: an address that no list knows, such as a private one.
async fn blocklist(dns: &dyn DomainDns, list: &str, address: IpAddr) -> Option<DomainCheck> {
    let name = format!("blocklist {list} {address}");
    let query = format!("{}.{list}", reversed(address)?);
    Some(match dns.addresses(&query).await {
        Ok(answers) if answers.iter().all(is_refusal) => {
            check(name, true, format!("{list} does not answer this DNS server; nothing is known"), None)
        }
        Ok(_) => check(
            name,
            false,
            format!("{address} is listed by {list}"),
            Some(format!("look up why at {list}'s own site, mend it, and ask there to be taken off")),
        ),
        Err(DnsGap::Failed(detail)) => {
            check(name, true, format!("{list} gave no answer ({detail}); nothing is known"), None)
        }
        Err(_) => check(name, true, format!("{address} is not listed"), None),
    })
}

fn is_refusal(answer: &IpAddr) -> bool {
    match answer {
        IpAddr::V4(address) => address.octets().starts_with(&REFUSALS) || address.octets().first() != Some(&127),
        IpAddr::V6(_) => true,
    }
}

/// The address as lists have it (RFC 5782).
fn reversed(address: IpAddr) -> Option<String> {
    match address {
        IpAddr::V4(address) => {
            let is_public =
                !(address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified());
            let [a, b, c, d] = address.octets();
            is_public.then(|| Ipv4Addr::new(d, c, b, a).to_string())
        }
        IpAddr::V6(address) => {
            let is_public = !(address.is_loopback() || address.is_unspecified() || address.is_unique_local());
            let digits = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            is_public.then(|| digits.map(|digit| format!("{digit:x}")).collect::<Vec<_>>().join("."))
        }
    }
}
