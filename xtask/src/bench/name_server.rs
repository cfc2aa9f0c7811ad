//! A name server on loopback that knows what it was told, and of any other name that it is NXDOMAIN, at once: what Postroom asks
//! while it is measured goes to it, as it would to a resolver on the same machine.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};

/// RFC 1035 §4.1.1: QR and RA; with the response code 3 where the name is not known.
const FOUND: [u8; 2] = [0x81, 0x80];
const NOT_FOUND: [u8; 2] = [0x81, 0x83];
const HEADER_BYTES: usize = 12;
/// Bytes of one text of a TXT record (RFC 1035 §3.3.14).
const TEXT_BYTES_MAX: usize = 255;
const TXT: u16 = 16;
const MX: u16 = 15;

/// Data of records by name (in lower case) and type.
type Zone = HashMap<(String, u16), Vec<u8>>;

#[derive(Clone)]
pub struct NameServer {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

/// Answers until the process ends.
///
/// # Errors
/// No free port.
pub fn start() -> anyhow::Result<NameServer> {
    let socket = UdpSocket::bind("127.0.0.1:0").context("no free port for a name server")?;
    let server = NameServer { address: socket.local_addr()?, zone: Arc::default() };
    let zone = server.zone.clone();
    std::thread::spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut packet) {
            let Some(query) = packet.get(..length).filter(|query| query.len() > HEADER_BYTES) else { continue };
            let answer = answer(query, &zone.lock().unwrap_or_else(PoisonError::into_inner));
            let _ = socket.send_to(&answer, client);
        }
    });
    Ok(server)
}

impl NameServer {
    /// A record as a zone file has it: `TXT` a text, `MX` a preference and a host.
    ///
    /// # Errors
    /// Records of that type are not served here.
    pub fn publish(&self, name: &str, record_type: &str, value: &str) -> anyhow::Result<()> {
        let (number, data) = match record_type {
            "TXT" => {
                let texts = value.as_bytes().chunks(TEXT_BYTES_MAX);
                (TXT, texts.flat_map(|text| [&[text.len() as u8], text].concat()).collect())
            }
            "MX" => {
                let (preference, host) = value.split_once(' ').context("an MX record without a preference")?;
                (MX, [preference.parse::<u16>()?.to_be_bytes().to_vec(), labels(host)].concat())
            }
            other => bail!("the name server of measurements serves no {other} records"),
        };
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        zone.insert((name.to_ascii_lowercase(), number), data);
        Ok(())
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

fn answer(query: &[u8], zone: &Zone) -> Vec<u8> {
    let (name, end) = question(query);
    let asked_type = query.get(end - 4..end - 2).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let data = zone.get(&(name.clone(), asked_type));
    let is_known = data.is_some() || zone.keys().any(|(known, _)| *known == name);
    let mut answer = query[..end.min(query.len())].to_vec();
    answer[2..4].copy_from_slice(if is_known { &FOUND } else { &NOT_FOUND });
    // One answer or none, no authorities, no additional records.
    answer[6..HEADER_BYTES].fill(0);
    if let Some(data) = data {
        answer[7] = 1;
        // The name of the question; the class is the Internet; for a minute.
        answer.extend_from_slice(&[0xc0, HEADER_BYTES as u8]);
        answer.extend_from_slice(&asked_type.to_be_bytes());
        answer.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        answer.extend_from_slice(&(data.len() as u16).to_be_bytes());
        answer.extend_from_slice(data);
    }
    answer
}

/// The name that is asked for, in lower case, and where its type and class end.
fn question(query: &[u8]) -> (String, usize) {
    let (mut name, mut at) = (Vec::new(), HEADER_BYTES);
    while let Some(&length) = query.get(at) {
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + usize::from(length)).unwrap_or_default();
        name.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += usize::from(length);
    }
    (name.join("."), at + 4)
}
