//! Dovecot as it comes, on loopback alone, with a configuration and mailboxes of its own: any user, one password. Room for a thousand
//! connections, and nothing else is tuned.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::super::corpus;
use crate::{command, postgres};

/// Everybody's password.
pub const PASSWORD: &str = "bench-password";
const START_SECONDS_MAX: u64 = 60;

pub struct Dovecot {
    pub port: u16,
    folder: PathBuf,
    /// Whose the mailboxes are.
    owner: (u32, u32),
}

impl Dovecot {
    /// # Errors
    /// It is not installed, we are not root, or it does not start.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        if !command::is_root() {
            bail!("Dovecot can only be started by root: run the benchmark as root");
        }
        let folder = folder.join("dovecot");
        let _ = std::fs::remove_dir_all(&folder);
        for name in ["run", "mail"] {
            std::fs::create_dir_all(folder.join(name))?;
            open_to_all(&folder.join(name))?;
        }
        open_to_all(&folder)?;
        let id = |flag| -> anyhow::Result<u32> {
            Ok(command::output(Command::new("id").args([flag, "nobody"]))?.trim().parse()?)
        };
        let owner = (id("-u")?, id("-g")?);
        chown(folder.join("mail"), Some(owner.0), Some(owner.1))?;
        let port = postgres::free_port()?;
        std::fs::write(folder.join("dovecot.conf"), configuration(&folder, port, owner))?;
        let dovecot = Self { port, folder, owner };
        let mut start = dovecot.program("dovecot")?;
        // It goes on in the background: with a pipe, one would wait for its end.
        let status = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if !status.success() || Instant::now() > deadline {
                bail!("Dovecot does not listen; see {}", dovecot.folder.join("log").display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(dovecot)
    }

    /// Puts so many mails of this series into somebody's inbox, as its own delivery would name the files. Before anybody looked at it.
    ///
    /// # Errors
    /// The folder can't be written to.
    pub fn fill(&self, user: &str, series: u64, count: u64) -> anyhow::Result<()> {
        let maildir = self.folder.join("mail").join(user);
        let mut made = BTreeMap::from([("cur", maildir.join("cur"))]);
        made.extend([("new", maildir.join("new")), ("tmp", maildir.join("tmp")), ("", maildir.clone())]);
        for folder in made.values() {
            std::fs::create_dir_all(folder)?;
            chown(folder, Some(self.owner.0), Some(self.owner.1))?;
        }
        let recipient = format!("{user}@bench.test");
        for number in 0..count {
            let mail = corpus::mail(series, number, &recipient).bytes;
            let (size, seen) = (mail.len(), if number % 3 == 0 { "" } else { "S" });
            let name = format!("{}.M{number}P1.bench,S={size},W={size}:2,{seen}", 1_790_000_000 + number);
            let path = maildir.join("cur").join(name);
            let mut file = std::fs::File::create(&path)?;
            file.write_all(&mail)?;
            std::os::unix::fs::fchown(&file, Some(self.owner.0), Some(self.owner.1))?;
        }
        Ok(())
    }

    /// The master process, whose children do the work.
    ///
    /// # Errors
    /// It has written none.
    pub fn process(&self) -> anyhow::Result<u32> {
        let written = std::fs::read_to_string(self.folder.join("run/master.pid"))?;
        written.trim().parse().context("Dovecot's master.pid")
    }

    fn program(&self, name: &str) -> anyhow::Result<Command> {
        let path = command::find(name).with_context(|| format!("{name} is not installed"))?;
        let mut program = Command::new(path);
        program.arg("-c").arg(self.folder.join("dovecot.conf"));
        Ok(program)
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let stopped = self.program("doveadm").map(|mut stop| stop.arg("stop").output());
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while stopped.is_ok() && self.folder.join("run/master.pid").exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn configuration(folder: &Path, port: u16, (user, group): (u32, u32)) -> String {
    let root = folder.display();
    let folders: String = ["Drafts", "Sent", "Trash"]
        .iter()
        .map(|name| format!("  mailbox {name} {{\n    auto = create\n    special_use = \\{name}\n  }}\n"))
        .collect();
    format!(
        "base_dir = {root}/run\nstate_dir = {root}/run\nlog_path = {root}/log\nprotocols = imap\nlisten = 127.0.0.1\nssl = no\n\
         disable_plaintext_auth = no\nfirst_valid_uid = 1\nmail_location = maildir:{root}/mail/%u\nmail_uid = {user}\nmail_gid = {group}\n\
         default_internal_user = dovecot\ndefault_login_user = dovenull\nauth_mechanisms = plain login\nmail_max_userip_connections = 100\n\
         default_client_limit = 8000\ndefault_process_limit = 2500\n\
         passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={user} gid={group} home={root}/mail/%u\n}}\n\
         service imap {{\n  process_limit = 2500\n}}\n\
         service imap-login {{\n  service_count = 0\n  client_limit = 4000\n  inet_listener imap {{\n    port = {port}\n  }}\n\
         \x20 inet_listener imaps {{\n    port = 0\n  }}\n}}\n\
         namespace inbox {{\n  inbox = yes\n  separator = /\n{folders}}}\n"
    )
}

/// Dovecot's own users have to reach what is theirs below it.
pub fn open_to_all(folder: &Path) -> anyhow::Result<()> {
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?)
}
