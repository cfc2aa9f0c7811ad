//! `/api/v1/sla-policies`: within what time conversations are answered and resolved.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::sla::{self, NewSlaPolicy, SlaPolicyChange};
use model::SlaPolicyId;
use model::absence::nullable;
use model::sla::{SlaPolicy, SlaScope};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath, null_is_absent};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    cursor: Option<String>,
    take: Option<usize>,
    /// `asc` (the first in the order first) where it is not said.
    order: Option<Order>,
}

/// SLA policies, in the order in which they are looked at: of those that fit a conversation the first counts.
#[utoipa::path(get, path = "/api/v1/sla-policies", operation_id = "listSlaPolicies", tag = "sla",
    params(ListQuery), responses((status = 200, body = Page<SlaPolicy>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<SlaPolicy>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Asc)?;
    Ok(Json(page(sla::list(&engine, &principal, part).await?)))
}

/// A policy to make. It is the last in the order. At least one time is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSlaPolicy)]
struct NewBody {
    name: String,
    /// Every conversation, where it is not said.
    #[serde(default, deserialize_with = "null_is_absent")]
    applies_to: SlaScope,
    /// 60 to 7776000 (90 days).
    first_response_seconds: Option<u32>,
    next_response_seconds: Option<u32>,
    resolution_seconds: Option<u32>,
    /// False where it is not said: every hour counts.
    #[serde(default, deserialize_with = "null_is_absent")]
    business_hours_only: bool,
}

/// Makes an SLA policy. Conversations come under it with the next mail of their customer.
#[utoipa::path(post, path = "/api/v1/sla-policies", operation_id = "createSlaPolicy", tag = "sla",
    request_body = NewBody, responses((status = 201, body = SlaPolicy), (status = 409, description = "There are too many")))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<SlaPolicy>)> {
    let new = NewSlaPolicy {
        name: body.name,
        applies_to: body.applies_to,
        first_response_seconds: body.first_response_seconds,
        next_response_seconds: body.next_response_seconds,
        resolution_seconds: body.resolution_seconds,
        business_hours_only: body.business_hours_only,
    };
    Ok((StatusCode::CREATED, Json(sla::create(&engine, &principal, new).await?)))
}

fn policy_id(text: &str) -> Answer<SlaPolicyId> {
    path_id(text, "the SLA policy")
}

/// An SLA policy.
#[utoipa::path(get, path = "/api/v1/sla-policies/{id}", operation_id = "getSlaPolicy", tag = "sla",
    params(("id" = SlaPolicyId, Path)), responses((status = 200, body = SlaPolicy)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<SlaPolicy>> {
    Ok(Json(sla::get(&engine, &principal, &policy_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SlaPolicyChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
    /// Its new place in the order, from 0 on; the others make room. Beyond the end is the last.
    #[schema(nullable = false)]
    position: Option<u64>,
    #[schema(nullable = false)]
    applies_to: Option<SlaScope>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    first_response_seconds: Option<Option<u32>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    next_response_seconds: Option<Option<u32>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    resolution_seconds: Option<Option<u32>>,
    #[schema(nullable = false)]
    business_hours_only: Option<bool>,
}

/// Changes an SLA policy, or moves it. Timers that run keep the time they were given.
#[utoipa::path(patch, path = "/api/v1/sla-policies/{id}", operation_id = "changeSlaPolicy", tag = "sla",
    params(("id" = SlaPolicyId, Path)), request_body = ChangeBody, responses((status = 200, body = SlaPolicy)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<SlaPolicy>> {
    let change = SlaPolicyChange {
        name: body.name,
        position: body.position,
        applies_to: body.applies_to,
        first_response_seconds: body.first_response_seconds,
        next_response_seconds: body.next_response_seconds,
        resolution_seconds: body.resolution_seconds,
        business_hours_only: body.business_hours_only,
    };
    Ok(Json(sla::change(&engine, &principal, &policy_id(&id)?, change).await?))
}

/// Takes an SLA policy away. The timers that run by it end a moment later.
#[utoipa::path(delete, path = "/api/v1/sla-policies/{id}", operation_id = "deleteSlaPolicy", tag = "sla",
    params(("id" = SlaPolicyId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    sla::delete(&engine, &principal, &policy_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
