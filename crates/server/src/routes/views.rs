//! `/api/v1/views`: saved views of the conversations, one's own and those that are shared.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::views::{self, NewView, ViewChange};
use model::ViewId;
use model::view::{View, ViewFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::path_id;
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath, null_is_absent};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete))
}

/// One's own views in their order, then those that others share, oldest first.
#[utoipa::path(get, path = "/api/v1/views", operation_id = "listViews", tag = "views", params(PageQuery),
    responses((status = 200, body = Page<View>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<View>>> {
    let all = views::list(&engine, &principal).await?;
    let own = views::owner(&principal);
    let place = |view: &View| {
        let is_own = view.owner_id == own;
        (!is_own, if is_own { view.position } else { 0 }, view.id.clone())
    };
    Ok(Json(Page::of_all(all, &query, Order::Asc, place)?))
}

/// A view to save.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewView)]
struct NewBody {
    name: String,
    filter: ViewFilter,
    /// Whether everybody of the workspace sees it; false where it is not said.
    #[serde(default, deserialize_with = "null_is_absent")]
    shared: bool,
}

/// Saves a view, behind one's others.
#[utoipa::path(post, path = "/api/v1/views", operation_id = "createView", tag = "views",
    request_body = NewBody, responses((status = 201, body = View)))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<View>)> {
    let new = NewView { name: body.name, filter: body.filter, shared: body.shared };
    Ok((StatusCode::CREATED, Json(views::create(&engine, &principal, new).await?)))
}

fn view_id(text: &str) -> Answer<ViewId> {
    path_id(text, "the view")
}

/// A view.
#[utoipa::path(get, path = "/api/v1/views/{id}", operation_id = "getView", tag = "views",
    params(("id" = ViewId, Path)), responses((status = 200, body = View)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<View>> {
    Ok(Json(views::get(&engine, &principal, &view_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ViewChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
    /// The whole of it: what is left out is left open.
    #[schema(nullable = false)]
    filter: Option<ViewFilter>,
    #[schema(nullable = false)]
    shared: Option<bool>,
    /// Its place among its owner's views, from 0; the others make room.
    #[schema(nullable = false)]
    position: Option<u32>,
}

/// Changes a view. Its owner may, and where it is shared the administrators.
#[utoipa::path(patch, path = "/api/v1/views/{id}", operation_id = "changeView", tag = "views",
    params(("id" = ViewId, Path)), request_body = ChangeBody, responses((status = 200, body = View)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<View>> {
    let change = ViewChange { name: body.name, filter: body.filter, shared: body.shared, position: body.position };
    Ok(Json(views::change(&engine, &principal, &view_id(&id)?, change).await?))
}

/// Takes a view away. The conversations stay.
#[utoipa::path(delete, path = "/api/v1/views/{id}", operation_id = "deleteView", tag = "views",
    params(("id" = ViewId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    views::delete(&engine, &principal, &view_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
