//! What a mail's header will make the verifiers ask for. Owns names; never asks, never verifies.

use mail_auth::AuthenticatedMessage;
use mail_auth::dns::has_valid_labels;

use super::signature::ARC_SETS_MAX;
use super::verdict::{SIGNATURES_MAX, refuse_signatures};
use super::{a_labels, arc};

/// How much of a mail is looked through for signatures, bytes. What stands beyond is verified all the same, with look-ups of its own.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Keys looked up for one mail: of DKIM's signatures, of ARC's newest signature and of its seals.
const KEYS_MAX: usize = SIGNATURES_MAX + 1 + ARC_SETS_MAX;
/// Labels of a domain that DMARC walks up (RFC 9989 §4.10).
const WALK_LABELS_MAX: usize = 8;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// There are signatures to check.
    pub(super) signed: bool,
    /// Names of DKIM and ARC keys.
    pub(super) keys: Vec<String>,
    /// Names of DMARC records, of the From domain and those above it.
    pub(super) policies: Vec<String>,
}

impl Evidence {
    pub(super) fn of(mail: &[u8]) -> Self {
        let header = header_section(mail);
        let Some(mut message) = AuthenticatedMessage::parse(header) else { return Self::default() };
        refuse_signatures(&mut message);
        let mut evidence = Self { keys: key_names(&message), ..Self::default() };
        let sealed = !message.arc_message_signatures().is_empty() || message.has_arc_errors();
        evidence.signed = !message.dkim_signatures().is_empty() || message.has_dkim_errors() || sealed;
        if let Some((_, domain)) = message.first_from_address().rsplit_once('@') {
            evidence.add_policies(&a_labels(domain));
        }
        evidence
    }

    fn add_policies(&mut self, domain: &str) {
        if !has_valid_labels(domain) {
            return;
        }
        let labels: Vec<&str> = domain.split('.').collect();
        let walked = (0..labels.len()).filter(|&at| at == 0 || labels.len() - at < WALK_LABELS_MAX);
        for at in walked {
            let rest = labels.get(at..).unwrap_or_default().join(".");
            self.policies.push(format!("_dmarc.{rest}"));
        }
    }
}

/// Names of the keys that the signatures of a mail are checked with; those that are not checked are refused before.
pub(super) fn key_names(message: &AuthenticatedMessage<'_>) -> Vec<String> {
    let dkim = message.dkim_signatures().iter().map(|field| (&field.header.s, &field.header.d));
    let mut signers: Vec<(&String, &String)> = dkim.collect();
    if matches!(arc::check(message), Ok(true)) {
        signers.extend(message.arc_message_signatures().last().map(|field| (&field.header.s, &field.header.d)));
        signers.extend(message.arc_seals().iter().map(|field| (&field.header.s, &field.header.d)));
    }
    let mut names = Vec::new();
    for (selector, domain) in signers {
        let name = format!("{selector}._domainkey.{domain}");
        if names.len() < KEYS_MAX && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The header with the empty line behind it.
fn header_section(mail: &[u8]) -> &[u8] {
    let end = memchr::memmem::find(mail, b"\r\n\r\n").map_or(mail.len(), |at| at + 4).min(HEADER_BYTES_MAX);
    mail.get(..end).unwrap_or(mail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_header_alone() {
        let mail = b"DKIM-Signature: v=1; a=ed25519-sha256; d=Sign.test; s=sel; h=from; bh=YWJj; b=YWJj\r\n\
            From: a@deep.down.example.test\r\n\r\nDKIM-Signature: v=1; a=ed25519-sha256; d=x.test; s=y; h=from; bh=YWJj; b=YWJj\r\n";
        let evidence = Evidence::of(mail);
        assert!(evidence.signed);
        assert_eq!(
            evidence.keys.iter().map(|name| name.to_ascii_lowercase()).collect::<Vec<_>>(),
            ["sel._domainkey.sign.test"]
        );
        let walk = ["deep.down.example.test", "down.example.test", "example.test", "test"];
        assert_eq!(evidence.policies, walk.map(|name| format!("_dmarc.{name}")));
    }

    #[test]
    fn unsigned_mail_asks_for_its_policy_only() {
        let evidence = Evidence::of(b"From: a@example.test\r\n\r\nhello\r\n");
        assert!(!evidence.signed && evidence.keys.is_empty());
        assert_eq!(evidence.policies, ["_dmarc.example.test", "_dmarc.test"]);
        assert_eq!(Evidence::of(b""), Evidence::default());
        assert_eq!(Evidence::of(b"Subject: x\r\n\r\n"), Evidence::default());
    }
}
