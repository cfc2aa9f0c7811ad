//! How fast new connections to one host follow each other. Owns the waiting.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Hosts whose last connection is remembered; beyond it, those whose turn is past are forgotten.
const HOSTS_MAX: usize = 4_096;

pub(super) struct Rate {
    between: Duration,
    turns: Mutex<HashMap<String, Instant>>,
}

impl Rate {
    pub(super) fn new(per_second: u32) -> Self {
        Self { between: Duration::from_secs(1) / per_second.max(1), turns: Mutex::default() }
    }

    /// Waits until one more connection to `host` may be opened.
    pub(super) async fn turn(&self, host: &str) {
        let turn = self.next(host, Instant::now());
        tokio::time::sleep_until(turn).await;
    }

    fn next(&self, host: &str, now: Instant) -> Instant {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= HOSTS_MAX {
            turns.retain(|_, next| *next > now);
        }
        let next = turns.entry(host.to_owned()).or_insert(now);
        let turn = (*next).max(now);
        *next = turn + self.between;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_to_one_host_follow_each_other_at_a_distance() {
        let rate = Rate::new(10);
        let now = Instant::now();
        let waits = |host: &str| (rate.next(host, now) - now).as_millis();
        assert_eq!([waits("a"), waits("a"), waits("b"), waits("a")], [0, 100, 0, 200]);
        let later = now + Duration::from_secs(5);
        assert_eq!(rate.next("a", later), later, "what was not used is not saved up");
    }
}
