//! The programs the tests talk to: which they are, and how they come onto a Debian machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::command;

/// A program the tests need, and the Debian package that holds it.
struct Needed {
    package: &'static str,
    is_there: fn() -> bool,
}

const NEEDED: &[Needed] = &[
    Needed { package: "postgresql", is_there: || postgres_programs().is_some() },
    Needed { package: "postfix", is_there: || command::find("postfix").is_some() },
    Needed { package: "dovecot-imapd", is_there: || command::find("dovecot").is_some() },
    Needed { package: "cyrus-common", is_there: || Path::new(CYRUS_MASTER).is_file() },
    Needed { package: "sasl2-bin", is_there: || command::find("saslpasswd2").is_some() },
    Needed { package: "python3-dkim", is_there: || command::find("dkimverify").is_some() },
    Needed { package: "swaks", is_there: || command::find("swaks").is_some() },
    // What swaks speaks TLS by.
    Needed { package: "libnet-ssleay-perl", is_there: || perl_has("Net::SSLeay") },
    Needed { package: "chromium", is_there: || command::find("chromium").is_some() },
    Needed { package: "curl", is_there: || command::find("curl").is_some() },
];

fn perl_has(module: &str) -> bool {
    let found = Command::new("perl").arg(format!("-M{module}")).args(["-e", "1"]).output();
    found.is_ok_and(|output| output.status.success())
}

/// What Cyrus IMAP's other programs are started by.
const CYRUS_MASTER: &str = "/usr/lib/cyrus/bin/master";

/// The folder of Cyrus IMAP's `imapd` and `idled`. Debian lets one IMAP server alone be installed at a time, so that package is
/// unpacked beside Dovecot's, into `target`, and never installed.
///
/// # Errors
/// The package can't be had.
pub fn cyrus_programs() -> anyhow::Result<PathBuf> {
    const PACKAGE: &str = "cyrus-imapd";
    let installed = Path::new(CYRUS_MASTER).with_file_name("imapd");
    if let (true, Some(programs)) = (installed.is_file(), installed.parent()) {
        return Ok(programs.to_path_buf());
    }
    let folder = command::target_directory()?.join("test-servers").join(PACKAGE);
    let programs = folder.join("usr/lib/cyrus/bin");
    if programs.join("imapd").is_file() {
        return Ok(programs);
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    command::run(command::program("apt-get").args(["download", PACKAGE]).current_dir(&folder))?;
    let file = std::fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get brought no package")?;
    command::run(command::program("dpkg-deb").arg("--extract").args([&file, &folder]))?;
    Ok(programs)
}

/// The folder of `initdb` and `postgres`; the newest version's, if there are several.
pub fn postgres_programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").is_file().then_some((version, programs))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, programs)| programs).or_else(|| Some(command::find("initdb")?.parent()?.to_path_buf()))
}

/// Install what is missing: by itself as root on Debian, else by telling what to install.
///
/// # Errors
/// Something is missing and can't be installed from here.
pub fn install_missing() -> anyhow::Result<()> {
    if command::find("node").is_none() || command::find("npm").is_none() {
        bail!(
            "the dashboard is built with Node.js 20.19 or newer and its npm, which were not found: install them first"
        );
    }
    let missing: Vec<&str> = NEEDED.iter().filter(|needed| !(needed.is_there)()).map(|needed| needed.package).collect();
    if !missing.is_empty() {
        let line = format!("apt-get install --no-install-recommends {}", missing.join(" "));
        if !command::is_root() || command::find("apt-get").is_none() {
            bail!("the tests need programs that are not on this machine. On Debian or Ubuntu:\n\n    sudo {line}\n");
        }
        eprintln!("installing what the tests need: {}", missing.join(" "));
        apt_install(&missing)?;
    }
    if command::find("cargo-nextest").is_none()
        && Command::new("cargo").args(["nextest", "--version"]).output().map_or(true, |output| !output.status.success())
    {
        command::run(command::program("cargo").args(["install", "--locked", "cargo-nextest"]))?;
    }
    Ok(())
}

fn apt_install(packages: &[&str]) -> anyhow::Result<()> {
    let services = KeepServicesStopped::new()?;
    let apt = || {
        let mut apt = command::program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    command::run(apt().args(["update", "-qq"]))?;
    // Postfix asks what kind of mail host this is to become: none; the tests bring their own configuration.
    command::run(command::program("sh").args([
        "-c",
        "command -v debconf-set-selections >/dev/null || exit 0; \
         echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections",
    ]))?;
    command::run(apt().args(["install", "-y", "-q", "--no-install-recommends"]).args(packages))?;
    drop(services);
    Ok(())
}

/// While it lives, packages that are installed start no services: the tests start their own, on loopback alone.
struct KeepServicesStopped {
    written: Option<&'static Path>,
}

impl KeepServicesStopped {
    fn new() -> anyhow::Result<Self> {
        let policy = Path::new("/usr/sbin/policy-rc.d");
        if policy.exists() {
            return Ok(Self { written: None });
        }
        std::fs::write(policy, "#!/bin/sh\nexit 101\n").with_context(|| format!("can't write {}", policy.display()))?;
        command::run(command::program("chmod").arg("755").arg(policy))?;
        Ok(Self { written: Some(policy) })
    }
}

impl Drop for KeepServicesStopped {
    fn drop(&mut self) {
        if let Some(policy) = self.written {
            let _ = std::fs::remove_file(policy);
        }
    }
}
