//! Where a mail exchanger is and how it has to be spoken to: what DNSSEC proves of its certificate (DANE, RFC 7672) goes before
//! what the domain's MTA-STS policy (RFC 8461) wants. Never connects.

use std::net::IpAddr;
use std::sync::Arc;

use engine::ports::DeliveryResult;

use super::names::Found;
use super::route::NoRoute;
use super::{ADDRESSES_PER_EXCHANGER_MAX, Direct};
use crate::smtp_out::dane::Dane;
use crate::smtp_out::mta_sts::{Mode, Policy};
use crate::smtp_out::security::Security;

/// A host that may be given mail.
pub(super) struct Prepared {
    pub addresses: Vec<IpAddr>,
    pub security: Security,
    /// How else, if it can't be so: what fails under a policy that is being tested is sent all the same.
    pub otherwise: Option<Security>,
}

/// What DNSSEC proves of a host's certificate.
enum Proof {
    /// Nothing: DANE has no say.
    Nothing,
    /// There are TLSA records, and none that is usable.
    Unusable,
    Records(Arc<Dane>),
}

impl Direct {
    /// `mx_is_proven`: DNSSEC proves that `host` is an exchanger of `domain`.
    pub(super) async fn prepare(
        &self,
        domain: &str,
        host: &str,
        mx_is_proven: bool,
        policy: Option<&Policy>,
    ) -> Result<Prepared, NoRoute> {
        let by_policy = by_policy(policy, host);
        if !mx_is_proven {
            by_policy.clone()?;
        }
        let found = self.find(host).await?;
        let proof = if mx_is_proven { self.proof(domain, host, &found).await? } else { Proof::Nothing };
        let addresses = self.allowed(host, found.addresses)?;
        let (security, otherwise) = match proof {
            Proof::Records(dane) => (Security::Dane(dane), None),
            Proof::Nothing => by_policy?,
            Proof::Unusable => {
                let at_least =
                    |security| if security == Security::Opportunistic { Security::Encrypted } else { security };
                let (security, otherwise) = by_policy?;
                (at_least(security), otherwise.map(at_least))
            }
        };
        Ok(Prepared { addresses, security, otherwise })
    }

    async fn find(&self, host: &str) -> Result<Found, NoRoute> {
        let found = self.names.addresses(host).await.map_err(|error| NoRoute {
            result: DeliveryResult::Deferred,
            text: format!("4.4.3 DNS did not say where {host} is: {error}"),
        })?;
        if found.addresses.is_empty() {
            return Err(NoRoute::bounced(format!("5.4.4 {host} has no address")));
        }
        Ok(found)
    }

    /// The addresses of an exchanger that may be connected to.
    fn allowed(&self, host: &str, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, NoRoute> {
        let mut allowed: Vec<IpAddr> = found.iter().copied().filter(|address| self.guard.allows(*address)).collect();
        allowed.truncate(ADDRESSES_PER_EXCHANGER_MAX);
        if let (true, Some(first)) = (allowed.is_empty(), found.first()) {
            let text = format!(
                "4.4.4 {host} is at {first}, which is no address of the public internet; Postroom does not connect there \
                 unless private networks are allowed (allow_private_networks)"
            );
            return Err(NoRoute { result: DeliveryResult::Infrastructure, text });
        }
        Ok(allowed)
    }

    /// Nobody is asked for the TLSA records of a host whose address is not proven (RFC 7672 §2.2.2): many name servers that
    /// know nothing of DNSSEC give no answer to such a question.
    async fn proof(&self, domain: &str, host: &str, found: &Found) -> Result<Proof, NoRoute> {
        let unknown = |error: String| NoRoute {
            result: DeliveryResult::Deferred,
            text: format!(
                "4.4.3 DNS did not say which certificate {host} has (TLSA records, DANE): {error}; no mail is given to it"
            ),
        };
        let mut base_names = Vec::new();
        if found.is_proven {
            base_names.extend(found.own_name.clone());
            base_names.push(host.to_owned());
        } else if found.own_name.is_some() && self.names.is_proven_alias(host).await.map_err(unknown)? {
            base_names.push(host.to_owned());
        }
        for base_name in base_names {
            let records = self.names.tlsa(&base_name, self.port).await.map_err(unknown)?;
            if records.is_empty() {
                continue;
            }
            let mut names = vec![base_name, host.to_owned(), domain.to_owned()];
            names.dedup();
            return Ok(Dane::new(&records, names).map_or(Proof::Unusable, |dane| Proof::Records(Arc::new(dane))));
        }
        Ok(Proof::Nothing)
    }
}

/// How the policy wants this host spoken to, and how else if that can't be; an error if no mail may go there.
fn by_policy(policy: Option<&Policy>, host: &str) -> Result<(Security, Option<Security>), NoRoute> {
    let Some(policy) = policy.filter(|policy| policy.mode != Mode::None) else {
        return Ok((Security::Opportunistic, None));
    };
    let is_tested = policy.mode == Mode::Testing;
    if policy.names(host) {
        return Ok((Security::PublicCertificate, is_tested.then_some(Security::Opportunistic)));
    }
    if is_tested {
        tracing::warn!(
            host,
            mode = "testing",
            "the MTA-STS policy of the domain does not name its mail exchanger; sending all the same"
        );
        return Ok((Security::Opportunistic, None));
    }
    let text = format!("4.7.0 the domain's MTA-STS policy does not name {host}; no mail is given to it");
    Err(NoRoute { result: DeliveryResult::Deferred, text })
}
