//! How often an address may guess keys. Owns the counting; a wrong guess also costs its time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Addresses remembered; beyond them, those whose time is over are forgotten, and if there are none, all.
const ADDRESSES_MAX: usize = 10_000;

#[derive(Debug)]
struct Failed {
    count: u32,
    since: Instant,
}

/// Tries to sign in that failed, by address.
#[derive(Debug, Default)]
pub(super) struct FailedSignIns(Mutex<HashMap<IpAddr, Failed>>);

impl FailedSignIns {
    /// Counts a try as failed until [`Self::succeeded`] says otherwise, so that many at a time are no way around. `None`: there were too
    /// many already; else how many failed, this one included.
    pub fn begin(&self, peer: IpAddr, most: u32, window: Duration, now: Instant) -> Option<u32> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |failed: &Failed| now.duration_since(failed.since) >= window;
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&peer) {
            all.retain(|_, failed| !over(failed));
            if all.len() >= ADDRESSES_MAX {
                all.clear();
            }
        }
        let failed = all.entry(peer).or_insert(Failed { count: 0, since: now });
        if over(failed) {
            *failed = Failed { count: 0, since: now };
        }
        if failed.count >= most {
            return None;
        }
        failed.count += 1;
        Some(failed.count)
    }

    /// It was no failure.
    pub fn succeeded(&self, peer: IpAddr) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = all.get_mut(&peer) {
            failed.count = failed.count.saturating_sub(1);
            if failed.count == 0 {
                all.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_guesses_too_often_waits_out_its_time() {
        let (failed, window, begun) = (FailedSignIns::default(), Duration::from_secs(600), Instant::now());
        let [a, b]: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
        let tries = |peer, at| failed.begin(peer, 2, window, at);
        assert_eq!([tries(a, begun), tries(a, begun), tries(a, begun)], [Some(1), Some(2), None]);
        assert_eq!(tries(b, begun), Some(1));
        assert_eq!(tries(a, begun + window - Duration::from_secs(1)), None);
        assert_eq!(tries(a, begun + window), Some(1));
    }

    #[test]
    fn what_succeeds_counts_for_nothing() {
        let failed = FailedSignIns::default();
        let peer = [192, 0, 2, 1].into();
        for _ in 0..10 {
            assert_eq!(failed.begin(peer, 2, Duration::from_secs(600), Instant::now()), Some(1));
            failed.succeeded(peer);
        }
    }
}
