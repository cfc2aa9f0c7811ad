//! Settings of the mailbox API: where its webhooks go. They are a webhook endpoint of that format, the same that the platform API and
//! the dashboard show.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::links::{self, TrackSettings};
use engine::mailboxes::notify::{self, NotifySettings};
use engine::webhook_endpoints::{self, EndpointRequest};
use model::key::Principal;
use model::webhook::{WebhookEndpoint, WebhookFormat};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Answered, Asker, Body, MailboxError};
use crate::app::App;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SettingsBody {
    webhooks: Option<String>,
    webhooks_enabled: Option<bool>,
    webhook_events: Option<Vec<String>>,
    service_secret: Option<SecretString>,
    notify_text: Option<bool>,
    notify_text_size: Option<usize>,
    notify_headers: Option<Vec<String>>,
    track_opens: Option<bool>,
    track_clicks: Option<bool>,
    /// Both, as older clients say it.
    track_sent_messages: Option<bool>,
}

async fn endpoint(app: &App, principal: &Principal) -> Answered<Option<WebhookEndpoint>> {
    let all = webhook_endpoints::list(&app.engine, principal).await?;
    Ok(all.into_iter().find(|endpoint| endpoint.format == WebhookFormat::Emailengine && endpoint.account.is_none()))
}

pub(super) async fn get(State(app): State<App>, Asker(principal): Asker) -> Answered<Json<Value>> {
    let found = endpoint(&app, &principal).await?;
    let settings = notify::settings(&app.engine, &principal.workspace_id).await?;
    let tracking = links::settings(&app.engine, &principal.workspace_id).await?;
    Ok(Json(json!({
        "serviceUrl": app.engine.config.public_url,
        "webhooks": found.as_ref().map_or("", |endpoint| endpoint.url.as_str()),
        "webhooksEnabled": found.as_ref().is_some_and(|endpoint| endpoint.enabled),
        "webhookEvents": found.map(|endpoint| endpoint.events).unwrap_or_default(),
        "notifyText": settings.notify_text,
        "notifyTextSize": settings.notify_text_size,
        "notifyHeaders": settings.notify_headers,
        "trackOpens": tracking.track_opens,
        "trackClicks": tracking.track_clicks,
        "trackSentMessages": tracking.track_opens || tracking.track_clicks,
    })))
}

pub(super) async fn set(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(body): Body<SettingsBody>,
) -> Answered<Json<Value>> {
    let found = endpoint(&app, &principal).await?;
    let mut updated = Vec::new();
    for (name, said) in [
        ("webhooks", body.webhooks.is_some()),
        ("webhooksEnabled", body.webhooks_enabled.is_some()),
        ("webhookEvents", body.webhook_events.is_some()),
        ("serviceSecret", body.service_secret.is_some()),
        ("notifyText", body.notify_text.is_some()),
        ("notifyTextSize", body.notify_text_size.is_some()),
        ("notifyHeaders", body.notify_headers.is_some()),
        ("trackOpens", body.track_opens.is_some()),
        ("trackClicks", body.track_clicks.is_some()),
        ("trackSentMessages", body.track_sent_messages.is_some()),
    ] {
        if said {
            updated.push(name);
        }
    }
    track(&app, &principal, &body).await?;
    let before = notify::settings(&app.engine, &principal.workspace_id).await?;
    let settings = NotifySettings {
        notify_text: body.notify_text.unwrap_or(before.notify_text),
        notify_text_size: body.notify_text_size.or(before.notify_text_size),
        notify_headers: body.notify_headers.unwrap_or_else(|| before.notify_headers.clone()),
    };
    if settings != before {
        notify::set_settings(&app.engine, &principal, settings).await?;
    }
    let request = EndpointRequest {
        url: body.webhooks.clone().filter(|url| !url.is_empty()),
        events: body.webhook_events.filter(|events| !events.is_empty()),
        format: Some(WebhookFormat::Emailengine),
        // Without an address nothing goes out.
        enabled: if body.webhooks.as_deref() == Some("") { Some(false) } else { body.webhooks_enabled },
        service_secret: body.service_secret.clone(),
        ..EndpointRequest::default()
    };
    match found {
        Some(endpoint) => {
            webhook_endpoints::update(&app.engine, &principal, &endpoint.id, request).await?;
            if body.service_secret.is_some() {
                sign_all(&app, &principal, body.service_secret).await?;
            }
        }
        None if request.url.is_some() => {
            webhook_endpoints::create(&app.engine, &principal, request).await?;
        }
        None if body.service_secret.is_some() => {
            return Err(MailboxError::bad_request(
                "serviceSecret signs webhooks: say with it where they go (webhooks)",
            ));
        }
        None => {}
    }
    Ok(Json(json!({ "updated": updated })))
}

async fn track(app: &App, principal: &Principal, body: &SettingsBody) -> Answered<()> {
    let before = links::settings(&app.engine, &principal.workspace_id).await?;
    let both = body.track_sent_messages;
    let settings = TrackSettings {
        track_opens: body.track_opens.or(both).unwrap_or(before.track_opens),
        track_clicks: body.track_clicks.or(both).unwrap_or(before.track_clicks),
    };
    if settings != before {
        links::set_settings(&app.engine, principal, settings).await?;
    }
    Ok(())
}

/// Accounts' own webhooks are signed with the same.
async fn sign_all(app: &App, principal: &Principal, service_secret: Option<SecretString>) -> Answered<()> {
    let all = webhook_endpoints::list(&app.engine, principal).await?;
    for endpoint in all.into_iter().filter(|endpoint| endpoint.account.is_some()) {
        let request = EndpointRequest { service_secret: service_secret.clone(), ..EndpointRequest::default() };
        webhook_endpoints::update(&app.engine, principal, &endpoint.id, request).await?;
    }
    Ok(())
}
