//! How the guard resolves names: as the operating system does, or by one DNS server from the configuration.
//! Never judges an address.

use std::io;
use std::net::IpAddr;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use crate::dns::{DnsConfig, DnsError};

/// Times a query is sent again: a lost packet should not defer a mail.
const ATTEMPTS: usize = 2;

/// Addresses of a host name, best first.
#[async_trait]
pub trait NameLookup: Send + Sync + 'static {
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is no such name, else what went wrong.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Names that mean this machine whatever a resolver says (RFC 6761 §6.3).
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

/// getaddrinfo: `/etc/hosts`, then DNS.
pub(super) struct SystemNames;

#[async_trait]
impl NameLookup for SystemNames {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("{host} does not resolve: {error}")))?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// The DNS server of the configuration.
pub(super) struct DnsNames(TokioResolver);

impl DnsNames {
    pub(super) fn new(dns: &DnsConfig) -> Result<Self, DnsError> {
        let (config, mut options) = dns.resolver_parts()?;
        options.use_hosts_file = ResolveHosts::Never;
        options.attempts = ATTEMPTS;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        builder.build().map(Self).map_err(|error| DnsError::Resolver(error.to_string()))
    }
}

#[async_trait]
impl NameLookup for DnsNames {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        // A final dot keeps search domains out.
        let name = if host.ends_with('.') { host.to_owned() } else { format!("{host}.") };
        match self.0.lookup_ip(name).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(error) if error.is_no_records_found() => {
                Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address in DNS")))
            }
            Err(error) => Err(io::Error::other(format!("{host} does not resolve: {error}"))),
        }
    }
}
