//! Hosts of domains' own that lead here: which they are, what is answered there, and the links that begin with them. Owns no route.

use std::net::IpAddr;

use model::WorkspaceId;
use model::domain::{DnsRecordPurpose, DnsRecordStatus, Domain};
use store::domains;

use super::{records, tls_policy};
use crate::{Engine, EngineConfig, Result};

/// What there is at a host that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostUse {
    Everything,
    /// Tracked links and unsubscribing alone.
    Tracking,
    /// The MTA-STS policy alone.
    Policy,
}

/// What is at this host. Names of ours, addresses and names without a dot are never looked up.
///
/// # Errors
/// What the store says.
pub async fn host_use(engine: &Engine, host: &str) -> Result<HostUse> {
    let host = normal(host);
    let is_foreign = host.contains('.')
        && host.parse::<IpAddr>().is_err()
        && !host.starts_with('[')
        && host != engine.config.hostname
        && host != records::web_host(&engine.config);
    if !is_foreign {
        return Ok(HostUse::Everything);
    }
    let found = engine.db.read(move |tx| {
        if domains::is_tracking_host(tx, &host)? {
            return Ok(HostUse::Tracking);
        }
        let Some(name) = tls_policy::domain_of(&host) else { return Ok(HostUse::Everything) };
        let is_of_a_sender = domains::sender_of_any_workspace(tx, name)?.is_some();
        Ok(if is_of_a_sender { HostUse::Policy } else { HostUse::Everything })
    });
    Ok(found.await?)
}

/// The MTA-STS policy that is looked for at this host; `None` where no domain that receives here has it.
///
/// # Errors
/// What the store says.
pub async fn mta_sts_policy(engine: &Engine, host: &str) -> Result<Option<String>> {
    let host = normal(host);
    let Some(name) = tls_policy::domain_of(&host).map(str::to_owned) else { return Ok(None) };
    let row = engine.db.read(move |tx| domains::sender_of_any_workspace(tx, &name)).await?;
    Ok(row.filter(records::receives).map(|row| tls_policy::text(&engine.config, row.mta_sts_mode)))
}

/// Lower case, without a dot at the end.
fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Where links begin in mail from this address: at the tracking host of the workspace's domain, where there is one that leads here.
///
/// # Errors
/// What the store says.
pub(crate) async fn links_from(engine: &Engine, workspace: &WorkspaceId, address: &str) -> Result<Option<String>> {
    let Some(address) = mail::address::normalize(address) else { return Ok(None) };
    let Some(name) = address.rsplit_once('@').map(|(_, name)| name.to_owned()) else { return Ok(None) };
    let workspace = workspace.clone();
    let row = engine.db.read(move |tx| domains::by_name(tx, &workspace, &name)).await?;
    Ok(row.and_then(|row| links(&engine.config, &records::public(&engine.config, &row))))
}

/// Where the links of a domain's mail begin, if at a host of its own: with the public URL's scheme and port.
pub(crate) fn links(config: &EngineConfig, domain: &Domain) -> Option<String> {
    let leads_here = domain
        .dns_records
        .iter()
        .any(|record| record.purpose == DnsRecordPurpose::Tracking && record.status == DnsRecordStatus::Verified);
    let url = url::Url::parse(&config.public_url).ok().filter(|_| leads_here && domain.status.sends())?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", url.scheme(), domain.tracking_host))
}
