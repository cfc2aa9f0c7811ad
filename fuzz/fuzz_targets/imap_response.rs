//! Whatever a server of mailboxes says is responses or an error, and comes to the same however it is cut.
#![no_main]

use gateway::imap::fuzz_response;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, said) = input;
    assert_eq!(fuzz_response(said, usize::from(piece)), fuzz_response(said, said.len()));
});
