//! Signatures made by hand, tag by tag, so that the library that checks them is not asked to make them too.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::crypto::Ed25519Key;

/// Fields a signature of these tests covers, as they stand in the mail.
pub(super) const FROM: &str = "From: Ann <ann@sender.test>\r\n";
pub(super) const SUBJECT: &str = "Subject: hello\r\n";
pub(super) const BODY: &str = "Hello.\r\n";

static KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| {
    let der = Ed25519Key::generate_pkcs8().expect("a key");
    Ed25519KeyPair::from_pkcs8(&der).expect("a key")
});

/// The public key, as `p=` has it.
pub(super) fn public_key() -> String {
    STANDARD.encode(KEY.public_key().as_ref())
}

/// A key record with these tags before `p=`.
pub(super) fn record(tags: &str) -> String {
    format!("{tags}p={}", public_key())
}

/// What `bh=` says of a canonical body.
pub(super) fn body_hash(canonical: &str) -> String {
    STANDARD.encode(digest(&SHA256, canonical.as_bytes()))
}

/// RFC 6376 §3.4.2.
pub(super) fn relaxed(field: &str) -> String {
    let (name, value) = field.split_once(':').expect("a field");
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}\r\n", name.trim().to_ascii_lowercase(), words.join(" "))
}

/// `name: tags; b=…` over `covered`, fields in the order they are signed in, canonical by `relaxed`.
pub(super) fn sign(name: &str, tags: &str, covered: &[&str]) -> String {
    let unsigned = format!("{name}: {tags}; b=");
    let mut text: String = covered.iter().map(|field| relaxed(field)).collect();
    // RFC 6376 §3.7: the field itself comes last, without its b= and its line end.
    text.push_str(relaxed(&unsigned).trim_end_matches("\r\n"));
    let signature = KEY.sign(digest(&SHA256, text.as_bytes()).as_ref());
    format!("{unsigned}{}\r\n", STANDARD.encode(signature.as_ref()))
}

/// The tags of a good signature, without `b=`.
pub(super) fn tags() -> String {
    format!("v=1; a=ed25519-sha256; c=relaxed/relaxed; d=sender.test; s=sel; h=from:subject; bh={}", body_hash(BODY))
}

/// A mail with a signature of these tags over From and Subject.
pub(super) fn mail(tags: &str) -> String {
    format!("{}{FROM}{SUBJECT}\r\n{BODY}", sign("DKIM-Signature", tags, &[FROM, SUBJECT]))
}
