//! History that becomes activities, on the wire.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::backfilling::{self, Backfill};
use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Answered, Asker, Body, Named};
use crate::app::App;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct BackfillBody {
    since: Option<Timestamp>,
}

pub(super) async fn begin(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Body(body): Body<BackfillBody>,
) -> Answered<Json<Value>> {
    let begun = backfilling::begin(&app.engine, &principal, &name, body.since).await?;
    Ok(Json(shown(&name, &begun)))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    let found = backfilling::get(&app.engine, &principal, &name).await?;
    Ok(Json(shown(&name, &found)))
}

fn shown(name: &str, Backfill { row, total }: &Backfill) -> Value {
    json!({
        "account": name,
        "state": if row.finished_at.is_some() { "finished" } else { "running" },
        "since": row.since,
        "processed": row.mails,
        "total": total,
        "activities": row.activities,
        "startedAt": row.started_at,
        "finishedAt": row.finished_at,
    })
}
