//! One client's connection: drives the protocol machine with bytes, time and the mailroom. Owns timeouts and memory
//! accounting; never decides what SMTP means.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::ports::{Arrival, InboundMail, Mailroom, RouteError, SignInError, SubmitError, SubmittedMail};
use model::Timestamp;
use model::auth::{AuthResult, AuthResults, DmarcPolicy};
use model::channel::AuthPolicy;
use model::key::Principal;
use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::budget::Held;
use super::data::Outcome;
use super::listener::{Door, Shared};
use super::reply::{Refusal, SHUTTING_DOWN, TIMED_OUT, say};
use super::session::{Delivery, Session, Step};
use super::stream::{Input, Stream};

/// How long saying goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client that we hang up on is heard out.
const LINGER: Duration = Duration::from_secs(1);
/// How many times the delay of a failed sign-in grows.
const SIGN_IN_DELAYS_MAX: u32 = 5;
/// First room for replies, bytes.
const OUTPUT_BYTES_INITIAL: usize = 512;

pub(super) struct Connection<S> {
    shared: Arc<Shared>,
    peer: IpAddr,
    stream: Stream<S>,
    input: Input,
    output: Vec<u8>,
    session: Session,
    held: Held,
    tls: bool,
}

/// How a conversation ended.
enum End {
    /// The client has quit, or is gone.
    Agreed,
    /// We hang up; the client may still be talking.
    CutOff,
}

/// What woke the reader.
enum Woken {
    Read(io::Result<usize>),
    TimedOut,
    Shutdown,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(shared: Arc<Shared>, peer: IpAddr, stream: Stream<S>, input: Input, id: u64) -> Self {
        let session = Session::new(Arc::clone(&shared.session), peer, id);
        let held = shared.budget.hold();
        let output = Vec::with_capacity(OUTPUT_BYTES_INITIAL);
        Self { shared, peer, stream, input, output, session, held, tls: false }
    }

    /// Until the client or we have had enough. Errors of the connection end it, and concern nobody else.
    pub(super) async fn run(mut self) {
        if self.shared.implicit_tls
            && let Err(error) = self.secure().await
        {
            tracing::debug!(peer = %self.peer, %error, "a TLS handshake failed");
            return;
        }
        self.session.greet(&mut self.output);
        match self.converse().await {
            Ok(End::Agreed) => self.stream.close(None, CLOSE_TIMEOUT).await,
            Ok(End::CutOff) => self.stream.close(Some(LINGER), CLOSE_TIMEOUT).await,
            Err(error) => tracing::debug!(peer = %self.peer, %error, "an SMTP connection broke"),
        }
    }

    async fn converse(&mut self) -> io::Result<End> {
        loop {
            let mut pending = self.input.pending();
            let step = self.session.step(&mut pending, Timestamp::now(), &mut self.output);
            let left = pending.len();
            self.input.keep_last(left);
            self.shared.metrics.refused(&self.session.take_refusals());
            match step {
                Step::Read => {
                    self.account();
                    if let Some(end) = self.read_more().await? {
                        self.flush().await?;
                        return Ok(end);
                    }
                }
                Step::Route(address) => {
                    let answer = match &self.shared.door {
                        Door::In(mailroom) => mailroom.route(&address).await,
                        Door::Out(_) => Err(RouteError::Unknown),
                    };
                    if self.session.routed(answer, &mut self.output).is_some() {
                        self.shared.metrics.refused(&self.session.take_refusals());
                        self.flush().await?;
                        return Ok(End::CutOff);
                    }
                }
                Step::SignIn(key) => {
                    let Some(answer) = self.sign_in(&key).await else {
                        self.shared.metrics.refused(&[Refusal::TooManySignIns]);
                        say(&mut self.output, Refusal::TooManySignIns.reply());
                        self.flush().await?;
                        return Ok(End::CutOff);
                    };
                    if self.session.signed_in(answer, &mut self.output).is_some() {
                        self.shared.metrics.refused(&self.session.take_refusals());
                        self.flush().await?;
                        return Ok(End::CutOff);
                    }
                }
                Step::Deliver(delivery) => {
                    let outcome = self.deliver(*delivery).await;
                    self.session.delivered(outcome, &mut self.output);
                    self.held.resize(0);
                }
                Step::StartTls => {
                    self.flush().await?;
                    self.secure().await?;
                }
                Step::Close { agreed } => {
                    self.flush().await?;
                    return Ok(if agreed { End::Agreed } else { End::CutOff });
                }
            }
        }
    }

    /// `None`: too many tries of this address failed. A failed one waits for its answer.
    async fn sign_in(&self, key: &SecretString) -> Option<Result<Principal, SignInError>> {
        let Door::Out(submission) = &self.shared.door else { return None };
        let limits = &self.shared.session.limits;
        let failed = &self.shared.failed_sign_ins;
        let tries =
            failed.begin(self.peer, limits.failed_sign_ins_max, limits.failed_sign_ins_window, Instant::now())?;
        let answer = submission.sign_in(key).await;
        if matches!(answer, Err(SignInError::Refused(_))) {
            tracing::info!(peer = %self.peer, tries, "a try to sign in for submission failed");
            tokio::time::sleep(limits.sign_in_delay * tries.min(SIGN_IN_DELAYS_MAX)).await;
        } else {
            failed.succeeded(self.peer);
        }
        Some(answer)
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        self.stream.write_all(&self.output, self.shared.session.limits.write_timeout).await?;
        self.output.clear();
        Ok(())
    }

    /// Where the memory of all sessions is used up, the mail under way is refused and its memory freed.
    fn account(&mut self) {
        if !self.held.resize(self.session.held()) {
            self.session.drop_content();
            self.held.resize(self.session.held());
        }
    }

    /// How the conversation ends, if it does.
    async fn read_more(&mut self) -> io::Result<Option<End>> {
        if self.shared.shutdown.is_cancelled() && self.session.is_idle() {
            say(&mut self.output, SHUTTING_DOWN);
            return Ok(Some(End::CutOff));
        }
        self.flush().await?;
        match self.wait_for_input().await {
            Woken::Read(count) => Ok(if count? > 0 { None } else { Some(End::Agreed) }),
            Woken::TimedOut => {
                say(&mut self.output, TIMED_OUT);
                Ok(Some(End::CutOff))
            }
            Woken::Shutdown => {
                say(&mut self.output, SHUTTING_DOWN);
                Ok(Some(End::CutOff))
            }
        }
    }

    async fn wait_for_input(&mut self) -> Woken {
        let limits = &self.shared.session.limits;
        let limit = if self.session.awaits_content() {
            limits.data_initiation_timeout
        } else if self.session.in_content() {
            limits.data_block_timeout
        } else {
            limits.command_timeout
        };
        let read = timeout(limit, self.input.fill(&mut self.stream));
        tokio::select! {
            biased;
            read = read => read.map_or(Woken::TimedOut, Woken::Read),
            () = self.shared.shutdown.cancelled(), if self.session.is_idle() => Woken::Shutdown,
        }
    }

    /// What was read in clear behind STARTTLS is forgotten: somebody between may have put it there (CVE-2011-0411).
    async fn secure(&mut self) -> io::Result<()> {
        self.input.clear();
        let Some(tls) = &self.shared.tls else { return Err(io::ErrorKind::Unsupported.into()) };
        self.shared.metrics.tls_handshakes.increment(1);
        let limit = self.shared.session.limits.tls_handshake_timeout;
        if let Err(error) = self.stream.secure(tls, limit).await {
            self.shared.metrics.tls_failures.increment(1);
            return Err(error);
        }
        self.session.secured();
        self.tls = true;
        Ok(())
    }

    async fn deliver(&self, delivery: Delivery) -> Outcome {
        let started = Instant::now();
        let limit = self.shared.session.limits.accept_timeout;
        let bytes = delivery.raw.len() as u64;
        let outcome = timeout(limit, self.hand_over(delivery)).await.unwrap_or(Outcome::TimedOut);
        let metrics = &self.shared.metrics;
        metrics.accept_seconds.record(started.elapsed());
        if matches!(outcome, Outcome::Accepted(_) | Outcome::Queued(_)) {
            metrics.messages_accepted.increment(1);
            metrics.bytes_accepted.increment(bytes);
        }
        outcome
    }

    async fn hand_over(&self, delivery: Delivery) -> Outcome {
        match &self.shared.door {
            Door::In(mailroom) => self.verify_and_accept(mailroom.as_ref(), delivery).await,
            Door::Out(submission) => {
                let Some((principal, recipients)) = delivery.submitted else {
                    return Outcome::NotQueued(SubmitError::refused("5.7.0", "sign in first"));
                };
                let raw = Bytes::from(delivery.raw);
                let mail = SubmittedMail { mail_from: delivery.mail_from, recipients, raw };
                match submission.submit(&principal, mail).await {
                    Ok(id) => Outcome::Queued(id),
                    Err(error) => Outcome::NotQueued(error),
                }
            }
        }
    }

    async fn verify_and_accept(&self, mailroom: &dyn Mailroom, delivery: Delivery) -> Outcome {
        let Delivery { helo, mail_from, routes, raw, trace_bytes, .. } = delivery;
        let raw = Bytes::from(raw);
        let auth = match &self.shared.auth {
            Some(authenticator) => {
                let mail = raw.slice(trace_bytes..);
                Some(authenticator.verify(self.peer, &helo, &mail_from, mail).await)
            }
            None => None,
        };
        if let Some(why) = auth.as_ref().and_then(rejected_by_dmarc)
            && routes.iter().all(|route| route.auth_policy == AuthPolicy::Reject)
        {
            return Outcome::Unauthenticated(why);
        }
        let arrival =
            Arrival { at: Timestamp::now(), peer: Some(self.peer), helo: Some(helo), mail_from, tls: self.tls };
        match mailroom.accept(InboundMail { raw, routes, arrival, auth }).await {
            Ok(accepted) => {
                Outcome::Accepted(accepted.messages.into_iter().map(|message| message.id.into_string()).collect())
            }
            Err(error) => Outcome::Failed(error),
        }
    }
}

/// Why, where DMARC fails and the sender's domain asks to reject.
fn rejected_by_dmarc(auth: &AuthResults) -> Option<String> {
    let rejected = auth.dmarc == AuthResult::Fail && auth.dmarc_policy == DmarcPolicy::Reject;
    rejected.then(|| auth.detail.clone().unwrap_or_default())
}
