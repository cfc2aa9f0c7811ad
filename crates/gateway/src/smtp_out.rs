//! Mail out through smarthosts and to mail exchangers: the SMTP client (RFC 5321). Owns connections, TLS, sign-in, the
//! transaction and what the answers mean. Never retries a mail (one attempt is one call), never changes a mail except for
//! its line ends and doubled dots.
//!
//! `reply`, `capabilities`, `envelope`, `auth`, `classify`, `dane`, `mta_sts` and `hints` are pure; `wire` and `session` do the
//! I/O; `pool` keeps connections; `direct` finds mail exchangers, `security` is how they are spoken to. What each answer means is
//! the table at the top of `classify`.

mod auth;
mod capabilities;
mod classify;
mod dane;
mod direct;
mod envelope;
mod failure;
mod hints;
pub mod mta_sts;
mod pool;
mod probe;
pub mod reply;
mod security;
mod session;
mod timeouts;
mod wire;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{OutboundMail, RecipientOutcome, Smarthost, TestStep, Transport};
use tokio_rustls::TlsConnector;

use crate::dns::{DnsConfig, DnsError};
use crate::guard::Guard;
use crate::tls_client::{TlsTrust, TlsTrustError};
use classify::Stage;
use direct::Direct;
use failure::{Cause, SmtpFailure};
use pool::{Pool, Slot};
use session::{Dialer, Given, Outcome, Session};
use timeouts::{FREE_CONNECTION, POOLED, Timeouts};

/// Where mail exchangers listen.
pub const MX_PORT: u16 = 25;
/// New connections to one mail exchanger in a second: beyond it, many take us for a flood.
const CONNECTIONS_PER_SECOND_MAX: u32 = 10;

#[derive(Debug, Clone)]
pub struct SmtpOutConfig {
    /// What we call ourselves in EHLO: our host name, or an address in brackets.
    pub hello_name: String,
    pub trust: TlsTrust,
    /// Connections to one smarthost (host, port, security and user) at a time.
    pub connections_per_host_max: usize,
    /// How long a connection waits for the next mail.
    pub idle_max: Duration,
    /// Who is asked for mail exchangers.
    pub dns: DnsConfig,
    /// Heed the TLSA records of mail exchangers: `dns.server` is a resolver that validates DNSSEC, and is believed.
    pub dane: bool,
    /// Where mail exchangers and files of MTA-STS policies are; others than 25 and 443 are for tests.
    pub mx_port: u16,
    pub mta_sts_port: u16,
    /// New connections to one mail exchanger in a second.
    pub connections_per_second_max: u32,
    /// Who takes mail to domains whose exchanger we are. `None`: nobody here.
    pub own_listener: Option<OwnListener>,
}

/// Where mail comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnListener {
    pub address: SocketAddr,
    /// It takes connections with the PROXY protocol's line alone.
    pub wants_proxy_line: bool,
}

impl OwnListener {
    /// Of the address that it listens at; on all of the machine's addresses, it is reached by loopback. A port that is chosen when it
    /// starts is not known.
    pub fn at(mut address: SocketAddr, wants_proxy_line: bool) -> Option<Self> {
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        (address.port() != 0).then_some(Self { address, wants_proxy_line })
    }
}

impl Default for SmtpOutConfig {
    fn default() -> Self {
        Self {
            hello_name: "localhost".to_owned(),
            trust: TlsTrust::default(),
            connections_per_host_max: 8,
            idle_max: Duration::from_secs(30),
            dns: DnsConfig::default(),
            dane: false,
            mx_port: MX_PORT,
            mta_sts_port: 443,
            connections_per_second_max: CONNECTIONS_PER_SECOND_MAX,
            own_listener: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SmtpOutConfigError {
    #[error("{0:?} can't be said in EHLO: expected a host name such as mail.example.com")]
    HelloName(String),
    #[error(transparent)]
    Tls(#[from] TlsTrustError),
    #[error(transparent)]
    Dns(#[from] DnsError),
    #[error("policies of MTA-STS can't be fetched: {0}")]
    Policies(String),
}

/// Sends mail through smarthosts and to mail exchangers.
#[derive(Clone)]
pub struct SmtpTransport {
    dialer: Arc<Dialer>,
    pool: Arc<Pool>,
    direct: Arc<Direct>,
    timeouts: Timeouts,
}

/// What came of one mail over one connection.
struct Attempt {
    /// One a recipient; a failure is that of those left empty.
    outcomes: Vec<Option<Outcome>>,
    /// Protocol and cipher suite.
    tls: Option<String>,
    given: Given,
}

impl Attempt {
    fn new(mail: &OutboundMail) -> Self {
        Self { outcomes: vec![None; mail.recipients.len()], tls: None, given: Given::Nothing }
    }

    fn is_untouched(&self) -> bool {
        self.given == Given::Nothing && self.outcomes.iter().all(Option::is_none)
    }
}

impl SmtpTransport {
    /// # Errors
    /// A name that can't be said in EHLO, or root certificates that are none.
    pub fn new(guard: Guard, config: SmtpOutConfig) -> Result<Self, SmtpOutConfigError> {
        let hello_name = config.hello_name.clone();
        if hello_name.is_empty() || !hello_name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SmtpOutConfigError::HelloName(hello_name));
        }
        let tls = TlsConnector::from(Arc::new(config.trust.client_config()?));
        let any = TlsTrust { accept_invalid_certificates: true, ..TlsTrust::default() };
        let opportunistic_tls = TlsConnector::from(Arc::new(any.client_config()?));
        let dialer = Dialer { guard: guard.clone(), tls, opportunistic_tls, hello_name };
        let direct = Arc::new(Direct::new(guard, &dialer, &config)?);
        Ok(Self {
            dialer: Arc::new(dialer),
            pool: Pool::new(config.connections_per_host_max, config.idle_max),
            direct,
            timeouts: Timeouts::RFC5321,
        })
    }

    async fn attempt(&self, to: &Smarthost, mail: &OutboundMail, attempt: &mut Attempt) -> Result<(), SmtpFailure> {
        let busy = || SmtpFailure::new(Stage::Greeting, Cause::AllBusy);
        let slot = self.pool.slot(to, FREE_CONNECTION).await.ok_or_else(busy)?;
        self.over(&slot, Session::open(&self.dialer, to, self.timeouts), mail, attempt).await
    }

    /// Over a connection that waited, or one that is opened.
    async fn over(
        &self,
        slot: &Slot,
        opening: impl Future<Output = Result<Session, SmtpFailure>> + Send,
        mail: &OutboundMail,
        attempt: &mut Attempt,
    ) -> Result<(), SmtpFailure> {
        if let Some(session) = self.pool.take(slot).await {
            match self.transact(session, slot, mail, attempt).await {
                // The server closed a connection it thought idle: nothing of the mail was given to it yet.
                Err(failure) if failure.is_lost() && attempt.is_untouched() => {
                    tracing::debug!("a pooled SMTP connection had been closed; opening another");
                }
                result => return result,
            }
        }
        let session = opening.await?;
        self.transact(session, slot, mail, attempt).await
    }

    /// One transaction; the session goes back to the pool if it is still of use.
    async fn transact(
        &self,
        mut session: Session,
        slot: &Slot,
        mail: &OutboundMail,
        attempt: &mut Attempt,
    ) -> Result<(), SmtpFailure> {
        attempt.tls = session.describe_tls();
        if session.transact(mail, &mut attempt.outcomes, &mut attempt.given).await? {
            self.pool.park(slot, session);
        } else {
            tokio::spawn(session.quit(POOLED));
        }
        Ok(())
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn send(&self, smarthost: &Smarthost, mail: OutboundMail) -> Vec<RecipientOutcome> {
        let mut attempt = Attempt::new(&mail);
        let failure =
            self.attempt(smarthost, &mail, &mut attempt).await.err().unwrap_or_else(|| {
                SmtpFailure::new(Stage::Content, Cause::Lost(std::io::ErrorKind::UnexpectedEof.into()))
            });
        let outcome = |(recipient, told): (&String, Option<Outcome>)| {
            let (result, response) = match told {
                Some(outcome) => (outcome.result, outcome.text),
                None => (failure.result(), failure.to_string()),
            };
            RecipientOutcome {
                recipient: recipient.clone(),
                result,
                host: Some(smarthost.host.clone()),
                response,
                tls: attempt.tls.is_some(),
                address: None,
                tls_version: attempt.tls.clone(),
                tried_before: Vec::new(),
            }
        };
        mail.recipients.iter().zip(attempt.outcomes).map(outcome).collect()
    }

    async fn send_to_mx(&self, domain: &str, mail: OutboundMail) -> Vec<RecipientOutcome> {
        self.deliver_to_mx(domain, &mail).await
    }

    async fn test(&self, smarthost: &Smarthost) -> Vec<TestStep> {
        probe::probe(&self.dialer, smarthost).await
    }
}

#[cfg(test)]
mod tests;
