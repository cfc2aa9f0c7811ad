//! Messages of a mailbox, on the wire.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use engine::EngineError;
use engine::mailboxes::{self, accounts, commands};
use engine::ports::{FlagChange, MailboxSearch};
use model::Timestamp;
use model::key::Principal;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::mailbox_folders::FolderRow;
use store::mailbox_mails::Lying;

use super::error::{Answered, Asked, Asker, Body, MailboxError, Named};
use super::paging::Part;
use crate::app::App;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListQuery {
    path: Option<String>,
    page: usize,
    page_size: Option<usize>,
}

impl ListQuery {
    fn part(&self) -> Part {
        Part::of(self.page, self.page_size)
    }

    fn path(&self) -> Answered<&str> {
        let needed = "path is needed: a folder's path, or what it is for (\\Sent)";
        self.path.as_deref().ok_or_else(|| MailboxError::bad_request(needed))
    }
}

fn page(part: Part, total: u64, folder: &FolderRow, found: &[Lying]) -> Json<Value> {
    let shown = found.iter().map(|lying| Value::Object(listed(folder, lying))).collect();
    Json(part.page("messages", shown, total))
}

fn listed(folder: &FolderRow, lying: &Lying) -> Map<String, Value> {
    let mut shown = mailboxes::shown(folder, &lying.place, lying.mail.as_ref());
    shown.insert("path".into(), json!(folder.path));
    shown
}

pub(super) async fn list(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Asked(query): Asked<ListQuery>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let (folder, found, total) =
        accounts::messages(&app.engine, &principal, &name, query.path()?, part.skip(), part.take()).await?;
    Ok(page(part, total.into(), &folder, &found))
}

/// What to look for. `{"search": {…}}`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Search {
    uid: Option<String>,
    seen: Option<bool>,
    unseen: Option<bool>,
    flagged: Option<bool>,
    answered: Option<bool>,
    deleted: Option<bool>,
    draft: Option<bool>,
    from: Option<String>,
    to: Option<String>,
    cc: Option<String>,
    bcc: Option<String>,
    subject: Option<String>,
    body: Option<String>,
    text: Option<String>,
    since: Option<Timestamp>,
    before: Option<Timestamp>,
    sent_since: Option<Timestamp>,
    sent_before: Option<Timestamp>,
    larger: Option<u64>,
    smaller: Option<u64>,
    gmail_raw: Option<String>,
    header: Map<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct SearchBody {
    search: Search,
}

impl Search {
    fn of(self) -> MailboxSearch {
        let text = |value: Value| match value {
            Value::String(text) => text,
            _ => String::new(),
        };
        MailboxSearch {
            uids: self.uid.map(|set| ranges(&set)),
            seen: self.seen.or(self.unseen.map(|unseen| !unseen)),
            flagged: self.flagged,
            answered: self.answered,
            deleted: self.deleted,
            draft: self.draft,
            from: self.from,
            to: self.to,
            cc: self.cc,
            bcc: self.bcc,
            subject: self.subject,
            body: self.body,
            text: self.text,
            headers: self.header.into_iter().map(|(name, value)| (name, text(value))).collect(),
            since: self.since,
            before: self.before,
            sent_since: self.sent_since,
            sent_before: self.sent_before,
            larger: self.larger,
            smaller: self.smaller,
            gmail_raw: self.gmail_raw,
        }
    }
}

/// `1:3,7,9:*`.
fn ranges(set: &str) -> Vec<std::ops::RangeInclusive<u32>> {
    let number = |text: &str| if text == "*" { Some(u32::MAX) } else { text.trim().parse().ok() };
    set.split(',')
        .filter_map(|part| match part.split_once(':') {
            Some((from, to)) => Some(number(from)?..=number(to)?),
            None => number(part).map(|uid| uid..=uid),
        })
        .collect()
}

pub(super) async fn search(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Asked(query): Asked<ListQuery>,
    Body(body): Body<SearchBody>,
) -> Answered<Json<Value>> {
    let part = query.part();
    let wanted = body.search.of();
    let (folder, found, total) =
        commands::search(&app.engine, &principal, &name, query.path()?, &wanted, part.skip(), part.take()).await?;
    Ok(page(part, total as u64, &folder, &found))
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TextQuery {
    text_type: Option<String>,
    max_bytes: Option<usize>,
}

pub(super) async fn get(
    State(app): State<App>,
    Asker(principal): Asker,
    Named((name, id)): Named<(String, String)>,
    Asked(query): Asked<TextQuery>,
) -> Answered<Json<Value>> {
    let (folder, lying) = accounts::message(&app.engine, &principal, &name, &id).await?;
    let mut shown = listed(&folder, &lying);
    if lying.mail.is_some() {
        let parsed = mail::parse(&accounts::source(&app.engine, &lying).await?);
        let mut headers: Map<String, Value> = Map::new();
        for (field, value) in &parsed.headers {
            let values = headers.entry(field.clone()).or_insert_with(|| json!([]));
            if let Some(values) = values.as_array_mut() {
                values.push(json!(value));
            }
        }
        shown.insert("headers".into(), Value::Object(headers));
        if let Some(wanted) = query.text_type.as_deref()
            && let Some(text) = shown.get_mut("text").and_then(Value::as_object_mut)
        {
            text.extend(texts(&parsed, Some(wanted), query.max_bytes));
        }
    }
    Ok(Json(Value::Object(shown)))
}

/// The bodies that are asked for, cut where they are longer than is wanted.
fn texts(parsed: &mail::ParsedMail, wanted: Option<&str>, max_bytes: Option<usize>) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut has_more = false;
    for (name, text) in [("plain", &parsed.text), ("html", &parsed.html)] {
        let is_wanted = wanted.is_none_or(|wanted| wanted == "*" || wanted == name);
        if let (true, Some(text)) = (is_wanted, text) {
            let end = max_bytes.map_or(text.len(), |max| text.floor_char_boundary(max));
            has_more |= end < text.len();
            shown.insert(name.into(), json!(text.get(..end)));
        }
    }
    shown.insert("hasMore".into(), json!(has_more));
    shown
}

pub(super) async fn text(
    State(app): State<App>,
    Asker(principal): Asker,
    Named((name, id)): Named<(String, String)>,
    Asked(query): Asked<TextQuery>,
) -> Answered<Json<Value>> {
    let (_, lying) = accounts::message(&app.engine, &principal, &name, &id).await?;
    let parsed = mail::parse(&accounts::source(&app.engine, &lying).await?);
    Ok(Json(Value::Object(texts(&parsed, query.text_type.as_deref(), query.max_bytes))))
}

pub(super) async fn source(
    State(app): State<App>,
    Asker(principal): Asker,
    Named((name, id)): Named<(String, String)>,
) -> Answered<Response> {
    let (_, lying) = accounts::message(&app.engine, &principal, &name, &id).await?;
    let raw = accounts::source(&app.engine, &lying).await?;
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"message.eml\""),
    ];
    Ok((headers, raw).into_response())
}

pub(super) async fn attachment(
    State(app): State<App>,
    Asker(principal): Asker,
    Named((name, id)): Named<(String, String)>,
) -> Answered<Response> {
    let (file, bytes) = file(&app, &principal, &name, &id).await?;
    // What somebody sent is never shown here: a browser saves it.
    let name = percent_encoding::utf8_percent_encode(
        file.filename.as_deref().unwrap_or("attachment"),
        percent_encoding::NON_ALPHANUMERIC,
    );
    let headers = [
        (header::CONTENT_TYPE, safe_type(&file.content_type)),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// A file of a message that is kept, by its id.
pub(super) async fn file(
    app: &App,
    principal: &Principal,
    name: &str,
    id: &str,
) -> Answered<(mail::ParsedAttachment, Bytes)> {
    let missing = || EngineError::NotFound { what: "the attachment" };
    let (message, part) = id.split_once('.').ok_or_else(missing)?;
    let part: u32 = part.parse().map_err(|_| missing())?;
    let (_, lying) = accounts::message(&app.engine, principal, name, message).await?;
    let raw = accounts::source(&app.engine, &lying).await?;
    let mut attachments = mail::parse(&raw).attachments.into_iter();
    let file = attachments.find(|file| file.part == part).ok_or_else(missing)?;
    let bytes = mail::attachment_bytes(&raw, part).ok_or_else(missing)?;
    Ok((file, bytes.into()))
}

fn safe_type(content_type: &str) -> String {
    let fine = content_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.+-_".contains(&byte));
    if fine { content_type.to_owned() } else { "application/octet-stream".to_owned() }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Flags {
    add: Option<Vec<String>>,
    delete: Option<Vec<String>>,
    set: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct UpdateBody {
    flags: Flags,
}

pub(super) async fn update(
    State(app): State<App>,
    Asker(principal): Asker,
    Named((name, id)): Named<(String, String)>,
    Body(UpdateBody { flags }): Body<UpdateBody>,
) -> Answered<Json<Value>> {
    let mut changes = Vec::new();
    let mut shown = Map::new();
    for (what, flags, change) in [
        ("set", flags.set, FlagChange::Set as fn(Vec<String>) -> FlagChange),
        ("add", flags.add, FlagChange::Add),
        ("delete", flags.delete, FlagChange::Remove),
    ] {
        if let Some(flags) = flags.filter(|flags| !flags.is_empty() || what == "set") {
            shown.insert(what.into(), json!(true));
            changes.push(change(flags));
        }
    }
    if changes.is_empty() {
        return Err(MailboxError::bad_request("flags is needed: {\"flags\": {\"add\": [\"\\\\Seen\"]}}"));
    }
    commands::change_flags(&app.engine, &principal, &name, &id, changes).await?;
    Ok(Json(json!({ "flags": shown })))
}

#[derive(Deserialize)]
pub(super) struct MoveBody {
    path: String,
}

pub(super) async fn move_to(
    State(app): State<App>,
    Asker(principal): Asker,
    Named((name, id)): Named<(String, String)>,
    Body(MoveBody { path }): Body<MoveBody>,
) -> Answered<Json<Value>> {
    let (folder, uid) = commands::move_message(&app.engine, &principal, &name, &id, &path).await?;
    Ok(Json(Value::Object(placed(&folder, uid))))
}

/// Where a message is now.
fn placed(folder: &FolderRow, uid: Option<u32>) -> Map<String, Value> {
    let mut shown = Map::from_iter([("path".to_owned(), json!(folder.path))]);
    if let Some(uid) = uid {
        shown.insert("id".into(), json!(mailboxes::message_id(folder.id, uid)));
        shown.insert("uid".into(), json!(uid));
    }
    shown
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DeleteQuery {
    force: bool,
}

pub(super) async fn delete(
    State(app): State<App>,
    Asker(principal): Asker,
    Named((name, id)): Named<(String, String)>,
    Asked(query): Asked<DeleteQuery>,
) -> Answered<Json<Value>> {
    let moved = commands::delete_message(&app.engine, &principal, &name, &id, query.force).await?;
    Ok(Json(match moved {
        None => json!({ "deleted": true }),
        Some((folder, uid)) => {
            let message = placed(&folder, uid).remove("id");
            json!({ "deleted": false, "moved": { "destination": folder.path, "message": message } })
        }
    }))
}

/// A whole message in base64.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UploadBody {
    path: String,
    raw: String,
    #[serde(default)]
    flags: Vec<String>,
    internal_date: Option<Timestamp>,
}

pub(super) async fn upload(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Body(body): Body<UploadBody>,
) -> Answered<Json<Value>> {
    let bad = |_| MailboxError::bad_request("raw is a whole message (RFC 5322) in base64");
    let raw = STANDARD.decode(body.raw.trim()).map_err(bad)?;
    if raw.is_empty() {
        return Err(MailboxError::bad_request("raw is empty: a whole message (RFC 5322) in base64 is needed"));
    }
    let (folder, uid) =
        commands::upload(&app.engine, &principal, &name, &body.path, body.flags, body.internal_date, raw.into())
            .await?;
    Ok(Json(Value::Object(placed(&folder, uid))))
}
