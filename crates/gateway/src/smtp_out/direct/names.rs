//! What mail exchangers are looked up with: MX, AAAA, A, TLSA and TXT records. Never decides where a mail goes.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::TLSA;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::route::{MxAnswer, in_turn};
use crate::dns::{DnsConfig, DnsError};
use crate::smtp_out::dane;
use crate::validated_dns::{Answer, ValidatedDns};

/// For one question to one server: a mail has time, and a look-up that was given up defers it.
const QUERY_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;
/// MX records of a domain that are looked at.
const RECORDS_MAX: usize = 32;

/// Aliases that are followed from a name to where its records are.
const ALIASES_MAX: usize = 8;

pub(super) struct Names {
    resolver: TokioResolver,
    /// Asked instead, where DANE is heeded, for all that a mail's way depends on.
    validated: Option<ValidatedDns>,
}

/// Where a host is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// IPv6 and IPv4 in turn.
    pub addresses: Vec<IpAddr>,
    /// The host's own name, where the one asked for is an alias.
    pub own_name: Option<String>,
    /// DNSSEC proves all of it.
    pub is_proven: bool,
}

impl Names {
    /// # Errors
    /// The system's settings can't be read, or nobody validates for DANE.
    pub(super) fn new(dns: &DnsConfig, dane: bool) -> Result<Self, DnsError> {
        let (config, mut options) = dns.resolver_parts()?;
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = QUERY_TIMEOUT.max(dns.query_timeout);
        options.attempts = ATTEMPTS;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        let resolver = builder.build().map_err(|error| DnsError::Resolver(error.to_string()))?;
        let validated = if dane { Some(ValidatedDns::new(dns)?) } else { None };
        Ok(Self { resolver, validated })
    }

    async fn ask(&self, name: &str, record_type: RecordType) -> Result<Answer, NetError> {
        if let Some(validated) = &self.validated {
            return validated.ask(name, record_type).await;
        }
        let found = self.resolver.lookup(absolute(name), record_type).await?;
        Ok(Answer { records: found.answers().to_vec(), authentic: false })
    }

    /// What a failure is told as. A resolver that validates says no more of forged answers than that it has none.
    fn failed(&self, error: &NetError) -> String {
        match self.validated {
            Some(_) => format!("{error} (no answer, or one whose DNSSEC signatures are wrong)"),
            None => error.to_string(),
        }
    }

    /// The domain's exchangers, and whether DNSSEC proves them. That there is no record counts as proven where DANE is heeded:
    /// the domain is its own exchanger then, and the proof of its address, from the same zone, decides.
    pub(super) async fn mx(&self, domain: &str) -> (MxAnswer, bool) {
        let none = || (MxAnswer::NoRecord, self.validated.is_some());
        let found = match self.ask(domain, RecordType::MX).await {
            Ok(found) => found,
            Err(error) if error.is_nx_domain() => return (MxAnswer::NoDomain, false),
            Err(error) if error.is_no_records_found() => return none(),
            Err(error) => return (MxAnswer::Failed(self.failed(&error)), false),
        };
        let records = found.records.iter().filter_map(|record| match &record.data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii().trim_end_matches('.').to_lowercase())),
            _ => None,
        });
        let records: Vec<_> = records.take(RECORDS_MAX).collect();
        // An alias that leads to a name without MX records.
        if records.is_empty() { none() } else { (MxAnswer::Records(records), found.authentic) }
    }

    /// No addresses if DNS knows that there are none.
    ///
    /// # Errors
    /// DNS did not say.
    pub(super) async fn addresses(&self, host: &str) -> Result<Found, String> {
        let (v6, v4) = tokio::join!(self.ask(host, RecordType::AAAA), self.ask(host, RecordType::A));
        let (v6, v4) = (self.addresses_of(host, v6), self.addresses_of(host, v4));
        let (v6, v4) = match (v6, v4) {
            (Ok(v6), Ok(v4)) => (v6, v4),
            // One kind will do.
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.addresses.is_empty() => return Ok(some),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let is_proven = [&v6, &v4].iter().all(|found| found.is_proven || found.addresses.is_empty());
        let addresses = in_turn(v6.addresses, v4.addresses);
        Ok(Found { is_proven: is_proven && !addresses.is_empty(), own_name: v6.own_name.or(v4.own_name), addresses })
    }

    fn addresses_of(&self, host: &str, answer: Result<Answer, NetError>) -> Result<Found, String> {
        match answer {
            Ok(answer) => Ok(Found {
                addresses: answer.records.iter().filter_map(|record| record.data.ip_addr()).collect(),
                own_name: own_name(host, &answer.records),
                is_proven: answer.authentic,
            }),
            Err(error) if error.is_no_records_found() => Ok(Found::default()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Does DNSSEC prove that `host` is an alias, whatever it leads to?
    ///
    /// # Errors
    /// DNS did not say.
    pub(super) async fn is_proven_alias(&self, host: &str) -> Result<bool, String> {
        match self.ask(host, RecordType::CNAME).await {
            Ok(found) => Ok(found.authentic),
            Err(error) if error.is_no_records_found() => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The TLSA records of a host at a port, as far as DNSSEC proves them; none if it proves none.
    ///
    /// # Errors
    /// DNS did not say.
    pub(super) async fn tlsa(&self, host: &str, port: u16) -> Result<Vec<TLSA>, String> {
        match self.ask(&format!("_{port}._tcp.{host}"), RecordType::TLSA).await {
            Ok(found) if found.authentic => {
                let records = found.records.into_iter().filter_map(|record| match record.data {
                    RData::TLSA(tlsa) => Some(tlsa),
                    _ => None,
                });
                Ok(records.take(dane::RECORDS_MAX).collect())
            }
            Ok(_) => Ok(Vec::new()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The texts of a name, each whole; none if there are none or DNS did not say.
    pub(super) async fn texts(&self, name: &str) -> Vec<String> {
        let Ok(found) = self.resolver.txt_lookup(absolute(name)).await else { return Vec::new() };
        let texts = found.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        });
        texts.take(RECORDS_MAX).collect()
    }
}

/// Where the aliases of an answer lead to from `host`; none if it is no alias.
fn own_name(host: &str, records: &[Record]) -> Option<String> {
    let mut name = Name::from_utf8(absolute(host)).ok()?;
    let mut is_alias = false;
    for _ in 0..ALIASES_MAX {
        let target = records.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == name => Some(target.0.clone()),
            _ => None,
        });
        let Some(target) = target else { break };
        (name, is_alias) = (target, true);
    }
    is_alias.then(|| name.to_ascii().trim_end_matches('.').to_lowercase())
}

/// A final dot keeps search domains out.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}
