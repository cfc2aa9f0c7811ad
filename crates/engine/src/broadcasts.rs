//! Broadcasts: one mail to everybody on a list. Owns who may ask for them; `drafting` makes them, `states` starts and stops them,
//! `expanding` makes their messages, `counting` says how far they are. Never sends: that is `delivering`'s, as of any other mail.

mod counting;
mod drafting;
pub mod expanding;
mod states;

use model::broadcast::Broadcast;
use model::key::{Principal, Scope};
use model::template::TemplateContent;
use model::{BroadcastId, WorkspaceId};
use store::Tx;
use store::broadcasts::{self, BroadcastContent, BroadcastRow};

pub(crate) use self::counting::note_cancelled;
pub use self::counting::{count_some, run as count};
pub use self::drafting::{BroadcastChange, NewBroadcast, change, create, delete};
pub use self::states::{cancel, pause, resume, send};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check, sending};

const MISSING: EngineError = EngineError::NotFound { what: "the broadcast" };

fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::MessagesRead)?;
    unbound(principal)
}

fn may_send(principal: &Principal) -> Result<()> {
    sending::may_send(principal)?;
    unbound(principal)
}

/// Broadcasts go under use cases, which no channel has.
fn unbound(principal: &Principal) -> Result<()> {
    access_check::unbound(principal, "broadcasts are the workspace's: a key bound to a channel has none")
}

/// A page of broadcasts, newest first.
///
/// # Errors
/// The scope `messages:read` is missing, or the key is bound to a channel.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    slice: SliceOf<BroadcastId>,
) -> Result<Listing<Broadcast, BroadcastId>> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine.db.read(move |tx| broadcasts::page(tx, &workspace, after.as_ref(), ascending, take + 1)).await?;
    Ok(Listing::cut(found.into_iter().map(|row| row.public).collect(), take, |broadcast| broadcast.id.clone()))
}

/// A broadcast with the texts it is made of; none where a template has them.
///
/// # Errors
/// It is not there, or not the asker's; as [`list`].
pub async fn get(engine: &Engine, principal: &Principal, id: &BroadcastId) -> Result<(Broadcast, BroadcastContent)> {
    may_read(principal)?;
    let (row, content) = whole(engine, &principal.workspace_id, id).await?;
    Ok((row.public, content))
}

async fn whole(engine: &Engine, workspace: &WorkspaceId, id: &BroadcastId) -> Result<(BroadcastRow, BroadcastContent)> {
    let (workspace, id) = (workspace.clone(), id.clone());
    let read = move |tx: &mut Tx<'_>| {
        let Some(row) = broadcasts::get(tx, &workspace, &id)? else { return Ok(None) };
        Ok(Some((row, broadcasts::content(tx, &id)?)))
    };
    engine.db.read(read).await?.ok_or(MISSING)
}

/// A broadcast of the workspace, whoever asks.
async fn find(engine: &Engine, workspace: &WorkspaceId, id: &BroadcastId) -> Result<BroadcastRow> {
    let (workspace, id) = (workspace.clone(), id.clone());
    engine.db.read(move |tx| broadcasts::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

fn parts(subject: Option<String>, text: Option<String>, html: Option<String>) -> TemplateContent {
    TemplateContent { subject, html, text, preview_text: None }
}
