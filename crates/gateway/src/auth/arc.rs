//! The fields of an ARC chain (RFC 8617 §5.2): their form. Owns whether there is a chain that is worth checking; never checks a signature.

use mail_auth::AuthenticatedMessage;

use super::signature::{
    ARC_SETS_MAX, Fault, check_arc_results, check_arc_seal, check_arc_signature, check_spacing, malformed, spaced_names,
};

/// Fields of one set (RFC 8617 §4.2).
const FIELDS_OF_SET: usize = 3;

/// Whether there is a chain at all. One field of it that is none breaks all of it.
pub(super) fn check(message: &AuthenticatedMessage<'_>) -> Result<bool, Fault> {
    let mut fields = 0;
    for (name, value) in message.headers() {
        let checked = match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"arc-seal" => check_arc_seal(value),
            b"arc-message-signature" => check_arc_signature(value),
            b"arc-authentication-results" => check_arc_results(value),
            _ => continue,
        };
        checked?;
        fields += 1;
        if fields > ARC_SETS_MAX * FIELDS_OF_SET {
            return Err(malformed("the chain has more than 50 sets"));
        }
    }
    // Only the newest signature over the mail is checked.
    if let Some(newest) = message.arc_message_signatures().last() {
        check_spacing(&newest.header.h, &spaced_names(message))?;
    }
    Ok(fields > 0)
}
