//! Header values in a form that comes back unchanged: encoded words where they are needed and only there
//! (RFC 2047), folded lines (RFC 5322 §2.2.3). The writing itself is mail-builder's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;

use crate::Mailbox;

/// Octets of one word that are written as they are. Longer ones could pass the 998 of a line (RFC 5322 §2.1.1).
const PLAIN_WORD_OCTETS_MAX: usize = 900;
/// Characters of a value that is never folded, whatever the field's name.
const UNFOLDED_CHARS: usize = 40;
/// Octets in one encoded word: 39 become 52 of base64, which with the 12 around them and a field name stay within 76.
const ENCODED_WORD_INPUT_OCTETS: usize = 39;

/// A free-text value: a subject, or a caller's own header.
pub(super) fn unstructured(text: &str) -> HeaderType<'_> {
    if is_fragile(text) {
        return Raw::new(encoded_words(text)).into();
    }
    if is_plain(text) { Raw::new(text).into() } else { Text::new(text).into() }
}

/// A caller's own header. Encoded words of theirs stay as they are: they may have meant them.
pub(super) fn custom(value: &str) -> HeaderType<'_> {
    if is_plain(value) {
        return Raw::new(value).into();
    }
    let theirs = value.contains("=?") && value.contains("?=");
    if !theirs && is_fragile(value) { Raw::new(encoded_words(value)).into() } else { Text::new(value).into() }
}

/// A list of addresses.
pub(super) fn addresses(mailboxes: &[Mailbox]) -> HeaderType<'_> {
    if !mailboxes.iter().any(|mailbox| mailbox.name.as_deref().is_some_and(is_fragile)) {
        let list =
            mailboxes.iter().map(|mailbox| Address::new_address(mailbox.name.as_deref(), mailbox.address.as_str()));
        return Address::new_list(list.collect()).into();
    }
    let written: Vec<String> = mailboxes
        .iter()
        .map(|mailbox| match &mailbox.name {
            Some(name) => format!("{} <{}>", encoded_words(name), mailbox.address),
            None => format!("<{}>", mailbox.address),
        })
        .collect();
    Raw::new(written.join(", ")).into()
}

/// Whether it would not come back as it is: a reader would take it for an encoded word although it is none, or
/// would shorten a run of spaces where the line is folded.
fn is_fragile(text: &str) -> bool {
    text.contains("=?") || (text.len() > UNFOLDED_CHARS && text.contains("  "))
}

/// Whether folding at its spaces keeps it as it is. Readers disagree on runs of white space at a fold.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        && !text.contains("  ")
        && text.split(' ').all(|word| word.len() <= PLAIN_WORD_OCTETS_MAX)
}

fn encoded_words(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut chunk = String::new();
    for character in text.chars() {
        if chunk.len() + character.len_utf8() > ENCODED_WORD_INPUT_OCTETS {
            words.push(encoded_word(&chunk));
            chunk.clear();
        }
        chunk.push(character);
    }
    words.push(encoded_word(&chunk));
    words.join(" ")
}

fn encoded_word(chunk: &str) -> String {
    format!("=?utf-8?B?{}?=", STANDARD.encode(chunk))
}
