//! Any packet is answered within its bounds, as an answer to what was asked, or not at all.
#![no_main]

use gateway::dns_server::dry_run::dry_run;
use libfuzzer_sys::fuzz_target;

/// More may not pass everywhere in one piece.
const UDP_BYTES_MAX: usize = 1_232;

fuzz_target!(|packet: &[u8]| {
    let [udp, tcp] = dry_run(packet);
    assert_eq!(udp.is_some(), tcp.is_some());
    assert!(udp.as_ref().is_none_or(|answer| answer.len() <= UDP_BYTES_MAX));
    for answer in [udp, tcp].into_iter().flatten() {
        assert_eq!(answer[..2], packet[..2]);
        assert!(answer[2] & 0x80 != 0 && packet[2] & 0x80 == 0);
    }
});
