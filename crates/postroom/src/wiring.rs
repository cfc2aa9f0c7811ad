//! Puts the product together from its configuration: store, vault, adapters. The only place that knows all crates.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use engine::{Engine, EngineConfig, Ports};
use gateway::autoconfig::{Autoconfig, AutoconfigSources};
use gateway::dns::DnsConfig;
use gateway::domain_dns::DomainResolver;
use gateway::fetch::HttpFetcher;
use gateway::guard::Guard;
use gateway::imap::ImapDialer;
use gateway::oauth2::HttpProviderClient;
use gateway::smtp_out::{OwnListener, SmtpOutConfig, SmtpTransport};
use gateway::tls_client::TlsTrust;
use gateway::webhooks::HttpWebhookSender;
use store::blobs::{BlobError, BlobStore};
use store::vault::{KEY_FILE, Vault};
use store::{Db, StoreError};

use crate::config::Config;

/// Opens the store, brings its schema up to date, and connects the adapters.
///
/// # Errors
/// What stands in the way of starting, with what to do about it.
pub fn engine(config: &Config) -> anyhow::Result<Engine> {
    engine_with(config, BlobStore::open)
}

/// As [`engine`], for commands that may run beside a server: they keep no large mail.
///
/// # Errors
/// As [`engine`].
pub fn engine_beside_server(config: &Config) -> anyhow::Result<Engine> {
    engine_with(config, BlobStore::open_read_only)
}

type OpenBlobs = fn(Option<&str>, &Path) -> Result<BlobStore, BlobError>;

fn engine_with(config: &Config, open_blobs: OpenBlobs) -> anyhow::Result<Engine> {
    make_data_directory(&config.data_dir)?;
    let db = open_database(config)?;
    store::migrate::migrate(&db)?;
    check_key_file(config, &db)?;
    let vault =
        Vault::open(&config.data_dir, config.vault_key.clone()).context("the vault of secrets can't be opened")?;
    check_vault(&db, &vault)?;
    let blobs =
        open_blobs(config.blob_url.as_deref(), &config.data_dir).context("the store of large mails can't be opened")?;
    let engine_config = EngineConfig {
        public_url: config.public_url.clone(),
        inbound_domain: config.inbound_domain.clone(),
        hostname: config.hostname.clone(),
        delivery: config.delivery,
        smarthost: config.smarthost.clone(),
        dns_blocklists: config.dns_blocklists.clone(),
        tracking_anonymise_ip: config.tracking_anonymise_ip,
        name_server: config.name_server.clone(),
    };
    Ok(Engine::new(engine_config, db, Arc::new(blobs), Arc::new(vault), ports(config)?))
}

/// For what takes mail in: a wrong key or bucket shows at the start, and not with the first large mail.
///
/// # Errors
/// The object store can't be used.
pub async fn check_blobs(engine: &Engine) -> anyhow::Result<()> {
    let checked = engine.blobs.check().await;
    checked.context("the store of large mails (POSTROOM_BLOB_URL) can't be written to and read; see that the bucket is there, and that the key may do both")
}

/// Makes the data directory, if it is not there, for its owner alone: mail and keys are in it.
///
/// # Errors
/// The file system says no.
pub fn make_data_directory(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("the data directory {} can't be made", path.display()))
}

/// # Errors
/// The database can't be opened.
pub fn open_database(config: &Config) -> anyhow::Result<Db> {
    if let store::DbConfig::Sqlite { path } = &config.database
        && let Some(directory) = path.parent()
        && !directory.is_dir()
    {
        make_data_directory(directory)?;
    }
    Db::open(&config.database).map_err(|error| match &config.database {
        store::DbConfig::Sqlite { path } => anyhow::anyhow!("the database {} can't be opened: {error}", path.display()),
        store::DbConfig::Postgres { .. } => {
            anyhow::anyhow!("the database of POSTROOM_DATABASE_URL can't be opened: {error}")
        }
    })
}

/// Opening a vault makes a key where there is none: where one is missing, that would only be in the way of the right one.
fn check_key_file(config: &Config, db: &Db) -> anyhow::Result<()> {
    if config.vault_key.is_some() || config.data_dir.join(KEY_FILE).exists() {
        return Ok(());
    }
    let kept = db.write_blocking(|tx| store::workspaces::setting(tx, engine::vault_rotation::FINGERPRINT))?;
    let Some(id) = kept else { return Ok(()) };
    anyhow::bail!(
        "{} is missing: the key {id} sealed this database's secrets; put the file back, or set POSTROOM_VAULT_KEY",
        config.data_dir.join(KEY_FILE).display()
    )
}

/// Every node and every start must have the key that sealed what is stored.
fn check_vault(db: &Db, vault: &Vault) -> anyhow::Result<()> {
    let fingerprint = vault.fingerprint();
    let kept = db.write_blocking(move |tx| {
        store::workspaces::setting_or_insert(tx, engine::vault_rotation::FINGERPRINT, &fingerprint)
    })?;
    if vault.has_key(&kept) {
        return Ok(());
    }
    Err(StoreError::Vault(
        "the vault's key is not the one that sealed this database's secrets; put back the vault.key file that belongs to it, or set POSTROOM_VAULT_KEY".into(),
    )
    .into())
}

/// What leads outside, as the configuration lets it.
fn outside(config: &Config) -> anyhow::Result<(Guard, TlsTrust)> {
    let dns = DnsConfig::from_text(&config.dns_server).context("POSTROOM_DNS_SERVER (`dns_server` in the file)")?;
    let guard = if config.dns_server.is_empty() {
        Guard::new(config.allow_private_networks)
    } else {
        Guard::with_dns(config.allow_private_networks, &dns)?
    };
    let extra_roots_pem = match &config.extra_ca_file {
        Some(path) => Some(std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?),
        None => None,
    };
    Ok((guard, TlsTrust { extra_roots_pem, accept_invalid_certificates: false }))
}

/// # Errors
/// The host name can't be said in EHLO, or the extra certificates are none.
pub fn smtp_transport(config: &Config) -> anyhow::Result<SmtpTransport> {
    let (guard, trust) = outside(config)?;
    let smtp = SmtpOutConfig {
        hello_name: config.hostname.clone(),
        trust,
        dns: DnsConfig::from_text(&config.dns_server)?,
        dane: config.dane,
        mx_port: config.mx_port,
        own_listener: OwnListener::at(config.smtp_addr, config.smtp_proxy_protocol),
        ..SmtpOutConfig::default()
    };
    Ok(SmtpTransport::new(guard, smtp)?)
}

fn ports(config: &Config) -> anyhow::Result<Ports> {
    let (guard, trust) = outside(config)?;
    let sources = AutoconfigSources::with_database(config.autoconfig_url.clone());
    let dns = DnsConfig::from_text(&config.dns_server)?;
    let discovery = Autoconfig::new(guard.clone(), &trust, &dns, sources).map_err(anyhow::Error::msg)?;
    Ok(Ports {
        discovery: Arc::new(discovery),
        domain_dns: Arc::new(DomainResolver::new(&dns)?),
        providers: Arc::new(HttpProviderClient::new(guard.clone(), &trust).map_err(anyhow::Error::msg)?),
        transport: Arc::new(smtp_transport(config)?),
        webhooks: Arc::new(HttpWebhookSender::new(guard.clone(), &trust).map_err(anyhow::Error::msg)?),
        fetcher: Arc::new(HttpFetcher::new(guard.clone(), &trust).map_err(anyhow::Error::msg)?),
        mailboxes: Arc::new(ImapDialer::new(guard, &trust, env!("CARGO_PKG_VERSION"))?),
    })
}
