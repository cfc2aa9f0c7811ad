//! A webhook is delivered: events → one row an endpoint → signed request → recorded answer. Owns the fan-out and the retries;
//! each endpoint has its own few places, so that a slow one delays nobody else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::event::{Event, EventType};
use model::limits::{WEBHOOK_CONCURRENCY, WEBHOOK_TIMEOUT_SECONDS};
use model::webhook::{WebhookAttempt, WebhookDeliveryStatus, WebhookFormat};
use model::{Timestamp, WebhookEndpointId};
use rand::RngExt;
use serde_json::{Map, Value as Json, json};
use store::events::{NewEvent, StoredEvent};
use store::webhook_queue::{self, ClaimedDelivery, Endpoint, Interest};
use store::{Dialect, Priority, Topic, Tx, events, progress, webhook_replays};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::mailboxes::notify;
use crate::ports::{WebhookRequest, WebhookResponse};
use crate::webhook_replay::{self, Progress};
use crate::{Engine, Result, due, webhook_schedule, webhook_signing};

/// Events looked at in one go.
const FAN_OUT: usize = 500;
const PROGRESS: &str = "webhooks";
/// Where nobody listens, the cursor moves in strides of this many events; the first endpoint looks past them.
const UNHEARD_EVENTS: i64 = 10_000;
/// How long after such a look the next one may come: under load there would be one a commit. The first event a new endpoint hears
/// of may come this much later.
const UNHEARD_PAUSE: Duration = Duration::from_millis(100);
/// How long a claimed delivery is ours; longer than a request may take.
const LEASE: Duration = Duration::from_secs(WEBHOOK_TIMEOUT_SECONDS * 4);
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// An endpoint that only failed for this long is disabled.
const DISABLE_AFTER: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Turns events into deliveries until it is told to stop.
pub async fn fan_out(engine: Engine, shutdown: CancellationToken) {
    let mut news = engine.db.subscribe(Topic::Events);
    loop {
        let pause = match fan_out_some(&engine).await {
            Ok(None) => {
                tokio::select! {
                    () = tokio::time::sleep(UNHEARD_PAUSE) => LOOK_AGAIN,
                    () = shutdown.cancelled() => return,
                }
            }
            Ok(Some(0)) => LOOK_AGAIN,
            Ok(_) if shutdown.is_cancelled() => return,
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(%error, "events could not be handed to webhooks; trying again");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// How many events were handed on; `None` where nobody listens.
async fn fan_out_some(engine: &Engine) -> Result<Option<usize>> {
    let (position, newest, endpoints) = engine
        .db
        .read(|tx| {
            Ok((progress::get(tx, PROGRESS)?, events::newest_position(tx)?, webhook_queue::enabled_endpoints(tx)?))
        })
        .await?;
    if endpoints.is_empty() {
        if newest - position >= UNHEARD_EVENTS {
            let advance = move |tx: &mut Tx<'_>| progress::advance(tx, PROGRESS, position, newest).map(drop);
            engine.db.write(Priority::Delivery, advance).await?;
        }
        return Ok(None);
    }
    if newest <= position {
        return Ok(Some(0));
    }
    let count = engine
        .db
        .write(Priority::Delivery, move |tx| {
            let found = events::after(tx, position, FAN_OUT)?;
            let Some(last) = found.last() else { return Ok(0) };
            // Another node may have been here first.
            if !progress::advance(tx, PROGRESS, position, last.position)? {
                return Ok(1);
            }
            let now = Timestamp::now();
            for event in &found {
                let has_own = has_own(&endpoints, event);
                for endpoint in endpoints.iter().filter(|endpoint| wants(endpoint, event, has_own)) {
                    webhook_queue::add(tx, &endpoint.workspace_id, &endpoint.id, &event.id, event.event_type, now)?;
                }
            }
            Ok(found.len())
        })
        .await?;
    Ok(Some(count))
}

/// Whether an endpoint hears of the event's account alone.
fn has_own(endpoints: &[Endpoint], event: &StoredEvent) -> bool {
    let account = account_of(event);
    account.is_some()
        && endpoints
            .iter()
            .any(|one| one.workspace_id == event.workspace_id && one.interest.account.as_deref() == account)
}

fn account_of(event: &StoredEvent) -> Option<&str> {
    event.data.get("account").filter(|_| event.event_type.is_of_mailbox())?.as_str()
}

fn wants(endpoint: &Endpoint, event: &StoredEvent, has_own: bool) -> bool {
    // These go to one endpoint alone, and are queued by whoever asks for it.
    let has_addressee = matches!(event.event_type, EventType::WebhookTest | EventType::AutomationMatched);
    let addressed = !has_addressee && event.workspace_id == endpoint.workspace_id;
    addressed
        && !event.imported
        && endpoint.created_at <= event.at
        && (!has_own || endpoint.interest.account.is_some() || endpoint.interest.format == WebhookFormat::Postroom)
        && concerns(&endpoint.interest, event)
}

/// Whether it is an event of the kind that an endpoint wants to hear of.
pub(crate) fn concerns(interest: &Interest, event: &StoredEvent) -> bool {
    (interest.format == WebhookFormat::Postroom || event.event_type.is_of_mailbox())
        && interest.account.as_deref().is_none_or(|account| account_of(event) == Some(account))
        && interest.events.iter().any(|pattern| event.event_type.matches(pattern))
}

/// Delivers until it is told to stop; requests under way then are finished.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let lease = crate::tokens::random(16);
    if engine.db.dialect() == Dialect::Sqlite
        && let Err(error) =
            engine.db.write(Priority::Delivery, |tx| webhook_queue::free_claimed(tx, Timestamp::now())).await
    {
        tracing::error!(%error, "webhooks left under way could not be freed; they are when their lease ends");
    }
    let mut news = engine.db.subscribe(Topic::Webhooks);
    let mut tasks: JoinSet<WebhookEndpointId> = JoinSet::new();
    let mut under_way: HashMap<WebhookEndpointId, usize> = HashMap::new();
    while !shutdown.is_cancelled() {
        let claimed = claim(&engine, &lease, &under_way).await;
        let failed = claimed.is_err();
        let (claimed, look_on) = claimed.unwrap_or_else(|error| {
            tracing::error!(%error, "webhooks could not be claimed; trying again");
            (Vec::new(), false)
        });
        for delivery in claimed {
            let endpoint = delivery.endpoint.id.clone();
            *under_way.entry(endpoint.clone()).or_default() += 1;
            let (engine, lease) = (engine.clone(), lease.clone());
            tasks.spawn(async move {
                if let Err(error) = deliver(&engine, &lease, delivery).await {
                    tracing::error!(%error, %endpoint, "a webhook could not be recorded; it is sent again when its lease ends");
                }
                endpoint
            });
        }
        let pause = match look_on {
            true => Duration::ZERO,
            false => due::pause(&engine, webhook_queue::next_due, LOOK_AGAIN, failed).await,
        };
        tokio::select! {
            _ = news.changed() => {}
            Some(done) = tasks.join_next() => release(&mut under_way, done.ok()),
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
        while let Some(done) = tasks.try_join_next() {
            release(&mut under_way, done.ok());
        }
    }
    while tasks.join_next().await.is_some() {}
}

fn release(under_way: &mut HashMap<WebhookEndpointId, usize>, endpoint: Option<WebhookEndpointId>) {
    let Some(endpoint) = endpoint else { return };
    if let Some(count) = under_way.get_mut(&endpoint) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            under_way.remove(&endpoint);
        }
    }
}

/// What may be sent now, and whether a replay has more to look through at once. Replays take the places that are left.
async fn claim(
    engine: &Engine,
    lease: &str,
    under_way: &HashMap<WebhookEndpointId, usize>,
) -> Result<(Vec<ClaimedDelivery>, bool)> {
    let (lease, mut under_way, now) = (lease.to_owned(), under_way.clone(), Timestamp::now());
    let claimed = engine.db.write(Priority::Delivery, move |tx| {
        let (mut claimed, mut look_on) = (Vec::new(), false);
        for endpoint in webhook_queue::endpoints_with_due(tx, now)? {
            let places = free_places(&under_way, &endpoint);
            if places > 0 {
                let found = webhook_queue::claim(tx, &endpoint, now, now.plus(LEASE), &lease, places)?;
                *under_way.entry(endpoint).or_default() += found.len();
                claimed.extend(found);
            }
        }
        for replay in webhook_replays::under_way(tx)? {
            match webhook_replay::step(tx, &replay, free_places(&under_way, &replay.endpoint_id), now)? {
                Progress::Queued(count) => {
                    let (endpoint, until) = (&replay.endpoint_id, now.plus(LEASE));
                    claimed.extend(webhook_queue::claim(tx, endpoint, now, until, &lease, count)?);
                }
                Progress::LookOn => look_on = true,
                Progress::Idle => {}
            }
        }
        Ok((claimed, look_on))
    });
    Ok(claimed.await?)
}

fn free_places(under_way: &HashMap<WebhookEndpointId, usize>, endpoint: &WebhookEndpointId) -> usize {
    WEBHOOK_CONCURRENCY.saturating_sub(under_way.get(endpoint).copied().unwrap_or(0))
}

async fn deliver(engine: &Engine, lease: &str, delivery: ClaimedDelivery) -> Result<()> {
    let Some(request) = request(engine, &delivery).await? else {
        // The event is no longer kept; there is nothing to send.
        let answer = WebhookResponse {
            status_code: None,
            body: "the event is no longer kept".into(),
            retry_after: None,
            at: Timestamp::now(),
            duration: Duration::ZERO,
        };
        return record(engine, lease, delivery, answer, true).await;
    };
    let response = engine.ports.webhooks.post(request).await;
    metrics::counter!("postroom_webhook_attempts_total", "ok" => if succeeded(&response) { "true" } else { "false" })
        .increment(1);
    record(engine, lease, delivery, response, false).await
}

async fn request(engine: &Engine, delivery: &ClaimedDelivery) -> Result<Option<WebhookRequest>> {
    let (workspace, event_id) = (delivery.endpoint.workspace_id.clone(), delivery.event_id.clone());
    let Some(event) = engine.db.read(move |tx| events::by_id(tx, &workspace, &event_id)).await? else {
        return Ok(None);
    };
    let Some(event) = crate::events::hydrate(engine, vec![event]).await?.pop() else { return Ok(None) };
    let of_mailbox = delivery.endpoint.interest.format == WebhookFormat::Emailengine;
    let body = if of_mailbox {
        let mut body = mailbox_body(engine, &event);
        if event.event_type == EventType::MailNew {
            notify::fill_in(engine, &event.workspace_id, &mut body).await?;
        }
        serde_json::to_vec(&body)
    } else {
        serde_json::to_vec(&event)
    };
    let body = body.map_err(|error| crate::EngineError::Internal(format!("event {}: {error}", event.id)))?;
    let secrets = crate::webhook_endpoints::secrets(engine, &delivery.endpoint)?;
    let seconds = Timestamp::now().as_seconds();
    let signature = webhook_signing::signature_header(&secrets, event.id.as_str(), seconds, &body)
        .map_err(|error| crate::EngineError::Internal(error.to_string()))?;
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("webhook-id".to_owned(), event.id.to_string()),
        ("webhook-timestamp".to_owned(), seconds.to_string()),
        ("webhook-signature".to_owned(), signature),
    ];
    if of_mailbox {
        headers.extend([
            ("x-ee-wh-id".to_owned(), delivery.id.to_string()),
            ("x-ee-wh-event-id".to_owned(), event.id.to_string()),
            ("x-ee-wh-attempts-made".to_owned(), (delivery.attempts + 1).to_string()),
        ]);
        let secret = crate::webhook_endpoints::body_secret(engine, &delivery.endpoint)?;
        headers.push(("x-ee-wh-signature".to_owned(), webhook_signing::body_signature(&secret, &body)));
    }
    Ok(Some(WebhookRequest {
        url: delivery.endpoint.url.clone(),
        headers,
        body: body.into(),
        timeout: Duration::from_secs(WEBHOOK_TIMEOUT_SECONDS),
    }))
}

/// An event of a mailbox in EmailEngine's shape; a test in the same.
fn mailbox_body(engine: &Engine, event: &Event) -> Map<String, Json> {
    let mut shown = match &event.data {
        Json::Object(data) if event.event_type.is_of_mailbox() => data.clone(),
        data => Map::from_iter([("data".to_owned(), data.clone())]),
    };
    shown.insert("serviceUrl".into(), json!(engine.config.public_url));
    shown.insert("date".into(), json!(event.timestamp));
    shown.insert("event".into(), json!(event.event_type));
    shown.insert("eventId".into(), json!(event.id));
    shown
}

fn succeeded(response: &WebhookResponse) -> bool {
    response.status_code.is_some_and(|code| (200..300).contains(&code))
}

async fn record(
    engine: &Engine,
    lease: &str,
    delivery: ClaimedDelivery,
    response: WebhookResponse,
    over: bool,
) -> Result<()> {
    let lease = lease.to_owned();
    let delivery = Arc::new(delivery);
    let record = move |tx: &mut Tx<'_>| {
        let attempt = WebhookAttempt {
            at: response.at,
            status_code: response.status_code,
            duration_ms: u64::try_from(response.duration.as_millis()).unwrap_or(u64::MAX),
            response: response.body.clone(),
        };
        let (status, due_at) = next(&delivery, &response, over);
        if !webhook_queue::record(tx, &delivery, &lease, status, due_at, &attempt)? {
            return Ok(());
        }
        judge_endpoint(tx, &delivery.endpoint, &response, status)
    };
    crate::write_again_on_conflict(&engine.db, Priority::Delivery, record).await?;
    Ok(())
}

fn next(
    delivery: &ClaimedDelivery,
    response: &WebhookResponse,
    over: bool,
) -> (WebhookDeliveryStatus, Option<Timestamp>) {
    if succeeded(response) {
        return (WebhookDeliveryStatus::Delivered, None);
    }
    let attempts = delivery.attempts.saturating_add(1);
    match webhook_schedule::retry_delay_after(attempts, rand::rng().random_range(0.0..1.0), response.retry_after) {
        Some(delay) if !over && response.status_code != Some(410) => {
            (WebhookDeliveryStatus::Pending, Some(response.at.plus(delay)))
        }
        _ => (WebhookDeliveryStatus::Failed, None),
    }
}

/// Disables an endpoint that asked for it (410) or has failed for days, and says so.
fn judge_endpoint(
    tx: &mut Tx<'_>,
    endpoint: &Endpoint,
    response: &WebhookResponse,
    status: WebhookDeliveryStatus,
) -> store::Result<()> {
    let id = &endpoint.id;
    let since = endpoint.failing_since;
    if succeeded(response) {
        return if since.is_some() { webhook_queue::set_failing_since(tx, id, None) } else { Ok(()) };
    }
    let reason = if response.status_code == Some(410) {
        "it answered 410 Gone".to_owned()
    } else if status == WebhookDeliveryStatus::Failed
        && since.is_some_and(|since| response.at.since(since) >= DISABLE_AFTER)
    {
        format!("every delivery failed since {}", since.unwrap_or(response.at))
    } else {
        return if since.is_none() { webhook_queue::set_failing_since(tx, id, Some(response.at)) } else { Ok(()) };
    };
    webhook_queue::disable(tx, id, &reason, response.at)?;
    tracing::warn!(endpoint = %id, url = endpoint.url, reason, "a webhook endpoint was disabled");
    let data = json!({ "endpointId": id, "url": endpoint.url, "reason": reason });
    let event = NewEvent {
        workspace_id: &endpoint.workspace_id,
        channel_id: None,
        event_type: EventType::WebhookDisabled,
        subject_id: id.as_str(),
        data: &data,
        at: response.at,
    };
    events::append(tx, &event).map(drop)
}
