//! `/api/v1/templates`: message templates, their versions, what they come to, and a message to try one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::sending::{self, SendRequest};
use engine::templates::{self, NewTemplate, TemplateChange, TemplateReference, TemplateUse};
use engine::{Engine, EngineError, messages};
use model::TemplateId;
use model::absence::nullable;
use model::key::Actor;
use model::message::Message;
use model::template::{Template, TemplateChannel, TemplateContent, TemplateFormat, TemplateSummary, TemplateVersion};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::outgoing::{Recipients, mailboxes};
use super::wire::{Fields, page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath, null_is_absent};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(versions))
        .routes(routes!(preview))
        .routes(routes!(test))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartQuery {
    cursor: Option<String>,
    take: Option<usize>,
    /// `desc` (newest first) where it is not said.
    order: Option<Order>,
}

/// Templates without their contents, newest first.
#[utoipa::path(get, path = "/api/v1/templates", operation_id = "listTemplates", tag = "templates",
    params(PartQuery), responses((status = 200, body = Page<TemplateSummary>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PartQuery>,
) -> Answer<Json<Page<TemplateSummary>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(templates::list(&engine, &principal, None, part).await?)))
}

/// A source: Handlebars.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TemplateContentChange)]
struct ContentBody {
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    subject: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    html: Option<Option<String>>,
    /// Made from the HTML where there is none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    text: Option<Option<String>>,
    /// What a list of mails shows beside the subject.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    preview_text: Option<Option<String>>,
}

/// A template to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewTemplate)]
struct NewBody {
    name: String,
    description: Option<String>,
    /// `email` is the one there is.
    channel: Option<TemplateChannel>,
    /// `html` where it is not said.
    format: Option<TemplateFormat>,
    content: ContentBody,
}

/// Makes a template.
#[utoipa::path(post, path = "/api/v1/templates", operation_id = "createTemplate", tag = "templates",
    request_body = NewBody, responses((status = 201, body = Template)))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<Template>)> {
    let new = NewTemplate {
        name: body.name,
        description: body.description,
        channel: body.channel.unwrap_or_default(),
        format: body.format.unwrap_or_default(),
        content: TemplateContent {
            subject: body.content.subject.flatten(),
            html: body.content.html.flatten(),
            text: body.content.text.flatten(),
            preview_text: body.content.preview_text.flatten(),
        },
        account_id: None,
    };
    Ok((StatusCode::CREATED, Json(templates::create(&engine, &principal, new).await?)))
}

fn template_id(text: &str) -> Answer<TemplateId> {
    path_id(text, "the template")
}

/// A template in its current version.
#[utoipa::path(get, path = "/api/v1/templates/{id}", operation_id = "getTemplate", tag = "templates",
    params(("id" = TemplateId, Path)), responses((status = 200, body = Template)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Template>> {
    Ok(Json(templates::get(&engine, &principal, &template_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays, in the content too.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TemplateChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[schema(nullable = false)]
    format: Option<TemplateFormat>,
    #[schema(nullable = false)]
    content: Option<ContentBody>,
}

/// Changes a template. Another content or format makes a new version.
#[utoipa::path(patch, path = "/api/v1/templates/{id}", operation_id = "changeTemplate", tag = "templates",
    params(("id" = TemplateId, Path)), request_body = ChangeBody, responses((status = 200, body = Template)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Template>> {
    let content = body.content.unwrap_or_default();
    let change = TemplateChange {
        name: body.name,
        description: body.description,
        format: body.format,
        subject: content.subject,
        html: content.html,
        text: content.text,
        preview_text: content.preview_text,
    };
    Ok(Json(templates::change(&engine, &principal, &template_id(&id)?, change).await?))
}

/// Takes a template away with its versions. Messages that were made from it stay.
#[utoipa::path(delete, path = "/api/v1/templates/{id}", operation_id = "deleteTemplate", tag = "templates",
    params(("id" = TemplateId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    templates::delete(&engine, &principal, &template_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The versions of a template that are kept (100), newest first.
#[utoipa::path(get, path = "/api/v1/templates/{id}/versions", operation_id = "listTemplateVersions",
    tag = "templates", params(("id" = TemplateId, Path), PartQuery),
    responses((status = 200, body = Page<TemplateVersion>)))]
async fn versions(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<PartQuery>,
) -> Answer<Json<Page<TemplateVersion>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(templates::versions(&engine, &principal, &template_id(&id)?, part).await?)))
}

/// Variables to try a template with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreviewBody {
    #[serde(default, deserialize_with = "null_is_absent")]
    #[schema(value_type = Object)]
    variables: Map<String, Value>,
    /// The current one, where it is not said.
    version: Option<u64>,
}

/// A variable that is missing, or that the template can't show.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TemplateFault {
    /// Its names from the outermost on, with dots between them.
    variable: String,
    /// RFC 6901 pointer into the request.
    pointer: String,
    /// What is wrong, with the part, the line and the column it is wrong in.
    detail: String,
}

/// What a template comes to. The values that are missing or wrong are left out.
#[derive(Debug, Serialize, ToSchema)]
struct TemplatePreview {
    subject: String,
    html: Option<String>,
    text: Option<String>,
    /// Empty where a message can be sent.
    missing: Vec<TemplateFault>,
}

/// Renders a template without sending anything.
#[utoipa::path(post, path = "/api/v1/templates/{id}/preview", operation_id = "previewTemplate", tag = "templates",
    params(("id" = TemplateId, Path)), request_body = PreviewBody, responses((status = 200, body = TemplatePreview)))]
async fn preview(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<PreviewBody>,
) -> Answer<Json<TemplatePreview>> {
    let done = templates::preview(&engine, &principal, &template_id(&id)?, body.version, body.variables).await?;
    let missing = done.fields("/variables").into_iter().map(|(fault, field)| TemplateFault {
        variable: fault.variable.join("."),
        pointer: field.pointer,
        detail: field.detail,
    });
    let missing = missing.collect();
    let made = done.rendered;
    Ok(Json(TemplatePreview { subject: made.subject, html: made.html, text: made.text, missing }))
}

/// A message to try a template with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TemplateTest)]
struct TestBody {
    channel_id: String,
    #[schema(value_type = Recipients)]
    to: Value,
    #[serde(default, deserialize_with = "null_is_absent")]
    #[schema(value_type = Object)]
    variables: Map<String, Value>,
    /// The current one, where it is not said.
    version: Option<u64>,
}

/// Sends one message made from a template, marked with the tag `template-test`.
#[utoipa::path(post, path = "/api/v1/templates/{id}/test", operation_id = "testTemplate", tag = "templates",
    params(("id" = TemplateId, Path)), request_body = TestBody, responses((status = 202, body = Message)))]
async fn test(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<TestBody>,
) -> Answer<(StatusCode, Json<Message>)> {
    sending::may_send(&principal)?;
    let id = templates::get(&engine, &principal, &template_id(&id)?).await?.summary.id;
    let mut fields = Fields::default();
    let wrong = |error: model::id::InvalidId| EngineError::invalid("/channelId", error.to_string());
    let channel_id = body.channel_id.parse().map_err(wrong)?;
    let request = SendRequest {
        to: mailboxes(Some(&body.to), "/to", &mut fields),
        author_id: match &principal.actor {
            Actor::User(user, _) => Some(user.clone()),
            Actor::Key(_) => None,
        },
        tags: vec!["template-test".into()],
        template: Some(TemplateUse {
            reference: TemplateReference::Id(id),
            version: body.version,
            variables: body.variables,
        }),
        pointer: "",
        ..SendRequest::default()
    };
    fields.done()?;
    let sent = sending::send(&engine, &principal, &channel_id, request).await.map_err(beside_the_variables)?;
    Ok((StatusCode::ACCEPTED, Json(messages::load(&engine, &principal, &sent).await?)))
}

/// There is no `template` in this request: its variables stand beside the recipient.
fn beside_the_variables(error: EngineError) -> EngineError {
    let EngineError::Invalid(mut errors) = error else { return error };
    for error in &mut errors {
        if let Some(rest) = error.pointer.strip_prefix("/template") {
            error.pointer = rest.to_owned();
        }
    }
    EngineError::Invalid(errors)
}
