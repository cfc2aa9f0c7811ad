//! What can go wrong with a mailbox, in words for whoever set it up, with what to do for the usual causes.

use std::io;
use std::time::Duration;

use engine::ports::{MailboxFailure, MailboxFailureKind, MailboxServer};
use model::channel::TransportSecurity;

use super::response::{Condition, Response};
use crate::guard::refusal;

/// TLS from the first byte (RFC 8314).
const PORT_TLS: u16 = 993;
/// How the detail begins of what can't be gone on from.
const NOT_IMAP: &str = "what the server said is no IMAP";

fn failure(kind: MailboxFailureKind, detail: String, hint: Option<&str>) -> MailboxFailure {
    MailboxFailure { kind, detail, code: None, hint: hint.map(str::to_owned) }
}

pub(super) fn connect(error: &io::Error) -> MailboxFailure {
    if let Some(refused) = refusal(error) {
        return failure(MailboxFailureKind::Connect, refused.to_string(), None);
    }
    let hint = if error.to_string().contains("does not resolve") || error.kind() == io::ErrorKind::NotFound {
        "check the spelling of the host"
    } else {
        "check host and port: usual are 993 with tls and 143 with starttls; a firewall may be in between"
    };
    failure(MailboxFailureKind::Connect, format!("no connection: {error}"), Some(hint))
}

pub(super) fn tls(error: &io::Error) -> MailboxFailure {
    let text = error.to_string();
    let hint = if text.contains("corrupt message") || text.contains("InvalidContentType") {
        "the server does not speak TLS first on this port: use starttls, or port 993"
    } else if text.contains("NotValidForName") {
        "the certificate is for another name: enter the host by the name it is for"
    } else {
        "the server's certificate can't be trusted: whoever runs it must mend it, or give it to Postroom as an additional root"
    };
    failure(MailboxFailureKind::Tls, format!("TLS failed: {text}"), Some(hint))
}

pub(super) fn plain(kind: MailboxFailureKind, detail: &str, hint: Option<&str>) -> MailboxFailure {
    failure(kind, detail.to_owned(), hint)
}

pub(super) fn lost(error: &io::Error) -> MailboxFailure {
    failure(MailboxFailureKind::Lost, format!("the connection broke: {error}"), None)
}

pub(super) fn timeout(limit: Duration) -> MailboxFailure {
    failure(MailboxFailureKind::Timeout, format!("the server did not answer within {} s", limit.as_secs()), None)
}

pub(super) fn malformed(what: &str) -> MailboxFailure {
    let hint = "is this an IMAP server, and the right port?";
    failure(MailboxFailureKind::Protocol, format!("{NOT_IMAP}: {what}"), Some(hint))
}

/// Nothing that follows would be understood: no answer of the server's, but one that can't be read.
pub(super) fn is_malformed(failure: &MailboxFailure) -> bool {
    failure.kind == MailboxFailureKind::Protocol && failure.detail.starts_with(NOT_IMAP)
}

/// NO or BAD to this one command; the connection goes on.
pub(super) fn is_refusal(failure: &MailboxFailure) -> bool {
    matches!(failure.kind, MailboxFailureKind::Refused | MailboxFailureKind::Protocol) && !is_malformed(failure)
}

/// No greeting came, or none of IMAP: mostly the wrong port, or the wrong kind of it.
pub(super) fn greeting(mut failure: MailboxFailure, to: &MailboxServer) -> MailboxFailure {
    let hint = match to.security {
        TransportSecurity::Tls => "is this the TLS port of IMAP? Usual is 993; 143 goes with starttls",
        _ if to.port == PORT_TLS => "port 993 begins with TLS: set the security to tls",
        _ => "is this an IMAP port? 143 goes with starttls; one that begins with TLS, usually 993, with tls",
    };
    failure.hint = Some(hint.to_owned());
    failure
}

/// BYE instead of a greeting.
pub(super) fn unwelcome(mut failure: MailboxFailure) -> MailboxFailure {
    failure.hint =
        Some("the server is busy, limits connections, or does not serve this network: try again later".to_owned());
    failure
}

/// The server can't just now (RFC 5530 §3); asked again it may.
pub(super) fn is_passing(failure: &MailboxFailure) -> bool {
    const CODES: [&str; 4] = ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"];
    const WORDS: [&str; 8] = [
        "temporar",
        "try again later",
        "too many",
        "server unavailable",
        "service unavailable",
        "server busy",
        "internal error",
        "rate limit",
    ];
    match failure.code.as_deref() {
        Some("AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" | "PRIVACYREQUIRED") => false,
        Some(code) if CODES.contains(&code) => true,
        _ => {
            let lower = failure.detail.to_lowercase();
            WORDS.iter().any(|words| lower.contains(words))
        }
    }
}

/// NO, BAD or BYE in answer to a command.
pub(super) fn refused(response: &Response) -> MailboxFailure {
    let Response::Status { condition, code, text, .. } = response else {
        return malformed("an answer of another kind");
    };
    let kind = match condition {
        Condition::Bad => MailboxFailureKind::Protocol,
        Condition::Bye => MailboxFailureKind::Lost,
        _ => MailboxFailureKind::Refused,
    };
    let detail = if text.is_empty() { "the server refused without a word".to_owned() } else { text.clone() };
    MailboxFailure { kind, detail, code: code.as_ref().map(|(name, _)| name.clone()), hint: None }
}

/// A sign-in that was refused, and the usual causes (the words of big providers, by which they are told). One that can't be decided
/// at the moment stays a refusal: nobody is to be told that their password is wrong.
pub(super) fn sign_in(mut failure: MailboxFailure) -> MailboxFailure {
    const APP_PASSWORD: &str = "use an app password: the account's own one does not work for programs";
    const SWITCHED_OFF: &str = "switch IMAP on in the settings of the mailbox";
    const WEB: &str = "sign in on the web once, then use an app password";
    const OAUTH: &str = "the provider takes no passwords any more: connect the mailbox by OAuth 2";
    const HINTS: &[(&str, &str)] = &[
        ("application-specific password", APP_PASSWORD),
        ("application password", APP_PASSWORD),
        ("app password", APP_PASSWORD),
        ("app-specific", APP_PASSWORD),
        ("authorization code", APP_PASSWORD),
        ("imap access is disabled", SWITCHED_OFF),
        ("imap is disabled", SWITCHED_OFF),
        ("imap disabled", SWITCHED_OFF),
        ("enable imap", SWITCHED_OFF),
        ("enabled for imap", SWITCHED_OFF),
        ("imap not enabled", SWITCHED_OFF),
        ("service is not open", SWITCHED_OFF),
        ("does not have access rights to this service", SWITCHED_OFF),
        ("web login required", WEB),
        ("log in via your web browser", WEB),
        ("basicauthblocked", OAUTH),
        ("basic authentication is disabled", OAUTH),
        ("disabled plaintext", "the server wants encryption first: use starttls or tls"),
        ("plaintext authentication disallowed", "the server wants encryption first: use starttls or tls"),
    ];
    if !is_refusal(&failure) {
        return failure;
    }
    if is_passing(&failure) {
        failure.kind = MailboxFailureKind::Refused;
        failure.hint = Some("signing in is not possible at the moment; it is tried again".to_owned());
        return failure;
    }
    let lower = failure.detail.to_lowercase();
    let known = HINTS.iter().find(|(words, _)| lower.contains(words)).map(|(_, hint)| *hint);
    let usual = match failure.code.as_deref() {
        Some("PRIVACYREQUIRED") => "the server wants encryption first: use starttls or tls",
        Some("EXPIRED") => "the password has expired: set a new one with the provider",
        _ => "check user name and password; with two-step sign-in an app password is needed",
    };
    failure.kind = MailboxFailureKind::SignIn;
    failure.hint = Some(known.unwrap_or(usual).to_owned());
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: Option<&str>, text: &str) -> MailboxFailure {
        refused(&Response::Status {
            tag: Some("a1".to_owned()),
            condition: Condition::No,
            code: code.map(|code| (code.to_owned(), String::new())),
            text: text.to_owned(),
        })
    }

    #[test]
    fn a_refused_password_is_told_from_a_server_that_can_not_say() {
        use MailboxFailureKind::{Refused, SignIn};
        for (code, text, kind, hint) in [
            (Some("ALERT"), "Application-specific password required: https://…", SignIn, "app password"),
            (Some("AUTHENTICATIONFAILED"), "Authentication failed, try again later.", SignIn, "user name and password"),
            (Some("ALERT"), "Your account is not enabled for IMAP use.", SignIn, "switch IMAP on"),
            (None, "Application password is REQUIRED", SignIn, "app password"),
            (None, "LOGIN failed. BasicAuthBlocked", SignIn, "OAuth 2"),
            (Some("PRIVACYREQUIRED"), "no", SignIn, "encryption"),
            (Some("UNAVAILABLE"), "User database is away", Refused, "at the moment"),
            (None, "Server Unavailable. 15", Refused, "at the moment"),
            (Some("ALERT"), "Too many simultaneous connections. (Failure)", Refused, "at the moment"),
        ] {
            let failure = sign_in(answered(code, text));
            assert_eq!(failure.kind, kind, "{text}");
            assert!(failure.hint.as_deref().unwrap_or_default().contains(hint), "{failure:?}");
        }
        assert_eq!(sign_in(malformed("x")), malformed("x"));
        assert_eq!(sign_in(lost(&io::ErrorKind::UnexpectedEof.into())).kind, MailboxFailureKind::Lost);
    }
}
