//! A fresh, migrated database for a test, on either engine. Never part of the product.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Db, DbConfig, migrate::migrate};

/// Runs each of these (`async fn(TestDb)`) on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* $test:ident),+ $(,)?) => {$(
        mod $test {
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$test($crate::testing::TestDb::sqlite()).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$test($crate::testing::TestDb::postgres()).await;
            }
        }
    )+};
}

/// Where `cargo xtask test` says which PostgreSQL may be used.
const SERVER_URL: &str = "POSTROOM_TEST_POSTGRES_URL";

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A database that belongs to one test and goes with it.
pub struct TestDb {
    pub db: Db,
    postgres: Option<(String, String)>,
    folder: tempfile::TempDir,
}

impl TestDb {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = DbConfig::Sqlite { path: folder.path().join("postroom.db") };
        Self { db: open(config), postgres: None, folder }
    }

    pub fn postgres() -> Self {
        let server = std::env::var(SERVER_URL).unwrap_or_else(|_| {
            panic!("{SERVER_URL} is not set: run `cargo xtask test`, which starts a PostgreSQL for the tests and says where it is")
        });
        let name = format!("store_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        run(&server, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        run(&server, format!("CREATE DATABASE {name}"));
        let (base, _) = server.rsplit_once('/').expect("a URL with a database name");
        let db = open(DbConfig::Postgres { url: format!("{base}/{name}") });
        Self { db, postgres: Some((server, name)), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A folder of the test's own, gone with it.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Some((server, name)) = self.postgres.take() {
            run(&server, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// Outside the test's runtime: the blocking client has one of its own.
fn open(config: DbConfig) -> Db {
    let thread = std::thread::spawn(move || {
        let db = Db::open(&config).expect("open the database");
        migrate(&db).expect("migrate the database");
        db
    });
    thread.join().expect("the thread that opens the database")
}

fn run(url: &str, sql: String) {
    let url = url.to_owned();
    let thread = std::thread::spawn(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("connect to PostgreSQL");
        client.batch_execute(&sql).expect("run the statement");
    });
    thread.join().expect("the PostgreSQL thread");
}
