//! Encoded words (RFC 2047, with the language of RFC 2231 §5) back to text, as programs write them rather than as they should.
//! Owns finding, joining and decoding them; never decides where a field may have them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::charset;

/// Characters of a charset's name, its language with it.
const CHARSET_CHARS_MAX: usize = 80;

/// Padding is left out by some, and the last bits are not always zero.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One encoded word as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word<'a> {
    charset: &'a str,
    base64: bool,
    text: &'a str,
    /// Bytes from `=?` to `?=`.
    length: usize,
    /// Its `?=` is there.
    ended: bool,
}

/// The length of the encoded word that `text` begins with.
pub(crate) fn word_length(text: &str) -> Option<usize> {
    word(text).filter(|word| word.ended).map(|word| word.length)
}

/// Decodes every encoded word. White space between two of them is no text (RFC 2047 §6.2).
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut run: Vec<Word<'_>> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() && (run.is_empty() || !before.chars().all(char::is_whitespace)) {
            flush(&mut run, &mut out);
            out.push_str(before);
        }
        if let Some(word) = word(from) {
            if run.last().is_some_and(|last| !last.charset.eq_ignore_ascii_case(word.charset)) {
                flush(&mut run, &mut out);
                // White space before the next word still is none: the run goes on in another charset.
            }
            run.push(word);
            rest = from.get(word.length..).unwrap_or_default();
        } else {
            if run.is_empty() || before.is_empty() || !before.chars().all(char::is_whitespace) {
                flush(&mut run, &mut out);
            } else {
                flush(&mut run, &mut out);
                out.push_str(before);
            }
            out.push_str("=?");
            rest = from.get(2..).unwrap_or_default();
        }
    }
    flush(&mut run, &mut out);
    out.push_str(rest);
    Cow::Owned(out)
}

fn word(text: &str) -> Option<Word<'_>> {
    let inner = text.strip_prefix("=?")?;
    let window = inner.get(..inner.floor_char_boundary(CHARSET_CHARS_MAX))?;
    let (charset, _) = window.split_once('?')?;
    let charset = charset.split('*').next().unwrap_or_default();
    if charset.is_empty() || charset.starts_with(char::is_whitespace) {
        return None;
    }
    let head = window.find('?')?;
    let (base64, body) = match inner.as_bytes().get(head + 1..head + 3)? {
        [b'b' | b'B', b'?'] => (true, inner.get(head + 3..)?),
        [b'q' | b'Q', b'?'] => (false, inner.get(head + 3..)?),
        _ => return None,
    };
    let end = word_end(body, base64);
    let (text, closing) = match end {
        Some(end) => (body.get(..end)?, 2),
        // Cut off by a program with a limit on fields: the rest is the word, if it looks like one.
        None if !body.is_empty() && !body.contains(char::is_whitespace) => (body.trim_end_matches('?'), body.len()),
        None => return None,
    };
    let length = if end.is_some() { 2 + head + 3 + text.len() + closing } else { 2 + head + 3 + closing };
    let word = Word { charset, base64, text, length, ended: end.is_some() };
    (word.ended || is_whole(&word)).then_some(word)
}

/// Whether a word that was cut off still is text.
fn is_whole(word: &Word<'_>) -> bool {
    let mut bytes = Vec::new();
    if word.base64 {
        bytes = unbase64(word.text);
    } else {
        unquote(word.text, &mut bytes);
    }
    charset::is_well_formed(word.charset, &bytes) && word.text.is_ascii()
}

/// Where `?=` is. A question mark that should have been encoded, and before `=XX` looks like the end, is none.
fn word_end(body: &str, base64: bool) -> Option<usize> {
    let mut from = 0;
    loop {
        let end = from + body.get(from..)?.find("?=")?;
        let after = body.get(end + 2..).unwrap_or_default();
        let hex = |at: usize| after.as_bytes().get(at).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        if base64 || !hex(0) || !hex(1) {
            return Some(end);
        }
        let goes_on =
            after.find("?=").is_some_and(|next| !after.get(..next).unwrap_or_default().contains([' ', '\t', '\n']))
                && after.find("=?").is_none_or(|word| after.find("?=").is_some_and(|next| next < word));
        if !goes_on {
            return Some(end);
        }
        from = end + 2;
    }
}

/// Decodes words of one charset together: a character may be split between two of them.
fn flush(run: &mut Vec<Word<'_>>, out: &mut String) {
    let words = std::mem::take(run);
    let Some(first) = words.first() else { return };
    let mut bytes = Vec::new();
    for word in &words {
        if word.base64 {
            bytes.extend(unbase64(word.text));
            continue;
        }
        let mut rest = word.text;
        // Raw text where only encoded bytes may be: it is text already.
        while let Some(at) = rest.find(|c: char| !c.is_ascii()) {
            let (before, raw) = rest.split_at(at);
            unquote(before, &mut bytes);
            out.push_str(&charset::decode(Some(first.charset), &std::mem::take(&mut bytes)));
            let end = raw.find(|c: char| c.is_ascii()).unwrap_or(raw.len());
            let (raw, tail) = raw.split_at(end);
            out.push_str(raw);
            rest = tail;
        }
        unquote(rest, &mut bytes);
    }
    if words.len() > 1 && words.iter().all(|word| word.base64) && !charset::is_well_formed(first.charset, &bytes) {
        // Some cut the finished base64 into words, anywhere.
        let joined = unbase64(&words.iter().map(|word| word.text).collect::<String>());
        if charset::is_well_formed(first.charset, &joined) {
            bytes = joined;
        }
    }
    out.push_str(&charset::decode(Some(first.charset), &bytes));
}

fn unbase64(text: &str) -> Vec<u8> {
    // Padding may stand in the middle, where two pieces were put together.
    text.split_inclusive('=')
        .flat_map(|piece| {
            let clean: Vec<u8> =
                piece.bytes().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).collect();
            // A single character left over holds no byte.
            let whole = if clean.len() % 4 == 1 { clean.len() - 1 } else { clean.len() };
            BASE64.decode(clean.get(..whole).unwrap_or_default()).unwrap_or_default()
        })
        .collect()
}

/// The `Q` encoding. What is no `=XX` is taken as it is.
fn unquote(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'_' => out.push(b' '),
            b'=' => match (hex(bytes.get(at)), hex(bytes.get(at + 1))) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    at += 2;
                }
                _ => out.push(b'='),
            },
            byte => out.push(byte),
        }
    }
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    char::from(*digit?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_decoded_as_they_are_written() {
        let cases = [
            ("no words at all", "no words at all"),
            ("=?utf-8?q?Gr=C3=BC=C3=9Fe_an?= alle", "Grüße an alle"),
            // White space between two words is none, whatever their charsets.
            ("=?utf-8?Q?a?= \t=?utf-8?Q?b?=", "ab"),
            ("=?windows-1252?q?caf=e9?= =?utf-8?q?_=C3=BC?=", "café ü"),
            ("=?utf-8?Q?a?=  c  =?utf-8?Q?b?=", "a  c  b"),
            // A character split between two words; base64 cut anywhere.
            ("=?utf-8?Q?a=C3?= =?utf-8?Q?=BC_b?=", "aü b"),
            ("=?utf-8?B?8J8=?= =?utf-8?B?mIA=?=", "😀"),
            ("=?shift_jis?B?k/o?= =?shift_jis?B?lns=?=", "日本"),
            ("=?utf-8?B?5Lit5p?= =?utf-8?B?aH?=", "中文"),
            ("=?iso-2022-jp?B?GyRCJDMbKEI=?==?iso-2022-jp?B?GyRCJDMbKEI=?=", "ここ"),
            // Padding left out, or in the middle.
            ("=?utf-8?B?w7w?=", "ü"),
            ("=?utf-8?B?w7w=w7w=?=", "üü"),
            // In quotes, glued to text, with a language, with spaces, folded.
            ("a=?utf-8?q?=C3=BC?=b", "aüb"),
            ("\"=?utf-8?q?=C3=BC?=\"", "\"ü\""),
            ("=?utf-8*en?q?=C3=BC?= x", "ü x"),
            ("=?utf-8?q?=C3=BC x y?= z", "ü x y z"),
            ("=?gb2312?B?1tDO\r\n xA==?=", "中文"),
            ("=?\"utf-8\"?Q?=C3=BC?=", "ü"),
            // Charsets that are wrong or unknown.
            ("=?x-unknown?q?abc=FC?=", "abcü"),
            ("=?unknown-8bit?b?R3L832U=?=", "Grüße"),
            ("=?utf-8?q?gr=fc=dfe?=", "grüße"),
            ("=?us-ascii?Q?Gr=C3=BC?=", "Grü"),
            ("=?hz-gb-2312?Q?~=7BVPND~=7D?=", "中文"),
            ("=?iso-2022-kr?B?GyQpQw5HUQ8=?=", "한"),
            ("=?cp-850?Q?=81?=", "ü"),
            ("=?utf-7?Q?Gr+APw-n?=", "Grün"),
            ("=?iso-8859-1?Q?Jürgen?=", "Jürgen"),
            // Question marks inside; cut off; no words.
            ("=?UTF-8?Q?a?b?=", "a?b"),
            ("=?UTF-8?Q?what?=20now?=", "what? now"),
            ("=?utf-8?Q?a?=20 =?utf-8?Q?b?=", "a20 b"),
            ("=?UTF-8?B?w7w", "ü"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("=? utf-8?Q?a?=", "=? utf-8?Q?a?="),
            ("a =?b", "a =?b"),
            ("=?utf-8?Q?a?= =? b", "a =? b"),
            ("=?utf-8?Q??=", ""),
        ];
        for (written, meant) in cases {
            assert_eq!(decode(written), meant, "{written:?}");
        }
    }
}
