//! Sender authentication: SPF (RFC 7208), DKIM (RFC 6376, RFC 8301), DMARC (RFC 7489, RFC 9989) and ARC (RFC 8617).
//! Owns how long it may take and what is remembered; never decides what becomes of the mail.
//!
//! The names that a mail will need are looked up first, all at once and up to the deadline; the verifiers then find their
//! answers in the caches, so a dead name server costs one wait and not one a signature.

mod arc;
mod cache;
mod evidence;
mod health;
mod key;
mod signature;
mod spf;
mod tags;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use mail_auth::dmarc::DmarcRecord;
use mail_auth::dns::ToFqdn;
use mail_auth::{DnsError as LookupError, Error, MessageAuthenticator, ResolverCache, SpfOutput, SpfResult, TxtRecord};
use model::auth::AuthResults;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::dns::{DnsConfig, DnsError};
use cache::{Records, TimedCache};
use evidence::Evidence;
use health::Health;
use key::Keys;
use spf::{Query, Verdict};

/// For all look-ups of one mail together.
const DEADLINE: Duration = Duration::from_secs(2);
/// How long a name that could not be looked up is not asked for again.
const FAILURE_KEPT: Duration = Duration::from_secs(30);
/// How long a name that does not exist is not asked for again, where its zone does not say.
const ABSENCE_KEPT: Duration = Duration::from_secs(60);
/// Domains whose SPF could not be evaluated, by number.
const SPF_FAILURES_MAX: u64 = 4_096;
/// Verdicts of SPF, by number.
const SPF_VERDICTS_MAX: u64 = 4_096;
/// How long a verdict of SPF is remembered: a sender with many mails at once is looked at once.
const SPF_VERDICT_KEPT: Duration = Duration::from_secs(60);

/// Who wants to send: peer, HELO and MAIL FROM.
type SpfQuestion = (IpAddr, Box<str>, Box<str>);

/// Verifies mails. Cheap to clone; clones share their caches.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    verifier: MessageAuthenticator,
    /// A cache for each purpose: a signature may name any record as its key, and what that turned out not to be must not be
    /// remembered where DMARC looks.
    dkim: Records,
    dmarc: Records,
    /// What SPF said of whom; and of domains where it could not be found out, that.
    spf: TimedCache<SpfQuestion, Verdict>,
    spf_failures: TimedCache<Box<str>, ()>,
    health: Arc<Health>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authenticator").field("dns_down", &self.0.health.is_down()).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Inside a runtime, it is found out at once whether DNS can be reached.
    ///
    /// # Errors
    /// The system's DNS settings can't be read.
    pub fn new(dns: &DnsConfig) -> Result<Self, DnsError> {
        let (config, options) = dns.resolver_parts()?;
        let verifier = MessageAuthenticator::new(config, options)
            .map_err(|error| DnsError::Resolver(error.to_string()))?
            .with_max_negative_ttl(Duration::from_secs(600));
        let health = Health::new(dns)?;
        let inner = Inner {
            verifier,
            dkim: Records::new(Arc::clone(&health)),
            dmarc: Records::new(Arc::clone(&health)),
            spf: TimedCache::new(SPF_VERDICTS_MAX),
            spf_failures: TimedCache::new(SPF_FAILURES_MAX),
            health,
        };
        if Handle::try_current().is_ok() {
            inner.health.suspect();
        }
        Ok(Self(Arc::new(inner)))
    }

    /// What SPF, DKIM, DMARC and ARC say of `mail`, as the client sent it (without our trace fields). Never fails, and
    /// waits for DNS no longer than two seconds in all: what can't be found out in time is `temperror`.
    pub async fn verify(&self, peer: IpAddr, helo: &str, mail_from: &str, mail: Bytes) -> AuthResults {
        let deadline = Instant::now() + DEADLINE;
        let evidence = Evidence::of(&mail);
        let domain = a_labels(mail_from.rsplit_once('@').map_or(helo, |(_, domain)| domain)).into_owned();
        let spf = self.0.check_spf(peer.to_canonical(), helo, mail_from, &domain, deadline);
        let (spf, keys) = tokio::join!(spf, self.0.look_up_all(&evidence, deadline));
        if !evidence.signed {
            return self.0.judge(&mail, &domain, &spf, keys, deadline).await;
        }
        // Hashing a large body and checking signatures keeps a thread busy; this one has other sessions to serve.
        let inner = Arc::clone(&self.0);
        let runtime = Handle::current();
        let judged =
            tokio::task::spawn_blocking(move || runtime.block_on(inner.judge(&mail, &domain, &spf, keys, deadline)));
        judged.await.unwrap_or_else(|error| {
            tracing::error!(%error, "verifying the signatures of a mail broke off");
            verdict::undecided("the verifier broke off")
        })
    }
}

impl Inner {
    /// Everything that can be known to be needed, at once. What is cached costs nothing.
    async fn look_up_all(&self, evidence: &Evidence, deadline: Instant) -> Keys {
        let policies = evidence.policies.iter().filter(|name| self.dmarc.is_unknown(name));
        let policies = policies.map(|name| self.look_up_policy(name, deadline));
        let mut keys = Keys::default();
        tokio::join!(self.look_up_keys(&mut keys, &evidence.keys, deadline), join_all(policies));
        keys
    }

    /// Those of `names` that `keys` has not got yet.
    async fn look_up_keys(&self, keys: &mut Keys, names: &[String], deadline: Instant) {
        let missing: Vec<&String> = names.iter().filter(|name| !keys.has(name)).collect();
        let found = join_all(missing.iter().map(|name| self.look_up_key(name, deadline))).await;
        for (name, record) in missing.into_iter().zip(found) {
            keys.add(name, record);
        }
    }

    /// The library would use keys that are not for mail or not for this hash, so it is not asked to look them up.
    async fn look_up_key(&self, name: &str, deadline: Instant) -> TxtRecord {
        let fqdn = name.to_fqdn();
        if let Some(known) = ResolverCache::get::<str>(&self.dkim.txt, fqdn.as_ref()) {
            return known;
        }
        let Ok(owner) = Name::from_str_relaxed(fqdn.as_ref()) else { return TxtRecord::Error(Error::Parse) };
        let error = match timeout_at(deadline, self.verifier.resolver().lookup(owner, RecordType::TXT)).await {
            Ok(Ok(lookup)) => {
                let text = |data: &RData| if let RData::TXT(text) = data { Some(text.txt_data.concat()) } else { None };
                let texts: Vec<Vec<u8>> = lookup.answers().iter().filter_map(|record| text(&record.data)).collect();
                let record = key::choose(&texts);
                self.dkim.txt.insert(fqdn.as_ref().into(), record.clone(), lookup.valid_until());
                return record;
            }
            Ok(Err(error)) => Error::from(error),
            Err(_) => late(),
        };
        self.remember_failure(&self.dkim, &fqdn, error.clone());
        TxtRecord::Error(error)
    }

    /// Afterwards the cache has something to say of the name, if only that it could not be found out.
    async fn look_up_policy(&self, name: &str, deadline: Instant) {
        let answer = timeout_at(deadline, self.verifier.txt_lookup::<DmarcRecord>(name, Some(&self.dmarc.txt))).await;
        let error = match answer {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error,
            Err(_) => late(),
        };
        self.remember_failure(&self.dmarc, &name.to_fqdn(), error);
    }

    fn remember_failure(&self, records: &Records, fqdn: &str, error: Error) {
        let failed = matches!(error, Error::Dns(LookupError::Resolver(_)));
        if failed {
            self.health.suspect();
        }
        if records.txt.is_unknown(fqdn) {
            let kept = if failed { FAILURE_KEPT } else { ABSENCE_KEPT };
            let until = std::time::Instant::now() + kept;
            records.txt.insert(fqdn.into(), TxtRecord::Error(error), until);
        }
    }

    /// The MAIL FROM identity, or that of HELO for the null sender: the one that DMARC aligns (RFC 7489 §4.1).
    async fn check_spf(&self, peer: IpAddr, helo: &str, mail_from: &str, domain: &str, deadline: Instant) -> SpfOutput {
        let verdict = self.spf_verdict(peer, helo, mail_from, domain, deadline).await;
        SpfOutput::new(domain.to_owned()).with_result(match verdict {
            Verdict::None => SpfResult::None,
            Verdict::Neutral => SpfResult::Neutral,
            Verdict::Pass => SpfResult::Pass,
            Verdict::Fail => SpfResult::Fail,
            Verdict::SoftFail => SpfResult::SoftFail,
            Verdict::TempError => SpfResult::TempError,
            Verdict::PermError => SpfResult::PermError,
        })
    }

    async fn spf_verdict(&self, peer: IpAddr, helo: &str, mail_from: &str, domain: &str, deadline: Instant) -> Verdict {
        if !is_public_name(domain) {
            return Verdict::None;
        }
        let question: SpfQuestion = (peer, helo.into(), mail_from.into());
        if let Some(verdict) = self.spf.get(&question) {
            return verdict;
        }
        if self.health.is_down() || self.spf_failures.get(domain).is_some() {
            return Verdict::TempError;
        }
        let local_part = mail_from.rsplit_once('@').map_or("postmaster", |(local_part, _)| local_part);
        let local_part = if local_part.is_empty() { "postmaster" } else { local_part };
        let check = spf::check_host(self.verifier.resolver(), Query { peer, helo, local_part, domain });
        let verdict = timeout_at(deadline, check).await.unwrap_or(Verdict::TempError);
        let now = std::time::Instant::now();
        if verdict == Verdict::TempError {
            self.health.suspect();
            self.spf_failures.insert(domain.into(), (), now + FAILURE_KEPT);
        } else {
            self.spf.insert(question, verdict, now + SPF_VERDICT_KEPT);
        }
        verdict
    }
}

fn late() -> Error {
    Error::Dns(LookupError::Resolver("no answer in time".to_owned()))
}

/// As DNS has the name (RFC 8616 §4, §5). What can't be written so is left as it is, and is found nowhere.
fn a_labels(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() {
        return Cow::Borrowed(domain);
    }
    idna::domain_to_ascii(domain).map_or(Cow::Borrowed(domain), Cow::Owned)
}

/// Names without a dot and address literals publish nothing.
fn is_public_name(domain: &str) -> bool {
    domain.contains('.') && !domain.starts_with('[') && domain.parse::<IpAddr>().is_err()
}
