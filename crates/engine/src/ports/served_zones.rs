//! What a name server asks of the product: which zone a name is in, and what the records of that zone are.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;

/// A zone with all its records. Names are in their ASCII form, lower case, without a dot at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    pub name: String,
    /// The host that the zone's NS record names.
    pub name_server: String,
    /// Rises with every change.
    pub serial: u32,
    pub records: Vec<ZoneRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRecord {
    pub name: String,
    pub data: ZoneData,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneData {
    /// Of any length.
    Text(String),
    MailHost {
        preference: u16,
        host: String,
    },
    Alias(String),
    NameServer(String),
    Address(IpAddr),
}

/// Nothing is known at the moment, neither that there is a zone nor that there is none.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the zones can't be read: {0}")]
pub struct ZonesUnavailable(pub String);

/// The product, as its name server sees it.
#[async_trait]
pub trait ServedZones: Send + Sync + 'static {
    /// The zone that answers for a name, the closest one above it or at it; `None`: none of ours. A name that is in no zone costs no
    /// question to the store.
    async fn zone_of(&self, name: &str) -> Result<Option<Arc<Zone>>, ZonesUnavailable>;
}
