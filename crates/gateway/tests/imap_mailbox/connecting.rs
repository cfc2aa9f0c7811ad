//! TLS, STARTTLS, sign-in and Test Connection against a Dovecot.

use engine::ports::{MailboxDialer as _, MailboxFailureKind, TestStep};
use model::channel::TransportSecurity::{self, Starttls, Tls};
use postroom_gateway::tls_client::TlsTrust;
use servers::PASSWORD;
use servers::dovecot::Dovecot;

use crate::{dialer, server};

fn told(steps: &[TestStep]) -> Vec<(&str, bool)> {
    steps.iter().map(|step| (step.name.as_str(), step.ok)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_encryption_signs_in_and_the_wrong_one_says_what_to_do() {
    let dovecot = Dovecot::start().await;
    let trust = TlsTrust { extra_roots_pem: Some(dovecot.certificate_pem.clone()), ..TlsTrust::default() };
    let knowing = dialer(&trust);
    for (port, security, tls) in [
        (dovecot.tls_port, Tls, "TLS"),
        (dovecot.port, Starttls, "TLS"),
        (dovecot.port, TransportSecurity::None, "not encrypted"),
    ] {
        let server = server(port, security, "ann", PASSWORD);
        knowing.open(&server).await.unwrap().logout().await;
        let steps = knowing.test(&server).await;
        let all = [("imap.connect", true), ("imap.tls", true), ("imap.auth", true), ("imap.list", true)];
        assert_eq!(told(&steps), all, "{steps:?}");
        assert!(steps[1].detail.contains(tls), "{steps:?}");
        assert!(steps[2].detail.contains("PLAIN") && steps[3].detail.contains("4 folders"), "{steps:?}");
    }

    let wrong = server(dovecot.tls_port, Tls, "ann", PASSWORD);
    let steps = dialer(&TlsTrust::default()).test(&wrong).await;
    assert_eq!(told(&steps), [("imap.connect", true), ("imap.tls", false)]);
    assert!(steps[1].hint.as_deref().unwrap().contains("additional root"), "{steps:?}");

    let steps = knowing.test(&server(dovecot.port, Tls, "ann", PASSWORD)).await;
    assert_eq!(told(&steps), [("imap.connect", true), ("imap.tls", false)]);
    assert!(steps[1].hint.as_deref().unwrap().contains("starttls"), "{steps:?}");

    let steps = knowing.test(&server(dovecot.port, Starttls, "ann", "another")).await;
    assert_eq!(told(&steps).last(), Some(&("imap.auth", false)));
    assert!(steps[2].hint.as_deref().unwrap().contains("app password"), "{steps:?}");
    let failure = knowing.open(&server(dovecot.port, Starttls, "ann", "another")).await.err().unwrap();
    assert_eq!((failure.kind, failure.code.as_deref()), (MailboxFailureKind::SignIn, Some("AUTHENTICATIONFAILED")));
}
