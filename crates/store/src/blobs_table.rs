//! Where raw mails are: compressed, once a workspace, small ones in the row, large ones where `location` says.

use std::io;

use model::WorkspaceId;

use crate::db::Tx;
use crate::error::{Result, StoreError};

/// zstd's fastest level: half of what level 3 costs for a tenth more bytes on mail.
const COMPRESSION_LEVEL: i32 = 1;

/// A raw mail, compressed and named by the SHA-256 of its bytes.
#[derive(Debug, Clone)]
pub struct NewBlob {
    pub hash: [u8; 32],
    pub size: u64,
    /// Compressed bytes, when they are kept in the row.
    pub data: Option<Vec<u8>>,
    /// Where they are otherwise.
    pub location: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredBlob {
    Inline { data: Vec<u8>, size: u64 },
    At { location: String, size: u64 },
}

/// # Errors
/// zstd failed; it does not on sound memory.
pub fn compress(raw: &[u8]) -> Result<Vec<u8>> {
    thread_local! {
        static COMPRESSOR: std::cell::RefCell<Option<zstd::bulk::Compressor<'static>>> = const { std::cell::RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(zstd::bulk::Compressor::new(COMPRESSION_LEVEL).map_err(broken)?),
        };
        compressor.compress(raw).map_err(broken)
    })
}

/// # Errors
/// The bytes are not what `compress` made, or hold more than `size`.
pub fn decompress(data: &[u8], size: u64) -> Result<Vec<u8>> {
    thread_local! {
        static DECOMPRESSOR: std::cell::RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { std::cell::RefCell::new(None) };
    }
    let size = usize::try_from(size).map_err(|_| StoreError::Blob("a raw mail larger than memory".into()))?;
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(zstd::bulk::Decompressor::new().map_err(broken)?),
        };
        decompressor.decompress(data, size).map_err(broken)
    })
}

fn broken(error: io::Error) -> StoreError {
    StoreError::Blob(format!("a raw mail's compression: {error}"))
}

/// Keeps a blob. Answers its id.
///
/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, workspace: &WorkspaceId, blob: &NewBlob) -> Result<i64> {
    if let Some(location) = &blob.location {
        crate::blob_graves::reuse(tx, location)?;
    }
    tx.insert_numbered(
        "INSERT INTO blob (workspace_id, hash, size, data, location) VALUES ($1, $2, $3, $4, $5)",
        "id",
        &[
            workspace.into(),
            blob.hash.as_slice().into(),
            blob.size.into(),
            (&blob.data).into(),
            (&blob.location).into(),
        ],
    )
}

/// Whether the blob holds what has this hash.
///
/// # Errors
/// What the database says.
pub fn is_of(tx: &mut Tx<'_>, id: i64, hash: &[u8; 32]) -> Result<bool> {
    let known = tx.query_one("SELECT hash FROM blob WHERE id = $1", &[id.into()], |row| row.bytes(0))?;
    Ok(known.is_some_and(|known| known == hash))
}

/// Takes a raw mail away; the caller knows that nobody refers to it. Answers where its bytes are and their hash, if they are not in the
/// row.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, id: i64) -> Result<Option<(String, Vec<u8>)>> {
    let sql = "SELECT location, hash FROM blob WHERE id = $1";
    let found = tx.query_one(sql, &[id.into()], |row| Ok((row.text_or_null(0)?, row.bytes(1)?)))?;
    tx.execute("DELETE FROM blob WHERE id = $1", &[id.into()])?;
    Ok(found.and_then(|(location, hash)| Some((location?, hash))))
}

/// # Errors
/// What the database says; the blob is missing.
pub fn get(tx: &mut Tx<'_>, id: i64) -> Result<StoredBlob> {
    let found = tx.query_one("SELECT size, data, location FROM blob WHERE id = $1", &[id.into()], |row| {
        Ok((row.int(0)?, row.bytes_or_null(1)?, row.text_or_null(2)?))
    })?;
    match found {
        Some((size, Some(data), _)) => Ok(StoredBlob::Inline { data, size: size.unsigned_abs() }),
        Some((size, None, Some(location))) => Ok(StoredBlob::At { location, size: size.unsigned_abs() }),
        _ => Err(StoreError::corrupt("blob", format!("raw mail {id} is missing"))),
    }
}
