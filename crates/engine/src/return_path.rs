//! Return paths of our own (VERP): `b+<token>@<inbound domain>` as MAIL FROM, so that whatever comes back names its message, and which
//! of its recipients it went to. Owns the token, which nobody can make who was not sent the mail; never decides what a bounce means.
//!
//! A message is kept with a token of its own. What leaves has one a recipient instead, made of the delivery ([`of_delivery`]): whoever was
//! sent a mail could speak for the others that got it otherwise. Tokens of messages stay good: mail that left with one comes back.

use hmac::Mac as _;
use model::message::Delivery;
use model::{DeliveryId, MessageId};
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
    let is_ours =
        way_out.takes_our_return_path() && sender.rsplit_once('@').is_some_and(|(_, domain)| of_domain(domain));
    match token {
        Some(token) if is_ours => format!("{LOCAL_PART}+{token}@{inbound_domain}"),
        _ => sender.to_owned(),
    }
}

/// As [`envelope_sender`], of a sending domain, whose return path host leads to us.
pub(crate) fn of_domain(sender: &str, way_out: &WayOut, host: &str, token: &str) -> String {
    if way_out.takes_our_return_path() { format!("{LOCAL_PART}+{token}@{host}") } else { sender.to_owned() }
}

/// What a token names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Message(MessageId),
    Delivery(DeliveryId),
}

/// The token of a message: its id, and a MAC by a key of the vault.
pub(crate) fn token(vault: &Vault, message: &MessageId) -> Option<String> {
    let key = vault.derive(PURPOSE).into_iter().next()?;
    Some(token_by(&key, message.as_str(), MessageId::PREFIX))
}

/// The envelope sender that a delivery leaves with: the message's, with a token of the delivery's own where it is ours.
pub(crate) fn of_delivery(vault: &Vault, mail_from: &str, delivery: &Delivery) -> String {
    let ours = || {
        let (local, host) = mail_from.rsplit_once('@')?;
        let token = local.strip_prefix(LOCAL_PART)?.strip_prefix('+')?;
        let is_the_messages = named_by(vault, token) == Some(Named::Message(delivery.message_id.clone()));
        let key = vault.derive(PURPOSE).into_iter().next().filter(|_| is_the_messages)?;
        Some(format!("{LOCAL_PART}+{}@{host}", token_by(&key, delivery.id.as_str(), DeliveryId::PREFIX)))
    };
    ours().unwrap_or_else(|| mail_from.to_owned())
}

/// What a token names, if the token is ours.
pub(crate) fn named_by(vault: &Vault, token: &str) -> Option<Named> {
    let (body, shown) = token.split_at_checked(model::ID_BODY_LENGTH)?;
    let keys = vault.derive(PURPOSE);
    let proves = |id: &str| keys.iter().any(|key| bool::from(proof(key, id).as_bytes().ct_eq(shown.as_bytes())));
    let message: MessageId = format!("{}{body}", MessageId::PREFIX).parse().ok()?;
    if proves(message.as_str()) {
        return Some(Named::Message(message));
    }
    let delivery: DeliveryId = format!("{}{body}", DeliveryId::PREFIX).parse().ok()?;
    proves(delivery.as_str()).then_some(Named::Delivery(delivery))
}

/// Whether an envelope sender looks like one of ours.
pub(crate) fn is_ours(mail_from: &str) -> bool {
    mail_from.strip_prefix(LOCAL_PART).is_some_and(|rest| rest.starts_with('+'))
}

/// The prefix takes part in the proof: a message's token is no delivery's.
fn token_by(key: &[u8; 32], id: &str, prefix: &str) -> String {
    format!("{}{}", id.strip_prefix(prefix).unwrap_or_default(), proof(key, id))
}

fn proof(key: &[u8; 32], id: &str) -> String {
    let mac = crate::mac::mac(key, id.as_bytes());
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
        let named = Some(Named::Message(message));
        assert_eq!(named_by(&vault, &token), named);
        vault.rotate().unwrap();
        assert_eq!(named_by(&vault, &token), named, "mail that is under way still comes back");
        let mut forged = token.clone();
        let last = if forged.pop() == Some('0') { '1' } else { '0' };
        forged.push(last);
        for wrong in ["", "x", &forged, &token[1..], &format!("{token}0"), &"é".repeat(30)] {
            assert_eq!(named_by(&vault, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_recipient_has_a_return_path_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path(), None).unwrap();
        let message = MessageId::generate();
        let delivery = |message: &MessageId| Delivery {
            id: DeliveryId::generate(),
            message_id: message.clone(),
            recipient: "ada@example.org".into(),
            status: model::message::MessageStatus::Sending,
            transport: "mx".into(),
            attempts: Vec::new(),
            next_attempt_at: None,
            waits_for: None,
            created_at: model::Timestamp::default(),
            updated_at: model::Timestamp::default(),
        };
        let (one, other) = (delivery(&message), delivery(&message));
        let mail_from = format!("b+{}@bounces.example.com", token(&vault, &message).unwrap());
        let (of_one, of_other) = (of_delivery(&vault, &mail_from, &one), of_delivery(&vault, &mail_from, &other));
        assert!(of_one != of_other && of_one.ends_with("@bounces.example.com"), "{of_one}");
        assert!(of_one.split('@').next().unwrap().len() <= 64, "a local part of RFC 5321");
        let named = |address: &str| named_by(&vault, address.strip_prefix("b+")?.split('@').next()?);
        assert_eq!(named(&of_one), Some(Named::Delivery(one.id.clone())));
        assert_eq!(named(&of_other), Some(Named::Delivery(other.id)));
        // What is not ours stays as it is.
        for foreign in ["", "ada@acme.test", "b+x@acme.test", &of_one] {
            assert_eq!(of_delivery(&vault, foreign, &one), foreign);
        }
        let another = delivery(&MessageId::generate());
        assert_eq!(of_delivery(&vault, &mail_from, &another), mail_from, "the token of another message");
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
