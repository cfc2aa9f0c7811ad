//! The identity of a mail's content: the same mail twice has one fingerprint. Never covers trace fields.

use sha2::{Digest, Sha256};

use crate::ParsedMail;

/// SHA-256 over From, Date, Subject and the decoded body parts. Received, DKIM and other trace fields, which
/// differ between two deliveries of one mail, are left out.
pub fn fingerprint(raw: &[u8], mail: &ParsedMail) -> [u8; 32] {
    let mut hash = Sha256::new();
    for name in ["from", "date", "subject"] {
        field(&mut hash, mail.header(name).unwrap_or_default().as_bytes());
    }
    field(&mut hash, mail.text.as_deref().unwrap_or_default().as_bytes());
    field(&mut hash, mail.html.as_deref().unwrap_or_default().as_bytes());
    for attachment in &mail.attachments {
        field(&mut hash, &crate::attachment_bytes(raw, attachment.part).unwrap_or_default());
    }
    hash.finalize().into()
}

/// The length goes first: two fields never run together.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}
