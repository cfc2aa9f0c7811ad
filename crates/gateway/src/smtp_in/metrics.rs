//! A listener's metrics, `postroom_smtp_in_…` and `postroom_submission_…`. Owns names; handles are looked up once a listener.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::reply::Refusal;

pub(crate) struct Metrics {
    /// What all names begin with.
    prefix: &'static str,
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
    pub(crate) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            connections: counter!(format!("{prefix}_connections_total")),
            connections_open: gauge!(format!("{prefix}_connections_open")),
            messages_accepted: counter!(format!("{prefix}_messages_accepted_total")),
            bytes_accepted: counter!(format!("{prefix}_accepted_bytes_total")),
            tls_handshakes: counter!(format!("{prefix}_tls_handshakes_total")),
            tls_failures: counter!(format!("{prefix}_tls_failures_total")),
            accept_seconds: histogram!(format!("{prefix}_accept_seconds")),
        }
    }

    /// Refusals are rare and have many names: looked up when they happen.
    pub(crate) fn refused(&self, refusals: &[Refusal]) {
        for refusal in refusals {
            counter!(format!("{}_refusals_total", self.prefix), "reason" => refusal.label()).increment(1);
        }
    }

    pub(crate) fn connection_refused(&self, reason: &'static str) {
        counter!(format!("{}_connections_refused_total", self.prefix), "reason" => reason).increment(1);
    }
}
