//! TLS as a client, for everything Postroom connects to: which certificates are trusted.
//! rustls with aws-lc-rs, given explicitly, so that no process-wide default is needed. Never speaks a protocol.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Which servers are believed to be who they say they are.
#[derive(Debug, Clone, Default)]
pub struct TlsTrust {
    /// PEM certificates trusted besides those of the public authorities (Mozilla's): of other authorities, or of single
    /// servers. A server that shows exactly one of them is trusted for the names in it, whatever its dates.
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
    #[error("TLS can't be set up: {0}")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

impl TlsTrust {
    pub(crate) fn client_config(&self) -> Result<ClientConfig, TlsTrustError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        if self.accept_invalid_certificates {
            let verifier = Arc::new(AcceptAny(provider));
            return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
        }
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let Some(pem) = &self.extra_roots_pem else {
            return Ok(builder.with_root_certificates(roots).with_no_client_auth());
        };
        let extra: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let extra = extra.map_err(|error| TlsTrustError::NotPem(error.to_string()))?;
        if extra.is_empty() {
            return Err(TlsTrustError::NoCertificate);
        }
        for certificate in &extra {
            roots.add(certificate.clone())?;
        }
        let public = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        let verifier = Arc::new(RootsOrServers { roots: public, servers: extra });
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }
}

/// The usual checks; and servers' own certificates by comparison. What `openssl req -x509` makes calls itself an authority,
/// and webpki takes no authority for a server, however well it is known.
#[derive(Debug)]
struct RootsOrServers {
    roots: Arc<WebPkiServerVerifier>,
    servers: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for RootsOrServers {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let refusal = match self.roots.verify_server_cert(certificate, chain, name, ocsp, now) {
            Ok(verified) => return Ok(verified),
            Err(refusal) => refusal,
        };
        if !self.servers.iter().any(|known| known == certificate) {
            return Err(refusal);
        }
        verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.roots.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.roots.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.roots.supported_verify_schemes()
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
