//! A name server on loopback that knows nothing: every name is NXDOMAIN, at once. Scenarios that are not about names
//! start with it, so that nothing they do leaves the machine or waits.

use std::net::{SocketAddr, UdpSocket};

/// RFC 1035 §4.1.1: QR, RD and RA, and the response code 3.
const ANSWER_FLAGS: [u8; 2] = [0x81, 0x83];
const HEADER_BYTES: usize = 12;

/// Answers until the process ends.
pub fn start() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut packet) {
            // The question goes back; what stands behind it (EDNS) does not.
            let question = packet.get(HEADER_BYTES..length).unwrap_or_default();
            let name = question.iter().position(|&byte| byte == 0).unwrap_or_default();
            let end = (HEADER_BYTES + name + 5).min(length);
            packet[2..4].copy_from_slice(&ANSWER_FLAGS);
            packet[6..HEADER_BYTES].fill(0);
            let _ = socket.send_to(&packet[..end], client);
        }
    });
    address
}
