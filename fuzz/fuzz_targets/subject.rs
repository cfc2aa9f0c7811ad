//! Any subject is normalised without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|subject: &str| {
    let _ = mail::subject::normalize(subject);
});
