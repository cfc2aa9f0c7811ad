//! Bytes to text, whatever a mail says its charset is. Owns the guesses for missing, unknown and lying labels; never fails.

use std::borrow::Cow;

use mail_parser::Charset;

use crate::codepages;

/// Decodes body text. A label that is missing, unknown or contradicted by the bytes gives way to what the bytes look like.
pub(crate) fn decode(label: Option<&str>, bytes: &[u8]) -> String {
    let label = label.map(bare).filter(|label| !label.is_empty());
    if let Some(text) = label.and_then(|label| refused(label, bytes)) {
        return text;
    }
    let declared = label.and_then(charset);
    match declared {
        Some(Charset::Iso2022Jp) if memchr::memchr(0x1b, bytes).is_some() => japanese(bytes),
        Some(Charset::Utf16 | Charset::Utf16Le | Charset::Utf16Be) => utf16(declared, bytes),
        // Cut off in the middle of a character.
        Some(Charset::Utf8) if matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none()) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        None | Some(Charset::Utf8) => guess(bytes),
        // The commonest lie: UTF-8 that calls itself Latin-1 or ASCII. Real Latin-1 text is never valid UTF-8 by chance.
        Some(Charset::Windows1252) => match std::str::from_utf8(bytes) {
            Ok(text) if !is_iso_2022_jp(bytes) => text.to_owned(),
            Ok(_) => japanese(bytes),
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
        Ok(_) => Cow::Owned(japanese(bytes)),
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

/// ISO-2022-JP without the shifts between which nothing stands: they are what is left of encoded words put together, and the
/// Encoding Standard calls them an error.
fn japanese(bytes: &[u8]) -> String {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        let (before, escape) = rest.split_at(at);
        kept.extend_from_slice(before);
        let idle = matches!(escape, [0x1b, b'(', b'B' | b'J', 0x1b, ..]);
        let (shift, tail) = escape.split_at(if idle { 3 } else { 1 });
        if !idle {
            kept.extend_from_slice(shift);
        }
        rest = tail;
    }
    kept.extend_from_slice(rest);
    Charset::Iso2022Jp.decode(&kept).into_owned()
}

/// No label to go by: UTF-8 if it is valid, ISO-2022-JP if it escapes, else Windows-1252, unless most of it is UTF-8.
fn guess(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(_) if is_iso_2022_jp(bytes) => japanese(bytes),
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

/// UTF-16, with a byte order mark or without, or what calls itself that: a transfer of 7 bits leaves no UTF-16 whole, so
/// that text without a NUL in it is something else.
fn utf16(declared: Option<Charset>, bytes: &[u8]) -> String {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Charset::Utf16.decode(bytes).into_owned();
    }
    let zeros =
        |parity: usize| bytes.iter().skip(parity).step_by(2).take(UTF16_LOOKED_AT).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match declared {
        _ if even == 0 && odd == 0 && std::str::from_utf8(bytes).is_ok() => guess(bytes),
        _ if even > odd => Charset::Utf16Be.decode(bytes).into_owned(),
        _ if odd > even => Charset::Utf16Le.decode(bytes).into_owned(),
        Some(Charset::Utf16Le) => Charset::Utf16Le.decode(bytes).into_owned(),
        // RFC 2781 §4.3.
        _ => Charset::Utf16Be.decode(bytes).into_owned(),
    }
}

/// Characters of UTF-16 whose zero bytes tell their order.
const UTF16_LOOKED_AT: usize = 1_000;

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
    // x-user-defined is what old Netscapes wrote when they did not know.
    let known = |label: &str| {
        Charset::from_label(label.as_bytes())
            .filter(|charset| !matches!(charset, Charset::Replacement | Charset::XUserDefined))
    };
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
            "28591" => Some(Charset::Windows1252),
            "28592" => Some(Charset::Iso8859_2),
            "28595" => Some(Charset::Iso8859_5),
            "28597" => Some(Charset::Iso8859_7),
            "28599" => Some(Charset::Iso8859_9),
            "28605" => Some(Charset::Iso8859_15),
            "20127" => Some(Charset::Windows1252),
            "1200" => Some(Charset::Utf16Le),
            "1201" => Some(Charset::Utf16Be),
            "10000" => Some(Charset::Macintosh),
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
        "utf7" | "unicode11utf7" | "xunicode20utf7" | "utf7imap" => Some(Charset::Utf7),
        "ascii" | "usascii" | "7bit" | "8bit" | "ansi" | "latin1" | "isolatin1" => Some(Charset::Windows1252),
        "sjis" | "xsjis" | "mskanji" => Some(Charset::ShiftJis),
        "ujis" | "xeucjp" | "eucjpms" => Some(Charset::EucJp),
        "euccn" | "gb2312" | "gb231280" | "cngb" | "xgbk" => Some(Charset::Gbk),
        "ksc5601" | "ksc56011987" | "ksx1001" | "korean" | "uhc" | "euckr" => Some(Charset::EucKr),
        "big5hkscs" | "cnbig5" | "xxbig5" => Some(Charset::Big5),
        "mac" | "macroman" | "xmacroman" => Some(Charset::Macintosh),
        // "chinese_big5", "gb2312_charset", "iso-2022-jp-3": a name they all know, with more around it.
        other => FAMILIES.iter().find(|(name, _)| other.contains(name)).map(|(_, charset)| *charset),
    }
}

/// Names within the names of one charset's relatives.
const FAMILIES: &[(&str, Charset)] = &[
    ("big5", Charset::Big5),
    ("eucjp", Charset::EucJp),
    ("euckr", Charset::EucKr),
    ("gb18030", Charset::Gb18030),
    ("gb2312", Charset::Gbk),
    ("gbk", Charset::Gbk),
    ("iso2022jp", Charset::Iso2022Jp),
    ("koi8r", Charset::Koi8R),
    ("koi8u", Charset::Koi8U),
    ("ksc5601", Charset::EucKr),
    ("shiftjis", Charset::ShiftJis),
    ("sjis", Charset::ShiftJis),
    ("utf8", Charset::Utf8),
];

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

/// Charsets browsers refuse: HZ (RFC 1843) and ISO-2022-KR (RFC 1557), which shift in and out of double bytes, and the code
/// pages of DOS.
fn refused(label: &str, bytes: &[u8]) -> Option<String> {
    if label.eq_ignore_ascii_case("hz-gb-2312") || label.eq_ignore_ascii_case("hz") {
        Some(Charset::Gbk.decode(&unshift_hz(bytes)).into_owned())
    } else if label.eq_ignore_ascii_case("iso-2022-kr") {
        Some(Charset::EucKr.decode(&unshift_kr(bytes)).into_owned())
    } else {
        let known =
            label.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>();
        codepages::decode(&known, bytes)
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
            // Labels of any age, and what should not be in one.
            (Some("ks_c_5601-1987"), b"\xc7\xd1", "한"),
            (Some("x-windows-949"), b"\xc7\xd1", "한"),
            (Some("cp949"), b"\xc7\xd1", "한"),
            (Some("x-sjis"), b"\x82\xb1", "こ"),
            (Some("Shift-JIS"), b"\x82\xb1", "こ"),
            (Some("x-euc-jp"), b"\xa4\xb3", "こ"),
            (Some("iso-2022-jp-ms"), b"\x1b$B$3\x1b(B", "こ"),
            (Some("gb2312"), b"\xd6\xd0\xce\xc4", "中文"),
            (Some("gb2312-80"), b"\xd6\xd0", "中"),
            (Some("x-gbk"), b"\xd6\xd0", "中"),
            (Some("gb18030"), b"\xd6\xd0", "中"),
            (Some("chinese_big5"), b"\xa4\xa4", "中"),
            (Some("big5-hkscs"), b"\xa4\xa4", "中"),
            (Some("cp-850"), b"\x81", "ü"),
            (Some("ibm437"), b"Gr\x81\xe1e", "Grüße"),
            (Some("cp-852"), b"\x88", "ł"),
            (Some("cp866"), b"\x8f", "П"),
            (Some("macintosh"), b"\x8a", "ä"),
            (Some("x-mac-roman"), b"\x8a", "ä"),
            (Some("macroman"), b"\x8a", "ä"),
            (Some("koi8-u"), b"\xa4", "є"),
            (Some("koi8-ru"), b"\xc1", "а"),
            (Some("iso-8859-8-i"), b"\xf9", "ש"),
            (Some("iso_8859-1:1987"), b"\xfc", "ü"),
            (Some("iso8859_1"), b"\xfc", "ü"),
            (Some("ISO 8859-2"), b"\xb3", "ł"),
            (Some("latin-9"), b"\xa4", "€"),
            (Some("ansi_x3.4-1968"), b"\xfc", "ü"),
            (Some("tis-620"), b"\xa1", "ก"),
            (Some("windows-874"), b"\xa1", "ก"),
            (Some("utf7"), b"Gr+APw-n", "Grün"),
            (Some("unicode-1-1-utf-7"), b"Gr+APw-n", "Grün"),
            (Some("utf8"), "ü".as_bytes(), "ü"),
            (Some("UTF_8"), "ü".as_bytes(), "ü"),
            (Some("unicode"), "ü".as_bytes(), "ü"),
            (Some("\"utf-8\""), "ü".as_bytes(), "ü"),
            (Some("charset=utf-8;"), "ü".as_bytes(), "ü"),
            (Some("utf-8; format=flowed"), "ü".as_bytes(), "ü"),
            (Some("iso-8859-2 (Central Europe)"), b"\xb3", "ł"),
            (Some("unknown-8bit"), b"\xfc", "ü"),
            (Some("x-user-defined"), b"\xfc", "ü"),
            (Some("default_charset"), b"\xfc", "ü"),
            (Some("8bit"), b"\xfc", "ü"),
            (Some("utf-16"), b"\xff\xfea\0\xfc\0", "aü"),
            (Some("utf-16"), b"a\0\xfc\0", "aü"),
            (Some("utf-16"), b"\0a\0\xfc", "aü"),
            (Some("utf-16le"), b"a\0\xfc\0", "aü"),
            (Some("utf-16"), "grün".as_bytes(), "grün"),
            (Some("iso-2022-jp"), b"\x1b$B$3\x1b(B\x1b$B$3\x1b(B", "ここ"),
            (Some("utf-8"), b"end\xe2\x82", "end\u{fffd}"),
        ];
        let wrong: Vec<_> = cases
            .iter()
            .map(|(label, bytes, expected)| (label, decode(*label, bytes), *expected))
            .filter(|(_, seen, expected)| seen != expected)
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
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
