//! What can go wrong in the product, in the terms of whoever asked. The edges turn these into status codes.

use store::StoreError;

pub type Result<T> = std::result::Result<T, EngineError>;

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// RFC 6901 pointer into the request (`/content/email/subject`).
    pub pointer: String,
    /// What is wrong and what would be accepted.
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Not there, or not the asker's: nobody can tell which.
    #[error("{what} was not found")]
    NotFound { what: &'static str },
    /// A cursor that can't be one of the list that is asked for (400).
    #[error("{0}")]
    Unreadable(String),
    #[error("{} field(s) are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// The state of things does not allow it (409).
    #[error("{0}")]
    Conflict(String),
    /// The asker may not do this (403).
    #[error("{0}")]
    Forbidden(String),
    /// A cursor or event id that is too old to go on from (410).
    #[error("{0}")]
    Gone(String),
    #[error("larger than {limit} bytes")]
    TooLarge { limit: u64 },
    /// The asker has to wait (429).
    #[error("{detail}")]
    TooOften { detail: String, retry_after_seconds: u64 },
    /// Nothing was done; trying again later may help (503).
    #[error("{0}")]
    Unavailable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ours to mend (500); never shown.
    #[error("{0}")]
    Internal(String),
}

impl EngineError {
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, detail)])
    }
}
