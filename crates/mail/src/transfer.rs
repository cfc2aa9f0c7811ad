//! Transfer encodings (RFC 2045 §6), as tolerant as senders are careless. Owns their names and the bytes they come to.

use std::borrow::Cow;

use mail_parser::Encoding;

use crate::uuencode;

/// How the body of a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Transfer {
    /// 7bit, 8bit, binary, or nothing that anybody knows.
    #[default]
    Identity,
    QuotedPrintable,
    Base64,
    Uuencode,
}

impl Transfer {
    /// The encoding a Content-Transfer-Encoding names; `None` if it names none that is known.
    pub fn named(value: &str) -> Option<Self> {
        let name: String = value
            .split(['(', ';'])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match name.as_str() {
            "7bit" | "8bit" | "binary" | "7bits" | "8bits" => Some(Self::Identity),
            "quotedprintable" | "qp" => Some(Self::QuotedPrintable),
            "base64" | "xbase64" => Some(Self::Base64),
            "xuuencode" | "uuencode" | "xuue" | "uue" => Some(Self::Uuencode),
            _ => None,
        }
    }

    /// The bytes of a body.
    pub fn decode(self, raw: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Identity => Cow::Borrowed(raw),
            Self::QuotedPrintable => Encoding::QuotedPrintable.decode(raw),
            Self::Base64 if is_clean(raw) => Encoding::Base64.decode(raw),
            Self::Base64 => noisy(raw),
            Self::Uuencode => uuencode::decode_part(raw),
        }
    }

    /// How many [`Self::decode`] gives.
    pub fn decoded_len(self, raw: &[u8]) -> usize {
        match self {
            Self::Identity => raw.len(),
            Self::QuotedPrintable => Encoding::QuotedPrintable.decoded_len(raw),
            Self::Base64 if is_clean(raw) => Encoding::Base64.decoded_len(raw),
            Self::Base64 | Self::Uuencode => self.decode(raw).len(),
        }
    }
}

const fn is_symbol(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    letter | (byte.wrapping_sub(b'0') < 10) | (byte == b'+') | (byte == b'/')
}

/// Nothing but base64 and white space, and an end that an encoder makes. Whole attachments go through here: no branch a byte.
fn is_clean(raw: &[u8]) -> bool {
    let mut symbols = 0_usize;
    for chunk in raw.chunks(SCANNED_AT_ONCE) {
        let (mut known, mut found) = (0_u16, 0_u16);
        for &byte in chunk {
            let symbol = is_symbol(byte);
            found += u16::from(symbol);
            known += u16::from(
                symbol | (byte == b'\n') | (byte == b'\r') | (byte == b'=') | (byte == b' ') | (byte == b'\t'),
            );
        }
        if usize::from(known) != chunk.len() {
            return false;
        }
        symbols += usize::from(found);
    }
    let last = raw.iter().rev().find(|byte| is_symbol(**byte)).and_then(|byte| value(*byte));
    last.is_none_or(|last| is_end(last, symbols % 4))
}

/// Bytes counted before the counts are looked at; they fit the counters.
const SCANNED_AT_ONCE: usize = 4096;

/// Whether a group of so many symbols can be the last one: the bits that belong to no byte are zero (RFC 4648 §3.5). Others
/// are what is left of data that was cut off, or noise.
const fn is_end(group: u32, symbols: usize) -> bool {
    match symbols {
        0 => true,
        2 => group & 0b1111 == 0,
        3 => group & 0b11 == 0,
        _ => false,
    }
}

/// base64 with other characters in it, which RFC 2045 §6.8 says to leave out. What follows the end (a footer some list
/// software hangs on) is no data, and what has no line of base64 at all was never encoded.
fn noisy(raw: &[u8]) -> Cow<'_, [u8]> {
    let lines = || raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let is_data = |line: &[u8]| line.len() >= 4 && line.iter().all(|byte| is_symbol(*byte) || *byte == b'=');
    if !lines().any(is_data) && lines().any(|line| line.contains(&b' ')) {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len() / 4 * 3);
    let (mut group, mut symbols, mut padded) = (0_u32, 0_u32, false);
    for line in lines() {
        if padded && !is_data(line) {
            break;
        }
        for &byte in line {
            let Some(six) = value(byte) else {
                if byte == b'=' {
                    rest(group, symbols, &mut out);
                    (group, symbols, padded) = (0, 0, true);
                }
                continue;
            };
            padded = false;
            group = group << 6 | six;
            symbols += 1;
            if symbols == 4 {
                out.extend(group.to_be_bytes().into_iter().skip(1));
                (group, symbols) = (0, 0);
            }
        }
    }
    // Some leave the padding out.
    if is_end(group, symbols as usize) {
        rest(group, symbols, &mut out);
    }
    Cow::Owned(out)
}

fn value(byte: u8) -> Option<u32> {
    let six = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(six))
}

/// The bytes of a group that padding ended.
fn rest(group: u32, symbols: u32, out: &mut Vec<u8>) {
    let bytes = (group << (6 * (4 - symbols.min(4)))).to_be_bytes();
    out.extend(bytes.into_iter().skip(1).take(symbols.saturating_sub(1) as usize));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_whatever_is_in_it() {
        for (written, meant) in [
            ("SGVsbG8=", "Hello"),
            ("SGVs\r\nbG8=", "Hello"),
            ("SGVsbG8", "Hello"),
            ("SGVs!bG8=", "Hello"),
            ("SGVsbG8!", "Hello"),
            // Cut off in the middle of a group.
            ("SGVsbG9v", "Helloo"),
            ("SGVsbG9", "Hel"),
            ("S G V s b G 8 =", "Hello"),
            // Two pieces, each with its end.
            ("SGVsbG8=\r\nSGVsbG8=\r\n", "HelloHello"),
            // The footer of a mailing list.
            ("SGVsbG8gdGhlcmU=\r\n_______\r\nlist mailing list\r\nlist@example.org\r\n", "Hello there"),
            // No base64 at all, whatever the field says.
            ("<p>Hello there</p>\r\n", "<p>Hello there</p>\r\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&Transfer::Base64.decode(written.as_bytes())), meant, "{written:?}");
            assert_eq!(Transfer::Base64.decoded_len(written.as_bytes()), meant.len(), "{written:?}");
        }
    }

    #[test]
    fn quoted_printable_is_read_with_broken_soft_breaks() {
        for (written, meant) in [
            ("a=20b=\r\nc", "a bc"),
            ("a=\nb", "ab"),
            ("a= \t\r\nb", "ab"),
            ("a=C3=BC", "aü"),
            ("a=c3=bc", "aü"),
            ("100=% =ZZ =", "100=% =ZZ "),
            ("trailing  \r\nx", "trailing\r\nx"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&Transfer::QuotedPrintable.decode(written.as_bytes())),
                meant,
                "{written:?}"
            );
        }
    }

    #[test]
    fn encodings_are_known_by_any_spelling() {
        for (written, meant) in [
            (" base64\r\n", Some(Transfer::Base64)),
            ("BASE64 (comment)", Some(Transfer::Base64)),
            ("\"base64\";", Some(Transfer::Base64)),
            ("Quoted-Printable", Some(Transfer::QuotedPrintable)),
            ("8-bit", Some(Transfer::Identity)),
            ("x-uuencode", Some(Transfer::Uuencode)),
            ("x-yenc", None),
            ("", None),
        ] {
            assert_eq!(Transfer::named(written), meant, "{written:?}");
        }
    }
}
