//! How soon somebody who watches hears of a mail: from its last byte to the event on the stream, on an idle machine.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::postroom::Postroom;
use super::report::{milliseconds, quantile};
use super::sender::Connection;
use super::{corpus, report};

const MAILS: u64 = 101;
const EVENT_SECONDS_MAX: u64 = 30;

/// # Errors
/// An event does not come.
pub fn delivery_to_event(postroom: &Postroom, recipient: &str, series: u64) -> anyhow::Result<()> {
    let (heard, events) = mpsc::channel();
    let mut stream = postroom.api()?;
    stream.open_events("/api/v1/events/stream")?;
    std::thread::spawn(move || {
        while let Ok(data) = stream.event() {
            if data.contains("\"message.received\"") && heard.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    let (mut connection, mut times) = (Connection::open(postroom.smtp)?, Vec::new());
    for number in 0..MAILS {
        let mail = corpus::mail(series, number, recipient);
        let answered = connection.send(&mail.sender, recipient, &mail.bytes)?;
        let sent = Instant::now() - answered;
        let heard = events.recv_timeout(Duration::from_secs(EVENT_SECONDS_MAX)).context("no event for a mail")?;
        times.push(heard.saturating_duration_since(sent));
        // One at a time: what is measured is an idle server.
        std::thread::sleep(Duration::from_millis(20));
    }
    report::line("last byte of a mail → event on the stream, median", milliseconds(quantile(&mut times, 0.5)));
    report::line("  p95", milliseconds(quantile(&mut times, 0.95)));
    Ok(())
}
