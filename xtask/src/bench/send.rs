//! `cargo xtask bench send`: mails a second that leave, signed, beside Postfix that relays the same and signs nothing, and a pool of
//! nodemailer that keeps nothing either. All of them send to postfix's `smtp-sink` on loopback.

mod broadcast;
mod sink;
mod way_out;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use self::sink::Sink;
use self::way_out::{Signing, WayOut};
use super::machine::{self, Watch};
use super::postfix::{Postfix, Purpose};
use super::postroom::{self, Postroom};
use super::report::{heading, line, median, megabytes, milliseconds};
use super::smtp::{Load, print_run, smtp_source};
use crate::postgres::{Cluster, Durability};
use crate::{command, packages};

/// Mails before the first measured run.
const WARM_UP: u64 = 1_000;
/// Messages of one request: as many as the API takes.
const BATCH: u64 = 500;
/// Requests under way at once.
const CONNECTIONS: u64 = 4;
/// How long mail that is to wait does: longer than it takes to accept it.
const WAIT_SECONDS: u64 = 40;
const SENT_SECONDS_MAX: u64 = 600;
const LOAD: Load = Load { name: "4 KB", bytes: 4_096, reused: true };

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where queues and databases are kept; best a journaled file system of its own. Default: the temporary folder.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Mails a run.
    #[arg(long, default_value_t = 20_000)]
    messages: u64,
    /// Measured runs, of which the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Members of a list that a broadcast goes to after the rest; 0: none. A million take about half an hour.
    #[arg(long, default_value_t = 0)]
    recipients: u64,
    /// Leave out what is named here.
    #[arg(long, value_enum)]
    skip: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Postfix,
    Nodemailer,
    Ed25519,
    Rsa,
    Postgres,
}

/// Mails a second: accepted until all were sent, a queue that waited drained, accepted alone.
#[derive(Default)]
struct Rates {
    through: Vec<f64>,
    drained: Vec<f64>,
    accepted: Vec<f64>,
}

/// # Errors
/// Something does not start, or a mail is refused.
pub fn run(args: &Args) -> anyhow::Result<()> {
    packages::install_missing()?;
    let runs = |part| !args.skip.contains(&part);
    postroom::build()?;
    let temporary = tempfile::Builder::new().prefix("postroom-bench-").tempdir()?;
    let folder = args.dir.clone().unwrap_or_else(|| temporary.path().to_path_buf());
    std::fs::create_dir_all(&folder)?;
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
    }
    let folder = folder.canonicalize()?;
    heading("the machine");
    line("folder", folder.display());
    line("file system", machine::file_system(&folder));
    line("append of 4 KiB + fdatasync, median", milliseconds(machine::fsync(&folder)?));
    line("cores", std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let sink = Sink::start()?;

    let mut table: Vec<(String, Rates)> = Vec::new();
    if runs(Part::Postfix) {
        table.push(("Postfix, tuned, unsigned".to_owned(), postfix(args, &folder, &sink)?));
    }
    if runs(Part::Nodemailer) {
        table.push(("nodemailer, keeps nothing, unsigned".to_owned(), nodemailer(args, temporary.path(), &sink)?));
    }
    for (part, signing) in [(Part::Ed25519, Signing::Ed25519), (Part::Rsa, Signing::Rsa)] {
        if runs(part) {
            table.push((format!("Postroom, SQLite, {}", signing.name()), ours(args, &folder, &sink, signing, None)?));
        }
    }
    if runs(Part::Postgres) {
        let cluster_folder = folder.join("cluster");
        let _ = std::fs::remove_dir_all(&cluster_folder);
        std::fs::create_dir_all(&cluster_folder)?;
        let cluster = Cluster::start(&cluster_folder, Durability::Measured)?;
        let rates = ours(args, &folder, &sink, Signing::Ed25519, Some(&cluster))?;
        table.push((format!("Postroom, PostgreSQL, {}", Signing::Ed25519.name()), rates));
    }
    print_table(&table);
    if args.recipients > 0 {
        broadcast::measure(&folder, &sink, args.recipients)?;
    }
    Ok(())
}

fn print_table(table: &[(String, Rates)]) {
    if table.is_empty() {
        return;
    }
    heading("medians, mails a second, and the ratio to the first line");
    println!("{:<38} {:>24} {:>18} {:>14}", "", "accepted until all sent", "drained", "accepted");
    let first = table.first().map(|(_, rates)| rates);
    for (name, rates) in table {
        let cell = |of: fn(&Rates) -> &Vec<f64>| {
            let (rate, base) = (median(of(rates)), first.map_or(0.0, |first| median(of(first))));
            match (of(rates).is_empty(), base > 0.0) {
                (true, _) => "–".to_owned(),
                (false, true) => format!("{rate:.0} (×{:.2})", rate / base),
                (false, false) => format!("{rate:.0}"),
            }
        };
        let cells = (cell(|rates| &rates.through), cell(|rates| &rates.drained), cell(|rates| &rates.accepted));
        println!("{name:<38} {:>24} {:>18} {:>14}", cells.0, cells.1, cells.2);
    }
}

fn postfix(args: &Args, folder: &Path, sink: &Sink) -> anyhow::Result<Rates> {
    let postfix = Postfix::start(folder, Purpose::RelayTo(sink.address))?;
    heading("Postfix, on disk before the 250, tuned, relaying");
    let sessions = 20;
    let to = "someone@recipients.test";
    smtp_source(postfix.smtp, to, LOAD, WARM_UP, sessions)?;
    let mut rates = Rates::default();
    for _ in 0..args.runs {
        postfix.drain()?;
        let (watch, started) = (Watch::start(postfix.process, None), Instant::now());
        smtp_source(postfix.smtp, to, LOAD, args.messages, sessions)?;
        postfix.drain()?;
        let load = Load { name: "accepted until all sent", ..LOAD };
        rates.through.push(print_run(load, args.messages, started.elapsed(), &watch));
    }
    for _ in 0..args.runs {
        postfix.hold()?;
        let watch = Watch::start(postfix.process, None);
        let taken = smtp_source(postfix.smtp, to, LOAD, args.messages, sessions)?;
        rates.accepted.push(print_run(Load { name: "accepted alone", ..LOAD }, args.messages, taken, &watch));
        postfix.wait_until_deferred(args.messages)?;
        let (watch, started) = (Watch::start(postfix.process, None), Instant::now());
        postfix.release()?;
        postfix.drain()?;
        let load = Load { name: "drained", ..LOAD };
        rates.drained.push(print_run(load, args.messages, started.elapsed(), &watch));
    }
    Ok(rates)
}

/// A pool of 20 connections, as its documentation has it.
fn nodemailer(args: &Args, temporary: &Path, sink: &Sink) -> anyhow::Result<Rates> {
    heading("nodemailer, a pool of 20 connections");
    let modules = temporary.join("node");
    std::fs::create_dir_all(&modules)?;
    std::fs::write(modules.join("package.json"), "{}")?;
    let mut install = Command::new("npm");
    install.current_dir(&modules).args(["install", "--silent", "--no-audit", "--no-fund", "nodemailer"]);
    command::run(&mut install)?;
    let script = temporary.join("pool.mjs");
    std::fs::write(&script, include_str!("send/pool.mjs"))?;
    let mut rates = Rates::default();
    for _ in 0..args.runs {
        let mut program = Command::new(command::find("node").context("node is not installed")?);
        program.arg(&script).arg(&modules).arg(sink.address.port().to_string()).arg(args.messages.to_string());
        let said: Value = serde_json::from_str(command::output(&mut program)?.trim())?;
        let rate = args.messages as f64 / said["seconds"].as_f64().context("nodemailer gave no seconds")?;
        line("sent", format!("{rate:>7.0}/s"));
        rates.through.push(rate);
    }
    Ok(rates)
}

fn ours(args: &Args, folder: &Path, sink: &Sink, signing: Signing, cluster: Option<&Cluster>) -> anyhow::Result<Rates> {
    let data = folder.join(if cluster.is_some() { "postroom-postgres" } else { "postroom-sqlite" });
    let _ = std::fs::remove_dir_all(&data);
    let database = cluster.map(|cluster| cluster.create_database("bench")).transpose()?;
    let to_sink = format!("smtp+plain://{}", sink.address);
    let postroom = Postroom::start_with(&data, database.as_deref(), vec![("POSTROOM_SMARTHOST_URL", to_sink)])?;
    let store = if cluster.is_some() { "PostgreSQL (fsync on)" } else { "SQLite (synchronous=FULL)" };
    heading(&format!("Postroom, {store}, {}", signing.name()));
    let way_out = WayOut::set_up(&postroom, signing)?;
    send_and_wait(&postroom, &way_out, WARM_UP)?;
    let mut rates = Rates::default();
    for _ in 0..args.runs {
        let watch = Watch::start(postroom.process(), cluster.map(Cluster::process));
        let taken = send_and_wait(&postroom, &way_out, args.messages)?;
        let load = Load { name: "accepted until all sent", ..LOAD };
        rates.through.push(print_run(load, args.messages, taken, &watch));
    }
    for _ in 0..args.runs {
        let sent_before = sent(&postroom)?;
        let due = Instant::now() + Duration::from_secs(WAIT_SECONDS);
        let watch = Watch::start(postroom.process(), cluster.map(Cluster::process));
        let taken = accept(
            &postroom,
            &way_out,
            args.messages,
            Some(jiff::Timestamp::now() + Duration::from_secs(WAIT_SECONDS)),
        )?;
        rates.accepted.push(print_run(Load { name: "accepted alone", ..LOAD }, args.messages, taken, &watch));
        let early = sent(&postroom)? - sent_before;
        if Instant::now() >= due || early > 0.0 {
            bail!("accepting took longer than the {WAIT_SECONDS} s that the mail was to wait: use fewer --messages");
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let (watch, started) = (Watch::start(postroom.process(), cluster.map(Cluster::process)), Instant::now());
        wait_until_sent(&postroom, sent_before + args.messages as f64)?;
        let load = Load { name: "drained", ..LOAD };
        rates.drained.push(print_run(load, args.messages, started.elapsed(), &watch));
    }
    line("resident memory, at most", megabytes(machine::resident(postroom.process())?.1));
    Ok(rates)
}

fn send_and_wait(postroom: &Postroom, way_out: &WayOut, count: u64) -> anyhow::Result<Duration> {
    let (before, started) = (sent(postroom)?, Instant::now());
    accept(postroom, way_out, count, None)?;
    wait_until_sent(postroom, before + count as f64)?;
    Ok(started.elapsed())
}

fn sent(postroom: &Postroom) -> anyhow::Result<f64> {
    postroom.metric_of("postroom_delivery_attempts_total", "result=\"delivered\"")
}

fn wait_until_sent(postroom: &Postroom, count: f64) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(SENT_SECONDS_MAX);
    loop {
        let sent = sent(postroom)?;
        if sent >= count {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("{} of the mails were not sent within {SENT_SECONDS_MAX} s", count - sent);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// By batches over the API; says how long it took.
fn accept(postroom: &Postroom, way_out: &WayOut, count: u64, at: Option<jiff::Timestamp>) -> anyhow::Result<Duration> {
    let batches = count.div_ceil(BATCH);
    let bodies: Vec<Value> = (0..batches)
        .map(|batch| {
            let from = batch * BATCH;
            let messages = (from..count.min(from + BATCH)).map(|number| way_out.message(number, at));
            json!({ "messages": messages.collect::<Vec<_>>() })
        })
        .collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|worker| {
                let bodies = &bodies;
                scope.spawn(move || -> anyhow::Result<()> {
                    let mut api = postroom.api()?;
                    for body in bodies.iter().skip(worker as usize).step_by(CONNECTIONS as usize) {
                        let answer = api.send_json("POST", "/api/v1/messages/batch", body)?;
                        let items = answer["items"].as_array().context("no items")?;
                        if let Some(refused) = items.iter().find(|item| item["status"] != 202) {
                            bail!("a message was refused: {refused}");
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        for worker in workers {
            worker.join().ok().context("a worker panicked")??;
        }
        anyhow::Ok(())
    })?;
    Ok(started.elapsed())
}

/// A port on loopback.
fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
