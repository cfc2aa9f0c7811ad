//! Raw mails in and out of the store: compressed, small ones in the database, large ones in the blob store where there is one to write to.

use bytes::Bytes;
use model::WorkspaceId;
use model::limits::INLINE_BLOB_BYTES_MAX;
use sha2::{Digest, Sha256};
use store::blobs_table::{self, NewBlob, StoredBlob};
use store::{
    Result, StoreError,
    blobs::{BlobLocation, PutBlob},
};

use crate::Engine;

/// Larger mails are compressed off the reactor, bytes.
const COMPRESS_APART_BYTES: usize = 128 * 1024;

/// Makes a raw mail durable but for the row that names it, once for each workspace. A large one is in the blob store,
/// synced, when this returns.
pub(crate) async fn keep(
    engine: &Engine,
    workspaces: &[&WorkspaceId],
    raw: &Bytes,
) -> Result<Vec<(WorkspaceId, NewBlob)>> {
    let size = raw.len() as u64;
    let (hash, data) = if raw.len() > COMPRESS_APART_BYTES {
        let raw = raw.clone();
        tokio::task::spawn_blocking(move || hash_and_compress(&raw)).await.map_err(|_| StoreError::Panicked)??
    } else {
        hash_and_compress(raw)?
    };
    let mut distinct: Vec<WorkspaceId> = workspaces.iter().map(|workspace| (*workspace).clone()).collect();
    distinct.sort();
    distinct.dedup();
    // Beside a server, which alone writes its packs, a large mail goes into the database all the same.
    if raw.len() <= INLINE_BLOB_BYTES_MAX || !engine.blobs.takes_blobs() {
        return Ok(distinct
            .into_iter()
            .map(|workspace| (workspace, NewBlob { hash, size, data: Some(data.clone()), location: None }))
            .collect());
    }
    let data = Bytes::from(data);
    let batch = distinct
        .iter()
        .map(|workspace| PutBlob { workspace: workspace.to_string(), hash, compressed: data.clone() })
        .collect();
    let locations = engine.blobs.put_batch(batch).await?;
    let blob = |location: BlobLocation| NewBlob { hash, size, data: None, location: Some(location.to_string()) };
    Ok(distinct.into_iter().zip(locations.into_iter().map(blob)).collect())
}

/// A small raw mail as it is kept in its row. For a thread that may be kept busy.
pub(crate) fn inline(raw: &[u8]) -> Result<NewBlob> {
    let (hash, data) = hash_and_compress(raw)?;
    Ok(NewBlob { hash, size: raw.len() as u64, data: Some(data), location: None })
}

fn hash_and_compress(raw: &[u8]) -> Result<([u8; 32], Vec<u8>)> {
    Ok((Sha256::digest(raw).into(), blobs_table::compress(raw)?))
}

/// The raw mail a row names.
///
/// # Errors
/// The row or the blob is missing or damaged.
pub async fn read(engine: &Engine, blob_id: i64) -> Result<Bytes> {
    let stored = engine.db.read(move |tx| blobs_table::get(tx, blob_id)).await?;
    decode(engine, stored).await
}

/// The bytes of a blob whose row was already read.
///
/// # Errors
/// As [`read`].
pub async fn decode(engine: &Engine, stored: StoredBlob) -> Result<Bytes> {
    let (data, size) = match stored {
        StoredBlob::Inline { data, size } => (Bytes::from(data), size),
        StoredBlob::At { location, size } => (engine.blobs.get(&BlobLocation::from_stored(location)).await?, size),
    };
    if data.len() > COMPRESS_APART_BYTES {
        let raw = tokio::task::spawn_blocking(move || blobs_table::decompress(&data, size))
            .await
            .map_err(|_| StoreError::Panicked)??;
        return Ok(raw.into());
    }
    Ok(blobs_table::decompress(&data, size)?.into())
}
