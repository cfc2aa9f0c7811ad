//! Where a backup is written: a directory, or one tar file. Under a temporary name until it is whole and on the disk, and
//! never over anything that is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::hashing::{self, Hashing};
use super::manifest;

const ARCHIVE: &str = "backup.tar";
/// Endings of what we do not write: people would take a directory of that name for a file.
const OTHER_ARCHIVES: [&str; 8] = [".gz", ".tgz", ".zst", ".xz", ".bz2", ".zip", ".sql", ".dump"];

pub struct Target {
    to: PathBuf,
    partial: Partial,
    /// Absent where the backup is a directory.
    archive: Option<tar::Builder<File>>,
}

/// The directory beside the target that becomes it, or holds what becomes it. Gone when it is dropped.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.0.display(), "an unfinished backup was not removed; delete it");
        }
    }
}

impl Target {
    /// # Errors
    /// Something is there already, the place is in the data directory, or can't be written to.
    pub fn create(to: &Path, data_dir: &Path) -> anyhow::Result<Self> {
        let name = to.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| format!("{} is no name for a backup", to.display()))?;
        if fs::symlink_metadata(to).is_ok() {
            let inside = to.join("postroom-1");
            let hint = if to.is_dir() { format!(", such as {}", inside.display()) } else { String::new() };
            bail!("{} is there already, and a backup never overwrites anything; name a new place{hint}", to.display());
        }
        if let Some(ending) = OTHER_ARCHIVES.iter().find(|ending| name.ends_with(**ending)) {
            bail!("a backup is a directory or a .tar file, not {ending}; name it so, and convert it afterwards");
        }
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = parent
            .canonicalize()
            .with_context(|| format!("the directory {} of the backup is not there; make it first", parent.display()))?;
        if let Ok(data_dir) = data_dir.canonicalize() {
            ensure!(
                !parent.starts_with(&data_dir),
                "{} is in the data directory {}: a backup there is lost with it; name a place on another disk",
                to.display(),
                data_dir.display()
            );
        }
        let partial = parent.join(format!(".{name}.partial-{}", engine::tokens::random(8)));
        make_private_directory(&partial).with_context(|| format!("{} can't be written to", parent.display()))?;
        let partial = Partial(partial);
        let archive = match name.ends_with(".tar") {
            true => Some(tar::Builder::new(create_private(&partial.0.join(ARCHIVE))?)),
            false => None,
        };
        Ok(Self { to: parent.join(name), partial, archive })
    }

    /// Where a file of that name may be made, to be added.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.partial.0.join(name)
    }

    /// Puts `bytes` bytes of a file into the backup: what is appended to it meanwhile is not in it.
    ///
    /// # Errors
    /// The file is not there, shorter than that, or the disk is full.
    pub fn add(&mut self, name: &str, source: &Path, bytes: u64) -> anyhow::Result<manifest::File> {
        let unreadable = || format!("{} can't be copied", source.display());
        let file = File::open(source).with_context(unreadable)?;
        let mut content = Hashing::new(file.take(bytes));
        let is_scratch = source.starts_with(&self.partial.0);
        match &mut self.archive {
            Some(archive) => {
                let header = &mut header(name, bytes)?;
                archive.append(header, &mut content).with_context(unreadable)?;
                if is_scratch {
                    fs::remove_file(source).with_context(unreadable)?;
                }
            }
            None if is_scratch => {
                set_private(source)?;
                hashing::copy(&mut content, &mut io::sink()).with_context(unreadable)?;
                File::open(source).and_then(|file| file.sync_all()).with_context(unreadable)?;
            }
            None => write(&mut content, &self.partial.0.join(name)).with_context(unreadable)?,
        }
        let (copied, sha256) = content.finish();
        ensure!(copied == bytes, "{} became shorter while it was copied; run the backup again", source.display());
        Ok(manifest::File { path: name.to_owned(), bytes, sha256 })
    }

    /// Writes the manifest and gives the backup its name, all of it durable. Answers where it is.
    ///
    /// # Errors
    /// Somebody took the name meanwhile, or the disk is full.
    pub fn publish(self, manifest: &[u8]) -> anyhow::Result<PathBuf> {
        let Self { to, partial, archive } = self;
        let parent = to.parent().unwrap_or(Path::new("/"));
        match archive {
            Some(mut archive) => {
                archive.append(&header(manifest::NAME, manifest.len() as u64)?, manifest)?;
                archive.into_inner()?.sync_all()?;
                let made = partial.0.join(ARCHIVE);
                publish_file(&made, &to).with_context(|| format!("{} can't be made", to.display()))?;
            }
            None => {
                write(&mut &*manifest, &partial.0.join(manifest::NAME))?;
                let packs = partial.0.join(store::blobs::PACK_DIRECTORY);
                if packs.is_dir() {
                    sync_directory(&packs)?;
                }
                sync_directory(&partial.0)?;
                ensure!(fs::symlink_metadata(&to).is_err(), "{} was made by somebody else meanwhile", to.display());
                fs::rename(&partial.0, &to).with_context(|| format!("{} can't be made", to.display()))?;
            }
        }
        sync_directory(parent)?;
        Ok(to)
    }
}

fn header(name: &str, bytes: u64) -> anyhow::Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(model::Timestamp::now().as_millis().unsigned_abs() / 1_000);
    header.set_cksum();
    Ok(header)
}

/// A hard link, unlike a rename, never replaces a file that is there; some file systems have none.
fn publish_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && fs::symlink_metadata(to).is_err() => {
            fs::rename(from, to)
        }
        outcome => outcome,
    }
}

/// Writes a new file that nobody else may read, durably.
pub fn write(content: &mut impl io::Read, to: &Path) -> io::Result<()> {
    if let Some(directory) = to.parent().filter(|directory| !directory.is_dir()) {
        make_private_directory(directory)?;
    }
    let mut file = create_private(to)?;
    hashing::copy(content, &mut file)?;
    file.sync_all()
}

fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn set_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// A new directory that nobody else may look into.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
