//! Keeps the search index up to date from a durable queue, in short background transactions. Mail is searchable a moment
//! after it is listed; after a crash the index catches up. Never runs inside the transaction that accepts a mail.

use bytes::Bytes;
use store::messages::{self, MessageRow};
use store::search::{self, IndexRow};
use store::{Dialect, Priority, StoreError, Topic, blobs_table, search_queue};
use tokio_util::sync::CancellationToken;

use crate::{Engine, Result, raw, search_terms};

/// Mails a transaction at most, and bytes of them together (a larger one goes alone), so that it ends within about 10 ms
/// and holds little memory.
const BATCH: usize = 100;
const BATCH_BYTES: u64 = 512 * 1024;
/// How long it is looked whether others write, and how often at most before a batch is indexed all the same.
const GIVE_WAY: std::time::Duration = std::time::Duration::from_millis(5);
const GIVE_WAY_LOOKS: u32 = 50;
/// Writes within [`GIVE_WAY`] that count as quiet.
const QUIET_WRITES: u64 = 2;

/// Follows the messages until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut news = engine.db.subscribe(Topic::Search);
    loop {
        give_way(&engine).await;
        match index_some(&engine).await {
            Ok(0) => {
                tokio::select! {
                    _ = news.changed() => {}
                    () = shutdown.cancelled() => return,
                }
            }
            Ok(_) if shutdown.is_cancelled() => return,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "the search index could not be brought up to date; trying again");
                tokio::select! {
                    () = tokio::time::sleep(std::time::Duration::from_secs(5)) => {}
                    () = shutdown.cancelled() => return,
                }
            }
        }
    }
}

/// Lets those go first who wait for their mail to be taken in or sent: waits while many writes come, but never long, so that the index
/// goes on under load too.
async fn give_way(engine: &Engine) {
    for _ in 0..GIVE_WAY_LOOKS {
        let before = engine.db.urgent_writes();
        tokio::time::sleep(GIVE_WAY).await;
        if engine.db.urgent_writes() - before <= QUIET_WRITES {
            return;
        }
    }
}

/// How many of the first mails of these sizes are indexed together.
fn fitting(sizes: impl Iterator<Item = u64>) -> usize {
    let mut together = 0_u64;
    let fit = sizes.take_while(|size| {
        together = together.saturating_add(*size);
        together <= BATCH_BYTES
    });
    fit.count().max(1)
}

/// Indexes the next messages. Answers how many.
///
/// # Errors
/// What the store says.
pub async fn index_some(engine: &Engine) -> Result<usize> {
    let (rows, lag) = engine
        .db
        .read(|tx| {
            let mut rows = messages::unindexed(tx, BATCH)?;
            rows.truncate(fitting(rows.iter().map(|row| row.raw_size)));
            let blobs = rows
                .iter()
                .map(|row| {
                    row.blob_id.filter(|_| !row.flags.confidential).map(|id| blobs_table::get(tx, id)).transpose()
                })
                .collect::<store::Result<Vec<_>>>()?;
            Ok((rows.into_iter().zip(blobs).collect::<Vec<_>>(), search_queue::lag(tx)?))
        })
        .await?;
    metrics::gauge!("postroom_search_lag_messages").set(lag as f64);
    if rows.is_empty() {
        return Ok(0);
    }
    let mut mails = Vec::with_capacity(rows.len());
    for (row, blob) in rows {
        let raw = match blob {
            Some(blob) => match raw::decode(engine, blob).await {
                Ok(bytes) => Some(bytes),
                // A raw mail that can't be read must not keep the ones behind it out of the index.
                Err(error) => {
                    tracing::error!(%error, message = %row.id, "a raw mail can't be read; it is found by its head alone");
                    None
                }
            },
            None => None,
        };
        mails.push((row, raw));
    }
    let seqs: Vec<i64> = mails.iter().map(|(row, _)| row.seq).collect();
    let (count, dialect) = (seqs.len(), engine.db.dialect());
    // Reading and cutting takes milliseconds: neither the writer nor those who answer connections wait for it.
    let rows =
        tokio::task::spawn_blocking(move || index_rows(dialect, &mails)).await.map_err(|_| StoreError::Panicked)?;
    engine
        .db
        .write(Priority::Background, move |tx| {
            // One that was erased meanwhile must not come back by this.
            let there = messages::still_there(tx, &seqs)?;
            let rows: Vec<IndexRow> =
                seqs.iter().zip(rows).filter(|(seq, _)| there.contains(*seq)).map(|(_, row)| row).collect();
            search::put(tx, &rows)?;
            search_queue::remove(tx, &seqs)
        })
        .await?;
    Ok(count)
}

fn index_rows(dialect: Dialect, mails: &[(MessageRow, Option<Bytes>)]) -> Vec<IndexRow> {
    let row = |(row, raw): &(MessageRow, Option<Bytes>)| {
        let parsed = raw.as_deref().map(mail::parse);
        IndexRow::of(dialect, &search_terms::document(row, parsed.as_ref()))
    };
    mails.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_mails_are_indexed_few_at_a_time_and_never_none() {
        assert_eq!(fitting([4_096; 100].into_iter()), 100);
        assert_eq!(fitting([100 * 1024; 100].into_iter()), 5);
        assert_eq!(fitting([BATCH_BYTES + 1, 1].into_iter()), 1);
        assert_eq!(fitting([u64::MAX, u64::MAX].into_iter()), 1);
        assert_eq!(fitting(std::iter::empty()), 1);
    }
}
