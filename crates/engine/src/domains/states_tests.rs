//! What checks make of a domain over time.

use model::domain::{DkimAlgorithm, DkimKey, DkimKeys, MtaStsMode};
use model::{DomainId, WorkspaceId};

use super::*;
use crate::EngineConfig;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn pair(series: &str) -> Vec<DkimKey> {
    let key = |algorithm: DkimAlgorithm| DkimKey {
        selector: format!("{series}-{}", algorithm.as_str()),
        algorithm,
        public_key: series.into(),
    };
    vec![key(DkimAlgorithm::Rsa), key(DkimAlgorithm::Ed25519)]
}

fn pending() -> DomainRow {
    DomainRow {
        id: DomainId::generate(),
        workspace_id: WorkspaceId::generate(),
        name: "acme.test".into(),
        status: DomainStatus::Pending,
        secrets: Vec::new(),
        keys: DkimKeys { current: pair("one"), next: Vec::new(), retired: Vec::new(), made_at: START },
        found: Vec::new(),
        problem: None,
        version: 1,
        checked_at: None,
        verified_at: None,
        failing_since: None,
        due_at: START,
        policy: model::sending::DomainPolicy::default(),
        policy_secret: None,
        created_at: START,
        updated_at: START,
        tracking_host: "t.acme.test".into(),
        mta_sts_mode: MtaStsMode::Testing,
    }
}

/// A check that finds all but what `broken` names, and no answer about what `silent` names.
fn check(row: &mut DomainRow, broken: &[&str], silent: &[&str], at: Timestamp) -> Option<EventType> {
    let config = EngineConfig {
        public_url: "http://127.0.0.1:8025".into(),
        inbound_domain: "inbox.test".into(),
        hostname: "mx.test".into(),
        smarthost: None,
        delivery: crate::DeliveryMode::Sandbox,
        tracking_anonymise_ip: false,
        name_server: None,
        dns_blocklists: Vec::new(),
    };
    let says = |list: &[&str], record: &DnsRecord| list.iter().any(|part| record.name.starts_with(part));
    let judged = |record: &DnsRecord| Judged {
        status: match () {
            () if says(silent, record) => None,
            () if says(broken, record) => Some(DnsRecordStatus::Wrong),
            () => Some(DnsRecordStatus::Verified),
        },
        found: None,
        problem: None,
    };
    let checked: Vec<(DnsRecord, Judged)> =
        records::wanted(&config, row).into_iter().map(|record| (record.clone(), judged(&record))).collect();
    apply(row, &checked, false, at)
}

#[test]
fn one_key_and_the_return_path_verify_a_domain() {
    let optional = ["acme.test", "_dmarc", "t.acme.test"];
    for (broken, expected) in [
        (vec![], true),
        (vec!["one-rsa"], true),
        (vec!["one-ed25519"], true),
        (vec!["one-"], false),
        (vec!["bounces"], false),
        (optional.to_vec(), true),
    ] {
        let mut row = pending();
        let event = check(&mut row, &broken, &[], START);
        assert_eq!(event.is_some(), expected, "{broken:?}");
        assert_eq!(row.status == DomainStatus::Verified, expected, "{broken:?}");
    }
}

#[test]
fn a_domain_that_breaks_sends_for_three_days() {
    let mut row = pending();
    assert_eq!(check(&mut row, &[], &[], START), Some(EventType::DomainVerified));
    assert_eq!(check(&mut row, &[], &[], START.plus(DAY)), None);
    let broke = START.plus(DAY * 2);
    assert_eq!(check(&mut row, &["bounces"], &[], broke), Some(EventType::DomainFailed));
    assert_eq!((row.status, row.failing_since), (DomainStatus::Failing, Some(broke)));
    assert!(row.status.sends());
    assert_eq!(check(&mut row, &["bounces"], &[], broke.plus(DAY * 3).minus(MINUTE)), None);
    assert!(row.due_at <= broke.plus(DAY * 3));
    assert_eq!(check(&mut row, &["bounces"], &[], broke.plus(DAY * 3)), Some(EventType::DomainFailed));
    assert!(!row.status.sends());
    assert_eq!(check(&mut row, &["bounces"], &[], broke.plus(DAY * 4)), None);
    assert_eq!(check(&mut row, &[], &[], broke.plus(DAY * 5)), Some(EventType::DomainVerified));
    assert_eq!((row.status, row.failing_since), (DomainStatus::Verified, None));
    // Mended in time it never stopped.
    check(&mut row, &["one-"], &[], broke.plus(DAY * 6));
    assert_eq!(check(&mut row, &[], &[], broke.plus(DAY * 7)), Some(EventType::DomainVerified));
}

#[test]
fn silence_changes_nothing_and_is_said() {
    let mut row = pending();
    check(&mut row, &[], &[], START);
    let mut later = START.plus(DAY);
    for _ in 0..10 {
        assert_eq!(check(&mut row, &[], &["one-", "bounces"], later), None);
        assert_eq!(row.status, DomainStatus::Verified);
        assert!(row.problem.is_some() && row.due_at <= later.plus(UNANSWERED));
        later = later.plus(DAY);
    }
    // Nor does it end the patience with one that fails.
    check(&mut row, &["bounces"], &[], later);
    assert_eq!(check(&mut row, &[], &["bounces"], later.plus(DAY * 9)), None);
    assert_eq!(row.status, DomainStatus::Failing);
    let mut row = pending();
    assert_eq!(check(&mut row, &[], &["bounces"], START), None);
    assert_eq!(row.status, DomainStatus::Pending);
}

#[test]
fn a_name_that_sends_elsewhere_stays_pending() {
    let mut row = pending();
    check(&mut row, &["bounces"], &[], START);
    let mut taken = pending();
    let config_checked: Vec<(DnsRecord, Judged)> = Vec::new();
    taken.found.clone_from(&row.found);
    assert_eq!(apply(&mut taken, &config_checked, true, START), None);
    assert_eq!(taken.status, DomainStatus::Pending);
}

#[test]
fn checks_come_seldomer_the_longer_records_are_waited_for() {
    let mut row = pending();
    let wait = |row: &DomainRow, after: Duration| {
        let now = START.plus(after);
        next_check(row, false, now).since(now)
    };
    for (after, expected) in
        [(Duration::ZERO, MINUTE * 2), (MINUTE * 40, MINUTE * 10), (HOUR * 10, HOUR), (DAY * 29, HOUR), (DAY * 31, DAY)]
    {
        assert_eq!(wait(&row, after), expected, "after {after:?}");
    }
    row.status = DomainStatus::Verified;
    assert_eq!(wait(&row, DAY), HOUR * 6);
    row.keys.next = pair("two");
    assert_eq!(wait(&row, Duration::ZERO), MINUTE * 2);
}

#[test]
fn old_keys_sign_until_the_new_ones_are_there() {
    let mut row = pending();
    check(&mut row, &[], &[], START);
    row.keys.next = pair("two");
    check(&mut row, &["two-"], &[], START);
    assert_eq!(signing_selectors(&row), ["one-rsa", "one-ed25519"]);
    // Half of them would be less than there was.
    check(&mut row, &["two-ed25519"], &[], START);
    assert_eq!(row.keys.current, pair("one"));
    assert_eq!(check(&mut row, &[], &[], START), None);
    assert_eq!((&row.keys.current, row.keys.next.len()), (&pair("two"), 0));
    assert_eq!(signing_selectors(&row), ["two-rsa", "two-ed25519"]);
    check(&mut row, &["two-ed25519"], &[], START);
    assert_eq!(signing_selectors(&row), ["two-rsa"]);
}
