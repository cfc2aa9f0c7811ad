//! `/api/v1/labels`: which labels the conversations have.

use axum::Json;
use axum::extract::State;
use engine::{Engine, conversations};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Caller;
use crate::paging::Page;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Label {
    name: String,
}

/// The labels in use, by name: the first 1,000, on one page. A label comes with the first conversation that has it and goes with
/// the last.
#[utoipa::path(get, path = "/api/v1/labels", operation_id = "listLabels", tag = "conversations",
    responses((status = 200, body = Page<Label>)))]
async fn list(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<Page<Label>>> {
    let names = conversations::labels(&engine, &principal).await?;
    Ok(Json(Page { items: names.into_iter().map(|name| Label { name }).collect(), cursor: String::new() }))
}
