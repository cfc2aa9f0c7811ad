//! The real program as a process: started on a database and a folder of its own, killed, restarted, stopped.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use servers::ports::free_address;

use crate::api::Api;
use crate::database::Database;

/// How often other ports are tried.
const MOVES_MAX: u32 = 5;
/// Long enough for a debug build on a busy machine: a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program that cargo built beside this test. `cargo xtask test` builds it first.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    // …/debug/deps/it-<hash> → …/debug/postroom
    let binary = test.parent().and_then(Path::parent).expect("a target folder").join("postroom");
    assert!(binary.is_file(), "{} is not there: run `cargo xtask test it`, which builds it", binary.display());
    binary
}

/// A Postroom that runs, or ran, on its own database and data folder.
pub struct Postroom {
    /// First, so that the process is gone before its folder and database are.
    process: Option<Running>,
    environment: BTreeMap<String, String>,
    folder: tempfile::TempDir,
    pub http: SocketAddr,
    pub smtp: SocketAddr,
    pub submission: SocketAddr,
    pub key: String,
    log: Arc<Mutex<String>>,
    pub database: Database,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Postroom {
    /// Start on a fresh database with a known key and the private networks allowed, and wait until it is ready.
    pub async fn start(database: Database) -> Self {
        Self::start_with(database, &[]).await
    }

    /// As `start`, with more of the environment; an empty value takes a default away.
    pub async fn start_with(database: Database, environment: &[(&str, &str)]) -> Self {
        let mut postroom = Self::prepare(database, environment);
        postroom.launch().await;
        postroom
    }

    /// Another server on the same database, which has to be PostgreSQL, with the same keys.
    pub async fn start_beside(&self) -> Self {
        let mut other = Self::prepare(self.database.shared(), &[("POSTROOM_BOOTSTRAP_KEY", &self.key)]);
        other.key.clone_from(&self.key);
        std::fs::create_dir_all(other.data_folder()).expect("a data folder");
        std::fs::copy(self.data_folder().join("vault.key"), other.data_folder().join("vault.key")).expect("the key");
        other.launch().await;
        other
    }

    /// Everything but the start.
    pub fn prepare(database: Database, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("postroom-it-").tempdir().expect("a temporary folder");
        let (http, smtp, submission) = (free_address(), free_address(), free_address());
        let key = format!("test-key-{:032x}", rand::random::<u128>());
        let mut all = BTreeMap::from([
            ("POSTROOM_HTTP_ADDR".to_owned(), http.to_string()),
            ("POSTROOM_SMTP_ADDR".to_owned(), smtp.to_string()),
            ("POSTROOM_SUBMISSION_ADDR".to_owned(), submission.to_string()),
            ("POSTROOM_PUBLIC_URL".to_owned(), format!("http://{http}")),
            ("POSTROOM_DATA_DIR".to_owned(), folder.path().join("data").display().to_string()),
            ("POSTROOM_BOOTSTRAP_KEY".to_owned(), key.clone()),
            ("POSTROOM_ALLOW_PRIVATE_NETWORKS".to_owned(), "true".to_owned()),
            ("POSTROOM_AUTOCONFIG_URL".to_owned(), "off".to_owned()),
            ("POSTROOM_DNS_SERVER".to_owned(), crate::empty_name_server::start().to_string()),
        ]);
        if let Some(url) = database.url() {
            all.insert("POSTROOM_DATABASE_URL".to_owned(), url.to_owned());
        }
        for (name, value) in environment {
            if value.is_empty() {
                all.remove(*name);
            } else {
                all.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        Self { process: None, environment: all, folder, http, smtp, submission, key, log: Arc::default(), database }
    }

    /// Start the process and wait until it says that it is ready.
    pub async fn launch(&mut self) {
        self.spawn();
        let mut moves = 0;
        let mut url = format!("http://{}/readyz", self.http);
        let client = crate::api::http_client();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(answer) = client.get(&url).send().await
                && answer.status().is_success()
            {
                return;
            }
            let process = self.process.as_mut().expect("a process");
            if let Some(status) = process.0.try_wait().expect("the process's state") {
                let taken = self.log().contains("the address is taken");
                assert!(taken && moves < MOVES_MAX, "postroom serve ended at once ({status}):\n{}", self.log());
                // Somebody took a port between our look and the start.
                moves += 1;
                self.move_away();
                url = format!("http://{}/readyz", self.http);
                self.spawn();
            }
            assert!(Instant::now() < deadline, "postroom is not ready after {PATIENCE:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Other addresses to listen at, and a log that begins anew.
    fn move_away(&mut self) {
        let public_url = format!("http://{}", self.http);
        (self.http, self.smtp, self.submission) = (free_address(), free_address(), free_address());
        self.environment.insert("POSTROOM_HTTP_ADDR".to_owned(), self.http.to_string());
        self.environment.insert("POSTROOM_SMTP_ADDR".to_owned(), self.smtp.to_string());
        self.environment.insert("POSTROOM_SUBMISSION_ADDR".to_owned(), self.submission.to_string());
        if self.environment.get("POSTROOM_PUBLIC_URL") == Some(&public_url) {
            self.environment.insert("POSTROOM_PUBLIC_URL".to_owned(), format!("http://{}", self.http));
        }
        self.log = Arc::default();
    }

    fn spawn(&mut self) {
        let mut child = self
            .command(&["serve"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start postroom");
        collect(child.stdout.take().expect("its output"), &self.log);
        collect(child.stderr.take().expect("its error output"), &self.log);
        self.process = Some(Running(child));
    }

    /// `postroom ARGUMENTS` with this instance's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.environment)
            .current_dir(self.folder.path())
            .args(arguments);
        command
    }

    /// Run `postroom ARGUMENTS` to its end. It must succeed; its standard output is returned.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.run_any(arguments);
        assert!(
            output.status.success(),
            "postroom {} failed: {}\n{}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Run `postroom ARGUMENTS` to its end, whatever that is. A server that starts where it should not is killed.
    pub fn run_any(&self, arguments: &[&str]) -> Output {
        let seconds = PATIENCE.as_secs().to_string();
        let command = self.command(arguments);
        let mut limited = Command::new("timeout");
        limited.args(["--signal=KILL", &seconds]).arg(command.get_program()).args(command.get_args());
        limited.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        limited.current_dir(self.folder.path());
        limited.stdin(Stdio::null()).output().expect("run postroom")
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// The API with the bootstrap key.
    pub fn api(&self) -> Api {
        self.api_with_key(&self.key)
    }

    pub fn api_with_key(&self, key: &str) -> Api {
        Api::new(self.http, Some(key))
    }

    /// `kill -9`: no goodbye.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// SIGTERM, as service managers do, and wait for its end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.wait_for_end().await
    }

    /// Send SIGTERM and return at once.
    pub fn ask_to_stop(&self) {
        let process = self.process.as_ref().expect("a process");
        let status = Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status().expect("run kill");
        assert!(status.success(), "kill -TERM: {status}");
    }

    /// Wait until the process has ended by itself.
    pub async fn wait_for_end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let process = self.process.as_mut().expect("a process");
        loop {
            if let Some(status) = process.0.try_wait().expect("the process's state") {
                self.process = None;
                return status;
            }
            assert!(Instant::now() < deadline, "postroom does not end:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Everything the process printed so far, on either output.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Resident memory of the process, bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most it ever was.
    pub fn peak_resident_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> u64 {
        let process = self.process.as_ref().expect("a process");
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.0.id())).expect("the process's status");
        let line = status.lines().find(|line| line.starts_with(name)).expect(name);
        let kilobytes: u64 = line.split_whitespace().nth(1).expect("a figure").parse().expect("a number");
        kilobytes * 1024
    }

    /// Change the database behind the server's back.
    pub fn execute_sql(&self, sql: &str) {
        self.database.execute(&self.data_folder(), sql);
    }
}

impl Drop for Postroom {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what postroom printed ---\n{}", self.log());
        }
    }
}

fn collect(output: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut log = log.lock().expect("the log");
            log.push_str(&line);
            log.push('\n');
        }
    });
}
