//! The client against a scripted smarthost: what is said, what is made of the answers, and how connections are used.

mod connections;
mod dane;
mod exchangers;
mod host;
mod signed_zone;
mod steps;
mod transactions;

use bytes::Bytes;
use engine::ports::{DeliveryResult, OutboundMail, RecipientOutcome, Smarthost, SmtpAuth, Transport as _};
use model::channel::TransportSecurity;

use super::*;
use host::Host;

const RAW: &str = "Subject: x\r\n\r\nHello\r\n.dot\r\n";

fn transport(config: SmtpOutConfig) -> SmtpTransport {
    SmtpTransport::new(Guard::new(true), SmtpOutConfig { hello_name: "post.example.org".to_owned(), ..config }).unwrap()
}

fn trusting(host: &Host) -> SmtpOutConfig {
    let trust = TlsTrust { extra_roots_pem: Some(host.certificate_pem.clone()), ..TlsTrust::default() };
    SmtpOutConfig { trust, ..SmtpOutConfig::default() }
}

fn smarthost(host: &Host, security: TransportSecurity) -> Smarthost {
    Smarthost { host: "127.0.0.1".to_owned(), port: host.port, security, auth: None }
}

fn signed_in(host: &Host, security: TransportSecurity) -> Smarthost {
    let auth = SmtpAuth::Password { username: "user".to_owned(), password: "geheim".into() };
    Smarthost { auth: Some(auth), ..smarthost(host, security) }
}

fn mail(recipients: &[&str]) -> OutboundMail {
    OutboundMail {
        mail_from: "bounce@example.org".to_owned(),
        recipients: recipients.iter().map(|recipient| (*recipient).to_owned()).collect(),
        raw: Bytes::from_static(RAW.as_bytes()),
        envelope_id: None,
    }
}

fn results(outcomes: &[RecipientOutcome]) -> Vec<(DeliveryResult, &str)> {
    outcomes.iter().map(|outcome| (outcome.result, outcome.response.as_str())).collect()
}

async fn send(transport: &SmtpTransport, to: &Smarthost, mail: OutboundMail) -> RecipientOutcome {
    transport.send(to, mail).await.remove(0)
}
