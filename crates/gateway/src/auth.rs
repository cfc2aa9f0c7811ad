//! Sender authentication: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489) and ARC (RFC 8617) of a mail.
//! Owns how long it may take and what is remembered; never decides what becomes of the mail.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{AuthenticatedMessage, DkimResult, DmarcResult, MessageAuthenticator, SpfResult};
use model::auth::{AuthResult, AuthResults, DmarcPolicy};
use tokio::time::timeout;

use crate::dns::{DnsConfig, DnsError};

/// How long all look-ups of one mail may take together.
const DEADLINE: Duration = Duration::from_secs(2);

/// Verifies mails.
pub struct Authenticator {
    verifier: MessageAuthenticator,
    /// Our own name, for SPF macros.
    hostname: String,
}

impl Authenticator {
    /// # Errors
    /// The system's DNS settings can't be read.
    pub fn new(hostname: &str, dns: &DnsConfig) -> Result<Self, DnsError> {
        let (config, options) = dns.resolver_parts()?;
        let verifier =
            MessageAuthenticator::new(config, options).map_err(|error| DnsError::Resolver(error.to_string()))?;
        Ok(Self { verifier, hostname: hostname.to_owned() })
    }

    /// What SPF, DKIM, DMARC and ARC say of `mail`, as the client sent it. Never fails and never takes longer than the
    /// deadline: what can't be found out in time is `temperror`.
    pub async fn verify(&self, peer: IpAddr, helo: &str, mail_from: &str, mail: Bytes) -> AuthResults {
        timeout(DEADLINE, self.verify_all(peer, helo, mail_from, &mail)).await.unwrap_or_else(|_| AuthResults {
            spf: AuthResult::TempError,
            dkim: AuthResult::TempError,
            dmarc: AuthResult::TempError,
            detail: Some("DNS did not answer in time".to_owned()),
            ..AuthResults::default()
        })
    }

    async fn verify_all(&self, peer: IpAddr, helo: &str, mail_from: &str, mail: &[u8]) -> AuthResults {
        let spf =
            self.verifier.verify_spf(SpfParameters::helo_and_mail_from(peer, helo, &self.hostname, mail_from)).await;
        let mut results = AuthResults { spf: spf_result(spf.result()), ..AuthResults::default() };
        let Some(message) = AuthenticatedMessage::parse(mail) else { return results };
        let dkim = self.verifier.verify_dkim(&message).await;
        results.dkim = dkim.iter().map(|output| dkim_result(output.result())).next().unwrap_or_default();
        let domain = mail_from.rsplit_once('@').map_or(helo, |(_, domain)| domain);
        let dmarc = self.verifier.verify_dmarc(DmarcParameters::new(&message, &dkim, domain, &spf)).await;
        results.dmarc = match dmarc.result() {
            DmarcResult::Pass => AuthResult::Pass,
            DmarcResult::Fail(_) => AuthResult::Fail,
            DmarcResult::TempError(_) => AuthResult::TempError,
            DmarcResult::PermError(_) => AuthResult::PermError,
            DmarcResult::None => AuthResult::None,
        };
        results.dmarc_policy = match dmarc.policy() {
            Policy::Reject => DmarcPolicy::Reject,
            Policy::Quarantine => DmarcPolicy::Quarantine,
            Policy::None | Policy::Unspecified => DmarcPolicy::None,
        };
        results
    }
}

fn spf_result(result: SpfResult) -> AuthResult {
    match result {
        SpfResult::Pass => AuthResult::Pass,
        SpfResult::Fail => AuthResult::Fail,
        SpfResult::SoftFail => AuthResult::SoftFail,
        SpfResult::Neutral => AuthResult::Neutral,
        SpfResult::TempError => AuthResult::TempError,
        SpfResult::PermError => AuthResult::PermError,
        SpfResult::None => AuthResult::None,
    }
}

fn dkim_result(result: &DkimResult) -> AuthResult {
    match result {
        DkimResult::Pass => AuthResult::Pass,
        DkimResult::Neutral(_) => AuthResult::Neutral,
        DkimResult::Fail(_) => AuthResult::Fail,
        DkimResult::PermError(_) => AuthResult::PermError,
        DkimResult::TempError(_) => AuthResult::TempError,
        DkimResult::None => AuthResult::None,
    }
}
