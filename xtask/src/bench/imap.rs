//! `cargo xtask bench imap`: how soon a mailbox is known, how soon its news is told, what an account costs, and that no crash loses or
//! doubles an event. Beside a real Dovecot, and a bare IMAP client in the same run. Each figure stands beside its target.

mod accounts;
mod client;
mod dovecot;
mod first_sync;
mod listener;
mod notice;
mod product;
mod restarts;
mod targets;

use std::path::{Path, PathBuf};

use self::targets::Targets;
use super::machine;
use super::postroom;
use super::report::{heading, line, milliseconds};
use crate::packages;
use crate::postgres::{Cluster, Durability};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to measure; everything if nothing is named.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Where mailboxes and databases are kept; best a journaled file system of its own. Default: the temporary folder.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// On PostgreSQL instead of SQLite.
    #[arg(long)]
    postgres: bool,
    /// Mails in the mailbox that is synced first.
    #[arg(long, default_value_t = 20_000)]
    messages: u64,
    /// First syncs, of which the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How often the product is killed.
    #[arg(long, default_value_t = 50)]
    restarts: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// A large mailbox, from the request to add it until all of it is kept.
    FirstSync,
    /// New mail, from the server's own notice to the webhook.
    Notice,
    /// A hundred accounts, at first and after a restart.
    Accounts,
    /// Resident memory without accounts and with a thousand.
    Memory,
    /// No event lost or doubled over kills under load.
    Restarts,
}

const ALL: [Part; 5] = [Part::FirstSync, Part::Notice, Part::Accounts, Part::Memory, Part::Restarts];

/// Where everything is, and what figures came to.
pub struct Bench<'a> {
    args: &'a Args,
    folder: &'a Path,
    cluster: Option<&'a Cluster>,
    targets: Targets,
}

/// # Errors
/// Something does not start, or does not come within its deadline.
pub fn run(args: &Args) -> anyhow::Result<()> {
    packages::install_missing()?;
    postroom::build()?;
    let temporary = tempfile::Builder::new().prefix("postroom-bench-").tempdir()?;
    let folder = args.dir.clone().unwrap_or_else(|| temporary.path().to_path_buf());
    std::fs::create_dir_all(&folder)?;
    dovecot::open_to_all(&folder)?;
    let folder = folder.canonicalize()?;
    heading("the machine");
    line("folder", folder.display());
    line("file system", machine::file_system(&folder));
    line("append of 4 KiB + fdatasync, median", milliseconds(machine::fsync(&folder)?));
    line("cores", std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let cluster_folder = folder.join("cluster");
    let cluster = if args.postgres {
        let _ = std::fs::remove_dir_all(&cluster_folder);
        std::fs::create_dir_all(&cluster_folder)?;
        Some(Cluster::start(&cluster_folder, Durability::Measured)?)
    } else {
        None
    };
    line("database", if args.postgres { "PostgreSQL (fsync on)" } else { "SQLite (synchronous=FULL)" });
    let mut bench = Bench { args, folder: &folder, cluster: cluster.as_ref(), targets: Targets::default() };
    for part in ALL.iter().filter(|part| args.parts.is_empty() || args.parts.contains(part)) {
        match part {
            Part::FirstSync => first_sync::measure(&mut bench)?,
            Part::Notice => notice::measure(&mut bench)?,
            Part::Accounts => accounts::measure_connecting(&mut bench)?,
            Part::Memory => accounts::measure_memory(&mut bench)?,
            Part::Restarts => restarts::measure(&mut bench)?,
        }
    }
    bench.targets.print();
    Ok(())
}
