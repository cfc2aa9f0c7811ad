//! What DNS answered about a record, judged: whether it is right, and else what somebody probably did. Pure.

use model::domain::{DnsRecord, DnsRecordPurpose, DnsRecordStatus, DnsRecordType};
use model::limits::SPF_LOOKUPS_MAX;

use super::spf;
use crate::ports::{DnsAnswer, DnsGap};

/// Characters of what was found that are kept.
const FOUND_CHARS_MAX: usize = 1_000;
/// Characters of a key that are shown to tell it from another.
const KEY_CHARS_SHOWN: usize = 12;

/// A name near the right one, where a record was found that belongs at the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Astray {
    pub name: String,
    pub slip: Slip,
    pub found: Vec<String>,
}

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    /// `s.domainkey.…` for `s._domainkey.…`.
    MissingUnderscore,
    /// The DNS host put its own domain behind a name that had it already.
    DoubledDomain,
}

/// What DNS said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The records at the name, as zone files have them.
    pub answer: DnsAnswer<String>,
    /// What the name is an alias of; asked where the answer is not what is wanted.
    pub alias: Option<String>,
    pub astray: Vec<Astray>,
    /// What the SPF record that was found costs.
    pub spf_lookups: Option<usize>,
}

impl Seen {
    pub(super) fn of(answer: DnsAnswer<String>) -> Self {
        Self { answer, alias: None, astray: Vec::new(), spf_lookups: None }
    }
}

/// What a record's judgement is made with.
pub(super) struct Circumstances<'a> {
    pub domain: &'a str,
    /// What we are called in DNS.
    pub host: &'a str,
    /// All keys of the domain: where each belongs, and its `p=`.
    pub keys: &'a [(String, String)],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    /// `None`: DNS gave no answer, and nothing is known.
    pub status: Option<DnsRecordStatus>,
    pub found: Option<String>,
    pub problem: Option<String>,
}

/// Right, or what is wrong.
type Verdict = Result<(), String>;

pub(super) fn judge(wanted: &DnsRecord, seen: &Seen, circumstances: &Circumstances<'_>) -> Judged {
    let found = match &seen.answer {
        Ok(found) => found.as_slice(),
        Err(DnsGap::Failed(detail)) => {
            let problem =
                format!("DNS gave no answer about {} ({detail}); shown is what the last check found", wanted.name);
            return Judged { status: None, found: None, problem: Some(problem) };
        }
        Err(_) => &[],
    };
    let mut concerned: Vec<&str> = found.iter().map(String::as_str).filter(|text| concerns(wanted, text)).collect();
    let shown: Vec<&str> =
        if concerned.is_empty() { found.iter().map(String::as_str).collect() } else { concerned.clone() };
    let shown = (!shown.is_empty()).then(|| shown.join("\n").chars().take(FOUND_CHARS_MAX).collect::<String>());
    let of_status = |status, problem| Judged { status: Some(status), found: shown.clone(), problem };
    if concerned.is_empty() {
        return match misplaced(wanted, seen, circumstances) {
            Some(problem) => of_status(DnsRecordStatus::Wrong, Some(problem)),
            None => of_status(DnsRecordStatus::Pending, None),
        };
    }
    if wanted.purpose == DnsRecordPurpose::Delegation {
        concerned = found.iter().map(String::as_str).collect();
    }
    match right(wanted, &concerned, seen.spf_lookups, circumstances) {
        Ok(()) => of_status(DnsRecordStatus::Verified, None),
        Err(problem) => of_status(DnsRecordStatus::Wrong, Some(problem)),
    }
}

/// Whether a record at the name is one of the kind that is looked for, rightly written or not.
fn concerns(wanted: &DnsRecord, text: &str) -> bool {
    let bare = unquoted(text);
    match wanted.purpose {
        DnsRecordPurpose::Spf => spf::is_spf(&bare),
        DnsRecordPurpose::Dmarc => bare.to_ascii_lowercase().replace(' ', "").starts_with("v=dmarc"),
        DnsRecordPurpose::MtaSts => bare.to_ascii_lowercase().replace(' ', "").starts_with("v=sts"),
        DnsRecordPurpose::TlsRpt => bare.to_ascii_lowercase().replace(' ', "").starts_with("v=tlsrpt"),
        // Who serves the name otherwise has not begun to delegate it.
        DnsRecordPurpose::Delegation => text.eq_ignore_ascii_case(&wanted.value),
        _ => true,
    }
}

fn right(wanted: &DnsRecord, found: &[&str], lookups: Option<usize>, circumstances: &Circumstances<'_>) -> Verdict {
    match wanted.purpose {
        DnsRecordPurpose::Dkim => key(wanted, found, circumstances),
        DnsRecordPurpose::Spf => senders(wanted, found, lookups, circumstances),
        DnsRecordPurpose::ReturnPath | DnsRecordPurpose::Mx => mail_host(wanted, found, circumstances),
        DnsRecordPurpose::Dmarc => policy(wanted, found),
        DnsRecordPurpose::MtaSts => tls_policy_id(wanted, found),
        DnsRecordPurpose::TlsRpt => tls_reports(wanted, found),
        DnsRecordPurpose::Delegation => delegation(wanted, found),
        DnsRecordPurpose::Tracking | DnsRecordPurpose::MtaStsHost => match found {
            [alias] if alias.eq_ignore_ascii_case(&wanted.value) => Ok(()),
            _ => Err(format!("{} leads to {}; let it lead to {}", wanted.name, found.join(", "), wanted.value)),
        },
    }
}

/// Nothing is at the name: perhaps it is elsewhere.
fn misplaced(wanted: &DnsRecord, seen: &Seen, circumstances: &Circumstances<'_>) -> Option<String> {
    let name = &wanted.name;
    for astray in &seen.astray {
        let found: Vec<&str> = astray.found.iter().map(String::as_str).filter(|text| concerns(wanted, text)).collect();
        if found.is_empty() || right(wanted, &found, None, circumstances).is_err() {
            continue;
        }
        return Some(match astray.slip {
            Slip::MissingUnderscore => {
                format!("the record is at {}, without the underscore: it belongs at {name}", astray.name)
            }
            Slip::DoubledDomain => format!(
                "the record is at {}: the DNS host adds {} by itself; enter the name without it ({})",
                astray.name,
                circumstances.domain,
                name.strip_suffix(&format!(".{}", circumstances.domain)).unwrap_or("@")
            ),
        });
    }
    let alias = seen.alias.as_ref().filter(|_| wanted.record_type != DnsRecordType::Cname)?;
    Some(format!(
        "{name} is an alias (CNAME) of {alias}, where there is no such record, and a name with an alias can have no other record: remove the alias, then add the record"
    ))
}

/// Without quotation marks and backslashes that were meant for a zone file.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    if !text.contains(['"', '\\']) {
        return text.to_owned();
    }
    // `"a" "b"` are two strings of one value.
    text.split('"').filter(|part| !part.trim().is_empty()).collect::<String>().replace('\\', "")
}

/// What quotation marks and backslashes do to a value that would be right without them.
fn marks(text: &str) -> Option<&'static str> {
    if text.contains('"') {
        return Some("the quotation marks are part of the value that was published: enter it without them");
    }
    text.contains('\\').then_some("the backslashes are part of the value that was published: enter it without them")
}

fn only<'f>(found: &[&'f str], what: &str, name: &str, remedy: &str) -> Result<&'f str, String> {
    match found {
        [one] => Ok(*one),
        several => Err(format!("{name} has {} {what}, and receivers take that for an error: {remedy}", several.len())),
    }
}

/// `name=value` pairs between semicolons; white space is of no meaning.
fn tags(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Some((name.trim().to_ascii_lowercase(), value))
    };
    text.split(';').filter_map(pair).collect()
}

fn tag<'t>(tags: &'t [(String, String)], name: &str) -> Option<&'t str> {
    tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.as_str())
}

fn key(wanted: &DnsRecord, found: &[&str], circumstances: &Circumstances<'_>) -> Verdict {
    let name = &wanted.name;
    let text = only(found, "TXT records", name, "leave the one with the key alone there")?;
    let (expected, bare) = (tags(&wanted.value), unquoted(text));
    let (published, expected_key) = (tags(&bare), tag(&expected, "p").unwrap_or_default());
    let Some(published_key) = tag(&published, "p") else {
        return Err(format!("{name} holds a text that is no DKIM key (there is no p= in it)"));
    };
    if published_key.is_empty() {
        return Err(format!("the key at {name} is revoked (p= is empty): publish the value that is shown here"));
    }
    if published_key != expected_key {
        return Err(other_key(name, published_key, expected_key, circumstances));
    }
    if let Some(problem) = marks(text) {
        return Err(problem.into());
    }
    let kind = |tags: &[(String, String)]| tag(tags, "k").unwrap_or("rsa").to_ascii_lowercase();
    if kind(&published) != kind(&expected) {
        return Err(format!("the kind of the key is k={}; it has to be k={}", kind(&published), kind(&expected)));
    }
    if tag(&published, "v").is_some_and(|version| version != "DKIM1") {
        return Err("the record has to begin with v=DKIM1".into());
    }
    if tag(&published, "h").is_some_and(|hashes| !hashes.split(':').any(|hash| hash.eq_ignore_ascii_case("sha256"))) {
        return Err("the record allows hashes (h=) that are not used any more: take the h= out".into());
    }
    Ok(())
}

fn other_key(name: &str, published: &str, expected: &str, circumstances: &Circumstances<'_>) -> String {
    if let Some((owner, _)) = circumstances.keys.iter().find(|(owner, key)| key == published && owner != name) {
        return format!("the key at {name} is the one that belongs at {owner}: the selectors were mixed up");
    }
    if expected.starts_with(published) {
        return format!(
            "the key was cut off after {} of {} characters: publish all of it (as several strings in one record, where the DNS host takes 255 characters a string)",
            published.len(),
            expected.len()
        );
    }
    let begin = |key: &str| key.chars().take(KEY_CHARS_SHOWN).collect::<String>();
    let differing = |key: &str| {
        let same = published.chars().zip(expected.chars()).take_while(|(left, right)| left == right).count();
        key.chars().skip(same).take(KEY_CHARS_SHOWN).collect::<String>()
    };
    if begin(published) == begin(expected) {
        return format!(
            "another key is at {name}: where it goes on with {}, it should go on with {}",
            differing(published),
            differing(expected)
        );
    }
    format!("another key is at {name}: it begins with {} instead of {}", begin(published), begin(expected))
}

fn senders(wanted: &DnsRecord, found: &[&str], lookups: Option<usize>, circumstances: &Circumstances<'_>) -> Verdict {
    let name = &wanted.name;
    let text = only(found, "SPF records", name, "make one of them that says it all")?;
    if let Some(problem) = marks(text) {
        return Err(problem.into());
    }
    if spf::lets_all_send(text) {
        return Err(format!("the SPF record at {name} lets everybody send (+all): end it with ~all"));
    }
    if !spf::lets_send(text, circumstances.host) {
        return Err(format!("the SPF record at {name} does not name us: add a:{} before its all", circumstances.host));
    }
    if lookups.is_some_and(|count| count > SPF_LOOKUPS_MAX) {
        return Err(format!(
            "the SPF record at {name} needs more than {SPF_LOOKUPS_MAX} look-ups in DNS, and receivers give up at that: take includes out"
        ));
    }
    Ok(())
}

fn mail_host(wanted: &DnsRecord, found: &[&str], circumstances: &Circumstances<'_>) -> Verdict {
    let (name, host) = (&wanted.name, circumstances.host);
    // The first to be tried comes first.
    let hosts: Vec<(&str, &str)> = found.iter().filter_map(|text| text.split_once(' ')).collect();
    let first = hosts.first().map(|(preference, _)| *preference).unwrap_or_default();
    if hosts.iter().any(|(preference, found)| preference == &first && found.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    let others: Vec<&str> = hosts.iter().map(|(_, host)| *host).filter(|host| !host.is_empty()).collect();
    let ours_too = hosts.iter().any(|(_, found)| found.eq_ignore_ascii_case(host));
    Err(match (wanted.purpose, others.as_slice()) {
        (_, []) => format!(
            "{name} says that it takes no mail (an MX record with an empty host); replace that by {}",
            wanted.value
        ),
        (DnsRecordPurpose::Mx, _) if !ours_too => {
            format!("mail for {name} goes to {}: leave it so, unless it is to be received here", others.join(", "))
        }
        (_, _) if ours_too => format!("{name} names {} before {host}: mail would go there first", others.join(", ")),
        _ if others.iter().any(|other| other.eq_ignore_ascii_case(&format!("{host}.{}", circumstances.domain))) => {
            format!("the DNS host put {} behind {host}: end the value with a dot ({host}.)", circumstances.domain)
        }
        _ => format!("{name} names {}, so that bounces go there: let it name {host} alone", others.join(", ")),
    })
}

fn policy(wanted: &DnsRecord, found: &[&str]) -> Verdict {
    let name = &wanted.name;
    let text = only(found, "DMARC records", name, "leave one of them")?;
    if let Some(problem) = marks(text) {
        return Err(problem.into());
    }
    let tags = tags(text);
    if tags.first().is_none_or(|(name, value)| name != "v" || value != "DMARC1") {
        return Err("a DMARC record begins with v=DMARC1;".into());
    }
    match tag(&tags, "p") {
        Some(policy) if ["none", "quarantine", "reject"].iter().any(|known| policy.eq_ignore_ascii_case(known)) => {
            Ok(())
        }
        Some(policy) => Err(format!("the policy is p={policy}; it is none, quarantine or reject")),
        None => Err("the policy is missing: p=none, p=quarantine or p=reject".into()),
    }
}

/// RFC 8461 §3.1. Senders look for a new policy when the id is another.
fn tls_policy_id(wanted: &DnsRecord, found: &[&str]) -> Verdict {
    let name = &wanted.name;
    let text = only(found, "MTA-STS records", name, "leave one of them")?;
    if let Some(problem) = marks(text) {
        return Err(problem.into());
    }
    let (published, expected) = (tags(text), tags(&wanted.value));
    if published.first().is_none_or(|(name, value)| name != "v" || value != "STSv1") {
        return Err("an MTA-STS record begins with v=STSv1;".into());
    }
    match tag(&published, "id") {
        None | Some("") => Err("the id of the policy is missing: publish the value that is shown here".into()),
        id if id == tag(&expected, "id") => Ok(()),
        Some(id) => Err(format!(
            "the id is {id}, so that senders keep the policy they fetched before: publish the value that is shown here, unless another server holds the policy"
        )),
    }
}

/// RFC 8460 §3: to wherever the reports go.
fn tls_reports(wanted: &DnsRecord, found: &[&str]) -> Verdict {
    let name = &wanted.name;
    let text = only(found, "TLS-RPT records", name, "leave one of them")?;
    if let Some(problem) = marks(text) {
        return Err(problem.into());
    }
    let tags = tags(text);
    if tags.first().is_none_or(|(name, value)| name != "v" || value != "TLSRPTv1") {
        return Err("a TLS-RPT record begins with v=TLSRPTv1;".into());
    }
    let is_uri = |uri: &str| {
        let uri = uri.to_ascii_lowercase();
        uri.starts_with("https://") || uri.strip_prefix("mailto:").is_some_and(|address| address.contains('@'))
    };
    match tag(&tags, "rua") {
        Some(uris) if uris.split(',').all(is_uri) => Ok(()),
        Some(uris) => Err(format!("reports go to rua={uris}; it has to be mailto: and an address, or an https:// URL")),
        None => Err("where reports go is missing: rua=mailto: and an address".into()),
    }
}

/// Servers that know nothing of these records would be asked as often as ours.
fn delegation(wanted: &DnsRecord, found: &[&str]) -> Verdict {
    let is_other = |server: &&&str| !server.eq_ignore_ascii_case(&wanted.value);
    let others: Vec<&str> = found.iter().filter(is_other).copied().collect();
    match others.as_slice() {
        [] => Ok(()),
        _ => Err(format!(
            "{} names {} beside {}: let it name {} alone",
            wanted.name,
            others.join(", "),
            wanted.value,
            wanted.value
        )),
    }
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;

/// For the fuzzer: whether each record that a domain may need is right where these are found, and the words about it.
#[doc(hidden)]
pub fn fuzz_records(found: &[String]) -> Vec<(bool, Option<String>)> {
    use DnsRecordPurpose::{Delegation, Dkim, Dmarc, MtaSts, Mx, Spf, TlsRpt, Tracking};
    use DnsRecordType::{Cname, Mx as MxType, Ns, Txt};
    let keys = [("s1._domainkey.acme.test".to_owned(), "MIIBIjANBgkqhkiG".to_owned())];
    let circumstances = Circumstances { domain: "acme.test", host: "mx.postroom.test", keys: &keys };
    let wanted = [
        (Dkim, Txt, "s1._domainkey.acme.test", "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG"),
        (Spf, Txt, "bounces.acme.test", "v=spf1 a:mx.postroom.test ~all"),
        (Mx, MxType, "acme.test", "10 mx.postroom.test"),
        (Dmarc, Txt, "_dmarc.acme.test", "v=DMARC1; p=none"),
        (Tracking, Cname, "t.acme.test", "mx.postroom.test"),
        (MtaSts, Txt, "_mta-sts.acme.test", "v=STSv1; id=0a1b"),
        (TlsRpt, Txt, "_smtp._tls.acme.test", "v=TLSRPTv1; rua=mailto:postmaster@acme.test"),
        (Delegation, Ns, "acme.test", "ns.postroom.test"),
    ];
    let judged = wanted.map(|(purpose, record_type, name, value)| {
        let status = DnsRecordStatus::Pending;
        let (name, value) = (name.to_owned(), value.to_owned());
        let wanted =
            DnsRecord { record_type, name, value, purpose, required: true, status, found: None, problem: None };
        judge(&wanted, &Seen::of(Ok(found.to_vec())), &circumstances)
    });
    judged.into_iter().map(|one| (one.status == Some(DnsRecordStatus::Verified), one.problem)).collect()
}
