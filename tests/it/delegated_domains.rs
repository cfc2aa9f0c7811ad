//! A domain whose owner published one NS record is set up: the program answers DNS for it, to whoever asks, as long as it is there.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_server::proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_server::proto::rr::{Name, RData, RecordType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::delegating_name_server::DelegatingNameServer;
use crate::postroom_process::Postroom;
use crate::workspaces::key_of_another_workspace;

on_both_databases!(
    a_domain_is_set_up_by_one_ns_record_and_its_keys_rotate_by_themselves,
    one_workspaces_domain_is_answered_for_and_no_other_name
);

const TRIES: u32 = 30;
const TRY_TIMEOUT: Duration = Duration::from_secs(1);
const NS: &str = "ns.postroom.test";

/// The program with a name server, which asks DNS of one that knows what is delegated to it.
struct Delegated {
    postroom: Postroom,
    names: DelegatingNameServer,
    dns: SocketAddr,
}

impl Delegated {
    async fn start(database: Database) -> Self {
        let (names, dns) = (DelegatingNameServer::start().await, servers::ports::free_address());
        names.server(NS, dns);
        let postroom = Postroom::start_with(
            database,
            &[
                ("POSTROOM_DNS_SERVER", &names.address.to_string()),
                ("POSTROOM_DNS_ADDR", &dns.to_string()),
                ("POSTROOM_DNS_HOSTNAME", NS),
                ("POSTROOM_HOSTNAME", "mx.postroom.test"),
            ],
        )
        .await;
        Self { postroom, names, dns }
    }

    async fn ask(&self, name: &str, wanted: RecordType) -> Message {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        socket.connect(self.dns).await.expect("a place");
        let mut packet = vec![0; 4_096];
        // As any client, it asks again: more than so many a second are left without an answer.
        for _ in 0..TRIES {
            socket.send(&query(name, wanted)).await.expect("sent");
            if let Ok(length) = timeout(TRY_TIMEOUT, socket.recv(&mut packet)).await {
                return Message::from_vec(&packet[..length.expect("an answer")]).expect("a message");
            }
        }
        panic!("no answer about {name} over UDP");
    }

    async fn ask_by_tcp(&self, name: &str, wanted: RecordType) -> Message {
        let mut stream = TcpStream::connect(self.dns).await.expect("a connection");
        let query = query(name, wanted);
        let length = u16::try_from(query.len()).expect("a short query");
        stream.write_all(&[length.to_be_bytes().as_slice(), &query].concat()).await.expect("sent");
        let mut answer = vec![0; stream.read_u16().await.expect("a length").into()];
        stream.read_exact(&mut answer).await.expect("an answer");
        Message::from_vec(&answer).expect("a message")
    }

    async fn code(&self, name: &str, wanted: RecordType) -> ResponseCode {
        self.ask_by_tcp(name, wanted).await.metadata.response_code
    }

    /// Waits for this node to have heard of a change.
    async fn eventually(&self, name: &str, wanted: RecordType, expected: ResponseCode) {
        eventually(&format!("{name} {wanted} is {expected}"), || async {
            (self.code(name, wanted).await == expected).then_some(())
        })
        .await;
    }
}

fn query(name: &str, wanted: RecordType) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).expect("a name"), wanted));
    message.to_vec().expect("a query")
}

fn texts(message: &Message) -> Vec<String> {
    let text = |data: &RData| match data {
        RData::TXT(text) => {
            let bytes: Vec<u8> = text.txt_data.iter().flat_map(|string| string.iter().copied()).collect();
            Some(String::from_utf8(bytes).expect("a text"))
        }
        _ => None,
    };
    message.answers.iter().filter_map(|record| text(&record.data)).collect()
}

fn of<'d>(domain: &'d Value, purpose: &str) -> Vec<&'d Value> {
    let records = domain["dnsRecords"].as_array().expect("records");
    records.iter().filter(|record| record["purpose"] == purpose).collect()
}

async fn add(api: &Api, name: &str) -> (Value, String) {
    let domain = api.post("/domains", json!({ "name": name })).await.expect(201).json();
    let path = format!("/domains/{}", text(&domain, "/id"));
    (domain, path)
}

async fn a_domain_is_set_up_by_one_ns_record_and_its_keys_rotate_by_themselves(database: Database) {
    let mut test = Delegated::start(database).await;
    let api = test.postroom.api();
    // Long enough for a key of it to be too long for a packet.
    let name = format!("{}.mail.acme.test", "a-rather-long-label".repeat(3));
    let (domain, path) = add(&api, &name).await;
    let delegation = of(&domain, "delegation")[0];
    let asked_for = json!([delegation["type"], delegation["name"], delegation["value"], delegation["required"]]);
    assert_eq!(asked_for, json!(["NS", name, NS, false]));
    let before = api.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    assert_eq!((&before["status"], &of(&before, "delegation")[0]["status"]), (&json!("pending"), &json!("pending")));

    test.names.delegate(&name, NS);
    test.eventually(&name, RecordType::NS, ResponseCode::NoError).await;
    let verified = api.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    let status = |purpose: &str| of(&verified, purpose).iter().all(|record| record["status"] == "verified");
    assert_eq!(verified["status"], "verified", "{verified}");
    for purpose in ["dkim", "returnPath", "spf", "mx", "dmarc", "tracking", "delegation"] {
        assert!(status(purpose), "{purpose}: {verified}");
    }
    // It receives here now: three records more are answered before anybody was asked for them.
    test.eventually(&format!("_mta-sts.{name}"), RecordType::TXT, ResponseCode::NoError).await;
    let all = api.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    let records = all["dnsRecords"].as_array().expect("records");
    assert!(records.len() == 11 && records.iter().all(|record| record["status"] == "verified"), "{all}");

    let old = text(of(&all, "dkim")[0], "/name");
    let udp = test.ask(&old, RecordType::TXT).await;
    assert!(udp.metadata.truncation && udp.answers.is_empty(), "{udp}");
    assert_eq!(texts(&test.ask_by_tcp(&old, RecordType::TXT).await), [text(of(&all, "dkim")[0], "/value")]);
    let rotated = api.post(&format!("{path}/rotate-dkim"), json!({})).await.expect(200).json();
    let new = of(&rotated, "dkim")[2];
    test.eventually(&text(new, "/name"), RecordType::TXT, ResponseCode::NoError).await;
    assert_eq!(texts(&test.ask_by_tcp(&text(new, "/name"), RecordType::TXT).await), [text(new, "/value")]);
    let swapped = api.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    assert_eq!((of(&swapped, "dkim").len(), &of(&swapped, "dkim")[0]["name"]), (2, &new["name"]), "{swapped}");
    // What the old ones signed may be under way.
    assert_eq!(test.code(&old, RecordType::TXT).await, ResponseCode::NoError);

    test.postroom.stop().await;
    test.postroom.launch().await;
    assert_eq!(test.code(&old, RecordType::TXT).await, ResponseCode::NoError, "it answers as soon as it is ready");
    test.postroom.api().delete(&path).await.expect(204);
    test.eventually(&old, RecordType::TXT, ResponseCode::Refused).await;
}

async fn one_workspaces_domain_is_answered_for_and_no_other_name(database: Database) {
    let test = Delegated::start(database).await;
    let api = test.postroom.api();
    let (_, path) = add(&api, "mail.acme.test").await;
    test.eventually("mail.acme.test", RecordType::SOA, ResponseCode::NoError).await;
    for (name, wanted, expected) in [
        ("mail.acme.test", RecordType::TXT, ResponseCode::NoError),
        ("_domainkey.mail.acme.test", RecordType::TXT, ResponseCode::NoError),
        ("none.mail.acme.test", RecordType::A, ResponseCode::NXDomain),
        ("acme.test", RecordType::NS, ResponseCode::Refused),
        ("postroom.test", RecordType::SOA, ResponseCode::Refused),
        ("mail.acme.test", RecordType::AXFR, ResponseCode::Refused),
    ] {
        assert_eq!(test.code(name, wanted).await, expected, "{name} {wanted}");
        assert!(test.ask_by_tcp(name, wanted).await.answers.is_empty());
    }
    let none = test.ask_by_tcp("none.mail.acme.test", RecordType::A).await;
    assert_eq!(none.authorities[0].record_type(), RecordType::SOA);
    for garbage in [&b""[..], b"\x00", &[0xff; 600], &[0; 12]] {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        socket.send_to(garbage, test.dns).await.expect("sent");
    }
    eventually("it answers over UDP", || async {
        (test.ask("mail.acme.test", RecordType::MX).await.answers.len() == 1).then_some(())
    })
    .await;

    test.names.delegate("mail.acme.test", NS);
    // Another workspace that says the same proves nothing, and takes away nothing that is proved.
    let stranger = test.postroom.api_with_key(&key_of_another_workspace(&test.postroom));
    let (theirs, their_path) = add(&stranger, "mail.acme.test").await;
    test.eventually("mail.acme.test", RecordType::SOA, ResponseCode::Refused).await;
    let told = stranger.post(&format!("{their_path}/verify"), json!({})).await.expect(200).json();
    assert!(text(&told, "/problem").contains("another workspace"), "{told}");
    stranger.delete(&their_path).await.expect(204);
    test.eventually("mail.acme.test", RecordType::SOA, ResponseCode::NoError).await;
    let verified = api.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    assert_eq!(verified["status"], "verified", "{verified}");
    add(&stranger, "mail.acme.test").await;
    let (below, below_path) = add(&stranger, "x.mail.acme.test").await;
    let told = stranger.post(&format!("{below_path}/verify"), json!({})).await.expect(200).json();
    assert_eq!(told["status"], "pending", "{told}");
    for domain in [&theirs, &below] {
        let key = text(of(domain, "dkim")[0], "/name");
        assert_eq!(test.code(&key, RecordType::TXT).await, ResponseCode::NXDomain, "{key}");
    }
    // Nor what was left in DNS when the domain went.
    api.delete(&path).await.expect(204);
    test.eventually("mail.acme.test", RecordType::SOA, ResponseCode::Refused).await;
}
