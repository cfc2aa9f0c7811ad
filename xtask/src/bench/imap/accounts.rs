//! Many accounts: how soon all are connected, at first and after a restart, and what memory they take.

use std::time::Duration;

use anyhow::Context as _;

use super::super::machine;
use super::super::machine::{Watch, Watched};
use super::super::report::{heading, line, megabytes};
use super::dovecot::Dovecot;
use super::{Bench, product};

const CONNECTED: usize = 100;
const CONNECTED_SECONDS_MAX: f64 = 3.0;
/// Mails of each.
const MAILS: u64 = 10;
/// How long accounts at rest are watched.
const AT_REST: Duration = Duration::from_secs(5);
/// Accounts whose memory is measured.
const MANY: usize = 1_000;
const BYTES_AT_REST_MAX: u64 = 60_000_000;
const BYTES_AN_ACCOUNT_MAX: u64 = 150_000;

/// # Errors
/// Something does not start, or an account is not connected.
pub fn measure_connecting(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    heading(&format!("{CONNECTED} accounts of {MAILS} mails"));
    let dovecot = Dovecot::start(bench.folder)?;
    for number in 0..CONNECTED {
        dovecot.fill(&name(number), number as u64, MAILS)?;
    }
    let mut postroom = product::start(bench, "accounts")?;
    let initialized = product::hear_initialized(&postroom)?;
    let mut api = postroom.api()?;
    let watch = Watch::start(postroom.process(), Some(dovecot.process()?));
    let mut first = None;
    for number in 0..CONNECTED {
        let asked = product::add(&mut api, &dovecot, &name(number))?;
        first.get_or_insert(asked);
    }
    let first = first.context("an account")?;
    line("  all POSTs answered after", format!("{:.2} s", first.elapsed().as_secs_f64()));
    let mut last = first;
    for _ in 0..CONNECTED {
        last = initialized.recv_timeout(product::PATIENCE).context("an account is not connected")?;
    }
    let watched = watch.stop();
    let took = last.saturating_duration_since(first).as_secs_f64();
    bench.targets.seconds("first POST → the last of 100 connected", took, CONNECTED_SECONDS_MAX);
    print_cpu(&watched);
    product::eventually("their mails to be kept", || {
        Ok((postroom.metric("postroom_mailbox_mails_kept_total")? >= CONNECTED as f64 * MAILS as f64).then_some(()))
    })?;
    let (since, begun) = (product::now()?, std::time::Instant::now());
    drop(api);
    let started = postroom.restart()?;
    let stopped = begun.elapsed().saturating_sub(started);
    let watch = Watch::start(postroom.process(), Some(dovecot.process()?));
    let all = product::wait_connected(&mut postroom.api()?, CONNECTED, &since)?;
    let watched = watch.stop();
    let took = (all.saturating_duration_since(begun)).saturating_sub(stopped).as_secs_f64();
    bench.targets.seconds("start of the process → all 100 connected again", took, CONNECTED_SECONDS_MAX);
    line("  of which until it is ready", format!("{:.2} s", started.as_secs_f64()));
    print_cpu(&watched);
    // What is connected and hears nothing has nothing to do.
    let watch = Watch::start(postroom.process(), Some(dovecot.process()?));
    std::thread::sleep(AT_REST);
    let idle = watch.stop();
    let share = idle.server_cpu.as_secs_f64() * 100.0 / AT_REST.as_secs_f64();
    bench.targets.judge("CPU of the product with 100 accounts at rest", share, 5.0, |it| format!("{it:.1} %"));
    line("  of Dovecot", format!("{:.1} %", idle.also_cpu.as_secs_f64() * 100.0 / AT_REST.as_secs_f64()));
    Ok(())
}

/// # Errors
/// Something does not start, or an account is not connected.
pub fn measure_memory(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    heading(&format!("memory of {MANY} accounts"));
    let dovecot = Dovecot::start(bench.folder)?;
    let postroom = product::start(bench, "memory")?;
    let mut api = postroom.api()?;
    let before = machine::resident(postroom.process())?.0;
    bench.targets.megabytes("resident without accounts", before, BYTES_AT_REST_MAX);
    let since = product::now()?;
    for number in 0..MANY {
        product::add(&mut api, &dovecot, &name(number))?;
    }
    product::wait_connected(&mut api, MANY, &since)?;
    let (now, most) = machine::resident(postroom.process())?;
    let allowed = BYTES_AT_REST_MAX + BYTES_AN_ACCOUNT_MAX * MANY as u64;
    bench.targets.megabytes(&format!("resident with {MANY} accounts, connected"), now, allowed);
    line("  an account", format!("{:.1} KB", (now.saturating_sub(before)) as f64 / 1000.0 / MANY as f64));
    line("  at most", megabytes(most));
    Ok(())
}

fn print_cpu(watched: &Watched) {
    let seconds = |cpu: Duration| format!("{:.2} s", cpu.as_secs_f64());
    let (product, server) = (seconds(watched.server_cpu), seconds(watched.also_cpu));
    line("  CPU of the product", format!("{product}, of Dovecot {server}  others {:.0} %", watched.others * 100.0));
}

fn name(number: usize) -> String {
    format!("user{number}")
}
