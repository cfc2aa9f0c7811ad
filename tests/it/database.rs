//! The databases the scenarios run on: a fresh SQLite file or a fresh PostgreSQL database for each test.

use std::path::Path;

/// Run each of these scenarios (`async fn(Database)`) on SQLite and on PostgreSQL.
macro_rules! on_both_databases {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$scenario($crate::database::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$scenario($crate::database::Database::postgres()).await;
            }
        }
    )+};
}
pub(crate) use on_both_databases;

/// Where `cargo xtask test` says which PostgreSQL may be used.
const SERVER_URL: &str = "POSTROOM_TEST_POSTGRES_URL";

/// A database that belongs to one test.
pub enum Database {
    /// `postroom.db` in the data folder, the embedded default.
    Sqlite,
    Postgres {
        url: String,
        name: String,
        server: String,
    },
    /// Another one's, which drops it.
    Shared {
        url: String,
    },
}

impl Database {
    pub fn sqlite() -> Self {
        Self::Sqlite
    }

    /// With the schema, where `cargo xtask test` put it into the template of all new databases.
    pub fn postgres() -> Self {
        Self::postgres_like("template1")
    }

    /// One of the same kind without a table.
    pub fn empty_one_alike(&self) -> Self {
        match self {
            Self::Sqlite => Self::Sqlite,
            Self::Postgres { .. } | Self::Shared { .. } => Self::postgres_like("template0"),
        }
    }

    fn postgres_like(template: &str) -> Self {
        let server = std::env::var(SERVER_URL).unwrap_or_else(|_| {
            panic!("{SERVER_URL} is not set: run `cargo xtask test it`, which starts a PostgreSQL for the tests and says where it is")
        });
        let name = format!("it_{:032x}", rand::random::<u128>());
        run_sql(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let (base, _) = server.rsplit_once('/').expect("a URL with a database name");
        Self::Postgres { url: format!("{base}/{name}"), name, server }
    }

    /// For another server on it.
    pub fn shared(&self) -> Self {
        let url = self.url().expect("a database that several servers can share").to_owned();
        Self::Shared { url }
    }

    /// What `POSTROOM_DATABASE_URL` is to be; nothing for the embedded default.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url, .. } | Self::Shared { url } => Some(url),
        }
    }

    /// Change the database behind the server's back.
    pub fn execute(&self, data_folder: &Path, sql: &str) {
        match self {
            Self::Sqlite => {
                let connection = rusqlite::Connection::open(sqlite_file(data_folder)).expect("open the database");
                connection.busy_timeout(std::time::Duration::from_secs(10)).expect("set the timeout");
                connection.execute_batch(sql).expect("run the statement");
            }
            Self::Postgres { url, .. } | Self::Shared { url } => run_sql(url, sql),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { name, server, .. } = self
            && !std::thread::panicking()
        {
            run_sql(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// The one database file in the data folder.
fn sqlite_file(data_folder: &Path) -> std::path::PathBuf {
    std::fs::read_dir(data_folder)
        .expect("read the data folder")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "db" || extension == "sqlite"))
        .expect("a database file in the data folder")
}

fn run_sql(url: &str, sql: &str) {
    let sql = sql.to_owned();
    with_postgres(url, move |client| client.batch_execute(&sql).expect("run the statement"));
}

/// The blocking client starts a runtime of its own, which is not allowed inside another one: hence the thread.
pub fn with_postgres<T: Send + 'static>(url: &str, act: impl FnOnce(&mut postgres::Client) -> T + Send + 'static) -> T {
    let url = url.to_owned();
    std::thread::spawn(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("connect to PostgreSQL");
        act(&mut client)
    })
    .join()
    .expect("the PostgreSQL thread")
}
