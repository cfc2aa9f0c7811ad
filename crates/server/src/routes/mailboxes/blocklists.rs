//! Blocklists of the mailbox API: the suppressions of the platform API, a list for each scope. `workspace` is the workspace's; `dom_…`
//! that of a domain; any other name that of the use case with this id, or of mail that is submitted with it as its `listId`.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::accounts;
use engine::suppressions::{self, Added, NewSuppression, Place};
use model::suppression::{Suppression, SuppressionReason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Answered, Asked, Asker, Body, MailboxError, Named};
use super::paging::PageQuery;
use crate::app::App;

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<PageQuery>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let lists = suppressions::places(&app.engine, &principal).await?;
    let shown = |(place, count): &(Place, u64)| json!({ "listId": place.list_id(), "count": count });
    let items = lists.iter().skip(part.skip()).take(part.take()).map(shown).collect();
    Ok(Json(part.page("blocklists", items, lists.len() as u64)))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(list_id): Named<String>,
    Asked(query): Asked<PageQuery>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let (found, total) =
        suppressions::at_place(&app.engine, &principal, Place::of_list(&list_id), part.skip(), part.take()).await?;
    let mut page = part.page("addresses", found.iter().map(shown).collect(), total);
    if let Some(page) = page.as_object_mut() {
        page.insert("listId".into(), json!(list_id));
    }
    Ok(Json(page))
}

/// A suppression's reason as these clients know it.
pub(super) fn reason_word(reason: SuppressionReason) -> &'static str {
    match reason {
        SuppressionReason::Manual => "block",
        reason => reason.as_str(),
    }
}

fn shown(suppression: &Suppression) -> Value {
    let source = match suppression.reason {
        SuppressionReason::Manual => "api",
        SuppressionReason::Unsubscribe => "user",
        _ => "report",
    };
    json!({
        "recipient": suppression.address,
        "account": null,
        "messageId": suppression.message_id,
        "source": source,
        "reason": reason_word(suppression.reason),
        "created": suppression.created_at,
    })
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BlockBody {
    account: Option<String>,
    recipient: String,
    reason: Option<String>,
}

pub(super) async fn add(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(list_id): Named<String>,
    Body(body): Body<BlockBody>,
) -> Answered<Json<Value>> {
    if let Some(account) = body.account.as_deref().filter(|name| !name.is_empty()) {
        accounts::get(&app.engine, &principal, account).await?;
    }
    let reason = match body.reason.as_deref().unwrap_or("block") {
        "block" => SuppressionReason::Manual,
        word => SuppressionReason::parse(word)
            .ok_or_else(|| MailboxError::bad_request(format!("reason is block or unsubscribe, not {word}")))?,
    };
    let Place { scope, scope_id } = Place::of_list(&list_id);
    let new = NewSuppression {
        address: body.recipient,
        scope,
        scope_id,
        reason,
        detail: None,
        message_id: None,
        expires_at: None,
    };
    let (_, added) = suppressions::add(&app.engine, &principal, new).await?;
    Ok(Json(json!({ "success": true, "added": added == Added::New })))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RecipientQuery {
    recipient: String,
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(list_id): Named<String>,
    Asked(query): Asked<RecipientQuery>,
) -> Answered<Json<Value>> {
    let deleted =
        suppressions::remove_address(&app.engine, &principal, Place::of_list(&list_id), &query.recipient).await?;
    Ok(Json(json!({ "deleted": deleted })))
}
