//! Bytes to text, whatever a mail says its charset is. Owns the guesses for missing, unknown and lying labels; never fails.

use std::borrow::Cow;

use mail_parser::Charset;

/// Decodes body text. A label that is missing, unknown or contradicted by the bytes gives way to what the bytes look like.
pub(crate) fn decode(label: Option<&str>, bytes: &[u8]) -> String {
    let label = label.map(bare).filter(|label| !label.is_empty());
    if let Some(text) = label.and_then(|label| shifted(label, bytes)) {
        return text;
    }
    let declared = label.and_then(charset);
    match declared {
        None | Some(Charset::Utf8) => guess(bytes),
        // The commonest lie: UTF-8 that calls itself Latin-1 or ASCII. Real Latin-1 text is never valid UTF-8 by chance.
        Some(Charset::Windows1252) => match std::str::from_utf8(bytes) {
            Ok(text) if !is_iso_2022_jp(bytes) => text.to_owned(),
            Ok(_) => Charset::Iso2022Jp.decode(bytes).into_owned(),
            Err(_) => Charset::Windows1252.decode(bytes).into_owned(),
        },
        Some(declared) => match declared.decode_checked(bytes) {
            (_, true) if !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() => guess(bytes),
            (text, _) => text.into_owned(),
        },
    }
}

/// Whether bytes are what their label says.
pub(crate) fn is_well_formed(label: &str, bytes: &[u8]) -> bool {
    match charset(label) {
        Some(Charset::Utf8) => std::str::from_utf8(bytes).is_ok(),
        Some(charset) => !charset.decode_checked(bytes).1,
        None => false,
    }
}

/// Decodes a raw header field: UTF-8 if it is (RFC 6532), else the charset of the body, else Latin-1.
pub(crate) fn decode_header<'a>(bytes: &'a [u8], body: Option<&str>) -> Cow<'a, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !is_iso_2022_jp(bytes) => Cow::Borrowed(text),
        Ok(_) => Charset::Iso2022Jp.decode(bytes),
        Err(_) => {
            let bytes = escape_encoded_words(bytes);
            let of_body = body.and_then(charset).filter(|charset| *charset != Charset::Utf8);
            Cow::Owned(match of_body.map(|charset| charset.decode_checked(&bytes)) {
                Some((text, false)) => text.into_owned(),
                _ => Charset::Windows1252.decode(&bytes).into_owned(),
            })
        }
    }
}

/// Raw 8-bit bytes within an encoded word (RFC 2047) are in the charset of that word, not in the field's: they are written as
/// the word should have had them.
fn escape_encoded_words(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        let (before, word) = rest.split_at(at);
        out.extend_from_slice(before);
        let window = word.get(..ENCODED_WORD_BYTES_MAX).unwrap_or(word);
        let marks: Vec<usize> = memchr::memchr_iter(b'?', window).skip(1).take(2).collect();
        let quoted = matches!(marks[..], [charset, encoding] if encoding == charset + 2
            && matches!(word.get(charset + 1), Some(b'q' | b'Q')));
        let body = marks.last().map_or(2, |mark| mark + 1);
        let end = memchr::memmem::find(window.get(body..).unwrap_or_default(), b"?=").map(|end| body + end + 2);
        let Some(end) = end.filter(|_| quoted) else {
            out.extend_from_slice(b"=?");
            rest = word.get(2..).unwrap_or_default();
            continue;
        };
        let (word, tail) = word.split_at(end);
        for &byte in word {
            if byte.is_ascii() {
                out.push(byte);
            } else {
                out.extend([b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
        rest = tail;
    }
    out.extend_from_slice(rest);
    out
}

/// RFC 2047 §2 allows 75; the search for the end must not run through the whole field for every beginning.
const ENCODED_WORD_BYTES_MAX: usize = 1024;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Whether escape sequences of ISO-2022-JP (RFC 1468) occur: Japanese sent as it is, without a label.
fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    memchr::memchr(0x1b, bytes).is_some_and(|at| matches!(bytes.get(at + 1..at + 3), Some(b"$B" | b"$@" | b"(J")))
}

/// No label to go by: UTF-8 if it is valid, ISO-2022-JP if it escapes, else Windows-1252, unless most of it is UTF-8.
fn guess(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(_) if is_iso_2022_jp(bytes) => Charset::Iso2022Jp.decode(bytes).into_owned(),
        Ok(text) => text.to_owned(),
        Err(_) => {
            let (valid, broken) = utf8_share(bytes);
            if valid > broken {
                String::from_utf8_lossy(bytes).into_owned()
            } else {
                Charset::Windows1252.decode(bytes).into_owned()
            }
        }
    }
}

/// How many multi-byte characters are well formed, and how many sequences are not.
fn utf8_share(bytes: &[u8]) -> (usize, usize) {
    bytes.utf8_chunks().fold((0, 0), |(valid, broken), chunk| {
        (
            valid + chunk.valid().chars().filter(|c| !c.is_ascii()).count(),
            broken + usize::from(!chunk.invalid().is_empty()),
        )
    })
}

/// The charset of a label, also of spellings that no registry has.
fn charset(label: &str) -> Option<Charset> {
    let label = bare(label);
    let known = |label: &str| Charset::from_label(label.as_bytes()).filter(|charset| *charset != Charset::Replacement);
    if let Some(charset) = known(label) {
        return Some(charset);
    }
    let bare: String = label.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let number = |prefix: &str| bare.strip_prefix(prefix).filter(|rest| !rest.is_empty());
    if let Some(page) = number("windows").or_else(|| number("cp")).or_else(|| number("ms")).or_else(|| number("xcp")) {
        let page = page.trim_start_matches("cp");
        return match page {
            "932" | "943" | "942" => Some(Charset::ShiftJis),
            "936" => Some(Charset::Gbk),
            "949" => Some(Charset::EucKr),
            "950" => Some(Charset::Big5),
            "50220" | "50221" | "50222" => Some(Charset::Iso2022Jp),
            "51932" | "20932" => Some(Charset::EucJp),
            "51949" => Some(Charset::EucKr),
            "54936" => Some(Charset::Gb18030),
            "65000" => Some(Charset::Utf7),
            "65001" => Some(Charset::Utf8),
            "20866" => Some(Charset::Koi8R),
            "21866" => Some(Charset::Koi8U),
            page => known(&format!("windows-{page}")).or_else(|| known(&format!("ibm{page}"))),
        };
    }
    if let Some(part) = number("iso8859").or_else(|| number("8859")) {
        // "iso-8859-8-i", "ISO8859_1"
        let part = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        return known(&format!("iso-8859-{part}"));
    }
    match bare.as_str() {
        "utf8mb4" | "unicode11utf8" | "unicodefss" => Some(Charset::Utf8),
        "unicode11utf7" | "xunicode20utf7" | "utf7imap" => Some(Charset::Utf7),
        "ascii" | "usascii" | "7bit" | "8bit" | "ansi" | "latin1" | "isolatin1" => Some(Charset::Windows1252),
        "sjis" | "xsjis" | "mskanji" => Some(Charset::ShiftJis),
        "ujis" | "xeucjp" | "eucjpms" => Some(Charset::EucJp),
        "euccn" | "gb2312" | "gb231280" | "cngb" | "xgbk" => Some(Charset::Gbk),
        "ksc5601" | "ksc56011987" | "ksx1001" | "korean" | "uhc" | "euckr" => Some(Charset::EucKr),
        "big5hkscs" | "cnbig5" | "xxbig5" => Some(Charset::Big5),
        "mac" | "macroman" | "xmacroman" => Some(Charset::Macintosh),
        _ => None,
    }
}

/// A label without what should not be in it: quotes, a comment, the parameter's own name, a second label.
fn bare(label: &str) -> &str {
    let trimmed = |label: &str| -> usize { label.find([';', ',', '(']).unwrap_or(label.len()) };
    let label = label.trim_start_matches(['"', '\'', ' ', '\t']);
    let label = match label.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => value,
        _ => label,
    };
    let label = label.get(..trimmed(label)).unwrap_or_default();
    label.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
}

/// Two charsets that shift in and out of double bytes and that browsers refuse: HZ (RFC 1843) and ISO-2022-KR (RFC 1557).
fn shifted(label: &str, bytes: &[u8]) -> Option<String> {
    if label.eq_ignore_ascii_case("hz-gb-2312") || label.eq_ignore_ascii_case("hz") {
        Some(Charset::Gbk.decode(&unshift_hz(bytes)).into_owned())
    } else if label.eq_ignore_ascii_case("iso-2022-kr") {
        Some(Charset::EucKr.decode(&unshift_kr(bytes)).into_owned())
    } else {
        None
    }
}

/// `~{` and `~}` around double bytes, `~~` for a tilde.
fn unshift_hz(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut double) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'~', Some(b'{')) => (double, at) = (true, at + 2),
            (b'~', Some(b'}')) => (double, at) = (false, at + 2),
            (b'~', Some(b'~')) if !double => {
                out.push(b'~');
                at += 2;
            }
            _ => {
                double &= byte != b'\n';
                out.push(if double && byte > b' ' { byte | 0x80 } else { byte });
                at += 1;
            }
        }
    }
    out
}

/// SO and SI around double bytes; the designator at the head is left out.
fn unshift_kr(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut rest, mut double) = (bytes, false);
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            0x0e => double = true,
            0x0f => double = false,
            0x1b if tail.starts_with(b"$)C") => rest = tail.get(3..).unwrap_or_default(),
            _ => {
                double &= byte != b'\n';
                out.push(if double && byte > b' ' { byte | 0x80 } else { byte });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_whatever_its_label_says() {
        let cases: &[(Option<&str>, &[u8], &str)] = &[
            (Some("utf-8"), "Grüße".as_bytes(), "Grüße"),
            (Some("iso-8859-1"), b"Gr\xfc\xdfe", "Grüße"),
            (Some("us-ascii"), b"Gr\xfc\xdfe", "Grüße"),
            (Some("us-ascii"), "Grüße".as_bytes(), "Grüße"),
            (Some("utf-8"), b"Gr\xfc\xdfe", "Grüße"),
            (Some("x-unknown"), b"\x93quoted\x94", "“quoted”"),
            (None, b"caf\xe9", "café"),
            (None, b"\x1b$B$3$s\x1b(B", "こん"),
            (Some("ISO8859_15"), b"5 \xa4", "5 €"),
            (Some("cp-1251"), b"\xcf\xf0\xe8", "При"),
            (Some("cp932"), b"\x82\xb1", "こ"),
            (Some("hz-gb-2312"), b"~{VPND~} ok", "中文 ok"),
            (Some("iso-2022-kr"), b"\x1b$)C\x0eGQ\x0f ok", "한 ok"),
            (Some("windows-1252"), "schön".as_bytes(), "schön"),
        ];
        for (label, bytes, expected) in cases {
            assert_eq!(decode(*label, bytes), *expected, "{label:?} {bytes:?}");
        }
    }

    #[test]
    fn raw_headers_are_read_in_the_charset_of_the_body_before_latin_1() {
        assert_eq!(decode_header("Zoë".as_bytes(), Some("iso-8859-1")), "Zoë");
        assert_eq!(decode_header(b"Zo\xeb", None), "Zoë");
        assert_eq!(decode_header(b"\xf0\xd2\xc9", Some("koi8-r")), "При");
        assert_eq!(decode_header(b"\x1b$B$3\x1b(B", None), "こ");
        assert_eq!(decode_header(b"=?koi8-r?Q?\xf0?= \xe9 =?", None), "=?koi8-r?Q?=F0?= é =?");
    }
}
