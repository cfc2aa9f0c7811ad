//! Tag lists of DKIM and ARC: a name stands once, and is found as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/gateway/src/auth/tags.rs"]
mod tags;

fuzz_target!(|bytes: &[u8]| {
    let Some(read) = tags::Tags::read(bytes) else { return };
    let list = std::str::from_utf8(bytes).unwrap();
    for name in ["v", "a", "b", "bh", "d", "h", "i", "l", "p", "s", "t", "x", "z"] {
        let Some(value) = read.get(name) else { continue };
        assert!(list.contains(value) && read.has(name) != value.is_empty());
        let bytes = tags::base64_bytes(value);
        assert!(!tags::is_base64(value) || bytes <= value.len());
        assert!(tags::values(value).count() <= value.len() + 1);
    }
});
