//! Every limit of the SMTP listener, with its unit. Owns numbers only.

use std::time::Duration;

use model::limits::{MESSAGE_BYTES_MAX, RECIPIENTS_INBOUND_MAX};

/// What one listener takes, and how long it waits. Times are those of RFC 5321 §4.5.3.2 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtpInLimits {
    /// Largest mail, bytes, as RFC 1870 counts them. A route may allow less, never more.
    pub message_bytes_max: u64,
    /// Recipients of one transaction; those beyond get 452 4.5.3.
    pub recipients_max: usize,
    /// Connections at a time; those beyond get 421 4.3.2.
    pub connections_max: usize,
    /// Connections at a time from one address; those beyond get 421 4.7.0.
    pub connections_per_address_max: usize,
    /// Commands between two accepted mails, then 421 4.7.0.
    pub commands_between_messages_max: u32,
    /// Refused commands and recipients of a session, then 421 4.7.0.
    pub errors_per_session_max: u32,
    /// Mails of one session, then 421 4.7.0: the client comes back with a new connection.
    pub messages_per_session_max: u32,
    /// Bytes of a command line with its CRLF. RFC 5321 asks for 512, extensions add to it.
    pub command_line_bytes_max: usize,
    /// Bytes of mail held by all sessions together; a mail beyond gets 452 4.3.1.
    pub held_bytes_max: u64,
    /// Until the next command.
    pub command_timeout: Duration,
    /// From 354 to the first bytes of the mail.
    pub data_initiation_timeout: Duration,
    /// Between two blocks of a mail.
    pub data_block_timeout: Duration,
    /// For storing a mail; then 451 4.3.0.
    pub accept_timeout: Duration,
    /// For one write to the client.
    pub write_timeout: Duration,
    /// For the TLS handshake.
    pub tls_handshake_timeout: Duration,
    /// How long a failed try to sign in waits for its answer; each one more of an address as long again, up to five times.
    pub sign_in_delay: Duration,
    /// Failed tries to sign in of one address within the time below, then 421 4.7.0.
    pub failed_sign_ins_max: u32,
    pub failed_sign_ins_window: Duration,
    /// For the PROXY header.
    pub proxy_header_timeout: Duration,
    /// After a shutdown was asked for: how long mails under way may take.
    pub shutdown_grace: Duration,
}

impl SmtpInLimits {
    pub const DEFAULT: Self = Self {
        message_bytes_max: MESSAGE_BYTES_MAX,
        recipients_max: RECIPIENTS_INBOUND_MAX,
        connections_max: 1_000,
        connections_per_address_max: 200,
        commands_between_messages_max: 1_000,
        errors_per_session_max: 20,
        messages_per_session_max: 10_000,
        command_line_bytes_max: 2_048,
        held_bytes_max: 256 * 1024 * 1024,
        command_timeout: Duration::from_secs(5 * 60),
        data_initiation_timeout: Duration::from_secs(2 * 60),
        data_block_timeout: Duration::from_secs(3 * 60),
        accept_timeout: Duration::from_secs(10 * 60),
        write_timeout: Duration::from_secs(2 * 60),
        tls_handshake_timeout: Duration::from_secs(60),
        sign_in_delay: Duration::from_secs(1),
        failed_sign_ins_max: 20,
        failed_sign_ins_window: Duration::from_secs(10 * 60),
        proxy_header_timeout: Duration::from_secs(10),
        shutdown_grace: Duration::from_secs(20),
    };
}

impl Default for SmtpInLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Octets of a local part (RFC 5321 §4.5.3.1.1).
pub(crate) const LOCAL_PART_BYTES_MAX: usize = 64;
/// Octets of a domain (RFC 5321 §4.5.3.1.2).
pub(crate) const DOMAIN_BYTES_MAX: usize = 255;
/// Octets of a path with its brackets, source route not counted (RFC 5321 §4.5.3.1.3).
pub(crate) const PATH_BYTES_MAX: usize = 256;
/// Octets of a domain label (RFC 1035 §2.3.4).
pub(crate) const LABEL_BYTES_MAX: usize = 63;
