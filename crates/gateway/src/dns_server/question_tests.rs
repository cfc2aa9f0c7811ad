//! Queries and what is said to them, as tables.

use proptest::prelude::*;

use super::super::dry_run::dry_run;
use super::*;

fn query(name: &str, wanted: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), wanted));
    message
}

fn with_edns(mut message: Message, payload: u16) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(payload);
    message.set_edns(edns);
    message
}

fn over_udp(message: &Message) -> Message {
    let [udp, _] = dry_run(&message.to_vec().unwrap());
    Message::from_vec(&udp.expect("an answer")).unwrap()
}

fn over_tcp(message: &Message) -> Message {
    let [_, tcp] = dry_run(&message.to_vec().unwrap());
    Message::from_vec(&tcp.expect("an answer")).unwrap()
}

fn shown(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| format!("{} {} {}", record.name, record.record_type(), record.data)).collect()
}

#[test]
fn a_name_is_answered_with_its_records_with_none_or_as_unknown() {
    use RecordType as T;
    use ResponseCode::{NXDomain, NoError, Refused};
    for (name, wanted, code, answers) in [
        ("acme.test", T::MX, NoError, &["acme.test. MX 10 mx.example."][..]),
        ("ACME.test", T::MX, NoError, &["ACME.test. MX 10 mx.example."]),
        ("acme.test", T::NS, NoError, &["acme.test. NS ns.acme.test."]),
        ("ns.acme.test", T::A, NoError, &["ns.acme.test. A 192.0.2.1"]),
        ("ns.acme.test", T::AAAA, NoError, &[]),
        ("acme.test", T::TXT, NoError, &[]),
        // Whatever is asked of an alias, the alias is what is there.
        ("t.acme.test", T::A, NoError, &["t.acme.test. CNAME web.example."]),
        ("t.acme.test", T::CNAME, NoError, &["t.acme.test. CNAME web.example."]),
        // There are names below it, so it is there (RFC 8020).
        ("_domainkey.acme.test", T::TXT, NoError, &[]),
        ("domainkey.acme.test", T::TXT, NXDomain, &[]),
        ("x.t.acme.test", T::A, NXDomain, &[]),
        ("acme.test", T::ANY, NoError, &["acme.test. HINFO RFC8482 "]),
        ("t.acme.test", T::ANY, NoError, &["t.acme.test. HINFO RFC8482 "]),
        ("x.acme.test", T::ANY, NXDomain, &[]),
        ("acme.example", T::MX, Refused, &[]),
        ("xacme.test", T::MX, Refused, &[]),
        ("test", T::NS, Refused, &[]),
        ("acme.test", T::AXFR, Refused, &[]),
        ("acme.test", T::IXFR, Refused, &[]),
    ] {
        let answer = over_udp(&query(name, wanted));
        assert_eq!(
            (answer.metadata.response_code, shown(&answer.answers)),
            (code, answers.iter().map(|text| (*text).to_owned()).collect()),
            "{name} {wanted}"
        );
        let is_ours = code != Refused;
        assert_eq!(answer.metadata.authoritative, is_ours, "{name} {wanted}");
        assert!(!answer.metadata.recursion_available && answer.metadata.recursion_desired);
        assert_eq!((answer.metadata.id, answer.queries[0].name().to_ascii()), (4711, format!("{name}.")));
        let authorities: Vec<RecordType> = answer.authorities.iter().map(Record::record_type).collect();
        let expected = if is_ours && answers.is_empty() { vec![T::SOA] } else { vec![] };
        assert_eq!(authorities, expected, "{name} {wanted}");
        assert!(answer.authorities.iter().all(|record| record.ttl == NEGATIVE_TTL_SECONDS));
        assert!(answer.answers.iter().all(|record| record.ttl == TTL_SECONDS));
    }
}

#[test]
fn the_zone_says_whose_it_is_and_where_its_server_is() {
    let authority = over_udp(&query("acme.test", RecordType::SOA));
    let soa = "acme.test. SOA ns.acme.test. hostmaster.ns.acme.test. 7 3600 600 604800 60";
    assert_eq!(shown(&authority.answers), [soa]);
    let servers = over_udp(&query("acme.test", RecordType::NS));
    assert_eq!(shown(&servers.additionals), ["ns.acme.test. A 192.0.2.1"]);
}

#[test]
fn what_is_too_long_for_a_packet_is_asked_for_by_tcp() {
    let name = "long.acme.test";
    let strings = |answer: &Message| match &answer.answers[0].data {
        RData::TXT(text) => text.txt_data.iter().map(|string| string.len()).collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    for message in [query(name, RecordType::TXT), with_edns(query(name, RecordType::TXT), 65_535)] {
        let udp = over_udp(&message);
        assert!(udp.metadata.truncation && udp.answers.is_empty(), "{udp}");
        assert_eq!(udp.edns.is_some(), message.edns.is_some());
        let tcp = over_tcp(&message);
        let strings = strings(&tcp);
        assert!(!tcp.metadata.truncation && strings.iter().all(|length| *length <= TEXT_STRING_BYTES_MAX));
        assert_eq!(strings.iter().sum::<usize>(), 3_000);
    }
    // A key is two strings of one record.
    let key = over_udp(&query("s._domainkey.acme.test", RecordType::TXT));
    assert_eq!((key.metadata.truncation, strings(&key)), (false, vec![255, 155]));
    // A small packet is no smaller than everybody has to take.
    let small = over_udp(&with_edns(query("s._domainkey.acme.test", RecordType::TXT), 100));
    assert!(!small.metadata.truncation);
}

#[test]
fn extensions_are_answered_as_far_as_we_know_them() {
    assert!(over_udp(&query("acme.test", RecordType::MX)).edns.is_none());
    let mut message = with_edns(query("acme.test", RecordType::MX), 4_096);
    message.edns.as_mut().unwrap().flags_mut().dnssec_ok = true;
    let answer = over_udp(&message);
    let edns = answer.edns.as_ref().unwrap();
    assert_eq!((edns.version(), edns.max_payload()), (0, UDP_BYTES_MAX));
    assert!(edns.flags().dnssec_ok && edns.flags().z == 0);
    message.edns.as_mut().unwrap().set_version(1);
    let answer = over_udp(&message);
    // BADVERS is 16, as BADSIG is elsewhere.
    assert_eq!((u16::from(answer.metadata.response_code), answer.answers.len()), (16, 0));
}

#[test]
fn what_is_no_query_is_refused_or_gets_no_answer() {
    let code = |message: &Message| over_udp(message).metadata.response_code;
    for (op_code, expected) in [
        (OpCode::Update, ResponseCode::Refused),
        (OpCode::Notify, ResponseCode::Refused),
        (OpCode::Status, ResponseCode::NotImp),
    ] {
        let mut message = query("acme.test", RecordType::SOA);
        message.metadata.op_code = op_code;
        assert_eq!(code(&message), expected, "{op_code:?}");
    }
    let mut chaos = query("version.bind", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(&chaos), ResponseCode::Refused);
    let mut two = query("acme.test", RecordType::MX);
    two.add_query(Query::query(Name::root(), RecordType::NS));
    assert_eq!(code(&two), ResponseCode::FormErr);
    let mut none = query("acme.test", RecordType::MX);
    none.queries.clear();
    assert_eq!(code(&none), ResponseCode::FormErr);
    let mut answer = query("acme.test", RecordType::MX);
    answer.metadata.message_type = MessageType::Response;
    assert_eq!(dry_run(&answer.to_vec().unwrap()), [None, None]);
    let whole = query("acme.test", RecordType::MX).to_vec().unwrap();
    for length in 0..whole.len() {
        let [udp, _] = dry_run(&whole[..length]);
        let code = udp.map(|bytes| Message::from_vec(&bytes).unwrap().metadata.response_code);
        assert_eq!(code, (length >= 12).then_some(ResponseCode::FormErr), "{length}");
    }
}

#[test]
fn a_label_with_a_dot_in_it_is_no_name_of_ours() {
    let mut message = query("acme.test", RecordType::MX);
    let labels: [&[u8]; 2] = [b"x.acme", b"test"];
    let mut name = Name::from_labels(labels).unwrap();
    name.set_fqdn(true);
    message.queries = vec![Query::query(name, RecordType::MX)];
    assert_eq!(over_udp(&message).metadata.response_code, ResponseCode::Refused);
}

proptest! {
    #[test]
    fn any_packet_is_answered_within_its_bounds_or_not_at_all(
        head in prop::collection::vec(any::<u8>(), 0..40),
        flips in prop::collection::vec((0_usize..60, any::<u8>()), 0..8),
    ) {
        let mut near = query("s._domainkey.acme.test", RecordType::TXT).to_vec().unwrap();
        for (place, byte) in flips {
            if let Some(at) = near.get_mut(place) {
                *at = byte;
            }
        }
        for packet in [head, near] {
            let [udp, tcp] = dry_run(&packet);
            prop_assert!(udp.as_ref().is_none_or(|answer| answer.len() <= usize::from(UDP_BYTES_MAX)));
            for answer in [udp, tcp].into_iter().flatten() {
                prop_assert_eq!(&answer[..2], &packet[..2]);
                prop_assert!(answer[2] & 0x80 != 0, "it is marked as an answer");
            }
        }
    }
}
