//! Mails sent as the owner of an account, on the wire.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::mailboxes::submit::{
    self, Action, Composed, HeldBack, MAILS_MAX, ReferenceRequest, SubmitRequest, Submitted,
};
use engine::sending::{AttachmentRequest, AttachmentSource};
use engine::{EngineError, FieldError};
use mail::Mailbox;
use model::{TemplateId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::blocklists::reason_word;
use super::error::{Answered, Asker, Body, MailboxError, Named};
use crate::app::App;

/// An address as these clients write it.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Address {
    Named {
        #[serde(default)]
        name: Option<String>,
        address: String,
    },
    Text(String),
}

/// One, or a list.
#[derive(Deserialize, Default, Clone)]
#[serde(untagged)]
enum Addresses {
    #[default]
    None,
    Several(Vec<Address>),
    One(Address),
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
struct Attachment {
    filename: Option<String>,
    content: Option<String>,
    content_type: Option<String>,
    cid: Option<String>,
    /// `base64`, or `utf8` for a text.
    encoding: Option<String>,
    url: Option<String>,
    /// A file of a message of the account, by its id.
    reference: Option<String>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
struct ReferenceBody {
    message: String,
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    inline: bool,
    #[serde(default)]
    forward_attachments: bool,
    #[serde(default)]
    ignore_missing: bool,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct EnvelopeBody {
    from: Option<String>,
    to: Option<Vec<String>>,
}

/// Values for a template.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct RenderBody {
    format: Option<String>,
    params: Map<String, Value>,
}

/// A mail of many with the same content.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
struct MergeEntry {
    to: Option<Address>,
    message_id: Option<String>,
    send_at: Option<Timestamp>,
    params: Map<String, Value>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SubmitBody {
    from: Option<Address>,
    to: Addresses,
    cc: Addresses,
    bcc: Addresses,
    reply_to: Addresses,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    raw: Option<String>,
    attachments: Vec<Attachment>,
    headers: Map<String, Value>,
    message_id: Option<String>,
    reference: Option<ReferenceBody>,
    envelope: EnvelopeBody,
    send_at: Option<Timestamp>,
    delivery_attempts: Option<u32>,
    copy: Option<bool>,
    sent_mail_path: Option<String>,
    template: Option<String>,
    render: Option<RenderBody>,
    mail_merge: Option<Vec<MergeEntry>>,
    dry_run: bool,
    track_opens: Option<bool>,
    track_clicks: Option<bool>,
    /// Both, as older clients say it.
    tracking_enabled: Option<bool>,
    list_id: Option<String>,
    gateway: Option<String>,
}

#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer.into(), detail.into()));
    }

    fn address(&mut self, address: &Address, pointer: &str) -> Option<Mailbox> {
        let (written, name) = match address {
            Address::Named { name, address } => (address, name.clone()),
            Address::Text(text) => (text, None),
        };
        match mail::compose::parse_mailbox(written) {
            Ok(mailbox) => Some(Mailbox { name: name.or(mailbox.name), address: mailbox.address }),
            Err(detail) => {
                self.add(pointer, detail);
                None
            }
        }
    }

    fn addresses(&mut self, addresses: &Addresses, pointer: &str) -> Vec<Mailbox> {
        match addresses {
            Addresses::None => Vec::new(),
            Addresses::One(one) => self.address(one, pointer).into_iter().collect(),
            Addresses::Several(list) => {
                let each = list.iter().enumerate();
                each.filter_map(|(at, one)| self.address(one, &format!("{pointer}/{at}"))).collect()
            }
        }
    }
}

impl SubmitBody {
    /// `Err`: all fields that are wrong.
    fn request(&self) -> Answered<SubmitRequest> {
        let mut wrong = Wrong::default();
        let mut request = SubmitRequest {
            from: self.from.as_ref().and_then(|from| wrong.address(from, "/from")),
            to: wrong.addresses(&self.to, "/to"),
            cc: wrong.addresses(&self.cc, "/cc"),
            bcc: wrong.addresses(&self.bcc, "/bcc"),
            reply_to: wrong.addresses(&self.reply_to, "/replyTo"),
            subject: self.subject.clone(),
            text: self.text.clone(),
            html: self.html.clone(),
            message_id: self.message_id.clone(),
            reference: self.reference.as_ref().and_then(|reference| referred(reference, &mut wrong)),
            envelope_from: self.envelope.from.clone(),
            envelope_to: self.envelope.to.clone(),
            send_at: self.send_at,
            attempts_max: self.delivery_attempts,
            copies: self.copy,
            sent_path: self.sent_mail_path.clone(),
            template: self.template.as_deref().and_then(|id| template(id, &mut wrong)),
            params: self.render.as_ref().map(|render| render.params.clone()),
            track_opens: self.track_opens.or(self.tracking_enabled),
            track_clicks: self.track_clicks.or(self.tracking_enabled),
            list_id: self.list_id.clone(),
            gateway: self.gateway.clone(),
            ..SubmitRequest::default()
        };
        if self.render.as_ref().is_some_and(|render| render.format.as_deref().is_some_and(|format| format != "html")) {
            wrong.add("/render/format", "html");
        }
        for (name, value) in &self.headers {
            header(name, value, &mut request, &mut wrong);
        }
        if let Some(raw) = &self.raw {
            match STANDARD.decode(raw.trim()) {
                Ok(bytes) => request.raw = Some(bytes.into()),
                Err(_) => wrong.add("/raw", "a whole message (RFC 5322) in base64"),
            }
        }
        if !wrong.0.is_empty() {
            return Err(EngineError::Invalid(wrong.0).into());
        }
        Ok(request)
    }
}

fn template(id: &str, wrong: &mut Wrong) -> Option<TemplateId> {
    id.parse().map_err(|_| wrong.add("/template", "the id of a template, such as tpl_…")).ok()
}

fn referred(reference: &ReferenceBody, wrong: &mut Wrong) -> Option<ReferenceRequest> {
    let action = match reference.action.as_deref() {
        Some("reply") | None => Action::Reply,
        Some("reply-all") => Action::ReplyAll,
        Some("forward") => Action::Forward,
        Some(_) => {
            wrong.add("/reference/action", "reply, reply-all or forward");
            return None;
        }
    };
    Some(ReferenceRequest {
        message: reference.message.clone(),
        action,
        inline: reference.inline,
        forward_attachments: reference.forward_attachments,
        ignore_missing: reference.ignore_missing,
    })
}

/// A header field of the request's own. Those that thread are the mail's.
fn header(name: &str, value: &Value, request: &mut SubmitRequest, wrong: &mut Wrong) {
    let values: Vec<String> = match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => {
            wrong.add(format!("/headers/{name}"), "a text");
            return;
        }
    };
    let ids = || values.iter().flat_map(|value| value.split_whitespace()).map(str::to_owned);
    match name.to_ascii_lowercase().as_str() {
        "in-reply-to" => request.in_reply_to = ids().next(),
        "references" => request.references = ids().collect(),
        _ => request.headers.extend(values.into_iter().map(|value| (name.to_owned(), value))),
    }
}

/// The files of a request; those of messages that are kept are read.
async fn attachments(
    app: &App,
    principal: &model::key::Principal,
    name: &str,
    files: &[Attachment],
) -> Answered<Vec<AttachmentRequest>> {
    let mut found = Vec::with_capacity(files.len());
    let mut wrong = Wrong::default();
    for (at, file) in files.iter().enumerate() {
        let pointer = format!("/attachments/{at}");
        let mut request = AttachmentRequest {
            pointer: pointer.clone(),
            filename: file.filename.clone(),
            content_type: file.content_type.clone(),
            content_id: file.cid.clone(),
            source: AttachmentSource::Bytes(bytes::Bytes::new()),
        };
        match (&file.reference, &file.content, &file.url) {
            (Some(id), _, _) => {
                let (kept, bytes) = super::messages::file(app, principal, name, id).await?;
                request.filename = request.filename.or(kept.filename);
                request.content_type = request.content_type.or(Some(kept.content_type));
                request.source = AttachmentSource::Bytes(bytes);
            }
            (_, Some(content), _) if file.encoding.as_deref().is_some_and(|name| name != "base64") => {
                request.source = AttachmentSource::Bytes(content.clone().into());
            }
            (_, Some(content), _) => {
                let compact: String = content.split_whitespace().collect();
                match STANDARD.decode(compact) {
                    Ok(bytes) => request.source = AttachmentSource::Bytes(bytes.into()),
                    Err(error) => wrong.add(format!("{pointer}/content"), format!("not Base64 (RFC 4648 §4): {error}")),
                }
            }
            (_, _, Some(url)) => request.source = AttachmentSource::Url(url.clone()),
            _ => wrong.add(&*pointer, "`content` in base64, `url`, or `reference` to a file of a message is needed"),
        }
        found.push(request);
    }
    if wrong.0.is_empty() { Ok(found) } else { Err(EngineError::Invalid(wrong.0).into()) }
}

pub(super) async fn create(
    State(app): State<App>,
    Asker(principal): Asker,
    Named(name): Named<String>,
    Body(body): Body<SubmitBody>,
) -> Answered<Json<Value>> {
    let mut request = body.request()?;
    request.attachments = attachments(&app, &principal, &name, &body.attachments).await?;
    let Some(entries) = &body.mail_merge else {
        let composed = submit::compose(&app.engine, &principal, &name, request).await?;
        if body.dry_run {
            return Ok(Json(preview(&body, &composed)));
        }
        let submitted = submit::queue(&app.engine, vec![composed]).await?;
        let mut shown = submitted.first().map(|one| shown(&body, one)).unwrap_or_default();
        let is_skipped = submitted.iter().any(|one| one.is_skipped);
        shown.insert("response".into(), json!(if is_skipped { "Skipped" } else { "Queued for delivery" }));
        return Ok(Json(Value::Object(shown)));
    };
    merge(&app, &principal, &name, &body, request, entries).await
}

/// One mail an entry. An entry that is wrong is said to be, and holds up no other.
async fn merge(
    app: &App,
    principal: &model::key::Principal,
    name: &str,
    body: &SubmitBody,
    request: SubmitRequest,
    entries: &[MergeEntry],
) -> Answered<Json<Value>> {
    if entries.is_empty() || entries.len() > MAILS_MAX {
        return Err(MailboxError::bad_request(format!("mailMerge has 1 to {MAILS_MAX} entries")));
    }
    let mut composed = Vec::with_capacity(entries.len());
    let mut outcomes: Vec<std::result::Result<(), MailboxError>> = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        match merged(at, entry, request.clone()) {
            Ok(one) => match submit::compose(&app.engine, principal, name, one).await {
                Ok(one) => {
                    composed.push(one);
                    outcomes.push(Ok(()));
                }
                // What is wrong with the account is wrong for all.
                Err(error @ (EngineError::Invalid(_) | EngineError::TooLarge { .. })) => {
                    outcomes.push(Err(error.into()))
                }
                Err(error) => return Err(error.into()),
            },
            Err(error) => outcomes.push(Err(error)),
        }
    }
    let previews: Vec<Value> = composed.iter().map(|one| preview(body, one)).collect();
    let mut done = if body.dry_run {
        previews.into_iter()
    } else {
        let submitted = submit::queue(&app.engine, composed).await?;
        submitted.iter().map(|one| Value::Object(shown(body, one))).collect::<Vec<_>>().into_iter()
    };
    let mut answers = Vec::with_capacity(entries.len());
    for (entry, outcome) in entries.iter().zip(outcomes) {
        let mut answer = match outcome {
            Ok(()) => done.next().unwrap_or_default(),
            Err(error) => json!({ "error": error.message() }),
        };
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("success".into(), json!(!answer.contains_key("error")));
            answer.insert("to".into(), entry.to.as_ref().map_or(Value::Null, address));
        }
        answers.push(answer);
    }
    Ok(Json(json!({ "sendAt": body.send_at, "mailMerge": answers })))
}

fn merged(at: usize, entry: &MergeEntry, mut request: SubmitRequest) -> Answered<SubmitRequest> {
    let mut wrong = Wrong::default();
    let pointer = format!("/mailMerge/{at}/to");
    let Some(to) = entry.to.as_ref() else { return Err(EngineError::invalid(pointer, "a recipient is needed").into()) };
    request.to = wrong.address(to, &pointer).into_iter().collect();
    // Each mail goes to its own recipient alone.
    (request.cc, request.bcc, request.envelope_to) = (Vec::new(), Vec::new(), None);
    request.message_id.clone_from(&entry.message_id);
    request.send_at = entry.send_at.or(request.send_at);
    if !entry.params.is_empty() {
        request.params.get_or_insert_default().extend(entry.params.clone());
    }
    if wrong.0.is_empty() { Ok(request) } else { Err(EngineError::Invalid(wrong.0).into()) }
}

fn address(address: &Address) -> Value {
    match address {
        Address::Named { name, address } => json!({ "name": name, "address": address }),
        Address::Text(text) => json!({ "address": text }),
    }
}

fn shown(body: &SubmitBody, submitted: &Submitted) -> Map<String, Value> {
    let mut shown = Map::new();
    let skipped = |held: &HeldBack| json!({ "reason": reason_word(held.reason), "listId": held.list_id });
    if submitted.is_skipped {
        shown.insert("skipped".into(), submitted.held_back.first().map(skipped).unwrap_or_default());
        return shown;
    }
    if !submitted.held_back.is_empty() {
        let named = submitted.held_back.iter().map(|held| (held.address.clone(), skipped(held)));
        shown.insert("skippedRecipients".into(), Value::Object(named.collect()));
    }
    shown.insert("messageId".into(), json!(format!("<{}>", submitted.message_id)));
    shown.insert("queueId".into(), json!(submitted.queue_id));
    shown.insert("sendAt".into(), json!(submitted.send_at));
    if let Some(reference) = reference(body, submitted.referred) {
        shown.insert("reference".into(), reference);
    }
    shown
}

fn reference(body: &SubmitBody, referred: Option<bool>) -> Option<Value> {
    let message = &body.reference.as_ref()?.message;
    let mut shown = json!({ "message": message, "success": referred? });
    if let (Some(false), Some(shown)) = (referred, shown.as_object_mut()) {
        shown.insert("error".into(), json!("Referenced message was not found"));
    }
    Some(shown)
}

fn preview(body: &SubmitBody, composed: &Composed) -> Value {
    let mut shown = json!({
        "response": "Dry run",
        "messageId": format!("<{}>", composed.message_id),
        "preview": STANDARD.encode(&composed.raw),
    });
    if let (Some(reference), Some(shown)) = (reference(body, composed.referred()), shown.as_object_mut()) {
        shown.insert("reference".into(), reference);
    }
    shown
}
