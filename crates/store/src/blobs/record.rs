//! The form of a pack file. Pure but for what it reads: a header, then records, each framed so that a torn or damaged one is
//! noticed and those after it are found.
//!
//! A file begins with [`FILE_MAGIC`] and 16 random bytes, its marker. A record is
//! `marker (16) · workspace length (2, LE) · payload length (4, LE) · content hash (32) · SHA-256 (32) · workspace · payload`,
//! the SHA-256 over all the rest. The marker is random, so that nobody can mail us something that looks like a record.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use sha2::{Digest as _, Sha256};

pub const FILE_MAGIC: &[u8; 8] = b"PRPACK1\n";
pub const MARKER_BYTES: usize = 16;
pub const FILE_HEADER_BYTES: usize = FILE_MAGIC.len() + MARKER_BYTES;
/// Largest payload of a record: more than a mail of the largest size that does not compress.
pub const PAYLOAD_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Longest workspace id, bytes.
pub const WORKSPACE_BYTES_MAX: usize = 255;

const HASH_BYTES: usize = 32;
const CHECKSUM_AT: usize = MARKER_BYTES + 2 + 4 + HASH_BYTES;
pub(super) const RECORD_HEADER_BYTES: usize = CHECKSUM_AT + HASH_BYTES;
/// Longest record.
pub(super) const RECORD_BYTES_MAX: usize = RECORD_HEADER_BYTES + WORKSPACE_BYTES_MAX + PAYLOAD_BYTES_MAX;
/// Bytes looked through at a time for the next marker.
const SEARCH_BYTES: usize = 64 * 1024;

pub type Marker = [u8; MARKER_BYTES];

/// What comes before the payload.
///
/// `None`: the workspace's id or the payload is too long.
pub fn encode_head(marker: &Marker, workspace: &str, hash: &[u8; 32], payload: &[u8]) -> Option<Vec<u8>> {
    if workspace.len() > WORKSPACE_BYTES_MAX || payload.len() > PAYLOAD_BYTES_MAX {
        return None;
    }
    let mut head = Vec::with_capacity(RECORD_HEADER_BYTES + workspace.len());
    head.extend_from_slice(marker);
    head.extend_from_slice(&u16::try_from(workspace.len()).ok()?.to_le_bytes());
    head.extend_from_slice(&u32::try_from(payload.len()).ok()?.to_le_bytes());
    head.extend_from_slice(hash);
    let checksum = checksum(&head, workspace.as_bytes(), payload);
    head.extend_from_slice(&checksum);
    head.extend_from_slice(workspace.as_bytes());
    Some(head)
}

/// Where the payload lies in a whole record. `None`: it is not one, or not as it was written.
pub fn payload_range(record: &[u8]) -> Option<Range<usize>> {
    let lengths = Lengths::read(record)?;
    if lengths.total() != record.len() {
        return None;
    }
    let start = RECORD_HEADER_BYTES + lengths.workspace;
    let (fixed, given) = (record.get(..CHECKSUM_AT)?, record.get(CHECKSUM_AT..RECORD_HEADER_BYTES)?);
    let expected = checksum(fixed, record.get(RECORD_HEADER_BYTES..start)?, record.get(start..)?);
    (given == expected).then_some(start..record.len())
}

/// Whether what lies there begins as the record of a blob with this hash, whatever became of its payload.
pub(super) fn is_of(bytes: &[u8], marker: &Marker, hash: &[u8]) -> bool {
    let named = bytes.get(MARKER_BYTES + 2 + 4..CHECKSUM_AT);
    bytes.starts_with(marker) && named == Some(hash)
}

/// The marker of a file. `None`: this is not a pack file.
pub fn read_file_header(bytes: &[u8]) -> Option<Marker> {
    bytes.strip_prefix(FILE_MAGIC)?.first_chunk().copied()
}

/// What a look through a pack file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Whole records.
    pub records: u64,
    /// Where the last whole record ends: what follows is torn and nobody's.
    pub end: u64,
    /// Stretches before `end` that are not whole records.
    pub damaged: Vec<Range<u64>>,
}

/// Looks through the records of a pack file after its header. Whole records behind a damaged stretch are found, so a damaged
/// sector never costs what was written after it.
///
/// # Errors
/// The file can't be read.
pub fn scan(file: &mut (impl Read + Seek), marker: &Marker) -> io::Result<Scan> {
    let file_length = file.seek(SeekFrom::End(0))?;
    let mut position = as_u64(FILE_HEADER_BYTES).min(file_length);
    let mut found = Scan { records: 0, end: position, damaged: Vec::new() };
    let mut buffer = Vec::new();
    while position < file_length {
        if let Some(length) = read_record(file, marker, position, file_length, &mut buffer)? {
            if found.end < position {
                found.damaged.push(found.end..position);
            }
            position += length;
            found.records += 1;
            found.end = position;
        } else {
            let Some(next) = find_marker(file, marker, position + 1, file_length)? else { break };
            position = next;
        }
    }
    Ok(found)
}

/// The length of the whole record at `position`, if there is one.
fn read_record(
    file: &mut (impl Read + Seek),
    marker: &Marker,
    position: u64,
    file_length: u64,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(position))?;
    buffer.clear();
    file.take(as_u64(RECORD_HEADER_BYTES)).read_to_end(buffer)?;
    let Some(lengths) = Lengths::read(buffer).filter(|_| buffer.starts_with(marker)) else { return Ok(None) };
    let total = as_u64(lengths.total());
    if total > file_length.saturating_sub(position) {
        return Ok(None);
    }
    file.take(total.saturating_sub(as_u64(RECORD_HEADER_BYTES))).read_to_end(buffer)?;
    Ok(payload_range(buffer).map(|_| total))
}

fn find_marker(file: &mut (impl Read + Seek), marker: &Marker, from: u64, until: u64) -> io::Result<Option<u64>> {
    let (mut position, mut window) = (from, Vec::new());
    while position < until {
        file.seek(SeekFrom::Start(position))?;
        window.clear();
        file.take(as_u64(SEARCH_BYTES)).read_to_end(&mut window)?;
        if let Some(index) = window.windows(MARKER_BYTES).position(|bytes| bytes == marker) {
            return Ok(Some(position + as_u64(index)));
        }
        if window.len() < SEARCH_BYTES {
            return Ok(None);
        }
        // A marker may lie across the end of this window.
        position += as_u64(SEARCH_BYTES - MARKER_BYTES + 1);
    }
    Ok(None)
}

struct Lengths {
    workspace: usize,
    payload: usize,
}

impl Lengths {
    /// `None` unless the header is all there and within the limits.
    fn read(header: &[u8]) -> Option<Self> {
        let header = header.get(..RECORD_HEADER_BYTES)?;
        let (_, rest) = header.split_at_checked(MARKER_BYTES)?;
        let (workspace, rest) = rest.split_first_chunk::<2>()?;
        let (payload, _) = rest.split_first_chunk::<4>()?;
        let workspace = usize::from(u16::from_le_bytes(*workspace));
        let payload = usize::try_from(u32::from_le_bytes(*payload)).ok()?;
        (workspace <= WORKSPACE_BYTES_MAX && payload <= PAYLOAD_BYTES_MAX).then_some(Self { workspace, payload })
    }

    const fn total(&self) -> usize {
        RECORD_HEADER_BYTES + self.workspace + self.payload
    }
}

fn checksum(fixed: &[u8], workspace: &[u8], payload: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(fixed).chain_update(workspace).chain_update(payload).finalize().into()
}

/// Lengths in memory fit 64 bits.
const fn as_u64(length: usize) -> u64 {
    length as u64
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const MARKER: Marker = *b"0123456789abcdef";

    fn record(workspace: &str, payload: &[u8]) -> Vec<u8> {
        let mut record = encode_head(&MARKER, workspace, &[7; 32], payload).unwrap();
        record.extend_from_slice(payload);
        record
    }

    fn pack(records: &[Vec<u8>]) -> Vec<u8> {
        [FILE_MAGIC.to_vec(), MARKER.to_vec(), records.concat()].concat()
    }

    fn scan_bytes(bytes: &[u8]) -> Scan {
        scan(&mut Cursor::new(bytes), &MARKER).unwrap()
    }

    #[test]
    fn a_record_gives_its_payload_back_unless_a_bit_changed() {
        let record = record("ws_1", b"payload");
        assert_eq!(&record[payload_range(&record).unwrap()], b"payload");
        for position in 0..record.len() {
            let mut changed = record.clone();
            changed[position] ^= 0x10;
            assert_eq!(payload_range(&changed), None, "byte {position}");
            assert_eq!(payload_range(&record[..position]), None, "cut at {position}");
        }
        assert!(encode_head(&MARKER, &"w".repeat(WORKSPACE_BYTES_MAX + 1), &[0; 32], b"").is_none());
    }

    #[test]
    fn a_torn_tail_ends_at_the_last_whole_record() {
        let records = [record("ws_1", b"one"), record("ws_2", &[0; 100]), record("", b"")];
        let bytes = pack(&records);
        let whole = |count: usize| FILE_HEADER_BYTES + records[..count].concat().len();
        for length in FILE_HEADER_BYTES..=bytes.len() {
            let expected = (0..=3).rev().find(|count| whole(*count) <= length).unwrap();
            let scan = scan_bytes(&bytes[..length]);
            assert_eq!((scan.records, scan.end), (expected as u64, whole(expected) as u64), "cut at {length}");
            assert!(scan.damaged.is_empty());
        }
    }

    #[test]
    fn zeroes_a_crash_left_at_the_end_are_torn() {
        let bytes = pack(&[record("ws_1", b"one")]);
        let longer = [bytes.clone(), vec![0; 200_000]].concat();
        assert_eq!(scan_bytes(&longer).end, bytes.len() as u64);
    }

    #[test]
    fn records_behind_a_damaged_stretch_are_found() {
        let records = [record("ws_1", b"one"), record("ws_1", &[9; 150_000]), record("ws_1", b"three")];
        let mut bytes = pack(&records);
        let second = FILE_HEADER_BYTES + records[0].len();
        // In its lengths (so that the next record is not where it says), and in its payload.
        for position in [second + MARKER_BYTES + 2, second + 100_000] {
            bytes[position] ^= 0xff;
            let scan = scan_bytes(&bytes);
            let damaged = second as u64..(second + records[1].len()) as u64;
            assert_eq!((scan.records, scan.end, scan.damaged), (2, bytes.len() as u64, vec![damaged]));
            bytes[position] ^= 0xff;
        }
    }

    #[test]
    fn a_mailed_record_of_another_pack_is_payload() {
        let mut foreign = record("ws_1", b"inner");
        foreign[..MARKER_BYTES].fill(b'x');
        let mut bytes = pack(&[record("ws_1", &foreign)]);
        bytes[FILE_HEADER_BYTES + MARKER_BYTES + 6] ^= 1;
        assert_eq!(scan_bytes(&bytes).records, 0);
    }

    #[test]
    fn only_pack_files_have_a_marker() {
        assert_eq!(read_file_header(&pack(&[])), Some(MARKER));
        assert_eq!(read_file_header(&pack(&[])[..FILE_HEADER_BYTES - 1]), None);
        assert_eq!(read_file_header(&[0; 100]), None);
    }

    proptest! {
        #[test]
        fn nothing_in_a_file_makes_the_scan_fall(tail in proptest::collection::vec(any::<u8>(), 0..500)) {
            let bytes = [pack(&[record("ws_1", b"one")]), tail].concat();
            prop_assert!(scan_bytes(&bytes).records >= 1);
        }

        #[test]
        fn damage_costs_only_the_records_it_touches(
            lengths in proptest::collection::vec(0_usize..300, 1..12),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let records: Vec<_> = lengths.iter().map(|length| record("ws_1", &vec![3; *length])).collect();
            let mut bytes = pack(&records);
            let position = FILE_HEADER_BYTES + at.index(bytes.len() - FILE_HEADER_BYTES);
            bytes[position] ^= flip;
            prop_assert_eq!(scan_bytes(&bytes).records, records.len() as u64 - 1);
        }
    }
}
