//! Memory held by all sessions of a listener together. Owns the count; never frees anything itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes in use, and how many may be.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicU64,
    bytes_max: u64,
}

impl Budget {
    pub(crate) fn new(bytes_max: u64) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), bytes_max })
    }

    pub(crate) fn hold(self: &Arc<Self>) -> Held {
        Held { budget: Arc::clone(self), bytes: 0 }
    }
}

/// One session's part; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Held {
    /// False, and nothing changed, if the budget does not allow it. Less is always allowed.
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        if bytes > self.bytes {
            let more = bytes - self.bytes;
            let before = self.budget.used.fetch_add(more, Ordering::Relaxed);
            if before.saturating_add(more) > self.budget.bytes_max {
                self.budget.used.fetch_sub(more, Ordering::Relaxed);
                return false;
            }
        } else if bytes < self.bytes {
            self.budget.used.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_session_gives_back_another_can_have() {
        let budget = Budget::new(100);
        let (mut first, mut second) = (budget.hold(), budget.hold());
        assert!(first.resize(60));
        assert!(!second.resize(41));
        assert!(second.resize(40));
        assert!(first.resize(10));
        assert!(second.resize(90));
        drop(second);
        assert!(first.resize(100));
    }
}
