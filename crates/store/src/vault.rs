//! The vault: secrets at rest, sealed with XChaCha20-Poly1305. Owns the keys and the sealed form.
//! Never knows what a secret is for, and never writes or logs a key or a plaintext.
//!
//! A sealed secret is `version (1) · key id (8) · nonce (24) · ciphertext and tag`. Version, key id and the caller's
//! `aad` (table, column and row id) are authenticated, so a secret copied to another row does not open there.
//!
//! Keys come from the configuration, or from the file `vault.key` in the data directory, made on first start.
//! Several may be in use: the newest seals, all unseal. Every node of an installation needs the same ones;
//! [`Vault::fingerprint`] lets the database refuse a node that has others.

mod keys;

use std::path::{Path, PathBuf};
use std::sync::RwLock;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::StoreError;
use keys::{KEY_ID_BYTES, Key, KeyId, Keyring};

/// The key file's name in the data directory.
pub const KEY_FILE: &str = "vault.key";

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("vault key file {path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("vault key file {path} can be read by others (mode {mode:03o}): set it to 600 with chmod")]
    Permissions { path: PathBuf, mode: u32 },
    #[error(
        "vault key file {path}, line {line}: expected 32 bytes in base64 or hex. \
         Restore the file from a backup: what it sealed can't be read without it"
    )]
    BadKeyFile { path: PathBuf, line: usize },
    #[error("vault key file {path} holds no key. Restore it from a backup, or remove it if nothing was ever sealed")]
    NoKeyInFile { path: PathBuf },
    #[error(
        "the configured vault key is not 32 bytes in base64 or hex (several, newest first, are separated by commas); \
         `openssl rand -base64 32` makes one"
    )]
    BadConfiguredKey,
    #[error("the vault key comes from the configuration: put a new one in front of it there, separated by a comma")]
    RotateInConfiguration,
    #[error("the secret was sealed with the key {key_id}, which this vault does not have")]
    UnknownKey { key_id: String },
    #[error("the secret is damaged, or belongs to another row")]
    Damaged,
    #[error("the secret is not text")]
    NotText,
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        Self::Vault(error.to_string())
    }
}

/// Seals and unseals. Share it in an `Arc`.
pub struct Vault {
    keyring: RwLock<Keyring>,
    /// `None` where the keys come from the configuration.
    key_file: Option<PathBuf>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Vault").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

impl Vault {
    /// Opens the vault with `configured_key` if there is one, else with the key file in `data_dir`, which is made
    /// (mode 0600, its directory too) on first start. With a configured key, the keys of a key file that is still
    /// there unseal as well, so that an installation can move from one to the other.
    ///
    /// # Errors
    /// A key that can't be read or is not a key, or a key file others can read.
    pub fn open(data_dir: &Path, configured_key: Option<SecretString>) -> Result<Self, VaultError> {
        let path = data_dir.join(KEY_FILE);
        let from_file = keys::read_file(&path)?;
        if let Some(configured) = configured_key {
            let mut keyring = Keyring::parse_configured(configured.expose_secret())?;
            for key in from_file.into_iter().flatten() {
                keyring.add_oldest(key);
            }
            return Ok(Self { keyring: RwLock::new(keyring), key_file: None });
        }
        let keys = match from_file {
            Some(keys) => keys,
            None => keys::create_file(&path)?,
        };
        let keyring = Keyring::from_file(keys).ok_or_else(|| VaultError::NoKeyInFile { path: path.clone() })?;
        Ok(Self { keyring: RwLock::new(keyring), key_file: Some(path) })
    }

    /// Seals `plaintext` with the newest key. `aad` names where it is kept (`channels/smtp_password/ch_…`) and must be
    /// given again to unseal it.
    pub fn seal(&self, aad: &str, plaintext: &[u8]) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        self.with_keyring(|keyring| {
            let key = keyring.newest();
            let mut sealed = Vec::with_capacity(HEADER_BYTES + plaintext.len() + 16);
            sealed.push(VERSION);
            sealed.extend_from_slice(&key.id().0);
            sealed.extend_from_slice(&nonce);
            let aad = authenticated(key.id(), aad);
            #[expect(clippy::expect_used, reason = "the cipher refuses plaintexts over 256 GiB alone")]
            let ciphertext = cipher(key)
                .encrypt(&XNonce::from(nonce), Payload { msg: plaintext, aad: &aad })
                .expect("a secret is smaller than 256 GiB");
            sealed.extend_from_slice(&ciphertext);
            sealed
        })
    }

    /// Opens what [`Vault::seal`] made under the same `aad`.
    ///
    /// # Errors
    /// The key is not ours, or the bytes are not what was sealed for this place.
    pub fn unseal(&self, aad: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (key_id, nonce, ciphertext) = split(sealed).ok_or(VaultError::Damaged)?;
        self.with_keyring(|keyring| {
            let key = keyring.find(key_id).ok_or_else(|| VaultError::UnknownKey { key_id: key_id.to_string() })?;
            let aad = authenticated(key_id, aad);
            cipher(key).decrypt(&nonce, Payload { msg: ciphertext, aad: &aad }).map_err(|_| VaultError::Damaged)
        })
    }

    /// As [`Vault::unseal`], for secrets that are text.
    ///
    /// # Errors
    /// As [`Vault::unseal`], or the secret is not UTF-8.
    pub fn unseal_text(&self, aad: &str, sealed: &[u8]) -> Result<SecretString, VaultError> {
        String::from_utf8(self.unseal(aad, sealed)?).map(SecretString::from).map_err(|_| VaultError::NotText)
    }

    /// Was this sealed with another key than the newest? Then seal it anew, so that the old key can go one day.
    pub fn needs_reseal(&self, sealed: &[u8]) -> bool {
        let newest = self.with_keyring(|keyring| keyring.newest().id());
        split(sealed).is_none_or(|(key_id, ..)| key_id != newest)
    }

    /// Adds a new key to the key file (durably, before it seals anything) and seals with it from now on.
    /// Older secrets stay readable. Other nodes need the new file before they can read what is sealed from here on.
    ///
    /// # Errors
    /// The keys come from the configuration, or the file can't be written; nothing has changed then.
    pub fn rotate(&self) -> Result<(), VaultError> {
        let path = self.key_file.as_ref().ok_or(VaultError::RotateInConfiguration)?;
        let mut keyring = self.keyring.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = Key::generate();
        keys::replace_file(path, keyring.oldest_first().chain([&key]))?;
        keyring.add_newest(key);
        Ok(())
    }

    /// Keys for `purpose` (signing links, say), one of each key of the vault, the newest first: sign with the first,
    /// accept all. Nobody learns the vault's keys from them.
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.with_keyring(|keyring| {
            let mut derived: Vec<[u8; 32]> = keyring.oldest_first().map(|key| keys::derive(key, purpose)).collect();
            derived.reverse();
            derived
        })
    }

    /// Names the newest key without telling anything about it: 16 hex digits.
    pub fn fingerprint(&self) -> String {
        self.with_keyring(|keyring| keyring.newest().id().to_string())
    }

    /// Does this vault have the key of that [`Vault::fingerprint`]? If not, it is the wrong vault for the database
    /// that remembers it.
    pub fn has_key(&self, fingerprint: &str) -> bool {
        self.with_keyring(|keyring| keyring.oldest_first().any(|key| key.id().to_string() == fingerprint))
    }

    fn with_keyring<T>(&self, read: impl FnOnce(&Keyring) -> T) -> T {
        read(&self.keyring.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

fn authenticated(key_id: KeyId, aad: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + KEY_ID_BYTES + aad.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&key_id.0);
    bytes.extend_from_slice(aad.as_bytes());
    bytes
}

fn split(sealed: &[u8]) -> Option<(KeyId, XNonce, &[u8])> {
    let (version, rest) = sealed.split_first()?;
    let (key_id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
    (*version == VERSION).then(|| (KeyId(*key_id), XNonce::from(*nonce), ciphertext))
}

#[cfg(test)]
mod tests;
