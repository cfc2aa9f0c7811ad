//! Test Connection: connect, secure, sign in, quit; a result a step, with the server's own words and what to do.
//! Sends no mail.

use std::time::Instant;

use engine::ports::{Smarthost, TestStep};
use model::channel::TransportSecurity;

use super::failure::SmtpFailure;
use super::hints;
use super::session::{Dialer, Session};
use super::timeouts::{POOLED, Timeouts};

const CONNECT: &str = "smtp.connect";
const TLS: &str = "smtp.tls";
const AUTH: &str = "smtp.auth";

/// The steps up to the first that failed.
pub(super) async fn probe(dialer: &Dialer, to: &Smarthost) -> Vec<TestStep> {
    let mut steps = Vec::with_capacity(3);
    if let Some(session) = run(dialer, to, &mut steps).await {
        session.quit(POOLED).await;
    }
    steps
}

async fn run(dialer: &Dialer, to: &Smarthost, steps: &mut Vec<TestStep>) -> Option<Session> {
    let started = Instant::now();
    let connected = Session::connect(dialer, to, Timeouts::INTERACTIVE).await;
    let session = step(steps, CONNECT, started, to, connected, |session| {
        session.greeting.clone().unwrap_or_else(|| format!("{} port {} answers", to.host, to.port))
    })?;

    let started = Instant::now();
    let secured = session.secure(dialer, to).await;
    let mut session = step(steps, TLS, started, to, secured, |session| {
        session.describe_tls().unwrap_or_else(|| "not encrypted".to_owned())
    })?;
    if let (Some(tls), TransportSecurity::None) = (steps.last_mut(), to.security) {
        tls.hint = hints::unencrypted(session.offers_starttls());
    }

    let Some(auth) = &to.auth else {
        let detail = "no user name is set; not signed in".to_owned();
        steps.push(TestStep { name: AUTH.to_owned(), ok: true, detail, hint: None, duration_ms: 0 });
        return Some(session);
    };
    let started = Instant::now();
    let signed_in = session.sign_in(auth).await;
    step(steps, AUTH, started, to, signed_in, |(mechanism, reply)| format!("{reply} ({mechanism})"))?;
    Some(session)
}

/// Writes a step down.
fn step<T>(
    steps: &mut Vec<TestStep>,
    name: &str,
    started: Instant,
    to: &Smarthost,
    result: Result<T, SmtpFailure>,
    describe: impl FnOnce(&T) -> String,
) -> Option<T> {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (ok, detail, hint) = match &result {
        Ok(value) => (true, describe(value), None),
        Err(failure) => (false, failure.to_string(), hints::hint(to, failure)),
    };
    steps.push(TestStep { name: name.to_owned(), ok, detail, hint, duration_ms });
    result.ok()
}
