//! What a check makes of a domain: its state, when it is checked again, which keys sign. Pure; the time is a value.

use std::time::Duration;

use model::Timestamp;
use model::domain::{DnsRecord, DnsRecordPurpose, DnsRecordStatus, DomainStatus, FoundRecord, RetiredKey};
use model::event::EventType;
use model::limits::DOMAIN_FAILING_SECONDS;
use store::domains::DomainRow;

use super::judging::Judged;
use super::records;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Between checks while records are waited for: a quarter of the time they have been waited for, within these.
const WAITING_SHORTEST: Duration = MINUTE.saturating_mul(2);
const WAITING_LONGEST: Duration = HOUR;
/// After so long nobody expects them any more.
const GIVEN_UP_AFTER: Duration = HOUR.saturating_mul(24 * 30);
const GIVEN_UP: Duration = HOUR.saturating_mul(24);
const VERIFIED: Duration = HOUR.saturating_mul(6);
const FAILING: Duration = MINUTE.saturating_mul(30);
/// After DNS gave no answer.
const UNANSWERED: Duration = MINUTE.saturating_mul(10);
/// How long mail may be under way that a key signed.
const UNDER_WAY: Duration = HOUR.saturating_mul(24 * 7);
/// Keys that sign no more and whose records a name server of ours still has; the newest.
const RETIRED_MAX: usize = 8;
const FAILING_AT_MOST: Duration = Duration::from_secs(DOMAIN_FAILING_SECONDS);

pub(super) const NAME_TAKEN: &str =
    "another workspace of this installation sends from this domain; it has to let go of it first";
pub(super) const NOT_SERVED: &str = "another workspace of this installation has this domain, had it, or proved one above it: an NS record leads nowhere until this workspace has proved the domain by publishing the other records";

/// Applies a check to the row; answers the event it makes. `is_taken`: another workspace sends from the domain.
pub(super) fn apply(
    row: &mut DomainRow,
    checked: &[(DnsRecord, Judged)],
    is_taken: bool,
    now: Timestamp,
) -> Option<EventType> {
    let all: Vec<FoundRecord> = checked.iter().map(|(record, judged)| found(row, record, judged)).collect();
    row.found = all;
    row.checked_at = Some(now);
    row.updated_at = now.max(row.updated_at);
    row.problem = None;
    swap_keys(row, now);
    let unanswered = |(record, judged): &(DnsRecord, Judged)| record.required && judged.status.is_none();
    let is_unknown = checked.iter().any(unanswered);
    let is_set_up = is_set_up(row);
    let event = match (is_set_up && !is_taken, row.status) {
        (true, DomainStatus::Verified) => {
            row.verified_at = Some(now);
            None
        }
        (true, _) => {
            row.status = DomainStatus::Verified;
            row.verified_at = Some(now);
            row.failing_since = None;
            Some(EventType::DomainVerified)
        }
        (false, DomainStatus::Pending | DomainStatus::Failed) => None,
        // Who gives no answer proves nothing.
        (false, DomainStatus::Verified | DomainStatus::Failing) if is_unknown => None,
        (false, DomainStatus::Verified) => {
            row.status = DomainStatus::Failing;
            row.failing_since = Some(now);
            Some(EventType::DomainFailed)
        }
        (false, DomainStatus::Failing) => {
            let is_over = row.failing_since.is_none_or(|since| now.since(since) >= FAILING_AT_MOST);
            is_over.then(|| {
                row.status = DomainStatus::Failed;
                EventType::DomainFailed
            })
        }
    };
    row.problem = (is_set_up && is_taken).then(|| NAME_TAKEN.to_owned());
    if is_unknown && row.problem.is_none() {
        row.problem = Some("DNS did not answer every question of the last check: the state is the one before".into());
    }
    row.due_at = next_check(row, is_unknown, now);
    event
}

/// What is kept of a record: where DNS gave no answer, what was known before.
fn found(row: &DomainRow, record: &DnsRecord, judged: &Judged) -> FoundRecord {
    let before = records::found_of(&row.found, record);
    let (status, found) = match judged.status {
        Some(status) => (status, judged.found.clone()),
        None => (
            before.map_or(DnsRecordStatus::Pending, |before| before.status),
            before.and_then(|before| before.found.clone()),
        ),
    };
    FoundRecord { purpose: record.purpose, name: record.name.clone(), status, found, problem: judged.problem.clone() }
}

fn is_verified(row: &DomainRow, purpose: DnsRecordPurpose, name: &str) -> bool {
    let is_it = |found: &&FoundRecord| found.purpose == purpose && found.name == name;
    row.found.iter().find(is_it).is_some_and(|found| found.status == DnsRecordStatus::Verified)
}

fn is_key_verified(row: &DomainRow, key: &model::domain::DkimKey) -> bool {
    is_verified(row, DnsRecordPurpose::Dkim, &records::key_name(key, &row.name))
}

/// One key that signs, and the return path with its SPF record.
fn is_set_up(row: &DomainRow) -> bool {
    let return_path = records::return_path_host(&row.name);
    row.keys.current.iter().any(|key| is_key_verified(row, key))
        && is_verified(row, DnsRecordPurpose::ReturnPath, &return_path)
        && is_verified(row, DnsRecordPurpose::Spf, &return_path)
}

/// The next keys sign from now on, if their records are there: those of every kind that the current ones have there.
fn swap_keys(row: &mut DomainRow, now: Timestamp) {
    let is_there =
        |algorithm| row.keys.next.iter().any(|next| next.algorithm == algorithm && is_key_verified(row, next));
    let current = row.keys.current.iter().filter(|key| is_key_verified(row, key));
    let covered = current.map(|key| key.algorithm).all(is_there);
    if covered && row.keys.next.iter().any(|next| is_key_verified(row, next)) {
        let old = std::mem::replace(&mut row.keys.current, std::mem::take(&mut row.keys.next));
        row.keys.retired.retain(|retired| retired.until > now);
        row.keys.retired.extend(old.into_iter().map(|key| RetiredKey { key, until: now.plus(UNDER_WAY) }));
        let beyond = row.keys.retired.len().saturating_sub(RETIRED_MAX);
        row.keys.retired.drain(..beyond);
    }
}

/// The selectors that sign: those that receivers can check, or all where none is known to be there.
pub(super) fn signing_selectors(row: &DomainRow) -> Vec<String> {
    let there = row.keys.current.iter().filter(|key| is_key_verified(row, key));
    let there: Vec<String> = there.map(|key| key.selector.clone()).collect();
    match there.is_empty() {
        true => row.keys.current.iter().map(|key| key.selector.clone()).collect(),
        false => there,
    }
}

pub(super) fn next_check(row: &DomainRow, is_unknown: bool, now: Timestamp) -> Timestamp {
    let waited = now.since(row.keys.made_at);
    let waiting = match waited < GIVEN_UP_AFTER {
        true => (waited / 4).clamp(WAITING_SHORTEST, WAITING_LONGEST),
        false => GIVEN_UP,
    };
    let wait = match row.status {
        DomainStatus::Pending => waiting,
        DomainStatus::Verified if row.keys.next.is_empty() => VERIFIED,
        DomainStatus::Verified => waiting.min(VERIFIED),
        DomainStatus::Failing => FAILING,
        DomainStatus::Failed => VERIFIED,
    };
    let due = now.plus(if is_unknown { wait.min(UNANSWERED) } else { wait });
    match row.failing_since.filter(|_| row.status == DomainStatus::Failing) {
        // The end of the patience is not passed over.
        Some(since) => due.min(since.plus(FAILING_AT_MOST)).max(now.plus(MINUTE)),
        None => due,
    }
}

#[cfg(test)]
#[path = "states_tests.rs"]
mod tests;
