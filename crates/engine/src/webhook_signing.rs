//! Signs webhooks to the Standard Webhooks specification (<https://www.standardwebhooks.com>), symmetric scheme `v1`.
//! Owns the secret's form, the signature and its check. Never sends anything, never reads a clock: times come in as values.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// The same over all attempts of one delivery, so that a receiver can drop duplicates.
pub const HEADER_ID: &str = "webhook-id";
/// Seconds since the Unix epoch at which this attempt was signed.
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";
/// Signatures separated by spaces, one a secret.
pub const HEADER_SIGNATURE: &str = "webhook-signature";
/// What a receiver allows a timestamp to differ from its clock, seconds.
pub const TOLERANCE_SECONDS: i64 = 5 * 60;
/// Key length of a new secret, bytes (the specification asks for 24 to 64).
pub const SECRET_BYTES: usize = 32;

const SECRET_PREFIX: &str = "whsec_";
const VERSION_PREFIX: &str = "v1,";

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("a webhook secret is base64, usually behind `whsec_`; this one is not")]
    NotBase64,
    #[error("a webhook secret can't be empty")]
    Empty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    #[error("the header webhook-timestamp is not a number of seconds since 1970")]
    BadTimestamp,
    #[error("the timestamp is too old")]
    TooOld,
    #[error("the timestamp lies in the future")]
    InFuture,
    #[error("no signature matches")]
    NoMatch,
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// The three headers as received. Header names are the caller's business (`webhook-*`, or `svix-*` of older senders).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignedHeaders<'a> {
    pub id: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// A new secret, `whsec_` and base64 of [`SECRET_BYTES`] random bytes.
pub fn generate_secret() -> SecretString {
    let mut key = [0_u8; SECRET_BYTES];
    rand::rng().fill_bytes(&mut key);
    format!("{SECRET_PREFIX}{}", STANDARD.encode(key)).into()
}

/// The signature of one attempt: `v1,` and base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`.
///
/// # Errors
/// The secret is empty or not base64; with or without `whsec_` is fine.
pub fn sign(secret: &str, id: &str, timestamp_seconds: i64, body: &[u8]) -> Result<String, SecretError> {
    Ok(format!("{VERSION_PREFIX}{}", STANDARD.encode(mac(secret, id, &timestamp_seconds.to_string(), body)?)))
}

/// EmailEngine's signature: base64url of HMAC-SHA256 over the body, keyed with the secret as it is written.
pub fn body_signature(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) {
        Ok(mac) => mac,
        // HMAC takes keys of any length.
        Err(_) => return String::new(),
    };
    mac.update(body);
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// The `webhook-signature` header: a signature a secret, newest first, separated by spaces.
/// During a rotation the old secret signs too, so that a receiver may change over at any time.
///
/// # Errors
/// One of the secrets is empty or not base64.
pub fn signature_header(
    secrets: &[SecretString],
    id: &str,
    timestamp_seconds: i64,
    body: &[u8],
) -> Result<String, SecretError> {
    let signatures: Result<Vec<_>, _> =
        secrets.iter().map(|secret| sign(secret.expose_secret(), id, timestamp_seconds, body)).collect();
    Ok(signatures?.join(" "))
}

/// Accepts if any `v1` signature of the header matches any of the secrets and the timestamp is within `tolerance_seconds`
/// of `now_seconds`. Signatures are compared in constant time; versions other than `v1` are passed over.
///
/// # Errors
/// What is missing or wrong.
pub fn verify(
    secrets: &[&str],
    headers: SignedHeaders<'_>,
    body: &[u8],
    tolerance_seconds: i64,
    now_seconds: i64,
) -> Result<(), VerifyError> {
    let id = present(headers.id, HEADER_ID)?;
    let timestamp = present(headers.timestamp, HEADER_TIMESTAMP)?;
    let signature = present(headers.signature, HEADER_SIGNATURE)?;
    let signed_at: i64 = timestamp.parse().map_err(|_| VerifyError::BadTimestamp)?;
    let age_seconds = now_seconds.saturating_sub(signed_at);
    if age_seconds > tolerance_seconds {
        return Err(VerifyError::TooOld);
    }
    if age_seconds < tolerance_seconds.saturating_neg() {
        return Err(VerifyError::InFuture);
    }
    for secret in secrets {
        // The timestamp is signed as it was written, not as it was read: `+5` and `5` differ.
        let expected = STANDARD.encode(mac(secret, id, timestamp, body)?);
        let mut matches = signature.split(' ').filter_map(|each| each.strip_prefix(VERSION_PREFIX));
        if matches.any(|given| bool::from(given.as_bytes().ct_eq(expected.as_bytes()))) {
            return Ok(());
        }
    }
    Err(VerifyError::NoMatch)
}

fn present<'a>(value: Option<&'a str>, name: &'static str) -> Result<&'a str, VerifyError> {
    value.filter(|text| !text.is_empty()).ok_or(VerifyError::MissingHeader(name))
}

fn mac(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> Result<[u8; 32], SecretError> {
    let encoded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = STANDARD.decode(encoded).map_err(|_| SecretError::NotBase64)?;
    if key.is_empty() {
        return Err(SecretError::Empty);
    }
    // HMAC takes keys of any length; the error can't occur.
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SecretError::Empty)?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;
    const BODY: &[u8] = br#"{"type":"message.received"}"#;

    /// Base64 of the bytes 0 to 31.
    fn secret() -> String {
        format!("whsec_{}", STANDARD.encode((0..32).collect::<Vec<u8>>()))
    }

    fn headers<'a>(timestamp: &'a str, signature: &'a str) -> SignedHeaders<'a> {
        SignedHeaders { id: Some("evt_1"), timestamp: Some(timestamp), signature: Some(signature) }
    }

    #[test]
    fn a_signature_is_hmac_sha256_over_id_timestamp_and_body() {
        // printf 'evt_1.1700000000.{"type":"message.received"}' | openssl dgst -sha256 -mac HMAC \
        //   -macopt hexkey:000102…1f -binary | base64
        let expected = "v1,iDLZ5vvLQGPj8CR6QBMjVLrkaMYMx33BoOmeSAdXHe4=";
        assert_eq!(sign(&secret(), "evt_1", NOW, BODY).as_deref(), Ok(expected));
        let bare = secret().trim_start_matches("whsec_").to_owned();
        assert_eq!(sign(&bare, "evt_1", NOW, BODY).as_deref(), Ok(expected), "whsec_ may be left out");
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else_does() {
        let good = sign(&secret(), "evt_1", NOW, BODY).unwrap();
        let other = sign(generate_secret().expose_secret(), "evt_1", NOW, BODY).unwrap();
        let now = NOW.to_string();
        let (both, newer, v2) = (format!("{other} {good}"), format!("v1a,abc {good}"), good.replace("v1,", "v2,"));
        type Case<'c> = (&'c str, SignedHeaders<'c>, &'c [u8], Result<(), VerifyError>);
        let cases: &[Case<'_>] = &[
            ("as signed", headers(&now, &good), BODY, Ok(())),
            ("among others", headers(&now, &both), BODY, Ok(())),
            ("beside an unknown version", headers(&now, &newer), BODY, Ok(())),
            ("another body", headers(&now, &good), b"{}", Err(VerifyError::NoMatch)),
            ("another secret", headers(&now, &other), BODY, Err(VerifyError::NoMatch)),
            ("unknown version only", headers(&now, &v2), BODY, Err(VerifyError::NoMatch)),
            ("version without signature", headers(&now, "v1,"), BODY, Err(VerifyError::NoMatch)),
            ("signature without version", headers(&now, &good[3..]), BODY, Err(VerifyError::NoMatch)),
            ("beginning of the signature", headers(&now, &good[..12]), BODY, Err(VerifyError::NoMatch)),
            ("another timestamp", headers("1700000001", &good), BODY, Err(VerifyError::NoMatch)),
            ("no number", headers("now", &good), BODY, Err(VerifyError::BadTimestamp)),
            ("too old", headers("1699999699", &good), BODY, Err(VerifyError::TooOld)),
            ("in the future", headers("1700000301", &good), BODY, Err(VerifyError::InFuture)),
            ("extreme", headers("-9223372036854775808", &good), BODY, Err(VerifyError::TooOld)),
            (
                "no id",
                SignedHeaders { id: None, ..headers(&now, &good) },
                BODY,
                Err(VerifyError::MissingHeader(HEADER_ID)),
            ),
            ("empty signature", headers(&now, ""), BODY, Err(VerifyError::MissingHeader(HEADER_SIGNATURE))),
        ];
        for (name, headers, body, expected) in cases {
            let result = verify(&[&secret()], *headers, body, TOLERANCE_SECONDS, NOW);
            assert_eq!(result, *expected, "{name}");
        }
    }

    #[test]
    fn both_secrets_sign_while_one_replaces_the_other() {
        let (old, new) = (generate_secret(), generate_secret());
        let header = signature_header(&[new.clone(), old.clone()], "evt_1", NOW, BODY).unwrap();
        let now = NOW.to_string();
        assert_eq!(header.split(' ').count(), 2);
        for secret in [old, new] {
            let result = verify(&[secret.expose_secret()], headers(&now, &header), BODY, TOLERANCE_SECONDS, NOW);
            assert_eq!(result, Ok(()));
        }
    }

    #[test]
    fn secrets_that_are_not_base64_are_refused() {
        assert_eq!(sign("whsec_not base64!", "evt_1", NOW, BODY), Err(SecretError::NotBase64));
        assert_eq!(sign("whsec_", "evt_1", NOW, BODY), Err(SecretError::Empty));
    }

    #[test]
    fn new_secrets_differ_and_sign() {
        let (one, other) = (generate_secret(), generate_secret());
        assert!(one.expose_secret().starts_with("whsec_"));
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(sign(one.expose_secret(), "evt_1", NOW, BODY).is_ok());
    }

    /// The vectors every implementation of the specification shares, where the corpora are at hand.
    #[test]
    fn published_vectors_verify() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/signatures.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: the corpora are not here");
            return;
        };
        let corpus: serde_json::Value = serde_json::from_str(&text).unwrap();
        let vectors = corpus["standard_webhooks"].as_array().unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let at = vector["timestamp"].as_i64().unwrap();
            let timestamp = at.to_string();
            let given = SignedHeaders {
                id: Some(text("msg_id")),
                timestamp: Some(&timestamp),
                signature: Some(text("signature")),
            };
            let result = verify(&[text("secret")], given, text("payload").as_bytes(), TOLERANCE_SECONDS, at);
            assert_eq!(result.is_ok(), vector["valid"].as_bool().unwrap(), "{vector}");
        }
    }
}
