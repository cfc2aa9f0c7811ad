//! Whatever a crash or a disk made of a pack file, its end is found, and what is appended there is found again.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "the store uses more of it")]
#[path = "../../crates/store/src/blobs/record.rs"]
mod record;

use record::{FILE_HEADER_BYTES, FILE_MAGIC, Marker, encode_head, payload_range, read_file_header, scan};

const MARKER: Marker = *b"0123456789abcdef";

/// Whole records, with bytes of `input` between them.
fn build(input: &[u8]) -> Vec<u8> {
    let mut bytes = [FILE_MAGIC.as_slice(), &MARKER].concat();
    for piece in input.split(|byte| *byte == 0xff) {
        match piece.split_first() {
            Some((0..=0x7f, payload)) => {
                bytes.extend(encode_head(&MARKER, "ws_1", &[7; 32], payload).unwrap());
                bytes.extend_from_slice(payload);
            }
            Some((0x80..=0xbf, rest)) => bytes.extend([&MARKER, rest].concat()),
            Some((_, rest)) => bytes.extend_from_slice(rest),
            None => {}
        }
    }
    bytes
}

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, input) = input;
    let _ = (read_file_header(input), payload_range(input));
    let mut bytes = build(input);
    bytes.truncate(bytes.len().saturating_sub(usize::from(cut)).max(FILE_HEADER_BYTES));
    let found = scan(&mut Cursor::new(&bytes), &MARKER).unwrap();
    let end = usize::try_from(found.end).unwrap();
    assert!((FILE_HEADER_BYTES..=bytes.len()).contains(&end));
    assert!(found.damaged.iter().all(|stretch| stretch.start < stretch.end && stretch.end <= found.end));

    bytes.truncate(end);
    bytes.extend(encode_head(&MARKER, "ws_1", &[1; 32], b"after").unwrap());
    bytes.extend_from_slice(b"after");
    let again = scan(&mut Cursor::new(&bytes), &MARKER).unwrap();
    assert_eq!((again.records, again.end), (found.records + 1, bytes.len() as u64));
    assert_eq!(again.damaged, found.damaged);
});
