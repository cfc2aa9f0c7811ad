//! SQLite: one writer thread that commits whatever waits in one transaction, and reader threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection as Sqlite, OpenFlags};

use super::queue::{Finished, Job, Queue};
use super::tx::{Connection, STATEMENTS_KEPT};
use super::{Priority, Topics, Tx, count_busy};
use crate::error::{Result, StoreError};

/// Closures that share one commit at most.
const JOBS_A_COMMIT: usize = 256;
/// A commit that has run this long takes no further closures.
const COMMIT_OPEN_MAX: Duration = Duration::from_millis(25);
/// Pages of the WAL at which the writer itself makes a checkpoint (4 KiB each: 64 MB): the cap. Usually the checkpointer
/// was there before, and little is left to do.
const CHECKPOINT_PAGES: u32 = 16_384;
/// Bytes of the WAL at which the checkpointer begins, and how often it looks.
const CHECKPOINT_BYTES: u64 = 8 * 1024 * 1024;
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);
/// Page cache of the writer and of each reader, KiB. What does not fit is in the system's cache.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
const READER_CACHE_KIB: i64 = 4 * 1024;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

fn open(path: &Path, flags: OpenFlags) -> Result<Sqlite> {
    let connection = Sqlite::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

pub(super) struct Writer {
    connection: Sqlite,
    topics: Arc<Topics>,
}

impl Writer {
    pub fn open(path: &Path, topics: Arc<Topics>) -> Result<Self> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // FULL: what was committed survives a power cut, not just a crash.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        Ok(Self { connection, topics })
    }

    pub fn run(self, queue: &Queue) {
        while let Some((priority, job)) = queue.pop() {
            let begun = Instant::now();
            let jobs = self.commit_what_waits(queue, priority, job);
            count_busy(begun.elapsed(), jobs);
        }
        if let Err(error) = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the write-ahead log was not folded into the database at the end; the next start does it");
        }
    }

    /// Runs `first` and what waits behind it, commits once, then answers all.
    fn commit_what_waits(&self, queue: &Queue, mut priority: Priority, first: Job) -> usize {
        let begun = Instant::now();
        let mut answers: Vec<Box<dyn FnOnce(Result<()>) + Send>> = Vec::new();
        let mut topics = 0;
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            // The closure is dropped unrun; whoever waits hears that the database gave no answer.
            tracing::error!(%error, "SQLite began no transaction; a write was not done");
            return 1;
        }
        let mut next = Some(first);
        while let Some(job) = next.take() {
            let (finished, announced) = self.run_one(job);
            topics |= announced;
            answers.push(finished.answer);
            if answers.len() < JOBS_A_COMMIT && begun.elapsed() < COMMIT_OPEN_MAX {
                // Background work never makes others wait for a second helping of it.
                let lowest = if priority == Priority::Background { Priority::Delivery } else { priority };
                if let Some((popped, job)) = queue.try_pop(lowest) {
                    priority = priority.min(popped);
                    next = Some(job);
                }
            }
        }
        let jobs = answers.len();
        match self.connection.execute_batch("COMMIT") {
            Ok(()) => {
                answers.into_iter().for_each(|answer| answer(Ok(())));
                self.topics.publish(topics);
            }
            Err(error) => {
                tracing::error!(%error, jobs, "a commit failed; its writes were undone and their askers told");
                drop(self.connection.execute_batch("ROLLBACK"));
                let detail = error.to_string();
                answers.into_iter().for_each(|answer| answer(Err(StoreError::Unavailable(detail.clone()))));
            }
        }
        jobs
    }

    fn run_one(&self, job: Job) -> (Finished, u8) {
        let savepoint = |sql: &str| self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        if let Err(error) = savepoint("SAVEPOINT one") {
            tracing::error!(%error, "no savepoint; the write goes on without one");
        }
        let mut tx = Tx::new(Connection::Sqlite(&self.connection));
        let finished = job(&mut tx);
        let topics = if finished.keep { tx.topics() } else { 0 };
        if !finished.keep
            && let Err(error) = savepoint("ROLLBACK TO one")
        {
            tracing::error!(%error, "a failed write could not be undone alone");
        }
        if let Err(error) = savepoint("RELEASE one") {
            tracing::error!(%error, "a savepoint was not released");
        }
        (finished, topics)
    }
}

pub(super) struct Reader {
    connection: Sqlite,
}

impl Reader {
    pub fn open(path: &Path) -> Result<Self> {
        // Read-write, because a read-only connection can't recover a WAL; query_only keeps it from writing.
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self { connection })
    }

    pub fn run(self, queue: &Queue) {
        while let Some((_, job)) = queue.pop() {
            // One snapshot for all of a closure's queries.
            let begun = self.connection.execute_batch("BEGIN");
            let finished = job(&mut Tx::new(Connection::Sqlite(&self.connection)));
            if begun.is_ok()
                && let Err(error) = self.connection.execute_batch("COMMIT")
            {
                tracing::error!(%error, "a read transaction did not end");
            }
            (finished.answer)(Ok(()));
        }
    }
}

/// Folds the write-ahead log into the database beside the writer, so that the accept path need not.
pub(super) struct Checkpointer {
    connection: Sqlite,
    log: PathBuf,
}

impl Checkpointer {
    pub fn open(path: &Path) -> Result<Self> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { connection, log: log.into() })
    }

    pub fn run(self, lifetime: &Queue) {
        while !lifetime.is_closed() {
            std::thread::sleep(CHECKPOINT_EVERY);
            if std::fs::metadata(&self.log).is_ok_and(|log| log.len() >= CHECKPOINT_BYTES) {
                // PASSIVE waits for nobody and makes nobody wait.
                let folded = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
                if let Err(error) = folded {
                    tracing::warn!(%error, "the write-ahead log was not folded into the database; trying again");
                }
            }
        }
    }
}
