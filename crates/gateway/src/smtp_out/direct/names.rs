//! What mail exchangers are looked up with: MX, AAAA, A and TXT records. Never decides where a mail goes.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;

use super::route::{MxAnswer, in_turn};
use crate::dns::{DnsConfig, DnsError};

/// For one question to one server: a mail has time, and a look-up that was given up defers it.
const QUERY_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;
/// MX records of a domain that are looked at.
const RECORDS_MAX: usize = 32;

pub(super) struct Names(TokioResolver);

impl Names {
    pub(super) fn new(dns: &DnsConfig) -> Result<Self, DnsError> {
        let (config, mut options) = dns.resolver_parts()?;
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = QUERY_TIMEOUT.max(dns.query_timeout);
        options.attempts = ATTEMPTS;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        builder.build().map(Self).map_err(|error| DnsError::Resolver(error.to_string()))
    }

    pub(super) async fn mx(&self, domain: &str) -> MxAnswer {
        let found = match self.0.mx_lookup(absolute(domain)).await {
            Ok(found) => found,
            Err(error) if error.is_nx_domain() => return MxAnswer::NoDomain,
            Err(error) if error.is_no_records_found() => return MxAnswer::NoRecord,
            Err(error) => return MxAnswer::Failed(error.to_string()),
        };
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii().trim_end_matches('.').to_lowercase())),
            _ => None,
        });
        let records: Vec<_> = records.take(RECORDS_MAX).collect();
        // An alias that leads to a name without MX records.
        if records.is_empty() { MxAnswer::NoRecord } else { MxAnswer::Records(records) }
    }

    /// IPv6 and IPv4 in turn; none if DNS knows that there are none.
    ///
    /// # Errors
    /// DNS did not say.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let name = absolute(host);
        let (v6, v4) = tokio::join!(self.0.ipv6_lookup(name.clone()), self.0.ipv4_lookup(name));
        let kind = |found: Result<hickory_resolver::lookup::Lookup, NetError>| match found {
            Ok(found) => Ok(found.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        };
        match (kind(v6), kind(v4)) {
            (Ok(v6), Ok(v4)) => Ok(in_turn(v6, v4)),
            // One kind will do.
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => Ok(some),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The texts of a name, each whole; none if there are none or DNS did not say.
    pub(super) async fn texts(&self, name: &str) -> Vec<String> {
        let Ok(found) = self.0.txt_lookup(absolute(name)).await else { return Vec::new() };
        let texts = found.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        });
        texts.take(RECORDS_MAX).collect()
    }
}

/// A final dot keeps search domains out.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}
