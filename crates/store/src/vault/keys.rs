//! The vault's keys and the file they are kept in. Owns its form: a key a line, oldest first, `#` begins a comment.
//! Never leaves a file half written, or one that others can read.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretBox, zeroize::Zeroizing};
use sha2::{Digest as _, Sha256};

use super::VaultError;

pub(super) const KEY_ID_BYTES: usize = 8;
const KEY_BYTES: usize = 32;
/// Largest key file read, bytes: more than a thousand keys.
const FILE_BYTES_MAX: u64 = 64 * 1024;
const FILE_HEADER: &str = "# Postroom's vault keys: they seal the credentials in the database. Oldest first.\n\
                           # Keep a copy in a safe place: without them the credentials are lost.\n";

/// The first bytes of a hash of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyId(pub [u8; KEY_ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

pub(super) struct Key {
    id: KeyId,
    bytes: SecretBox<[u8; KEY_BYTES]>,
}

impl Key {
    pub(super) fn generate() -> Self {
        Self::new(SecretBox::init_with_mut(|bytes: &mut [u8; KEY_BYTES]| rand::rng().fill_bytes(bytes)))
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn expose(&self) -> &[u8; KEY_BYTES] {
        self.bytes.expose_secret()
    }

    fn new(bytes: SecretBox<[u8; KEY_BYTES]>) -> Self {
        // The label keeps the id apart from any other hash of the key.
        let hash: [u8; 32] = Sha256::new()
            .chain_update(b"postroom vault key id\0")
            .chain_update(bytes.expose_secret())
            .finalize()
            .into();
        let mut id = [0; KEY_ID_BYTES];
        id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self { id: KeyId(id), bytes }
    }

    /// 32 bytes in base64, or in hex.
    fn parse(text: &str) -> Option<Self> {
        let decoded =
            Zeroizing::new(if text.len() == 2 * KEY_BYTES { parse_hex(text)? } else { STANDARD.decode(text).ok()? });
        let bytes: &[u8; KEY_BYTES] = decoded.as_slice().try_into().ok()?;
        Some(Self::new(SecretBox::init_with_mut(|key: &mut [u8; KEY_BYTES]| key.copy_from_slice(bytes))))
    }
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// At least one key. The newest seals, all unseal.
pub(super) struct Keyring {
    newest: Key,
    /// Oldest first.
    older: Vec<Key>,
}

impl Keyring {
    /// `None` without a key.
    pub(super) fn from_file(mut oldest_first: Vec<Key>) -> Option<Self> {
        let newest = oldest_first.pop()?;
        Some(Self { newest, older: oldest_first })
    }

    /// Newest first, separated by commas or white space.
    pub(super) fn parse_configured(text: &str) -> Result<Self, VaultError> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        let mut keys: Vec<_> = words.map(Key::parse).collect::<Option<_>>().ok_or(VaultError::BadConfiguredKey)?;
        keys.reverse();
        Self::from_file(keys).ok_or(VaultError::BadConfiguredKey)
    }

    pub(super) fn newest(&self) -> &Key {
        &self.newest
    }

    pub(super) fn oldest_first(&self) -> impl Iterator<Item = &Key> {
        self.older.iter().chain([&self.newest])
    }

    pub(super) fn find(&self, id: KeyId) -> Option<&Key> {
        self.oldest_first().find(|key| key.id == id)
    }

    pub(super) fn add_newest(&mut self, key: Key) {
        self.older.push(std::mem::replace(&mut self.newest, key));
    }

    pub(super) fn add_oldest(&mut self, key: Key) {
        if self.find(key.id).is_none() {
            self.older.insert(0, key);
        }
    }
}

/// The keys of the file, oldest first; `None` if there is no file.
pub(super) fn read_file(path: &Path) -> Result<Option<Vec<Key>>, VaultError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| io_error(path, source))?,
    };
    check_permissions(path, &file)?;
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|source| io_error(path, source))?;
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, text)| Key::parse(text).ok_or_else(|| VaultError::BadKeyFile { path: path.to_owned(), line }))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Makes the file with one new key, durably. If another process was faster, its keys are used.
pub(super) fn create_file(path: &Path) -> Result<Vec<Key>, VaultError> {
    let key = Key::generate();
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|source| io_error(directory, source))?;
    }
    let temporary = path.with_extension(format!("key.{}", key.id));
    write_synced(&temporary, [&key]).map_err(|source| io_error(&temporary, source))?;
    // A hard link, unlike a rename, never replaces a file that is there.
    let linked = fs::hard_link(&temporary, path);
    let removed = fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return read_file(path)?.ok_or_else(|| VaultError::NoKeyInFile { path: path.to_owned() });
        }
        other => other.and(removed).and_then(|()| sync_directory(path)).map_err(|source| io_error(path, source))?,
    }
    Ok(vec![key])
}

/// Writes the file anew in one step: whoever reads it sees the old keys or the new ones, also after a crash.
pub(super) fn replace_file<'a>(path: &Path, keys: impl IntoIterator<Item = &'a Key>) -> Result<(), VaultError> {
    let temporary = path.with_extension("key.new");
    // Left behind by a rotation that was cut off.
    let _ = fs::remove_file(&temporary);
    write_synced(&temporary, keys)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_directory(path))
        .map_err(|source| io_error(path, source))
}

fn write_synced<'a>(path: &Path, keys: impl IntoIterator<Item = &'a Key>) -> io::Result<()> {
    let mut text = Zeroizing::new(String::from(FILE_HEADER));
    for key in keys {
        text.push_str(&Zeroizing::new(STANDARD.encode(key.expose())));
        text.push('\n');
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(unix)]
fn check_permissions(path: &Path, file: &File) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_err(|source| io_error(path, source))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(VaultError::Permissions { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_permissions(_: &Path, _: &File) -> Result<(), VaultError> {
    Ok(())
}

fn io_error(path: &Path, source: io::Error) -> VaultError {
    VaultError::Io { path: path.to_owned(), source }
}

/// HMAC-SHA256 of the purpose under the key.
pub(super) fn derive(key: &Key, purpose: &str) -> [u8; 32] {
    use hmac::{KeyInit as _, Mac as _};
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key.expose()).expect("a key of 32 bytes");
    mac.update(b"postroom derived key: ");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}
