//! Drafts of broadcasts: made, changed, taken away, as long as they have not started. Owns what a broadcast may be made of; never what
//! becomes of it.

use std::time::Duration;

use model::broadcast::{Broadcast, BroadcastProgress, BroadcastStatus, BroadcastTracking};
use model::key::Principal;
use model::limits::{BROADCAST_NAME_CHARS_MAX, BROADCASTS_MAX};
use model::{BroadcastId, ContactListId, TemplateId, Timestamp, UseCaseId};
use store::broadcasts::{self, BroadcastContent, BroadcastRow};
use store::{Priority, StoreError, Tx, lists as stored_lists};

use super::states::{change as change_state, note, stamped, target};
use super::{MISSING, find, may_send, parts, whole};
use crate::audit;
use crate::tracking::Tracking;
use crate::{Engine, EngineError, FieldError, Result, lists, sending, templates, use_cases};

/// How far ahead a broadcast may be scheduled.
const SCHEDULE_DAYS_MAX: u64 = 366;
/// Those that may be changed.
const NOT_STARTED: [BroadcastStatus; 2] = [BroadcastStatus::Draft, BroadcastStatus::Scheduled];

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

/// What is to be different of one that has not started; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BroadcastChange {
    pub name: Option<String>,
    pub use_case_id: Option<UseCaseId>,
    pub list_id: Option<ContactListId>,
    pub subject: Option<Option<String>>,
    pub text: Option<Option<String>>,
    pub html: Option<Option<String>>,
    pub template_id: Option<Option<TemplateId>>,
    pub template_version: Option<Option<u64>>,
    pub tracking: Option<BroadcastTracking>,
    pub tags: Option<Vec<String>>,
    /// A scheduled one without a time is a draft again.
    pub scheduled_at: Option<Option<Timestamp>>,
}

impl BroadcastChange {
    fn of(self, broadcast: Broadcast, content: BroadcastContent) -> NewBroadcast {
        NewBroadcast {
            name: self.name.unwrap_or(broadcast.name),
            use_case_id: self.use_case_id.unwrap_or(broadcast.use_case_id),
            list_id: self.list_id.unwrap_or(broadcast.list_id),
            subject: self.subject.unwrap_or(broadcast.subject),
            text: self.text.unwrap_or(content.text),
            html: self.html.unwrap_or(content.html),
            template_id: self.template_id.unwrap_or(broadcast.template_id),
            template_version: self.template_version.unwrap_or(broadcast.template_version),
            tracking: self.tracking.unwrap_or(broadcast.tracking),
            tags: self.tags.unwrap_or(broadcast.tags),
            scheduled_at: self.scheduled_at.unwrap_or(broadcast.scheduled_at),
        }
    }
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
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        if let Some(earlier) = once.noted(tx)? {
            let there = broadcasts::get(tx, &workspace, &BroadcastId::from_stored(earlier))?;
            return there.ok_or(StoreError::Conflict).map(|row| Some(row.public));
        }
        if broadcasts::count(tx, &workspace)? >= BROADCASTS_MAX as u64 {
            return Ok(None);
        }
        broadcasts::insert(tx, &workspace, &broadcast, &content)?;
        note(tx, &by, "broadcast.created", &broadcast)?;
        once.note_last(tx, broadcast.id.as_str())?;
        Ok(Some(broadcast))
    };
    let made = engine.db.write(Priority::Foreground, work).await?;
    made.ok_or_else(|| EngineError::Conflict(format!("a workspace has at most {BROADCASTS_MAX} broadcasts")))
}

/// Changes one that has not started. A scheduled one stays scheduled, as long as it has a time.
///
/// # Errors
/// Fields that are wrong, as in [`create`]; it has started, or somebody else changed it at the same time (409); it is not there, or not
/// the asker's; the scope `messages:send` is missing.
pub async fn change(
    engine: &Engine,
    principal: &Principal,
    id: &BroadcastId,
    change: BroadcastChange,
) -> Result<Broadcast> {
    may_send(principal)?;
    let once = crate::once::asked();
    let (row, content) = whole(engine, &principal.workspace_id, id).await?;
    let (seen, by) = (row.public.updated_at, audit::by(principal));
    let asked = change.of(row.public.clone(), content.clone());
    let new = checked(engine, principal, asked, Timestamp::now()).await?;
    let work = move |tx: &mut Tx<'_>| {
        // Whoever would take the list away waits, and then finds that it is needed.
        let has_list = stored_lists::lock(tx, &row.workspace_id, &new.list_id)?.is_some();
        change_state(tx, &row.workspace_id, &row.public.id, &once, &NOT_STARTED, |tx, row, now| {
            if row.public.updated_at != seen || !has_list {
                let said = "it was changed by somebody else just now: read it again, then say what is to be different";
                return Ok(Err(EngineError::Conflict(said.into())));
            }
            let (before, texts) =
                (row.public.clone(), BroadcastContent { text: new.text.clone(), html: new.html.clone() });
            let after = rewrite(tx, row, new.clone(), now)?;
            let changed = changed((&before, &content), (&after, &texts));
            audit::note_changes(tx, &by, "broadcast.changed", target(&after), &changed)?;
            Ok(Ok(after))
        })
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
}

/// The names of the fields that differ; a broadcast's texts lie beside it.
fn changed(before: (&Broadcast, &BroadcastContent), after: (&Broadcast, &BroadcastContent)) -> Vec<String> {
    let mut names = audit::changed(before.0, after.0);
    for (name, differs) in [("html", before.1.html != after.1.html), ("text", before.1.text != after.1.text)] {
        if differs {
            names.push(name.to_owned());
        }
    }
    names
}

fn rewrite(tx: &mut Tx<'_>, mut row: BroadcastRow, new: NewBroadcast, now: Timestamp) -> store::Result<Broadcast> {
    let content = BroadcastContent { text: new.text, html: new.html };
    row.public = Broadcast {
        name: new.name,
        use_case_id: new.use_case_id,
        list_id: new.list_id,
        subject: new.subject,
        template_id: new.template_id,
        template_version: new.template_version,
        tracking: new.tracking,
        tags: new.tags,
        scheduled_at: new.scheduled_at,
        ..row.public
    };
    if row.public.scheduled_at.is_none() {
        row.public.status = BroadcastStatus::Draft;
    }
    let due_at = row.public.scheduled_at.filter(|_| row.public.status == BroadcastStatus::Scheduled);
    broadcasts::rewrite(tx, &row.public, &content)?;
    broadcasts::set_state(tx, &stamped(&mut row, now), due_at)?;
    Ok(row.public)
}

/// Takes one away that never started.
///
/// # Errors
/// It is not there, or not the asker's; it has started (409); the scope `messages:send` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, id: &BroadcastId) -> Result<()> {
    may_send(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(row) = broadcasts::lock(tx, &workspace, &id)? else { return Ok(Err(MISSING)) };
        if row.public.started_at.is_some() {
            let said = "the broadcast has started: it is kept with what was sent of it. Cancel it where it is not over";
            return Ok(Err(EngineError::Conflict(said.into())));
        }
        note(tx, &by, "broadcast.deleted", &row.public)?;
        broadcasts::delete(tx, &id).map(Ok)
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
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
                    errors.push(FieldError::new(pointer, "the template gives it: leave it out, or null"));
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

pub(super) fn tracking(asked: BroadcastTracking) -> Tracking {
    Tracking { opens: asked.opens, clicks: asked.clicks }
}
