//! Message templates: made, changed, listed, taken away; what is asked of them before they are kept. Every change of the content is a
//! version that stays as it is.

mod freezing;
mod rendering;

use std::time::Duration;

use model::key::{Principal, Scope};
use model::limits::{TEMPLATE_DESCRIPTION_CHARS_MAX, TEMPLATE_NAME_CHARS_MAX, TEMPLATE_VERSIONS_MAX, TEMPLATES_MAX};
use model::template::{Template, TemplateChannel, TemplateContent, TemplateFormat, TemplateSummary, TemplateVersion};
use model::{AccountId, TemplateId, Timestamp};
use store::{Priority, StoreError, Tx, templates};

pub(crate) use self::freezing::{Frozen, Recipe, check_content, freeze, freeze_content};
pub use self::rendering::{Preview, Rendered, TemplateReference, TemplateUse, preview, render};
pub(crate) use self::rendering::{fill_in, render_content};
use crate::audit::{self, Target};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, FieldError, Result, access_check};

const MISSING: EngineError = EngineError::NotFound { what: "the template" };

/// A template that is to be.
#[derive(Debug, Clone, Default)]
pub struct NewTemplate {
    pub name: String,
    pub description: Option<String>,
    pub channel: TemplateChannel,
    pub format: TemplateFormat,
    pub content: TemplateContent,
    /// The account it belongs to.
    pub account_id: Option<AccountId>,
}

/// What is to be different of a template; what is `None` stays. An inner `None` takes away.
#[derive(Debug, Clone, Default)]
pub struct TemplateChange {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub format: Option<TemplateFormat>,
    pub subject: Option<Option<String>>,
    pub html: Option<Option<String>>,
    pub text: Option<Option<String>>,
    pub preview_text: Option<Option<String>>,
}

fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::TemplatesRead)
        .or_else(|_| access_check::scope(principal, Scope::TemplatesWrite))
}

fn may_write(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::TemplatesWrite)?;
    access_check::unbound(principal, "templates are the workspace's: a key bound to a channel changes none")
}

/// A page of templates, newest first; with `account` those of one account.
///
/// # Errors
/// The scope `templates:read` is missing.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    account: Option<AccountId>,
    slice: SliceOf<TemplateId>,
) -> Result<Listing<TemplateSummary, TemplateId>> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine
        .db
        .read(move |tx| templates::page(tx, &workspace, account.as_ref(), after.as_ref(), ascending, take + 1))
        .await?;
    Ok(Listing::cut(found, take, |template| template.id.clone()))
}

/// # Errors
/// It is not there, or not the asker's; the scope `templates:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &TemplateId) -> Result<Template> {
    may_read(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    engine.db.read(move |tx| templates::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// A page of a template's versions, newest first.
///
/// # Errors
/// As [`get`].
pub async fn versions(
    engine: &Engine,
    principal: &Principal,
    id: &TemplateId,
    slice: SliceOf<u64>,
) -> Result<Listing<TemplateVersion, u64>> {
    let id = get(engine, principal, id).await?.summary.id;
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine.db.read(move |tx| templates::versions(tx, &id, after, ascending, take + 1)).await?;
    Ok(Listing::cut(found, take, |version| version.number))
}

/// Makes a template.
///
/// # Errors
/// Fields that are wrong; another has the name, or there are too many (409); the scope `templates:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: NewTemplate) -> Result<Template> {
    may_write(principal)?;
    let now = Timestamp::now();
    let template = Template {
        summary: TemplateSummary {
            id: TemplateId::generate(),
            name: new.name.trim().to_owned(),
            description: new.description,
            channel: new.channel,
            format: new.format,
            version: 1,
            account_id: new.account_id,
            created_at: now,
            updated_at: now,
        },
        content: new.content,
    };
    let template = checked(template).await?;
    let once = crate::once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return get(engine, principal, &TemplateId::from_stored(id)).await;
    }
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let made = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if let Some(earlier) = once.noted(tx)? {
                let id = TemplateId::from_stored(earlier);
                return templates::get(tx, &workspace, &id)?.ok_or(StoreError::Conflict).map(Some);
            }
            if templates::count(tx, &workspace)? >= TEMPLATES_MAX as u64 {
                return Ok(None);
            }
            templates::insert(tx, &workspace, &template)?;
            audit::note(tx, &by, "template.created", target(&template.summary), &[])?;
            once.note_last(tx, template.summary.id.as_str())?;
            Ok(Some(template))
        })
        .await;
    made.map_err(taken)?
        .ok_or_else(|| EngineError::Conflict(format!("a workspace has at most {TEMPLATES_MAX} templates")))
}

fn target(template: &TemplateSummary) -> Target<'_> {
    Target::of("template", &template.id).named(&template.name)
}

fn taken(error: StoreError) -> EngineError {
    if error.is_unique_violation() {
        return EngineError::Conflict("another template has this name".into());
    }
    error.into()
}

/// Changes a template. What changes the content or its format makes a new version; the oldest ones over the limit are forgotten.
///
/// # Errors
/// As [`create`]; it is not there, or not the asker's.
pub async fn change(
    engine: &Engine,
    principal: &Principal,
    id: &TemplateId,
    change: TemplateChange,
) -> Result<Template> {
    may_write(principal)?;
    loop {
        let before = get(engine, principal, id).await?;
        let after = checked(change.clone().applied(before.clone())).await?;
        let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
        // Another change came between: begin again from what it made.
        let keep = move |tx: &mut Tx<'_>| {
            let head = &after.summary;
            if !templates::update(tx, &workspace, before.summary.updated_at, head)? {
                return Ok(None);
            }
            if head.version != before.summary.version {
                templates::add_version(tx, &after)?;
                templates::forget_versions(tx, &head.id, head.version.saturating_sub(TEMPLATE_VERSIONS_MAX as u64))?;
            }
            audit::note_changes(tx, &by, "template.changed", target(head), &audit::changed(&before, &after))?;
            Ok(Some(after.clone()))
        };
        if let Some(template) =
            crate::write_again_on_conflict(&engine.db, Priority::Foreground, keep).await.map_err(taken)?
        {
            return Ok(template);
        }
    }
}

impl TemplateChange {
    fn applied(self, mut template: Template) -> Template {
        let before = (template.content.clone(), template.summary.format);
        let (head, content) = (&mut template.summary, &mut template.content);
        head.name = self.name.map_or_else(|| head.name.clone(), |name| name.trim().to_owned());
        head.format = self.format.unwrap_or(head.format);
        for (field, new) in [
            (&mut head.description, self.description),
            (&mut content.subject, self.subject),
            (&mut content.html, self.html),
            (&mut content.text, self.text),
            (&mut content.preview_text, self.preview_text),
        ] {
            if let Some(new) = new {
                *field = new;
            }
        }
        if (&template.content, head.format) != (&before.0, before.1) {
            head.version += 1;
        }
        // No two changes have the same: the next one tells by it whether it knows this one.
        head.updated_at = Timestamp::now().max(head.updated_at.plus(Duration::from_millis(1)));
        template
    }
}

/// # Errors
/// It is not there, or not the asker's; the scope `templates:write` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, id: &TemplateId) -> Result<()> {
    may_write(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(template) = templates::get(tx, &workspace, &id)? else { return Ok(false) };
        let gone = templates::delete(tx, &workspace, &id)?;
        if gone {
            audit::note(tx, &by, "template.deleted", target(&template.summary), &[])?;
        }
        Ok(gone)
    };
    let gone = engine.db.write(Priority::Foreground, work).await?;
    if gone { Ok(()) } else { Err(MISSING) }
}

/// Takes away the templates of an account; how many they were.
///
/// # Errors
/// The scope `templates:write` is missing.
pub async fn delete_of_account(engine: &Engine, principal: &Principal, account: AccountId) -> Result<u64> {
    may_write(principal)?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        for template in templates::page(tx, &workspace, Some(&account), None, true, TEMPLATES_MAX)? {
            audit::note(tx, &by, "template.deleted", target(&template), &[])?;
        }
        templates::delete_of_account(tx, &account)
    };
    Ok(engine.db.write(Priority::Foreground, work).await?)
}

/// A template that may be kept.
async fn checked(template: Template) -> Result<Template> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| errors.push(FieldError::new(pointer, detail));
    let head = &template.summary;
    let is_name = (1..=TEMPLATE_NAME_CHARS_MAX).contains(&head.name.chars().count());
    if !is_name || head.name.contains(char::is_control) {
        wrong("/name", format!("1 to {TEMPLATE_NAME_CHARS_MAX} characters, none of them a control character"));
    }
    if head.description.as_ref().is_some_and(|text| text.chars().count() > TEMPLATE_DESCRIPTION_CHARS_MAX) {
        wrong("/description", format!("at most {TEMPLATE_DESCRIPTION_CHARS_MAX} characters"));
    }
    let is_blank = |part: &Option<String>| part.as_deref().unwrap_or_default().trim().is_empty();
    if is_blank(&template.content.html) && is_blank(&template.content.text) {
        wrong("/content/html", "an html, a text, or both are needed".into());
    }
    let source = rendering::source(head.format, template.content.clone());
    let faults = rendering::apart(move || ::templates::check(&source)).await?;
    errors.extend(faults.into_iter().map(|fault| {
        let (part, detail) = (fault.part.as_str(), fault.detail);
        FieldError::new(format!("/content/{part}"), format!("line {}, column {}: {detail}", fault.line, fault.column))
    }));
    if errors.is_empty() { Ok(template) } else { Err(EngineError::Invalid(errors)) }
}
