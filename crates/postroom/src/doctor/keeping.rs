//! What is kept: the database, the vault's key, the store of large mails. Never makes any of them.

use engine::vault_rotation::FINGERPRINT;
use store::DbConfig;
use store::backup::Described;
use store::blobs::{BlobStore, PACK_DIRECTORY};
use store::vault::{KEY_FILE, Vault};

use super::machine::try_writing;
use super::report::Check;
use crate::config::Config;
use crate::wiring;

const DATABASE: &str = "database";

/// The check, and what the database says of itself for those that follow.
pub fn database(config: &Config) -> (Check, Option<Described>) {
    let found = match &config.database {
        DbConfig::Sqlite { path } if !path.exists() => {
            let detail = format!("there is no {} yet", path.display());
            let advice = "nothing, if this is new: `postroom serve` makes it; else set POSTROOM_DATA_DIR or POSTROOM_DATABASE_URL";
            return (Check::warning(DATABASE, detail, advice), None);
        }
        DbConfig::Sqlite { path } => {
            store::backup::describe_sqlite(path, FINGERPRINT).map_err(|error| format!("{}: {error}", path.display()))
        }
        DbConfig::Postgres { .. } => {
            wiring::open_database(config).map_err(|error| format!("{error:#}")).and_then(|db| {
                let described = store::backup::describe_postgres(&db, FINGERPRINT).map_err(|error| error.to_string());
                db.close();
                described
            })
        }
    };
    match found {
        Ok(described) => (schema(config, described.schema_version), Some(described)),
        Err(error) => {
            let advice = match config.database {
                DbConfig::Sqlite { .. } => {
                    "restore a backup if the file is damaged; else give the server's user access"
                }
                DbConfig::Postgres { .. } => "check POSTROOM_DATABASE_URL, and that the server runs and lets us in",
            };
            (Check::problem(DATABASE, error, advice), None)
        }
    }
}

fn schema(config: &Config, version: i64) -> Check {
    let engine = match &config.database {
        DbConfig::Sqlite { path } => format!("SQLite {}", path.display()),
        DbConfig::Postgres { .. } => "PostgreSQL answers".to_owned(),
    };
    let latest = store::migrate::latest_version();
    match version {
        0 => Check::warning(
            DATABASE,
            format!("{engine}, without our tables"),
            "nothing, if this is new: `postroom serve` or `postroom migrate` makes them; else it is another database",
        ),
        version if version > latest => Check::problem(
            DATABASE,
            format!("{engine}, schema version {version}: a newer postroom wrote it, this one knows up to {latest}"),
            "start the newer version",
        ),
        version if version < latest => {
            Check::ok(DATABASE, format!("{engine}, schema version {version}; the next start brings it to {latest}"))
        }
        version => Check::ok(DATABASE, format!("{engine}, schema version {version}")),
    }
}

/// Reads all of an SQLite database.
pub fn pages(config: &Config) -> Option<Check> {
    const NAME: &str = "database pages";
    let DbConfig::Sqlite { path } = &config.database else { return None };
    if !path.exists() {
        return None;
    }
    Some(match store::backup::quick_check_sqlite(path) {
        Ok(None) => Check::ok(NAME, "hang together (quick_check)"),
        Ok(Some(said)) => Check::problem(
            NAME,
            format!("are damaged: {said}"),
            "stop the server, keep a copy of the file, restore the last backup, and check the disk",
        ),
        Err(error) => Check::problem(NAME, error.to_string(), "restore the last backup if the file is damaged"),
    })
}

pub fn vault(config: &Config, described: Option<&Described>) -> Check {
    const NAME: &str = "vault key";
    let path = config.data_dir.join(KEY_FILE);
    let expected = described.and_then(|described| described.vault_key_id.as_ref());
    if config.vault_key.is_none() && !path.exists() {
        return match expected {
            None => Check::ok(NAME, "none yet; the first start makes it"),
            Some(id) => Check::problem(
                NAME,
                format!("{} is missing: the key {id} sealed this database's secrets", path.display()),
                "put vault.key back from where it is kept, or set POSTROOM_VAULT_KEY",
            ),
        };
    }
    let vault = match Vault::open(&config.data_dir, config.vault_key.clone()) {
        Ok(vault) => vault,
        Err(error) => return Check::problem(NAME, error.to_string(), "put the right key back"),
    };
    let source = if config.vault_key.is_some() { "POSTROOM_VAULT_KEY" } else { KEY_FILE };
    match expected {
        Some(id) if !vault.has_key(id) => Check::problem(
            NAME,
            format!("{source} is not the key that sealed this database's secrets ({id})"),
            "put the right key back: nothing sealed can be read without it",
        ),
        Some(_) => Check::ok(NAME, format!("{source} opens this database's secrets")),
        None => Check::ok(NAME, format!("{source} is a key; the database has sealed nothing yet")),
    }
}

pub async fn large_mails(config: &Config) -> Check {
    const NAME: &str = "large mails";
    let packs = config.data_dir.join(PACK_DIRECTORY);
    if let Some(url) = &config.blob_url {
        let advice = "check POSTROOM_BLOB_URL: its bucket, region, endpoint and keys, and that they may put and get";
        let opened = BlobStore::open_read_only(Some(url), &config.data_dir);
        return match opened {
            Ok(BlobStore::Object(objects)) => match objects.check().await {
                Ok(()) => Check::ok(NAME, "the bucket lets us put and get"),
                Err(error) => Check::problem(NAME, error.to_string(), advice),
            },
            Ok(_) => Check::problem(NAME, "POSTROOM_BLOB_URL names no bucket", advice),
            Err(error) => Check::problem(NAME, error.to_string(), advice),
        };
    }
    if !packs.exists() {
        return Check::ok(NAME, format!("{} is not there yet; the first start makes it", packs.display()));
    }
    match try_writing(&packs) {
        Ok(()) => Check::ok(NAME, format!("{} lets us write, read and delete", packs.display())),
        Err(error) => Check::problem(
            NAME,
            format!("{}: {error}", packs.display()),
            "run this as the server's user; if it was, give that user the directory (chown)",
        ),
    }
}
