//! What the product asks of DNS about the domains that mail is sent from.

use std::net::IpAddr;

use async_trait::async_trait;

/// Why an answer holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsGap {
    /// There is no such name.
    NoName,
    /// The name is there, without such a record.
    NoRecord,
    /// No server answered, or one could not: nothing is known.
    Failed(String),
}

pub type DnsAnswer<T> = Result<Vec<T>, DnsGap>;

/// Asks DNS itself each time, within limits of its own: [`model::limits::DNS_RECORDS_MAX`] records of an answer, cut at
/// [`model::limits::DNS_RECORD_BYTES_MAX`]. Names are without a dot at the end; aliases are followed except by [`DomainDns::aliases`].
#[async_trait]
pub trait DomainDns: Send + Sync + 'static {
    /// The texts of the TXT records, each record's strings joined.
    async fn texts(&self, name: &str) -> DnsAnswer<String>;

    /// Preference and host of the MX records, the first to be tried first, in lower case. An empty host is a null MX (RFC 7505).
    async fn mail_hosts(&self, name: &str) -> DnsAnswer<(u16, String)>;

    /// What the name is an alias of, in lower case.
    async fn aliases(&self, name: &str) -> DnsAnswer<String>;

    /// The hosts of the NS records, in lower case.
    async fn name_servers(&self, name: &str) -> DnsAnswer<String>;

    async fn addresses(&self, name: &str) -> DnsAnswer<IpAddr>;

    /// The names of an address, in lower case.
    async fn pointers(&self, address: IpAddr) -> DnsAnswer<String>;
}
