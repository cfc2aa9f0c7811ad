//! OAuth 2 applications, on the wire. A secret goes in and never comes out.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::oauth2_apps::{self, OAuth2AppRequest};
use model::OAuth2AppId;
use model::channel::TransportSecurity;
use model::oauth2::{OAuth2Places, OAuth2Provider, OAuth2Server};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use store::oauth2_apps::OAuth2AppRow;

use super::accounts::security;
use super::error::{Answered, Asked, Asker, Body, MailboxError, Named};
use super::paging::PageQuery;
use crate::app::App;

/// What stands for a secret.
pub(super) const HIDDEN: &str = "******";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    host: String,
    port: u16,
    secure: bool,
}

impl Server {
    fn places(self) -> OAuth2Server {
        OAuth2Server { security: security(&self.host, self.secure), host: self.host, port: self.port }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AppBody {
    name: Option<String>,
    title: Option<String>,
    description: Option<String>,
    provider: Option<String>,
    enabled: Option<bool>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    authority: Option<String>,
    redirect_url: Option<String>,
    base_scopes: Option<String>,
    extra_scopes: Option<Vec<String>>,
    skip_scopes: Option<Vec<String>>,
    // Of the provider `oidc`, which EmailEngine does not have.
    authorize_url: Option<String>,
    token_url: Option<String>,
    user_info_url: Option<String>,
    scopes: Option<Vec<String>>,
    imap: Option<Server>,
    smtp: Option<Server>,
}

impl AppBody {
    /// `before`: the places there are.
    fn request(self, before: Option<OAuth2Places>) -> Answered<OAuth2AppRequest> {
        if self.base_scopes.as_deref().is_some_and(|scopes| !scopes.is_empty() && scopes != "imap") {
            return Err(MailboxError::bad_request(
                "baseScopes: imap is possible here; providers' own APIs are not used",
            ));
        }
        let provider = match self.provider.as_deref() {
            None => None,
            Some(text) => Some(OAuth2Provider::parse(text).ok_or_else(|| {
                let known: Vec<&str> = OAuth2Provider::ALL.iter().map(|provider| provider.as_str()).collect();
                MailboxError::bad_request(format!("provider is one of {}", known.join(", ")))
            })?),
        };
        let told = self.authorize_url.is_some()
            || self.token_url.is_some()
            || self.user_info_url.is_some()
            || self.scopes.is_some()
            || self.imap.is_some()
            || self.smtp.is_some();
        let places = told.then(|| {
            let before = before.unwrap_or_default();
            OAuth2Places {
                authorize_url: self.authorize_url.unwrap_or(before.authorize_url),
                token_url: self.token_url.unwrap_or(before.token_url),
                user_info_url: self.user_info_url.or(before.user_info_url),
                scopes: self.scopes.unwrap_or(before.scopes),
                parameters: before.parameters,
                imap: self.imap.map(Server::places).or(before.imap),
                smtp: self.smtp.map(Server::places).or(before.smtp),
            }
        });
        Ok(OAuth2AppRequest {
            provider,
            name: self.name,
            title: self.title,
            description: self.description,
            enabled: self.enabled,
            client_id: self.client_id,
            // Whoever sends back what was shown changes nothing.
            client_secret: self.client_secret.filter(|secret| secret.expose_secret() != HIDDEN),
            redirect_url: self.redirect_url.filter(|url| !url.is_empty()),
            authority: self.authority,
            extra_scopes: self.extra_scopes,
            skip_scopes: self.skip_scopes,
            places,
        })
    }
}

pub(super) async fn create(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(body): Body<AppBody>,
) -> Answered<Json<Value>> {
    let row = oauth2_apps::create(&app.engine, &principal, body.request(None)?).await?;
    Ok(Json(json!({ "id": row.id, "created": true })))
}

pub(super) async fn update(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<OAuth2AppId>,
    Body(body): Body<AppBody>,
) -> Answered<Json<Value>> {
    let before = oauth2_apps::get(&app.engine, &principal, &id).await?;
    let row = oauth2_apps::update(&app.engine, &principal, &id, body.request(before.settings.places)?).await?;
    Ok(Json(json!({ "id": row.id, "updated": true })))
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<OAuth2AppId>,
) -> Answered<Json<Value>> {
    let accounts = oauth2_apps::delete(&app.engine, &principal, &id).await?;
    Ok(Json(json!({ "id": id, "deleted": true, "accounts": accounts })))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(id): Named<OAuth2AppId>,
) -> Answered<Json<Value>> {
    let row = oauth2_apps::get(&app.engine, &principal, &id).await?;
    Ok(Json(shown(&row)))
}

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<PageQuery>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let (rows, total) = oauth2_apps::page(&app.engine, &principal, part.skip(), part.take()).await?;
    Ok(Json(part.page("apps", rows.iter().map(shown).collect(), total)))
}

fn shown(row: &OAuth2AppRow) -> Value {
    let settings = &row.settings;
    let mut shown = json!({
        "id": row.id,
        "provider": row.provider.as_str(),
        "name": settings.name,
        "title": settings.title,
        "description": settings.description,
        "enabled": row.enabled,
        "includeInListing": row.enabled,
        "clientId": settings.client_id,
        "clientSecret": row.secrets.as_ref().map(|_| HIDDEN),
        "redirectUrl": settings.redirect_url,
        "authority": settings.authority,
        "baseScopes": "imap",
        "extraScopes": settings.extra_scopes,
        "skipScopes": settings.skip_scopes,
        "created": row.created_at,
        "updated": row.updated_at,
    });
    if let (Some(places), Some(shown)) = (&settings.places, shown.as_object_mut()) {
        let server = |server: &OAuth2Server| json!({ "host": server.host, "port": server.port, "secure": server.security == TransportSecurity::Tls });
        shown.insert("authorizeUrl".into(), json!(places.authorize_url));
        shown.insert("tokenUrl".into(), json!(places.token_url));
        shown.insert("userInfoUrl".into(), json!(places.user_info_url));
        shown.insert("scopes".into(), json!(places.scopes));
        shown.insert("imap".into(), places.imap.as_ref().map_or(Value::Null, server));
        shown.insert("smtp".into(), places.smtp.as_ref().map_or(Value::Null, server));
    }
    shown
}
