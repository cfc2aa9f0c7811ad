//! The policy about TLS of a domain that receives here (MTA-STS, RFC 8461): its text, its id, and where it is fetched. Pure.

use model::domain::MtaStsMode;
use sha2::{Digest as _, Sha256};

use crate::EngineConfig;

const HOST_LABEL: &str = "mta-sts";
/// Where a policy is at its host.
const PATH: &str = "/.well-known/mta-sts.txt";
/// How long senders keep a policy, in seconds: a week.
const MAX_AGE_SECONDS: u32 = 7 * 24 * 60 * 60;
/// Bytes of the hash an id is made of; it may have 32 characters.
const ID_BYTES: usize = 8;

/// Where senders look for a domain's policy; the name is the RFC's.
pub(super) fn host(domain: &str) -> String {
    format!("{HOST_LABEL}.{domain}")
}

/// The domain whose policy is looked for at a host.
pub(super) fn domain_of(host: &str) -> Option<&str> {
    host.strip_prefix(HOST_LABEL)?.strip_prefix('.')
}

/// Always https, with a certificate of the host's own (RFC 8461 §3.3).
pub(super) fn url(domain: &str) -> String {
    format!("https://{}{PATH}", host(domain))
}

pub(super) fn text(config: &EngineConfig, mode: MtaStsMode) -> String {
    let (mode, host) = (mode.as_str(), &config.hostname);
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: {MAX_AGE_SECONDS}\r\n")
}

/// Another one for another policy, so that senders fetch it anew.
pub(super) fn id(policy: &str) -> String {
    Sha256::digest(policy).iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
}
