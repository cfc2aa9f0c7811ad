//! How long each answer is waited for.

use std::time::Duration;

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timeouts {
    /// For TCP, all addresses of the host together.
    pub connect: Duration,
    pub tls: Duration,
    pub greeting: Duration,
    /// EHLO, STARTTLS, AUTH.
    pub command: Duration,
    pub mail: Duration,
    pub rcpt: Duration,
    /// The answer to DATA.
    pub data: Duration,
    /// A block of the mail to be taken.
    pub block: Duration,
    /// The answer to the mail.
    pub content: Duration,
}

impl Timeouts {
    /// RFC 5321 §4.5.3.2: so long, because a server may be slow while it looks things up, and a mail given up after its
    /// final dot may come twice.
    pub(super) const RFC5321: Self = Self {
        connect: Duration::from_secs(30),
        tls: Duration::from_secs(60),
        greeting: minutes(5),
        command: minutes(5),
        mail: minutes(5),
        rcpt: minutes(5),
        data: minutes(2),
        block: minutes(3),
        content: minutes(10),
    };

    /// For somebody who waits in front of a screen.
    pub(super) const INTERACTIVE: Self = Self {
        connect: Duration::from_secs(10),
        tls: Duration::from_secs(10),
        greeting: Duration::from_secs(10),
        command: Duration::from_secs(10),
        ..Self::RFC5321
    };
}

/// For a pooled connection to show that it is alive, or to be closed politely.
pub(super) const POOLED: Duration = Duration::from_secs(5);
/// For the last words of a server that stopped listening.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);
/// For a connection to a mail exchanger to become free where all are in use: another one may be free.
pub(super) const FREE_EXCHANGER: Duration = minutes(1);
/// For a connection to become free where all are in use.
pub(super) const FREE_CONNECTION: Duration = minutes(5);
