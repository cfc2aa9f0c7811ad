//! Accounts and their folders, on the wire.

use axum::Json;
use axum::extract::State;
use engine::mailboxes::accounts::{self, AccountRequest, ServerRequest};
use engine::ports::TestStep;
use engine::webhook_endpoints;
use model::Timestamp;
use model::account::{AccountState, MailServer};
use model::authentication_form::FormRequest;
use model::channel::TransportSecurity;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::accounts::AccountRow;
use store::mailbox_folders::FolderRow;

use super::error::{Answered, Asked, Asker, Body, MailboxError, Named};
use super::paging::Part;
use crate::app::App;

#[derive(Deserialize, Default)]
struct Auth {
    user: Option<String>,
    pass: Option<SecretString>,
    #[serde(rename = "accessToken")]
    access_token: Option<SecretString>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Tls {
    reject_unauthorized: Option<bool>,
}

/// A server as it is given. `false` and null take it away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Server {
    host: Option<String>,
    port: Option<u16>,
    secure: Option<bool>,
    auth: Auth,
    tls: Tls,
    disabled: bool,
    sent_mail_path: Option<String>,
    drafts_mail_path: Option<String>,
    junk_mail_path: Option<String>,
    trash_mail_path: Option<String>,
    archive_mail_path: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(untagged)]
enum OneOrMany {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn list(self) -> Option<Vec<String>> {
        match self {
            Self::None => None,
            Self::One(one) => Some(vec![one]),
            Self::Many(many) => Some(many),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AccountBody {
    account: Option<String>,
    name: Option<String>,
    email: Option<String>,
    imap: Option<Server>,
    smtp: Option<Server>,
    subconnections: Option<Vec<String>>,
    path: OneOrMany,
    notify_from: Option<Timestamp>,
    webhooks: Option<String>,
    /// Of a form.
    redirect_url: String,
    r#type: Option<String>,
}

const IMAP_PORTS: (u16, u16) = (993, 143);
const SMTP_PORTS: (u16, u16) = (465, 587);

impl Server {
    /// `ports`: the usual one with TLS from the first byte, and without.
    fn request(self, which: &str, ports: (u16, u16)) -> Answered<ServerRequest> {
        let missing = |what: &str| MailboxError::bad_request(format!("{which}.{what} is needed"));
        let host = self.host.ok_or_else(|| missing("host"))?;
        let secure = self.secure.unwrap_or_else(|| self.port.is_some_and(|port| port == ports.0));
        let port = self.port.unwrap_or(if secure { ports.0 } else { ports.1 });
        let security = security(&host, secure);
        let bearer = self.auth.access_token.is_some();
        let username = self.auth.user.ok_or_else(|| missing("auth.user"))?;
        let accept_invalid_certificates = self.tls.reject_unauthorized == Some(false);
        let server = MailServer { host, port, security, username, bearer, accept_invalid_certificates };
        Ok(ServerRequest { server, secret: self.auth.access_token.or(self.auth.pass), disabled: self.disabled })
    }

    fn special_folders(&self) -> Option<Vec<(String, String)>> {
        let paths = [
            ("\\Sent", &self.sent_mail_path),
            ("\\Drafts", &self.drafts_mail_path),
            ("\\Junk", &self.junk_mail_path),
            ("\\Trash", &self.trash_mail_path),
            ("\\Archive", &self.archive_mail_path),
        ];
        let said = paths.iter().any(|(_, path)| path.is_some());
        let chosen = paths.into_iter().filter_map(|(what, path)| Some((what.to_owned(), path.clone()?)));
        said.then(|| chosen.filter(|(_, path)| !path.is_empty()).collect())
    }
}

/// `secure`: TLS from the first byte.
pub(super) fn security(host: &str, secure: bool) -> TransportSecurity {
    match secure {
        true => TransportSecurity::Tls,
        // On this machine nobody listens in between; everywhere else the connection is encrypted before anything is said.
        false if is_loopback(host) => TransportSecurity::None,
        false => TransportSecurity::Starttls,
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `*` stands for all, as an empty list does.
fn without_star(paths: Vec<String>) -> Vec<String> {
    paths.into_iter().filter(|path| path != "*").collect()
}

impl AccountBody {
    /// What a form asks for.
    pub(super) fn form(self) -> FormRequest {
        FormRequest {
            account: self.account.unwrap_or_default(),
            name: self.name,
            email: self.email,
            subconnections: self.subconnections,
            folders: self.path.list().map(without_star),
            notify_from: self.notify_from,
            redirect_url: self.redirect_url,
            sign_in: self.r#type,
        }
    }

    fn request(self) -> Answered<AccountRequest> {
        let special_folders = self.imap.as_ref().and_then(Server::special_folders);
        Ok(AccountRequest {
            display_name: self.name,
            email: self.email,
            imap: self.imap.map(|imap| imap.request("imap", IMAP_PORTS)).transpose()?,
            smtp: self.smtp.map(|smtp| smtp.request("smtp", SMTP_PORTS)).transpose()?,
            subconnections: self.subconnections,
            folders: self.path.list().map(without_star),
            special_folders,
            notify_from: self.notify_from,
            oauth2: None,
        })
    }
}

pub(super) async fn create(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(mut body): Body<AccountBody>,
) -> Answered<Json<Value>> {
    let name = body.account.take().unwrap_or_else(|| engine::tokens::random(16));
    let webhooks = body.webhooks.take();
    let (row, is_new) = accounts::put(&app.engine, &principal, &name, body.request()?).await?;
    if let Some(url) = webhooks {
        webhook_endpoints::set_of_account(&app.engine, &principal, &row.name, &url).await?;
    }
    Ok(Json(json!({ "account": row.name, "state": if is_new { "new" } else { "existing" } })))
}

pub(super) async fn update(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Body(mut body): Body<AccountBody>,
) -> Answered<Json<Value>> {
    let webhooks = body.webhooks.take();
    let row = accounts::update(&app.engine, &principal, &name, body.request()?).await?;
    if let Some(url) = webhooks {
        webhook_endpoints::set_of_account(&app.engine, &principal, &row.name, &url).await?;
    }
    Ok(Json(json!({ "account": row.name })))
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    accounts::delete(&app.engine, &principal, &name).await?;
    Ok(Json(json!({ "account": name, "deleted": true })))
}

pub(super) async fn reconnect(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    accounts::begin_anew(&app.engine, &principal, &name).await?;
    Ok(Json(json!({ "reconnect": true })))
}

pub(super) async fn sync(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    accounts::begin_anew(&app.engine, &principal, &name).await?;
    Ok(Json(json!({ "sync": true })))
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    let row = accounts::get(&app.engine, &principal, &name).await?;
    Ok(Json(Value::Object(shown(&row, true))))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListQuery {
    page: usize,
    page_size: Option<usize>,
    state: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Asked(query): Asked<ListQuery>,
) -> Answered<Json<Value>> {
    let part = Part::of(query.page, query.page_size);
    let state = match query.state.as_deref() {
        None | Some("") => None,
        Some(text) => Some(AccountState::parse(text).ok_or_else(|| {
            let known: Vec<&str> = AccountState::ALL.iter().map(|state| state.as_str()).collect();
            MailboxError::bad_request(format!("state is one of {}", known.join(", ")))
        })?),
    };
    let (rows, total) = accounts::page(&app.engine, &principal, state, part.skip(), part.take()).await?;
    let rows = rows.iter().map(|row| Value::Object(shown(row, false))).collect();
    Ok(Json(part.page("accounts", rows, total)))
}

fn shown(row: &AccountRow, whole: bool) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("account", json!(row.name));
    put("name", json!(row.display_name));
    put("email", json!(row.email));
    let oauth2 = row.settings.oauth2.as_ref();
    put("type", json!(oauth2.map_or("imap", |oauth2| oauth2.provider.as_str())));
    put("state", json!(row.state));
    put("syncTime", json!(row.synced_at));
    put("lastError", json!(row.last_error));
    if whole {
        put("notifyFrom", json!(row.settings.notify_from));
        put("subconnections", json!(row.settings.subconnections));
        put("path", if row.settings.folders.is_empty() { json!(["*"]) } else { json!(row.settings.folders) });
        let mut imap = row.settings.imap.as_ref().map_or(Value::Null, server);
        if let Some(imap) = imap.as_object_mut() {
            imap.insert("disabled".into(), json!(row.settings.disabled));
            for (what, path) in &row.settings.special_folders {
                let name = what.trim_start_matches('\\').to_lowercase();
                imap.insert(format!("{name}MailPath"), json!(path));
            }
        }
        if let Some(oauth2) = oauth2 {
            let user = row.settings.imap.as_ref().map(|imap| imap.username.as_str());
            put("oauth2", json!({ "provider": oauth2.app, "auth": { "user": user } }));
        }
        put("imap", imap);
        put("smtp", row.settings.smtp.as_ref().map_or(Value::Null, server));
        put("createdAt", json!(row.created_at));
    }
    shown
}

fn server(server: &MailServer) -> Value {
    let mut shown = json!({
        "host": server.host, "port": server.port, "secure": server.security == TransportSecurity::Tls,
        "auth": { "user": server.username },
    });
    if let (true, Some(shown)) = (server.accept_invalid_certificates, shown.as_object_mut()) {
        shown.insert("tls".into(), json!({ "rejectUnauthorized": false }));
    }
    shown
}

pub(super) async fn verify(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(body): Body<AccountBody>,
) -> Answered<Json<Value>> {
    let imap = body.imap.map(|imap| imap.request("imap", IMAP_PORTS)).transpose()?;
    let smtp = body.smtp.map(|smtp| smtp.request("smtp", SMTP_PORTS)).transpose()?;
    let asked = (imap.is_some(), smtp.is_some());
    let (imap, smtp) = accounts::verify(&app.engine, &principal, imap, smtp).await?;
    let mut shown = Map::new();
    for (name, asked, steps) in [("imap", asked.0, imap), ("smtp", asked.1, smtp)] {
        if asked {
            shown.insert(name.into(), verified(&steps));
        }
    }
    Ok(Json(Value::Object(shown)))
}

fn verified(steps: &[TestStep]) -> Value {
    let failed = steps.iter().find(|step| !step.ok);
    let mut shown = json!({ "success": failed.is_none() && !steps.is_empty(), "steps": steps });
    if let (Some(failed), Some(shown)) = (failed, shown.as_object_mut()) {
        shown.insert("error".into(), json!(failed.detail));
        shown.insert("code".into(), json!(failed.name));
    }
    shown
}

pub(super) async fn mailboxes(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
) -> Answered<Json<Value>> {
    let folders = accounts::folders(&app.engine, &principal, &name).await?;
    let shown: Vec<Value> = folders.iter().map(folder).collect();
    Ok(Json(json!({ "mailboxes": shown })))
}

fn folder(folder: &FolderRow) -> Value {
    let delimiter = folder.delimiter.as_deref().unwrap_or("/");
    let (parent, name) = match folder.path.rsplit_once(delimiter) {
        Some((parent, name)) if folder.delimiter.is_some() => (parent, name),
        _ => ("", folder.path.as_str()),
    };
    let mut shown = json!({
        "path": folder.path,
        "delimiter": folder.delimiter,
        "parentPath": parent,
        "name": name,
        "listed": true,
        "noInferiors": folder.attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case("\\noinferiors")),
        "messages": folder.messages,
        "uidNext": folder.uid_next,
        "uidValidity": folder.uid_validity.to_string(),
        "status": { "messages": folder.messages, "unseen": folder.unseen },
    });
    if let (Some(special_use), Some(shown)) = (&folder.special_use, shown.as_object_mut()) {
        let source = match folder.special_use_source.as_deref() {
            Some("server") | None => "extension",
            Some(other) => other,
        };
        shown.insert("specialUse".into(), json!(special_use));
        shown.insert("specialUseSource".into(), json!(source));
    }
    shown
}
