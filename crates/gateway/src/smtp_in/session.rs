//! The ESMTP protocol as a pure machine: bytes in, replies and steps out. No I/O, no clock: time comes in as a value.
//! Owns what may follow what (RFC 5321 §4.1.4) and the limits of a session; the verbs are in `hello`, `envelope`, `data`.

use std::net::IpAddr;
use std::sync::Arc;

use engine::ports::Route;
use model::Timestamp;
use model::key::Principal;
use secrecy::SecretString;

use super::command::{self, Command};
use super::content::{Content, DataReader, Flaw};
use super::limits::SmtpInLimits;
use super::reply::{Refusal, say};
use super::sign_in::Awaited;

/// What all sessions of a listener share.
#[derive(Debug, Clone)]
pub(crate) struct SessionConfig {
    pub(crate) hostname: String,
    pub(crate) inbound_domain: String,
    pub(crate) limits: SmtpInLimits,
    /// Offer STARTTLS.
    pub(crate) starttls: bool,
    /// Mail is sent through us by those who sign in, and not received.
    pub(crate) submission: bool,
    /// Mails are verified, so recipients that reject and recipients that do not can't share a transaction.
    pub(crate) authenticates: bool,
}

/// What the session needs next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send what is written, then read on.
    Read,
    /// Look the address up and say [`Session::routed`].
    Route(String),
    /// Ask whose key it is and say [`Session::signed_in`].
    SignIn(SecretString),
    /// Store the mail and say [`Session::delivered`].
    Deliver(Box<Delivery>),
    /// Send what is written, forget all that was read, shake hands, and say [`Session::secured`].
    StartTls,
    /// Send what is written and close; `agreed` if the client has asked for it.
    Close { agreed: bool },
}

/// A whole mail with its envelope.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) helo: String,
    pub(crate) mail_from: String,
    pub(crate) routes: Vec<Route>,
    /// Who sends it, and to whom; of a mail that is submitted.
    pub(crate) submitted: Option<(Principal, Vec<String>)>,
    /// Trace fields and mail.
    pub(crate) raw: Vec<u8>,
    /// Bytes of `raw` before the mail as it was sent.
    pub(crate) trace_bytes: usize,
}

/// How far along the session is.
#[derive(Debug)]
pub(super) enum State {
    Command,
    /// The rest of a line that is too long.
    SkipLine,
    /// The product is asked about an address or a key.
    Routing,
    SigningIn(Awaited),
    Data(DataReader, Content),
    Chunk(Chunk),
    Delivering,
    Closed,
}

/// A BDAT chunk under way (RFC 3030).
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) remaining: u64,
    pub(super) bytes: u64,
    pub(super) last: bool,
    /// Where it goes; a chunk whose command was refused is swallowed, then refused with this reply.
    pub(super) target: Result<Content, &'static str>,
}

#[derive(Debug)]
pub(super) struct Helo {
    pub(super) name: String,
    pub(super) extended: bool,
}

/// From MAIL to the end of the mail.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) mail_from: String,
    pub(super) smtputf8: bool,
    /// As declared by SIZE=.
    pub(super) size: Option<u64>,
    pub(super) routes: Vec<Route>,
    /// Of a mail that is submitted: it goes to them, wherever they are.
    pub(super) recipients: Vec<String>,
    /// Content of earlier chunks.
    pub(super) chunks: Option<Content>,
}

/// One connection's protocol.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) config: Arc<SessionConfig>,
    pub(super) peer: IpAddr,
    /// Names the session in trace fields and logs.
    pub(super) id: u64,
    pub(super) tls: bool,
    pub(super) helo: Option<Helo>,
    /// Who signed in.
    pub(super) principal: Option<Principal>,
    pub(super) transaction: Option<Transaction>,
    pub(super) state: State,
    pub(super) commands: u32,
    pub(super) errors: u32,
    pub(super) messages: u32,
    pub(super) refusals: Vec<Refusal>,
}

impl Session {
    pub(crate) fn new(config: Arc<SessionConfig>, peer: IpAddr, id: u64) -> Self {
        Self {
            config,
            peer,
            id,
            tls: false,
            helo: None,
            principal: None,
            transaction: None,
            state: State::Command,
            commands: 0,
            errors: 0,
            messages: 0,
            refusals: Vec::new(),
        }
    }

    pub(crate) fn greet(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"220 ");
        out.extend_from_slice(self.config.hostname.as_bytes());
        out.extend_from_slice(b" ESMTP Postroom\r\n");
    }

    /// Takes what it can from `input`, writes replies to `out`, and says what it needs.
    /// What is left in `input` must be given again, with more, after [`Step::Read`].
    pub(crate) fn step(&mut self, input: &mut &[u8], now: Timestamp, out: &mut Vec<u8>) -> Step {
        loop {
            let step = match &mut self.state {
                State::Command | State::SigningIn(_) => self.command_line(input, now, out),
                State::SkipLine => self.skip_line(input, out),
                State::Data(..) => self.read_data(input, out),
                State::Chunk(_) => self.read_chunk(input, out),
                // Only the driver's answer leads out of these.
                State::Routing | State::Delivering => Some(Step::Read),
                State::Closed => Some(Step::Close { agreed: false }),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Outside of a mail, where a shutdown may end the session.
    pub(crate) fn is_idle(&self) -> bool {
        let chunks = self.transaction.as_ref().is_some_and(|transaction| transaction.chunks.is_some());
        matches!(self.state, State::Command | State::SigningIn(_) | State::SkipLine) && !chunks
    }

    /// In the middle of a mail's bytes.
    pub(crate) fn in_content(&self) -> bool {
        matches!(self.state, State::Data(..) | State::Chunk(_))
    }

    /// In a mail, and none of it has come yet.
    pub(crate) fn awaits_content(&self) -> bool {
        matches!(&self.state, State::Data(_, content) if content.received() == 0)
    }

    /// Bytes of mail in memory.
    pub(crate) fn held(&self) -> usize {
        let content = match &self.state {
            State::Data(_, content) => Some(content),
            State::Chunk(Chunk { target: Ok(content), .. }) => Some(content),
            _ => self.transaction.as_ref().and_then(|transaction| transaction.chunks.as_ref()),
        };
        content.map_or(0, Content::held)
    }

    /// There is no memory for the mail under way: the rest of it is read and forgotten, the answer is 452.
    pub(crate) fn drop_content(&mut self) {
        match &mut self.state {
            State::Data(_, content) | State::Chunk(Chunk { target: Ok(content), .. }) => content.spoil(Flaw::NoRoom),
            _ => {
                if let Some(content) = self.transaction.as_mut().and_then(|transaction| transaction.chunks.as_mut()) {
                    content.spoil(Flaw::NoRoom);
                }
            }
        }
    }

    /// What was refused since last asked.
    pub(crate) fn take_refusals(&mut self) -> Vec<Refusal> {
        std::mem::take(&mut self.refusals)
    }

    fn skip_line(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Option<Step> {
        let Some(end) = memchr::memchr(b'\n', input) else {
            *input = &[];
            return Some(Step::Read);
        };
        *input = input.get(end + 1..).unwrap_or_default();
        self.state = State::Command;
        self.error(out, "500 5.5.2 the line is too long")
    }

    fn command_line(&mut self, input: &mut &[u8], now: Timestamp, out: &mut Vec<u8>) -> Option<Step> {
        let most = self.config.limits.command_line_bytes_max;
        let Some(end) = memchr::memchr(b'\n', input.get(..most).unwrap_or(input)) else {
            if input.len() >= most {
                self.state = State::SkipLine;
                return None;
            }
            return Some(Step::Read);
        };
        let (line, rest) = input.split_at(end + 1);
        *input = rest;
        self.commands += 1;
        if self.commands > self.config.limits.commands_between_messages_max {
            return self.close_for(out, Refusal::TooManyCommands);
        }
        let Some(line) = line.strip_suffix(b"\r\n") else {
            self.state = State::Command;
            return self.error(out, "500 5.5.2 lines end with CRLF");
        };
        if let State::SigningIn(awaited) = self.state {
            return self.auth_answer(awaited, line, out);
        }
        match command::parse(line) {
            Ok(command) => self.dispatch(command, now, out),
            Err(reply) => self.error(out, reply),
        }
    }

    fn dispatch(&mut self, command: Command<'_>, now: Timestamp, out: &mut Vec<u8>) -> Option<Step> {
        match command {
            Command::Ehlo(name) => self.ehlo(name, out),
            Command::Helo(name) => self.helo(name, out),
            Command::StartTls => self.starttls(out),
            Command::Mail(parameters) => self.mail(parameters, out),
            Command::Rcpt(path) => self.rcpt(path, out),
            Command::Data => self.data(now, out),
            Command::Bdat { bytes, last } => self.bdat(bytes, last, now, out),
            Command::Rset => {
                self.transaction = None;
                self.ok(out, "250 2.0.0 forgotten")
            }
            Command::Noop => self.ok(out, "250 2.0.0 here"),
            Command::Vrfy => self.ok(out, "252 2.1.5 send mail and see"),
            Command::Help if self.config.submission => self.ok(out, "214 2.0.0 this takes mail to send, see RFC 6409"),
            Command::Help => self.ok(out, "214 2.0.0 this is an inbound mail server, see RFC 5321"),
            Command::Auth { mechanism, initial } => self.auth(mechanism, initial, out),
            Command::Unoffered => self.error(out, "502 5.5.1 command not offered"),
            Command::Http => {
                say(out, "421 4.7.0 this is SMTP, not HTTP");
                self.close(false)
            }
            Command::Quit => {
                say(out, "221 2.0.0 bye");
                self.close(true)
            }
        }
    }

    pub(super) fn ok(&self, out: &mut Vec<u8>, reply: &str) -> Option<Step> {
        say(out, reply);
        None
    }

    /// A reply that counts against the client.
    pub(super) fn error(&mut self, out: &mut Vec<u8>, reply: &str) -> Option<Step> {
        say(out, reply);
        self.errors += 1;
        if self.errors >= self.config.limits.errors_per_session_max {
            return self.close_for(out, Refusal::TooManyErrors);
        }
        None
    }

    pub(super) fn refuse(&mut self, out: &mut Vec<u8>, refusal: Refusal) -> Option<Step> {
        self.refusals.push(refusal);
        self.error(out, refusal.reply())
    }

    pub(super) fn close_for(&mut self, out: &mut Vec<u8>, refusal: Refusal) -> Option<Step> {
        self.refusals.push(refusal);
        say(out, refusal.reply());
        self.close(false)
    }

    fn close(&mut self, agreed: bool) -> Option<Step> {
        self.state = State::Closed;
        self.transaction = None;
        Some(Step::Close { agreed })
    }
}
