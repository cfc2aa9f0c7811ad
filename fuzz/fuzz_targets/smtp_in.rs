//! Any conversation is held without a panic, comes to the same however it is cut, and stores no broken line end.
#![no_main]

use gateway::smtp_in::dry_run::{dry_run, dry_run_of_submission};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, stream) = input;
    let whole = dry_run(stream, stream.len());
    let cut = dry_run(stream, usize::from(piece));
    assert_eq!((cut.codes(), &cut.mails), (whole.codes(), &whole.mails));
    let submitted = dry_run_of_submission(stream, stream.len());
    let cut = dry_run_of_submission(stream, usize::from(piece));
    assert_eq!((cut.codes(), &cut.mails), (submitted.codes(), &submitted.mails));
    assert!(whole.replies.ends_with(b"\r\n"));
    for mail in &whole.mails {
        let lone = |at: usize| (mail[at] == b'\r') != (mail.get(at + 1) == Some(&b'\n'));
        assert!((0..mail.len()).all(|at| mail[at] != 0 && !lone(at)));
        assert!(mail.first() != Some(&b'\n'));
    }
});
