//! `/api/v1/suppressions`: addresses that are not written to; one by one, and as CSV in and out.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::listing::SliceOf;
use engine::suppressions::{self, Added, EXPORT_HEADER, Imported, NewSuppression, write_csv_row};
use engine::{Engine, EngineError};
use futures_util::{StreamExt as _, stream};
use model::key::Principal;
use model::limits::{PAGE_TAKE_MAX, SUPPRESSION_IMPORT_BYTES_MAX};
use model::suppression::{Suppression, SuppressionReason, SuppressionScope};
use model::{SuppressionId, Timestamp};
use serde::Deserialize;
use store::suppressions::Filter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{csv_body, page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(import))
        .routes(routes!(export))
        .routes(routes!(get, delete))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Those of this address, in any spelling of it.
    address: Option<String>,
    scope: Option<SuppressionScope>,
    scope_id: Option<String>,
    reason: Option<SuppressionReason>,
    cursor: Option<String>,
    take: Option<usize>,
    /// `desc` (newest first) where it is not said.
    order: Option<Order>,
}

/// Addresses that are not written to, newest first.
#[utoipa::path(get, path = "/api/v1/suppressions", operation_id = "listSuppressions", tag = "suppressions",
    params(ListQuery), responses((status = 200, body = Page<Suppression>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<Suppression>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    let filter = Filter { address: query.address, scope: query.scope, scope_id: query.scope_id, reason: query.reason };
    Ok(Json(page(suppressions::list(&engine, &principal, filter, part).await?)))
}

/// An address to suppress.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSuppression)]
struct NewBody {
    address: String,
    /// `workspace` where it is not said.
    scope: Option<SuppressionScope>,
    /// The use case or the domain, where the scope is one.
    scope_id: Option<String>,
    /// `manual` where it is not said.
    reason: Option<SuppressionReason>,
    detail: Option<String>,
    /// When it ends by itself.
    expires_at: Option<Timestamp>,
}

/// Suppresses an address: 201 where it was not, 200 where it was. Of two reasons the stronger is kept, of two ends the later one.
#[utoipa::path(post, path = "/api/v1/suppressions", operation_id = "createSuppression", tag = "suppressions",
    request_body = NewBody, responses((status = 201, body = Suppression),
        (status = 200, body = Suppression, description = "It was suppressed already")))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<Suppression>)> {
    let new = NewSuppression {
        address: body.address,
        scope: body.scope.unwrap_or(SuppressionScope::Workspace),
        scope_id: body.scope_id,
        reason: body.reason.unwrap_or(SuppressionReason::Manual),
        detail: body.detail,
        message_id: None,
        expires_at: body.expires_at,
    };
    let (suppression, added) = suppressions::add(&engine, &principal, new).await?;
    let status = if added == Added::New { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(suppression)))
}

fn suppression_id(text: &str) -> Answer<SuppressionId> {
    path_id(text, "the suppression")
}

/// A suppression that holds.
#[utoipa::path(get, path = "/api/v1/suppressions/{id}", operation_id = "getSuppression", tag = "suppressions",
    params(("id" = SuppressionId, Path)), responses((status = 200, body = Suppression)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Suppression>> {
    Ok(Json(suppressions::get(&engine, &principal, &suppression_id(&id)?).await?))
}

/// Takes an address off the list. Who did is kept.
#[utoipa::path(delete, path = "/api/v1/suppressions/{id}", operation_id = "deleteSuppression", tag = "suppressions",
    params(("id" = SuppressionId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    suppressions::remove(&engine, &principal, &suppression_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes in a list: CSV with a header row (`address,scope,scopeId,reason,expiresAt`, of which `address` is needed), at most 10 MB and
/// 100,000 rows. Rows that are wrong are told of and left out.
#[utoipa::path(post, path = "/api/v1/suppressions/import", operation_id = "importSuppressions", tag = "suppressions",
    request_body(content = String, content_type = "text/csv"), responses((status = 200, body = Imported),
        (status = 413, description = "More than 10 MB"), (status = 415, description = "The body is not text/csv")))]
async fn import(State(engine): State<Engine>, Caller(principal): Caller, request: Request) -> Answer<Json<Imported>> {
    let text = csv_body(request, SUPPRESSION_IMPORT_BYTES_MAX).await?;
    Ok(Json(suppressions::import(&engine, &principal, &text).await?))
}

/// Gives out the whole list as CSV, oldest first, as it can be imported again.
#[utoipa::path(get, path = "/api/v1/suppressions/export", operation_id = "exportSuppressions", tag = "suppressions",
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn export(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Response> {
    // Before the answer begins: who may not, is told so.
    let first = csv_page(&engine, &principal, None).await?;
    let mut head = String::new();
    write_csv_row(&mut head, &EXPORT_HEADER);
    let pages = stream::unfold(Some((head, Ok(first))), move |state| {
        let (engine, principal) = (engine.clone(), principal.clone());
        async move {
            let (text, next) = match state? {
                (head, Ok((rows, next))) => (head + &rows, next),
                (_, Err(error)) => return Some((Err::<Bytes, std::io::Error>(error), None)),
            };
            let following = match next {
                Some(place) => {
                    let page = csv_page(&engine, &principal, Some(place)).await;
                    // A file that ends in the middle must not look whole.
                    Some((String::new(), page.map_err(|error| std::io::Error::other(error.to_string()))))
                }
                None => None,
            };
            Some((Ok(Bytes::from(text)), following))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"suppressions.csv\""),
    ];
    // Layers above may ask once more after the end: the one that compresses does.
    Ok((headers, Body::from_stream(pages.fuse())).into_response())
}

/// Some rows, and the place they go on behind.
async fn csv_page(
    engine: &Engine,
    principal: &Principal,
    after: Option<SuppressionId>,
) -> Result<(String, Option<SuppressionId>), EngineError> {
    let part = SliceOf { after, ascending: true, take: PAGE_TAKE_MAX };
    let listing = suppressions::list(engine, principal, Filter::default(), part).await?;
    let mut rows = String::new();
    for suppression in &listing.items {
        let expires_at = suppression.expires_at.map(|at| at.to_string()).unwrap_or_default();
        let fields = [
            &suppression.address,
            suppression.scope.as_str(),
            suppression.scope_id.as_deref().unwrap_or_default(),
            suppression.reason.as_str(),
            &expires_at,
        ];
        write_csv_row(&mut rows, &fields);
    }
    Ok((rows, listing.next))
}
