//! Webhook routes, on the wire: the workspace's webhook endpoints of the format `emailengine`, to be looked at. They are changed by the
//! settings, an account's `webhooks`, the platform API or on the dashboard.

use axum::Json;
use axum::extract::State;
use engine::EngineError;
use engine::webhook_endpoints;
use model::WebhookEndpointId;
use model::webhook::{WebhookEndpoint, WebhookFormat};
use serde_json::{Value, json};
use url::Url;

use super::error::{Answered, Asked, Asker, Named};
use super::paging::PageQuery;
use crate::app::App;

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<PageQuery>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let mut all = webhook_endpoints::list(&app.engine, &principal).await?;
    all.retain(is_route);
    let total = all.len() as u64;
    let page = all.into_iter().skip(part.skip()).take(part.take()).collect();
    let page = webhook_endpoints::counted(&app.engine, page).await?;
    Ok(Json(part.page("webhooks", page.iter().map(shown).collect(), total)))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<WebhookEndpointId>,
) -> Answered<Json<Value>> {
    let endpoint = webhook_endpoints::get(&app.engine, &principal, &id).await?;
    let found: Vec<_> = Some(endpoint).into_iter().filter(is_route).collect();
    let found = webhook_endpoints::counted(&app.engine, found).await?;
    Ok(Json(found.first().map(shown).ok_or(EngineError::NotFound { what: "the webhook route" })?))
}

fn is_route(endpoint: &WebhookEndpoint) -> bool {
    endpoint.format == WebhookFormat::Emailengine
}

fn shown((endpoint, count): &(WebhookEndpoint, u64)) -> Value {
    let url = Url::parse(&endpoint.url).ok();
    let heard = endpoint.events.join(", ");
    json!({
        "id": endpoint.id,
        "name": url.as_ref().and_then(Url::host_str).unwrap_or_default(),
        "description": match &endpoint.account {
            Some(account) => format!("{heard} of the account {account}"),
            None => heard,
        },
        "created": endpoint.created_at,
        "updated": endpoint.updated_at,
        "enabled": endpoint.enabled,
        "targetUrl": endpoint.url,
        "tcount": count,
    })
}
