//! How often one key or user may ask, and how often one address may guess a password.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use model::key::{Actor, Principal};
use model::limits::{REQUESTS_BURST, REQUESTS_PER_SECOND};

use crate::problem::Problem;

/// Attempts to sign in, a minute and network address, and a minute and account.
const SIGN_INS_PER_MINUTE: u32 = 20;
/// Mail servers tried a minute, for one authentication form and for one network address, and how many at once.
const PROBES_PER_MINUTE: u32 = 10;
const PEER_PROBES_PER_MINUTE: u32 = 30;
/// Opt-outs and returns by the link of one mail, a minute: each is kept, and told.
const OPT_OUTS_PER_MINUTE: u32 = 10;
/// When this many keys were seen, those that are quiet are forgotten.
const KEYS_KEPT: usize = 10_000;

pub struct Limiter {
    requests: DefaultKeyedRateLimiter<String>,
    sign_ins: DefaultKeyedRateLimiter<IpAddr>,
    accounts: DefaultKeyedRateLimiter<String>,
    probes: DefaultKeyedRateLimiter<String>,
    peer_probes: DefaultKeyedRateLimiter<IpAddr>,
    opt_outs: DefaultKeyedRateLimiter<String>,
}

impl Default for Limiter {
    fn default() -> Self {
        let at_least_one = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self {
            requests: RateLimiter::keyed(
                Quota::per_second(at_least_one(REQUESTS_PER_SECOND)).allow_burst(at_least_one(REQUESTS_BURST)),
            ),
            sign_ins: RateLimiter::keyed(Quota::per_minute(at_least_one(SIGN_INS_PER_MINUTE))),
            accounts: RateLimiter::keyed(Quota::per_minute(at_least_one(SIGN_INS_PER_MINUTE))),
            probes: RateLimiter::keyed(Quota::per_minute(at_least_one(PROBES_PER_MINUTE))),
            peer_probes: RateLimiter::keyed(Quota::per_minute(at_least_one(PEER_PROBES_PER_MINUTE))),
            opt_outs: RateLimiter::keyed(Quota::per_minute(at_least_one(OPT_OUTS_PER_MINUTE))),
        }
    }
}

impl Limiter {
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn check(&self, principal: &Principal) -> Result<(), Problem> {
        let who = match &principal.actor {
            Actor::User(id, _) => id.as_str(),
            Actor::Key(id) => id.as_str(),
        };
        if self.requests.len() > KEYS_KEPT {
            self.requests.retain_recent();
        }
        self.requests.check_key(&who.to_owned()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Problem::too_many(format!("more than {REQUESTS_PER_SECOND} requests a second"), wait.as_secs() + 1)
        })
    }

    /// # Errors
    /// 429 with the seconds to wait.
    pub fn check_sign_in(&self, peer: IpAddr) -> Result<(), Problem> {
        if self.sign_ins.len() > KEYS_KEPT {
            self.sign_ins.retain_recent();
        }
        self.sign_ins.check_key(&peer).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Problem::too_many("too many attempts to sign in from this address", wait.as_secs() + 1)
        })
    }

    /// However many addresses the guesses come from.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn check_account(&self, email: &str) -> Result<(), Problem> {
        if self.accounts.len() > KEYS_KEPT {
            self.accounts.retain_recent();
        }
        self.accounts.check_key(&email.trim().to_lowercase()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Problem::too_many("too many attempts to sign in with this address", wait.as_secs() + 1)
        })
    }

    /// Whoever has a mail's link could go to and fro for ever.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn check_opt_out(&self, mail_id: &str) -> Result<(), Problem> {
        if self.opt_outs.len() > KEYS_KEPT {
            self.opt_outs.retain_recent();
        }
        self.opt_outs.check_key(&mail_id.to_owned()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Problem::too_many("this link was used too often", wait.as_secs() + 1)
        })
    }

    /// Whoever fills in a form makes us connect to servers of their choice: not too often.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn check_probe(&self, form: &str, peer: IpAddr) -> Result<(), Problem> {
        if self.probes.len() > KEYS_KEPT || self.peer_probes.len() > KEYS_KEPT {
            self.probes.retain_recent();
            self.peer_probes.retain_recent();
        }
        let by_form = self.probes.check_key(&form.to_owned());
        by_form.and_then(|()| self.peer_probes.check_key(&peer)).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Problem::too_many("mail servers were tried too often", wait.as_secs() + 1)
        })
    }
}
