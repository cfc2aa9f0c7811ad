//! Which accounts this process keeps in step: claimed with a lease, each followed by a task of its own, begun anew when it changed.
//! Several processes share the work; one that ends is taken over from within a lease.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{AccountId, Timestamp};
use store::accounts::{self, AccountRow, LEASE};
use store::{Dialect, Priority, Topic};
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::arriving::Keeper;
use super::following;
use crate::{Engine, Result, tokens};

/// How often leases are renewed.
const RENEW: Duration = Duration::from_secs(6);
/// After a claim that failed.
const CLAIM_AGAIN: Duration = Duration::from_secs(1);
/// Accounts claimed in one go.
const CLAIMED_AT_ONCE: usize = 500;
/// Connections opened at a time to one host.
const DIALING_A_HOST: usize = 20;

struct Followed {
    version: i64,
    task: Id,
    cancel: CancellationToken,
}

/// Keeps accounts in step until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let lease: Arc<str> = tokens::random(16).into();
    if engine.db.dialect() == Dialect::Sqlite
        && let Err(error) = engine.db.write(Priority::Delivery, accounts::release_all).await
    {
        tracing::error!(%error, "accounts of an earlier run could not be freed; they are when their leases end");
    }
    if let Err(error) = crate::channels::make_missing_accounts(&engine).await {
        tracing::error!(%error, "channels that name a mailbox could not be given their accounts; saving them again does");
    }
    let mut news = engine.db.subscribe(Topic::Accounts);
    let mut tasks: JoinSet<AccountId> = JoinSet::new();
    let mut followed: HashMap<AccountId, Followed> = HashMap::new();
    let mut hosts: HashMap<String, Arc<Semaphore>> = HashMap::new();
    let mut renew_at = Instant::now();
    while !shutdown.is_cancelled() {
        let renewing = Instant::now() >= renew_at;
        match claim(&engine, &lease, &followed, renewing).await {
            Ok((gone, claimed)) => {
                if renewing {
                    renew_at = Instant::now() + RENEW;
                }
                for id in gone {
                    if let Some(it) = followed.get(&id) {
                        it.cancel.cancel();
                    }
                }
                for account in claimed {
                    let host = account.settings.imap.as_ref().map(|imap| imap.host.clone()).unwrap_or_default();
                    let dialing = hosts.entry(host).or_insert_with(|| Arc::new(Semaphore::new(DIALING_A_HOST))).clone();
                    let (id, version, cancel) = (account.id.clone(), account.version, shutdown.child_token());
                    let keeper = Keeper { engine: engine.clone(), account: Arc::new(account), lease: lease.clone() };
                    let (cancelled, followed_id) = (cancel.clone(), id.clone());
                    let task = tasks
                        .spawn(async move {
                            following::follow(keeper, dialing, cancelled).await;
                            followed_id
                        })
                        .id();
                    followed.insert(id, Followed { version, task, cancel });
                }
            }
            Err(error) => {
                tracing::error!(%error, "accounts could not be claimed; trying again");
                renew_at = Instant::now() + CLAIM_AGAIN;
            }
        }
        tokio::select! {
            _ = news.changed() => {}
            Some(ended) = tasks.join_next_with_id() => release(&engine, &lease, &mut followed, ended).await,
            () = tokio::time::sleep_until(renew_at) => {}
            () = shutdown.cancelled() => {}
        }
    }
    for it in followed.values() {
        it.cancel.cancel();
    }
    while let Some(ended) = tasks.join_next_with_id().await {
        release(&engine, &lease, &mut followed, ended).await;
    }
}

/// Somebody else may follow it now, or nobody; one that changed is claimed again at once.
async fn release(
    engine: &Engine,
    lease: &Arc<str>,
    followed: &mut HashMap<AccountId, Followed>,
    ended: std::result::Result<(Id, AccountId), tokio::task::JoinError>,
) {
    let id = match ended {
        Ok((_, id)) => Some(id),
        Err(error) => {
            tracing::error!(%error, "following an account broke off; it is begun anew");
            let task = error.id();
            followed.iter().find(|(_, it)| it.task == task).map(|(id, _)| id.clone())
        }
    };
    let Some(id) = id else { return };
    followed.remove(&id);
    let lease = lease.clone();
    let outcome = engine.db.write(Priority::Delivery, move |tx| accounts::release(tx, &id, &lease)).await;
    if let Err(error) = outcome {
        tracing::error!(%error, "an account could not be released; it is when its lease ends");
    }
}

/// Accounts that are not ours any more or changed, and those that are ours from now on.
async fn claim(
    engine: &Engine,
    lease: &Arc<str>,
    followed: &HashMap<AccountId, Followed>,
    renewing: bool,
) -> Result<(Vec<AccountId>, Vec<AccountRow>)> {
    let (lease, now) = (lease.clone(), Timestamp::now());
    let (kept, claimed) = engine
        .db
        .write(Priority::Delivery, move |tx| {
            // With every account that is added or changed there is a look; to write all leases each time would be too much.
            let kept =
                if renewing { accounts::renew(tx, &lease, now.plus(LEASE))? } else { accounts::kept(tx, &lease)? };
            let claimed = accounts::claim(tx, &lease, now, now.plus(LEASE), CLAIMED_AT_ONCE)?;
            Ok((kept, claimed))
        })
        .await?;
    let kept: HashMap<AccountId, i64> = kept.into_iter().collect();
    let is_same = |id: &AccountId, it: &Followed| kept.get(id) == Some(&it.version);
    let gone = followed.iter().filter(|(id, it)| !is_same(id, it)).map(|(id, _)| id.clone()).collect();
    Ok((gone, claimed))
}
