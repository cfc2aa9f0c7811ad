//! Reads TNEF (winmail.dat, [MS-OXTNEF]): the files and texts Outlook wraps up. Owns that format; never writes it, never recurses.

use std::ops::Range;

use crate::{charset, rtf};

const SIGNATURE: &[u8] = &0x223e_9f78_u32.to_le_bytes();
/// Attributes, properties and files read of one TNEF stream at most.
const ITEMS_MAX: usize = 10_000;
const FILES_MAX: usize = 100;

// [MS-OXTNEF] §2.1.3.3: the attributes read.
const OEM_CODEPAGE: u32 = 0x0006_9007;
const BODY: u32 = 0x0002_800c;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const RENDER_DATA: u32 = 0x0006_9002;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_DATA: u32 = 0x0006_800f;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;

// [MS-OXPROPS]: the properties read.
const TAG_BODY: u16 = 0x1000;
const TAG_BODY_HTML: u16 = 0x1013;
const TAG_RTF_COMPRESSED: u16 = 0x1009;
const TAG_INTERNET_CODEPAGE: u16 = 0x3fde;
const TAG_ATTACH_DATA: u16 = 0x3701;
const TAG_ATTACH_FILENAME: u16 = 0x3704;
const TAG_ATTACH_LONG_FILENAME: u16 = 0x3707;
const TAG_ATTACH_MIME_TAG: u16 = 0x370e;
const TAG_ATTACH_CONTENT_ID: u16 = 0x3712;

/// A file wrapped up in TNEF.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct File {
    pub name: Option<String>,
    pub content_type: Option<String>,
    pub content_id: Option<String>,
    /// Its bytes, within the stream.
    pub place: Range<usize>,
    long_name: bool,
}

/// What a stream holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tnef {
    pub files: Vec<File>,
    pub text: Option<String>,
    pub html: Option<String>,
    /// A text in Outlook's rich text format.
    pub rich_text: Option<rtf::Content>,
    /// It holds more than is listed here.
    pub unread: bool,
}

/// Reads a stream as far as it goes; `None` if it is no TNEF.
pub(crate) fn read(bytes: &[u8]) -> Option<Tnef> {
    let mut input = Input { bytes, at: 0 };
    if input.take(4)? != SIGNATURE {
        return None;
    }
    input.take(2)?; // the key: of no use to anybody
    let mut tnef = Tnef::default();
    let mut codepage = None;
    for _ in 0..ITEMS_MAX {
        if attribute(&mut input, &mut tnef, &mut codepage).is_none() {
            break;
        }
    }
    tnef.files.retain(|file| !file.place.is_empty() || file.name.is_some());
    Some(tnef)
}

fn attribute(input: &mut Input<'_>, tnef: &mut Tnef, codepage: &mut Option<String>) -> Option<()> {
    input.take(1)?; // level: the ids tell as much
    let id = input.u32()?;
    let length = input.u32()? as usize;
    let start = input.at;
    let data = input.take(length)?;
    input.take(2)?; // checksum: a mail that came this far is shown even so
    match id {
        OEM_CODEPAGE => *codepage = data.first_chunk().map(|page| format!("cp{}", u32::from_le_bytes(*page))),
        BODY => tnef.text = Some(string(data, codepage.as_deref())),
        MESSAGE_PROPERTIES => {
            // HTML is in a charset of its own, whose number may come behind it.
            let mut page = codepage.clone();
            properties(data, |tag, _, value| {
                if tag == TAG_INTERNET_CODEPAGE
                    && let Some(number) = value.bytes.first_chunk()
                {
                    page = Some(format!("cp{}", u32::from_le_bytes(*number)));
                }
            });
            properties(data, |tag, kind, value| match tag {
                TAG_BODY => tnef.text = Some(property_string(kind, value.bytes, codepage.as_deref())),
                TAG_BODY_HTML => tnef.html = Some(property_string(kind, value.bytes, page.as_deref())),
                TAG_RTF_COMPRESSED => {
                    tnef.rich_text = rtf::unpack(value.bytes).and_then(|unpacked| rtf::read(&unpacked));
                    tnef.unread |= !value.bytes.is_empty() && tnef.rich_text.is_none();
                }
                _ => {}
            })
        }
        RENDER_DATA if tnef.files.len() < FILES_MAX => tnef.files.push(File::default()),
        RENDER_DATA => {
            tnef.unread = true;
            return None;
        }
        ATTACH_TITLE => {
            if let Some(file) = tnef.files.last_mut().filter(|file| !file.long_name) {
                file.name = name(string(data, codepage.as_deref()));
            }
        }
        ATTACH_DATA => {
            if let Some(file) = tnef.files.last_mut() {
                file.place = start..start + length;
            }
        }
        ATTACH_PROPERTIES => {
            if let Some(file) = tnef.files.last_mut() {
                properties(data, |tag, kind, value| file.property(tag, kind, &value, start, codepage.as_deref()));
            }
        }
        _ => {}
    }
    Some(())
}

impl File {
    fn property(&mut self, tag: u16, kind: u16, value: &Value<'_>, start: usize, codepage: Option<&str>) {
        let text = || name(property_string(kind, value.bytes, codepage));
        match tag {
            TAG_ATTACH_LONG_FILENAME => (self.name, self.long_name) = (text(), true),
            TAG_ATTACH_FILENAME if self.name.is_none() => self.name = text(),
            TAG_ATTACH_MIME_TAG => self.content_type = text().map(|kind| kind.to_ascii_lowercase()),
            TAG_ATTACH_CONTENT_ID => self.content_id = text(),
            TAG_ATTACH_DATA if self.place.is_empty() => {
                // An object begins with the 16 bytes of its interface.
                let skipped = if kind == KIND_OBJECT { value.bytes.len().min(16) } else { 0 };
                let at = start + value.at;
                self.place = at + skipped..at + value.bytes.len();
            }
            _ => {}
        }
    }
}

const KIND_OBJECT: u16 = 0x0d;
const KIND_STRING8: u16 = 0x1e;
const KIND_UNICODE: u16 = 0x1f;
const KIND_BINARY: u16 = 0x102;
const KIND_MANY: u16 = 0x1000;

struct Value<'a> {
    /// Within the attribute's data.
    at: usize,
    bytes: &'a [u8],
}

/// [MS-OXTNEF] §2.1.3.4: calls back with the first value of each property.
fn properties(data: &[u8], mut each: impl FnMut(u16, u16, Value<'_>)) {
    let mut input = Input { bytes: data, at: 0 };
    let Some(count) = input.u32() else { return };
    for _ in 0..(count as usize).min(ITEMS_MAX) {
        if property(&mut input, &mut each).is_none() {
            break;
        }
    }
}

fn property(input: &mut Input<'_>, each: &mut impl FnMut(u16, u16, Value<'_>)) -> Option<()> {
    let kind = input.u16()?;
    let tag = input.u16()?;
    if tag >= 0x8000 {
        input.take(16)?;
        if input.u32()? == 0 {
            input.take(4)?;
        } else {
            let length = input.u32()? as usize;
            input.take(padded(length))?;
        }
    }
    let base = kind & !KIND_MANY;
    let variable = matches!(base, KIND_OBJECT | KIND_STRING8 | KIND_UNICODE | KIND_BINARY);
    let values = if variable || kind & KIND_MANY != 0 { input.u32()? as usize } else { 1 };
    for index in 0..values.min(ITEMS_MAX) {
        let length = match base {
            _ if variable => input.u32()? as usize,
            0x02..=0x04 | 0x0a | 0x0b => 4,
            0x05..=0x07 | 0x14 | 0x40 => 8,
            0x48 => 16,
            0x00 | 0x01 => 0,
            _ => return None,
        };
        let at = input.at;
        let bytes = input.take(length)?;
        input.take(padded(length) - length).or_else(|| input.take(0))?;
        if index == 0 {
            each(tag, kind, Value { at, bytes });
        }
    }
    Some(())
}

const fn padded(length: usize) -> usize {
    length.saturating_add(3) & !3
}

fn property_string(kind: u16, bytes: &[u8], codepage: Option<&str>) -> String {
    if kind & !KIND_MANY == KIND_UNICODE {
        let (text, _) = encoding_rs::UTF_16LE.decode_without_bom_handling(bytes);
        text.trim_end_matches('\0').to_owned()
    } else {
        string(bytes, codepage)
    }
}

fn string(bytes: &[u8], codepage: Option<&str>) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    charset::decode(codepage, bytes.get(..end).unwrap_or_default())
}

fn name(text: String) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    (!text.trim().is_empty()).then_some(text)
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(*self.take(2)?.first_chunk()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: u32, data: &[u8]) -> Vec<u8> {
        let mut out = vec![1];
        out.extend(id.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
        out
    }

    fn unicode(tag: u16, text: &str) -> Vec<u8> {
        let bytes: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let mut out = [KIND_UNICODE.to_le_bytes(), tag.to_le_bytes()].concat();
        out.extend(1_u32.to_le_bytes());
        out.extend((bytes.len() as u32).to_le_bytes());
        out.extend(&bytes);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    #[test]
    fn files_come_with_their_long_names_and_bytes() {
        let mut properties = 2_u32.to_le_bytes().to_vec();
        properties.extend(unicode(TAG_ATTACH_LONG_FILENAME, "Grüße an alle.txt"));
        properties.extend(unicode(TAG_ATTACH_MIME_TAG, "text/plain"));
        let mut stream = [SIGNATURE, &[1, 0]].concat();
        stream.extend(attribute(OEM_CODEPAGE, &[0xe4, 4, 0, 0, 0, 0, 0, 0]));
        stream.extend(attribute(BODY, b"Gr\xfc\xdfe\0"));
        stream.extend(attribute(RENDER_DATA, &[0; 14]));
        stream.extend(attribute(ATTACH_TITLE, b"GRUSSE~1.TXT\0"));
        stream.extend(attribute(ATTACH_DATA, b"Hallo"));
        stream.extend(attribute(ATTACH_PROPERTIES, &properties));
        let tnef = read(&stream).unwrap();
        assert_eq!(tnef.text.as_deref(), Some("Grüße"));
        assert_eq!(tnef.files.len(), 1);
        assert_eq!(tnef.files[0].name.as_deref(), Some("Grüße an alle.txt"));
        assert_eq!(tnef.files[0].content_type.as_deref(), Some("text/plain"));
        assert_eq!(&stream[tnef.files[0].place.clone()], b"Hallo");
    }

    #[test]
    fn a_stream_cut_short_gives_what_was_there() {
        let mut stream = [SIGNATURE, &[1, 0]].concat();
        stream.extend(attribute(BODY, b"first\0"));
        stream.extend(attribute(RENDER_DATA, &[0; 14]));
        for end in 0..stream.len() {
            let _ = read(&stream[..end]);
        }
        assert_eq!(read(&stream[..stream.len() - 3]).unwrap().text.as_deref(), Some("first"));
        assert_eq!(read(b"no tnef at all"), None);
    }
}
