//! The content of a mail as it comes in by DATA or BDAT: where it ends, dot-unstuffing, and what must not be in it.
//! Only CRLF.CRLF ends DATA (RFC 5321 §2.3.8, §4.1.1.4); whatever else looks like an end is content, and refused.

use memchr::memmem;

/// First room for a mail, bytes; it doubles from there.
const CAPACITY_INITIAL: usize = 8 * 1024;

/// What makes a mail unacceptable whatever its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// CR without LF or LF without CR (RFC 5321 §2.3.8).
    BareLineEnd,
    /// RFC 5321 §4.5.2 and RFC 5322 §4: NUL is obsolete and dangerous.
    Nul,
    /// More than `bytes_max`.
    TooLarge,
    /// Whoever holds the memory says there is none left.
    NoRoom,
}

/// Takes content up to a limit; once flawed, forgets what it holds and only counts.
#[derive(Debug)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    /// Bytes of `bytes` that are ours, before the content.
    trace_bytes: usize,
    bytes_max: u64,
    /// Content seen, also that which was not kept.
    received: u64,
    flaw: Option<Flaw>,
}

impl Content {
    /// `trace` goes in front and is not counted.
    pub(crate) fn new(trace: impl FnOnce(&mut Vec<u8>), bytes_max: u64) -> Self {
        let mut bytes = Vec::with_capacity(CAPACITY_INITIAL);
        trace(&mut bytes);
        let trace_bytes = bytes.len();
        Self { bytes, trace_bytes, bytes_max, received: 0, flaw: None }
    }

    pub(crate) fn append(&mut self, piece: &[u8]) {
        self.received = self.received.saturating_add(piece.len() as u64);
        // Whatever else is wrong with it, and however it was cut: a mail that is too large is told so.
        if self.received > self.bytes_max && self.flaw != Some(Flaw::NoRoom) {
            self.bytes = Vec::new();
            self.flaw = Some(Flaw::TooLarge);
        }
        if self.flaw.is_some() || piece.is_empty() {
            return;
        }
        let previous = if self.bytes.len() > self.trace_bytes { self.bytes.last().copied() } else { None };
        match flaw_of(previous, piece) {
            Some(flaw) => self.spoil(flaw),
            None => self.grow_and_copy(piece),
        }
    }

    /// Doubling, but never beyond what the largest allowed mail needs.
    fn grow_and_copy(&mut self, piece: &[u8]) {
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            let most = usize::try_from(self.bytes_max).unwrap_or(usize::MAX).saturating_add(self.trace_bytes);
            let target = self.bytes.capacity().saturating_mul(2).min(most).max(needed);
            self.bytes.reserve_exact(target - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
    }

    /// The first flaw stays, but for the size; the memory goes at once.
    pub(crate) fn spoil(&mut self, flaw: Flaw) {
        if self.flaw.is_none() {
            self.flaw = Some(flaw);
            self.bytes = Vec::new();
        }
    }

    pub(crate) fn flaw(&self) -> Option<Flaw> {
        let torn = self.bytes.len() > self.trace_bytes && self.bytes.last() == Some(&b'\r');
        self.flaw.or(torn.then_some(Flaw::BareLineEnd))
    }

    /// Bytes of memory in use.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity()
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// How far beyond the limit the client has gone on.
    pub(crate) fn excess(&self) -> u64 {
        self.received.saturating_sub(self.bytes_max)
    }

    /// The mail as the client sent it.
    pub(crate) fn mail(&self) -> &[u8] {
        self.bytes.get(self.trace_bytes..).unwrap_or_default()
    }

    /// All bytes, and how many at the start are ours.
    pub(crate) fn into_parts(self) -> (Vec<u8>, usize) {
        (self.bytes, self.trace_bytes)
    }
}

/// One pass without branches, so that the compiler makes it wide. A CR at the very end is judged with the next piece.
fn flaw_of(previous: Option<u8>, piece: &[u8]) -> Option<Flaw> {
    let first = piece.first().copied()?;
    let seam = (previous == Some(b'\r')) != (first == b'\n');
    let next = piece.get(1..).unwrap_or_default();
    let mut broken = false;
    let mut nul = false;
    for (&byte, &following) in piece.iter().zip(next) {
        broken |= (byte == b'\r') != (following == b'\n');
        nul |= byte == 0;
    }
    nul |= piece.last() == Some(&0);
    if nul {
        Some(Flaw::Nul)
    } else if broken || seam {
        Some(Flaw::BareLineEnd)
    } else {
        None
    }
}

/// Where in the stream after DATA we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// After CRLF, or at the very start.
    LineStart,
    InLine,
    AfterCr,
    /// After CRLF and a dot that has not been kept.
    Dot,
    DotCr,
}

/// Finds the end of DATA and takes the stuffed dots out, over any split into pieces.
#[derive(Debug)]
pub(crate) struct DataReader {
    place: Place,
}

impl DataReader {
    pub(crate) fn new() -> Self {
        Self { place: Place::LineStart }
    }

    /// Takes from `input` what belongs to the content; true at its end.
    pub(crate) fn read(&mut self, input: &mut &[u8], content: &mut Content) -> bool {
        while let Some((&byte, rest)) = input.split_first() {
            match self.place {
                Place::InLine => self.read_lines(input, content),
                Place::AfterCr => {
                    content.append(&[byte]);
                    *input = rest;
                    self.place = match byte {
                        b'\n' => Place::LineStart,
                        b'\r' => Place::AfterCr,
                        _ => Place::InLine,
                    };
                }
                Place::LineStart if byte == b'.' => {
                    *input = rest;
                    self.place = Place::Dot;
                }
                Place::LineStart => self.place = Place::InLine,
                Place::Dot if byte == b'\r' => {
                    *input = rest;
                    self.place = Place::DotCr;
                }
                Place::Dot => self.place = Place::InLine,
                Place::DotCr if byte == b'\n' => {
                    *input = rest;
                    return true;
                }
                // The CR was no line end: it is content, and what follows is looked at as after any CR.
                Place::DotCr => {
                    content.append(b"\r");
                    self.place = Place::AfterCr;
                }
            }
        }
        false
    }

    /// Whole lines up to the next one that begins with a dot.
    fn read_lines(&mut self, input: &mut &[u8], content: &mut Content) {
        if let Some(at) = memmem::find(input, b"\r\n.") {
            let (lines, rest) = input.split_at(at + 2);
            content.append(lines);
            *input = rest;
            self.place = Place::LineStart;
            return;
        }
        content.append(input);
        self.place = match *input {
            [.., b'\r', b'\n'] => Place::LineStart,
            [.., b'\r'] => Place::AfterCr,
            _ => Place::InLine,
        };
        *input = &[];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content and what follows its end, or None if it does not end.
    fn read(stream: &[u8], piece: usize) -> Option<(Vec<u8>, Option<Flaw>, Vec<u8>)> {
        let mut content = Content::new(|bytes| bytes.extend_from_slice(b"T: t\r\n"), 1_000);
        let mut reader = DataReader::new();
        for (index, part) in stream.chunks(piece).enumerate() {
            let mut input = part;
            if reader.read(&mut input, &mut content) {
                let rest = stream.get(index * piece + part.len() - input.len()..).unwrap_or_default();
                let flaw = content.flaw();
                return Some((content.mail().to_vec(), flaw, rest.to_vec()));
            }
            assert!(input.is_empty());
        }
        None
    }

    #[test]
    fn only_crlf_dot_crlf_ends_the_data_however_it_is_cut() {
        let cases: [(&[u8], &[u8]); 8] = [
            (b".\r\n", b""),
            (b"\r\n.\r\n", b"\r\n"),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"a\r\n..b\r\n...\r\n.c\r\n.\r\n", b"a\r\n.b\r\n..\r\nc\r\n"),
            (b"a.\r\nb .\r\n.\r\n", b"a.\r\nb .\r\n"),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
            (b".a\r\n\r\n.\r\n", b"a\r\n\r\n"),
        ];
        for (stream, mail) in cases {
            let whole = [stream, b"QUIT\r\n"].concat();
            for piece in 1..=whole.len() {
                let expected = (mail.to_vec(), None, b"QUIT\r\n".to_vec());
                assert_eq!(read(&whole, piece), Some(expected), "{:?} by {piece}", stream.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn lookalikes_of_the_end_are_flawed_content() {
        let lookalikes: [&[u8]; 16] = [
            b"\n.\n",
            b"\n.\r",
            b"\r.\n",
            b"\r.\r",
            b"\n.\r\n",
            b"\r.\r\n",
            b"\r\n.\n",
            b"\r\n.\r",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
            b"\r\n.\r\r\n",
            b"\r\r\n.\r\r\n",
            b"\r\r\n",
            b"\n\r\n",
            b"x\ny",
            b"x\ry",
        ];
        for lookalike in lookalikes {
            let stream = [b"a", lookalike, b"MAIL FROM:<a@b>\r\nx\r\n.\r\nQUIT\r\n"].concat();
            for piece in 1..=stream.len() {
                let (_, flaw, rest) = read(&stream, piece).expect("the true end is there");
                assert!(flaw.is_some(), "{:?} by {piece}", lookalike.escape_ascii().to_string());
                assert_eq!(rest, b"QUIT\r\n");
            }
        }
    }

    #[test]
    fn too_large_a_mail_gives_its_memory_back() {
        let mut content = Content::new(|_| (), 10);
        content.append(b"0123456789");
        assert_eq!(content.flaw(), None);
        content.append(b"x");
        assert_eq!((content.flaw(), content.held(), content.received()), (Some(Flaw::TooLarge), 0, 11));
    }

    #[test]
    fn room_grows_by_doubling_up_to_the_limit() {
        let mut content = Content::new(|_| (), 20_000);
        for _ in 0..20 {
            content.append(&[b'a'; 1_000]);
            assert!(content.held() <= 20_000);
        }
        assert_eq!((content.mail().len(), content.flaw()), (20_000, None));
    }
}
