//! The PROXY protocol: what is whole is never taken for broken while it comes, and names the same client.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/gateway/src/smtp_in/proxy.rs"]
mod proxy;

use proxy::{ProxyHeader, parse};

fuzz_target!(|input: &[u8]| {
    let whole = parse(input);
    let ProxyHeader::Complete { bytes, .. } = whole else { return };
    assert!(bytes <= input.len());
    assert_eq!(parse(&input[..bytes]), whole, "what comes behind it changes nothing");
    for end in 0..bytes {
        assert_eq!(parse(&input[..end]), ProxyHeader::Incomplete, "cut at {end}");
    }
});
