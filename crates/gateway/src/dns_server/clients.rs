//! How much one client's network gets: whole answers over UDP, whose sender nobody proves, and connections. Owns the counting; never
//! answers.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Whole answers over UDP to one network in a second. Large resolvers keep answers, and come again by TCP.
const UDP_ANSWERS_PER_SECOND: u32 = 200;
/// Of the queries beyond, one in so many is told to come by TCP, which costs a forger as much as it brings; the others hear nothing.
const TOLD_ONE_IN: u32 = 2;
/// Networks that are counted apart, by number. More of them share a count.
const NETWORKS: usize = 16_384;
/// Connections at a time, of all clients and of one network.
const CONNECTIONS_MAX: usize = 256;
const CONNECTIONS_PER_NETWORK_MAX: usize = 32;

/// The network an address is of: /24 of IPv4, /56 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() & (u32::MAX << 8)).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 72)).into()),
    }
}

/// What a client gets for a query over UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    Whole,
    /// That it should come by TCP.
    Truncated,
    Nothing,
}

/// Counts answers of the second that runs, in a room of one size.
pub(super) struct Answers {
    begun: Instant,
    hasher: RandomState,
    /// Each the number of a second and a count in it.
    counts: Box<[AtomicU64]>,
}

impl Answers {
    pub(super) fn new() -> Self {
        let counts = std::iter::repeat_with(AtomicU64::default).take(NETWORKS).collect();
        Self { begun: Instant::now(), hasher: RandomState::new(), counts }
    }

    pub(super) fn take(&self, client: IpAddr, now: Instant) -> Share {
        let second = now.saturating_duration_since(self.begun).as_secs() & u64::from(u32::MAX);
        let place = self.hasher.hash_one(network(client)) as usize % NETWORKS;
        let Some(count) = self.counts.get(place) else { return Share::Whole };
        let next = |before: u64| {
            let count = if before >> 32 == second { (before & u64::from(u32::MAX)).saturating_add(1) } else { 1 };
            (second << 32) | count.min(u64::from(u32::MAX))
        };
        let before = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| Some(next(before)));
        let count = before.map_or(1, |before| next(before) & u64::from(u32::MAX));
        match u32::try_from(count).unwrap_or(u32::MAX) {
            count if count <= UDP_ANSWERS_PER_SECOND => Share::Whole,
            count if count % TOLD_ONE_IN == 0 => Share::Truncated,
            _ => Share::Nothing,
        }
    }
}

/// Connections that are open, by network.
#[derive(Default)]
pub(super) struct Connections(Mutex<HashMap<IpAddr, usize>>);

/// One of them, until it is dropped.
pub(super) struct Open {
    all: Arc<Connections>,
    network: IpAddr,
}

impl Connections {
    /// `None`: there are too many.
    pub(super) fn open(self: &Arc<Self>, client: IpAddr) -> Option<Open> {
        let network = network(client);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = open.values().sum::<usize>() >= CONNECTIONS_MAX;
        let of_network = open.get(&network).copied().unwrap_or_default();
        if is_full || of_network >= CONNECTIONS_PER_NETWORK_MAX {
            return None;
        }
        open.insert(network, of_network + 1);
        Some(Open { all: Arc::clone(self), network })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get(&self.network).copied().unwrap_or_default() {
            0 | 1 => drop(open.remove(&self.network)),
            more => drop(open.insert(self.network, more - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_gets_so_many_whole_answers_a_second_and_then_word_to_come_by_tcp() {
        let (answers, now) = (Answers::new(), Instant::now());
        let whole = (0..UDP_ANSWERS_PER_SECOND).filter(|n| {
            let client = if n % 2 == 0 { "192.0.2.1" } else { "::ffff:192.0.2.200" };
            answers.take(address(client), now) == Share::Whole
        });
        assert_eq!(whole.count(), UDP_ANSWERS_PER_SECOND as usize);
        let beyond: Vec<Share> = (0..10).map(|_| answers.take(address("192.0.2.7"), now)).collect();
        assert!(!beyond.contains(&Share::Whole), "{beyond:?}");
        assert_eq!(beyond.iter().filter(|share| **share == Share::Truncated).count(), 5);
        let later = now + Duration::from_secs(2);
        assert_eq!(answers.take(address("192.0.2.7"), later), Share::Whole);
    }

    #[test]
    fn networks_are_told_apart() {
        for (one, other, expected) in [
            ("192.0.2.1", "192.0.2.255", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("192.0.2.1", "::ffff:192.0.2.9", true),
            ("2001:db8::1", "2001:db8:0:ff::1", true),
            ("2001:db8::1", "2001:db8:0:100::1", false),
        ] {
            assert_eq!(network(address(one)) == network(address(other)), expected, "{one} {other}");
        }
    }

    #[test]
    fn connections_of_a_network_and_of_all_are_counted_until_they_end() {
        let all = Arc::new(Connections::default());
        let client = address("192.0.2.1");
        let mut open: Vec<Open> = (0..CONNECTIONS_PER_NETWORK_MAX).map(|_| all.open(client).unwrap()).collect();
        assert!(all.open(address("192.0.2.2")).is_none() && all.open(address("192.0.3.2")).is_some());
        open.pop();
        assert!(all.open(client).is_some());
        let others: Vec<Option<Open>> = (0..=255).map(|n| all.open(IpAddr::from([10, 0, n, 1]))).collect();
        assert_eq!(open.len() + others.iter().flatten().count(), CONNECTIONS_MAX);
        drop((open, others));
        assert!(all.0.lock().unwrap().is_empty());
    }
}
