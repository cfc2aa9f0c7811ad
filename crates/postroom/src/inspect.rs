//! `postroom inspect`: how a mail is read, as one JSON object a file. Never touches the store.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

/// What a file holds when it is not a whole mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Body {
    Text,
    Html,
}

/// Show how mails are read: one JSON object a line and a file, in the order given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The files hold bare bodies, not whole mails.
    #[arg(long, value_enum)]
    pub body: Option<Body>,
    /// Raw mails (.eml).
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// # Errors
/// A file cannot be read, or standard output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for file in &args.files {
        let raw = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let value = match args.body {
            None => mail::inspect(&raw),
            Some(body) => mail::inspect_body(&String::from_utf8_lossy(&raw), body == Body::Html),
        };
        writeln!(out, "{value}").context("cannot write to standard output")?;
    }
    Ok(())
}
