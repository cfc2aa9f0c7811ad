//! What travels compressed (COMPRESS=DEFLATE, RFC 4978): bytes that come are inflated; those that go are framed as they are, since
//! commands are short and a compressor keeps a third of a megabyte a connection. Pure.

use bytes::{Buf as _, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};

use super::response::Malformed;

/// Bytes inflated at a time.
const INFLATED_AT_ONCE: usize = 16 * 1024;
/// Bytes of a stored block (RFC 1951 §3.2.4 allows 65,535).
const STORED_BYTES_MAX: u16 = 32 * 1024;

pub(super) struct Inflating {
    inflate: Decompress,
    /// What came and is not inflated yet.
    input: BytesMut,
}

impl Inflating {
    /// `come`: what was read behind the answer that began it.
    pub(super) fn new(come: BytesMut) -> Self {
        Self { inflate: Decompress::new(false), input: come }
    }

    /// Where the next bytes go, with room for `bytes` of them.
    pub(super) fn room(&mut self, bytes: usize) -> &mut BytesMut {
        self.input.reserve(bytes);
        &mut self.input
    }

    /// Hands the next inflated bytes to `take`, at most [`INFLATED_AT_ONCE`]. How many; none if more have to come first.
    ///
    /// # Errors
    /// What came is no DEFLATE, or is one that ended.
    pub(super) fn inflate(&mut self, take: impl FnOnce(&[u8])) -> Result<usize, Malformed> {
        const UNREADABLE: Malformed = Malformed::new("compressed data that can't be read");
        let mut inflated = [0; INFLATED_AT_ONCE];
        loop {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(&self.input, &mut inflated, FlushDecompress::Sync);
            let status = status.map_err(|_| UNREADABLE)?;
            let read = usize::try_from(self.inflate.total_in() - read).map_err(|_| UNREADABLE)?;
            let written = usize::try_from(self.inflate.total_out() - written).map_err(|_| UNREADABLE)?;
            self.input.advance(read.min(self.input.len()));
            if written > 0 {
                take(inflated.get(..written).unwrap_or_default());
                return Ok(written);
            }
            if status == Status::StreamEnd || (read == 0 && !self.input.is_empty()) {
                return Err(UNREADABLE);
            }
            if self.input.is_empty() {
                // Given back, however much came at once: an idle connection keeps little.
                self.input = BytesMut::new();
                return Ok(0);
            }
        }
    }
}

/// Bytes as stored blocks, whole at once: nothing waits for more.
pub(super) fn stored(bytes: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: usize = 5;
    let block_bytes = usize::from(STORED_BYTES_MAX);
    let mut out = Vec::with_capacity(bytes.len() + HEADER_BYTES * bytes.len().div_ceil(block_bytes));
    for block in bytes.chunks(block_bytes) {
        let length = u16::try_from(block.len()).unwrap_or(STORED_BYTES_MAX);
        // Neither compressed nor the last.
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};
    use proptest::prelude::*;

    use super::*;

    fn inflated(inflating: &mut Inflating) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::new();
        while inflating.inflate(|bytes| out.extend_from_slice(bytes))? > 0 {}
        Ok(out)
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 1_024);
        Compress::new(Compression::default(), false).compress_vec(bytes, &mut out, FlushCompress::Sync).unwrap();
        out
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back_in_whatever_pieces(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            times in 0_usize..200,
            piece in 1_usize..5_000,
        ) {
            let bytes = bytes.repeat(times);
            let mut inflating = Inflating::new(BytesMut::new());
            let mut out = Vec::new();
            for some in deflated(&bytes).chunks(piece) {
                inflating.room(some.len()).extend_from_slice(some);
                out.extend(inflated(&mut inflating).unwrap());
            }
            prop_assert_eq!(out, bytes);
        }

        #[test]
        fn what_is_stored_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..400), times in 0_usize..200) {
            let bytes = bytes.repeat(times);
            let mut inflating = Inflating::new(BytesMut::from(&stored(&bytes)[..]));
            prop_assert_eq!(inflated(&mut inflating).unwrap(), bytes);
        }

        #[test]
        fn whatever_comes_is_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = inflated(&mut Inflating::new(BytesMut::from(&bytes[..])));
        }
    }

    #[test]
    fn a_stream_that_ends_is_none() {
        let mut out = Vec::with_capacity(100);
        Compress::new(Compression::default(), false).compress_vec(b"x", &mut out, FlushCompress::Finish).unwrap();
        let mut inflating = Inflating::new(BytesMut::from(&out[..]));
        assert!(inflated(&mut inflating).is_err());
    }
}
