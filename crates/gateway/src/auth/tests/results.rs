//! What mails come to: SPF, DKIM, DMARC and ARC, with signatures made here.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mail_auth::arc::ArcSealer;
use mail_auth::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::dkim::DkimSigner;
use mail_auth::headers::HeaderWriter;
use mail_auth::{ArcOutput, ArcResult, AuthenticatedMessage, AuthenticationResults};
use model::auth::{AuthResult, DmarcPolicy};
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::{Zone, authenticator, verify};

const MAIL: &str = "From: Ann <ann@sender.test>\r\nTo: a@inbox.test\r\nSubject: hello\r\n\r\nHello.\r\n";

static ED25519: LazyLock<Vec<u8>> = LazyLock::new(|| Ed25519Key::generate_pkcs8().expect("a key"));

fn ed25519() -> Ed25519Key {
    Ed25519Key::from_pkcs8_der(&ED25519).expect("a key")
}

fn ed25519_record() -> String {
    format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(ed25519().public_key()))
}

/// `MAIL` signed for `domain`, with the key at `sel._domainkey.<domain>`.
fn signed(domain: &str) -> String {
    let signer = DkimSigner::from_key(ed25519()).domain(domain).selector("sel").headers(["From", "To", "Subject"]);
    format!("{}{MAIL}", signer.sign(MAIL.as_bytes()).expect("signed").to_header())
}

fn keys(zone: Zone, domain: &str) -> Zone {
    zone.txt(&format!("sel._domainkey.{domain}"), &ed25519_record())
}

#[tokio::test]
async fn spf_says_who_may_send() {
    let cases = [
        ("v=spf1 ip4:192.0.2.1 -all", AuthResult::Pass),
        ("v=spf1 -all", AuthResult::Fail),
        ("v=spf1 ~all", AuthResult::SoftFail),
        ("v=spf1 ?all", AuthResult::Neutral),
        ("v=spf1 a:host.sender.test -all", AuthResult::Pass),
        ("v=spf1 mx -all", AuthResult::Pass),
        ("v=spf1 include:other.test -all", AuthResult::Pass),
        ("v=spf1 redirect=other.test", AuthResult::Pass),
        ("v=spf1 nonsense:x -all", AuthResult::PermError),
        ("v=spf1 include:failing.test -all", AuthResult::TempError),
        ("not a policy", AuthResult::None),
    ];
    for (policy, expected) in cases {
        let zone = Zone::default()
            .txt("sender.test", policy)
            .a("host.sender.test", "192.0.2.1")
            .mx("sender.test", 10, "host.sender.test")
            .txt("other.test", "v=spf1 ip4:192.0.2.0/24 -all")
            .failing("failing.test");
        assert_eq!(verify(zone, "ann@sender.test", MAIL).await.spf, expected, "{policy}");
    }
}

#[tokio::test]
async fn spf_of_addresses_beyond_ascii_goes_by_a_labels_and_never_by_their_local_part() {
    // RFC 8616 §4.
    let cases = [
        ("v=spf1 ip4:192.0.2.1 -all", "grün@bücher.test", AuthResult::Pass),
        ("v=spf1 a:%{o} -all", "grün@bücher.test", AuthResult::Pass),
        ("v=spf1 exists:any.%{d2} -all", "grün@bücher.test", AuthResult::Pass),
        ("v=spf1 exists:%{l}.%{o} -all", "gruen@bücher.test", AuthResult::Pass),
        ("v=spf1 exists:%{l}.%{o} -all", "grün@bücher.test", AuthResult::Fail),
        ("v=spf1 include:%{L1r}.%{o} -all", "grün@bücher.test", AuthResult::Fail),
        ("v=spf1 mx:%{s} ?all", "grün@bücher.test", AuthResult::Neutral),
        ("v=spf1 redirect=%{l}.%{o}", "grün@bücher.test", AuthResult::Neutral),
    ];
    for (policy, sender, expected) in cases {
        let zone = Zone::default()
            .txt("xn--bcher-kva.test", policy)
            .a("xn--bcher-kva.test", "192.0.2.1")
            .a("any.xn--bcher-kva.test", "192.0.2.9")
            .a("gruen.xn--bcher-kva.test", "192.0.2.9");
        assert_eq!(verify(zone, sender, MAIL).await.spf, expected, "{policy} of {sender}");
    }
}

#[tokio::test]
async fn dmarc_of_a_domain_beyond_ascii_is_that_of_its_a_labels() {
    let mail = MAIL.replace("ann@sender.test", "ann@bücher.test");
    let policy = || Zone::default().txt("_dmarc.xn--bcher-kva.test", "v=DMARC1; p=reject");
    assert_eq!(verify(policy(), "x@evil.test", &mail).await.dmarc, AuthResult::Fail);
    let aligned = policy().txt("xn--bcher-kva.test", "v=spf1 ip4:192.0.2.1 -all");
    assert_eq!(verify(aligned, "ann@bücher.test", &mail).await.dmarc, AuthResult::Pass);
}

#[tokio::test]
async fn the_null_sender_is_judged_by_its_host() {
    let zone = || Zone::default().txt("mx.sender.test", "v=spf1 ip4:192.0.2.1 -all").txt("sender.test", "v=spf1 -all");
    assert_eq!(verify(zone(), "", MAIL).await.spf, AuthResult::Pass);
    assert_eq!(verify(zone(), "ann@sender.test", MAIL).await.spf, AuthResult::Fail);
}

#[tokio::test]
async fn a_good_signature_passes_and_names_its_domain() {
    let results = verify(keys(Zone::default(), "sender.test"), "", &signed("sender.test")).await;
    assert_eq!(
        (results.dkim, results.dkim_domains.as_slice()),
        (AuthResult::Pass, ["sender.test".to_owned()].as_slice())
    );
    assert_eq!((results.arc, results.dmarc), (AuthResult::None, AuthResult::None));
}

#[tokio::test]
async fn rsa_signatures_pass_too() {
    let signer = DkimSigner::from_key(RSA.key()).domain("sender.test").selector("rsa").headers(["From", "Subject"]);
    let mail = format!("{}{MAIL}", signer.sign(MAIL.as_bytes()).expect("signed").to_header());
    let zone = Zone::default().txt("rsa._domainkey.sender.test", &RSA.record());
    assert_eq!(verify(zone, "", &mail).await.dkim, AuthResult::Pass);
}

#[tokio::test]
async fn a_signature_that_proves_nothing_does_not_pass() {
    let zone = || keys(Zone::default(), "sender.test");
    let good = signed("sender.test");
    let cases = [
        ("changed body", zone(), good.replace("Hello.", "Hullo."), AuthResult::Fail),
        ("changed header", zone(), good.replace("Subject: hello", "Subject: hullo"), AuthResult::Fail),
        ("no key", Zone::default(), good.clone(), AuthResult::PermError),
        (
            "revoked key",
            Zone::default().txt("sel._domainkey.sender.test", "v=DKIM1; k=ed25519; p="),
            good.clone(),
            AuthResult::PermError,
        ),
        ("no answer", Zone::default().failing("sel._domainkey.sender.test"), good.clone(), AuthResult::TempError),
        ("weak algorithm", zone(), good.replace("a=ed25519-sha256", "a=rsa-sha1"), AuthResult::Fail),
        ("broken", zone(), format!("DKIM-Signature: v=2; nonsense\r\n{MAIL}"), AuthResult::Neutral),
        ("none", zone(), MAIL.to_owned(), AuthResult::None),
    ];
    for (case, zone, mail, expected) in cases {
        let results = verify(zone, "", &mail).await;
        assert_eq!(results.dkim, expected, "{case}: {:?}", results.detail);
        assert!(results.dkim_domains.is_empty(), "{case}");
        assert_eq!(results.detail.is_some(), expected != AuthResult::None, "{case}");
    }
}

#[tokio::test]
async fn a_signature_that_leaves_out_what_is_shown_does_not_pass() {
    let zone = || keys(Zone::default(), "sender.test");
    let by = |headers: &[&'static str], partly: bool| {
        let signer =
            DkimSigner::from_key(ed25519()).domain("sender.test").selector("sel").headers(headers.iter().copied());
        let signer = if partly { signer.body_length(true) } else { signer };
        format!("{}{MAIL}", signer.sign(MAIL.as_bytes()).expect("signed").to_header())
    };
    let cases = [
        // What was signed of the body ends somewhere: anybody may append to it.
        ("a length", by(&["From", "Subject"], true)),
        ("without From", by(&["Subject", "To"], false)),
        ("a tag twice", by(&["From"], false).replacen("d=sender.test", "d=sender.test; d=sender.test", 1)),
        ("an empty tag", by(&["From"], false).replacen("d=sender.test;", "d=sender.test;;", 1)),
    ];
    for (case, mail) in cases {
        let results = verify(zone(), "", &mail).await;
        assert_ne!(results.dkim, AuthResult::Pass, "{case}");
        assert!(results.dkim_domains.is_empty() && results.detail.is_some(), "{case}: {results:?}");
    }
}

#[tokio::test]
async fn dmarc_asks_for_one_proof_in_line_with_from() {
    let spf = |zone: Zone, domain: &str| zone.txt(domain, "v=spf1 ip4:192.0.2.1 -all");
    let policy = |text: &str| Zone::default().txt("_dmarc.sender.test", text);
    let reject = || policy("v=DMARC1; p=reject");
    let strict = || policy("v=DMARC1; p=reject; aspf=s; adkim=s");
    let cases = [
        ("no policy", spf(Zone::default(), "sender.test"), "ann@sender.test", MAIL.to_owned(), AuthResult::None),
        ("nothing", reject(), "ann@sender.test", MAIL.to_owned(), AuthResult::Fail),
        ("spf", spf(reject(), "sender.test"), "ann@sender.test", MAIL.to_owned(), AuthResult::Pass),
        ("spf below", spf(reject(), "sub.sender.test"), "ann@sub.sender.test", MAIL.to_owned(), AuthResult::Pass),
        (
            "spf below, strict",
            spf(strict(), "sub.sender.test"),
            "ann@sub.sender.test",
            MAIL.to_owned(),
            AuthResult::Fail,
        ),
        ("spf of others", spf(reject(), "evil.test"), "ann@evil.test", MAIL.to_owned(), AuthResult::Fail),
        ("dkim", keys(reject(), "sender.test"), "x@evil.test", signed("sender.test"), AuthResult::Pass),
        ("dkim below", keys(reject(), "sub.sender.test"), "", signed("sub.sender.test"), AuthResult::Pass),
        ("dkim below, strict", keys(strict(), "sub.sender.test"), "", signed("sub.sender.test"), AuthResult::Fail),
        ("dkim of others", keys(reject(), "evil.test"), "", signed("evil.test"), AuthResult::Fail),
        ("dkim of a lookalike", keys(reject(), "notsender.test"), "", signed("notsender.test"), AuthResult::Fail),
        ("no answer", Zone::default().failing("_dmarc.sender.test"), "", MAIL.to_owned(), AuthResult::TempError),
    ];
    for (case, zone, mail_from, mail, expected) in cases {
        let results = verify(zone, mail_from, &mail).await;
        assert_eq!(results.dmarc, expected, "{case}: {:?}", results.detail);
        let policy = if matches!(case, "no policy" | "no answer") { DmarcPolicy::None } else { DmarcPolicy::Reject };
        assert_eq!(results.dmarc_policy, policy, "{case}");
    }
}

#[tokio::test]
async fn the_organisation_s_policy_holds_below_it() {
    let mail = MAIL.replace("ann@sender.test", "ann@deep.sub.sender.test");
    let zone = || {
        Zone::default()
            .txt("_dmarc.sender.test", "v=DMARC1; p=none; sp=quarantine")
            .a("deep.sub.sender.test", "192.0.2.7")
    };
    let results = verify(zone(), "ann@evil.test", &mail).await;
    assert_eq!((results.dmarc, results.dmarc_policy), (AuthResult::Fail, DmarcPolicy::Quarantine));
    let aligned = zone().txt("mail.sender.test", "v=spf1 ip4:192.0.2.1 -all");
    assert_eq!(verify(aligned, "b@mail.sender.test", &mail).await.dmarc, AuthResult::Pass);
}

#[tokio::test]
async fn several_authors_of_several_domains_can_t_be_judged() {
    let mail = MAIL.replace("<ann@sender.test>", "<ann@sender.test>, bob@evil.test");
    let zone = Zone::default().txt("_dmarc.sender.test", "v=DMARC1; p=reject");
    assert_eq!(verify(zone, "bob@evil.test", &mail).await.dmarc, AuthResult::PermError);
}

#[tokio::test]
async fn an_arc_chain_is_whole_or_broken() {
    let sealed = {
        let message = AuthenticatedMessage::parse(MAIL.as_bytes()).expect("a mail");
        let results = AuthenticationResults::new("list.test");
        let set = ArcSealer::from_key(RSA.key())
            .domain("list.test")
            .selector("rsa")
            .headers(["From", "To", "Subject"])
            .seal(&message, &results, &ArcOutput::from(ArcResult::None))
            .expect("sealed");
        format!("{}{MAIL}", set.to_header())
    };
    let zone = || Zone::default().txt("rsa._domainkey.list.test", &RSA.record());
    assert_eq!(verify(zone(), "", &sealed).await.arc, AuthResult::Pass);
    let cases = [
        ("changed body", zone(), sealed.replace("Hello.", "Hullo."), AuthResult::Fail),
        ("half a set", zone(), sealed.replace("ARC-Message-Signature", "X-Message-Signature"), AuthResult::Fail),
        ("no key", Zone::default(), sealed.clone(), AuthResult::Fail),
        ("no answer", Zone::default().failing("rsa._domainkey.list.test"), sealed.clone(), AuthResult::TempError),
    ];
    for (case, zone, mail, expected) in cases {
        assert_eq!(verify(zone, "", &mail).await.arc, expected, "{case}");
    }
}

/// An RSA key, made once: that takes a while.
struct Rsa(Vec<u8>);

static RSA: LazyLock<Rsa> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    Rsa(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("a key").as_ref().to_vec())
});

impl Rsa {
    fn key(&self) -> RsaKey<Sha256> {
        RsaKey::from_key_der(PrivatePkcs8KeyDer::from(self.0.as_slice()).into()).expect("a key")
    }

    fn record(&self) -> String {
        format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(self.key().public_key()))
    }
}

#[tokio::test]
async fn a_sender_s_spf_record_can_t_poison_what_is_known_of_others() {
    let zone = keys(Zone::default(), "sender.test")
        .txt("_dmarc.sender.test", "v=DMARC1; p=reject")
        .txt("evil.test", "v=spf1 include:_dmarc.sender.test include:sel._domainkey.sender.test -all");
    let server = zone.serve().await;
    let authenticator = authenticator(&server);
    let verify = |mail: String| authenticator.verify(super::PEER, "evil.test", "x@evil.test", Bytes::from(mail));
    assert_eq!(verify("From: x@evil.test\r\n\r\n".into()).await.spf, AuthResult::PermError);
    let spoofed = verify(MAIL.into()).await;
    assert_eq!((spoofed.dmarc, spoofed.dmarc_policy), (AuthResult::Fail, DmarcPolicy::Reject));
    assert_eq!(verify(signed("sender.test")).await.dmarc, AuthResult::Pass);
}

#[tokio::test]
async fn nothing_is_asked_for_twice_and_nothing_without_need() {
    let zone = keys(Zone::default(), "sender.test").txt("sender.test", "v=spf1 mx -all").mx(
        "sender.test",
        1,
        "mx.sender.test",
    );
    let server = zone.a("mx.sender.test", "192.0.2.1").serve().await;
    let authenticator = authenticator(&server);
    let mail = Bytes::from(signed("sender.test"));
    for round in 0..3 {
        let results = authenticator.verify(super::PEER, "mx.sender.test", "ann@sender.test", mail.clone()).await;
        assert_eq!((results.spf, results.dkim), (AuthResult::Pass, AuthResult::Pass));
        let mut asked = server.take_asked();
        asked.sort();
        let expected = [
            "_dmarc.sender.test. TXT",
            "_dmarc.test. TXT",
            "mx.sender.test. A",
            "sel._domainkey.sender.test. TXT",
            "sender.test. MX",
            "sender.test. TXT",
        ];
        assert_eq!(asked, if round == 0 { expected.to_vec() } else { Vec::new() });
    }
    // A host without a domain sends a mail without a sender.
    authenticator.verify(super::PEER, "localhost", "", Bytes::from_static(b"Subject: x\r\n\r\n")).await;
    authenticator.verify(super::PEER, "[192.0.2.1]", "", Bytes::from_static(b"")).await;
    assert_eq!(server.take_asked(), Vec::<String>::new());
}
