//! A backup's manifest: what is in it, and how to know that it is what was written. Owns its form and the names a backup's
//! files may have; never reads or writes a file.

use anyhow::{Context as _, bail, ensure};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::backup::Described;

/// The manifest's own name in the backup.
pub const NAME: &str = "manifest.json";
pub const SQLITE_FILE: &str = "postroom.db";
pub const POSTGRES_FILE: &str = "postgres.dump";
/// The only form this version writes, and the newest it reads.
const FORMAT: u32 = 1;
/// Largest manifest read, bytes: some ten thousand pack files.
pub const BYTES_MAX: u64 = 4 * 1024 * 1024;
const PACK_DIGITS_MIN: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Database {
    /// `postroom.db`, a whole SQLite database.
    Sqlite,
    /// `postgres.dump`, in pg_dump's custom format.
    Postgres,
}

impl Database {
    pub const fn file(self) -> &'static str {
        match self {
            Self::Sqlite => SQLITE_FILE,
            Self::Postgres => POSTGRES_FILE,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VaultKey {
    /// `vault.key` is in the backup.
    Included,
    /// `--without-key` left it out.
    LeftOut,
    /// It comes from POSTROOM_VAULT_KEY, which no backup copies.
    Configured,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Objects {
    /// Large mails are in pack files, which are in the backup.
    None,
    /// Large mails are in the bucket of POSTROOM_BLOB_URL, which no backup copies.
    NotCopied,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Within the backup, with `/` between folder and name.
    pub path: String,
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub format: u32,
    pub created_by: String,
    pub created_at: Timestamp,
    pub database: Database,
    pub schema_version: i64,
    pub vault_key: VaultKey,
    /// Names the key that sealed the secrets, without telling anything of it.
    pub vault_key_id: Option<String>,
    pub sealed_channel_passwords: u64,
    pub sealed_webhook_secrets: u64,
    pub objects: Objects,
    pub files: Vec<File>,
}

impl Manifest {
    pub fn new(database: Database, described: Described, vault_key: VaultKey, objects: Objects) -> Self {
        Self {
            format: FORMAT,
            created_by: format!("postroom {}", env!("CARGO_PKG_VERSION")),
            created_at: Timestamp::now(),
            database,
            schema_version: described.schema_version,
            vault_key,
            vault_key_id: described.vault_key_id,
            sealed_channel_passwords: described.channel_passwords,
            sealed_webhook_secrets: described.webhook_secrets,
            objects,
            files: Vec::new(),
        }
    }

    pub fn to_json(&self) -> anyhow::Result<Vec<u8>> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// Reads a manifest and checks all that can be told without the files.
    ///
    /// # Errors
    /// It is none, is newer than this program, or names files that no backup has.
    pub fn parse(json: &[u8]) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        // First alone: a newer form need not be one we can read.
        let Format { format } =
            serde_json::from_slice(json).with_context(|| format!("{NAME} is damaged, or no manifest of a backup"))?;
        ensure!(
            format <= FORMAT,
            "the backup has the form {format}, this postroom knows up to {FORMAT}: a newer postroom made it; restore it with that version"
        );
        let manifest: Self =
            serde_json::from_slice(json).with_context(|| format!("{NAME} is damaged, or no manifest of a backup"))?;
        let latest = store::migrate::latest_version();
        ensure!(
            manifest.schema_version <= latest,
            "the backup's database has schema version {}, this postroom knows up to {latest}: a newer postroom made it; restore it with that version",
            manifest.schema_version
        );
        for file in &manifest.files {
            ensure!(is_ours(&file.path), "{NAME} names `{}`, which is no file of a backup", file.path);
        }
        let database = manifest.database.file();
        if !manifest.files.iter().any(|file| file.path == database) {
            bail!("{NAME} does not name {database}: a backup without its database can't be restored");
        }
        Ok(manifest)
    }

    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// May a backup have a file of this name? Nothing else is ever written to a data directory.
pub fn is_ours(path: &str) -> bool {
    let is_pack = |name: &str| {
        name.strip_suffix(".pack")
            .is_some_and(|number| number.len() >= PACK_DIGITS_MIN && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match path.split_once('/') {
        Some((directory, name)) => directory == store::blobs::PACK_DIRECTORY && is_pack(name),
        None => [SQLITE_FILE, POSTGRES_FILE, store::vault::KEY_FILE].contains(&path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let described = Described {
            schema_version: 1,
            vault_key_id: Some("00112233aabbccdd".into()),
            channel_passwords: 2,
            webhook_secrets: 1,
        };
        let mut manifest = Manifest::new(Database::Sqlite, described, VaultKey::Included, Objects::None);
        for path in [SQLITE_FILE, "packs/00000001.pack", "packs/123456789.pack", "vault.key"] {
            manifest.files.push(File { path: path.into(), bytes: 1, sha256: "ab".repeat(32) });
        }
        manifest
    }

    #[test]
    fn a_manifest_comes_back_as_it_was_written() {
        let written = manifest();
        assert_eq!(Manifest::parse(&written.to_json().unwrap()).unwrap(), written);
    }

    #[test]
    fn what_can_not_be_restored_is_refused_with_the_reason() {
        let parse = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut json = serde_json::to_value(manifest()).unwrap();
            change(&mut json);
            Manifest::parse(json.to_string().as_bytes()).unwrap_err().to_string()
        };
        assert!(parse(&|json| json["format"] = 2.into()).contains("newer"));
        assert!(parse(&|json| json["schemaVersion"] = 1_000.into()).contains("1000"));
        assert!(parse(&|json| json["database"] = "mysql".into()).contains(NAME));
        assert!(parse(&|json| json["files"] = serde_json::json!([])).contains(SQLITE_FILE));
        for path in ["../x", "/etc/passwd", "packs/../vault.key", "packs/1.pack", "packs/00000001.pack/x", "x.db", ""] {
            let said = parse(&|json| json["files"][1]["path"] = path.into());
            assert!(said.contains(&format!("`{path}`")), "{said}");
        }
        assert!(Manifest::parse(b"").is_err());
        assert!(Manifest::parse(b"{}").is_err());
    }
}
