//! Postfix's `smtp-sink`: takes every mail and forgets it.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::loopback;
use crate::{command, postgres};

/// Connections that may wait to be taken.
const BACKLOG: &str = "1024";
const START_SECONDS_MAX: u64 = 20;

pub struct Sink {
    pub address: SocketAddr,
    process: Child,
}

impl Sink {
    /// # Errors
    /// It is not installed, or does not listen.
    pub fn start() -> anyhow::Result<Self> {
        let program = command::find("smtp-sink").context("smtp-sink is not installed: it comes with Postfix")?;
        let address = loopback(postgres::free_port()?);
        let mut command = Command::new(program);
        if command::is_root() {
            command.args(["-u", "nobody"]);
        }
        let process =
            command.arg(address.to_string()).arg(BACKLOG).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let sink = Self { address, process };
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                bail!("smtp-sink does not listen after {START_SECONDS_MAX} s");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(sink)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
