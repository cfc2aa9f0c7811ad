//! `/api/v1/workspace/business-hours`: when the workspace is at work.

use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::business_hours::{self, BusinessHoursChange};
use model::business_hours::{BusinessHours, Holiday, OpenHours};
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

/// The workspace's business hours. Until somebody says otherwise: Monday to Friday, 9 to 17, UTC.
#[utoipa::path(get, path = "/api/v1/workspace/business-hours", operation_id = "getBusinessHours", tag = "automations",
    responses((status = 200, body = BusinessHours)))]
async fn get(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<BusinessHours>> {
    Ok(Json(business_hours::get(&engine, &principal).await?))
}

/// What is to be different; a field that is left out stays. Lists are given whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BusinessHoursChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    time_zone: Option<String>,
    #[schema(nullable = false)]
    weekly: Option<Vec<OpenHours>>,
    #[schema(nullable = false)]
    holidays: Option<Vec<Holiday>>,
}

/// Changes the workspace's business hours.
#[utoipa::path(patch, path = "/api/v1/workspace/business-hours", operation_id = "changeBusinessHours", tag = "automations",
    request_body = ChangeBody, responses((status = 200, body = BusinessHours)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<BusinessHours>> {
    let change = BusinessHoursChange { time_zone: body.time_zone, weekly: body.weekly, holidays: body.holidays };
    Ok(Json(business_hours::change(&engine, &principal, change).await?))
}
