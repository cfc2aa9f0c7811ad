//! `/api/v1/workspace`: the workspace's own settings.

use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::workspace::{self, WorkspaceChange};
use model::absence::nullable;
use model::workspace::Workspace;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answer;
use crate::strict::StrictJson;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, change))
}

/// The workspace's settings.
#[utoipa::path(get, path = "/api/v1/workspace", operation_id = "getWorkspace", tag = "workspace",
    responses((status = 200, body = Workspace)))]
async fn get(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<Workspace>> {
    Ok(Json(workspace::get(&engine, &principal).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = WorkspaceChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
    /// Of the IANA database; the business hours' own.
    #[schema(nullable = false)]
    time_zone: Option<String>,
    /// `en`, `de`, or null for the browser's.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
    #[schema(nullable = false)]
    second_factor_required: Option<bool>,
    /// 3,600 (an hour) to 7,776,000 (90 days). A shorter time ends sessions that are older.
    #[schema(nullable = false)]
    session_seconds: Option<u64>,
    /// False only where an identity provider is on.
    #[schema(nullable = false)]
    password_sign_in: Option<bool>,
    /// 30 to 3,650.
    #[schema(nullable = false)]
    audit_log_days: Option<u64>,
}

/// Changes the workspace's settings. Administrators alone do.
#[utoipa::path(patch, path = "/api/v1/workspace", operation_id = "changeWorkspace", tag = "workspace", request_body = ChangeBody,
    responses((status = 200, body = Workspace), (status = 409, description = "Nobody could sign in any more")))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Workspace>> {
    let change = WorkspaceChange {
        name: body.name,
        time_zone: body.time_zone,
        language: body.language,
        second_factor_required: body.second_factor_required,
        session_seconds: body.session_seconds,
        password_sign_in: body.password_sign_in,
        audit_log_days: body.audit_log_days,
    };
    Ok(Json(workspace::change(&engine, &principal, change).await?))
}
