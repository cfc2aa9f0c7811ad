//! Other people's mail servers for tests: started on loopback with configurations and mailboxes of their own, ended with the test.
//! Never part of the product. They need root, as they change their user.

#![expect(clippy::expect_used, reason = "a test that can't go on has failed, and says where")]

pub mod cyrus;
pub mod dovecot;
pub mod mail_program;
pub mod maildir;
pub mod ports;
mod programs;
pub mod proxy;
pub mod smtp_sink;

use std::time::Duration;

/// Who has a mailbox, on every server.
pub const USERS: [&str; 9] = ["good", "mute", "ann", "bo", "bo0", "bo1", "bo2", "bo3", "cy@example.org"];
/// Everybody's password.
pub const PASSWORD: &str = "a secret \"with\" \\ signs";
/// Until a failure is taken for one.
pub const PATIENCE: Duration = Duration::from_secs(60);
