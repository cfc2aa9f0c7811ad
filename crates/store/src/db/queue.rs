//! The queue of writes and reads before the database threads: highest priority first, first come first served within one.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Priority, Tx};
use crate::error::{Result, StoreError};

/// A closure that waits for a transaction, and whoever waits for the closure.
pub(super) trait Job: Send {
    /// Runs the closure; says whether what it did is to be kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Whether it may be run a second time, after what it did was undone.
    fn is_repeatable(&self) -> bool;

    /// Tells whoever waits what the closure came to, or why that was not kept.
    fn answer(self: Box<Self>, committed: Result<()>);
}

pub(super) type BoxedJob = Box<dyn Job>;

/// A closure that may be run once.
pub(super) struct Once<T, F> {
    work: Option<F>,
    answer: Answer<T>,
}

/// A closure that may be run again.
pub(super) struct Repeatable<T, F> {
    work: F,
    answer: Answer<T>,
}

struct Answer<T> {
    outcome: Result<T>,
    sender: oneshot::Sender<Result<T>>,
}

impl<T> Answer<T> {
    fn to(sender: oneshot::Sender<Result<T>>) -> Self {
        Self { outcome: Err(StoreError::Unavailable("the write was not run".into())), sender }
    }

    fn keep(&mut self, work: impl FnOnce() -> Result<T>) -> bool {
        self.outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StoreError::Panicked));
        self.outcome.is_ok()
    }

    fn send(self, committed: Result<()>) {
        // The asker may be gone; the commit stands all the same.
        drop(self.sender.send(self.outcome.and_then(|value| committed.map(|()| value))));
    }
}

impl<T, F> Once<T, F> {
    pub fn new(work: F, sender: oneshot::Sender<Result<T>>) -> Self {
        Self { work: Some(work), answer: Answer::to(sender) }
    }
}

impl<T, F> Repeatable<T, F> {
    pub fn new(work: F, sender: oneshot::Sender<Result<T>>) -> Self {
        Self { work, answer: Answer::to(sender) }
    }
}

impl<T, F> Job for Once<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        self.answer.keep(|| work(tx))
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        self.answer.send(committed);
    }
}

impl<T, F> Job for Repeatable<T, F>
where
    T: Send,
    F: Fn(&mut Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Self { work, answer } = self;
        answer.keep(|| work(tx))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        self.answer.send(committed);
    }
}

struct State {
    waiting: [VecDeque<BoxedJob>; 3],
    closed: bool,
}

pub(super) struct Queue {
    state: Mutex<State>,
    urgent_pushed: AtomicU64,
    changed: Condvar,
    ended: Condvar,
}

impl Queue {
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State { waiting: Default::default(), closed: false }),
            changed: Condvar::new(),
            ended: Condvar::new(),
            urgent_pushed: AtomicU64::new(0),
        }
    }

    /// False when the queue is closed.
    pub fn push(&self, priority: Priority, job: BoxedJob) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return false;
        }
        state.waiting[priority as usize].push_back(job);
        drop(state);
        if priority < Priority::Background {
            self.urgent_pushed.fetch_add(1, Ordering::Relaxed);
        }
        self.changed.notify_one();
        true
    }

    pub fn urgent_pushed(&self) -> u64 {
        self.urgent_pushed.load(Ordering::Relaxed)
    }

    /// Waits for the next job; `None` once the queue is closed and empty.
    pub fn pop(&self) -> Option<(Priority, BoxedJob)> {
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
    pub fn try_pop(&self, lowest: Priority) -> Option<(Priority, BoxedJob)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let urgent = state.waiting.iter().position(|queue| !queue.is_empty())?;
        if urgent <= lowest as usize { take(&mut state) } else { None }
    }

    pub fn is_closed(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    /// Waits that long at most; says whether the queue is closed.
    pub fn closes_within(&self, wait: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(state, wait, |state| !state.closed);
        waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    pub fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.changed.notify_all();
        self.ended.notify_all();
    }
}

fn take(state: &mut State) -> Option<(Priority, BoxedJob)> {
    let order = [Priority::Foreground, Priority::Delivery, Priority::Background];
    order.into_iter().find_map(|priority| Some((priority, state.waiting[priority as usize].pop_front()?)))
}
