//! Files that come before the message they are for, so that a large one shows how far it is, and a draft keeps it. Owns how much of
//! that there may be.

use std::time::Duration;

use bytes::Bytes;
use model::draft::Upload;
use model::key::{Actor, Principal, Scope};
use model::limits::{UPLOAD_BYTES_MAX, UPLOADS_OF_USER_BYTES_MAX};
use model::{Timestamp, UploadId, UserId, WorkspaceId};
use store::{Priority, StoreError, blobs_table, uploads};

use crate::{Engine, EngineError, Result, access_check};

const FILENAME_CHARS_MAX: usize = 255;
/// How long an upload is there.
const UPLOAD_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const MISSING: EngineError = EngineError::NotFound { what: "the upload" };

/// Keeps a file for 30 days.
///
/// # Errors
/// It is empty or too large, its name is none, there is no room left; an API key asks.
pub async fn add(
    engine: &Engine,
    principal: &Principal,
    filename: &str,
    content_type: Option<String>,
    bytes: Bytes,
) -> Result<Upload> {
    let user = person(principal)?;
    let filename = clean_filename(filename)?;
    if bytes.is_empty() {
        return Err(EngineError::Unreadable("the file is empty: send its bytes as the body".into()));
    }
    if bytes.len() > UPLOAD_BYTES_MAX {
        return Err(EngineError::TooLarge { limit: UPLOAD_BYTES_MAX as u64 });
    }
    let guessed = || mime_guess::from_path(&filename).first_raw().unwrap_or("application/octet-stream").to_owned();
    let content_type = content_type.filter(|said| said != "application/octet-stream").unwrap_or_else(guessed);
    let now = Timestamp::now();
    let upload = Upload {
        id: UploadId::generate(),
        filename,
        content_type,
        size: bytes.len() as u64,
        created_at: now,
        expires_at: now.plus(UPLOAD_KEPT),
    };
    let compressed = tokio::task::spawn_blocking(move || blobs_table::compress(&bytes));
    let data = compressed.await.map_err(|_| StoreError::Panicked)??;
    let (workspace, kept) = (principal.workspace_id.clone(), upload.clone());
    let fits = engine.db.write(Priority::Foreground, move |tx| {
        if uploads::bytes_of(tx, &user)? + kept.size > UPLOADS_OF_USER_BYTES_MAX {
            return Ok(false);
        }
        uploads::insert(tx, &workspace, &user, &kept, &data)?;
        Ok(true)
    });
    if fits.await? {
        return Ok(upload);
    }
    let detail = format!(
        "files for {UPLOADS_OF_USER_BYTES_MAX} bytes of messages that are not sent yet are there already: send or discard some drafts first"
    );
    Err(EngineError::Conflict(detail))
}

/// A file with its bytes.
///
/// # Errors
/// It is not there, or is over.
pub async fn read(engine: &Engine, principal: &Principal, id: &UploadId) -> Result<(Upload, Vec<u8>)> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    if principal.channel_id.is_some() {
        return Err(MISSING);
    }
    of_workspace(engine, &principal.workspace_id, id).await
}

/// As [`read`], for what a message is made of.
pub(crate) async fn of_workspace(engine: &Engine, workspace: &WorkspaceId, id: &UploadId) -> Result<(Upload, Vec<u8>)> {
    let (workspace, id) = (workspace.clone(), id.clone());
    let found = engine.db.read(move |tx| uploads::get(tx, &workspace, &id, Timestamp::now())).await?;
    let (upload, data) = found.ok_or(MISSING)?;
    let size = upload.size;
    let bytes = tokio::task::spawn_blocking(move || blobs_table::decompress(&data, size));
    Ok((upload, bytes.await.map_err(|_| StoreError::Panicked)??))
}

/// # Errors
/// It is not there, or another person's: an API key has none.
pub async fn delete(engine: &Engine, principal: &Principal, id: &UploadId) -> Result<()> {
    let Actor::User(user, _) = &principal.actor else { return Err(MISSING) };
    let (user, id) = (user.clone(), id.clone());
    let deleted = engine.db.write(Priority::Foreground, move |tx| uploads::delete(tx, &user, &id)).await?;
    if deleted { Ok(()) } else { Err(MISSING) }
}

fn clean_filename(filename: &str) -> Result<String> {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty() || name.chars().count() > FILENAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(EngineError::Unreadable(format!(
            "filename is a name of 1 to {FILENAME_CHARS_MAX} characters, none of them a control character"
        )));
    }
    Ok(name.to_owned())
}

fn person(principal: &Principal) -> Result<UserId> {
    access_check::person(
        principal,
        Scope::MessagesSend,
        "uploads are for people who write in the dashboard: send files with their message, as `content` or `url`",
    )
}
