//! The certificate we show to clients: from files, or made for ourselves to try things with. Owns loading and making;
//! never speaks TLS itself.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

const SELF_SIGNED_CERTIFICATE: &str = "smtp-self-signed.crt.pem";
const SELF_SIGNED_KEY: &str = "smtp-self-signed.key.pem";

/// A certificate with its key, ready to serve.
#[derive(Clone)]
pub struct ServerTls(Arc<ServerConfig>);

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServerTls")
    }
}

/// Why there is no certificate to show, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the certificate file {path} can't be read: {reason}; it must hold PEM certificates, the server's first")]
    Certificate { path: PathBuf, reason: String },
    #[error("the key file {path} can't be read: {reason}; it must hold one PEM private key (PKCS#8, PKCS#1 or SEC1)")]
    Key { path: PathBuf, reason: String },
    #[error("the key {key} does not belong to the certificate {certificate}, or can't be used: {reason}")]
    Mismatch { certificate: PathBuf, key: PathBuf, reason: String },
    #[error("a certificate of our own can't be made in {directory}: {reason}")]
    SelfSigned { directory: PathBuf, reason: String },
}

impl ServerTls {
    /// From PEM files: the certificate with its chain, and its key. Read once; a restart reads them again.
    ///
    /// # Errors
    /// A file can't be read, holds something else, or the two don't belong together.
    pub fn from_pem_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let unreadable = |reason: String| TlsError::Certificate { path: certificate.to_owned(), reason };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unreadable(error.to_string()))?;
        if chain.is_empty() {
            return Err(unreadable("no certificate in it".to_owned()));
        }
        let private_key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| TlsError::Key { path: key.to_owned(), reason: error.to_string() })?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private_key))
            .map_err(|error| TlsError::Mismatch {
                certificate: certificate.to_owned(),
                key: key.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self(Arc::new(config)))
    }

    /// A certificate that nobody vouches for, made on the first start and kept in `directory`. Enough for
    /// opportunistic STARTTLS, where clients don't check.
    ///
    /// # Errors
    /// The directory can't be written, or what is there can't be read.
    pub fn self_signed(directory: &Path, hostname: &str) -> Result<Self, TlsError> {
        let certificate = directory.join(SELF_SIGNED_CERTIFICATE);
        let key = directory.join(SELF_SIGNED_KEY);
        if !certificate.exists() || !key.exists() {
            let failed = |reason: String| TlsError::SelfSigned { directory: directory.to_owned(), reason };
            let made =
                rcgen::generate_simple_self_signed([hostname.to_owned()]).map_err(|error| failed(error.to_string()))?;
            write_private(&key, &made.signing_key.serialize_pem()).map_err(|error| failed(error.to_string()))?;
            fs::write(&certificate, made.cert.pem()).map_err(|error| failed(error.to_string()))?;
        }
        Self::from_pem_files(&certificate, &key)
    }

    pub(crate) fn acceptor(self) -> TlsAcceptor {
        TlsAcceptor::from(self.0)
    }
}

/// A file nobody else can read, whole or not there.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_our_own_is_made_once() {
        let directory = tempfile::tempdir().expect("a directory");
        ServerTls::self_signed(directory.path(), "mx.test").expect("made");
        let first = fs::read(directory.path().join(SELF_SIGNED_CERTIFICATE)).expect("kept");
        ServerTls::self_signed(directory.path(), "mx.test").expect("read");
        assert_eq!(fs::read(directory.path().join(SELF_SIGNED_CERTIFICATE)).expect("kept"), first);
    }

    #[test]
    fn wrong_files_are_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let (one, two) = (directory.path().join("one"), directory.path().join("two"));
        for place in [&one, &two] {
            fs::create_dir(place).expect("a directory");
            ServerTls::self_signed(place, "mx.test").expect("made");
        }
        let certificate = one.join(SELF_SIGNED_CERTIFICATE);
        let missing = directory.path().join("missing.pem");
        let error = |certificate: &Path, key: &Path| {
            ServerTls::from_pem_files(certificate, key).expect_err("wrong files").to_string()
        };
        assert!(error(&missing, &one.join(SELF_SIGNED_KEY)).contains("missing.pem"));
        assert!(error(&certificate, &missing).contains("missing.pem"));
        assert!(error(&certificate, &two.join(SELF_SIGNED_KEY)).contains("does not belong"));
        assert!(error(&one.join(SELF_SIGNED_KEY), &certificate).contains("no certificate"));
    }
}
