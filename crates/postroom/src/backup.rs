//! `postroom backup`: everything that is kept, as it is at one moment, while the server goes on. The database is copied
//! first and the pack files after it, so that every mail the copy names is in them. Never changes what it copies.

mod hashing;
pub mod manifest;
pub mod postgres_tools;
pub mod source;
pub mod target;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use engine::vault_rotation::FINGERPRINT;
use indicatif::{HumanBytes, ProgressBar};
use store::DbConfig;
use store::backup::Described;
use store::blobs::PACK_DIRECTORY;
use store::vault::{KEY_FILE, Vault};

use crate::config::Config;
use crate::wiring;
use manifest::{Database, Manifest, Objects, VaultKey};
use target::Target;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A directory that is not there yet, or a file that ends in `.tar`.
    #[arg(long, value_name = "DIR|FILE.tar")]
    to: PathBuf,
    /// Leave the vault's key out: without it the backup's passwords and secrets can't be read.
    #[arg(long)]
    without_key: bool,
}

/// # Errors
/// What stands in the way; nothing is left at the target then.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub fn run(config: &Config, args: &Args) -> anyhow::Result<()> {
    if let DbConfig::Postgres { .. } = config.database {
        postgres_tools::is_there("pg_dump")?;
    }
    let mut target = Target::create(&args.to, &config.data_dir)?;
    let bar = ProgressBar::new_spinner().with_message("the database");
    let (database, described) = copy_database(config, &target, &bar)?;
    let objects = if config.blob_url.is_some() { Objects::NotCopied } else { Objects::None };
    let vault_key = vault_key(config, &described, args.without_key)?;
    let mut manifest = Manifest::new(database, described, vault_key, objects);
    let copy = target.scratch(database.file());
    let bytes = length(&copy)?;
    manifest.files.push(target.add(database.file(), &copy, bytes)?);
    for (name, path) in packs(&config.data_dir)? {
        bar.set_message(name.clone());
        bar.tick();
        let bytes = length(&path)?;
        manifest.files.push(target.add(&name, &path, bytes)?);
    }
    if manifest.vault_key != VaultKey::LeftOut && config.data_dir.join(KEY_FILE).is_file() {
        let path = config.data_dir.join(KEY_FILE);
        let bytes = length(&path)?;
        manifest.files.push(target.add(KEY_FILE, &path, bytes)?);
    }
    let to = target.publish(&manifest.to_json()?)?;
    bar.finish_and_clear();
    println!("{}: {} in {} files.", to.display(), HumanBytes(manifest.bytes()), manifest.files.len());
    println!("{}", about_key(&manifest));
    if manifest.objects == Objects::NotCopied {
        println!("{ABOUT_OBJECTS}");
    }
    Ok(())
}

const ABOUT_OBJECTS: &str = "Large mails in the bucket of POSTROOM_BLOB_URL are NOT in the backup: the bucket is its own copy. \
                             Keep its objects for as long as you keep the backup.";

fn about_key(manifest: &Manifest) -> &'static str {
    match manifest.vault_key {
        VaultKey::Included => "The vault's key is in it: whoever has the backup can read the channels' passwords.",
        VaultKey::LeftOut => {
            "The vault's key is NOT in it. Keep vault.key elsewhere: without it the channels' passwords and the webhooks' secrets are lost."
        }
        VaultKey::Configured => {
            "The vault's key of POSTROOM_VAULT_KEY is NOT in it. Keep it elsewhere: without it the channels' passwords and the webhooks' secrets are lost."
        }
    }
}

fn copy_database(config: &Config, target: &Target, bar: &ProgressBar) -> anyhow::Result<(Database, Described)> {
    match &config.database {
        DbConfig::Sqlite { path } => {
            let to = target.scratch(manifest::SQLITE_FILE);
            store::backup::copy_sqlite(path, &to, |done, all| {
                bar.set_message(format!("the database: {done} of {all} pages"));
                bar.tick();
            })
            .with_context(|| format!("the database {} can't be copied", path.display()))?;
            let described = store::backup::describe_sqlite(&to, FINGERPRINT)?;
            check_schema(&described)?;
            Ok((Database::Sqlite, described))
        }
        DbConfig::Postgres { url } => {
            let db = wiring::open_database(config)?;
            let described = store::backup::describe_postgres(&db, FINGERPRINT);
            db.close();
            let described = described?;
            check_schema(&described)?;
            postgres_tools::dump(url, &target.scratch(manifest::POSTGRES_FILE))?;
            Ok((Database::Postgres, described))
        }
    }
}

fn check_schema(described: &Described) -> anyhow::Result<()> {
    let (found, latest) = (described.schema_version, store::migrate::latest_version());
    ensure!(found > 0, "the database is empty: there is nothing to back up yet");
    ensure!(
        found <= latest,
        "the database has schema version {found}, this postroom knows up to {latest}: back it up with the newer postroom that wrote it"
    );
    Ok(())
}

/// What becomes of the key. A backup that claims to have it has the one that sealed its database.
fn vault_key(config: &Config, described: &Described, without: bool) -> anyhow::Result<VaultKey> {
    if config.vault_key.is_none() {
        if without {
            return Ok(VaultKey::LeftOut);
        }
        ensure!(
            config.data_dir.join(KEY_FILE).is_file(),
            "there is no {KEY_FILE} in {}: put it back, set POSTROOM_VAULT_KEY, or back up with --without-key",
            config.data_dir.display()
        );
    }
    let vault = Vault::open(&config.data_dir, config.vault_key.clone())?;
    let fits = described.vault_key_id.as_ref().is_none_or(|id| vault.has_key(id));
    ensure!(
        fits || without,
        "the vault's key is not the one that sealed this database's secrets: put the right one back, or back up with --without-key"
    );
    Ok(match (without, config.vault_key.is_some()) {
        (true, _) => VaultKey::LeftOut,
        (false, true) => VaultKey::Configured,
        (false, false) => VaultKey::Included,
    })
}

/// Pack files in their order, by the names they have in a backup.
fn packs(data_dir: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let directory = data_dir.join(PACK_DIRECTORY);
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&directory).with_context(|| format!("{} can't be read", directory.display()))? {
        let entry = entry?;
        let name = format!("{PACK_DIRECTORY}/{}", entry.file_name().to_string_lossy());
        if manifest::is_ours(&name) {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn length(path: &Path) -> anyhow::Result<u64> {
    Ok(std::fs::metadata(path).with_context(|| format!("{} can't be read", path.display()))?.len())
}
