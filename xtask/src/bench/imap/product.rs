//! The product as these measurements ask it: started on a fresh database, accounts added, waited for.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::super::http::Http;
use super::super::postroom::Postroom;
use super::Bench;
use super::dovecot::{Dovecot, PASSWORD};

/// How long anything may take before the run has failed.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// Below the rate limit of a key.
pub const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// On a database and a folder of this name.
pub fn start(bench: &Bench<'_>, name: &str) -> anyhow::Result<Postroom> {
    let data = bench.folder.join(format!("postroom-{name}"));
    let _ = std::fs::remove_dir_all(&data);
    let database = bench.cluster.map(|cluster| cluster.create_database("bench")).transpose()?;
    Postroom::start(&data, database.as_deref())
}

/// What an account of this name is added from.
pub fn account(dovecot: &Dovecot, name: &str) -> Value {
    json!({
        "account": name, "name": name, "email": format!("{name}@bench.test"),
        "imap": { "host": "127.0.0.1", "port": dovecot.port, "secure": false, "auth": { "user": name, "pass": PASSWORD } },
    })
}

/// Adds an account; answers when it was asked for.
pub fn add(api: &mut Http, dovecot: &Dovecot, name: &str) -> anyhow::Result<Instant> {
    let asked = Instant::now();
    api.send_json("POST", "/v1/account", &account(dovecot, name))?;
    Ok(asked)
}

/// When accounts were heard to be connected for the first time, from now on.
pub fn hear_initialized(postroom: &Postroom) -> anyhow::Result<mpsc::Receiver<Instant>> {
    let (heard, hears) = mpsc::channel();
    let mut stream = postroom.api()?;
    stream.open_events("/api/v1/events/stream")?;
    std::thread::spawn(move || {
        while let Ok(data) = stream.event() {
            if data.contains("\"accountInitialized\"") && heard.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    Ok(hears)
}

/// Waits until so many accounts are connected and were brought up to date after `since` (the clock of the API, RFC 3339).
pub fn wait_connected(api: &mut Http, count: usize, since: &str) -> anyhow::Result<Instant> {
    eventually(&format!("{count} accounts to be connected"), || {
        let mut connected = 0;
        for page in 0..count.div_ceil(1_000) {
            let listed = api.get_json(&format!("/v1/accounts?state=connected&pageSize=1000&page={page}"))?;
            let accounts = listed["accounts"].as_array().context("accounts")?;
            connected += accounts.iter().filter(|it| it["syncTime"].as_str().is_some_and(|at| at >= since)).count();
        }
        Ok((connected >= count).then(Instant::now))
    })
}

/// The clock of this machine as the API writes times.
pub fn now() -> anyhow::Result<String> {
    let written = std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S.%3NZ"]).output()?;
    Ok(String::from_utf8(written.stdout)?.trim().to_owned())
}

/// Asks again until there is an answer.
///
/// # Errors
/// There is none within [`PATIENCE`].
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() > deadline {
            bail!("waited {PATIENCE:?} for {what}");
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
