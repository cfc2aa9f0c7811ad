//! `postroom doctor`: looks at this installation and says in plain words what is well and what is not. Each check has a
//! time of its own; none of them changes anything that stays.

mod keeping;
mod machine;
mod network;
mod report;

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use gateway::dns::DnsConfig;
use gateway::dns_lookup::DnsLookup;

use crate::config::{Config, ConfigError};
use crate::wiring;
use report::{Check, Report};

/// For what is on this machine.
const MACHINE_TIMEOUT: Duration = Duration::from_secs(15);
/// For the database to be reached and to say what it is.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(30);
/// For reading all of an SQLite database.
const PAGES_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// For asking one server: DNS, a bucket, who listens at an address.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(20);
/// For a smarthost that greets slowly on purpose.
const SMARTHOST_TIMEOUT: Duration = Duration::from_secs(90);

#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// Print JSON: `ok`, `problems`, `warnings`, and `checks` with `name`, `status`, `detail`, `advice`.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// There is a problem; it was printed.
pub async fn run(config: &Config, args: Args) -> anyhow::Result<()> {
    print(&Report::new(checks(Arc::new(config.clone())).await), args)
}

/// Where the configuration can't even be read.
///
/// # Errors
/// Always: that is a problem.
pub fn unreadable_configuration(error: &ConfigError, args: Args) -> anyhow::Result<()> {
    let check = Check::problem("configuration", error.to_string(), "correct it; nothing starts before");
    print(&Report::new(vec![check]), args)
}

#[expect(clippy::print_stdout, reason = "the command's answer")]
fn print(report: &Report, args: Args) -> anyhow::Result<()> {
    if args.json {
        println!("{}", report.to_json()?);
    } else {
        print!("{}", report.to_text());
    }
    if !report.is_ok() {
        bail!(Unwell);
    }
    Ok(())
}

/// The report has said it all.
#[derive(Debug, thiserror::Error)]
#[error("there are problems")]
pub struct Unwell;

async fn checks(config: Arc<Config>) -> Vec<Check> {
    let mut checks = vec![machine::configuration(&config)];
    let at = config.clone();
    match blocking(MACHINE_TIMEOUT, move || machine::data_directory(&at)).await {
        Some(found) => checks.extend(found),
        None => checks.push(late("data directory", MACHINE_TIMEOUT)),
    }
    checks.push(machine::open_files());
    let at = config.clone();
    let (database, described) = blocking(DATABASE_TIMEOUT, move || keeping::database(&at))
        .await
        .unwrap_or_else(|| (late("database", DATABASE_TIMEOUT), None));
    checks.push(database);
    let at = config.clone();
    match blocking(PAGES_TIMEOUT, move || keeping::pages(&at)).await {
        Some(found) => checks.extend(found),
        None => checks.push(late("database pages", PAGES_TIMEOUT)),
    }
    checks.push(keeping::vault(&config, described.as_ref()));
    checks.push(within("large mails", NETWORK_TIMEOUT, keeping::large_mails(&config)).await);
    checks.push(within("HTTP address", NETWORK_TIMEOUT, network::http_address(&config)).await);
    checks.push(within("SMTP address", NETWORK_TIMEOUT, network::smtp_address(&config)).await);
    checks.push(network::public_url(&config));
    checks.push(network::trusted_proxies(&config));
    let dns = DnsConfig::from_text(&config.dns_server)
        .and_then(|server| DnsLookup::new(&server))
        .map_err(|error| error.to_string());
    checks.push(within("inbound domain", NETWORK_TIMEOUT, network::inbound_domain(&config, &dns)).await);
    checks.push(within("host name", NETWORK_TIMEOUT, network::host_name(&config, &dns)).await);
    if config.dane {
        checks.push(within("DANE", NETWORK_TIMEOUT, network::dane(&config)).await);
    }
    let name_server = tokio::time::timeout(NETWORK_TIMEOUT, network::name_server(&config, &dns)).await;
    checks.extend(name_server.unwrap_or_else(|_| Some(late("name server", NETWORK_TIMEOUT))));
    checks.push(machine::certificate(&config));
    let transport = wiring::smtp_transport(&config);
    checks.push(within("smarthost", SMARTHOST_TIMEOUT, network::smarthost(&config, &transport)).await);
    checks
}

async fn within(name: &'static str, timeout: Duration, check: impl Future<Output = Check>) -> Check {
    tokio::time::timeout(timeout, check).await.unwrap_or_else(|_| late(name, timeout))
}

fn late(name: &'static str, timeout: Duration) -> Check {
    let detail = format!("no answer within {} seconds", timeout.as_secs());
    Check::warning(name, detail, "see why it is slow; nothing else is known")
}

/// Runs `check` on a thread of its own; one that hangs ends with the process, which no runtime would wait for in vain.
async fn blocking<T: Send + 'static>(timeout: Duration, check: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || drop(sender.send(check())));
    tokio::time::timeout(timeout, receiver).await.ok()?.ok()
}
