//! `/api/v1/audit-log`: who did what to which thing, when and from where; a page at a time, and as CSV.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::listing::SliceOf;
use engine::suppressions::write_csv_row;
use engine::{Engine, EngineError, audit};
use futures_util::{StreamExt as _, stream};
use model::Timestamp;
use model::audit::AuditEntry;
use model::key::Principal;
use model::limits::PAGE_TAKE_MAX;
use serde::Deserialize;
use store::audit_log::Filter;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{page, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::StrictQuery;

const EXPORT_HEADER: [&str; 11] = [
    "id",
    "at",
    "actorType",
    "actorId",
    "actorName",
    "address",
    "action",
    "targetType",
    "targetId",
    "targetName",
    "changed",
];
/// Rows of one file: what is older is asked for with `before`.
const EXPORT_ROWS_MAX: usize = 100_000;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(export))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Of this user or API key, by its id.
    actor_id: Option<String>,
    /// `session.created`, `channel.changed` and so on.
    action: Option<String>,
    /// `user`, `channel`, `webhook` and so on.
    target_type: Option<String>,
    target_id: Option<String>,
    since: Option<Timestamp>,
    /// Not within.
    before: Option<Timestamp>,
    cursor: Option<String>,
    take: Option<usize>,
    /// `desc` (newest first) where it is not said.
    order: Option<Order>,
}

/// What was done in the workspace, newest first. For administrators.
#[utoipa::path(get, path = "/api/v1/audit-log", operation_id = "listAuditLog", tag = "audit", params(ListQuery),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<AuditEntry>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    let filter = Filter {
        actor_id: query.actor_id,
        action: query.action,
        target_type: query.target_type,
        target_id: query.target_id,
        since: query.since,
        before: query.before,
    };
    Ok(Json(page(audit::list(&engine, &principal, filter, part).await?)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    actor_id: Option<String>,
    action: Option<String>,
    target_type: Option<String>,
    target_id: Option<String>,
    since: Option<Timestamp>,
    /// Not within.
    before: Option<Timestamp>,
}

/// The same as CSV, newest first, at most 100,000 rows; that it was given out is written into the log.
#[utoipa::path(get, path = "/api/v1/audit-log/export", operation_id = "exportAuditLog", tag = "audit", params(ExportQuery),
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn export(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ExportQuery>,
) -> Answer<Response> {
    let filter = Filter {
        actor_id: query.actor_id,
        action: query.action,
        target_type: query.target_type,
        target_id: query.target_id,
        since: query.since,
        before: query.before,
    };
    // Before the answer begins: who may not, is told so.
    let first = csv_page(&engine, &principal, &filter, None).await?;
    audit::note_export(&engine, &principal).await?;
    let mut head = String::new();
    write_csv_row(&mut head, &EXPORT_HEADER);
    let begun = Some((head, Ok(first), EXPORT_ROWS_MAX / PAGE_TAKE_MAX));
    let pages = stream::unfold(begun, move |state| {
        let (engine, principal, filter) = (engine.clone(), principal.clone(), filter.clone());
        async move {
            let (text, next, left) = match state? {
                (head, Ok((rows, next)), left) => (head + &rows, next, left.saturating_sub(1)),
                (_, Err(error), _) => return Some((Err::<Bytes, std::io::Error>(error), None)),
            };
            let following = match next.filter(|_| left > 0) {
                Some(place) => {
                    let page = csv_page(&engine, &principal, &filter, Some(place)).await;
                    // A file that ends in the middle must not look whole.
                    Some((String::new(), page.map_err(|error| std::io::Error::other(error.to_string())), left))
                }
                None => None,
            };
            Some((Ok(Bytes::from(text)), following))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""),
    ];
    // Layers above may ask once more after the end: the one that compresses does.
    Ok((headers, Body::from_stream(pages.fuse())).into_response())
}

/// Some rows, and the place they go on behind.
async fn csv_page(
    engine: &Engine,
    principal: &Principal,
    filter: &Filter,
    after: Option<i64>,
) -> Result<(String, Option<i64>), EngineError> {
    let part = SliceOf { after, ascending: false, take: PAGE_TAKE_MAX };
    let listing = audit::list(engine, principal, filter.clone(), part).await?;
    let mut rows = String::new();
    for entry in &listing.items {
        let (at, changed) = (entry.at.to_string(), entry.changed.join(" "));
        let fields = [
            entry.id.as_str(),
            &at,
            entry.actor.actor_type.as_str(),
            entry.actor.id.as_deref().unwrap_or_default(),
            entry.actor.name.as_deref().unwrap_or_default(),
            entry.address.as_deref().unwrap_or_default(),
            &entry.action,
            &entry.target.target_type,
            &entry.target.id,
            entry.target.name.as_deref().unwrap_or_default(),
            &changed,
        ];
        let fields = fields.map(audit::csv_text);
        write_csv_row(&mut rows, &fields.each_ref().map(AsRef::as_ref));
    }
    Ok((rows, listing.next))
}
