//! The queue of closures before the database threads: highest priority first, first come first served within one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::{Priority, Tx};
use crate::error::Result;

/// What a closure left behind: whether to keep what it did, and whom to tell how the commit went.
pub(super) struct Finished {
    pub keep: bool,
    pub answer: Box<dyn FnOnce(Result<()>) + Send>,
}

pub(super) type Job = Box<dyn FnOnce(&mut Tx<'_>) -> Finished + Send>;

struct State {
    waiting: [VecDeque<Job>; 3],
    closed: bool,
}

pub(super) struct Queue {
    state: Mutex<State>,
    foreground_pushed: AtomicU64,
    changed: Condvar,
}

impl Queue {
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State { waiting: Default::default(), closed: false }),
            changed: Condvar::new(),
            foreground_pushed: AtomicU64::new(0),
        }
    }

    /// False when the queue is closed.
    pub fn push(&self, priority: Priority, job: Job) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return false;
        }
        state.waiting[priority as usize].push_back(job);
        drop(state);
        if priority == Priority::Foreground {
            self.foreground_pushed.fetch_add(1, Ordering::Relaxed);
        }
        self.changed.notify_one();
        true
    }

    pub fn foreground_pushed(&self) -> u64 {
        self.foreground_pushed.load(Ordering::Relaxed)
    }

    /// Waits for the next job; `None` once the queue is closed and empty.
    pub fn pop(&self) -> Option<(Priority, Job)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = take(&mut state) {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next job if one waits and is at least as urgent as `lowest`.
    pub fn try_pop(&self, lowest: Priority) -> Option<(Priority, Job)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let urgent = state.waiting.iter().position(|queue| !queue.is_empty())?;
        if urgent <= lowest as usize { take(&mut state) } else { None }
    }

    pub fn is_closed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    pub fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
    }
}

fn take(state: &mut State) -> Option<(Priority, Job)> {
    let order = [Priority::Foreground, Priority::Delivery, Priority::Background];
    order.into_iter().find_map(|priority| Some((priority, state.waiting[priority as usize].pop_front()?)))
}
