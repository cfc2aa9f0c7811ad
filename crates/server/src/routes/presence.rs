//! `/api/v1/conversations/{id}/presence`: who is at a conversation. The stream of events tells signed-in people of it as it changes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::{Engine, presence};
use model::ConversationId;
use model::presence::ConversationPresence;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::path_id;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answer;
use crate::strict::{StrictJson, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, note, leave))
}

/// Who looks at the conversation at the moment, and who writes in it.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/presence", operation_id = "getPresence", tag = "conversations",
    params(("id" = ConversationId, Path)), responses((status = 200, body = ConversationPresence)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<ConversationPresence>> {
    Ok(Json(presence::of(&engine, &principal, &path_id(&id, "the conversation")?).await?))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PresenceBody {
    /// Whether you write; as it was where it is not said. It ends after 8 seconds.
    typing: Option<bool>,
}

/// Says that you are there, for 45 seconds. For people who are signed in; a program is nowhere.
#[utoipa::path(put, path = "/api/v1/conversations/{id}/presence", operation_id = "putPresence", tag = "conversations",
    params(("id" = ConversationId, Path)), request_body = PresenceBody, responses((status = 204)))]
async fn note(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<PresenceBody>,
) -> Answer<StatusCode> {
    presence::note(&engine, &principal, &path_id(&id, "the conversation")?, body.typing).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that you have left.
#[utoipa::path(delete, path = "/api/v1/conversations/{id}/presence", operation_id = "deletePresence",
    tag = "conversations", params(("id" = ConversationId, Path)), responses((status = 204)))]
async fn leave(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    presence::leave(&engine, &principal, &path_id(&id, "the conversation")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
