//! Look-ups whose answers say whether DNSSEC proves them. Believes the AD bit (RFC 4035 §3.2.3) of one resolver beside us that
//! validates; validates nothing itself, remembers nothing, never decides what an answer means.
//!
//! The bit is as good as the way to that resolver: it has to be named, and on this machine or a network of one's own. What it
//! finds to be forged it answers with SERVFAIL, as if it had no answer.

use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle as _, FirstAnswer as _, RetryDnsHandle};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Query};
use hickory_resolver::proto::rr::{Name, Record, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};

use crate::dns::{DnsConfig, DnsError};
use crate::guard::Guard;

/// For one question: a validating resolver may have to ask up to the root first.
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPTS: usize = 2;

/// Asks the resolver that is believed.
pub struct ValidatedDns {
    handle: RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>,
    options: DnsRequestOptions,
}

/// Records of the name asked for, and of the aliases that lead on from it.
pub(crate) struct Answer {
    pub records: Vec<Record>,
    /// The resolver says that DNSSEC proves all of them.
    pub authentic: bool,
}

impl ValidatedDns {
    /// # Errors
    /// No server is named, or one that is across the internet.
    pub fn new(dns: &DnsConfig) -> Result<Self, DnsError> {
        let server = dns.server.ok_or(DnsError::NobodyValidates)?;
        let is_near = Guard::new(true).allows(server.ip()) && !Guard::new(false).allows(server.ip());
        if !is_near {
            return Err(DnsError::ValidatesFarAway(server));
        }
        let (config, mut options) = dns.resolver_parts()?;
        options.timeout = QUERY_TIMEOUT.max(dns.query_timeout);
        let tls = TlsConfig::new().map_err(|error| DnsError::Resolver(error.to_string()))?;
        let context = Arc::new(PoolContext::new(options, tls));
        let pool = NameServerPool::from_config(config.name_servers, context, TokioRuntimeProvider::default());
        Ok(Self { handle: RetryDnsHandle::new(pool, ATTEMPTS), options: DnsRequestOptions::default() })
    }

    /// # Errors
    /// There is no such name or record, or no answer that can be believed.
    pub(crate) async fn ask(&self, name: &str, record_type: RecordType) -> Result<Answer, NetError> {
        let mut name = Name::from_utf8(name)?;
        name.set_fqdn(true);
        let mut request = DnsRequest::from_query(Query::query(name, record_type), self.options);
        // Asks for the bit in the answer (RFC 6840 §5.7).
        request.metadata.authentic_data = true;
        let response = self.handle.send(request).first_answer().await?;
        let authentic = response.metadata.authentic_data;
        Ok(Answer { records: response.into_message().answers, authentic })
    }

    /// Does the resolver vouch for the root zone, which is signed? If not, it vouches for nothing.
    ///
    /// # Errors
    /// It gave no answer.
    pub async fn validates(&self) -> Result<bool, String> {
        self.ask(".", RecordType::SOA).await.map(|answer| answer.authentic).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_resolver_nearby_is_believed() {
        let new = |server: &str| ValidatedDns::new(&DnsConfig::from_text(server).unwrap()).map(|_| ());
        for near in ["127.0.0.1:53", "[::1]:53", "10.0.0.53:53", "[fd00::53]:53"] {
            assert!(new(near).is_ok(), "{near}");
        }
        assert!(matches!(new(""), Err(DnsError::NobodyValidates)));
        for far in ["9.9.9.9:53", "[2620:fe::fe]:53"] {
            let error = new(far).unwrap_err();
            assert!(matches!(error, DnsError::ValidatesFarAway(_)) && error.to_string().contains(far), "{error}");
        }
    }
}
