//! Rich text (RTF 1.9.1) to text, or to the HTML it wraps up ([MS-OXRTFEX]), also as Outlook compresses it ([MS-OXRTFCP]).
//! Owns reading the words in it; never looks at fonts, pictures or objects.

use crate::charset;

/// Bytes of compressed rich text once it is unpacked.
const UNPACKED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Groups within each other; deeper ones count as text of the last.
const DEPTH_MAX: usize = 1_000;

/// What rich text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Text(String),
    Html(String),
}

/// Reads rich text; `None` if it is none, or says nothing.
pub(crate) fn read(bytes: &[u8]) -> Option<Content> {
    if !bytes.trim_ascii_start().starts_with(b"{\\rtf") {
        return None;
    }
    let mut reader = Reader { rest: bytes, ..Reader::default() };
    while let Some((&byte, rest)) = reader.rest.split_first() {
        reader.rest = rest;
        reader.byte(byte);
    }
    reader.flush();
    let said = reader.out;
    let empty = said.trim().is_empty();
    (!empty).then_some(if reader.html { Content::Html(said) } else { Content::Text(said.trim_end().to_owned()) })
}

/// Groups whose content is no text.
#[rustfmt::skip]
const DESTINATIONS: &[&str] = &[
    "author", "colortbl", "comment", "company", "creatim", "datafield", "fonttbl", "footer", "footerf", "footerl",
    "footerr", "footnote", "generator", "header", "headerf", "headerl", "headerr", "info", "keywords", "listtable",
    "nonshppict", "objdata", "object", "operator", "pict", "printim", "private", "revtim", "rxe", "stylesheet", "subject",
    "tc", "template", "themedata", "title", "txe", "xe",
];

/// Characters with names.
#[rustfmt::skip]
const SYMBOLS: &[(&str, &str)] = &[
    ("bullet", "•"), ("cell", "\t"), ("emdash", "—"), ("emspace", "\u{2003}"), ("endash", "–"), ("enspace", "\u{2002}"),
    ("ldblquote", "“"), ("line", "\n"), ("lquote", "‘"), ("page", "\n"), ("par", "\n"), ("rdblquote", "”"), ("row", "\n"),
    ("rquote", "’"), ("sect", "\n"), ("tab", "\t"),
];

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    skipped: bool,
    /// `\htmlrtf`: there for readers that know no HTML.
    rtf_only: bool,
    /// Within `\htmltag`.
    tag: bool,
    /// Bytes that stand for a character `\u` has given already.
    fallback: usize,
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a [u8],
    out: String,
    /// Characters of the code page, not decoded yet.
    bytes: Vec<u8>,
    codepage: Option<String>,
    high_surrogate: Option<u16>,
    group: Group,
    open: Vec<Group>,
    /// Groups open beyond [`DEPTH_MAX`].
    deeper: usize,
    html: bool,
    /// `\*` stood before: a destination that may be unknown.
    optional: bool,
    /// Bytes of the fallback of `\u` still to be passed over.
    passing: usize,
}

impl Reader<'_> {
    fn byte(&mut self, byte: u8) {
        match byte {
            b'{' if self.open.len() < DEPTH_MAX => self.open.push(self.group),
            b'{' => self.deeper += 1,
            b'}' if self.deeper > 0 => self.deeper -= 1,
            b'}' => {
                if self.open.len() > 1 {
                    self.flush();
                }
                self.group = self.open.pop().unwrap_or_default();
                self.optional = false;
            }
            b'\\' => self.control(),
            b'\r' | b'\n' | 0 => {}
            byte => self.character(byte),
        }
    }

    fn shows(&self) -> bool {
        !self.group.skipped && (!self.html || self.group.tag || !self.group.rtf_only)
    }

    fn character(&mut self, byte: u8) {
        if self.passing > 0 {
            self.passing -= 1;
        } else if self.shows() {
            self.bytes.push(byte);
        }
    }

    fn flush(&mut self) {
        if self.high_surrogate.take().is_some() {
            self.out.push(char::REPLACEMENT_CHARACTER);
        }
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            self.out.push_str(&charset::decode(Some(self.codepage.as_deref().unwrap_or("windows-1252")), &bytes));
        }
    }

    fn push(&mut self, text: &str) {
        if self.shows() {
            self.flush();
            self.out.push_str(text);
        }
    }

    fn control(&mut self) {
        let Some((&first, rest)) = self.rest.split_first() else { return };
        if first.is_ascii_alphabetic() {
            let end = self.rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            let signed = usize::from(rest.first() == Some(&b'-'));
            let digits = rest.iter().skip(signed).take_while(|byte| byte.is_ascii_digit()).count();
            let (number, rest) = rest.split_at(if digits > 0 { signed + digits } else { 0 });
            self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
            let number = std::str::from_utf8(number).ok().and_then(|number| number.parse::<i32>().ok());
            self.word(&String::from_utf8_lossy(word), number);
            return;
        }
        self.rest = rest;
        match first {
            b'\'' => {
                let digit = |at: usize| rest.get(at).and_then(|digit| char::from(*digit).to_digit(16));
                if let (Some(high), Some(low)) = (digit(0), digit(1)) {
                    self.rest = rest.get(2..).unwrap_or_default();
                    self.character(u8::try_from(high << 4 | low).unwrap_or_default());
                }
            }
            b'*' => self.optional = true,
            b'~' => self.push("\u{a0}"),
            b'_' => self.push("-"),
            b'\r' | b'\n' => self.push("\n"),
            b'\\' | b'{' | b'}' => self.character(first),
            _ => {}
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        let optional = std::mem::take(&mut self.optional);
        match word {
            "ansicpg" => self.codepage = number.filter(|page| *page > 0).map(|page| format!("cp{page}")),
            "mac" => self.codepage = Some("macintosh".to_owned()),
            "pc" => self.codepage = Some("cp437".to_owned()),
            "pca" => self.codepage = Some("cp850".to_owned()),
            "fromhtml" if number != Some(0) => self.html = true,
            "htmlrtf" => {
                self.flush();
                self.group.rtf_only = number != Some(0);
            }
            "htmltag" => {
                self.flush();
                self.group.tag = true;
            }
            "uc" => self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8) + 1,
            "u" => self.unicode(number.unwrap_or_default()),
            "bin" => {
                let length = usize::try_from(number.unwrap_or_default()).unwrap_or_default();
                self.rest = self.rest.get(length..).unwrap_or_default();
            }
            word if optional || DESTINATIONS.binary_search(&word).is_ok() => self.group.skipped = true,
            word => {
                if let Ok(at) = SYMBOLS.binary_search_by_key(&word, |(name, _)| name)
                    && let Some((_, text)) = SYMBOLS.get(at)
                {
                    self.push(text);
                }
            }
        }
    }

    /// `\u`: a UTF-16 unit as a signed number, then what readers show that don't know it.
    fn unicode(&mut self, number: i32) {
        self.passing = self.group.fallback.checked_sub(1).unwrap_or(1);
        let unit = (number & 0xffff) as u16;
        if !self.shows() {
            return;
        }
        let high = self.high_surrogate.take();
        self.flush();
        match char::decode_utf16(high.into_iter().chain([unit])).next() {
            Some(Ok(character)) => self.out.push(character),
            _ if (0xd800..0xdc00).contains(&unit) => self.high_surrogate = Some(unit),
            _ => self.out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// What the dictionary begins with ([MS-OXRTFCP] §2.1.2.1).
const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Unpacks what [MS-OXRTFCP] packs, as far as it goes; `None` if it is nothing of the kind.
pub(crate) fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| bytes.get(at..at + 4)?.first_chunk().map(|word| u32::from_le_bytes(*word));
    let size = (word(4)? as usize).min(UNPACKED_BYTES_MAX);
    let packed = bytes.get(16..)?;
    match word(8)?.to_le_bytes().as_slice() {
        b"MELA" => return Some(packed.get(..size.min(packed.len()))?.to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut window = DICTIONARY.to_vec();
    let start = window.len();
    let mut input = packed.iter().copied();
    'runs: while window.len() - start < size {
        let Some(control) = input.next() else { break };
        for bit in 0..8 {
            if control & 1 << bit == 0 {
                let Some(literal) = input.next() else { break 'runs };
                window.push(literal);
                continue;
            }
            let (Some(first), Some(second)) = (input.next(), input.next()) else { break 'runs };
            let reference = usize::from(u16::from_be_bytes([first, second]));
            let (offset, length) = (reference >> 4, (reference & 15) + 2);
            // Offsets count around a ring of 4096 bytes; the place to write next is the end.
            let distance = (window.len() + 4096 - offset - 1) % 4096 + 1;
            if distance == 4096 || distance > window.len() {
                break 'runs;
            }
            for _ in 0..length {
                let Some(&byte) = window.get(window.len() - distance) else { break 'runs };
                window.push(byte);
            }
        }
    }
    window.truncate(start + size);
    window.drain(..start);
    Some(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rich_text_is_told_in_words() {
        for (written, said) in [
            (
                "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}\\f0 Hello \\b there\\b0 .\\par Bye}",
                "Hello there.\nBye",
            ),
            ("{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0\\'e8}", "При"),
            ("{\\rtf1\\ansi\\uc1 5 \\u8364? and \\u-10179?\\u-8704?}", "5 € and 😀"),
            ("{\\rtf1\\ansi\\uc2 \\u252\\'81\\'81x}", "üx"),
            ("{\\rtf1 a\\tab b\\emdash c\\~d \\{e\\} \\\\f}", "a\tb—c\u{a0}d {e} \\f"),
            ("{\\rtf1{\\*\\unknown secret}{\\info{\\title T}}{\\pict 0a0b}said}", "said"),
            ("{\\rtf1 a{\\bin3 }}}b}", "ab"),
        ] {
            assert_eq!(read(written.as_bytes()), Some(Content::Text(said.to_owned())), "{written}");
        }
        let wrapped = "{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 Gr\\'fc\\'dfe{\\*\\htmltag84 &nbsp;}\\htmlrtf }\\par\\htmlrtf0{\\*\\htmltag72 </p>}}";
        assert_eq!(read(wrapped.as_bytes()), Some(Content::Html("<p>Grüße&nbsp;</p>".to_owned())));
        for nothing in ["", "text", "{\\rtf1}", "{\\rtf1{\\fonttbl x}}"] {
            assert_eq!(read(nothing.as_bytes()), None, "{nothing}");
        }
        assert!(read("{\\rtf1".repeat(100_000).as_bytes()).is_none());
    }

    #[test]
    fn packed_rich_text_is_unpacked() {
        // The example of [MS-OXRTFCP] §3.1.1.
        let packed = b"\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125B2\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(unpack(packed).as_deref(), Some(&b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"[..]));
        assert_eq!(read(&unpack(packed).unwrap_or_default()), Some(Content::Text("hello world".to_owned())));
        assert_eq!(unpack(b"\x10\x00\x00\x00\x02\x00\x00\x00MELA\0\0\0\0hi").as_deref(), Some(&b"hi"[..]));
        assert_eq!(unpack(b"neither"), None);
    }

    #[test]
    fn tables_are_sorted() {
        assert!(DESTINATIONS.is_sorted());
        assert!(SYMBOLS.is_sorted());
    }
}
