//! New mail, from the server's own notice to the webhook: what the product adds. A second connection of the bench listens (IDLE) to the
//! same folder and notes when the server says that the mail is there.
//!
//! Dovecot tells a connection of news at most every 500 ms, counted for each connection from its first news: of two connections one may
//! hear of the same mail half a second before the other. So what is judged is how far the quantiles of all mails' webhooks lie behind
//! those of their notices; the difference mail by mail is printed beside.

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::super::machine::Watch;
use super::super::report::{heading, line, quantile};
use super::super::{corpus, postroom::Postroom};
use super::client::Client;
use super::dovecot::Dovecot;
use super::listener::{self, Heard};
use super::{Bench, product};

const USER: &str = "noticed";
/// What lies there before.
const BEFORE: u64 = 100;
const TARGET: Duration = Duration::from_millis(100);

/// How mails come.
struct Pattern {
    name: &'static str,
    mails: u64,
    /// From one to the next.
    every: Duration,
}

const PATTERNS: [Pattern; 3] = [
    Pattern { name: "one every 1.5 s", mails: 30, every: Duration::from_millis(1_500) },
    Pattern { name: "one every 250 ms", mails: 60, every: Duration::from_millis(250) },
    Pattern { name: "200 at once", mails: 200, every: Duration::ZERO },
];

/// A mail that was delivered.
struct Sent {
    message_id: String,
    /// How many messages there are with it.
    exists: u32,
    at: Instant,
}

struct Ears {
    notices: mpsc::Receiver<(u32, Instant)>,
    webhooks: mpsc::Receiver<Heard>,
}

/// # Errors
/// Something does not start, or a mail is not told of.
pub fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    heading("new mail: from the server's notice to the webhook");
    let dovecot = Dovecot::start(bench.folder)?;
    dovecot.fill(USER, 1, BEFORE)?;
    let postroom = product::start(bench, "notice")?;
    let ears = listen(&dovecot, &postroom)?;
    let mut appending = Client::open(dovecot.port, USER)?;
    let mut exists = Client::open(dovecot.port, USER)?.select("INBOX")?;
    for (series, pattern) in (2..).zip(&PATTERNS) {
        let watch = Watch::start(postroom.process(), Some(dovecot.process()?));
        let sent = deliver(&mut appending, pattern, series, &mut exists)?;
        let (notices, webhooks) = hear(&ears, &sent)?;
        let watched = watch.stop();
        let (mut above, mut before, mut in_all) = (Vec::new(), Vec::new(), Vec::new());
        for mail in &sent {
            let notice = notices.get(&mail.exists).context("a mail without a notice")?;
            let webhook = webhooks.get(&mail.message_id).context("a mail without a webhook")?;
            above.push(milliseconds(*notice, *webhook));
            before.push(milliseconds(mail.at, *notice));
            in_all.push(milliseconds(mail.at, *webhook));
        }
        let both = |times: &mut [f64]| format!("{:.1} / {:.1} ms", quantile(times, 0.5), quantile(times, 0.95));
        line(&format!("{}: delivered → notice, median / p95", pattern.name), both(&mut before));
        line("  delivered → webhook, median / p95", both(&mut in_all));
        line("  notice → webhook of the same mail, median / p95", both(&mut above));
        let cpu = |cpu: Duration| format!("{:.2} ms", cpu.as_secs_f64() * 1000.0 / pattern.mails as f64);
        let (product, server) = (cpu(watched.server_cpu), cpu(watched.also_cpu));
        let others = watched.others * 100.0;
        line("  CPU of the product a mail", format!("{product}, of Dovecot {server}  others {others:.0} %"));
        for (name, share) in [("median", 0.5), ("p95", 0.95)] {
            let what = format!("  webhooks behind notices, {}, {name}", pattern.name);
            let behind = quantile(&mut in_all, share) - quantile(&mut before, share);
            bench.targets.milliseconds(&what, behind, TARGET);
        }
    }
    Ok(())
}

/// Below zero if the second came first.
fn milliseconds(from: Instant, to: Instant) -> f64 {
    let forward = to.saturating_duration_since(from).as_secs_f64();
    (forward - from.saturating_duration_since(to).as_secs_f64()) * 1000.0
}

/// A receiver of webhooks, the account, connected, and a connection that hears what the server says.
fn listen(dovecot: &Dovecot, postroom: &Postroom) -> anyhow::Result<Ears> {
    let (address, webhooks) = listener::start()?;
    let mut api = postroom.api()?;
    let settings = json!({ "webhooks": format!("http://{address}/"), "webhooksEnabled": true, "webhookEvents": ["*"] });
    api.send_json("POST", "/v1/settings", &settings)?;
    let initialized = product::hear_initialized(postroom)?;
    product::add(&mut api, dovecot, USER)?;
    initialized.recv_timeout(product::PATIENCE).context("the account is not connected")?;
    product::eventually("what lies there to be kept", || {
        Ok((postroom.metric("postroom_mailbox_mails_kept_total")? >= BEFORE as f64).then_some(()))
    })?;
    let (heard, notices) = mpsc::channel();
    let mut idle = Client::open(dovecot.port, USER)?;
    idle.select("INBOX")?;
    idle.idle(heard)?;
    Ok(Ears { notices, webhooks })
}

fn deliver(appending: &mut Client, pattern: &Pattern, series: u64, exists: &mut u32) -> anyhow::Result<Vec<Sent>> {
    let begun = Instant::now();
    let mut sent = Vec::new();
    for number in 0..pattern.mails {
        // The pattern is a clock's: a slow answer does not move what follows.
        let due = begun + pattern.every * u32::try_from(number)?;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        appending.append("INBOX", &corpus::mail(series, number, "noticed@bench.test").bytes)?;
        *exists += 1;
        sent.push(Sent {
            message_id: format!("<{series}.{number}@senders.test>"),
            exists: *exists,
            at: Instant::now(),
        });
    }
    Ok(sent)
}

type Moments<K> = HashMap<K, Instant>;

/// When each mail was first told of, by the server and by the product.
fn hear(ears: &Ears, sent: &[Sent]) -> anyhow::Result<(Moments<u32>, Moments<String>)> {
    let (mut notices, mut webhooks) = (Moments::new(), Moments::new());
    let last = sent.last().map_or(0, |mail| mail.exists);
    let first = sent.first().map_or(0, |mail| mail.exists);
    while !notices.contains_key(&last) {
        let (exists, at) = ears.notices.recv_timeout(product::PATIENCE).context("no notice of a mail")?;
        for number in first..=exists {
            notices.entry(number).or_insert(at);
        }
    }
    while webhooks.len() < sent.len() {
        let heard = ears.webhooks.recv_timeout(product::PATIENCE).context("no webhook for a mail")?;
        if heard.body["event"] != "messageNew" {
            continue;
        }
        let id = heard.body["data"]["messageId"].as_str().context("a webhook without a messageId")?.to_owned();
        if !sent.iter().any(|mail| mail.message_id == id) {
            bail!("a webhook for {id}, which was not sent");
        }
        if webhooks.insert(id, heard.at).is_some() {
            bail!("a webhook that came twice");
        }
    }
    Ok((notices, webhooks))
}
