//! Any mail is judged without a panic: bounce, complaint, auto-reply or message.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let parsed = mail::parse(raw);
    let _ = mail::classify::classify(raw, &parsed, true);
    let _ = mail::classify::classify(raw, &parsed, false);
});
