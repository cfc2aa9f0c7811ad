//! SQLite: one writer thread that commits whatever waits in one transaction, and reader threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection as Sqlite, OpenFlags};

use super::queue::{BoxedJob, Queue};
use super::sqlite_statements::SqliteStatements;
use super::tx::{Connection, SqliteConnection as _};
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
    // A plan is made once a statement. Without it a range bound by a value is planned anew for every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
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
        // What is deleted is written over where its page is written anyway. Pages that become free are emptied by whoever erases
        // (`erased_traces`).
        connection.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(()))?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        Ok(Self { connection, topics })
    }

    pub fn run(self, queue: &Queue) {
        let mut statements = SqliteStatements::of(&self.connection);
        while let Some((priority, job)) = queue.pop() {
            let begun = Instant::now();
            let mut batch = Batch { writer: &self, statements: &mut statements, jobs: Vec::new(), guarded: false };
            let jobs = batch.commit_what_waits(queue, priority, job);
            count_busy(begun.elapsed(), jobs);
        }
        drop(statements);
        if let Err(error) = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the write-ahead log was not folded into the database at the end; the next start does it");
        }
    }
}

/// Closures that share a transaction, each with the topics it announced.
///
/// A savepoint before each would cost a copy of every page it touches. So closures that may be run again go without: should
/// one of them fail when it has written already, all is undone and the others are run once more.
struct Batch<'w, 'c> {
    writer: &'w Writer,
    statements: &'w mut SqliteStatements<'c>,
    jobs: Vec<(BoxedJob, u16)>,
    /// Something ran that can't be run again: from here on each closure has a savepoint.
    guarded: bool,
}

impl Batch<'_, '_> {
    /// Runs `first` and what waits behind it, commits once, then answers all. Answers how many there were.
    fn commit_what_waits(&mut self, queue: &Queue, mut priority: Priority, first: BoxedJob) -> usize {
        let begun = Instant::now();
        if let Err(error) = self.execute("BEGIN IMMEDIATE") {
            tracing::error!(%error, "SQLite began no transaction; a write was not done");
            first.answer(Err(error));
            return 1;
        }
        let mut next = Some(first);
        while let Some(job) = next.take() {
            if let Err(error) = self.run(job) {
                tracing::error!(%error, "a write could not be undone alone; those that shared its commit are undone, too, and their askers told");
                return self.abandon(&error);
            }
            if self.jobs.len() < JOBS_A_COMMIT && begun.elapsed() < COMMIT_OPEN_MAX {
                // Background work never makes others wait for a second helping of it.
                let lowest = if priority == Priority::Background { Priority::Delivery } else { priority };
                if let Some((popped, job)) = queue.try_pop(lowest) {
                    priority = priority.min(popped);
                    next = Some(job);
                }
            }
        }
        if let Err(error) = self.execute("COMMIT") {
            tracing::error!(%error, jobs = self.jobs.len(), "a commit failed; its writes were undone and their askers told");
            return self.abandon(&error);
        }
        let topics = self.jobs.iter().fold(0, |topics, (_, announced)| topics | announced);
        let jobs = self.jobs.len();
        self.jobs.drain(..).for_each(|(job, _)| job.answer(Ok(())));
        self.writer.topics.publish(topics);
        jobs
    }

    fn abandon(&mut self, error: &StoreError) -> usize {
        drop(self.execute("ROLLBACK"));
        let (jobs, detail) = (self.jobs.len(), error.to_string());
        self.jobs.drain(..).for_each(|(job, _)| job.answer(Err(StoreError::Unavailable(detail.clone()))));
        jobs
    }

    /// # Errors
    /// What came before in this transaction is lost, or can't be undone: the batch is over.
    fn run(&mut self, mut job: BoxedJob) -> Result<()> {
        self.guarded |= !job.is_repeatable();
        if self.guarded {
            let topics = self.run_guarded(&mut job);
            self.jobs.push((job, *topics.as_ref().unwrap_or(&0)));
            return topics.map(drop);
        }
        let written_before = self.writer.connection.total_changes();
        let (keep, topics) = self.run_job(&mut job);
        let spoilt = !keep && self.writer.connection.total_changes() != written_before;
        let outcome = self.still_open().and_then(|()| if spoilt { self.run_all_again() } else { Ok(()) });
        self.jobs.push((job, if keep { topics } else { 0 }));
        outcome
    }

    /// A full disk, or one that fails, makes SQLite give up the whole transaction; each statement behind it would be kept on its own.
    fn still_open(&self) -> Result<()> {
        if self.writer.connection.is_autocommit() {
            return Err(StoreError::Unavailable("SQLite gave the transaction up; see whether the disk is full".into()));
        }
        Ok(())
    }

    /// Undoes everything, and does again what came before.
    fn run_all_again(&mut self) -> Result<()> {
        self.execute("ROLLBACK")?;
        self.execute("BEGIN IMMEDIATE")?;
        self.guarded = true;
        let mut jobs = std::mem::take(&mut self.jobs);
        let outcome = jobs.iter_mut().try_for_each(|(job, topics)| {
            *topics = self.run_guarded(job)?;
            Ok(())
        });
        self.jobs = jobs;
        outcome
    }

    /// Answers what it announced; nothing if it failed and was undone.
    fn run_guarded(&mut self, job: &mut BoxedJob) -> Result<u16> {
        self.execute("SAVEPOINT one")?;
        let (keep, topics) = self.run_job(job);
        self.still_open()?;
        if !keep {
            self.execute("ROLLBACK TO one")?;
        }
        self.execute("RELEASE one")?;
        Ok(if keep { topics } else { 0 })
    }

    fn run_job(&mut self, job: &mut BoxedJob) -> (bool, u16) {
        let mut tx = Tx::new(Connection::Sqlite(self.statements));
        let keep = job.run(&mut tx);
        (keep, tx.topics())
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        self.statements.execute(sql, &[]).map(drop)
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
        let mut statements = SqliteStatements::of(&self.connection);
        while let Some((_, mut job)) = queue.pop() {
            // One snapshot for all of a closure's queries.
            let begun = statements.execute("BEGIN", &[]);
            job.run(&mut Tx::new(Connection::Sqlite(&mut statements)));
            if begun.is_ok()
                && let Err(error) = statements.execute("COMMIT", &[])
            {
                tracing::error!(%error, "a read transaction did not end");
            }
            job.answer(Ok(()));
        }
    }
}

/// How long whoever empties the log waits for others; it holds up those who write meanwhile.
const EMPTY_LOG_TIMEOUT: Duration = Duration::from_millis(250);

/// See [`super::Db::empty_log`].
pub(super) fn empty_log(path: &Path) -> Result<bool> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(EMPTY_LOG_TIMEOUT)?;
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
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
        while !lifetime.closes_within(CHECKPOINT_EVERY) {
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
