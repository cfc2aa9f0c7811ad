//! `/api/v1/retention`: how long the workspace keeps what.

use axum::Json;
use axum::extract::State;
use engine::{Engine, retention};
use model::privacy::{ErasureCounts, RetentionRules};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answer;
use crate::strict::StrictJson;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put)).routes(routes!(preview))
}

/// How long the workspace keeps what. Administrators alone see it.
#[utoipa::path(get, path = "/api/v1/retention", operation_id = "getRetention", tag = "workspace",
    responses((status = 200, body = RetentionRules)))]
async fn get(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<RetentionRules>> {
    Ok(Json(retention::get(&engine, &principal).await?))
}

/// Keeps rules in place of those there were; what is over by them goes from now on.
#[utoipa::path(put, path = "/api/v1/retention", operation_id = "putRetention", tag = "workspace",
    request_body = RetentionRules, responses((status = 200, body = RetentionRules)))]
async fn put(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(rules): StrictJson<RetentionRules>,
) -> Answer<Json<RetentionRules>> {
    Ok(Json(retention::put(&engine, &principal, rules).await?))
}

/// How much would go at once if these rules held. Changes nothing.
#[utoipa::path(post, path = "/api/v1/retention/preview", operation_id = "previewRetention", tag = "workspace",
    request_body = RetentionRules, responses((status = 200, body = ErasureCounts)))]
async fn preview(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(rules): StrictJson<RetentionRules>,
) -> Answer<Json<ErasureCounts>> {
    Ok(Json(retention::preview(&engine, &principal, rules).await?))
}
