//! What can go wrong while keeping things. Never carries a secret or a mail's body.

pub type Result<T> = std::result::Result<T, StoreError>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("PostgreSQL: {}", postgres_detail(.0))]
    Postgres(#[from] postgres::Error),
    /// The database can't be reached, or is shutting down. Trying again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Two transactions stood in each other's way. Trying again at once helps.
    #[error("the transaction met another one and was undone")]
    Conflict,
    /// What is stored is not what this version writes.
    #[error("{table} holds what this version can't read: {detail}")]
    Corrupt { table: &'static str, detail: String },
    #[error("{0}")]
    Migration(String),
    #[error("{0}")]
    Configuration(String),
    #[error("file {path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("a database operation panicked; it was undone")]
    Panicked,
    #[error("{0}")]
    Blob(String),
    #[error("{0}")]
    Vault(String),
}

impl StoreError {
    pub fn corrupt(table: &'static str, detail: impl ToString) -> Self {
        Self::Corrupt { table, detail: detail.to_string() }
    }

    /// A unique index said no.
    pub fn is_unique_violation(&self) -> bool {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => {
                matches!(
                    failure.extended_code,
                    rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                )
            }
            Self::Postgres(error) => error.code() == Some(&postgres::error::SqlState::UNIQUE_VIOLATION),
            _ => false,
        }
    }

    /// Running the same transaction again may well succeed.
    pub fn is_transient(&self) -> bool {
        use postgres::error::SqlState;
        match self {
            Self::Conflict => true,
            Self::Postgres(error) => {
                matches!(error.code(), Some(code) if [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE].contains(code))
            }
            _ => false,
        }
    }
}

fn postgres_detail(error: &postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), |detail| format!("{} ({})", detail.message(), detail.code().code()))
}

/// A text that is no place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in this list")]
pub struct NotAPlace;
