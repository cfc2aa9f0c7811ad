//! How this installation is reached and reaches others: addresses, names, the smarthost. Sends no mail.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use engine::DeliveryMode;
use engine::ports::Transport as _;
use gateway::dns::DnsConfig;
use gateway::dns_lookup::{DnsLookup, DnsLookupError};
use gateway::smtp_out::SmtpTransport;
use gateway::validated_dns::ValidatedDns;
use server::TrustedProxies;

use super::report::Check;
use crate::config::Config;
use crate::running::{self, Listener};

pub async fn http_address(config: &Config) -> Check {
    let listener = running::at_http(config.http_addr).await;
    address("HTTP address", "POSTROOM_HTTP_ADDR", config.http_addr, &listener)
}

pub async fn smtp_address(config: &Config) -> Check {
    const NAME: &str = "SMTP address";
    let listener = running::at_smtp(config.smtp_addr).await;
    if config.smtp_proxy_protocol && listener == Listener::Other {
        let detail = format!("{}: somebody listens; with the PROXY protocol it says nothing to us", config.smtp_addr);
        return Check::ok(NAME, detail);
    }
    address(NAME, "POSTROOM_SMTP_ADDR", config.smtp_addr, &listener)
}

fn address(name: &'static str, setting: &str, address: SocketAddr, listener: &Listener) -> Check {
    match listener {
        Listener::Ours => Check::ok(name, format!("{address}: a Postroom answers there")),
        Listener::OursNotReady => {
            Check::problem(name, format!("{address}: a Postroom whose database does not answer"), "read its log")
        }
        Listener::Other => Check::problem(
            name,
            format!("{address}: taken by another program, or it does not answer"),
            format!("stop it, or set {setting} to another address"),
        ),
        Listener::Nobody => match TcpListener::bind(address) {
            Ok(_) => Check::ok(name, format!("{address}: free")),
            Err(error) => {
                let advice = match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        "ports below 1024 need root or CAP_NET_BIND_SERVICE; or take a higher one and let port 25 lead there".to_owned()
                    }
                    io::ErrorKind::AddrNotAvailable => {
                        format!("set {setting} to an address of this machine, or to 0.0.0.0 for all of them")
                    }
                    _ => format!("set {setting} to another address"),
                };
                Check::problem(name, format!("{address}: {error}"), advice)
            }
        },
    }
}

pub fn public_url(config: &Config) -> Check {
    const NAME: &str = "public URL";
    let shown = &config.public_url;
    let Ok(url) = url::Url::parse(shown) else {
        return Check::problem(NAME, format!("{shown} is no URL"), "set POSTROOM_PUBLIC_URL");
    };
    let host = url.host_str().unwrap_or_default();
    let is_here = is_local(host) || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_nowhere = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    if is_nowhere {
        let detail = format!("{shown} leads nowhere: it is an address to listen at");
        return Check::problem(
            NAME,
            detail,
            "set POSTROOM_PUBLIC_URL to what people type in, such as https://mail.example.com",
        );
    }
    if is_here && !is_local(&config.inbound_domain) {
        let detail = format!("{shown}: links work on this machine alone");
        return Check::warning(NAME, detail, "set POSTROOM_PUBLIC_URL to what others reach it by");
    }
    if is_here {
        return Check::ok(NAME, format!("{shown}: on this machine alone"));
    }
    if url.scheme() != "https" {
        let detail = format!("{shown}: passwords and mail travel unencrypted");
        return Check::warning(NAME, detail, "put a proxy with TLS in front of it, and use https://");
    }
    Check::ok(NAME, shown.clone())
}

pub fn trusted_proxies(config: &Config) -> Check {
    const NAME: &str = "trusted proxies";
    let (trusted, shown) = (&config.trusted_proxies, config.trusted_proxies.to_text());
    if trusted.are_everybody() {
        return Check::problem(
            NAME,
            format!("{shown}: whoever connects may say that they are somebody else"),
            "set POSTROOM_TRUSTED_PROXIES to the addresses of your reverse proxies alone",
        );
    }
    let is_behind_one = config.public_url.starts_with("https://");
    if is_behind_one && trusted.are_none() {
        return Check::warning(
            NAME,
            "off: the audit log, sessions and limits know the reverse proxy's address alone",
            "set POSTROOM_TRUSTED_PROXIES to the addresses of your reverse proxies",
        );
    }
    if is_behind_one && *trusted == TrustedProxies::default() && !config.http_addr.ip().is_loopback() {
        return Check::warning(
            NAME,
            format!("{shown}: a reverse proxy on another machine is taken for the client"),
            "set POSTROOM_TRUSTED_PROXIES to the addresses of your reverse proxies",
        );
    }
    Check::ok(NAME, if trusted.are_none() { "off".to_owned() } else { shown })
}

pub async fn inbound_domain(config: &Config, dns: &Result<DnsLookup, String>) -> Check {
    const NAME: &str = "inbound domain";
    let domain = &config.inbound_domain;
    if is_local(domain) {
        return Check::ok(NAME, format!("{domain}: for trying; nobody outside this machine can write to it"));
    }
    let dns = match dns {
        Ok(dns) => dns,
        Err(error) => return no_dns(NAME, error),
    };
    let advice = format!("add an MX record for {domain} that names this machine's host name");
    match dns.mx(domain).await {
        Ok(hosts) => mail_exchangers(NAME, domain, dns, &hosts, advice).await,
        Err(DnsLookupError::Unreachable(error)) => no_dns(NAME, &error),
        Err(DnsLookupError::Missing) => match dns.addresses(domain).await {
            Ok(addresses) => {
                let detail = format!("{domain} has no MX record; mail goes to its address {}", list(&addresses));
                Check::warning(NAME, detail, advice)
            }
            Err(DnsLookupError::Unreachable(error)) => no_dns(NAME, &error),
            Err(DnsLookupError::Missing) => {
                Check::problem(NAME, format!("{domain} has neither an MX record nor an address"), advice)
            }
        },
    }
}

async fn mail_exchangers(
    name: &'static str,
    domain: &str,
    dns: &DnsLookup,
    hosts: &[(u16, String)],
    advice: String,
) -> Check {
    let mut told = Vec::new();
    for (preference, host) in hosts {
        if host.is_empty() {
            return Check::problem(name, format!("{domain} says that it takes no mail (a null MX record)"), advice);
        }
        match dns.addresses(host).await {
            Ok(addresses) => told.push(format!("{host} ({preference}) at {}", list(&addresses))),
            Err(DnsLookupError::Unreachable(error)) => return no_dns(name, &error),
            Err(DnsLookupError::Missing) => {
                let detail = format!("the MX record of {domain} names {host}, which has no address");
                return Check::problem(name, detail, format!("give {host} an address record (A or AAAA)"));
            }
        }
    }
    Check::ok(name, format!("mail for {domain} goes to {}; this should be this machine", told.join(", ")))
}

pub async fn host_name(config: &Config, dns: &Result<DnsLookup, String>) -> Check {
    const NAME: &str = "host name";
    let host = &config.hostname;
    if is_local(host) {
        return Check::ok(NAME, format!("{host}: for trying"));
    }
    let dns = match dns {
        Ok(dns) => dns,
        Err(error) => return no_dns(NAME, error),
    };
    match dns.addresses(host).await {
        Ok(addresses) => Check::ok(NAME, format!("{host} is at {}", list(&addresses))),
        Err(DnsLookupError::Unreachable(error)) => no_dns(NAME, &error),
        Err(DnsLookupError::Missing) => Check::warning(
            NAME,
            format!("{host} has no address, and some receivers refuse mail from such names"),
            "set POSTROOM_HOSTNAME to a name of this machine that has one",
        ),
    }
}

/// `None`: there is no name server to look at.
pub async fn name_server(config: &Config, dns: &Result<DnsLookup, String>) -> Option<Check> {
    const NAME: &str = "name server";
    let host = &config.name_server.as_ref()?.hostname;
    if let Some(address) = config.dns_addr
        && let Err(error) = std::net::UdpSocket::bind(address)
        && error.kind() != io::ErrorKind::AddrInUse
    {
        let advice =
            "set POSTROOM_DNS_ADDR to an address of this machine; ports below 1024 need root or CAP_NET_BIND_SERVICE";
        return Some(Check::problem(NAME, format!("{address}: {error}"), advice));
    }
    if is_local(host) {
        return Some(Check::ok(NAME, format!("{host}: for trying")));
    }
    let dns = match dns {
        Ok(dns) => dns,
        Err(error) => return Some(no_dns(NAME, error)),
    };
    Some(match dns.addresses(host).await {
        Ok(addresses) => Check::ok(NAME, format!("{host} is at {}; port 53 there should lead here", list(&addresses))),
        Err(DnsLookupError::Unreachable(error)) => no_dns(NAME, &error),
        Err(DnsLookupError::Missing) => Check::problem(
            NAME,
            format!("{host} has no address, so that domains delegated to it are not found"),
            format!("give {host} an address record (A or AAAA), or set POSTROOM_DNS_HOSTNAME to a name that has one"),
        ),
    })
}

fn no_dns(name: &'static str, error: &str) -> Check {
    Check::warning(name, format!("unknown: {error}"), "check the network, or name a resolver (POSTROOM_DNS_SERVER)")
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn is_local(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Does the DNS server vouch for what DNSSEC proves?
pub async fn dane(config: &Config) -> Check {
    const NAME: &str = "DANE";
    const ADVICE: &str = "let it validate DNSSEC, name one that does (POSTROOM_DNS_SERVER), or set POSTROOM_DANE=false";
    let dns = DnsConfig::from_text(&config.dns_server).and_then(|dns| ValidatedDns::new(&dns));
    let dns = match dns {
        Ok(dns) => dns,
        Err(error) => return Check::problem(NAME, error.to_string(), ADVICE),
    };
    let server = &config.dns_server;
    match dns.validates().await {
        Ok(true) => Check::ok(NAME, format!("{server} validates DNSSEC")),
        Ok(false) => Check::problem(NAME, format!("{server} does not validate DNSSEC: DANE is heeded nowhere"), ADVICE),
        Err(error) => no_dns(NAME, &error),
    }
}

/// Mail goes to mail exchangers: what they look at first.
fn direct(config: &Config) -> Check {
    const NAME: &str = "smarthost";
    let hostname = &config.hostname;
    if is_local(hostname) {
        let detail = format!("none: mail goes to mail exchangers, and we call ourselves {hostname}");
        return Check::problem(
            NAME,
            detail,
            "set POSTROOM_HOSTNAME to the name that the PTR record of the address has",
        );
    }
    let detail =
        format!("none: mail goes to mail exchangers, which expect the PTR record of our address to be {hostname}");
    Check::ok(NAME, detail)
}

pub async fn smarthost(config: &Config, transport: &anyhow::Result<SmtpTransport>) -> Check {
    const NAME: &str = "smarthost";
    let Some(smarthost) = &config.smarthost else {
        if config.delivery == DeliveryMode::Direct {
            return direct(config);
        }
        let detail = "none: channels without an SMTP server of their own are captured by the sandbox";
        return Check::ok(NAME, detail);
    };
    let transport = match transport {
        Ok(transport) => transport,
        Err(error) => return Check::problem(NAME, format!("{error:#}"), "correct the setting"),
    };
    let steps = transport.test(smarthost).await;
    let place = format!("{}:{}", smarthost.host, smarthost.port);
    if let Some(failed) = steps.iter().find(|step| !step.ok) {
        let advice = failed.hint.clone().unwrap_or_else(|| "check POSTROOM_SMARTHOST_URL".to_owned());
        return Check::problem(NAME, format!("{place}: {} failed: {}", failed.name, failed.detail), advice);
    }
    let told = steps.iter().map(|step| format!("{}: {}", step.name, step.detail)).collect::<Vec<_>>().join("; ");
    match steps.iter().find_map(|step| step.hint.clone()) {
        Some(hint) => Check::warning(NAME, format!("{place}: {told}"), hint),
        None => Check::ok(NAME, format!("{place}: {told}")),
    }
}
