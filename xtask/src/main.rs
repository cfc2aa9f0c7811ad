//! `cargo xtask …`: the commands a newcomer needs. Builds, starts and measures the product; never part of it.

mod bench;
mod command;
mod fuzz;
mod lint;
mod packages;
mod postgres;
mod serve;
mod test;
mod web;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Build, start, test and measure Postroom")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Build the dashboard and the server and start them on the embedded database. Ctrl-C ends it.
    Serve(serve::Args),
    /// Run every test, on SQLite and on PostgreSQL; install and start what they need.
    Test(test::Args),
    /// Check the formatting and run the lints, warnings as errors.
    Lint,
    /// What continuous integration runs: the lints, then every test.
    Ci,
    /// Feed everything that reads what strangers send with made-up input, for so many seconds a target.
    Fuzz(fuzz::Args),
    /// Measure.
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Serve(args) => serve::run(&args),
        Task::Test(args) => test::run(&args),
        Task::Lint => lint::run(),
        Task::Ci => {
            lint::run()?;
            test::run(&test::Args::everything())
        }
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Bench(bench) => bench::run(&bench),
    }
}
