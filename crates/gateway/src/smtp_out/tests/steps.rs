use TransportSecurity::{None as Clear, Starttls, Tls};

use super::host::{says, willing, willing_in_tls};
use super::*;

fn names(steps: &[TestStep]) -> Vec<(&str, bool)> {
    steps.iter().map(|step| (step.name.as_str(), step.ok)).collect()
}

#[tokio::test]
async fn a_good_connection_passes_every_step_and_sends_nothing() {
    let clear = willing(&["STARTTLS", "AUTH PLAIN"], |_, _| None).await;
    let tls = willing_in_tls(&["AUTH PLAIN"], |_, _| None).await;
    for (host, security) in [(clear, Starttls), (tls, Tls)] {
        let steps = transport(trusting(&host)).test(&signed_in(&host, security)).await;
        assert_eq!(names(&steps), [("smtp.connect", true), ("smtp.tls", true), ("smtp.auth", true)]);
        assert!(steps[1].detail.starts_with("TLS 1.3, "), "{}", steps[1].detail);
        assert_eq!(steps[2].detail, "235 2.7.0 welcome (PLAIN)");
        assert_eq!((host.count("MAIL"), host.count("QUIT")), (0, 1));
    }
}

#[tokio::test]
async fn the_first_step_that_fails_is_the_last_and_says_what_to_do() {
    let host = willing(&["STARTTLS", "AUTH PLAIN"], |_, line| {
        line.starts_with("AUTH").then(|| says("535 5.7.8 Username and password not accepted"))
    })
    .await;
    let steps = transport(trusting(&host)).test(&signed_in(&host, Starttls)).await;
    assert_eq!(names(&steps), [("smtp.connect", true), ("smtp.tls", true), ("smtp.auth", false)]);
    assert!(steps[2].detail.starts_with("535 5.7.8 Username"), "{}", steps[2].detail);
    assert!(steps[2].hint.as_deref().unwrap().contains("app password"));

    let steps = transport(SmtpOutConfig::default()).test(&signed_in(&host, Starttls)).await;
    assert_eq!(names(&steps), [("smtp.connect", true), ("smtp.tls", false)]);
    assert!(steps[1].hint.as_deref().unwrap().contains("self-signed"));

    let by_name = Smarthost { host: "localhost".to_owned(), ..signed_in(&host, Starttls) };
    let steps = transport(trusting(&host)).test(&by_name).await;
    assert_eq!(names(&steps)[1], ("smtp.tls", true), "the certificate is for localhost, too");
    let zone = Guard::with_names(true, Arc::new(Everywhere));
    let elsewhere = SmtpTransport::new(zone, trusting(&host)).unwrap();
    let by_name = Smarthost { host: "mail.example.org".to_owned(), ..signed_in(&host, Starttls) };
    let steps = elsewhere.test(&by_name).await;
    assert!(steps[1].hint.as_deref().unwrap().contains("another name than mail.example.org"), "{steps:?}");
}

/// Every name is this machine.
struct Everywhere;

#[async_trait]
impl crate::guard::NameLookup for Everywhere {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        Ok(vec![std::net::Ipv4Addr::LOCALHOST.into()])
    }
}

#[tokio::test]
async fn a_port_that_begins_in_clear_is_recognised() {
    let host = willing(&["STARTTLS"], |_, _| None).await;
    let steps = transport(trusting(&host)).test(&smarthost(&host, Tls)).await;
    assert_eq!(names(&steps), [("smtp.connect", true), ("smtp.tls", false)]);
    assert!(steps[1].hint.as_deref().unwrap().contains("begins in clear"), "{steps:?}");
}

#[tokio::test]
async fn without_encryption_the_steps_say_so() {
    let host = willing(&["STARTTLS"], |_, _| None).await;
    let steps = transport(SmtpOutConfig::default()).test(&smarthost(&host, Clear)).await;
    assert_eq!(names(&steps), [("smtp.connect", true), ("smtp.tls", true), ("smtp.auth", true)]);
    assert_eq!(steps[0].detail, "220 host.example.org ESMTP");
    assert_eq!(steps[1].detail, "not encrypted");
    assert!(steps[1].hint.as_deref().unwrap().contains("offers STARTTLS"));
}

#[tokio::test]
async fn what_the_guard_refuses_fails_the_first_step() {
    let host = willing(&[], |_, _| None).await;
    let strict = SmtpTransport::new(Guard::new(false), SmtpOutConfig::default()).unwrap();
    let steps = strict.test(&smarthost(&host, Clear)).await;
    assert_eq!(names(&steps), [("smtp.connect", false)]);
    assert!(steps[0].detail.contains("does not connect there"), "{}", steps[0].detail);
    assert_eq!(host.count("CONNECT"), 0);
}
