//! `postroom restore`: a backup into an empty installation. All of the backup is checked before anything is touched, and
//! the database comes last: what was cut off is no installation. Never writes over anything.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use indicatif::{HumanBytes, ProgressBar};
use store::DbConfig;
use store::blobs::PACK_DIRECTORY;
use store::vault::{KEY_FILE, Vault};

use crate::backup::manifest::{Database, Manifest, Objects, POSTGRES_FILE, SQLITE_FILE};
use crate::backup::source::Source;
use crate::backup::{postgres_tools, target};
use crate::config::Config;
use crate::wiring;

/// Files that were not all restored yet; in the data directory, so that it may be a disk of its own.
const STAGING: &str = ".restoring";
/// What an empty disk has.
const OF_THE_DISK: &str = "lost+found";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What `postroom backup` wrote: the directory, or the `.tar` file.
    #[arg(long, value_name = "DIR|FILE.tar")]
    from: PathBuf,
}

/// # Errors
/// The backup is damaged or of a newer version, or the installation is not empty; nothing was changed then.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub fn run(config: &Config, args: &Args) -> anyhow::Result<()> {
    let mut source = Source::open(&args.from)?;
    let bar = ProgressBar::new_spinner().with_message("checking the backup");
    bar.tick();
    let manifest = source.verify()?;
    check_data_directory(&config.data_dir)?;
    check_database(config, &manifest)?;
    bar.set_message("writing");
    bar.tick();
    let staging = Staging::create(&config.data_dir)?;
    source.extract(&manifest, &staging.0)?;
    let key = key_after(config, &manifest, &staging.0)?;
    fill_database(config, &manifest, &staging.0)?;
    for name in [PACK_DIRECTORY, KEY_FILE] {
        if staging.0.join(name).exists() {
            place(&staging.0.join(name), &config.data_dir.join(name))?;
        }
    }
    if let DbConfig::Sqlite { path } = &config.database {
        place_database(&staging.0.join(SQLITE_FILE), path)?;
    }
    drop(staging);
    target::sync_directory(&config.data_dir)?;
    bar.finish_and_clear();
    println!(
        "Restored {} of {} into {}.",
        HumanBytes(manifest.bytes()),
        manifest.created_at,
        config.data_dir.display()
    );
    println!("{}", key.describe(&manifest, &config.data_dir));
    if manifest.objects == Objects::NotCopied {
        println!("{}", about_objects(config));
    }
    println!(
        "What was queued then is sent once `postroom serve` runs: stop the installation this is a copy of before."
    );
    Ok(())
}

fn about_objects(config: &Config) -> &'static str {
    match config.blob_url {
        Some(_) => "Large mails are read from the bucket of POSTROOM_BLOB_URL: they were not in the backup.",
        None => {
            "Large mails are in a bucket and were not in the backup: set POSTROOM_BLOB_URL before the first start, or they can't be read."
        }
    }
}

/// Whether what is sealed will open.
enum Key {
    Fits,
    Missing,
}

impl Key {
    fn describe(&self, manifest: &Manifest, data_dir: &Path) -> String {
        let (passwords, secrets) = (manifest.sealed_channel_passwords, manifest.sealed_webhook_secrets);
        match self {
            Self::Fits => "The vault's key is there: passwords and secrets open.".to_owned(),
            Self::Missing => format!(
                "The vault's key{} is not in the backup, and Postroom does not start without it: put {KEY_FILE} into {}, or set POSTROOM_VAULT_KEY. \
                 Without it, what it sealed is lost: {passwords} passwords of channels and the secrets of {secrets} webhook endpoints. Mail is not sealed by it.",
                manifest.vault_key_id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default(),
                data_dir.display()
            ),
        }
    }
}

/// # Errors
/// The key that is there is another than the one that sealed.
fn key_after(config: &Config, manifest: &Manifest, staging: &Path) -> anyhow::Result<Key> {
    let included = staging.join(KEY_FILE).exists();
    if !included && config.vault_key.is_none() {
        return Ok(Key::Missing);
    }
    let vault = Vault::open(staging, config.vault_key.clone())?;
    let whose = if config.vault_key.is_some() { "the key of POSTROOM_VAULT_KEY" } else { "the backup's vault.key" };
    ensure!(
        manifest.vault_key_id.as_ref().is_none_or(|id| vault.has_key(id)),
        "{whose} is not the one that sealed the backup's secrets: set the right one, or none to put vault.key there later"
    );
    Ok(Key::Fits)
}

fn check_data_directory(data_dir: &Path) -> anyhow::Result<()> {
    let entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("{} can't be read", data_dir.display())),
    };
    for entry in entries {
        let name = entry?.file_name();
        if name != STAGING && name != OF_THE_DISK {
            bail!(
                "the data directory {} is not empty (there is {}), and a restore writes over nothing: \
                 move it away, or name another one with --data-dir",
                data_dir.display(),
                name.display()
            );
        }
    }
    Ok(())
}

fn check_database(config: &Config, manifest: &Manifest) -> anyhow::Result<()> {
    match (&config.database, manifest.database) {
        (DbConfig::Sqlite { path }, Database::Sqlite) => {
            ensure!(
                !path.exists(),
                "the database {} is there already, and a restore writes over nothing: move it away",
                path.display()
            );
            Ok(())
        }
        (DbConfig::Postgres { .. }, Database::Postgres) => {
            postgres_tools::is_there("pg_restore")?;
            let db = wiring::open_database(config)?;
            let relations = store::backup::relations_of_postgres(&db);
            db.close();
            let relations = relations?;
            ensure!(
                relations == 0,
                "the database of POSTROOM_DATABASE_URL is not empty ({relations} tables and sequences), and a restore \
                 writes over nothing: create an empty one, and name that"
            );
            Ok(())
        }
        (_, database) => bail!(
            "the backup is of {}: POSTROOM_DATABASE_URL has to name {} to restore into",
            database.name(),
            match database {
                Database::Sqlite => "no database, or a place for the file (sqlite:PATH)",
                Database::Postgres => "an empty PostgreSQL database",
            }
        ),
    }
}

fn fill_database(config: &Config, manifest: &Manifest, staging: &Path) -> anyhow::Result<()> {
    match &config.database {
        DbConfig::Postgres { url } => postgres_tools::restore(url, &staging.join(POSTGRES_FILE)),
        DbConfig::Sqlite { .. } => {
            let found =
                store::backup::describe_sqlite(&staging.join(SQLITE_FILE), engine::vault_rotation::FINGERPRINT)?;
            ensure!(
                found.schema_version == manifest.schema_version,
                "the backup is damaged: its database has schema version {}, its manifest says {}",
                found.schema_version,
                manifest.schema_version
            );
            Ok(())
        }
    }
}

/// The directory that the files are written to first. Gone when it is dropped.
struct Staging(PathBuf);

impl Staging {
    fn create(data_dir: &Path) -> anyhow::Result<Self> {
        let unwritable = || format!("{} can't be written to", data_dir.display());
        if !data_dir.is_dir() {
            wiring::make_data_directory(data_dir)?;
        }
        let staging = data_dir.join(STAGING);
        // Left behind by a restore that was cut off.
        if staging.exists() {
            fs::remove_dir_all(&staging).with_context(unwritable)?;
        }
        target::make_private_directory(&staging).with_context(unwritable)?;
        Ok(Self(staging))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "files of the restore were left behind; delete them");
        }
    }
}

fn place(from: &Path, to: &Path) -> anyhow::Result<()> {
    if from.is_dir() {
        target::sync_directory(from)?;
    }
    fs::rename(from, to).with_context(|| format!("{} can't be made", to.display()))
}

/// The database may be on another disk than the data directory.
fn place_database(from: &Path, to: &Path) -> anyhow::Result<()> {
    let unwritable = || format!("{} can't be made", to.display());
    let directory = to.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(directory).with_context(unwritable)?;
    if fs::rename(from, to).is_err() {
        let mut beside = to.as_os_str().to_owned();
        beside.push(STAGING);
        let mut content = fs::File::open(from).with_context(unwritable)?;
        target::write(&mut content, Path::new(&beside)).with_context(unwritable)?;
        fs::rename(&beside, to).with_context(unwritable)?;
    }
    target::sync_directory(directory).with_context(unwritable)
}
