//! `cargo xtask bench …`: what Postroom does in a second, beside the programs people use today.

#[derive(Debug, clap::Subcommand)]
pub enum Bench {}

/// # Errors
/// Something that is to be measured does not run.
pub fn run(bench: &Bench) -> anyhow::Result<()> {
    match *bench {}
}
