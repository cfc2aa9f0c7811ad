//! The listener's metrics, `postroom_smtp_in_…`. Owns names; handles are looked up once a listener.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::reply::Refusal;

pub(crate) struct Metrics {
    pub(crate) connections: Counter,
    pub(crate) connections_open: Gauge,
    pub(crate) messages_accepted: Counter,
    pub(crate) bytes_accepted: Counter,
    pub(crate) tls_handshakes: Counter,
    pub(crate) tls_failures: Counter,
    /// From the end of the mail to the answer, seconds.
    pub(crate) accept_seconds: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            connections: counter!("postroom_smtp_in_connections_total"),
            connections_open: gauge!("postroom_smtp_in_connections_open"),
            messages_accepted: counter!("postroom_smtp_in_messages_accepted_total"),
            bytes_accepted: counter!("postroom_smtp_in_accepted_bytes_total"),
            tls_handshakes: counter!("postroom_smtp_in_tls_handshakes_total"),
            tls_failures: counter!("postroom_smtp_in_tls_failures_total"),
            accept_seconds: histogram!("postroom_smtp_in_accept_seconds"),
        }
    }

    /// Refusals are rare and have many names: looked up when they happen.
    pub(crate) fn refused(&self, refusals: &[Refusal]) {
        for refusal in refusals {
            counter!("postroom_smtp_in_refusals_total", "reason" => refusal.label()).increment(1);
        }
    }

    pub(crate) fn connection_refused(&self, reason: &'static str) {
        counter!("postroom_smtp_in_connections_refused_total", "reason" => reason).increment(1);
    }
}
