//! The `postroom` program: one binary, its roles are subcommands.

mod inspect;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "postroom", version, about = "The email channel as one self-hosted program")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show how mails are read: one JSON object a line and a file, in the order given.
    Inspect(inspect::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Inspect(args) => inspect::run(&args),
    }
}
