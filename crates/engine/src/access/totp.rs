//! Codes of authenticator apps (RFC 6238: HMAC-SHA-1, 30 seconds, six digits, which is what every app can). Pure: takes times, keeps
//! nothing; who a secret belongs to and whether a code was used is the caller's to know.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use rand::RngExt;
use subtle::ConstantTimeEq as _;

/// Seconds a code is shown.
const STEP_SECONDS: i64 = 30;
const DIGITS: usize = 6;
/// Steps before and after the server's own that are taken: clocks differ, and people type slowly.
const DRIFT_STEPS: i64 = 1;
/// As long as what SHA-1 makes (RFC 4226 §4 recommends it).
const SECRET_BYTES: usize = 20;

pub(super) fn new_secret() -> Vec<u8> {
    rand::rng().random::<[u8; SECRET_BYTES]>().to_vec()
}

/// As people type it into an app.
pub(super) fn secret_text(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// What a QR code tells an app.
pub(super) fn uri(secret: &[u8], issuer: &str, account: &str) -> String {
    let escaped =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let (issuer, account) = (escaped(issuer), escaped(account));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        secret_text(secret)
    )
}

/// The step a code is of at this time, if it fits one that is taken.
pub(super) fn step_of(secret: &[u8], code: &str, unix_seconds: i64) -> Option<i64> {
    let now = unix_seconds.div_euclid(STEP_SECONDS);
    let mut found = None;
    // All of them, whichever fits: the time it takes tells nothing.
    for step in now - DRIFT_STEPS..=now + DRIFT_STEPS {
        if bool::from(code_at(secret, step, DIGITS).as_bytes().ct_eq(code.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// What an app shows.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn code_now(secret: &str, unix_seconds: i64) -> Option<String> {
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    Some(code_at(&secret, unix_seconds.div_euclid(STEP_SECONDS), DIGITS))
}

/// RFC 4226 §5.3.
fn code_at(secret: &[u8], step: i64, digits: usize) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
    let chosen = bytes.iter().skip(offset).take(4).fold(0_u32, |value, byte| (value << 8) | u32::from(*byte));
    let value = u64::from(chosen & 0x7fff_ffff) % 10_u64.pow(u32::try_from(digits).unwrap_or(6));
    format!("{value:0digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, those of SHA-1.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code_at(SECRET, seconds / STEP_SECONDS, 8), code, "{seconds}");
            assert_eq!(step_of(SECRET, &code[2..], seconds), Some(seconds / STEP_SECONDS), "{seconds}");
        }
    }

    #[test]
    fn a_code_fits_its_own_step_and_the_two_beside_it() {
        let code = code_at(SECRET, 1_000, DIGITS);
        for (step, fits) in [(998, false), (999, true), (1_000, true), (1_001, true), (1_002, false)] {
            let found = step_of(SECRET, &code, step * STEP_SECONDS + 29);
            assert_eq!(found, fits.then_some(1_000), "{step}");
        }
        assert_eq!(step_of(SECRET, "", 30_000), None);
        assert_eq!(step_of(b"another secret", &code, 30_000), None);
    }

    #[test]
    fn an_app_reads_what_it_needs() {
        assert_eq!(
            uri(SECRET, "Postroom (Ann & Co)", "ann+x@example.org"),
            "otpauth://totp/Postroom%20%28Ann%20%26%20Co%29:ann%2Bx%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Postroom%20%28Ann%20%26%20Co%29&algorithm=SHA1&digits=6&period=30"
        );
    }
}
