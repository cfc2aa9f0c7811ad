//! A zip archive that is written as it is sent: what was made is taken out, and never sought in again. Owns no content.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::{EngineError, Result};

/// What is written and not taken out yet.
#[derive(Debug, Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Archive {
    made: Made,
    /// `None` once it is finished.
    writer: Option<ZipWriter<StreamWriter<Made>>>,
}

impl Archive {
    pub fn new() -> Self {
        let made = Made::default();
        Self { writer: Some(ZipWriter::new_stream(made.clone())), made }
    }

    /// What is written from now on is of this file.
    pub fn file(&mut self, name: &str) -> Result<()> {
        // Archives of more than 4 GB, or of files of more, are possible.
        let options = SimpleFileOptions::default().large_file(true);
        self.writer()?.start_file(name, options).map_err(broken)
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer()?.write_all(bytes).map_err(|error| broken(error.into()))
    }

    /// The directory, which ends it.
    pub fn finish(&mut self) -> Result<()> {
        let writer = self.writer.take().ok_or_else(finished)?;
        writer.finish().map(drop).map_err(broken)
    }

    /// What was made since the last time.
    pub fn take(&mut self) -> Bytes {
        std::mem::take(&mut *self.made.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }

    fn writer(&mut self) -> Result<&mut ZipWriter<StreamWriter<Made>>> {
        self.writer.as_mut().ok_or_else(finished)
    }
}

fn finished() -> EngineError {
    EngineError::Internal("the archive is finished".into())
}

fn broken(error: ZipError) -> EngineError {
    EngineError::Internal(format!("an archive could not be written: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_taken_out_part_by_part_is_one_archive() {
        let mut archive = Archive::new();
        let mut whole = Vec::new();
        for (name, text) in [("a.txt", "first"), ("b/c.txt", ""), ("d.eml", "x\r\n\0y")] {
            archive.file(name).unwrap();
            archive.write(text.as_bytes()).unwrap();
            whole.extend_from_slice(&archive.take());
        }
        archive.finish().unwrap();
        whole.extend_from_slice(&archive.take());
        assert!(archive.file("late").is_err());
        let mut read = zip::ZipArchive::new(io::Cursor::new(whole)).unwrap();
        assert_eq!(read.len(), 3);
        let mut text = String::new();
        read.by_name("d.eml").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "x\r\n\0y");
    }
}
