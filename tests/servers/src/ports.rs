//! Loopback ports for servers that tests start: each belongs to the process that asked for it until that ends. Never listens at one.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Below the range the kernel takes ports for outgoing connections from, so that none of those takes one before the
/// server does, nor while it is restarted.
const PORTS: Range<u16> = 10_000..32_000;

/// Locked while this process lives: another test would otherwise take a port while its server is between two starts, and
/// be taken for that server.
static RESERVED: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port nobody listens at, nobody else's until this process ends.
///
/// # Panics
/// The folder of locks in the system's temporary folder can't be written to.
pub fn free_port() -> u16 {
    let locks = std::env::temp_dir().join("postroom-test-ports");
    std::fs::create_dir_all(&locks).unwrap_or_else(|error| panic!("can't make {}: {error}", locks.display()));
    loop {
        let port = rand::random_range(PORTS);
        if reserve(&locks, port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The same as an address.
pub fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

fn reserve(locks: &Path, port: u16) -> bool {
    let path = locks.join(port.to_string());
    let file = File::create(&path).unwrap_or_else(|error| panic!("can't make {}: {error}", path.display()));
    // Two handles of one file exclude each other in one process, too.
    let reserved = file.try_lock().is_ok();
    if reserved {
        RESERVED.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }
    reserved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_reserved_once() {
        let locks = tempfile::tempdir().expect("a temporary folder");
        assert!(reserve(locks.path(), 10_000));
        assert!(!reserve(locks.path(), 10_000));
        assert!(reserve(locks.path(), 10_001));
    }
}
