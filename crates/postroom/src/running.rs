//! Whether a Postroom answers at an address. Owns the two questions it is asked; never changes anything.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For connecting, asking and the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// More than any of the answers.
const ANSWER_BYTES_MAX: u64 = 4 * 1024;

/// Who is at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    Nobody,
    Ours,
    /// A Postroom whose database does not answer.
    OursNotReady,
    Other,
}

/// Asks `/readyz`.
pub async fn at_http(address: SocketAddr) -> Listener {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    match ask(address, request.as_bytes(), b"").await {
        Ok(answer) if answer.ends_with("ready\n") => Listener::Ours,
        Ok(answer) if answer.ends_with("the database does not answer\n") => Listener::OursNotReady,
        Ok(_) => Listener::Other,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Listener::Nobody,
        Err(_) => Listener::Other,
    }
}

/// Reads the greeting. A server behind a proxy waits for its header first, and says nothing to us.
pub async fn at_smtp(address: SocketAddr) -> Listener {
    match ask(address, b"", b"\r\n").await {
        Ok(greeting) if greeting.starts_with("220 ") && greeting.contains("Postroom") => Listener::Ours,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Listener::Nobody,
        _ => Listener::Other,
    }
}

/// Sends and reads until `end` comes, or the other side closes.
async fn ask(address: SocketAddr, request: &[u8], end: &[u8]) -> io::Result<String> {
    let work = async {
        let mut stream = TcpStream::connect(reachable(address)).await?;
        stream.write_all(request).await?;
        let (mut answer, mut buffer) = (Vec::new(), [0; 512]);
        while (answer.len() as u64) < ANSWER_BYTES_MAX {
            let length = stream.read(&mut buffer).await?;
            answer.extend_from_slice(buffer.get(..length).unwrap_or_default());
            if length == 0 || (!end.is_empty() && answer.ends_with(end)) {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    timeout(ANSWER_TIMEOUT, work).await.map_err(io::Error::from)?
}

/// Where a server that listens at all addresses is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
