//! `/api/v1/conversations/{id}/merge`, `/split`, `/move`: conversations that people put together, take apart and hand on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::{Engine, conversations};
use model::conversation::Conversation;
use model::{ChannelId, ConversationId, MessageId};
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
    OpenApiRouter::new().routes(routes!(merge)).routes(routes!(split)).routes(routes!(move_to))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MergeBody {
    /// 1 to 20 others.
    conversation_ids: Vec<ConversationId>,
}

/// Merges other conversations into this one: their messages, labels and people come here, and their ids and reply addresses lead here.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/merge", operation_id = "mergeConversations", tag = "conversations",
    params(("id" = ConversationId, Path)), request_body = MergeBody, responses((status = 200, body = Conversation)))]
async fn merge(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<MergeBody>,
) -> Answer<Json<Conversation>> {
    let id = path_id(&id, "the conversation")?;
    Ok(Json(conversations::merge(&engine, &principal, &id, body.conversation_ids).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SplitBody {
    /// Some of its messages, not all.
    message_ids: Vec<MessageId>,
}

/// Makes messages of the conversation one of their own, which is answered. What answers them goes there.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/split", operation_id = "splitConversation", tag = "conversations",
    params(("id" = ConversationId, Path)), request_body = SplitBody, responses((status = 201, body = Conversation)))]
async fn split(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<SplitBody>,
) -> Answer<(StatusCode, Json<Conversation>)> {
    let id = path_id(&id, "the conversation")?;
    Ok((StatusCode::CREATED, Json(conversations::split(&engine, &principal, &id, body.message_ids).await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MoveBody {
    channel_id: ChannelId,
}

/// Moves the conversation to another channel: it is answered from there, and answers to what went by the old one still come to it.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/move", operation_id = "moveConversation", tag = "conversations",
    params(("id" = ConversationId, Path)), request_body = MoveBody, responses((status = 200, body = Conversation)))]
async fn move_to(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<MoveBody>,
) -> Answer<Json<Conversation>> {
    let id = path_id(&id, "the conversation")?;
    Ok(Json(conversations::move_to_channel(&engine, &principal, &id, body.channel_id).await?))
}
