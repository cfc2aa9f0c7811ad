//! Blobs in pack files: `<number>.pack`, appended to by one thread, sealed when full, never changed afterwards.
//! Owns reading, and finding the end after a crash; `writer` owns the appending.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use rand::Rng as _;
use tokio::sync::{mpsc, oneshot};

use super::record::{self, FILE_HEADER_BYTES, FILE_MAGIC, MARKER_BYTES, Marker};
use super::writer::{self, Job, Writer};
use super::{BlobError, BlobLocation, PutBlob};

/// A pack is sealed once it would grow beyond this, bytes.
pub(super) const PACK_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Batches that wait for the writer; more wait outside.
const QUEUE_BATCHES: usize = 256;
/// Held locked by whoever writes.
const LOCK_FILE: &str = "lock";

/// Reads and writes pack files. One process a directory. Cheap to clone; the last clone waits for the writer to end.
#[derive(Debug, Clone)]
pub struct PackStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    reader: PackReader,
    /// `None` while being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl PackStore {
    /// Opens the directory, or makes it; drops the torn tail of the last pack, if a crash left one.
    ///
    /// # Errors
    /// Another process writes there, or the file system says no.
    pub fn open(directory: &Path) -> Result<Self, BlobError> {
        Self::open_with(directory, PACK_BYTES_MAX)
    }

    pub(super) fn open_with(directory: &Path, pack_bytes_max: u64) -> Result<Self, BlobError> {
        make_directory(directory)?;
        let lock = lock(directory)?;
        let reader = PackReader::new(directory.to_owned());
        let pack = match last_number(directory)? {
            None => OpenPack::create(directory, 1)?,
            Some(number) => match OpenPack::recover(directory, number)? {
                Some(pack) => pack,
                None => OpenPack::create(directory, number.saturating_add(1))?,
            },
        };
        let (jobs, waiting) = mpsc::channel(QUEUE_BATCHES);
        let writer = Writer::new(directory.to_owned(), pack, pack_bytes_max, lock);
        let thread = std::thread::Builder::new()
            .name("pack-writer".to_owned())
            .spawn(move || writer::run(writer, waiting))
            .map_err(|error| BlobError::io(directory, &error))?;
        Ok(Self(Arc::new(Shared { reader, jobs: Some(jobs), thread: Some(thread) })))
    }

    /// Keeps the blobs: durable when it returns. Batches of many callers share an fdatasync.
    ///
    /// # Errors
    /// The file system says no. None of the batch counts then.
    pub async fn put_batch(&self, blobs: Vec<PutBlob>) -> Result<Vec<BlobLocation>, BlobError> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        // Here, so that it is not the failure of those who share a sync with it.
        blobs.iter().try_for_each(PutBlob::check)?;
        let (reply, answer) = oneshot::channel();
        let jobs = self.0.jobs.as_ref().ok_or(BlobError::Stopped)?;
        jobs.send(Job { blobs, reply }).await.map_err(|_| BlobError::Stopped)?;
        answer.await.map_err(|_| BlobError::Stopped)?
    }

    /// # Errors
    /// As [`PackReader::get`].
    pub async fn get(&self, location: &BlobLocation) -> Result<Bytes, BlobError> {
        self.0.reader.get(location).await
    }

    /// # Errors
    /// As [`PackReader::destroy`].
    pub(super) async fn destroy(&self, location: &BlobLocation, workspace: &str, hash: &[u8]) -> Result<(), BlobError> {
        self.0.reader.destroy(location, workspace, hash).await
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The writer finishes what waits, then ends and lets go of the lock.
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the pack writer panicked");
        }
    }
}

/// Reads pack files, whoever writes them.
#[derive(Debug, Clone)]
pub struct PackReader {
    directory: PathBuf,
}

impl PackReader {
    pub const fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The bytes as they were put, checked against their checksum.
    ///
    /// # Errors
    /// There is no such blob, it is damaged, or the file system says no.
    pub async fn get(&self, location: &BlobLocation) -> Result<Bytes, BlobError> {
        let place = parse(location).ok_or_else(|| match location.as_str().split_once(':') {
            Some(("object", _)) => BlobError::NoObjectStore { location: location.clone() },
            _ => BlobError::BadLocation { location: location.clone() },
        })?;
        let (path, location) = (pack_path(&self.directory, place.number), location.clone());
        tokio::task::spawn_blocking(move || read(&path, &place, &location))
            .await
            .unwrap_or_else(|_| Err(BlobError::Stopped))
    }
}

impl PackReader {
    /// Writes zeros over a record's payload and its hash. What is left is a whole record that says nothing, so that the file stays sound.
    /// Other records are not touched, and whoever appends writes elsewhere.
    ///
    /// # Errors
    /// The file is not there or is damaged at that place, or the file system says no.
    pub(super) async fn destroy(&self, location: &BlobLocation, workspace: &str, hash: &[u8]) -> Result<(), BlobError> {
        let place = parse(location).ok_or_else(|| BlobError::BadLocation { location: location.clone() })?;
        let (path, location) = (pack_path(&self.directory, place.number), location.clone());
        let (workspace, hash) = (workspace.to_owned(), hash.to_owned());
        tokio::task::spawn_blocking(move || write_over(&path, &place, &location, &workspace, &hash))
            .await
            .unwrap_or(Err(BlobError::Stopped))
    }
}

/// The payload first and synced, then the head: a cut in between leaves a record that is known by its hash, and is written over again.
fn write_over(
    path: &Path,
    place: &Place,
    location: &BlobLocation,
    workspace: &str,
    hash: &[u8],
) -> Result<(), BlobError> {
    let damaged = || BlobError::Damaged { location: location.clone() };
    let io_error = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => BlobError::Missing { location: location.clone() },
        _ => BlobError::io(path, &error),
    };
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(io_error)?;
    let mut header = Vec::with_capacity(FILE_HEADER_BYTES);
    (&file).take(FILE_HEADER_BYTES as u64).read_to_end(&mut header).map_err(io_error)?;
    let marker = record::read_file_header(&header).ok_or_else(damaged)?;
    file.seek(SeekFrom::Start(place.offset)).map_err(io_error)?;
    let mut there = Vec::with_capacity(place.length);
    (&file).take(place.length as u64).read_to_end(&mut there).map_err(io_error)?;
    let head_length = record::RECORD_HEADER_BYTES + workspace.len();
    let Some(payload) = place.length.checked_sub(head_length) else { return Err(damaged()) };
    if !record::is_of(&there, &marker, hash) {
        // It was cut off and dropped at a start, or is written over already; or another record came to its place.
        let is_empty = there.get(head_length..).is_none_or(|payload| payload.iter().all(|byte| *byte == 0));
        return if is_empty || record::payload_range(&there).is_some() { Ok(()) } else { Err(damaged()) };
    }
    let zeros = vec![0; payload];
    let head = record::encode_head(&marker, workspace, &[0; 32], &zeros).ok_or_else(damaged)?;
    let behind_head = place.offset.saturating_add(head_length as u64);
    file.seek(SeekFrom::Start(behind_head)).map_err(io_error)?;
    file.write_all(&zeros).and_then(|()| file.sync_data()).map_err(io_error)?;
    file.seek(SeekFrom::Start(place.offset)).map_err(io_error)?;
    file.write_all(&head).and_then(|()| file.sync_data()).map_err(io_error)
}

fn read(path: &Path, place: &Place, location: &BlobLocation) -> Result<Bytes, BlobError> {
    let io_error = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => BlobError::Missing { location: location.clone() },
        _ => BlobError::io(path, &error),
    };
    let mut file = File::open(path).map_err(io_error)?;
    file.seek(SeekFrom::Start(place.offset)).map_err(io_error)?;
    let mut bytes = Vec::with_capacity(place.length);
    file.take(place.length as u64).read_to_end(&mut bytes).map_err(io_error)?;
    let range = record::payload_range(&bytes).ok_or_else(|| BlobError::Damaged { location: location.clone() })?;
    Ok(Bytes::from(bytes).slice(range))
}

struct Place {
    number: u64,
    offset: u64,
    /// Of the whole record.
    length: usize,
}

pub(super) fn location(number: u64, offset: u64, length: usize) -> BlobLocation {
    BlobLocation(format!("pack:{number}:{offset}:{length}"))
}

fn parse(location: &BlobLocation) -> Option<Place> {
    let mut parts = location.as_str().strip_prefix("pack:")?.split(':');
    let (number, offset) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let length = parts.next()?.parse().ok()?;
    let fits = parts.next().is_none() && length <= record::RECORD_BYTES_MAX;
    fits.then_some(Place { number, offset, length })
}

/// The pack that is being appended to.
pub(super) struct OpenPack {
    pub number: u64,
    pub path: PathBuf,
    pub file: File,
    pub length: u64,
    pub marker: Marker,
}

impl OpenPack {
    /// A new pack, durable in its directory.
    pub(super) fn create(directory: &Path, number: u64) -> Result<Self, BlobError> {
        let path = pack_path(directory, number);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|error| BlobError::io(&path, &error))?;
        let pack = Self::begin(number, path, file)?;
        sync_directory(directory)?;
        Ok(pack)
    }

    /// Writes the header of an empty file.
    fn begin(number: u64, path: PathBuf, mut file: File) -> Result<Self, BlobError> {
        let mut marker = [0; MARKER_BYTES];
        rand::rng().fill_bytes(&mut marker);
        let header = [FILE_MAGIC.as_slice(), &marker].concat();
        file.write_all(&header).and_then(|()| file.sync_all()).map_err(|error| BlobError::io(&path, &error))?;
        Ok(Self { number, path, file, length: FILE_HEADER_BYTES as u64, marker })
    }

    /// The pack as it was left, without its torn tail. `None`: it is damaged at its very beginning, and better left alone.
    fn recover(directory: &Path, number: u64) -> Result<Option<Self>, BlobError> {
        let path = pack_path(directory, number);
        let io_error = |error: std::io::Error| BlobError::io(&path, &error);
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(io_error)?;
        let length = file.metadata().map_err(io_error)?.len();
        let mut header = Vec::with_capacity(FILE_HEADER_BYTES);
        (&file).take(FILE_HEADER_BYTES as u64).read_to_end(&mut header).map_err(io_error)?;
        let Some(marker) = record::read_file_header(&header) else {
            if length > FILE_HEADER_BYTES as u64 {
                tracing::error!(pack = %path.display(), "this pack file's header is damaged; going on in a new one");
                return Ok(None);
            }
            // Torn while it was made: no record can have been told of.
            file.set_len(0).and_then(|()| file.rewind()).map_err(io_error)?;
            return Self::begin(number, path.clone(), file).map(Some);
        };
        let scan = record::scan(&mut file, &marker).map_err(io_error)?;
        for stretch in &scan.damaged {
            tracing::error!(
                pack = %path.display(), from = stretch.start, to = stretch.end,
                "a stretch of this pack file is damaged; mails in it can't be read"
            );
        }
        if scan.end < length {
            let bytes = length - scan.end;
            tracing::warn!(pack = %path.display(), bytes, "dropped the torn end of a pack file, left by a crash");
            file.set_len(scan.end).and_then(|()| file.sync_all()).map_err(io_error)?;
        }
        file.seek(SeekFrom::Start(scan.end)).map_err(io_error)?;
        Ok(Some(Self { number, path, file, length: scan.end, marker }))
    }
}

fn pack_path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:08}.pack"))
}

fn last_number(directory: &Path) -> Result<Option<u64>, BlobError> {
    let io_error = |error: std::io::Error| BlobError::io(directory, &error);
    let mut last = None;
    for entry in fs::read_dir(directory).map_err(io_error)? {
        let name = entry.map_err(io_error)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".pack")?.parse().ok());
        last = last.max(number);
    }
    Ok(last)
}

fn make_directory(directory: &Path) -> Result<(), BlobError> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory).map_err(|error| BlobError::io(directory, &error))?;
    directory.parent().map_or(Ok(()), sync_directory)
}

fn sync_directory(directory: &Path) -> Result<(), BlobError> {
    // An empty path is the current directory.
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory).and_then(|file| file.sync_all()).map_err(|error| BlobError::io(directory, &error))
}

fn lock(directory: &Path) -> Result<File, BlobError> {
    let path = directory.join(LOCK_FILE);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|error| BlobError::io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BlobError::Locked { path: directory.display().to_string() }),
        Err(TryLockError::Error(error)) => Err(BlobError::io(&path, &error)),
    }
}
