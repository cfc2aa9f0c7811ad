//! A conversation with a smarthost: connect, secure, sign in, then transaction after transaction.
//! Owns the order of things; STARTTLS that is configured is never given up.

use std::net::IpAddr;
use std::time::Duration;

use engine::ports::{DeliveryResult, OutboundMail, Smarthost, SmtpAuth};
use model::channel::TransportSecurity;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio_rustls::TlsConnector;

use super::auth::{self, Exchange};
use super::capabilities::Capabilities;
use super::classify::{Peer, Stage, classify};
use super::envelope::{Envelope, EnvelopeError, stuff};
use super::failure::{Cause, SmtpFailure};
use super::reply::Reply;
use super::security::Security;
use super::timeouts::Timeouts;
use super::wire::Wire;
use crate::guard::Guard;

/// Replies of 334 followed in one AUTH exchange.
const CHALLENGES_MAX: usize = 4;
/// RFC 5321 §3.8: the server is going away.
const SERVICE_CLOSING: u16 = 421;

/// What connections are made with.
#[derive(Clone)]
pub(super) struct Dialer {
    pub guard: Guard,
    pub tls: TlsConnector,
    /// Any certificate will do.
    pub opportunistic_tls: TlsConnector,
    /// The argument of EHLO.
    pub hello_name: String,
}

/// What one recipient was told.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub result: DeliveryResult,
    pub text: String,
    pub stage: Stage,
}

/// How much of a mail a server was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Given {
    #[default]
    Nothing,
    /// Some of it, and not its end: it can't have been taken.
    Part,
    /// All of it, the final dot included: without an answer nobody knows whether it was taken.
    All,
}

/// A mail exchanger at one of its addresses.
#[derive(Debug, Clone)]
pub(super) struct Exchanger {
    pub host: String,
    pub address: IpAddr,
    pub port: u16,
    pub security: Security,
    /// It is our own listener, which wants to be told by the PROXY protocol where a connection comes from.
    pub wants_proxy_line: bool,
}

/// Says that a connection comes from where it seems to (PROXY protocol, version 1).
const PROXY_LINE: &[u8] = b"PROXY UNKNOWN\r\n";

pub(super) struct Session {
    wire: Wire,
    capabilities: Capabilities,
    timeouts: Timeouts,
    /// The server's greeting in its own words, once heard.
    pub greeting: Option<String>,
    peer: Peer,
    /// TLSA records vouch for the server.
    is_dane: bool,
    /// Transactions begun.
    pub transactions: u32,
    /// The last transaction went to its end: there is nothing to reset.
    pub is_clean: bool,
}

impl Session {
    /// All three steps.
    pub(super) async fn open(dialer: &Dialer, to: &Smarthost, timeouts: Timeouts) -> Result<Self, SmtpFailure> {
        let session = Self::connect(dialer, to, timeouts).await?;
        let mut session = session.secure(dialer, to).await?;
        if let Some(auth) = &to.auth {
            session.sign_in(auth).await?;
        }
        Ok(session)
    }

    /// With a mail exchanger: in TLS where it offers that. Encryption that nobody can tell from an attacker's is better than
    /// none, and none is better than no mail (RFC 7435), so what fails with TLS is begun anew without it; unless it is wanted.
    pub(super) async fn open_exchanger(
        dialer: &Dialer,
        to: &Exchanger,
        timeouts: Timeouts,
    ) -> Result<Self, SmtpFailure> {
        let session = Self::greet_exchanger(dialer, to, timeouts).await?;
        if !session.capabilities.starttls {
            let not_offered = || SmtpFailure::new(Stage::StartTls, Cause::StartTlsNotOffered);
            return if to.security.is_mandatory() { Err(not_offered()) } else { Ok(session) };
        }
        let (connector, name) = dialer.connector(&to.security, &to.host)?;
        match session.upgrade(dialer, &connector, name).await {
            Err(failure) if failure.stage == Stage::StartTls && !to.security.is_mandatory() => {
                tracing::info!(host = to.host, address = %to.address, %failure, "TLS failed; sending without it");
                Self::greet_exchanger(dialer, to, timeouts).await
            }
            upgraded => Ok(Self { is_dane: to.security.is_dane(), ..upgraded? }),
        }
    }

    /// TCP, greeting and EHLO.
    async fn greet(dialer: &Dialer, host: &str, port: u16, timeouts: Timeouts) -> Result<Self, SmtpFailure> {
        let mut session = Self::dial(dialer, host, port, timeouts).await?;
        session.hear_greeting().await?;
        session.say_hello(&dialer.hello_name).await?;
        Ok(session)
    }

    async fn greet_exchanger(dialer: &Dialer, to: &Exchanger, timeouts: Timeouts) -> Result<Self, SmtpFailure> {
        let mut session = Self::dial(dialer, &to.address.to_string(), to.port, timeouts).await?;
        session.peer = Peer::Exchanger;
        if to.wants_proxy_line {
            session.wire.write(PROXY_LINE, Stage::Greeting, timeouts.greeting).await?;
        }
        session.hear_greeting().await?;
        session.say_hello(&dialer.hello_name).await?;
        Ok(session)
    }

    async fn dial(dialer: &Dialer, host: &str, port: u16, timeouts: Timeouts) -> Result<Self, SmtpFailure> {
        let connecting = dialer.guard.connect(host, port, timeouts.connect);
        let wire = Wire::new(connecting.await.map_err(SmtpFailure::connect)?);
        Ok(Self {
            wire,
            capabilities: Capabilities::default(),
            timeouts,
            greeting: None,
            peer: Peer::Smarthost,
            is_dane: false,
            transactions: 0,
            is_clean: true,
        })
    }

    /// TCP; and greeting and EHLO, unless TLS comes first.
    pub(super) async fn connect(dialer: &Dialer, to: &Smarthost, timeouts: Timeouts) -> Result<Self, SmtpFailure> {
        if to.security == TransportSecurity::Tls {
            return Self::dial(dialer, &to.host, to.port, timeouts).await;
        }
        Self::greet(dialer, &to.host, to.port, timeouts).await
    }

    /// TLS as configured, and EHLO inside it.
    pub(super) async fn secure(mut self, dialer: &Dialer, to: &Smarthost) -> Result<Self, SmtpFailure> {
        if to.security == TransportSecurity::None {
            return Ok(self);
        }
        let bare = to.host.trim_start_matches('[').trim_end_matches(']');
        if to.security == TransportSecurity::Starttls {
            if !self.capabilities.starttls {
                return Err(SmtpFailure::new(Stage::StartTls, Cause::StartTlsNotOffered));
            }
            return self.upgrade(dialer, &dialer.tls, bare).await;
        }
        self.wire = self.wire.into_tls(&dialer.tls, server_name(bare)?, self.timeouts.tls).await?;
        self.hear_greeting().await?;
        self.say_hello(&dialer.hello_name).await?;
        Ok(self)
    }

    /// STARTTLS, and EHLO inside it.
    async fn upgrade(mut self, dialer: &Dialer, tls: &TlsConnector, name: &str) -> Result<Self, SmtpFailure> {
        let reply = self.wire.command("STARTTLS\r\n", Stage::StartTls, self.timeouts.command).await?;
        expect(Stage::StartTls, reply)?;
        self.wire = self.wire.into_tls(tls, server_name(name)?, self.timeouts.tls).await?;
        // What was offered in clear is forgotten (RFC 3207 §4.2).
        self.say_hello(&dialer.hello_name).await?;
        Ok(self)
    }

    /// The name of the mechanism that was accepted.
    pub(super) async fn sign_in(&mut self, auth: &SmtpAuth) -> Result<(&'static str, Reply), SmtpFailure> {
        let exchange =
            auth::begin(auth, &self.capabilities).map_err(|error| SmtpFailure::new(Stage::Auth, Cause::Auth(error)))?;
        let (reply, challenge) = self.exchange(&exchange).await?;
        if reply.is_positive() {
            return Ok((exchange.mechanism, reply));
        }
        Err(SmtpFailure::new(Stage::Auth, Cause::Answer(reply, challenge)))
    }

    /// Protocol and cipher suite, and whether DANE proved who the server is.
    pub(super) fn describe_tls(&self) -> Option<String> {
        let protocol = self.wire.describe_tls()?;
        Some(if self.is_dane { format!("{protocol}, DANE") } else { protocol })
    }

    pub(super) const fn offers_starttls(&self) -> bool {
        self.capabilities.starttls
    }

    /// RSET: is it alive, and clean?
    pub(super) async fn reset(&mut self, limit: Duration) -> Result<(), SmtpFailure> {
        let reply = self.wire.command("RSET\r\n", Stage::Mail, limit).await?;
        expect(Stage::Mail, reply).map(|_| ())
    }

    fn outcome(&self, stage: Stage, reply: &Reply) -> Outcome {
        Outcome { result: classify(self.peer, stage, reply), text: reply.to_string(), stage }
    }

    pub(super) async fn quit(self, limit: Duration) {
        self.wire.quit(limit).await;
    }

    /// One transaction. `outcomes` (one a recipient) is filled with what each was told; on failure, those left empty share
    /// the failure. `Ok(true)`: another transaction may follow.
    pub(super) async fn transact(
        &mut self,
        mail: &OutboundMail,
        outcomes: &mut [Option<Outcome>],
        given: &mut Given,
    ) -> Result<bool, SmtpFailure> {
        self.transactions += 1;
        self.is_clean = false;
        let envelope = match Envelope::new(mail, &self.capabilities) {
            Ok(envelope) => envelope,
            Err(error) => {
                let result = match error {
                    EnvelopeError::TooLarge { .. } => DeliveryResult::Bounced,
                    _ => DeliveryResult::Infrastructure,
                };
                fill(outcomes, &Outcome { result, text: error.to_string(), stage: Stage::Mail });
                return Ok(true);
            }
        };
        if !self.introduce(&envelope, outcomes).await? {
            return Ok(true);
        }
        if outcomes.iter().all(Option::is_some) {
            return Ok(true);
        }
        let reply = self.wire.command("DATA\r\n", Stage::Data, self.timeouts.data).await?;
        if !reply.is_intermediate() {
            let failure = SmtpFailure::new(Stage::Data, Cause::Answer(reply.clone(), None));
            if reply.code == SERVICE_CLOSING {
                return Err(failure);
            }
            let told = Outcome { text: failure.to_string(), ..self.outcome(Stage::Data, &reply) };
            fill(outcomes, &told);
            return Ok(false);
        }
        *given = Given::Part;
        // What fails to be written is not whole: neither its last block nor its last TLS record can be read over there.
        self.wire.write(&stuff(&mail.raw), Stage::Content, self.timeouts.block).await?;
        *given = Given::All;
        let reply = self.wire.reply(Stage::Content, self.timeouts.content).await?;
        fill(outcomes, &self.outcome(Stage::Content, &reply));
        self.is_clean = true;
        Ok(reply.code != SERVICE_CLOSING)
    }

    /// MAIL and RCPT: in one go where PIPELINING is offered (RFC 2920). DATA is left out of it: with it, a server that took
    /// no recipient could still ask for the mail. `false`: the sender was refused, and everybody has been told.
    async fn introduce(&mut self, envelope: &Envelope, outcomes: &mut [Option<Outcome>]) -> Result<bool, SmtpFailure> {
        for (outcome, rcpt) in outcomes.iter_mut().zip(&envelope.rcpt) {
            if let Err(error) = rcpt {
                let text = error.to_string();
                *outcome = Some(Outcome { result: DeliveryResult::Bounced, text, stage: Stage::Rcpt });
            }
        }
        let commands: Vec<_> = envelope.rcpt.iter().flatten().collect();
        if commands.is_empty() {
            return Ok(false);
        }
        let pipelining = self.capabilities.pipelining;
        if pipelining {
            let mut all = envelope.mail.clone();
            commands.iter().for_each(|command| all.push_str(command));
            self.wire.write(all.as_bytes(), Stage::Mail, self.timeouts.mail).await?;
        } else {
            self.wire.write(envelope.mail.as_bytes(), Stage::Mail, self.timeouts.mail).await?;
        }
        let sender = self.wire.reply(Stage::Mail, self.timeouts.mail).await?;
        if sender.code == SERVICE_CLOSING {
            return Err(SmtpFailure::new(Stage::Mail, Cause::Answer(sender, None)));
        }
        if !sender.is_positive() {
            let text = SmtpFailure::new(Stage::Mail, Cause::Answer(sender.clone(), None)).to_string();
            fill(outcomes, &Outcome { text, ..self.outcome(Stage::Mail, &sender) });
        }
        if !sender.is_positive() && !pipelining {
            return Ok(false);
        }
        for (outcome, rcpt) in outcomes.iter_mut().zip(&envelope.rcpt) {
            let Ok(command) = rcpt else { continue };
            if !pipelining {
                self.wire.write(command.as_bytes(), Stage::Rcpt, self.timeouts.rcpt).await?;
            }
            let reply = self.wire.reply(Stage::Rcpt, self.timeouts.rcpt).await?;
            if reply.code == SERVICE_CLOSING {
                return Err(SmtpFailure::new(Stage::Rcpt, Cause::Answer(reply, None)));
            }
            if !reply.is_positive() && outcome.is_none() {
                *outcome = Some(self.outcome(Stage::Rcpt, &reply));
            }
        }
        Ok(sender.is_positive())
    }

    async fn hear_greeting(&mut self) -> Result<(), SmtpFailure> {
        let reply = self.wire.reply(Stage::Greeting, self.timeouts.greeting).await?;
        let reply = expect(Stage::Greeting, reply)?;
        self.greeting = Some(reply.to_string());
        Ok(())
    }

    /// EHLO; HELO where the server does not know it (RFC 5321 §3.2).
    async fn say_hello(&mut self, name: &str) -> Result<(), SmtpFailure> {
        let limit = self.timeouts.command;
        let reply = self.wire.command(&format!("EHLO {name}\r\n"), Stage::Hello, limit).await?;
        if reply.is_permanent() {
            let reply = self.wire.command(&format!("HELO {name}\r\n"), Stage::Hello, limit).await?;
            expect(Stage::Hello, reply)?;
            self.capabilities = Capabilities::default();
            return Ok(());
        }
        self.capabilities = Capabilities::parse(&expect(Stage::Hello, reply)?);
        Ok(())
    }

    /// The last reply, and what an XOAUTH2 server gave as its reason.
    async fn exchange(&mut self, exchange: &Exchange) -> Result<(Reply, Option<String>), SmtpFailure> {
        let limit = self.timeouts.command;
        let line = format!("{}\r\n", exchange.command.expose_secret());
        let mut reply = self.wire.command(&line, Stage::Auth, limit).await?;
        let (mut answers, mut challenge) = (exchange.answers.iter(), None);
        for _ in 0..CHALLENGES_MAX {
            if !reply.is_intermediate() {
                break;
            }
            if matches!(exchange.mechanism, "XOAUTH2" | "OAUTHBEARER") {
                challenge = reply.lines.first().and_then(|text| auth::decode_challenge(text));
            }
            // `*` ends an exchange we have nothing more to say in (RFC 4954 §4).
            let answer = answers.next().map_or("*", |answer| answer.expose_secret());
            reply = self.wire.command(&format!("{answer}\r\n"), Stage::Auth, limit).await?;
        }
        Ok((reply, challenge))
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, SmtpFailure> {
    ServerName::try_from(name.to_owned()).map_err(|_| SmtpFailure::new(Stage::StartTls, Cause::BadServerName))
}

fn expect(stage: Stage, reply: Reply) -> Result<Reply, SmtpFailure> {
    if reply.is_positive() { Ok(reply) } else { Err(SmtpFailure::new(stage, Cause::Answer(reply, None))) }
}

fn fill(outcomes: &mut [Option<Outcome>], with: &Outcome) {
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_none()) {
        *outcome = Some(with.clone());
    }
}
