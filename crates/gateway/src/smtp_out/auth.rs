//! Signing in (RFC 4954): PLAIN (RFC 4616), LOGIN, OAUTHBEARER (RFC 7628), XOAUTH2. Pure: which mechanism, and what is said in it.
//! Never logs what it builds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::ports::SmtpAuth;
use secrecy::{ExposeSecret as _, SecretString};

use super::capabilities::Capabilities;

/// The lines of one exchange, without line ends.
pub(super) struct Exchange {
    pub mechanism: &'static str,
    /// The AUTH command, with an initial response where the mechanism has one.
    pub command: SecretString,
    /// What is answered to each 334 in turn.
    pub answers: Vec<SecretString>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AuthError {
    #[error("the server offers no authentication here")]
    NotOffered,
    #[error("the server offers {offered} and none of {wanted}")]
    NoCommonMechanism { offered: String, wanted: &'static str },
    #[error("a user name or password with a NUL, CR or LF can't be sent")]
    BadCredentials,
}

pub(super) fn begin(auth: &SmtpAuth, offered: &Capabilities) -> Result<Exchange, AuthError> {
    let none = |wanted| {
        if offered.auth.is_empty() {
            AuthError::NotOffered
        } else {
            AuthError::NoCommonMechanism { offered: offered.auth.join(", "), wanted }
        }
    };
    match auth {
        SmtpAuth::Password { username, password } => {
            check(username)?;
            check(password.expose_secret())?;
            if offered.offers_auth("PLAIN") {
                let response = encode(&format!("\0{username}\0{}", password.expose_secret()));
                Ok(Exchange { mechanism: "PLAIN", command: command("PLAIN", &response), answers: Vec::new() })
            } else if offered.offers_auth("LOGIN") {
                let answers = vec![encode(username), encode(password.expose_secret())];
                Ok(Exchange { mechanism: "LOGIN", command: SecretString::from("AUTH LOGIN"), answers })
            } else {
                Err(none("PLAIN, LOGIN"))
            }
        }
        SmtpAuth::Bearer { username, token } => {
            check(username)?;
            check(token.expose_secret())?;
            if offered.offers_auth("OAUTHBEARER") {
                let name = username.replace('=', "=3D").replace(',', "=2C");
                let response = encode(&format!("n,a={name},\x01auth=Bearer {}\x01\x01", token.expose_secret()));
                // After a refusal's reason one octet of 1 asks for the final answer (RFC 7628 §3.2.3).
                let answers = vec![encode("\x01")];
                return Ok(Exchange { mechanism: "OAUTHBEARER", command: command("OAUTHBEARER", &response), answers });
            }
            if !offered.offers_auth("XOAUTH2") {
                return Err(none("OAUTHBEARER, XOAUTH2"));
            }
            let response = encode(&format!("user={username}\x01auth=Bearer {}\x01\x01", token.expose_secret()));
            // A refusal comes as a 334 with its reason; an empty line asks for the final answer.
            Ok(Exchange {
                mechanism: "XOAUTH2",
                command: command("XOAUTH2", &response),
                answers: vec![SecretString::from("")],
            })
        }
    }
}

/// The text of a 334, which is base64.
pub(super) fn decode_challenge(text: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    Some(decoded.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

fn check(text: &str) -> Result<(), AuthError> {
    if text.contains(['\0', '\r', '\n', '\x01']) { Err(AuthError::BadCredentials) } else { Ok(()) }
}

fn encode(text: &str) -> SecretString {
    STANDARD.encode(text).into()
}

fn command(mechanism: &str, response: &SecretString) -> SecretString {
    format!("AUTH {mechanism} {}", response.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(mechanisms: &[&str]) -> Capabilities {
        Capabilities { auth: mechanisms.iter().map(|m| (*m).to_owned()).collect(), ..Capabilities::default() }
    }

    fn password() -> SmtpAuth {
        SmtpAuth::Password { username: "user@example.org".to_owned(), password: "geheim".into() }
    }

    fn lines(auth: &SmtpAuth, mechanisms: &[&str]) -> Result<Vec<String>, AuthError> {
        let exchange = begin(auth, &offered(mechanisms))?;
        let lines = std::iter::once(&exchange.command).chain(&exchange.answers);
        Ok(lines.map(|line| line.expose_secret().to_owned()).collect())
    }

    #[test]
    fn the_mechanism_is_one_that_is_offered() {
        let plain = "AUTH PLAIN AHVzZXJAZXhhbXBsZS5vcmcAZ2VoZWlt";
        assert_eq!(lines(&password(), &["LOGIN", "PLAIN"]).unwrap(), [plain]);
        assert_eq!(lines(&password(), &["LOGIN"]).unwrap(), ["AUTH LOGIN", "dXNlckBleGFtcGxlLm9yZw==", "Z2VoZWlt"]);
        let bearer = SmtpAuth::Bearer { username: "u".to_owned(), token: "t".into() };
        assert_eq!(
            lines(&bearer, &["PLAIN", "XOAUTH2"]).unwrap(),
            ["AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIHQBAQ==", ""]
        );
        assert_eq!(
            lines(&bearer, &["XOAUTH2", "OAUTHBEARER"]).unwrap(),
            ["AUTH OAUTHBEARER bixhPXUsAWF1dGg9QmVhcmVyIHQBAQ==", "AQ=="]
        );
    }

    #[test]
    fn without_a_common_mechanism_it_says_what_is_offered() {
        let error = lines(&password(), &["GSSAPI", "CRAM-MD5"]).unwrap_err();
        assert_eq!(error.to_string(), "the server offers GSSAPI, CRAM-MD5 and none of PLAIN, LOGIN");
        assert_eq!(lines(&password(), &[]).unwrap_err(), AuthError::NotOffered);
    }

    #[test]
    fn credentials_that_would_break_out_of_the_exchange_are_refused() {
        for bad in ["a\0b", "a\r\nb", "a\x01b"] {
            let auth = SmtpAuth::Password { username: bad.to_owned(), password: "x".into() };
            assert_eq!(lines(&auth, &["PLAIN"]).unwrap_err(), AuthError::BadCredentials);
            let auth = SmtpAuth::Bearer { username: "u".to_owned(), token: bad.into() };
            assert_eq!(lines(&auth, &["XOAUTH2"]).unwrap_err(), AuthError::BadCredentials);
        }
    }

    #[test]
    fn a_challenge_is_shown_as_text() {
        assert_eq!(decode_challenge("eyJzdGF0dXMiOiI0MDEifQ==").as_deref(), Some(r#"{"status":"401"}"#));
        assert_eq!(decode_challenge("not base64"), None);
    }
}
