//! Whatever a domain publishes is a policy or none; a star in it stands for one label.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/gateway/src/smtp_out/mta_sts.rs"]
mod mta_sts;

use mta_sts::{MAX_AGE_MAX, Mode, Policy, record_id};

fuzz_target!(|input: (&str, &str)| {
    let (file, host) = input;
    if let Ok(policy) = Policy::parse(file) {
        assert!(policy.max_age <= MAX_AGE_MAX);
        assert!(policy.mode == Mode::None || file.contains("mx"));
        policy.names(host);
    }
    let starred = Policy::parse("version: STSv1\nmode: enforce\nmax_age: 1\nmx: *.a.test");
    assert!(!starred.is_ok_and(|policy| policy.names(host)) || host.trim_end_matches('.').split('.').count() == 3);
    if let Some(id) = record_id(&[file.to_owned(), host.to_owned()]) {
        assert!((1..=32).contains(&id.len()));
    }
});
