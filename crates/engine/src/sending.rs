//! A reply is sent: check → compose → commit → queue. Owns what a request may ask and what is frozen when it is accepted;
//! never speaks SMTP, that is `delivering`'s.

mod attach;
mod conversation;
mod draft;
mod enqueue;

use bytes::Bytes;
use mail::Mailbox;
use model::channel::Channel;
use model::key::{Principal, Scope};
use model::limits::{ATTACHMENTS_OUTBOUND_MAX, MESSAGE_BYTES_MAX, RECIPIENTS_OUTBOUND_MAX};
use model::message::{Direction, MessageStatus};
use model::{ChannelId, ConversationId, MessageId, Timestamp, UserId};
use serde_json::{Map, Value as Json};
use store::{Priority, deliveries, messages};

use crate::once::{self, Once};
use crate::{Engine, EngineError, FieldError, Result, raw};

/// How far ahead mail may be scheduled.
const SCHEDULE_DAYS_MAX: u64 = 366;
/// Tags of a message, and characters of each.
const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 100;
/// Bytes of a message's `customData`.
const CUSTOM_DATA_BYTES_MAX: usize = 16 * 1024;

/// A file to send: its bytes, or where to fetch them.
#[derive(Debug, Clone)]
pub enum AttachmentSource {
    Bytes(Bytes),
    Url(String),
}

#[derive(Debug, Clone)]
pub struct AttachmentRequest {
    /// Where the request names it, for errors (`/content/email/attachments/0`).
    pub pointer: String,
    pub filename: Option<String>,
    pub content_type: Option<String>,
    /// What `cid:` in the HTML refers to; makes it an inline part.
    pub content_id: Option<String>,
    pub source: AttachmentSource,
}

/// A mail to send.
#[derive(Debug, Clone, Default)]
pub struct SendRequest {
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub headers: Vec<(String, String)>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub attachments: Vec<AttachmentRequest>,
    pub conversation_id: Option<ConversationId>,
    pub scheduled_at: Option<Timestamp>,
    pub tags: Vec<String>,
    pub custom_data: Map<String, Json>,
    pub author_id: Option<UserId>,
    /// What the pointers of field errors begin with (`/content/email`).
    pub pointer: &'static str,
}

/// An answer within a conversation: recipients, subject and threading headers are filled in where they are not said.
#[derive(Debug, Clone, Default)]
pub struct ReplyRequest {
    pub text: Option<String>,
    pub html: Option<String>,
    pub attachments: Vec<AttachmentRequest>,
    pub to: Option<Vec<Mailbox>>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub scheduled_at: Option<Timestamp>,
    pub author_id: Option<UserId>,
}

/// Accepts a mail for sending. Returns once it is durable; what is stored is what is sent.
///
/// # Errors
/// Fields that are wrong, a channel or conversation that is not there, an attachment that can't be had.
pub async fn send(
    engine: &Engine,
    principal: &Principal,
    channel_id: &ChannelId,
    request: SendRequest,
) -> Result<MessageId> {
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return Ok(MessageId::from_stored(id));
    }
    let channel = sending_channel(engine, principal, channel_id).await?;
    check(&request)?;
    let thread = conversation::find(engine, principal, &channel, &request).await?;
    accept(engine, principal, &channel, request, thread, once).await
}

/// Accepts an answer within a conversation.
///
/// # Errors
/// As [`send`]; a conversation nobody can be answered in (409).
pub async fn reply(
    engine: &Engine,
    principal: &Principal,
    conversation_id: &ConversationId,
    reply: ReplyRequest,
) -> Result<MessageId> {
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return Ok(MessageId::from_stored(id));
    }
    let (thread, channel_id) = conversation::open(engine, principal, conversation_id).await?;
    let channel = sending_channel(engine, principal, &channel_id).await?;
    let request = thread.answer(&channel, reply)?;
    check(&request)?;
    accept(engine, principal, &channel, request, thread, once).await
}

/// # Errors
/// The scope `messages:send` is missing.
pub fn may_send(principal: &Principal) -> Result<()> {
    if principal.may(Scope::MessagesSend) {
        return Ok(());
    }
    Err(EngineError::Forbidden(format!("sending needs the scope {}", Scope::MessagesSend.as_str())))
}

async fn sending_channel(engine: &Engine, principal: &Principal, id: &ChannelId) -> Result<Channel> {
    may_send(principal)?;
    if !principal.sees(Some(id)) {
        return Err(EngineError::NotFound { what: "the channel" });
    }
    crate::channels::find(engine, &principal.workspace_id, id).await
}

async fn accept(
    engine: &Engine,
    principal: &Principal,
    channel: &Channel,
    request: SendRequest,
    thread: conversation::Thread,
    once: Once,
) -> Result<MessageId> {
    let now = Timestamp::now();
    let files = attach::collect(engine, channel, &request.attachments).await?;
    let id = MessageId::generate();
    let draft = draft::draft(engine, channel, &request, &thread, files, &id, now);
    let pointer = request.pointer;
    let composed = tokio::task::spawn_blocking(move || mail::compose::compose(&draft)).await;
    let bytes: Bytes = composed
        .map_err(|_| EngineError::Internal("composing panicked".into()))?
        .map_err(|errors| {
            EngineError::Invalid(
                errors.into_iter().map(|error| FieldError::new(place(pointer, &error.pointer), error.detail)).collect(),
            )
        })?
        .into();
    let limit = channel.limits.max_message_bytes.unwrap_or(MESSAGE_BYTES_MAX).min(MESSAGE_BYTES_MAX);
    if bytes.len() as u64 > limit {
        return Err(EngineError::TooLarge { limit });
    }
    let (reading, bytes) = tokio::task::spawn_blocking(move || (crate::ingest::read(&bytes, false), bytes))
        .await
        .map_err(|_| EngineError::Internal("reading the composed mail panicked".into()))?;
    let blob = raw::keep(engine, &[&principal.workspace_id], &bytes).await?.pop().map(|(_, blob)| blob);
    let blob = blob.ok_or_else(|| EngineError::Internal("the raw mail was not kept".into()))?;
    let outgoing = enqueue::Outgoing {
        id,
        workspace_id: principal.workspace_id.clone(),
        route: engine.way_out(channel),
        channel: channel.clone(),
        request,
        thread,
        reading,
        blob,
        size: bytes.len() as u64,
        now,
    };
    let id = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        if let Some(earlier) = once.note(tx, outgoing.id.as_str())? {
            return Ok(MessageId::from_stored(earlier));
        }
        enqueue::enqueue(tx, &outgoing)?;
        Ok(outgoing.id.clone())
    })
    .await?;
    Ok(id)
}

/// Where the request has a field of the draft: whom it is to stands beside the content.
fn place(content: &str, field: &str) -> String {
    let beside = field == "to" || field.starts_with("to/");
    format!("{}/{field}", if beside { "" } else { content })
}

/// What can be said to be wrong without looking anything up.
fn check(request: &SendRequest) -> Result<()> {
    let mut errors = Vec::new();
    let pointer = request.pointer;
    let mut wrong = |field: &str, detail: String| errors.push(FieldError::new(field, detail));
    let recipients = request.to.len() + request.cc.len() + request.bcc.len();
    if request.to.is_empty() {
        wrong("/to", "at least one recipient is needed".into());
    }
    if recipients > RECIPIENTS_OUTBOUND_MAX {
        wrong(
            "/to",
            format!(
                "{recipients} recipients; at most {RECIPIENTS_OUTBOUND_MAX} (to, cc and bcc together) fit one message"
            ),
        );
    }
    let is_blank = |content: &Option<String>| content.as_deref().unwrap_or_default().trim().is_empty();
    if is_blank(&request.text) && is_blank(&request.html) {
        wrong(&format!("{pointer}/text"), "a text, an html, or both are needed".into());
    }
    if request.attachments.len() > ATTACHMENTS_OUTBOUND_MAX {
        wrong(
            &format!("{pointer}/attachments"),
            format!("at most {ATTACHMENTS_OUTBOUND_MAX} attachments fit one message"),
        );
    }
    if request.tags.len() > TAGS_MAX
        || request.tags.iter().any(|tag| tag.is_empty() || tag.chars().count() > TAG_CHARS_MAX)
    {
        wrong("/tags", format!("at most {TAGS_MAX} tags of 1 to {TAG_CHARS_MAX} characters"));
    }
    if Json::Object(request.custom_data.clone()).to_string().len() > CUSTOM_DATA_BYTES_MAX {
        wrong("/customData", format!("at most {CUSTOM_DATA_BYTES_MAX} bytes of JSON"));
    }
    let latest = Timestamp::now().plus(std::time::Duration::from_secs(SCHEDULE_DAYS_MAX * 24 * 60 * 60));
    if request.scheduled_at.is_some_and(|at| at > latest) {
        wrong("/scheduledAt", format!("at most {SCHEDULE_DAYS_MAX} days ahead"));
    }
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

/// Cancels a scheduled message, or one whose deliveries have not begun.
///
/// # Errors
/// It is not there, or too late (409).
pub async fn cancel(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<()> {
    use MessageStatus::{Cancelled, Queued, Scheduled};
    let changed = move_deliveries(engine, principal, id, &[Scheduled, Queued], Cancelled, false).await?;
    if changed == 0 {
        return Err(EngineError::Conflict(
            "the message is not waiting any more: it was sent, is being sent, or was cancelled before".into(),
        ));
    }
    Ok(())
}

/// Tries the deliveries that failed, or wait for another try, once more, now.
///
/// # Errors
/// It is not there, or has no delivery to retry (409).
pub async fn retry(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<()> {
    use MessageStatus::{Bounced, Deferred, Failed, Queued};
    let changed = move_deliveries(engine, principal, id, &[Failed, Bounced, Deferred], Queued, true).await?;
    if changed == 0 {
        return Err(EngineError::Conflict("no delivery of this message failed or waits for another try".into()));
    }
    Ok(())
}

async fn move_deliveries(
    engine: &Engine,
    principal: &Principal,
    id: &MessageId,
    from: &'static [MessageStatus],
    to: MessageStatus,
    now: bool,
) -> Result<u64> {
    if !principal.may(Scope::MessagesSend) {
        return Err(EngineError::Forbidden(format!("this needs the scope {}", Scope::MessagesSend.as_str())));
    }
    let (workspace, id, bound) = (principal.workspace_id.clone(), id.clone(), principal.clone());
    let once = once::asked();
    let changed = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let Some(message) =
            messages::get(tx, &workspace, &id)?.filter(|message| bound.sees(message.channel_id.as_ref()))
        else {
            return Ok(None);
        };
        if message.direction != Direction::Outbound {
            return Ok(Some(0));
        }
        if once.noted(tx)?.is_some() {
            return Ok(Some(1));
        }
        let at = Timestamp::now();
        let changed = deliveries::move_all(tx, &id, from, to, now.then_some(at), at)?;
        if changed > 0 {
            once.note_last(tx, id.as_str())?;
            crate::delivering::refresh_status(tx, &workspace, &id)?;
        }
        Ok(Some(changed))
    })
    .await?;
    changed.ok_or(EngineError::NotFound { what: "the message" })
}
