//! A sent mail, copied into the folder of sent mail unless the server did that itself, and the flag that says what it answered.

use model::Timestamp;
use store::accounts::AccountRow;
use store::mailbox_folders::{self, FolderRow};
use store::submissions::{Reference, SubmissionRow};

use super::commands::{open, said};
use crate::ports::{FlagChange, MailboxFailureKind, MailboxSearch, MailboxSession};
use crate::{Engine, Result, raw};

/// Servers that keep what was sent through them, by the end of their host's name.
const KEEP_THEMSELVES: [&str; 3] = [".office365.com", ".outlook.com", ".gmail.com"];
/// Where it goes if the server has no folder for it.
const SENT: &str = "Sent";

/// # Errors
/// The server can't be asked, or refuses.
pub(super) async fn copy(engine: &Engine, account: &AccountRow, row: &SubmissionRow) -> Result<()> {
    let Some(imap) = &account.settings.imap else { return Ok(()) };
    let id = account.id.clone();
    let folders = engine.db.read(move |tx| mailbox_folders::list(tx, &id)).await?;
    let mut session = open(engine, account).await?;
    let host = imap.host.to_lowercase();
    let keeps_itself =
        session.capabilities().gmail || KEEP_THEMSELVES.iter().any(|end| host.ends_with(end) || host == end[1..]);
    if row.copies && !keeps_itself {
        let is_sent = |folder: &&FolderRow| folder.special_use.as_deref() == Some("\\Sent");
        let known = || folders.iter().find(is_sent).map(|folder| folder.path.clone());
        let path = row.sent_path.clone().or_else(known).unwrap_or_else(|| SENT.to_owned());
        append_once(engine, session.as_mut(), &path, row).await?;
    }
    if let Some(reference) = &row.reference {
        flag(session.as_mut(), &folders, reference).await?;
    }
    session.logout().await;
    Ok(())
}

/// A try before may have done it and not heard of it.
async fn append_once(engine: &Engine, session: &mut dyn MailboxSession, path: &str, row: &SubmissionRow) -> Result<()> {
    match session.select(path, None).await {
        Ok(selected) if selected.exists > 0 => {
            let of_id = vec![("Message-ID".to_owned(), row.rfc_message_id.clone())];
            let search = MailboxSearch { headers: of_id, ..MailboxSearch::default() };
            if !session.search(&search).await.map_err(said)?.is_empty() {
                return Ok(());
            }
        }
        Ok(_) => {}
        Err(failure) if failure.kind == MailboxFailureKind::Refused => {
            session.create_folder(path).await.map_err(said)?;
        }
        Err(failure) => return Err(said(failure)),
    }
    let raw = raw::read(engine, row.blob_id).await?;
    session.append(path, &["\\Seen".to_owned()], Some(Timestamp::now()), raw).await.map_err(said)?;
    Ok(())
}

/// What is not there any more needs no flag.
async fn flag(session: &mut dyn MailboxSession, folders: &[FolderRow], reference: &Reference) -> Result<()> {
    let Some(folder) = folders.iter().find(|folder| folder.id == reference.folder_id) else { return Ok(()) };
    let selected = session.select(&folder.path, None).await.map_err(said)?;
    if selected.uid_validity == folder.uid_validity {
        let change = FlagChange::Add(vec![reference.flag.clone()]);
        session.change_flags(&[reference.uid], &change).await.map_err(said)?;
    }
    Ok(())
}
