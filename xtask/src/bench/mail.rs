//! Reading mail on one core, beside Python's email package and the two libraries of Node.js that people use. Theirs only parse;
//! ours judges what kind of mail it is and takes the newly written text out as well.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use super::corpus;
use super::report::{heading, line, median};
use crate::command;

/// Mails made up where no others lie beside the project.
const MADE_UP: u64 = 2_000;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Measured runs of each, of which the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How often a run of ours reads all mails; the others read them once.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// A folder of mails, a file each. Default: the corpora beside the project, else made-up mail.
    #[arg(long)]
    mails: Option<PathBuf>,
}

/// A program that reads the mails: its name, and how it is called: with the folder and the number of rounds between these arguments.
struct Reader {
    name: String,
    program: PathBuf,
    before: Vec<String>,
    after: Vec<String>,
    rounds: u32,
    /// The others are compared with it.
    is_ours: bool,
}

/// # Errors
/// A program does not build, install or run.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let temporary = tempfile::Builder::new().prefix("postroom-bench-mail-").tempdir()?;
    let mails = temporary.path().join("mails");
    std::fs::create_dir(&mails)?;
    let count = gather(args, &mails)?;
    let readers = readers(args, temporary.path())?;
    heading("reading mail, one core");
    line("mails", count);
    line("behind the others", "how often as many of ours, all of it and parsed only");
    let mut ours: Vec<f64> = Vec::new();
    for reader in &readers {
        let mut rates = Vec::new();
        let mut megabytes = Vec::new();
        for _ in 0..args.runs.max(1) {
            let (rate, speed) = measure(reader, &mails)?;
            rates.push(rate);
            megabytes.push(speed);
        }
        let rate = median(&rates);
        let ratio = if reader.is_ours {
            ours.push(rate);
            String::new()
        } else {
            ours.iter().map(|ours| format!("  ×{:.0}", ours / rate)).collect()
        };
        line(&reader.name, format!("{rate:>9.0} messages/s  {:>7.1} MB/s{ratio}", median(&megabytes)));
    }
    Ok(())
}

/// A file each, under one folder.
fn gather(args: &Args, mails: &Path) -> anyhow::Result<usize> {
    let corpora = command::root().join("../shared/corpora");
    let folders = match &args.mails {
        Some(folder) => vec![folder.clone()],
        None => vec![corpora.join("bounces"), corpora.join("mime")],
    };
    let mut count = 0;
    for folder in folders {
        copy(&folder, mails, &mut count)?;
    }
    if count == 0 {
        for number in 0..MADE_UP {
            std::fs::write(mails.join(number.to_string()), corpus::mail(1, number, "inbox@example.org").bytes)?;
        }
        count = MADE_UP as usize;
    }
    Ok(count)
}

fn copy(folder: &Path, mails: &Path, count: &mut usize) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        if path.is_dir() {
            copy(&path, mails, count)?;
        } else {
            std::fs::copy(&path, mails.join(count.to_string()))?;
            *count += 1;
        }
    }
    Ok(())
}

fn readers(args: &Args, temporary: &Path) -> anyhow::Result<Vec<Reader>> {
    command::run(&mut command::cargo(&[
        "build",
        "--release",
        "--package",
        "postroom-mail",
        "--example",
        "read_mails",
    ]))?;
    let modules = temporary.join("node");
    std::fs::create_dir(&modules)?;
    std::fs::write(modules.join("package.json"), "{}")?;
    command::run(Command::new("npm").current_dir(&modules).args([
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "mailparser",
        "postal-mime",
    ]))?;
    // Not the name of the package it imports.
    let python = temporary.join("read_mails.py");
    std::fs::write(&python, include_str!("mail/email.py"))?;
    let node = temporary.join("parsers.mjs");
    std::fs::write(&node, include_str!("mail/parsers.mjs"))?;
    let text = |path: &Path| path.display().to_string();
    let find = |program: &str| command::find(program).with_context(|| format!("{program} is not installed"));
    let mut readers = vec![
        ours("Postroom: parsed, judged, reply text", &[], args)?,
        ours("Postroom: parsed", &["parsed"], args)?,
        Reader {
            name: format!("{}, email: parsed", version(&find("python3")?, "--version")?),
            program: find("python3")?,
            before: vec![text(&python)],
            after: Vec::new(),
            rounds: 1,
            is_ours: false,
        },
    ];
    for library in ["mailparser", "postal-mime"] {
        let package = std::fs::read_to_string(modules.join("node_modules").join(library).join("package.json"))?;
        let package: Value = serde_json::from_str(&package)?;
        readers.push(Reader {
            name: format!("{library} {}: parsed", package["version"].as_str().unwrap_or_default()),
            program: find("node")?,
            before: vec![text(&node), library.to_owned(), text(&modules)],
            after: Vec::new(),
            rounds: 1,
            is_ours: false,
        });
    }
    Ok(readers)
}

fn ours(name: &str, what: &[&str], args: &Args) -> anyhow::Result<Reader> {
    Ok(Reader {
        name: name.to_owned(),
        program: command::target_directory()?.join("release/examples/read_mails"),
        before: Vec::new(),
        after: what.iter().map(|&what| what.to_owned()).collect(),
        rounds: args.rounds.max(1),
        is_ours: true,
    })
}

fn version(program: &Path, flag: &str) -> anyhow::Result<String> {
    Ok(command::output(Command::new(program).arg(flag))?.trim().to_owned())
}

/// Messages and megabytes a second.
fn measure(reader: &Reader, mails: &Path) -> anyhow::Result<(f64, f64)> {
    let mut program = Command::new(&reader.program);
    program.args(&reader.before).arg(mails).arg(reader.rounds.to_string()).args(&reader.after);
    let said: Value = serde_json::from_str(command::output(&mut program)?.trim())
        .with_context(|| format!("what {} printed is not JSON", reader.program.display()))?;
    let number = |name: &str| said[name].as_f64().with_context(|| format!("{} gave no {name}", reader.name));
    let seconds = number("seconds")?;
    Ok((number("messages")? / seconds, number("bytes")? / seconds / 1e6))
}
