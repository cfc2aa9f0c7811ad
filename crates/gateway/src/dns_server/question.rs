//! A DNS query and what is said to it, as bytes (RFC 1034, 1035, 2308, 6891, 8482). Pure: which zone a name is in comes from outside.

use engine::ports::{Zone, ZoneData, ZoneRecord};
use hickory_resolver::proto::op::{Edns, Header, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, HINFO, MX, NS, SOA, TXT};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_resolver::proto::serialize::binary::{BinDecodable as _, BinDecoder, BinEncodable as _, BinEncoder};

/// How long an answer holds, in seconds: a change is everywhere five minutes later.
const TTL_SECONDS: u32 = 300;
/// How long it holds that there is nothing, in seconds (RFC 2308 §5): whoever asks just before a record comes asks again soon.
const NEGATIVE_TTL_SECONDS: u32 = 60;
/// Of the SOA record, in seconds. Nobody fetches zones from here, so they are of no effect.
const REFRESH_SECONDS: i32 = 3_600;
const RETRY_SECONDS: i32 = 600;
const EXPIRE_SECONDS: i32 = 604_800;
/// Bytes of an answer over UDP to whoever says nothing else (RFC 1035 §4.2.1), and at most: more may not pass everywhere in one piece.
const UDP_BYTES: u16 = 512;
const UDP_BYTES_MAX: u16 = 1_232;
/// OPT, and a signature that is not looked at.
const ADDITIONALS_MAX: u16 = 2;
/// Bytes of one string of a TXT record (RFC 1035 §3.3).
const TEXT_STRING_BYTES_MAX: usize = 255;
/// What ANY is answered with (RFC 8482 §4.2).
const MINIMAL: &str = "RFC8482";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// What came, looked at.
pub(super) enum Received {
    /// Nothing is said to it.
    Nothing,
    /// This is said, whatever zones there are.
    Answered(Vec<u8>),
    Asked(Question),
}

/// A query about one name.
pub(super) struct Question {
    metadata: Metadata,
    query: Query,
    edns: Option<Edns>,
    bytes_max: u16,
}

impl Question {
    /// Reads a message as a client sent it.
    pub(super) fn read(packet: &[u8], transport: Transport) -> Received {
        // Whoever sends less than a head, or an answer, is told nothing: two servers would go on forever.
        let Ok(header) = Header::read(&mut BinDecoder::new(packet)) else { return Received::Nothing };
        if header.metadata.message_type == MessageType::Response {
            return Received::Nothing;
        }
        let refused = |code| {
            let mut message = Message::new(header.metadata.id, MessageType::Response, header.metadata.op_code);
            message.metadata = of(&header.metadata, code);
            encoded(&message, UDP_BYTES).map_or(Received::Nothing, Received::Answered)
        };
        match header.metadata.op_code {
            OpCode::Query => {}
            OpCode::Update | OpCode::Notify => return refused(ResponseCode::Refused),
            _ => return refused(ResponseCode::NotImp),
        }
        let counts = header.counts;
        let has_room = counts.queries == 1 && counts.answers == 0 && counts.authorities == 0;
        if !has_room || counts.additionals > ADDITIONALS_MAX {
            return refused(ResponseCode::FormErr);
        }
        let Ok(mut message) = Message::from_vec(packet) else { return refused(ResponseCode::FormErr) };
        let Some(query) = message.queries.pop() else { return refused(ResponseCode::FormErr) };
        let version = message.edns.as_ref().map_or(0, Edns::version);
        let room = message.edns.as_ref().map_or(UDP_BYTES, |edns| edns.max_payload().clamp(UDP_BYTES, UDP_BYTES_MAX));
        let edns = message.edns.take().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(UDP_BYTES_MAX).set_version(0).set_dnssec_ok(asked.flags().dnssec_ok);
            edns
        });
        let bytes_max = if transport == Transport::Udp { room } else { u16::MAX };
        let question = Self { metadata: message.metadata, query, edns, bytes_max };
        let is_transfer = matches!(question.query.query_type(), RecordType::AXFR | RecordType::IXFR);
        let said = match () {
            () if version > 0 => question.plain(ResponseCode::BADVERS),
            () if question.query.query_class() != DNSClass::IN || is_transfer => question.plain(ResponseCode::Refused),
            () => return Received::Asked(question),
        };
        said.map_or(Received::Nothing, Received::Answered)
    }

    /// The name asked about: lower case, without a dot at the end. What no name of ours can hold is a question mark in it.
    pub(super) fn name(&self) -> String {
        let label = |label: &[u8]| match str::from_utf8(label) {
            Ok(text) if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') => {
                text.to_ascii_lowercase()
            }
            _ => "?".to_owned(),
        };
        self.query.name().iter().map(label).collect::<Vec<_>>().join(".")
    }

    /// An answer without records.
    pub(super) fn plain(&self, code: ResponseCode) -> Option<Vec<u8>> {
        encoded(&self.response(code), self.bytes_max)
    }

    /// Asks the client to come again by TCP.
    pub(super) fn truncated(&self) -> Option<Vec<u8>> {
        let mut message = self.response(ResponseCode::NoError);
        message.metadata.truncation = true;
        encoded(&message, self.bytes_max)
    }

    /// What the zone that the name is in says; without one, that we are not to be asked.
    pub(super) fn answer(&self, zone: Option<&Zone>) -> Option<Vec<u8>> {
        let Some(zone) = zone else { return self.plain(ResponseCode::Refused) };
        let asked = self.name();
        let owner = self.query.name();
        let mut message = self.response(ResponseCode::NoError);
        message.metadata.authoritative = true;
        match found(zone, &asked, self.query.query_type()) {
            None => {
                message.metadata.response_code = ResponseCode::NXDomain;
                message.add_authorities(authority(zone, NEGATIVE_TTL_SECONDS));
            }
            Some(found) if found.is_empty() => {
                message.add_authorities(authority(zone, NEGATIVE_TTL_SECONDS));
            }
            Some(found) => {
                for data in found {
                    if let Data::Zone(ZoneData::NameServer(host)) = data {
                        message.add_additionals(addresses(zone, host));
                    }
                    message.add_answers(match data {
                        Data::Zone(data) => of_data(owner, data),
                        Data::Authority => authority(zone, TTL_SECONDS),
                        Data::Minimal => {
                            let minimal = RData::HINFO(HINFO::new(MINIMAL.to_owned(), String::new()));
                            Some(Record::from_rdata(owner.clone(), TTL_SECONDS, minimal))
                        }
                    });
                }
            }
        }
        let bytes = encoded(&message, self.bytes_max)?;
        // Half of an answer is of no use, and its end may have taken the place of OPT.
        if is_truncated(&bytes) { self.truncated() } else { Some(bytes) }
    }

    fn response(&self, code: ResponseCode) -> Message {
        let mut message = Message::new(self.metadata.id, MessageType::Response, OpCode::Query);
        message.metadata = of(&self.metadata, code);
        // In the client's own letters: some tell true answers by them.
        message.add_query(self.query.clone());
        if let Some(edns) = &self.edns {
            message.set_edns(edns.clone());
        }
        message
    }
}

fn of(request: &Metadata, code: ResponseCode) -> Metadata {
    let mut metadata = Metadata::response_from_request(request);
    metadata.response_code = code;
    metadata
}

fn encoded(message: &Message, bytes_max: u16) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::from(UDP_BYTES));
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_max_size(bytes_max);
    message.emit(&mut encoder).ok()?;
    Some(bytes)
}

/// RFC 1035 §4.1.1.
fn is_truncated(message: &[u8]) -> bool {
    message.get(2).is_some_and(|flags| flags & 0b10 != 0)
}

/// What is at a name.
enum Data<'z> {
    Zone(&'z ZoneData),
    Authority,
    Minimal,
}

/// `None`: there is no such name in the zone.
fn found<'z>(zone: &'z Zone, asked: &str, wanted: RecordType) -> Option<Vec<Data<'z>>> {
    let at_name = || zone.records.iter().filter(|record| record.name == asked);
    let is_below = |record: &ZoneRecord| record.name.strip_suffix(asked).is_some_and(|rest| rest.ends_with('.'));
    if asked != zone.name && at_name().next().is_none() && !zone.records.iter().any(is_below) {
        return None;
    }
    if wanted == RecordType::ANY {
        return Some(vec![Data::Minimal]);
    }
    let of_type = |record: &&ZoneRecord| type_of(&record.data) == wanted || matches!(record.data, ZoneData::Alias(_));
    let mut found: Vec<Data<'z>> = at_name().filter(of_type).map(|record| Data::Zone(&record.data)).collect();
    if wanted == RecordType::SOA && asked == zone.name {
        found.push(Data::Authority);
    }
    Some(found)
}

fn type_of(data: &ZoneData) -> RecordType {
    match data {
        ZoneData::Text(_) => RecordType::TXT,
        ZoneData::MailHost { .. } => RecordType::MX,
        ZoneData::Alias(_) => RecordType::CNAME,
        ZoneData::NameServer(_) => RecordType::NS,
        ZoneData::Address(address) if address.is_ipv4() => RecordType::A,
        ZoneData::Address(_) => RecordType::AAAA,
    }
}

/// `None`: the name can't be one in DNS.
fn absolute(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{name}.")).ok()
}

fn of_data(owner: &Name, data: &ZoneData) -> Option<Record> {
    let data = match data {
        ZoneData::Text(text) => RData::TXT(TXT::from_bytes(text.as_bytes().chunks(TEXT_STRING_BYTES_MAX).collect())),
        ZoneData::MailHost { preference, host } => RData::MX(MX::new(*preference, absolute(host)?)),
        ZoneData::Alias(host) => RData::CNAME(CNAME(absolute(host)?)),
        ZoneData::NameServer(host) => RData::NS(NS(absolute(host)?)),
        ZoneData::Address(std::net::IpAddr::V4(address)) => RData::A(A::from(*address)),
        ZoneData::Address(std::net::IpAddr::V6(address)) => RData::AAAA(AAAA::from(*address)),
    };
    Some(Record::from_rdata(owner.clone(), TTL_SECONDS, data))
}

/// The addresses of a host that is in the zone itself.
fn addresses(zone: &Zone, host: &str) -> Vec<Record> {
    let Some(owner) = absolute(host) else { return Vec::new() };
    let of_host = zone.records.iter().filter(|record| record.name == host);
    let addresses = of_host.filter(|record| matches!(record.data, ZoneData::Address(_)));
    addresses.filter_map(|record| of_data(&owner, &record.data)).collect()
}

fn authority(zone: &Zone, ttl_seconds: u32) -> Option<Record> {
    let (server, contact) = (absolute(&zone.name_server)?, absolute(&format!("hostmaster.{}", zone.name_server))?);
    let data =
        SOA::new(server, contact, zone.serial, REFRESH_SECONDS, RETRY_SECONDS, EXPIRE_SECONDS, NEGATIVE_TTL_SECONDS);
    Some(Record::from_rdata(absolute(&zone.name)?, ttl_seconds, RData::SOA(data)))
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
