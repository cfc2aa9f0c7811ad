//! A bare IMAP client: what the server alone costs. It downloads and throws away, appends, and notes the server's own notice.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::dovecot::PASSWORD;

const TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes read at a time.
const READ_BYTES: usize = 64 * 1024;

pub struct Client {
    stream: BufReader<TcpStream>,
    tag: u32,
    line: Vec<u8>,
}

impl Client {
    /// Signed in.
    pub fn open(port: u16, user: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut client = Self { stream: BufReader::with_capacity(READ_BYTES, stream), tag: 0, line: Vec::new() };
        client.read_line()?;
        client.run(&format!("LOGIN {user} {PASSWORD}"))?;
        Ok(client)
    }

    /// How many messages there are.
    pub fn select(&mut self, folder: &str) -> anyhow::Result<u32> {
        let tag = self.send(&format!("SELECT \"{folder}\""))?;
        let mut exists = None;
        self.until_done(&tag, |line| exists = exists_of(line).or(exists))?;
        exists.context("SELECT without EXISTS")
    }

    /// Runs a command; what it says, literals too, is thrown away. Answers how many FETCH responses came.
    pub fn run(&mut self, command: &str) -> anyhow::Result<u64> {
        let tag = self.send(command)?;
        let mut fetched = 0;
        self.until_done(&tag, |line| fetched += u64::from(line.contains(" FETCH (")))?;
        Ok(fetched)
    }

    pub fn append(&mut self, folder: &str, mail: &[u8]) -> anyhow::Result<()> {
        let tag = self.send(&format!("APPEND \"{folder}\" {{{}}}", mail.len()))?;
        self.read_line()?;
        if !self.line.starts_with(b"+") {
            bail!("no leave to append: {}", String::from_utf8_lossy(&self.line));
        }
        self.stream.get_mut().write_all(&[mail, b"\r\n"].concat())?;
        self.until_done(&tag, |_| {})
    }

    /// Listens from now on; `heard` is told how many messages there are, and when that was said.
    pub fn idle(mut self, heard: mpsc::Sender<(u32, Instant)>) -> anyhow::Result<()> {
        self.send("IDLE")?;
        self.read_line()?;
        if !self.line.starts_with(b"+") {
            bail!("no leave to idle: {}", String::from_utf8_lossy(&self.line));
        }
        self.stream.get_ref().set_read_timeout(None)?;
        std::thread::spawn(move || {
            while self.read_line().is_ok() {
                let at = Instant::now();
                let Some(exists) = exists_of(&String::from_utf8_lossy(&self.line)) else { continue };
                if heard.send((exists, at)).is_err() {
                    return;
                }
            }
        });
        Ok(())
    }

    fn send(&mut self, command: &str) -> anyhow::Result<String> {
        self.tag += 1;
        let tag = format!("b{}", self.tag);
        self.stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes())?;
        Ok(tag)
    }

    fn until_done(&mut self, tag: &str, mut each: impl FnMut(&str)) -> anyhow::Result<()> {
        loop {
            self.read_line()?;
            while let Some(length) = literal(&self.line) {
                self.pass_over(length)?;
                let said = std::mem::take(&mut self.line);
                self.read_line()?;
                self.line.splice(0..0, said.iter().copied().take_while(|byte| *byte != b'{'));
            }
            let line = String::from_utf8_lossy(&self.line);
            match line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                Some(answer) if answer.starts_with("OK") => return Ok(()),
                Some(answer) => bail!("the server refused: {answer}"),
                None => each(&line),
            }
        }
    }

    fn pass_over(&mut self, mut length: u64) -> anyhow::Result<()> {
        while length > 0 {
            let here = self.stream.fill_buf()?.len() as u64;
            if here == 0 {
                bail!("the server closed the connection");
            }
            let taken = here.min(length);
            self.stream.consume(usize::try_from(taken)?);
            length -= taken;
        }
        Ok(())
    }

    fn read_line(&mut self) -> anyhow::Result<()> {
        self.line.clear();
        // A line of a server that answers FETCH with one message at a time is short.
        let mut limited = self.stream.by_ref().take(1 << 20);
        if limited.read_until(b'\n', &mut self.line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// `* 12 EXISTS`.
fn exists_of(line: &str) -> Option<u32> {
    line.trim_end().strip_prefix("* ")?.strip_suffix(" EXISTS")?.parse().ok()
}

/// A line that ends in `{12}` announces so many bytes.
fn literal(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"}\r\n")?;
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(line.get(open + 1..)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_read() {
        assert_eq!(exists_of("* 12 EXISTS\r\n"), Some(12));
        assert_eq!(exists_of("* 12 RECENT\r\n"), None);
        assert_eq!(literal(b"* 1 FETCH (BODY[] {4096}\r\n"), Some(4096));
        assert_eq!(literal(b"b1 OK {4}.\r\n"), None);
    }
}
