//! What can go wrong with a connection to a smarthost, and what that means for the mail.

use std::io;
use std::time::Duration;

use engine::ports::DeliveryResult;
use rustls::CertificateError;

use super::auth::AuthError;
use super::classify::{Peer, Stage, classify};
use super::dane::DaneMismatch;
use super::reply::{Reply, ReplyError};
use crate::guard::refusal;

#[derive(Debug)]
pub(super) struct SmtpFailure {
    pub stage: Stage,
    pub cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// The guard does not connect there.
    Refused(String),
    /// No TCP connection, or no address.
    Connect(io::Error),
    /// The handshake failed.
    Tls(io::Error),
    /// The configured host can't be a name in a certificate.
    BadServerName,
    StartTlsNotOffered,
    /// Bytes followed the answer to STARTTLS that TLS does not cover (CVE-2011-0411).
    BytesBeforeTls,
    Auth(AuthError),
    /// An answer other than the one hoped for. The text is what an XOAUTH2 challenge said.
    Answer(Reply, Option<String>),
    NotSmtp(ReplyError),
    /// The connection ended or broke.
    Lost(io::Error),
    TimedOut(Duration),
    /// Every connection to this host stayed in use.
    AllBusy,
}

impl SmtpFailure {
    pub(super) const fn new(stage: Stage, cause: Cause) -> Self {
        Self { stage, cause }
    }

    pub(super) fn connect(error: io::Error) -> Self {
        let cause = match refusal(&error) {
            Some(refused) => Cause::Refused(refused.to_string()),
            None => Cause::Connect(error),
        };
        Self::new(Stage::Greeting, cause)
    }

    /// What it means for a recipient who has had no answer of their own.
    pub(super) fn result(&self) -> DeliveryResult {
        match &self.cause {
            // Before the mail: it is the same of both.
            Cause::Answer(reply, _) => classify(Peer::Smarthost, self.stage, reply),
            Cause::Tls(error) if tls_error(error).is_none() => DeliveryResult::Deferred,
            Cause::Connect(_) | Cause::Lost(_) | Cause::TimedOut(_) | Cause::AllBusy => DeliveryResult::Deferred,
            Cause::Refused(_)
            | Cause::Tls(_)
            | Cause::BadServerName
            | Cause::StartTlsNotOffered
            | Cause::BytesBeforeTls
            | Cause::Auth(_)
            | Cause::NotSmtp(_) => DeliveryResult::Infrastructure,
        }
    }

    /// The peer is gone: nothing says that the mail was looked at.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.cause, Cause::Lost(_))
    }
}

/// One line: the server's own words first, where there are any.
impl std::fmt::Display for SmtpFailure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stage = self.stage.describe();
        match &self.cause {
            Cause::Refused(text) => formatter.write_str(text),
            Cause::Connect(error) => write!(formatter, "could not connect: {error}"),
            Cause::Tls(error) => match tls_error(error).and_then(mismatch) {
                Some(mismatch) => write!(formatter, "{mismatch}"),
                None => write!(formatter, "TLS could not be set up: {error}"),
            },
            Cause::BadServerName => write!(formatter, "the host is neither a name nor an address"),
            Cause::StartTlsNotOffered => write!(formatter, "the server does not offer STARTTLS, which is required"),
            Cause::BytesBeforeTls => {
                write!(formatter, "the server sent more than its answer to STARTTLS; not going on")
            }
            Cause::Auth(error) => write!(formatter, "{error}"),
            Cause::Answer(reply, challenge) => {
                write!(formatter, "{reply}")?;
                if !matches!(self.stage, Stage::Rcpt | Stage::Content) {
                    write!(formatter, " (in answer to {stage})")?;
                }
                challenge.as_ref().map_or(Ok(()), |text| write!(formatter, " {text}"))
            }
            Cause::NotSmtp(error) => write!(formatter, "{error}"),
            Cause::Lost(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                write!(formatter, "the server closed the connection after {stage}")
            }
            Cause::Lost(error) => write!(formatter, "the connection was lost after {stage}: {error}"),
            Cause::TimedOut(after) => write!(formatter, "no answer to {stage} within {} s", after.as_secs()),
            Cause::AllBusy => write!(formatter, "every connection to this server stayed busy"),
        }
    }
}

/// What TLS itself complained of, if it was not the network.
pub(super) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What DANE complained of.
fn mismatch(error: &rustls::Error) -> Option<&DaneMismatch> {
    let rustls::Error::InvalidCertificate(CertificateError::Other(why)) = error else { return None };
    why.0.downcast_ref()
}
