//! `/api/v1/drafts` and `/api/v1/uploads`: what a signed-in person writes, and the files for it.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use engine::attachments::File;
use engine::drafts::DraftPlace;
use engine::{Engine, EngineError, drafts, uploads};
use http_body_util::{BodyExt as _, Limited};
use model::draft::{Draft, DraftContent, Upload};
use model::limits::UPLOAD_BYTES_MAX;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::attachments::served;
use super::wire::{page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::{Answer, Problem};
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
        .routes(routes!(upload))
        .routes(routes!(content, remove))
}

/// A conversation's id, or `new` for a message that begins one.
fn place(text: &str) -> Answer<DraftPlace> {
    if text == "new" { Ok(None) } else { path_id(text, "the conversation").map(Some) }
}

/// Your drafts, those of the newest conversations first. One that changes meanwhile keeps its place.
#[utoipa::path(get, path = "/api/v1/drafts", operation_id = "listDrafts", tag = "drafts", params(PageQuery),
    responses((status = 200, body = Page<Draft>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Draft>>> {
    let slice = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(drafts::list(&engine, &principal, slice).await?)))
}

/// Your draft in a conversation, or with `new` of a message that begins one.
#[utoipa::path(get, path = "/api/v1/drafts/{place}", operation_id = "getDraft", tag = "drafts",
    params(("place" = String, Path, description = "A conversation's id, or `new`")), responses((status = 200, body = Draft)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(text): TextPath<String>,
) -> Answer<Json<Draft>> {
    Ok(Json(drafts::get(&engine, &principal, place(&text)?).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DraftBody {
    /// Of the draft this was made of; 0 where there was none.
    version: i64,
    content: DraftContent,
}

/// Keeps your draft. 409 where another device changed it since the version you name: nothing is written over unseen.
#[utoipa::path(put, path = "/api/v1/drafts/{place}", operation_id = "putDraft", tag = "drafts",
    params(("place" = String, Path, description = "A conversation's id, or `new`")), request_body = DraftBody,
    responses((status = 200, body = Draft), (status = 409, description = "It was changed elsewhere")))]
async fn put(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(text): TextPath<String>,
    StrictJson(body): StrictJson<DraftBody>,
) -> Answer<Json<Draft>> {
    Ok(Json(drafts::put(&engine, &principal, place(&text)?, body.version, body.content).await?))
}

/// Discards your draft.
#[utoipa::path(delete, path = "/api/v1/drafts/{place}", operation_id = "deleteDraft", tag = "drafts",
    params(("place" = String, Path, description = "A conversation's id, or `new`")), responses((status = 204)))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(text): TextPath<String>,
) -> Answer<StatusCode> {
    drafts::delete(&engine, &principal, place(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    filename: String,
}

/// Keeps a file (the body, at most 35 MiB) for a message that is being written: attach it by `uploadId`. It is there for 30 days.
#[utoipa::path(post, path = "/api/v1/uploads", operation_id = "upload", tag = "drafts", params(UploadQuery),
    request_body(content = String, content_type = "application/octet-stream"), responses((status = 201, body = Upload)))]
async fn upload(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<UploadQuery>,
    request: Request,
) -> Answer<(StatusCode, Json<Upload>)> {
    let said = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let too_large = |_| Problem::from(EngineError::TooLarge { limit: UPLOAD_BYTES_MAX as u64 });
    let body = Limited::new(request.into_body(), UPLOAD_BYTES_MAX).collect().await.map_err(too_large)?.to_bytes();
    Ok((StatusCode::CREATED, Json(uploads::add(&engine, &principal, &query.filename, said, body).await?)))
}

/// The bytes of a file that was uploaded. Never shown as a page of this origin.
#[utoipa::path(get, path = "/api/v1/uploads/{id}", operation_id = "getUpload", tag = "drafts",
    params(("id" = model::UploadId, Path)), responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
async fn content(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Response> {
    let (upload, bytes) = uploads::read(&engine, &principal, &path_id(&id, "the upload")?).await?;
    let file = File { filename: Some(upload.filename), content_type: upload.content_type, bytes };
    Ok(served(file, "private, max-age=3600"))
}

/// Forgets a file of yours that no message needs.
#[utoipa::path(delete, path = "/api/v1/uploads/{id}", operation_id = "deleteUpload", tag = "drafts",
    params(("id" = model::UploadId, Path)), responses((status = 204)))]
async fn remove(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    uploads::delete(&engine, &principal, &path_id(&id, "the upload")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
