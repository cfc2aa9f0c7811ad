//! A PostgreSQL cluster of our own in a folder of its own, on a free loopback port; gone when it is dropped.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::{command, packages};

const START_SECONDS_MAX: u64 = 60;

/// Whether the cluster survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// fsync off: no test pulls the plug, they kill processes, and the kernel keeps what a killed process wrote.
    Tests,
    /// fsync and synchronous commit on, as anybody's server has it: what is measured must be what is promised.
    Measured,
}

/// A running cluster.
pub struct Cluster {
    server: Child,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Make a cluster below `folder` and start it.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start; the message carries its log.
    pub fn start(folder: &Path, durability: Durability) -> anyhow::Result<Self> {
        let programs =
            packages::postgres_programs().context("PostgreSQL is not installed: run `apt-get install postgresql`")?;
        let folder = folder.join("postgres");
        std::fs::create_dir_all(&folder)?;
        // PostgreSQL refuses to run as root, so root hands the folder to Debian's user for it.
        if command::is_root() {
            command::output(Command::new("chown").arg("postgres:").arg(&folder))?;
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755))?;
        let data = folder.join("data");
        command::output(as_postgres(&programs.join("initdb")).current_dir(&folder).arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]))?;
        let port = free_port()?;
        let mut server = as_postgres(&programs.join("postgres"));
        server.current_dir(&folder).arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p"]).arg(port.to_string());
        server.arg("-k").arg(&folder);
        let mut set = |setting: &str| {
            server.args(["-c", setting]);
        };
        // Every test has a server with a pool of its own.
        set("max_connections=300");
        set("shared_buffers=256MB");
        set("log_min_messages=warning");
        if durability == Durability::Tests {
            set("fsync=off");
            set("full_page_writes=off");
        } else {
            set("max_wal_size=4GB");
        }
        let log = std::fs::File::create(folder.join("log"))?;
        server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let server = server.spawn().context("can't start PostgreSQL")?;
        let mut cluster = Self { server, folder, port };
        cluster.wait(&programs)?;
        Ok(cluster)
    }

    /// `postgres://…` of the cluster's own database, for a superuser.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Make an empty database and say its URL.
    ///
    /// # Errors
    /// The server refuses.
    pub fn create_database(&self, name: &str) -> anyhow::Result<String> {
        self.sql(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        self.sql(&format!("CREATE DATABASE {name}"))?;
        Ok(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port))
    }

    /// Give every database that is made from now on the schema of `postroom`: made once, copied for each test.
    ///
    /// # Errors
    /// The migration fails.
    pub fn prepare_schema(&self, postroom: &Path) -> anyhow::Result<()> {
        let data = self.folder.with_file_name("schema");
        let url = format!("postgres://postgres@127.0.0.1:{}/template1", self.port);
        let mut migrate = Command::new(postroom);
        migrate.arg("migrate").env("POSTROOM_DATABASE_URL", url).env("POSTROOM_DATA_DIR", data);
        command::output(&mut migrate).map(drop)
    }

    /// The process id of the server, whose children do the work.
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    fn sql(&self, text: &str) -> anyhow::Result<String> {
        let programs = packages::postgres_programs().context("PostgreSQL is not installed")?;
        command::output(Command::new(programs.join("psql")).args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--dbname",
            &self.url(),
            "--command",
            text,
        ]))
    }

    fn wait(&mut self, programs: &Path) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        loop {
            if let Some(status) = self.server.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("PostgreSQL ended at once ({status}):\n{log}");
            }
            let ready = Command::new(programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()?;
            if ready.success() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("PostgreSQL is not ready after {START_SECONDS_MAX} s; its log is {}/log", self.folder.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown. The first line of postmaster.pid is the server itself, not `runuser`.
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = Command::new("kill").args(["-INT", pid.trim()]).status();
        }
        let _ = self.server.wait();
    }
}

fn as_postgres(program: &Path) -> Command {
    if !command::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// A port nobody listens on right now.
///
/// # Errors
/// The machine has none left.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0").context("no free port")?.local_addr()?.port())
}
