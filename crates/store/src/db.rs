//! One database, two engines: closures run inside a transaction on a thread that owns a connection.
//! On SQLite one writer commits whatever waits with one fsync; on PostgreSQL each closure has its own transaction.
//! Never holds a transaction open while anything but the database is waited for.

mod postgres;
mod queue;
mod sqlite;
mod sqlite_statements;
mod tx;
mod value;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::error::{Result, StoreError};
use queue::{BoxedJob, Once, Queue, Repeatable};
pub use tx::{Tx, placeholders};
pub(crate) use value::json;
pub use value::{Row, Value};

/// Threads that read. SQLite readers cost some memory each; two cores never need more.
const READERS: usize = 4;
/// Connections that write on PostgreSQL, a process.
const POSTGRES_WRITERS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// In which order waiting writes are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Mail somebody waits to see acknowledged, and people's requests.
    Foreground = 0,
    /// Results of deliveries, claims.
    Delivery = 1,
    /// Search index, clean-up. A transaction of this kind ends within about 10 ms.
    Background = 2,
}

/// What others may be waiting to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Events were appended.
    Events = 0,
    /// Deliveries became due.
    Deliveries = 1,
    /// Webhook deliveries became due.
    Webhooks = 2,
    /// Messages wait to be put into the search index.
    Search = 3,
    /// Events were appended and have no position yet (PostgreSQL).
    Unsequenced = 4,
    /// Keys, sessions or channels changed: what is remembered of them no longer holds.
    Access = 5,
    /// Accounts were added, changed or taken away, or are to be looked at.
    Accounts = 6,
    /// Mails of accounts became due.
    Submissions = 7,
    /// Domains came, went, or ask for other DNS records than before.
    Domains = 8,
    /// Somebody came to a conversation, left it, or began or ceased to write in it.
    Presence = 9,
    /// Drafts changed.
    Drafts = 10,
    /// Saved views changed.
    Views = 11,
}

impl Topic {
    const ALL: [Self; 12] = [
        Self::Events,
        Self::Deliveries,
        Self::Webhooks,
        Self::Search,
        Self::Unsequenced,
        Self::Access,
        Self::Accounts,
        Self::Submissions,
        Self::Domains,
        Self::Presence,
        Self::Drafts,
        Self::Views,
    ];
}

#[derive(Debug, Clone)]
pub enum DbConfig {
    Sqlite { path: PathBuf },
    Postgres { url: String },
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    dialect: Dialect,
    /// Of SQLite's file.
    path: Option<PathBuf>,
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    topics: Arc<Topics>,
    threads: std::sync::Mutex<Vec<std::thread::JoinHandle<()>>>,
}

/// Counters that rise when a topic has news; waiting on one never misses a rise.
pub(crate) struct Topics {
    senders: [watch::Sender<u64>; Topic::ALL.len()],
}

impl Topics {
    fn new() -> Self {
        Self { senders: std::array::from_fn(|_| watch::Sender::new(0)) }
    }

    pub(crate) fn publish(&self, mask: u16) {
        for topic in Topic::ALL {
            if mask & (1 << topic as u8) != 0 {
                self.senders[topic as usize].send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }
}

impl Db {
    /// Opens the database and starts its threads. Does not migrate.
    ///
    /// # Errors
    /// The file can't be opened, or PostgreSQL can't be reached or refuses.
    pub fn open(config: &DbConfig) -> Result<Self> {
        let topics = Arc::new(Topics::new());
        let (writes, reads) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        let mut threads = Vec::new();
        let path = match config {
            DbConfig::Sqlite { path } => Some(path.clone()),
            DbConfig::Postgres { .. } => None,
        };
        let dialect = match config {
            DbConfig::Sqlite { path } => {
                let writer = sqlite::Writer::open(path, topics.clone())?;
                threads.push(spawn("db-writer", {
                    let queue = writes.clone();
                    move || writer.run(&queue)
                })?);
                let checkpointer = sqlite::Checkpointer::open(path)?;
                threads.push(spawn("db-checkpoint", {
                    let queue = writes.clone();
                    move || checkpointer.run(&queue)
                })?);
                for _ in 0..READERS {
                    let reader = sqlite::Reader::open(path)?;
                    threads.push(spawn("db-reader", {
                        let queue = reads.clone();
                        move || reader.run(&queue)
                    })?);
                }
                Dialect::Sqlite
            }
            DbConfig::Postgres { url } => {
                let connector = Arc::new(postgres::Connector::new(url)?);
                for (queue, name, count) in [(&writes, "db-writer", POSTGRES_WRITERS), (&reads, "db-reader", READERS)] {
                    for _ in 0..count {
                        let mut worker = postgres::Worker::new(connector.clone(), topics.clone());
                        if threads.is_empty() {
                            worker.connect()?;
                        }
                        let queue = queue.clone();
                        threads.push(spawn(name, move || worker.run(&queue))?);
                    }
                }
                postgres::listen(connector, topics.clone(), writes.clone())?;
                Dialect::Postgres
            }
        };
        Ok(Self {
            inner: Arc::new(Inner { dialect, path, writes, reads, topics, threads: std::sync::Mutex::new(threads) }),
        })
    }

    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Runs `work` in a transaction and returns once it is committed and durable. An error undoes what `work` did.
    ///
    /// # Errors
    /// What `work` returns, or that the commit failed.
    pub async fn write<T, F>(&self, priority: Priority, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        submit(&self.inner.writes, priority, |answer| Box::new(Once::new(work, answer)))?
            .await
            .unwrap_or_else(|_| Err(closed()))
    }

    /// As `write`, for work that may be run again: on SQLite it costs less, since it is not guarded against the failure of
    /// what shares its commit, but run again then.
    ///
    /// # Errors
    /// What `work` returns, or that the commit failed.
    pub async fn write_repeatable<T, F>(&self, priority: Priority, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        submit(&self.inner.writes, priority, |answer| Box::new(Repeatable::new(work, answer)))?
            .await
            .unwrap_or_else(|_| Err(closed()))
    }

    /// Runs `work` on a connection that only reads.
    ///
    /// # Errors
    /// What `work` returns.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        submit(&self.inner.reads, Priority::Foreground, |answer| Box::new(Once::new(work, answer)))?
            .await
            .unwrap_or_else(|_| Err(closed()))
    }

    /// For code without a runtime: commands, start-up.
    ///
    /// # Errors
    /// As `write`.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let receiver = submit(&self.inner.writes, Priority::Foreground, |answer| Box::new(Once::new(work, answer)))?;
        receiver.blocking_recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Mails, requests and deliveries written so far: whoever works in the background sees by it whether others are busy.
    pub fn urgent_writes(&self) -> u64 {
        self.inner.writes.urgent_pushed()
    }

    /// A receiver whose value changes after every commit that concerns `topic`, on this node or, with PostgreSQL, another.
    pub fn subscribe(&self, topic: Topic) -> watch::Receiver<u64> {
        self.inner.topics.senders[topic as usize].subscribe()
    }

    /// Folds SQLite's write-ahead log into the database and empties its file, so that no former page is left there. False where others
    /// are in the way: ask again. PostgreSQL keeps its own log as it is set up to.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn empty_log(&self) -> Result<bool> {
        let Some(path) = self.inner.path.clone() else { return Ok(true) };
        tokio::task::spawn_blocking(move || sqlite::empty_log(&path)).await.map_err(|_| StoreError::Panicked)?
    }

    /// Finishes what waits and closes every connection.
    pub fn close(&self) {
        self.inner.writes.close();
        self.inner.reads.close();
        let threads =
            std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a database thread ended by a panic");
            }
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it gave no answer; it is being closed, or the connection to it is lost".into())
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map_err(|error| StoreError::Unavailable(format!("no thread for {name}: {error}")))
}

fn submit<T>(
    queue: &Queue,
    priority: Priority,
    job: impl FnOnce(oneshot::Sender<Result<T>>) -> BoxedJob,
) -> Result<oneshot::Receiver<Result<T>>> {
    let (sender, receiver) = oneshot::channel();
    if queue.push(priority, job(sender)) { Ok(receiver) } else { Err(closed()) }
}

/// Time the writers were busy, for the metric.
pub(crate) static WRITER_BUSY_NANOS: AtomicU64 = AtomicU64::new(0);

pub(crate) fn count_busy(duration: Duration, jobs: usize) {
    WRITER_BUSY_NANOS.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    metrics::counter!("postroom_store_commits_total").increment(1);
    metrics::counter!("postroom_store_writes_total").increment(jobs as u64);
    metrics::gauge!("postroom_store_writer_busy_seconds_total")
        .set(WRITER_BUSY_NANOS.load(Ordering::Relaxed) as f64 / 1e9);
}

#[cfg(test)]
mod tests;
