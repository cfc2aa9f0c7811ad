//! Mail to mail exchangers: a name server of our own, and scripted hosts at several addresses of this machine.

use std::sync::Mutex;

use DeliveryResult::{Bounced, Deferred, Delivered, Infrastructure};

use super::host::{Does, says, willing, willing_at};
use super::*;
use crate::auth::tests::zone::{NameServer, Zone};
use crate::dns::DnsConfig;

/// What a host does about a line, if it is not the usual.
type OfLine = fn(&str) -> Option<Does>;
type Answer = fn() -> Does;

const DOMAIN: &str = "example.test";

/// `first` (10) and `second` (20) take the domain's mail, at 127.0.0.1 and 127.0.0.2.
fn two() -> Zone {
    Zone::default()
        .mx(DOMAIN, 20, "mx2.test")
        .mx(DOMAIN, 10, "mx1.test")
        .a("mx1.test", "127.0.0.1")
        .a("mx2.test", "127.0.0.2")
}

fn direct(server: &NameServer, port: u16, config: SmtpOutConfig) -> SmtpTransport {
    let dns = DnsConfig { server: Some(server.address), ..DnsConfig::default() };
    let hello_name = "post.example.org".to_owned();
    let config = SmtpOutConfig { hello_name, dns: dns.clone(), mx_port: port, ..config };
    SmtpTransport::new(Guard::with_dns(true, &dns).unwrap(), config).unwrap()
}

/// The first host has a script of its own; the second takes everything, at the same port.
async fn pair(script: impl Fn(usize, &str) -> Option<Does> + Send + Sync + 'static) -> (Host, Host) {
    let first = willing(&["PIPELINING"], script).await;
    let second = willing_at(&format!("127.0.0.2:{}", first.port), &[], |_, _| None).await;
    (first, second)
}

async fn to_mx(transport: &SmtpTransport, recipients: &[&str]) -> Vec<RecipientOutcome> {
    transport.send_to_mx(DOMAIN, mail(recipients)).await
}

#[tokio::test]
async fn the_preferred_exchanger_gets_the_mail_and_keeps_its_connection() {
    let (first, second) = pair(|_, _| None).await;
    let server = two().serve().await;
    let transport = direct(&server, first.port, SmtpOutConfig::default());
    for _ in 0..2 {
        let outcomes = to_mx(&transport, &["a@example.test", "b@example.test"]).await;
        for outcome in outcomes {
            assert_eq!((outcome.result, outcome.host.as_deref()), (Delivered, Some("mx1.test")));
            assert_eq!((outcome.address.as_deref(), outcome.tls), (Some("127.0.0.1"), false));
            assert!(outcome.tried_before.is_empty());
        }
    }
    assert_eq!((first.count("CONNECT"), first.count("DATA"), first.count("RCPT")), (1, 2, 4));
    assert_eq!(second.count("CONNECT"), 0);
}

#[tokio::test]
async fn who_refuses_for_now_or_is_not_there_is_followed_by_the_next() {
    let refusals: [(&str, OfLine); 8] = [
        ("greeting 4xx", |line| (line == "CONNECT").then(|| Does::Last("421 4.3.2 busy".to_owned()))),
        ("greeting 5xx", |line| (line == "CONNECT").then(|| Does::Last("554 5.7.1 go away".to_owned()))),
        ("closes at once", |line| (line == "CONNECT").then_some(Does::Close)),
        ("no SMTP", |line| (line == "CONNECT").then(|| says("HTTP/1.1 400 Bad Request"))),
        ("MAIL 4xx", |line| line.starts_with("MAIL").then(|| says("451 4.7.1 later"))),
        ("RCPT 4xx", |line| line.starts_with("RCPT").then(|| says("450 4.2.1 greylisted"))),
        ("DATA 4xx", |line| (line == "DATA").then(|| says("451 4.3.0 no room"))),
        ("closes at RCPT", |line| line.starts_with("RCPT").then_some(Does::Close)),
    ];
    for (what, refusal) in refusals {
        let (first, second) = pair(move |_, line| refusal(line)).await;
        let server = two().serve().await;
        let outcome =
            to_mx(&direct(&server, first.port, SmtpOutConfig::default()), &["a@example.test"]).await.remove(0);
        assert_eq!((outcome.result, outcome.host.as_deref()), (Delivered, Some("mx2.test")), "{what}: {outcome:?}");
        let before = &outcome.tried_before;
        assert_eq!((before.len(), before[0].host.as_str()), (1, "mx1.test"), "{what}");
        assert_eq!((first.count("<mail>"), second.count("<mail>")), (0, 1), "{what}");
    }
}

#[tokio::test]
async fn an_exchanger_that_is_down_is_passed_over() {
    let only_second = willing_at("127.0.0.2:0", &[], |_, _| None).await;
    let server = two().serve().await;
    let outcome =
        to_mx(&direct(&server, only_second.port, SmtpOutConfig::default()), &["a@example.test"]).await.remove(0);
    assert_eq!((outcome.result, outcome.host.as_deref()), (Delivered, Some("mx2.test")), "{outcome:?}");
    assert!(outcome.tried_before[0].response.starts_with("could not connect"), "{outcome:?}");
}

#[tokio::test]
async fn a_refusal_of_a_recipient_is_final_and_others_go_on() {
    let (first, second) = pair(|_, line| match line {
        "RCPT TO:<gone@example.test>" => Some(says("550 5.1.1 no such user")),
        "RCPT TO:<busy@example.test>" => Some(says("450 4.2.1 busy")),
        _ => None,
    })
    .await;
    let server = two().serve().await;
    let transport = direct(&server, first.port, SmtpOutConfig::default());
    let outcomes = to_mx(&transport, &["gone@example.test", "busy@example.test", "good@example.test"]).await;
    let found: Vec<_> = outcomes.iter().map(|o| (o.recipient.as_str(), o.result, o.host.as_deref().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("gone@example.test", Bounced, "mx1.test"),
            ("busy@example.test", Delivered, "mx2.test"),
            ("good@example.test", Delivered, "mx1.test"),
        ]
    );
    let rcpt: Vec<_> = second.heard().into_iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(rcpt, ["RCPT TO:<busy@example.test>"], "nobody else is sent twice");
}

#[tokio::test]
async fn a_mail_that_was_begun_goes_to_no_other_host() {
    let answers: [(&str, Answer, DeliveryResult); 3] = [
        ("4xx to the mail", || says("451 4.3.0 later"), Deferred),
        ("no answer to the final dot", || Does::Close, Deferred),
        ("5xx to the mail", || says("554 5.6.0 malformed"), Bounced),
    ];
    for (what, answer, expected) in answers {
        let (first, second) = pair(move |_, line| (line == "<mail>").then(answer)).await;
        let server = two().serve().await;
        let outcome =
            to_mx(&direct(&server, first.port, SmtpOutConfig::default()), &["a@example.test"]).await.remove(0);
        assert_eq!((outcome.result, outcome.host.as_deref()), (expected, Some("mx1.test")), "{what}: {outcome:?}");
        assert_eq!((first.count("<mail>"), second.count("CONNECT")), (1, 0), "{what}");
    }
}

#[tokio::test]
async fn what_dns_says_decides_before_anybody_is_asked() {
    let host = willing(&[], |_, _| None).await;
    let zone = Zone::default()
        .mx("null.test", 0, ".")
        .a("implicit.test", "127.0.0.1")
        .cname("alias.test", "implicit.test")
        .mx("to-alias.test", 10, "alias.test")
        .txt("no-address.test", "x")
        .mx("nowhere.test", 10, "no-address.test")
        .mx("loop.test", 10, "post.example.org")
        .mx("loop.test", 20, "implicit.test")
        .mx("backup.test", 10, "implicit.test")
        .mx("backup.test", 20, "post.example.org")
        .mx("metadata.test", 10, "cloud.test")
        .a("cloud.test", "169.254.169.254")
        .failing("broken.test");
    let server = zone.serve().await;
    let transport = direct(&server, host.port, SmtpOutConfig::default());
    for (domain, result, text) in [
        ("null.test", Bounced, "5.1.10"),
        ("unknown.test", Bounced, "5.1.2"),
        ("broken.test", Deferred, "4.4.3"),
        ("no-address.test", Bounced, "5.4.4"),
        ("nowhere.test", Bounced, "5.4.4"),
        ("loop.test", Bounced, "5.4.6"),
        ("metadata.test", Infrastructure, "4.4.4"),
        ("[127.0.0.1]", Bounced, "5.1.2"),
        ("implicit.test", Delivered, "250"),
        ("to-alias.test", Delivered, "250"),
        ("backup.test", Delivered, "250"),
    ] {
        let outcome = transport.send_to_mx(domain, mail(&["a@x"])).await.remove(0);
        assert_eq!(outcome.result, result, "{domain}: {outcome:?}");
        assert!(outcome.response.starts_with(text), "{domain}: {}", outcome.response);
    }
    assert_eq!(host.count("<mail>"), 3);
}

#[tokio::test]
async fn private_addresses_are_not_connected_to_unless_that_is_allowed() {
    let (first, _second) = pair(|_, _| None).await;
    let server = two().serve().await;
    let dns = DnsConfig { server: Some(server.address), ..DnsConfig::default() };
    let config = SmtpOutConfig { dns: dns.clone(), mx_port: first.port, ..SmtpOutConfig::default() };
    let strict = SmtpTransport::new(Guard::with_dns(false, &dns).unwrap(), config).unwrap();
    let outcome = to_mx(&strict, &["a@example.test"]).await.remove(0);
    assert_eq!(outcome.result, Infrastructure);
    assert!(outcome.response.contains("allow_private_networks"), "{}", outcome.response);
    assert_eq!(first.count("CONNECT"), 0);
}

#[tokio::test]
async fn tls_is_used_where_it_is_offered_and_done_without_where_it_fails() {
    let host = willing(&["STARTTLS", "SIZE 10000", "DSN"], |_, _| None).await;
    let server = two().serve().await;
    let outcome = to_mx(&direct(&server, host.port, SmtpOutConfig::default()), &["a@example.test"]).await.remove(0);
    assert_eq!((outcome.result, outcome.tls), (Delivered, true), "nobody looks at the certificate: {outcome:?}");
    assert!(outcome.tls_version.unwrap().starts_with("TLS 1.3, TLS13_"));

    // It offers TLS, and can't do it; or says no.
    let breakers: [OfLine; 3] = [
        |line| (line == "STARTTLS").then(|| Does::Last("220 go on".to_owned())),
        |line| (line == "STARTTLS").then(|| says("454 4.7.0 TLS not available")),
        |line| (line == "STARTTLS").then_some(Does::Close),
    ];
    for breaker in breakers {
        let host = willing(&["STARTTLS"], move |_, line| breaker(line)).await;
        let outcome = to_mx(&direct(&server, host.port, SmtpOutConfig::default()), &["a@example.test"]).await.remove(0);
        assert_eq!((outcome.result, outcome.tls), (Delivered, false), "{outcome:?}");
        assert_eq!(host.count("CONNECT"), 2);
    }
}

#[tokio::test]
async fn reports_are_asked_for_in_the_name_of_the_message() {
    let host = willing(&["DSN"], |_, _| None).await;
    let server = two().serve().await;
    let mail = OutboundMail { envelope_id: Some("msg_1".to_owned()), ..mail(&["a@example.test"]) };
    direct(&server, host.port, SmtpOutConfig::default()).send_to_mx(DOMAIN, mail).await;
    let heard = host.heard();
    assert!(heard.contains(&"MAIL FROM:<bounce@example.org> ENVID=msg_1".to_owned()), "{heard:?}");
    let rcpt = "RCPT TO:<a@example.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@example.test";
    assert!(heard.contains(&rcpt.to_owned()), "{heard:?}");
}

/// Serves one file over TLS, whatever is asked for.
pub(super) async fn policy_server(policy: String) -> Host {
    let asked = Mutex::new(String::new());
    super::host::willing_in_tls(&[], move |_, line| {
        if line == "CONNECT" {
            return Some(Does::Nothing);
        }
        asked.lock().unwrap().push_str(line);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{policy}",
            policy.len()
        );
        Some(if line == "<empty>" { Does::Last(answer) } else { Does::Nothing })
    })
    .await
}

#[tokio::test]
async fn a_policy_that_is_enforced_wants_named_hosts_and_their_certificates() {
    use std::fmt::Write as _;
    for (mode, mx, starttls, trusted, expected) in [
        ("enforce", "mx1.test", true, true, (Delivered, true)),
        ("enforce", "mx1.test", true, false, (Deferred, false)),
        ("enforce", "mx1.test", false, true, (Deferred, false)),
        ("enforce", "other.test", true, true, (Deferred, false)),
        ("testing", "mx1.test", true, false, (Delivered, true)),
        ("testing", "mx1.test", false, true, (Delivered, false)),
        ("testing", "other.test", true, false, (Delivered, true)),
        ("none", "other.test", false, false, (Delivered, false)),
    ] {
        let case = format!("{mode} {mx} {starttls} {trusted}");
        let file = format!("version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 86400\r\n");
        let web = policy_server(file).await;
        let capabilities: &'static [&'static str] = if starttls { &["STARTTLS"] } else { &[] };
        let host = willing(capabilities, |_, _| None).await;
        let zone = Zone::default()
            .mx(DOMAIN, 10, "mx1.test")
            .a("mx1.test", "127.0.0.1")
            .a("mta-sts.example.test", "127.0.0.1")
            .txt("_mta-sts.example.test", "v=STSv1; id=1;");
        let server = zone.serve().await;
        let mut roots = web.certificate_pem.clone();
        if trusted {
            roots.write_str(&host.certificate_pem).unwrap();
        }
        let trust = TlsTrust { extra_roots_pem: Some(roots), ..TlsTrust::default() };
        let config = SmtpOutConfig { trust, mta_sts_port: web.port, ..SmtpOutConfig::default() };
        let transport = direct(&server, host.port, config);
        for _ in 0..2 {
            let outcome = to_mx(&transport, &["a@example.test"]).await.remove(0);
            assert_eq!((outcome.result, outcome.tls), expected, "{case}: {outcome:?}");
        }
        assert_eq!(web.count("GET /.well-known/mta-sts.txt"), 1, "{case}: fetched once");
    }
}
