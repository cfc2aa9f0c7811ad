//! A large mailbox for the first time: until it is connected, and until every mail's bytes are kept. Beside what a bare client needs to
//! download the same.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::super::machine::Watch;
use super::super::report::{heading, line, median, megabytes};
use super::super::{machine, postroom::Postroom};
use super::client::Client;
use super::dovecot::Dovecot;
use super::{Bench, product};

const USER: &str = "large";
const CONNECTED_SECONDS_MAX: f64 = 1.5;
const KEPT_SECONDS_MAX: f64 = 3.0;
/// Counts mails as their bytes are committed.
const KEPT: &str = "postroom_mailbox_mails_kept_total";

struct Synced {
    connected: f64,
    kept: f64,
}

/// # Errors
/// Something does not start, or not every mail is kept.
pub fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let count = bench.args.messages;
    heading(&format!("first sync of a mailbox of {count} mails of about 4 KB"));
    let dovecot = Dovecot::start(bench.folder)?;
    dovecot.fill(USER, 1, count)?;
    // The server makes its own index at the first look.
    bare(&dovecot, "FETCH 1:* BODY.PEEK[]", count)?;
    let (mut downloads, mut runs) = (Vec::new(), Vec::new());
    for run in 0..bench.args.runs {
        let rows = bare(&dovecot, "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ)", count)?;
        let download = bare(&dovecot, "FETCH 1:* BODY.PEEK[]", count)?;
        line("a bare client: rows / bodies, thrown away", format!("{rows:.2} s / {download:.2} s"));
        let postroom = product::start(bench, &format!("first-{run}"))?;
        let synced = sync(&dovecot, &postroom, count)?;
        downloads.push(download);
        runs.push(synced);
    }
    let of = |figure: fn(&Synced) -> f64| median(&runs.iter().map(figure).collect::<Vec<_>>());
    let (connected, kept, download) = (of(|run| run.connected), of(|run| run.kept), median(&downloads));
    bench.targets.seconds("POST → connected, median", connected, CONNECTED_SECONDS_MAX);
    bench.targets.seconds("POST → every mail's bytes kept, median", kept, KEPT_SECONDS_MAX);
    line("  as a ratio to the bare download", format!("×{:.2}", kept / download));
    Ok(())
}

/// Seconds a command takes that tells of every message.
fn bare(dovecot: &Dovecot, command: &str, count: u64) -> anyhow::Result<f64> {
    let mut client = Client::open(dovecot.port, USER)?;
    client.select("INBOX")?;
    let started = Instant::now();
    let fetched = client.run(command)?;
    if fetched != count {
        bail!("{command}: {fetched} of {count} messages came");
    }
    Ok(started.elapsed().as_secs_f64())
}

fn sync(dovecot: &Dovecot, postroom: &Postroom, count: u64) -> anyhow::Result<Synced> {
    let initialized = product::hear_initialized(postroom)?;
    let mut api = postroom.api()?;
    let watch = Watch::start(postroom.process(), Some(dovecot.process()?));
    let asked = product::add(&mut api, dovecot, USER)?;
    let connected = initialized.recv_timeout(product::PATIENCE).context("the account is not connected")?;
    let connected = connected.saturating_duration_since(asked);
    product::eventually("every mail to be kept", || Ok((postroom.metric(KEPT)? >= count as f64).then_some(())))?;
    let kept = asked.elapsed();
    let watched = watch.stop();
    check_kept(postroom, count)?;
    let cpu = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    line(
        "the product: connected / all kept",
        format!(
            "{} / {}  CPU {}, of Dovecot {}  others {:.0} %  at most {}",
            cpu(connected),
            cpu(kept),
            cpu(watched.server_cpu),
            cpu(watched.also_cpu),
            watched.others * 100.0,
            megabytes(machine::resident(postroom.process())?.1)
        ),
    );
    Ok(Synced { connected: connected.as_secs_f64(), kept: kept.as_secs_f64() })
}

/// What is counted is there: each mail of the folder says what only its bytes tell.
fn check_kept(postroom: &Postroom, count: u64) -> anyhow::Result<()> {
    let (mut api, mut found) = (postroom.api()?, 0);
    for page in 0..count.div_ceil(1_000) {
        let listed = api.get_json(&format!("/v1/account/{USER}/messages?path=INBOX&pageSize=1000&page={page}"))?;
        let messages = listed["messages"].as_array().context("messages")?;
        found += messages.iter().filter(|message| message["messageId"].is_string()).count() as u64;
    }
    if found != count {
        bail!("{found} of {count} mails are kept");
    }
    Ok(())
}
