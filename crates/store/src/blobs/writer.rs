//! The one thread that appends to pack files: takes whatever batches wait, writes them, syncs once, answers all.
//! Never answers before the bytes are on the disk, and never writes to a file whose sync failed.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

use super::pack::{OpenPack, location};
use super::record::encode_head;
use super::{BlobError, BlobLocation, PutBlob};

/// Bytes that share one sync at most: no caller waits for more than this to be written before theirs is.
const GROUP_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A batch and whoever waits for it.
#[derive(Debug)]
pub(super) struct Job {
    pub blobs: Vec<PutBlob>,
    pub reply: oneshot::Sender<Result<Vec<BlobLocation>, BlobError>>,
}

impl Job {
    fn bytes(&self) -> usize {
        self.blobs.iter().map(|blob| blob.compressed.len()).sum()
    }
}

pub(super) struct Writer {
    directory: PathBuf,
    pack: OpenPack,
    pack_bytes_max: u64,
    /// The file's state after a failed sync is unknown: the next group begins a new one.
    broken: bool,
    /// Locked as long as it is open.
    _lock: File,
}

/// Ends when nobody can send any more and nothing waits.
pub(super) fn run(mut writer: Writer, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut bytes = first.bytes();
        let mut group = vec![first];
        while bytes < GROUP_BYTES_MAX
            && let Ok(job) = waiting.try_recv()
        {
            bytes = bytes.saturating_add(job.bytes());
            group.push(job);
        }
        let result = writer.append(&group, bytes);
        if let Err(error) = &result {
            tracing::error!(%error, "mails could not be written to a pack file");
        }
        let mut places = result.map(Vec::into_iter);
        for job in group {
            let answer = match &mut places {
                Ok(places) => Ok(places.next().unwrap_or_default()),
                Err(error) => Err(error.clone()),
            };
            // Who no longer waits has no use for it: the bytes are nobody's.
            let _ = job.reply.send(answer);
        }
    }
}

impl Writer {
    pub(super) const fn new(directory: PathBuf, pack: OpenPack, pack_bytes_max: u64, lock: File) -> Self {
        Self { directory, pack, pack_bytes_max, broken: false, _lock: lock }
    }

    /// The locations of each job's blobs, all durable; or none.
    fn append(&mut self, group: &[Job], bytes: usize) -> Result<Vec<Vec<BlobLocation>>, BlobError> {
        self.roll_if_needed(bytes as u64)?;
        let start = self.pack.length;
        let result = self.write(group);
        if result.is_err() {
            self.undo(start);
        }
        result
    }

    fn write(&mut self, group: &[Job]) -> Result<Vec<Vec<BlobLocation>>, BlobError> {
        let mut places = Vec::with_capacity(group.len());
        for job in group {
            let blobs = job.blobs.iter().map(|blob| self.write_blob(blob));
            places.push(blobs.collect::<Result<Vec<_>, _>>()?);
        }
        if let Err(error) = self.pack.file.sync_data() {
            self.broken = true;
            return Err(BlobError::io(&self.pack.path, &error));
        }
        Ok(places)
    }

    fn write_blob(&mut self, blob: &PutBlob) -> Result<BlobLocation, BlobError> {
        let pack = &mut self.pack;
        let head = encode_head(&pack.marker, &blob.workspace, &blob.hash, &blob.compressed)
            .ok_or(BlobError::BadWorkspace { bytes: blob.workspace.len() })?;
        let written = pack.file.write_all(&head).and_then(|()| pack.file.write_all(&blob.compressed));
        written.map_err(|error| BlobError::io(&pack.path, &error))?;
        let (offset, length) = (pack.length, head.len().saturating_add(blob.compressed.len()));
        pack.length = offset.saturating_add(length as u64);
        Ok(location(pack.number, offset, length))
    }

    /// Takes back what a failed group wrote, so that a full disk does not keep it; else the file is left alone.
    fn undo(&mut self, length: u64) {
        let file = &mut self.pack.file;
        let undone: io::Result<()> = file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length)).map(|_| ()));
        self.pack.length = length;
        self.broken |= undone.is_err();
    }

    fn roll_if_needed(&mut self, bytes: u64) -> Result<(), BlobError> {
        let is_empty = self.pack.length <= super::record::FILE_HEADER_BYTES as u64;
        let full = !is_empty && self.pack.length.saturating_add(bytes) > self.pack_bytes_max;
        if full || self.broken {
            self.pack = OpenPack::create(&self.directory, self.pack.number.saturating_add(1))?;
            self.broken = false;
        }
        Ok(())
    }
}
