//! Records against certificates made for it.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use super::*;

struct Made {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

#[derive(Default)]
struct Wish<'a> {
    name: &'a str,
    is_authority: bool,
    is_expired: bool,
}

/// Signed by itself, or by another.
fn made(wish: &Wish<'_>, by: Option<&Made>) -> Made {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec![wish.name.to_owned()]).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, format!("of {}", wish.name));
    if wish.is_authority {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if wish.is_expired {
        (parameters.not_before, parameters.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    }
    let certificate = match by {
        Some(by) => parameters.signed_by(&key, &by.issuer).unwrap(),
        None => parameters.self_signed(&key).unwrap(),
    };
    Made { certificate: certificate.der().clone(), issuer: Issuer::new(parameters, key) }
}

fn authority(name: &str, by: Option<&Made>) -> Made {
    made(&Wish { name, is_authority: true, is_expired: false }, by)
}

/// Of a certificate: usage, selector and matching type as numbers (RFC 6698 §2.1).
fn record(kind: [u8; 3], certificate: &CertificateDer<'_>) -> TLSA {
    let selected = match kind[1] {
        0 => certificate.to_vec(),
        _ => ParsedCertificate::try_from(certificate).unwrap().subject_public_key_info().to_vec(),
    };
    let data = match kind[2] {
        0 => selected,
        1 => digest(&SHA256, &selected).as_ref().to_vec(),
        _ => digest(&SHA512, &selected).as_ref().to_vec(),
    };
    with_data(kind, data)
}

fn with_data(kind: [u8; 3], data: Vec<u8>) -> TLSA {
    TLSA::new(kind[0].into(), kind[1].into(), kind[2].into(), data)
}

fn dane(records: &[TLSA]) -> Option<Dane> {
    Dane::new(records, vec!["mx1.test".to_owned(), "example.test".to_owned()])
}

fn check(records: &[TLSA], certificate: &Made, chain: &[&Made]) -> Result<(), DaneMismatch> {
    let chain: Vec<_> = chain.iter().map(|made| made.certificate.clone()).collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    dane(records).expect("usable records").check(&certificate.certificate, &chain, UnixTime::now(), &provider)
}

#[test]
fn a_servers_own_certificate_matches_by_each_selector_and_matching_type() {
    // Neither the name nor the dates are looked at (RFC 7672 §3.1.1).
    let (server, other) = (
        made(&Wish { name: "elsewhere.invalid", is_authority: false, is_expired: true }, None),
        made(&Wish { name: "mx1.test", ..Wish::default() }, None),
    );
    for selector in [0, 1] {
        for matching in [0, 1, 2] {
            let kind = [3, selector, matching];
            let records = [record(kind, &server.certificate)];
            assert_eq!(check(&records, &server, &[]), Ok(()), "{kind:?}");
            assert_eq!(check(&records, &other, &[&server]), Err(DaneMismatch::NoMatch), "{kind:?}");
        }
    }
    let both = [record([3, 1, 1], &other.certificate), record([3, 1, 1], &server.certificate)];
    assert_eq!(check(&both, &server, &[]), Ok(()), "one record will do, as while keys change");
}

#[test]
fn an_authority_vouches_for_names_within_their_dates() {
    let root = authority("root.test", None);
    let middle = authority("middle.test", Some(&root));
    let leaf = |name: &str, is_expired: bool| made(&Wish { name, is_authority: false, is_expired }, Some(&middle));
    let good = leaf("mx1.test", false);
    for selector in [0, 1] {
        for matching in [0, 1, 2] {
            for anchor in [&root, &middle] {
                let records = [record([2, selector, matching], &anchor.certificate)];
                assert_eq!(check(&records, &good, &[&middle, &root]), Ok(()), "{selector} {matching}");
            }
        }
    }
    let records = [record([2, 1, 1], &root.certificate)];
    assert_eq!(check(&records, &leaf("example.test", false), &[&middle, &root]), Ok(()), "the domain's name");
    for (what, certificate) in [("another name", leaf("mx2.test", false)), ("expired", leaf("mx1.test", true))] {
        let found = check(&records, &certificate, &[&middle, &root]);
        assert!(matches!(found, Err(DaneMismatch::Authority(_))), "{what}: {found:?}");
    }
    // Who else has an authority of this name has not its key.
    let impostor = authority("root.test", None);
    let forged = made(&Wish { name: "mx1.test", ..Wish::default() }, Some(&impostor));
    let found = check(&records, &forged, &[&root]);
    assert!(matches!(found, Err(DaneMismatch::Authority(_))), "{found:?}");
}

#[test]
fn an_authority_has_to_be_sent_unless_all_of_it_is_in_dns() {
    let root = authority("root.test", None);
    let leaf = made(&Wish { name: "mx1.test", ..Wish::default() }, Some(&root));
    for (kind, expected) in [
        ([2, 0, 0], Ok(())),
        ([2, 0, 1], Err(DaneMismatch::NoMatch)),
        ([2, 1, 0], Err(DaneMismatch::NoMatch)),
        ([2, 1, 1], Err(DaneMismatch::NoMatch)),
    ] {
        assert_eq!(check(&[record(kind, &root.certificate)], &leaf, &[]), expected, "{kind:?}");
    }
    // A server is no authority of itself.
    let alone = made(&Wish { name: "mx1.test", ..Wish::default() }, None);
    assert_eq!(check(&[record([2, 1, 1], &alone.certificate)], &alone, &[]), Err(DaneMismatch::NoMatch));
    let nonsense = [with_data([2, 0, 0], vec![1, 2, 3])];
    assert_eq!(check(&nonsense, &leaf, &[&root]), Err(DaneMismatch::NoMatch));
}

#[test]
fn of_hashes_of_the_same_the_strongest_counts() {
    let server = made(&Wish { name: "mx1.test", ..Wish::default() }, None);
    let strong_and_wrong = with_data([3, 1, 2], vec![7; 64]);
    for (weak, expected) in [
        ([3, 1, 1], Err(DaneMismatch::NoMatch)),
        // Another selector, and no hash, are another matter.
        ([3, 0, 1], Ok(())),
        ([3, 1, 0], Ok(())),
    ] {
        let records = [record(weak, &server.certificate), strong_and_wrong.clone()];
        assert_eq!(check(&records, &server, &[]), expected, "{weak:?}");
    }
}

#[test]
fn records_for_others_and_broken_ones_are_not_usable() {
    for (kind, length) in [
        ([0, 1, 1], 32),
        ([1, 1, 1], 32),
        ([4, 1, 1], 32),
        ([255, 1, 1], 32),
        ([3, 2, 1], 32),
        ([3, 1, 3], 32),
        ([3, 1, 1], 31),
        ([3, 1, 1], 0),
        ([3, 1, 2], 32),
        ([3, 0, 0], 0),
        ([3, 0, 0], DATA_BYTES_MAX + 1),
    ] {
        assert_eq!(dane(&[with_data(kind, vec![7; length])]), None, "{kind:?} {length}");
    }
    assert_eq!(dane(&[]), None);
    let one = with_data([3, 1, 1], vec![7; 32]);
    assert!(dane(&[with_data([1, 1, 1], vec![7; 32]), one.clone()]).is_some());
    let many = vec![one; RECORDS_MAX + 1];
    assert_eq!(dane(&many).map(|dane| dane.associations.len()), Some(RECORDS_MAX));
}
