//! The reverse proxies whose word is taken for where a request came from: networks, and what may be written for them. Pure; never sees a
//! request.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};

/// Networks of proxies.
const NETWORKS_MAX: usize = 64;

/// `10.0.0.0/8`, `2001:db8::/32`, or one address.
fn network(text: &str) -> Option<IpNet> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().ok()?,
    };
    // An address within a network is no network: perhaps the prefix is a mistake.
    (network.trunc() == network).then_some(network)
}

/// Those that are trusted. Those of this machine where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl Default for TrustedProxies {
    fn default() -> Self {
        let loopback = [
            Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into(),
            IpNet::from(IpAddr::from(Ipv6Addr::LOCALHOST)),
        ];
        Self(loopback.into())
    }
}

impl TrustedProxies {
    /// Networks and addresses with commas between them; `off` trusts none.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "off" {
            return Ok(Self(Arc::default()));
        }
        let networks: Option<Vec<IpNet>> = text.split(',').map(|one| network(one.trim())).collect();
        networks.filter(|networks| networks.len() <= NETWORKS_MAX).map(|networks| Self(networks.into())).ok_or_else(|| {
            format!(
                "`off`, or up to {NETWORKS_MAX} networks or addresses with commas between them are expected, such as 127.0.0.1,10.0.0.0/8"
            )
        })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether whoever connects may say that they are somebody else.
    pub fn are_everybody(&self) -> bool {
        self.0.iter().any(|network| network.prefix_len() == 0)
    }

    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// As they are written.
    pub fn to_text(&self) -> String {
        self.0.iter().map(IpNet::to_string).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_begins_alike() {
        let trusted = TrustedProxies::parse("10.0.0.0/8, 192.0.2.7, 2001:db8::/33 ,198.51.100.128/25").unwrap();
        for (address, expected) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:7fff::1", true),
            ("2001:db8:8000::1", false),
            ("198.51.100.127", false),
            ("198.51.100.128", true),
            ("::1", false),
        ] {
            assert_eq!(trusted.contains(address.parse().unwrap()), expected, "{address}");
        }
        assert_eq!(trusted.to_text(), "10.0.0.0/8, 192.0.2.7/32, 2001:db8::/33, 198.51.100.128/25");
    }

    #[test]
    fn this_machine_is_trusted_unless_it_is_turned_off() {
        let of = |text: &str| TrustedProxies::parse(text).unwrap();
        for address in ["127.0.0.1", "127.9.9.9", "::1"] {
            assert!(TrustedProxies::default().contains(address.parse().unwrap()), "{address}");
            assert!(!of("off").contains(address.parse().unwrap()), "{address}");
        }
        assert!(!TrustedProxies::default().contains("192.0.2.1".parse().unwrap()));
        assert!(of("off").are_none() && !of("off").are_everybody());
        assert!(of("0.0.0.0/0").contains("192.0.2.1".parse().unwrap()));
        assert!(of("10.0.0.0/8,::/0").are_everybody() && !of("10.0.0.0/8").are_everybody());
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "",
            "yes",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10/8",
            "10.0.0.0/8;::1",
            "10.0.0.0/8,",
            "proxy.example.com",
            "[::1]",
        ] {
            assert!(TrustedProxies::parse(wrong).is_err(), "{wrong}");
        }
        assert!(TrustedProxies::parse(&vec!["::1"; NETWORKS_MAX + 1].join(",")).is_err());
    }
}
