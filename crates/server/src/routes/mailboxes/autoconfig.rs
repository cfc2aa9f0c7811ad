//! Where somebody's mailbox is, on the wire.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::autoconfig;
use engine::ports::{Discovered, DiscoveredServer};
use model::channel::TransportSecurity;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Answered, Asked, Asker, MailboxError};
use crate::app::App;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Query {
    email: Option<String>,
}

pub(super) async fn discover(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<Query>,
) -> Answered<Json<Value>> {
    let email = query.email.ok_or_else(|| MailboxError::bad_request("email is needed"))?;
    Ok(Json(shown(&autoconfig::discover(&app.engine, &principal, &email).await?)))
}

/// What was not found is an empty object, as these clients expect.
fn shown(found: &Discovered) -> Value {
    let server = |found: Option<&DiscoveredServer>| match found {
        Some(server) => json!({
            "auth": { "user": server.username },
            "host": server.host,
            "port": server.port,
            "secure": server.security == TransportSecurity::Tls,
        }),
        None => json!({}),
    };
    let source = found.imap.as_ref().or(found.smtp.as_ref()).map_or("unknown", |server| server.source.as_str());
    json!({ "imap": server(found.imap.as_ref()), "smtp": server(found.smtp.as_ref()), "_source": source })
}
