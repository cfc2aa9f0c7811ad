//! From a host and a port to a mailbox that is signed in to. Owns the order of things: encryption that is configured is never
//! given up, and what a server offers before it counts for nothing after.

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::ports::{MailboxFailure, MailboxFailureKind, MailboxResult, MailboxServer, MailboxSignIn};
use model::channel::TransportSecurity;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio_rustls::TlsConnector;

use super::command::Command;
use super::failure;
use super::response::{Condition, Response};
use super::wire::{Literals, Wire};
use crate::guard::Guard;

const CONNECT: Duration = Duration::from_secs(20);
/// For TLS, greeting, and every command that reads nothing long.
pub(super) const ANSWER: Duration = Duration::from_secs(60);

/// Challenges answered in one AUTHENTICATE.
const CHALLENGES_MAX: usize = 4;
/// Bytes of what is said in answer to one command that is kept until it is done.
const SAID_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub(super) struct Dialer {
    pub guard: Guard,
    pub tls: TlsConnector,
    /// For servers whose certificate the person chose not to look at.
    pub tls_with_anybody: TlsConnector,
    /// For ID (RFC 2971).
    pub name: String,
    pub version: String,
}

/// A connection, and what the server said it can do.
pub(super) struct Connection {
    pub wire: Wire,
    pub greeting: String,
    capabilities: HashSet<String>,
    signed_in: bool,
    /// What was said beside answers.
    pub heard: Vec<Response>,
}

/// A sign-in that failed, and what the server's answer was if it gave one.
struct Unanswered {
    condition: Option<Condition>,
    failure: MailboxFailure,
}

impl From<MailboxFailure> for Unanswered {
    fn from(failure: MailboxFailure) -> Self {
        Self { condition: None, failure }
    }
}

/// What a command came to.
pub(super) struct Done {
    /// The response code of its answer.
    pub code: Option<(String, String)>,
    /// What was said before its answer.
    pub said: Vec<Response>,
}

impl Connection {
    /// TCP; and the greeting, unless TLS comes first.
    pub(super) async fn open(dialer: &Dialer, to: &MailboxServer) -> MailboxResult<Self> {
        let stream =
            dialer.guard.connect(&to.host, to.port, CONNECT).await.map_err(|error| failure::connect(&error))?;
        // Small commands and their answers are all there is: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        let wire = Wire::new(stream);
        let mut connection =
            Self { wire, greeting: String::new(), capabilities: HashSet::new(), signed_in: false, heard: Vec::new() };
        if to.security != TransportSecurity::Tls {
            connection.hear_greeting(to).await?;
        }
        Ok(connection)
    }

    /// TLS as configured.
    pub(super) async fn secure(mut self, dialer: &Dialer, to: &MailboxServer) -> MailboxResult<Self> {
        if to.security == TransportSecurity::None {
            return Ok(self);
        }
        if to.security == TransportSecurity::Starttls {
            if self.signed_in {
                let detail = "the server signs in before TLS (PREAUTH): nothing would protect the connection";
                return Err(failure::plain(MailboxFailureKind::Tls, detail, None));
            }
            if self.capabilities.is_empty() {
                self.ask_capabilities().await?;
            }
            if !self.has("STARTTLS") {
                let hint = "use port 993 with security tls";
                let detail = "the server does not offer STARTTLS on this port";
                return Err(failure::plain(MailboxFailureKind::Tls, detail, Some(hint)));
            }
            self.run(&Command::new("STARTTLS")).await?;
        }
        let connector = if to.accept_invalid_certificates { &dialer.tls_with_anybody } else { &dialer.tls };
        let bare = to.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| failure::plain(MailboxFailureKind::Tls, "the host can't be a name in a certificate", None))?;
        self.wire = self.wire.into_tls(connector, name, ANSWER).await?;
        self.capabilities.clear();
        self.heard.clear();
        if to.security == TransportSecurity::Tls {
            self.hear_greeting(to).await?;
        }
        Ok(self)
    }

    async fn hear_greeting(&mut self, to: &MailboxServer) -> MailboxResult<()> {
        let greeting = self.wire.response(ANSWER).await.map_err(|error| failure::greeting(error, to))?;
        match &greeting {
            Response::Status { tag: None, condition: Condition::Ok | Condition::Preauth, code, text } => {
                self.signed_in = matches!(&greeting, Response::Status { condition: Condition::Preauth, .. });
                self.greeting.clone_from(text);
                self.note_capabilities(code.as_ref());
                Ok(())
            }
            Response::Status { .. } => Err(failure::unwelcome(failure::refused(&greeting))),
            _ => Err(failure::greeting(failure::malformed("a greeting of another kind"), to)),
        }
    }

    /// By whichever way the server offers. Answers the way.
    pub(super) async fn sign_in(&mut self, sign_in: &MailboxSignIn) -> MailboxResult<&'static str> {
        if self.signed_in {
            return Ok("PREAUTH");
        }
        if self.capabilities.is_empty() {
            self.ask_capabilities().await?;
        }
        let (MailboxSignIn::Password { username, password: secret }
        | MailboxSignIn::Bearer { username, token: secret }) = sign_in;
        if [username.as_str(), secret.expose_secret()].iter().any(|text| text.contains(['\0', '\r', '\n', '\x01'])) {
            let detail = "a user name or password with a NUL, CR or LF can't be sent";
            return Err(failure::plain(MailboxFailureKind::SignIn, detail, None));
        }
        let way = match sign_in {
            MailboxSignIn::Bearer { username, token } => {
                let token = token.expose_secret();
                if self.has("AUTH=OAUTHBEARER") {
                    let said = format!("n,a={},\x01auth=Bearer {token}\x01\x01", sasl_name(username));
                    self.authenticate("OAUTHBEARER", &said).await.map_err(|error| error.failure)?;
                    "OAUTHBEARER"
                } else {
                    let said = format!("user={username}\x01auth=Bearer {token}\x01\x01");
                    self.authenticate("XOAUTH2", &said).await.map_err(|error| error.failure)?;
                    "XOAUTH2"
                }
            }
            MailboxSignIn::Password { username, password } => {
                self.sign_in_by_password(username, password.expose_secret()).await?
            }
        };
        self.signed_in = true;
        // Most servers tell with their answer what they can do now; a few have to be asked.
        if self.capabilities.is_empty() {
            self.ask_capabilities().await?;
        }
        self.wire.literals = if self.has("LITERAL+") {
            Literals::Plus
        } else if self.has("LITERAL-") {
            Literals::Minus
        } else {
            Literals::Synchronizing
        };
        Ok(way)
    }

    async fn sign_in_by_password(&mut self, username: &str, password: &str) -> MailboxResult<&'static str> {
        let takes_login = !self.has("LOGINDISABLED");
        if self.has("AUTH=PLAIN") {
            match self.authenticate("PLAIN", &format!("\0{username}\0{password}")).await {
                // Offered, and yet not understood.
                Err(Unanswered { condition: Some(Condition::Bad), .. }) if takes_login => {}
                outcome => return outcome.map(|()| "PLAIN").map_err(|error| error.failure),
            }
        } else if !takes_login {
            let detail = "the server takes no password here (LOGINDISABLED)";
            return Err(failure::plain(MailboxFailureKind::SignIn, detail, Some("use starttls or tls")));
        }
        self.capabilities.clear();
        let login = Command::new("LOGIN").string(username).string(password);
        let done = self.run(&login).await.map_err(failure::sign_in)?;
        for response in done.said {
            self.hear(response);
        }
        self.note_capabilities(done.code.as_ref());
        Ok("LOGIN")
    }

    async fn authenticate(&mut self, mechanism: &str, said: &str) -> Result<(), Unanswered> {
        let said = STANDARD.encode(said);
        let initial = self.has("SASL-IR");
        let command = if initial {
            Command::new(&format!("AUTHENTICATE {mechanism} {said}"))
        } else {
            Command::new(&format!("AUTHENTICATE {mechanism}"))
        };
        self.capabilities.clear();
        let tag = self.wire.send(&command, ANSWER, &mut self.heard).await?;
        let mut waiting = (!initial).then_some(said);
        let mut explained = None;
        let mut challenges = 0;
        loop {
            match self.wire.response(ANSWER).await? {
                Response::Continue(challenge) => {
                    challenges += 1;
                    if challenges > CHALLENGES_MAX {
                        return Err(failure::malformed("a sign-in that does not end").into());
                    }
                    // After the answer a challenge is an error in JSON; what asks for the verdict is one octet of 1 in
                    // OAUTHBEARER (RFC 7628 §3.2.3) and an empty line in XOAUTH2.
                    let line = waiting.take().unwrap_or_else(|| {
                        explained = STANDARD.decode(challenge.trim()).ok();
                        if mechanism == "OAUTHBEARER" { "AQ==".to_owned() } else { String::new() }
                    });
                    self.wire.write(format!("{line}\r\n").as_bytes(), ANSWER).await?;
                }
                Response::Status { tag: Some(answered), condition: Condition::Ok, code, .. } if answered == tag => {
                    self.note_capabilities(code.as_ref());
                    return Ok(());
                }
                refusal @ (Response::Status { tag: Some(_), .. }
                | Response::Status { condition: Condition::Bye, .. }) => {
                    let condition =
                        if let Response::Status { condition, .. } = &refusal { Some(*condition) } else { None };
                    let mut failure = failure::sign_in(failure::refused(&refusal));
                    if let Some(explained) = explained.and_then(|bytes| String::from_utf8(bytes).ok()) {
                        failure.detail = format!("{} ({})", failure.detail, explained.trim());
                    }
                    return Err(Unanswered { condition, failure });
                }
                other => self.hear(other),
            }
        }
    }

    pub(super) async fn ask_capabilities(&mut self) -> MailboxResult<()> {
        let done = self.run(&Command::new("CAPABILITY")).await?;
        for response in done.said {
            self.hear(response);
        }
        self.note_capabilities(done.code.as_ref());
        Ok(())
    }

    pub(super) fn has(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    fn note_capabilities(&mut self, code: Option<&(String, String)>) {
        if let Some((name, rest)) = code
            && name == "CAPABILITY"
        {
            self.capabilities = rest.split_whitespace().map(str::to_ascii_uppercase).collect();
        }
    }

    fn hear(&mut self, response: Response) {
        match response {
            Response::Data { number: None, name, values } if name == "CAPABILITY" => {
                self.capabilities =
                    values.iter().filter_map(|value| value.as_text()).map(|text| text.to_ascii_uppercase()).collect();
            }
            Response::Status { tag: None, code: code @ Some(_), .. }
                if code.as_ref().is_some_and(|(name, _)| name == "CAPABILITY") =>
            {
                self.note_capabilities(code.as_ref());
            }
            other => self.heard.push(other),
        }
    }

    /// Runs a command to its answer.
    ///
    /// # Errors
    /// It was refused, or the connection is of no use any more.
    pub(super) async fn run(&mut self, command: &Command) -> MailboxResult<Done> {
        let tag = self.begin(command).await?;
        let mut said = std::mem::take(&mut self.heard);
        let from = self.wire.read_bytes;
        loop {
            if let Some(code) = self.next(&tag, ANSWER, &mut |response| said.push(response)).await? {
                return Ok(Done { code, said });
            }
            if self.wire.read_bytes - from > SAID_BYTES_MAX {
                return Err(failure::malformed("an answer without an end"));
            }
        }
    }

    pub(super) async fn begin(&mut self, command: &Command) -> MailboxResult<String> {
        self.wire.send(command, ANSWER, &mut self.heard).await
    }

    /// One more response to the command of this tag: `Some` with its code when it is done.
    pub(super) async fn next(
        &mut self,
        tag: &str,
        limit: Duration,
        each: &mut (dyn FnMut(Response) + Send),
    ) -> MailboxResult<Option<Option<(String, String)>>> {
        match self.wire.response(limit).await? {
            Response::Status { tag: Some(answered), condition: Condition::Ok, code, .. } if answered == tag => {
                Ok(Some(code))
            }
            Response::Status { tag: Some(answered), .. } if answered != tag => {
                Err(failure::malformed("an answer to what was not asked"))
            }
            refusal @ (Response::Status { tag: Some(_), .. } | Response::Status { condition: Condition::Bye, .. }) => {
                Err(failure::refused(&refusal))
            }
            other => {
                each(other);
                Ok(None)
            }
        }
    }
}

/// RFC 5801 §4: the characters that would end the name.
fn sasl_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}
