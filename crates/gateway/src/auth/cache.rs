//! What DNS has said, for as long as it said. Owns the caches the verifiers look into; never asks DNS itself.

use std::borrow::Borrow;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mail_auth::dns::ToFqdn;
use mail_auth::{DnsCache, DnsError, Error, Mx, Negative, RecordSet, ResolverCache, TxtRecord};
use moka::Expiry;
use moka::sync::Cache;

use super::health::Health;

/// Names kept of each kind of record.
const NAMES_MAX: u64 = 4_096;

/// A bounded map whose entries each have their own end.
pub(super) struct TimedCache<K, V>(Cache<K, (V, Instant)>);

struct UntilStored;

impl<K, V> Expiry<K, (V, Instant)> for UntilStored {
    fn expire_after_create(&self, _key: &K, value: &(V, Instant), now: Instant) -> Option<Duration> {
        Some(value.1.saturating_duration_since(now))
    }

    fn expire_after_update(&self, _: &K, value: &(V, Instant), now: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(value.1.saturating_duration_since(now))
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> TimedCache<K, V> {
    pub(super) fn new(entries_max: u64) -> Self {
        Self(Cache::builder().max_capacity(entries_max).expire_after(UntilStored).build())
    }
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> ResolverCache<K, V> for TimedCache<K, V> {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).map(|(value, _)| value)
    }

    fn remove<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.remove(name).map(|(value, _)| value)
    }

    fn insert(&self, key: K, value: V, valid_until: Instant) {
        self.0.insert(key, (value, valid_until));
    }
}

/// TXT records. While DNS can't be reached, every name it does not know is answered with that, at once.
pub(super) struct TxtCache {
    records: TimedCache<Box<str>, TxtRecord>,
    health: Arc<Health>,
}

impl TxtCache {
    /// Is `key` (fully qualified, lower case) still to be asked for?
    pub(super) fn is_unknown(&self, key: &str) -> bool {
        ResolverCache::get::<str>(self, key).is_none()
    }
}

impl ResolverCache<Box<str>, TxtRecord> for TxtCache {
    fn get<Q>(&self, name: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let unreachable = || {
            let error = DnsError::Resolver("DNS can't be reached".to_owned());
            self.health.is_down().then(|| TxtRecord::Error(Error::Dns(error)))
        };
        self.records.get(name).or_else(unreachable)
    }

    fn remove<Q>(&self, name: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.records.remove(name)
    }

    fn insert(&self, key: Box<str>, value: TxtRecord, valid_until: Instant) {
        self.records.insert(key, value, valid_until);
    }
}

/// The caches of one purpose.
pub(super) struct Records {
    pub(super) txt: TxtCache,
    mx: TimedCache<Box<str>, Result<RecordSet<Mx>, Negative>>,
    ipv4: TimedCache<Box<str>, Result<RecordSet<Ipv4Addr>, Negative>>,
    ipv6: TimedCache<Box<str>, Result<RecordSet<Ipv6Addr>, Negative>>,
    ptr: TimedCache<IpAddr, Result<RecordSet<Box<str>>, Negative>>,
}

impl Records {
    pub(super) fn new(health: Arc<Health>) -> Self {
        Self {
            txt: TxtCache { records: TimedCache::new(NAMES_MAX), health },
            mx: TimedCache::new(NAMES_MAX),
            ipv4: TimedCache::new(NAMES_MAX),
            ipv6: TimedCache::new(NAMES_MAX),
            ptr: TimedCache::new(NAMES_MAX),
        }
    }

    /// Is the TXT record of `name` still to be asked for?
    pub(super) fn is_unknown(&self, name: &str) -> bool {
        self.txt.is_unknown(&name.to_fqdn())
    }
}

impl DnsCache for Records {
    type Txt = TxtCache;
    type Mx = TimedCache<Box<str>, Result<RecordSet<Mx>, Negative>>;
    type Ipv4 = TimedCache<Box<str>, Result<RecordSet<Ipv4Addr>, Negative>>;
    type Ipv6 = TimedCache<Box<str>, Result<RecordSet<Ipv6Addr>, Negative>>;
    type Ptr = TimedCache<IpAddr, Result<RecordSet<Box<str>>, Negative>>;

    fn txt(&self) -> Option<&Self::Txt> {
        Some(&self.txt)
    }

    fn mx(&self) -> Option<&Self::Mx> {
        Some(&self.mx)
    }

    fn ipv4(&self) -> Option<&Self::Ipv4> {
        Some(&self.ipv4)
    }

    fn ipv6(&self) -> Option<&Self::Ipv6> {
        Some(&self.ipv6)
    }

    fn ptr(&self) -> Option<&Self::Ptr> {
        Some(&self.ptr)
    }
}
