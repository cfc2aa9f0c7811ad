//! Finds out where somebody's mailbox is, from the address alone: SRV records (RFC 6186), configuration files of the domain and of a
//! database of providers (Mozilla's format), servers of usual names. Owns the order, the look-ups and their limits; never signs in,
//! and believes no server that is not encrypted.
//!
//! `client_config` and `services` are pure; `guessing` probes. All that connects goes through the guard.

mod client_config;
mod guessing;
mod services;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{Discovered, DiscoveredServer, DiscoverySource, Fetcher as _, MailboxDiscovery};
use model::channel::TransportSecurity;
use tokio_rustls::TlsConnector;

use crate::dns::DnsConfig;
use crate::dns_lookup::DnsLookup;
use crate::fetch::HttpFetcher;
use crate::guard::Guard;
use crate::tls_client::TlsTrust;
use guessing::{Guess, Prober};
pub(crate) use services::Service;

/// Where Mozilla's database of providers is.
pub const ISPDB_URL: &str = "https://autoconfig.thunderbird.net/v1.1/";

/// Bytes of a configuration file; real ones have some four thousand.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// For one file, redirects included (`fetch` follows three).
const FILE_TIMEOUT: Duration = Duration::from_secs(6);
/// For the records of a domain.
const DNS_TIMEOUT: Duration = Duration::from_secs(5);
/// For all of it: a person waits.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(25);
/// Domains of a mail exchanger that are asked for in the database.
const EXCHANGER_DOMAINS_MAX: usize = 3;

/// What is asked, and where.
#[derive(Debug, Clone)]
pub struct AutoconfigSources {
    /// URLs of a domain's own file, the best first; `{domain}` and `{address}` stand for themselves.
    domain_urls: Vec<String>,
    /// What a domain is appended to; `None` asks no database.
    ispdb_url: Option<String>,
    imap_guesses: Vec<Guess>,
    smtp_guesses: Vec<Guess>,
}

impl AutoconfigSources {
    /// The usual places. `ispdb_url`: the database of providers, with a slash at its end; `None` asks none.
    pub fn with_database(ispdb_url: Option<String>) -> Self {
        // Plain HTTP last, as the draft has it (§4.1): many small providers have no certificate there. The database is never told the
        // address, only its domain.
        let domain_urls = [
            "https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={address}",
            "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
            "http://autoconfig.{domain}/mail/config-v1.1.xml",
        ];
        Self {
            domain_urls: domain_urls.map(str::to_owned).to_vec(),
            ispdb_url,
            imap_guesses: guessing::IMAP.to_vec(),
            smtp_guesses: guessing::SMTP.to_vec(),
        }
    }
}

/// Asks the world. Cheap to clone.
#[derive(Clone)]
pub struct Autoconfig(Arc<Asking>);

struct Asking {
    sources: AutoconfigSources,
    fetcher: HttpFetcher,
    /// Absent where the system has no usable settings: then no record is asked for.
    dns: Option<DnsLookup>,
    prober: Prober,
}

impl Autoconfig {
    /// # Errors
    /// TLS can't be set up with `trust`.
    pub fn new(guard: Guard, trust: &TlsTrust, dns: &DnsConfig, sources: AutoconfigSources) -> Result<Self, String> {
        let tls = trust.client_config().map_err(|error| error.to_string())?;
        let prober = Prober { guard: guard.clone(), tls: Arc::new(TlsConnector::from(Arc::new(tls))) };
        let dns = DnsLookup::new(dns)
            .inspect_err(|error| tracing::warn!(%error, "SRV records of mailboxes are not looked up"))
            .ok();
        Ok(Self(Arc::new(Asking { sources, fetcher: HttpFetcher::new(guard, trust)?, dns, prober })))
    }
}

#[async_trait]
impl MailboxDiscovery for Autoconfig {
    async fn discover(&self, address: &str) -> Discovered {
        let Some((_, domain)) = address.rsplit_once('@') else { return Discovered::default() };
        let Ok(domain) = idna::domain_to_ascii(domain) else { return Discovered::default() };
        if !client_config::is_host(&domain) {
            return Discovered::default();
        }
        let mut found = Discovered::default();
        // What was found until then counts.
        let _ = tokio::time::timeout(DISCOVERY_TIMEOUT, self.0.ask(address, &domain, &mut found)).await;
        found
    }
}

impl Asking {
    /// One source after another, until both servers are known.
    async fn ask(&self, address: &str, domain: &str, found: &mut Discovered) {
        let both = |found: &Discovered| found.imap.is_some() && found.smtp.is_some();
        let (imap, smtp) = tokio::join!(
            self.service(&services::IMAP, address, domain),
            self.service(&services::SUBMISSION, address, domain)
        );
        add(found, Discovered { imap, smtp });
        if both(found) {
            return;
        }
        add(found, self.file_of(address, domain).await);
        if both(found) {
            return;
        }
        add(found, self.listed(address, domain).await);
        if both(found) {
            return;
        }
        for exchanger in self.exchanger_domains(domain).await {
            add(found, self.listed(address, &exchanger).await);
            if both(found) {
                return;
            }
        }
        add(found, self.guessed(address, domain, found).await);
    }

    async fn service(
        &self,
        names: &[(&str, TransportSecurity)],
        address: &str,
        domain: &str,
    ) -> Option<DiscoveredServer> {
        let dns = self.dns.as_ref()?;
        for (name, security) in names {
            let name = format!("{name}.{domain}");
            let Ok(Ok(services)) = tokio::time::timeout(DNS_TIMEOUT, dns.services(&name)).await else { continue };
            if let Some(service) = services::choose(services) {
                return Some(DiscoveredServer {
                    host: service.target,
                    port: service.port,
                    security: *security,
                    username: address.to_owned(),
                    source: DiscoverySource::Srv,
                });
            }
        }
        None
    }

    /// The domain's own file: all places are asked at once, the best that has one counts.
    async fn file_of(&self, address: &str, domain: &str) -> Discovered {
        let encoded = percent_encoding::utf8_percent_encode(address, percent_encoding::NON_ALPHANUMERIC).to_string();
        let urls =
            self.sources.domain_urls.iter().map(|url| url.replace("{domain}", domain).replace("{address}", &encoded));
        let files = urls.map(|url| self.file(url, address, DiscoverySource::Autoconfig));
        futures_util::future::join_all(files).await.into_iter().flatten().next().unwrap_or_default()
    }

    async fn listed(&self, address: &str, domain: &str) -> Discovered {
        let Some(base) = &self.sources.ispdb_url else { return Discovered::default() };
        self.file(format!("{base}{domain}"), address, DiscoverySource::Ispdb).await.unwrap_or_default()
    }

    async fn file(&self, url: String, address: &str, source: DiscoverySource) -> Option<Discovered> {
        let fetched = tokio::time::timeout(FILE_TIMEOUT, self.fetcher.fetch(&url, FILE_BYTES_MAX)).await.ok()?.ok()?;
        let config = client_config::parse(&fetched.body).ok()?;
        let imap = client_config::choose(&config.imap, address, source);
        let smtp = client_config::choose(&config.smtp, address, source);
        (imap.is_some() || smtp.is_some()).then_some(Discovered { imap, smtp })
    }

    /// Whoever takes the domain's mail most likely keeps its mailboxes.
    async fn exchanger_domains(&self, domain: &str) -> Vec<String> {
        let Some(dns) = &self.dns else { return Vec::new() };
        let Ok(Ok(exchangers)) = tokio::time::timeout(DNS_TIMEOUT, dns.mx(domain)).await else { return Vec::new() };
        let host = exchangers.into_iter().map(|(_, host)| host).find(|host| client_config::is_host(host));
        let mut domains = host.map(|host| parents(&host)).unwrap_or_default();
        domains.retain(|parent| parent != domain);
        domains
    }

    async fn guessed(&self, address: &str, domain: &str, known: &Discovered) -> Discovered {
        let imap = async {
            let wanted = known.imap.is_none().then_some(&self.sources.imap_guesses)?;
            self.prober.first(wanted, domain, guessing::IMAP_GREETING).await
        };
        let smtp = async {
            let wanted = known.smtp.is_none().then_some(&self.sources.smtp_guesses)?;
            self.prober.first(wanted, domain, guessing::SMTP_GREETING).await
        };
        let (imap, smtp) = tokio::join!(imap, smtp);
        let server = |(guess, host): (Guess, String)| DiscoveredServer {
            host,
            port: guess.port,
            security: guess.security,
            username: address.to_owned(),
            source: DiscoverySource::Guess,
        };
        Discovered { imap: imap.map(server), smtp: smtp.map(server) }
    }
}

/// What an earlier source said stays.
fn add(found: &mut Discovered, more: Discovered) {
    found.imap = found.imap.take().or(more.imap);
    found.smtp = found.smtp.take().or(more.smtp);
}

/// The domains above a host, from the nearest to the one with two labels: which of them is the provider's, no public list is asked.
fn parents(host: &str) -> Vec<String> {
    let labels: Vec<&str> = host.split('.').collect();
    let above = (1..labels.len().saturating_sub(1)).filter_map(|from| labels.get(from..).map(|rest| rest.join(".")));
    let all: Vec<String> = above.collect();
    let surplus = all.len().saturating_sub(EXCHANGER_DOMAINS_MAX);
    all.into_iter().skip(surplus).collect()
}

/// For the fuzzer: host, port and whether TLS comes first, of the servers that a file names for an address.
#[doc(hidden)]
pub fn fuzz_client_config(bytes: &[u8]) -> Vec<(String, u16, TransportSecurity)> {
    let config = client_config::parse(bytes).unwrap_or_default();
    let chosen = [&config.imap, &config.smtp]
        .map(|servers| client_config::choose(servers, "ann@example.com", DiscoverySource::Ispdb));
    chosen.into_iter().flatten().map(|server| (server.host, server.port, server.security)).collect()
}

#[cfg(test)]
mod tests;
