//! `/api/v1/automations`: when something happens, and it is of a kind, then something is done. Made, ordered, tried, and their log.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::automations::{self, AutomationChange, DryRun, NewAutomation};
use model::absence::nullable;
use model::automation::{Automation, AutomationAction, AutomationRun, AutomationTest, AutomationTrigger, Conditions};
use model::{AutomationId, AutomationRunId};
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
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(test))
        .routes(routes!(get, change, delete))
        .routes(routes!(test_kept))
        .routes(routes!(runs))
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

/// Automations, in the order in which they are looked at.
#[utoipa::path(get, path = "/api/v1/automations", operation_id = "listAutomations", tag = "automations",
    params(ListQuery), responses((status = 200, body = Page<Automation>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<Automation>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Asc)?;
    Ok(Json(page(automations::list(&engine, &principal, part).await?)))
}

/// An automation to make. It is the last in the order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewAutomation)]
struct NewBody {
    name: String,
    /// True where it is not said.
    enabled: Option<bool>,
    trigger: AutomationTrigger,
    /// Minutes without an answer, for `conversation.idle` alone.
    idle_minutes: Option<u32>,
    /// None where they are not said: whatever sets it off, it matches.
    #[serde(default, deserialize_with = "null_is_absent")]
    conditions: Conditions,
    actions: Vec<AutomationAction>,
    /// Where it matched, no automation behind it is looked at. False where it is not said.
    #[serde(default, deserialize_with = "null_is_absent")]
    stop_after: bool,
}

/// Makes an automation. What happened before does not set it off.
#[utoipa::path(post, path = "/api/v1/automations", operation_id = "createAutomation", tag = "automations",
    request_body = NewBody, responses((status = 201, body = Automation), (status = 409, description = "There are too many")))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<Automation>)> {
    let new = NewAutomation {
        name: body.name,
        enabled: body.enabled.unwrap_or(true),
        trigger: body.trigger,
        idle_minutes: body.idle_minutes,
        conditions: body.conditions,
        actions: body.actions,
        stop_after: body.stop_after,
    };
    Ok((StatusCode::CREATED, Json(automations::create(&engine, &principal, new).await?)))
}

/// An automation to try without keeping it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AutomationToTest)]
struct TestBody {
    trigger: AutomationTrigger,
    idle_minutes: Option<u32>,
    #[serde(default, deserialize_with = "null_is_absent")]
    conditions: Conditions,
    actions: Vec<AutomationAction>,
    /// How many of the newest mails are looked at: 1 to 500, 100 where it is not said.
    take: Option<usize>,
}

/// Tries an automation that is not kept, on the newest mail: which it would match, and what it would do. Nothing is changed.
#[utoipa::path(post, path = "/api/v1/automations/test", operation_id = "testNewAutomation", tag = "automations",
    request_body = TestBody, responses((status = 200, body = AutomationTest)))]
async fn test(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<TestBody>,
) -> Answer<Json<AutomationTest>> {
    let asked = DryRun {
        trigger: body.trigger,
        idle_minutes: body.idle_minutes,
        conditions: body.conditions,
        actions: body.actions,
        take: body.take,
    };
    Ok(Json(automations::test(&engine, &principal, asked).await?))
}

fn automation_id(text: &str) -> Answer<AutomationId> {
    path_id(text, "the automation")
}

/// An automation.
#[utoipa::path(get, path = "/api/v1/automations/{id}", operation_id = "getAutomation", tag = "automations",
    params(("id" = AutomationId, Path)), responses((status = 200, body = Automation)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Automation>> {
    Ok(Json(automations::get(&engine, &principal, &automation_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AutomationChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// Its new place in the order, from 0 on; the others make room. Beyond the end is the last.
    #[schema(nullable = false)]
    position: Option<u64>,
    #[schema(nullable = false)]
    trigger: Option<AutomationTrigger>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    idle_minutes: Option<Option<u32>>,
    #[schema(nullable = false)]
    conditions: Option<Conditions>,
    #[schema(nullable = false)]
    actions: Option<Vec<AutomationAction>>,
    #[schema(nullable = false)]
    stop_after: Option<bool>,
}

/// Changes an automation, turns it on or off, or moves it.
#[utoipa::path(patch, path = "/api/v1/automations/{id}", operation_id = "changeAutomation", tag = "automations",
    params(("id" = AutomationId, Path)), request_body = ChangeBody, responses((status = 200, body = Automation)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Automation>> {
    let change = AutomationChange {
        name: body.name,
        enabled: body.enabled,
        position: body.position,
        trigger: body.trigger,
        idle_minutes: body.idle_minutes,
        conditions: body.conditions,
        actions: body.actions,
        stop_after: body.stop_after,
    };
    Ok(Json(automations::change(&engine, &principal, &automation_id(&id)?, change).await?))
}

/// Takes an automation away, with its log. What it did stays.
#[utoipa::path(delete, path = "/api/v1/automations/{id}", operation_id = "deleteAutomation", tag = "automations",
    params(("id" = AutomationId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    automations::delete(&engine, &principal, &automation_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AutomationTestOptions)]
struct TakeBody {
    /// How many of the newest mails are looked at: 1 to 500, 100 where it is not said.
    take: Option<usize>,
}

/// Tries an automation on the newest mail, on or off: which it would match, and what it would do. Nothing is changed.
#[utoipa::path(post, path = "/api/v1/automations/{id}/test", operation_id = "testAutomation", tag = "automations",
    params(("id" = AutomationId, Path)), request_body = TakeBody, responses((status = 200, body = AutomationTest)))]
async fn test_kept(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<TakeBody>,
) -> Answer<Json<AutomationTest>> {
    Ok(Json(automations::test_kept(&engine, &principal, &automation_id(&id)?, body.take).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RunsQuery {
    cursor: Option<String>,
    take: Option<usize>,
    /// `desc` (newest first) where it is not said.
    order: Option<Order>,
}

/// What an automation matched and did, newest first. Kept for 30 days.
#[utoipa::path(get, path = "/api/v1/automations/{id}/runs", operation_id = "listAutomationRuns", tag = "automations",
    params(("id" = AutomationId, Path), RunsQuery), responses((status = 200, body = Page<AutomationRun>)))]
async fn runs(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<RunsQuery>,
) -> Answer<Json<Page<AutomationRun>>> {
    let part = slice::<AutomationRunId>(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(automations::runs(&engine, &principal, &automation_id(&id)?, part).await?)))
}
