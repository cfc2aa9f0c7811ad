//! DANE for SMTP (RFC 7672): what a mail exchanger's TLSA records (RFC 6698, RFC 7671) want of its certificate. Pure: records,
//! certificates and the time come in as values, already proven by DNSSEC.
//!
//! DANE-EE(3) is the key or certificate itself, whatever its names and dates. DANE-TA(2) is an authority, one that the server
//! sends in its chain, or whose whole certificate is in DNS: what it signed counts for the names of the host and of the
//! domain, within its dates. PKIX-TA(0) and PKIX-EE(1) are for others (RFC 7672 §3.1.3): such records are not usable.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{self, SHA256, SHA256_OUTPUT_LEN, SHA512, SHA512_OUTPUT_LEN, digest};
use hickory_resolver::proto::rr::rdata::TLSA;
use hickory_resolver::proto::rr::rdata::tlsa;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

/// TLSA records of a host that are looked at.
pub(super) const RECORDS_MAX: usize = 64;
/// Bytes of one record's data; a record with more is not usable.
const DATA_BYTES_MAX: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Usage {
    TrustAnchor,
    EndEntity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Selector {
    Certificate,
    PublicKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Matching {
    Exact,
    Sha256,
    Sha512,
}

/// A usable record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Association {
    usage: Usage,
    selector: Selector,
    matching: Matching,
    data: Vec<u8>,
}

impl Association {
    fn of(record: &TLSA) -> Option<Self> {
        let usage = match record.cert_usage {
            tlsa::CertUsage::DaneTa => Usage::TrustAnchor,
            tlsa::CertUsage::DaneEe => Usage::EndEntity,
            _ => return None,
        };
        let selector = match record.selector {
            tlsa::Selector::Full => Selector::Certificate,
            tlsa::Selector::Spki => Selector::PublicKey,
            _ => return None,
        };
        let length = record.cert_data.len();
        let (matching, fits) = match record.matching {
            tlsa::Matching::Raw => (Matching::Exact, (1..=DATA_BYTES_MAX).contains(&length)),
            tlsa::Matching::Sha256 => (Matching::Sha256, length == SHA256_OUTPUT_LEN),
            tlsa::Matching::Sha512 => (Matching::Sha512, length == SHA512_OUTPUT_LEN),
            _ => return None,
        };
        fits.then(|| Self { usage, selector, matching, data: record.cert_data.clone() })
    }

    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let hashes_to =
            |algorithm: &'static digest::Algorithm, bytes: &[u8]| digest(algorithm, bytes).as_ref() == self.data;
        let is_it = |bytes: &[u8]| match self.matching {
            Matching::Exact => bytes == self.data,
            Matching::Sha256 => hashes_to(&SHA256, bytes),
            Matching::Sha512 => hashes_to(&SHA512, bytes),
        };
        match self.selector {
            Selector::Certificate => is_it(certificate),
            Selector::PublicKey => ParsedCertificate::try_from(certificate)
                .is_ok_and(|certificate| is_it(&certificate.subject_public_key_info())),
        }
    }
}

/// What the usable records of a host want; at least one record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Dane {
    associations: Vec<Association>,
    /// What DANE-TA's certificates may be for. The first is the host's name that the records are of.
    names: Vec<String>,
}

impl Dane {
    /// `names`: the name that the records are of, and what else a certificate may be for. None if no record is usable.
    pub(super) fn new(records: &[TLSA], names: Vec<String>) -> Option<Self> {
        let usable: Vec<Association> = records.iter().take(RECORDS_MAX).filter_map(Association::of).collect();
        // Of hashes of the same, the strongest alone counts (RFC 7671 §9).
        let has_stronger = |weak: &Association| {
            let kind = (weak.usage, weak.selector, Matching::Sha512);
            weak.matching == Matching::Sha256 && usable.iter().any(|a| (a.usage, a.selector, a.matching) == kind)
        };
        let associations: Vec<Association> = usable.iter().filter(|a| !has_stronger(a)).cloned().collect();
        (!associations.is_empty() && !names.is_empty()).then_some(Self { associations, names })
    }

    /// The name that the server is asked for (RFC 7672 §3.2.1).
    pub(super) fn base_name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Is this the server that the records are of?
    ///
    /// # Errors
    /// It shows no certificate that they name, or one that does not count.
    fn check(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
        provider: &Arc<CryptoProvider>,
    ) -> Result<(), DaneMismatch> {
        let of = |usage: Usage| self.associations.iter().filter(move |association| association.usage == usage);
        if of(Usage::EndEntity).any(|association| association.matches(certificate)) {
            return Ok(());
        }
        let mut anchors = RootCertStore::empty();
        for authority in chain.iter().filter(|sent| of(Usage::TrustAnchor).any(|a| a.matches(sent))) {
            // What can't be an authority is none.
            let _ = anchors.add(authority.clone().into_owned());
        }
        let in_dns =
            of(Usage::TrustAnchor).filter(|a| (a.selector, a.matching) == (Selector::Certificate, Matching::Exact));
        for association in in_dns {
            let _ = anchors.add(CertificateDer::from(association.data.clone()));
        }
        if anchors.is_empty() {
            return Err(DaneMismatch::NoMatch);
        }
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), provider.clone());
        let verifier = builder.build().map_err(|error| DaneMismatch::Authority(error.to_string()))?;
        let mut refusal = None;
        for name in &self.names {
            let Ok(name) = ServerName::try_from(name.as_str()) else { continue };
            match verifier.verify_server_cert(certificate, chain, &name, &[], now) {
                Ok(_) => return Ok(()),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.map_or(DaneMismatch::NoMatch, |error| DaneMismatch::Authority(error.to_string())))
    }

    /// # Errors
    /// rustls has no such protocol versions.
    pub(super) fn client_config(self: &Arc<Self>) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let verifier = Arc::new(DaneVerifier { dane: self.clone(), provider });
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }
}

/// Why a certificate is not the one that DNS speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DaneMismatch {
    NoMatch,
    /// An authority matches, and what it signed does not count.
    Authority(String),
}

impl Error for DaneMismatch {}

impl fmt::Display for DaneMismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMatch => formatter.write_str("the server's certificate matches none of its TLSA records"),
            Self::Authority(why) => {
                write!(
                    formatter,
                    "a TLSA record matches the authority of the server's certificate, which does not count: {why}"
                )
            }
        }
    }
}

/// Compares with TLSA records; the peer has to have the key of its certificate.
#[derive(Debug)]
struct DaneVerifier {
    dane: Arc<Dane>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for DaneVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.dane
            .check(certificate, chain, now, &self.provider)
            .map(|()| ServerCertVerified::assertion())
            .map_err(|mismatch| CertificateError::Other(OtherError(Arc::new(mismatch))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
