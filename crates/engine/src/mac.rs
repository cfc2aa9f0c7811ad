//! The MAC of what goes out and comes back: links, return paths, forms. Owns the algorithm (HMAC-SHA256, RFC 2104); what is signed, and by
//! which of the vault's keys, is each user's own.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Finish it to sign; to verify, use its own `verify_…`, which take constant time.
pub(crate) fn mac(key: &[u8; 32], signed: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of 32 bytes");
    mac.update(signed);
    mac
}
