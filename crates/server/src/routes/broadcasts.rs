//! `/api/v1/broadcasts`: one mail to everybody on a list; made, sent, paused, resumed, cancelled, watched.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::broadcasts::{self, BroadcastChange, NewBroadcast};
use model::absence::nullable;
use model::broadcast::{Broadcast, BroadcastTracking};
use model::id::InvalidId;
use model::{BroadcastId, ContactListId, TemplateId, Timestamp, UseCaseId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::outgoing::TrackingBody;
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
        .routes(routes!(send))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(cancel))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    cursor: Option<String>,
    take: Option<usize>,
    /// `desc` (newest first) where it is not said.
    order: Option<Order>,
}

/// Broadcasts, newest first.
#[utoipa::path(get, path = "/api/v1/broadcasts", operation_id = "listBroadcasts", tag = "broadcasts",
    params(ListQuery), responses((status = 200, body = Page<Broadcast>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<Broadcast>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(broadcasts::list(&engine, &principal, part).await?)))
}

/// A broadcast to make. It has a subject with a text, an HTML or both, or a template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewBroadcast)]
struct NewBody {
    name: String,
    #[schema(value_type = UseCaseId)]
    use_case_id: String,
    #[schema(value_type = ContactListId)]
    list_id: String,
    /// Handlebars, filled in with each member's variables; so are text and HTML.
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    #[schema(value_type = Option<TemplateId>)]
    template_id: Option<String>,
    /// The current one when it starts, where it is not said.
    template_version: Option<u64>,
    tracking: Option<TrackingBody>,
    /// Of each of its messages.
    #[serde(default, deserialize_with = "null_is_absent")]
    tags: Vec<String>,
    /// Sent no earlier, once `send` was asked for.
    scheduled_at: Option<Timestamp>,
}

impl NewBody {
    fn read(self) -> Result<Option<NewBroadcast>, engine::EngineError> {
        let mut fields = Fields::default();
        let mut wrong = |pointer: &str, error: &InvalidId| fields.wrong(pointer, error.to_string());
        let use_case_id = self.use_case_id.parse().map_err(|error| wrong("/useCaseId", &error)).ok();
        let list_id = self.list_id.parse().map_err(|error| wrong("/listId", &error)).ok();
        let template_id = self.template_id.map(|id| id.parse().map_err(|error| wrong("/templateId", &error)));
        fields.done()?;
        let (Some(use_case_id), Some(list_id)) = (use_case_id, list_id) else { return Ok(None) };
        let tracking = self.tracking.map(TrackingBody::read).unwrap_or_default();
        Ok(Some(NewBroadcast {
            name: self.name,
            use_case_id,
            list_id,
            subject: self.subject,
            text: self.text,
            html: self.html,
            template_id: template_id.and_then(Result::ok),
            template_version: self.template_version,
            tracking: BroadcastTracking { opens: tracking.opens, clicks: tracking.clicks },
            tags: self.tags,
            scheduled_at: self.scheduled_at,
        }))
    }
}

/// Makes a broadcast. Nothing is sent before `send`.
#[utoipa::path(post, path = "/api/v1/broadcasts", operation_id = "createBroadcast", tag = "broadcasts",
    request_body = NewBody, responses((status = 201, body = Broadcast)))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<Broadcast>)> {
    let Some(new) = body.read()? else { return Err(engine::EngineError::NotFound { what: "the use case" }.into()) };
    Ok((StatusCode::CREATED, Json(broadcasts::create(&engine, &principal, new).await?)))
}

fn broadcast_id(text: &str) -> Answer<BroadcastId> {
    path_id(text, "the broadcast")
}

/// A broadcast with the texts it is made of; a template has them where it is made of one.
#[derive(Debug, Serialize, ToSchema)]
struct BroadcastWithContent {
    #[serde(flatten)]
    broadcast: Broadcast,
    text: Option<String>,
    html: Option<String>,
}

/// A broadcast, how far it is, and what it is made of.
#[utoipa::path(get, path = "/api/v1/broadcasts/{id}", operation_id = "getBroadcast", tag = "broadcasts",
    params(("id" = BroadcastId, Path)), responses((status = 200, body = BroadcastWithContent)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<BroadcastWithContent>> {
    let (broadcast, content) = broadcasts::get(&engine, &principal, &broadcast_id(&id)?).await?;
    Ok(Json(BroadcastWithContent { broadcast, text: content.text, html: content.html }))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BroadcastChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
    #[schema(value_type = Option<UseCaseId>, nullable = false)]
    use_case_id: Option<String>,
    #[schema(value_type = Option<ContactListId>, nullable = false)]
    list_id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    subject: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    text: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    html: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<TemplateId>)]
    template_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u64>)]
    template_version: Option<Option<u64>>,
    #[schema(nullable = false)]
    tracking: Option<TrackingBody>,
    #[schema(nullable = false)]
    tags: Option<Vec<String>>,
    /// Null makes a scheduled one a draft again.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Timestamp>)]
    scheduled_at: Option<Option<Timestamp>>,
}

impl ChangeBody {
    fn read(self) -> Result<BroadcastChange, engine::EngineError> {
        let mut fields = Fields::default();
        let mut wrong = |pointer: &str, error: &InvalidId| fields.wrong(pointer, error.to_string());
        let use_case_id = self.use_case_id.map(|id| id.parse().map_err(|error| wrong("/useCaseId", &error)));
        let list_id = self.list_id.map(|id| id.parse().map_err(|error| wrong("/listId", &error)));
        let template_id =
            self.template_id.map(|id| id.map(|id| id.parse().map_err(|error| wrong("/templateId", &error))));
        fields.done()?;
        let tracking = self.tracking.map(TrackingBody::read);
        Ok(BroadcastChange {
            name: self.name,
            use_case_id: use_case_id.and_then(Result::ok),
            list_id: list_id.and_then(Result::ok),
            subject: self.subject,
            text: self.text,
            html: self.html,
            template_id: template_id.map(|id| id.and_then(Result::ok)),
            template_version: self.template_version,
            tracking: tracking.map(|tracking| BroadcastTracking { opens: tracking.opens, clicks: tracking.clicks }),
            tags: self.tags,
            scheduled_at: self.scheduled_at,
        })
    }
}

/// Changes a broadcast that has not started.
#[utoipa::path(patch, path = "/api/v1/broadcasts/{id}", operation_id = "changeBroadcast", tag = "broadcasts",
    params(("id" = BroadcastId, Path)), request_body = ChangeBody, responses((status = 200, body = Broadcast),
        (status = 409, description = "It has started, or somebody else changed it at the same time")))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Broadcast>> {
    Ok(Json(broadcasts::change(&engine, &principal, &broadcast_id(&id)?, body.read()?).await?))
}

/// Takes a broadcast away that never started.
#[utoipa::path(delete, path = "/api/v1/broadcasts/{id}", operation_id = "deleteBroadcast", tag = "broadcasts",
    params(("id" = BroadcastId, Path)), responses((status = 204, description = "It is gone"),
        (status = 409, description = "It has started")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    broadcasts::delete(&engine, &principal, &broadcast_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts a draft, or schedules it where its `scheduledAt` is ahead. Whom it goes to and what it says is fixed when it starts.
#[utoipa::path(post, path = "/api/v1/broadcasts/{id}/send", operation_id = "sendBroadcast", tag = "broadcasts",
    params(("id" = BroadcastId, Path)), responses((status = 200, body = Broadcast),
        (status = 409, description = "It is no draft, or can't be sent as things are")))]
async fn send(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Broadcast>> {
    Ok(Json(broadcasts::send(&engine, &principal, &broadcast_id(&id)?).await?))
}

/// Stops a broadcast that is being sent, until it is resumed. What is handed over at this moment still goes out.
#[utoipa::path(post, path = "/api/v1/broadcasts/{id}/pause", operation_id = "pauseBroadcast", tag = "broadcasts",
    params(("id" = BroadcastId, Path)), responses((status = 200, body = Broadcast),
        (status = 409, description = "It is not being sent")))]
async fn pause(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Broadcast>> {
    Ok(Json(broadcasts::pause(&engine, &principal, &broadcast_id(&id)?).await?))
}

/// Goes on with a paused broadcast.
#[utoipa::path(post, path = "/api/v1/broadcasts/{id}/resume", operation_id = "resumeBroadcast", tag = "broadcasts",
    params(("id" = BroadcastId, Path)), responses((status = 200, body = Broadcast),
        (status = 409, description = "It is not paused")))]
async fn resume(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Broadcast>> {
    Ok(Json(broadcasts::resume(&engine, &principal, &broadcast_id(&id)?).await?))
}

/// Ends a broadcast that is not over: what has not left by now never does.
#[utoipa::path(post, path = "/api/v1/broadcasts/{id}/cancel", operation_id = "cancelBroadcast", tag = "broadcasts",
    params(("id" = BroadcastId, Path)), responses((status = 200, body = Broadcast),
        (status = 409, description = "It is over")))]
async fn cancel(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Broadcast>> {
    Ok(Json(broadcasts::cancel(&engine, &principal, &broadcast_id(&id)?).await?))
}
