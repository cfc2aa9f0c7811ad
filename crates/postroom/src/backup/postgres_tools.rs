//! PostgreSQL's own `pg_dump` and `pg_restore`, run as they are. Owns how they are called; the password goes by the
//! environment, since everybody on a machine sees the arguments of its processes.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use percent_encoding::percent_decode_str;

/// How long a connection may take to come about, seconds.
const CONNECT_TIMEOUT_SECONDS: &str = "15";

/// Writes the whole database to `file`, as it is at one moment.
///
/// # Errors
/// `pg_dump` is not there, or says no.
pub fn dump(url: &str, file: &Path) -> anyhow::Result<()> {
    run("pg_dump", url, &[OsStr::new("--format=custom"), OsStr::new("--file"), file.as_os_str()])
}

/// Fills an empty database from `file`: all of it, or nothing.
///
/// # Errors
/// `pg_restore` is not there, or says no.
pub fn restore(url: &str, file: &Path) -> anyhow::Result<()> {
    run("pg_restore", url, &[OsStr::new("--single-transaction"), OsStr::new("--exit-on-error"), file.as_os_str()])
}

/// # Errors
/// It is not there, with what to do.
pub fn is_there(tool: &str) -> anyhow::Result<()> {
    let found = Command::new(tool).arg("--version").stdin(Stdio::null()).output();
    match found {
        Ok(output) if output.status.success() => Ok(()),
        _ => bail!(
            "{tool} is needed for a PostgreSQL database and was not found; install PostgreSQL's client programs \
             (of the server's version or newer), or put them on PATH"
        ),
    }
}

fn run(tool: &str, url: &str, arguments: &[&OsStr]) -> anyhow::Result<()> {
    let (url, password) = without_password(url);
    let mut command = Command::new(tool);
    command.args(["--no-owner", "--no-privileges", "--no-password", "--dbname", &url]).args(arguments);
    command.env("PGCONNECT_TIMEOUT", CONNECT_TIMEOUT_SECONDS).stdin(Stdio::null()).stdout(Stdio::null());
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let output = command.stderr(Stdio::piped()).output().with_context(|| format!("{tool} can't be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Ok(());
    }
    bail!("{tool} failed ({}): {}", output.status, said.trim())
}

/// The URL without the password in it, and that.
fn without_password(url: &str) -> (String, Option<String>) {
    let (mut url, mut password) = (url.to_owned(), None);
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find(['/', '?']).map_or(url.len(), |at| authority + at);
    if let Some(at) = url[authority..end].rfind('@')
        && let Some(colon) = url[authority..authority + at].find(':')
    {
        password = Some(decode(&url[authority + colon + 1..authority + at]));
        url.replace_range(authority + colon..authority + at, "");
    }
    if let Some((start, query)) = url.clone().split_once('?') {
        let (named, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|part| part.starts_with("password="));
        if let Some(text) = named.first().and_then(|part| part.strip_prefix("password=")) {
            password = Some(decode(text));
        }
        url = if others.is_empty() { start.to_owned() } else { format!("{start}?{}", others.join("&")) };
    }
    (url, password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_leave_the_url() {
        for (url, expected, password) in [
            ("postgres://u:p@h:5432/d", "postgres://u@h:5432/d", Some("p")),
            ("postgres://u:p%40%2F%3A@h/d?sslmode=require", "postgres://u@h/d?sslmode=require", Some("p@/:")),
            ("postgres://u:a@b@h/d", "postgres://u@h/d", Some("a@b")),
            ("postgres://u:p@h1:1,h2:2/d", "postgres://u@h1:1,h2:2/d", Some("p")),
            ("postgres://u@h/d", "postgres://u@h/d", None),
            ("postgres://h:5432/d", "postgres://h:5432/d", None),
            ("postgres:///d?host=/run/x&password=p%20q&user=u", "postgres:///d?host=/run/x&user=u", Some("p q")),
            ("postgresql://u:p@h?password=q", "postgresql://u@h", Some("q")),
            ("postgres://", "postgres://", None),
        ] {
            assert_eq!(without_password(url), (expected.to_owned(), password.map(str::to_owned)), "{url}");
        }
    }
}
