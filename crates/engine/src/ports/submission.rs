//! What the submission port asks of the product: who signs in, and mail to send.

use async_trait::async_trait;
use bytes::Bytes;
use model::MessageId;
use model::key::Principal;
use secrecy::SecretString;

/// A whole mail to send, with its envelope.
#[derive(Debug, Clone)]
pub struct SubmittedMail {
    /// RFC 5321 reverse-path; empty for `<>`.
    pub mail_from: String,
    /// Whom it goes to, whatever its head says.
    pub recipients: Vec<String>,
    /// As the client made it, with CRLF line ends.
    pub raw: Bytes,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum SignInError {
    /// SMTP 535 5.7.8. Counts as a failed try.
    #[error("{0}")]
    Refused(String),
    /// SMTP 454 4.7.0.
    #[error("{0}")]
    Unavailable(String),
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// SMTP 550. Nothing was kept, and trying again does not help.
    #[error("{status} {detail}")]
    Refused {
        /// RFC 3463 (`5.7.1`).
        status: &'static str,
        /// What is wrong and what to do about it.
        detail: String,
    },
    /// SMTP 451 4.3.0. Nothing was kept.
    #[error("{0}")]
    Unavailable(String),
}

impl SubmitError {
    pub fn refused(status: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused { status, detail: detail.into() }
    }
}

/// The product, as those who send through it see it.
#[async_trait]
pub trait Submission: Send + Sync + 'static {
    /// Whom an API key speaks for, if it may send.
    async fn sign_in(&self, key: &SecretString) -> Result<Principal, SignInError>;

    /// Accept a mail for sending. Returns once the message and its deliveries are durable.
    async fn submit(&self, principal: &Principal, mail: SubmittedMail) -> Result<MessageId, SubmitError>;
}
