//! A receiver of webhooks on loopback that answers at once, and says when what came.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;

/// A webhook, and when its last byte was there.
pub struct Heard {
    pub at: Instant,
    pub body: Value,
}

/// Answers where it listens, and what it hears.
///
/// # Errors
/// No port is free.
pub fn start() -> anyhow::Result<(SocketAddr, mpsc::Receiver<Heard>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let (heard, hears) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let heard = heard.clone();
            std::thread::spawn(move || serve(stream, &heard));
        }
    });
    Ok((address, hears))
}

/// Requests of one connection, until it or whoever listens is gone.
fn serve(stream: TcpStream, heard: &mpsc::Sender<Heard>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().context("a length")?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let at = Instant::now();
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        heard.send(Heard { at, body: serde_json::from_slice(&body)? })?;
    }
}
