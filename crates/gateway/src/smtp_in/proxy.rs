//! The PROXY protocol, versions 1 and 2: the client's real address, told by the load balancer in front of us.
//! Only where configured, and then required: otherwise anybody could claim any address.

use std::net::IpAddr;

use ppp::{HeaderResult, PartialResult, v1, v2};

/// Bytes of a header with all its extras.
const HEADER_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a header line of version 1.
const V1_LINE_BYTES_MAX: usize = 107;
const V1_PREFIX: &[u8] = b"PROXY ";
const V2_PREFIX: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProxyHeader {
    /// More bytes are needed.
    Incomplete,
    /// So many bytes, and whom they name: nobody for the load balancer's own health checks.
    Complete {
        bytes: usize,
        client: Option<IpAddr>,
    },
    Invalid,
}

pub(crate) fn parse(input: &[u8]) -> ProxyHeader {
    let begins = |prefix: &[u8]| prefix.starts_with(input) || input.starts_with(prefix);
    if !begins(V1_PREFIX) && !begins(V2_PREFIX) {
        return ProxyHeader::Invalid;
    }
    // The library takes some unfinished lines of version 1 for wrong ones.
    if input.starts_with(V1_PREFIX) && input.len() < V1_LINE_BYTES_MAX && !input.contains(&b'\n') {
        return ProxyHeader::Incomplete;
    }
    let parsed = HeaderResult::parse(input);
    if parsed.is_incomplete() {
        return if input.len() < HEADER_BYTES_MAX { ProxyHeader::Incomplete } else { ProxyHeader::Invalid };
    }
    match parsed {
        HeaderResult::V1(Ok(header)) => {
            let client = match header.addresses {
                v1::Addresses::Tcp4(addresses) => Some(IpAddr::V4(addresses.source_address)),
                v1::Addresses::Tcp6(addresses) => Some(IpAddr::V6(addresses.source_address)),
                v1::Addresses::Unknown => None,
            };
            ProxyHeader::Complete { bytes: header.header.len(), client }
        }
        HeaderResult::V2(Ok(header)) => {
            let client = match (header.command, &header.addresses) {
                (v2::Command::Proxy, v2::Addresses::IPv4(addresses)) => Some(IpAddr::V4(addresses.source_address)),
                (v2::Command::Proxy, v2::Addresses::IPv6(addresses)) => Some(IpAddr::V6(addresses.source_address)),
                _ => None,
            };
            ProxyHeader::Complete { bytes: header.len(), client }
        }
        _ => ProxyHeader::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_name_the_client_however_they_are_cut() {
        let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\x7f\x00\x00\x01\x10\x00\x09\xc5";
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
        let cases: [(&[u8], Option<&str>); 5] = [
            (b"PROXY TCP4 192.0.2.1 127.0.0.1 4096 2525\r\n", Some("192.0.2.1")),
            (b"PROXY TCP6 2001:db8::1 ::1 4096 2525\r\n", Some("2001:db8::1")),
            (b"PROXY UNKNOWN\r\n", None),
            (v2, Some("192.0.2.1")),
            (local, None),
        ];
        for (header, client) in cases {
            let client = client.map(|address| address.parse().expect("an address"));
            let whole = [header, b"EHLO x\r\n"].concat();
            assert_eq!(parse(&whole), ProxyHeader::Complete { bytes: header.len(), client });
            for cut in 0..header.len() {
                assert_eq!(
                    parse(&whole[..cut]),
                    ProxyHeader::Incomplete,
                    "{:?} at {cut}",
                    header.escape_ascii().to_string()
                );
            }
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let cases: [&[u8]; 4] = [b"EHLO x\r\n", b"PROXY TCP4 x y z\r\n", b"QUIT\r\n", b"\0"];
        for input in cases {
            assert_eq!(parse(input), ProxyHeader::Invalid, "{}", input.escape_ascii());
        }
    }
}
