//! An account, followed: connect, list the folders (`folder_list`), bring each up to date (`folder_sync`), then listen to the primary one
//! and look after the others now and then. Owns how often it is tried again, and what is said about it; never holds up another account.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::account::{AccountError, AccountState};
use model::channel::ChannelStatus;
use model::event::EventType;
use rand::RngExt as _;
use serde_json::json;
use store::mailbox_folders::{self, FolderRow};
use store::{accounts, mailbox_mails};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::arriving::Keeper;
use super::folder_list::{Statuses, folders_of, known, no_folder, primary, refresh};
use super::folder_sync::{self, Broken, Worked, in_step};
use super::{channel_account, oauth2_tokens};
use crate::ports::{IdleEnd, MailboxFailure, MailboxFailureKind, MailboxServer, MailboxSession};

/// How often the folders that nobody listens to are looked after. Less than the 29 minutes after which servers end an IDLE, and
/// than what routers remember of a quiet connection.
const LOOK_AFTER: Duration = Duration::from_secs(60);
/// The first pause after a failure, and the longest.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LONGEST: Duration = Duration::from_secs(5 * 60);
/// A connection that lasted so long was a good one.
const STEADY: Duration = Duration::from_secs(60);
/// After a sign-in that was refused; providers lock accounts that are tried too often.
const PAUSE_REFUSED: Duration = Duration::from_secs(60);
/// Refused sign-ins after which nobody tries any more.
const REFUSALS_MAX: u32 = 10;
/// Connections of one account that listen, beside the first.
const LISTENERS_MAX: usize = 5;

/// Until it is cancelled, the lease is lost, or it is not to be tried any more.
pub(super) async fn follow(keeper: Keeper, dialing: Arc<Semaphore>, cancelled: CancellationToken) {
    let mut follower = Follower { keeper, dialing, refusals: 0, connected: false };
    follower.refusals = follower.keeper.account.refusals;
    let mut pause = PAUSE_FIRST;
    loop {
        follower.connected = false;
        let began = tokio::time::Instant::now();
        let ended = tokio::select! {
            ended = follower.keep_up() => ended,
            () = cancelled.cancelled() => return,
        };
        // What breaks every time soon after it connected is tried less and less often, too.
        if began.elapsed() >= STEADY {
            pause = PAUSE_FIRST;
        }
        let wait = match ended {
            Ok(()) => pause,
            Err(Broken::LeaseLost) => return,
            Err(broken) => match follower.told(broken).await {
                Some(wait) => wait.max(pause),
                None => return,
            },
        };
        pause = (pause * 2).min(PAUSE_LONGEST);
        let jitter = rand::rng().random_range(0.8..1.2);
        tokio::select! {
            () = tokio::time::sleep(wait.mul_f64(jitter)) => {}
            () = cancelled.cancelled() => return,
        }
    }
}

struct Follower {
    keeper: Keeper,
    /// Connections being opened at a time.
    dialing: Arc<Semaphore>,
    refusals: u32,
    connected: bool,
}

impl Follower {
    /// Connects and stays; ends with what broke it.
    async fn keep_up(&mut self) -> Worked<()> {
        self.set_state(AccountState::Connecting).await?;
        let (server, mut session) = sign_in(&self.keeper, &self.dialing).await?;
        self.signed_in().await?;
        let (mut folders, statuses) = refresh(&self.keeper, session.as_mut()).await?;
        let Some(primary) = primary(&folders) else {
            return Err(Broken::Mailbox(no_folder()));
        };
        let mut others_selected = false;
        for at in self.to_look_at(&mut folders, &statuses, primary).await? {
            let Some(folder) = folders.get_mut(at) else { continue };
            let outcome = folder_sync::bring_up_to_date(&self.keeper, session.as_mut(), folder).await;
            if at == primary {
                outcome?;
            } else {
                others_selected = true;
                pass_over_refusal(&self.keeper, folder, outcome)?;
            }
        }
        self.all_is_known().await?;
        self.connected = true;
        let mut beside = JoinSet::new();
        let more = Arc::new(Notify::new());
        let listened = self.listen_beside(&mut beside, &server, &folders, primary, &more);
        beside.spawn(fill_in(self.keeper.clone(), self.dialing.clone(), server.clone(), more.clone()));
        let mut folder = folders.get(primary).cloned().ok_or_else(|| Broken::Mailbox(no_folder()))?;
        if others_selected {
            bring_up_to_date(&self.keeper, session.as_mut(), &mut folder, &more).await?;
        }
        let listening = listen(&self.keeper, session.as_mut(), folder, Some(listened), &more);
        tokio::select! {
            ended = listening => ended,
            Some(Ok(Err(broken))) = wait_for_failure(&mut beside) => Err(broken),
        }
    }

    /// Folders the server says something new of, the primary one first. Empty ones are listed by the way.
    async fn to_look_at(&self, folders: &mut [FolderRow], statuses: &Statuses, primary: usize) -> Worked<Vec<usize>> {
        let (mut to_look_at, mut empty) = (vec![primary], Vec::new());
        for (at, folder) in folders.iter_mut().enumerate().filter(|(at, _)| *at != primary) {
            let status = statuses.get(&folder.path);
            if let Some(listed) = folder_sync::listed_as_empty(folder, status) {
                folder.clone_from(&listed);
                empty.push(listed);
            } else if !folder_sync::is_up_to_date(folder, status) {
                to_look_at.push(at);
            }
        }
        if !empty.is_empty() {
            in_step(&self.keeper, move |_, tx| empty.iter().try_for_each(|folder| mailbox_folders::update(tx, folder)))
                .await?;
        }
        Ok(to_look_at)
    }

    /// Listeners of their own for the folders that are to be heard of at once. Answers their paths.
    fn listen_beside(
        &self,
        beside: &mut JoinSet<Worked<()>>,
        server: &MailboxServer,
        folders: &[FolderRow],
        primary: usize,
        more: &Arc<Notify>,
    ) -> Vec<String> {
        let wanted = &self.keeper.account.settings.subconnections;
        let named = |folder: &FolderRow| {
            wanted.iter().any(|name| *name == folder.path || folder.special_use.as_deref() == Some(name.as_str()))
        };
        let others =
            folders.iter().enumerate().filter(|(at, folder)| *at != primary && folder.selectable && named(folder));
        let mut paths = Vec::new();
        for (_, folder) in others.take(LISTENERS_MAX) {
            paths.push(folder.path.clone());
            let (keeper, dialing, server) = (self.keeper.clone(), self.dialing.clone(), server.clone());
            let (path, more) = (folder.path.clone(), more.clone());
            beside.spawn(async move {
                let mut session = open(&keeper, &dialing, &server).await?;
                let mut folder = known(&keeper, &path).await?;
                bring_up_to_date(&keeper, session.as_mut(), &mut folder, &more).await?;
                listen(&keeper, session.as_mut(), folder, None, &more).await
            });
        }
        paths
    }

    async fn set_state(&self, state: AccountState) -> Worked<()> {
        let refusals = self.refusals;
        in_step(&self.keeper, move |keeper, tx| {
            let before = accounts::get(tx, &keeper.account.id)?;
            let error = before.and_then(|before| before.last_error);
            accounts::set_state(tx, &keeper.account.id, state, error.as_ref(), refusals)
        })
        .await
    }

    /// The server took the name and the secret.
    async fn signed_in(&mut self) -> Worked<()> {
        let first = self.refusals > 0 || !self.keeper.account.initialized;
        self.refusals = 0;
        in_step(&self.keeper, move |keeper, tx| {
            accounts::set_state(tx, &keeper.account.id, AccountState::Syncing, None, 0)?;
            if !first {
                return Ok(());
            }
            let user = keeper.account.settings.imap.as_ref().map(|imap| imap.username.clone());
            let data = json!({ "account": keeper.account.name, "data": { "user": user } });
            keeper.tell_as(tx, EventType::AuthenticationSuccess, &data, Timestamp::now())
        })
        .await
    }

    async fn all_is_known(&self) -> Worked<()> {
        in_step(&self.keeper, |keeper, tx| {
            let now = Timestamp::now();
            channel_account::set_status(tx, &keeper.account, ChannelStatus::Connected)?;
            if accounts::set_connected(tx, &keeper.account.id, now)? {
                let data = json!({ "account": keeper.account.name, "data": { "initialized": true } });
                keeper.tell_as(tx, EventType::AccountInitialized, &data, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Says what broke, once a kind; how long to wait, or that it is not to be tried any more.
    async fn told(&mut self, broken: Broken) -> Option<Duration> {
        let account = self.keeper.account.name.clone();
        let failure = match broken {
            Broken::Mailbox(failure) => failure,
            Broken::Engine(error) => {
                tracing::error!(%error, account, "an account could not be kept in step; trying again");
                return Some(PAUSE_FIRST);
            }
            Broken::LeaseLost => return None,
        };
        // A connection that ended is opened again without a word, if it does so at once.
        if self.connected {
            tracing::debug!(account, detail = failure.detail, "the connection to a mailbox ended; opening another");
            return Some(PAUSE_FIRST);
        }
        let refused = failure.kind == MailboxFailureKind::SignIn;
        self.refusals += u32::from(refused);
        let state = match (refused, self.refusals) {
            (true, REFUSALS_MAX..) => AccountState::Paused,
            (true, _) => AccountState::AuthenticationError,
            _ => AccountState::ConnectError,
        };
        tracing::warn!(account, state = state.as_str(), detail = failure.detail, "a mailbox can't be kept in step");
        if let Err(Broken::LeaseLost) = self.tell_failure(failure, state).await {
            return None;
        }
        match state {
            AccountState::Paused => None,
            AccountState::AuthenticationError => Some(PAUSE_REFUSED),
            _ => Some(PAUSE_FIRST),
        }
    }

    async fn tell_failure(&self, failure: MailboxFailure, state: AccountState) -> Worked<()> {
        let refusals = self.refusals;
        in_step(&self.keeper, move |keeper, tx| {
            let now = Timestamp::now();
            let before = accounts::get(tx, &keeper.account.id)?;
            let had_error = before.and_then(|before| before.last_error);
            let refused = failure.kind == MailboxFailureKind::SignIn;
            let error = AccountError {
                response: failure.detail.clone(),
                server_response_code: failure.code.clone(),
                hint: failure.hint.clone(),
                at: now,
            };
            accounts::set_state(tx, &keeper.account.id, state, Some(&error), refusals)?;
            channel_account::set_status(tx, &keeper.account, ChannelStatus::Disconnected)?;
            // The same again is no news.
            if had_error.is_some_and(|before| before.response == error.response) && state != AccountState::Paused {
                return Ok(());
            }
            let event_type = if refused { EventType::AuthenticationError } else { EventType::ConnectError };
            let data = json!({ "account": keeper.account.name,
                "data": { "response": error.response, "serverResponseCode": error.server_response_code, "state": state } });
            keeper.tell_as(tx, event_type, &data, now)
        })
        .await
    }
}

/// The first of them that failed; those that came to their end are no matter.
async fn wait_for_failure(
    tasks: &mut JoinSet<Worked<()>>,
) -> Option<std::result::Result<Worked<()>, tokio::task::JoinError>> {
    loop {
        match tasks.join_next().await {
            Some(Ok(Ok(()))) => {}
            // Nothing is left to wait for.
            None => std::future::pending().await,
            failed => return failed,
        }
    }
}

/// The first connection, by which an account's tokens are renewed.
async fn sign_in(keeper: &Keeper, dialing: &Semaphore) -> Worked<(MailboxServer, Box<dyn MailboxSession>)> {
    let _place = dialing.acquire().await;
    Ok(oauth2_tokens::open(&keeper.engine, &keeper.account).await??)
}

async fn open(keeper: &Keeper, dialing: &Semaphore, server: &MailboxServer) -> Worked<Box<dyn MailboxSession>> {
    let _place = dialing.acquire().await;
    Ok(keeper.engine.ports.mailboxes.open(server).await?)
}

/// A folder that the server does not open (no permission, damaged) is passed over; it is asked for again whenever it is looked after.
fn pass_over_refusal(keeper: &Keeper, folder: &FolderRow, outcome: Worked<()>) -> Worked<()> {
    match outcome {
        Err(Broken::Mailbox(failure)) if failure.kind == MailboxFailureKind::Refused => {
            let (account, path, detail) = (&keeper.account.name, &folder.path, failure.detail);
            tracing::warn!(account, path, detail, "a folder can't be opened; the others are kept in step");
            Ok(())
        }
        outcome => outcome,
    }
}

/// As [`folder_sync::bring_up_to_date`]; where the folder was listed, the bytes of its mails are fetched beside.
async fn bring_up_to_date(
    keeper: &Keeper,
    session: &mut dyn MailboxSession,
    folder: &mut FolderRow,
    more: &Notify,
) -> Worked<()> {
    let before = (folder.listed, folder.uid_validity);
    folder_sync::bring_up_to_date(keeper, session, folder).await?;
    if before != (folder.listed, folder.uid_validity) {
        more.notify_one();
    }
    Ok(())
}

/// Listens to the folder, which is selected, until the connection breaks. `looking_after`: looks after all other folders as well,
/// but those. `more`: told where bytes are to be fetched.
async fn listen(
    keeper: &Keeper,
    session: &mut dyn MailboxSession,
    mut folder: FolderRow,
    looking_after: Option<Vec<String>>,
    more: &Notify,
) -> Worked<()> {
    let wake = Notify::new();
    let mut look_after_at = tokio::time::Instant::now() + LOOK_AFTER;
    loop {
        let longest = look_after_at.saturating_duration_since(tokio::time::Instant::now());
        match session.idle(longest.max(Duration::from_millis(1)), &wake).await? {
            // New mail alone is fetched without asking anything else first.
            IdleEnd::Changed(noticed) if !noticed.gone && !noticed.flags => {
                folder_sync::fetch_new(keeper, session, &mut folder).await?;
            }
            IdleEnd::Changed(_) => bring_up_to_date(keeper, session, &mut folder, more).await?,
            IdleEnd::Elapsed | IdleEnd::Woken => {}
        }
        // A steady stream of news does not put it off.
        if tokio::time::Instant::now() >= look_after_at {
            look_after_at = tokio::time::Instant::now() + LOOK_AFTER;
            if let Some(listened) = &looking_after {
                look_after(keeper, session, &folder.path, listened, more).await?;
            }
            bring_up_to_date(keeper, session, &mut folder, more).await?;
        }
    }
}

/// Brings every folder up to date that the server says is not.
async fn look_after(
    keeper: &Keeper,
    session: &mut dyn MailboxSession,
    path: &str,
    listened: &[String],
    more: &Notify,
) -> Worked<()> {
    let before = folders_of(keeper).await?;
    let (after, statuses) = refresh(keeper, session).await?;
    for mut folder in after {
        if !folder.selectable || folder.path == path || listened.contains(&folder.path) {
            continue;
        }
        let known = before.iter().find(|known| known.id == folder.id);
        let status = statuses.get(&folder.path);
        let same = known.is_some_and(|known| folder_sync::is_up_to_date(known, status));
        if !same {
            let outcome = bring_up_to_date(keeper, session, &mut folder, more).await;
            pass_over_refusal(keeper, &folder, outcome)?;
        }
    }
    Ok(())
}

/// Fetches what was only listed, over a connection of its own, and again whenever there is more of it.
async fn fill_in(keeper: Keeper, dialing: Arc<Semaphore>, server: MailboxServer, more: Arc<Notify>) -> Worked<()> {
    loop {
        let folders = folders_of(&keeper).await?;
        let waiting = keeper
            .engine
            .db
            .read(move |tx| {
                let mut waiting = Vec::new();
                for folder in folders.into_iter().filter(|folder| folder.listed && folder.selectable) {
                    if !mailbox_mails::to_fetch(tx, folder.id, 1)?.is_empty() {
                        waiting.push(folder);
                    }
                }
                Ok(waiting)
            })
            .await?;
        if !waiting.is_empty() {
            let mut session = open(&keeper, &dialing, &server).await?;
            for folder in &waiting {
                let outcome = folder_sync::fill_in(&keeper, session.as_mut(), folder).await;
                pass_over_refusal(&keeper, folder, outcome)?;
            }
            session.logout().await;
        }
        more.notified().await;
    }
}
