//! What the head of a mail that a program submits asks of us.
#![no_main]

use engine::submission::fuzz_head;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    if let Some(key) = fuzz_head(raw) {
        assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    }
});
