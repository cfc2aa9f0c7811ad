//! Large raw mails: in pack files on disk, or in an object store. Owns where the bytes are and that they are durable before
//! anybody is told; the database remembers the [`BlobLocation`]. Never compresses, and never knows which mail is which.
//!
//! Put first, commit to the database second: a crash in between leaves bytes nobody points to, never a pointer to nothing.

mod object;
mod pack;
pub mod record;
mod writer;

use std::fmt;
use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::StoreError;
pub use object::ObjectBlobs;
pub use pack::{PackReader, PackStore};

/// The directory of pack files in the data directory.
pub const PACK_DIRECTORY: &str = "packs";

/// Where a blob is: `pack:<number>:<offset>:<length>` or `object:<key>`. Opaque to all but this module.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobLocation(String);

impl BlobLocation {
    /// As it was stored; whether it is one shows when it is read.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for BlobLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A blob to keep.
#[derive(Debug, Clone)]
pub struct PutBlob {
    /// Whose it is. Blobs are kept a workspace, so that deleting one's never touches another's.
    pub workspace: String,
    /// SHA-256 of the uncompressed bytes.
    pub hash: [u8; 32],
    /// At most [`record::PAYLOAD_BYTES_MAX`].
    pub compressed: Bytes,
}

impl PutBlob {
    fn check(&self) -> Result<(), BlobError> {
        if self.compressed.len() > record::PAYLOAD_BYTES_MAX {
            return Err(BlobError::TooLarge { bytes: self.compressed.len() });
        }
        if self.workspace.is_empty() || self.workspace.len() > record::WORKSPACE_BYTES_MAX {
            return Err(BlobError::BadWorkspace { bytes: self.workspace.len() });
        }
        Ok(())
    }
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum BlobError {
    #[error("the pack files were opened for reading alone")]
    ReadOnly,
    #[error("{path}: {detail}")]
    Io { path: String, kind: io::ErrorKind, detail: String },
    #[error("{path} is in use by another process: only one may write pack files")]
    Locked { path: String },
    #[error("a blob of {bytes} bytes is larger than the {} bytes one may have", record::PAYLOAD_BYTES_MAX)]
    TooLarge { bytes: usize },
    #[error("a workspace id of {bytes} bytes can't be written")]
    BadWorkspace { bytes: usize },
    /// The bytes at that place are not what was written there.
    #[error("the blob at {location} is damaged")]
    Damaged { location: BlobLocation },
    #[error("the blob at {location} is missing")]
    Missing { location: BlobLocation },
    #[error("{location} is not a place a blob can be at")]
    BadLocation { location: BlobLocation },
    #[error("the blob at {location} is in an object store, and none is configured (POSTROOM_BLOB_URL)")]
    NoObjectStore { location: BlobLocation },
    #[error("the blob URL: {0}")]
    BadUrl(String),
    #[error("the object store: {0}")]
    Object(String),
    #[error("the pack writer has stopped")]
    Stopped,
}

impl BlobError {
    fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.display().to_string(), kind: error.kind(), detail: error.to_string() }
    }
}

impl From<BlobError> for StoreError {
    fn from(error: BlobError) -> Self {
        Self::Blob(error.to_string())
    }
}

/// Where this installation keeps large raw mails. Cheap to clone.
#[derive(Debug, Clone)]
pub enum BlobStore {
    Disk(PackStore),
    Object(ObjectBlobs),
    /// For commands beside a running server, which alone writes its packs.
    ReadOnly(PackReader),
}

impl BlobStore {
    /// `url` is that of an object store (`s3://bucket/prefix?region=…&endpoint=…`, see [`ObjectBlobs::open`]); without one,
    /// blobs go to pack files in `data_dir`. What is in pack files there stays readable beside an object store.
    ///
    /// # Errors
    /// A URL that is none, pack files that can't be opened, or that another process writes.
    pub fn open(url: Option<&str>, data_dir: &Path) -> Result<Self, BlobError> {
        let packs = data_dir.join(PACK_DIRECTORY);
        match url {
            Some(url) => ObjectBlobs::open(url, PackReader::new(packs)).map(Self::Object),
            None => PackStore::open(&packs).map(Self::Disk),
        }
    }

    /// As [`BlobStore::open`], without taking the pack files from the process that writes them.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn open_read_only(url: Option<&str>, data_dir: &Path) -> Result<Self, BlobError> {
        let packs = PackReader::new(data_dir.join(PACK_DIRECTORY));
        match url {
            Some(url) => ObjectBlobs::open(url, packs).map(Self::Object),
            None => Ok(Self::ReadOnly(packs)),
        }
    }

    /// Whether blobs can be kept: an object store is asked, pack files were opened.
    ///
    /// # Errors
    /// What the object store says.
    pub async fn check(&self) -> Result<(), BlobError> {
        match self {
            Self::Object(objects) => objects.check().await,
            Self::Disk(_) | Self::ReadOnly(_) => Ok(()),
        }
    }

    /// Keeps the blobs durably and says where, in their order. All or nothing is told; on an error none counts.
    ///
    /// # Errors
    /// The disk or the object store says no, or a blob is too large.
    pub async fn put_batch(&self, blobs: Vec<PutBlob>) -> Result<Vec<BlobLocation>, BlobError> {
        match self {
            Self::Disk(packs) => packs.put_batch(blobs).await,
            Self::Object(objects) => objects.put_batch(blobs).await,
            Self::ReadOnly(_) => Err(BlobError::ReadOnly),
        }
    }

    /// Destroys the bytes of a blob that nobody refers to any more: a place in a pack file is written over with zeros and synced, an
    /// object is deleted. Once more does no harm. `hash` is that of the blob as it was put: what else came to its place stays.
    ///
    /// # Errors
    /// The disk or the object store says no, or the pack file is on another machine; nobody may write here.
    pub async fn destroy(&self, location: &BlobLocation, workspace: &str, hash: &[u8]) -> Result<(), BlobError> {
        match self {
            Self::Disk(packs) => packs.destroy(location, workspace, hash).await,
            Self::Object(objects) => objects.destroy(location, workspace, hash).await,
            Self::ReadOnly(_) => Err(BlobError::ReadOnly),
        }
    }

    /// Can blobs be put here at all?
    pub fn takes_blobs(&self) -> bool {
        !matches!(self, Self::ReadOnly(_))
    }

    /// The compressed bytes as they were put.
    ///
    /// # Errors
    /// The blob is missing or damaged, or the disk or the object store says no.
    pub async fn get(&self, location: &BlobLocation) -> Result<Bytes, BlobError> {
        match self {
            Self::Disk(packs) => packs.get(location).await,
            Self::Object(objects) => objects.get(location).await,
            Self::ReadOnly(packs) => packs.get(location).await,
        }
    }
}

#[cfg(test)]
mod tests;
