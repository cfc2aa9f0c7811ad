//! What a certificate file says: whose it is, for which names, until when. Never decides whom to trust.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The first certificate of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    pub issuer: String,
    /// The hosts it is for, as they are written there (`*.example.com`).
    pub names: Vec<String>,
    pub not_before: SystemTime,
    pub not_after: SystemTime,
    /// It vouches for itself.
    pub self_signed: bool,
}

impl CertificateFacts {
    /// # Errors
    /// The file can't be read, or its first certificate is none.
    pub fn read(path: &Path) -> Result<Self, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| format!("{} can't be read: {error}", path.display()))?;
        let first = chain.first().ok_or_else(|| format!("{} holds no certificate", path.display()))?;
        let wrong = |error: x509_cert::der::Error| format!("{} holds no certificate of X.509: {error}", path.display());
        let certificate = Certificate::from_der(first).map_err(wrong)?;
        let facts = &certificate.tbs_certificate;
        let same = facts.subject.to_der().map_err(wrong)? == facts.issuer.to_der().map_err(wrong)?;
        let time = |time: x509_cert::time::Time| UNIX_EPOCH + time.to_unix_duration();
        Ok(Self {
            issuer: facts.issuer.to_string(),
            names: names(&certificate),
            not_before: time(facts.validity.not_before),
            not_after: time(facts.validity.not_after),
            self_signed: same,
        })
    }

    /// Is it for this host?
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
            None => name.eq_ignore_ascii_case(host),
        })
    }

    /// How long it is still good for; nothing once it is over.
    pub fn left(&self, now: SystemTime) -> Option<Duration> {
        self.not_after.duration_since(now).ok()
    }
}

fn names(certificate: &Certificate) -> Vec<String> {
    let found = certificate.tbs_certificate.get::<SubjectAltName>().ok().flatten();
    let names = found.map(|(_, names)| names.0).unwrap_or_default();
    let host = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    };
    names.iter().filter_map(host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_tells_its_names_and_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.pem");
        let made =
            rcgen::generate_simple_self_signed(["mx.example.com".to_owned(), "*.example.org".to_owned()]).unwrap();
        std::fs::write(&path, made.cert.pem()).unwrap();
        let facts = CertificateFacts::read(&path).unwrap();
        assert!(facts.self_signed, "{facts:?}");
        assert!(facts.covers("MX.example.com") && facts.covers("a.example.org"));
        assert!(!facts.covers("example.org") && !facts.covers("a.b.example.org") && !facts.covers("mx.example.net"));
        assert!(facts.left(SystemTime::now()).is_some());
        assert_eq!(facts.left(facts.not_after + Duration::from_secs(1)), None);
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.pem");
        for content in ["", "text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&path, content).unwrap();
            assert!(CertificateFacts::read(&path).unwrap_err().contains("c.pem"), "{content}");
        }
        assert!(CertificateFacts::read(&directory.path().join("none.pem")).unwrap_err().contains("none.pem"));
    }
}
