//! `/api/v1/labels`: which labels the conversations have.

use axum::Json;
use axum::extract::State;
use engine::{Engine, conversations};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{page, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::StrictQuery;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Label {
    name: String,
}

/// The labels in use, by name. A label comes with the first conversation that has it and goes with the last.
#[utoipa::path(get, path = "/api/v1/labels", operation_id = "listLabels", tag = "conversations", params(PageQuery),
    responses((status = 200, body = Page<Label>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Label>>> {
    let slice = slice(query.cursor.as_deref(), query.take, query.order, Order::Asc)?;
    let Page { items, cursor } = page(conversations::labels(&engine, &principal, slice).await?);
    Ok(Json(Page { items: items.into_iter().map(|name| Label { name }).collect(), cursor }))
}
