//! Mails of accounts that wait to be sent, on the wire.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::outbox;
use model::SubmissionId;
use serde::Deserialize;
use serde_json::{Value, json};
use store::submissions::SubmissionRow;

use super::error::{Answered, Asked, Asker, Named};
use super::paging::Part;
use crate::app::App;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OutboxQuery {
    account: Option<String>,
    page: usize,
    page_size: Option<usize>,
}

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<OutboxQuery>,
) -> Answered<Json<Value>> {
    let part = Part::of(query.page, query.page_size);
    let (rows, total) =
        outbox::page(&app.engine, &principal, query.account.as_deref(), part.skip(), part.take()).await?;
    let rows = rows.iter().map(|(row, account)| waiting(row, account)).collect();
    Ok(Json(part.page("messages", rows, total)))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<SubmissionId>,
) -> Answered<Json<Value>> {
    let (row, account) = outbox::get(&app.engine, &principal, &id).await?;
    Ok(Json(waiting(&row, &account)))
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<SubmissionId>,
) -> Answered<Json<Value>> {
    outbox::take_back(&app.engine, &principal, &id).await?;
    Ok(Json(json!({ "deleted": true })))
}

fn waiting(row: &SubmissionRow, account: &str) -> Value {
    let status = match (row.claimed, row.last_error.is_some()) {
        (true, _) => "processing",
        (false, true) => "error",
        (false, false) => "queued",
    };
    let mut progress = json!({ "status": status });
    if let (Some(error), Some(progress)) = (&row.last_error, progress.as_object_mut()) {
        progress.insert("error".into(), json!({ "message": error.response, "created": error.at }));
    }
    json!({
        "queueId": row.id,
        "account": account,
        "source": "api",
        "messageId": format!("<{}>", row.rfc_message_id),
        "envelope": { "from": row.mail_from, "to": row.pending },
        "subject": row.subject,
        "gateway": row.gateway,
        "created": row.created_at,
        "scheduled": row.scheduled_at,
        "nextAttempt": row.due_at,
        "attemptsMade": row.attempts,
        "attempts": row.attempts_max,
        "progress": progress,
    })
}
