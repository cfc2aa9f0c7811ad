//! The identity of a mail's content: the same mail twice has one fingerprint. Never covers trace fields.

use sha2::{Digest, Sha256};

use crate::{ParsedMail, mime};

/// SHA-256 over From, Date, Subject and the decoded leaves. Received, DKIM and other trace fields, which differ between two
/// deliveries of one mail, are left out, as are transfer encodings and line ends, which relays may change.
pub fn fingerprint(raw: &[u8], mail: &ParsedMail) -> [u8; 32] {
    let mut hash = Sha256::new();
    for name in ["from", "date", "subject"] {
        field(&mut hash, mail.header(name).unwrap_or_default().as_bytes());
    }
    let Some(message) = mime::structure(raw) else {
        lines(&mut hash, raw);
        return hash.finalize().into();
    };
    if !mail.limits.is_empty() {
        // Not all of it was looked at: two mails must not be taken for one because of what nobody saw.
        field(&mut hash, message.body());
        return hash.finalize().into();
    }
    for leaf in mime::leaves(&message).0 {
        let (kind, subtype) = leaf.media();
        field(&mut hash, kind.as_bytes());
        field(&mut hash, subtype.as_bytes());
        if !leaf.before().is_empty() {
            lines(&mut hash, leaf.before());
        }
        let bytes = leaf.decoded();
        if leaf.is_plain() || kind == "text" { lines(&mut hash, &bytes) } else { field(&mut hash, &bytes) }
    }
    hash.finalize().into()
}

/// The length goes first: two fields never run together.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// Line ends count as LF and empty lines at the end not at all: SMTP, IMAP and mbox differ there.
fn lines(hash: &mut Sha256, bytes: &[u8]) {
    let bytes = bytes.trim_ascii_end();
    let (mut start, mut length) = (0, 0_u64);
    let mut add = |part: &[u8]| {
        hash.update(part);
        length += part.len() as u64;
    };
    for end in memchr::memmem::find_iter(bytes, b"\r\n") {
        add(bytes.get(start..end).unwrap_or_default());
        start = end + 1;
    }
    add(bytes.get(start..).unwrap_or_default());
    hash.update(length.to_be_bytes());
}
