//! The name of a file that is fetched, as its server says it: never a path.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/gateway/src/fetch/filename.rs"]
mod filename;

fuzz_target!(|value: &str| {
    for name in [filename::of_disposition(value), filename::of_path(value)].into_iter().flatten() {
        assert!(!name.is_empty() && name.chars().count() <= 255);
        assert!(!name.starts_with('.') && !name.contains(['/', '\\']) && !name.contains(char::is_control), "{name:?}");
    }
});
