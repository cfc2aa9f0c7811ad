//! `/api/v1/teams`: people who share conversations.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::teams::{self, NewTeam, TeamChange};
use model::team::{Assignment, Team};
use model::{TeamId, UserId};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::path_id;
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete))
}

/// Teams, oldest first.
#[utoipa::path(get, path = "/api/v1/teams", operation_id = "listTeams", tag = "teams", params(PageQuery),
    responses((status = 200, body = Page<Team>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Team>>> {
    let all = teams::list(&engine, &principal).await?;
    Ok(Json(Page::of_all(all, &query, Order::Asc, |team| team.id.clone())?))
}

/// A team to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewTeam)]
struct NewBody {
    /// Of no other team of the workspace, whatever its case.
    name: String,
    /// Users of the workspace; nobody where it is not said.
    #[serde(default)]
    member_ids: Vec<UserId>,
    /// Who gets what the team is given; `manual` where it is not said.
    #[serde(default)]
    assignment: Assignment,
}

/// Makes a team. Administrators alone do.
#[utoipa::path(post, path = "/api/v1/teams", operation_id = "createTeam", tag = "teams", request_body = NewBody,
    responses((status = 201, body = Team), (status = 409, description = "Another team has the name, or there are too many")))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<Team>)> {
    let new = NewTeam { name: body.name, member_ids: body.member_ids, assignment: body.assignment };
    Ok((StatusCode::CREATED, Json(teams::create(&engine, &principal, new).await?)))
}

fn team_id(text: &str) -> Answer<TeamId> {
    path_id(text, "the team")
}

/// A team.
#[utoipa::path(get, path = "/api/v1/teams/{id}", operation_id = "getTeam", tag = "teams", params(("id" = TeamId, Path)),
    responses((status = 200, body = Team)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Team>> {
    Ok(Json(teams::get(&engine, &principal, &team_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TeamChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
    /// All of them: those that are not said are taken out.
    #[schema(nullable = false)]
    member_ids: Option<Vec<UserId>>,
    #[schema(nullable = false)]
    assignment: Option<Assignment>,
}

/// Changes a team. What its members have stays with them.
#[utoipa::path(patch, path = "/api/v1/teams/{id}", operation_id = "changeTeam", tag = "teams",
    params(("id" = TeamId, Path)), request_body = ChangeBody,
    responses((status = 200, body = Team), (status = 409, description = "Another team has the name")))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Team>> {
    let change = TeamChange { name: body.name, member_ids: body.member_ids, assignment: body.assignment };
    Ok(Json(teams::change(&engine, &principal, &team_id(&id)?, change).await?))
}

/// Takes a team away. Its conversations stay with whom they are assigned to, and with no team.
#[utoipa::path(delete, path = "/api/v1/teams/{id}", operation_id = "deleteTeam", tag = "teams",
    params(("id" = TeamId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    teams::delete(&engine, &principal, &team_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
