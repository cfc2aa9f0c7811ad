//! Templates of the mailbox API: the same that the platform API shows. A template may belong to an account.

use axum::Json;
use axum::extract::State;
use engine::listing::SliceOf;
use engine::mailboxes::accounts;
use engine::templates::{self, NewTemplate, TemplateChange};
use model::key::Principal;
use model::limits::TEMPLATES_MAX;
use model::template::{TemplateContent, TemplateFormat, TemplateSummary};
use model::{AccountId, TemplateId};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::error::{Answered, Asked, Asker, Body, MailboxError, Named};
use super::paging::Part;
use crate::app::App;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListQuery {
    page: usize,
    page_size: Option<usize>,
    account: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TemplateBody {
    account: Option<String>,
    name: Option<String>,
    #[serde(deserialize_with = "said")]
    description: Option<Option<String>>,
    format: Option<String>,
    content: Content,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Content {
    #[serde(deserialize_with = "said")]
    subject: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    text: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    html: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    preview_text: Option<Option<String>>,
}

/// Tells a field that is null from one that is not there. An empty text takes away as null does.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(Some(text.filter(|text| !text.is_empty())))
}

impl TemplateBody {
    fn format(&self) -> Answered<Option<TemplateFormat>> {
        let unknown = |text: &str| MailboxError::bad_request(format!("format is html or mjml, not {text}"));
        self.format.as_deref().map(|text| TemplateFormat::parse(text).ok_or_else(|| unknown(text))).transpose()
    }
}

async fn account_id(app: &App, principal: &Principal, name: Option<&str>) -> Answered<Option<AccountId>> {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => Ok(Some(accounts::get(&app.engine, principal, name).await?.id)),
        None => Ok(None),
    }
}

/// What the account of a template is called, for those who may know.
async fn account_name(app: &App, principal: &Principal, template: &TemplateSummary) -> Answered<Option<String>> {
    match &template.account_id {
        Some(id) => Ok(accounts::name_of(&app.engine, principal, id).await?),
        None => Ok(None),
    }
}

fn shown(template: &TemplateSummary, account: Option<&str>) -> Value {
    json!({
        "account": account,
        "id": template.id,
        "name": template.name,
        "description": template.description,
        "format": template.format,
        "created": template.created_at,
        "updated": template.updated_at,
    })
}

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<ListQuery>,
) -> Answered<Json<Value>> {
    let part = Part::of(query.page, query.page_size);
    let account = account_id(&app, &principal, query.account.as_deref()).await?;
    // Without an account: those that belong to none. They are few, and have no contents here.
    let shared = account.is_none();
    let all = SliceOf { after: None, ascending: false, take: TEMPLATES_MAX };
    let found = templates::list(&app.engine, &principal, account, all).await?.items;
    let found: Vec<_> = found.into_iter().filter(|template| !shared || template.account_id.is_none()).collect();
    let account = query.account.as_deref().filter(|_| !shared);
    let items = found.iter().skip(part.skip()).take(part.take()).map(|template| shown(template, account)).collect();
    let mut page = part.page("templates", items, found.len() as u64);
    if let Some(page) = page.as_object_mut() {
        page.insert("account".into(), json!(query.account));
    }
    Ok(Json(page))
}

pub(super) async fn create(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(body): Body<TemplateBody>,
) -> Answered<Json<Value>> {
    let account_id = account_id(&app, &principal, body.account.as_deref()).await?;
    let format = body.format()?.unwrap_or_default();
    let content = TemplateContent {
        subject: body.content.subject.flatten(),
        html: body.content.html.flatten(),
        text: body.content.text.flatten(),
        preview_text: body.content.preview_text.flatten(),
    };
    let name = body.name.unwrap_or_default();
    let description = body.description.flatten();
    let new = NewTemplate { name, description, format, content, account_id, ..NewTemplate::default() };
    let made = templates::create(&app.engine, &principal, new).await?;
    Ok(Json(json!({ "created": true, "account": body.account, "id": made.summary.id })))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<TemplateId>,
) -> Answered<Json<Value>> {
    let template = templates::get(&app.engine, &principal, &id).await?;
    let account = account_name(&app, &principal, &template.summary).await?;
    let mut answer = shown(&template.summary, account.as_deref());
    let content = template.content;
    answer["content"] = json!({
        "subject": content.subject.unwrap_or_default(),
        "text": content.text.unwrap_or_default(),
        "html": content.html.unwrap_or_default(),
        "previewText": content.preview_text.unwrap_or_default(),
    });
    Ok(Json(answer))
}

pub(super) async fn update(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<TemplateId>,
    Body(body): Body<TemplateBody>,
) -> Answered<Json<Value>> {
    let format = body.format()?;
    let change = TemplateChange {
        name: body.name,
        description: body.description,
        format,
        subject: body.content.subject,
        html: body.content.html,
        text: body.content.text,
        preview_text: body.content.preview_text,
    };
    let changed = templates::change(&app.engine, &principal, &id, change).await?;
    let account = account_name(&app, &principal, &changed.summary).await?;
    Ok(Json(json!({ "updated": true, "account": account, "id": changed.summary.id })))
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<TemplateId>,
) -> Answered<Json<Value>> {
    let known = templates::get(&app.engine, &principal, &id).await?.summary;
    templates::delete(&app.engine, &principal, &known.id).await?;
    let account = account_name(&app, &principal, &known).await?;
    Ok(Json(json!({ "deleted": true, "account": account, "id": known.id })))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct FlushQuery {
    force: bool,
}

pub(super) async fn flush(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Asked(query): Asked<FlushQuery>,
) -> Answered<Json<Value>> {
    if !query.force {
        return Err(MailboxError::bad_request("force=true is needed: all templates of the account are taken away"));
    }
    let account = accounts::get(&app.engine, &principal, &name).await?;
    templates::delete_of_account(&app.engine, &principal, account.id).await?;
    Ok(Json(json!({ "flushed": true, "account": name })))
}
