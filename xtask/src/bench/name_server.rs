//! A name server on loopback that knows nothing: every name is NXDOMAIN at once. What SPF, DKIM and DMARC ask while
//! Postroom is measured goes to it, as it would to a resolver on the same machine.

use std::net::{SocketAddr, UdpSocket};

use anyhow::Context as _;

/// RFC 1035 §4.1.1: QR and RA, and the response code 3.
const ANSWER_FLAGS: [u8; 2] = [0x81, 0x83];

/// Answers until the process ends.
///
/// # Errors
/// No free port.
pub fn start() -> anyhow::Result<SocketAddr> {
    let socket = UdpSocket::bind("127.0.0.1:0").context("no free port for a name server")?;
    let address = socket.local_addr()?;
    std::thread::spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut packet) {
            let Some(query) = packet.get_mut(..length).filter(|query| query.len() > 12) else { continue };
            let end = 12 + question_length(&query[12..]);
            query[2..4].copy_from_slice(&ANSWER_FLAGS);
            // No answers, no authorities, no additional records.
            query[6..12].fill(0);
            let _ = socket.send_to(&query[..end.min(length)], client);
        }
    });
    Ok(address)
}

/// Labels, the empty one, type and class.
fn question_length(question: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&length) = question.get(at) {
        at += 1 + usize::from(length);
        if length == 0 {
            break;
        }
    }
    at + 4
}
