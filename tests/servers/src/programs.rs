//! How the servers' programs are run, and what they need around them: folders others may walk through.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::PATIENCE;

/// A folder of its own, through which servers that are not root can walk.
pub fn folder(name: &str) -> tempfile::TempDir {
    let folder =
        tempfile::Builder::new().prefix(&format!("postroom-{name}-")).tempdir_in("/tmp").expect("a temporary folder");
    open_to_all(folder.path());
    folder
}

pub fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("set the mode");
}

/// To its end, which has to be a good one. What goes on in the background keeps what it was given to write to, so that is nothing.
pub fn run(command: &mut Command) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = with_system_folders(command).status().unwrap_or_else(|error| missing(command, &error));
    assert!(status.success(), "{command:?}: {status}");
}

pub fn with_system_folders(command: &mut Command) -> &mut Command {
    command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()))
}

pub fn missing(command: &Command, error: &std::io::Error) -> ! {
    panic!(
        "{command:?}: {error}: this test needs Dovecot, Cyrus IMAP and root; `cargo xtask test` says how to come by them"
    )
}

/// Until somebody answers there.
pub async fn wait_for(port: u16, log: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < deadline, "nobody listens at {port}: {}", log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

pub fn wait_until_gone(file: &Path) {
    let deadline = Instant::now() + PATIENCE;
    while file.exists() && Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
