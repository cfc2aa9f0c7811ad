//! Gateways, on the wire. A password goes in and never comes out.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::gateways::{self, GatewayRequest};
use model::absence::nullable;
use model::account::MailServer;
use model::channel::TransportSecurity;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use store::gateways::GatewayRow;

use super::accounts::security;
use super::error::{Answered, Asked, Asker, Body, Named};
use super::oauth2::HIDDEN;
use super::paging::PageQuery;
use crate::app::App;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct GatewayBody {
    gateway: Option<String>,
    name: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    secure: Option<bool>,
    #[serde(deserialize_with = "nullable")]
    user: Option<Option<String>>,
    #[serde(deserialize_with = "nullable")]
    pass: Option<Option<SecretString>>,
}

impl GatewayBody {
    /// What is not said is as it was `before`; the engine says what is missing then.
    fn request(self, before: Option<GatewayRow>) -> GatewayRequest {
        let server = before.as_ref().map(|row| row.server.clone());
        let was_secure = server.as_ref().is_some_and(|server| server.security == TransportSecurity::Tls);
        let (host, port, username) =
            server.map_or_else(Default::default, |server| (server.host, server.port, server.username));
        let host = self.host.unwrap_or(host);
        // Either null takes away what one signs in with.
        let username = match (self.user, &self.pass) {
            (Some(user), _) => user.unwrap_or_default(),
            (None, Some(None)) => String::new(),
            (None, _) => username,
        };
        // Whoever sends back what was shown changes nothing.
        let password = self.pass.flatten().filter(|password| password.expose_secret() != HIDDEN);
        GatewayRequest {
            display_name: self.name.or(before.map(|row| row.display_name)).unwrap_or_default(),
            server: MailServer {
                security: security(&host, self.secure.unwrap_or(was_secure)),
                host,
                port: self.port.unwrap_or(port),
                username,
                bearer: false,
                accept_invalid_certificates: false,
            },
            password,
        }
    }
}

pub(super) async fn create(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(mut body): Body<GatewayBody>,
) -> Answered<Json<Value>> {
    let name = body.gateway.take();
    let (name, is_new) = gateways::put(&app.engine, &principal, name.as_deref(), body.request(None)).await?;
    Ok(Json(json!({ "gateway": name, "state": if is_new { "new" } else { "existing" } })))
}

pub(super) async fn update(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Body(body): Body<GatewayBody>,
) -> Answered<Json<Value>> {
    let before = gateways::get(&app.engine, &principal, &name).await?;
    gateways::update(&app.engine, &principal, &name, body.request(Some(before))).await?;
    Ok(Json(json!({ "gateway": name })))
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    gateways::delete(&app.engine, &principal, &name).await?;
    Ok(Json(json!({ "gateway": name, "deleted": true })))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    let row = gateways::get(&app.engine, &principal, &name).await?;
    let mut shown = if row.last_used_at.is_some() { used(&row) } else { named(&row) };
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("host".into(), json!(row.server.host));
        shown.insert("port".into(), json!(row.server.port));
        shown.insert("secure".into(), json!(row.server.security == TransportSecurity::Tls));
        if row.secret.is_some() {
            shown.insert("user".into(), json!(row.server.username));
            shown.insert("pass".into(), json!(HIDDEN));
        }
    }
    Ok(Json(shown))
}

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<PageQuery>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let (rows, total) = gateways::page(&app.engine, &principal, part.skip(), part.take()).await?;
    Ok(Json(part.page("gateways", rows.iter().map(used).collect(), total)))
}

fn named(row: &GatewayRow) -> Value {
    json!({ "gateway": row.name, "name": row.display_name })
}

/// With what became of mail there.
fn used(row: &GatewayRow) -> Value {
    let mut shown = named(row);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("deliveries".into(), json!(row.deliveries));
        shown.insert("lastUse".into(), json!(row.last_used_at));
        shown.insert("lastError".into(), json!(row.last_error));
    }
    shown
}
