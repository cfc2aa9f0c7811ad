//! What webhooks of new mail carry beyond the event: its text and header fields, where the workspace asked for them. Owns that choice.

use model::WorkspaceId;
use model::key::{Principal, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use store::{Priority, StoreError, accounts, mailbox_folders, mailbox_mails, workspaces};

use crate::{Engine, EngineError, Result, access_check, raw};

/// Bytes of each text where the workspace does not say.
const TEXT_BYTES: usize = 2 * 1024 * 1024;
/// Fields that may be asked for.
const HEADERS_MAX: usize = 100;

/// What the workspace asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NotifySettings {
    pub notify_text: bool,
    /// Bytes of each text; the rest is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_text_size: Option<usize>,
    /// Names of fields, or `*` for all.
    pub notify_headers: Vec<String>,
}

fn setting(workspace: &WorkspaceId) -> String {
    format!("mailboxes_notify/{workspace}")
}

/// # Errors
/// What the store says.
pub async fn settings(engine: &Engine, workspace: &WorkspaceId) -> Result<NotifySettings> {
    let name = setting(workspace);
    let kept = engine.db.read(move |tx| workspaces::setting(tx, &name)).await?;
    let read = |kept: String| serde_json::from_str(&kept).map_err(|error| StoreError::corrupt("setting", error));
    Ok(kept.map(read).transpose()?.unwrap_or_default())
}

/// # Errors
/// The scope `webhooks:write` is missing; too many fields.
pub async fn set_settings(engine: &Engine, principal: &Principal, settings: NotifySettings) -> Result<()> {
    access_check::scope(principal, Scope::WebhooksWrite)?;
    if settings.notify_headers.len() > HEADERS_MAX {
        return Err(EngineError::invalid("/notifyHeaders", format!("at most {HEADERS_MAX} header fields")));
    }
    let name = setting(&principal.workspace_id);
    let value = serde_json::to_string(&settings).map_err(|error| EngineError::Internal(error.to_string()))?;
    engine.db.write(Priority::Foreground, move |tx| workspaces::set_setting(tx, &name, &value)).await?;
    Ok(())
}

/// Fills the event of a new mail in. One that is not kept (any more, or yet) stays as it is.
///
/// # Errors
/// What the store says.
pub(crate) async fn fill_in(engine: &Engine, workspace: &WorkspaceId, event: &mut Map<String, Json>) -> Result<()> {
    let wanted = settings(engine, workspace).await?;
    if !wanted.notify_text && wanted.notify_headers.is_empty() {
        return Ok(());
    }
    let account = event.get("account").and_then(Json::as_str).map(str::to_owned);
    let id = event.get("data").and_then(|data| data.get("id")).and_then(Json::as_str);
    let (Some(account), Some((folder, uid))) = (account, id.and_then(super::place_of)) else { return Ok(()) };
    let workspace = workspace.clone();
    let blob = engine.db.read(move |tx| {
        let Some(account) = accounts::by_name(tx, &workspace, &account)? else { return Ok(None) };
        let Some(folder) = mailbox_folders::get(tx, &account.id, folder)? else { return Ok(None) };
        let lying = mailbox_mails::lying_at(tx, folder.id, uid)?;
        Ok(lying.and_then(|lying| lying.mail).and_then(|mail| mail.blob_id))
    });
    let Some(blob) = blob.await? else { return Ok(()) };
    let bytes = raw::read(engine, blob).await?;
    let parsed = tokio::task::spawn_blocking(move || mail::parse(&bytes)).await.map_err(|_| StoreError::Panicked)?;
    if let Some(data) = event.get_mut("data").and_then(Json::as_object_mut) {
        put(data, &parsed, &wanted);
    }
    Ok(())
}

fn put(data: &mut Map<String, Json>, parsed: &mail::ParsedMail, wanted: &NotifySettings) {
    if wanted.notify_text {
        let max = wanted.notify_text_size.unwrap_or(TEXT_BYTES);
        let text = data.entry("text").or_insert_with(|| json!({}));
        for (name, body) in [("plain", &parsed.text), ("html", &parsed.html)] {
            if let (Some(body), Some(text)) = (body, text.as_object_mut()) {
                text.insert(name.into(), json!(body.get(..body.floor_char_boundary(max))));
            }
        }
    }
    if !wanted.notify_headers.is_empty() {
        let is_wanted =
            |name: &str| wanted.notify_headers.iter().any(|asked| asked == "*" || asked.eq_ignore_ascii_case(name));
        let mut headers: Map<String, Json> = Map::new();
        for (name, value) in parsed.headers.iter().filter(|(name, _)| is_wanted(name)) {
            if let Some(values) = headers.entry(name.clone()).or_insert_with(|| json!([])).as_array_mut() {
                values.push(json!(value));
            }
        }
        data.insert("headers".into(), Json::Object(headers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_put_in() {
        let parsed = mail::parse(b"From: a@x.test\r\nX-A: 1\r\nX-A: 2\r\nX-B: 3\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n");
        let mut data = Map::from_iter([("text".to_owned(), json!({ "id": "x" }))]);
        let wanted =
            NotifySettings { notify_text: true, notify_text_size: Some(3), notify_headers: vec!["X-a".into()] };
        put(&mut data, &parsed, &wanted);
        assert_eq!(data["text"], json!({ "id": "x", "plain": "Gr" }), "cut between characters");
        assert_eq!(data["headers"], json!({ "x-a": ["1", "2"] }));
    }
}
