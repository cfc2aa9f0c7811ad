//! TLS as a client, for everything Postroom connects to: which certificates are trusted.
//! rustls with aws-lc-rs, given explicitly, so that no process-wide default is needed. Never speaks a protocol.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Which servers are believed to be who they say they are.
#[derive(Debug, Clone, Default)]
pub struct TlsTrust {
    /// PEM certificates of authorities trusted besides the public ones (Mozilla's).
    pub extra_roots_pem: Option<String>,
    /// Accept any certificate, whoever signed it, for whatever name, expired or not: encryption without knowing with
    /// whom. For tests, and for servers on one's own network that can't have a better one.
    pub accept_invalid_certificates: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsTrustError {
    #[error("the additional root certificates are not PEM: {0}")]
    NotPem(String),
    #[error("the additional root certificates hold no certificate")]
    NoCertificate,
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl TlsTrust {
    pub(crate) fn client_config(&self) -> Result<ClientConfig, TlsTrustError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        if self.accept_invalid_certificates {
            let verifier = Arc::new(AcceptAny(provider));
            return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
        }
        Ok(builder.with_root_certificates(self.roots()?).with_no_client_auth())
    }

    fn roots(&self) -> Result<RootCertStore, TlsTrustError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = &self.extra_roots_pem {
            let mut found = false;
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate.map_err(|error| TlsTrustError::NotPem(error.to_string()))?)?;
                found = true;
            }
            if !found {
                return Err(TlsTrustError::NoCertificate);
            }
        }
        Ok(roots)
    }
}

/// Checks that the peer has the key of its certificate, and nothing about the certificate.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_roots_must_be_certificates() {
        let trust = |pem: &str| TlsTrust { extra_roots_pem: Some(pem.to_owned()), ..TlsTrust::default() };
        let own = rcgen::generate_simple_self_signed(vec!["mail.example.org".to_owned()]).unwrap();
        assert!(trust(&own.cert.pem()).client_config().is_ok());
        assert!(matches!(trust("").client_config(), Err(TlsTrustError::NoCertificate)));
        let broken = "-----BEGIN CERTIFICATE-----\nnonsense!\n-----END CERTIFICATE-----\n";
        assert!(trust(broken).client_config().is_err());
    }
}
