//! The name server without sockets and without a store, for the fuzzer: one zone, and queries as bytes.

use std::net::Ipv4Addr;

use engine::ports::{Zone, ZoneData, ZoneRecord};

use super::question::{Question, Received, Transport};

/// What the zone `acme.test` has.
pub fn zone() -> Zone {
    let record = |name: &str, data| ZoneRecord { name: name.to_owned(), data };
    Zone {
        name: "acme.test".into(),
        name_server: "ns.acme.test".into(),
        serial: 7,
        records: vec![
            record("acme.test", ZoneData::NameServer("ns.acme.test".into())),
            record("acme.test", ZoneData::MailHost { preference: 10, host: "mx.example".into() }),
            record("ns.acme.test", ZoneData::Address(Ipv4Addr::new(192, 0, 2, 1).into())),
            record("t.acme.test", ZoneData::Alias("web.example".into())),
            record("s._domainkey.acme.test", ZoneData::Text(format!("v=DKIM1; k=rsa; p={}", "Q".repeat(392)))),
            record("long.acme.test", ZoneData::Text("x".repeat(3_000))),
        ],
    }
}

/// What is said to a packet: over UDP, and over TCP.
pub fn dry_run(packet: &[u8]) -> [Option<Vec<u8>>; 2] {
    let zone = zone();
    [Transport::Udp, Transport::Tcp].map(|transport| match Question::read(packet, transport) {
        Received::Nothing => None,
        Received::Answered(answer) => Some(answer),
        Received::Asked(question) => {
            let name = question.name();
            let is_within = name.strip_suffix(&zone.name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            question.answer(is_within.then_some(&zone))
        }
    })
}
