//! `cargo xtask lint`: formatting and lints of the Rust workspace and of the dashboard.

use crate::{command, web};

/// # Errors
/// Something is not formatted, or a lint has something to say.
pub fn run() -> anyhow::Result<()> {
    command::run(command::program("cargo").args(["fmt", "--all", "--check"]))?;
    command::run(command::cargo(&["clippy", "--workspace", "--all-targets"]).args(["--", "--deny", "warnings"]))?;
    web::lint()
}
