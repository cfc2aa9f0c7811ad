//! `cargo xtask test`: every test there is, or a part of them, with what they need.

use std::path::Path;

use anyhow::Context as _;

use crate::postgres::{Cluster, Durability};
use crate::{command, packages, web};

/// The variable that tells tests where they may make databases.
const POSTGRES_URL: &str = "POSTROOM_TEST_POSTGRES_URL";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to run; everything if nothing is named.
    part: Option<Part>,
    /// Only tests whose name contains one of these (`cargo xtask test it relay`).
    filters: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The tests beside the code, store and API included, and the documentation's examples.
    Unit,
    /// The scenarios of tests/it: the real program from outside.
    It,
    /// The dashboard's unit tests.
    Web,
    /// The dashboard in a real Chromium, against a real server.
    Journeys,
}

impl Args {
    pub const fn everything() -> Self {
        Self { part: None, filters: Vec::new() }
    }
}

/// Most tests wait for servers and their clocks for longer than they compute.
const TESTS_PER_PROCESSOR: usize = 3;
/// The variable that tells tests where Cyrus IMAP's programs are.
const CYRUS: &str = "POSTROOM_TEST_CYRUS";

/// # Errors
/// A test fails, or something a test needs is missing.
pub fn run(args: &Args) -> anyhow::Result<()> {
    packages::install_missing()?;
    let runs = |part| args.part.is_none_or(|only| only == part);
    // The server embeds the dashboard, so it is built first.
    if args.part.is_none() || runs(Part::Journeys) {
        web::build()?;
    }
    if runs(Part::Web) {
        web::test()?;
    }
    if !runs(Part::Unit) && !runs(Part::It) && !runs(Part::Journeys) {
        return Ok(());
    }
    let folder =
        tempfile::Builder::new().prefix("postroom-test-").tempdir().context("can't make a temporary folder")?;
    let folder_path = std::fs::canonicalize(folder.path())?;
    open_to_all(&folder_path)?;
    let postgres = Cluster::start(&folder_path, Durability::Tests)?;
    rust_tests(args, &postgres)?;
    if runs(Part::Journeys) {
        command::run(
            command::program("node")
                .arg("web/e2e/run.mjs")
                .env("POSTROOM_BINARY", command::target_directory()?.join("debug/postroom"))
                .env(POSTGRES_URL, postgres.url()),
        )?;
    }
    Ok(())
}

fn rust_tests(args: &Args, postgres: &Cluster) -> anyhow::Result<()> {
    // Programs and tests in one go: apart, they would be built with different features of the same libraries, twice.
    let (packages, selection): (&[&str], &[&str]) = match args.part {
        None => (&["--workspace"], &[]),
        Some(Part::Unit) => (&["--workspace"], &["--filter-expr", "not package(it)"]),
        Some(Part::It) => (&["--package", "postroom", "--package", "it"], &["--filter-expr", "package(it)"]),
        Some(Part::Web | Part::Journeys) => (&["--package", "postroom", "--package", "it"], &[]),
    };
    command::run(command::cargo(&["build", "--bins", "--tests"]).args(packages))?;
    if matches!(args.part, Some(Part::Web | Part::Journeys)) {
        return Ok(());
    }
    postgres.prepare_schema(&command::target_directory()?.join("debug/postroom"))?;
    let at_once = TESTS_PER_PROCESSOR * std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    command::run(
        command::cargo(&["nextest", "run", "--no-fail-fast"])
            .args(["--test-threads", &at_once.to_string()])
            // What passes the second time is told of as flaky: a defect all the same.
            .args(std::env::var_os("CI").map(|_| "--retries=1"))
            .args(packages)
            .args(selection)
            .args(&args.filters)
            .env(POSTGRES_URL, postgres.url())
            .env(CYRUS, packages::cyrus_programs()?),
    )?;
    if args.part == Some(Part::It) || !args.filters.is_empty() {
        return Ok(());
    }
    command::run(command::cargo(&["test", "--workspace", "--doc", "--quiet"]).env(POSTGRES_URL, postgres.url()))
}

/// Let PostgreSQL's own user walk through a folder of root's.
fn open_to_all(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?)
}
