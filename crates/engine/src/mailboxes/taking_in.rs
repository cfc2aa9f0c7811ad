//! Mails on their way from a connection into the store, in three stages that work at the same time: gathered as they come, read and
//! compressed, committed. Owns how many share a commit and how much waits between the stages; never decides what a mail is.

use std::sync::Arc;

use model::limits::MESSAGE_BYTES_MAX;
use store::mailbox_folders::FolderRow;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::arriving::{Keeper, Prepared, Telling};
use super::folder_sync::Worked;
use crate::Result;
use crate::ports::FetchedMail;

/// Mails committed together.
pub(super) const MAILS_AT_ONCE: usize = 100;
/// Bytes of mails committed together, beyond the first.
const BYTES_AT_ONCE: usize = 8 * 1024 * 1024;
const _: () = assert!(BYTES_AT_ONCE as u64 <= MESSAGE_BYTES_MAX, "a mail may be a batch of its own");
/// Mails that a connection is ahead of the first stage.
pub(super) const FETCHED_AHEAD: usize = 32;
/// Batches that wait between two stages. What is in memory at most: one gathered, one read, one committed, and these.
const BATCHES_BETWEEN: usize = 1;

/// Bytes of mails on their way through all stages; a batch that is larger is on its way alone.
const BYTES_UNDER_WAY: usize = 48 * 1024 * 1024;

/// Mails that share a commit, and their part of the bytes that may be under way.
struct Batch<T> {
    mails: Vec<T>,
    place: OwnedSemaphorePermit,
}

/// Commits what is fetched. What is told of is new, so nothing that came waits for what did not; what was listed before is committed
/// in full batches as long as more comes. Answers the UIDs that came, ascending.
pub(super) async fn take_in(
    keeper: &Keeper,
    folder: &Arc<FolderRow>,
    fetched: mpsc::Receiver<FetchedMail>,
    telling: Telling,
) -> Worked<Vec<u32>> {
    let waits = telling == Telling::Nothing;
    let (gathered, to_read) = mpsc::channel(BATCHES_BETWEEN);
    let (read, to_commit) = mpsc::channel(BATCHES_BETWEEN);
    let ((), prepared, kept) = tokio::join!(
        gather(fetched, gathered, waits),
        prepare(keeper, to_read, read),
        commit(keeper, folder, to_commit, telling)
    );
    // What stands in the way of keeping it is the cause where both failed.
    let mut uids = kept?;
    prepared?;
    uids.sort_unstable();
    Ok(uids)
}

/// Batches as large as they may be where the next stage is busy. Ends when nothing more comes, or nobody takes any more.
async fn gather(mut fetched: mpsc::Receiver<FetchedMail>, out: mpsc::Sender<Batch<FetchedMail>>, waits: bool) {
    let under_way = Arc::new(Semaphore::new(BYTES_UNDER_WAY));
    let size = |mail: &FetchedMail| mail.raw.as_ref().map_or(0, bytes::Bytes::len);
    while let Some(first) = fetched.recv().await {
        let mut bytes = size(&first);
        let mut mails = vec![first];
        while mails.len() < MAILS_AT_ONCE && bytes < BYTES_AT_ONCE {
            tokio::select! {
                biased;
                next = fetched.recv() => {
                    let Some(next) = next else { break };
                    bytes += size(&next);
                    mails.push(next);
                }
                _ = out.reserve(), if !waits => break,
            }
        }
        let part = u32::try_from(bytes.min(BYTES_UNDER_WAY)).unwrap_or(u32::MAX);
        let Ok(place) = under_way.clone().acquire_many_owned(part).await else { return };
        if out.send(Batch { mails, place }).await.is_err() {
            return;
        }
    }
}

async fn prepare(
    keeper: &Keeper,
    mut batches: mpsc::Receiver<Batch<FetchedMail>>,
    out: mpsc::Sender<Batch<Prepared>>,
) -> Result<()> {
    while let Some(Batch { mails, place }) = batches.recv().await {
        let mails = keeper.prepare(mails).await?;
        if out.send(Batch { mails, place }).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

async fn commit(
    keeper: &Keeper,
    folder: &Arc<FolderRow>,
    mut batches: mpsc::Receiver<Batch<Prepared>>,
    telling: Telling,
) -> Worked<Vec<u32>> {
    let mut uids = Vec::new();
    while let Some(batch) = batches.recv().await {
        uids.extend(batch.mails.iter().map(Prepared::uid));
        keeper.keep_all(folder, batch.mails, telling).await??;
        drop(batch.place);
    }
    Ok(uids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MailboxRow;

    fn mail(uid: u32, bytes: usize) -> FetchedMail {
        FetchedMail { row: MailboxRow { uid, ..MailboxRow::default() }, raw: Some(vec![b'x'; bytes].into()) }
    }

    async fn batches(sizes: Vec<usize>, waits: bool) -> Vec<usize> {
        let (sender, fetched) = mpsc::channel(FETCHED_AHEAD);
        let (out, mut gathered) = mpsc::channel::<Batch<FetchedMail>>(BATCHES_BETWEEN);
        let send = async move {
            for (uid, bytes) in (1..).zip(sizes) {
                sender.send(mail(uid, bytes)).await.unwrap();
            }
        };
        let count = async {
            let (mut counts, mut next) = (Vec::new(), 1);
            while let Some(batch) = gathered.recv().await {
                let uids: Vec<u32> = batch.mails.iter().map(|mail| mail.row.uid).collect();
                assert_eq!(uids, (next..next + u32::try_from(batch.mails.len()).unwrap()).collect::<Vec<_>>());
                next += u32::try_from(batch.mails.len()).unwrap();
                counts.push(batch.mails.len());
            }
            counts
        };
        let ((), (), counts) = tokio::join!(send, gather(fetched, out, waits), count);
        counts
    }

    #[tokio::test]
    async fn what_was_listed_is_committed_in_full_batches() {
        assert_eq!(batches(vec![10; 250], true).await, [100, 100, 50]);
        // By bytes: what makes it full is part of it.
        assert_eq!(batches(vec![BYTES_AT_ONCE / 2; 5], true).await, [2, 2, 1]);
        assert_eq!(batches(vec![BYTES_AT_ONCE * 2, 1, 1], true).await, [1, 2]);
        assert_eq!(batches(vec![], true).await, Vec::<usize>::new());
    }

    #[tokio::test]
    async fn large_mails_wait_for_each_other() {
        let (sender, fetched) = mpsc::channel(FETCHED_AHEAD);
        let (out, mut gathered) = mpsc::channel(BATCHES_BETWEEN);
        let gathering = tokio::spawn(gather(fetched, out, true));
        for uid in 1..=2 {
            sender.send(mail(uid, BYTES_UNDER_WAY)).await.unwrap();
        }
        let first = gathered.recv().await.unwrap();
        let second = tokio::select! {
            biased;
            second = gathered.recv() => second,
            () = tokio::task::yield_now() => None,
        };
        assert!(second.is_none(), "the first is still under way");
        drop(first);
        assert!(gathered.recv().await.is_some());
        drop(sender);
        gathering.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_new_waits_for_nothing_that_is_not_there() {
        let (sender, fetched) = mpsc::channel(FETCHED_AHEAD);
        let (out, mut gathered) = mpsc::channel::<Batch<FetchedMail>>(BATCHES_BETWEEN);
        let gathering = tokio::spawn(gather(fetched, out, false));
        for uid in 1..=3 {
            sender.send(mail(uid, 1)).await.unwrap();
            // The sender is still there, and could send more.
            assert_eq!(gathered.recv().await.map(|batch| batch.mails.len()), Some(1));
        }
        drop(gathered);
        // Nobody takes any more: whoever sends is told.
        drop(sender.send(mail(4, 1)).await);
        gathering.await.unwrap();
        assert!(sender.is_closed());
        assert_eq!(batches(vec![1; 250], false).await.iter().sum::<usize>(), 250);
    }
}
