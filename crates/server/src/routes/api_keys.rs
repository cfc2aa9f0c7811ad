//! `/api-keys`: keys for programs. The key itself is shown once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::access;
use model::key::{ApiKey, Scope};
use model::{ApiKeyId, ChannelId};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::{IdPath, StrictJson, StrictQuery};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, delete))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewApiKey {
    name: String,
    scopes: Vec<Scope>,
    /// The key sees this channel alone.
    channel_id: Option<ChannelId>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreatedApiKey {
    #[serde(flatten)]
    public: ApiKey,
    /// The only sight of it.
    key: String,
}

/// List API keys
#[utoipa::path(get, path = "/api/v1/api-keys", operation_id = "listApiKeys", tag = "api-keys", params(PageQuery), responses((status = 200, description = "Newest first", body = Page<ApiKey>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<ApiKey>>> {
    let all = access::keys(&app.engine, &caller.0).await?;
    Ok(Json(Page::of_all(all, &query, Order::Desc, |key| key.id.clone())?))
}

/// Create an API key
#[utoipa::path(post, path = "/api/v1/api-keys", operation_id = "createApiKey", tag = "api-keys", request_body = NewApiKey, responses((status = 201, description = "The key, shown once", body = CreatedApiKey)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    StrictJson(new): StrictJson<NewApiKey>,
) -> Answer<(StatusCode, Json<CreatedApiKey>)> {
    let (public, key) = access::create_key_as(&app.engine, &caller.0, &new.name, new.scopes, new.channel_id).await?;
    Ok((StatusCode::CREATED, Json(CreatedApiKey { public, key: key.expose_secret().to_owned() })))
}

/// Show an API key, but for the key itself
#[utoipa::path(get, path = "/api/v1/api-keys/{id}", operation_id = "getApiKey", tag = "api-keys", params(("id" = String, Path)), responses((status = 200, description = "The key's name and scopes", body = ApiKey)))]
async fn show(State(app): State<App>, caller: Caller, IdPath(id): IdPath<ApiKeyId>) -> Answer<Json<ApiKey>> {
    Ok(Json(access::key(&app.engine, &caller.0, &id).await?))
}

/// Delete an API key
#[utoipa::path(delete, path = "/api/v1/api-keys/{id}", operation_id = "deleteApiKey", tag = "api-keys", params(("id" = String, Path)), responses((status = 204, description = "It opens nothing any more")))]
async fn delete(State(app): State<App>, caller: Caller, IdPath(id): IdPath<ApiKeyId>) -> Answer<StatusCode> {
    access::delete_key(&app.engine, &caller.0, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
