//! How the guard resolves names: as the operating system does, or by one DNS server from the configuration.
//! Never judges an address.

use std::io;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

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

/// One DNS server.
pub(super) struct DnsServer(TokioResolver);

impl DnsServer {
    pub(super) fn new(server: SocketAddr) -> io::Result<Self> {
        let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
        for connection in &mut name_server.connections {
            connection.port = server.port();
        }
        let config = ResolverConfig::from_name_servers(vec![name_server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        builder.build().map(Self).map_err(io::Error::other)
    }
}

#[async_trait]
impl NameLookup for DnsServer {
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
