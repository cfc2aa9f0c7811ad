//! Sends mail by SMTP from several connections at once and takes the time of every answer. For what postfix's
//! `smtp-source` can't do: a different mail each time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::corpus;

/// Mails a connection carries before it is replaced: a server has enough of one at some point.
const MAILS_A_CONNECTION: usize = 5_000;
const TIMEOUT: Duration = Duration::from_secs(120);

/// One SMTP connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut connection = Self { stream: BufReader::new(stream) };
        connection.expect("220")?;
        connection.write(b"EHLO client.senders.test\r\n")?;
        connection.expect("250")?;
        Ok(connection)
    }

    /// Send a mail; the time from its last byte to the 250.
    pub fn send(&mut self, sender: &str, recipient: &str, mail: &[u8]) -> anyhow::Result<Duration> {
        // As smtp-source does: a command a round trip.
        self.write(format!("MAIL FROM:<{sender}>\r\n").as_bytes())?;
        self.expect("250")?;
        self.write(format!("RCPT TO:<{recipient}>\r\n").as_bytes())?;
        self.expect("250")?;
        self.write(b"DATA\r\n")?;
        self.expect("354")?;
        // No line of the corpus begins with a dot.
        let mut wire = Vec::with_capacity(mail.len() + 5);
        wire.extend_from_slice(mail);
        wire.extend_from_slice(if mail.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" });
        self.write(&wire)?;
        let sent = Instant::now();
        self.expect("250")?;
        Ok(sent.elapsed())
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.get_mut().write_all(bytes)?)
    }

    fn expect(&mut self, code: &str) -> anyhow::Result<()> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the SMTP server closed the connection");
            }
            if !line.starts_with(code) {
                bail!("expected {code}, got {}", line.trim_end());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}

/// What sending came to.
pub struct Sent {
    pub wall: Duration,
    /// From the last byte of a mail to its 250.
    pub answers: Vec<Duration>,
}

/// Send the mails `0..count` of a series over so many connections at once.
///
/// # Errors
/// A mail is refused, or a connection breaks.
pub fn send(server: SocketAddr, recipient: &str, series: u64, count: u64, connections: usize) -> anyhow::Result<Sent> {
    let (next, started) = (AtomicU64::new(0), Instant::now());
    let answers = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<Vec<Duration>> {
                    let (mut connection, mut answers) = (Connection::open(server)?, Vec::new());
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return Ok(answers);
                        }
                        if answers.len() % MAILS_A_CONNECTION == MAILS_A_CONNECTION - 1 {
                            connection = Connection::open(server)?;
                        }
                        let mail = corpus::mail(series, number, recipient);
                        answers.push(connection.send(&mail.sender, recipient, &mail.bytes)?);
                    }
                })
            })
            .collect();
        let mut answers = Vec::new();
        for sender in senders {
            answers.extend(sender.join().ok().context("a sender panicked")??);
        }
        anyhow::Ok(answers)
    })?;
    Ok(Sent { wall: started.elapsed(), answers })
}
