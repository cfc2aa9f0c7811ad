//! No crash loses or doubles an event: mails come in all the time while the product is killed and started over and over; at the end
//! each mail was told of once.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;

use super::super::report::{heading, line};
use super::super::{corpus, postroom::Postroom};
use super::client::Client;
use super::dovecot::Dovecot;
use super::{Bench, product};

const ACCOUNTS: usize = 4;
/// From one mail of an account to its next.
const EVERY: Duration = Duration::from_millis(20);
/// Mails between one start and the next kill: from some to many, so that kills hit every stage.
const MAILS_BETWEEN_MIN: u64 = 5;
const MAILS_BETWEEN_SPREAD: u64 = 120;

/// An account's name and a Message-ID.
type Told = (String, String);

/// # Errors
/// Something does not start, or is not told of within the deadline.
pub fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let restarts = bench.args.restarts;
    heading(&format!("{restarts} kills (SIGKILL) while mails come in"));
    let dovecot = Dovecot::start(bench.folder)?;
    let mut postroom = product::start(bench, "restarts")?;
    let since = product::now()?;
    let mut api = postroom.api()?;
    for number in 0..ACCOUNTS {
        product::add(&mut api, &dovecot, &name(number))?;
    }
    product::wait_connected(&mut api, ACCOUNTS, &since)?;
    let (stop, appended) = (AtomicBool::new(false), AtomicUsize::new(0));
    let sent: Vec<Told> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..ACCOUNTS)
            .map(|number| {
                scope.spawn({
                    let (dovecot, stop, appended) = (&dovecot, &stop, &appended);
                    move || send(dovecot, number, stop, appended)
                })
            })
            .collect();
        let outcome = kill_over_and_over(&mut postroom, restarts, &appended, || {
            senders.iter().any(|sender| sender.is_finished())
        });
        stop.store(true, Ordering::Relaxed);
        let sent = senders.into_iter().map(|sender| sender.join().map_err(|_| anyhow::anyhow!("a sender panicked"))?);
        let sent = sent.collect::<anyhow::Result<Vec<Vec<Told>>>>();
        outcome?;
        anyhow::Ok(sent?.concat())
    })?;
    line("mails that came in", sent.len());
    let mut told = Events::default();
    let all_told = product::eventually("every mail to be told of", || {
        told.read_on(&postroom)?;
        Ok(sent.iter().all(|mail| told.counts.contains_key(mail)).then_some(()))
    });
    if let Err(error) = all_told {
        line("  given up", error);
    }
    // Whoever tells twice would do so when it looks at everything once more.
    let since = product::now()?;
    postroom.restart()?;
    product::wait_connected(&mut postroom.api()?, ACCOUNTS, &since)?;
    told.read_on(&postroom)?;
    let lost = sent.iter().filter(|mail| !told.counts.contains_key(mail)).count();
    let doubled = told.counts.values().map(|count| count - 1).sum();
    let sent: HashSet<Told> = sent.into_iter().collect();
    let unsent = told.counts.keys().filter(|mail| !sent.contains(*mail)).count();
    bench.targets.none("events lost", lost);
    bench.targets.none("events doubled", doubled);
    bench.targets.none("events of mails that were not sent", unsent);
    Ok(())
}

fn kill_over_and_over(
    postroom: &mut Postroom,
    restarts: u64,
    appended: &AtomicUsize,
    failed: impl Fn() -> bool,
) -> anyhow::Result<()> {
    for number in 0..restarts {
        let more = MAILS_BETWEEN_MIN + number * 37 % MAILS_BETWEEN_SPREAD;
        let enough = appended.load(Ordering::Relaxed) + usize::try_from(more)?;
        product::eventually("more mails", || {
            anyhow::ensure!(!failed(), "a sender has ended");
            Ok((appended.load(Ordering::Relaxed) >= enough).then_some(()))
        })?;
        postroom.kill_and_start()?;
    }
    Ok(())
}

/// Appends to the inbox of one account until it is told to stop.
fn send(dovecot: &Dovecot, account: usize, stop: &AtomicBool, appended: &AtomicUsize) -> anyhow::Result<Vec<Told>> {
    let name = name(account);
    let (mut client, mut sent) = (Client::open(dovecot.port, &name)?, Vec::new());
    let series = 100 + account as u64;
    while !stop.load(Ordering::Relaxed) {
        let number = sent.len() as u64;
        client.append("INBOX", &corpus::mail(series, number, &format!("{name}@bench.test")).bytes)?;
        sent.push((name.clone(), format!("<{series}.{number}@senders.test>")));
        appended.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(EVERY);
    }
    Ok(sent)
}

/// What was told, and how often.
#[derive(Default)]
struct Events {
    counts: HashMap<Told, usize>,
    last: String,
}

impl Events {
    fn read_on(&mut self, postroom: &Postroom) -> anyhow::Result<()> {
        let mut api = postroom.api()?;
        loop {
            let page = api.get_json(&format!("/api/v1/events?take=100&after={}", self.last))?;
            let items = page["items"].as_array().context("events")?;
            let Some(last) = items.last() else { return Ok(()) };
            last["id"].as_str().context("an event without an id")?.clone_into(&mut self.last);
            for event in items.iter().filter(|event| event["type"] == "messageNew") {
                let text = |pointer: &str| event.pointer(pointer).and_then(|it| it.as_str()).map(str::to_owned);
                let told = text("/data/account").zip(text("/data/data/messageId"));
                let told = told.with_context(|| format!("an event without its mail: {event}"))?;
                *self.counts.entry(told).or_default() += 1;
            }
        }
    }
}

fn name(number: usize) -> String {
    format!("kept{number}")
}
