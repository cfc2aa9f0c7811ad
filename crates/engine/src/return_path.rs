//! Return paths of our own (VERP): `b+<token>@<inbound domain>` as MAIL FROM, so that whatever comes back names its message. Owns the
//! token, which nobody can make who was not sent the mail; never decides what a bounce means.

use hmac::Mac as _;
use model::MessageId;
use store::vault::Vault;
use subtle::ConstantTimeEq as _;

use crate::WayOut;

/// The local part before the token.
pub(crate) const LOCAL_PART: &str = "b";
/// Characters of a token that prove it: five bits each.
const PROOF_CHARACTERS: usize = 20;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PURPOSE: &str = "return paths";

/// The envelope sender of a mail from `sender`. It is ours to choose where the mail leaves by our own way out, and where `sender` is of
/// the domain whose mail we receive: anywhere else a foreign envelope sender would be refused, or break SPF's alignment.
pub(crate) fn envelope_sender(sender: &str, way_out: &WayOut, inbound_domain: &str, token: Option<String>) -> String {
    let of_domain = |domain: &str| domain.eq_ignore_ascii_case(inbound_domain);
    let is_ours = way_out.is_the_instances() && sender.rsplit_once('@').is_some_and(|(_, domain)| of_domain(domain));
    match token {
        Some(token) if is_ours => format!("{LOCAL_PART}+{token}@{inbound_domain}"),
        _ => sender.to_owned(),
    }
}

/// As [`envelope_sender`], of a sending domain, whose return path host leads to us.
pub(crate) fn of_domain(sender: &str, way_out: &WayOut, host: &str, token: &str) -> String {
    if way_out.is_the_instances() { format!("{LOCAL_PART}+{token}@{host}") } else { sender.to_owned() }
}

/// The token of a message: its id, and a MAC by a key of the vault.
pub(crate) fn token(vault: &Vault, message: &MessageId) -> Option<String> {
    let key = vault.derive(PURPOSE).into_iter().next()?;
    Some(format!("{}{}", body(message), proof(&key, message)))
}

/// The message that a token names, if the token is ours.
pub(crate) fn message_of(vault: &Vault, token: &str) -> Option<MessageId> {
    let (body, shown) = token.split_at_checked(model::ID_BODY_LENGTH)?;
    let message: MessageId = format!("{}{body}", MessageId::PREFIX).parse().ok()?;
    let is_right = |key: &[u8; 32]| bool::from(proof(key, &message).as_bytes().ct_eq(shown.as_bytes()));
    vault.derive(PURPOSE).iter().any(is_right).then_some(message)
}

fn body(message: &MessageId) -> &str {
    message.as_str().strip_prefix(MessageId::PREFIX).unwrap_or_default()
}

fn proof(key: &[u8; 32], message: &MessageId) -> String {
    let mac = crate::mac::mac(key, message.as_str().as_bytes());
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte & 31)).copied().map_or('0', char::from);
    mac.finalize().into_bytes().iter().take(PROOF_CHARACTERS).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way_out(destination: &str) -> WayOut {
        WayOut { transport: "smtp", destination: destination.into() }
    }

    #[test]
    fn tokens_name_their_message_and_nobody_else_makes_one() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), None).unwrap();
        let message = MessageId::generate();
        let token = token(&vault, &message).unwrap();
        assert!(token.len() + 2 <= 64 && token.bytes().all(|byte| ALPHABET.contains(&byte)), "{token}");
        assert_eq!(message_of(&vault, &token), Some(message.clone()));
        vault.rotate().unwrap();
        assert_eq!(message_of(&vault, &token), Some(message), "mail that is under way still comes back");
        let mut forged = token.clone();
        let last = if forged.pop() == Some('0') { '1' } else { '0' };
        forged.push(last);
        for wrong in ["", "x", &forged, &token[1..], &format!("{token}0"), &"é".repeat(30)] {
            assert_eq!(message_of(&vault, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_envelope_sender_is_ours_only_where_it_is_ours_to_choose() {
        let cases = [
            ("x@inbox.test", "smarthost:mx:25", "b+t@inbox.test"),
            ("x@INBOX.test", "smarthost:mx:25", "b+t@inbox.test"),
            ("x@acme.test", "smarthost:mx:25", "x@acme.test"),
            ("x@inbox.test", "channel:ch_1", "x@inbox.test"),
            ("x@inbox.test", "sandbox", "x@inbox.test"),
            ("", "smarthost:mx:25", ""),
        ];
        for (sender, destination, expected) in cases {
            let chosen = envelope_sender(sender, &way_out(destination), "inbox.test", Some("t".into()));
            assert_eq!(chosen, expected, "{sender} by {destination}");
        }
    }
}
