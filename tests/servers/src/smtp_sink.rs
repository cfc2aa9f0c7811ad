//! Postfix' smtp-sink: takes mail and writes each down, at an address of its own on this machine.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::PATIENCE;
use crate::programs::{missing, with_system_folders};

/// Connections that wait to be taken.
const BACKLOG: &str = "100";

pub struct SmtpSink {
    process: Child,
    folder: tempfile::TempDir,
}

impl SmtpSink {
    /// At `address` (of this machine) and `port`, with more of smtp-sink's options.
    pub async fn start(address: &str, port: u16, options: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("postroom-sink-").tempdir_in("/tmp").expect("a temporary folder");
        // It does not run as root, and has to write there.
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), open).expect("set the mode");
        let mut command = Command::new("smtp-sink");
        command
            .args(["-u", "nobody"])
            .args(options)
            .arg("-d")
            .arg("mail.")
            .arg(format!("{address}:{port}"))
            .arg(BACKLOG);
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = with_system_folders(&mut command).spawn().unwrap_or_else(|error| missing(&command, &error));
        let deadline = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect((address, port)).await.is_err() {
            assert!(Instant::now() < deadline, "smtp-sink does not listen at {address}:{port}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Self { process, folder }
    }

    /// What was taken: the envelope in lines that begin with `X-`, then the mail. One that is being written is there in part.
    pub fn received(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let files: Vec<PathBuf> = files.map(|file| file.path()).collect();
        files
            .into_iter()
            .filter_map(|file| std::fs::read(file).ok())
            .map(|b| String::from_utf8_lossy(&b).into())
            .collect()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
