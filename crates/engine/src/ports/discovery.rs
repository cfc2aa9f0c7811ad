//! What the product asks of the world to find out where somebody's mailbox is.

use async_trait::async_trait;
use model::channel::TransportSecurity;

/// Who told where the mailbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiscoverySource {
    /// The domain's SRV records (RFC 6186, RFC 8314 §5.1).
    Srv,
    /// The domain's own configuration file, in Mozilla's format.
    Autoconfig,
    /// A database of providers.
    Ispdb,
    /// Nobody: a server of a usual name answered.
    Guess,
}

impl DiscoverySource {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Srv => "srv",
            Self::Autoconfig => "autoconfig",
            Self::Ispdb => "ispdb",
            Self::Guess => "guess",
        }
    }
}

/// A server that was found, and the name to sign in with there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredServer {
    pub host: String,
    pub port: u16,
    /// [`TransportSecurity::Tls`] or [`TransportSecurity::Starttls`]: nothing else is believed.
    pub security: TransportSecurity,
    pub username: String,
    pub source: DiscoverySource,
}

/// What is known of a mailbox from its address alone. Nothing of it is proven: the person sees it before a password is typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovered {
    pub imap: Option<DiscoveredServer>,
    pub smtp: Option<DiscoveredServer>,
}

/// Finds servers through the SSRF guard, within limits of its own. Never fails: what can't be found out is absent.
#[async_trait]
pub trait MailboxDiscovery: Send + Sync + 'static {
    async fn discover(&self, address: &str) -> Discovered;
}
