//! Vectors of other projects, where they are at hand: what differs is what the documentation says, no more and no less.

use std::collections::{BTreeMap, BTreeSet};
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

/// Where the documentation lists what differs.
const DOCUMENT: &str = include_str!("../../../../../docs/AUTHENTICATION.md");
const SETS: [&str; 3] = ["spf", "dkim", "arc"];
/// Characters that a reason has at least.
const REASON_CHARS_MIN: usize = 20;

/// A vector that comes out otherwise than its suite says: what that expects, and what we say.
type Differences = BTreeMap<String, (String, String)>;

/// What the documentation says differs in a set.
fn known_to_differ(set: &str) -> Differences {
    let mut known = Differences::new();
    for line in DOCUMENT.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [named, id, expected, found, why] = cells.as_slice() else { continue };
        if *named != set {
            continue;
        }
        assert!(why.chars().count() >= REASON_CHARS_MIN, "no reason is given for {id}");
        let result = ((*expected).to_owned(), (*found).to_owned());
        assert_eq!(known.insert((*id).to_owned(), result), None, "{id} is listed twice");
    }
    known
}

/// What differs, of the vectors there are: another half of a suite is another part of the list.
struct Tally {
    set: &'static str,
    seen: BTreeSet<String>,
    different: Differences,
}

impl Tally {
    fn new(set: &'static str) -> Self {
        Self { set, seen: BTreeSet::new(), different: Differences::new() }
    }

    fn count(&mut self, id: &str, right: bool, expected: &str, found: &str, detail: Option<&str>) {
        assert!(self.seen.insert(id.to_owned()), "{} has {id} twice", self.set);
        if !right {
            println!("{} {id}: expected {expected}, found {found}: {}", self.set, detail.unwrap_or_default());
            self.different.insert(id.to_owned(), (expected.to_owned(), found.to_owned()));
        }
    }

    /// What differs is what is said to differ, no more and no less.
    fn hold(&self) {
        println!("{}: {} of {}", self.set, self.seen.len() - self.different.len(), self.seen.len());
        let mut known = known_to_differ(self.set);
        known.retain(|id, _| self.seen.contains(id));
        assert_eq!(self.different, known, "{}: what differs, and what docs/AUTHENTICATION.md says differs", self.set);
    }
}

#[test]
fn the_document_s_list_can_be_read() {
    let listed: usize = SETS.iter().map(|set| known_to_differ(set).len()).sum();
    let rows = DOCUMENT.lines().skip_while(|line| !line.starts_with("| set | vector |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|')).count();
    assert!(rows > 0, "docs/AUTHENTICATION.md has no list of vectors");
    assert_eq!(listed, rows, "a row of docs/AUTHENTICATION.md is of no set");
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
                    // A TXT record has a string (RFC 1035 §3.3.14): without one it can't be sent, so no text is one of no bytes.
                    "TXT" | "SPF" if parts.is_empty() && !has_txt => zone.txt(owner, ""),
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
        let right = expected.contains(&found.as_str());
        tally.count(text(&row, "id"), right, &expected.join(" or "), &found, results.detail.as_deref());
        current = Some((row["zone"].clone(), server));
    }
    tally.hold();
}

fn with_crlf(mail: &str) -> String {
    mail.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// Keys as the suite writes them; some names have to fail or stay without an answer.
fn dkim_zone(keys: &Value) -> Zone {
    let mut zone = Zone::default();
    for (owner, record) in keys.as_object().into_iter().flatten() {
        zone = match record.as_str().unwrap_or_default() {
            "NXDOMAIN" => zone,
            "~~Query timed out~~" => zone.silent(owner),
            "~~SERVFAIL~~" => zone.failing(owner),
            "\"\"" => zone.txt(owner, ""),
            record => zone.txt(owner, record),
        };
    }
    zone
}

#[tokio::test]
async fn dkim_vectors() {
    let mut tally = Tally::new("dkim");
    let keys = std::fs::read_to_string(corpora().join("dkim_dns.json")).unwrap_or_else(|_| "{}".to_owned());
    let server = dkim_zone(&serde_json::from_str(&keys).expect("keys are JSON")).serve().await;
    let verifier = authenticator(&server);
    for row in &rows("dkim.jsonl") {
        let id = text(row, "id");
        let raw = std::fs::read(corpora().join(text(row, "file"))).expect("the mail of a row");
        let mail = if raw.contains(&b'\r') { raw } else { with_crlf(&String::from_utf8_lossy(&raw)).into_bytes() };
        let results = verifier.verify(PEER, "localhost", "", Bytes::from(mail)).await;
        // DomainKeys (RFC 4870) is historic, and not DKIM: nothing is known of these mails.
        if row["kind"] != "dkim" {
            assert_ne!(results.dkim, AuthResult::Pass, "{id}: a DomainKeys signature passed");
            continue;
        }
        let algorithms: Vec<&str> = row["alg"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        // RFC 8301 came after most of these: what rsa-sha1 signs is worth nothing now.
        let outdated = algorithms.iter().all(|algorithm| algorithm.ends_with("sha1") || algorithm.ends_with("md5"));
        assert!(!outdated || results.dkim != AuthResult::Pass, "{id}: an outdated algorithm passed");
        let expected = if outdated { "not pass" } else { text(row, "expected") };
        let right = (results.dkim == AuthResult::Pass) == (expected == "pass");
        tally.count(id, right, expected, &named(results.dkim), results.detail.as_deref());
    }
    tally.hold();
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
        // The suite leaves open what a chain is that says itself that it is broken; RFC 8617 §5.2 does not.
        let expected = Some(text(&row, "cv").to_ascii_lowercase()).filter(|cv| !cv.is_empty());
        let expected = expected.unwrap_or_else(|| "fail".to_owned());
        let found = named(results.arc);
        tally.count(text(&row, "id"), expected == found, &expected, &found, results.detail.as_deref());
    }
    tally.hold();
}
