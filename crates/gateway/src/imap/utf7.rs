//! Names of mailboxes in modified UTF-7 (RFC 3501 §5.1.3). Pure.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

pub(super) fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    let flush = |shifted: &mut Vec<u8>, out: &mut String| {
        if !shifted.is_empty() {
            out.push('&');
            BASE64.encode_string(&*shifted, out);
            out.push('-');
            shifted.clear();
        }
    };
    for character in name.chars() {
        if matches!(character, ' '..='~') {
            flush(&mut shifted, &mut out);
            out.push(character);
            if character == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut shifted, &mut out);
    out
}

/// What is no modified UTF-7 stays as it is: some servers send UTF-8 without being asked.
pub(super) fn decode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('&') {
        let (before, shifted) = rest.split_at(at);
        out.push_str(before);
        let Some((code, after)) = shifted.get(1..).and_then(|shifted| shifted.split_once('-')) else {
            out.push_str(shifted);
            return out;
        };
        match (code, units(code)) {
            ("", _) => out.push('&'),
            (_, Some(text)) => out.push_str(&text),
            (_, None) => {
                out.push('&');
                out.push_str(code);
                out.push('-');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn units(code: &str) -> Option<String> {
    let bytes = BASE64.decode(code).ok()?;
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    String::from_utf16(&units).ok().filter(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_survive_and_are_written_as_the_rfc_does() {
        let rows = [
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("R&D", "R&-D"),
            ("Gelöschte Elemente", "Gel&APY-schte Elemente"),
            ("Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
            ("😀", "&2D3eAA-"),
        ];
        for (name, encoded) in rows {
            assert_eq!(encode(name), encoded, "{name}");
            assert_eq!(decode(encoded), name, "{name}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for name in ["a&b", "&", "&!!!!-", "&AAA-", "Gelöscht", "&2D0-"] {
            assert_eq!(decode(name), name);
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back_and_is_printable_on_the_way(name in "[\\PC&\\-]{0,40}") {
            let encoded = encode(&name);
            prop_assert!(encoded.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(decode(&encoded), name);
        }

        #[test]
        fn whatever_a_server_calls_its_folders_is_read(name in "[ -~é&]{0,40}") {
            let read = decode(&name);
            prop_assert!(!read.contains(char::is_control));
            prop_assert!(name.contains('&') || read == name);
        }
    }
}
