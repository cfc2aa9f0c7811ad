//! `/api/v1/users/me/…`: how the user who asks comes in: their second factor and their sessions. A key is nobody and has neither.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::Engine;
use engine::access::{self, second_factor};
use model::second_factor::{NewSecondFactor, SecondFactor};
use model::session::Session;
use model::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::path_id;
use crate::app::App;
use crate::auth::{self, Caller};
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status, begin))
        .routes(routes!(confirm))
        .routes(routes!(renew_codes))
        .routes(routes!(disable))
        .routes(routes!(reset))
        .routes(routes!(list_sessions, end_other_sessions))
        .routes(routes!(end_session))
}

/// Whether the user who asks has a second factor
#[utoipa::path(get, path = "/api/v1/users/me/second-factor", operation_id = "getSecondFactor", tag = "users",
    responses((status = 200, body = SecondFactor), (status = 404, description = "A key asks, which is no user")))]
async fn status(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<SecondFactor>> {
    Ok(Json(second_factor::status(&engine, &principal).await?))
}

/// Begin to set up an authenticator app; a code confirms it
#[utoipa::path(post, path = "/api/v1/users/me/second-factor", operation_id = "beginSecondFactor", tag = "users",
    responses((status = 200, description = "For the app; shown once", body = NewSecondFactor),
        (status = 409, description = "One is in use already")))]
async fn begin(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<NewSecondFactor>> {
    Ok(Json(second_factor::begin(&engine, &principal).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    /// Six digits of the app or, where one is in use, a recovery code.
    code: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecoveryCodes {
    /// Ten; each is good once. Shown this once.
    recovery_codes: Vec<String>,
}

/// Put the authenticator app into use; from then on a code is asked for at every sign-in
#[utoipa::path(post, path = "/api/v1/users/me/second-factor/confirm", operation_id = "confirmSecondFactor", tag = "users",
    request_body = Code, responses((status = 200, body = RecoveryCodes), (status = 409, description = "None was begun, or it is in use"),
        (status = 422, description = "The code does not fit"), (status = 429, description = "Too many did not fit")))]
async fn confirm(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<Code>,
) -> Answer<Json<RecoveryCodes>> {
    let recovery_codes = second_factor::confirm(&engine, &principal, &body.code).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Make new recovery codes; the old ones are worthless then
#[utoipa::path(post, path = "/api/v1/users/me/second-factor/recovery-codes", operation_id = "renewRecoveryCodes", tag = "users",
    request_body = Code, responses((status = 200, body = RecoveryCodes), (status = 409, description = "No second factor is in use"),
        (status = 422, description = "The code does not fit"), (status = 429, description = "Too many did not fit")))]
async fn renew_codes(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<Code>,
) -> Answer<Json<RecoveryCodes>> {
    let recovery_codes = second_factor::renew_codes(&engine, &principal, &body.code).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Turn the second factor off
#[utoipa::path(post, path = "/api/v1/users/me/second-factor/disable", operation_id = "disableSecondFactor", tag = "users",
    request_body = Code, responses((status = 204, description = "It is off"), (status = 409, description = "None is in use"),
        (status = 422, description = "The code does not fit"), (status = 429, description = "Too many did not fit")))]
async fn disable(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<Code>,
) -> Answer<StatusCode> {
    second_factor::disable(&engine, &principal, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a colleague's second factor away who lost it. Administrators alone do.
#[utoipa::path(delete, path = "/api/v1/users/{id}/second-factor", operation_id = "resetSecondFactor", tag = "users",
    params(("id" = UserId, Path)),
    responses((status = 204, description = "They sign in without a code"), (status = 409, description = "They have none")))]
async fn reset(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    second_factor::reset(&engine, &principal, &path_id(&id, "the user")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the sessions of the user who asks
#[utoipa::path(get, path = "/api/v1/users/me/sessions", operation_id = "listSessions", tag = "users", params(PageQuery),
    responses((status = 200, description = "Newest first", body = Page<Session>)))]
async fn list_sessions(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    headers: HeaderMap,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Session>>> {
    let all = access::own_sessions(&engine, &principal, auth::session_token(&headers).as_deref()).await?;
    Ok(Json(Page::of_all(all, &query, Order::Desc, |session| session.id.clone())?))
}

/// End all sessions of the user who asks but the one they ask with
#[utoipa::path(delete, path = "/api/v1/users/me/sessions", operation_id = "endOtherSessions", tag = "users",
    responses((status = 204, description = "They are signed out everywhere else")))]
async fn end_other_sessions(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    access::end_other_sessions(&engine, &principal, auth::session_token(&headers).as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a session of the user who asks
#[utoipa::path(delete, path = "/api/v1/users/me/sessions/{id}", operation_id = "endSession", tag = "users",
    params(("id" = SessionId, Path)), responses((status = 204, description = "It has ended")))]
async fn end_session(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    access::end_session(&engine, &principal, &path_id(&id, "the session")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
