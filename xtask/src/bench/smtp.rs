//! `cargo xtask bench smtp`: mails a second that are durable before their 250.
//! One run starts Postfix and Postroom in turn, because figures of different days can't be compared.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::machine::{self, Watch};
use super::postfix::{self, Postfix, Purpose};
use super::postroom::{self, Postroom};
use super::report::{heading, line, median, megabytes, milliseconds, quantile};
use super::{latency, listing, sender};
use crate::postgres::{Cluster, Durability};
use crate::{command, packages};

/// Mails before the first measured run, so that caches and processes are warm.
const WARM_UP: u64 = 500;
/// Messages "a database that is already full" holds.
const FULL: u64 = 1_000_000;
/// The smaller box that lists and searches are compared with.
const SMALL: u64 = 10_000;
/// Connections that fill a database.
const FILL_CONNECTIONS: usize = 40;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where queues and databases are kept; best a journaled file system of its own. Default: the temporary folder.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Mails of 4 KB a run; of 100 KB a fifth of it.
    #[arg(long, default_value_t = 10_000)]
    messages: u64,
    /// Measured runs, of which the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Connections that send at the same time.
    #[arg(long, default_value_t = 20)]
    sessions: usize,
    /// Also fill a SQLite database with 1,000,000 mails (once: it is kept in --dir) and measure on it.
    #[arg(long)]
    million: bool,
    /// Leave out what is named here.
    #[arg(long, value_enum)]
    skip: Vec<Server>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Server {
    Postfix,
    Sqlite,
    Postgres,
}

/// A load of postfix's `smtp-source`.
#[derive(Clone, Copy)]
pub struct Load {
    pub name: &'static str,
    pub bytes: u64,
    pub reused: bool,
}

const LOADS: [Load; 4] = [
    Load { name: "4 KB, a connection each", bytes: 4_096, reused: false },
    Load { name: "4 KB, connections reused", bytes: 4_096, reused: true },
    Load { name: "100 KB, a connection each", bytes: 102_400, reused: false },
    Load { name: "100 KB, connections reused", bytes: 102_400, reused: true },
];

/// The medians of a server, a load each.
type Medians = Vec<f64>;

/// # Errors
/// Something does not start, or a mail is refused.
pub fn run(args: &Args) -> anyhow::Result<()> {
    packages::install_missing()?;
    let runs = |server| !args.skip.contains(&server);
    if runs(Server::Sqlite) || runs(Server::Postgres) || args.million {
        postroom::build()?;
    }
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

    let postfix = if runs(Server::Postfix) { Some(measure_postfix(args, &folder)?) } else { None };
    let sqlite = if runs(Server::Sqlite) { Some(measure_postroom(args, &folder, None)?) } else { None };
    let postgres = if runs(Server::Postgres) {
        let cluster_folder = folder.join("cluster");
        let _ = std::fs::remove_dir_all(&cluster_folder);
        std::fs::create_dir_all(&cluster_folder)?;
        let cluster = Cluster::start(&cluster_folder, Durability::Measured)?;
        Some(measure_postroom(args, &folder, Some(&cluster))?)
    } else {
        None
    };
    print_ratios(postfix.as_ref(), sqlite.as_ref(), postgres.as_ref());
    if args.million {
        measure_million(args, &folder)?;
    }
    Ok(())
}

fn print_ratios(postfix: Option<&Medians>, sqlite: Option<&Medians>, postgres: Option<&Medians>) {
    heading("medians, mails a second, and the ratio to Postfix");
    let cell = |medians: Option<&Medians>, load: usize| -> String {
        let Some(rate) = medians.and_then(|medians| medians.get(load)) else { return "–".to_owned() };
        match postfix.and_then(|postfix| postfix.get(load)) {
            Some(base) => format!("{rate:.0} (×{:.2})", rate / base),
            None => format!("{rate:.0}"),
        }
    };
    println!("{:<30} {:>18} {:>22} {:>22}", "", "Postfix", "Postroom, SQLite", "Postroom, PostgreSQL");
    for (index, load) in LOADS.iter().enumerate() {
        println!(
            "{:<30} {:>18} {:>22} {:>22}",
            load.name,
            cell(postfix, index),
            cell(sqlite, index),
            cell(postgres, index)
        );
    }
}

fn measure_postfix(args: &Args, folder: &Path) -> anyhow::Result<Medians> {
    let postfix = Postfix::start(folder, Purpose::Keep)?;
    heading("Postfix, on disk before the 250, tuned");
    smtp_source(postfix.smtp, postfix::RECIPIENT, LOADS[0], WARM_UP, args.sessions)?;
    let mut medians = Vec::new();
    for load in LOADS {
        let mut rates = Vec::new();
        for _ in 0..args.runs {
            postfix.drain()?;
            let (watch, count) = (Watch::start(postfix.process, None), count(args, load));
            let taken = smtp_source(postfix.smtp, postfix::RECIPIENT, load, count, args.sessions)?;
            rates.push(print_run(load, count, taken, &watch));
        }
        medians.push(median(&rates));
    }
    postfix.drain()?;
    Ok(medians)
}

fn measure_postroom(args: &Args, folder: &Path, cluster: Option<&Cluster>) -> anyhow::Result<Medians> {
    let data = folder.join(if cluster.is_some() { "postroom-postgres" } else { "postroom-sqlite" });
    let _ = std::fs::remove_dir_all(&data);
    let database = cluster.map(|cluster| cluster.create_database("bench")).transpose()?;
    let postroom = Postroom::start(&data, database.as_deref())?;
    heading(if cluster.is_some() { "Postroom, PostgreSQL (fsync on)" } else { "Postroom, SQLite (synchronous=FULL)" });
    let (recipient, _) = postroom.channel()?;
    line("resident memory, idle", megabytes(machine::resident(postroom.process())?.0));
    smtp_source(postroom.smtp, &recipient, LOADS[0], WARM_UP, args.sessions)?;
    let mut medians = Vec::new();
    for load in LOADS {
        let mut rates = Vec::new();
        for _ in 0..args.runs {
            postroom.wait_for_search()?;
            let before = Counters::read(&postroom)?;
            let watch = Watch::start(postroom.process(), cluster.map(Cluster::process));
            let count = count(args, load);
            let taken = smtp_source(postroom.smtp, &recipient, load, count, args.sessions)?;
            rates.push(print_run(load, count, taken, &watch));
            before.print_difference(&postroom, count)?;
        }
        medians.push(median(&rates));
    }
    varied(args, &postroom, &recipient, cluster, 1)?;
    line("resident memory, at most", megabytes(machine::resident(postroom.process())?.1));
    postroom.wait_for_search()?;
    latency::delivery_to_event(&postroom, &recipient, 9)?;
    Ok(medians)
}

/// Different mails from several senders; `series` makes them others than the last ones.
fn varied(
    args: &Args,
    postroom: &Postroom,
    recipient: &str,
    cluster: Option<&Cluster>,
    series: u64,
) -> anyhow::Result<()> {
    heading("varied mails of about 4 KB, from several senders");
    let mut rates = Vec::new();
    for run in 0..args.runs as u64 {
        postroom.wait_for_search()?;
        let before = Counters::read(postroom)?;
        let watch = Watch::start(postroom.process(), cluster.map(Cluster::process));
        let mut sent = sender::send(postroom.smtp, recipient, series * 100 + run, args.messages, args.sessions)?;
        let load = Load { name: "varied, connections reused", ..LOADS[1] };
        rates.push(print_run(load, args.messages, sent.wall, &watch));
        line("  last byte → 250, p50 / p95 / p99", {
            let at = |sent: &mut sender::Sent, share| milliseconds(quantile(&mut sent.answers, share));
            format!("{} / {} / {}", at(&mut sent, 0.5), at(&mut sent, 0.95), at(&mut sent, 0.99))
        });
        before.print_difference(postroom, args.messages)?;
    }
    line("median, mails a second", format!("{:.0}", median(&rates)));
    Ok(())
}

fn measure_million(args: &Args, folder: &Path) -> anyhow::Result<()> {
    let data = folder.join("postroom-million");
    let full = data.with_extension("full");
    if !full.exists() {
        let _ = std::fs::remove_dir_all(&data);
    }
    let mut postroom = Postroom::start(&data, None)?;
    if !full.exists() {
        fill(&postroom, &data, &full)?;
    }
    let channel = std::fs::read_to_string(&full)?;
    let (channel, recipient) = channel.trim().split_once(' ').context("the note about the full database is broken")?;

    heading("Postroom, SQLite, 1,000,000 mails in the box");
    line("start → ready", milliseconds(postroom.restart()?));
    line("resident memory, idle", megabytes(machine::resident(postroom.process())?.0));
    print_lists("at 1,000,000", &listing::measure(&postroom, channel)?, Some(&data.with_extension("small")))?;
    smtp_source(postroom.smtp, recipient, LOADS[1], WARM_UP, args.sessions)?;
    for load in &LOADS[..2] {
        for _ in 0..args.runs {
            postroom.wait_for_search()?;
            let (before, watch) = (Counters::read(&postroom)?, Watch::start(postroom.process(), None));
            let taken = smtp_source(postroom.smtp, recipient, *load, args.messages, args.sessions)?;
            print_run(*load, args.messages, taken, &watch);
            before.print_difference(&postroom, args.messages)?;
        }
    }
    // Another series each time, or they would be duplicates of the last measurement's.
    let series = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() % 100_000;
    varied(args, &postroom, recipient, None, series)?;
    line("resident memory, at most", megabytes(machine::resident(postroom.process())?.1));
    Ok(())
}

/// Fill the database over SMTP, as anybody would; measure the lists on the way.
fn fill(postroom: &Postroom, data: &Path, full: &Path) -> anyhow::Result<()> {
    heading("filling a database with 1,000,000 mails");
    let (recipient, channel) = postroom.channel()?;
    sender::send(postroom.smtp, &recipient, 1 << 20, SMALL, FILL_CONNECTIONS)?;
    listing::work_on_some(postroom)?;
    postroom.wait_for_search()?;
    let small = listing::measure(postroom, &channel)?;
    print_lists("at 10,000", &small, None)?;
    let figures: String = small.iter().map(|listed| format!("{}\n", listed.p95.as_nanos())).collect();
    std::fs::write(data.with_extension("small"), figures)?;
    let started = Instant::now();
    sender::send(postroom.smtp, &recipient, 2 << 20, FULL - SMALL, FILL_CONNECTIONS)?;
    line("filled in", format!("{:.0} s", started.elapsed().as_secs_f64()));
    line("search index behind by then", format!("{:.1} s", postroom.wait_for_search()?.as_secs_f64()));
    listing::work_on_some(postroom)?;
    Ok(std::fs::write(full, format!("{channel} {recipient}\n"))?)
}

fn print_lists(title: &str, listed: &[listing::Listed], compared: Option<&Path>) -> anyhow::Result<()> {
    heading(&format!("lists and searches {title}, p95"));
    let small = compared.map(std::fs::read_to_string).transpose()?.unwrap_or_default();
    let mut small = small.lines().map(|nanoseconds| nanoseconds.parse::<f64>().ok());
    for listed in listed {
        let ratio =
            small.next().flatten().map(|small| format!(" (×{:.2} of 10,000)", listed.p95.as_nanos() as f64 / small));
        line(&format!("  {}", listed.question), format!("{}{}", milliseconds(listed.p95), ratio.unwrap_or_default()));
    }
    Ok(())
}

/// Postfix's own load generator: the same mail over and over, as fast as it is taken.
pub fn smtp_source(
    server: SocketAddr,
    recipient: &str,
    load: Load,
    count: u64,
    sessions: usize,
) -> anyhow::Result<Duration> {
    let program = command::find("smtp-source").context("smtp-source is not installed: it comes with Postfix")?;
    let mut source = Command::new(program);
    source.args(["-s", &sessions.to_string(), "-m", &count.to_string(), "-l", &load.bytes.to_string()]);
    source.args(["-f", "sender@senders.test", "-t", recipient]);
    if load.reused {
        source.arg("-d");
    }
    let started = Instant::now();
    let output = source.arg(server.to_string()).output()?;
    let taken = started.elapsed();
    if !output.status.success() {
        bail!("smtp-source: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(taken)
}

fn count(args: &Args, load: Load) -> u64 {
    if load.bytes > 50_000 { args.messages / 5 } else { args.messages }
}

/// Print one run and return its rate.
pub fn print_run(load: Load, count: u64, taken: Duration, watch: &Watch) -> f64 {
    let (watched, rate) = (watch.stop(), count as f64 / taken.as_secs_f64());
    let per_mail = |cpu: Duration| format!("{:.3} ms", cpu.as_secs_f64() * 1000.0 / count as f64);
    let database =
        if watched.also_cpu.is_zero() { String::new() } else { format!(" + database {}", per_mail(watched.also_cpu)) };
    let what = format!(
        "{rate:>7.0}/s  CPU a mail {}{database}  others {:.0} %",
        per_mail(watched.server_cpu),
        watched.others * 100.0
    );
    line(load.name, what);
    rate
}

/// What the server counted so far.
struct Counters {
    messages: f64,
    writer: f64,
    batches: f64,
    batched: f64,
    read: Instant,
}

impl Counters {
    fn read(postroom: &Postroom) -> anyhow::Result<Self> {
        Ok(Self {
            messages: postroom.metric("postroom_ingest_messages_total")?,
            writer: postroom.metric("postroom_store_writer_busy_seconds_total")?,
            batches: postroom.metric("postroom_store_commits_total")?,
            batched: postroom.metric("postroom_store_writes_total")?,
            read: Instant::now(),
        })
    }

    /// What a run cost, and how far behind the lists and the search were at its end.
    fn print_difference(&self, postroom: &Postroom, count: u64) -> anyhow::Result<()> {
        let answered = Instant::now();
        let accept = answered.duration_since(self.read);
        let mut now = Self::read(postroom)?;
        while now.messages - self.messages < count as f64 {
            if answered.elapsed() > Duration::from_secs(60) {
                bail!("{count} mails were answered 250, but only {} are counted", now.messages - self.messages);
            }
            now = Self::read(postroom)?;
        }
        postroom.api()?.get("/api/v1/conversations?take=1")?;
        let listed = answered.elapsed();
        let searchable = listed + postroom.wait_for_search()?;
        let end = Self::read(postroom)?;
        line("  writer busy a mail", format!("{:.4} ms", (end.writer - self.writer) * 1000.0 / count as f64));
        line(
            "  mails a commit",
            format!("{:.1}", (end.batched - self.batched) / (end.batches - self.batches).max(1.0)),
        );
        let share = listed.as_secs_f64() * 100.0 / accept.as_secs_f64();
        line("  last 250 → last mail listed", format!("{} ({share:.1} % of the accept time)", milliseconds(listed)));
        line("  last 250 → search caught up", milliseconds(searchable));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{corpus, report};

    #[test]
    fn the_corpus_is_about_four_kilobytes_varied_and_repeatable() {
        let mails: Vec<_> = (0..200).map(|number| corpus::mail(1, number, "a@b.test")).collect();
        let mean = mails.iter().map(|mail| mail.bytes.len()).sum::<usize>() / mails.len();
        assert!((3_000..5_000).contains(&mean), "{mean}");
        assert!(mails.iter().all(|mail| !mail.bytes.windows(3).any(|bytes| bytes == b"\n.\r")));
        assert_eq!(mails[7].bytes, corpus::mail(1, 7, "a@b.test").bytes);
        assert_ne!(mails[7].bytes, corpus::mail(2, 7, "a@b.test").bytes);
    }

    #[test]
    fn quantiles_of_few_values() {
        assert!((report::median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert_eq!(report::quantile(&mut [5, 1, 9, 7], 0.99), 9);
        assert_eq!(report::quantile::<u32>(&mut [], 0.5), 0);
    }
}
