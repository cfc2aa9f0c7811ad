//! `/webhooks`: endpoints that hear of events, and what became of each delivery.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::webhook_endpoints::{self, EndpointRequest};
use model::webhook::{WebhookDelivery, WebhookEndpoint, WebhookFormat, WebhookReplay};
use model::{EventId, WebhookDeliveryId, WebhookEndpointId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Caller;
use crate::paging::{self, Order, Page, PageQuery};
use crate::problem::{Answer, Problem};
use crate::strict::{IdPath, StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change, delete))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .routes(routes!(retry))
        .routes(routes!(replay, stop_replay))
        .routes(routes!(rotate_secret))
}

/// An endpoint to create, or what to change of one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EndpointBody {
    url: Option<String>,
    /// `*`, a family such as `message.*`, or event types. All, if absent at creation.
    events: Option<Vec<String>>,
    format: Option<WebhookFormat>,
    enabled: Option<bool>,
    /// Your own signing secret (`whsec_…`), at creation; one is made otherwise.
    #[schema(value_type = Option<String>)]
    secret: Option<SecretString>,
}

impl From<EndpointBody> for EndpointRequest {
    fn from(EndpointBody { url, events, format, enabled, secret }: EndpointBody) -> Self {
        Self { url, events, format, enabled, secret, account: None, service_secret: None }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct TestQueued {
    event_id: EventId,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayBody {
    /// The last event that arrived; those behind it are sent again.
    after: EventId,
}

/// List webhook endpoints
#[utoipa::path(get, path = "/api/v1/webhooks", operation_id = "listWebhooks", tag = "webhooks", params(PageQuery), responses((status = 200, description = "Newest first", body = Page<WebhookEndpoint>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<WebhookEndpoint>>> {
    let all = webhook_endpoints::list(&app.engine, &caller.0).await?;
    Ok(Json(Page::of_all(all, &query, Order::Desc, |endpoint| endpoint.id.clone())?))
}

/// Create a webhook endpoint
#[utoipa::path(post, path = "/api/v1/webhooks", operation_id = "createWebhook", tag = "webhooks", request_body = EndpointBody, responses((status = 201, description = "The endpoint with its secret, shown once", body = WebhookEndpoint)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<EndpointBody>,
) -> Answer<(StatusCode, Json<WebhookEndpoint>)> {
    let endpoint = webhook_endpoints::create(&app.engine, &caller.0, body.into()).await?;
    Ok((StatusCode::CREATED, Json(endpoint)))
}

/// Show a webhook endpoint
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", operation_id = "getWebhook", tag = "webhooks", params(("id" = String, Path)), responses((status = 200, description = "The endpoint", body = WebhookEndpoint)))]
async fn show(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
) -> Answer<Json<WebhookEndpoint>> {
    Ok(Json(webhook_endpoints::get(&app.engine, &caller.0, &id).await?))
}

/// Change a webhook endpoint
#[utoipa::path(patch, path = "/api/v1/webhooks/{id}", operation_id = "changeWebhook", tag = "webhooks", params(("id" = String, Path)), request_body = EndpointBody, responses((status = 200, description = "The endpoint as it is now", body = WebhookEndpoint)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
    StrictJson(body): StrictJson<EndpointBody>,
) -> Answer<Json<WebhookEndpoint>> {
    if body.secret.is_some() {
        return Err(Problem::invalid(vec![engine::FieldError::new(
            "/secret",
            "a secret is changed by POST …/rotate-secret",
        )]));
    }
    Ok(Json(webhook_endpoints::update(&app.engine, &caller.0, &id, body.into()).await?))
}

/// Delete a webhook endpoint and its deliveries
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", operation_id = "deleteWebhook", tag = "webhooks", params(("id" = String, Path)), responses((status = 204, description = "It hears of nothing any more")))]
async fn delete(State(app): State<App>, caller: Caller, IdPath(id): IdPath<WebhookEndpointId>) -> Answer<StatusCode> {
    webhook_endpoints::delete(&app.engine, &caller.0, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a test event to one endpoint
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", operation_id = "testWebhook", tag = "webhooks", params(("id" = String, Path)), responses((status = 202, description = "Queued; see the deliveries", body = TestQueued)))]
async fn test(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
) -> Answer<(StatusCode, Json<TestQueued>)> {
    let event_id = webhook_endpoints::test(&app.engine, &caller.0, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(TestQueued { event_id })))
}

/// List an endpoint's deliveries with their attempts
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", operation_id = "listWebhookDeliveries", tag = "webhooks", params(("id" = String, Path), PageQuery), responses((status = 200, description = "Newest first", body = Page<WebhookDelivery>)))]
async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<WebhookDelivery>>> {
    let take = paging::take(query.take)?;
    let after: Option<WebhookDeliveryId> = paging::decode(query.cursor.as_deref())?;
    let ascending = query.order == Some(Order::Asc);
    let found = webhook_endpoints::deliveries(
        &app.engine,
        &caller.0,
        &id,
        after.map(WebhookDeliveryId::into_string),
        ascending,
        take + 1,
    )
    .await?;
    Ok(Json(Page::cut(found, take, |delivery| delivery.id.clone())))
}

/// Send a delivery again, now
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/deliveries/{deliveryId}/retry", operation_id = "retryWebhookDelivery", tag = "webhooks", params(("id" = String, Path), ("deliveryId" = String, Path)), responses((status = 202, description = "Queued", body = WebhookDelivery)))]
async fn retry(
    State(app): State<App>,
    caller: Caller,
    TextPath((id, delivery)): TextPath<(String, String)>,
) -> Answer<(StatusCode, Json<WebhookDelivery>)> {
    let missing = |_| Problem::not_found("there is nothing with this id");
    let (id, delivery) =
        (id.parse::<WebhookEndpointId>().map_err(missing)?, delivery.parse::<WebhookDeliveryId>().map_err(missing)?);
    Ok((StatusCode::ACCEPTED, Json(webhook_endpoints::retry(&app.engine, &caller.0, &id, &delivery).await?)))
}

/// Send the events behind one of them again, in the background; the endpoint shows how far it has come
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/replay", operation_id = "replayWebhook", tag = "webhooks", params(("id" = String, Path)), request_body = ReplayBody, responses((status = 202, description = "Begun", body = WebhookReplay), (status = 409, description = "The endpoint is disabled, or a replay is under way"), (status = 410, description = "The event is not kept any more")))]
async fn replay(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
    StrictJson(body): StrictJson<ReplayBody>,
) -> Answer<(StatusCode, Json<WebhookReplay>)> {
    Ok((StatusCode::ACCEPTED, Json(webhook_endpoints::replay(&app.engine, &caller.0, &id, &body.after).await?)))
}

/// End a replay where it is; what it queued goes out
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}/replay", operation_id = "stopWebhookReplay", tag = "webhooks", params(("id" = String, Path)), responses((status = 204, description = "No more is queued"), (status = 404, description = "No replay is under way")))]
async fn stop_replay(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
) -> Answer<StatusCode> {
    webhook_endpoints::stop_replay(&app.engine, &caller.0, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a new signing secret; the old one signs beside it for a day
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/rotate-secret", operation_id = "rotateWebhookSecret", tag = "webhooks", params(("id" = String, Path)), responses((status = 200, description = "The endpoint with its new secret, shown once", body = WebhookEndpoint)))]
async fn rotate_secret(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<WebhookEndpointId>,
) -> Answer<Json<WebhookEndpoint>> {
    Ok(Json(webhook_endpoints::rotate_secret(&app.engine, &caller.0, &id).await?))
}
