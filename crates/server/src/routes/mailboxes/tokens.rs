//! Access tokens, on the wire: API keys under the names that clients of EmailEngine know.

use axum::Json;
use axum::extract::State;
use engine::access;
use model::key::{ApiKey, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Answered, Asked, Asker, Body, MailboxError, Named};
use super::paging::PageQuery;
use crate::app::App;

/// What the scope `api` may do: all that this API has.
const API: [Scope; 12] = [
    Scope::ChannelsRead,
    Scope::ChannelsWrite,
    Scope::MessagesRead,
    Scope::MessagesSend,
    Scope::ConversationsRead,
    Scope::ConversationsWrite,
    Scope::ContactsRead,
    Scope::ContactsWrite,
    Scope::TemplatesRead,
    Scope::TemplatesWrite,
    Scope::WebhooksRead,
    Scope::WebhooksWrite,
];

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TokenBody {
    account: Option<String>,
    description: Option<String>,
    scopes: Option<Vec<String>>,
}

fn scopes(asked: Option<Vec<String>>) -> Answered<Vec<Scope>> {
    let mut scopes = Vec::new();
    for name in asked.unwrap_or_else(|| vec!["api".to_owned()]) {
        match name.as_str() {
            "api" => scopes.extend(API),
            "smtp" => scopes.push(Scope::MessagesSend),
            "metrics" => scopes.push(Scope::MetricsRead),
            "*" => scopes.extend(API.into_iter().chain([Scope::MetricsRead])),
            other => {
                return Err(MailboxError::bad_request(format!(
                    "scopes are api, smtp, metrics and *; {other:?} is none"
                )));
            }
        }
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

pub(super) async fn create(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(body): Body<TokenBody>,
) -> Answered<Json<Value>> {
    if body.account.is_some_and(|account| !account.is_empty()) {
        let detail = "a token is for all accounts of the workspace; one for an account alone can't be made";
        return Err(MailboxError::bad_request(detail));
    }
    let name = body.description.unwrap_or_else(|| "Access token".to_owned());
    let (_, key) = access::create_key_as(&app.engine, &principal, &name, scopes(body.scopes)?, None).await?;
    Ok(Json(json!({ "token": key.expose_secret() })))
}

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<PageQuery>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let keys = access::keys(&app.engine, &principal).await?;
    let total = keys.len() as u64;
    let shown = keys.iter().skip(part.skip()).take(part.take()).map(shown).collect();
    Ok(Json(part.page("tokens", shown, total)))
}

fn shown(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "account": null,
        "description": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "created": key.created_at,
        "access": { "time": key.last_used_at },
    })
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(token): Named<SecretString>,
) -> Answered<Json<Value>> {
    access::delete_key_of(&app.engine, &principal, &token).await?;
    Ok(Json(json!({ "deleted": true })))
}
