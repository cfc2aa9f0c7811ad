//! uuencode (POSIX.1 §4.67): files pasted into text bodies before MIME. Owns finding and decoding them; never needs a label.

use std::borrow::Cow;
use std::ops::Range;

use crate::head::printable;
use crate::transfer::Transfer;

/// A file found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enclosure {
    pub name: String,
    /// From `begin` to the line after `end`, in bytes of the text.
    pub place: Range<usize>,
    /// The encoded lines.
    lines: Range<usize>,
    /// They are base64, as `uuencode -m` writes them.
    base64: bool,
}

/// Files looked for in one text at most.
const ENCLOSURES_MAX: usize = 100;

/// The complete files in a text, in order. A `begin` without its `end` is text.
pub(crate) fn find(text: &[u8]) -> Vec<Enclosure> {
    let mut found = Vec::new();
    if memchr::memmem::find(text, b"begin").is_none() {
        return found;
    }
    let mut open: Option<(Begin, usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let next = at + line.len();
        let bare = line.trim_ascii_end();
        match open.take() {
            Some((begun, start, body)) if bare == begun.end() => {
                found.push(Enclosure { name: begun.name, place: start..next, lines: body..at, base64: begun.base64 });
                if found.len() >= ENCLOSURES_MAX {
                    break;
                }
            }
            Some((begun, start, body)) if begun.takes(bare) => open = Some((begun, start, body)),
            _ => open = begin(bare).map(|begun| (begun, at, next)),
        }
        at = next;
    }
    found
}

/// The line a file begins with.
struct Begin {
    name: String,
    base64: bool,
}

impl Begin {
    const fn end(&self) -> &'static [u8] {
        if self.base64 { b"====" } else { b"end" }
    }

    fn takes(&self, line: &[u8]) -> bool {
        if self.base64 {
            line.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        } else {
            is_data(line)
        }
    }
}

/// `begin 644 name` or `begin-base64 644 name`.
fn begin(line: &[u8]) -> Option<Begin> {
    let rest = line.strip_prefix(b"begin")?;
    let (base64, rest) = rest.strip_prefix(b"-base64").map_or((false, rest), |rest| (true, rest));
    let rest = rest.strip_prefix(b" ")?;
    let (mode, name) = rest.split_at_checked(rest.iter().position(|byte| *byte == b' ')?)?;
    let name = name.trim_ascii();
    let octal = (3..=4).contains(&mode.len()) && mode.iter().all(|byte| (b'0'..=b'7').contains(byte));
    (octal && !name.is_empty()).then(|| Begin { name: printable(&crate::charset::decode(None, name)), base64 })
}

/// Whether the length a line begins with goes with the characters it has; mailers drop trailing blanks.
fn is_data(line: &[u8]) -> bool {
    let Some((&length, data)) = line.split_first() else { return true };
    if !(b' '..=b'`').contains(&length) {
        return false;
    }
    let bytes = usize::from(length.wrapping_sub(b' ') & 0x3f);
    data.len() <= bytes.div_ceil(3) * 4 + 2 && data.iter().all(|byte| (b' '..=b'`').contains(byte))
}

/// The bytes of a file found.
pub(crate) fn decode(text: &[u8], file: &Enclosure) -> Vec<u8> {
    let lines = text.get(file.lines.clone()).unwrap_or_default();
    if file.base64 { Transfer::Base64.decode(lines).into_owned() } else { decode_lines(lines) }
}

/// A whole part with Content-Transfer-Encoding x-uuencode.
pub(crate) fn decode_part(raw: &[u8]) -> Cow<'_, [u8]> {
    match find(raw).first() {
        Some(file) => Cow::Owned(decode(raw, file)),
        None => Cow::Borrowed(raw),
    }
}

fn decode_lines(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() / 4 * 3);
    for line in lines.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some((&length, data)) = line.split_first() else { continue };
        let bytes = usize::from(length.wrapping_sub(b' ') & 0x3f);
        let six = |at: usize| u32::from(data.get(at).copied().unwrap_or(b' ').wrapping_sub(b' ') & 0x3f);
        let mut decoded = (0..bytes.div_ceil(3)).flat_map(|group| {
            let word = six(group * 4) << 18 | six(group * 4 + 1) << 12 | six(group * 4 + 2) << 6 | six(group * 4 + 3);
            let [_, first, second, third] = word.to_be_bytes();
            [first, second, third]
        });
        out.extend(decoded.by_ref().take(bytes));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_a_text_is_found_and_decoded() {
        let text = b"Hello,\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nBye\r\n";
        let files = find(text);
        assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["cat.txt"]);
        assert_eq!(decode(text, &files[0]), b"Cat");
        assert_eq!(&text[files[0].place.end..], b"Bye\r\n");
    }

    #[test]
    fn files_in_base64_are_found_too() {
        let text = b"begin-base64 644 cat.txt\nQ2F0\n====\nbegin 755 dog.txt\n#1&]G\n`\nend\n";
        let files = find(text);
        assert_eq!(files.iter().map(|file| decode(text, file)).collect::<Vec<_>>(), [b"Cat", b"Dog"]);
        assert_eq!(files[1].place.end, text.len());
    }

    #[test]
    fn words_that_look_like_a_beginning_stay_text() {
        for text in [
            "begin 644 the work\nand then some more text, of which there is much\nend\n",
            "begin 644 x\n#0V%T\n",
            "begin here now\nend\n",
        ] {
            assert!(find(text.as_bytes()).is_empty(), "{text}");
        }
    }
}
