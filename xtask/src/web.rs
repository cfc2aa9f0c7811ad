//! The dashboard: its packages, its build, its own tests and lints. Does nothing that is already done.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, bail};

use crate::command;

/// Install the packages if `package-lock.json` is another than at the last time.
///
/// # Errors
/// Node.js is missing, or npm fails.
pub fn install() -> anyhow::Result<()> {
    let lock = std::fs::read(folder().join("package-lock.json")).context("can't read web/package-lock.json")?;
    let installed = folder().join("node_modules/.installed-package-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    command::run(npm()?.args(["ci", "--no-audit", "--no-fund"]))?;
    std::fs::write(&installed, lock).with_context(|| format!("can't write {}", installed.display()))
}

/// Build `web/dist`, which the server embeds, if a source is newer than it.
///
/// # Errors
/// As `install`, or the build fails.
pub fn build() -> anyhow::Result<()> {
    install()?;
    let built = modified(&folder().join("dist/index.html"));
    if built.is_some_and(|built| newest_source(&folder()).is_none_or(|source| source < built)) {
        return Ok(());
    }
    command::run(npm()?.args(["run", "build"]))
}

/// # Errors
/// As `install`, or a unit test of the dashboard fails.
pub fn test() -> anyhow::Result<()> {
    install()?;
    command::run(npm()?.args(["run", "test"]))
}

/// # Errors
/// As `install`, or the types or a lint of the dashboard fail.
pub fn lint() -> anyhow::Result<()> {
    install()?;
    command::run(npm()?.args(["run", "lint"]))
}

pub fn folder() -> PathBuf {
    command::root().join("web")
}

fn npm() -> anyhow::Result<Command> {
    let Some(npm) = command::find("npm") else {
        bail!(
            "the dashboard is built with Node.js 20.19 or newer and its npm, which were not found: install them first"
        );
    };
    let mut npm = Command::new(npm);
    npm.current_dir(folder());
    Ok(npm)
}

/// When the newest file was changed that the build reads.
fn newest_source(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    entries
        .filter(|entry| !["node_modules", "dist", "e2e"].iter().any(|skipped| entry.file_name() == *skipped))
        .filter_map(|entry| {
            if entry.file_type().ok()?.is_dir() { newest_source(&entry.path()) } else { modified(&entry.path()) }
        })
        .max()
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}
