//! SPF, DKIM and DMARC are verified against the DNS, recorded on the message, and enforced where a channel asks for it.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_auth::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::dkim::DkimSigner;
use mail_auth::headers::HeaderWriter as _;
use serde_json::{Value, json};

use crate::database::{Database, on_both_databases};
use crate::dns_zone::DnsZone;
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    results_are_recorded_and_a_channel_may_refuse,
    a_signature_vouches_for_its_domain_until_the_mail_is_changed,
    an_outdated_algorithm_and_a_key_for_others_vouch_for_nothing,
);

async fn results_are_recorded_and_a_channel_may_refuse(database: Database) {
    let zone = DnsZone::start(&[
        ("good.test", "v=spf1 ip4:127.0.0.0/8 -all"),
        ("_dmarc.good.test", "v=DMARC1; p=reject"),
        ("strict.test", "v=spf1 ip4:192.0.2.1 -all"),
        ("_dmarc.strict.test", "v=DMARC1; p=reject"),
        ("mild.test", "v=spf1 ip4:192.0.2.1 -all"),
        ("_dmarc.mild.test", "v=DMARC1; p=none"),
    ])
    .await;
    let postroom = Postroom::start_with(database, &[("POSTROOM_DNS_SERVER", &zone.address.to_string())]).await;
    let api = postroom.api();
    let send = async |domain: &str, address: &str| {
        let sender = format!("ada@{domain}");
        let mail = Mail::new(address, domain).from(&format!("Ada <{sender}>"));
        smtp_client::send(postroom.smtp, &sender, address, mail.bytes()).await
    };
    let newest = async || api.get("/messages?take=1").await.expect(200).json()["items"][0]["metadata"].clone();

    let channel = api.channel_like(json!({ "authPolicy": "reject" })).await.address();
    send("good.test", &channel).await.expect("250");
    let metadata = newest().await;
    assert_eq!((&metadata["auth"]["spf"], &metadata["auth"]["dmarc"]), (&json!("pass"), &json!("pass")), "{metadata}");
    send("strict.test", &channel).await.expect("550 5.7.1");
    send("mild.test", &channel).await.expect("250");
    let metadata = newest().await;
    assert_eq!((&metadata["auth"]["spf"], &metadata["auth"]["dmarc"]), (&json!("fail"), &json!("fail")), "{metadata}");
    // Nothing is published: nothing passes, nothing is refused.
    send("unknown.test", &channel).await.expect("250");
    assert_eq!(newest().await["auth"]["dmarc"], "none");

    let marking = api.channel_like(json!({ "authPolicy": "mark" })).await.address();
    send("strict.test", &marking).await.expect("250");
    assert_eq!(newest().await["unauthenticated"], true);
    let recording = api.channel_like(json!({ "authPolicy": "none" })).await.address();
    send("strict.test", &recording).await.expect("250");
    let metadata = newest().await;
    assert_eq!(metadata["auth"]["dmarc"], "fail");
    assert!(metadata.get("unauthenticated").is_none(), "{metadata}");
}

/// A key to sign with, and its record.
fn rsa_key() -> (RsaKey<Sha256>, String) {
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let private = AsDer::<Pkcs8V1Der<'static>>::as_der(&pair).expect("DER");
    let public = AsDer::<PublicKeyX509Der<'static>>::as_der(pair.public_key()).expect("DER");
    let record = format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public.as_ref()));
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(private.as_ref().to_vec());
    (RsaKey::from_key_der(private.into()).expect("a key"), record)
}

fn ed25519_key() -> (Ed25519Key, String) {
    let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().expect("a key")).expect("a key");
    let record = format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key()));
    (key, record)
}

/// The mail with a signature of `selector._domainkey.domain` in front.
fn signed(key: impl SigningKey, domain: &str, selector: &str, mail: &Mail) -> Vec<u8> {
    let signer = DkimSigner::from_key(key).domain(domain).selector(selector).headers(["From", "To", "Subject", "Date"]);
    let mut bytes = signer.sign(&mail.bytes()).expect("a signature").to_header().into_bytes();
    bytes.extend_from_slice(&mail.bytes());
    bytes
}

fn changed(mail: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(mail.to_vec()).expect("ASCII");
    assert!(text.contains(from), "{text}");
    text.replace(from, to).into_bytes()
}

async fn a_signature_vouches_for_its_domain_until_the_mail_is_changed(database: Database) {
    let ((rsa, rsa_record), (ed25519, ed25519_record)) = (rsa_key(), ed25519_key());
    assert!(rsa_record.len() > 255, "a record of one string");
    // No SPF, so that the signature alone decides.
    let zone = DnsZone::start(&[
        ("s1._domainkey.signed.test", &rsa_record),
        ("s2._domainkey.signed.test", &ed25519_record),
        ("_dmarc.signed.test", "v=DMARC1; p=reject"),
        ("_dmarc.other.test", "v=DMARC1; p=reject"),
    ])
    .await;
    let postroom = Postroom::start_with(database, &[("POSTROOM_DNS_SERVER", &zone.address.to_string())]).await;
    let api = postroom.api();
    let strict = api.channel_like(json!({ "authPolicy": "reject" })).await.address();
    let mild = api.channel_like(json!({ "authPolicy": "mark" })).await.address();
    let deliver =
        async |address: &str, bytes: Vec<u8>| smtp_client::send(postroom.smtp, "ada@relay.test", address, bytes).await;
    let newest = async || api.get("/messages?take=1").await.expect(200).json()["items"][0]["metadata"].clone();
    let results = |metadata: &Value| (metadata["auth"]["dkim"].clone(), metadata["auth"]["dmarc"].clone());
    let mail = |address: &str| Mail::new(address, "Signed").from("Ada <ada@signed.test>");

    let by_rsa = signed(rsa, "signed.test", "s1", &mail(&strict));
    deliver(&strict, by_rsa.clone()).await.expect("250");
    assert_eq!(results(&newest().await), (json!("pass"), json!("pass")));
    let by_ed25519 = signed(ed25519, "signed.test", "s2", &mail(&strict));
    deliver(&strict, by_ed25519.clone()).await.expect("250");
    assert_eq!(results(&newest().await), (json!("pass"), json!("pass")));

    for tampered in [
        changed(&by_rsa, "my parcel has not arrived", "my parcel has arrived"),
        changed(&by_rsa, "Subject: Signed", "Subject: Forged"),
        changed(&by_ed25519, "my parcel has not arrived", "my parcel has arrived"),
        // What a stranger signs says nothing about the domain of From.
        changed(&by_rsa, "ada@signed.test", "ada@other.test"),
        // No signature at all.
        mail(&strict).bytes(),
    ] {
        deliver(&strict, tampered.clone()).await.expect("550 5.7.1");
        deliver(&mild, tampered).await.expect("250");
        let metadata = newest().await;
        assert_ne!(metadata["auth"]["dkim"], "pass", "{metadata}");
        assert_eq!((&metadata["auth"]["dmarc"], &metadata["unauthenticated"]), (&json!("fail"), &json!(true)));
    }
    deliver(&mild, changed(&by_rsa, "my parcel has not arrived", "my parcel is late")).await.expect("250");
    assert_eq!(results(&newest().await), (json!("fail"), json!("fail")));
    let kept = api.all("/messages?direction=inbound").await.len();
    assert_eq!(kept, 2 + 6, "a refused mail was kept");
}

/// A key that signed `OLD_MAIL` twice, each time well: nothing at hand makes signatures by rsa-sha1 any more.
const OLD_KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDYKl6BIzEC25/chb5bWKF+BDvgDSTZuzo4zsxCl3xt9eaTQgpiZY4uZvjspb\
    WeNyy9TPv1WiiucQpVyN72DY/5NM6hTYKjEwwDOGZ2bxtjHz3IDj/ZSa8Jch3m1WNN2vUAjZ1knpYjSRVJmwHDjT/snhfyDGQX8ZzxJsrz0m44ywIDAQAB";
const OLD_MAIL: &str = "From: Ada <ada@signed.test>\r\nSubject: Signed long ago\r\nDate: Mon, 02 Jan 2006 15:04:05 +0000\r\n\r\n\
    my parcel has not arrived\r\n";
const BY_RSA_SHA1: &str = "DKIM-Signature: v=1; a=rsa-sha1; c=relaxed/relaxed; d=signed.test;\r\n i=@signed.test; q=dns/txt; s=old; \
    t=1795629699; h=from : subject :\r\n date; bh=WfYSQOGE0v+6qpEcgbgQ3xjz0NY=;\r\n \
    b=jZXakYz/VlYh5nGP7DiOpjGkQi8njgaaRC9A2roGh8PYx3doudV/SwJ1QTeawJ6sp3szp\r\n \
    MabCLJXO9BBrd0KdJGHF8K9DggzFKm1kkp+VhejEyFHqMF0pZ+WrZhNyaUd4PCPOKzM0I9q\r\n efyWWifFZVnx63Okb2TSCKvumK5VK8M=\r\n";
const BY_RSA_SHA256: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=signed.test;\r\n i=@signed.test; q=dns/txt; s=old; \
    t=1795629700; h=from : subject :\r\n date; bh=DSx1oRFJda23hRbOwcGodKS1z4TytQGOxR817yrDcms=;\r\n \
    b=yN99I1ZHTaF5/sZOFE9WGgm88E9gjxaXeRUFhA2SmN2jNda0rINf8ITwnKlrUJ+wDNHfZ\r\n \
    vhW+T2HhknsrBc5SfG3UNdDVRWiGNV7siAnB3ViSLAK+AxY/eLF3PVOPcz5mgty+qqAvmvd\r\n oh7Kl61yM2dEBxedwcAq+/rAD8HFid0=\r\n";

async fn an_outdated_algorithm_and_a_key_for_others_vouch_for_nothing(database: Database) {
    let (key, record) = ed25519_key();
    let zone = DnsZone::start(&[
        ("old._domainkey.signed.test", OLD_KEY),
        ("others._domainkey.signed.test", &record.replace("v=DKIM1; ", "v=DKIM1; s=tlsrpt; ")),
        ("_dmarc.signed.test", "v=DMARC1; p=reject"),
    ])
    .await;
    let postroom = Postroom::start_with(database, &[("POSTROOM_DNS_SERVER", &zone.address.to_string())]).await;
    let api = postroom.api();
    let address = api.channel_like(json!({ "authPolicy": "mark" })).await.address();
    let results = async |bytes: Vec<u8>| {
        smtp_client::send(postroom.smtp, "ada@relay.test", &address, bytes).await.expect("250");
        let metadata = api.get("/messages?take=1").await.expect(200).json()["items"][0]["metadata"].clone();
        let auth = &metadata["auth"];
        let said = |name: &str| auth[name].as_str().unwrap_or_default().to_owned();
        (said("dkim"), said("dmarc"), said("detail"), metadata["unauthenticated"] == true)
    };
    // Not covered by the signatures, so that the mails are two.
    let old = |signature: &str, id: u8| format!("{signature}Message-ID: <{id}@signed.test>\r\n{OLD_MAIL}").into_bytes();

    let (dkim, dmarc, detail, unauthenticated) = results(old(BY_RSA_SHA256, 1)).await;
    assert_eq!((dkim.as_str(), dmarc.as_str(), unauthenticated), ("pass", "pass", false), "{detail}");
    let (dkim, dmarc, detail, unauthenticated) = results(old(BY_RSA_SHA1, 2)).await;
    assert_eq!((dkim.as_str(), dmarc.as_str(), unauthenticated), ("fail", "fail", true), "{detail}");
    assert!(detail.contains("rsa-sha1"), "{detail}");

    let mail = Mail::new(&address, "Signed").from("Ada <ada@signed.test>");
    let (dkim, dmarc, detail, unauthenticated) = results(signed(key, "signed.test", "others", &mail)).await;
    assert_eq!((dkim.as_str(), dmarc.as_str(), unauthenticated), ("permerror", "fail", true), "{detail}");
    assert!(detail.contains("not for mail"), "{detail}");
}
