//! A broadcast to a long list: how fast each part of it leaves, and how much memory that takes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::super::machine;
use super::super::postroom::Postroom;
use super::super::report::{heading, line, megabytes};
use super::sink::Sink;
use super::way_out::{Signing, WayOut};

/// Members of one request: as many as the API takes.
const MEMBERS: u64 = 1_000;
/// Parts of the broadcast that are told of apart.
const PARTS: u64 = 10;
/// Without one more mail that left, it is over.
const STALLED_SECONDS_MAX: u64 = 60;
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// # Errors
/// Something is refused, or the broadcast stands still.
pub fn measure(folder: &Path, sink: &Sink, recipients: u64) -> anyhow::Result<()> {
    let data = folder.join("postroom-broadcast");
    let _ = std::fs::remove_dir_all(&data);
    let to_sink = format!("smtp+plain://{}", sink.address);
    let postroom = Postroom::start_with(&data, None, vec![("POSTROOM_SMARTHOST_URL", to_sink)])?;
    heading(&format!("a broadcast to {recipients}, SQLite (synchronous=FULL), {}", Signing::Ed25519.name()));
    let way_out = WayOut::set_up(&postroom, Signing::Ed25519)?;
    let mut api = postroom.api()?;
    let list = text(&api.send_json("POST", "/api/v1/lists", &json!({ "name": "Everybody" }))?, "id")?;
    let started = Instant::now();
    for from in (0..recipients).step_by(MEMBERS as usize) {
        let member = |number| json!({ "address": format!("person-{number}@recipients.test"), "variables": { "number": number } });
        let members: Vec<Value> = (from..recipients.min(from + MEMBERS)).map(member).collect();
        api.send_json("POST", &format!("/api/v1/lists/{list}/members"), &json!({ "members": members }))?;
    }
    line("members added", format!("{:>7.0}/s", recipients as f64 / started.elapsed().as_secs_f64()));
    let broadcast = way_out.broadcast(&list);
    let id = text(&api.send_json("POST", "/api/v1/broadcasts", &broadcast)?, "id")?;
    let path = format!("/api/v1/broadcasts/{id}");
    let started = Instant::now();
    api.send_json("POST", &format!("{path}/send"), &json!({}))?;
    let (mut part, mut part_began, mut moved) = (1, started, (0, started));
    let shown = loop {
        std::thread::sleep(LOOK_EVERY);
        let shown = api.get_json(&path)?;
        let sent = shown["progress"]["sent"].as_u64().unwrap_or_default();
        let mark = recipients * part / PARTS;
        if sent >= mark && part <= PARTS {
            let before = recipients * (part - 1) / PARTS;
            let rate = (sent - before) as f64 / part_began.elapsed().as_secs_f64();
            let resident = machine::resident(postroom.process())?.0;
            line(&format!("until {sent} were sent"), format!("{rate:>7.0}/s, resident {}", megabytes(resident)));
            (part, part_began) = (part + 1, Instant::now());
        }
        if shown["status"] == "sent" {
            break shown;
        }
        if sent > moved.0 {
            moved = (sent, Instant::now());
        }
        if moved.1.elapsed() > Duration::from_secs(STALLED_SECONDS_MAX) {
            bail!("the broadcast stands still: {shown:#}");
        }
    };
    line("all of it", format!("{:>7.0}/s", recipients as f64 / started.elapsed().as_secs_f64()));
    line("what was counted", &shown["progress"]);
    line("resident memory, at most", megabytes(machine::resident(postroom.process())?.1));
    Ok(())
}

fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    Ok(value[name].as_str().with_context(|| format!("no {name} in {value}"))?.to_owned())
}
