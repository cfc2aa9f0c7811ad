//! The settings about DNS: whom a domain's doctor asks, and the name server of this installation.

use std::net::{IpAddr, SocketAddr};

use engine::NameServer;
use model::limits::DNS_BLOCKLISTS_MAX;

use super::{ConfigError, Result, Values, is_domain};

/// Asked by a domain's doctor where nothing else is said.
const BLOCKLISTS: &str = "zen.spamhaus.org,bl.spamcop.net,psbl.surriel.com";
/// Addresses of the name server.
const ADDRESSES_MAX: usize = 8;
const ADDRESSES: &str = "198.51.100.7,2001:db8::7";

impl Values {
    /// DNS names with commas between them; `off` asks none.
    pub(super) fn dns_blocklists(&self) -> Result<Vec<String>> {
        let text = self.text("dns_blocklists")?.unwrap_or_else(|| BLOCKLISTS.into()).to_lowercase();
        if text == "off" {
            return Ok(Vec::new());
        }
        let lists: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        match lists.len() <= DNS_BLOCKLISTS_MAX && lists.iter().all(|name| is_domain(name)) {
            true => Ok(lists),
            false => Err(ConfigError::new(
                "dns_blocklists",
                format!(
                    "`{text}` was read; `off` or up to {DNS_BLOCKLISTS_MAX} names with commas between them are expected, such as {BLOCKLISTS}"
                ),
            )),
        }
    }

    pub(super) fn dns_addr(&self) -> Result<Option<SocketAddr>> {
        match self.text("dns_addr")?.as_deref() {
            None | Some("off") => Ok(None),
            Some(_) => self.address("dns_addr", "0.0.0.0:53").map(Some),
        }
    }

    /// A node that answers no DNS itself says what the others are called.
    pub(super) fn name_server(&self, dns_addr: Option<SocketAddr>, own: &str) -> Result<Option<NameServer>> {
        let addresses = self.dns_addresses()?;
        if dns_addr.is_none() && self.text("dns_hostname")?.is_none() {
            return match addresses.is_empty() {
                true => Ok(None),
                false => Err(ConfigError::new(
                    "dns_addresses",
                    "addresses of a name server that is not there were read; set dns_addr, or dns_hostname, too",
                )),
            };
        }
        Ok(Some(NameServer { hostname: self.domain("dns_hostname", own)?, addresses }))
    }

    fn dns_addresses(&self) -> Result<Vec<IpAddr>> {
        let Some(text) = self.text("dns_addresses")? else { return Ok(Vec::new()) };
        let addresses: Option<Vec<IpAddr>> = text.split(',').map(|address| address.trim().parse().ok()).collect();
        let is_usable = |address: &IpAddr| !address.is_unspecified() && !address.is_multicast();
        match addresses {
            Some(addresses) if addresses.len() <= ADDRESSES_MAX && addresses.iter().all(is_usable) => Ok(addresses),
            _ => Err(ConfigError::new(
                "dns_addresses",
                format!(
                    "`{text}` was read; up to {ADDRESSES_MAX} IP addresses with commas between them are expected, such as {ADDRESSES}"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn the_name_server_is_off_until_it_has_an_address_or_a_name() {
        let server = |hostname: &str, addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            Some(NameServer { hostname: hostname.into(), addresses })
        };
        for (values, addr, expected) in [
            (&[][..], None, None),
            (&[("dns_addr", "off")], None, None),
            (&[("dns_addr", "0.0.0.0:53")], Some("0.0.0.0:53"), server("inbox.localhost", &[])),
            (&[("dns_addr", "[::]:53"), ("hostname", "mx.test")], Some("[::]:53"), server("mx.test", &[])),
            (
                &[
                    ("dns_addr", "localhost:5353"),
                    ("dns_hostname", "NS.test"),
                    ("dns_addresses", "192.0.2.1, 2001:db8::1"),
                ],
                Some("127.0.0.1:5353"),
                server("ns.test", &["192.0.2.1", "2001:db8::1"]),
            ),
            (&[("dns_hostname", "ns.test")], None, server("ns.test", &[])),
        ] {
            let config = read(values).unwrap();
            assert_eq!(config.dns_addr.map(|addr| addr.to_string()).as_deref(), addr, "{values:?}");
            assert_eq!(config.name_server, expected, "{values:?}");
        }
        for (values, named) in [
            (&[("dns_addr", "53")][..], "POSTROOM_DNS_ADDR"),
            (&[("dns_addr", "ns.test:53")], "POSTROOM_DNS_ADDR"),
            (&[("dns_hostname", "ns_1.test")], "POSTROOM_DNS_HOSTNAME"),
            (&[("dns_addresses", "192.0.2.1")], "POSTROOM_DNS_ADDRESSES"),
            (&[("dns_hostname", "ns.test"), ("dns_addresses", "ns.test")], "POSTROOM_DNS_ADDRESSES"),
            (&[("dns_hostname", "ns.test"), ("dns_addresses", "0.0.0.0")], "POSTROOM_DNS_ADDRESSES"),
        ] {
            let error = read(values).unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
