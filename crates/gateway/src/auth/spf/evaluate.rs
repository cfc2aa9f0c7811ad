//! `check_host()` (RFC 7208 §4). Owns the order of things and the limits that keep an evaluation short.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::macros::{Spec, Values};
use super::record::{self, Mechanism, Prefix, Qualifier};

/// Mechanisms and modifiers that ask DNS, of one evaluation (RFC 7208 §4.6.4).
const LOOKUPS_MAX: u32 = 10;
/// Look-ups that find nothing, of one evaluation (RFC 7208 §4.6.4).
const VOID_LOOKUPS_MAX: u32 = 2;
/// Names of one `mx` or `ptr` (RFC 7208 §4.6.4).
const NAMES_MAX: usize = 10;

/// RFC 7208 §2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) enum Verdict {
    None,
    Neutral,
    Pass,
    Fail,
    SoftFail,
    TempError,
    PermError,
}

/// Who wants to send, and as whom.
#[derive(Debug, Clone, Copy)]
pub(in crate::auth) struct Query<'a> {
    pub(in crate::auth) peer: IpAddr,
    pub(in crate::auth) helo: &'a str,
    /// `postmaster` where the sender has none.
    pub(in crate::auth) local_part: &'a str,
    pub(in crate::auth) domain: &'a str,
}

/// May `query.peer` send mail for `query.domain`?
pub(in crate::auth) async fn check_host(resolver: &TokioResolver, query: Query<'_>) -> Verdict {
    let mut evaluation = Evaluation { resolver, query, lookups: 0, voids: 0, validated_name: None };
    evaluation.check(query.domain.to_owned()).await.unwrap_or_else(|stop| stop)
}

struct Evaluation<'a> {
    resolver: &'a TokioResolver,
    query: Query<'a>,
    lookups: u32,
    voids: u32,
    validated_name: Option<String>,
}

/// An error ends the evaluation at once, with this verdict.
type Checked<T> = Result<T, Verdict>;

impl Evaluation<'_> {
    /// Boxed, as records include records.
    fn check<'s>(&'s mut self, domain: String) -> Pin<Box<dyn Future<Output = Checked<Verdict>> + Send + 's>> {
        Box::pin(async move {
            if !is_domain(&domain) {
                return Ok(Verdict::None);
            }
            let mut texts: Vec<Vec<u8>> = self
                .ask(&domain, RecordType::TXT)
                .await?
                .into_iter()
                .filter_map(|data| if let RData::TXT(text) = data { Some(text.txt_data.concat()) } else { None })
                .filter(|text| record::is_spf(text))
                .collect();
            let Some(text) = texts.pop() else { return Ok(Verdict::None) };
            if !texts.is_empty() {
                return Err(Verdict::PermError);
            }
            let record = record::parse(&text).map_err(|_| Verdict::PermError)?;
            for (qualifier, mechanism) in &record.directives {
                if self.can_expand(mechanism.spec()) && self.matches(mechanism, &domain).await? {
                    return Ok(match qualifier {
                        Qualifier::Pass => Verdict::Pass,
                        Qualifier::Fail => Verdict::Fail,
                        Qualifier::SoftFail => Verdict::SoftFail,
                        Qualifier::Neutral => Verdict::Neutral,
                    });
                }
            }
            let redirect = record.redirect.as_ref().filter(|spec| self.can_expand(Some(spec)));
            let Some(redirect) = redirect else { return Ok(Verdict::Neutral) };
            self.count_lookup()?;
            let target = self.expand(redirect, &domain).await?;
            match self.check(target).await? {
                Verdict::None => Err(Verdict::PermError),
                verdict => Ok(verdict),
            }
        })
    }

    /// A local part beyond ASCII can't go into a name: what asks for it matches nothing (RFC 8616 §4).
    fn can_expand(&self, spec: Option<&Spec>) -> bool {
        self.query.local_part.is_ascii() || spec.is_none_or(|spec| !spec.needs_local_part())
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Checked<bool> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, bits) => Ok(in_network(self.query.peer, IpAddr::V4(*network), *bits)),
            Mechanism::Ip6(network, bits) => Ok(in_network(self.query.peer, IpAddr::V6(*network), *bits)),
            Mechanism::Include(spec) => {
                self.count_lookup()?;
                let target = self.expand(spec, domain).await?;
                match self.check(target).await? {
                    Verdict::Pass => Ok(true),
                    Verdict::Fail | Verdict::SoftFail | Verdict::Neutral => Ok(false),
                    Verdict::TempError => Err(Verdict::TempError),
                    Verdict::None | Verdict::PermError => Err(Verdict::PermError),
                }
            }
            Mechanism::A { domain: spec, prefix } => {
                self.count_lookup()?;
                let target = self.target(spec.as_ref(), domain).await?;
                self.has_address(&target, *prefix).await
            }
            Mechanism::Mx { domain: spec, prefix } => {
                self.count_lookup()?;
                let target = self.target(spec.as_ref(), domain).await?;
                self.mx_matches(&target, *prefix).await
            }
            Mechanism::Ptr(spec) => {
                self.count_lookup()?;
                let target = self.target(spec.as_ref(), domain).await?;
                Ok(self.validated_names(&target).await.iter().any(|name| is_at_or_below(name, &target)))
            }
            Mechanism::Exists(spec) => {
                self.count_lookup()?;
                let target = self.expand(spec, domain).await?;
                let found = self.ask_counted(&target, RecordType::A).await?;
                Ok(found.iter().any(|data| matches!(data, RData::A(_))))
            }
        }
    }

    fn count_lookup(&mut self) -> Checked<()> {
        self.lookups += 1;
        if self.lookups > LOOKUPS_MAX { Err(Verdict::PermError) } else { Ok(()) }
    }

    async fn target(&mut self, spec: Option<&Spec>, domain: &str) -> Checked<String> {
        match spec {
            Some(spec) => self.expand(spec, domain).await,
            None => Ok(domain.to_owned()),
        }
    }

    async fn expand(&mut self, spec: &Spec, domain: &str) -> Checked<String> {
        if spec.needs_validated_name() && self.validated_name.is_none() {
            let names = self.validated_names(domain).await;
            let exact = names.iter().find(|name| name.eq_ignore_ascii_case(domain));
            let below = || names.iter().find(|name| is_at_or_below(name, domain));
            let name = exact.or_else(below).or(names.first());
            self.validated_name = Some(name.cloned().unwrap_or_else(|| "unknown".to_owned()));
        }
        let address = macro_address(self.query.peer);
        Ok(spec.expand(&Values {
            local_part: self.query.local_part,
            sender_domain: self.query.domain,
            domain,
            address: &address,
            is_ipv6: self.query.peer.is_ipv6(),
            helo: self.query.helo,
            validated_name: self.validated_name.as_deref().unwrap_or("unknown"),
        }))
    }

    async fn mx_matches(&mut self, target: &str, prefix: Prefix) -> Checked<bool> {
        let found = self.ask_counted(target, RecordType::MX).await?;
        // As names and not as text: a label may hold any byte, and text would write some of them otherwise.
        let hosts: Vec<Name> = found
            .into_iter()
            .filter_map(|data| if let RData::MX(mx) = data { Some(mx.exchange) } else { None })
            .collect();
        if hosts.len() > NAMES_MAX {
            return Err(Verdict::PermError);
        }
        for host in hosts {
            let found = self.look_up(host, self.address_kind()).await?;
            if self.is_among(&found, prefix) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Is the peer among the addresses of `host`, as far as the prefix goes?
    async fn has_address(&mut self, host: &str, prefix: Prefix) -> Checked<bool> {
        let found = self.ask_counted(host, self.address_kind()).await?;
        Ok(self.is_among(&found, prefix))
    }

    fn address_kind(&self) -> RecordType {
        if self.query.peer.is_ipv4() { RecordType::A } else { RecordType::AAAA }
    }

    fn is_among(&self, found: &[RData], prefix: Prefix) -> bool {
        let peer = self.query.peer;
        let bits = if peer.is_ipv4() { prefix.ip4 } else { prefix.ip6 };
        found.iter().filter_map(address_of).any(|address| in_network(peer, address, bits))
    }

    /// Names of the peer whose addresses lead back to it (RFC 7208 §5.5). Errors only mean that there is no such name.
    async fn validated_names(&mut self, wanted: &str) -> Vec<String> {
        let reverse = Name::from(self.query.peer).to_ascii();
        let Ok(found) = self.ask(&reverse, RecordType::PTR).await else { return Vec::new() };
        let mut names: Vec<(String, Name)> = found
            .into_iter()
            .filter_map(|data| if let RData::PTR(name) = data { Some(name.0) } else { None })
            .map(|name| (name.to_ascii().trim_end_matches('.').to_owned(), name))
            .take(NAMES_MAX)
            .collect();
        names.sort_by_key(|(text, _)| !is_at_or_below(text, wanted));
        let mut validated = Vec::new();
        for (text, name) in names {
            let found = self.look_up(name, self.address_kind()).await.unwrap_or_default();
            if self.is_among(&found, Prefix { ip4: 32, ip6: 128 }) {
                validated.push(text);
            }
        }
        validated
    }

    async fn ask_counted(&mut self, name: &str, kind: RecordType) -> Checked<Vec<RData>> {
        let found = self.ask(name, kind).await?;
        if found.is_empty() {
            self.voids += 1;
            if self.voids > VOID_LOOKUPS_MAX {
                return Err(Verdict::PermError);
            }
        }
        Ok(found)
    }

    /// What is no name in DNS has no records there.
    async fn ask(&self, name: &str, kind: RecordType) -> Checked<Vec<RData>> {
        let labels = name.trim_end_matches('.').split('.').map(str::as_bytes);
        let Ok(mut name) = Name::from_labels(labels) else { return Ok(Vec::new()) };
        name.set_fqdn(true);
        self.look_up(name, kind).await
    }

    async fn look_up(&self, name: Name, kind: RecordType) -> Checked<Vec<RData>> {
        match self.resolver.lookup(name, kind).await {
            Ok(lookup) => Ok(lookup
                .answers()
                .iter()
                .map(|record| &record.data)
                .filter(|data| data.record_type() == kind)
                .cloned()
                .collect()),
            Err(error) if NetError::is_no_records_found(&error) => Ok(Vec::new()),
            Err(_) => Err(Verdict::TempError),
        }
    }
}

/// More than one label, none empty or too long (RFC 7208 §4.3).
fn is_domain(domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let labels: Vec<&str> = domain.split('.').collect();
    labels.len() > 1 && domain.len() <= 253 && labels.iter().all(|label| !label.is_empty() && label.len() <= 63)
}

fn is_at_or_below(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
    name == domain || name.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

fn address_of(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    }
}

fn in_network(peer: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (peer, network) {
        (IpAddr::V4(peer), IpAddr::V4(network)) => {
            (peer.to_bits() ^ network.to_bits()).checked_shr(32 - bits.min(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(peer), IpAddr::V6(network)) => {
            (peer.to_bits() ^ network.to_bits()).checked_shr(128 - bits.min(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Macro `i`: dotted, an IPv6 address by its nibbles (RFC 7208 §7.3).
fn macro_address(peer: IpAddr) -> String {
    match peer {
        IpAddr::V4(peer) => peer.to_string(),
        IpAddr::V6(peer) => {
            let digits = format!("{:032x}", peer.to_bits());
            digits.chars().map(String::from).collect::<Vec<_>>().join(".")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let cases = [
            ("192.0.2.1", "192.0.2.1", 32, true),
            ("192.0.2.2", "192.0.2.1", 32, false),
            ("192.0.2.200", "192.0.2.1", 24, true),
            ("10.0.0.1", "192.0.2.1", 0, true),
            ("2001:db8::1", "2001:db8::2", 128, false),
            ("2001:db8::1", "2001:db8::2", 64, true),
            ("2001:db8::1", "::", 0, true),
            ("192.0.2.1", "::", 0, false),
        ];
        for (peer, network, bits, expected) in cases {
            let (peer, network) = (peer.parse().expect("an address"), network.parse().expect("an address"));
            assert_eq!(in_network(peer, network, bits), expected, "{peer} in {network}/{bits}");
        }
    }
}
