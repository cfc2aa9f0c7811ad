//! The SSRF guard: which addresses Postroom connects to on behalf of a workspace. Every way out to a host somebody
//! typed in (webhooks, attachments by URL, smarthosts) goes through here.
//! Owns the decision, made on the addresses a name resolved to and just before connecting to exactly those, so that a name
//! which changes between check and use (DNS rebinding) gains nothing. Never speaks a protocol.
//!
//! By default only addresses of the public internet are connected to. `allow_private_networks` (for installations whose
//! smarthost or webhook receivers are on their own network, and for tests) adds loopback, private, carrier-grade NAT,
//! link-local, unique-local and benchmarking addresses. Cloud metadata services, multicast, broadcast, unspecified,
//! documentation and reserved addresses are never connected to.
//!
//! A URL may have any port, and the scheme `http` or `https`; user names and passwords in URLs are refused.
//! Plain `http` stays allowed: whether a receiver needs confidentiality is for whoever owns it to say.

mod address;
mod http;
mod names;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use url::{Host, Url};

use crate::dns::{DnsConfig, DnsError};
pub use address::AddressClass;
pub(crate) use http::{HttpTimeouts, client};
pub use names::NameLookup;
use names::{DnsNames, SystemNames};

/// Addresses of one name that are tried, so that a name with thousands of them costs no more.
const ADDRESSES_TRIED_MAX: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    #[error("{0}")]
    BadUrl(String),
    #[error(
        "{host} is or resolves to {address}, {}; Postroom does not connect there{}",
        class.describe(),
        if class.is_private_network() { " unless private networks are allowed (allow_private_networks)" } else { "" }
    )]
    Refused { host: String, address: IpAddr, class: AddressClass },
}

/// Decides where Postroom may connect to. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    allow_private_networks: bool,
    names: Arc<dyn NameLookup>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let allow = self.allow_private_networks;
        formatter.debug_struct("Guard").field("allow_private_networks", &allow).finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard that resolves names as the operating system does.
    pub fn new(allow_private_networks: bool) -> Self {
        Self { allow_private_networks, names: Arc::new(SystemNames) }
    }

    pub(crate) fn allows_private_networks(&self) -> bool {
        self.allow_private_networks
    }

    /// A guard that asks the DNS server of `dns`, if it names one, and nothing else for names; else as [`Guard::new`].
    /// The server itself is the operator's choice and may be anywhere.
    ///
    /// # Errors
    /// The resolver can't be made.
    pub fn with_dns(allow_private_networks: bool, dns: &DnsConfig) -> Result<Self, DnsError> {
        let names: Arc<dyn NameLookup> = match dns.server {
            Some(_) => Arc::new(DnsNames::new(dns)?),
            None => Arc::new(SystemNames),
        };
        Ok(Self { allow_private_networks, names })
    }

    /// A guard that asks `names`.
    pub fn with_names(allow_private_networks: bool, names: Arc<dyn NameLookup>) -> Self {
        Self { allow_private_networks, names }
    }

    /// May `address` be connected to?
    pub fn allows(&self, address: IpAddr) -> bool {
        let class = AddressClass::of(address);
        class == AddressClass::Public || (self.allow_private_networks && class.is_private_network())
    }

    /// Is this a URL that may be requested, as far as can be told without resolving its host?
    ///
    /// # Errors
    /// What is wrong and what would be right.
    pub fn check_url(&self, url: &str) -> Result<(), GuardError> {
        let url = Url::parse(url).map_err(|error| {
            GuardError::BadUrl(format!("this is not a URL ({error}); expected one such as https://example.com/hook"))
        })?;
        self.check_parsed(&url)
    }

    /// As [`Guard::check_url`]. Required before each request and for each redirect: an HTTP client does not resolve hosts
    /// that are addresses, so these are judged here and never reach the resolver.
    pub(crate) fn check_parsed(&self, url: &Url) -> Result<(), GuardError> {
        let bad = |text: &str| Err(GuardError::BadUrl(text.to_owned()));
        if !matches!(url.scheme(), "http" | "https") {
            return Err(GuardError::BadUrl(format!("the scheme {} is not supported; use https or http", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("a URL with a user name or password is refused: it would end up in logs");
        }
        // The parser has turned decimal, octal, hexadecimal and shortened notations into addresses.
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(url.host_str().unwrap_or_default(), address.into()),
            Some(Host::Ipv6(address)) => self.check_address(url.host_str().unwrap_or_default(), address.into()),
            Some(Host::Domain(name)) if !self.allow_private_networks && names::is_localhost(name) => {
                bad("localhost is this machine; Postroom does not connect there unless private networks are allowed")
            }
            Some(Host::Domain(_)) => Ok(()),
            None => bad("the URL has no host"),
        }
    }

    /// Resolves `host` (a name or an address, IPv6 with or without brackets) and connects to the first of its addresses
    /// that is allowed and answers, in the resolver's order. `timeout` covers all of it.
    ///
    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`] with a [`GuardError`] inside if no address is allowed; else what the last
    /// attempt said.
    pub async fn connect(&self, host: &str, port: u16, timeout: Duration) -> io::Result<TcpStream> {
        let deadline = Instant::now() + timeout;
        let timed_out = |what: String| io::Error::new(io::ErrorKind::TimedOut, what);
        let addresses = tokio::time::timeout_at(deadline, self.resolve(host))
            .await
            .map_err(|_| timed_out(format!("{host} did not resolve within {} s", timeout.as_secs())))??;
        let mut last_error = None;
        for (tried, address) in addresses.iter().enumerate() {
            // What is left is shared fairly, so that one address that never answers leaves time for the next.
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
            match tokio::time::timeout(share, TcpStream::connect((*address, port))).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => {
                    let text = format!("{}: {error}", SocketAddr::new(*address, port));
                    last_error = Some(io::Error::new(error.kind(), text));
                }
                Err(_) => {
                    let address = SocketAddr::new(*address, port);
                    last_error = Some(timed_out(format!("{address}: no answer within {} s", share.as_secs())));
                }
            }
        }
        Err(last_error.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"))))
    }

    /// The allowed addresses of `host`, at least one, at most [`ADDRESSES_TRIED_MAX`].
    ///
    /// # Errors
    /// As [`Guard::connect`].
    pub(crate) async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let found = match bare.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.names.lookup(bare).await?,
        };
        let allowed: Vec<_> =
            found.iter().copied().filter(|address| self.allows(*address)).take(ADDRESSES_TRIED_MAX).collect();
        match found.first() {
            None => Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"))),
            Some(first) if allowed.is_empty() => {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, refused(host, *first)))
            }
            Some(_) => Ok(allowed),
        }
    }

    fn check_address(&self, host: &str, address: IpAddr) -> Result<(), GuardError> {
        if self.allows(address) { Ok(()) } else { Err(refused(host, address)) }
    }
}

/// The guard's refusal inside an error of the I/O layers, if that is what it was.
pub(crate) fn refusal<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a GuardError> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<GuardError>() {
            return Some(found);
        }
        // An io::Error's source is its inner error's source, not the inner error.
        let inner = error.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
        if let Some(found) = inner.and_then(|inner| refusal(inner)) {
            return Some(found);
        }
        current = error.source();
    }
    None
}

fn refused(host: &str, address: IpAddr) -> GuardError {
    GuardError::Refused { host: host.to_owned(), address, class: AddressClass::of(address) }
}

#[cfg(test)]
mod tests;
