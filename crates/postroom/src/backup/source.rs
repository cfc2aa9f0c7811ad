//! Where a backup is read from: a directory, or one tar file. Owns checking it against its manifest; never writes
//! anything but where it is told to.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::hashing::{self, Hashing};
use super::manifest::{self, Manifest};
use super::target;

pub enum Source {
    Directory(PathBuf),
    Archive { path: PathBuf, file: File },
}

impl Source {
    /// # Errors
    /// There is no backup.
    pub fn open(from: &Path) -> anyhow::Result<Self> {
        if from.is_dir() {
            return Ok(Self::Directory(from.to_owned()));
        }
        let file = File::open(from).with_context(|| format!("there is no backup {}", from.display()))?;
        Ok(Self::Archive { path: from.to_owned(), file })
    }

    /// Reads all of the backup and compares it with its manifest.
    ///
    /// # Errors
    /// The first file that is missing, or is not what was written, by its name.
    pub fn verify(&mut self) -> anyhow::Result<Manifest> {
        let (manifest, found) = match self {
            Self::Directory(directory) => verify_directory(directory)?,
            Self::Archive { path, file } => read_archive(path, file)?,
        };
        for file in &manifest.files {
            let (bytes, sha256) =
                found.get(&file.path).with_context(|| format!("the backup is damaged: {} is missing", file.path))?;
            check(file, *bytes, sha256)?;
        }
        Ok(manifest)
    }

    /// Writes the backup's files into `directory`, each under its name, and compares them again as they pass.
    ///
    /// # Errors
    /// A file is not what it was a moment ago, or can't be written.
    pub fn extract(&mut self, manifest: &Manifest, directory: &Path) -> anyhow::Result<()> {
        let write = |file: &manifest::File, content: &mut dyn Read| -> anyhow::Result<()> {
            let to = directory.join(&file.path);
            let mut content = Hashing::new(content);
            target::write(&mut content, &to).with_context(|| format!("{} can't be written", to.display()))?;
            let (bytes, sha256) = content.finish();
            check(file, bytes, &sha256)
        };
        match self {
            Self::Directory(from) => {
                for file in &manifest.files {
                    let path = from.join(&file.path);
                    let mut content = File::open(&path).with_context(|| format!("{} can't be read", path.display()))?;
                    write(file, &mut content)?;
                }
            }
            Self::Archive { path, file } => {
                file.rewind()?;
                let mut archive = tar::Archive::new(file);
                for entry in archive.entries()? {
                    let mut entry = entry.with_context(|| format!("{} can't be read", path.display()))?;
                    let name = entry.path()?.to_string_lossy().into_owned();
                    if let Some(file) = manifest.files.iter().find(|file| file.path == name) {
                        write(file, &mut entry)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn check(file: &manifest::File, bytes: u64, sha256: &str) -> anyhow::Result<()> {
    ensure!(bytes == file.bytes, "the backup is damaged: {} has {bytes} bytes, {} were written", file.path, file.bytes);
    ensure!(
        sha256 == file.sha256,
        "the backup is damaged: {} is not what was written (its SHA-256 is {sha256}, the manifest says {})",
        file.path,
        file.sha256
    );
    Ok(())
}

/// Bytes and SHA-256 of files, by their names.
type Found = HashMap<String, (u64, String)>;

fn verify_directory(directory: &Path) -> anyhow::Result<(Manifest, Found)> {
    let path = directory.join(manifest::NAME);
    let file = File::open(&path)
        .with_context(|| format!("{} is no backup: it has no {}", directory.display(), manifest::NAME))?;
    let mut json = Vec::new();
    file.take(manifest::BYTES_MAX).read_to_end(&mut json)?;
    let manifest = Manifest::parse(&json)?;
    let mut found = Found::new();
    for file in &manifest.files {
        let path = directory.join(&file.path);
        let is_file = fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
        ensure!(is_file, "the backup is damaged: {} is missing", file.path);
        let content = File::open(&path).with_context(|| format!("{} can't be read", path.display()))?;
        found.insert(file.path.clone(), hash(content).with_context(|| format!("{} can't be read", path.display()))?);
    }
    Ok((manifest, found))
}

fn hash(content: impl Read) -> io::Result<(u64, String)> {
    let mut content = Hashing::new(content);
    hashing::copy(&mut content, &mut io::sink())?;
    Ok(content.finish())
}

fn read_archive(path: &Path, file: &mut File) -> anyhow::Result<(Manifest, Found)> {
    let unreadable =
        || format!("{} is no backup of Postroom, or is damaged: it can't be read as a tar file", path.display());
    file.rewind()?;
    let (mut json, mut found) = (None, Found::new());
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries().with_context(unreadable)? {
        let mut entry = entry.with_context(unreadable)?;
        let name = entry.path().with_context(unreadable)?.to_string_lossy().into_owned();
        if name == manifest::NAME {
            let mut read = Vec::new();
            entry.take(manifest::BYTES_MAX).read_to_end(&mut read).with_context(unreadable)?;
            json = Some(read);
        } else if manifest::is_ours(&name) {
            found.insert(name, hash(&mut entry).with_context(unreadable)?);
        } else {
            bail!("{} holds {name:?}, which is no file of a backup", path.display());
        }
    }
    let json = json.with_context(|| {
        format!("{} is no backup of Postroom, or was cut off: it has no {}", path.display(), manifest::NAME)
    })?;
    Ok((Manifest::parse(&json)?, found))
}
