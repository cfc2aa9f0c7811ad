//! The folders of an account, as its server lists them and as they are kept. Owns what each is for, and what is told of those that come
//! and go; never looks into one.

use std::collections::HashMap;

use model::Timestamp;
use model::event::EventType;
use serde_json::json;
use store::accounts;
use store::mailbox_folders::{self, FolderRow};

use super::arriving::Keeper;
use super::folder_sync::{Broken, Worked, in_step};
use super::special_use;
use crate::ports::{FolderStatus, ListedFolder, MailboxFailure, MailboxFailureKind, MailboxSession, SpecialUse};

/// Folders of one account.
const FOLDERS_MAX: usize = 2_000;

pub(super) async fn folders_of(keeper: &Keeper) -> Worked<Vec<FolderRow>> {
    let id = keeper.account.id.clone();
    Ok(keeper.engine.db.read(move |tx| mailbox_folders::list(tx, &id)).await?)
}

pub(super) async fn known(keeper: &Keeper, path: &str) -> Worked<FolderRow> {
    let (id, path) = (keeper.account.id.clone(), path.to_owned());
    let found = keeper.engine.db.read(move |tx| mailbox_folders::by_path(tx, &id, &path)).await?;
    found.ok_or_else(|| Broken::Mailbox(no_folder()))
}

/// By path, where the server told them with the list.
pub(super) type Statuses = HashMap<String, FolderStatus>;

/// The folders as the server lists them, kept.
pub(super) async fn refresh(keeper: &Keeper, session: &mut dyn MailboxSession) -> Worked<(Vec<FolderRow>, Statuses)> {
    let mut listed = session.folders().await?;
    listed.truncate(FOLDERS_MAX);
    let uses = special_use::assign(&keeper.account.settings.special_folders, &listed);
    let told = listed.iter().filter_map(|folder| Some((folder.path.clone(), folder.status.clone()?)));
    let statuses = told.collect();
    let found: Vec<FolderRow> = listed.into_iter().zip(uses).map(|(folder, found)| row(folder, found)).collect();
    in_step(keeper, move |keeper, tx| {
        let now = Timestamp::now();
        let known = mailbox_folders::list(tx, &keeper.account.id)?;
        // It may have become so since this was begun.
        let initialized = accounts::get(tx, &keeper.account.id)?.is_some_and(|account| account.initialized);
        for folder in &found {
            match known.iter().find(|known| known.path == folder.path) {
                Some(known) => {
                    let mut changed = known.clone();
                    changed.delimiter.clone_from(&folder.delimiter);
                    changed.attributes.clone_from(&folder.attributes);
                    changed.special_use.clone_from(&folder.special_use);
                    changed.special_use_source.clone_from(&folder.special_use_source);
                    changed.selectable = folder.selectable;
                    changed.unseen = folder.unseen;
                    if changed != *known {
                        mailbox_folders::update(tx, &changed)?;
                    }
                }
                None => {
                    let mut folder = folder.clone();
                    folder.id = mailbox_folders::insert(tx, &keeper.account.id, &folder)?;
                    if initialized {
                        let data = json!({ "path": folder.path, "name": folder.path });
                        keeper.tell(tx, EventType::MailboxNew, &folder, &data, now)?;
                    }
                }
            }
        }
        for gone in known.iter().filter(|known| !found.iter().any(|folder| folder.path == known.path)) {
            mailbox_folders::delete(tx, gone.id)?;
            let data = json!({ "path": gone.path, "name": gone.path });
            keeper.tell(tx, EventType::MailboxDeleted, gone, &data, now)?;
        }
        Ok(())
    })
    .await?;
    let kept = folders_of(keeper).await?;
    let wanted = &keeper.account.settings.folders;
    let is_wanted = |folder: &FolderRow| {
        wanted.is_empty()
            || wanted
                .iter()
                .any(|name| name == "*" || *name == folder.path || folder.special_use.as_deref() == Some(name))
    };
    Ok((kept.into_iter().filter(|folder| folder.selectable && is_wanted(folder)).collect(), statuses))
}

fn row(folder: ListedFolder, found: Option<(SpecialUse, special_use::Source)>) -> FolderRow {
    FolderRow {
        id: 0,
        path: folder.path,
        delimiter: folder.delimiter.map(String::from),
        attributes: folder.attributes,
        special_use: found.map(|(special_use, _)| special_use.as_str().to_owned()),
        special_use_source: found.map(|(_, source)| source.as_str().to_owned()),
        selectable: folder.selectable,
        uid_validity: 0,
        uid_next: 0,
        highest_modseq: None,
        mailbox_id: None,
        messages: folder.status.as_ref().map_or(0, |status| status.messages),
        unseen: folder.status.as_ref().map_or(0, |status| status.unseen),
        listed: false,
    }
}

/// The folder that is listened to: the inbox, else the first.
pub(super) fn primary(folders: &[FolderRow]) -> Option<usize> {
    let inbox = folders.iter().position(|folder| folder.path == "INBOX");
    inbox.or_else(|| (!folders.is_empty()).then_some(0))
}

pub(super) fn no_folder() -> MailboxFailure {
    MailboxFailure {
        kind: MailboxFailureKind::Refused,
        detail: "the mailbox has no folder that can be opened".into(),
        code: None,
        hint: Some("check the folders that are to be kept in step".into()),
    }
}
