//! Any bytes are made ready for a signature without a panic; what a relay does to white space at lines' ends changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::dkim::{Signable, Signature};

fuzz_target!(|raw: &[u8]| {
    let Some(signable) = Signable::of(raw) else { return };
    let signature = Signature { algorithm: "rsa-sha256", domain: "acme.test", selector: "s", at: 1 };
    let field = signable.unsigned(&signature).signed(&[7; 64]);
    assert!(field.starts_with("DKIM-Signature:") && field.ends_with("\r\n") && !field.contains("\r\n\r\n"));
    let unfolded: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'\r').collect();
    if !raw.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n') && raw.last() != Some(&b'\r') {
        assert_eq!(Signable::of(&unfolded), Some(signable));
    }
});
