//! ARC, rule by rule (RFC 8617), with chains that are good but for the one thing that is tried.

use model::auth::AuthResult;

use super::forge::{BODY, FROM, SUBJECT, body_hash, mail, record, sign, tags};
use super::{Zone, verify};

/// One set of a chain: its fields as they stand in the mail.
#[derive(Clone)]
struct Set {
    results: String,
    signature: String,
    seal: String,
}

/// How a set is made; what is not said is as it should be.
#[derive(Clone)]
struct Recipe {
    results: String,
    signature: String,
    covered: Vec<&'static str>,
    seal: String,
}

impl Recipe {
    fn of(instance: usize) -> Self {
        let cv = if instance == 1 { "none" } else { "pass" };
        let hash = body_hash(BODY);
        Self {
            results: format!("ARC-Authentication-Results: i={instance}; list.test; spf=pass\r\n"),
            signature: format!(
                "i={instance}; a=ed25519-sha256; c=relaxed/relaxed; d=list.test; s=sel; t=1; h=from:subject; bh={hash}"
            ),
            covered: vec![FROM, SUBJECT],
            seal: format!("i={instance}; a=ed25519-sha256; t=1; cv={cv}; d=list.test; s=sel"),
        }
    }

    /// The set on top of those there are.
    fn seal(&self, before: &[Set]) -> Set {
        let signature = sign("ARC-Message-Signature", &self.signature, &self.covered);
        let mut covered: Vec<&str> = Vec::new();
        for set in before {
            covered.extend([set.results.as_str(), set.signature.as_str(), set.seal.as_str()]);
        }
        covered.extend([self.results.as_str(), signature.as_str()]);
        let seal = sign("ARC-Seal", &self.seal, &covered);
        Set { results: self.results.clone(), signature, seal }
    }
}

/// A chain of so many sets, the newest made by `change` of what it would be.
fn chain(sets: usize, change: impl Fn(&mut Recipe)) -> Vec<Set> {
    let mut made: Vec<Set> = Vec::new();
    for instance in 1..=sets {
        let mut recipe = Recipe::of(instance);
        if instance == sets {
            change(&mut recipe);
        }
        made.push(recipe.seal(&made));
    }
    made
}

/// The newest set stands on top.
fn sealed(sets: &[Set]) -> String {
    let fields: String = sets.iter().rev().map(|set| format!("{}{}{}", set.seal, set.signature, set.results)).collect();
    format!("{fields}{FROM}{SUBJECT}\r\n{BODY}")
}

fn zone() -> Zone {
    Zone::default().txt("sel._domainkey.list.test", &record("v=DKIM1; k=ed25519; "))
}

async fn assert_results(cases: &[(&str, String, AuthResult)]) {
    for (case, mail, expected) in cases {
        let results = verify(zone(), "", mail).await;
        assert_eq!(results.arc, *expected, "{case}: {:?}", results.detail);
        let told = results.detail.is_some_and(|why| why.contains("arc: "));
        assert_eq!(told, *expected == AuthResult::Fail, "{case}: why is not said");
    }
}

/// A change of the newest set's recipe that has to change something.
fn instead(text: &mut String, of: &str, by: &str) {
    assert!(text.contains(of), "{of} in {text}");
    *text = text.replacen(of, by, 1);
}

#[tokio::test]
async fn chains_made_by_hand_pass() {
    let shuffled = |sets: &[Set]| {
        let fields: String = sets.iter().map(|set| format!("{}{}{}", set.results, set.seal, set.signature)).collect();
        format!("{FROM}{fields}{SUBJECT}\r\n{BODY}")
    };
    let cases = [
        ("one set", sealed(&chain(1, |_| {})), AuthResult::Pass),
        ("three sets", sealed(&chain(3, |_| {})), AuthResult::Pass),
        ("fifty sets", sealed(&chain(50, |_| {})), AuthResult::Pass),
        ("in another order", shuffled(&chain(3, |_| {})), AuthResult::Pass),
        (
            "no time",
            sealed(&chain(2, |set| {
                instead(&mut set.seal, "t=1; ", "");
                instead(&mut set.signature, "t=1; ", "")
            })),
            AuthResult::Pass,
        ),
        (
            "tags nobody knows",
            sealed(&chain(2, |set| {
                set.seal.push_str("; x=y");
                set.signature.push_str("; y9=z")
            })),
            AuthResult::Pass,
        ),
        // RFC 8617 §4.1.2: it has no version, so that one says nothing.
        ("a version", sealed(&chain(1, |set| set.signature.insert_str(0, "v=2; "))), AuthResult::Pass),
        (
            "white space around the instance",
            sealed(&chain(1, |set| instead(&mut set.results, "i=1", "\r\n\ti = 1 "))),
            AuthResult::Pass,
        ),
        (
            "folded",
            sealed(&chain(1, |set| {
                set.seal = set.seal.replace("; ", ";\r\n ");
                set.signature = set.signature.replace(';', " ;\r\n\t")
            })),
            AuthResult::Pass,
        ),
        (
            "names in another case",
            sealed(&chain(1, |_| {})).replace("ARC-Seal:", "arc-SEAL:").replace("ARC-Mess", "Arc-mess"),
            AuthResult::Pass,
        ),
        ("fields of another name", format!("ARC-Other: x\r\n{}", sealed(&chain(1, |_| {}))), AuthResult::Pass),
        // The newest signature is what counts: who passed it on before may have signed another body.
        (
            "an older body",
            {
                let first = {
                    let mut set = Recipe::of(1);
                    instead(&mut set.signature, &body_hash(BODY), &body_hash("Old.\r\n"));
                    set.seal(&[])
                };
                let second = Recipe::of(2).seal(std::slice::from_ref(&first));
                sealed(&[first, second])
            },
            AuthResult::Pass,
        ),
    ];
    assert_results(&cases).await;
}

#[tokio::test]
async fn without_its_fields_there_is_no_chain() {
    let plain = format!("{FROM}{SUBJECT}\r\n{BODY}");
    let cases = [
        ("nothing", plain.clone(), AuthResult::None),
        ("a DKIM signature", mail(&tags()), AuthResult::None),
        ("a field of a longer name", format!("ARC-Seal-Note: x\r\n{plain}"), AuthResult::None),
        ("a field of a shorter name", format!("ARC: i=1\r\n{plain}"), AuthResult::None),
        ("a field in the body", format!("{plain}ARC-Seal: i=1\r\n"), AuthResult::None),
    ];
    assert_results(&cases).await;
}

#[tokio::test]
async fn a_chain_lacks_nothing_and_has_nothing_twice() {
    let good = chain(3, |_| {});
    let mut cases: Vec<(String, String)> = Vec::new();
    for at in 0..3 {
        let without = |change: &dyn Fn(&mut Set)| {
            let mut sets = good.clone();
            change(&mut sets[at]);
            sealed(&sets)
        };
        cases.push((format!("no results of {at}"), without(&|set| set.results.clear())));
        cases.push((format!("no signature of {at}"), without(&|set| set.signature.clear())));
        cases.push((format!("no seal of {at}"), without(&|set| set.seal.clear())));
        cases.push((format!("results of {at} twice"), without(&|set| set.results = set.results.repeat(2))));
        cases.push((format!("signature of {at} twice"), without(&|set| set.signature = set.signature.repeat(2))));
        cases.push((format!("seal of {at} twice"), without(&|set| set.seal = set.seal.repeat(2))));
        cases.push((format!("set {at} twice"), {
            let mut sets = good.clone();
            sets.push(good[at].clone());
            sealed(&sets)
        }));
        cases.push((format!("one field alone of {at}"), format!("{}{FROM}\r\n{BODY}", good[at].seal)));
        cases.push((format!("another field alone of {at}"), format!("{}{FROM}\r\n{BODY}", good[at].signature)));
        cases.push((format!("results alone of {at}"), format!("{}{FROM}\r\n{BODY}", good[at].results)));
    }
    cases.push(("the first set missing".to_owned(), sealed(&good[1..])));
    cases.push(("a set in the middle missing".to_owned(), sealed(&[good[0].clone(), good[2].clone()])));
    let gap = Recipe::of(3).seal(&good[..1]);
    cases.push(("a gap that is sealed".to_owned(), sealed(&[good[0].clone(), gap])));
    let cases: Vec<_> = cases.iter().map(|(case, mail)| (case.as_str(), mail.clone(), AuthResult::Fail)).collect();
    assert_results(&cases).await;
}

#[tokio::test]
async fn taking_away_the_newest_sets_leaves_an_older_chain() {
    // Nobody can tell (RFC 8617 §5.2 sees what is there): the rest is whole, over the same mail.
    let good = chain(3, |_| {});
    assert_results(&[("two of three", sealed(&good[..2]), AuthResult::Pass)]).await;
}

#[tokio::test]
async fn a_chain_has_at_most_fifty_sets() {
    let cases = [("fifty-one sets", sealed(&chain(51, |_| {})), AuthResult::Fail)];
    assert_results(&cases).await;
}

#[tokio::test]
async fn every_field_says_which_set_it_belongs_to() {
    let mut cases = Vec::new();
    for wrong in ["i=2", "i=0", "i=51", "i=001", "i=-1", "i=x", "i=", "i=1 1", "I=1", "j=1", "i=1; i=1"] {
        cases.push((format!("results: {wrong}"), sealed(&chain(1, |set| instead(&mut set.results, "i=1", wrong)))));
        cases.push((format!("signature: {wrong}"), sealed(&chain(1, |set| instead(&mut set.signature, "i=1", wrong)))));
        cases.push((format!("seal: {wrong}"), sealed(&chain(1, |set| instead(&mut set.seal, "i=1", wrong)))));
    }
    // What follows the instance of results is theirs, not tags.
    cases.retain(|(case, _)| case != "results: i=1; i=1");
    cases.push((
        "results: not first".to_owned(),
        sealed(&chain(1, |set| instead(&mut set.results, "i=1; list.test", "list.test; i=1"))),
    ));
    cases.push(("results: no semicolon".to_owned(), sealed(&chain(1, |set| instead(&mut set.results, "i=1;", "i=1")))));
    let cases: Vec<_> = cases.iter().map(|(case, mail)| (case.as_str(), mail.clone(), AuthResult::Fail)).collect();
    assert_results(&cases).await;
}

#[tokio::test]
async fn seals_say_that_the_chain_was_whole() {
    let mut cases = Vec::new();
    for (sets, right) in [(1, "cv=none"), (2, "cv=pass")] {
        for wrong in ["cv=none", "cv=pass", "cv=fail", "cv=", "cv=passed", "cv=pa ss", "CV=pass", "cv=pass; cv=pass"] {
            if wrong != right {
                let mail = sealed(&chain(sets, |set| instead(&mut set.seal, right, wrong)));
                cases.push((format!("{wrong} in set {sets}"), mail));
            }
        }
        let mail = sealed(&chain(sets, |set| instead(&mut set.seal, &format!("{right}; "), "")));
        cases.push((format!("none in set {sets}"), mail));
    }
    let cases: Vec<_> = cases.iter().map(|(case, mail)| (case.as_str(), mail.clone(), AuthResult::Fail)).collect();
    assert_results(&cases).await;
}

#[tokio::test]
async fn fields_of_a_chain_are_tag_lists_as_defined() {
    let mut cases = Vec::new();
    let both = [
        ("a=ed25519-sha256", "a=rsa-sha1"),
        ("a=ed25519-sha256", "a=rsa-md5"),
        ("a=ed25519-sha256", "a="),
        ("a=ed25519-sha256; ", ""),
        ("d=list.test", "d="),
        ("d=list.test", "d=list .test"),
        ("d=list.test", "D=list.test"),
        ("d=list.test", "d=list.test; d=list.test"),
        ("s=sel", "s="),
        ("s=sel", "s=s el"),
        ("t=1", "t="),
        ("t=1", "t=now"),
        ("t=1", "t=1 2"),
        ("t=1;", "t=1;;"),
        ("t=1;", "t=1; _=x;"),
    ];
    for (of, by) in both {
        cases.push((format!("signature: {by} for {of}"), sealed(&chain(2, |set| instead(&mut set.signature, of, by)))));
        cases.push((format!("seal: {by} for {of}"), sealed(&chain(2, |set| instead(&mut set.seal, of, by)))));
    }
    let signature = [
        ("c=relaxed/relaxed", "c="),
        ("c=relaxed/relaxed", "c=other"),
        // simple/simple, which this one is not (RFC 6376 §3.5).
        ("c=relaxed/relaxed; ", ""),
        ("h=from:subject", "h="),
        ("h=from:subject", "h=subject"),
        ("h=from:subject", "h=from:subject:arc-seal"),
        ("h=from:subject; ", ""),
        ("; bh=", "; xx="),
        ("; bh=", "; bh=*"),
        ("t=1", "t=1; l=8"),
        ("t=1", "t=1; x=2"),
    ];
    for (of, by) in signature {
        cases.push((format!("signature: {by} for {of}"), sealed(&chain(2, |set| instead(&mut set.signature, of, by)))));
    }
    for more in ["; h=from", "; h="] {
        cases.push((format!("seal: {more}"), sealed(&chain(2, |set| set.seal.push_str(more)))));
    }
    let cases: Vec<_> = cases.iter().map(|(case, mail)| (case.as_str(), mail.clone(), AuthResult::Fail)).collect();
    assert_results(&cases).await;
}

#[tokio::test]
async fn what_is_sealed_can_t_be_changed() {
    let good = sealed(&chain(2, |_| {}));
    let change = |of: &str, by: &str| {
        assert!(good.contains(of), "{of}");
        good.replacen(of, by, 1)
    };
    let cases = [
        ("the body", change(BODY, "Hullo.\r\n"), AuthResult::Fail),
        ("a covered field", change(SUBJECT, "Subject: hullo\r\n"), AuthResult::Fail),
        ("results of the first set", change("i=1; list.test; spf=pass", "i=1; list.test; spf=fail"), AuthResult::Fail),
        ("results of the second set", change("i=2; list.test; spf=pass", "i=2; list.test; spf=fail"), AuthResult::Fail),
        ("the seal's signature", change("b=", "b=AAAA"), AuthResult::Fail),
        ("no Base64", change("b=", "b=*"), AuthResult::Fail),
        (
            "a covered field with white space behind its name",
            change(SUBJECT, &format!("From : x@y.test\r\n{SUBJECT}")),
            AuthResult::Fail,
        ),
        (
            "white space that says nothing",
            change("i=1; list.test; spf=pass", "i=1;  list.test;\r\n\tspf=pass"),
            AuthResult::Pass,
        ),
    ];
    assert_results(&cases).await;
}

#[tokio::test]
async fn keys_of_a_chain_have_to_be_for_mail_as_well() {
    let mail = sealed(&chain(1, |_| {}));
    for (tags, expected) in
        [("s=email; ", AuthResult::Pass), ("s=tlsrpt; ", AuthResult::Fail), ("h=sha1; ", AuthResult::Fail)]
    {
        let zone = Zone::default().txt("sel._domainkey.list.test", &record(&format!("v=DKIM1; k=ed25519; {tags}")));
        let results = verify(zone, "", &mail).await;
        assert_eq!(results.arc, expected, "{tags}: {:?}", results.detail);
    }
    let silent = Zone::default().failing("sel._domainkey.list.test");
    assert_eq!(verify(silent, "", &mail).await.arc, AuthResult::TempError);
    // What is no chain stays none, whatever DNS says.
    let broken = mail.replace("cv=none", "cv=none; h=from");
    let silent = Zone::default().failing("sel._domainkey.list.test");
    assert_eq!(verify(silent, "", &broken).await.arc, AuthResult::Fail);
}

#[tokio::test]
async fn what_the_library_can_t_read_breaks_a_chain_that_is_whole() {
    // docs/AUTHENTICATION.md says so; where one of these passes one day, it has to go from there.
    let commented = sealed(&chain(1, |set| instead(&mut set.results, "i=1", "i=1 (the first)")));
    let cases = [
        ("a comment behind the instance", commented, AuthResult::Fail),
        (
            "a field that begins like a seal",
            format!("ARC-Seal-Note: x\r\n{}", sealed(&chain(1, |_| {}))),
            AuthResult::Fail,
        ),
    ];
    assert_results(&cases).await;
}
