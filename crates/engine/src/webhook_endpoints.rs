//! Webhook endpoints: created, changed, tried, replayed. Owns their secrets and what a URL may be; the sending is `webhooks`'.

use model::event::EventType;
use model::key::{Principal, Scope};
use model::limits::WEBHOOK_ENDPOINTS_MAX;
use model::webhook::{WebhookDelivery, WebhookEndpoint, WebhookFormat, WebhookReplay};
use model::{EventId, Timestamp, WebhookDeliveryId, WebhookEndpointId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::events::NewEvent;
use store::webhook_endpoints::EndpointRow;
use store::webhook_queue::{self, Endpoint};
use store::{Priority, StoreError, Tx, events, webhook_endpoints, webhook_replays};

use crate::audit::{self, By, Target};
use crate::vault_rotation::endpoint_place as place;
use crate::{Engine, EngineError, FieldError, Result, once, webhook_signing};

const MISSING: EngineError = EngineError::NotFound { what: "the webhook endpoint" };
/// How long the secret before a rotation still signs, beside the new one.
const OLD_SECRET_SECONDS: u64 = 24 * 60 * 60;
const URL_CHARS_MAX: usize = 2_000;
const SERVICE_SECRET_BYTES_MAX: usize = 1_000;

/// `None` leaves a field as it is, or at its default.
#[derive(Debug, Clone, Default)]
pub struct EndpointRequest {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub format: Option<WebhookFormat>,
    pub enabled: Option<bool>,
    /// The caller's own secret (`whsec_…`); one is made otherwise.
    pub secret: Option<SecretString>,
    /// On creation: it hears of this account alone.
    pub account: Option<String>,
    /// Signs bodies as EmailEngine does; an empty one goes back to the endpoint's secret.
    pub service_secret: Option<SecretString>,
}

/// What the vault seals: the secret, and the one before it while it still signs.
#[derive(Serialize, Deserialize)]
struct Secrets {
    current: String,
    previous: Option<(String, Timestamp)>,
    /// Signs bodies as EmailEngine does, where the owner chose one of any form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<String>,
}

fn seal(engine: &Engine, id: &WebhookEndpointId, secrets: &Secrets) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(secrets).map_err(|error| EngineError::Internal(error.to_string()))?;
    Ok(engine.vault.seal(&place(id), &text))
}

fn unseal(engine: &Engine, id: &WebhookEndpointId, sealed: &[u8]) -> Result<Secrets> {
    let text = engine.vault.unseal(&place(id), sealed).map_err(|error| StoreError::Vault(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|_| StoreError::Vault("an endpoint's secret is damaged".into()).into())
}

/// The secrets that sign now, newest first.
pub(crate) fn secrets(engine: &Engine, endpoint: &Endpoint) -> Result<Vec<SecretString>> {
    let secrets = unseal(engine, &endpoint.id, &endpoint.secrets)?;
    let now = Timestamp::now();
    let previous = secrets.previous.filter(|(_, until)| *until > now).map(|(secret, _)| secret);
    Ok([Some(secrets.current), previous].into_iter().flatten().map(SecretString::from).collect())
}

/// What signs the body alone, as EmailEngine does: the owner's own choice, or the endpoint's secret.
pub(crate) fn body_secret(engine: &Engine, endpoint: &Endpoint) -> Result<SecretString> {
    let secrets = unseal(engine, &endpoint.id, &endpoint.secrets)?;
    Ok(secrets.service.unwrap_or(secrets.current).into())
}

fn needs(principal: &Principal, scope: Scope) -> Result<()> {
    if !principal.may(scope) {
        return Err(EngineError::Forbidden(format!("this needs the scope {}", scope.as_str())));
    }
    if principal.channel_id.is_some() {
        return Err(EngineError::Forbidden(
            "webhook endpoints hear of every channel; a key bound to one can't see them".into(),
        ));
    }
    Ok(())
}

fn apply(engine: &Engine, endpoint: &mut WebhookEndpoint, request: &EndpointRequest) -> Result<()> {
    let mut errors = Vec::new();
    if let Some(url) = &request.url {
        if url.chars().count() > URL_CHARS_MAX {
            errors.push(FieldError::new("/url", format!("at most {URL_CHARS_MAX} characters")));
        } else if let Err(detail) = engine.ports.webhooks.check_url(url) {
            errors.push(FieldError::new("/url", detail));
        }
        endpoint.url.clone_from(url);
    }
    if let Some(patterns) = &request.events {
        if patterns.is_empty() {
            errors.push(FieldError::new("/events", "at least one event type, a family such as message.*, or *"));
        }
        for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| !EventType::is_pattern(pattern)) {
            errors.push(FieldError::new(
                format!("/events/{index}"),
                format!("{pattern:?} names no event; see the list of event types"),
            ));
        }
        endpoint.events.clone_from(patterns);
    }
    endpoint.format = request.format.unwrap_or(endpoint.format);
    if let Some(enabled) = request.enabled {
        endpoint.enabled = enabled;
        endpoint.disabled_reason = None;
    }
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

fn checked_service_secret(secret: Option<&SecretString>) -> Result<Option<String>> {
    let secret = secret.map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty());
    if secret.is_some_and(|secret| secret.len() > SERVICE_SECRET_BYTES_MAX) {
        return Err(EngineError::invalid("/serviceSecret", format!("at most {SERVICE_SECRET_BYTES_MAX} bytes")));
    }
    Ok(secret.map(str::to_owned))
}

/// # Errors
/// Fields that are wrong; too many endpoints (409).
pub async fn create(engine: &Engine, principal: &Principal, request: EndpointRequest) -> Result<WebhookEndpoint> {
    needs(principal, Scope::WebhooksWrite)?;
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return with_secret(engine, load(engine, principal, &WebhookEndpointId::from_stored(id)).await?);
    }
    if request.url.is_none() {
        return Err(EngineError::invalid("/url", "the URL that events are posted to is needed"));
    }
    let secret = request.secret.clone().unwrap_or_else(webhook_signing::generate_secret);
    if webhook_signing::sign(secret.expose_secret(), "check", 0, b"").is_err() {
        return Err(EngineError::invalid(
            "/secret",
            "a secret is whsec_ and base64 of 24 to 64 bytes; leave it out to have one made",
        ));
    }
    let now = Timestamp::now();
    let mut public = WebhookEndpoint {
        id: WebhookEndpointId::generate(),
        url: String::new(),
        events: vec!["*".into()],
        format: WebhookFormat::Postroom,
        account: request.account.clone(),
        enabled: true,
        disabled_reason: None,
        secret: None,
        replay: None,
        created_at: now,
        updated_at: now,
    };
    apply(engine, &mut public, &request)?;
    let service = checked_service_secret(request.service_secret.as_ref())?;
    let current = secret.expose_secret().to_owned();
    let sealed = seal(engine, &public.id, &Secrets { current, previous: None, service })?;
    let row = EndpointRow { workspace_id: principal.workspace_id.clone(), secrets: sealed, public };
    let by = audit::by(principal);
    let kept = engine
        .db
        .write(Priority::Foreground, move |tx| {
            // Accounts are limited otherwise.
            let others = webhook_endpoints::list(tx, &row.workspace_id)?;
            let is_one_more = row.public.account.is_none();
            if is_one_more && others.iter().filter(|one| one.public.account.is_none()).count() >= WEBHOOK_ENDPOINTS_MAX
            {
                return Ok(None);
            }
            if let Some(earlier) = once.note(tx, row.public.id.as_str())? {
                return webhook_endpoints::get(tx, &row.workspace_id, &WebhookEndpointId::from_stored(earlier));
            }
            webhook_endpoints::insert(tx, &row)?;
            note(tx, &by, "webhook.created", &row, &[])?;
            Ok(Some(row))
        })
        .await?;
    match kept {
        Some(row) => with_secret(engine, row),
        None => Err(EngineError::Conflict(format!(
            "a workspace has at most {WEBHOOK_ENDPOINTS_MAX} webhook endpoints; delete one first"
        ))),
    }
}

/// Where the events of an account go instead of everywhere else; an empty `url`: where all others go.
///
/// # Errors
/// As [`create`].
pub async fn set_of_account(engine: &Engine, principal: &Principal, account: &str, url: &str) -> Result<()> {
    needs(principal, Scope::WebhooksWrite)?;
    let (workspace, name) = (principal.workspace_id.clone(), account.to_owned());
    let existing = engine.db.read(move |tx| webhook_endpoints::of_account(tx, &workspace, &name)).await?;
    let request = EndpointRequest {
        url: Some(url.to_owned()),
        format: Some(WebhookFormat::Emailengine),
        enabled: Some(true),
        service_secret: service_secret_of_all(engine, principal).await?,
        account: Some(account.to_owned()),
        ..EndpointRequest::default()
    };
    match existing {
        Some(row) if url.is_empty() => delete(engine, principal, &row.public.id).await,
        Some(row) => update(engine, principal, &row.public.id, request).await.map(drop),
        None if url.is_empty() => Ok(()),
        None => create(engine, principal, request).await.map(drop),
    }
}

/// What signs for the endpoint that hears of all accounts.
async fn service_secret_of_all(engine: &Engine, principal: &Principal) -> Result<Option<SecretString>> {
    let workspace = principal.workspace_id.clone();
    let rows = engine.db.read(move |tx| webhook_endpoints::list(tx, &workspace)).await?;
    let is_of_all =
        |row: &&EndpointRow| row.public.format == WebhookFormat::Emailengine && row.public.account.is_none();
    let Some(row) = rows.iter().find(is_of_all) else { return Ok(None) };
    Ok(unseal(engine, &row.public.id, &row.secrets)?.service.map(SecretString::from))
}

/// As the answers to creation and rotation show it.
fn with_secret(engine: &Engine, row: EndpointRow) -> Result<WebhookEndpoint> {
    let secret = unseal(engine, &row.public.id, &row.secrets)?.current;
    Ok(WebhookEndpoint { secret: Some(secret), ..row.public })
}

async fn load(engine: &Engine, principal: &Principal, id: &WebhookEndpointId) -> Result<EndpointRow> {
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    engine.db.read(move |tx| webhook_endpoints::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// # Errors
/// Not there.
pub async fn get(engine: &Engine, principal: &Principal, id: &WebhookEndpointId) -> Result<WebhookEndpoint> {
    needs(principal, Scope::WebhooksRead)?;
    Ok(load(engine, principal, id).await?.public)
}

/// All of them, newest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(engine: &Engine, principal: &Principal) -> Result<Vec<WebhookEndpoint>> {
    needs(principal, Scope::WebhooksRead)?;
    let workspace = principal.workspace_id.clone();
    let rows = engine.db.read(move |tx| webhook_endpoints::list(tx, &workspace)).await?;
    Ok(rows.into_iter().map(|row| row.public).collect())
}

/// # Errors
/// Not there; fields that are wrong.
pub async fn update(
    engine: &Engine,
    principal: &Principal,
    id: &WebhookEndpointId,
    request: EndpointRequest,
) -> Result<WebhookEndpoint> {
    needs(principal, Scope::WebhooksWrite)?;
    let mut row = load(engine, principal, id).await?;
    let before = row.public.clone();
    apply(engine, &mut row.public, &request)?;
    let mut changed = audit::changed(&before, &row.public);
    if request.service_secret.is_some() {
        changed.push("serviceSecret".into());
        let service = checked_service_secret(request.service_secret.as_ref())?;
        let secrets = Secrets { service, ..unseal(engine, id, &row.secrets)? };
        row.secrets = seal(engine, id, &secrets)?;
    }
    row.public.updated_at = Timestamp::now();
    let (public, by) = (row.public.clone(), audit::by(principal));
    let work = move |tx: &mut store::Tx<'_>| {
        webhook_endpoints::update(tx, &row)?;
        if changed.is_empty() { Ok(()) } else { note(tx, &by, "webhook.changed", &row, &changed) }
    };
    engine.db.write(Priority::Foreground, work).await?;
    Ok(public)
}

/// By the host alone: the rest of a URL may hold a token.
fn note(
    tx: &mut store::Tx<'_>,
    by: &By,
    action: &'static str,
    row: &EndpointRow,
    changed: &[String],
) -> store::Result<()> {
    let url = url::Url::parse(&row.public.url).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    audit::note(tx, by, action, Target::of("webhook", &row.public.id).named(host), changed)
}

/// # Errors
/// Not there.
pub async fn delete(engine: &Engine, principal: &Principal, id: &WebhookEndpointId) -> Result<()> {
    needs(principal, Scope::WebhooksWrite)?;
    let (row, by) = (load(engine, principal, id).await?, audit::by(principal));
    let work = move |tx: &mut store::Tx<'_>| {
        webhook_endpoints::delete(tx, &row.public.id)?;
        note(tx, &by, "webhook.deleted", &row, &[])
    };
    Ok(engine.db.write(Priority::Foreground, work).await?)
}

/// A new secret; the old one signs beside it for a day.
///
/// # Errors
/// Not there.
pub async fn rotate_secret(engine: &Engine, principal: &Principal, id: &WebhookEndpointId) -> Result<WebhookEndpoint> {
    needs(principal, Scope::WebhooksWrite)?;
    let mut row = load(engine, principal, id).await?;
    let once = once::asked();
    if once.earlier(engine).await?.is_some() {
        return with_secret(engine, row);
    }
    let old = unseal(engine, id, &row.secrets)?;
    let current = webhook_signing::generate_secret().expose_secret().to_owned();
    let until = Timestamp::now().plus(std::time::Duration::from_secs(OLD_SECRET_SECONDS));
    let renewed = Secrets { current, previous: Some((old.current, until)), service: old.service };
    row.secrets = seal(engine, id, &renewed)?;
    row.public.updated_at = Timestamp::now();
    let by = audit::by(principal);
    let kept = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if once.note(tx, row.public.id.as_str())?.is_some() {
                return webhook_endpoints::get(tx, &row.workspace_id, &row.public.id);
            }
            webhook_endpoints::update(tx, &row)?;
            note(tx, &by, "webhook.secretRotated", &row, &[])?;
            Ok(Some(row))
        })
        .await?;
    with_secret(engine, kept.ok_or(MISSING)?)
}

/// Queues a test event for this endpoint alone. Answers its id.
///
/// # Errors
/// Not there; disabled (409).
pub async fn test(engine: &Engine, principal: &Principal, id: &WebhookEndpointId) -> Result<EventId> {
    needs(principal, Scope::WebhooksWrite)?;
    let row = load(engine, principal, id).await?;
    let once = once::asked();
    if let Some(event_id) = once.earlier(engine).await? {
        return Ok(EventId::from_stored(event_id));
    }
    refuse_disabled(&row)?;
    let queue = move |tx: &mut Tx<'_>| {
        if let Some(event_id) = once.noted(tx)? {
            return Ok(EventId::from_stored(event_id));
        }
        let now = Timestamp::now();
        let data = json!({ "endpointId": row.public.id, "message": "This is a test of the webhook endpoint." });
        let event = NewEvent {
            workspace_id: &row.workspace_id,
            channel_id: None,
            event_type: EventType::WebhookTest,
            subject_id: row.public.id.as_str(),
            data: &data,
            at: now,
        };
        let event_id = events::append(tx, &event)?;
        once.note_last(tx, event_id.as_str())?;
        webhook_queue::add(tx, &row.workspace_id, &row.public.id, &event_id, EventType::WebhookTest, now)?;
        Ok(event_id)
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, queue).await?)
}

fn refuse_disabled(row: &EndpointRow) -> Result<()> {
    if row.public.enabled {
        return Ok(());
    }
    Err(EngineError::Conflict("the endpoint is disabled; enable it first".into()))
}

/// A page of deliveries, newest first unless `ascending`.
///
/// # Errors
/// Not there.
pub async fn deliveries(
    engine: &Engine,
    principal: &Principal,
    id: &WebhookEndpointId,
    after: Option<String>,
    ascending: bool,
    take: usize,
) -> Result<Vec<WebhookDelivery>> {
    needs(principal, Scope::WebhooksRead)?;
    let row = load(engine, principal, id).await?;
    Ok(engine
        .db
        .read(move |tx| webhook_endpoints::deliveries(tx, &row.public.id, after.as_deref(), ascending, take))
        .await?)
}

/// Each of these with how many deliveries to it are kept.
///
/// # Errors
/// What the store says.
pub async fn counted(engine: &Engine, endpoints: Vec<WebhookEndpoint>) -> Result<Vec<(WebhookEndpoint, u64)>> {
    let counted = engine.db.read(move |tx| {
        let count = |endpoint: WebhookEndpoint| {
            let count = webhook_endpoints::delivery_count(tx, &endpoint.id)?;
            Ok((endpoint, count))
        };
        endpoints.into_iter().map(count).collect()
    });
    Ok(counted.await?)
}

/// Sends a delivery again, now.
///
/// # Errors
/// Not there; disabled (409).
pub async fn retry(
    engine: &Engine,
    principal: &Principal,
    id: &WebhookEndpointId,
    delivery: &WebhookDeliveryId,
) -> Result<WebhookDelivery> {
    needs(principal, Scope::WebhooksWrite)?;
    let row = load(engine, principal, id).await?;
    refuse_disabled(&row)?;
    let (delivery, once) = (delivery.clone(), once::asked());
    let retried = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if once.note(tx, delivery.as_str())?.is_some() {
                return webhook_endpoints::delivery(tx, &row.public.id, &delivery);
            }
            webhook_endpoints::retry(tx, &row.public.id, &delivery, Timestamp::now())
        })
        .await?;
    retried.ok_or(EngineError::NotFound { what: "the delivery" })
}

/// Begins to send the events behind `after` that the endpoint wants once more, up to the newest there is. They go out in
/// the background, after what is new.
///
/// # Errors
/// Not there; disabled, or a replay is under way (409); `after` is not kept any more (410).
pub async fn replay(
    engine: &Engine,
    principal: &Principal,
    id: &WebhookEndpointId,
    after: &EventId,
) -> Result<WebhookReplay> {
    needs(principal, Scope::WebhooksWrite)?;
    let row = load(engine, principal, id).await?;
    let once = once::asked();
    if once.earlier(engine).await?.is_none() {
        refuse_disabled(&row)?;
        let (after, workspace, id) = (after.clone(), principal.workspace_id.clone(), id.clone());
        let begin = move |tx: &mut Tx<'_>| {
            if once.noted(tx)?.is_some() {
                return Ok(Begun::Yes);
            }
            let Some(position) = events::position_of(tx, &workspace, &after)? else { return Ok(Begun::EventGone) };
            let until = events::newest_position(tx)?;
            if !webhook_replays::begin(tx, &id, &after, position, until, Timestamp::now())? {
                return Ok(Begun::OtherUnderWay);
            }
            once.note_last(tx, id.as_str())?;
            Ok(Begun::Yes)
        };
        match crate::write_again_on_conflict(&engine.db, Priority::Foreground, begin).await? {
            Begun::Yes => {}
            Begun::EventGone => {
                let detail = "this event is not kept any more, or never was; replay from a later one";
                return Err(EngineError::Gone(detail.into()));
            }
            Begun::OtherUnderWay => {
                let detail = "a replay to this endpoint is under way; wait until it is finished, or end it with DELETE";
                return Err(EngineError::Conflict(detail.into()));
            }
        }
    }
    load(engine, principal, id).await?.public.replay.ok_or(MISSING)
}

enum Begun {
    Yes,
    EventGone,
    OtherUnderWay,
}

/// Ends a replay where it is. What it queued goes out.
///
/// # Errors
/// Not there; no replay is under way.
pub async fn stop_replay(engine: &Engine, principal: &Principal, id: &WebhookEndpointId) -> Result<()> {
    needs(principal, Scope::WebhooksWrite)?;
    let row = load(engine, principal, id).await?;
    let stop = move |tx: &mut Tx<'_>| webhook_replays::stop(tx, &row.public.id, Timestamp::now());
    let stopped = engine.db.write(Priority::Foreground, stop).await?;
    if stopped { Ok(()) } else { Err(EngineError::NotFound { what: "a replay under way" }) }
}
