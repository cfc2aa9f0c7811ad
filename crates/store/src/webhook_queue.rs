//! Webhook deliveries as their dispatcher sees them: queued, claimed with a lease, recorded. Lists for people are in `webhook_deliveries`.

use model::event::EventType;
use model::webhook::{WebhookAttempt, WebhookDeliveryStatus, WebhookFormat};
use model::{EventId, Timestamp, WebhookDeliveryId, WebhookEndpointId, WorkspaceId};

use crate::db::{Dialect, Row, Topic, Tx, json};
use crate::error::{Result, StoreError};

/// Attempts kept in a delivery's log; the newest ones.
const ATTEMPTS_KEPT: usize = 20;

/// What an endpoint wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    pub events: Vec<String>,
    pub format: WebhookFormat,
    /// Of this account alone.
    pub account: Option<String>,
}

impl Interest {
    /// From columns in this order: events, format, account.
    pub(crate) fn from_row(row: &Row<'_>, first: usize) -> Result<Self> {
        let format = row.text(first + 1)?;
        Ok(Self {
            events: row.json("webhook_endpoint", first)?,
            format: WebhookFormat::parse(&format)
                .ok_or_else(|| StoreError::corrupt("webhook_endpoint", format!("format {format}")))?,
            account: row.text_or_null(first + 2)?,
        })
    }
}

/// An endpoint as its requests need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: WebhookEndpointId,
    pub workspace_id: WorkspaceId,
    pub url: String,
    pub interest: Interest,
    /// Sealed by the vault.
    pub secrets: Vec<u8>,
    pub failing_since: Option<Timestamp>,
    pub created_at: Timestamp,
}

const ENDPOINT_COLUMNS: &str =
    "e.id, e.workspace_id, e.url, e.events, e.format, e.account, e.secrets, e.failing_since, e.created_at";

fn endpoint(row: &Row<'_>, first: usize) -> Result<Endpoint> {
    Ok(Endpoint {
        id: WebhookEndpointId::from_stored(row.text(first)?),
        workspace_id: WorkspaceId::from_stored(row.text(first + 1)?),
        url: row.text(first + 2)?,
        interest: Interest::from_row(row, first + 3)?,
        secrets: row.bytes(first + 6)?,
        failing_since: row.time_or_null(first + 7)?,
        created_at: row.time(first + 8)?,
    })
}

/// # Errors
/// What the database says.
pub fn enabled_endpoints(tx: &mut Tx<'_>) -> Result<Vec<Endpoint>> {
    tx.query(&format!("SELECT {ENDPOINT_COLUMNS} FROM webhook_endpoint e WHERE e.enabled"), &[], |row| endpoint(row, 0))
}

/// Queues an event for an endpoint, due at once.
///
/// # Errors
/// What the database says.
pub fn add(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    endpoint: &WebhookEndpointId,
    event_id: &EventId,
    event_type: EventType,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO webhook_delivery (id, workspace_id, endpoint_id, event_id, event_type, status, due_at, attempts, log, created_at)
         VALUES ($1, $2, $3, $4, $5, 'pending', $6, 0, '[]', $6)",
        &[
            WebhookDeliveryId::generate().into(),
            workspace.into(),
            endpoint.into(),
            event_id.into(),
            event_type.as_str().into(),
            now.into(),
        ],
    )?;
    tx.announce(Topic::Webhooks);
    Ok(())
}

/// How many deliveries wait for an endpoint, counted up to `most`.
///
/// # Errors
/// What the database says.
pub fn waiting(tx: &mut Tx<'_>, endpoint: &WebhookEndpointId, most: usize) -> Result<usize> {
    let sql = "SELECT COUNT(*) FROM (
                   SELECT 1 FROM webhook_delivery WHERE endpoint_id = $1 AND due_at IS NOT NULL LIMIT $2) AS first_ones";
    let count = tx.query_one(sql, &[endpoint.into(), most.into()], |row| row.int(0))?;
    Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default())
}

/// Endpoints that something is due for.
///
/// # Errors
/// What the database says.
pub fn endpoints_with_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<WebhookEndpointId>> {
    // A look at the head of each endpoint's queue, not a walk over all that waits.
    let sql = "SELECT e.id FROM webhook_endpoint e WHERE e.enabled AND EXISTS (
                   SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.due_at IS NOT NULL AND d.due_at <= $1)";
    tx.query(sql, &[now.into()], |row| row.text(0).map(WebhookEndpointId::from_stored))
}

/// When the next delivery to an enabled endpoint is due.
///
/// # Errors
/// What the database says.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let sql = "SELECT MIN(due) FROM (SELECT (
                   SELECT MIN(d.due_at) FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.due_at IS NOT NULL) AS due
               FROM webhook_endpoint e WHERE e.enabled) AS heads";
    Ok(tx.query_one(sql, &[], |row| row.time_or_null(0))?.flatten())
}

#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedDelivery {
    pub id: WebhookDeliveryId,
    pub event_id: EventId,
    pub attempts: u32,
    pub log: Vec<WebhookAttempt>,
    pub endpoint: Endpoint,
}

/// Claims up to `take` deliveries of an endpoint that are due, oldest first, until `lease_until`.
///
/// # Errors
/// What the database says.
pub fn claim(
    tx: &mut Tx<'_>,
    endpoint_id: &WebhookEndpointId,
    now: Timestamp,
    lease_until: Timestamp,
    lease: &str,
    take: usize,
) -> Result<Vec<ClaimedDelivery>> {
    let skip_locked = if tx.dialect() == Dialect::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
    let claimed = tx.query(
        &format!(
            "UPDATE webhook_delivery SET due_at = $3, lease = $4 WHERE id IN (
                 SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND due_at IS NOT NULL AND due_at <= $2
                 ORDER BY due_at, id LIMIT $5 {skip_locked}) RETURNING id, event_id, attempts, log"
        ),
        &[endpoint_id.into(), now.into(), lease_until.into(), lease.into(), take.into()],
        |row| {
            let log: Vec<WebhookAttempt> = row.json("webhook_delivery", 3)?;
            Ok((WebhookDeliveryId::from_stored(row.text(0)?), EventId::from_stored(row.text(1)?), row.int(2)?, log))
        },
    )?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {ENDPOINT_COLUMNS} FROM webhook_endpoint e WHERE e.id = $1");
    let Some(endpoint) = tx.query_one(&sql, &[endpoint_id.into()], |row| endpoint(row, 0))? else {
        return Ok(Vec::new());
    };
    let mut claimed: Vec<ClaimedDelivery> = claimed
        .into_iter()
        .map(|(id, event_id, attempts, log)| ClaimedDelivery {
            id,
            event_id,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            log,
            endpoint: endpoint.clone(),
        })
        .collect();
    claimed.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(claimed)
}

/// Records an attempt. False when the lease was lost, or the delivery is gone.
///
/// # Errors
/// What the database says.
pub fn record(
    tx: &mut Tx<'_>,
    delivery: &ClaimedDelivery,
    lease: &str,
    status: WebhookDeliveryStatus,
    due_at: Option<Timestamp>,
    attempt: &WebhookAttempt,
) -> Result<bool> {
    let mut log = delivery.log.clone();
    log.push(attempt.clone());
    let surplus = log.len().saturating_sub(ATTEMPTS_KEPT);
    log.drain(..surplus);
    let log = json("webhook_delivery", &log)?;
    let changed = tx.execute(
        "UPDATE webhook_delivery SET status = $3, due_at = $4, lease = NULL, attempts = attempts + 1, log = $5 WHERE id = $1 AND lease = $2",
        &[(&delivery.id).into(), lease.into(), status.as_str().into(), due_at.into(), log.into()],
    )?;
    Ok(changed == 1)
}

/// Makes everything claimed due at once. Only where no other process works on the database.
///
/// # Errors
/// What the database says.
pub fn free_claimed(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE webhook_delivery SET due_at = $1, lease = NULL WHERE due_at IS NOT NULL AND lease IS NOT NULL",
        &[now.into()],
    )
}

/// # Errors
/// What the database says.
pub fn set_failing_since(tx: &mut Tx<'_>, endpoint: &WebhookEndpointId, since: Option<Timestamp>) -> Result<()> {
    tx.execute("UPDATE webhook_endpoint SET failing_since = $2 WHERE id = $1", &[endpoint.into(), since.into()])?;
    Ok(())
}

/// Stops an endpoint. What waits for it waits until it is enabled again.
///
/// # Errors
/// What the database says.
pub fn disable(tx: &mut Tx<'_>, endpoint: &WebhookEndpointId, reason: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE webhook_endpoint SET enabled = $2, disabled_reason = $3, updated_at = $4 WHERE id = $1",
        &[endpoint.into(), false.into(), reason.into(), now.into()],
    )?;
    Ok(())
}

/// Forgets deliveries that are over and older than `before`, at most `limit` at once.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64> {
    // Ids are in the order of their making.
    let first_kept = WebhookDeliveryId::derived(before, b"");
    tx.execute(
        "DELETE FROM webhook_delivery WHERE id IN (
             SELECT id FROM webhook_delivery WHERE id < $1 AND due_at IS NULL ORDER BY id LIMIT $2)",
        &[first_kept.into(), limit.into()],
    )
}
