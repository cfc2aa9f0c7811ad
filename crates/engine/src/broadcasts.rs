//! Broadcasts: one mail to everybody on a list. Owns what one is made of and what may be asked of it; `states` starts and stops them,
//! `expanding` makes their messages, `counting` says how far they are. Never sends: that is `delivering`'s, as of any other mail.

mod counting;
pub mod expanding;
mod states;

use std::time::Duration;

use model::broadcast::{Broadcast, BroadcastProgress, BroadcastStatus, BroadcastTracking};
use model::key::{Principal, Scope};
use model::limits::{BROADCAST_NAME_CHARS_MAX, BROADCASTS_MAX};
use model::template::TemplateContent;
use model::{BroadcastId, ContactListId, TemplateId, Timestamp, UseCaseId, WorkspaceId};
use store::broadcasts::{self, BroadcastContent, BroadcastRow};
use store::{Priority, StoreError, Tx};

pub(crate) use self::counting::note_cancelled;
pub use self::counting::{count_some, run as count};
pub use self::states::{cancel, pause, resume, send};
use crate::listing::{Listing, SliceOf};
use crate::tracking::Tracking;
use crate::{Engine, EngineError, FieldError, Result, access_check, lists, sending, templates, use_cases};

const MISSING: EngineError = EngineError::NotFound { what: "the broadcast" };
/// How far ahead a broadcast may be scheduled.
const SCHEDULE_DAYS_MAX: u64 = 366;

/// A broadcast that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBroadcast {
    pub name: String,
    pub use_case_id: UseCaseId,
    pub list_id: ContactListId,
    /// Handlebars, as in templates; so are text and HTML.
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    /// In the place of the three above.
    pub template_id: Option<TemplateId>,
    /// The current one when it starts, where it is not said.
    pub template_version: Option<u64>,
    pub tracking: BroadcastTracking,
    pub tags: Vec<String>,
    pub scheduled_at: Option<Timestamp>,
}

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
    match principal.channel_id {
        Some(_) => {
            Err(EngineError::Forbidden("broadcasts are the workspace's: a key bound to a channel has none".into()))
        }
        None => Ok(()),
    }
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

/// # Errors
/// It is not there, or not the asker's; as [`list`].
pub async fn get(engine: &Engine, principal: &Principal, id: &BroadcastId) -> Result<Broadcast> {
    may_read(principal)?;
    Ok(find(engine, &principal.workspace_id, id).await?.public)
}

/// A broadcast of the workspace, whoever asks.
async fn find(engine: &Engine, workspace: &WorkspaceId, id: &BroadcastId) -> Result<BroadcastRow> {
    let (workspace, id) = (workspace.clone(), id.clone());
    engine.db.read(move |tx| broadcasts::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// Makes a broadcast. Nothing is sent before [`send`].
///
/// # Errors
/// Fields that are wrong; there are too many (409); the scope `messages:send` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: NewBroadcast) -> Result<Broadcast> {
    may_send(principal)?;
    let once = crate::once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return Ok(find(engine, &principal.workspace_id, &BroadcastId::from_stored(id)).await?.public);
    }
    let now = Timestamp::now();
    let new = checked(engine, principal, new, now).await?;
    let content = BroadcastContent { text: new.text, html: new.html };
    let broadcast = Broadcast {
        id: BroadcastId::generate(),
        name: new.name,
        use_case_id: new.use_case_id,
        list_id: new.list_id,
        status: BroadcastStatus::Draft,
        subject: new.subject,
        template_id: new.template_id,
        template_version: new.template_version,
        tracking: new.tracking,
        tags: new.tags,
        progress: BroadcastProgress::default(),
        problem: None,
        scheduled_at: new.scheduled_at,
        started_at: None,
        finished_at: None,
        created_at: now,
        updated_at: now,
    };
    let workspace = principal.workspace_id.clone();
    let work = move |tx: &mut Tx<'_>| {
        if let Some(earlier) = once.noted(tx)? {
            let there = broadcasts::get(tx, &workspace, &BroadcastId::from_stored(earlier))?;
            return there.ok_or(StoreError::Conflict).map(|row| Some(row.public));
        }
        if broadcasts::count(tx, &workspace)? >= BROADCASTS_MAX as u64 {
            return Ok(None);
        }
        broadcasts::insert(tx, &workspace, &broadcast, &content)?;
        once.note_last(tx, broadcast.id.as_str())?;
        Ok(Some(broadcast))
    };
    let made = engine.db.write(Priority::Foreground, work).await?;
    made.ok_or_else(|| EngineError::Conflict(format!("a workspace has at most {BROADCASTS_MAX} broadcasts")))
}

/// The broadcast in its one spelling, or all that is wrong with it.
async fn checked(
    engine: &Engine,
    principal: &Principal,
    mut new: NewBroadcast,
    now: Timestamp,
) -> Result<NewBroadcast> {
    let workspace = &principal.workspace_id;
    let mut errors = Vec::new();
    new.name = new.name.trim().to_owned();
    let length = new.name.chars().count();
    if length == 0 || length > BROADCAST_NAME_CHARS_MAX || new.name.chars().any(char::is_control) {
        errors.push(FieldError::new("/name", format!("1 to {BROADCAST_NAME_CHARS_MAX} characters on one line")));
    }
    if let Err(detail) = sending::check_tags(&new.tags) {
        errors.push(FieldError::new("/tags", detail));
    }
    if new.scheduled_at.is_some_and(|at| at > now.plus(Duration::from_secs(SCHEDULE_DAYS_MAX * 24 * 60 * 60))) {
        errors.push(FieldError::new("/scheduledAt", format!("at most {SCHEDULE_DAYS_MAX} days ahead")));
    }
    let there = use_cases::find(engine, workspace, &new.use_case_id).await.map(drop);
    missing(there, "/useCaseId", "there is no such use case", &mut errors)?;
    let there = lists::find(engine, workspace, &new.list_id).await.map(drop);
    missing(there, "/listId", "there is no such list", &mut errors)?;
    match &new.template_id {
        Some(id) => {
            for (pointer, is_said) in
                [("/subject", new.subject.is_some()), ("/text", new.text.is_some()), ("/html", new.html.is_some())]
            {
                if is_said {
                    errors.push(FieldError::new(pointer, "the template gives it: leave it out"));
                }
            }
            let pointer = if new.template_version.is_some() { "/templateVersion" } else { "/templateId" };
            let there = templates::freeze(engine, workspace, id, new.template_version).await.map(drop);
            missing(there, pointer, "there is no such template in this workspace", &mut errors)?;
        }
        None => errors.extend(check_content(&new).await?),
    }
    if errors.is_empty() { Ok(new) } else { Err(EngineError::Invalid(errors)) }
}

/// What is not there is a field that is wrong.
fn missing(found: Result<()>, pointer: &str, detail: &str, errors: &mut Vec<FieldError>) -> Result<()> {
    match found {
        Err(EngineError::NotFound { .. }) => errors.push(FieldError::new(pointer, detail)),
        other => other?,
    }
    Ok(())
}

async fn check_content(new: &NewBroadcast) -> Result<Vec<FieldError>> {
    let is_blank = |part: &Option<String>| part.as_deref().unwrap_or_default().trim().is_empty();
    let mut errors = Vec::new();
    if is_blank(&new.subject) {
        errors.push(FieldError::new("/subject", "a subject is needed, or a templateId"));
    }
    if is_blank(&new.text) && is_blank(&new.html) {
        errors.push(FieldError::new("/text", "a text, an html, or both are needed, or a templateId"));
    }
    if new.template_version.is_some() {
        errors.push(FieldError::new("/templateVersion", "a version of which template? Give its templateId"));
    }
    if let Err(detail) = tracking(new.tracking).check(1, is_blank(&new.html)) {
        errors.push(FieldError::new("/tracking", detail));
    }
    errors.extend(templates::check_content(parts(new.subject.clone(), new.text.clone(), new.html.clone())).await?);
    Ok(errors)
}

fn parts(subject: Option<String>, text: Option<String>, html: Option<String>) -> TemplateContent {
    TemplateContent { subject, html, text, preview_text: None }
}

fn tracking(asked: BroadcastTracking) -> Tracking {
    Tracking { opens: asked.opens, clicks: asked.clicks }
}
