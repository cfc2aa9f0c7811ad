//! Members of lists: a row is taken with an address that a mail can be sent to, or refused.
#![no_main]

use engine::lists::fuzz_import;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for address in fuzz_import(text) {
        assert_eq!(mail::address::normalize(&address).as_ref(), Some(&address));
    }
});
