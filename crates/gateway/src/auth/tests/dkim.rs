//! DKIM, rule by rule (RFC 6376, RFC 8301, RFC 8463), with signatures that are good but for the one thing that is tried.

use model::auth::AuthResult;

use super::forge::{BODY, FROM, SUBJECT, body_hash, mail, public_key, record, sign, tags};
use super::{Zone, verify};

const KEY_NAME: &str = "sel._domainkey.sender.test";

fn zone(key: &str) -> Zone {
    Zone::default().txt(KEY_NAME, key)
}

fn good_zone() -> Zone {
    zone(&record("v=DKIM1; k=ed25519; "))
}

async fn assert_results(zone: impl Fn() -> Zone, cases: &[(&str, String, AuthResult)]) {
    for (case, mail, expected) in cases {
        let results = verify(zone(), "", mail).await;
        assert_eq!(results.dkim, *expected, "{case}: {:?}", results.detail);
        let passes = *expected == AuthResult::Pass;
        assert_eq!(results.dkim_domains.is_empty(), !passes, "{case}");
        assert_eq!(results.detail.is_none(), passes, "{case}: why is not said");
    }
}

/// The tags of a good signature, one of them another.
fn with(tag: &str, instead: &str) -> String {
    let tags = tags();
    assert!(tags.contains(tag), "{tag}");
    tags.replacen(tag, instead, 1)
}

/// The tags of a good signature, and more.
fn and(more: &str) -> String {
    format!("{}; {more}", tags())
}

#[tokio::test]
async fn a_signature_made_by_hand_passes() {
    let variants = [
        ("as it is", tags()),
        ("folded", tags().replace("; ", ";\r\n\t")),
        ("white space around =", tags().replace('=', " = ").replace(" =  = ", "==")),
        ("no version", with("v=1; ", "")),
        ("an unknown tag", and("x9=what; y_z=1=2")),
        ("names of fields in any case", with("h=from:subject", "h=From : SUBJECT")),
        ("a field that is not there", with("h=from:subject", "h=from:subject:x-none:from")),
        ("the only way to ask", and("q=dns/txt")),
        ("one of several ways to ask", and("q=x-other:dns/txt")),
        ("the identity of the domain", and("i=@sender.test")),
        ("an identity below the domain", and("i=ann@mail.sender.test")),
        ("signed long ago", and("t=1")),
        // RFC 6376 §3.5: it may be ignored; a clock that is wrong proves nothing against the author.
        ("signed in the future", and("t=99999999999")),
        ("still good", and("t=1; x=99999999999")),
        ("copied fields", and("z=From:ann@sender.test|Subject:=20x")),
    ];
    let cases: Vec<_> = variants.iter().map(|(case, tags)| (*case, mail(tags), AuthResult::Pass)).collect();
    assert_results(good_zone, &cases).await;
}

#[tokio::test]
async fn a_field_that_is_none_proves_nothing() {
    let malformed = [
        ("another version", with("v=1", "v=2")),
        ("a version that only begins right", with("v=1", "v=1.0")),
        ("no such algorithm", with("a=ed25519-sha256", "a=dsa-sha1")),
        ("white space within the algorithm", with("a=ed25519-sha256", "a=ed25519-sha 256")),
        ("no such canonicalisation", with("c=relaxed/relaxed", "c=relaxed/nofws")),
        ("three canonicalisations", with("c=relaxed/relaxed", "c=relaxed/relaxed/relaxed")),
        ("an empty canonicalisation", with("c=relaxed/relaxed", "c=")),
        ("no domain", with("d=sender.test; ", "")),
        ("an empty domain", with("d=sender.test", "d=")),
        ("white space within the domain", with("d=sender.test", "d=sender .test")),
        ("an empty label", with("d=sender.test", "d=sender..test")),
        ("no selector", with("s=sel; ", "")),
        ("white space within the selector", with("s=sel", "s=s el")),
        ("no fields", with("h=from:subject; ", "")),
        ("an empty list of fields", with("h=from:subject", "h=")),
        ("From not covered", with("h=from:subject", "h=subject")),
        ("white space within a field's name", with("h=from:subject", "h=fr om:subject")),
        ("no body hash", with("; bh=", "; xx=")),
        ("a body hash that is no Base64", with("; bh=", "; bh=*")),
        ("no way to ask that is known", and("q=x-other")),
        ("an empty way to ask", and("q=")),
        ("an identity without a domain", and("i=ann")),
        ("an empty identity", and("i=")),
        ("a time that is none", and("t=yesterday")),
        ("an empty time", and("t=")),
        ("white space within a time", and("t=1 2")),
        ("a negative end", and("x=-1")),
        ("a length", and(&format!("l={}", BODY.len()))),
        ("a length of nothing", and("l=0")),
        ("a tag twice", and("d=sender.test")),
        ("an empty tag", with("d=sender.test;", "d=sender.test;;")),
        ("a name that begins with a digit", and("9x=1")),
        // The library does not tell D from d.
        ("a tag in capitals beside the real one", and("D=other.test")),
        ("a length in capitals", and("L=3")),
    ];
    let cases: Vec<_> = malformed.iter().map(|(case, tags)| (*case, mail(tags), AuthResult::Neutral)).collect();
    assert_results(good_zone, &cases).await;
    let unreadable = ["", "nonsense", "v=1", "b=x", ";", "\u{0}"];
    let unreadable =
        unreadable.map(|field| (field, format!("DKIM-Signature: {field}\r\n{FROM}\r\n"), AuthResult::Neutral));
    assert_results(good_zone, &unreadable).await;
}

#[tokio::test]
async fn a_signature_that_is_broken_or_over_fails() {
    let good = mail(&tags());
    let cases = [
        ("a changed body", good.replace(BODY, "Hullo.\r\n"), AuthResult::Fail),
        ("an appended body", format!("{good}And more.\r\n"), AuthResult::Fail),
        ("a changed field", good.replace(SUBJECT, "Subject: hullo\r\n"), AuthResult::Fail),
        ("a field taken away", good.replace(SUBJECT, ""), AuthResult::Fail),
        ("another signature", good.replacen("; b=", "; b=AAAA", 1), AuthResult::Fail),
        ("over", mail(&and("t=1; x=2")), AuthResult::Fail),
        ("over since the beginning of time", mail(&and("x=0")), AuthResult::Fail),
        ("over before it began", mail(&and("t=99999999999; x=99999999998")), AuthResult::Fail),
        ("an identity of others", mail(&and("i=ann@other.test")), AuthResult::Fail),
        ("an identity of a lookalike", mail(&and("i=ann@notsender.test")), AuthResult::Fail),
        ("an identity above the domain", mail(&and("i=ann@test")), AuthResult::Fail),
        ("an outdated algorithm", mail(&with("a=ed25519-sha256", "a=rsa-sha1")), AuthResult::Fail),
        ("the algorithm of another kind of key", mail(&with("a=ed25519-sha256", "a=rsa-sha256")), AuthResult::Fail),
    ];
    assert_results(good_zone, &cases).await;
}

#[tokio::test]
async fn a_key_record_says_what_its_key_is_for() {
    let p = public_key();
    let cases = [
        ("nothing but a key", format!("k=ed25519; p={p}"), AuthResult::Pass),
        (
            "white space anywhere",
            format!(" v = DKIM1 ; k = ed25519 ; p = {} {} ; ", &p[..9], &p[9..]),
            AuthResult::Pass,
        ),
        ("for mail", record("v=DKIM1; k=ed25519; s=email; "), AuthResult::Pass),
        ("for anything", record("v=DKIM1; k=ed25519; s=*; "), AuthResult::Pass),
        ("for mail and others", record("v=DKIM1; k=ed25519; s=tlsrpt : email; "), AuthResult::Pass),
        ("for others", record("v=DKIM1; k=ed25519; s=tlsrpt; "), AuthResult::PermError),
        ("for nothing", record("v=DKIM1; k=ed25519; s=; "), AuthResult::PermError),
        ("for this hash", record("v=DKIM1; k=ed25519; h=sha256; "), AuthResult::Pass),
        ("for several hashes", record("v=DKIM1; k=ed25519; h=sha1:sha256; "), AuthResult::Pass),
        ("for the outdated hash", record("v=DKIM1; k=ed25519; h=sha1; "), AuthResult::PermError),
        ("for a hash nobody knows", record("v=DKIM1; k=ed25519; h=bad; "), AuthResult::PermError),
        ("being tested", record("v=DKIM1; k=ed25519; t=y; "), AuthResult::Pass),
        ("flags nobody knows", record("v=DKIM1; k=ed25519; t=y:z; "), AuthResult::Pass),
        ("notes and tags nobody knows", record("v=DKIM1; k=ed25519; n=a=20note; g=*; x_1=y; "), AuthResult::Pass),
        ("another version", record("v=DKIM2; k=ed25519; "), AuthResult::PermError),
        ("the version in small letters", record("v=dkim1; k=ed25519; "), AuthResult::PermError),
        ("the version not first", format!("k=ed25519; p={p}; v=DKIM1"), AuthResult::PermError),
        ("a kind nobody knows", record("v=DKIM1; k=x448; "), AuthResult::PermError),
        ("the usual kind, for a key of another", record("v=DKIM1; "), AuthResult::Fail),
        ("revoked", "v=DKIM1; k=ed25519; p=".to_owned(), AuthResult::PermError),
        ("without a key", "v=DKIM1; k=ed25519".to_owned(), AuthResult::PermError),
        ("a key that is no Base64", "v=DKIM1; k=ed25519; p=*".to_owned(), AuthResult::PermError),
        (
            "a key wrapped as RFC 8463 does not",
            record("k=ed25519; ").replace("p=", "p=MCowBQYDK2VwAyEA"),
            AuthResult::PermError,
        ),
        ("a tag twice", record("v=DKIM1; k=ed25519; k=ed25519; "), AuthResult::PermError),
        ("a tag without a value", record("v=DKIM1; k=ed25519; t; "), AuthResult::PermError),
        ("an empty tag", record("v=DKIM1;; k=ed25519; "), AuthResult::PermError),
        ("something else", "v=spf1 -all".to_owned(), AuthResult::PermError),
        ("nothing", String::new(), AuthResult::PermError),
    ];
    for (case, key, expected) in cases {
        assert_results(|| zone(&key), &[(case, mail(&tags()), expected)]).await;
    }
}

#[tokio::test]
async fn a_key_may_be_kept_from_the_domains_below() {
    let strict = || zone(&record("v=DKIM1; k=ed25519; t=s; "));
    let cases = [
        ("no identity", mail(&tags()), AuthResult::Pass),
        ("the domain's own", mail(&and("i=ann@sender.test")), AuthResult::Pass),
        ("one below", mail(&and("i=ann@mail.sender.test")), AuthResult::Fail),
    ];
    assert_results(strict, &cases).await;
}

#[tokio::test]
async fn of_several_records_at_a_name_the_one_that_is_a_key_is_taken() {
    let several = || {
        zone("v=spf1 -all")
            .txt(KEY_NAME, &record("v=DKIM1; k=ed25519; s=tlsrpt; "))
            .txt(KEY_NAME, &record("k=ed25519; "))
    };
    assert_results(several, &[("several", mail(&tags()), AuthResult::Pass)]).await;
}

#[tokio::test]
async fn a_key_that_was_refused_once_is_refused_again() {
    let server = zone(&record("v=DKIM1; k=ed25519; s=tlsrpt; ")).serve().await;
    let authenticator = super::authenticator(&server);
    let mail = bytes::Bytes::from(mail(&tags()));
    let first = authenticator.verify(super::PEER, "mx.sender.test", "", mail.clone()).await;
    let second = authenticator.verify(super::PEER, "mx.sender.test", "", mail).await;
    assert_eq!((first.dkim, first.detail.clone()), (AuthResult::PermError, second.detail.clone()));
    assert!(first.detail.is_some_and(|why| why.contains("not for mail")));
}

#[tokio::test]
async fn an_asked_for_authorisation_is_not_needed() {
    // RFC 6541 says whom the domain of From lets sign for it; the signature stands by itself.
    let cases = [("authorised by nobody", mail(&and("atps=sender.test; atpsh=none")), AuthResult::Pass)];
    assert_results(good_zone, &cases).await;
}

#[tokio::test]
async fn one_good_signature_among_bad_ones_is_enough_and_the_bad_ones_are_told() {
    let good = mail(&tags());
    let broken = sign("DKIM-Signature", &with("d=sender.test", "d=broken.test"), &[SUBJECT]);
    let results = verify(good_zone(), "", &format!("DKIM-Signature: v=1; d=x\r\n{broken}{good}")).await;
    assert_eq!((results.dkim, results.dkim_domains), (AuthResult::Pass, vec!["sender.test".to_owned()]));
    let detail = results.detail.expect("why the others do not pass");
    assert!(detail.contains("broken.test"), "{detail}");
}

#[tokio::test]
async fn signatures_are_checked_up_to_a_number_and_malformed_ones_are_not_counted() {
    let filler = |count: usize| -> String {
        (0..count)
            .map(|number| sign("DKIM-Signature", &with("s=sel", &format!("s=none{number}")), &[FROM, SUBJECT]))
            .collect()
    };
    let good = mail(&tags());
    assert_eq!(verify(good_zone(), "", &format!("{}{good}", filler(19))).await.dkim, AuthResult::Pass);
    assert_ne!(verify(good_zone(), "", &format!("{}{good}", filler(20))).await.dkim, AuthResult::Pass);
    let junk = "DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=x; h=subject; bh=YQ==; b=YQ==\r\n".repeat(100);
    assert_eq!(verify(good_zone(), "", &format!("{junk}{good}")).await.dkim, AuthResult::Pass);
}

#[tokio::test]
async fn bodies_are_canonical_as_the_rfc_says() {
    // RFC 6376 §3.4.3, §3.4.4: mail, canonical body, by which.
    let cases = [
        ("simple", "", "\r\n"),
        ("simple", "\r\n\r\n\r\n", "\r\n"),
        ("simple", "a", "a\r\n"),
        ("simple", "a\r\n\r\n\r\n", "a\r\n"),
        ("simple", " a  b \r\n", " a  b \r\n"),
        ("simple", "\r\n\r\na\r\n", "\r\n\r\na\r\n"),
        ("simple", " \r\n", " \r\n"),
        ("relaxed", "", ""),
        ("relaxed", "\r\n\r\n", ""),
        ("relaxed", " \t\r\n \r\n", ""),
        ("relaxed", "a", "a\r\n"),
        ("relaxed", "a \t\r\n\r\n \r\n", "a\r\n"),
        ("relaxed", " a\t\t b  \r\n\tc\r\n", " a b\r\n c\r\n"),
        ("relaxed", " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
        ("relaxed", "a\r\n \r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"),
    ];
    for (by, body, canonical) in cases {
        let tags = with("c=relaxed/relaxed", &format!("c=relaxed/{by}"));
        let tags = tags.replace(&body_hash(BODY), &body_hash(canonical));
        let mail = format!("{}{FROM}{SUBJECT}\r\n{body}", sign("DKIM-Signature", &tags, &[FROM, SUBJECT]));
        assert_results(good_zone, &[(body, mail, AuthResult::Pass)]).await;
    }
    // The hashes of nothing, as the RFC writes them out.
    assert_eq!(body_hash("\r\n"), "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
    assert_eq!(body_hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[tokio::test]
async fn the_last_field_of_a_name_is_signed_first() {
    let one = "X-Note: one\r\n";
    let two = "X-Note: two\r\n";
    let tags = with("h=from:subject", "h=from:x-note:x-note");
    let mail = |covered: &[&str]| format!("{}{FROM}{one}{two}\r\n{BODY}", sign("DKIM-Signature", &tags, covered));
    let cases = [
        ("from the bottom up", mail(&[FROM, two, one]), AuthResult::Pass),
        ("from the top down", mail(&[FROM, one, two]), AuthResult::Fail),
    ];
    assert_results(good_zone, &cases).await;
}

#[tokio::test]
async fn what_is_covered_once_more_than_it_is_there_can_t_be_added() {
    let tags = with("h=from:subject", "h=from:from:subject");
    let good = mail(&tags);
    let cases = [
        ("as it was", good.clone(), AuthResult::Pass),
        ("another From in front", format!("From: Eve <eve@sender.test>\r\n{good}"), AuthResult::Fail),
        // RFC 5322 §4.5 allows the white space, so that this is a From as well.
        (
            "and with white space behind its name",
            format!("From : Eve <eve@sender.test>\r\n{good}"),
            AuthResult::Neutral,
        ),
        ("and with a tab", format!("FROM\t: Eve <eve@sender.test>\r\n{good}"), AuthResult::Neutral),
        ("of a field that is not covered", format!("X-Note : x\r\n{good}"), AuthResult::Pass),
    ];
    assert_results(good_zone, &cases).await;
}

#[tokio::test]
async fn domains_beyond_ascii_are_asked_for_by_their_a_labels() {
    // RFC 8616 §5.
    let tags = with("d=sender.test", "d=bücher.test");
    let zone = || Zone::default().txt("sel._domainkey.xn--bcher-kva.test", &record("v=DKIM1; k=ed25519; "));
    assert_results(zone, &[("a U-label", mail(&tags), AuthResult::Pass)]).await;
}

#[tokio::test]
async fn what_a_key_is_for_counts_however_late_or_briefly_it_is_known() {
    let others = || zone(&record("v=DKIM1; k=ed25519; s=tlsrpt; "));
    // Keys are looked up before the mail is read whole: this signature stands behind what is looked through for them.
    let late = format!("X-Long: {}\r\n{}", "x".repeat(300 * 1024), mail(&tags()));
    for (case, mail) in [("early", mail(&tags())), ("late", late)] {
        assert_results(good_zone, &[(case, mail.clone(), AuthResult::Pass)]).await;
        assert_results(|| good_zone().fleeting(), &[(case, mail.clone(), AuthResult::Pass)]).await;
        assert_results(others, &[(case, mail.clone(), AuthResult::PermError)]).await;
        assert_results(|| others().fleeting(), &[(case, mail, AuthResult::PermError)]).await;
    }
}
