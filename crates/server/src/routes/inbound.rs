//! `/webhooks/email/{channelId}`: mail handed in by HTTP, by whoever has the channel's token.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use engine::{Engine, EngineError, inbound_http};
use model::{ChannelId, MessageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::path_id;
use crate::app::App;
use crate::problem::{Answer, Problem};
use crate::strict::{StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(receive))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TokenQuery {
    /// The channel's; part of its `webhookUrl`.
    token: Option<String>,
}

/// What became of the mail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Taken {
    /// The message's.
    id: MessageId,
    /// The same mail was here before; nothing was added.
    duplicate: bool,
}

/// Takes a mail in. The answer comes once it is durable.
#[utoipa::path(post, path = "/webhooks/email/{channelId}", operation_id = "receiveMail", security(()), tag = "public",
    params(("channelId" = ChannelId, Path), TokenQuery),
    request_body(content = String, content_type = "message/rfc822"), responses((status = 202, body = Taken)))]
async fn receive(
    State(engine): State<Engine>,
    TextPath(channel): TextPath<String>,
    StrictQuery(query): StrictQuery<TokenQuery>,
    request: Request,
) -> Answer<(StatusCode, Json<Taken>)> {
    let channel: ChannelId = path_id(&channel, "the channel")?;
    let token = query.token.unwrap_or_default();
    let route = inbound_http::route(&engine, &channel, &token).await.map_err(|error| match error {
        EngineError::Forbidden(_) => {
            Problem::unauthenticated("the token is not this channel's; its webhookUrl carries the right one")
        }
        other => other.into(),
    })?;
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).map(str::trim).unwrap_or_default();
    if !media_type.eq_ignore_ascii_case("message/rfc822") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupportedMediaType",
            format!(
                "the body is {}; post the mail itself, as message/rfc822",
                if media_type.is_empty() { "of no type" } else { media_type }
            ),
        ));
    }
    let limit = usize::try_from(route.message_bytes_max).unwrap_or(usize::MAX);
    let too_large = EngineError::TooLarge { limit: route.message_bytes_max };
    let raw = axum::body::to_bytes(request.into_body(), limit).await.map_err(|_| too_large)?;
    let accepted = inbound_http::accept(&engine, route, raw).await?;
    Ok((StatusCode::ACCEPTED, Json(Taken { id: accepted.id, duplicate: accepted.duplicate })))
}
