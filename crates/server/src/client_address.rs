//! Where a request comes from: the other end of its connection or, where that is a trusted proxy, whom its `X-Forwarded-For` names. Owns that
//! decision for everything that looks at addresses (audit log, sessions, limits, tracking); never believes anybody else's header.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::trusted_proxies::TrustedProxies;

/// Each proxy on the way adds the address that it was asked from, behind those that were there.
const HEADER: &str = "x-forwarded-for";
/// What proxies hand on by. `Forwarded` (RFC 7239) and `X-Real-IP` are not believed: a proxy that does not know them leaves in them what the
/// client wrote.
const OF_PROXIES: [&str; 3] = ["forwarded", HEADER, "x-real-ip"];
/// Proxies on the way that are looked at.
const HOPS_MAX: usize = 16;
/// Bytes of one address, with a port.
const HOP_BYTES_MAX: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Client(IpAddr);

/// Finds out who asks, before anybody wants to know.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let found = behind(connection(request.extensions()), request.headers(), &app.config.trusted_proxies);
    request.extensions_mut().insert(Client(found));
    next.run(request).await
}

/// The address of whoever asks.
pub fn client(request: &Extensions) -> IpAddr {
    request.get::<Client>().map_or_else(|| connection(request), |client| client.0)
}

/// Whether it is a program of this machine that asks for itself, and no proxy for somebody else.
pub fn is_of_this_machine(request: &Request) -> bool {
    let is_handed_on = OF_PROXIES.iter().any(|name| request.headers().contains_key(*name));
    !is_handed_on && connection(request.extensions()).is_loopback()
}

/// The other end; loopback in tests that have none.
fn connection(request: &Extensions) -> IpAddr {
    let found = request.get::<ConnectInfo<SocketAddr>>();
    found.map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip().to_canonical())
}

/// From the right, as far as it is a trusted proxy that says so: the last one that is named and no such proxy.
fn behind(connection: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let lines = headers.get_all(HEADER).iter().rev();
    let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut client = connection;
    for hop in hops.take(HOPS_MAX) {
        if !trusted.contains(client) {
            break;
        }
        // Who wrote what can't be read is not known: it is the last one who is.
        let Some(address) = address(hop) else { break };
        client = address;
    }
    client
}

/// An address, with a port or without.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop.trim_ascii()).ok().filter(|text| text.len() <= HOP_BYTES_MAX)?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))?;
    Some(IpAddr::to_canonical(&found))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(trusted: &str, connection: &str, lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HEADER, HeaderValue::from_bytes(line).unwrap());
        }
        let trusted = TrustedProxies::parse(trusted).unwrap();
        behind(connection.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxy_asks() {
        const OURS: &str = "127.0.0.1,10.0.0.0/8,2001:db8::/32";
        for (connection, lines, expected) in [
            // Nobody else's word counts.
            ("192.0.2.1", &[b"198.51.100.1" as &[u8]] as &[&[u8]], "192.0.2.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &[b"198.51.100.1"], "198.51.100.1"),
            // What the client wrote lies on the left.
            ("127.0.0.1", &[b"203.0.113.66, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &[b"127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &[b"203.0.113.66", b"198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &[b"203.0.113.66,198.51.100.1 , 10.1.2.3"], "198.51.100.1"),
            ("10.9.9.9", &[b"198.51.100.1", b"10.1.2.3, 2001:db8::7"], "198.51.100.1"),
            // Within our own networks the first who asks.
            ("10.9.9.9", &[b"10.0.0.5, 10.0.0.6"], "10.0.0.5"),
            // As some proxies write them.
            ("10.9.9.9", &[b"198.51.100.1:4711"], "198.51.100.1"),
            ("10.9.9.9", &[b"[2001:db9::1]:4711"], "2001:db9::1"),
            ("10.9.9.9", &[b"[2001:db9::1]"], "2001:db9::1"),
            ("10.9.9.9", &[b"::ffff:198.51.100.1"], "198.51.100.1"),
            // What can't be read ends it.
            ("127.0.0.1", &[b"198.51.100.1, "], "127.0.0.1"),
            ("127.0.0.1", &[b"198.51.100.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &[b"198.51.100.1, _hidden, 10.0.0.5"], "10.0.0.5"),
            ("127.0.0.1", &[b"198.51.100.1\xff"], "127.0.0.1"),
            ("127.0.0.1", &[b"198.51.100.1", b"\xc3\x28"], "127.0.0.1"),
            ("127.0.0.1", &[b"fe80::1%eth0"], "127.0.0.1"),
            ("127.0.0.1", &[b"198.51.100.999"], "127.0.0.1"),
            ("127.0.0.1", &[b"for=198.51.100.1"], "127.0.0.1"),
        ] {
            let shown: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
            assert_eq!(found(OURS, connection, lines), expected, "{connection} {shown:?}");
        }
        assert_eq!(found("off", "127.0.0.1", &[b"198.51.100.1"]), "127.0.0.1");
    }

    #[test]
    fn a_header_without_end_costs_and_tells_nothing() {
        // However much a client writes, what the proxy adds is read first.
        let flood = format!("{}198.51.100.1", "203.0.113.66, ".repeat(20_000));
        assert_eq!(found("127.0.0.1", "127.0.0.1", &[flood.as_bytes()]), "198.51.100.1");
        let own = "127.0.0.1,".repeat(HOPS_MAX + 1);
        let chain = format!("203.0.113.66,{}", own.trim_end_matches(','));
        assert_eq!(found("127.0.0.1", "127.0.0.1", &[chain.as_bytes()]), "127.0.0.1");
        let long = format!("{}198.51.100.1", "0".repeat(HOP_BYTES_MAX));
        assert_eq!(found("127.0.0.1", "127.0.0.1", &[long.as_bytes()]), "127.0.0.1");
    }
}
