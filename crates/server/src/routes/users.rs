//! `/users`: the people of the workspace.

use axum::Json;
use axum::extract::State;
use engine::access;
use model::key::User;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Caller;
use crate::paging::Page;
use crate::problem::{Answer, Problem};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(me))
}

/// List the users of the workspace
#[utoipa::path(get, path = "/api/v1/users", tag = "users", responses((status = 200, description = "Oldest first", body = Page<User>)))]
async fn list(State(app): State<App>, caller: Caller) -> Answer<Json<Page<User>>> {
    let items = access::users(&app.engine, &caller.0).await?;
    Ok(Json(Page { items, cursor: String::new() }))
}

/// The user who asks
#[utoipa::path(get, path = "/api/v1/users/me", tag = "users", responses((status = 200, description = "The user", body = User), (status = 404, description = "A key asks, which is no user")))]
async fn me(State(app): State<App>, caller: Caller) -> Answer<Json<User>> {
    let users = access::users(&app.engine, &caller.0).await?;
    let found = users.into_iter().find(|user| Some(&user.id) == caller.user());
    found.map(Json).ok_or_else(|| Problem::not_found("an API key asks, which is no user"))
}
