//! `/users`: the people of the workspace.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use engine::access;
use engine::invitations::{self, Invitation, InviteAgain};
use engine::users::{self, CreatedUser, NewUser, UserChange};
use model::UserId;
use model::key::User;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{self, Caller};
use crate::client_address::client;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::{IdPath, StrictJson, StrictQuery};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(me, change_me))
        .routes(routes!(show, change, delete))
        .routes(routes!(invite))
}

/// List the users of the workspace
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", tag = "users", params(PageQuery), responses((status = 200, description = "Oldest first", body = Page<User>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<User>>> {
    let all = access::users(&app.engine, &caller.0).await?;
    Ok(Json(Page::of_all(all, &query, Order::Asc, |user| user.id.clone())?))
}

/// Add a user
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", tag = "users", request_body = NewUser, responses((status = 201, description = "The user, with a link to sign in once if no password was set", body = CreatedUser), (status = 409, description = "The address is taken, or no channel can send the invitation")))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    StrictJson(new): StrictJson<NewUser>,
) -> Answer<(StatusCode, Json<CreatedUser>)> {
    Ok((StatusCode::CREATED, Json(users::create(&app.engine, &caller.0, new).await?)))
}

/// Changes a user; a current password that is said is looked at as often as one may try to sign in.
async fn changed(app: &App, caller: &Caller, id: &UserId, parts: &Parts, change: UserChange) -> Answer<User> {
    if change.current_password.is_some() {
        app.limiter.check_sign_in(client(&parts.extensions))?;
        app.limiter.check_account(&users::get(&app.engine, &caller.0, id).await?.email)?;
    }
    let token = auth::session_token(&parts.headers);
    Ok(users::update(&app.engine, &caller.0, id, change, token.as_deref()).await?)
}

/// Show the user who asks
#[utoipa::path(get, path = "/api/v1/users/me", operation_id = "getMe", tag = "users", responses((status = 200, description = "The user", body = User), (status = 404, description = "A key asks, which is no user")))]
async fn me(State(app): State<App>, caller: Caller) -> Answer<Json<User>> {
    Ok(Json(users::me(&app.engine, &caller.0).await?))
}

/// Change the user who asks: their name, password (with the present one), or whether they are available; a new password ends their other sessions
#[utoipa::path(patch, path = "/api/v1/users/me", operation_id = "changeMe", tag = "users", request_body = UserChange, responses((status = 200, description = "The user as they are now", body = User), (status = 404, description = "A key asks, which is no user")))]
async fn change_me(
    State(app): State<App>,
    caller: Caller,
    parts: Parts,
    StrictJson(change): StrictJson<UserChange>,
) -> Answer<Json<User>> {
    let me = users::me(&app.engine, &caller.0).await?;
    Ok(Json(changed(&app, &caller, &me.id, &parts, change).await?))
}

/// Show a user
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "getUser", tag = "users", params(("id" = String, Path)), responses((status = 200, description = "The user", body = User)))]
async fn show(State(app): State<App>, caller: Caller, IdPath(id): IdPath<UserId>) -> Answer<Json<User>> {
    Ok(Json(users::get(&app.engine, &caller.0, &id).await?))
}

/// Change a user; a new password ends their sessions
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "changeUser", tag = "users", params(("id" = String, Path)), request_body = UserChange, responses((status = 200, description = "The user as they are now", body = User)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    parts: Parts,
    IdPath(id): IdPath<UserId>,
    StrictJson(change): StrictJson<UserChange>,
) -> Answer<Json<User>> {
    Ok(Json(changed(&app, &caller, &id, &parts, change).await?))
}

/// Remove a user; what they wrote stays
#[utoipa::path(delete, path = "/api/v1/users/{id}", operation_id = "deleteUser", tag = "users", params(("id" = String, Path)), responses((status = 204, description = "They are signed out everywhere")))]
async fn delete(State(app): State<App>, caller: Caller, IdPath(id): IdPath<UserId>) -> Answer<StatusCode> {
    users::delete(&app.engine, &caller.0, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invite a user by mail once more who has not signed in yet; earlier links are worthless then
#[utoipa::path(post, path = "/api/v1/users/{id}/invite", operation_id = "inviteUser", tag = "users", params(("id" = String, Path)), request_body = InviteAgain, responses((status = 202, description = "Accepted for sending", body = Invitation), (status = 409, description = "They have signed in, or no channel can send it")))]
async fn invite(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<UserId>,
    StrictJson(how): StrictJson<InviteAgain>,
) -> Answer<(StatusCode, Json<Invitation>)> {
    Ok((StatusCode::ACCEPTED, Json(invitations::again(&app.engine, &caller.0, &id, how).await?)))
}
