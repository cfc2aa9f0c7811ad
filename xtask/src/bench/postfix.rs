//! Postfix as somebody who wants it quick sets it up: on loopback alone, with a configuration, queue and mailbox of its
//! own, or relaying to another server. It keeps every mail on disk before its 250, as it always does. Nothing can leave the
//! machine through it.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::{command, postgres};

pub const RECIPIENT: &str = "inbox@bench.test";
const START_SECONDS_MAX: u64 = 60;
const DRAIN_SECONDS_MAX: u64 = 300;

/// What becomes of the mail it takes.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// It is kept in a mailbox.
    Keep,
    /// It is sent on to a server.
    RelayTo(SocketAddr),
}

pub struct Postfix {
    pub smtp: SocketAddr,
    /// The master process, whose children do the work.
    pub process: u32,
    folder: PathBuf,
}

impl Postfix {
    /// # Errors
    /// It is not installed, we are not root, or it does not start.
    pub fn start(folder: &Path, purpose: Purpose) -> anyhow::Result<Self> {
        if !command::is_root() {
            bail!("Postfix can only be started by root: run the benchmark as root");
        }
        let folder = folder.join("postfix");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        for name in ["etc", "spool", "data", "log", "mail"] {
            std::fs::create_dir_all(folder.join(name))?;
            open_to_all(&folder.join(name))?;
        }
        open_to_all(&folder)?;
        command::output(Command::new("chown").arg("postfix").arg(folder.join("data")))?;
        let nobody = |flag| command::output(Command::new("id").args([flag, "nobody"])).map(|id| id.trim().to_owned());
        let (user, group) = (nobody("-u")?, nobody("-g")?);
        command::output(Command::new("chown").arg(format!("{user}:{group}")).arg(folder.join("mail")))?;
        let smtp = SocketAddr::from(([127, 0, 0, 1], postgres::free_port()?));
        std::fs::write(folder.join("etc/main.cf"), main_cf(&folder, &user, &group, purpose))?;
        std::fs::write(folder.join("etc/master.cf"), master_cf(smtp))?;
        command::output(postfix(&folder).arg("start"))?;
        let process = wait(&folder, smtp)?;
        Ok(Self { smtp, process, folder })
    }

    /// Wait until its queue is empty, so that one run does not work for the one before.
    pub fn drain(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(DRAIN_SECONDS_MAX);
        while ["incoming", "active", "maildrop", "deferred"]
            .iter()
            .any(|queue| has_files(&self.folder.join("spool").join(queue)))
        {
            if Instant::now() > deadline {
                bail!("Postfix has not delivered everything after {DRAIN_SECONDS_MAX} s");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Wait until so many mails were put aside.
    pub fn wait_until_deferred(&self, count: u64) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(DRAIN_SECONDS_MAX);
        while count_files(&self.folder.join("spool/deferred")) < count {
            if Instant::now() > deadline {
                bail!("Postfix has not put everything aside after {DRAIN_SECONDS_MAX} s");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Takes mail and sends none on, until it is released.
    pub fn hold(&self) -> anyhow::Result<()> {
        self.set("defer_transports = smtp")
    }

    /// Sends on what waits.
    pub fn release(&self) -> anyhow::Result<()> {
        self.set("defer_transports =")?;
        command::output(
            with_system_folders(Command::new("postqueue")).arg("-c").arg(self.folder.join("etc")).arg("-f"),
        )?;
        Ok(())
    }

    fn set(&self, setting: &str) -> anyhow::Result<()> {
        let mut change = with_system_folders(Command::new("postconf"));
        command::output(change.arg("-c").arg(self.folder.join("etc")).args(["-e", setting]))?;
        command::output(postfix(&self.folder).arg("reload"))?;
        Ok(())
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = postfix(&self.folder).arg("stop").output();
    }
}

fn postfix(folder: &Path) -> Command {
    let mut command = with_system_folders(Command::new(command::find("postfix").unwrap_or_else(|| "postfix".into())));
    command.arg("-c").arg(folder.join("etc"));
    command
}

fn with_system_folders(mut command: Command) -> Command {
    command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()));
    command
}

/// The id of the master process, once it listens.
fn wait(folder: &Path, smtp: SocketAddr) -> anyhow::Result<u32> {
    let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    while std::net::TcpStream::connect(smtp).is_err() {
        if Instant::now() > deadline {
            let log = std::fs::read_to_string(folder.join("log/postfix.log")).unwrap_or_default();
            bail!("Postfix does not listen after {START_SECONDS_MAX} s:\n{log}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let process = std::fs::read_to_string(folder.join("spool/pid/master.pid")).context("no master.pid")?;
    process.trim().parse().context("master.pid holds no number")
}

fn count_files(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { count_files(&entry.path()) } else { 1 }).sum()
}

fn has_files(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| !entry.path().is_dir() || has_files(&entry.path()))
}

fn open_to_all(folder: &Path) -> anyhow::Result<()> {
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?)
}

fn main_cf(folder: &Path, user: &str, group: &str, purpose: Purpose) -> String {
    let (domains, relay, transport) = match purpose {
        Purpose::Keep => ("bench.test", String::new(), "error:no mail leaves this machine"),
        Purpose::RelayTo(server) => ("", format!("[{}]:{}", server.ip(), server.port()), "smtp"),
    };
    let settings = [
        ("compatibility_level", "3.6"),
        ("myhostname", "mx.bench.test"),
        ("inet_interfaces", "127.0.0.1"),
        ("inet_protocols", "ipv4"),
        ("mynetworks", "127.0.0.0/8"),
        ("mydestination", ""),
        ("local_recipient_maps", ""),
        ("alias_maps", ""),
        ("alias_database", ""),
        ("queue_directory", &format!("{}/spool", folder.display())),
        ("data_directory", &format!("{}/data", folder.display())),
        ("maillog_file", &format!("{}/log/postfix.log", folder.display())),
        ("maillog_file_prefixes", "/"),
        ("virtual_mailbox_domains", domains),
        ("relayhost", &relay),
        ("virtual_mailbox_base", &format!("{}/mail", folder.display())),
        ("virtual_mailbox_maps", "static:inbox/"),
        ("virtual_uid_maps", &format!("static:{user}")),
        ("virtual_gid_maps", &format!("static:{group}")),
        ("virtual_minimum_uid", "1"),
        ("default_transport", transport),
        ("disable_dns_lookups", "yes"),
        ("smtp_host_lookup", "native"),
        // A reverse look-up per connection would measure the resolver.
        ("smtpd_peername_lookup", "no"),
        ("smtpd_recipient_restrictions", "permit_mynetworks, reject_unauth_destination"),
        ("smtpd_client_connection_count_limit", "0"),
        ("smtpd_client_connection_rate_limit", "0"),
        ("smtputf8_enable", "no"),
        ("message_size_limit", "52428800"),
        ("mailbox_size_limit", "0"),
        ("virtual_mailbox_limit", "0"),
        // Tuned: do not slow clients down for the sake of deliveries, and deliver by more processes.
        ("in_flow_delay", "0"),
        ("virtual_destination_recipient_limit", "1"),
        ("default_destination_concurrency_limit", "40"),
        ("smtp_connection_cache_on_demand", "yes"),
    ];
    settings.iter().map(|(name, value)| format!("{name} = {value}\n")).collect()
}

fn master_cf(smtp: SocketAddr) -> String {
    let mut services = format!("{smtp} inet n - n - - smtpd\n");
    for service in [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "smtp unix - - n - - smtp",
        "relay unix - - n - - smtp",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "showq unix n - n - - showq",
        "postlog unix-dgram n - n - 1 postlogd",
    ] {
        services.push_str(service);
        services.push('\n');
    }
    services
}
