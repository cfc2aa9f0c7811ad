//! Single look-ups in DNS, for people who ask how their names are set up. Never decides anything about a mail.

use std::net::IpAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;

use crate::autoconfig::Service;
use crate::dns::{DnsConfig, DnsError};

/// Asks the same servers as everything else here.
pub struct DnsLookup(TokioResolver);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsLookupError {
    /// The servers know the name and this record of it, or know that there is none.
    #[error("there is no such record")]
    Missing,
    /// No server answered, or one could not.
    #[error("DNS gave no answer: {0}")]
    Unreachable(String),
}

impl DnsLookup {
    /// # Errors
    /// The system's settings can't be read.
    pub fn new(dns: &DnsConfig) -> Result<Self, DnsError> {
        let (config, mut options) = dns.resolver_parts()?;
        options.use_hosts_file = ResolveHosts::Never;
        options.attempts = 2;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        builder.build().map(Self).map_err(|error| DnsError::Resolver(error.to_string()))
    }

    /// Preference and host of each MX record, the first to be tried first. An empty host is a null MX (RFC 7505).
    ///
    /// # Errors
    /// There is none, or DNS did not answer.
    pub async fn mx(&self, domain: &str) -> Result<Vec<(u16, String)>, DnsLookupError> {
        let found = self.0.mx_lookup(absolute(domain)).await.map_err(|error| failure(&error))?;
        let mut hosts: Vec<(u16, String)> = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::MX(mx) => Some((mx.preference, mx.exchange.to_utf8().trim_end_matches('.').to_lowercase())),
                _ => None,
            })
            .collect();
        hosts.sort();
        if hosts.is_empty() { Err(DnsLookupError::Missing) } else { Ok(hosts) }
    }

    /// The SRV records of a name (`_imaps._tcp.example.com`).
    ///
    /// # Errors
    /// There is none, or DNS did not answer.
    pub(crate) async fn services(&self, name: &str) -> Result<Vec<Service>, DnsLookupError> {
        let found = self.0.srv_lookup(absolute(name)).await.map_err(|error| failure(&error))?;
        let services = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(Service {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: srv.target.to_utf8().trim_end_matches('.').to_lowercase(),
            }),
            _ => None,
        });
        Ok(services.collect())
    }

    /// # Errors
    /// There is none, or DNS did not answer.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsLookupError> {
        let found = self.0.lookup_ip(absolute(host)).await.map_err(|error| failure(&error))?;
        let addresses: Vec<IpAddr> = found.iter().collect();
        if addresses.is_empty() { Err(DnsLookupError::Missing) } else { Ok(addresses) }
    }
}

/// A final dot keeps search domains out.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn failure(error: &NetError) -> DnsLookupError {
    if error.is_no_records_found() || error.is_nx_domain() {
        return DnsLookupError::Missing;
    }
    DnsLookupError::Unreachable(error.to_string())
}
