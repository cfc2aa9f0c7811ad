//! What this machine gives: the configuration's source, the data directory, the disk, open files, certificates.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use gateway::certificate::CertificateFacts;
use gateway::tls::ServerTls;
use indicatif::HumanBytes;

use super::report::Check;
use crate::config::{Config, KEYS, PREFIX};
use crate::open_files;

/// Free space below which a busy day may fill the disk, and below which it is full.
const FREE_BYTES_LOW: u64 = 2 * 1024 * 1024 * 1024;
const FREE_BYTES_NONE: u64 = 256 * 1024 * 1024;
/// How long before its end a certificate should have been renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const DAY_SECONDS: u64 = 24 * 60 * 60;

pub fn configuration(config: &Config) -> Check {
    const NAME: &str = "configuration";
    let from_environment = KEYS
        .iter()
        .map(|key| format!("{PREFIX}{}", key.to_uppercase()))
        .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect::<Vec<_>>();
    let file = match &config.file {
        Some(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string(),
        None => "no file".to_owned(),
    };
    let environment = match from_environment.is_empty() {
        true => "nothing in the environment".to_owned(),
        false => from_environment.join(", "),
    };
    let detail = format!("from {file}; {environment}");
    if config.unknown_environment.is_empty() {
        return Check::ok(NAME, detail);
    }
    let unknown = config.unknown_environment.join(", ");
    Check::warning(NAME, format!("{detail}; unknown names: {unknown}"), "correct or remove them: nobody reads them")
}

pub fn data_directory(config: &Config) -> Vec<Check> {
    const NAME: &str = "data directory";
    let path = &config.data_dir;
    let shown = path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string();
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            let advice = "move it away, or set POSTROOM_DATA_DIR";
            return vec![Check::problem(NAME, format!("{shown} is no directory"), advice)];
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let advice = "nothing, if this is new: `postroom serve` makes it; else set POSTROOM_DATA_DIR, or run this in the server's directory";
            return vec![Check::warning(NAME, format!("{shown} is not there"), advice)];
        }
        Err(error) => return vec![Check::problem(NAME, format!("{shown}: {error}"), "give the server's user access")],
    };
    let mode = metadata.permissions().mode() & 0o777;
    let mut checks = Vec::new();
    checks.push(if let Err(error) = try_writing(path) {
        let advice = "run this as the server's user; if it was, give that user the directory (chown)";
        Check::problem(NAME, format!("{shown} can't be written to: {error}"), advice)
    } else if mode & 0o077 != 0 {
        let detail = format!("{shown} is writable, and open to other users of this machine (mode {mode:03o})");
        Check::warning(NAME, detail, format!("chmod 700 {shown}"))
    } else {
        Check::ok(NAME, format!("{shown} is writable, and closed to others"))
    });
    checks.push(free_space(path));
    checks
}

/// Writes a file and deletes it again.
pub fn try_writing(directory: &Path) -> std::io::Result<()> {
    let path = directory.join(format!(".doctor-{}", engine::tokens::random(8)));
    let content = b"written by postroom doctor";
    let written = fs::File::create_new(&path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let read = written.and_then(|()| fs::read(&path));
    let _ = fs::remove_file(&path);
    if read? == content { Ok(()) } else { Err(std::io::Error::other("what was written came back changed")) }
}

fn free_space(path: &Path) -> Check {
    const NAME: &str = "free space";
    let free = match rustix::fs::statvfs(path) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => return Check::warning(NAME, format!("unknown: {error}"), "look with `df`"),
    };
    let detail = format!("{} free for the data directory", HumanBytes(free));
    match free {
        0..FREE_BYTES_NONE => {
            Check::problem(NAME, detail, "make room: mail is refused for a while (4xx) once nothing is left")
        }
        FREE_BYTES_NONE..FREE_BYTES_LOW => Check::warning(NAME, detail, "make room, or move to a larger disk"),
        _ => Check::ok(NAME, detail),
    }
}

/// What `serve` would have: it asks for all that may be had.
pub fn open_files() -> Check {
    const NAME: &str = "open files";
    match open_files::limits().1 {
        Some(maximum) if maximum < open_files::ENOUGH => Check::warning(
            NAME,
            format!("{maximum} at most: a busy server turns connections away"),
            format!("allow {} (LimitNOFILE= of systemd, `ulimits` of a container)", open_files::ENOUGH),
        ),
        Some(maximum) => Check::ok(NAME, format!("up to {maximum}")),
        None => Check::ok(NAME, "without limit"),
    }
}

pub fn certificate(config: &Config) -> Check {
    const NAME: &str = "SMTP certificate";
    let Some((certificate, key)) = &config.smtp_tls else {
        return Check::ok(
            NAME,
            "a self-signed one of our own: enough for STARTTLS, where senders of mail do not ask whose it is",
        );
    };
    let advice = "set POSTROOM_SMTP_TLS_CERTIFICATE and POSTROOM_SMTP_TLS_KEY to a PEM certificate and its key";
    if let Err(error) = ServerTls::from_pem_files(certificate, key) {
        return Check::problem(NAME, error.to_string(), advice);
    }
    match CertificateFacts::read(certificate) {
        Ok(facts) => judge_certificate(&facts, &config.hostname, SystemTime::now()),
        Err(error) => Check::problem(NAME, error, advice),
    }
}

fn judge_certificate(facts: &CertificateFacts, hostname: &str, now: SystemTime) -> Check {
    const NAME: &str = "SMTP certificate";
    let Some(left) = facts.left(now) else {
        let days = now.duration_since(facts.not_after).unwrap_or_default().as_secs() / DAY_SECONDS;
        return Check::problem(NAME, format!("expired {days} days ago"), "renew it and restart");
    };
    let days = left.as_secs() / DAY_SECONDS;
    let detail = format!("for {}, {days} days left", facts.names.join(", "));
    if facts.not_before > now {
        return Check::problem(NAME, format!("{detail}; not valid yet"), "check this machine's clock");
    }
    if left < RENEW_BEFORE {
        return Check::warning(NAME, detail, "renew it and restart: the files are read at the start");
    }
    if facts.self_signed {
        let detail = format!("{detail}; it vouches for itself, so senders that check refuse it");
        return Check::warning(NAME, detail, "get one of a public authority");
    }
    if !facts.covers(hostname) {
        let detail = format!("{detail}; not for {hostname}, which is our name");
        return Check::warning(NAME, detail, "get one for that name, or set POSTROOM_HOSTNAME");
    }
    Check::ok(NAME, format!("{detail}, issued by {}", facts.issuer))
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;

    #[test]
    fn certificates_are_judged_by_what_most_needs_a_look() {
        let now = SystemTime::now();
        let day = Duration::from_secs(DAY_SECONDS);
        let good = CertificateFacts {
            issuer: "CN=Authority".into(),
            names: vec!["mx.example.com".into()],
            not_before: now - day,
            not_after: now + 60 * day,
            self_signed: false,
        };
        let judge = |change: &dyn Fn(&mut CertificateFacts)| {
            let mut facts = good.clone();
            change(&mut facts);
            let check = judge_certificate(&facts, "mx.example.com", now);
            (check.status, check.detail)
        };
        assert_eq!(judge(&|_| {}).0, Status::Ok);
        let (status, detail) = judge(&|facts| facts.not_after = now - 3 * day);
        assert!(status == Status::Problem && detail.contains("expired 3 days"), "{detail}");
        assert_eq!(judge(&|facts| facts.not_before = now + day).0, Status::Problem);
        assert_eq!(judge(&|facts| facts.not_after = now + 5 * day).0, Status::Warning);
        assert_eq!(judge(&|facts| facts.self_signed = true).0, Status::Warning);
        let (status, detail) = judge(&|facts| facts.names = vec!["other.example.com".into()]);
        assert!(status == Status::Warning && detail.contains("not for mx.example.com"), "{detail}");
    }

    #[test]
    fn a_writing_test_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        try_writing(directory.path()).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(try_writing(&directory.path().join("none")).is_err());
    }
}
