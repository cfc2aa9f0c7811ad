//! The fields of DKIM and ARC as strictly as they are defined (RFC 6376 §3.5, RFC 8617 §4.1). Owns what is wrong with the form of one;
//! never checks a signature and never asks DNS.

use std::collections::HashSet;

use mail_auth::AuthenticatedMessage;
use model::auth::AuthResult;

use super::tags::{Tags, base64_bytes, is_base64, trim, values};

/// Sets of one ARC chain (RFC 8617 §4.2.1).
pub(super) const ARC_SETS_MAX: usize = 50;
/// Digits of a time (RFC 6376 §3.5).
const TIME_DIGITS_MAX: usize = 12;
/// An RSA key's modulus (RFC 8301 §3.2): 1024 bits.
const RSA_BYTES_MIN: usize = 128;

/// Why a signature is not even checked, and what that comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) result: AuthResult,
    pub(super) why: &'static str,
}

/// It is there, but no signature as defined (RFC 8601 §2.7.1).
pub(super) const fn malformed(why: &'static str) -> Fault {
    Fault { result: AuthResult::Neutral, why }
}

/// It is one, and worth nothing.
const fn worthless(why: &'static str) -> Fault {
    Fault { result: AuthResult::Fail, why }
}

/// A DKIM-Signature (RFC 6376 §6.1.1). A version is asked for there too, but mail signed before that RFC lacks it, and nothing hangs on it.
pub(super) fn check_dkim(field: &[u8]) -> Result<(), Fault> {
    let tags = read(field)?;
    require(&tags, &["a", "b", "bh", "d", "h", "s"])?;
    if tags.get("v").is_some_and(|version| version != "1") {
        return Err(malformed("the signature is of another version of DKIM"));
    }
    if tags.get("i").is_some_and(|identity| !is_identity(identity)) {
        return Err(malformed("the identity of the signature (i=) is none"));
    }
    check_signature(&tags)?;
    check_message_signature(&tags)
}

/// An ARC-Message-Signature (RFC 8617 §4.1.2): as DKIM's, but that its `i=` counts and a version says nothing.
pub(super) fn check_arc_signature(field: &[u8]) -> Result<(), Fault> {
    let tags = read(field)?;
    require(&tags, &["i", "a", "b", "bh", "d", "h", "s"])?;
    check_instance(&tags)?;
    check_signature(&tags)?;
    if covers(&tags, "arc-seal") {
        return Err(malformed("an ARC-Message-Signature covers ARC-Seal"));
    }
    check_message_signature(&tags)
}

/// An ARC-Seal (RFC 8617 §4.1.3): what it covers is given, so it has no `h=`.
pub(super) fn check_arc_seal(field: &[u8]) -> Result<(), Fault> {
    let tags = read(field)?;
    require(&tags, &["i", "a", "b", "cv", "d", "s"])?;
    check_instance(&tags)?;
    if tags.get("h").is_some() {
        return Err(malformed("an ARC-Seal has h="));
    }
    let said = |word: &str| ["none", "pass", "fail"].iter().any(|known| known.eq_ignore_ascii_case(word));
    if !tags.get("cv").is_some_and(said) {
        return Err(malformed("an ARC-Seal does not say whether the chain was whole (cv=)"));
    }
    check_signature(&tags)
}

/// ARC-Authentication-Results begin with their instance (RFC 8617 §4.1.1): `i=1;`. The comments that are allowed around it the library
/// does not read, and nobody writes.
pub(super) fn check_arc_results(field: &[u8]) -> Result<(), Fault> {
    let begins = || {
        let (tag, _) = std::str::from_utf8(field).ok()?.split_once(';')?;
        let (name, digits) = tag.split_once('=')?;
        (trim(name) == "i" && is_instance(trim(digits))).then_some(())
    };
    begins().ok_or(malformed("ARC-Authentication-Results do not begin with their instance"))
}

/// Names of fields that stand in the mail with white space before their colon (RFC 5322 §4.5). The library does not find these for a
/// signature, so one that covers such a field says nothing of it.
pub(super) fn spaced_names(message: &AuthenticatedMessage<'_>) -> HashSet<Vec<u8>> {
    let spaced = |name: &&[u8]| name.last().is_some_and(u8::is_ascii_whitespace);
    message
        .headers()
        .iter()
        .map(|(name, _)| *name)
        .filter(spaced)
        .map(|name| name.trim_ascii().to_ascii_lowercase())
        .collect()
}

/// Whether one of `covered` is among names of `spaced_names`.
pub(super) fn check_spacing(covered: &[String], spaced: &HashSet<Vec<u8>>) -> Result<(), Fault> {
    let found = !spaced.is_empty() && covered.iter().any(|name| spaced.contains(&name.as_bytes().to_ascii_lowercase()));
    if found { Err(malformed("the signature covers a field with white space behind its name")) } else { Ok(()) }
}

fn read(field: &[u8]) -> Result<Tags<'_>, Fault> {
    Tags::read(field).ok_or(malformed("the signature is no tag list"))
}

fn require(tags: &Tags<'_>, names: &[&str]) -> Result<(), Fault> {
    let all = names.iter().all(|name| tags.has(name));
    if all { Ok(()) } else { Err(malformed("the signature lacks a tag that has to be there")) }
}

/// What every kind of signature has.
fn check_signature(tags: &Tags<'_>) -> Result<(), Fault> {
    let algorithm = tags.get("a").unwrap_or_default().to_ascii_lowercase();
    match algorithm.as_str() {
        "rsa-sha256" | "ed25519-sha256" => {}
        "rsa-sha1" => return Err(worthless("rsa-sha1 proves nothing any more (RFC 8301)")),
        _ => return Err(malformed("the algorithm of the signature is not known")),
    }
    let signature = tags.get("b").unwrap_or_default();
    if !is_base64(signature) {
        return Err(malformed("the signature (b=) is no Base64"));
    }
    // It is as long as its key.
    if algorithm == "rsa-sha256" && base64_bytes(signature) < RSA_BYTES_MIN {
        return Err(worthless("an RSA key of less than 1024 bits proves nothing (RFC 8301)"));
    }
    if !tags.get("d").is_some_and(is_name) || !tags.get("s").is_some_and(is_name) {
        return Err(malformed("the signature names no domain and selector"));
    }
    if tags.get("t").is_some_and(|time| !is_time(time)) {
        return Err(malformed("the time of the signature (t=) is none"));
    }
    Ok(())
}

/// What a signature over a mail has besides.
fn check_message_signature(tags: &Tags<'_>) -> Result<(), Fault> {
    if !tags.get("bh").is_some_and(is_base64) {
        return Err(malformed("the body hash (bh=) is no Base64"));
    }
    if tags.get("c").is_some_and(|name| !is_canonicalization(name)) {
        return Err(malformed("the canonicalization of the signature (c=) is not known"));
    }
    // Drafts before the RFC wrote dns/txt so; there is no other way to ask.
    let asks = |list: &str| values(list).any(|method| method == "dns/txt" || method == "dns");
    if tags.get("q").is_some_and(|list| !asks(list)) {
        return Err(malformed("the key of the signature is not to be had from DNS (q=)"));
    }
    if !values(tags.get("h").unwrap_or_default()).all(is_field_name) {
        return Err(malformed("the signature covers what is no name of a field (h=)"));
    }
    // Who wrote it is what a signature is for (RFC 6376 §5.4).
    if !covers(tags, "from") {
        return Err(malformed("the signature does not cover From"));
    }
    // Behind the length anybody may append (RFC 6376 §8.2).
    if tags.get("l").is_some() {
        return Err(malformed("the signature covers a part of the body only (l=)"));
    }
    match tags.get("x") {
        Some(time) if !is_time(time) => Err(malformed("the end of the signature (x=) is none")),
        // The library takes it for no end at all.
        Some(time) if time.bytes().all(|digit| digit == b'0') => Err(worthless("the signature is over")),
        _ => Ok(()),
    }
}

fn check_instance(tags: &Tags<'_>) -> Result<(), Fault> {
    let valid = tags.get("i").is_some_and(is_instance);
    if valid { Ok(()) } else { Err(malformed("the instance of an ARC field is none")) }
}

/// 1 to 50.
fn is_instance(digits: &str) -> bool {
    let number = digits.parse::<usize>().is_ok_and(|number| (1..=ARC_SETS_MAX).contains(&number));
    number && digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn covers(tags: &Tags<'_>, wanted: &str) -> bool {
    values(tags.get("h").unwrap_or_default()).any(|name| name.eq_ignore_ascii_case(wanted))
}

/// `field-name` of RFC 5322 §3.6.8. Nothing between two colons is no field, and as good as one that is not there.
fn is_field_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Labels between dots: no white space, none of them empty.
fn is_name(name: &str) -> bool {
    let allowed = |character: char| character.is_alphanumeric() || character == '-' || character == '_';
    name.split('.').all(|label| !label.is_empty() && label.chars().all(allowed))
}

/// `[Local-part] "@" domain-name`.
fn is_identity(identity: &str) -> bool {
    identity.rsplit_once('@').is_some_and(|(_, domain)| is_name(domain))
}

fn is_time(time: &str) -> bool {
    (1..=TIME_DIGITS_MAX).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit())
}

/// Of the header, or of header and body.
fn is_canonicalization(name: &str) -> bool {
    let known = |name: &str| name.eq_ignore_ascii_case("simple") || name.eq_ignore_ascii_case("relaxed");
    match name.split_once('/') {
        Some((header, body)) => known(header) && known(body),
        None => known(name),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn an_rsa_signature_is_as_long_as_a_key_has_to_be() {
        for (bytes, valid) in [(64, false), (127, false), (128, true), (256, true)] {
            let b = STANDARD.encode(vec![7; bytes]);
            let field = format!("v=1; a=rsa-sha256; d=x.test; s=y; h=from; bh=YQ==; b={} {}", &b[..9], &b[9..]);
            assert_eq!(check_dkim(field.as_bytes()).is_ok(), valid, "{bytes} bytes");
            let field = field.replace("rsa-sha256", "ed25519-sha256");
            assert_eq!(check_dkim(field.as_bytes()), Ok(()), "{bytes} bytes");
        }
    }

    #[test]
    fn results_begin_with_their_instance() {
        let good = ["i=1; mx.test; none", " i = 50 ; mx.test", "\r\n\ti=07;x", "i=1;"];
        for field in good {
            assert_eq!(check_arc_results(field.as_bytes()), Ok(()), "{field}");
        }
        let bad = [
            "",
            "i",
            "i=",
            "i=1",
            "i=1 mx.test; none",
            "i=0; x",
            "i=51; x",
            "i=001; x",
            "i=a; x",
            "i=1a; x",
            "I=1; x",
            "mx.test; i=1; x",
            "x=1; i=1; x",
            "(a) i=1; x",
            "i=1 (b); x",
            "ii=1; x",
        ];
        for field in bad {
            assert!(check_arc_results(field.as_bytes()).is_err(), "{field}");
        }
        assert!(check_arc_results(b"i=1\xff; x").is_err());
    }

    #[test]
    fn seals_and_signatures_of_a_chain_have_their_tags() {
        let seal = "i=1; a=ed25519-sha256; cv=none; d=x.test; s=y; b=YQ==";
        let signature = "i=1; a=ed25519-sha256; c=relaxed/relaxed; d=x.test; s=y; h=from:to; bh=YQ==; b=YQ==";
        assert_eq!((check_arc_seal(seal.as_bytes()), check_arc_signature(signature.as_bytes())), (Ok(()), Ok(())));
        // A version says nothing there (RFC 8617 §4.1.2).
        assert_eq!(check_arc_signature(format!("v=2; {signature}").as_bytes()), Ok(()));
        let both = [
            ("i=1", "i=0"),
            ("i=1", "i=51"),
            ("i=1", "i=1 0"),
            ("i=1", "i="),
            ("i=1; ", ""),
            ("ed25519-sha256", "rsa-sha1"),
        ];
        let both = both.into_iter().chain([
            ("s=y; ", ""),
            ("d=x.test", "d="),
            ("b=YQ==", "b=*"),
            ("d=x.test", "d=x.test; t="),
        ]);
        for (tag, instead) in both {
            assert!(seal.contains(tag) && signature.contains(tag), "{tag}");
            assert!(check_arc_seal(seal.replace(tag, instead).as_bytes()).is_err(), "seal: {instead}");
            assert!(check_arc_signature(signature.replace(tag, instead).as_bytes()).is_err(), "signature: {instead}");
        }
        for (tag, instead) in [
            ("cv=none; ", ""),
            ("cv=none", "cv="),
            ("cv=none", "cv=no ne"),
            ("cv=none", "cv=none; h=from"),
            ("cv=none", "cv=none; h="),
        ] {
            assert!(check_arc_seal(seal.replace(tag, instead).as_bytes()).is_err(), "seal: {instead}");
        }
        for (tag, instead) in
            [("h=from:to", "h=from:Arc-Seal"), ("h=from:to", "h=to"), ("bh=YQ==; ", ""), ("c=relaxed/relaxed", "c=x")]
        {
            assert!(check_arc_signature(signature.replace(tag, instead).as_bytes()).is_err(), "signature: {instead}");
        }
    }
}
