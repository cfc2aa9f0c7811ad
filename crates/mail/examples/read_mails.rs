//! Reads every mail of a folder a number of times on one core: structure, fields, bodies, attachments decoded; and, unless only that
//! is asked for, what kind of mail it is and what was newly written, as ingest does. Prints what `cargo xtask bench mail` compares:
//! a JSON object.

use std::path::Path;
use std::time::Instant;

use postroom_mail as mail;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(rounds)) = (arguments.next(), arguments.next()) else {
        return Err("usage: read_mails FOLDER ROUNDS [parsed]".into());
    };
    let read = match arguments.next().as_deref() {
        None => read,
        Some("parsed") => parsed,
        Some(other) => return Err(format!("{other} is nothing to read: `parsed`, or nothing for all").into()),
    };
    let rounds: u32 = rounds.parse()?;
    let mut mails = Vec::new();
    for entry in std::fs::read_dir(Path::new(&folder))? {
        mails.push(std::fs::read(entry?.path())?);
    }
    // Once before, so that tables are made and memory is there.
    let mut seen: usize = mails.iter().map(|raw| read(raw)).sum();
    let started = Instant::now();
    for _ in 0..rounds {
        seen += mails.iter().map(|raw| read(raw)).sum::<usize>();
    }
    let seconds = started.elapsed().as_secs_f64();
    let bytes: usize = mails.iter().map(Vec::len).sum();
    println!(
        "{}",
        serde_json::json!({ "messages": mails.len() * rounds as usize, "bytes": bytes * rounds as usize, "seconds": seconds, "seen": seen })
    );
    Ok(())
}

/// Something of everything that was read, so that none of it is left out.
fn read(raw: &[u8]) -> usize {
    let parsed = mail::parse(raw);
    let classification = mail::classify::classify(raw, &parsed, false);
    let reply = mail::reply::of(&parsed);
    of_parsed(raw, &parsed) + classification.recipients.len() + reply.reply_text.len()
}

/// What the other libraries do as well, and no more.
fn parsed(raw: &[u8]) -> usize {
    of_parsed(raw, &mail::parse(raw))
}

fn of_parsed(raw: &[u8], parsed: &mail::ParsedMail) -> usize {
    let attachments = parsed.attachments.iter().filter_map(|part| mail::attachment_bytes(raw, part.part));
    attachments.map(|bytes| bytes.len()).sum::<usize>() + parsed.subject.len()
}
