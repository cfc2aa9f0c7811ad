//! What people may ask for of their data: `/api/v1/contacts/{id}/export`, `…/erasure`, `…/erase` and `/api/v1/erasures`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use engine::{Engine, erasures, export};
use futures_util::{StreamExt as _, stream};
use model::privacy::{ErasedSuppressions, Erasure, ErasureCounts};
use model::{ContactId, ErasureId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(export_contact))
        .routes(routes!(preview))
        .routes(routes!(erase))
        .routes(routes!(list))
        .routes(routes!(get))
}

fn contact_id(text: &str) -> Answer<ContactId> {
    path_id(text, "the contact")
}

/// All that is kept of a contact: JSON and the raw mails. Administrators alone get it.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/export", operation_id = "exportContact", tag = "contacts",
    params(("id" = ContactId, Path)),
    responses((status = 200, description = "A zip archive, made while it is sent", content_type = "application/zip")))]
async fn export_contact(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Response> {
    let (contact, parts) = export::contact(&engine, &principal, &contact_id(&id)?).await?;
    let name = format!("attachment; filename=\"{}.zip\"", contact.id);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"))),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let parts = stream::unfold(parts, async |mut parts| parts.recv().await.map(|part| (part, parts)));
    // Layers above may ask once more after the end.
    Ok((headers, Body::from_stream(parts.fuse())).into_response())
}

/// How much an erasure of this contact would take away. Changes nothing.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/erasure", operation_id = "previewContactErasure", tag = "contacts",
    params(("id" = ContactId, Path)), responses((status = 200, body = ErasureCounts)))]
async fn preview(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<ErasureCounts>> {
    Ok(Json(erasures::preview(&engine, &principal, &contact_id(&id)?).await?))
}

/// What is kept all the same.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = ContactErase)]
struct EraseBody {
    /// What becomes of the addresses' suppressions; `keep` where it is not said.
    suppressions: ErasedSuppressions,
}

/// Erases a contact with all mail. Administrators alone do. The contact is gone at once, its mail in a while: see the erasure.
#[utoipa::path(post, path = "/api/v1/contacts/{id}/erase", operation_id = "eraseContact", tag = "contacts",
    params(("id" = ContactId, Path)), request_body = EraseBody, responses((status = 202, body = Erasure)))]
async fn erase(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<EraseBody>,
) -> Answer<(StatusCode, Json<Erasure>)> {
    let erasure = erasures::erase(&engine, &principal, &contact_id(&id)?, body.suppressions).await?;
    Ok((StatusCode::ACCEPTED, Json(erasure)))
}

/// Erasures, newest first.
#[utoipa::path(get, path = "/api/v1/erasures", operation_id = "listErasures", tag = "contacts", params(PageQuery),
    responses((status = 200, body = Page<Erasure>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Erasure>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(erasures::list(&engine, &principal, part).await?)))
}

/// An erasure, and whether it is done.
#[utoipa::path(get, path = "/api/v1/erasures/{id}", operation_id = "getErasure", tag = "contacts",
    params(("id" = ErasureId, Path)), responses((status = 200, body = Erasure)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Erasure>> {
    Ok(Json(erasures::get(&engine, &principal, &path_id(&id, "the erasure")?).await?))
}
