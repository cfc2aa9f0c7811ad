//! AUTH (RFC 4954): PLAIN and LOGIN, any user name, an API key as the password. Owns the words of it; whose key it is, the product says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::ports::SignInError;
use model::key::Principal;
use secrecy::SecretString;

use super::reply::{Refusal, printable, say};
use super::session::{Session, State, Step};

/// What the next line of the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    Plain,
    LoginUser,
    LoginPassword,
}

impl Awaited {
    /// The base64 of nothing, `Username:` and `Password:`.
    const fn challenge(self) -> &'static str {
        match self {
            Self::Plain => "334 ",
            Self::LoginUser => "334 VXNlcm5hbWU6",
            Self::LoginPassword => "334 UGFzc3dvcmQ6",
        }
    }
}

impl Session {
    /// In clear, a key may be said on this machine alone.
    pub(super) fn may_sign_in(&self) -> bool {
        self.config.submission && (self.tls || self.peer.to_canonical().is_loopback())
    }

    pub(super) fn auth(&mut self, mechanism: &str, initial: Option<&str>, out: &mut Vec<u8>) -> Option<Step> {
        if !self.config.submission {
            return self.error(out, "502 5.5.1 there is no signing in here, send by the submission port");
        }
        if !self.helo.as_ref().is_some_and(|helo| helo.extended) {
            return self.error(out, "503 5.5.1 say EHLO first");
        }
        if !self.may_sign_in() {
            return self.error(out, "538 5.7.11 say STARTTLS first, a key must not be read on its way");
        }
        if self.principal.is_some() {
            return self.error(out, "503 5.5.1 you are signed in");
        }
        if self.transaction.is_some() {
            return self.error(out, "503 5.5.1 sign in before MAIL");
        }
        let awaited = if mechanism.eq_ignore_ascii_case("PLAIN") {
            Awaited::Plain
        } else if mechanism.eq_ignore_ascii_case("LOGIN") {
            Awaited::LoginUser
        } else {
            return self.error(out, "504 5.5.4 PLAIN and LOGIN are offered");
        };
        match initial {
            // RFC 4954 §4: `=` is an answer of no bytes.
            Some(initial) => self.auth_line(awaited, initial.trim_matches('='), initial, out),
            None => {
                self.state = State::SigningIn(awaited);
                self.ok(out, awaited.challenge())
            }
        }
    }

    /// A line of the client within AUTH, without its CRLF.
    pub(super) fn auth_answer(&mut self, awaited: Awaited, line: &[u8], out: &mut Vec<u8>) -> Option<Step> {
        self.state = State::Command;
        match std::str::from_utf8(line) {
            Ok("*") => self.error(out, "501 5.7.0 signing in was given up"),
            Ok(text) => self.auth_line(awaited, text, text, out),
            Err(_) => self.error(out, BAD_BASE64),
        }
    }

    fn auth_line(&mut self, awaited: Awaited, bare: &str, text: &str, out: &mut Vec<u8>) -> Option<Step> {
        let text = if bare.is_empty() { "" } else { text };
        let Ok(answer) = STANDARD.decode(text.trim()) else { return self.error(out, BAD_BASE64) };
        match awaited {
            Awaited::LoginUser => {
                self.state = State::SigningIn(Awaited::LoginPassword);
                self.ok(out, Awaited::LoginPassword.challenge())
            }
            Awaited::LoginPassword => self.try_key(&answer, out),
            // authorization NUL authentication NUL password (RFC 4616).
            Awaited::Plain => {
                let parts: Vec<&[u8]> = answer.split(|&byte| byte == 0).collect();
                match parts.as_slice() {
                    [_, _, password] => self.try_key(password, out),
                    _ => self.error(
                        out,
                        "501 5.5.2 PLAIN takes an empty name, a name and a password, with NUL between them",
                    ),
                }
            }
        }
    }

    fn try_key(&mut self, password: &[u8], out: &mut Vec<u8>) -> Option<Step> {
        match std::str::from_utf8(password) {
            Ok(key) if !key.is_empty() => {
                self.state = State::Routing;
                Some(Step::SignIn(SecretString::from(key)))
            }
            _ => self.refuse(out, Refusal::SignIn),
        }
    }

    /// The answer to [`Step::SignIn`]; then step on.
    pub(crate) fn signed_in(&mut self, answer: Result<Principal, SignInError>, out: &mut Vec<u8>) -> Option<Step> {
        self.state = State::Command;
        match answer {
            Ok(principal) => {
                self.principal = Some(principal);
                say(out, "235 2.7.0 signed in");
                None
            }
            Err(SignInError::Refused(why)) => {
                self.refusals.push(Refusal::SignIn);
                self.error(out, &format!("535 5.7.8 {}", printable(&why)))
            }
            Err(SignInError::Unavailable(_)) => {
                self.ok(out, "454 4.7.0 keys can't be looked up at the moment, try again later")
            }
        }
    }
}

const BAD_BASE64: &str = "501 5.5.2 base64 is expected";
