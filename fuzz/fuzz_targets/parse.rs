//! Any bytes are read without a panic, and every attachment's place can be decoded again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let parsed = mail::parse(raw);
    for attachment in parsed.attachments.iter().take(50) {
        let _ = mail::attachment_bytes(raw, attachment.part);
    }
    let _ = mail::fingerprint(raw, &parsed);
    let _ = mail::inspect(raw);
});
