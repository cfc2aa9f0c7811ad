//! The little HTTP/1.1 that a measurement needs: one connection, requests one after the other. Its own time must be
//! small against what is measured, and it must not reconnect behind our back.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(60);

pub struct Http {
    stream: BufReader<TcpStream>,
    server: SocketAddr,
    key: String,
}

impl Http {
    pub fn connect(server: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: BufReader::new(stream), server, key: key.to_owned() })
    }

    /// The body of a successful answer.
    pub fn get(&mut self, path: &str) -> anyhow::Result<String> {
        self.request("GET", path, None)
    }

    pub fn get_json(&mut self, path: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.get(path)?)?)
    }

    pub fn send_json(&mut self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.request(method, path, Some(&body.to_string()))?)?)
    }

    fn request(&mut self, method: &str, path: &str, asked: Option<&str>) -> anyhow::Result<String> {
        self.write_head(method, path, asked)?;
        let (status, length) = self.read_head()?;
        let body = match length {
            Some(length) => {
                let mut body = vec![0; length];
                self.stream.read_exact(&mut body)?;
                body
            }
            None => self.read_chunks()?,
        };
        let body = String::from_utf8_lossy(&body).into_owned();
        if status == 429 {
            // Too often for the rate limit of a key. What is measured stays below it.
            std::thread::sleep(Duration::from_secs(1));
            return self.request(method, path, asked);
        }
        if !(200..300).contains(&status) {
            bail!("{method} {path} → {status}: {body}");
        }
        Ok(body)
    }

    /// Ask for an event stream; what follows is read with `event`.
    pub fn open_events(&mut self, path: &str) -> anyhow::Result<()> {
        self.write_head("GET", path, None)?;
        let (status, _) = self.read_head()?;
        if status != 200 {
            bail!("GET {path} → {status}");
        }
        Ok(())
    }

    /// The next line of data of an open event stream; chunk sizes and comments are passed over.
    pub fn event(&mut self) -> anyhow::Result<String> {
        loop {
            let line = self.line()?;
            if let Some(data) = line.strip_prefix("data:") {
                return Ok(data.trim().to_owned());
            }
        }
    }

    fn write_head(&mut self, method: &str, path: &str, body: Option<&str>) -> anyhow::Result<()> {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n", self.server, self.key);
        if let Some(body) = body {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        } else {
            head.push_str("\r\n");
        }
        Ok(self.stream.get_mut().write_all(head.as_bytes())?)
    }

    /// Status and, where it is given, the length of the body.
    fn read_head(&mut self) -> anyhow::Result<(u16, Option<usize>)> {
        let status = self.line()?;
        let status =
            status.split(' ').nth(1).and_then(|code| code.parse().ok()).with_context(|| format!("{status:?}"))?;
        let mut length = if status == 204 { Some(0) } else { None };
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                return Ok((status, length));
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            }
        }
    }

    fn read_chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.line()?.trim(), 16).context("a chunk size")?;
            let from = body.len();
            body.resize(from + size, 0);
            self.stream.read_exact(&mut body[from..])?;
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}

/// The value of a metric, summed over its labels.
pub fn metric(metrics: &str, name: &str) -> Option<f64> {
    let values = metrics.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        (series.split('{').next() == Some(name)).then(|| value.parse::<f64>().ok()).flatten()
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or_default() + value))
}
