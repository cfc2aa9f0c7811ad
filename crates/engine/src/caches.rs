//! What is asked with every request or mail and changes seldom: whose key this is, who receives at an address.
//! Owns how long an answer holds; never the answer itself. A change on this node or, with PostgreSQL, another one
//! ends all answers at once, and an answer from before a change is never kept.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use store::{Db, Topic};
use tokio::sync::watch;

/// An answer holds this long even if no news of a change came through.
const HOLDS: Duration = Duration::from_secs(5);
/// Answers kept; past it all are forgotten.
const ENTRIES_MAX: usize = 10_000;

/// Answers of a moment ago. Keep only what exists: guesses must not fill it.
pub struct Remembered<K, V> {
    changes: watch::Receiver<u64>,
    entries: Mutex<Entries<K, V>>,
}

struct Entries<K, V> {
    /// The count of changes anywhere that these answers were given under.
    news: u64,
    /// Rises with every change of this node's own.
    generation: u64,
    known: HashMap<K, (Instant, V)>,
}

/// When a question was asked.
#[derive(Debug)]
pub(crate) struct Ticket {
    news: u64,
    generation: u64,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    pub fn new(db: &Db) -> Self {
        Self::with_changes(db.subscribe(Topic::Access))
    }

    fn with_changes(changes: watch::Receiver<u64>) -> Self {
        let news = *changes.borrow();
        Self { changes, entries: Mutex::new(Entries { news, generation: 0, known: HashMap::new() }) }
    }

    /// The answer, or the ticket under which a fresh one may be kept.
    pub(crate) fn get(&self, key: &K) -> Result<V, Ticket> {
        let entries = self.fresh();
        match entries.known.get(key) {
            Some((at, value)) if at.elapsed() < HOLDS => Ok(value.clone()),
            _ => Err(Ticket { news: entries.news, generation: entries.generation }),
        }
    }

    pub(crate) fn keep(&self, ticket: &Ticket, key: K, value: &V) {
        let mut entries = self.fresh();
        if entries.news != ticket.news || entries.generation != ticket.generation {
            return;
        }
        if entries.known.len() >= ENTRIES_MAX {
            entries.known.clear();
        }
        entries.known.insert(key, (Instant::now(), value.clone()));
    }

    /// Something changed here: nothing that was known before holds any longer. Others hear of it by [`Topic::Access`].
    pub fn forget(&self) {
        let mut entries = self.fresh();
        entries.generation += 1;
        entries.known.clear();
    }

    fn fresh(&self) -> MutexGuard<'_, Entries<K, V>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *self.changes.borrow();
        if entries.news != news {
            entries.news = news;
            entries.known.clear();
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_from_before_a_change_is_not_kept() {
        let (sender, receiver) = watch::channel(0);
        let cache: Remembered<u8, u8> = Remembered::with_changes(receiver);
        let ticket = cache.get(&1).expect_err("empty");
        cache.keep(&ticket, 1, &7);
        assert_eq!(cache.get(&1).ok(), Some(7));
        sender.send_modify(|count| *count += 1);
        let ticket = cache.get(&1).expect_err("another node changed something");
        cache.forget();
        cache.keep(&ticket, 1, &8);
        assert!(cache.get(&1).is_err(), "this node changed something while the question was under way");
    }
}
