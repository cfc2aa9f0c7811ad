//! What kind of place an IP address is, by the IANA special-purpose registries (RFC 6890 and its successors).
//! Pure: no I/O. Never decides whether to connect; the guard does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    Public,
    /// 127.0.0.0/8, ::1 (RFC 1122, RFC 4291).
    Loopback,
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918); fec0::/10 (RFC 3879).
    Private,
    /// Carrier-grade NAT, 100.64.0.0/10 (RFC 6598).
    SharedNat,
    /// 169.254.0.0/16 (RFC 3927), fe80::/10 (RFC 4291).
    LinkLocal,
    /// fc00::/7 (RFC 4193).
    UniqueLocal,
    /// 198.18.0.0/15 (RFC 2544), 2001:2::/48 (RFC 5180).
    Benchmarking,
    /// Where clouds hand out credentials to whoever asks.
    CloudMetadata,
    /// 0.0.0.0/8 ("this network", and on most systems this machine), ::.
    Unspecified,
    Multicast,
    Broadcast,
    /// RFC 5737, RFC 3849, RFC 9637.
    Documentation,
    /// Everything else that is not routed on the internet, and IPv6 that hides an IPv4 address in a disused way.
    Reserved,
}

/// Metadata services by address. 168.63.129.16 is Azure's, inside the public range.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254)];

impl AddressClass {
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => classify_v4(address),
            IpAddr::V6(address) => classify_v6(address),
        }
    }

    /// Somebody's own network: allowed where the installation says so.
    pub const fn is_private_network(self) -> bool {
        matches!(
            self,
            Self::Loopback | Self::Private | Self::SharedNat | Self::LinkLocal | Self::UniqueLocal | Self::Benchmarking
        )
    }

    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Loopback => "this machine itself",
            Self::Private | Self::UniqueLocal => "a private network's address",
            Self::SharedNat => "a provider's internal address",
            Self::LinkLocal => "a link-local address",
            Self::Benchmarking => "a benchmarking address",
            Self::CloudMetadata => "a cloud metadata service",
            Self::Unspecified => "the unspecified address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "a documentation address",
            Self::Reserved => "a reserved address",
        }
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    if METADATA_V4.contains(&address) {
        return AddressClass::CloudMetadata;
    }
    match address.octets() {
        [0, ..] => AddressClass::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private,
        [100, 64..=127, ..] => AddressClass::SharedNat,
        [127, ..] => AddressClass::Loopback,
        [169, 254, ..] => AddressClass::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Documentation,
        [198, 18 | 19, ..] => AddressClass::Benchmarking,
        [224..=239, ..] => AddressClass::Multicast,
        [255, 255, 255, 255] => AddressClass::Broadcast,
        // Protocol assignments (RFC 6890), the 6to4 relay anycast (RFC 7526), AMT and AS112 anycast, class E.
        [192, 0, 0, _]
        | [192, 88, 99, _]
        | [192, 31, 196, _]
        | [192, 52, 193, _]
        | [192, 175, 48, _]
        | [240..=255, ..] => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    if METADATA_V6.contains(&address) {
        return AddressClass::CloudMetadata;
    }
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        // IPv4-mapped (RFC 4291 §2.5.5.2), and NAT64 (RFC 6052), without which IPv6-only hosts reach no IPv4.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x0064, 0xff9b, 0, 0, 0, 0, ..] => classify_v4(embedded(segments, 6)),
        // Local-use NAT64 (RFC 8215): where it leads is known to the network alone.
        [0x0064, 0xff9b, 1, ..] => AddressClass::Private,
        // 6to4 (RFC 3056).
        [0x2002, ..] => worst(AddressClass::Reserved, classify_v4(embedded(segments, 1))),
        // Teredo (RFC 4380): server, then the client inverted.
        [0x2001, 0, ..] => {
            let client = Ipv4Addr::from_bits(!embedded(segments, 6).to_bits());
            worst(AddressClass::Reserved, worst(classify_v4(embedded(segments, 2)), classify_v4(client)))
        }
        [0xfc00..=0xfdff, ..] => AddressClass::UniqueLocal,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        [0xfec0..=0xfeff, ..] => AddressClass::Private,
        [0xff00..=0xffff, ..] => AddressClass::Multicast,
        [0x2001, 2, 0, ..] => AddressClass::Benchmarking,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressClass::Documentation,
        // Protocol assignments (RFC 2928): ORCHID and the like.
        [0x2001, 0..=0x01ff, ..] => AddressClass::Reserved,
        // ISATAP (RFC 5214): an IPv4 address in the interface id.
        [0x2000..=0x3fff, _, _, _, 0 | 0x0200, 0x5efe, ..] => classify_v4(embedded(segments, 6)),
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        // IPv4-compatible (deprecated), discard-only, SIDs, and what nobody has been given.
        _ => AddressClass::Reserved,
    }
}

/// The IPv4 address in the two segments from `index` on.
fn embedded(segments: [u16; 8], index: usize) -> Ipv4Addr {
    let segment = |index| u32::from(segments.get(index).copied().unwrap_or_default());
    Ipv4Addr::from_bits(segment(index) << 16 | segment(index + 1))
}

/// Both tunnels are disused: a public address inside makes them `fallback`, any other says more.
fn worst(fallback: AddressClass, inside: AddressClass) -> AddressClass {
    if inside == AddressClass::Public { fallback } else { inside }
}

#[cfg(test)]
mod tests {
    use super::AddressClass::*;
    use super::*;

    #[test]
    fn every_special_range_is_known_by_its_first_and_last_address() {
        let cases: &[(&[&str], AddressClass)] = &[
            (&["0.0.0.0", "0.0.0.1", "0.255.255.255", "::"], Unspecified),
            (&["127.0.0.0", "127.0.0.1", "127.255.255.255", "::1"], Loopback),
            (
                &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
                Private,
            ),
            (&["fec0::", "feff:ffff::1"], Private),
            (&["100.64.0.0", "100.127.255.255"], SharedNat),
            (&["169.254.0.0", "169.254.255.255", "fe80::", "febf:ffff::1"], LinkLocal),
            (&["fc00::", "fdff:ffff::1"], UniqueLocal),
            (&["198.18.0.0", "198.19.255.255", "2001:2::", "2001:2:0:ffff::"], Benchmarking),
            (&["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16"], CloudMetadata),
            (&["fd00:ec2::254", "fd20:ce::254"], CloudMetadata),
            (&["224.0.0.0", "239.255.255.255", "ff00::", "ff02::1", "ffff::"], Multicast),
            (&["255.255.255.255"], Broadcast),
            (&["192.0.2.0", "192.0.2.255", "198.51.100.7", "203.0.113.255"], Documentation),
            (&["2001:db8::", "2001:db8:ffff::1", "3fff::", "3fff:fff::1"], Documentation),
            (&["240.0.0.0", "255.255.255.254", "192.0.0.0", "192.0.0.255", "192.88.99.1"], Reserved),
            (&["192.31.196.1", "192.52.193.1", "192.175.48.1"], Reserved),
            (&["100::1", "5f00::1", "2001:10::1", "2001:20::1", "2001:1ff::", "::8.8.8.8", "::127.0.0.1"], Reserved),
            (&["4000::1", "1fff::1", "8000::1"], Reserved),
        ];
        for (addresses, expected) in cases {
            for address in *addresses {
                assert_eq!(AddressClass::of(address.parse().unwrap()), *expected, "{address}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_special_ranges_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "8.8.8.8",
            "2000::1",
            "2001:200::1",
            "2001:db7::1",
            "2001:db9::1",
            "2003::1",
            "2606:4700::1111",
            "3fff:1000::1",
            "3ffe::1",
        ] {
            assert_eq!(AddressClass::of(address.parse().unwrap()), Public, "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_ipv6_is_judged_as_itself() {
        let cases = [
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:169.254.169.254", CloudMetadata),
            ("::ffff:8.8.8.8", Public),
            ("64:ff9b::192.168.0.1", Private),
            ("64:ff9b::169.254.169.254", CloudMetadata),
            ("64:ff9b::8.8.8.8", Public),
            ("64:ff9b:1::8.8.8.8", Private),
            ("2002:7f00:0001::1", Loopback),
            ("2002:0a00:0001::1", Private),
            ("2002:0808:0808::1", Reserved),
            // Teredo: 10.0.0.1 as the server; 127.0.0.1 as the client, inverted; both public.
            ("2001:0:0a00:0001::f7f7:f7f7", Private),
            ("2001:0:0808:0808:0:0:80ff:fffe", Loopback),
            ("2001:0:0808:0808::f7f7:f7f7", Reserved),
            ("2606:4700::5efe:10.0.0.1", Private),
            ("2606:4700::200:5efe:127.0.0.1", Loopback),
        ];
        for (address, expected) in cases {
            assert_eq!(AddressClass::of(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn only_private_networks_can_be_allowed() {
        for class in [Loopback, Private, SharedNat, LinkLocal, UniqueLocal, Benchmarking] {
            assert!(class.is_private_network(), "{class:?}");
        }
        for class in [Public, CloudMetadata, Unspecified, Multicast, Broadcast, Documentation, Reserved] {
            assert!(!class.is_private_network(), "{class:?}");
        }
    }
}
