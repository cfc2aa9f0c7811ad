//! `cargo xtask serve`: from a clean checkout to a running Postroom.

use std::os::unix::process::CommandExt as _;

use crate::{command, web};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Build with optimisation: slower to build, faster to run.
    #[arg(long)]
    release: bool,
    /// Handed to `postroom serve`.
    #[arg(last = true)]
    postroom: Vec<String>,
}

/// Build everything, then become the server: Ctrl-C reaches it directly and it ends in its own time.
///
/// # Errors
/// Something does not build, or the server can't be started.
pub fn run(args: &Args) -> anyhow::Result<()> {
    web::build()?;
    let mut build = command::cargo(&["build", "--package", "postroom"]);
    if args.release {
        build.arg("--release");
    }
    command::run(&mut build)?;
    let profile = if args.release { "release" } else { "debug" };
    let binary = command::target_directory()?.join(profile).join("postroom");
    // Returns only if the program can't be started.
    Err(command::program(binary).arg("serve").args(&args.postroom).exec().into())
}
