//! What to do about a connection that failed, for the usual causes. Pure.

use std::io;

use engine::ports::Smarthost;
use model::channel::TransportSecurity;
use rustls::CertificateError;

use super::auth::AuthError;
use super::classify::Stage;
use super::failure::{Cause, SmtpFailure, tls_error};
use super::reply::Reply;

/// Submission with TLS from the first byte (RFC 8314).
const PORT_TLS: u16 = 465;
/// Between servers; many networks block it.
const PORT_RELAY: u16 = 25;

const SELF_SIGNED: &str = "the certificate is self-signed or from a private authority: \
    give that certificate to Postroom as an additional root, or get a public one";

pub(super) fn hint(to: &Smarthost, failure: &SmtpFailure) -> Option<String> {
    let text = match &failure.cause {
        // The guard says itself what would be right.
        Cause::Refused(_) | Cause::BytesBeforeTls => return None,
        Cause::Connect(error) => connect(to, error),
        Cause::Tls(error) => tls(to, error),
        Cause::BadServerName => "enter the host as a name such as smtp.example.com".to_owned(),
        Cause::StartTlsNotOffered => "use port 465 with security tls if the server has it; \
             choose none only on a network you trust, since the password would travel readable"
            .to_owned(),
        Cause::Auth(AuthError::NotOffered) => match to.security {
            TransportSecurity::None => {
                "many servers offer authentication inside TLS only: use starttls or tls".to_owned()
            }
            _ => "this port may be for other servers only: use 587 or 465, or leave out the user name".to_owned(),
        },
        Cause::Auth(_) => {
            "the server wants another way to sign in; an app password may make PLAIN or LOGIN work".to_owned()
        }
        Cause::Answer(reply, _) => return answer(failure.stage, reply),
        Cause::NotSmtp(_) | Cause::Lost(_) | Cause::TimedOut(_) => return silence(to, failure),
        Cause::AllBusy => return None,
    };
    Some(text)
}

/// For a connection that was meant to be in clear.
pub(super) fn unencrypted(starttls_offered: bool) -> Option<String> {
    let text = if starttls_offered {
        "the server offers STARTTLS: set the security to starttls"
    } else {
        "mail and password travel readable: use this on a network you trust only"
    };
    Some(text.to_owned())
}

fn connect(to: &Smarthost, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "check the spelling of the host".to_owned(),
        _ if error.to_string().contains("does not resolve") => "check the spelling of the host".to_owned(),
        _ if to.port == PORT_RELAY => "many networks block port 25: use 587 with starttls or 465 with tls".to_owned(),
        _ => "check host and port: usual are 587 with starttls, 465 with tls; a firewall may be in between".to_owned(),
    }
}

fn tls(to: &Smarthost, error: &io::Error) -> String {
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(certificate)) => match certificate {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("the certificate is for another name than {}: enter the host by the name it is for", to.host)
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => SELF_SIGNED.to_owned(),
            // What `openssl req -x509` makes calls itself an authority.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => SELF_SIGNED.to_owned(),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired: its owner must renew it".to_owned()
            }
            _ => "the server's certificate can't be trusted; whoever runs it must mend it".to_owned(),
        },
        // Not the beginning of a TLS record: the server speaks first, in clear.
        Some(rustls::Error::InvalidMessage(_)) if to.security == TransportSecurity::Tls => {
            "this port begins in clear: use starttls (usual on 587), or port 465 with tls".to_owned()
        }
        Some(rustls::Error::PeerIncompatible(_) | rustls::Error::AlertReceived(_)) => {
            "the server does not speak TLS 1.2 or newer, or none of its ciphers is safe; it needs an update".to_owned()
        }
        _ if to.security == TransportSecurity::Tls => {
            "is this the TLS port? Usual is 465; 587 goes with starttls".to_owned()
        }
        _ => "the server broke off the TLS handshake; try again, or use port 465 with tls".to_owned(),
    }
}

/// A server that says nothing, or nothing like SMTP, before TLS waits for TLS.
fn silence(to: &Smarthost, failure: &SmtpFailure) -> Option<String> {
    if failure.stage == Stage::StartTls || to.security == TransportSecurity::Tls {
        return Some("is this the TLS port? Usual is 465; 587 goes with starttls".to_owned());
    }
    let early = matches!(failure.stage, Stage::Greeting | Stage::Hello);
    (early && to.port == PORT_TLS).then(|| "port 465 begins with TLS: set the security to tls".to_owned()).or_else(
        || {
            early.then(|| {
                "is this an SMTP port? 587 goes with starttls; one that begins with TLS, usually 465, with tls"
                    .to_owned()
            })
        },
    )
}

fn answer(stage: Stage, reply: &Reply) -> Option<String> {
    let words = reply.lines.join(" ").to_lowercase();
    let enhanced = reply.enhanced.map(|enhanced| (enhanced.subject, enhanced.detail));
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let text = match stage {
        Stage::Greeting if reply.is_transient() => "the server is busy or limits connections; try again later",
        Stage::Greeting => "the server takes no mail from this network: use the provider's submission port, 587 or 465",
        Stage::Hello => "the server did not like our name: set Postroom's host name to one that resolves",
        Stage::Auth if reply.is_transient() => "signing in is not possible at the moment; try again later",
        // Microsoft's words and codes.
        Stage::Auth if says(&["smtpclientauthentication is disabled", "basic authentication is disabled"]) => {
            "the provider has switched off passwords for SMTP: allow authenticated SMTP for this mailbox, or use OAuth"
        }
        Stage::Auth
            if reply.code == 534 || enhanced == Some((7, 9)) || says(&["app password", "application-specific"]) =>
        {
            "use an app password"
        }
        Stage::Auth if reply.code == 535 => {
            "check user name (often the whole address) and password; where two-step sign-in is on, use an app password"
        }
        Stage::Auth if matches!(reply.code, 530 | 538) => "the server wants TLS before a password: use starttls or tls",
        Stage::StartTls => "TLS is not available on the server at the moment; try again, or use port 465 with tls",
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::reply::ReplyParser;
    use super::*;

    fn smarthost(port: u16, security: TransportSecurity) -> Smarthost {
        Smarthost { host: "smtp.example.org".to_owned(), port, security, auth: None }
    }

    fn answered(stage: Stage, text: &str) -> SmtpFailure {
        let mut parser = ReplyParser::default();
        parser.feed(format!("{text}\r\n").as_bytes());
        SmtpFailure::new(stage, Cause::Answer(parser.next_reply().unwrap().unwrap(), None))
    }

    fn tls(error: rustls::Error) -> SmtpFailure {
        SmtpFailure::new(Stage::StartTls, Cause::Tls(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    #[test]
    fn the_usual_causes_have_a_hint() {
        use TransportSecurity::{None, Starttls, Tls};
        let lost = || SmtpFailure::new(Stage::Greeting, Cause::Lost(io::ErrorKind::UnexpectedEof.into()));
        let refused = || SmtpFailure::connect(io::ErrorKind::ConnectionRefused.into());
        let certificate = |error| tls(rustls::Error::InvalidCertificate(error));
        let cases = [
            (587, Starttls, answered(Stage::Auth, "535 5.7.8 Bad credentials"), "app password"),
            (
                587,
                Starttls,
                answered(Stage::Auth, "534-5.7.9 Application-specific password\r\n534 5.7.9 x"),
                "app password",
            ),
            (587, Starttls, answered(Stage::Auth, "535 5.7.139 SmtpClientAuthentication is disabled"), "OAuth"),
            (587, None, answered(Stage::Auth, "538 encryption required"), "starttls or tls"),
            (587, None, SmtpFailure::new(Stage::Auth, Cause::Auth(AuthError::NotOffered)), "inside TLS"),
            (25, Starttls, refused(), "block port 25"),
            (587, Starttls, refused(), "check host and port"),
            (587, Starttls, SmtpFailure::connect(io::ErrorKind::NotFound.into()), "spelling"),
            (465, Starttls, lost(), "set the security to tls"),
            (80, Starttls, lost(), "is this an SMTP port"),
            (
                587,
                Tls,
                tls(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)),
                "begins in clear",
            ),
            (587, Starttls, SmtpFailure::new(Stage::StartTls, Cause::StartTlsNotOffered), "465"),
            (587, Starttls, certificate(CertificateError::UnknownIssuer), "self-signed"),
            (587, Starttls, certificate(CertificateError::NotValidForName), "another name than smtp.example.org"),
            (587, Starttls, certificate(CertificateError::Expired), "expired"),
            (25, Starttls, answered(Stage::Greeting, "554 no"), "submission port"),
        ];
        for (port, security, failure, expected) in cases {
            let hint = hint(&smarthost(port, security), &failure).unwrap_or_default();
            assert!(hint.contains(expected), "{failure} on {port}: {hint}");
        }
    }
}
