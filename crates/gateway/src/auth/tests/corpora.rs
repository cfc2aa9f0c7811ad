//! Vectors of other projects, where they are at hand: what differs is printed, and a floor is held.

use std::net::IpAddr;
use std::path::PathBuf;

use bytes::Bytes;
use model::auth::AuthResult;
use serde_json::Value;

use super::zone::NameServer;
use super::{PEER, Zone, authenticator};

fn corpora() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora")
}

/// The rows of a file of the shared corpora; none where it is not at hand.
fn rows(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(corpora().join(file)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

/// The name of a result as the corpora write it.
fn named(result: AuthResult) -> String {
    serde_json::to_value(result).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

struct Tally {
    set: &'static str,
    right: usize,
    all: usize,
}

impl Tally {
    fn new(set: &'static str) -> Self {
        Self { set, right: 0, all: 0 }
    }

    fn count(&mut self, id: &str, right: bool, expected: &str, found: &str) {
        self.all += 1;
        self.right += usize::from(right);
        if !right {
            println!("{} {id}: expected {expected}, found {found}", self.set);
        }
    }

    /// At least `percent` of what there is.
    fn hold(&self, percent: usize) {
        println!("{}: {} of {}", self.set, self.right, self.all);
        assert!(self.right * 100 >= self.all * percent, "{}: {} of {}", self.set, self.right, self.all);
    }
}

fn spf_zone(described: &Value) -> Zone {
    let mut zone = Zone::default();
    for (owner, records) in described.as_object().into_iter().flatten() {
        let records = records.as_array().cloned().unwrap_or_default();
        let has_txt = records.iter().any(|record| record.get("TXT").is_some());
        for record in &records {
            // A TXT record that is written out is found all the same.
            let found = |record: &Value| record.get("TXT").is_some_and(|text| text != "NONE");
            if record == "TIMEOUT" && !records.iter().any(found) {
                zone = zone.failing(owner);
            }
            for (kind, value) in record.as_object().into_iter().flatten() {
                let parts: Vec<&str> = match value {
                    Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect(),
                    other => other.as_str().into_iter().collect(),
                };
                let first = parts.first().copied().unwrap_or_default();
                zone = match kind.as_str() {
                    "TXT" if first == "NONE" => zone,
                    "TXT" => zone.txt_parts(owner, &parts),
                    // Where a test names no TXT record, its SPF record stands for it.
                    "SPF" if !has_txt => zone.txt_parts(owner, &parts),
                    "A" => zone.a(owner, first),
                    "AAAA" => zone.aaaa(owner, first),
                    "PTR" => zone.ptr(owner, first),
                    "CNAME" => zone.cname(owner, first),
                    "MX" => {
                        let preference = value[0].as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(0);
                        zone.mx(owner, preference, value[1].as_str().unwrap_or_default())
                    }
                    _ => zone,
                };
            }
        }
    }
    zone
}

#[tokio::test]
async fn spf_vectors() {
    let mut tally = Tally::new("spf");
    let mut current: Option<(Value, NameServer)> = None;
    for row in rows("spf.jsonl") {
        let server = match current.take() {
            Some((zone, server)) if zone == row["zone"] => server,
            _ => spf_zone(&row["zone"]).serve().await,
        };
        let peer: IpAddr = text(&row, "host").parse().expect("an address");
        let verifier = authenticator(&server);
        let results = verifier.verify(peer, text(&row, "helo"), text(&row, "mailfrom"), Bytes::new()).await;
        let found = named(results.spf);
        let expected: Vec<&str> = row["result"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        tally.count(text(&row, "id"), expected.contains(&found.as_str()), &expected.join("|"), &found);
        current = Some((row["zone"].clone(), server));
    }
    tally.hold(98);
}

fn with_crlf(mail: &str) -> String {
    mail.replace("\r\n", "\n").replace('\n', "\r\n")
}

#[tokio::test]
async fn dkim_vectors() {
    let mut tally = Tally::new("dkim");
    let keys = std::fs::read_to_string(corpora().join("dkim_dns.json")).unwrap_or_else(|_| "{}".to_owned());
    let keys: Value = serde_json::from_str(&keys).expect("keys are JSON");
    let mut zone = Zone::default();
    for (owner, record) in keys.as_object().into_iter().flatten() {
        zone = zone.txt(owner, record.as_str().unwrap_or_default());
    }
    let server = zone.serve().await;
    let verifier = authenticator(&server);
    for row in rows("dkim.jsonl").iter().filter(|row| row["kind"] == "dkim") {
        let raw = std::fs::read(corpora().join(text(row, "file"))).expect("the mail of a row");
        let mail = if raw.contains(&b'\r') { raw } else { with_crlf(&String::from_utf8_lossy(&raw)).into_bytes() };
        let results = verifier.verify(PEER, "localhost", "", Bytes::from(mail)).await;
        let algorithms: Vec<&str> = row["alg"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        // RFC 8301 came after most of these: what rsa-sha1 signs is worth nothing now.
        let outdated = algorithms.iter().all(|algorithm| algorithm.ends_with("sha1") || algorithm.ends_with("md5"));
        let expected = if outdated { "not pass" } else { text(row, "expected") };
        let right = (results.dkim == AuthResult::Pass) == (expected == "pass");
        assert!(!outdated || right, "an outdated algorithm passed: {}", text(row, "id"));
        tally.count(text(row, "id"), right, expected, &format!("{:?} {:?}", results.dkim, results.detail));
    }
    tally.hold(90);
}

#[tokio::test]
async fn arc_vectors() {
    let mut tally = Tally::new("arc");
    for row in rows("arc_validate.jsonl") {
        let mut zone = Zone::default();
        for (owner, record) in row["txt_records"].as_object().into_iter().flatten() {
            zone = zone.txt(owner, record.as_str().unwrap_or_default());
        }
        let server = zone.serve().await;
        let mail = with_crlf(text(&row, "message"));
        let results = authenticator(&server).verify(PEER, "localhost", "", Bytes::from(mail)).await;
        let expected = text(&row, "cv").to_ascii_lowercase();
        let found = named(results.arc);
        // A row without an expectation allows any.
        tally.count(text(&row, "id"), expected.is_empty() || expected == found, &expected, &found);
    }
    tally.hold(90);
}
