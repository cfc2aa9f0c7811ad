//! What DNS can say about a record, and the words it comes to.

use model::domain::{DnsRecordStatus as Status, DnsRecordType};

use super::*;

const DOMAIN: &str = "acme.test";
const HOST: &str = "mx.postroom.test";
const KEY_NAME: &str = "s1-rsa._domainkey.acme.test";
const OTHER_NAME: &str = "s1-ed25519._domainkey.acme.test";
const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1234";

fn wanted(purpose: DnsRecordPurpose) -> DnsRecord {
    let (record_type, name, value) = match purpose {
        DnsRecordPurpose::Dkim => (DnsRecordType::Txt, KEY_NAME, format!("v=DKIM1; k=rsa; p={KEY}")),
        DnsRecordPurpose::Spf => (DnsRecordType::Txt, "bounces.acme.test", format!("v=spf1 a:{HOST} ~all")),
        DnsRecordPurpose::ReturnPath => (DnsRecordType::Mx, "bounces.acme.test", format!("10 {HOST}")),
        DnsRecordPurpose::Mx => (DnsRecordType::Mx, DOMAIN, format!("10 {HOST}")),
        DnsRecordPurpose::Dmarc => (DnsRecordType::Txt, "_dmarc.acme.test", "v=DMARC1; p=none".into()),
        DnsRecordPurpose::Tracking => (DnsRecordType::Cname, "t.acme.test", HOST.into()),
        DnsRecordPurpose::MtaSts => (DnsRecordType::Txt, "_mta-sts.acme.test", "v=STSv1; id=0a1b".into()),
        DnsRecordPurpose::MtaStsHost => (DnsRecordType::Cname, "mta-sts.acme.test", HOST.into()),
        DnsRecordPurpose::TlsRpt => {
            (DnsRecordType::Txt, "_smtp._tls.acme.test", "v=TLSRPTv1; rua=mailto:postmaster@acme.test".into())
        }
        DnsRecordPurpose::Delegation => (DnsRecordType::Ns, DOMAIN, "ns.postroom.test".into()),
    };
    DnsRecord {
        record_type,
        name: name.into(),
        value,
        purpose,
        required: true,
        status: Status::Pending,
        found: None,
        problem: None,
    }
}

fn judged(purpose: DnsRecordPurpose, seen: &Seen) -> Judged {
    let keys = [(KEY_NAME.to_owned(), KEY.to_owned()), (OTHER_NAME.to_owned(), "ed25519key".to_owned())];
    judge(&wanted(purpose), seen, &Circumstances { domain: DOMAIN, host: HOST, keys: &keys })
}

fn of(records: &[&str]) -> Seen {
    match records {
        [] => Seen::of(Err(DnsGap::NoName)),
        records => Seen::of(Ok(records.iter().map(|&text| text.to_owned()).collect())),
    }
}

/// `None`: right. Else words that the problem holds.
#[track_caller]
fn expect(purpose: DnsRecordPurpose, records: &[&str], words: Option<&str>) {
    let judged = judged(purpose, &of(records));
    match words {
        None => assert_eq!((judged.status, judged.problem), (Some(Status::Verified), None), "{records:?}"),
        Some(words) => {
            assert_eq!(judged.status, Some(Status::Wrong), "{records:?}");
            let problem = judged.problem.unwrap_or_default();
            assert!(problem.contains(words), "{records:?}: {problem}");
        }
    }
}

#[test]
fn keys_are_right_or_told_what_is_wrong() {
    let right = format!("v=DKIM1; k=rsa; p={KEY}");
    let (begin, end) = KEY.split_at(20);
    let dkim = |records: &[&str], words| expect(DnsRecordPurpose::Dkim, records, words);
    dkim(&[&right], None);
    dkim(&[&format!("p={KEY}")], None);
    dkim(&[&format!("v=DKIM1;k=rsa;t=s;h=sha1:sha256;p={begin} {end};")], None);
    dkim(&[&format!("\"{right}\"")], Some("quotation marks"));
    dkim(&[&format!("\"v=DKIM1; k=rsa; p={begin}\" \"{end}\"")], Some("quotation marks"));
    dkim(&[&right.replace(';', "\\;")], Some("backslashes"));
    dkim(&[&format!("v=DKIM1; p={begin}")], Some("cut off after 20 of 48 characters"));
    dkim(&[&format!("v=DKIM1; p={}x9999", &KEY[..40])], Some("another key is at"));
    dkim(&["v=DKIM1; p=QUJD"], Some("begins with QUJD instead of MIIBIjANBgkq"));
    dkim(&["v=DKIM1; p=ed25519key"], Some(OTHER_NAME));
    dkim(&["v=DKIM1; p="], Some("revoked"));
    dkim(&[&format!("v=DKIM1; k=ed25519; p={KEY}")], Some("k=rsa"));
    dkim(&[&format!("v=DKIM2; p={KEY}")], Some("v=DKIM1"));
    dkim(&[&format!("v=DKIM1; h=sha1; p={KEY}")], Some("h="));
    dkim(&["google-site-verification=abc"], Some("no DKIM key"));
    dkim(&[""], Some("no DKIM key"));
    dkim(&[&right, "v=spf1 -all"], Some("2 TXT records"));
    dkim(&["\u{0}\u{fffd};;;==\"\\"], Some("no DKIM key"));
}

#[test]
fn a_domain_is_delegated_to_us_alone_or_not_at_all() {
    expect(DnsRecordPurpose::Delegation, &["NS.postroom.test"], None);
    expect(DnsRecordPurpose::Delegation, &["ns.postroom.test", "ns.other.test"], Some("ns.other.test beside"));
    let others = judged(DnsRecordPurpose::Delegation, &of(&["ns1.other.test", "ns2.other.test"]));
    let found = Some("ns1.other.test\nns2.other.test".to_owned());
    assert_eq!(others, Judged { status: Some(Status::Pending), found, problem: None });
}

#[test]
fn senders_are_right_or_told_what_is_wrong() {
    let spf = |records: &[&str], words| expect(DnsRecordPurpose::Spf, records, words);
    spf(&["v=spf1 a:mx.postroom.test ~all"], None);
    spf(&["some other text", "v=spf1 include:smarthost.test mx -all"], None);
    spf(&["v=spf1 a:mx.postroom.test ~all", "v=spf1 -all"], Some("2 SPF records"));
    spf(&["\"v=spf1 a:mx.postroom.test ~all\""], Some("quotation marks"));
    spf(&["v=spf1 include:_spf.other.test ~all"], Some("add a:mx.postroom.test"));
    spf(&["v=spf1 a:mx.postroom.test +all"], Some("everybody"));
    let mut many = of(&["v=spf1 a:mx.postroom.test include:many.test ~all"]);
    many.spf_lookups = Some(11);
    assert!(
        judged(DnsRecordPurpose::Spf, &many).problem.is_some_and(|problem| problem.contains("more than 10 look-ups"))
    );
    // Another text is no SPF record, and is shown.
    let other = judged(DnsRecordPurpose::Spf, &of(&["hello"]));
    assert_eq!((other.status, other.found.as_deref()), (Some(Status::Pending), Some("hello")));
}

#[test]
fn mail_hosts_are_right_or_told_what_is_wrong() {
    let return_path = |records: &[&str], words| expect(DnsRecordPurpose::ReturnPath, records, words);
    return_path(&["10 mx.postroom.test"], None);
    return_path(&["5 mx.postroom.test", "20 backup.test"], None);
    return_path(&["5 other.test", "20 mx.postroom.test"], Some("before mx.postroom.test"));
    return_path(&["10 mail.other.test"], Some("bounces go there"));
    return_path(&["10 mx.postroom.test.acme.test"], Some("end the value with a dot"));
    return_path(&["0 "], Some("takes no mail"));
    expect(DnsRecordPurpose::Mx, &["10 aspmx.other.test"], Some("leave it so"));
    expect(DnsRecordPurpose::Tracking, &["mx.postroom.test"], None);
    expect(DnsRecordPurpose::Tracking, &["elsewhere.test"], Some("leads to elsewhere.test"));
}

#[test]
fn policies_are_right_or_told_what_is_wrong() {
    let dmarc = |records: &[&str], words| expect(DnsRecordPurpose::Dmarc, records, words);
    dmarc(&["v=DMARC1; p=reject; rua=mailto:d@acme.test"], None);
    dmarc(&["v=DMARC1; p=none", "v=DMARC1; p=reject"], Some("2 DMARC records"));
    dmarc(&["v=DMARC1; p=maybe"], Some("none, quarantine or reject"));
    dmarc(&["v=DMARC1"], Some("policy is missing"));
    dmarc(&["v=dmarc1; p=none"], Some("v=DMARC1"));
}

#[test]
fn records_at_other_names_are_found_by_what_people_do() {
    let right = vec![format!("v=DKIM1; k=rsa; p={KEY}")];
    let astray =
        |name: &str, slip| Seen { astray: vec![Astray { name: name.into(), slip, found: right.clone() }], ..of(&[]) };
    let bare = judged(DnsRecordPurpose::Dkim, &astray("s1-rsa.domainkey.acme.test", Slip::MissingUnderscore));
    assert!(bare.problem.is_some_and(|problem| problem.contains("without the underscore")));
    let doubled = astray("s1-rsa._domainkey.acme.test.acme.test", Slip::DoubledDomain);
    let doubled = judged(DnsRecordPurpose::Dkim, &doubled);
    assert_eq!(doubled.status, Some(Status::Wrong));
    assert!(doubled.problem.is_some_and(|problem| problem.contains("(s1-rsa._domainkey)")));
    // A wildcard answers everywhere, with something else.
    let wildcard = Seen {
        astray: vec![Astray { name: "x".into(), slip: Slip::DoubledDomain, found: vec!["parked".into()] }],
        ..of(&[])
    };
    assert_eq!(judged(DnsRecordPurpose::Dkim, &wildcard).status, Some(Status::Pending));
    let alias = Seen { alias: Some("parking.test".into()), ..of(&[]) };
    let alias = judged(DnsRecordPurpose::ReturnPath, &alias);
    assert!(alias.problem.is_some_and(|problem| problem.contains("alias (CNAME) of parking.test")));
}

#[test]
fn any_text_is_judged() {
    let pieces =
        ["", " ", ";", "=", "\"", "\\", "p=", "v=DKIM1", "v=spf1", "v=DMARC1", "é", "\u{0}", "all", "10 ", "a:"];
    let pairs: Vec<String> = pieces.iter().flat_map(|one| pieces.map(|other| format!("{one}{other}"))).collect();
    for purpose in DnsRecordPurpose::ALL {
        for text in pairs.iter().flat_map(|pair| pieces.map(|third| format!("{pair}{third}"))) {
            let judged = judged(*purpose, &of(&[&text]));
            assert!(judged.status.is_some_and(|status| status != Status::Verified), "{purpose:?} {text}");
        }
    }
}

#[test]
fn no_answer_is_not_an_empty_one() {
    let silent = judged(DnsRecordPurpose::Dkim, &Seen::of(Err(DnsGap::Failed("timed out".into()))));
    assert_eq!(silent.status, None);
    assert!(silent.problem.is_some_and(|problem| problem.contains("timed out")));
    for gap in [DnsGap::NoName, DnsGap::NoRecord] {
        assert_eq!(judged(DnsRecordPurpose::Dkim, &Seen::of(Err(gap))).status, Some(Status::Pending));
    }
}

#[test]
fn what_is_suggested_about_tls_is_read_as_its_rfcs_say() {
    let sts = |records: &[&str], words| expect(DnsRecordPurpose::MtaSts, records, words);
    sts(&["v=STSv1; id=0a1b"], None);
    sts(&["v=STSv1;id=0a1b;", "unrelated"], None);
    sts(&["v=STSv1; id=20200101"], Some("the id is 20200101"));
    sts(&["v=STSv1;"], Some("id of the policy is missing"));
    sts(&["v=STSv2; id=0a1b"], Some("v=STSv1"));
    sts(&["v=STSv1; id=0a1b", "v=STSv1; id=0a1c"], Some("2 MTA-STS records"));
    sts(&["\"v=STSv1; id=0a1b\""], Some("quotation marks"));
    let host = |records: &[&str], words| expect(DnsRecordPurpose::MtaStsHost, records, words);
    host(&[HOST], None);
    host(&["elsewhere.test"], Some("leads to elsewhere.test"));
    let reports = |records: &[&str], words| expect(DnsRecordPurpose::TlsRpt, records, words);
    reports(&["v=TLSRPTv1; rua=mailto:tls@elsewhere.test"], None);
    reports(&["v=TLSRPTv1;rua=https://reports.test/v1,mailto:a@b.test"], None);
    reports(&["v=TLSRPTv1; rua=tls@acme.test"], Some("mailto:"));
    reports(&["v=TLSRPTv1;"], Some("where reports go is missing"));
    reports(&["v=TLSRPTv2; rua=mailto:a@b.test"], Some("v=TLSRPTv1"));
}
