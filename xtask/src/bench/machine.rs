//! What the machine did meanwhile: CPU of a tree of processes, CPU of all others, memory, the disk's fsync.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Linux reports CPU time in ticks of 10 ms to every program (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// CPU time a process and everything it started have used, the dead included.
pub fn cpu_of_tree(root: u32) -> Duration {
    let processes = processes();
    let mut ticks = 0;
    for (&process, stat) in &processes {
        let mut ancestor = process;
        while ancestor != root && ancestor > 1 {
            ancestor = processes.get(&ancestor).map_or(0, |stat| stat.parent);
        }
        if ancestor == root {
            ticks += stat.ticks;
        }
    }
    TICK * ticks
}

struct Stat {
    parent: u32,
    /// Of itself and of the children it has waited for.
    ticks: u32,
}

fn processes() -> HashMap<u32, Stat> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| Some((id, stat(id)?))).collect()
}

/// proc(5): the name in parentheses may hold anything, so counting begins behind it.
fn stat(process: u32) -> Option<Stat> {
    let line = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u32>().ok();
    // state ppid … utime stime cutime cstime are fields 3, 4, 14–17 of the line.
    Some(Stat { parent: number(1)?, ticks: number(11)? + number(12)? + number(13)? + number(14)? })
}

/// CPU time all processes together have used since the machine started.
pub fn cpu_of_machine() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u32> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal
    let busy: u32 =
        fields.iter().take(8).enumerate().filter(|(index, _)| ![3, 4].contains(index)).map(|(_, ticks)| ticks).sum();
    TICK * busy
}

/// Memory of one process, bytes: now, and at its most.
pub fn resident(process: u32) -> anyhow::Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).context("the server has ended")?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    };
    Ok((field("VmRSS:").context("no VmRSS")?, field("VmHWM:").context("no VmHWM")?))
}

/// How long a 4 KiB append and its fdatasync take in this folder: the median of 500.
///
/// # Errors
/// The folder can't be written to.
pub fn fsync(folder: &Path) -> anyhow::Result<Duration> {
    let path = folder.join("fsync-probe");
    let mut file = std::fs::File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        let start = Instant::now();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok(super::report::quantile(&mut times, 0.5))
}

/// Which file system a folder is on, as the kernel says.
pub fn file_system(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let mount = mounts
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let (device, place) = (*fields.first()?, *fields.get(1)?);
            folder.starts_with(place).then(|| (place.len(), format!("{} on {device} ({})", fields[2], fields[3])))
        })
        .max();
    mount.map_or_else(|| "unknown".to_owned(), |(_, mount)| mount)
}

/// What happened between two moments.
pub struct Watch {
    server: u32,
    also: Option<u32>,
    started: Instant,
    server_before: Duration,
    also_before: Duration,
    ours_before: Duration,
    machine_before: Duration,
}

/// CPU and time of a stretch of work.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    pub server_cpu: Duration,
    /// Of the server beside it (a database, say), if there is one.
    pub also_cpu: Duration,
    /// The share of the machine that belonged to nobody we started.
    pub others: f64,
}

impl Watch {
    /// Watch the server's process tree, and another one beside it.
    pub fn start(server: u32, also: Option<u32>) -> Self {
        Self {
            server,
            also,
            server_before: cpu_of_tree(server),
            also_before: also.map_or(Duration::ZERO, cpu_of_tree),
            ours_before: ours(),
            machine_before: cpu_of_machine(),
            started: Instant::now(),
        }
    }

    pub fn stop(&self) -> Watched {
        let wall = self.started.elapsed();
        let machine = cpu_of_machine().saturating_sub(self.machine_before);
        let server_cpu = cpu_of_tree(self.server).saturating_sub(self.server_before);
        let also_cpu = self.also.map_or(Duration::ZERO, cpu_of_tree).saturating_sub(self.also_before);
        // The servers are children of ours, or not (Postfix's master and Dovecot's detach themselves): count each once.
        let ours = ours().saturating_sub(self.ours_before);
        let beside = |server: u32, cpu: Duration| if is_ours(server) { Duration::ZERO } else { cpu };
        let known =
            ours + beside(self.server, server_cpu) + self.also.map_or(Duration::ZERO, |also| beside(also, also_cpu));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let others = machine.saturating_sub(known).as_secs_f64() / (wall.as_secs_f64() * cores as f64);
        Watched { server_cpu, also_cpu, others }
    }
}

fn ours() -> Duration {
    cpu_of_tree(std::process::id())
}

fn is_ours(process: u32) -> bool {
    let (processes, mut ancestor) = (processes(), process);
    while ancestor > 1 {
        if ancestor == std::process::id() {
            return true;
        }
        ancestor = processes.get(&ancestor).map_or(0, |stat| stat.parent);
    }
    false
}
