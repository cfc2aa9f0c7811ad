//! DNS asked about sending domains, for the engine's port. Owns the bounds of an answer; never decides what one means.

use std::net::IpAddr;

use async_trait::async_trait;
use engine::ports::{DnsAnswer, DnsGap, DomainDns};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use model::limits::{DNS_RECORD_BYTES_MAX, DNS_RECORDS_MAX};

use crate::dns::{self, DnsConfig};

/// Tries of each server.
const ATTEMPTS: usize = 3;

/// Asks the servers of the configuration, and remembers nothing: whoever has just mended a record wants to see it.
pub struct DomainResolver(TokioResolver);

impl DomainResolver {
    /// # Errors
    /// The system's settings can't be read.
    pub fn new(dns: &DnsConfig) -> Result<Self, dns::DnsError> {
        let (config, mut options) = dns.resolver_parts()?;
        options.use_hosts_file = ResolveHosts::Never;
        options.attempts = ATTEMPTS;
        options.cache_size = 0;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        builder.build().map(Self).map_err(|error| dns::DnsError::Resolver(error.to_string()))
    }

    async fn ask<T>(&self, name: &str, wanted: RecordType, read: impl Fn(&RData) -> Option<T>) -> DnsAnswer<T> {
        // What can't be a name isn't there. A final dot keeps search domains out.
        let absolute = format!("{}.", name.trim_end_matches('.'));
        let name = Name::from_ascii(&absolute).map_err(|_| DnsGap::NoName)?;
        let found = self.0.lookup(name, wanted).await.map_err(|error| gap(&error))?;
        let read = found.answers().iter().filter_map(|record| read(&record.data)).take(DNS_RECORDS_MAX);
        let records: Vec<T> = read.collect();
        if records.is_empty() { Err(DnsGap::NoRecord) } else { Ok(records) }
    }
}

fn gap(error: &NetError) -> DnsGap {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => DnsGap::NoName,
            ResponseCode::NoError => DnsGap::NoRecord,
            // A server that can't answer has said nothing about the name.
            code => DnsGap::Failed(format!("the server answered {code}")),
        },
        other => DnsGap::Failed(other.to_string()),
    }
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}

#[async_trait]
impl DomainDns for DomainResolver {
    async fn texts(&self, name: &str) -> DnsAnswer<String> {
        let text = |data: &RData| match data {
            RData::TXT(txt) => {
                let bytes: Vec<u8> =
                    txt.txt_data.iter().flat_map(|string| string.iter().copied()).take(DNS_RECORD_BYTES_MAX).collect();
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        };
        self.ask(name, RecordType::TXT, text).await
    }

    async fn mail_hosts(&self, name: &str) -> DnsAnswer<(u16, String)> {
        let host = |data: &RData| match data {
            RData::MX(mx) => Some((mx.preference, plain(&mx.exchange))),
            _ => None,
        };
        let mut hosts = self.ask(name, RecordType::MX, host).await?;
        hosts.sort();
        Ok(hosts)
    }

    async fn aliases(&self, name: &str) -> DnsAnswer<String> {
        let target = |data: &RData| match data {
            RData::CNAME(target) => Some(plain(&target.0)),
            _ => None,
        };
        self.ask(name, RecordType::CNAME, target).await
    }

    async fn name_servers(&self, name: &str) -> DnsAnswer<String> {
        let host = |data: &RData| match data {
            RData::NS(host) => Some(plain(&host.0)),
            _ => None,
        };
        self.ask(name, RecordType::NS, host).await
    }

    async fn addresses(&self, name: &str) -> DnsAnswer<IpAddr> {
        let ipv4 = |data: &RData| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            _ => None,
        };
        let ipv6 = |data: &RData| match data {
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        match (self.ask(name, RecordType::A, ipv4).await, self.ask(name, RecordType::AAAA, ipv6).await) {
            (Ok(mut found), more) => {
                found.extend(more.unwrap_or_default());
                Ok(found)
            }
            (Err(_), Ok(found)) => Ok(found),
            (Err(gap), Err(_)) => Err(gap),
        }
    }

    async fn pointers(&self, address: IpAddr) -> DnsAnswer<String> {
        let owner = |data: &RData| match data {
            RData::PTR(owner) => Some(plain(&owner.0)),
            _ => None,
        };
        self.ask(&Name::from(address).to_ascii(), RecordType::PTR, owner).await
    }
}

#[cfg(test)]
mod tests;
