//! ID tokens and the keys of a provider, apart by a NUL: nothing that nobody signed is believed.
#![no_main]

use engine::identity_providers::fuzz_id_token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (token, keys) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    assert!(!fuzz_id_token(&String::from_utf8_lossy(token), keys));
});
