//! SPF records (RFC 7208) as far as a domain's set-up goes: whom they name, and how many look-ups they cost. Never checks a mail.

use model::limits::SPF_LOOKUPS_MAX;

use crate::ports::{DnsGap, DomainDns};

const VERSION: &str = "v=spf1";

pub(super) fn is_spf(record: &str) -> bool {
    record.trim_start().split_at_checked(VERSION.len()).is_some_and(|(version, rest)| {
        version.eq_ignore_ascii_case(VERSION) && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// The terms in lower case, without the version.
fn terms(record: &str) -> impl Iterator<Item = String> {
    record.split_ascii_whitespace().skip(1).map(str::to_ascii_lowercase)
}

/// Whether it lets `host` send: by name, or as the domain's mail host (which the record of the return path makes it).
pub(super) fn lets_send(record: &str, host: &str) -> bool {
    let by_name = format!("a:{host}");
    terms(record).any(|term| {
        let term = term.strip_prefix('+').unwrap_or(&term);
        let term = term.strip_suffix('.').unwrap_or(term);
        term == by_name || term == "mx"
    })
}

/// Whether it lets everybody send.
pub(super) fn lets_all_send(record: &str) -> bool {
    terms(record).any(|term| term == "+all" || term == "all")
}

/// The record that this term leads to, if it leads to one that is read in its turn.
fn other_record(term: &str) -> Option<&str> {
    term.strip_prefix("include:").or_else(|| term.strip_prefix("redirect="))
}

fn costs_a_lookup(term: &str) -> bool {
    let mechanism = term.split([':', '/', '=']).next().unwrap_or_default();
    matches!(mechanism, "include" | "a" | "mx" | "ptr" | "exists" | "redirect")
}

/// How many look-ups a receiver needs for it, those of the records it includes too; one more than allowed is as far as is counted.
pub(super) async fn lookups(dns: &dyn DomainDns, record: &str) -> Result<usize, DnsGap> {
    let (mut count, mut records) = (0, vec![record.to_owned()]);
    while let Some(record) = records.pop() {
        for term in terms(&record) {
            let term = term.trim_start_matches(['+', '-', '~', '?']);
            if !costs_a_lookup(term) {
                continue;
            }
            count += 1;
            if count > SPF_LOOKUPS_MAX {
                return Ok(count);
            }
            // Macros depend on the mail.
            let Some(name) = other_record(term).filter(|name| !name.contains('%')) else { continue };
            match dns.texts(name.trim_end_matches('.')).await {
                Ok(texts) => records.extend(texts.into_iter().find(|text| is_spf(text))),
                Err(failed @ DnsGap::Failed(_)) => return Err(failed),
                Err(_) => {}
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_apart_and_understood() {
        for (record, expected) in [
            ("v=spf1", true),
            ("V=SPF1 -all", true),
            ("v=spf10 -all", false),
            ("v=spf2.0/pra", false),
            ("é", false),
            ("", false),
        ] {
            assert_eq!(is_spf(record), expected, "{record}");
        }
        for (record, expected) in [
            ("v=spf1 a:mx.example ~all", true),
            ("v=spf1 ip4:192.0.2.1 +A:MX.example. -all", true),
            ("v=spf1 mx -all", true),
            ("v=spf1 -a:mx.example ~all", false),
            ("v=spf1 a:mx.example.org ~all", false),
            ("v=spf1 include:other.example ~all", false),
        ] {
            assert_eq!(lets_send(record, "mx.example"), expected, "{record}");
        }
        assert!(lets_all_send("v=spf1 +all") && lets_all_send("v=spf1 all") && !lets_all_send("v=spf1 ~all"));
    }
}
