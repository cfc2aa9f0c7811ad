//! The `postroom` program: one binary, its roles are subcommands.

mod admin;
mod backup;
mod config;
mod doctor;
mod environment;
mod import;
mod inspect;
mod open_files;
mod restore;
mod running;
mod send;
mod serve;
mod wiring;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use config::{Config, Flags};

/// Returns memory to the system sooner than the C library's, and is faster under many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(name = "postroom", version, about = "The email channel as one self-hosted program")]
struct Cli {
    /// A TOML file; `postroom.toml` in the working directory if absent.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Where everything is kept.
    #[arg(long, global = true)]
    data_dir: Option<String>,
    /// `postgres://…`, or `sqlite:PATH`; `postroom.db` in the data directory if absent.
    #[arg(long, global = true)]
    database_url: Option<String>,
    /// Where large mails are kept, `s3://bucket/prefix?…`; in the data directory if absent.
    #[arg(long, global = true)]
    blob_url: Option<String>,
    /// `address:port` of the resolver to ask; the system's if absent.
    #[arg(long, global = true)]
    dns_server: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run everything: mail in, mail out, API, dashboard, webhooks.
    Serve(ServeFlags),
    /// Bring the database's schema up to this version, and stop.
    Migrate,
    /// Workspaces: the tenants.
    #[command(subcommand)]
    Workspace(admin::Workspace),
    /// Users of the dashboard.
    #[command(subcommand)]
    User(admin::User),
    /// API keys for programs.
    #[command(subcommand)]
    Key(admin::Key),
    /// The keys that seal secrets at rest.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Take mail of old into a channel. Importing twice adds nothing.
    Import(import::Args),
    /// Rebuild from the raw mails all that is derived from them.
    Reindex,
    /// Send a mail by a channel, as the API does.
    Send(send::Args),
    /// Look at this installation and say what is well and what is not; ends with 1 if there is a problem.
    Doctor(doctor::Args),
    /// Copy everything that is kept to another place, also while the server runs.
    Backup(backup::Args),
    /// Bring a backup back, into an empty data directory and database.
    Restore(restore::Args),
    /// Show how mails are read: one JSON object a line and a file, in the order given.
    Inspect(inspect::Args),
}

/// Settings that `serve` alone needs, over the file's and the environment's.
#[derive(Debug, clap::Args)]
struct ServeFlags {
    /// Where the API and the dashboard are served; `127.0.0.1:8025` if nothing else is set.
    #[arg(long)]
    http_addr: Option<String>,
    /// Where mail is taken in; `127.0.0.1:2525` if nothing else is set.
    #[arg(long)]
    smtp_addr: Option<String>,
    /// Where mail for sending is taken in, by a later version; `127.0.0.1:2587` if nothing else is set.
    #[arg(long)]
    submission_addr: Option<String>,
    /// What people and providers reach it by, such as `https://mail.example.com`.
    #[arg(long)]
    public_url: Option<String>,
    /// The domain of generated receiving addresses; `inbox.localhost` if nothing else is set.
    #[arg(long)]
    inbound_domain: Option<String>,
    /// Let webhooks, fetches and SMTP servers be in private networks; for tests and closed networks.
    #[arg(long)]
    allow_private_networks: bool,
}

#[derive(Debug, clap::Subcommand)]
enum VaultCommand {
    /// Make a new key and seal every secret with it. Stop the server first.
    Rotate,
    /// Seal with the newest key what an older one sealed, after `POSTROOM_VAULT_KEY` got a new first key.
    Reseal,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<doctor::Unwell>() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("postroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    if let Command::Inspect(args) = &cli.command {
        return inspect::run(args);
    }
    let config = match (config::load(cli.config.clone(), &flags(&cli)), &cli.command) {
        (Ok(config), _) => config,
        (Err(error), Command::Doctor(args)) => return doctor::unreadable_configuration(&error, *args),
        (Err(error), _) => return Err(error.into()),
    };
    start_log(&config)?;
    if !config.unknown_environment.is_empty() {
        let names = config.unknown_environment.join(", ");
        tracing::warn!("the environment has names that begin as settings do and are none: {names}");
    }
    match cli.command {
        Command::Inspect(_) => Ok(()),
        Command::Migrate => migrate(&config),
        Command::Serve(_) => {
            open_files::raise();
            let engine = wiring::engine(&config)?;
            block_on(serve::run(config, engine))
        }
        Command::Send(args) => with_engine(&config, wiring::engine_beside_server, async |engine| {
            send::run(engine, config.http_addr, args).await
        }),
        Command::Doctor(args) => block_on(doctor::run(&config, args)),
        Command::Backup(args) => backup::run(&config, &args),
        Command::Restore(args) => restore::run(&config, &args),
        Command::Vault(command) => vault(&config, &command),
        Command::Import(args) => with_engine(&config, wiring::engine, async |engine| import::run(engine, args).await),
        Command::Reindex => with_engine(&config, wiring::engine_beside_server, reindex),
        Command::Workspace(command) => {
            with_engine(&config, wiring::engine_beside_server, async |engine| admin::workspace(engine, command).await)
        }
        Command::User(command) => {
            with_engine(&config, wiring::engine_beside_server, async |engine| admin::user(engine, command).await)
        }
        Command::Key(command) => {
            with_engine(&config, wiring::engine_beside_server, async |engine| admin::key(engine, command).await)
        }
    }
}

fn flags(cli: &Cli) -> Flags {
    let mut flags = Flags::new();
    let mut set = |key, value: &Option<String>| {
        if let Some(value) = value {
            flags.insert(key, value.clone());
        }
    };
    set("data_dir", &cli.data_dir);
    set("database_url", &cli.database_url);
    set("blob_url", &cli.blob_url);
    set("dns_server", &cli.dns_server);
    if let Command::Serve(serve) = &cli.command {
        set("http_addr", &serve.http_addr);
        set("smtp_addr", &serve.smtp_addr);
        set("submission_addr", &serve.submission_addr);
        set("public_url", &serve.public_url);
        set("inbound_domain", &serve.inbound_domain);
        set("allow_private_networks", &serve.allow_private_networks.then(|| "true".to_owned()));
    }
    flags
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| anyhow::anyhow!("POSTROOM_LOG (`log` in the file): `{}` was read; a level such as info, or a filter such as info,gateway=debug, is expected ({error})", config.log))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    Ok(())
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn with_engine(
    config: &Config,
    open: fn(&Config) -> anyhow::Result<engine::Engine>,
    work: impl AsyncFnOnce(&engine::Engine) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let engine = open(config)?;
    let outcome = block_on(work(&engine));
    engine.db.close();
    outcome
}

#[expect(clippy::print_stdout, reason = "the command's answer")]
fn migrate(config: &Config) -> anyhow::Result<()> {
    let db = wiring::open_database(config)?;
    let applied = store::migrate::migrate(&db)?;
    db.close();
    let version = store::migrate::latest_version();
    if applied.is_empty() {
        println!("The schema is at version {version}; there was nothing to do.");
    } else {
        println!("The schema is at version {version} now.");
    }
    Ok(())
}

/// The search index is brought up to date before the command ends.
#[expect(clippy::print_stdout, reason = "the command's answer")]
async fn reindex(engine: &engine::Engine) -> anyhow::Result<()> {
    let bar = indicatif::ProgressBar::no_length();
    let done = engine::reindex::reindex(engine, |progress| {
        bar.set_length(progress.newest.unsigned_abs());
        bar.set_position(progress.position.unsigned_abs());
    })
    .await?;
    bar.finish_and_clear();
    let mut indexed = 0;
    loop {
        match engine::search_index::index_some(engine).await? {
            0 => break,
            count => indexed += count,
        }
    }
    println!(
        "{} messages read again, {} of them changed, {indexed} put into the search index",
        done.messages, done.changed
    );
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command's answer")]
fn vault(config: &Config, command: &VaultCommand) -> anyhow::Result<()> {
    // Opened for writing: that fails while a server runs, which would go on with the keys it knows.
    let engine = wiring::engine(config)?;
    let resealed = match command {
        VaultCommand::Rotate => engine::vault_rotation::rotate(&engine)?,
        VaultCommand::Reseal => engine::vault_rotation::reseal(&engine)?,
    };
    engine.db.close();
    println!("{resealed} secrets are sealed with the newest key. Back it up: older keys stay for older backups.");
    Ok(())
}
