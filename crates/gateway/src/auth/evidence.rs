//! What a mail's header will make the verifiers ask for. Owns names; never asks, never verifies.

use mail_auth::AuthenticatedMessage;
use mail_auth::dns::has_valid_labels;

/// How much of a mail is looked through for signatures, bytes. A header beyond is verified all the same, with look-ups one
/// after the other.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Keys looked up for one mail: signatures of DKIM, and of ARC's newest set and seals.
const KEYS_MAX: usize = 64;
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
        let Some(message) = AuthenticatedMessage::parse(header) else { return Self::default() };
        let mut evidence = Self::default();
        for header in message.dkim_signatures() {
            evidence.add_key(&header.header.s, &header.header.d);
        }
        for header in message.arc_message_signatures() {
            evidence.add_key(&header.header.s, &header.header.d);
        }
        for header in message.arc_seals() {
            evidence.add_key(&header.header.s, &header.header.d);
        }
        evidence.signed = !evidence.keys.is_empty() || message.has_dkim_errors() || message.has_arc_errors();
        if let Some((_, domain)) = message.first_from_address().rsplit_once('@') {
            evidence.add_policies(domain);
        }
        evidence
    }

    fn add_key(&mut self, selector: &str, domain: &str) {
        let name = format!("{selector}._domainkey.{domain}");
        if self.keys.len() < KEYS_MAX && has_valid_labels(domain) && !self.keys.contains(&name) {
            self.keys.push(name);
        }
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
        let mail = b"DKIM-Signature: v=1; a=rsa-sha256; d=Sign.test; s=sel; h=from; bh=YWJj; b=YWJj\r\n\
            From: a@deep.down.example.test\r\n\r\nDKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=y; h=from; bh=YWJj; b=YWJj\r\n";
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
