//! Postroom, built with optimisation, on a data folder and database of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::http::{Http, metric};
use super::name_server::{self, NameServer};
use crate::{command, postgres};

const KEY: &str = "bench-key-0123456789-0123456789";
const START_SECONDS_MAX: u64 = 120;
/// How long the search index may take to catch up.
const CATCH_UP_SECONDS_MAX: u64 = 900;

pub struct Postroom {
    server: Child,
    pub http: SocketAddr,
    pub smtp: SocketAddr,
    /// From the start of the process until `/readyz` answered 200.
    pub start: Duration,
    data: PathBuf,
    /// What it asks.
    pub name_server: NameServer,
    settings: Vec<(&'static str, String)>,
}

/// A program that is measured instead of what is built here: to compare two states of the code in one sitting.
const PROGRAM: &str = "POSTROOM_BENCH_PROGRAM";

fn program() -> anyhow::Result<PathBuf> {
    match std::env::var_os(PROGRAM) {
        Some(given) => Ok(given.into()),
        None => Ok(command::target_directory()?.join("release/postroom")),
    }
}

/// Build it, unless another program is to be measured.
///
/// # Errors
/// It does not compile.
pub fn build() -> anyhow::Result<()> {
    if std::env::var_os(PROGRAM).is_some() {
        return Ok(());
    }
    command::run(&mut command::cargo(&["build", "--release", "--package", "postroom"]))
}

impl Postroom {
    /// Start on `data` and, unless it is to be SQLite, a PostgreSQL database.
    ///
    /// # Errors
    /// It does not become ready; its log is in the data folder.
    pub fn start(data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        Self::start_with(data, database, Vec::new())
    }

    /// As `start`, with more settings.
    ///
    /// # Errors
    /// As `start`.
    pub fn start_with(
        data: &Path,
        database: Option<&str>,
        settings: Vec<(&'static str, String)>,
    ) -> anyhow::Result<Self> {
        let http = SocketAddr::from(([127, 0, 0, 1], postgres::free_port()?));
        let smtp = SocketAddr::from(([127, 0, 0, 1], postgres::free_port()?));
        let name_server = name_server::start()?;
        let mut settings = settings;
        settings.extend([
            ("POSTROOM_HTTP_ADDR", http.to_string()),
            ("POSTROOM_SMTP_ADDR", smtp.to_string()),
            ("POSTROOM_DNS_SERVER", name_server.address.to_string()),
        ]);
        settings.extend(database.map(|url| ("POSTROOM_DATABASE_URL", url.to_owned())));
        let (server, start) = spawn(data, http, &settings)?;
        Ok(Self { server, http, smtp, start, data: data.to_path_buf(), name_server, settings })
    }

    /// Stop it and start it again; says how long the start took.
    ///
    /// # Errors
    /// As `start`.
    pub fn restart(&mut self) -> anyhow::Result<Duration> {
        self.stop();
        let (server, start) = spawn(&self.data, self.http, &self.settings)?;
        (self.server, self.start) = (server, start);
        Ok(start)
    }

    /// As `restart`, without a goodbye.
    ///
    /// # Errors
    /// As `start`.
    pub fn kill_and_start(&mut self) -> anyhow::Result<Duration> {
        self.server.kill()?;
        self.server.wait()?;
        let (server, start) = spawn(&self.data, self.http, &self.settings)?;
        (self.server, self.start) = (server, start);
        Ok(start)
    }

    pub fn process(&self) -> u32 {
        self.server.id()
    }

    pub fn api(&self) -> anyhow::Result<Http> {
        Http::connect(self.http, KEY)
    }

    /// A new channel's receiving address, and its id.
    pub fn channel(&self) -> anyhow::Result<(String, String)> {
        let channel = json!({ "type": "email", "name": "Bench", "provider": "sandbox" });
        let channel = self.api()?.send_json("POST", "/api/v1/channels", &channel)?;
        let text = |name: &str| channel[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        Ok((text("inboundAddress")?, text("id")?))
    }

    /// A metric's value; 0 if it was never counted.
    pub fn metric(&self, name: &str) -> anyhow::Result<f64> {
        Ok(metric(&self.api()?.get("/metrics")?, name).unwrap_or_default())
    }

    /// A metric's value with one of its labels; 0 if it was never counted.
    pub fn metric_of(&self, name: &str, label: &str) -> anyhow::Result<f64> {
        let metrics = self.api()?.get("/metrics")?;
        let labelled: String =
            metrics.lines().filter(|line| line.contains(label)).map(|line| format!("{line}\n")).collect();
        Ok(metric(&labelled, name).unwrap_or_default())
    }

    /// Wait until the search index holds every mail; says how long that took.
    ///
    /// # Errors
    /// It never catches up.
    pub fn wait_for_search(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut api = self.api()?;
        loop {
            let metrics = api.get("/metrics")?;
            let lag = metric(&metrics, "postroom_search_lag_messages")
                .context("postroom_search_lag_messages is not a metric")?;
            if lag == 0.0 {
                return Ok(started.elapsed());
            }
            if started.elapsed() > Duration::from_secs(CATCH_UP_SECONDS_MAX) {
                bail!("the search index is {lag} mails behind after {CATCH_UP_SECONDS_MAX} s");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn stop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

impl Drop for Postroom {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(data: &Path, http: SocketAddr, settings: &[(&'static str, String)]) -> anyhow::Result<(Child, Duration)> {
    std::fs::create_dir_all(data)?;
    let log_path = data.with_extension("log");
    let log = std::fs::File::options().create(true).append(true).open(&log_path)?;
    let mut server = Command::new(program()?);
    server
        .arg("serve")
        .env("POSTROOM_DATA_DIR", data)
        .env("POSTROOM_SUBMISSION_ADDR", format!("127.0.0.1:{}", postgres::free_port()?))
        .env("POSTROOM_BOOTSTRAP_KEY", KEY)
        // What it speaks to is on this machine.
        .env("POSTROOM_ALLOW_PRIVATE_NETWORKS", "true")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .envs(settings.iter().cloned());
    let started = Instant::now();
    let mut server = server.spawn().context("can't start Postroom")?;
    loop {
        if Http::connect(http, KEY).and_then(|mut http| http.get("/readyz")).is_ok() {
            return Ok((server, started.elapsed()));
        }
        if let Some(status) = server.try_wait()? {
            bail!("Postroom ended at once ({status}); see {}", log_path.display());
        }
        if started.elapsed() > Duration::from_secs(START_SECONDS_MAX) {
            let _ = server.kill();
            bail!("Postroom is not ready after {START_SECONDS_MAX} s; see {}", log_path.display());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
