//! Mail out through smarthosts: the SMTP client (RFC 5321). Owns connections, TLS, sign-in, the transaction and what the
//! answers mean. Never retries a mail (one attempt is one call), never looks up MX records, never changes a mail except
//! for its line ends and doubled dots.
//!
//! `reply`, `capabilities`, `envelope`, `auth`, `classify` and `hints` are pure; `wire` and `session` do the I/O; `pool`
//! keeps connections. What each answer means is the table at the top of `classify`.

mod auth;
mod capabilities;
mod classify;
mod envelope;
mod failure;
mod hints;
mod pool;
mod probe;
pub mod reply;
mod session;
mod timeouts;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::ports::{OutboundMail, RecipientOutcome, Smarthost, TestStep, Transport};
use tokio_rustls::TlsConnector;

use crate::guard::Guard;
use crate::tls_client::{TlsTrust, TlsTrustError};
use classify::Stage;
use failure::{Cause, SmtpFailure};
use pool::{Pool, Slot};
use session::{Dialer, Outcome, Session};
use timeouts::{FREE_CONNECTION, POOLED, Timeouts};

#[derive(Debug, Clone)]
pub struct SmtpOutConfig {
    /// What we call ourselves in EHLO: our host name, or an address in brackets.
    pub hello_name: String,
    pub trust: TlsTrust,
    /// Connections to one smarthost (host, port, security and user) at a time.
    pub connections_per_host_max: usize,
    /// How long a connection waits for the next mail.
    pub idle_max: Duration,
}

impl Default for SmtpOutConfig {
    fn default() -> Self {
        Self {
            hello_name: "localhost".to_owned(),
            trust: TlsTrust::default(),
            connections_per_host_max: 8,
            idle_max: Duration::from_secs(30),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SmtpOutConfigError {
    #[error("{0:?} can't be said in EHLO: expected a host name such as mail.example.com")]
    HelloName(String),
    #[error(transparent)]
    Tls(#[from] TlsTrustError),
}

/// Sends mail through smarthosts.
#[derive(Clone)]
pub struct SmtpTransport {
    dialer: Arc<Dialer>,
    pool: Arc<Pool>,
    timeouts: Timeouts,
}

impl SmtpTransport {
    /// # Errors
    /// A name that can't be said in EHLO, or root certificates that are none.
    pub fn new(guard: Guard, config: SmtpOutConfig) -> Result<Self, SmtpOutConfigError> {
        let hello_name = config.hello_name;
        if hello_name.is_empty() || !hello_name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SmtpOutConfigError::HelloName(hello_name));
        }
        let tls = TlsConnector::from(Arc::new(config.trust.client_config()?));
        Ok(Self {
            dialer: Arc::new(Dialer { guard, tls, hello_name }),
            pool: Pool::new(config.connections_per_host_max, config.idle_max),
            timeouts: Timeouts::RFC5321,
        })
    }

    /// Fills `outcomes`; a failure is that of the recipients left without one.
    async fn attempt(
        &self,
        to: &Smarthost,
        mail: &OutboundMail,
        outcomes: &mut [Option<Outcome>],
        tls: &mut bool,
    ) -> Result<(), SmtpFailure> {
        let busy = || SmtpFailure::new(Stage::Greeting, Cause::AllBusy);
        let slot = self.pool.slot(to, FREE_CONNECTION).await.ok_or_else(busy)?;
        if let Some(session) = self.pool.take(&slot).await {
            *tls = session.is_tls();
            let mut data_sent = false;
            match self.transact(session, &slot, mail, outcomes, &mut data_sent).await {
                // The server closed a connection it thought idle: nothing of the mail was given to it yet.
                Err(failure) if failure.is_lost() && !data_sent && outcomes.iter().all(Option::is_none) => {
                    tracing::debug!(host = to.host, "a pooled SMTP connection had been closed; opening another");
                }
                result => return result,
            }
        }
        let session = Session::open(&self.dialer, to, self.timeouts).await?;
        *tls = session.is_tls();
        self.transact(session, &slot, mail, outcomes, &mut false).await
    }

    /// One transaction; the session goes back to the pool if it is still of use.
    async fn transact(
        &self,
        mut session: Session,
        slot: &Slot,
        mail: &OutboundMail,
        outcomes: &mut [Option<Outcome>],
        data_sent: &mut bool,
    ) -> Result<(), SmtpFailure> {
        if session.transact(mail, outcomes, data_sent).await? {
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
        let mut outcomes: Vec<Option<Outcome>> = vec![None; mail.recipients.len()];
        let mut tls = false;
        let rest = match self.attempt(smarthost, &mail, &mut outcomes, &mut tls).await {
            Ok(()) => None,
            Err(failure) => Some((failure.result(), failure.to_string())),
        };
        let rest = rest.unwrap_or_else(|| {
            let nothing = SmtpFailure::new(Stage::Content, Cause::Lost(std::io::ErrorKind::UnexpectedEof.into()));
            (nothing.result(), nothing.to_string())
        });
        let told = outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| rest.clone()));
        let host = Some(smarthost.host.clone());
        let outcome =
            |(recipient, (result, response))| RecipientOutcome { recipient, result, host: host.clone(), response, tls };
        mail.recipients.iter().cloned().zip(told).map(outcome).collect()
    }

    async fn test(&self, smarthost: &Smarthost) -> Vec<TestStep> {
        probe::probe(&self.dialer, smarthost).await
    }
}

#[cfg(test)]
mod tests;
