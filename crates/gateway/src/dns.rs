//! Which DNS server is asked, and for how long. Owns the resolver's settings; never decides what an answer means.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::system_conf::read_system_conf;

/// Answers kept by the resolver, by number.
const CACHE_ANSWERS_MAX: u64 = 4_096;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// Absent: the system's own (`/etc/resolv.conf`).
    pub server: Option<SocketAddr>,
    /// For one query to one server.
    pub query_timeout: Duration,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self { server: None, query_timeout: Duration::from_millis(900) }
    }
}

/// Why DNS can't be asked, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    #[error("`{0}` is no DNS server: expected address:port, such as 127.0.0.1:53 or [::1]:53")]
    Server(String),
    #[error("the system's DNS settings can't be read: {0}; name a DNS server (POSTROOM_DNS_SERVER=address:port)")]
    System(String),
    #[error("the DNS resolver can't be made: {0}")]
    Resolver(String),
    #[error(
        "DANE needs a DNS server that validates DNSSEC, on this machine or a network of one's own: name it \
         (POSTROOM_DNS_SERVER=127.0.0.1:53), or turn DANE off (POSTROOM_DANE=false)"
    )]
    NobodyValidates,
    #[error(
        "DANE can't believe the DNS server {0}: on the way over the internet anybody may change its answers; name one that \
         validates DNSSEC on this machine or a network of one's own (POSTROOM_DNS_SERVER), or turn DANE off (POSTROOM_DANE=false)"
    )]
    ValidatesFarAway(SocketAddr),
}

impl DnsConfig {
    /// From `POSTROOM_DNS_SERVER`: `address:port`; empty is the system's own.
    ///
    /// # Errors
    /// The text is no address with a port.
    pub fn from_text(text: &str) -> Result<Self, DnsError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let numeric = text.replace("localhost:", "127.0.0.1:");
        let server = numeric.parse().map_err(|_| DnsError::Server(text.to_owned()))?;
        Ok(Self { server: Some(server), ..Self::default() })
    }

    pub(crate) fn resolver_parts(&self) -> Result<(ResolverConfig, ResolverOpts), DnsError> {
        let (config, mut options) = match self.server {
            Some(server) => {
                let at_port = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
                let name_server = NameServerConfig::new(server.ip(), true, connections);
                (ResolverConfig::from_parts(None, Vec::new(), vec![name_server]), ResolverOpts::default())
            }
            None => read_system_conf().map_err(|error| DnsError::System(error.to_string()))?,
        };
        options.timeout = self.query_timeout;
        options.attempts = 1;
        options.cache_size = CACHE_ANSWERS_MAX;
        Ok((config, options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addresses_with_ports() {
        let server =
            |text: &str| DnsConfig::from_text(text).map(|config| config.server.map(|server| server.to_string()));
        assert_eq!(server("127.0.0.1:5353").ok().flatten().as_deref(), Some("127.0.0.1:5353"));
        assert_eq!(server("localhost:53").ok().flatten().as_deref(), Some("127.0.0.1:53"));
        assert_eq!(server("[::1]:53").ok().flatten().as_deref(), Some("[::1]:53"));
        assert_eq!(server("").ok(), Some(None));
        for wrong in ["127.0.0.1", "dns.example", "dns.example:53"] {
            assert!(server(wrong).expect_err(wrong).to_string().contains(wrong));
        }
    }
}
