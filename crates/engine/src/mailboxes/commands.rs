//! What people do with messages of a mailbox: flags, moves, deletions, searches, new messages. On a connection of its own for each, so
//! that listening is not disturbed; what changed is then heard of as any other change. Keeps nothing.

use bytes::Bytes;
use model::Timestamp;
use model::key::{Principal, Scope};
use store::accounts::AccountRow;
use store::mailbox_folders::FolderRow;
use store::mailbox_mails::{self, Lying};

use super::{accounts, oauth2_tokens};
use crate::ports::{FlagChange, MailboxFailure, MailboxFailureKind, MailboxSearch, MailboxSession, NewPlaces};
use crate::{Engine, EngineError, Result, access_check};

/// What the server said, for whoever asked.
pub(super) fn said(failure: MailboxFailure) -> EngineError {
    let text = match &failure.hint {
        Some(hint) => format!("{} ({hint})", failure.detail),
        None => failure.detail.clone(),
    };
    match failure.kind {
        MailboxFailureKind::Refused | MailboxFailureKind::Protocol => {
            EngineError::Conflict(format!("the mail server refused: {text}"))
        }
        _ => EngineError::Unavailable(format!("the mail server can't be asked at the moment: {text}")),
    }
}

pub(super) async fn open(engine: &Engine, account: &AccountRow) -> Result<Box<dyn MailboxSession>> {
    oauth2_tokens::open(engine, account).await?.map(|(_, session)| session).map_err(said)
}

/// A session with the folder selected; an error if the server counts anew there since it was last read.
async fn select(engine: &Engine, account: &AccountRow, folder: &FolderRow) -> Result<Box<dyn MailboxSession>> {
    let mut session = open(engine, account).await?;
    let selected = session.select(&folder.path, None).await.map_err(said)?;
    if selected.uid_validity != folder.uid_validity {
        return Err(EngineError::Conflict(
            "the folder was made anew on its server; its messages have other ids now".into(),
        ));
    }
    Ok(session)
}

/// Changes to the flags of a message.
///
/// # Errors
/// Not there; the server refuses or can't be asked.
pub async fn change_flags(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    id: &str,
    changes: Vec<FlagChange>,
) -> Result<()> {
    may_change(principal)?;
    let account = accounts::get(engine, principal, name).await?;
    let (folder, lying) = accounts::message(engine, principal, name, id).await?;
    let mut session = select(engine, &account, &folder).await?;
    for change in &changes {
        session.change_flags(&[lying.place.uid], change).await.map_err(said)?;
    }
    session.logout().await;
    Ok(())
}

fn may_change(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::ConversationsWrite)
}

/// Moves a message. Answers the folder, and where it is now if the server says.
///
/// # Errors
/// As [`change_flags`].
pub async fn move_message(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    id: &str,
    path: &str,
) -> Result<(FolderRow, Option<u32>)> {
    may_change(principal)?;
    let account = accounts::get(engine, principal, name).await?;
    let target = accounts::folder(engine, principal, name, path).await?;
    let (folder, lying) = accounts::message(engine, principal, name, id).await?;
    let mut session = select(engine, &account, &folder).await?;
    let places = session.move_to(&[lying.place.uid], &target.path).await.map_err(said)?;
    session.logout().await;
    let uid = places.and_then(|NewPlaces { uids, .. }| uids.first().map(|(_, uid)| *uid));
    Ok((target, uid))
}

/// Moves a message into the trash; one that is there, or `force`d, is deleted. Answers where it was moved to.
///
/// # Errors
/// As [`change_flags`].
pub async fn delete_message(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    id: &str,
    force: bool,
) -> Result<Option<(FolderRow, Option<u32>)>> {
    may_change(principal)?;
    let account = accounts::get(engine, principal, name).await?;
    let (folder, lying) = accounts::message(engine, principal, name, id).await?;
    let trash = accounts::folder(engine, principal, name, "\\Trash").await.ok();
    if let (Some(trash), false) = (trash, force)
        && trash.id != folder.id
    {
        return move_message(engine, principal, name, id, &trash.path).await.map(Some);
    }
    let mut session = select(engine, &account, &folder).await?;
    session.expunge(&[lying.place.uid]).await.map_err(said)?;
    session.logout().await;
    Ok(None)
}

/// Puts a message into a folder. Answers the folder, and the message's UID if the server says.
///
/// # Errors
/// The folder is not there; the server refuses or can't be asked.
pub async fn upload(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    path: &str,
    flags: Vec<String>,
    internal_date: Option<Timestamp>,
    raw: Bytes,
) -> Result<(FolderRow, Option<u32>)> {
    may_change(principal)?;
    let account = accounts::get(engine, principal, name).await?;
    let folder = accounts::folder(engine, principal, name, path).await?;
    let mut session = open(engine, &account).await?;
    let place = session.append(&folder.path, &flags, internal_date, raw).await.map_err(said)?;
    session.logout().await;
    Ok((folder, place.map(|(_, uid)| uid)))
}

/// Looks for messages on the server. A page of what was found, the newest first, and how many there are.
///
/// # Errors
/// As [`upload`].
pub async fn search(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    path: &str,
    search: &MailboxSearch,
    skip: usize,
    take: usize,
) -> Result<(FolderRow, Vec<Lying>, usize)> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let account = accounts::get(engine, principal, name).await?;
    let folder = accounts::folder(engine, principal, name, path).await?;
    let mut session = select(engine, &account, &folder).await?;
    let found = session.search(search).await.map_err(said)?;
    session.logout().await;
    let (total, id) = (found.len(), folder.id);
    let page: Vec<u32> = found.into_iter().rev().skip(skip).take(take).collect();
    let lying = engine
        .db
        .read(move |tx| {
            let found =
                page.into_iter().map(|uid| mailbox_mails::lying_at(tx, id, uid)).collect::<store::Result<Vec<_>>>()?;
            Ok(found.into_iter().flatten().collect())
        })
        .await?;
    Ok((folder, lying, total))
}
