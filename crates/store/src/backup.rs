//! Copies of a database that others write to meanwhile, and what is to be known of one. Owns no file's name or place;
//! never changes the database it copies.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::db::{Db, Tx};
use crate::error::{Result, StoreError};

/// Pages copied at a time (4 KiB each), before the progress is told.
const PAGES_A_STEP: i32 = 4_096;
/// How long a step waits for a lock: a database in WAL mode has none that a reader meets but for a moment at its start.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// 0: Postroom has never written there.
    pub schema_version: i64,
    /// The newest key that sealed its secrets, as [`crate::vault::Vault::fingerprint`] names it.
    pub vault_key_id: Option<String>,
    pub channel_passwords: u64,
    pub webhook_secrets: u64,
}

const SCHEMA_VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version";
const SETTING: &str = "SELECT value FROM setting WHERE name = $1";
const CHANNEL_PASSWORDS: &str = "SELECT COUNT(*) FROM channel WHERE secrets IS NOT NULL";
const WEBHOOK_SECRETS: &str = "SELECT COUNT(*) FROM webhook_endpoint";

/// Copies an SQLite database as it is at one moment, whoever writes to it. `progress` is told pages done, and in all.
///
/// # Errors
/// There is no such database, `to` can't be written, or the disk is full.
pub fn copy_sqlite(from: &Path, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<()> {
    let source = open_sqlite(from)?;
    // An open read transaction holds one moment's state: without it, each write of others would begin the copy anew.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()))?;
    let mut copy = Connection::open(to)?;
    {
        let backup = Backup::new(&source, &mut copy)?;
        loop {
            let step = backup.step(PAGES_A_STEP)?;
            let pages = backup.progress();
            let (all, left) = (u64::from(pages.pagecount.unsigned_abs()), u64::from(pages.remaining.unsigned_abs()));
            progress(all.saturating_sub(left), all);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    // A copy is one file: the write-ahead log is for those who write.
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Read-write, because a read-only connection can't recover what a crash left in the write-ahead log; `query_only` keeps
/// it from writing.
fn open_sqlite(path: &Path) -> Result<Connection> {
    if !path.is_file() {
        return Err(StoreError::Unavailable(format!("there is no database file {}", path.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// # Errors
/// There is no such database, or it is none of ours.
pub fn describe_sqlite(path: &Path, fingerprint_setting: &str) -> Result<Described> {
    let connection = open_sqlite(path)?;
    let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('schema_version', 'setting')";
    if connection.query_row(tables, [], |row| row.get::<_, i64>(0))? < 2 {
        return Ok(Described { schema_version: 0, vault_key_id: None, channel_passwords: 0, webhook_secrets: 0 });
    }
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let key = connection.query_row(SETTING, [fingerprint_setting], |row| row.get(0)).optional()?;
    Ok(Described {
        schema_version: count(SCHEMA_VERSION)?,
        vault_key_id: key,
        channel_passwords: count(CHANNEL_PASSWORDS)?.unsigned_abs(),
        webhook_secrets: count(WEBHOOK_SECRETS)?.unsigned_abs(),
    })
}

/// # Errors
/// What the database says.
pub fn describe_postgres(db: &Db, fingerprint_setting: &'static str) -> Result<Described> {
    db.write_blocking(move |tx| {
        let there = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT to_regclass('schema_version') AS found UNION ALL SELECT to_regclass('setting')) t WHERE found IS NOT NULL";
        if count(tx, there)? < 2 {
            return Ok(Described { schema_version: 0, vault_key_id: None, channel_passwords: 0, webhook_secrets: 0 });
        }
        Ok(Described {
            schema_version: count(tx, SCHEMA_VERSION)?,
            vault_key_id: tx.query_one(SETTING, &[fingerprint_setting.into()], |row| row.text(0))?,
            channel_passwords: count(tx, CHANNEL_PASSWORDS)?.unsigned_abs(),
            webhook_secrets: count(tx, WEBHOOK_SECRETS)?.unsigned_abs(),
        })
    })
}

/// Tables, views and sequences that somebody made in a PostgreSQL database.
///
/// # Errors
/// What the database says.
pub fn relations_of_postgres(db: &Db) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')";
    Ok(db.write_blocking(|tx| count(tx, sql))?.unsigned_abs())
}

/// Whether an SQLite database's pages hang together, as `PRAGMA quick_check` sees it: nothing, or what is wrong.
///
/// # Errors
/// There is no such database, or it can't be read at all.
pub fn quick_check_sqlite(path: &Path) -> Result<Option<String>> {
    let connection = open_sqlite(path)?;
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((said != "ok").then_some(said))
}

fn count(tx: &mut Tx<'_>, sql: &str) -> Result<i64> {
    Ok(tx.query_one(sql, &[], |row| row.int(0))?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DbConfig, Priority, migrate, workspaces};

    async fn count_workspaces(path: &Path) -> i64 {
        let db = Db::open(&DbConfig::Sqlite { path: path.to_owned() }).unwrap();
        let found = db.read(|tx| count(tx, "SELECT COUNT(*) FROM workspace")).await.unwrap();
        tokio::task::spawn_blocking(move || db.close()).await.unwrap();
        found
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_copy_made_while_others_write_holds_all_that_was_there_before() {
        let directory = tempfile::tempdir().unwrap();
        let (path, copy) = (directory.path().join("a.db"), directory.path().join("b.db"));
        let db = Db::open(&DbConfig::Sqlite { path: path.clone() }).unwrap();
        tokio::task::block_in_place(|| migrate::migrate(&db)).unwrap();
        let insert = |db: Db| async move {
            let name = "x".repeat(2_000);
            db.write(Priority::Foreground, move |tx| workspaces::insert(tx, &name, model::Timestamp::now())).await
        };
        for _ in 0..200 {
            insert(db.clone()).await.unwrap();
        }
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (writer, stopped) = (db.clone(), stop.clone());
        let writes = tokio::spawn(async move {
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                insert(writer.clone()).await.unwrap();
            }
        });
        let (from, to) = (path.clone(), copy.clone());
        tokio::task::spawn_blocking(move || copy_sqlite(&from, &to, |_, _| {})).await.unwrap().unwrap();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        writes.await.unwrap();
        assert_eq!(quick_check_sqlite(&copy).unwrap(), None);
        assert_eq!(describe_sqlite(&copy, "no such setting").unwrap().schema_version, migrate::latest_version());
        let files: Vec<_> =
            std::fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(!files.iter().any(|name| name == "b.db-wal"), "the copy is one file: {files:?}");
        let copied = count_workspaces(&copy).await;
        assert!(copied >= 200, "{copied}");
        tokio::task::spawn_blocking(move || db.close()).await.unwrap();
        assert!(count_workspaces(&path).await >= copied);
    }

    #[test]
    fn what_is_no_database_of_ours_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.db");
        assert!(describe_sqlite(&path, "s").is_err());
        assert!(!path.exists(), "looking makes nothing");
        std::fs::write(&path, b"").unwrap();
        assert_eq!(describe_sqlite(&path, "s").unwrap().schema_version, 0);
        std::fs::write(&path, [7; 5_000]).unwrap();
        assert!(describe_sqlite(&path, "s").is_err());
    }
}
