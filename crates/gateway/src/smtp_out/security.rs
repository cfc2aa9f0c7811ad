//! How a connection to a mail exchanger has to be secured. Owns which certificates will do; never decides who wants it so.

use std::sync::Arc;

use tokio_rustls::TlsConnector;

use super::classify::Stage;
use super::dane::Dane;
use super::failure::{Cause, SmtpFailure};
use super::session::Dialer;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Security {
    /// In TLS if it can be, whatever the certificate, else without (RFC 7435).
    Opportunistic,
    /// In TLS, whatever the certificate: the host has TLSA records, and none that is usable (RFC 7672 §2.2).
    Encrypted,
    /// With a certificate for the host that a public authority signed (MTA-STS, RFC 8461).
    PublicCertificate,
    /// With a certificate that the host's TLSA records name (DANE, RFC 7672).
    Dane(Arc<Dane>),
}

impl Security {
    pub(super) const fn is_mandatory(&self) -> bool {
        !matches!(self, Self::Opportunistic)
    }

    pub(super) const fn is_dane(&self) -> bool {
        matches!(self, Self::Dane(_))
    }

    /// Added to what a host without TLS as it has to be is said to have done wrong.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Opportunistic | Self::PublicCertificate => "",
            Self::Encrypted => " (its TLSA records want TLS; DANE, RFC 7672)",
            Self::Dane(_) => " (its TLSA records want TLS with a certificate that they name; DANE, RFC 7672)",
        }
    }
}

impl Dialer {
    /// What TLS is set up with, and the name that the server is asked for.
    pub(super) fn connector<'a>(
        &self,
        security: &'a Security,
        host: &'a str,
    ) -> Result<(TlsConnector, &'a str), SmtpFailure> {
        Ok(match security {
            Security::Opportunistic | Security::Encrypted => (self.opportunistic_tls.clone(), host),
            Security::PublicCertificate => (self.tls.clone(), host),
            Security::Dane(dane) => {
                let failed = |error| {
                    SmtpFailure::new(Stage::StartTls, Cause::Tls(std::io::Error::other::<rustls::Error>(error)))
                };
                (TlsConnector::from(Arc::new(dane.client_config().map_err(failed)?)), dane.base_name())
            }
        })
    }
}
