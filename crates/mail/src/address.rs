//! Addresses as keys: one spelling for one mailbox. Owns RFC 5321 §4.1.2 syntax; never looks anything up.

/// The spelling contacts are keyed by, or `None` if this is no addr-spec.
pub fn normalize(address: &str) -> Option<String> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty()).then(|| format!("{}@{}", local.to_lowercase(), domain.to_lowercase()))
}
