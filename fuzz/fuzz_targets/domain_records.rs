//! What a domain publishes, a line a record: judged in words, whatever it is.
#![no_main]

use engine::domains::fuzz_records;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let records: Vec<String> = text.lines().map(str::to_owned).collect();
    for (is_right, problem) in fuzz_records(&records) {
        assert!(!(is_right && problem.is_some()));
        assert!(problem.is_none_or(|problem| !problem.is_empty()));
    }
});
