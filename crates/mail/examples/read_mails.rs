//! Reads every mail of a folder a number of times on one core, as ingest does: structure, fields, bodies, attachments decoded,
//! what kind of mail it is, and what was newly written. Prints what `cargo xtask bench mail` compares: a JSON object.

use std::path::Path;
use std::time::Instant;

use postroom_mail as mail;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(rounds)) = (arguments.next(), arguments.next()) else {
        return Err("usage: read_mails FOLDER ROUNDS".into());
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
    let attachments: usize = parsed
        .attachments
        .iter()
        .filter_map(|part| mail::attachment_bytes(raw, part.part))
        .map(|bytes| bytes.len())
        .sum();
    let classification = mail::classify::classify(raw, &parsed, false);
    let reply = mail::reply::of(&parsed);
    attachments + classification.recipients.len() + reply.reply_text.len() + parsed.subject.len()
}
