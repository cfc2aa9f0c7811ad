//! Mail in by SMTP: an ESMTP listener (RFC 5321) for port 25. Owns the protocol, its limits and its trace fields.
//! With `serve_submission`, the same for mail to send by whoever signs in with an API key (RFC 6409).
//! Receiving never relays and never signs anybody in; neither stores: who receives and what is kept is the mailroom's to say, and 250
//! is said only once the mailroom has.
//!
//! `session` is the protocol as a pure machine, a verb a file; `connection` drives it with bytes and time.

mod budget;
mod command;
mod connection;
mod content;
mod data;
#[doc(hidden)]
pub mod dry_run;
mod envelope;
mod failed_sign_ins;
mod hello;
mod limits;
mod listener;
mod metrics;
mod path;
mod proxy;
mod reply;
mod session;
mod sign_in;
mod stream;
#[cfg(test)]
mod tests;
mod trace;

pub use limits::SmtpInLimits;
pub use listener::{bind, serve, serve_submission};

use crate::tls::ServerTls;

/// What a listener is started with.
#[derive(Debug, Clone)]
pub struct SmtpInConfig {
    /// Our name, in the greeting and the trace fields.
    pub hostname: String,
    /// Where mail for `<postmaster>` without a domain belongs.
    pub inbound_domain: String,
    pub limits: SmtpInLimits,
    /// Absent: STARTTLS is not offered.
    pub tls: Option<ServerTls>,
    /// Every connection begins with a PROXY header, version 1 or 2; one without is closed.
    pub proxy_protocol: bool,
    /// Connections begin with TLS (RFC 8314).
    pub implicit_tls: bool,
}
