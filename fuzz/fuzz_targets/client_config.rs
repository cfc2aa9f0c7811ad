//! Configuration files of mail providers.
#![no_main]

use gateway::autoconfig::fuzz_client_config;
use libfuzzer_sys::fuzz_target;
use model::channel::TransportSecurity;

fuzz_target!(|bytes: &[u8]| {
    for (host, port, security) in fuzz_client_config(bytes) {
        assert!(!host.is_empty() && !host.contains(|c: char| c.is_control() || c.is_whitespace()));
        assert!(port != 0 && security != TransportSecurity::None);
    }
});
