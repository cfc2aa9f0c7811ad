//! Mail to the mail exchangers of its recipients' domain (RFC 5321 §5.1): one attempt, host after host until every recipient
//! has an answer. Owns who is tried and when it is gone on to the next; never speaks SMTP itself, never waits for a retry.
//!
//! Gone on is what was refused for now (4xx) or not heard of before the mail itself was begun, and what lost its connection
//! before the final dot was written: none of that can have been taken. Once the final dot is written, nobody else is asked
//! in the same attempt: without an answer the mail may have been taken (counted in the log as in doubt), and it is sent
//! again later under the same Message-ID. Neither is a mail whose content was answered 4xx given to another host at once.
//!
//! Where we are a domain's exchanger ourselves, the mail is given to our own listener, by SMTP on this machine, as from anybody: it relays
//! nothing and counts how often a mail went round, so that nothing loops.
//!
//! `route` is pure; `names`, `policies` and `rate` ask and wait; `preparing` says how a host has to be spoken to.

mod names;
mod policies;
mod preparing;
mod rate;
mod route;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::ports::{DeliveryResult, OutboundMail, RecipientOutcome};
use model::message::HostTried;
use rand::RngExt as _;
use tokio::time::Instant;

use super::classify::Stage;
use super::failure::{Cause, SmtpFailure};
use super::security::Security;
use super::session::{Dialer, Exchanger, Given, Outcome, Session};
use super::timeouts::FREE_EXCHANGER;
use super::{Attempt, OwnListener, SmtpOutConfig, SmtpOutConfigError, SmtpTransport};
use crate::guard::Guard;
use names::Names;
use policies::Policies;
use preparing::Prepared;
use rate::Rate;
use route::{MxAnswer, NoRoute, Way, check_domain, exchangers};

/// Exchangers of a domain that are tried in one attempt.
const EXCHANGERS_TRIED_MAX: usize = 5;
/// Addresses of one exchanger, and of all in one attempt.
const ADDRESSES_PER_EXCHANGER_MAX: usize = 4;
const ADDRESSES_TRIED_MAX: usize = 8;
/// No further host is begun with after this: an attempt ends within the lease it was claimed with.
const LOOKING_MAX: Duration = Duration::from_secs(4 * 60);
/// Hosts that an attempt's record names beside the last.
const TOLD_MAX: usize = 4;

/// What only mail to exchangers needs.
pub(super) struct Direct {
    guard: Guard,
    names: Names,
    policies: Policies,
    rate: Rate,
    port: u16,
    own_name: String,
    /// Where our own listener is, and what connects to it.
    own_listener: Option<(OwnListener, Dialer)>,
    /// Mails whose final dot was not answered.
    in_doubt: AtomicU64,
}

impl Direct {
    pub(super) fn new(guard: Guard, dialer: &Dialer, config: &SmtpOutConfig) -> Result<Self, SmtpOutConfigError> {
        // Nobody names this address but the configuration: the guard lets it pass.
        let to_ourselves = || Dialer { guard: Guard::new(true), ..dialer.clone() };
        let policies = Policies::new(guard.clone(), &config.trust, config.mta_sts_port);
        Ok(Self {
            guard,
            names: Names::new(&config.dns, config.dane)?,
            policies: policies.map_err(SmtpOutConfigError::Policies)?,
            rate: Rate::new(config.connections_per_second_max),
            port: config.mx_port,
            own_name: config.hello_name.clone(),
            own_listener: config.own_listener.clone().map(|listener| (listener, to_ourselves())),
            in_doubt: AtomicU64::new(0),
        })
    }

    /// Where the domain's mail goes, and whether DNSSEC proves it.
    async fn route(&self, domain: &str) -> Result<(Way, bool), NoRoute> {
        check_domain(domain)?;
        let (answer, is_proven) = self.names.mx(domain).await;
        let chance: Vec<u32> = match &answer {
            MxAnswer::Records(records) => records.iter().map(|_| rand::rng().random()).collect(),
            _ => Vec::new(),
        };
        Ok((exchangers(domain, answer, &self.own_name, &chance)?, is_proven))
    }
}

impl SmtpTransport {
    pub(super) async fn deliver_to_mx(&self, domain: &str, mail: &OutboundMail) -> Vec<RecipientOutcome> {
        let mut round = Round::new(mail);
        let (hosts, is_proven) = match self.direct.route(domain).await {
            Ok((Way::Hosts(mut hosts), is_proven)) => {
                hosts.truncate(EXCHANGERS_TRIED_MAX);
                (hosts, is_proven)
            }
            Ok((Way::Ourselves, _)) => {
                self.deliver_to_ourselves(domain, &mut round).await;
                return round.end();
            }
            Err(no_route) => {
                round.nowhere(None, &no_route);
                return round.end();
            }
        };
        let policy = self.direct.policies.of(&self.direct.names, domain).await;
        let began = Instant::now();
        let mut tried = 0;
        for host in hosts {
            let prepared = match self.direct.prepare(domain, &host, is_proven, policy.as_deref()).await {
                Ok(prepared) => prepared,
                Err(no_route) => {
                    round.nowhere(Some(&host), &no_route);
                    continue;
                }
            };
            let Prepared { addresses, security, otherwise } = prepared;
            for address in addresses {
                if round.is_over() || tried >= ADDRESSES_TRIED_MAX || (tried > 0 && began.elapsed() >= LOOKING_MAX) {
                    return round.end();
                }
                tried += 1;
                let mut to = Exchanger {
                    host: host.clone(),
                    address,
                    port: self.direct.port,
                    security: security.clone(),
                    wants_proxy_line: false,
                };
                let mut attempt = self.try_exchanger(&self.dialer, &to, &round.mail()).await;
                if let (Some(otherwise), true) = (&otherwise, attempt.failed_at(Stage::StartTls)) {
                    tracing::warn!(
                        domain,
                        host,
                        mode = "testing",
                        "TLS is not as the MTA-STS policy wants it; sending all the same"
                    );
                    to.security = otherwise.clone();
                    attempt = self.try_exchanger(&self.dialer, &to, &round.mail()).await;
                }
                round.record(&to, attempt);
            }
        }
        round.end()
    }

    async fn deliver_to_ourselves(&self, domain: &str, round: &mut Round<'_>) {
        let own_name = &self.direct.own_name;
        let Some((listener, dialer)) = &self.direct.own_listener else {
            let text = format!(
                "5.4.6 we ({own_name}) are the best mail exchanger of {domain} ourselves, and take no mail in here"
            );
            round.nowhere(None, &NoRoute::bounced(text));
            return;
        };
        let to = Exchanger {
            host: own_name.clone(),
            address: listener.address.ip(),
            port: listener.address.port(),
            security: Security::Opportunistic,
            wants_proxy_line: listener.wants_proxy_line,
        };
        let tried = self.try_exchanger(dialer, &to, &round.mail()).await;
        round.record(&to, tried);
    }

    /// One transaction with one address.
    async fn try_exchanger(&self, dialer: &Dialer, to: &Exchanger, mail: &OutboundMail) -> Tried {
        let mut attempt = Attempt::new(mail);
        let Some(slot) = self.pool.slot_at(to, FREE_EXCHANGER).await else {
            return Tried { attempt, failure: Some(SmtpFailure::new(Stage::Greeting, Cause::AllBusy)) };
        };
        let opening = async {
            self.direct.rate.turn(&to.host).await;
            Session::open_exchanger(dialer, to, self.timeouts).await
        };
        let failure = self.over(&slot, opening, mail, &mut attempt).await.err();
        if let (Some(failure), Given::All) = (&failure, attempt.given) {
            let in_doubt = self.direct.in_doubt.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::warn!(host = to.host, address = %to.address, %failure, in_doubt,
                "the final dot was not answered: the mail may have been taken, and is sent again under the same Message-ID");
        }
        Tried { attempt, failure }
    }
}

/// What came of one address.
struct Tried {
    attempt: Attempt,
    /// Of the recipients without an outcome of their own.
    failure: Option<SmtpFailure>,
}

impl Tried {
    fn failed_at(&self, stage: Stage) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.stage == stage)
    }

    /// What a recipient without an outcome was told, and whether another host may be asked.
    fn of_all(&self) -> (DeliveryResult, String, bool) {
        let Some(failure) = &self.failure else {
            return (DeliveryResult::Deferred, "the server gave no answer".to_owned(), true);
        };
        let at_connection = matches!(failure.stage, Stage::Greeting | Stage::Hello | Stage::StartTls);
        let is_theirs = matches!(
            failure.cause,
            Cause::Tls(_) | Cause::BadServerName | Cause::StartTlsNotOffered | Cause::NotSmtp(_)
        );
        let result = if is_theirs { DeliveryResult::Deferred } else { failure.result() };
        let goes_on = match (failure.stage, &failure.cause) {
            (Stage::Content, Cause::Answer(..)) => false,
            _ => self.attempt.given < Given::All && (at_connection || result == DeliveryResult::Deferred),
        };
        (result, failure.to_string(), goes_on)
    }
}

/// One mail's way from host to host.
struct Round<'a> {
    mail: &'a OutboundMail,
    letters: Vec<Letter>,
}

/// How it stands with one recipient.
#[derive(Default)]
struct Letter {
    is_over: bool,
    last: Option<RecipientOutcome>,
    /// No host so far has an address: if none has, that is final.
    spoken: bool,
}

impl<'a> Round<'a> {
    fn new(mail: &'a OutboundMail) -> Self {
        Self { mail, letters: mail.recipients.iter().map(|_| Letter::default()).collect() }
    }

    fn is_over(&self) -> bool {
        self.letters.iter().all(|letter| letter.is_over)
    }

    /// The mail for those who wait still.
    fn mail(&self) -> OutboundMail {
        let waiting = self.mail.recipients.iter().zip(&self.letters).filter(|(_, letter)| !letter.is_over);
        OutboundMail { recipients: waiting.map(|(recipient, _)| recipient.clone()).collect(), ..self.mail.clone() }
    }

    /// There is no way to a host, or to the domain.
    fn nowhere(&mut self, host: Option<&str>, no_route: &NoRoute) {
        for (recipient, letter) in self.mail.recipients.iter().zip(&mut self.letters).filter(|(_, l)| !l.is_over) {
            let mut outcome = RecipientOutcome::unspoken(recipient.clone(), no_route.result, no_route.text.clone());
            outcome.host = host.map(str::to_owned);
            letter.follow(outcome);
        }
    }

    fn record(&mut self, to: &Exchanger, tried: Tried) {
        let mut of_all = tried.of_all();
        if tried.failed_at(Stage::StartTls) {
            of_all.1.push_str(to.security.reason());
        }
        let Attempt { outcomes, tls, .. } = tried.attempt;
        let waiting = self.mail.recipients.iter().zip(&mut self.letters).filter(|(_, letter)| !letter.is_over);
        for ((recipient, letter), outcome) in waiting.zip(outcomes) {
            let (result, response, goes_on) = match outcome {
                Some(Outcome { result, text, stage }) => {
                    (result, text, result == DeliveryResult::Deferred && stage != Stage::Content)
                }
                None => of_all.clone(),
            };
            letter.spoken = true;
            letter.is_over = !goes_on;
            letter.follow(RecipientOutcome {
                recipient: recipient.clone(),
                result,
                host: Some(to.host.clone()),
                response,
                tls: tls.is_some(),
                address: Some(to.address.to_string()),
                tls_version: tls.clone(),
                tried_before: Vec::new(),
            });
        }
    }

    fn end(self) -> Vec<RecipientOutcome> {
        let nobody = |recipient: &String| {
            let text = "4.4.1 no mail exchanger could be asked in time".to_owned();
            RecipientOutcome::unspoken(recipient.clone(), DeliveryResult::Deferred, text)
        };
        self.mail
            .recipients
            .iter()
            .zip(self.letters)
            .map(|(r, letter)| letter.last.unwrap_or_else(|| nobody(r)))
            .collect()
    }
}

impl Letter {
    /// The newest outcome stands; what came before is told beside it. A host without a way does not outweigh one that spoke,
    /// nor does "no address" outweigh "DNS did not say".
    fn follow(&mut self, mut outcome: RecipientOutcome) {
        let Some(mut earlier) = self.last.take() else {
            self.last = Some(outcome);
            return;
        };
        let says_less = outcome.address.is_none()
            && (self.spoken
                || (outcome.result == DeliveryResult::Bounced && earlier.result != DeliveryResult::Bounced));
        if says_less {
            std::mem::swap(&mut earlier, &mut outcome);
        }
        let mut before = std::mem::take(if says_less { &mut outcome.tried_before } else { &mut earlier.tried_before });
        if before.len() < TOLD_MAX {
            let host = earlier.host.unwrap_or_default();
            before.push(HostTried { host, address: earlier.address, response: earlier.response });
        }
        outcome.tried_before = before;
        self.last = Some(outcome);
    }
}
