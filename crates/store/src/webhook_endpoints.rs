//! Webhook endpoints and their deliveries as people see them. The dispatcher's side is in `webhook_queue`.

use model::webhook::{WebhookDelivery, WebhookDeliveryStatus, WebhookEndpoint, WebhookFormat};
use model::{EventId, Timestamp, WebhookDeliveryId, WebhookEndpointId, WorkspaceId};

use crate::db::{Row, Topic, Tx, json};
use crate::error::{Result, StoreError};
use crate::webhook_replays;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRow {
    pub workspace_id: WorkspaceId,
    /// Sealed by the vault.
    pub secrets: Vec<u8>,
    /// `secret` is never filled in here.
    pub public: WebhookEndpoint,
}

const COLUMNS: &str =
    "id, workspace_id, url, events, format, secrets, enabled, disabled_reason, created_at, updated_at, account";

/// A row with its replay, where there was one.
fn select(rest: &str) -> String {
    let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("e.{column}")).collect();
    format!(
        "SELECT {}, {} FROM webhook_endpoint e LEFT JOIN webhook_replay r ON r.endpoint_id = e.id WHERE {rest}",
        columns.join(", "),
        webhook_replays::COLUMNS
    )
}

fn from_row(row: &Row<'_>) -> Result<EndpointRow> {
    let format = row.text(4)?;
    Ok(EndpointRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        secrets: row.bytes(5)?,
        public: WebhookEndpoint {
            id: WebhookEndpointId::from_stored(row.text(0)?),
            url: row.text(2)?,
            events: row.json("webhook_endpoint", 3)?,
            format: WebhookFormat::parse(&format)
                .ok_or_else(|| StoreError::corrupt("webhook_endpoint", format!("format {format}")))?,
            enabled: row.bool(6)?,
            disabled_reason: row.text_or_null(7)?,
            secret: None,
            replay: webhook_replays::from_row(row, 11)?,
            account: row.text_or_null(10)?,
            created_at: row.time(8)?,
            updated_at: row.time(9)?,
        },
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &EndpointRow) -> Result<()> {
    let public = &row.public;
    let events = json("webhook_endpoint", &public.events)?;
    tx.execute(
        &format!("INSERT INTO webhook_endpoint ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"),
        &[
            (&public.id).into(),
            (&row.workspace_id).into(),
            (&public.url).into(),
            events.into(),
            public.format.as_str().into(),
            (&row.secrets).into(),
            public.enabled.into(),
            (&public.disabled_reason).into(),
            public.created_at.into(),
            public.updated_at.into(),
            (&public.account).into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &EndpointRow) -> Result<()> {
    let public = &row.public;
    let events = json("webhook_endpoint", &public.events)?;
    tx.execute(
        "UPDATE webhook_endpoint SET url = $2, events = $3, format = $4, secrets = $5, enabled = $6, disabled_reason = $7, updated_at = $8,
             failing_since = CASE WHEN $6 THEN NULL ELSE failing_since END WHERE id = $1",
        &[
            (&public.id).into(),
            (&public.url).into(),
            events.into(),
            public.format.as_str().into(),
            (&row.secrets).into(),
            public.enabled.into(),
            (&public.disabled_reason).into(),
            public.updated_at.into(),
        ],
    )?;
    tx.announce(Topic::Webhooks);
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &WebhookEndpointId) -> Result<Option<EndpointRow>> {
    tx.query_one(&select("e.id = $1 AND e.workspace_id = $2"), &[id.into(), workspace.into()], from_row)
}

/// Newest first.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Vec<EndpointRow>> {
    tx.query(&select("e.workspace_id = $1 ORDER BY e.id DESC"), &[workspace.into()], from_row)
}

/// The one that hears of an account alone.
///
/// # Errors
/// What the database says.
pub fn of_account(tx: &mut Tx<'_>, workspace: &WorkspaceId, account: &str) -> Result<Option<EndpointRow>> {
    tx.query_one(&select("e.workspace_id = $1 AND e.account = $2"), &[workspace.into(), account.into()], from_row)
}

/// Forgets an endpoint with its deliveries.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &WebhookEndpointId) -> Result<()> {
    tx.execute("DELETE FROM webhook_delivery WHERE endpoint_id = $1", &[id.into()])?;
    tx.execute("DELETE FROM webhook_replay WHERE endpoint_id = $1", &[id.into()])?;
    tx.execute("DELETE FROM webhook_endpoint WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// Sealed secrets of all workspaces, to be sealed anew.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(WebhookEndpointId, Vec<u8>)>> {
    tx.query("SELECT id, secrets FROM webhook_endpoint", &[], |row| {
        Ok((WebhookEndpointId::from_stored(row.text(0)?), row.bytes(1)?))
    })
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, id: &WebhookEndpointId, secrets: &[u8]) -> Result<()> {
    tx.execute("UPDATE webhook_endpoint SET secrets = $2 WHERE id = $1", &[id.into(), secrets.into()])?;
    Ok(())
}

const DELIVERY_COLUMNS: &str = "id, event_id, event_type, status, log, due_at, created_at";

fn delivery_from(row: &Row<'_>) -> Result<WebhookDelivery> {
    let status = row.text(3)?;
    Ok(WebhookDelivery {
        id: WebhookDeliveryId::from_stored(row.text(0)?),
        event_id: EventId::from_stored(row.text(1)?),
        event_type: row.text(2)?,
        status: WebhookDeliveryStatus::parse(&status)
            .ok_or_else(|| StoreError::corrupt("webhook_delivery", format!("status {status}")))?,
        attempts: row.json("webhook_delivery", 4)?,
        next_attempt_at: row.time_or_null(5)?,
        created_at: row.time(6)?,
    })
}

/// Deliveries of an endpoint behind (or, newest first, before) `cursor`.
///
/// # Errors
/// What the database says.
pub fn deliveries(
    tx: &mut Tx<'_>,
    endpoint: &WebhookEndpointId,
    cursor: Option<&str>,
    ascending: bool,
    take: usize,
) -> Result<Vec<WebhookDelivery>> {
    let (comparison, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let sql = format!(
        "SELECT {DELIVERY_COLUMNS} FROM webhook_delivery WHERE endpoint_id = $1 AND (CAST($2 AS TEXT) IS NULL OR id {comparison} $2) ORDER BY id {order} LIMIT $3"
    );
    tx.query(&sql, &[endpoint.into(), cursor.into(), take.into()], delivery_from)
}

/// How many deliveries to an endpoint are kept.
///
/// # Errors
/// What the database says.
pub fn delivery_count(tx: &mut Tx<'_>, endpoint: &WebhookEndpointId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM webhook_delivery WHERE endpoint_id = $1";
    Ok(tx.query_one(sql, &[endpoint.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// # Errors
/// What the database says.
pub fn delivery(
    tx: &mut Tx<'_>,
    endpoint: &WebhookEndpointId,
    id: &WebhookDeliveryId,
) -> Result<Option<WebhookDelivery>> {
    let sql = format!("SELECT {DELIVERY_COLUMNS} FROM webhook_delivery WHERE id = $2 AND endpoint_id = $1");
    tx.query_one(&sql, &[endpoint.into(), id.into()], delivery_from)
}

/// Makes a delivery due now, whatever became of it. `None` when the endpoint has no such delivery.
///
/// # Errors
/// What the database says.
pub fn retry(
    tx: &mut Tx<'_>,
    endpoint: &WebhookEndpointId,
    id: &WebhookDeliveryId,
    now: Timestamp,
) -> Result<Option<WebhookDelivery>> {
    let sql = format!(
        "UPDATE webhook_delivery SET status = 'pending', due_at = $3, lease = NULL, attempts = 0 WHERE id = $2 AND endpoint_id = $1 RETURNING {DELIVERY_COLUMNS}"
    );
    tx.announce(Topic::Webhooks);
    tx.query_one(&sql, &[endpoint.into(), id.into(), now.into()], delivery_from)
}
