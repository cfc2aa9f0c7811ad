//! `postroom import`: mail of old into a channel, through the same way as mail that arrives. Importing twice adds nothing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use engine::ports::{AcceptError, Arrival, InboundMail, Mailroom as _};
use engine::{Engine, ingest};
use futures_util::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};
use model::Timestamp;
use model::limits::MESSAGE_BYTES_MAX;

/// Mails under way at once: they share commits.
const AT_ONCE: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// RFC 4155 files (`From ` lines).
    Mbox,
    /// Directories with `cur` and `new`.
    Maildir,
    /// One raw mail a file, or directories of them.
    Eml,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_enum)]
    kind: Kind,
    /// The channel's receiving address.
    #[arg(long)]
    to: String,
    /// Call webhooks, as for mail that arrives. Without it they are not told of mail of old.
    #[arg(long)]
    notify: bool,
    /// Files or directories.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    added: u64,
    known: u64,
    refused: u64,
}

/// # Errors
/// No channel receives at the address; a file can't be read. What was imported until then stays, and a second run goes on from there.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(engine: &Engine, args: Args) -> anyhow::Result<()> {
    crate::wiring::check_blobs(engine).await?;
    let route = engine.route(&args.to).await.map_err(|error| anyhow::anyhow!("{}: {error}", args.to))?;
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{spinner} {human_pos} mails  {per_sec}  {elapsed}  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let mails = mails(args.kind, &args.paths)?;
    let notify = args.notify;
    let mut outcomes = stream::iter(mails)
        .map(|mail| {
            let route = route.clone();
            async move {
                let (name, raw) = mail?;
                if raw.len() as u64 > route.message_bytes_max {
                    let why = format!("larger than the {} bytes this channel takes", route.message_bytes_max);
                    return anyhow::Ok((name, Err(AcceptError::Refused(why))));
                }
                // The conversation is as old as its mail, not as its import.
                let now = Timestamp::now();
                let at = mail::parse(&raw).date.filter(|date| *date < now && date.as_millis() > 0).unwrap_or(now);
                let arrival = Arrival { at, peer: None, helo: None, mail_from: String::new(), tls: false };
                let mail = InboundMail { raw, routes: vec![route], arrival, auth: None };
                anyhow::Ok((name, ingest::import(engine, mail, notify).await))
            }
        })
        .buffered(AT_ONCE);
    let mut tally = Tally::default();
    while let Some(outcome) = outcomes.next().await {
        let (name, outcome) = outcome?;
        match outcome {
            Ok(accepted) if accepted.messages.iter().all(|message| message.duplicate) => tally.known += 1,
            Ok(_) => tally.added += 1,
            Err(AcceptError::Refused(why)) => {
                tally.refused += 1;
                bar.println(format!("{name}: {why}"));
            }
            Err(error) => {
                return Err(anyhow::anyhow!("{name}: {error}; run the import again, it goes on where it stopped"));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("{} added, {} were here already, {} refused", tally.added, tally.known, tally.refused);
    Ok(())
}

type Mails = Box<dyn Iterator<Item = anyhow::Result<(String, Bytes)>>>;

fn mails(kind: Kind, paths: &[PathBuf]) -> anyhow::Result<Mails> {
    if kind == Kind::Mbox {
        let mut boxes: Vec<Mailbox> = Vec::new();
        for path in paths {
            boxes.push(Mailbox::open(path)?);
        }
        return Ok(Box::new(boxes.into_iter().flatten()));
    }
    let mut files = Vec::new();
    for path in paths {
        collect(kind, path, &mut files)?;
    }
    Ok(Box::new(files.into_iter().map(|path| {
        let raw = std::fs::read(&path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok((path.display().to_string(), crlf(&raw)))
    })))
}

fn collect(kind: Kind, path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let directories =
        if kind == Kind::Maildir { vec![path.join("cur"), path.join("new")] } else { vec![path.to_owned()] };
    for directory in directories {
        let entries = std::fs::read_dir(&directory)
            .with_context(|| format!("{} can't be read; is it a maildir?", directory.display()))?;
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        found.sort();
        files.extend(found.into_iter().filter(|path| path.is_file()));
    }
    Ok(())
}

/// Mail is kept with the line ends it has on the wire.
fn crlf(raw: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    let mut previous = 0;
    for &byte in raw {
        if byte == b'\n' && previous != b'\r' {
            out.push(b'\r');
        }
        out.push(byte);
        previous = byte;
    }
    out.into()
}

/// Reads an mbox file mail by mail (RFC 4155; `>From ` is unescaped as mboxrd does).
struct Mailbox {
    path: String,
    reader: BufReader<File>,
    /// The first `From ` line was seen.
    begun: bool,
    count: u64,
}

impl Mailbox {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
        Ok(Self {
            path: path.display().to_string(),
            reader: BufReader::with_capacity(256 * 1024, file),
            begun: false,
            count: 0,
        })
    }

    fn read(&mut self) -> anyhow::Result<Option<(String, Bytes)>> {
        let mut raw: Vec<u8> = Vec::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            let read =
                self.reader.read_until(b'\n', &mut line).with_context(|| format!("{} can't be read", self.path))?;
            let ends = read == 0 || line.starts_with(b"From ");
            if ends && self.begun {
                self.begun = read != 0;
                if raw.ends_with(b"\n\n") {
                    raw.pop();
                }
                self.count += 1;
                return Ok(Some((format!("{} mail {}", self.path, self.count), crlf(&raw))));
            }
            if read == 0 {
                return Ok(None);
            }
            if ends {
                self.begun = true;
                continue;
            }
            anyhow::ensure!(
                self.begun || line.trim_ascii().is_empty(),
                "{} is no mbox: it does not begin with a `From ` line",
                self.path
            );
            let quoted = line
                .iter()
                .position(|byte| *byte != b'>')
                .is_some_and(|depth| depth > 0 && line.get(depth..).is_some_and(|rest| rest.starts_with(b"From ")));
            // One mail larger than any we take must not fill the memory; what is cut off makes it one that is refused.
            if raw.len() as u64 <= MESSAGE_BYTES_MAX {
                raw.extend_from_slice(if quoted { &line[1..] } else { &line });
            }
        }
    }
}

impl Iterator for Mailbox {
    type Item = anyhow::Result<(String, Bytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
